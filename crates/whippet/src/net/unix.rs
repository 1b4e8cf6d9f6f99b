//! The halves of a [`UnixStream`], and the names and peers of Unix sockets.

use super::split;
use super::unix_stream::UnixStream;

/// Pipes between processes, with and without a name.
pub mod pipe {
    pub use crate::net::unix_fifo::OpenOptions;
    pub use crate::net::unix_pipe::{Receiver, Sender, pipe};
}

pub use super::unix_address::SocketAddr;
pub use super::unix_stream::UCred;

/// The reading half of a [`UnixStream`] that is borrowed: [`UnixStream::split`].
pub type ReadHalf<'a> = split::ReadHalf<'a, UnixStream>;
/// The writing half of a [`UnixStream`] that is borrowed: [`UnixStream::split`].
pub type WriteHalf<'a> = split::WriteHalf<'a, UnixStream>;
/// The reading half of a [`UnixStream`], for a task of its own: [`UnixStream::into_split`].
pub type OwnedReadHalf = split::OwnedReadHalf<UnixStream>;
/// The writing half of a [`UnixStream`], for a task of its own: [`UnixStream::into_split`].
pub type OwnedWriteHalf = split::OwnedWriteHalf<UnixStream>;
/// Two halves of two different [`UnixStream`]s.
pub type ReuniteError = split::ReuniteError<UnixStream>;

/// A user id.
#[expect(non_camel_case_types, reason = "the system's name for it, as tokio has it")]
pub type uid_t = u32;
/// A group id.
#[expect(non_camel_case_types, reason = "the system's name for it, as tokio has it")]
pub type gid_t = u32;
/// A process id.
#[expect(non_camel_case_types, reason = "the system's name for it, as tokio has it")]
pub type pid_t = i32;
