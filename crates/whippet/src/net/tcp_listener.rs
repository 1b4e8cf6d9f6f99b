//! Where TCP connections come in.

use super::address::{ToSocketAddrs, first_ok, resolve};
use super::listener::{Accepted, Listener};
use super::macros::impl_socket_options;
use super::tcp_stream::TcpStream;
use crate::sys::{options, socket};
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
pub struct TcpListener(Listener<TcpStream>);

impl TcpListener {
    /// Listens on the first of the addresses that can be had; port 0 lets the kernel choose. The address may be one
    /// whose former connections are still fading (`SO_REUSEADDR`).
    ///
    /// # Errors
    /// Those of the last address: taken, not this machine's, not allowed; those of the look-up of a name.
    ///
    /// # Cancel safety
    /// Dropped, it listens to nothing.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::TcpListener;
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let taken = TcpListener::bind(listener.local_addr()?).await.unwrap_err();
    /// assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn bind<A: ToSocketAddrs>(addresses: A) -> io::Result<Self> {
        first_ok(resolve(addresses).await?, Self::bind_to)
    }

    fn bind_to(address: &SocketAddr) -> io::Result<Self> {
        let descriptor = socket::tcp(address)?;
        options::set_reuse_address(&descriptor, true)?;
        socket::bind(&descriptor, address)?;
        Self::listen("TcpListener::bind", descriptor, BACKLOG)
    }

    #[track_caller]
    pub(super) fn listen(call: &str, descriptor: OwnedFd, backlog: u32) -> io::Result<Self> {
        Ok(Self(Listener::listen(call, descriptor, backlog)?))
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
    /// use whippet::net::{TcpListener, TcpStream};
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// listener.set_nonblocking(true)?;
    /// let listener = TcpListener::from_std(listener)?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// assert_eq!(listener.accept().await?.1, client.local_addr()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn from_std(listener: std::net::TcpListener) -> io::Result<Self> {
        Ok(Self(Listener::from_listening("TcpListener::from_std", listener.into())?))
    }

    /// Gives the std listener back, in non-blocking mode.
    ///
    /// # Errors
    /// None at present.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// let listener = listener.into_std()?;
    /// listener.set_nonblocking(false)?;
    /// let (_server, peer) = listener.accept()?;
    /// assert_eq!(peer, client.local_addr()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn into_std(self) -> io::Result<std::net::TcpListener> {
        Ok(self.0.into_inner().into())
    }

    /// Waits for a connection, and takes it with its peer's address.
    ///
    /// # Errors
    /// Errors of the system call: a connection that died while it waited (`ConnectionAborted`), no descriptor or memory left.
    /// Either leaves the listener as it was.
    ///
    /// # Cancel safety
    /// Cancel safe: dropped, it has accepted nothing.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (server, peer) = listener.accept().await?;
    /// assert_eq!(peer, client.local_addr()?);
    /// assert_eq!(server.local_addr()?, client.peer_addr()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        with_address(self.0.accept().await)
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
    /// use whippet::net::{TcpListener, TcpStream};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (_server, peer) = poll_fn(|cx| listener.poll_accept(cx)).await?;
    /// assert_eq!(peer, client.local_addr()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        self.0.poll_accept(cx).map(with_address)
    }

    /// Takes a connection if one waits.
    ///
    /// # Errors
    /// `WouldBlock` when none waits; else as [`accept`](Self::accept).
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let listener = whippet::net::TcpListener::bind("127.0.0.1:0").await?;
    /// let error = listener.try_accept().unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn try_accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        with_address(self.0.try_accept())
    }

    /// The address it listens on, with the port that the kernel chose.
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let listener = whippet::net::TcpListener::bind("127.0.0.1:0").await?;
    /// let address = listener.local_addr()?;
    /// assert!(address.ip().is_loopback());
    /// assert_ne!(address.port(), 0);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        socket::local_address(&self.0)
    }
}

fn with_address(accepted: io::Result<Accepted<TcpStream>>) -> io::Result<(TcpStream, SocketAddr)> {
    let (stream, peer) = accepted?;
    Ok((TcpStream::from_stream(stream), socket::internet_address(peer)?))
}

impl AsFd for TcpListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for TcpListener {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

impl_socket_options! { TcpListener:
    set set_ttl(u32) = set_ttl: "Sets through how many routers a packet of its connections may go (`IP_TTL`).",
        "use whippet::net::{TcpListener, TcpStream};\n\
         let listener = TcpListener::bind(\"127.0.0.1:0\").await?;\n\
         listener.set_ttl(5)?;\n\
         let _client = TcpStream::connect(listener.local_addr()?).await?;\n\
         let (accepted, _) = listener.accept().await?;\n\
         assert_eq!(accepted.ttl()?, 5);";
    get ttl -> u32 = ttl: "Through how many routers a packet of its connections may go (`IP_TTL`).",
        "let listener = whippet::net::TcpListener::bind(\"127.0.0.1:0\").await?;\n\
         listener.set_ttl(5)?;\n\
         assert_eq!(listener.ttl()?, 5);";
}
