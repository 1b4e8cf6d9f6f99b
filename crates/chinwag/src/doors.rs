//! Opening all sockets of a server before there is a runtime to serve them: after it the process may be confined, which
//! must be before it has threads.

use crate::listen::{ListenError, listen};
use crate::settings::Settings;
use listenfd::ListenFd;
use std::fmt;
use std::fs::Permissions;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use whippet::runtime::Builder;

/// The number of the first descriptor that a service manager passes.
const FIRST_PASSED: usize = 3;

/// The sockets of a server, open.
#[derive(Debug)]
pub struct Doors {
    /// Where people come in.
    pub people: Vec<TcpListener>,
    /// Where figures and health are asked for.
    pub metrics: Option<TcpListener>,
    /// Where `chinwag admin` asks.
    pub admin: Option<UnixListener>,
}

/// Why they cannot be opened.
#[derive(Debug)]
pub enum DoorError {
    /// An address cannot be listened on.
    Listen(ListenError),
    /// A descriptor that was passed is nothing to listen on.
    Passed(usize, io::Error),
    /// The socket for `chinwag admin` cannot be made.
    Admin(PathBuf, io::Error),
    /// Something else of the kernel's.
    Kernel(io::Error),
}

impl fmt::Display for DoorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen(error) => error.fmt(f),
            Self::Passed(descriptor, error) => write!(
                f,
                "descriptor {descriptor}, which the service manager passed, is no listening TCP socket ({error}); \
                 its socket unit needs ListenStream=ADDRESS:PORT"
            ),
            Self::Admin(path, error) => write!(
                f,
                "cannot make the admin socket {}: {error}; choose another path with --admin-socket",
                path.display()
            ),
            Self::Kernel(error) => write!(f, "cannot open the doors: {error}"),
        }
    }
}

impl std::error::Error for DoorError {}

impl Doors {
    /// Opens what the settings ask for. Sockets that a service manager passed (`LISTEN_FDS`) are taken in place of the
    /// addresses.
    ///
    /// # Errors
    /// The first that cannot be opened.
    pub fn open(settings: &Settings, passed: Passed) -> Result<Self, DoorError> {
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(DoorError::Kernel)?;
        runtime.block_on(async {
            let people = match passed.take()? {
                passed if passed.is_empty() => open(&settings.listen)?,
                passed => passed,
            };
            let metrics = match settings.metrics {
                Some(address) => open(&[address])?.pop(),
                None => None,
            };
            let admin = settings.admin_socket.as_deref().map(open_admin).transpose()?;
            Ok(Self { people, metrics, admin })
        })
    }
}

/// Listens, for whatever runtime will serve it.
fn open(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, DoorError> {
    let listeners = listen(addresses).map_err(DoorError::Listen)?;
    listeners.into_iter().map(|listener| listener.into_std().map_err(DoorError::Kernel)).collect()
}

/// Makes the socket for `chinwag admin`, which is its owner's alone. What a server that has ended left there goes.
fn open_admin(path: &Path) -> Result<UnixListener, DoorError> {
    let open = || -> io::Result<UnixListener> {
        let bound = match whippet::net::UnixListener::bind(path) {
            Err(error) if error.kind() == ErrorKind::AddrInUse && is_left_over(path) => {
                std::fs::remove_file(path)?;
                whippet::net::UnixListener::bind(path)
            }
            bound => bound,
        };
        let listener = bound?;
        std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
        listener.into_std()
    };
    open().map_err(|error| DoorError::Admin(path.to_path_buf(), error))
}

/// Whether there is a socket there that nobody listens on.
#[expect(
    clippy::disallowed_methods,
    reason = "one look at the start, where waiting does not matter"
)]
fn is_left_over(path: &Path) -> bool {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    let refused = |error: io::Error| error.kind() == ErrorKind::ConnectionRefused;
    is_socket && UnixStream::connect(path).is_err_and(refused)
}

/// Sockets that a service manager passed to this process.
pub struct Passed(ListenFd);

impl fmt::Debug for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passed").field("sockets", &self.0.len()).finish()
    }
}

impl Passed {
    /// To be called once, before the process has threads: it takes what the environment says about them out of it.
    pub fn of_this_process() -> Self {
        Self(ListenFd::from_env())
    }

    /// All of them.
    fn take(mut self) -> Result<Vec<TcpListener>, DoorError> {
        let mut taken = Vec::with_capacity(self.0.len());
        for index in 0..self.0.len() {
            let wrong = |error| DoorError::Passed(FIRST_PASSED + index, error);
            if let Some(listener) = self.0.take_tcp_listener(index).map_err(wrong)? {
                listener.set_nonblocking(true).map_err(DoorError::Kernel)?;
                taken.push(listener);
            }
        }
        Ok(taken)
    }
}
