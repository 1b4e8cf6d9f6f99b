//! What a service manager is told, if one started us and asked for it (`NOTIFY_SOCKET`); see sd_notify(3).
//!
//! The socket is made before the process is confined, and never waits. What a manager does not take at once a task of its own
//! tells later, from a queue with a bound: a manager that does not listen keeps nobody waiting, and what does not fit is left out.

use crate::limits::NOTIFY_QUEUE;
use crate::ops::metrics::is_healthy;
use crate::server::handle::ServerHandle;
use sd_notify::NotifyState;
use std::env;
use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram as StdDatagram};
use std::sync::OnceLock;
use whippet::net::{TcpListener, UnixDatagram};
use whippet::sync::CancellationToken;
use whippet::sync::mpsc::{self, Receiver, Sender};
use whippet::task::JoinHandle;
use whippet::time::{MissedTickBehavior, interval};

/// A service manager that wants notifications.
#[derive(Debug)]
pub(crate) struct ServiceManager(StdDatagram);

/// The ways to it: at once, and through the queue. Set once, by [`ServiceManager::start`].
static MANAGER: OnceLock<(StdDatagram, Sender<String>)> = OnceLock::new();

impl ServiceManager {
    /// The one that started this process, if it wants to be told. To be called before the process is confined.
    pub(crate) fn from_env() -> Option<Self> {
        let path = env::var_os("NOTIFY_SOCKET")?;
        match connect(&path) {
            Ok(socket) => Some(Self(socket)),
            Err(error) => {
                tracing::debug!(target: "chinwag::systemd", %error, "the service manager does not listen");
                None
            }
        }
    }

    /// Tells it from now on what there is to tell.
    ///
    /// # Errors
    /// The kernel's: the socket cannot be watched.
    pub(crate) fn start(self) -> io::Result<()> {
        let at_once = self.0.try_clone()?;
        let socket = UnixDatagram::from_std(self.0)?;
        let (sender, words) = mpsc::channel(NOTIFY_QUEUE);
        // There is one manager.
        if MANAGER.set((at_once, sender)).is_ok() {
            whippet::spawn(forward(words, socket));
        }
        Ok(())
    }
}

/// A socket that leads there: to a path, or to a name behind an `@`.
fn connect(path: &OsStr) -> io::Result<StdDatagram> {
    let address = match path.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        path => SocketAddr::from_pathname(OsStr::from_bytes(path))?,
    };
    let socket = StdDatagram::unbound()?;
    socket.connect_addr(&address)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Tells all of it, one after the other.
async fn forward(mut words: Receiver<String>, socket: UnixDatagram) {
    while let Some(words) = words.recv().await {
        if let Err(error) = socket.send(words.as_bytes()).await {
            tracing::debug!(target: "chinwag::systemd", %error, "the service manager does not listen");
        }
    }
}

/// The server accepts connections.
pub(crate) fn ready(status: &str) {
    send(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// The addresses of the listeners, in one line.
pub(crate) fn status(listeners: &[TcpListener]) -> String {
    let addresses = listeners.iter().filter_map(|listener| listener.local_addr().ok());
    let addresses: Vec<_> = addresses.map(|address| address.to_string()).collect();
    format!("listening on {}", addresses.join(", "))
}

/// The settings are being read anew; [`ready`] says that they are.
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => send(&[NotifyState::Reloading, now]),
        Err(_) => send(&[NotifyState::Reloading]),
    }
}

/// Says that the server stops, once it does. A server without users stops before this task runs: wait for it.
pub(crate) fn notify_stopping(shutdown: CancellationToken) -> JoinHandle<()> {
    whippet::spawn(async move {
        shutdown.cancelled().await;
        send(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
    })
}

/// Pings the watchdog twice in each interval that the service manager set, for as long as the broker answers.
pub(crate) fn run_watchdog(handle: ServerHandle) {
    let Some(within) = sd_notify::watchdog_enabled().filter(|within| !within.is_zero()) else {
        return;
    };
    whippet::spawn(async move {
        let mut ticks = interval(within / 2);
        // After a standstill once, and not as often as it would have been.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if is_healthy(&handle).await {
                send(&[NotifyState::Watchdog]);
            }
        }
    });
}

/// Tells it. Without a manager, or with one that has not listened for long, it is left out.
fn send(states: &[NotifyState<'_>]) {
    let Some((socket, queue)) = MANAGER.get() else { return };
    let words: String = states.iter().map(|state| format!("{state}\n")).collect();
    // What waits comes first.
    let is_first = queue.capacity() == NOTIFY_QUEUE;
    if is_first {
        match socket.send(words.as_bytes()) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => {
                return tracing::debug!(target: "chinwag::systemd", %error, "the service manager does not listen");
            }
            Ok(_) => return,
        }
    }
    // Its task ends with the runtime; what is queued is lost then.
    let _ = queue.try_send(words);
}
