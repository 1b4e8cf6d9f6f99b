//! Taking over new settings while the server runs: SIGHUP reads file, environment and flags anew. (Unless it says that the
//! terminal is gone in which the server was started: then it ends.)
//!
//! What a running server can take over it takes over at once; what it cannot is named in the log, and stays as it was.
//! Settings with a mistake in them are refused whole.

use crate::config::Config;
use crate::controlling_terminal::ControllingTerminal;
use crate::logging::LogFilterHandle;
use crate::notify;
use crate::office::Office;
use crate::secret::{Secret, SecretError};
use crate::settings::{Effective, Refused, Reload, Sources, TABLE};
use std::io;
use whippet::signal::{SignalKind, signal};
use whippet::sync::CancellationToken;
use whippet::task::{JoinHandle, spawn_blocking};

/// What is needed to read settings anew and to put them in force.
#[derive(Debug)]
pub struct Reloader {
    /// Where they come from.
    sources: Sources,
    /// What is in force.
    effective: Effective,
    /// How many connections are possible.
    possible: usize,
    /// The server.
    office: Office,
    /// The log, whose filter can be exchanged.
    log: LogFilterHandle,
    /// What the service manager is told when it is done.
    status: String,
}

/// What a reload came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Taken {
    /// Settings whose new value is in force.
    now: Vec<&'static str>,
    /// Settings whose new value is taken with the next start.
    later: Vec<&'static str>,
}

/// Settings that were read anew, with the secret that they name a file for.
struct Loaded {
    /// The settings.
    effective: Effective,
    /// The secret.
    secret: Option<Secret>,
}

/// Why nothing is taken over.
#[derive(Debug, Default)]
struct Kept {
    /// What is wrong.
    complaints: Vec<String>,
    /// Whether the process may not read a file.
    is_denied: bool,
}

/// Reads all that can be read anew.
fn load(sources: &Sources) -> Result<Loaded, Kept> {
    let refused = |refused: Refused| {
        let complaints = refused.complaints.iter().map(ToString::to_string).collect();
        Kept { complaints, is_denied: refused.is_denied }
    };
    let effective = sources.load().map_err(refused)?;
    if let Some(doubt) = &effective.doubt {
        tracing::warn!("{doubt}");
    }
    let secret = effective.settings.oper_file.as_deref().map(Secret::read).transpose();
    let denied = |error: SecretError| Kept {
        complaints: vec![error.to_string()],
        is_denied: error.is_denied(),
    };
    Ok(Loaded { effective, secret: secret.map_err(denied)? })
}

impl Reloader {
    /// With these settings in force.
    pub fn new(
        sources: Sources,
        effective: Effective,
        possible: usize,
        office: Office,
        log: LogFilterHandle,
        status: String,
    ) -> Self {
        Self { sources, effective, possible, office, log, status }
    }

    /// Puts new settings in force, as far as a running server can take them over.
    fn take(&mut self, Loaded { effective: new, secret }: Loaded) -> Taken {
        let mut taken = Taken::default();
        let mut settings = self.effective.settings.clone();
        for setting in TABLE {
            if setting.show(&new.settings) == setting.show(&settings) {
                continue;
            }
            match setting.reload {
                Reload::Live => {
                    setting.copy(&mut settings, &new.settings);
                    taken.now.push(setting.key);
                }
                Reload::Restart => taken.later.push(setting.key),
            }
        }
        self.office.turn(&Config { secret, ..Config::of(&settings, self.possible) });
        self.log.exchange(&settings.log);
        self.effective.settings = settings;
        taken
    }
}

/// Tells the log what a reload came to. A process that is confined may be unable to read what others can.
fn tell(outcome: Result<Taken, Kept>, confined: bool) {
    match outcome {
        Ok(Taken { now, later }) => {
            tracing::info!(settings = %now.join(", "), "settings read anew");
            if !later.is_empty() {
                let settings = later.join(", ");
                tracing::warn!(%settings, "new values that are taken with the next start");
            }
        }
        Err(Kept { complaints, is_denied }) => {
            for complaint in complaints {
                tracing::warn!("settings not taken over, {complaint}");
            }
            if is_denied && confined {
                tracing::warn!(
                    "the confined process reads only in the folders that its settings and its secret were in \
                     when it started: restart it to have others read"
                );
            }
        }
    }
}

/// Reads the settings anew at each SIGHUP, for as long as the task runs; cancels the token and ends if `terminal` is gone.
///
/// # Errors
/// The kernel's: the signal cannot be watched.
pub fn reload_on_signal(
    mut reloader: Reloader,
    terminal: ControllingTerminal,
    stop: CancellationToken,
) -> io::Result<JoinHandle<()>> {
    let mut hang_up = signal(SignalKind::hangup())?;
    Ok(whippet::spawn(async move {
        while hang_up.recv().await.is_some() {
            if terminal.is_gone() {
                tracing::info!("the terminal is gone, and the server goes with it");
                stop.cancel();
                return;
            }
            notify::reloading();
            let sources = reloader.sources.clone();
            // A file may lie where reading takes its time.
            if let Ok(loaded) = spawn_blocking(move || load(&sources)).await {
                let confined = reloader.effective.settings.sandbox;
                tell(loaded.map(|loaded| reloader.take(loaded)), confined);
            }
            notify::ready(&reloader.status);
        }
    }))
}
