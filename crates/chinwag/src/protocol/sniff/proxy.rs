//! How a proxy begins that tells for whom it connects: the PROXY protocol, version 1 by a line, version 2 by twelve bytes.
//!
//! What such a header says is read by [`proxy`](crate::protocol::proxy_header) where it is believed; here it is only known for what it is.

use crate::protocol::proxy_header::SIGNATURE;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Whether a line is a header of version 1.
pub(super) fn is_version_1(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"PROXY ") else { return false };
    let Ok(rest) = std::str::from_utf8(rest) else { return false };
    let words: Vec<&str> = rest.splitn(6, ' ').collect();
    match words[..] {
        ["UNKNOWN", ..] => true,
        ["TCP4", from, to, at, behind] => are::<Ipv4Addr>(from, to) && are::<u16>(at, behind),
        ["TCP6", from, to, at, behind] => are::<Ipv6Addr>(from, to) && are::<u16>(at, behind),
        _ => false,
    }
}

/// Whether both words are such values.
fn are<T: FromStr>(one: &str, other: &str) -> bool {
    one.parse::<T>().is_ok() && other.parse::<T>().is_ok()
}

/// How much of the [signature](SIGNATURE) of version 2 the last bytes of a stream are. It begins with what looks like blank
/// lines and ends with what looks like a line, so it can be known by neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Signature(u8);

impl Signature {
    /// Looks at more bytes. Whether they end with it: nothing behind it is looked at.
    pub(crate) fn ends(&mut self, bytes: &[u8]) -> bool {
        for &byte in bytes {
            let seen = usize::from(self.0);
            // The longest start of it that the bytes end with now.
            let fits = |&length: &usize| {
                SIGNATURE[length] == byte && SIGNATURE[..length] == SIGNATURE[seen - length..seen]
            };
            self.0 = (0..=seen).rev().find(fits).map_or(0, |length| length as u8 + 1);
            if usize::from(self.0) == SIGNATURE.len() {
                self.0 = 0;
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_signature_is_found_where_a_plain_search_finds_it(
            pieces in prop::collection::vec(prop::sample::select(vec![
                &b"\r\n"[..], b"\r\n\r\n", b"\0", b"\r\n\0\r\n", b"QUIT\n", &SIGNATURE, b"\n", b"x",
            ]), 0..20)
        ) {
            let stream = pieces.concat();
            let expected = stream.windows(12).position(|bytes| bytes == SIGNATURE);
            let mut signature = Signature::default();
            let found = stream.iter().position(|&byte| signature.ends(&[byte]));
            prop_assert_eq!(found, expected.map(|at| at + 11));
            prop_assert_eq!(Signature::default().ends(&stream), expected.is_some());
        }
    }
}
