//! Taking over new settings while the server runs: SIGHUP reads file, environment and flags anew. (Unless it says that the
//! terminal is gone in which the server was started: then it ends.)
//!
//! What a running server can take over it takes over at once; what it cannot is named in the log, and stays as it was.
//! Settings with a mistake in them are refused whole. One line of the log says what came of it, also at the default level
//! (`logging.rs`): whoever asked for it waits for that.

use crate::config::Config;
use crate::controlling_terminal::ControllingTerminal;
use crate::logging::LogFilterHandle;
use crate::notify;
use crate::office::Office;
use crate::secret::{Secret, SecretError};
use crate::settings::{Effective, Refused, Reload, Sources, TABLE};
use crate::signals::FirstSignal;
use std::io;
use whippet::signal::{SignalKind, signal};
use whippet::task::{JoinHandle, spawn_blocking};

/// What is needed to read settings anew and to put them in force.
#[derive(Debug)]
pub struct Reloader {
    /// Where they come from.
    sources: Sources,
    /// What is in force.
    effective: Effective,
    /// The secret in force.
    secret: Option<Secret>,
    /// How many connections are possible.
    possible: usize,
    /// The server.
    office: Office,
    /// The log, whose filter can be exchanged.
    log: LogFilterHandle,
    /// What the service manager is told when it is done.
    status: String,
}

/// The setting that names the secret's file. What is in that can be new although the name is not.
const SECRET: &str = "oper-file";

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
    /// With these settings and this secret in force.
    pub fn new(
        sources: Sources,
        effective: Effective,
        secret: Option<Secret>,
        possible: usize,
        office: Office,
        log: LogFilterHandle,
        status: String,
    ) -> Self {
        Self { sources, effective, secret, possible, office, log, status }
    }

    /// Puts new settings in force, as far as a running server can take them over.
    fn take(&mut self, Loaded { effective: new, secret }: Loaded) -> Taken {
        let mut taken = Taken::default();
        if let (Some(gone), None) = (&self.effective.file, &new.file) {
            let gone = gone.display();
            tracing::warn!("the file of settings {gone} is gone: what it said holds no more");
        }
        self.effective.file = new.file;
        let mut settings = self.effective.settings.clone();
        for setting in TABLE {
            let is_as_it_was = setting.show(&new.settings) == setting.show(&settings);
            if is_as_it_was && (setting.key != SECRET || self.has(secret.as_ref())) {
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
        self.secret.clone_from(&secret);
        self.office.turn(&Config { secret, ..Config::of(&settings, self.possible) });
        self.log.exchange(&settings.log);
        self.effective.settings = settings;
        taken
    }

    /// Whether this is the secret in force.
    fn has(&self, secret: Option<&Secret>) -> bool {
        match (&self.secret, secret) {
            (Some(old), Some(new)) => old.is_as(new),
            (old, new) => old.is_none() && new.is_none(),
        }
    }
}

/// Tells the log what a reload came to. A process that is confined may be unable to read what others can.
fn tell(outcome: Result<Taken, Kept>, confined: bool) {
    match outcome {
        Ok(Taken { now, later }) => {
            match now.join(", ") {
                now if now.is_empty() => tracing::info!("settings read anew: nothing has changed"),
                now => tracing::info!(settings = %now, "settings read anew"),
            }
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

/// Reads the settings anew at each SIGHUP, for as long as the task runs. If `terminal` is gone then that was the first signal to stop.
///
/// # Errors
/// The kernel's: the signal cannot be watched.
pub fn reload_on_signal(
    mut reloader: Reloader,
    terminal: ControllingTerminal,
    first: FirstSignal,
) -> io::Result<JoinHandle<()>> {
    let mut hang_up = signal(SignalKind::hangup())?;
    Ok(whippet::spawn(async move {
        while hang_up.recv().await.is_some() {
            if terminal.is_gone() {
                tracing::info!("the terminal is gone, and the server goes with it");
                first.came();
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
