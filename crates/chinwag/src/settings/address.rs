//! An address as it stands in the settings: numbers, or a name of this machine's; and a range of addresses.
//!
//! A name is looked up once, where a listener is opened. Reading settings does not look it up: a reload compares names with
//! names, and the confined process could not ask anybody. What a name stands for at the start is kept until the next one.

use super::value::{Form, Scalar, quote};
use crate::bans::{Range, Target};
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs};

/// Most bytes of a name: what the domain name system allows.
const MOST_NAME_BYTES: usize = 253;

/// An address with a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPort {
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
    pub fn resolve(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Address(address) => Ok(*address),
            Self::Name(name, port) => {
                let found = (name.as_str(), *port).to_socket_addrs()?.next();
                found.ok_or_else(|| ErrorKind::NotFound.into())
            }
        }
    }
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

/// Whether this could be a name of a machine.
fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    (1..=MOST_NAME_BYTES).contains(&text.len()) && text.chars().all(fits)
}

impl Scalar for HostPort {
    fn wanted() -> String {
        "an address with a port, as in 127.0.0.1:7070 or [::1]:7070".to_owned()
    }

    fn takes(form: Form) -> bool {
        form == Form::Text
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

impl Scalar for Range {
    fn wanted() -> String {
        "an address or a range of them, as in 10.0.0.7, 10.0.0.0/8 or fd00::/8".to_owned()
    }

    fn takes(form: Form) -> bool {
        form == Form::Text
    }

    fn parse(text: &str) -> Option<Self> {
        // What is no address could be a nick, of which bans make a pattern.
        match Target::parse(text) {
            Ok(Target::Addresses(range)) => Some(range),
            _ => None,
        }
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
    }

    #[test]
    fn a_range_is_an_address_with_the_bits_that_count() {
        for text in ["10.0.0.7", "10.0.0.0/8", "::1", "fd00::/8"] {
            assert_eq!(<Range as Scalar>::parse(text).expect("a range").to_string(), text);
        }
        for wrong in
            ["", "bob", "10.0.0.0/33", "10.0.0.0/0", "10.0.0.7:80", "localhost", "10.0.0.*"]
        {
            assert_eq!(<Range as Scalar>::parse(wrong), None, "{wrong}");
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
