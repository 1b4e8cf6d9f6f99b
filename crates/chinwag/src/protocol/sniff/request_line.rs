//! The first line of a request of HTTP and of what was made after it, byte by byte: however long it is, nothing of it is kept.
//!
//! ```text
//!   Method ── SP ──► Target ── SP ──► Version ── the line's end ──► HTTP, RTSP or SIP
//!      └───────────────┴────────────────┴── a byte that cannot stand there ──► Not
//! ```

use super::OtherProtocol;

/// Where in a request line the bytes so far have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestLine {
    /// In the method, any token of RFC 9110; whether there is a byte of it.
    Method(bool),
    /// In the target, which holds no blank; whether there is a byte of it.
    Target(bool),
    /// In the version: its bytes, and how many they are.
    Version([u8; VERSION], u8),
    /// It is none.
    Other,
}

/// Bytes of the longest version.
const VERSION: usize = "HTTP/1.1".len();

impl Default for RequestLine {
    fn default() -> Self {
        Self::Method(false)
    }
}

impl RequestLine {
    /// The same, with more bytes of the line.
    pub(crate) fn feed(mut self, bytes: &[u8]) -> Self {
        for &byte in bytes {
            self = match self {
                Self::Method(_) if is_of_token(byte) => Self::Method(true),
                Self::Method(true) if byte == b' ' => Self::Target(false),
                Self::Target(_) if !is_blank(byte) => Self::Target(true),
                Self::Target(true) if byte == b' ' => Self::Version([0; VERSION], 0),
                Self::Version(mut version, length) if usize::from(length) < VERSION => {
                    version[usize::from(length)] = byte;
                    Self::Version(version, length + 1)
                }
                _ => return Self::Other,
            };
        }
        self
    }

    /// The protocol, if the line is over and is a request.
    pub(crate) fn protocol(self) -> Option<OtherProtocol> {
        let Self::Version(version, length) = self else { return None };
        let [name @ .., b'/', major, b'.', minor] = &version[..length.into()] else { return None };
        match name {
            _ if !major.is_ascii_digit() || !minor.is_ascii_digit() => None,
            b"HTTP" => Some(OtherProtocol::Http),
            b"RTSP" => Some(OtherProtocol::Rtsp),
            b"SIP" => Some(OtherProtocol::Sip),
            _ => None,
        }
    }
}

/// Whether a byte can stand in a token (RFC 9110, section 5.6.2).
fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Whether a byte is what ends a word.
fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}
