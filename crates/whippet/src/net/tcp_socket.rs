//! A TCP socket that neither listens nor is connected yet, to set its options first.

use super::macros::impl_socket_options;
use super::tcp_listener::TcpListener;
use super::tcp_stream::TcpStream;
use crate::sys::{options, socket};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// A TCP socket that neither listens nor is connected yet.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let socket = whippet::net::TcpSocket::new_v4()?;
/// socket.set_reuseaddr(true)?;
/// socket.bind("127.0.0.1:0".parse().unwrap())?;
/// let listener = socket.listen(1024)?;
/// assert_ne!(listener.local_addr()?.port(), 0);
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
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let socket = whippet::net::TcpSocket::new_v4()?;
    /// socket.bind("127.0.0.1:0".parse().unwrap())?;
    /// assert!(socket.local_addr()?.is_ipv4());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn new_v4() -> io::Result<Self> {
        Ok(Self(socket::tcp(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)))?))
    }

    /// A socket for IPv6.
    ///
    /// # Errors
    /// No descriptor or memory left; a system without IPv6.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::TcpSocket;
    /// # if TcpSocket::new_v6().is_err() { return std::io::Result::Ok(()) }
    /// let socket = TcpSocket::new_v6()?;
    /// assert!(socket.local_addr()?.is_ipv6());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn new_v6() -> io::Result<Self> {
        Ok(Self(socket::tcp(&SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)))?))
    }

    /// Sets whether an address may be taken whose former connections are still fading.
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let socket = whippet::net::TcpSocket::new_v4()?;
    /// socket.set_reuseaddr(true)?;
    /// assert!(socket.reuseaddr()?);
    /// socket.bind("127.0.0.1:0".parse().unwrap())?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_reuseaddr(&self, reuse: bool) -> io::Result<()> {
        options::set_reuse_address(&self.0, reuse)
    }

    /// Sets whether several sockets may share an address, connections being spread over them.
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::TcpSocket;
    /// let listen = |address| {
    ///     let socket = TcpSocket::new_v4()?;
    ///     socket.set_reuseport(true)?;
    ///     socket.bind(address)?;
    ///     socket.listen(1024)
    /// };
    /// let one = listen("127.0.0.1:0".parse().unwrap())?;
    /// let other = listen(one.local_addr()?)?;
    /// assert_eq!(one.local_addr()?, other.local_addr()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_reuseport(&self, reuse: bool) -> io::Result<()> {
        options::set_reuse_port(&self.0, reuse)
    }

    /// Sets whether an IPv6 socket leaves IPv4 alone.
    ///
    /// # Errors
    /// Any error of the system call, such as for an IPv4 socket.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::TcpSocket;
    /// # if TcpSocket::new_v6().is_err() { return std::io::Result::Ok(()) }
    /// let socket = TcpSocket::new_v6()?;
    /// socket.set_only_v6(true)?;
    /// assert!(rustix::net::sockopt::ipv6_v6only(&socket)?);
    /// assert!(TcpSocket::new_v4()?.set_only_v6(true).is_err());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_only_v6(&self, only: bool) -> io::Result<()> {
        options::set_only_v6(&self.0, only)
    }

    /// Sets the size of the kernel's buffer for writing, in bytes (it doubles the figure for its own needs).
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let socket = whippet::net::TcpSocket::new_v4()?;
    /// socket.set_send_buffer_size(16 * 1024)?;
    /// assert_eq!(socket.send_buffer_size()?, 2 * 16 * 1024);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_send_buffer_size(&self, bytes: u32) -> io::Result<()> {
        options::set_send_buffer(&self.0, bytes as usize)
    }

    /// Sets the size of the kernel's buffer for reading, in bytes (it doubles the figure for its own needs). Before
    /// connecting, so that the window is announced by it.
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let socket = whippet::net::TcpSocket::new_v4()?;
    /// socket.set_recv_buffer_size(16 * 1024)?;
    /// assert_eq!(socket.recv_buffer_size()?, 2 * 16 * 1024);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_recv_buffer_size(&self, bytes: u32) -> io::Result<()> {
        options::set_receive_buffer(&self.0, bytes as usize)
    }

    /// Sets whether small writes are sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{TcpSocket, TcpStream};
    /// let socket = TcpSocket::new_v4()?;
    /// socket.set_nodelay(true)?;
    /// socket.bind("127.0.0.1:0".parse().unwrap())?;
    /// // Each connection of a listener has it from there.
    /// let listener = socket.listen(1024)?;
    /// let _client = TcpStream::connect(listener.local_addr()?).await?;
    /// assert!(listener.accept().await?.0.nodelay()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        options::set_nodelay(&self.0, nodelay)
    }

    /// Has a close reset the connection: what was written and is not sent is lost (`SO_LINGER` of zero).
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::io::ErrorKind;
    /// use whippet::net::{TcpListener, TcpSocket};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let socket = TcpSocket::new_v4()?;
    /// socket.set_zero_linger()?;
    /// let client = socket.connect(listener.local_addr()?).await?;
    /// let (server, _) = listener.accept().await?;
    /// drop(client);
    /// server.readable().await?;
    /// assert_eq!(server.try_read(&mut [0; 16]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_zero_linger(&self) -> io::Result<()> {
        self.set_linger(Some(Duration::ZERO))
    }

    /// Bytes of the kernel's buffer for writing: twice what was set.
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let socket = whippet::net::TcpSocket::new_v4()?;
    /// assert_ne!(socket.send_buffer_size()?, 0);
    /// socket.set_send_buffer_size(16 * 1024)?;
    /// // The kernel has doubled the figure.
    /// assert_eq!(socket.send_buffer_size()?, 2 * 16 * 1024);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn send_buffer_size(&self) -> io::Result<u32> {
        Ok(u32::try_from(options::send_buffer(&self.0)?).unwrap_or(u32::MAX))
    }

    /// Bytes of the kernel's buffer for reading: twice what was set.
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let socket = whippet::net::TcpSocket::new_v4()?;
    /// assert_ne!(socket.recv_buffer_size()?, 0);
    /// socket.set_recv_buffer_size(16 * 1024)?;
    /// // The kernel has doubled the figure.
    /// assert_eq!(socket.recv_buffer_size()?, 2 * 16 * 1024);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn recv_buffer_size(&self) -> io::Result<u32> {
        Ok(u32::try_from(options::receive_buffer(&self.0)?).unwrap_or(u32::MAX))
    }

    /// Takes a std socket over, which should be neither connected nor listening: one that was made elsewhere, with options
    /// that this type has no method for. It must be in non-blocking mode.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
    /// use whippet::net::{TcpListener, TcpSocket};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let (family, kind) = (AddressFamily::INET, SocketType::STREAM);
    /// let made = socket_with(family, kind, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, None)?;
    /// let socket = TcpSocket::from_std_stream(std::net::TcpStream::from(made));
    /// let stream = socket.connect(listener.local_addr()?).await?;
    /// assert_eq!(stream.peer_addr()?, listener.local_addr()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn from_std_stream(stream: std::net::TcpStream) -> Self {
        Self(stream.into())
    }

    /// The error that is pending on the socket, taken off it.
    ///
    /// # Errors
    /// Any error of `getsockopt(2)`.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let socket = whippet::net::TcpSocket::new_v4()?;
    /// assert!(socket.take_error()?.is_none());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        socket::take_error(&self.0)
    }

    /// Names the socket.
    ///
    /// # Errors
    /// Errors of the system call: the address is taken, not this machine's, or not allowed.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::io::ErrorKind;
    /// use whippet::net::{TcpListener, TcpSocket};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let socket = TcpSocket::new_v4()?;
    /// let taken = socket.bind(listener.local_addr()?).unwrap_err();
    /// assert_eq!(taken.kind(), ErrorKind::AddrInUse);
    /// socket.bind("127.0.0.1:0".parse().unwrap())?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn bind(&self, address: SocketAddr) -> io::Result<()> {
        socket::bind(&self.0, &address)
    }

    /// The socket's address.
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let socket = whippet::net::TcpSocket::new_v4()?;
    /// // Nobody has named it yet.
    /// assert_eq!(socket.local_addr()?, "0.0.0.0:0".parse().unwrap());
    /// socket.bind("127.0.0.1:0".parse().unwrap())?;
    /// assert_ne!(socket.local_addr()?.port(), 0);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        socket::local_address(&self.0)
    }

    /// Lets connections come; `backlog` of them may wait to be accepted (the kernel's `somaxconn` at most).
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::{TcpSocket, TcpStream};
    /// let socket = TcpSocket::new_v4()?;
    /// socket.bind("127.0.0.1:0".parse().unwrap())?;
    /// let listener = socket.listen(16)?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// assert_eq!(listener.accept().await?.1, client.local_addr()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn listen(self, backlog: u32) -> io::Result<TcpListener> {
        TcpListener::listen("TcpSocket::listen", self.0, backlog)
    }

    /// Connects.
    ///
    /// # Errors
    /// Errors of the system call: refused, unreachable, timed out.
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
    /// use whippet::net::{TcpListener, TcpSocket};
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let socket = TcpSocket::new_v4()?;
    /// socket.set_nodelay(true)?;
    /// let stream = socket.connect(listener.local_addr()?).await?;
    /// assert_eq!(stream.peer_addr()?, listener.local_addr()?);
    /// assert!(stream.nodelay()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn connect(self, address: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::connect_to(self.0, &address).await
    }
}

