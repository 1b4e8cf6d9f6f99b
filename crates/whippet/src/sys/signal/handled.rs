//! Handlers of the process, which write into a pair of sockets.

use crate::sys::socket;
use signal_hook::consts::FORBIDDEN;
use signal_hook::{SigId, flag, low_level};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes taken out of the socket at a time: more than the kernel keeps of those that come one by one.
const DRAIN: usize = 1024;

/// A pair of connected sockets: handlers write into the one, the other is watched.
#[derive(Debug)]
pub(crate) struct Source {
    /// Is watched.
    read: OwnedFd,
    /// Duplicates of it are the handlers'.
    written: OwnedFd,
}

/// A handler of a signal. It goes when this is dropped, which must be before its [`Source`] is; the signal's default
/// action does not come back.
#[derive(Debug)]
pub(crate) struct Hook {
    /// Set by the handler when the signal comes, cleared by who [`take`](Self::take)s it. SeqCst on both sides: the
    /// handler sets it before it writes the byte, who takes it has read the bytes before.
    came: Arc<AtomicBool>,
    /// What the handler does: sets `came`, then writes the byte.
    actions: [SigId; 2],
}

impl Source {
    /// A source that no handler writes into.
    ///
    /// # Errors
    /// No descriptor or memory left.
    pub(crate) fn new() -> io::Result<Self> {
        let (read, written) = socket::unix_pair(socket::Kind::STREAM)?;
        Ok(Self { read, written })
    }

    /// Has a signal marked, and a byte written for it.
    ///
    /// # Errors
    /// A signal that cannot be caught; no descriptor left.
    pub(crate) fn hook(&self, signal: i32) -> io::Result<Hook> {
        if FORBIDDEN.contains(&signal) {
            return Err(io::Error::other(format!("signal {signal} must not be caught")));
        }
        let written = self.written.try_clone()?;
        let came = Arc::new(AtomicBool::new(false));
        let mark = flag::register(signal, Arc::clone(&came))?;
        let write = low_level::pipe::register(signal, written).inspect_err(|_| {
            low_level::unregister(mark);
        })?;
        // The signal may have come between the two.
        if came.load(Ordering::SeqCst) {
            // An error says that the socket is full, and then there is an event for it.
            let _ = socket::send(&self.written, b"X");
        }
        Ok(Hook { came, actions: [mark, write] })
    }

    /// Takes all bytes out, so that the next one is an event again. To be called before hooks are looked at.
    pub(crate) fn drain(&self) {
        while socket::receive(&self.read, &mut [0; DRAIN]).is_ok_and(|count| count == DRAIN) {}
    }
}

impl AsFd for Source {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.read.as_fd()
    }
}

impl Hook {
    /// Whether the signal came since the last call.
    pub(crate) fn take(&self) -> bool {
        self.came.swap(false, Ordering::SeqCst)
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        // The byte first: a mark without one is looked at by nobody. Each returns when no handler is inside any more.
        for action in self.actions.iter().rev() {
            low_level::unregister(*action);
        }
    }
}
