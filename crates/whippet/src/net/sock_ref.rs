//! The options of any socket, whoever owns it.

use crate::sys::options;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// A view of a socket for setting its options, whatever kind it is of: a stream, a listener, a [`TcpSocket`] that is
/// neither yet.
///
/// Linux hands the options of a listener on to each connection that comes to it from then on, so a server that sets
/// them there spares itself the calls for each connection.
///
/// [`TcpSocket`]: super::TcpSocket
///
/// # Examples
/// ```
/// use whippet::net::{SockRef, TcpListener, TcpStream};
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// SockRef::from(&listener).set_nodelay(true)?;
/// let _client = TcpStream::connect(listener.local_addr()?).await?;
/// let (accepted, _) = listener.accept().await?;
/// assert!(accepted.nodelay()?);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SockRef<'a>(BorrowedFd<'a>);

impl<'a, S: AsFd> From<&'a S> for SockRef<'a> {
    fn from(socket: &'a S) -> Self {
        Self(socket.as_fd())
    }
}

impl SockRef<'_> {
    /// Sets whether small writes are sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    /// The kernel's.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        options::set_nodelay(self.0, nodelay)
    }

    /// Sets how long a close waits for what was written (`SO_LINGER`); zero resets the connection.
    ///
    /// # Errors
    /// The kernel's.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        options::set_linger(self.0, linger)
    }

    /// Finds a peer that vanished from an idle connection: the first probe after `idle`, one each `interval`, given
    /// up after `count`. Whole seconds.
    ///
    /// # Errors
    /// The kernel's, when a value is out of its range.
    pub fn set_keepalive(&self, idle: Duration, interval: Duration, count: u32) -> io::Result<()> {
        options::set_keepalive(self.0, idle, interval, count)
    }

    /// Sets how long written bytes may wait for the peer's acknowledgement before the connection is given up
    /// (`TCP_USER_TIMEOUT`).
    ///
    /// # Errors
    /// The kernel's; `InvalidInput` for more than 49 days.
    pub fn set_user_timeout(&self, timeout: Duration) -> io::Result<()> {
        options::set_user_timeout(self.0, timeout)
    }

    /// Caps what the kernel takes beyond what it could send at once, in bytes (`TCP_NOTSENT_LOWAT`).
    ///
    /// # Errors
    /// The kernel's.
    pub fn set_notsent_lowat(&self, bytes: u32) -> io::Result<()> {
        options::set_notsent_lowat(self.0, bytes)
    }

    /// Sets the size of the kernel's buffer for writing, in bytes (it doubles the figure for its own needs).
    ///
    /// # Errors
    /// The kernel's.
    pub fn set_send_buffer_size(&self, bytes: usize) -> io::Result<()> {
        options::set_send_buffer(self.0, bytes)
    }

    /// Sets the size of the kernel's buffer for reading, in bytes (it doubles the figure for its own needs).
    ///
    /// # Errors
    /// The kernel's.
    pub fn set_recv_buffer_size(&self, bytes: usize) -> io::Result<()> {
        options::set_receive_buffer(self.0, bytes)
    }

    /// Sets whether the byte that the peer marks as urgent stays in its place among the others (`SO_OOBINLINE`).
    ///
    /// # Errors
    /// The kernel's.
    pub fn set_out_of_band_inline(&self, inline: bool) -> io::Result<()> {
        options::set_out_of_band_inline(self.0, inline)
    }
}
