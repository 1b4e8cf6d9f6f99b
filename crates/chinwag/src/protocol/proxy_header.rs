//! What a proxy says about whom it connects for: the header of the PROXY protocol, version 2.
//!
//! ```text
//!   signature (12 bytes), version and command, family and transport, length (2) ─┬─ addresses ─┬─ what else it tells
//!                                                                                └── length ───┴───────────────────┘
//! ```
//!
//! Pure: bytes in, an address out. Who reads asks how many bytes are [wanted](HeaderReader::wanted), so none behind the header is
//! ever taken. Whatever its length, 52 bytes of it are kept. It knows no socket, no clock, and not whom to believe.

use crate::limits::{MAX_PROXY_HEADER_BYTES, PROXY_HEADER_TIMEOUT};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What a header of version 2 begins with.
pub(crate) const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// What a header of version 1 begins with.
const VERSION_1: &[u8] = b"PROXY ";
/// Bytes before the addresses.
const HEAD: usize = SIGNATURE.len() + 4;
/// Bytes of two addresses and ports of IPv4.
const ADDRESSES_V4: usize = 2 * (4 + 2);
/// The same of IPv6.
const ADDRESSES_V6: usize = 2 * (16 + 2);
/// Version 2, and the command of a connection that the proxy makes for itself: to see whether we are well.
const LOCAL: u8 = 0x20;
/// Version 2, and the command of a connection for a client.
const PROXY: u8 = 0x21;
/// TCP over IPv4.
const TCP4: u8 = 0x11;
/// TCP over IPv6.
const TCP6: u8 = 0x21;

/// Whom a proxy connects for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxiedPeer {
    /// A client at this address. A mapped IPv4 address is one of IPv4.
    Client(SocketAddr),
    /// Itself.
    Local,
}

/// Why it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderError {
    /// What came is no header.
    Missing,
    /// It is one of version 1.
    Version1,
    /// It has a version or a command that nobody has heard of.
    Unknown,
    /// It is longer than it may be.
    TooLong,
    /// Its addresses are those of no TCP connection, or it is too short for them.
    NoAddress,
    /// It did not come in time.
    TimedOut,
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("it sent no PROXY header (send-proxy-v2 in HAProxy)"),
            Self::Version1 => f.write_str(
                "its PROXY header is of version 1, and version 2 is wanted (send-proxy-v2 in HAProxy)",
            ),
            Self::Unknown => f.write_str("its PROXY header has an unknown version or command"),
            Self::TooLong => write!(f, "its PROXY header has more than {MAX_PROXY_HEADER_BYTES} bytes"),
            Self::NoAddress => f.write_str("its PROXY header names no TCP address"),
            Self::TimedOut => {
                write!(f, "it sent no whole PROXY header within {} s", PROXY_HEADER_TIMEOUT.as_secs())
            }
        }
    }
}

/// Puts a header together.
#[derive(Clone, Debug)]
pub(crate) struct HeaderReader {
    /// Its first bytes.
    bytes: [u8; HEAD + ADDRESSES_V6],
    /// How many have come in all.
    received: usize,
}

impl Default for HeaderReader {
    fn default() -> Self {
        Self { bytes: [0; HEAD + ADDRESSES_V6], received: 0 }
    }
}

impl HeaderReader {
    /// How many more bytes are its own for sure, at least one until the last has come.
    pub(crate) fn wanted(&self) -> usize {
        let whole = if self.received < HEAD { HEAD } else { HEAD + self.length() };
        whole - self.received
    }

    /// Whether nothing has come.
    pub(crate) fn is_empty(&self) -> bool {
        self.received == 0
    }

