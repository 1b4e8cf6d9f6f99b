//! Signals: each listener has a pair of connected sockets; the handler writes a byte into the one for each signal, and
//! whoever listens reads the other.

use super::socket;
use signal_hook::SigId;
use signal_hook::low_level;
use std::io;
use std::os::fd::OwnedFd;

pub(crate) use signal_hook::consts::{
    SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGIO, SIGPIPE, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH,
};

/// A handler of a signal, which writes into a socket. It goes when this is dropped; the signal's default action does
/// not come back.
#[derive(Debug)]
pub(crate) struct Handler(SigId);

/// Has the signal write a byte into a socket, and gives the other end.
///
/// # Errors
/// A signal that cannot be caught; no descriptor left.
///
/// # Panics
/// For SIGKILL, SIGSTOP, SIGILL, SIGFPE and SIGSEGV.
pub(crate) fn handle(signal: i32) -> io::Result<(Handler, OwnedFd)> {
    let (read, written) = socket::unix_pair(socket::Kind::STREAM)?;
    Ok((Handler(low_level::pipe::register(signal, written)?), read))
}

impl Drop for Handler {
    fn drop(&mut self) {
        low_level::unregister(self.0);
    }
}
