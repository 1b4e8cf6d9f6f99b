//! Where connections of one machine's processes come in.

use super::listener::{Accepted, Listener};
use super::unix_address::{SocketAddr, parse_path};
use super::unix_stream::UnixStream;
use crate::sys::socket;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::path::Path;
use std::task::{Context, Poll};

/// Connections that may wait to be accepted. A connect that finds the queue full fails at once, and no readiness announces
/// when there is space.
const BACKLOG: u32 = 1024;

/// A Unix stream socket that listens. The path stays when it is dropped: the program that bound it removes it.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::net::{UnixListener, UnixStream};
/// // An abstract name: it is not in the file system, and goes with the listener.
/// # let name = format!("\0whippet-example-{}", std::process::id());
/// let listener = UnixListener::bind(&name)?;
/// let _client = UnixStream::connect(&name).await?;
/// let (server, peer) = listener.accept().await?;
/// assert!(peer.is_unnamed());
/// assert_eq!(server.peer_cred()?.pid(), Some(std::process::id() as i32));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct UnixListener(Listener<UnixStream>);

impl UnixListener {
    /// Listens at `path`, which must not exist yet. A path that begins with a zero byte is an abstract name.
    ///
    /// # Errors
    /// Errors of the system call: the path exists, cannot be made, is too long.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::UnixListener;
    /// # let path = std::env::temp_dir().join(format!("whippet-bind-{}", std::process::id()));
    /// let listener = UnixListener::bind(&path)?;
    /// drop(listener);
    /// // The path stays: the program that bound it removes it.
    /// let taken = UnixListener::bind(&path).unwrap_err();
    /// assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
    /// std::fs::remove_file(&path)?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        let descriptor = socket::unix(socket::Kind::STREAM)?;
        socket::bind(&descriptor, &parse_path(path.as_ref())?)?;
        Ok(Self(Listener::listen("UnixListener::bind", descriptor, BACKLOG)?))
    }

    /// As [`bind`](Self::bind), with the name of another socket, or one of std's.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::os::linux::net::SocketAddrExt;
    /// use std::os::unix::net::SocketAddr;
    /// use whippet::net::{UnixListener, UnixStream};
    /// # let name = format!("whippet-bind-addr-{}", std::process::id());
    /// let address = SocketAddr::from_abstract_name(&name)?.into();
    /// let listener = UnixListener::bind_addr(&address)?;
    /// let client = UnixStream::connect_addr(&address).await?;
    /// assert_eq!(client.peer_addr()?, address);
    /// assert!(listener.accept().await?.1.is_unnamed());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn bind_addr(address: &SocketAddr) -> io::Result<Self> {
        let descriptor = socket::unix(socket::Kind::STREAM)?;
        socket::bind(&descriptor, address.as_arg())?;
        Ok(Self(Listener::listen("UnixListener::bind_addr", descriptor, BACKLOG)?))
    }

    pub(super) const fn from_listener(listener: Listener<UnixStream>) -> Self {
        Self(listener)
    }

    /// Takes a std listener over, which must be in non-blocking mode.
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
    /// use whippet::net::{UnixListener, UnixStream};
    /// # let path = std::env::temp_dir().join(format!("whippet-from-std-{}", std::process::id()));
    /// let listener = std::os::unix::net::UnixListener::bind(&path)?;
    /// listener.set_nonblocking(true)?;
    /// let listener = UnixListener::from_std(listener)?;
    /// let _client = UnixStream::connect(&path).await?;
    /// # std::fs::remove_file(&path)?;
    /// assert!(listener.accept().await?.1.is_unnamed());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn from_std(listener: std::os::unix::net::UnixListener) -> io::Result<Self> {
        Ok(Self(Listener::from_listening("UnixListener::from_std", listener.into())?))
    }

    /// Gives the std listener back, in non-blocking mode.
    ///
    /// # Errors
    /// None at present.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{UnixListener, UnixStream};
    /// # let name = format!("\0whippet-into-std-{}", std::process::id());
    /// let listener = UnixListener::bind(&name)?;
    /// let _client = UnixStream::connect(&name).await?;
    /// let listener = listener.into_std()?;
    /// listener.set_nonblocking(false)?;
    /// assert!(listener.accept()?.1.is_unnamed());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn into_std(self) -> io::Result<std::os::unix::net::UnixListener> {
        Ok(self.0.into_inner().into())
    }

    /// Waits for a connection, and takes it with its peer's name.
    ///
    /// # Errors
    /// Errors of the system call: no descriptor or memory left. It leaves the listener as it was.
    ///
    /// # Cancel safety
    /// Cancel safe: dropped, it has accepted nothing.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{UnixListener, UnixStream};
    /// # let path = std::env::temp_dir().join(format!("whippet-accept-{}", std::process::id()));
    /// let listener = UnixListener::bind(&path)?;
    /// let _client = UnixStream::connect(&path).await?;
    /// let (server, peer) = listener.accept().await?;
    /// assert!(peer.is_unnamed());
    /// assert_eq!(server.local_addr()?.as_pathname(), Some(&*path));
    /// # std::fs::remove_file(&path)?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        with_name(self.0.accept().await)
    }

    /// Polls for a connection. Several tasks may poll at once, and each is woken.
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::future::poll_fn;
    /// use whippet::net::{UnixListener, UnixStream};
    /// # let name = format!("\0whippet-poll-accept-{}", std::process::id());
    /// let listener = UnixListener::bind(&name)?;
    /// let _client = UnixStream::connect(&name).await?;
    /// let (_server, peer) = poll_fn(|cx| listener.poll_accept(cx)).await?;
    /// assert!(peer.is_unnamed());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(UnixStream, SocketAddr)>> {
        self.0.poll_accept(cx).map(with_name)
    }

    /// Takes a connection if one waits.
    ///
    /// # Errors
    /// `WouldBlock` when none waits; else as [`accept`](Self::accept).
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let name = format!("\0whippet-try-accept-{}", std::process::id());
    /// let listener = whippet::net::UnixListener::bind(&name)?;
    /// let error = listener.try_accept().unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn try_accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        with_name(self.0.try_accept())
    }

    /// The error that is pending on the listener, taken off it.
    ///
    /// # Errors
    /// Any error of `getsockopt(2)`.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let name = format!("\0whippet-take-error-{}", std::process::id());
    /// let listener = whippet::net::UnixListener::bind(&name)?;
    /// assert!(listener.take_error()?.is_none());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        socket::take_error(&self.0)
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let name = format!("whippet-local-addr-{}", std::process::id());
    /// let listener = whippet::net::UnixListener::bind(format!("\0{name}"))?;
    /// assert_eq!(listener.local_addr()?.as_abstract_name(), Some(name.as_bytes()));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(SocketAddr::from_raw(Some(socket::local_name(&self.0)?)))
    }
}

fn with_name(accepted: io::Result<Accepted<UnixStream>>) -> io::Result<(UnixStream, SocketAddr)> {
    let (stream, peer) = accepted?;
    Ok((UnixStream::from_stream(stream), SocketAddr::from_raw(peer)))
}

impl AsFd for UnixListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for UnixListener {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}
