//! Where TCP connections come in.

use super::address::{ToSocketAddrs, resolve};
use super::tcp_stream::TcpStream;
use crate::reactor::{Registration, Rest, Want};
use crate::runtime::Handle;
use crate::sys::socket;
use rustix::net::sockopt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::task::{Context, Poll};

/// Connections that may wait to be accepted, unless set otherwise: with Linux's usual 128, a storm of connects
/// overflows the queue, and those that are dropped try again after a second.
const BACKLOG: u32 = 4096;

/// A TCP socket that listens.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let listener = whippet::net::TcpListener::bind("127.0.0.1:0").await?;
/// assert_ne!(listener.local_addr()?.port(), 0);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[doc(alias = "AsyncTcpListener")]
#[derive(Debug)]
pub struct TcpListener(Registration<OwnedFd>);

impl TcpListener {
    /// Listens on the first of the addresses that can be had; port 0 lets the kernel choose. The address may be one
    /// whose former connections are still fading (`SO_REUSEADDR`).
    ///
    /// # Errors
    /// Those of the last address: taken, not this machine's, not allowed; those of the look-up of a name.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    pub async fn bind(addresses: impl ToSocketAddrs) -> io::Result<Self> {
        let mut failed = None;
        for address in resolve(addresses).await? {
            match Self::bind_to(&address) {
                Ok(listener) => return Ok(listener),
                Err(error) => failed = Some(error),
            }
        }
        Err(failed.unwrap_or_else(|| io::ErrorKind::InvalidInput.into()))
    }

    fn bind_to(address: &SocketAddr) -> io::Result<Self> {
        let descriptor = socket::tcp(address)?;
        sockopt::set_socket_reuseaddr(&descriptor, true)?;
        socket::bind(&descriptor, address)?;
        Self::listen(descriptor, BACKLOG)
    }

    pub(super) fn listen(descriptor: OwnedFd, backlog: u32) -> io::Result<Self> {
        // Linux takes the lesser of this and `net.core.somaxconn`.
        socket::listen(&descriptor, i32::try_from(backlog).unwrap_or(i32::MAX))?;
        Self::from_descriptor(descriptor)
    }

    #[track_caller]
    fn from_descriptor(descriptor: OwnedFd) -> io::Result<Self> {
        Ok(Self(Registration::new(descriptor, Handle::current().driver().reactor())?))
    }

    /// Takes a std listener over, which must be in non-blocking mode.
    ///
    /// # Errors
    /// The kernel's, of watching it.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    pub fn from_std(listener: std::net::TcpListener) -> io::Result<Self> {
        Self::from_descriptor(listener.into())
    }

    /// Gives the std listener back, in non-blocking mode.
    ///
    /// # Errors
    /// None at present.
    pub fn into_std(self) -> io::Result<std::net::TcpListener> {
        Ok(self.0.into_inner().into())
    }

    /// Waits for a connection, and takes it with its peer's address.
    ///
    /// # Errors
    /// The kernel's: a connection that died while it waited (`ConnectionAborted`), no descriptor or memory left.
    /// Either leaves the listener as it was.
    ///
    /// # Cancel safety
    /// Cancel safe: dropped, it has accepted nothing.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (descriptor, peer) = self.0.async_io(Want::READ, accept).await?;
        Ok((TcpStream::from_descriptor(descriptor)?, peer))
    }

    /// Polls for a connection. The latest waker counts.
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        self.0.poll_io(cx, Want::READ, accept).map(|accepted| {
            let (descriptor, peer) = accepted?;
            Ok((TcpStream::from_descriptor(descriptor)?, peer))
        })
    }

    /// Takes a connection if one waits.
    ///
    /// # Errors
    /// `WouldBlock` when none waits; else as [`accept`](Self::accept).
    pub fn try_accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (descriptor, peer) = self.0.try_io(Want::READ, accept)?;
        Ok((TcpStream::from_descriptor(descriptor)?, peer))
    }

    /// The address it listens on, with the port that the kernel chose.
    ///
    /// # Errors
    /// The kernel's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        socket::local_address(self.0.get_ref())
    }
}

/// One connection of those that wait: there may be more.
fn accept(listener: &OwnedFd) -> io::Result<((OwnedFd, SocketAddr), Rest)> {
    let (descriptor, peer) = socket::accept(listener)?;
    Ok(((descriptor, socket::internet_address(peer)?), Rest::MayBe))
}

impl AsFd for TcpListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_ref().as_fd()
    }
}

impl AsRawFd for TcpListener {
    fn as_raw_fd(&self) -> RawFd {
        self.0.get_ref().as_raw_fd()
    }
}
