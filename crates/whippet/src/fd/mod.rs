//! Descriptors that the reactor watches, of whatever owner: what sockets have in common with a program's own.
//!
//! A program finds all of it in [`io`](crate::io) and [`io::unix`](crate::io::unix).

mod async_fd;
mod async_fd_ready;
mod guard;
mod interest;
mod register;

pub use self::async_fd::{AsyncFd, AsyncFdRegisterError};
pub use self::guard::{AsyncFdReadyGuard, AsyncFdReadyMutGuard, TryIoError};
pub(crate) use self::interest::WaitReady;
pub use self::interest::{Interest, Ready};
