//! A UDP socket.

use super::address::{ToSocketAddrs, first_ok, resolve};
use super::datagram::{Datagram, Received};
use super::macros::impl_datagram_methods;
use super::macros::impl_socket_options;
use crate::sys::{options, socket};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::{Context, Poll};

/// A UDP socket: sends and receives datagrams, of any peer or of the one it is connected to.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::net::UdpSocket;
/// let here = UdpSocket::bind("127.0.0.1:0").await?;
/// let there = UdpSocket::bind("127.0.0.1:0").await?;
/// here.send_to(b"hello", there.local_addr()?).await?;
/// let mut buffer = [0; 16];
/// let (count, sender) = there.recv_from(&mut buffer).await?;
/// assert_eq!((&buffer[..count], sender), (&b"hello"[..], here.local_addr()?));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct UdpSocket(Datagram);

impl UdpSocket {
    /// A socket with the first of the addresses that can be had; port 0 lets the kernel choose.
    ///
    /// # Errors
    /// Those of the last address: taken, not this machine's, not allowed; those of the look-up of a name.
    ///
    /// # Cancel safety
    /// Dropped, there is no socket.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let socket = whippet::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// assert!(socket.local_addr()?.ip().is_loopback());
    /// assert_ne!(socket.local_addr()?.port(), 0);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn bind<A: ToSocketAddrs>(addresses: A) -> io::Result<Self> {
        first_ok(resolve(addresses).await?, |address| {
            let descriptor = socket::udp(address)?;
            socket::bind(&descriptor, address)?;
            Ok(Self(Datagram::new("UdpSocket::bind", descriptor)?))
        })
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
    /// use whippet::net::UdpSocket;
    /// let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// socket.set_nonblocking(true)?;
    /// let socket = UdpSocket::from_std(socket)?;
    /// let sender = UdpSocket::bind("127.0.0.1:0").await?;
    /// sender.send_to(b"hello", socket.local_addr()?).await?;
    /// assert_eq!(socket.recv(&mut [0; 16]).await?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn from_std(socket: std::net::UdpSocket) -> io::Result<Self> {
        Ok(Self(Datagram::new("UdpSocket::from_std", socket.into())?))
    }

    /// Gives the std socket back, in non-blocking mode.
    ///
    /// # Errors
    /// None at present.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::UdpSocket;
    /// let here = UdpSocket::bind("127.0.0.1:0").await?;
    /// let there = UdpSocket::bind("127.0.0.1:0").await?;
    /// here.send_to(b"hello", there.local_addr()?).await?;
    /// let there = there.into_std()?;
    /// there.set_nonblocking(false)?;
    /// assert_eq!(there.recv(&mut [0; 16])?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn into_std(self) -> io::Result<std::net::UdpSocket> {
        Ok(self.0.into_inner().into())
    }

    /// Sets the peer that [`send`](Self::send) sends to and [`recv`](Self::recv) receives from alone: the first of the
    /// addresses that can be had.
    ///
    /// # Errors
    /// Those of the last address; those of the look-up of a name.
    ///
    /// # Cancel safety
    /// Dropped, the peer is the one that it was.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::UdpSocket;
    /// let here = UdpSocket::bind("127.0.0.1:0").await?;
    /// let there = UdpSocket::bind("127.0.0.1:0").await?;
    /// here.connect(there.local_addr()?).await?;
    /// assert_eq!(here.peer_addr()?, there.local_addr()?);
    /// here.send(b"hello").await?;
    /// assert_eq!(there.recv(&mut [0; 16]).await?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn connect<A: ToSocketAddrs>(&self, addresses: A) -> io::Result<()> {
        first_ok(resolve(addresses).await?, |address| socket::connect(&self.0, address))
    }

    /// Sends a datagram to the first of the addresses, and gives its length.
    ///
    /// # Errors
    /// Errors of the system call: too long, unreachable; those of the look-up of a name.
    ///
    /// # Cancel safety
    /// Cancel safe: dropped, it has sent nothing.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::UdpSocket;
    /// let here = UdpSocket::bind("127.0.0.1:0").await?;
    /// let there = UdpSocket::bind("127.0.0.1:0").await?;
    /// assert_eq!(here.send_to(b"hello", there.local_addr()?).await?, 5);
    /// assert_eq!(there.recv(&mut [0; 16]).await?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn send_to<A: ToSocketAddrs>(&self, bytes: &[u8], to: A) -> io::Result<usize> {
        match resolve(to).await?.first() {
            Some(to) => self.0.send_to(bytes, to).await,
            None => Err(io::ErrorKind::InvalidInput.into()),
        }
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
    /// use whippet::net::UdpSocket;
    /// let here = UdpSocket::bind("127.0.0.1:0").await?;
    /// let there = UdpSocket::bind("127.0.0.1:0").await?;
    /// let address = there.local_addr()?;
    /// assert_eq!(poll_fn(|cx| here.poll_send_to(cx, b"hello", address)).await?, 5);
    /// assert_eq!(there.recv(&mut [0; 16]).await?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        to: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        self.0.poll_send_to(cx, bytes, &to)
    }

    /// Sends a datagram to an address if there is space.
    ///
    /// # Errors
    /// `WouldBlock` when there is none; else as [`send_to`](Self::send_to).
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::UdpSocket;
    /// let here = UdpSocket::bind("127.0.0.1:0").await?;
    /// let there = UdpSocket::bind("127.0.0.1:0").await?;
    /// here.writable().await?;
    /// assert_eq!(here.try_send_to(b"hello", there.local_addr()?)?, 5);
    /// assert_eq!(there.recv(&mut [0; 16]).await?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn try_send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.0.try_send_to(bytes, &to)
    }

    /// The socket's address, with the port that the kernel chose.
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let socket = whippet::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// let address = socket.local_addr()?;
    /// assert!(address.ip().is_loopback());
    /// assert_ne!(address.port(), 0);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        socket::local_address(&self.0)
    }

    /// The peer that the socket is connected to.
    ///
    /// # Errors
    /// Any error of the system call, such as when it is connected to none.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::UdpSocket;
    /// let here = UdpSocket::bind("127.0.0.1:0").await?;
    /// let there = UdpSocket::bind("127.0.0.1:0").await?;
    /// assert_eq!(here.peer_addr().unwrap_err().kind(), std::io::ErrorKind::NotConnected);
    /// here.connect(there.local_addr()?).await?;
    /// assert_eq!(here.peer_addr()?, there.local_addr()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        socket::peer_address(&self.0)
    }

    /// Sets whether datagrams may be sent to everybody on a network (`SO_BROADCAST`).
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::net::UdpSocket;
    /// let here = UdpSocket::bind("127.0.0.1:0").await?;
    /// let there = UdpSocket::bind("127.255.255.255:0").await?;
    /// // Unless it is set, this is forbidden.
    /// let error = here.send_to(b"hello", there.local_addr()?).await.unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
    /// here.set_broadcast(true)?;
    /// here.send_to(b"hello", there.local_addr()?).await?;
    /// assert_eq!(there.recv(&mut [0; 16]).await?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_broadcast(&self, broadcast: bool) -> io::Result<()> {
        options::set_broadcast(&self.0, broadcast)
    }

    /// Whether datagrams may be sent to everybody on a network.
    ///
    /// # Errors
    /// Any error of the system call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let socket = whippet::net::UdpSocket::bind("127.0.0.1:0").await?;
    /// assert!(!socket.broadcast()?);
    /// socket.set_broadcast(true)?;
    /// assert!(socket.broadcast()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn broadcast(&self) -> io::Result<bool> {
        options::broadcast(&self.0)
    }

    /// Joins the group `multiaddr` on the interface that has the address `interface` (0.0.0.0 for the system's choice):
    /// datagrams that are sent to the group come here too.
    ///
    /// # Errors
    /// Errors of the system call: no address of a group, no such interface.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::net::Ipv4Addr;
    /// use whippet::net::UdpSocket;
    /// let group = Ipv4Addr::new(224, 0, 0, 123);
    /// let member = UdpSocket::bind((group, 0)).await?;
    /// member.join_multicast_v4(group, Ipv4Addr::LOCALHOST)?;
    /// let sender = UdpSocket::bind("127.0.0.1:0").await?;
    /// sender.send_to(b"hello", member.local_addr()?).await?;
    /// assert_eq!(member.recv(&mut [0; 16]).await?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn join_multicast_v4(&self, multiaddr: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        options::join_v4(self, multiaddr, interface)
    }

    /// Leaves a group: see [`join_multicast_v4`](Self::join_multicast_v4).
    ///
    /// # Errors
    /// Errors of the system call: not a member.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::net::Ipv4Addr;
    /// use whippet::net::UdpSocket;
    /// let group = Ipv4Addr::new(224, 0, 0, 123);
    /// let member = UdpSocket::bind((group, 0)).await?;
    /// member.join_multicast_v4(group, Ipv4Addr::LOCALHOST)?;
    /// member.leave_multicast_v4(group, Ipv4Addr::LOCALHOST)?;
    /// // It is a member no more.
    /// assert!(member.leave_multicast_v4(group, Ipv4Addr::LOCALHOST).is_err());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn leave_multicast_v4(&self, multiaddr: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        options::leave_v4(self, multiaddr, interface)
    }

    /// Joins the group `multiaddr` on the interface with the number `interface` (0 for the system's choice).
    ///
    /// # Errors
    /// Errors of the system call: no address of a group, no such interface.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::net::Ipv6Addr;
    /// use whippet::net::UdpSocket;
    /// # if UdpSocket::bind("[::1]:0").await.is_err() { return std::io::Result::Ok(()) }
    /// // A group of this machine alone, on the loopback interface, which is the first.
    /// let group = Ipv6Addr::new(0xff01, 0, 0, 0, 0, 0, 0, 0x123);
    /// let member = UdpSocket::bind("[::]:0").await?;
    /// member.join_multicast_v6(&group, 1)?;
    /// // It is a member already, and this is no group.
    /// assert!(member.join_multicast_v6(&group, 1).is_err());
    /// assert!(member.join_multicast_v6(&Ipv6Addr::LOCALHOST, 1).is_err());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn join_multicast_v6(&self, multiaddr: &Ipv6Addr, interface: u32) -> io::Result<()> {
        options::join_v6(self, multiaddr, interface)
    }

    /// Leaves a group: see [`join_multicast_v6`](Self::join_multicast_v6).
    ///
    /// # Errors
    /// Errors of the system call: not a member.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::net::Ipv6Addr;
    /// use whippet::net::UdpSocket;
    /// # if UdpSocket::bind("[::1]:0").await.is_err() { return std::io::Result::Ok(()) }
    /// let group = Ipv6Addr::new(0xff01, 0, 0, 0, 0, 0, 0, 0x123);
    /// let member = UdpSocket::bind("[::]:0").await?;
    /// member.join_multicast_v6(&group, 1)?;
    /// member.leave_multicast_v6(&group, 1)?;
    /// // It is a member no more.
    /// assert!(member.leave_multicast_v6(&group, 1).is_err());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn leave_multicast_v6(&self, multiaddr: &Ipv6Addr, interface: u32) -> io::Result<()> {
        options::leave_v6(self, multiaddr, interface)
    }

    #[inline]
    const fn socket(&self) -> &Datagram {
        &self.0
    }
}

