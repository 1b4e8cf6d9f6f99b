//! A TCP socket that neither listens nor is connected yet, to set its options first.

use super::tcp_listener::TcpListener;
use super::tcp_stream::TcpStream;
use crate::sys::{options, socket};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A TCP socket that neither listens nor is connected yet.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let socket = whippet::net::TcpSocket::new_v4()?;
/// socket.set_reuseaddr(true)?;
/// socket.bind("127.0.0.1:0".parse().unwrap())?;
/// let listener = socket.listen(1024)?;
/// # drop(listener);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct TcpSocket(OwnedFd);

impl TcpSocket {
    /// A socket for IPv4.
    ///
    /// # Errors
    /// No descriptor or memory left.
    pub fn new_v4() -> io::Result<Self> {
        Ok(Self(socket::tcp(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)))?))
    }

    /// A socket for IPv6.
    ///
    /// # Errors
    /// No descriptor or memory left; a system without IPv6.
    pub fn new_v6() -> io::Result<Self> {
        Ok(Self(socket::tcp(&SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)))?))
    }

    /// Sets whether an address may be taken whose former connections are still fading.
    ///
    /// # Errors
    /// The kernel's.
    pub fn set_reuseaddr(&self, reuse: bool) -> io::Result<()> {
        options::set_reuse_address(&self.0, reuse)
    }

    /// Sets whether several sockets may share an address, connections being spread over them.
    ///
    /// # Errors
    /// The kernel's.
    pub fn set_reuseport(&self, reuse: bool) -> io::Result<()> {
        options::set_reuse_port(&self.0, reuse)
    }

    /// Sets whether an IPv6 socket leaves IPv4 alone.
    ///
    /// # Errors
    /// The kernel's, for an IPv4 socket.
    pub fn set_only_v6(&self, only: bool) -> io::Result<()> {
        options::set_only_v6(&self.0, only)
    }

    /// Sets the size of the kernel's buffer for writing, in bytes (it doubles the figure for its own needs).
    ///
    /// # Errors
    /// The kernel's.
    pub fn set_send_buffer_size(&self, bytes: u32) -> io::Result<()> {
        options::set_send_buffer(&self.0, bytes as usize)
    }

    /// Sets the size of the kernel's buffer for reading, in bytes (it doubles the figure for its own needs). Before
    /// connecting, so that the window is announced by it.
    ///
    /// # Errors
    /// The kernel's.
    pub fn set_recv_buffer_size(&self, bytes: u32) -> io::Result<()> {
        options::set_receive_buffer(&self.0, bytes as usize)
    }

    /// Sets whether small writes are sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    /// The kernel's.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        options::set_nodelay(&self.0, nodelay)
    }

    /// Names the socket.
    ///
    /// # Errors
    /// The kernel's: the address is taken, not this machine's, or not allowed.
    pub fn bind(&self, address: SocketAddr) -> io::Result<()> {
        socket::bind(&self.0, &address)
    }

    /// The socket's address.
    ///
    /// # Errors
    /// The kernel's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        socket::local_address(&self.0)
    }

    /// Lets connections come; `backlog` of them may wait to be accepted (the kernel's `somaxconn` at most).
    ///
    /// # Errors
    /// The kernel's.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    pub fn listen(self, backlog: u32) -> io::Result<TcpListener> {
        TcpListener::listen(self.0, backlog)
    }

    /// Connects.
    ///
    /// # Errors
    /// The kernel's: refused, unreachable, timed out.
    ///
    /// # Cancel safety
    /// Dropped, it gives the connection up.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    pub async fn connect(self, address: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::connect_to(self.0, &address).await
    }
}

impl AsFd for TcpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
