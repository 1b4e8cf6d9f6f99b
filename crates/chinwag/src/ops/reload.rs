//! Taking over new settings while the server runs: SIGHUP reads file, environment and flags anew. (Unless it says that the
//! terminal is gone in which the server was started: then it ends.)
//!
//! What a running server can take over it takes over at once; what it cannot is named in the log, and stays as it was.
//! Settings with a mistake in them are refused whole. One line of the log says what came of it, also at the default level
//! (`ops/logging.rs`): the operator waits for that.

use crate::limits::MAX_ADMIN_CONNECTIONS;
use crate::ops::logging::LogFilterHandle;
use crate::ops::systemd;
use crate::os::controlling_terminal::ControllingTerminal;
use crate::server::config::Config;
use crate::server::handle::ServerHandle;
use crate::server::oper_secret::{OperSecret, SecretError};
use crate::server::signals::FirstSignal;
use crate::settings::{Effective, Reload, SettingsError, Sources, TABLE};
use std::fmt;
use std::io;
use whippet::select;
use whippet::signal::{SignalKind, signal};
use whippet::sync::mpsc::{self, Sender};
use whippet::sync::oneshot;
use whippet::task::{JoinHandle, spawn_blocking};

/// Reads the settings again and applies them.
#[derive(Debug)]
pub(crate) struct Reloader {
    /// Where they come from.
    sources: Sources,
    /// What is in force.
    effective: Effective,
    /// The secret in force.
    secret: Option<OperSecret>,
    /// How many connections are possible.
    possible: usize,
    /// The server.
    handle: ServerHandle,
    /// The log, whose filter can be exchanged.
    log: LogFilterHandle,
    /// What the service manager is told when it is done.
    status: String,
}

/// The setting that names the secret's file. What is in that can be new although the name is not.
const SECRET: &str = "oper-file";

/// What a reload came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    /// Settings whose new value is in force.
    pub(crate) live: Vec<&'static str>,
    /// Settings whose new value is taken with the next start.
    pub(crate) needs_restart: Vec<&'static str>,
}

/// Where the result of a reload is sent.
type Reply = oneshot::Sender<Result<Applied, ReloadError>>;

/// A way to have the settings read anew without a signal. Clones are of the same server.
#[derive(Clone, Debug)]
pub(crate) struct ReloadHandle(Sender<Reply>);

impl ReloadHandle {
    /// Has them read anew, as by SIGHUP; `None` if the server stops.
    pub(crate) async fn reload(&self) -> Option<Result<Applied, ReloadError>> {
        let (answer, answered) = oneshot::channel();
        self.0.send(answer).await.ok()?;
        answered.await.ok()
    }
}

/// Settings that were read anew, with the secret that they name a file for.
struct Loaded {
    /// The settings.
    effective: Effective,
    /// The secret.
    secret: Option<OperSecret>,
}

/// Why a reload was refused; displayed, it is one sentence.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReloadError {
    /// What is wrong, a sentence for each mistake.
    errors: Vec<String>,
    /// Whether the process may not read a file.
    is_denied: bool,
    /// Whether that may be because it is confined.
    is_confined: bool,
}

impl ReloadError {
    /// Why a confined process may be unable to read what others can, if that is it.
    fn hint(&self) -> Option<&'static str> {
        (self.is_denied && self.is_confined).then_some(CONFINED)
    }
}

impl fmt::Display for ReloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = self.errors.iter().map(String::as_str).chain(self.hint());
        write!(f, "settings not taken over, {}", errors.collect::<Vec<_>>().join("; "))
    }
}

/// Reads the settings and the secret.
fn load(sources: &Sources) -> Result<Loaded, ReloadError> {
    let refused = |refused: SettingsError| {
        let errors = refused.errors.iter().map(ToString::to_string).collect();
        ReloadError { errors, is_denied: refused.is_denied, is_confined: false }
    };
    let effective = sources.load().map_err(refused)?;
    if let Some(doubt) = &effective.file_warning {
        tracing::warn!(target: "chinwag::reload", "{doubt}");
    }
    let secret = effective.settings.oper_file.as_deref().map(OperSecret::read).transpose();
    let denied = |error: SecretError| ReloadError {
        errors: vec![error.to_string()],
        is_denied: error.is_denied(),
        is_confined: false,
    };
    Ok(Loaded { effective, secret: secret.map_err(denied)? })
}

impl Reloader {
    /// With these settings and this secret in force.
    pub(crate) fn new(
        sources: Sources,
        effective: Effective,
        secret: Option<OperSecret>,
        possible: usize,
        handle: ServerHandle,
        log: LogFilterHandle,
        status: String,
    ) -> Self {
        Self { sources, effective, secret, possible, handle, log, status }
    }