fn with_address((count, sender): Received) -> io::Result<(usize, SocketAddr)> {
    Ok((count, socket::internet_address(sender)?))
}

impl_datagram_methods!(
    UdpSocket,
    SocketAddr,
    with_address,
    "let left = whippet::net::UdpSocket::bind(\"127.0.0.1:0\").await?;\n\
     let right = whippet::net::UdpSocket::bind(\"127.0.0.1:0\").await?;\n\
     left.connect(right.local_addr()?).await?;"
);

impl_socket_options! { UdpSocket:
    set set_ttl(u32) = set_ttl: "Sets through how many routers a datagram may go (`IP_TTL`).",
        "let socket = whippet::net::UdpSocket::bind(\"127.0.0.1:0\").await?;\n\
         // To neighbours alone.\n\
         socket.set_ttl(1)?;\n\
         assert_eq!(socket.ttl()?, 1);";
    set set_tos_v4(u32) = set_tos_v4: "Sets the type of service of datagrams of IPv4 (`IP_TOS`).",
        "let socket = whippet::net::UdpSocket::bind(\"127.0.0.1:0\").await?;\n\
         // What must not wait (`IPTOS_LOWDELAY`).\n\
         socket.set_tos_v4(0x10)?;\n\
         assert_eq!(socket.tos_v4()?, 0x10);\n\
         assert!(socket.set_tos_v4(256).is_err());";
    set set_tclass_v6(u32) = set_tclass_v6: "Sets the class of service of datagrams of IPv6 (`IPV6_TCLASS`).",
        "use whippet::net::UdpSocket;\n\
         # if UdpSocket::bind(\"[::1]:0\").await.is_err() { return std::io::Result::Ok(()) }\n\
         let socket = UdpSocket::bind(\"[::1]:0\").await?;\n\
         socket.set_tclass_v6(0x10)?;\n\
         assert_eq!(socket.tclass_v6()?, 0x10);";
    set set_multicast_loop_v4(bool) = set_multicast_loop_v4: "Sets whether what is sent to a group of IPv4 comes back to this machine.",
        "let socket = whippet::net::UdpSocket::bind(\"127.0.0.1:0\").await?;\n\
         socket.set_multicast_loop_v4(false)?;\n\
         assert!(!socket.multicast_loop_v4()?);";
    set set_multicast_ttl_v4(u32) = set_multicast_ttl_v4: "Sets through how many routers what is sent to a group of IPv4 may go.",
        "let socket = whippet::net::UdpSocket::bind(\"127.0.0.1:0\").await?;\n\
         socket.set_multicast_ttl_v4(3)?;\n\
         assert_eq!(socket.multicast_ttl_v4()?, 3);";
    set set_multicast_loop_v6(bool) = set_multicast_loop_v6: "Sets whether what is sent to a group of IPv6 comes back to this machine.",
        "use whippet::net::UdpSocket;\n\
         # if UdpSocket::bind(\"[::1]:0\").await.is_err() { return std::io::Result::Ok(()) }\n\
         let socket = UdpSocket::bind(\"[::1]:0\").await?;\n\
         socket.set_multicast_loop_v6(false)?;\n\
         assert!(!socket.multicast_loop_v6()?);";
    get ttl -> u32 = ttl: "Through how many routers a datagram may go (`IP_TTL`).",
        "let socket = whippet::net::UdpSocket::bind(\"127.0.0.1:0\").await?;\n\
         assert_ne!(socket.ttl()?, 0);\n\
         socket.set_ttl(5)?;\n\
         assert_eq!(socket.ttl()?, 5);";
    get tos_v4 -> u32 = tos_v4: "The type of service of datagrams of IPv4 (`IP_TOS`).",
        "let socket = whippet::net::UdpSocket::bind(\"127.0.0.1:0\").await?;\n\
         assert_eq!(socket.tos_v4()?, 0);\n\
         socket.set_tos_v4(0x10)?;\n\
         assert_eq!(socket.tos_v4()?, 0x10);";
    get tclass_v6 -> u32 = tclass_v6: "The class of service of datagrams of IPv6 (`IPV6_TCLASS`).",
        "use whippet::net::UdpSocket;\n\
         # if UdpSocket::bind(\"[::1]:0\").await.is_err() { return std::io::Result::Ok(()) }\n\
         let socket = UdpSocket::bind(\"[::1]:0\").await?;\n\
         assert_eq!(socket.tclass_v6()?, 0);\n\
         socket.set_tclass_v6(0x10)?;\n\
         assert_eq!(socket.tclass_v6()?, 0x10);";
    get multicast_loop_v4 -> bool = multicast_loop_v4: "Whether what is sent to a group of IPv4 comes back to this machine.",
        "let socket = whippet::net::UdpSocket::bind(\"127.0.0.1:0\").await?;\n\
         assert!(socket.multicast_loop_v4()?);\n\
         socket.set_multicast_loop_v4(false)?;\n\
         assert!(!socket.multicast_loop_v4()?);";
    get multicast_ttl_v4 -> u32 = multicast_ttl_v4: "Through how many routers what is sent to a group of IPv4 may go.",
        "let socket = whippet::net::UdpSocket::bind(\"127.0.0.1:0\").await?;\n\
         // To this network alone, unless set otherwise.\n\
         assert_eq!(socket.multicast_ttl_v4()?, 1);";
    get multicast_loop_v6 -> bool = multicast_loop_v6: "Whether what is sent to a group of IPv6 comes back to this machine.",
        "use whippet::net::UdpSocket;\n\
         # if UdpSocket::bind(\"[::1]:0\").await.is_err() { return std::io::Result::Ok(()) }\n\
         let socket = UdpSocket::bind(\"[::1]:0\").await?;\n\
         assert!(socket.multicast_loop_v6()?);\n\
         socket.set_multicast_loop_v6(false)?;\n\
         assert!(!socket.multicast_loop_v6()?);";
}
