//! Binding the chat listeners, and printing their addresses.

use crate::limits::LISTEN_BACKLOG;
use crate::os::output;
use crate::server::socket_options::{SocketOptions, apply};
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use whippet::net::{SockRef, TcpListener, TcpSocket};

/// Listens on all these addresses.
///
/// # Errors
/// The first address where that is not possible.
///
/// # Panics
/// Outside of a runtime.
pub fn listen(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, ListenError> {
    let mut listeners = Vec::with_capacity(addresses.len());
    for &address in addresses {
        let listener = listen_on(address, v6_only(address, addresses));
        listeners.push(listener.map_err(|cause| ListenError { address, cause })?);
    }
    Ok(listeners)
}

/// Checks that all these addresses are of this machine, even if their ports are taken.
///
/// # Errors
/// The first that is not.
///
/// # Panics
/// Outside of a runtime.
pub(crate) fn check_addresses(addresses: &[SocketAddr]) -> Result<(), ListenError> {
    for &address in addresses {
        let bound = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        };
        let bound = bound.and_then(|socket| {
            socket.set_reuseaddr(true)?;
            match socket.bind(address) {
                // By a running server, perhaps.
                Err(error) if error.kind() == ErrorKind::AddrInUse => Ok(()),
                bound => bound,
            }
        });
        bound.map_err(|cause| ListenError { address, cause })?;
    }
    Ok(())
}

/// Whether an IPv6 address must leave its port's IPv4 side alone, because another of the addresses has it. By itself
/// `[::]` takes both.
fn v6_only(address: SocketAddr, addresses: &[SocketAddr]) -> bool {
    address.port() != 0
        && addresses.iter().any(|other| other.is_ipv4() && other.port() == address.port())
}

/// Listens on one address, with room for a storm of connections.
fn listen_on(address: SocketAddr, v6_only: bool) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restart must not wait for the connections of the run before.
    socket.set_reuseaddr(true)?;
    if address.is_ipv6() && v6_only {
        socket.set_only_v6(true)?;
    }
    // Before a client can connect.
    apply(SockRef::from(&socket), &SocketOptions::default())?;
    socket.bind(address)?;
    socket.listen(LISTEN_BACKLOG)
}

/// Prints where the listeners are, and what to paste to join.
///
/// # Errors
/// An address cannot be found out.
pub(crate) fn print_addresses(listeners: &[TcpListener]) -> io::Result<()> {
    for listener in listeners {
        output::stdout().push(format!("{}\n", JoinHint(listener.local_addr()?)).as_bytes());
    }
    Ok(())
}

/// Prints the address of the metrics.
///
/// # Errors
/// As [`print_addresses`].
pub(crate) fn print_metrics_address(listener: &TcpListener) -> io::Result<()> {
    let line = format!("metrics on http://{}/metrics\n", listener.local_addr()?);
    output::stdout().push(line.as_bytes());
    Ok(())
}

/// How to join at an address.
struct JoinHint(SocketAddr);

impl fmt::Display for JoinHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(address) = self;
        // Every address of the machine is not one to connect to; the nearest of them is.
        let host: IpAddr = match address.ip() {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
            host => host,
        };
        write!(f, "listening on {address}\njoin with: nc {host} {}", address.port())
    }
}

/// An address that cannot be listened on.
#[derive(Debug)]
pub struct ListenError {
    /// The address.
    address: SocketAddr,
    /// What the kernel says.
    cause: io::Error,
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, cause } = self;
        write!(f, "cannot listen on {address}: ")?;
        match cause.kind() {
            ErrorKind::AddrInUse => write!(
                f,
                "the port is taken; stop the program that has it, or choose another port, \
                 as in --listen {}",
                SocketAddr::new(address.ip(), 0)
            ),
            ErrorKind::AddrNotAvailable => {
                f.write_str("this machine does not have that address; choose another with --listen")
            }
            ErrorKind::PermissionDenied => {
                f.write_str("ports below 1024 are for root; choose another port with --listen")
            }
            _ => cause.fmt(f),
        }
    }
}

impl std::error::Error for ListenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use whippet::net::TcpStream;

    fn join_hint(address: &str) -> String {
        JoinHint(address.parse().unwrap()).to_string()
    }

    #[test]
    fn what_is_printed_can_be_pasted() {
        assert_eq!(
            join_hint("127.0.0.1:7070"),
            "listening on 127.0.0.1:7070\njoin with: nc 127.0.0.1 7070"
        );
        assert_eq!(join_hint("0.0.0.0:1"), "listening on 0.0.0.0:1\njoin with: nc 127.0.0.1 1");
        assert_eq!(join_hint("[::]:1"), "listening on [::]:1\njoin with: nc ::1 1");
    }

    #[test]
    fn a_taken_port_is_one_sentence_with_the_way_out() {
        let address = "127.0.0.1:7070".parse().unwrap();
        let taken = ListenError { address, cause: ErrorKind::AddrInUse.into() }.to_string();
        assert!(taken.starts_with("cannot listen on 127.0.0.1:7070: the port is taken"));
        assert!(taken.ends_with("--listen 127.0.0.1:0"));
    }

    #[whippet::test]
    async fn one_port_of_both_families_has_two_listeners() {
        let v4 = listen(&["0.0.0.0:0".parse().unwrap()]).unwrap();
        let port = v4[0].local_addr().unwrap().port();
        drop(v4);
        let v4 = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port);
        let v6 = SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port);
        for addresses in [[v4, v6], [v6, v4]] {
            let listeners = listen(&addresses).unwrap();
            for (listener, host) in listeners.iter().zip(addresses) {
                let host: IpAddr = match host {
                    SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                    SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
                };
                let (came, accepted) =
                    whippet::join!(TcpStream::connect((host, port)), listener.accept());
                assert_eq!(came.unwrap().local_addr().unwrap(), accepted.unwrap().1);
            }
        }
        // By itself it takes both.
        let listeners = listen(&[v6]).unwrap();
        let (came, accepted) =
            whippet::join!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)), listeners[0].accept());
        came.unwrap();
        accepted.unwrap();
    }
}
