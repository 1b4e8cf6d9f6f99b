//! An address as it stands in the settings: numbers, or a name of this machine's; and a range of addresses.
//!
//! A name is looked up once, where a listener is opened. Reading settings does not look it up: a reload compares names with
//! names, and the confined process could not ask anybody. What a name stands for at the start is kept until the next one.

use super::value::{RawKind, Scalar, quote};
use crate::protocol::ip_range::IpRange;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs};

/// Most bytes of a name: what the domain name system allows.
const MOST_NAME_BYTES: usize = 253;

/// An address with a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HostPort {
    /// By numbers.
    Address(SocketAddr),
    /// By a name.
    Name(String, u16),
}

impl HostPort {
    /// The address; a name is looked up.
    ///
    /// # Errors
    /// Nobody knows the name, or whom to ask.
    pub(crate) fn resolve(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Address(address) => Ok(*address),
            Self::Name(name, port) => {
                let found = (name.as_str(), *port).to_socket_addrs()?.next();
                found.ok_or_else(|| ErrorKind::NotFound.into())
            }
        }
    }
}

/// Whether two addresses are the same port twice. Names are looked up later, and are the same only by letter.
fn is_same(one: &HostPort, other: &HostPort) -> bool {
    match (one, other) {
        (HostPort::Address(one), HostPort::Address(other)) => {
            let [ip, other_ip] = [one, other].map(|address| address.ip().to_canonical());
            let is_all = ip.is_ipv4() == other_ip.is_ipv4()
                && (ip.is_unspecified() || other_ip.is_unspecified());
            one.port() == other.port() && one.port() != 0 && (ip == other_ip || is_all)
        }
        (HostPort::Name(one, port), HostPort::Name(other, other_port)) => {
            one.eq_ignore_ascii_case(other) && port == other_port && *port != 0
        }
        _ => false,
    }
}

/// Two of these addresses that are the same port twice.
pub(crate) fn same_port(addresses: &[HostPort]) -> Option<(&HostPort, &HostPort)> {
    let later = |at: usize| addresses[at + 1..].iter().find(|other| is_same(&addresses[at], other));
    (0..addresses.len()).find_map(|at| Some((&addresses[at], later(at)?)))
}

/// The one of these addresses that leaves no room for another that is opened after them.
pub(crate) fn port_conflict<'a>(
    addresses: &'a [HostPort],
    other: &HostPort,
) -> Option<&'a HostPort> {
    let numbers = |address: &HostPort| match address {
        HostPort::Address(address) => Some(*address),
        HostPort::Name(..) => None,
    };
    let taken = |family: fn(&SocketAddr) -> bool, port| {
        addresses
            .iter()
            .find(|one| numbers(one).is_some_and(|one| family(&one) && one.port() == port))
    };
    // By itself `[::]` takes the port of both families.
    let both = numbers(other).filter(|other| other.port() != 0).and_then(|other| match other {
        SocketAddr::V4(_) if taken(SocketAddr::is_ipv4, other.port()).is_none() => {
            taken(|one| one.is_ipv6() && one.ip().is_unspecified(), other.port())
        }
        SocketAddr::V6(_) if other.ip().is_unspecified() => {
            taken(SocketAddr::is_ipv4, other.port())
        }
        _ => None,
    });
    addresses.iter().find(|one| is_same(one, other)).or(both)
}

impl From<SocketAddr> for HostPort {
    fn from(address: SocketAddr) -> Self {
        Self::Address(address)
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name, port) => write!(f, "{name}:{port}"),
        }
    }
}

/// Whether this could be a name of a machine. What ends in a number is an address that is written wrongly: who looks names up takes
/// `10.1` for 10.0.0.1, and `010.0.0.1` for 8.0.0.1.
fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let last = text.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || last.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("0x"));
    (1..=MOST_NAME_BYTES).contains(&text.len()) && text.chars().all(fits) && !is_number
}

impl Scalar for HostPort {
    fn expected() -> String {
        "an address with a port, as in 127.0.0.1:7070 or [::1]:7070".to_owned()
    }

    fn accepts(kind: RawKind) -> bool {
        kind == RawKind::String
    }

