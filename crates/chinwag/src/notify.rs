//! What a service manager is told, if one started us and asked for it (`NOTIFY_SOCKET`); see sd_notify(3).

use crate::metrics::is_healthy;
use crate::office::Office;
use sd_notify::NotifyState;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::sync::OnceLock;
use whippet::net::TcpListener;
use whippet::sync::CancellationToken;
use whippet::time::interval;

/// The server takes people.
pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// Where people come in, in one line.
pub fn status(listeners: &[TcpListener]) -> String {
    let addresses = listeners.iter().filter_map(|listener| listener.local_addr().ok());
    let addresses: Vec<_> = addresses.map(|address| address.to_string()).collect();
    format!("listening on {}", addresses.join(", "))
}

/// The settings are being read anew; [`ready`] says that they are.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// Says that the server stops, once it does.
pub fn tell_of_the_stop(shutdown: CancellationToken) {
    whippet::spawn(async move {
        shutdown.cancelled().await;
        tell(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
    });
}

/// Says twice in each interval that the service manager set that the room answers, for as long as it does.
pub fn keep_alive(office: Office) {
    let Some(within) = sd_notify::watchdog_enabled().filter(|within| !within.is_zero()) else {
        return;
    };
    whippet::spawn(async move {
        let mut ticks = interval(within / 2);
        loop {
            ticks.tick().await;
            if is_healthy(&office).await {
                tell(&[NotifyState::Watchdog]);
            }
        }
    });
}

/// Where the service manager listens. Written once, by [`connect`].
static MANAGER: OnceLock<UnixDatagram> = OnceLock::new();

/// Opens the socket by which it is told: to be called before the process is confined, which can open none any more.
pub fn connect() {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let opened = || -> io::Result<UnixDatagram> {
        let address = match path.as_bytes().strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(Path::new(&path))?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        Ok(socket)
    };
    match opened() {
        Ok(socket) => drop(MANAGER.set(socket)),
        Err(error) => tracing::debug!(%error, "the service manager does not listen"),
    }
}

/// Tells it. Whoever does not listen need not be told.
fn tell(states: &[NotifyState<'_>]) {
    let Some(manager) = MANAGER.get() else { return };
    let words: String = states.iter().map(|state| format!("{state}\n")).collect();
    if let Err(error) = manager.send(words.as_bytes()) {
        tracing::debug!(%error, "the service manager does not listen");
    }
}
