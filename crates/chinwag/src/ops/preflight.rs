//! What can be told about settings without starting a server: whether it would find what they name.
//!
//! `chinwag config` asks. Nothing is made, written or locked, and no listener is opened, so it can be asked beside a server that
//! runs. It answers for the user who asks; what is there for the service alone is left open, with a note.

use crate::chat::ban_store::StateDir;
use crate::os::create_dir;
use crate::server::fd_limit;
use crate::server::listeners::{self, Listeners};
use crate::server::oper_secret::{self, OperSecret};
use crate::settings::{Effective, SettingsError};
use std::path::Path;

/// Where the folder is that the unit in `contrib/` has made for the socket while the service runs.
const RUNTIME: &str = "/run";
/// Where a service manager puts secrets while a service runs.
const CREDENTIALS: &str = "/run/credentials";

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// What would keep a server from starting.
    pub error: Option<SettingsError>,
    /// What could not be told, and what the log of a server would warn of; a sentence each.
    pub unchecked: Vec<String>,
}

impl Findings {
    /// Looks at all that these settings name.
    pub(crate) fn check(effective: &Effective) -> Self {
        let mut findings = Self::default();
        for stranger in &effective.unknown_variables {
            findings.unchecked.push(format!("a variable that is no setting: {stranger}"));
        }
        findings.unchecked.extend(effective.file_warning.clone());
        findings.files(effective);
        findings.sockets(effective);
        findings
    }

    /// Looks at the secret and the folder of bans.
    fn files(&mut self, effective: &Effective) {
        let settings = &effective.settings;
        if let Some(path) = &settings.oper_file {
            match OperSecret::load(path) {
                Ok((_, doubt)) => self.unchecked.extend(doubt),
                Err(error) if error.is_foreign_owned() && is_root() => {
                    self.not_checked("oper-file", error)
                }
                Err(_) if is_service_only(path) => {
                    self.not_checked(
                        "oper-file",
                        format!("{} is there only while the service runs", path.display()),
                    );
                }
                Err(error) => self.add_error(effective, "oper-file", &error.to_string()),
            }
        }
        if let Some(path) = &settings.state_dir {
            match StateDir::check(path) {
                Ok(()) => {}
                Err(error) if error.is_denied() && is_root() => {
                    self.not_checked("state-dir", error.to_string())
                }
                Err(error) => self.add_error(effective, "state-dir", &error.to_string()),
            }
        }
    }

    /// Looks at the addresses, the socket and how many connections there can be.
    fn sockets(&mut self, effective: &Effective) {
        let settings = &effective.settings;
        if let Some(path) = &settings.admin_socket {
            let folder = crate::os::files::folder_of(path);
            match listeners::check_socket_path(path).and_then(|()| create_dir::can_make_in(&folder))
            {
                Ok(()) => {}
                Err(_) if !folder.exists() && folder.starts_with(RUNTIME) => {
                    let words = format!(
                        "{} is made by the service manager, if its unit says so",
                        folder.display()
                    );
                    self.not_checked("admin-socket", words);
                }
                Err(error) => {
                    let words = listeners::BindError::Admin(path.clone(), error).to_string();
                    self.add_error(effective, "admin-socket", &words);
                }
            }
        }
        if let Err((key, words)) = Listeners::check(settings) {
            self.add_error(effective, key, &words.to_string());
        }
        // A service has another limit than a shell.
        if let Err(words) = fd_limit::raise().check(settings) {
            self.not_checked("max-connections", words.to_string());
        }
    }

    /// Something would keep a server from starting.
    fn add_error(&mut self, effective: &Effective, key: &str, words: &str) {
        let mut new = effective.error_at(key, words);
        // As for a server that starts: what is named is at fault, not the usage.
        new.is_usage = false;
        match &mut self.error {
            None => self.error = Some(new),
            Some(error) => {
                error.errors.extend(new.errors);
                error.is_usage &= new.is_usage;
            }
        }
    }

    /// Something cannot be told from here.
    fn not_checked(&mut self, key: &str, words: impl std::fmt::Display) {
        self.unchecked.push(format!("{key} is not checked: {words}"));
    }
}

/// Whether the caller may ask for a server that runs as another user.
fn is_root() -> bool {
    crate::os::files::own_user() == 0
}

/// Whether a file is one that a service manager puts there for a service alone, and this is not it.
fn is_service_only(path: &Path) -> bool {
    path.starts_with(CREDENTIALS) && oper_secret::credentials().is_none()
}