    /// Reads the settings again, and puts them in force.
    async fn reload(&mut self) -> Result<Applied, ReloadError> {
        systemd::reloading();
        let sources = self.sources.clone();
        // A file may lie where reading takes its time.
        let loaded = spawn_blocking(move || load(&sources)).await;
        let loaded = loaded.unwrap_or_else(|panic| {
            Err(ReloadError { errors: vec![panic.to_string()], ..ReloadError::default() })
        });
        let is_confined = self.effective.settings.sandbox;
        let outcome = match loaded {
            Ok(loaded) => Ok(self.apply(loaded)),
            Err(error) => Err(ReloadError { is_confined, ..error }),
        };
        log_outcome(&outcome);
        systemd::ready(&self.status);
        outcome
    }

    /// Puts new settings in force, as far as a running server can take them over.
    fn apply(&mut self, Loaded { effective: new, secret }: Loaded) -> Applied {
        let mut applied = Applied::default();
        if let (Some(gone), None) = (&self.effective.file, &new.file) {
            let gone = gone.display();
            tracing::warn!(target: "chinwag::reload", "the file of settings {gone} is gone: what it said holds no more");
        }
        self.effective.file = new.file;
        let mut settings = self.effective.settings.clone();
        for setting in TABLE {
            let is_unchanged = setting.show(&new.settings) == setting.show(&settings);
            if is_unchanged && (setting.key != SECRET || self.has_secret(secret.as_ref())) {
                continue;
            }
            match setting.reload {
                Reload::Live => {
                    setting.copy(&mut settings, &new.settings);
                    applied.live.push(setting.key);
                }
                Reload::Restart => applied.needs_restart.push(setting.key),
            }
        }
        self.secret.clone_from(&secret);
        let config = Config::from_settings(&settings, self.possible);
        // The settings were checked when they were read.
        let _ = self.handle.reload(&config, secret);
        self.log.set_filter(&settings.log, settings.log_connections);
        self.effective.settings = settings;
        applied
    }

    /// Whether this is the secret in force.
    fn has_secret(&self, secret: Option<&OperSecret>) -> bool {
        match (&self.secret, secret) {
            (Some(old), Some(new)) => old.equals(new),
            (old, new) => old.is_none() && new.is_none(),
        }
    }
}

/// Logs what a reload came to.
fn log_outcome(outcome: &Result<Applied, ReloadError>) {
    match outcome {
        Ok(Applied { live, needs_restart }) => {
            match live.join(", ") {
                live if live.is_empty() => {
                    tracing::info!(target: "chinwag::reload", "settings read anew: nothing has changed")
                }
                live => {
                    tracing::info!(target: "chinwag::reload", settings = %live, "settings read anew")
                }
            }
            if !needs_restart.is_empty() {
                let settings = needs_restart.join(", ");
                tracing::warn!(target: "chinwag::reload", %settings, "new values that are taken with the next start");
            }
        }
        Err(error) => {
            for line in &error.errors {
                tracing::warn!(target: "chinwag::reload", "settings not taken over, {line}");
            }
            if let Some(hint) = error.hint() {
                tracing::warn!(target: "chinwag::reload", "{hint}");
            }
        }
    }
}

/// Why a process that is confined may be unable to read what others can.
const CONFINED: &str = "the confined process reads only in the folders that its settings and its secret were in \
     when it started: restart it to have others read";

/// Reads the settings anew at each SIGHUP, and when asked, for as long as the task runs. If `terminal` is gone at a SIGHUP that was the
/// first signal to stop.
///
/// # Errors
/// The kernel's: the signal cannot be watched.
pub(crate) fn reload_on_signal(
    mut reloader: Reloader,
    terminal: ControllingTerminal,
    first: FirstSignal,
) -> io::Result<(JoinHandle<()>, ReloadHandle)> {
    let mut hang_up = signal(SignalKind::hangup())?;
    let (asks, mut asked) = mpsc::channel::<Reply>(MAX_ADMIN_CONNECTIONS);
    let task = whippet::spawn(async move {
        loop {
            let answer = select! {
                signalled = hang_up.recv() => match signalled {
                    Some(()) => None,
                    None => return,
                },
                // Nobody may be there to ask, and the signal is waited for all the same.
                Some(answer) = asked.recv() => Some(answer),
            };
            if answer.is_none() && terminal.is_gone() {
                tracing::info!(target: "chinwag::reload", "the terminal is gone, and the server goes with it");
                first.trigger();
                return;
            }
            let outcome = reloader.reload().await;
            if let Some(answer) = answer {
                // Whoever does not wait any more need not have it.
                let _ = answer.send(outcome);
            }
        }
    });
    Ok((task, ReloadHandle(asks)))
}
