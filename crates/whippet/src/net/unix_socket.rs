//! A Unix socket that neither listens nor is connected yet.

use super::datagram::Datagram;
use super::listener::Listener;
use super::stream::Stream;
use super::unix_address::parse_path;
use super::unix_datagram::UnixDatagram;
use super::unix_listener::UnixListener;
use super::unix_stream::UnixStream;
use crate::sys::socket::{self, Kind};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use std::path::Path;

/// A Unix socket that neither listens nor is connected yet: to name it first, to choose a listener's backlog, to connect
/// from a name.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::net::UnixSocket;
/// # let name = format!("\0whippet-socket-{}", std::process::id());
/// # let here = format!("{name}-here");
/// let socket = UnixSocket::new_stream()?;
/// socket.bind(&name)?;
/// let listener = socket.listen(16)?;
/// let socket = UnixSocket::new_stream()?;
/// socket.bind(&here)?;
/// let _client = socket.connect(&name).await?;
/// let (_server, peer) = listener.accept().await?;
/// assert_eq!(peer.as_abstract_name(), Some(&here.as_bytes()[1..]));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct UnixSocket {
    /// The socket.
    descriptor: OwnedFd,
    /// Whether it is for datagrams.
    is_datagram: bool,
}

impl UnixSocket {
    /// A socket for a stream, or for a listener.
    ///
    /// # Errors
    /// No descriptor or memory left.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::UnixSocket;
    /// # let name = format!("\0whippet-new-stream-{}", std::process::id());
    /// let socket = UnixSocket::new_stream()?;
    /// socket.bind(&name)?;
    /// let listener = socket.listen(16)?;
    /// let client = UnixSocket::new_stream()?.connect(&name).await?;
    /// assert_eq!(client.peer_addr()?, listener.local_addr()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn new_stream() -> io::Result<Self> {
        Ok(Self { descriptor: socket::unix(Kind::STREAM)?, is_datagram: false })
    }

    /// A socket for datagrams.
    ///
    /// # Errors
    /// No descriptor or memory left.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::UnixSocket;
    /// let error = UnixSocket::new_datagram()?.listen(16).unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    /// assert!(UnixSocket::new_datagram()?.datagram()?.local_addr()?.is_unnamed());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn new_datagram() -> io::Result<Self> {
        Ok(Self { descriptor: socket::unix(Kind::DGRAM)?, is_datagram: true })
    }

    /// Names the socket: a path that must not exist yet, or, after a zero byte, an abstract name.
    ///
    /// # Errors
    /// Errors of the system call: the path exists, cannot be made, is too long.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::UnixSocket;
    /// # let path = std::env::temp_dir().join(format!("whippet-socket-bind-{}", std::process::id()));
    /// let socket = UnixSocket::new_stream()?;
    /// socket.bind(&path)?;
    /// let taken = UnixSocket::new_stream()?.bind(&path).unwrap_err();
    /// assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
    /// // The path stays: the program that bound it removes it.
    /// std::fs::remove_file(&path)?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn bind(&self, path: impl AsRef<Path>) -> io::Result<()> {
        socket::bind(&self.descriptor, &parse_path(path.as_ref())?)
    }

    /// Lets connections come; `backlog` of them may wait to be accepted (the kernel's `somaxconn` at most).
    ///
    /// # Errors
    /// Any error of the system call; `InvalidInput` for a socket for datagrams.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{UnixSocket, UnixStream};
    /// # let name = format!("\0whippet-listen-{}", std::process::id());
    /// let socket = UnixSocket::new_stream()?;
    /// socket.bind(&name)?;
    /// let listener = socket.listen(0)?;
    /// let _one = UnixStream::connect(&name).await?;
    /// // One waits, and no other may: the next connection is rejected.
    /// let full = UnixStream::connect(&name).await.unwrap_err();
    /// assert_eq!(full.kind(), std::io::ErrorKind::WouldBlock);
    /// assert!(listener.accept().await.is_ok());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn listen(self, backlog: u32) -> io::Result<UnixListener> {
        let descriptor = self.into_kind(false)?;
        Ok(UnixListener::from_listener(Listener::listen(
            "UnixSocket::listen",
            descriptor,
            backlog,
        )?))
    }

    /// Connects to the listener at `path`.
    ///
    /// # Errors
    /// As [`UnixStream::connect`]; `InvalidInput` for a socket for datagrams.
    ///
    /// # Cancel safety
    /// Dropped, it gives the connection up.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{UnixListener, UnixSocket};
    /// # let name = format!("\0whippet-socket-connect-{}", std::process::id());
    /// let listener = UnixListener::bind(&name)?;
    /// let stream = UnixSocket::new_stream()?.connect(&name).await?;
    /// assert_eq!(stream.peer_addr()?, listener.local_addr()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn connect(self, path: impl AsRef<Path>) -> io::Result<UnixStream> {
        let descriptor = self.into_kind(false)?;
        socket::connect(&descriptor, &parse_path(path.as_ref())?)?;
        let stream = Stream::new("UnixSocket::connect", descriptor)?;
        Ok(UnixStream::from_stream(stream.wait_connected().await?))
    }

    /// The socket for datagrams that this is.
    ///
    /// # Errors
    /// Any error of registering it with the reactor; `InvalidInput` for a socket for a stream.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::UnixSocket;
    /// # let name = format!("\0whippet-socket-datagram-{}", std::process::id());
    /// let socket = UnixSocket::new_datagram()?;
    /// socket.bind(&name)?;
    /// let there = socket.datagram()?;
    /// let here = UnixSocket::new_datagram()?.datagram()?;
    /// here.send_to(b"hello", &name).await?;
    /// assert_eq!(there.recv(&mut [0; 16]).await?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn datagram(self) -> io::Result<UnixDatagram> {
        Ok(UnixDatagram::from_datagram(Datagram::new(
            "UnixSocket::datagram",
            self.into_kind(true)?,
        )?))
    }

    /// The descriptor, if it is of the wanted kind.
    fn into_kind(self, datagram: bool) -> io::Result<OwnedFd> {
        let Self { descriptor, is_datagram } = self;
        match (is_datagram, datagram) {
            (true, false) => Err(invalid_input(
                "a socket for datagrams takes no connections; make it by `UnixSocket::new_stream`",
            )),
            (false, true) => Err(invalid_input(
                "a socket for a stream sends no datagrams; make it by `UnixSocket::new_datagram`",
            )),
            _ => Ok(descriptor),
        }
    }
}

fn invalid_input(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

impl AsFd for UnixSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl AsRawFd for UnixSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

impl IntoRawFd for UnixSocket {
    /// The descriptor, which the caller is to close.
    fn into_raw_fd(self) -> RawFd {
        self.descriptor.into_raw_fd()
    }
}

impl From<UnixSocket> for OwnedFd {
    fn from(socket: UnixSocket) -> Self {
        socket.descriptor
    }
}
