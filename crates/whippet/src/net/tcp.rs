//! The halves of a [`TcpStream`].

use super::split;
use super::tcp_stream::TcpStream;

/// The reading half of a [`TcpStream`] that is borrowed: [`TcpStream::split`].
pub type ReadHalf<'a> = split::ReadHalf<'a, TcpStream>;
/// The writing half of a [`TcpStream`] that is borrowed: [`TcpStream::split`].
pub type WriteHalf<'a> = split::WriteHalf<'a, TcpStream>;
/// The reading half of a [`TcpStream`], for a task of its own: [`TcpStream::into_split`].
pub type OwnedReadHalf = split::OwnedReadHalf<TcpStream>;
/// The writing half of a [`TcpStream`], for a task of its own: [`TcpStream::into_split`].
pub type OwnedWriteHalf = split::OwnedWriteHalf<TcpStream>;
/// Two halves of two different [`TcpStream`]s.
pub type ReuniteError = split::ReuniteError<TcpStream>;
