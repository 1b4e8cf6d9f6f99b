//! Where connections of one machine's processes come in.

use super::unix_stream::UnixStream;
use crate::reactor::{Registration, Rest, Want};
use crate::runtime::Handle;
use crate::sys::socket;
use rustix::net::SocketAddrUnix;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::task::{Context, Poll};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// A Unix stream socket that listens. The path stays when it is dropped: who bound it removes it.
#[derive(Debug)]
pub struct UnixListener(Registration<OwnedFd>);

impl UnixListener {
    /// Listens at `path`, which must not exist yet.
    ///
    /// # Errors
    /// The kernel's: the path exists, cannot be made, is too long.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    #[track_caller]
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        let descriptor = socket::unix()?;
        socket::bind_unix(&descriptor, &SocketAddrUnix::new(path.as_ref())?)?;
        socket::listen(&descriptor, BACKLOG)?;
        Ok(Self(Registration::new(descriptor, Handle::current().driver().reactor())?))
    }

    /// Waits for a connection, and takes it.
    ///
    /// # Errors
    /// The kernel's: no descriptor or memory left. It leaves the listener as it was.
    ///
    /// # Cancel safety
    /// Cancel safe: dropped, it has accepted nothing.
    pub async fn accept(&self) -> io::Result<UnixStream> {
        UnixStream::from_descriptor(self.0.async_io(Want::READ, accept).await?)
    }

    /// Polls for a connection. The latest waker counts.
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<UnixStream>> {
        let accepted = self.0.poll_io(cx, Want::READ, accept);
        accepted.map(|accepted| UnixStream::from_descriptor(accepted?))
    }
}

/// One connection of those that wait: there may be more.
fn accept(listener: &OwnedFd) -> io::Result<(OwnedFd, Rest)> {
    Ok((socket::accept(listener)?.0, Rest::MayBe))
}

impl AsFd for UnixListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_ref().as_fd()
    }
}
