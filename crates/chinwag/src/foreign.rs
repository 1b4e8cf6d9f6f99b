//! Other protocols at our door: known by how they begin, and answered in their own way.
//!
//! It is more than a courtesy. A web page may make its reader's browser send bytes to any port of the reader's own
//! machine; if a request's lines were taken for chat, any page could speak in a room that listens on loopback.

use crate::limits::LINE;
use memchr::memchr2;

/// A protocol that is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// A browser, or any program that speaks HTTP.
    Http,
    /// A client that wants an encrypted connection.
    Tls,
    /// An ssh client.
    Ssh,
}

/// What HTTP clients are told, whole.
const HTTP_ANSWER: &str = "HTTP/1.1 400 Bad Request\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\
    Content-Length: 77\r\n\
    Connection: close\r\n\
    \r\n\
    This is a chat server, not a web server: join it with nc or telnet instead.\r\n";

impl Foreign {
    /// Knows a protocol by the first bytes of a connection, as they came.
    pub fn detect(first: &[u8]) -> Option<Self> {
        match memchr2(b'\n', b'\r', first) {
            Some(end) => Self::of_line(&first[..end]),
            None => Self::of_start(first, first.len() >= LINE),
        }
    }

    /// Knows a protocol by the whole first line.
    pub fn of_line(line: &[u8]) -> Option<Self> {
        if is_request(line) { Some(Self::Http) } else { Self::of_start(line, line.len() > LINE) }
    }

    /// Knows a protocol by the start of the first line. A line that is too long for ours is a request if it starts
    /// like one: else its first line would be dropped, and those behind it said.
    pub fn of_start(start: &[u8], too_long: bool) -> Option<Self> {
        if start.starts_with(&[0x16, 0x03]) {
            Some(Self::Tls)
        } else if start.starts_with(b"SSH-") {
            Some(Self::Ssh)
        } else if too_long && is_start_of_request(start) {
            Some(Self::Http)
        } else {
            None
        }
    }

    /// What the other side is told before the connection is closed.
    pub fn answer(self) -> &'static str {
        match self {
            Self::Http => HTTP_ANSWER,
            Self::Tls => {
                "! this is a chat server without encryption: join it with nc or telnet\r\n"
            }
            Self::Ssh => {
                "! this is a chat server, not an ssh server: join it with nc or telnet\r\n"
            }
        }
    }

    /// The reason that the room is told, should the person have been in it already.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Http => "a web client",
            Self::Tls => "a TLS client",
            Self::Ssh => "an ssh client",
        }
    }
}

/// Whether a whole line is `^[A-Z]+ \S+ HTTP/\d\.\d$`.
fn is_request(line: &[u8]) -> bool {
    let Some((start, version)) = line.split_at_checked(line.len().saturating_sub(9)) else {
        return false;
    };
    let versioned = matches!(version, [b' ', b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
        if major.is_ascii_digit() && minor.is_ascii_digit());
    versioned && is_start_of_request(start)
}

/// Whether a line is `^[A-Z]+ \S+$`: how a request begins that is too long for a line of ours.
fn is_start_of_request(line: &[u8]) -> bool {
    let method = line.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    let Some((b' ', target)) = line[method..].split_first() else { return false };
    method > 0 && !target.is_empty() && !target.iter().any(|byte| byte.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_known_by_their_first_line() {
        for first in ["GET / HTTP/1.1\n", "POST /a?b=c HTTP/1.0\r\nHost: x", "PRI * HTTP/2.0\r\n"] {
            assert_eq!(Foreign::detect(first.as_bytes()), Some(Foreign::Http), "{first}");
        }
        let long = format!("POST /{} HTTP/1.1\r\n\r\nspam", "x".repeat(5000));
        assert_eq!(Foreign::detect(long.as_bytes()), Some(Foreign::Http));
        assert_eq!(Foreign::detect(&long.as_bytes()[..LINE]), Some(Foreign::Http));
    }

    #[test]
    fn others_are_known_by_their_first_bytes() {
        assert_eq!(Foreign::detect(b"\x16\x03\x01\x02\x00"), Some(Foreign::Tls));
        assert_eq!(Foreign::detect(b"SSH-2.0-OpenSSH_9.2"), Some(Foreign::Ssh));
    }

    #[test]
    fn chat_is_chat() {
        for first in [
            "",
            "\x16",
            "SSH",
            "hello",
            "GET / HTTP/1.1 is what browsers send",
            "get / HTTP/1.1",
            "GET HTTP/1.1",
            "GET  HTTP/1.1",
            "GET / b HTTP/1.1",
            "I SAY HTTP/1.x",
            " HTTP/1.1",
            "GET / HTTP/1.1",
            "GET / HTTP/1.1 \n",
            "hello\r\nGET / HTTP/1.1\r\n",
        ] {
            assert_eq!(Foreign::detect(first.as_bytes()), None, "{first}");
        }
    }

    #[test]
    fn the_answer_to_a_browser_is_as_long_as_it_says() {
        let answer = Foreign::Http.answer();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 400 "));
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
    }
}