impl AsFd for TcpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for TcpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl From<OwnedFd> for TcpSocket {
    /// A descriptor that is a TCP socket in non-blocking mode.
    fn from(descriptor: OwnedFd) -> Self {
        Self(descriptor)
    }
}

impl IntoRawFd for TcpSocket {
    /// The descriptor, which the caller is to close.
    fn into_raw_fd(self) -> RawFd {
        self.0.into_raw_fd()
    }
}

impl From<TcpSocket> for OwnedFd {
    fn from(socket: TcpSocket) -> Self {
        socket.0
    }
}

impl_socket_options! { TcpSocket:
    set set_keepalive(bool) = set_keepalive_on: "Sets whether a peer that vanished from an idle connection is looked for (`SO_KEEPALIVE`), at the system's pace; [`TcpStream::set_keepalive`] sets another.",
        "use whippet::net::{TcpListener, TcpSocket};\n\
         let listener = TcpListener::bind(\"127.0.0.1:0\").await?;\n\
         let socket = TcpSocket::new_v4()?;\n\
         socket.set_keepalive(true)?;\n\
         let stream = socket.connect(listener.local_addr()?).await?;\n\
         assert!(rustix::net::sockopt::socket_keepalive(&stream)?);";
    set set_linger(Option<Duration>) = set_linger: "Sets how long a close waits for what was written (`SO_LINGER`); zero resets the connection.",
        "use std::time::Duration;\n\
         use whippet::net::{TcpListener, TcpSocket};\n\
         let listener = TcpListener::bind(\"127.0.0.1:0\").await?;\n\
         let socket = TcpSocket::new_v4()?;\n\
         socket.set_linger(Some(Duration::from_secs(2)))?;\n\
         let stream = socket.connect(listener.local_addr()?).await?;\n\
         assert_eq!(stream.linger()?, Some(Duration::from_secs(2)));";
    set set_tos_v4(u32) = set_tos_v4: "Sets the type of service of packets of IPv4 (`IP_TOS`).",
        "let socket = whippet::net::TcpSocket::new_v4()?;\n\
         // What must not wait (`IPTOS_LOWDELAY`).\n\
         socket.set_tos_v4(0x10)?;\n\
         assert_eq!(socket.tos_v4()?, 0x10);\n\
         assert!(socket.set_tos_v4(256).is_err());";
    set set_tclass_v6(u32) = set_tclass_v6: "Sets the class of service of packets of IPv6 (`IPV6_TCLASS`).",
        "use whippet::net::TcpSocket;\n\
         # if TcpSocket::new_v6().is_err() { return std::io::Result::Ok(()) }\n\
         let socket = TcpSocket::new_v6()?;\n\
         socket.set_tclass_v6(0x10)?;\n\
         assert_eq!(socket.tclass_v6()?, 0x10);";
    get keepalive -> bool = keepalive_on: "Whether a peer that vanished from an idle connection is looked for (`SO_KEEPALIVE`).",
        "let socket = whippet::net::TcpSocket::new_v4()?;\n\
         assert!(!socket.keepalive()?);\n\
         socket.set_keepalive(true)?;\n\
         assert!(socket.keepalive()?);";
    get reuseaddr -> bool = reuse_address: "Whether an address may be taken whose former connections are still fading.",
        "let socket = whippet::net::TcpSocket::new_v4()?;\n\
         assert!(!socket.reuseaddr()?);\n\
         socket.set_reuseaddr(true)?;\n\
         assert!(socket.reuseaddr()?);";
    get reuseport -> bool = reuse_port: "Whether several sockets may share an address.",
        "let socket = whippet::net::TcpSocket::new_v4()?;\n\
         assert!(!socket.reuseport()?);\n\
         socket.set_reuseport(true)?;\n\
         assert!(socket.reuseport()?);";
    get linger -> Option<Duration> = linger: "How long a close waits for what was written.",
        "use std::time::Duration;\n\
         let socket = whippet::net::TcpSocket::new_v4()?;\n\
         assert_eq!(socket.linger()?, None);\n\
         socket.set_zero_linger()?;\n\
         assert_eq!(socket.linger()?, Some(Duration::ZERO));";
    get nodelay -> bool = nodelay: "Whether small writes are sent at once (`TCP_NODELAY`).",
        "let socket = whippet::net::TcpSocket::new_v4()?;\n\
         assert!(!socket.nodelay()?);\n\
         socket.set_nodelay(true)?;\n\
         assert!(socket.nodelay()?);";
    get tos_v4 -> u32 = tos_v4: "The type of service of packets of IPv4 (`IP_TOS`).",
        "let socket = whippet::net::TcpSocket::new_v4()?;\n\
         assert_eq!(socket.tos_v4()?, 0);\n\
         socket.set_tos_v4(0x10)?;\n\
         assert_eq!(socket.tos_v4()?, 0x10);";
    get tclass_v6 -> u32 = tclass_v6: "The class of service of packets of IPv6 (`IPV6_TCLASS`).",
        "use whippet::net::TcpSocket;\n\
         # if TcpSocket::new_v6().is_err() { return std::io::Result::Ok(()) }\n\
         let socket = TcpSocket::new_v6()?;\n\
         assert_eq!(socket.tclass_v6()?, 0);\n\
         socket.set_tclass_v6(0x10)?;\n\
         assert_eq!(socket.tclass_v6()?, 0x10);";
}
