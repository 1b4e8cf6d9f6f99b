//! Sockets: thin calls, never blocking, closed on exec, without SIGPIPE. An interrupted call is made again.

use rustix::io::retry_on_intr;
use rustix::net::addr::SocketAddrArg;
use rustix::net::sockopt;
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendFlags, SocketAddrAny, SocketFlags,
};
use std::io::{self, IoSlice};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};

pub(crate) use rustix::net::SocketType as Kind;

/// How every socket is made.
const FLAGS: SocketFlags = SocketFlags::NONBLOCK.union(SocketFlags::CLOEXEC);

/// A TCP socket of the address's family.
///
/// # Errors
/// The kernel's: no descriptor or memory left, a family it does not know.
pub(crate) fn tcp(address: &SocketAddr) -> io::Result<OwnedFd> {
    internet(address, Kind::STREAM)
}

/// A UDP socket of the address's family.
///
/// # Errors
/// The kernel's: no descriptor or memory left, a family it does not know.
pub(crate) fn udp(address: &SocketAddr) -> io::Result<OwnedFd> {
    internet(address, Kind::DGRAM)
}

fn internet(address: &SocketAddr, kind: Kind) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    Ok(rustix::net::socket_with(family, kind, FLAGS, None)?)
}

/// A Unix socket.
///
/// # Errors
/// The kernel's: no descriptor or memory left.
pub(crate) fn unix(kind: Kind) -> io::Result<OwnedFd> {
    Ok(rustix::net::socket_with(AddressFamily::UNIX, kind, FLAGS, None)?)
}

/// Two Unix sockets connected to each other.
///
/// # Errors
/// The kernel's: no descriptor or memory left.
pub(crate) fn unix_pair(kind: Kind) -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::net::socketpair(AddressFamily::UNIX, kind, FLAGS, None)?)
}

/// Names a socket.
///
/// # Errors
/// The kernel's: the address is taken, not this machine's, or not allowed; the path exists, or cannot be made.
pub(crate) fn bind(socket: impl AsFd, address: &impl SocketAddrArg) -> io::Result<()> {
    Ok(rustix::net::bind(socket, address)?)
}

/// Lets connections come; `backlog` of them wait to be accepted.
///
/// # Errors
/// The kernel's.
pub(crate) fn listen(socket: impl AsFd, backlog: i32) -> io::Result<()> {
    Ok(rustix::net::listen(socket, backlog)?)
}

