//! What a server opens before it serves: the secret of operators, the state directory with the bans in it. The program opens
//! them before it is confined, and adds what the metrics read of its process.

use crate::chat::ban_store::StateDir;
use crate::chat::bans::Bans;
use crate::os::process_stats::ProcessFiles;
use crate::server::config::Config;
use crate::server::oper_secret::OperSecret;
use std::io;
use std::sync::Arc;

/// Opened files and what was read from them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resources {
    /// What makes a user an operator; `None`: nobody becomes one.
    pub(crate) oper_secret: Option<OperSecret>,
    /// The bans in force at the start.
    pub(crate) bans: Bans,
    /// Where bans are kept; `None`: a restart forgets them.
    pub(crate) state_dir: Option<Arc<StateDir>>,
    /// What the metrics read of this process.
    pub(crate) process: Option<Arc<ProcessFiles>>,
}

impl Resources {
    /// Opens what a configuration names.
    ///
    /// # Errors
    /// A file or folder that it names cannot be used.
    pub(crate) fn open(config: &Config) -> io::Result<Self> {
        let secret = config.oper_file.as_deref().map(OperSecret::read).transpose();
        let oper_secret = secret.map_err(io::Error::other)?;
        let Some(folder) = &config.state_dir else {
            return Ok(Self { oper_secret, ..Self::default() });
        };
        let (state_dir, bans) = StateDir::open(folder).map_err(io::Error::other)?;
        Ok(Self { oper_secret, bans, state_dir: Some(Arc::new(state_dir)), process: None })
    }
}
