//! The options of any socket, of whatever owner.

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
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{SockRef, TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// SockRef::from(&stream).set_nodelay(true)?;
    /// assert!(stream.nodelay()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        options::set_nodelay(self.0, nodelay)
    }

    /// Sets how long a close waits for what was written (`SO_LINGER`); zero resets the connection.
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::time::Duration;
    /// use whippet::net::{SockRef, TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// SockRef::from(&listener).set_linger(Some(Duration::ZERO))?;
    /// let _client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (accepted, _) = listener.accept().await?;
    /// assert_eq!(accepted.linger()?, Some(Duration::ZERO));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        options::set_linger(self.0, linger)
    }

    /// Finds a peer that vanished from an idle connection: the first probe after `idle`, one each `interval`, given
    /// up after `count`. Whole seconds.
    ///
    /// # Errors
    /// Any error of the system call, such as when a value is out of its range.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::time::Duration;
    /// use whippet::net::{SockRef, TcpSocket};
    /// let socket = TcpSocket::new_v4()?;
    /// let second = Duration::from_secs(1);
    /// SockRef::from(&socket).set_keepalive(60 * second, 10 * second, 3)?;
    /// assert!(socket.keepalive()?);
    /// assert_eq!(rustix::net::sockopt::tcp_keepidle(&socket)?, 60 * second);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_keepalive(&self, idle: Duration, interval: Duration, count: u32) -> io::Result<()> {
        options::set_keepalive(self.0, idle, interval, count)
    }

    /// Sets how long written bytes may wait for the peer's acknowledgement before the connection is given up
    /// (`TCP_USER_TIMEOUT`).
    ///
    /// # Errors
    /// Any error of the system call; `InvalidInput` for more than 49 days.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::time::Duration;
    /// use whippet::net::{SockRef, TcpSocket};
    /// let socket = TcpSocket::new_v4()?;
    /// SockRef::from(&socket).set_user_timeout(Duration::from_secs(30))?;
    /// assert_eq!(rustix::net::sockopt::tcp_user_timeout(&socket)?, 30_000);
    /// let year = Duration::from_secs(365 * 24 * 60 * 60);
    /// let long = SockRef::from(&socket).set_user_timeout(year).unwrap_err();
    /// assert_eq!(long.kind(), std::io::ErrorKind::InvalidInput);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_user_timeout(&self, timeout: Duration) -> io::Result<()> {
        options::set_user_timeout(self.0, timeout)
    }

    /// Caps what the kernel takes beyond what it could send at once, in bytes (`TCP_NOTSENT_LOWAT`).
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{SockRef, TcpSocket, UdpSocket};
    /// // The kernel takes no more than 16 KiB ahead of what it can send.
    /// SockRef::from(&TcpSocket::new_v4()?).set_notsent_lowat(16 * 1024)?;
    /// // It is an option of TCP alone.
    /// let other = UdpSocket::bind("127.0.0.1:0").await?;
    /// assert!(SockRef::from(&other).set_notsent_lowat(16 * 1024).is_err());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_notsent_lowat(&self, bytes: u32) -> io::Result<()> {
        options::set_notsent_lowat(self.0, bytes)
    }

    /// Sets the size of the kernel's buffer for writing, in bytes (it doubles the figure for its own needs).
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{SockRef, TcpSocket};
    /// let socket = TcpSocket::new_v4()?;
    /// SockRef::from(&socket).set_send_buffer_size(16 * 1024)?;
    /// assert_eq!(socket.send_buffer_size()?, 2 * 16 * 1024);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_send_buffer_size(&self, bytes: usize) -> io::Result<()> {
        options::set_send_buffer(self.0, bytes)
    }

    /// Sets the size of the kernel's buffer for reading, in bytes (it doubles the figure for its own needs).
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{SockRef, TcpSocket};
    /// let socket = TcpSocket::new_v4()?;
    /// SockRef::from(&socket).set_recv_buffer_size(16 * 1024)?;
    /// assert_eq!(socket.recv_buffer_size()?, 2 * 16 * 1024);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_recv_buffer_size(&self, bytes: usize) -> io::Result<()> {
        options::set_receive_buffer(self.0, bytes)
    }

    /// Sets whether the byte that the peer marks as urgent stays among the others (`SO_OOBINLINE`).
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{SockRef, TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// SockRef::from(&listener).set_out_of_band_inline(true)?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (server, _) = listener.accept().await?;
    /// rustix::net::send(&client, b"!", rustix::net::SendFlags::OOB)?;
    /// server.readable().await?;
    /// let mut word = [0; 8];
    /// assert_eq!(server.try_read(&mut word)?, 1);
    /// assert_eq!(word[0], b'!');
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_out_of_band_inline(&self, inline: bool) -> io::Result<()> {
        options::set_out_of_band_inline(self.0, inline)
    }

    /// Sets whether a close resets a connection whose peer has acknowledged everything and does not end its own side (a
    /// negative `TCP_LINGER2`). All that was written arrives first, and then the end. Without it such a peer learns of the close
    /// only when it sends something.
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, AsyncWriteExt};
    /// use whippet::net::{Interest, SockRef, TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let mut client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (mut server, _) = listener.accept().await?;
    /// SockRef::from(&server).set_reset_half_closed(true)?;
    /// server.write_all(b"goodbye").await?;
    /// drop(server);
    /// let mut words = String::new();
    /// client.read_to_string(&mut words).await?;
    /// assert_eq!(words, "goodbye");
    /// // The client has not ended its side, and learns without writing that it may as well.
    /// client.ready(Interest::ERROR).await?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_reset_half_closed(&self, resets: bool) -> io::Result<()> {
        options::set_reset_half_closed(self.0, resets)
    }

    /// For how long the peer of a connection has been silent, if something that was sent has been repeated or probed for
    /// without an answer (`TCP_INFO`); `None` for one that answers, as far as is known.
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{SockRef, TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// assert_eq!(SockRef::from(&client).unanswered()?, None);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn unanswered(&self) -> io::Result<Option<Duration>> {
        options::unanswered(self.0)
    }
}
