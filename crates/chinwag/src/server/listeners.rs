//! Opening all sockets of a server before there is a runtime to serve them: after it the process may be confined, which
//! must be before it has threads.

use crate::os::files;
use crate::server::listen::{ListenError, could_listen, listen};
use crate::settings::address::{in_the_way_of, twice};
use crate::settings::table::METRICS_NOT_LOOPBACK;
use crate::settings::{HostPort, Settings};
use listenfd::ListenFd;
use rustix::fs::Mode;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use whippet::runtime::Builder;

/// The number of the first descriptor that a service manager passes.
const FIRST_PASSED: usize = 3;

/// The sockets of a server, open.
#[derive(Debug)]
pub(crate) struct Doors {
    /// Where people come in.
    pub people: Vec<TcpListener>,
    /// Where figures and health are asked for.
    pub metrics: Option<TcpListener>,
    /// Where `chinwag admin` asks.
    pub admin: Option<UnixListener>,
}

/// Why they cannot be opened.
#[derive(Debug)]
pub(crate) enum DoorError {
    /// A name cannot be looked up.
    Name(HostPort, io::Error),
    /// An address cannot be listened on.
    Listen(ListenError),
    /// Figures would be for everybody.
    Metrics(SocketAddr),
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
            Self::Name(name, error) => write!(
                f,
                "cannot listen on {name}: the name cannot be looked up ({error}); give numbers, as in 127.0.0.1:7070"
            ),
            Self::Listen(error) => error.fmt(f),
            Self::Metrics(address) => write!(f, "metrics, {address}: {METRICS_NOT_LOOPBACK}"),
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
    pub(crate) fn open(settings: &Settings, passed: Passed) -> Result<Self, DoorError> {
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(DoorError::Kernel)?;
        runtime.block_on(async {
            let people = match passed.take()? {
                passed if passed.is_empty() => open(&look_up(&settings.listen)?)?,
                passed => passed,
            };
            let metrics = look_up(settings.metrics.as_slice())?;
            if let Some(&address) = metrics.iter().find(|&&at| !settings.may_have_figures(at)) {
                return Err(DoorError::Metrics(address));
            }
            let metrics = open(&metrics)?.pop();
            let admin = settings.admin_socket.as_deref().map(open_admin).transpose()?;
            Ok(Self { people, metrics, admin })
        })
    }
}

impl Doors {
    /// That these addresses are this machine's and nobody is given what he may not have; no port is taken.
    ///
    /// # Errors
    /// The setting, and why.
    pub(crate) fn look(settings: &Settings) -> Result<(), (&'static str, String)> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(DoorError::Kernel);
        let looked =
            |key, addresses: &[HostPort]| -> Result<Vec<SocketAddr>, (&'static str, String)> {
                let addresses = look_up(addresses).map_err(|error| (key, error.to_string()))?;
                could_listen(&addresses).map_err(|error| (key, error.to_string()))?;
                Ok(addresses)
            };
        let runtime = runtime.map_err(|error| ("listen", error.to_string()))?;
        runtime.block_on(async {
            let people = looked("listen", &settings.listen)?;
            let metrics = looked("metrics", settings.metrics.as_slice())?;
            // Names are known now.
            let [people, figures] = [people, metrics.clone()]
                .map(|all| Vec::from_iter(all.into_iter().map(HostPort::Address)));
            if let Some((one, other)) = twice(&people) {
                return Err(("listen", format!("{one} and {other} are the same port twice")));
            }
            if let Some(taken) = figures.iter().find_map(|at| in_the_way_of(&people, at)) {
                return Err((
                    "metrics",
                    format!("{taken} is where people come in: choose another port"),
                ));
            }
            match metrics.iter().find(|&&at| !settings.may_have_figures(at)) {
                Some(&at) => Err(("metrics", DoorError::Metrics(at).to_string())),
                None => Ok(()),
            }
        })
    }
}

/// Listens, for whatever runtime will serve it.
fn open(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, DoorError> {
    let listeners = listen(addresses).map_err(DoorError::Listen)?;
    listeners.into_iter().map(|listener| listener.into_std().map_err(DoorError::Kernel)).collect()
}

/// The addresses that names stand for.
fn look_up(addresses: &[HostPort]) -> Result<Vec<SocketAddr>, DoorError> {
    let one = |address: &HostPort| {
        address.resolve().map_err(|error| DoorError::Name(address.clone(), error))
    };
    addresses.iter().map(one).collect()
}

/// Makes the socket for `chinwag admin`, which is its owner's alone. What a server that has ended left there goes; nothing
/// else does.
fn open_admin(path: &Path) -> Result<UnixListener, DoorError> {
    let open = || -> io::Result<UnixListener> {
        could_make(path)?;
        let listener = match bind_privately(path) {
            Err(error) if error.kind() == ErrorKind::AddrInUse && is_left_over(path)? => {
                std::fs::remove_file(path)?;
                bind_privately(path)
            }
            bound => bound,
        };
        listener?.into_std()
    };
    open().map_err(|error| DoorError::Admin(path.to_path_buf(), error))
}

/// That a socket could be made at this path, where there may be one already; nothing is made.
///
/// # Errors
/// Why not.
pub(crate) fn could_make(path: &Path) -> io::Result<()> {
    let bytes = path.as_os_str().len();
    if bytes > SOCKET_PATH {
        let words =
            format!("its path has {bytes} bytes, and the kernel takes at most {SOCKET_PATH}");
        return Err(io::Error::other(words));
    }
    // Nobody else is to remove it and put one of theirs there.
    files::can_keep(path)?;
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Ok(found) if found.file_type().is_socket() => Ok(()),
        Ok(found) => {
            let kind = files::kind(std::os::unix::fs::MetadataExt::mode(&found));
            Err(io::Error::other(format!("there is {kind}; remove it")))
        }
        Err(error) => Err(error),
    }
}

/// Most bytes of the path of a Unix socket: the kernel's field, less the NUL that ends it.
const SOCKET_PATH: usize = 107;

/// Makes a socket that was never anybody else's: it is made with its mode, which is not given to whatever its path leads to
/// afterwards.
fn bind_privately(path: &Path) -> io::Result<whippet::net::UnixListener> {
    // The process has no other thread yet.
    let before = rustix::process::umask(Mode::from_raw_mode(0o177));
    let bound = whippet::net::UnixListener::bind(path);
    rustix::process::umask(before);
    bound
}

/// Whether there is a socket there that nobody listens on.
///
/// # Errors
/// There is something that is no socket.
#[expect(
    clippy::disallowed_methods,
    reason = "one look at the start, where waiting does not matter"
)]
fn is_left_over(path: &Path) -> io::Result<bool> {
    let found = std::fs::symlink_metadata(path)?;
    if !found.file_type().is_socket() {
        let kind = files::kind(std::os::unix::fs::MetadataExt::mode(&found));
        return Err(io::Error::other(format!("there is {kind}; remove it")));
    }
    let refused = |error: io::Error| error.kind() == ErrorKind::ConnectionRefused;
    Ok(UnixStream::connect(path).is_err_and(refused))
}

/// Sockets that a service manager passed to this process.
pub(crate) struct Passed(ListenFd);

impl fmt::Debug for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passed").field("sockets", &self.0.len()).finish()
    }
}

impl Passed {
    /// To be called once, before the process has threads: it takes what the environment says about them out of it.
    pub(crate) fn of_this_process() -> Self {
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