    /// Takes bytes, no more than are wanted. Says whom the connection is for once that is known.
    ///
    /// # Errors
    /// It never will be.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Option<ProxiedPeer>, HeaderError> {
        let free = &mut self.bytes[self.received.min(HEAD + ADDRESSES_V6)..];
        let kept = free.len().min(bytes.len());
        free[..kept].copy_from_slice(&bytes[..kept]);
        self.received += bytes.len();
        self.check()?;
        if self.received < HEAD || self.wanted() > 0 { Ok(None) } else { self.peer().map(Some) }
    }

    /// Looks at what has come for what cannot be right.
    fn check(&self) -> Result<(), HeaderError> {
        let come = &self.bytes[..self.received.min(HEAD)];
        let signature = &come[..come.len().min(SIGNATURE.len())];
        if !SIGNATURE.starts_with(signature) {
            return match () {
                () if come.starts_with(VERSION_1) => Err(HeaderError::Version1),
                () if VERSION_1.starts_with(come) => Ok(()),
                () => Err(HeaderError::Missing),
            };
        }
        if come.get(12).is_some_and(|&byte| byte != LOCAL && byte != PROXY) {
            return Err(HeaderError::Unknown);
        }
        if come.len() == HEAD && HEAD + self.length() > MAX_PROXY_HEADER_BYTES {
            return Err(HeaderError::TooLong);
        }
        Ok(())
    }

    /// How many bytes follow the head, which has come.
    fn length(&self) -> usize {
        u16::from_be_bytes([self.bytes[14], self.bytes[15]]).into()
    }

    /// Whom the connection is for. The header has come.
    fn peer(&self) -> Result<ProxiedPeer, HeaderError> {
        if self.bytes[12] == LOCAL {
            return Ok(ProxiedPeer::Local);
        }
        let (length, addresses) = (self.length(), &self.bytes[HEAD..]);
        // Source and destination, then the ports of both.
        let (address, port): (IpAddr, usize) = match self.bytes[13] {
            TCP4 if length >= ADDRESSES_V4 => {
                let [a, b, c, d, ..] = *addresses else { return Err(HeaderError::NoAddress) };
                (Ipv4Addr::new(a, b, c, d).into(), 8)
            }
            TCP6 if length >= ADDRESSES_V6 => {
                let mut bytes = [0; 16];
                bytes.copy_from_slice(&addresses[..16]);
                (Ipv6Addr::from(bytes).into(), 32)
            }
            _ => return Err(HeaderError::NoAddress),
        };
        let port = u16::from_be_bytes([addresses[port], addresses[port + 1]]);
        Ok(ProxiedPeer::Client(SocketAddr::new(address.to_canonical(), port)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header of this command and family with these bytes behind its head.
    fn header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, rest].concat()
    }

    /// What comes of a stream in chunks of this size at most, and how many bytes were taken.
    fn read(stream: &[u8], size: usize) -> (Result<Option<ProxiedPeer>, HeaderError>, usize) {
        let mut reader = HeaderReader::default();
        let mut taken = 0;
        while taken < stream.len() {
            let next = size.min(reader.wanted()).min(stream.len() - taken);
            let came = reader.push(&stream[taken..taken + next]);
            taken += next;
            if came != Ok(None) {
                return (came, taken);
            }
        }
        (Ok(None), taken)
    }

    const V4: [u8; 12] = [203, 0, 113, 7, 127, 0, 0, 1, 0xdc, 4, 0x1b, 0x9e];

    fn v6(address: &str) -> Vec<u8> {
        let address: Ipv6Addr = address.parse().unwrap();
        [&address.octets()[..], &[0; 16], &[1, 2, 3, 4]].concat()
    }

    #[test]
    fn a_header_gives_the_address_and_nothing_behind_it_is_taken() {
        let client = |text: &str| Ok(Some(ProxiedPeer::Client(text.parse().unwrap())));
        let more = |bytes: &[u8]| [bytes, b"\x03\0\x04abcd", &[0; 300]].concat();
        for (header, expected) in [
            (header(PROXY, TCP4, &V4), client("203.0.113.7:56324")),
            (header(PROXY, TCP4, &more(&V4)), client("203.0.113.7:56324")),
            (header(PROXY, TCP6, &v6("2001:db8::7")), client("[2001:db8::7]:258")),
            (header(PROXY, TCP6, &more(&v6("2001:db8::7"))), client("[2001:db8::7]:258")),
            (header(PROXY, TCP6, &v6("::ffff:203.0.113.7")), client("203.0.113.7:258")),
            (header(LOCAL, 0, &[]), Ok(Some(ProxiedPeer::Local))),
            (header(LOCAL, TCP4, &more(&V4)), Ok(Some(ProxiedPeer::Local))),
        ] {
            let stream = [&header[..], b"hello\n"].concat();
            for size in [1, 7, 16, 1000] {
                assert_eq!(read(&stream, size), (expected, header.len()), "{header:?}");
            }
        }
    }

    #[test]
    fn what_is_no_header_is_known_as_soon_as_it_can_be() {
        for (stream, fault) in [
            (&b"hello\n"[..], HeaderError::Missing),
            (b"\r\nhello", HeaderError::Missing),
            (b"PROXIES", HeaderError::Missing),
            (b"PROXY UNKNOWN\r\n", HeaderError::Version1),
            (b"PROXY TCP4 1.1.1.1 1.1.1.1 1 1\r\n", HeaderError::Version1),
            (&header(0x22, TCP4, &V4), HeaderError::Unknown),
            (&header(0x11, TCP4, &V4), HeaderError::Unknown),
            (&header(PROXY, TCP4, &V4[..11]), HeaderError::NoAddress),
            (&header(PROXY, TCP6, &V4), HeaderError::NoAddress),
            (&header(PROXY, 0, &[]), HeaderError::NoAddress),
            (&header(PROXY, 0x12, &V4), HeaderError::NoAddress),
            (&header(PROXY, 0x31, &[b'x'; 216]), HeaderError::NoAddress),
            (&header(PROXY, TCP4, &[0; MAX_PROXY_HEADER_BYTES - HEAD + 1]), HeaderError::TooLong),
        ] {
            for size in [1, 7, 16, 1000] {
                assert_eq!(read(stream, size).0, Err(fault), "{stream:?}");
            }
        }
        assert_eq!(read(b"x", 1), (Err(HeaderError::Missing), 1));
        assert_eq!(read(b"PROXY", 1), (Ok(None), 5));
        assert_eq!(read(&header(PROXY, TCP4, &[0; MAX_PROXY_HEADER_BYTES]), 1).1, HEAD);
        let longest = header(PROXY, TCP4, &[7; MAX_PROXY_HEADER_BYTES - HEAD]);
        assert!(read(&longest, 1000).0.is_ok_and(|source| source.is_some()));
    }
}
