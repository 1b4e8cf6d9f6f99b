//! Signals: a handler marks that its signal came, and writes a byte into a socket to tell those who wait.
//!
//! The mark says which signal it was, the byte only that there is something to look at. So a process that was forked, which
//! has the sockets of its parent and a memory of its own, ends a wait of its parent when it gets a signal, and the parent
//! finds no mark: the signal was not its own.

#[cfg(not(loom))]
mod handled;
#[cfg(loom)]
mod modelled;

#[cfg(not(loom))]
pub(crate) use self::handled::{Hook, Source};
#[cfg(all(test, loom))]
pub(crate) use self::modelled::Model;
#[cfg(loom)]
pub(crate) use self::modelled::{Hook, Source};

pub(crate) use signal_hook::consts::{
    SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGIO, SIGPIPE, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH,
};
