//! Opening all sockets of a server before there is a runtime to serve them: after it the process may be confined, which
//! must be before it has threads.

use crate::os::files;
use crate::server::inherited::{InheritedError, InheritedSockets};
use crate::server::listen::{ListenError, check_addresses, listen};
use crate::settings::address::{port_conflict, same_port};
use crate::settings::table::METRICS_NOT_LOOPBACK;
use crate::settings::{HostPort, Settings};
use rustix::fs::Mode;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use whippet::runtime::Builder;

/// The sockets of a server, open.
#[derive(Debug)]
pub(crate) struct Listeners {
    /// Where clients connect.
    pub chat: Vec<TcpListener>,
    /// Where metrics and health are read.
    pub metrics: Option<TcpListener>,
    /// Where `chinwag admin` connects.
    pub admin: Option<UnixListener>,
}

/// Why a socket cannot be opened.
#[derive(Debug)]
pub(crate) enum BindError {
    /// A name cannot be looked up.
    Name(HostPort, io::Error),
    /// An address cannot be listened on.
    Listen(ListenError),
    /// The metrics would be public.
    Metrics(SocketAddr),
    /// Two addresses are the same port.
    SamePort(HostPort, HostPort),
    /// The metrics would take a port of the chat.
    ChatPort(HostPort),
    /// A descriptor that was passed is nothing to listen on.
    Inherited(InheritedError),
    /// The socket for `chinwag admin` cannot be made.
    Admin(PathBuf, io::Error),
    /// Another error of the system.
    Os(io::Error),
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name, error) => write!(
                f,
                "cannot listen on {name}: the name cannot be looked up ({error}); give numbers, as in 127.0.0.1:7070"
            ),
            Self::Listen(error) => error.fmt(f),
            Self::Metrics(address) => write!(f, "metrics, {address}: {METRICS_NOT_LOOPBACK}"),
            Self::SamePort(one, other) => write!(f, "{one} and {other} are the same port twice"),
            Self::ChatPort(taken) => {
                write!(f, "{taken} is where people come in: choose another port")
            }
            Self::Inherited(error) => error.fmt(f),
            Self::Admin(path, error) => write!(
                f,
                "cannot make the admin socket {}: {error}; choose another path with --admin-socket",
                path.display()
            ),
            Self::Os(error) => write!(f, "cannot open the sockets: {error}"),
        }
    }
}

impl std::error::Error for BindError {}

impl Listeners {
    /// Opens what the settings ask for. Sockets that a service manager passed (`LISTEN_FDS`) replace the addresses.
    ///
    /// # Errors
    /// The first that cannot be opened.
    pub(crate) fn open(
        settings: &Settings,
        inherited: InheritedSockets,
    ) -> Result<Self, BindError> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(BindError::Os)?;
        runtime.block_on(async {
            let chat = match inherited.into_listeners().map_err(BindError::Inherited)? {
                inherited if inherited.is_empty() => bind(&resolve(&settings.listen)?)?,
                inherited => inherited,
            };
            let metrics = resolve(settings.metrics.as_slice())?;
            if let Some(&address) = metrics.iter().find(|&&at| !settings.allows_metrics_on(at)) {
                return Err(BindError::Metrics(address));
            }
            let metrics = bind(&metrics)?.pop();
            let admin = settings.admin_socket.as_deref().map(bind_admin).transpose()?;
            Ok(Self { chat, metrics, admin })
        })
    }
}

impl Listeners {
    /// Checks that these addresses are this machine's and that no setting opens what it may not; no port is taken.
    ///
    /// # Errors
    /// The setting, and what is wrong with it.
    pub(crate) fn check(settings: &Settings) -> Result<(), (&'static str, BindError)> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(BindError::Os);
        let checked =
            |key, addresses: &[HostPort]| -> Result<Vec<SocketAddr>, (&'static str, BindError)> {
                let addresses = resolve(addresses).map_err(|error| (key, error))?;
                check_addresses(&addresses).map_err(|error| (key, BindError::Listen(error)))?;
                Ok(addresses)
            };
        let runtime = runtime.map_err(|error| ("listen", error))?;
        runtime.block_on(async {
            let chat = checked("listen", &settings.listen)?;
            let metrics = checked("metrics", settings.metrics.as_slice())?;
            // Names are known now.
            let [chat, figures] = [chat, metrics.clone()]
                .map(|all| Vec::from_iter(all.into_iter().map(HostPort::Address)));
            if let Some((one, other)) = same_port(&chat) {
                return Err(("listen", BindError::SamePort(one.clone(), other.clone())));
            }
            if let Some(taken) = figures.iter().find_map(|at| port_conflict(&chat, at)) {
                return Err(("metrics", BindError::ChatPort(taken.clone())));
            }
            match metrics.iter().find(|&&at| !settings.allows_metrics_on(at)) {
                Some(&at) => Err(("metrics", BindError::Metrics(at))),
                None => Ok(()),
            }
        })
    }
}

/// Listens, for whatever runtime will serve it.
fn bind(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, BindError> {
    let listeners = listen(addresses).map_err(BindError::Listen)?;
    listeners.into_iter().map(|listener| listener.into_std().map_err(BindError::Os)).collect()
}

/// The addresses that names resolve to.
fn resolve(addresses: &[HostPort]) -> Result<Vec<SocketAddr>, BindError> {
    let one = |address: &HostPort| {
        address.resolve().map_err(|error| BindError::Name(address.clone(), error))
    };
    addresses.iter().map(one).collect()
}

/// Makes the socket for `chinwag admin`, which is its owner's alone. What a server that has ended left there is removed; nothing
/// else is.
fn bind_admin(path: &Path) -> Result<UnixListener, BindError> {
    let open = || -> io::Result<UnixListener> {
        check_socket_path(path)?;
        let listener = match bind_private(path) {
            Err(error) if error.kind() == ErrorKind::AddrInUse && is_stale(path)? => {
                std::fs::remove_file(path)?;
                bind_private(path)
            }
            bound => bound,
        };
        listener?.into_std()
    };
    open().map_err(|error| BindError::Admin(path.to_path_buf(), error))
}

/// Checks that a socket could be made at this path, where there may be one already; nothing is made.
///
/// # Errors
/// Why not.
pub(crate) fn check_socket_path(path: &Path) -> io::Result<()> {
    let bytes = path.as_os_str().len();
    if bytes > MAX_SOCKET_PATH {
        let words =
            format!("its path has {bytes} bytes, and the kernel takes at most {MAX_SOCKET_PATH}");
        return Err(io::Error::other(words));
    }
    // No other user may remove it and put one of theirs there.
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
const MAX_SOCKET_PATH: usize = 107;

/// Makes a socket that is never accessible to others: it is made with its mode, which is not set afterwards on whatever its path
/// leads to.
fn bind_private(path: &Path) -> io::Result<whippet::net::UnixListener> {
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
fn is_stale(path: &Path) -> io::Result<bool> {
    let found = std::fs::symlink_metadata(path)?;
    if !found.file_type().is_socket() {
        let kind = files::kind(std::os::unix::fs::MetadataExt::mode(&found));
        return Err(io::Error::other(format!("there is {kind}; remove it")));
    }
    let refused = |error: io::Error| error.kind() == ErrorKind::ConnectionRefused;
    Ok(UnixStream::connect(path).is_err_and(refused))
}