    fn parse(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse() {
            return Some(Self::Address(address));
        }
        let (name, port) = text.rsplit_once(':')?;
        let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|_| is_number)?;
        is_name(name).then(|| Self::Name(name.to_owned(), port))
    }

    fn display(&self) -> String {
        quote(&self.to_string())
    }
}

impl Scalar for IpRange {
    fn expected() -> String {
        "an address or a range of them, as in 10.0.0.7, 10.0.0.0/8 or fd00::/8".to_owned()
    }

    fn accepts(kind: RawKind) -> bool {
        kind == RawKind::String
    }

    fn parse(text: &str) -> Option<Self> {
        IpRange::parse(text.strip_prefix('@').unwrap_or(text)).and_then(Result::ok)
    }

    fn display(&self) -> String {
        quote(&self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_kept_as_they_are_written() {
        for text in ["127.0.0.1:7070", "[::1]:1", "localhost:0", "chat.example.org:65535"] {
            assert_eq!(HostPort::parse(text).expect("an address").to_string(), text);
        }
        let long = format!("{}:1", "x".repeat(254));
        for wrong in
            ["", ":", "7070", ":7070", "x:", "x:65536", "x:+1", "::1:7070", "a b:1", "x:1:2", &long]
        {
            assert_eq!(HostPort::parse(wrong), None, "{wrong}");
        }
        for wrong in [
            "127.1:1",
            "010.0.0.1:1",
            "256.0.0.1:1",
            "1.2.3.4.:1",
            "7:1",
            "0x7f.1:1",
            "0x7f000001:1",
        ] {
            assert_eq!(HostPort::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_same_port_twice_is_found() {
        let all = |text: &str| -> Vec<_> {
            text.split(' ').map(|one| HostPort::parse(one).expect("an address")).collect()
        };
        for (text, is_twice) in [
            ("127.0.0.1:1 127.0.0.1:1", true),
            ("127.0.0.1:1 0.0.0.0:1", true),
            ("[::]:1 [::1]:1", true),
            ("127.0.0.1:1 [::ffff:127.0.0.1]:1", true),
            ("localhost:1 Localhost:1", true),
            ("127.0.0.1:1 127.0.0.2:1", false),
            ("127.0.0.1:0 127.0.0.1:0", false),
            ("0.0.0.0:1 [::]:1", false),
            ("127.0.0.1:1 127.0.0.1:2 [::1]:1", false),
        ] {
            assert_eq!(same_port(&all(text)).is_some(), is_twice, "{text}");
        }
        for (listen, other, is_in_the_way) in [
            ("127.0.0.1:1", "127.0.0.1:1", true),
            ("[::]:1", "127.0.0.1:1", true),
            ("[::]:1 10.0.0.1:1", "127.0.0.1:1", false),
            ("127.0.0.1:1", "[::]:1", true),
            ("127.0.0.1:1", "[::1]:1", false),
            ("127.0.0.1:1 [::1]:2", "[::1]:2", true),
            ("[::]:0", "127.0.0.1:0", false),
        ] {
            let found = port_conflict(&all(listen), &all(other)[0]).is_some();
            assert_eq!(found, is_in_the_way, "{listen} and {other}");
        }
    }

    #[test]
    fn a_range_is_an_address_with_the_bits_that_count() {
        for text in ["10.0.0.7", "10.0.0.0/8", "::1", "fd00::/8"] {
            assert_eq!(<IpRange as Scalar>::parse(text).expect("a range").to_string(), text);
        }
        for wrong in
            ["", "bob", "10.0.0.0/33", "10.0.0.0/0", "10.0.0.7:80", "localhost", "10.0.0.*"]
        {
            assert_eq!(<IpRange as Scalar>::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_name_of_this_machine_stands_for_loopback() {
        let address = HostPort::Name("localhost".to_owned(), 7).resolve().expect("a name");
        assert!(address.ip().is_loopback() && address.port() == 7);
        let numbers = HostPort::Address("[::1]:7".parse().expect("an address"));
        assert_eq!(numbers.resolve().expect("numbers").to_string(), "[::1]:7");
    }
}
