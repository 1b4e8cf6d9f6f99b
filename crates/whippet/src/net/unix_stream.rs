//! A connection between processes of one machine.

use super::macros::impl_stream_methods;
use super::split::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, SplitStream, WriteHalf};
use super::stream::{Stream, StreamKind};
use super::unix_address::{SocketAddr, parse_path};
use crate::sys::{options, socket};
use std::io;
use std::path::Path;

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
pub struct UnixStream(Stream<Self>);

/// The peer of a Unix connection, as the kernel saw it at the connect.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::net::{UnixListener, UnixStream};
/// # let name = format!("\0whippet-cred-{}", std::process::id());
/// let listener = UnixListener::bind(&name)?;
/// let _client = UnixStream::connect(&name).await?;
/// let (server, _) = listener.accept().await?;
/// let client = server.peer_cred()?;
/// // Whoever runs this program may come in.
/// assert_eq!(client.uid(), rustix::process::geteuid().as_raw());
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (left, _right) = whippet::net::UnixStream::pair()?;
    /// let peer = left.peer_cred()?;
    /// assert_eq!(peer.pid(), Some(std::process::id() as i32));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub const fn pid(&self) -> Option<i32> {
        if self.pid == 0 { None } else { Some(self.pid) }
    }

    /// The user.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (left, _right) = whippet::net::UnixStream::pair()?;
    /// let peer = left.peer_cred()?;
    /// // One of our own.
    /// assert_eq!(peer.uid(), rustix::process::geteuid().as_raw());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub const fn uid(&self) -> u32 {
        self.uid
    }

    /// The group.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (left, _right) = whippet::net::UnixStream::pair()?;
    /// let peer = left.peer_cred()?;
    /// assert_eq!(peer.gid(), rustix::process::getegid().as_raw());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub const fn gid(&self) -> u32 {
        self.gid
    }
}

