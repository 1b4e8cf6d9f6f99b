//! A connection between processes of one machine.

use super::interest::{Interest, Ready};
use super::stream::{Stream, stream_doors};
use crate::sys::socket;
use futures_io::{AsyncRead, AsyncWrite};
use rustix::net::{SocketAddrUnix, sockopt};
use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A Unix stream connection.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (left, right) = whippet::net::UnixStream::pair()?;
/// left.try_write(b"hello")?;
/// right.readable().await?;
/// assert_eq!(right.try_read(&mut [0; 16])?, 5);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct UnixStream(Stream);

/// Who is at the other end of a Unix connection, as the kernel saw him when he connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UCred {
    /// His process.
    pid: i32,
    /// His user.
    uid: u32,
    /// His group.
    gid: u32,
}

impl UCred {
    /// The process, where the kernel names it.
    #[must_use]
    pub const fn pid(&self) -> Option<i32> {
        if self.pid == 0 { None } else { Some(self.pid) }
    }

    /// The user.
    #[must_use]
    pub const fn uid(&self) -> u32 {
        self.uid
    }

    /// The group.
    #[must_use]
    pub const fn gid(&self) -> u32 {
        self.gid
    }
}

impl UnixStream {
    /// Connects to the listener at `path`.
    ///
    /// # Errors
    /// The kernel's: nobody listens, no such path, not allowed; `WouldBlock` when the listener's queue is full.
    ///
    /// # Cancel safety
    /// Dropped, it gives the connection up.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    pub async fn connect(path: impl AsRef<Path>) -> io::Result<Self> {
        let descriptor = socket::unix()?;
        socket::connect_unix(&descriptor, &SocketAddrUnix::new(path.as_ref())?)?;
        Ok(Self(Stream::of_connecting(descriptor).await?))
    }

    /// Two streams connected to each other.
    ///
    /// # Errors
    /// No descriptor or memory left.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (left, right) = socket::unix_pair()?;
        Ok((Self::from_descriptor(left)?, Self::from_descriptor(right)?))
    }

    #[track_caller]
    pub(super) fn from_descriptor(descriptor: OwnedFd) -> io::Result<Self> {
        Ok(Self(Stream::of_connected(descriptor)?))
    }

    /// Takes a std stream over, which must be in non-blocking mode.
    ///
    /// # Errors
    /// The kernel's, of watching it.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    pub fn from_std(stream: std::os::unix::net::UnixStream) -> io::Result<Self> {
        Self::from_descriptor(stream.into())
    }

    /// Gives the std stream back, in non-blocking mode.
    ///
    /// # Errors
    /// None at present.
    pub fn into_std(self) -> io::Result<std::os::unix::net::UnixStream> {
        Ok(self.0.into_inner().into())
    }

    /// Who is at the other end.
    ///
    /// # Errors
    /// The kernel's.
    pub fn peer_cred(&self) -> io::Result<UCred> {
        let peer = sockopt::socket_peercred(&self.0)?;
        let pid = rustix::process::Pid::as_raw(Some(peer.pid));
        Ok(UCred { pid, uid: peer.uid.as_raw(), gid: peer.gid.as_raw() })
    }

    /// Ends a direction at once, without waiting: `Shutdown::Write` lets the peer read the end.
    ///
    /// # Errors
    /// The kernel's.
    pub fn shutdown_now(&self, how: Shutdown) -> io::Result<()> {
        self.0.shutdown(how)
    }

    #[inline]
    const fn stream(&self) -> &Stream {
        &self.0
    }
}

stream_doors!(UnixStream);
