//! A Unix datagram socket.

use super::datagram::{Datagram, Received};
use super::macros::impl_datagram_methods;
use super::unix_address::{SocketAddr, parse_path};
use crate::sys::socket::{self, Kind};
use std::io;
use std::path::Path;
use std::task::{Context, Poll};

/// A Unix datagram socket: whole messages between processes of one machine, none lost, in order. A receiver that is
/// full makes senders wait.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (left, right) = whippet::net::UnixDatagram::pair()?;
/// left.send(b"one").await?;
/// left.send(b"two").await?;
/// assert_eq!(right.recv(&mut [0; 16]).await?, 3);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct UnixDatagram(Datagram);

impl UnixDatagram {
    /// A socket with a name: a path that must not exist yet, or, after a zero byte, an abstract name. The path stays
    /// when it is dropped.
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
    /// use whippet::net::UnixDatagram;
    /// # let path = std::env::temp_dir().join(format!("whippet-datagram-{}", std::process::id()));
    /// let socket = UnixDatagram::bind(&path)?;
    /// assert_eq!(socket.local_addr()?.as_pathname(), Some(&*path));
    /// // The path stays.
    /// drop(socket);
    /// std::fs::remove_file(&path)?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        let descriptor = socket::unix(Kind::DGRAM)?;
        socket::bind(&descriptor, &parse_path(path.as_ref())?)?;
        Ok(Self(Datagram::new("UnixDatagram::bind", descriptor)?))
    }

    /// A socket without a name, which no peer can answer.
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
    /// use whippet::net::UnixDatagram;
    /// # let name = format!("\0whippet-unbound-{}", std::process::id());
    /// let there = UnixDatagram::bind(&name)?;
    /// let here = UnixDatagram::unbound()?;
    /// here.send_to(b"hello", &name).await?;
    /// let (_count, sender) = there.recv_from(&mut [0; 16]).await?;
    /// assert!(sender.is_unnamed());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn unbound() -> io::Result<Self> {
        Ok(Self(Datagram::new("UnixDatagram::unbound", socket::unix(Kind::DGRAM)?)?))
    }

    /// Two sockets connected to each other.
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
    /// let (left, right) = whippet::net::UnixDatagram::pair()?;
    /// left.send(b"ping").await?;
    /// assert_eq!(right.recv(&mut [0; 16]).await?, 4);
    /// right.send(b"pong!").await?;
    /// assert_eq!(left.recv(&mut [0; 16]).await?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn pair() -> io::Result<(Self, Self)> {
        const CALL: &str = "UnixDatagram::pair";
        let (left, right) = socket::unix_pair(Kind::DGRAM)?;
        Ok((Self(Datagram::new(CALL, left)?), Self(Datagram::new(CALL, right)?)))
    }

    pub(super) const fn from_datagram(datagram: Datagram) -> Self {
        Self(datagram)
    }

    /// Takes a std socket over, which must be in non-blocking mode.
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
    /// use whippet::net::UnixDatagram;
    /// let (ours, theirs) = std::os::unix::net::UnixDatagram::pair()?;
    /// ours.set_nonblocking(true)?;
    /// let ours = UnixDatagram::from_std(ours)?;
    /// theirs.send(b"hello")?;
    /// assert_eq!(ours.recv(&mut [0; 16]).await?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn from_std(socket: std::os::unix::net::UnixDatagram) -> io::Result<Self> {
        Ok(Self(Datagram::new("UnixDatagram::from_std", socket.into())?))
    }

    /// Gives the std socket back, in non-blocking mode.
    ///
    /// # Errors
    /// None at present.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (left, right) = whippet::net::UnixDatagram::pair()?;
    /// let right = right.into_std()?;
    /// right.set_nonblocking(false)?;
    /// left.send(b"hello").await?;
    /// assert_eq!(right.recv(&mut [0; 16])?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn into_std(self) -> io::Result<std::os::unix::net::UnixDatagram> {
        Ok(self.0.into_inner().into())
    }

    /// Sets the peer that [`send`](Self::send) sends to and [`recv`](Self::recv) receives from alone.
    ///
    /// # Errors
    /// Errors of the system call: no socket has that name, not allowed.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::UnixDatagram;
    /// # let name = format!("\0whippet-datagram-connect-{}", std::process::id());
    /// let here = UnixDatagram::unbound()?;
    /// let error = here.connect(&name).unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    /// let there = UnixDatagram::bind(&name)?;
    /// here.connect(&name)?;
    /// here.send(b"hello").await?;
    /// assert_eq!(there.recv(&mut [0; 16]).await?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn connect<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        socket::connect(&self.0, &parse_path(path.as_ref())?)
    }

    /// Sends a datagram to a name, and gives its length.
    ///
    /// Linux announces space in a full receiver only to sockets that are [connected](Self::connect) to it. To another
    /// this may wait longer than there is reason to: connect first, or bound it by a timeout.
    ///
    /// # Errors
    /// Errors of the system call: no socket has that name, not allowed, too long.
    ///
    /// # Cancel safety
    /// Cancel safe: dropped, it has sent nothing.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::UnixDatagram;
    /// # let name = format!("\0whippet-send-to-{}", std::process::id());
    /// let here = UnixDatagram::unbound()?;
    /// let there = UnixDatagram::bind(&name)?;
    /// assert_eq!(here.send_to(b"hello", &name).await?, 5);
    /// assert_eq!(there.recv(&mut [0; 16]).await?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn send_to<P: AsRef<Path>>(&self, bytes: &[u8], path: P) -> io::Result<usize> {
        let to = parse_path(path.as_ref())?;
        self.0.send_to(bytes, &to).await
    }

    /// Sends a datagram to a name if there is space.
    ///
    /// # Errors
    /// `WouldBlock` when there is none; else as [`send_to`](Self::send_to).
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::UnixDatagram;
    /// # let name = format!("\0whippet-try-send-to-{}", std::process::id());
    /// let here = UnixDatagram::unbound()?;
    /// let there = UnixDatagram::bind(&name)?;
    /// here.writable().await?;
    /// assert_eq!(here.try_send_to(b"hello", &name)?, 5);
    /// assert_eq!(there.recv(&mut [0; 16]).await?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn try_send_to<P: AsRef<Path>>(&self, bytes: &[u8], path: P) -> io::Result<usize> {
        self.0.try_send_to(bytes, &parse_path(path.as_ref())?)
    }

    /// Polls for [`send_to`](Self::send_to). Several tasks may poll at once, and each is woken.
    ///
    /// # Errors
    /// As [`send_to`](Self::send_to).
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::future::poll_fn;
    /// use whippet::net::UnixDatagram;
    /// # let name = format!("\0whippet-poll-send-to-{}", std::process::id());
    /// let here = UnixDatagram::unbound()?;
    /// let there = UnixDatagram::bind(&name)?;
    /// assert_eq!(poll_fn(|cx| here.poll_send_to(cx, b"hello", &name)).await?, 5);
    /// assert_eq!(there.recv(&mut [0; 16]).await?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn poll_send_to<P: AsRef<Path>>(
        &self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        path: P,
    ) -> Poll<io::Result<usize>> {
        match parse_path(path.as_ref()) {
            Ok(to) => self.0.poll_send_to(cx, bytes, &to),
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    /// Ends a direction, or both, at once: a peer that reads finds the end.
    ///
    /// # Errors
    /// Any error of the system call, such as when the socket is connected to none.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (left, _right) = whippet::net::UnixDatagram::pair()?;
    /// left.shutdown(std::net::Shutdown::Write)?;
    /// let error = left.send(b"hello").await.unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn shutdown(&self, how: std::net::Shutdown) -> io::Result<()> {
        socket::shutdown(&self.0, how)
    }

    /// The socket's name.
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::UnixDatagram;
    /// # let name = format!("whippet-datagram-local-{}", std::process::id());
    /// let socket = UnixDatagram::bind(format!("\0{name}"))?;
    /// assert_eq!(socket.local_addr()?.as_abstract_name(), Some(name.as_bytes()));
    /// assert!(UnixDatagram::unbound()?.local_addr()?.is_unnamed());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(SocketAddr::from_raw(Some(socket::local_name(&self.0)?)))
    }

    /// The name of the peer that the socket is connected to.
    ///
    /// # Errors
    /// Any error of the system call, such as when it is connected to none.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::UnixDatagram;
    /// # let name = format!("\0whippet-datagram-peer-{}", std::process::id());
    /// let there = UnixDatagram::bind(&name)?;
    /// let here = UnixDatagram::unbound()?;
    /// assert!(here.peer_addr().is_err());
    /// here.connect(&name)?;
    /// assert_eq!(here.peer_addr()?, there.local_addr()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(SocketAddr::from_raw(socket::peer_name(&self.0)?))
    }

    #[inline]
    const fn socket(&self) -> &Datagram {
        &self.0
    }
}

#[expect(clippy::unnecessary_wraps, reason = "in the shape that all datagram sockets share")]
fn with_name((count, sender): Received) -> io::Result<(usize, SocketAddr)> {
    Ok((count, SocketAddr::from_raw(sender)))
}

impl_datagram_methods!(
    UnixDatagram,
    SocketAddr,
    with_name,
    "// Abstract names: they have no place in the file system.\n\
     let name = |end| format!(\"\\0whippet-{end}-{}\", std::process::id());\n\
     let left = whippet::net::UnixDatagram::bind(name(\"left\"))?;\n\
     let right = whippet::net::UnixDatagram::bind(name(\"right\"))?;\n\
     left.connect(name(\"right\"))?;"
);
