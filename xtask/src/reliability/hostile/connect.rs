//! Sockets with a chosen source address.

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

/// The send buffer, in bytes.
const SEND_BUFFER: usize = 64 * 1024;

/// Begins a connection from this address, and does not wait for it. With a small receive buffer the server holds what is not read.
pub(super) fn begin(from: IpAddr, to: SocketAddr, buffer: Option<usize>) -> io::Result<OwnedFd> {
    let family = if to.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    // The ports of ended connections are free at once: there are tens of thousands of them.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    // Otherwise the kernel may keep megabytes, and what was sent says little about what was read.
    sockopt::set_socket_send_buffer_size(&socket, SEND_BUFFER)?;
    if let Some(bytes) = buffer {
        sockopt::set_socket_recv_buffer_size(&socket, bytes)?;
    }
    rustix::net::bind(&socket, &SocketAddr::new(from, 0))?;
    match rustix::net::connect(&socket, &to) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(socket),
        Err(error) => Err(error.into()),
    }
}

/// A connection to a Unix socket.
pub(super) fn begin_unix(to: &Path) -> io::Result<OwnedFd> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(to)?)?;
    Ok(socket)
}

/// Ends a connection with a reset.
pub(super) fn reset(socket: OwnedFd) {
    // A Unix socket has no reset, and is just closed.
    let _ = sockopt::set_socket_linger(&socket, Some(Duration::ZERO));
    drop(socket);
}
