//! What a proxy says: the address does not depend on how the header was split, is what a look at the whole of it finds, and no
//! byte behind the header is taken.

use super::script;
use crate::limits::MAX_PROXY_HEADER_BYTES;
use crate::protocol::proxy_header::{HeaderError, HeaderReader, ProxiedPeer, SIGNATURE};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Bytes before the addresses.
const HEAD: usize = 16;

/// What comes of a stream, and how many bytes of it were taken.
type Read = (Option<Result<ProxiedPeer, HeaderError>>, usize);

/// The fuzz target. Half of the inputs have a signature put before them, which is rarely found.
pub(super) fn check(input: &[u8]) {
    let Some((&first, rest)) = input.split_first() else { return };
    let chunks = script::chunks(rest);
    let mut stream = script::whole(&chunks);
    if first & 1 == 1 {
        stream.splice(..0, SIGNATURE);
    }
    let (expected, taken) = reference(&stream);
    for size in [1, 1 + usize::from(first), usize::MAX] {
        let (came, took) = read(&stream, size);
        assert_eq!(came, expected, "by the {size}");
        if let Some(Ok(_)) = came {
            assert_eq!(took, taken, "all of the header and nothing behind it");
        }
        assert!(took <= taken.max(HEAD), "{took} bytes of {taken}");
    }
}

/// What the product makes of a stream that comes in chunks of this size at most.
fn read(stream: &[u8], size: usize) -> Read {
    let mut reader = HeaderReader::default();
    let mut taken = 0;
    while taken < stream.len() {
        let wanted = reader.wanted();
        assert!(wanted > 0, "it is read until it is known");
        let next = wanted.min(size).min(stream.len() - taken);
        let came = reader.push(&stream[taken..taken + next]).transpose();
        taken += next;
        if came.is_some() {
            return (came, taken);
        }
    }
    (None, taken)
}

/// What must come of a stream, and how many bytes its header has.
fn reference(stream: &[u8]) -> Read {
    let same =
        |start: &[u8]| stream.iter().zip(start).take_while(|(one, other)| one == other).count();
    if same(&SIGNATURE) < stream.len().min(SIGNATURE.len()) {
        return match same(b"PROXY ") {
            6 => (Some(Err(HeaderError::Version1)), HEAD),
            same if same == stream.len() => (None, HEAD),
            _ => (Some(Err(HeaderError::Missing)), HEAD),
        };
    }
    let Some(&command) = stream.get(12) else { return (None, HEAD) };
    if command != 0x20 && command != 0x21 {
        return (Some(Err(HeaderError::Unknown)), HEAD);
    }
    let [family, high, low] = match stream.get(13..HEAD) {
        Some(rest) => [rest[0], rest[1], rest[2]],
        None => return (None, HEAD),
    };
    let length = usize::from(high) * 256 + usize::from(low);
    if HEAD + length > MAX_PROXY_HEADER_BYTES {
        return (Some(Err(HeaderError::TooLong)), HEAD);
    }
    let Some(body) = stream.get(HEAD..HEAD + length) else { return (None, HEAD + length) };
    let source = match (command, family) {
        (0x20, _) => Ok(ProxiedPeer::Local),
        (_, 0x11) if length >= 12 => {
            let address = IpAddr::from([body[0], body[1], body[2], body[3]]);
            let port = u16::from(body[8]) * 256 + u16::from(body[9]);
            Ok(ProxiedPeer::Client(SocketAddr::new(address, port)))
        }
        (_, 0x21) if length >= 36 => {
            let bits = body[..16].iter().fold(0, |bits: u128, &byte| bits << 8 | u128::from(byte));
            let address = IpAddr::from(Ipv6Addr::from_bits(bits)).to_canonical();
            let port = u16::from(body[32]) * 256 + u16::from(body[33]);
            Ok(ProxiedPeer::Client(SocketAddr::new(address, port)))
        }
        _ => Err(HeaderError::NoAddress),
    };
    (Some(source), HEAD + length)
}
