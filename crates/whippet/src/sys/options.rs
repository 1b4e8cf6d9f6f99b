//! What can be set on a socket, and read back: thin calls, each named after what it sets.

use super::raw;
use rustix::net::sockopt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::AsFd;
use std::time::Duration;

pub(crate) use raw::set_tcp_notsent_lowat as set_notsent_lowat;
pub(crate) use raw::set_tcp_reset_half_closed as set_reset_half_closed;
pub(crate) use raw::{device, set_device};

/// Calls of one value, and calls that give one.
macro_rules! options {
    ($($(#[$doc:meta])* set $set:ident($value:ty) = $setter:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            /// The kernel's: not an option of this socket, a value out of its range.
            pub(crate) fn $set(socket: impl AsFd, value: $value) -> io::Result<()> {
                Ok(sockopt::$setter(socket, value)?)
            }
        )*
    };
    ($($(#[$doc:meta])* get $get:ident -> $value:ty = $getter:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            /// The kernel's: not an option of this socket.
            pub(crate) fn $get(socket: impl AsFd) -> io::Result<$value> {
                Ok(sockopt::$getter(socket)?)
            }
        )*
    };
}

options! {
    /// Whether an address may be taken whose former connections are still fading.
    set set_reuse_address(bool) = set_socket_reuseaddr;
    /// Whether several sockets may share an address.
    set set_reuse_port(bool) = set_socket_reuseport;
    /// Whether an IPv6 socket leaves IPv4 alone.
    set set_only_v6(bool) = set_ipv6_v6only;
    /// Bytes of the kernel's buffer for writing; it doubles the figure for its own needs.
    set set_send_buffer(usize) = set_socket_send_buffer_size;
    /// Bytes of the kernel's buffer for reading; it doubles the figure for its own needs.
    set set_receive_buffer(usize) = set_socket_recv_buffer_size;
    /// Whether small writes are sent at once.
    set set_nodelay(bool) = set_tcp_nodelay;
    /// How long a close waits for what was written.
    set set_linger(Option<Duration>) = set_socket_linger;
    /// Whether the byte that is marked as urgent stays in its place.
    set set_out_of_band_inline(bool) = set_socket_oobinline;
    /// Whether datagrams may go to everybody on a network.
    set set_broadcast(bool) = set_socket_broadcast;
    /// Whether a peer that vanished from an idle connection is looked for.
    set set_keepalive_on(bool) = set_socket_keepalive;
    /// Whether each read is acknowledged at once.
    set set_quickack(bool) = set_tcp_quickack;
    /// Through how many routers a packet of IPv4 goes.
    set set_ttl(u32) = set_ip_ttl;
    /// The class of service of packets of IPv6.
    set set_tclass_v6(u32) = set_ipv6_tclass;
    /// Whether a multicast of IPv4 comes back to this machine.
    set set_multicast_loop_v4(bool) = set_ip_multicast_loop;
    /// Through how many routers a multicast of IPv4 goes.
    set set_multicast_ttl_v4(u32) = set_ip_multicast_ttl;
    /// Whether a multicast of IPv6 comes back to this machine.
    set set_multicast_loop_v6(bool) = set_ipv6_multicast_loop;
}

options! {
    /// Whether small writes are sent at once.
    get nodelay -> bool = tcp_nodelay;
    /// How long a close waits for what was written.
    get linger -> Option<Duration> = socket_linger;
    /// Whether datagrams may go to everybody on a network.
    get broadcast -> bool = socket_broadcast;
    /// Whether an address may be taken whose former connections are still fading.
    get reuse_address -> bool = socket_reuseaddr;
    /// Whether several sockets may share an address.
    get reuse_port -> bool = socket_reuseport;
    /// Bytes of the kernel's buffer for writing.
    get send_buffer -> usize = socket_send_buffer_size;
    /// Bytes of the kernel's buffer for reading.
    get receive_buffer -> usize = socket_recv_buffer_size;
    /// Whether a peer that vanished from an idle connection is looked for.
    get keepalive_on -> bool = socket_keepalive;
    /// Whether each read is acknowledged at once.
    get quickack -> bool = tcp_quickack;
    /// Through how many routers a packet of IPv4 goes.
    get ttl -> u32 = ip_ttl;
    /// The class of service of packets of IPv6.
    get tclass_v6 -> u32 = ipv6_tclass;
    /// Whether a multicast of IPv4 comes back to this machine.
    get multicast_loop_v4 -> bool = ip_multicast_loop;
    /// Through how many routers a multicast of IPv4 goes.
    get multicast_ttl_v4 -> u32 = ip_multicast_ttl;
    /// Whether a multicast of IPv6 comes back to this machine.
    get multicast_loop_v6 -> bool = ipv6_multicast_loop;
}

/// The type of service of packets of IPv4.
///
/// # Errors
/// The kernel's; `InvalidInput` for more than a byte holds.
pub(crate) fn set_tos_v4(socket: impl AsFd, tos: u32) -> io::Result<()> {
    let tos = u8::try_from(tos).map_err(|_| io::ErrorKind::InvalidInput)?;
    Ok(sockopt::set_ip_tos(socket, tos)?)
}

/// The type of service of packets of IPv4.
///
/// # Errors
/// The kernel's.
pub(crate) fn tos_v4(socket: impl AsFd) -> io::Result<u32> {
    Ok(sockopt::ip_tos(socket)?.into())
}

/// Joins a group of IPv4, on the interface that has this address.
///
/// # Errors
/// The kernel's: no group, no such interface.
pub(crate) fn join_v4(socket: impl AsFd, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
    Ok(sockopt::set_ip_add_membership(socket, &group, &interface)?)
}

/// Leaves a group of IPv4.
///
/// # Errors
/// The kernel's: not a member.
pub(crate) fn leave_v4(socket: impl AsFd, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
    Ok(sockopt::set_ip_drop_membership(socket, &group, &interface)?)
}

/// Joins a group of IPv6, on the interface with this number.
///
/// # Errors
/// The kernel's: no group, no such interface.
pub(crate) fn join_v6(socket: impl AsFd, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
    Ok(sockopt::set_ipv6_add_membership(socket, group, interface)?)
}

/// Leaves a group of IPv6.
///
/// # Errors
/// The kernel's: not a member.
pub(crate) fn leave_v6(socket: impl AsFd, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
    Ok(sockopt::set_ipv6_drop_membership(socket, group, interface)?)
}

/// Finds a dead peer on an idle connection: the first probe after `idle`, one each `interval`, given up after `count`.
///
/// # Errors
/// The kernel's, when a value is out of its range (whole seconds up to 32,767).
pub(crate) fn set_keepalive(
    socket: impl AsFd,
    idle: Duration,
    interval: Duration,
    count: u32,
) -> io::Result<()> {
    let socket = socket.as_fd();
    sockopt::set_socket_keepalive(socket, true)?;
    sockopt::set_tcp_keepidle(socket, idle)?;
    sockopt::set_tcp_keepintvl(socket, interval)?;
    Ok(sockopt::set_tcp_keepcnt(socket, count)?)
}

/// How long written bytes may wait for the peer's acknowledgement before the connection is given up, in whole
/// milliseconds.
///
/// # Errors
/// `InvalidInput` for more than 49 days; the kernel's.
pub(crate) fn set_user_timeout(socket: impl AsFd, timeout: Duration) -> io::Result<()> {
    let milliseconds = u32::try_from(timeout.as_millis());
    let milliseconds = milliseconds.map_err(|_| io::ErrorKind::InvalidInput)?;
    Ok(sockopt::set_tcp_user_timeout(socket, milliseconds)?)
}

/// For how long the peer of a connection has answered nothing, if something was sent that waits for an answer.
///
/// # Errors
/// The kernel's: not a TCP socket.
pub(crate) fn unanswered(socket: impl AsFd) -> io::Result<Option<Duration>> {
    let info = raw::tcp_info(socket)?;
    let waits = info.retransmits > 0 || info.probes > 0;
    Ok(waits.then(|| Duration::from_millis(info.last_ack.into())))
}

/// Process, user and group of a Unix connection's peer.
///
/// # Errors
/// The kernel's: not a connected Unix socket.
pub(crate) fn peer_credentials(socket: impl AsFd) -> io::Result<(i32, u32, u32)> {
    let peer = sockopt::socket_peercred(socket)?;
    let process = rustix::process::Pid::as_raw(Some(peer.pid));
    Ok((process, peer.uid.as_raw(), peer.gid.as_raw()))
}