impl UnixStream {
    /// Connects to the listener at `path`.
    ///
    /// # Errors
    /// Errors of the system call: no listener, no such path, not allowed; `WouldBlock` when the listener's queue is full.
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
    /// use whippet::net::{UnixListener, UnixStream};
    /// # let path = std::env::temp_dir().join(format!("whippet-connect-{}", std::process::id()));
    /// let _listener = UnixListener::bind(&path)?;
    /// let stream = UnixStream::connect(&path).await?;
    /// assert_eq!(stream.peer_addr()?.as_pathname(), Some(&*path));
    /// # std::fs::remove_file(&path)?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn connect<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        let descriptor = socket::unix(socket::Kind::STREAM)?;
        socket::connect(&descriptor, &parse_path(path.as_ref())?)?;
        let stream = Stream::new("UnixStream::connect", descriptor)?;
        Ok(Self(stream.wait_connected().await?))
    }

    /// As [`connect`](Self::connect), with the name of a listener, or one of std's.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
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
    /// use whippet::net::{UnixListener, UnixStream};
    /// # let name = format!("\0whippet-connect-addr-{}", std::process::id());
    /// let listener = UnixListener::bind(&name)?;
    /// let stream = UnixStream::connect_addr(&listener.local_addr()?).await?;
    /// assert_eq!(stream.peer_addr()?, listener.local_addr()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn connect_addr(address: &SocketAddr) -> io::Result<Self> {
        let descriptor = socket::unix(socket::Kind::STREAM)?;
        socket::connect(&descriptor, address.as_arg())?;
        let stream = Stream::new("UnixStream::connect_addr", descriptor)?;
        Ok(Self(stream.wait_connected().await?))
    }

    /// Two streams connected to each other.
    ///
    /// # Errors
    /// No descriptor or memory left.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, AsyncWriteExt};
    /// let (mut left, mut right) = whippet::net::UnixStream::pair()?;
    /// left.write_all(b"hello").await?;
    /// left.shutdown().await?;
    /// let mut words = String::new();
    /// right.read_to_string(&mut words).await?;
    /// assert_eq!(words, "hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn pair() -> io::Result<(Self, Self)> {
        const CALL: &str = "UnixStream::pair";
        let (left, right) = socket::unix_pair(socket::Kind::STREAM)?;
        Ok((Self(Stream::from_connected(CALL, left)?), Self(Stream::from_connected(CALL, right)?)))
    }

    pub(super) const fn from_stream(stream: Stream<Self>) -> Self {
        Self(stream)
    }

    /// Takes a std stream over, which must be in non-blocking mode.
    ///
    /// # Errors
    /// Any error of registering it with the reactor.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::io::Write;
    /// use whippet::net::UnixStream;
    /// let (ours, mut theirs) = std::os::unix::net::UnixStream::pair()?;
    /// ours.set_nonblocking(true)?;
    /// let ours = UnixStream::from_std(ours)?;
    /// theirs.write_all(b"hello")?;
    /// ours.readable().await?;
    /// assert_eq!(ours.try_read(&mut [0; 16])?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn from_std(stream: std::os::unix::net::UnixStream) -> io::Result<Self> {
        Ok(Self(Stream::from_connected("UnixStream::from_std", stream.into())?))
    }

    /// Gives the std stream back, in non-blocking mode.
    ///
    /// # Errors
    /// None at present.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::io::Read;
    /// let (left, right) = whippet::net::UnixStream::pair()?;
    /// let mut right = right.into_std()?;
    /// right.set_nonblocking(false)?;
    /// left.try_write(b"hello")?;
    /// assert_eq!(right.read(&mut [0; 16])?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn into_std(self) -> io::Result<std::os::unix::net::UnixStream> {
        Ok(self.0.into_inner().into())
    }

    /// Who is at the other end.
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (left, right) = whippet::net::UnixStream::pair()?;
    /// // Both ends are this process's.
    /// assert_eq!(left.peer_cred()?.pid(), Some(std::process::id() as i32));
    /// assert_eq!(left.peer_cred()?, right.peer_cred()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn peer_cred(&self) -> io::Result<UCred> {
        let (pid, uid, gid) = options::peer_credentials(&self.0)?;
        Ok(UCred { pid, uid, gid })
    }

    /// Two halves that borrow the stream, to read and to write in one task.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, AsyncWriteExt};
    /// let (mut client, mut server) = whippet::net::UnixStream::pair()?;
    /// let (reader, mut writer) = server.split();
    /// client.write_all(b"hello").await?;
    /// assert_eq!(whippet::io::copy(&mut reader.take(5), &mut writer).await?, 5);
    /// let mut echo = [0; 5];
    /// client.read_exact(&mut echo).await?;
    /// assert_eq!(&echo, b"hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn split(&mut self) -> (ReadHalf<'_, Self>, WriteHalf<'_, Self>) {
        split::split(self)
    }

    /// Two halves that own the stream together, to read and to write in two tasks.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, AsyncWriteExt};
    /// let (client, server) = whippet::net::UnixStream::pair()?;
    /// let (mut reader, mut writer) = client.into_split();
    /// let reads = whippet::spawn(async move {
    ///     let mut word = [0; 5];
    ///     reader.read_exact(&mut word).await.map(|_| word)
    /// });
    /// writer.write_all(b"hello").await?;
    /// drop(writer);
    /// whippet::io::copy(&mut &server, &mut &server).await?;
    /// assert_eq!(&reads.await??, b"hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn into_split(self) -> (OwnedReadHalf<Self>, OwnedWriteHalf<Self>) {
        split::into_split(self)
    }

    /// This end's name.
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{UnixListener, UnixStream};
    /// # let name = format!("whippet-stream-local-{}", std::process::id());
    /// let listener = UnixListener::bind(format!("\0{name}"))?;
    /// let client = UnixStream::connect(format!("\0{name}")).await?;
    /// let (server, _) = listener.accept().await?;
    /// assert_eq!(server.local_addr()?.as_abstract_name(), Some(name.as_bytes()));
    /// assert!(client.local_addr()?.is_unnamed());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(SocketAddr::from_raw(Some(socket::local_name(&self.0)?)))
    }

    /// The other end's name.
    ///
    /// # Errors
    /// Any error of the system call, such as for a connection that is gone.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{UnixListener, UnixStream};
    /// # let name = format!("\0whippet-stream-peer-{}", std::process::id());
    /// let listener = UnixListener::bind(&name)?;
    /// let client = UnixStream::connect(&name).await?;
    /// assert_eq!(client.peer_addr()?, listener.local_addr()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(SocketAddr::from_raw(socket::peer_name(&self.0)?))
    }

    #[inline]
    const fn socket(&self) -> &Stream<Self> {
        &self.0
    }
}

impl StreamKind for UnixStream {
    const SHORT_IS_LAST: bool = false;
}

impl SplitStream for UnixStream {
    type Address = SocketAddr;

    #[inline]
    fn stream(&self) -> &Stream<Self> {
        &self.0
    }

    fn local(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }

    fn peer(&self) -> io::Result<SocketAddr> {
        self.peer_addr()
    }
}

impl_stream_methods!(UnixStream, "let (left, right) = whippet::net::UnixStream::pair()?;");
