//! Socket activation: listeners that a service manager passed to this process (`LISTEN_FDS`).

use listenfd::ListenFd;
use std::fmt;
use std::io;
use std::net::TcpListener;

/// The number of the first descriptor that a service manager passes.
const FIRST_INHERITED_FD: usize = 3;

/// Sockets that a service manager passed to this process.
pub(crate) struct InheritedSockets(ListenFd);

impl fmt::Debug for InheritedSockets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InheritedSockets").field("sockets", &self.0.len()).finish()
    }
}

/// A descriptor that was passed and cannot be listened on.
#[derive(Debug)]
pub(crate) struct InheritedError {
    /// Its number.
    descriptor: usize,
    /// Why not.
    cause: io::Error,
}

impl fmt::Display for InheritedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { descriptor, cause } = self;
        write!(
            f,
            "descriptor {descriptor}, which the service manager passed, is no listening TCP socket ({cause}); \
             its socket unit needs ListenStream=ADDRESS:PORT"
        )
    }
}

impl InheritedSockets {
    /// To be called once, before the process has threads: it removes what the environment says about them.
    pub(crate) fn from_env() -> Self {
        Self(ListenFd::from_env())
    }

    /// All of them.
    ///
    /// # Errors
    /// One of them cannot be listened on.
    pub(crate) fn into_listeners(mut self) -> Result<Vec<TcpListener>, InheritedError> {
        let mut listeners = Vec::with_capacity(self.0.len());
        for index in 0..self.0.len() {
            let fail = |cause| InheritedError { descriptor: FIRST_INHERITED_FD + index, cause };
            if let Some(listener) = self.0.take_tcp_listener(index).map_err(fail)? {
                listener.set_nonblocking(true).map_err(fail)?;
                listeners.push(listener);
            }
        }
        Ok(listeners)
    }
}