/// Begins to connect. The end is announced by writability and [`take_error`].
///
/// # Errors
/// The kernel's, save the word that it goes on in the background; `WouldBlock` when the queue of a Unix listener is
/// full.
pub(crate) fn connect(socket: impl AsFd, address: &impl SocketAddrArg) -> io::Result<()> {
    use rustix::io::Errno;
    match rustix::net::connect(socket, address) {
        // An interrupted connect goes on in the background as well.
        Ok(()) | Err(Errno::INPROGRESS | Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Takes a connection that waits, with its peer's address.
///
/// # Errors
/// The kernel's; `WouldBlock` when none waits.
pub(crate) fn accept(socket: impl AsFd) -> io::Result<(OwnedFd, Option<SocketAddrAny>)> {
    Ok(retry_on_intr(|| rustix::net::acceptfrom_with(socket.as_fd(), FLAGS))?)
}

/// Reads into `buffer`; 0 is the end.
///
/// # Errors
/// The kernel's; `WouldBlock` when there is nothing yet.
#[inline]
pub(crate) fn receive(socket: impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    let receive = || rustix::net::recv(socket.as_fd(), &mut *buffer, RecvFlags::empty());
    Ok(retry(receive)?.0)
}

/// Reads into `buffer` and leaves the bytes where they are.
///
/// # Errors
/// The kernel's; `WouldBlock` when there is nothing yet.
pub(crate) fn peek(socket: impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    let receive = || rustix::net::recv(socket.as_fd(), &mut *buffer, RecvFlags::PEEK);
    Ok(retry(receive)?.0)
}

/// Reads one datagram into `buffer`, with its sender's address; what does not fit is lost.
///
/// # Errors
/// The kernel's; `WouldBlock` when there is none yet.
pub(crate) fn receive_from(
    socket: impl AsFd,
    buffer: &mut [u8],
) -> io::Result<(usize, Option<SocketAddrAny>)> {
    let receive = || rustix::net::recvfrom(socket.as_fd(), &mut *buffer, RecvFlags::empty());
    let (count, _, sender) = retry(receive)?;
    Ok((count, sender))
}

/// Reads one datagram into `buffer`, with its sender's address, and leaves it where it is; what does not fit is left out.
///
/// # Errors
/// The kernel's; `WouldBlock` when there is none yet.
pub(crate) fn peek_from(
    socket: impl AsFd,
    buffer: &mut [u8],
) -> io::Result<(usize, Option<SocketAddrAny>)> {
    let receive = || rustix::net::recvfrom(socket.as_fd(), &mut *buffer, RecvFlags::PEEK);
    let (count, _, sender) = retry(receive)?;
    Ok((count, sender))
}

/// Sends one datagram to an address.
///
/// # Errors
/// The kernel's; `WouldBlock` when there is no room.
pub(crate) fn send_to(
    socket: impl AsFd,
    bytes: &[u8],
    address: &impl SocketAddrArg,
) -> io::Result<usize> {
    let send = || rustix::net::sendto(socket.as_fd(), bytes, SendFlags::NOSIGNAL, address);
    Ok(retry_on_intr(send)?)
}

/// Reads into several buffers, one after the other; 0 is the end.
///
/// # Errors
/// The kernel's; `WouldBlock` when there is nothing yet.
pub(crate) fn receive_vectored(
    socket: impl AsFd,
    buffers: &mut [io::IoSliceMut<'_>],
) -> io::Result<usize> {
    Ok(retry(|| rustix::io::readv(socket.as_fd(), buffers))?)
}

/// Writes; says how many bytes the kernel took.
///
/// # Errors
/// The kernel's; `WouldBlock` when it takes none.
#[inline]
pub(crate) fn send(socket: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    Ok(retry_on_intr(|| rustix::net::send(socket.as_fd(), bytes, SendFlags::NOSIGNAL))?)
}

/// Writes several pieces in one call; says how many bytes the kernel took.
///
/// # Errors
/// The kernel's; `WouldBlock` when it takes none.
#[inline]
pub(crate) fn send_vectored(socket: impl AsFd, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
    let send = || {
        let mut nothing = SendAncillaryBuffer::default();
        rustix::net::sendmsg(socket.as_fd(), pieces, &mut nothing, SendFlags::NOSIGNAL)
    };
    Ok(retry_on_intr(send)?)
}

fn retry<T>(
    mut call: impl FnMut() -> Result<T, rustix::io::Errno>,
) -> Result<T, rustix::io::Errno> {
    loop {
        match call() {
            Err(rustix::io::Errno::INTR) => {}
            result => return result,
        }
    }
}

/// Ends one direction or both.
///
/// # Errors
/// The kernel's, when the socket is not connected.
pub(crate) fn shutdown(socket: impl AsFd, how: Shutdown) -> io::Result<()> {
    let how = match how {
        Shutdown::Read => rustix::net::Shutdown::Read,
        Shutdown::Write => rustix::net::Shutdown::Write,
        Shutdown::Both => rustix::net::Shutdown::Both,
    };
    Ok(rustix::net::shutdown(socket, how)?)
}

/// Takes the error that is pending on a socket.
///
/// # Errors
/// The kernel's, of asking.
pub(crate) fn take_error(socket: impl AsFd) -> io::Result<Option<io::Error>> {
    Ok(sockopt::socket_error(socket)?.err().map(Into::into))
}

/// This end's address, of whichever family.
///
/// # Errors
/// The kernel's.
pub(crate) fn local_name(socket: impl AsFd) -> io::Result<SocketAddrAny> {
    Ok(rustix::net::getsockname(socket)?)
}

/// The other end's address, of whichever family; None for one that has no name.
///
/// # Errors
/// The kernel's, when the socket is not connected.
pub(crate) fn peer_name(socket: impl AsFd) -> io::Result<Option<SocketAddrAny>> {
    Ok(rustix::net::getpeername(socket)?)
}

/// This end's address.
///
/// # Errors
/// The kernel's; `InvalidData` for an address that is not of the internet.
pub(crate) fn local_address(socket: impl AsFd) -> io::Result<SocketAddr> {
    internet_address(Some(local_name(socket)?))
}

/// The other end's address.
///
/// # Errors
/// The kernel's, when the socket is not connected; `InvalidData` for an address that is not of the internet.
pub(crate) fn peer_address(socket: impl AsFd) -> io::Result<SocketAddr> {
    internet_address(peer_name(socket)?)
}

/// An address of the internet.
///
/// # Errors
/// `InvalidData` for another.
pub(crate) fn internet_address(address: Option<SocketAddrAny>) -> io::Result<SocketAddr> {
    let address = address.and_then(|address| SocketAddr::try_from(address).ok());
    address
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not an address of the internet"))
}
