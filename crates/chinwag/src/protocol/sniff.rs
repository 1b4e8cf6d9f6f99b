//! Detection of clients that speak another protocol: by how they begin. They are answered in their own way.
//!
//! It is more than a courtesy. A web page may make its reader's browser send bytes to any port of the reader's own
//! machine; if a request's lines were taken for chat, any page could speak in a room that listens on loopback. And what other
//! programs send first is no chat: the secret of an IRC client, addresses that a proxy sends.
//!
//! Pure: it looks at lines and bytes. Which of them are the start of a stream is the [decoder](crate::protocol::decoder)'s business.

mod irc;
mod proxy;
mod request_line;

pub(crate) use self::proxy::Signature;
pub(crate) use self::request_line::RequestLine;

/// A protocol that is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OtherProtocol {
    /// A browser, or any program that speaks HTTP; SSDP looks the same.
    Http,
    /// A client of a media server (RFC 2326).
    Rtsp,
    /// A telephone (RFC 3261).
    Sip,
    /// A client that wants an encrypted connection.
    Tls,
    /// An ssh client.
    Ssh,
    /// A proxy that tells for whom it connects, and is not known as one that may.
    Proxy,
    /// An IRC client.
    Irc,
}

/// What HTTP clients are told, whole.
const HTTP_RESPONSE: &str = "HTTP/1.1 400 Bad Request\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\
    Content-Length: 77\r\n\
    Connection: close\r\n\
    \r\n\
    This is a chat server, not a web server: join it with nc or telnet instead.\r\n";

impl OtherProtocol {
    /// Knows a protocol by the first line that is not blank, whole.
    pub(crate) fn detect_line(line: &[u8]) -> Option<Self> {
        let request = || RequestLine::default().feed(line).protocol();
        let proxy = || proxy::is_version_1(line).then_some(Self::Proxy);
        Self::detect_prefix(line)
            .or_else(request)
            .or_else(proxy)
            .or_else(|| Self::detect_before_chat(line))
    }

    /// Knows a protocol by a line that comes before anything was said.
    pub(crate) fn detect_before_chat(line: &[u8]) -> Option<Self> {
        irc::is_opening(line).then_some(Self::Irc)
    }

    /// Knows a protocol by the start of the first line.
    pub(crate) fn detect_prefix(start: &[u8]) -> Option<Self> {
        if start.starts_with(&[0x16, 0x03]) {
            Some(Self::Tls)
        } else if start.starts_with(b"SSH-") {
            Some(Self::Ssh)
        } else {
            None
        }
    }

    /// What the other side is told before the connection is closed.
    pub(crate) fn response(self) -> &'static str {
        match self {
            Self::Http => HTTP_RESPONSE,
            Self::Rtsp => {
                "! this is a chat server, not a media server: join it with nc or telnet\r\n"
            }
            Self::Sip => {
                "! this is a chat server and takes no calls: join it with nc or telnet\r\n"
            }
            Self::Tls => {
                "! this is a chat server without encryption: join it with nc or telnet\r\n"
            }
            Self::Ssh => {
                "! this is a chat server, not an ssh server: join it with nc or telnet\r\n"
            }
            Self::Proxy => {
                "! a PROXY header is taken from the addresses in trusted-proxies, and yours is not among them\r\n"
            }
            Self::Irc => {
                "! this is a chat server, not an IRC server: join it with nc or telnet\r\n"
            }
        }
    }

    /// The reason that the room is told, should the person have been in it already.
    pub(crate) fn leave_reason(self) -> &'static str {
        match self {
            Self::Http => "a web client",
            Self::Rtsp => "an RTSP client",
            Self::Sip => "a SIP client",
            Self::Tls => "a TLS client",
            Self::Ssh => "an ssh client",
            Self::Proxy => "a proxy",
            Self::Irc => "an IRC client",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_known_by_their_first_line() {
        for (line, other) in [
            ("GET / HTTP/1.1", OtherProtocol::Http),
            ("POST /a?b=c HTTP/1.0", OtherProtocol::Http),
            ("PRI * HTTP/2.0", OtherProtocol::Http),
            ("patch / HTTP/1.1", OtherProtocol::Http),
            ("get / HTTP/1.1", OtherProtocol::Http),
            ("X_1 / HTTP/1.1", OtherProtocol::Http),
            ("!#$%&'*+-.^_`|~09azAZ / HTTP/1.1", OtherProtocol::Http),
            ("CONNECT 127.0.0.1:7070 HTTP/1.1", OtherProtocol::Http),
            ("M-SEARCH * HTTP/1.1", OtherProtocol::Http),
            ("NOTIFY * HTTP/1.1", OtherProtocol::Http),
            ("OPTIONS rtsp://h/ RTSP/1.0", OtherProtocol::Rtsp),
            ("OPTIONS sip:nm SIP/2.0", OtherProtocol::Sip),
        ] {
            assert_eq!(OtherProtocol::detect_line(line.as_bytes()), Some(other), "{line}");
        }
        let long = format!("{} /{} HTTP/1.1", "x".repeat(5000), "x".repeat(5000));
        assert_eq!(OtherProtocol::detect_line(long.as_bytes()), Some(OtherProtocol::Http));
    }

    #[test]
    fn others_are_known_by_their_first_bytes() {
        assert_eq!(OtherProtocol::detect_prefix(b"\x16\x03\x01\x02\x00"), Some(OtherProtocol::Tls));
        assert_eq!(OtherProtocol::detect_prefix(b"SSH-2.0-OpenSSH_9.2"), Some(OtherProtocol::Ssh));
    }

    #[test]
    fn an_irc_client_and_a_proxy_are_known_by_a_whole_line() {
        for line in [
            "CAP LS",
            "CAP LS 302",
            "CAP REQ :multi-prefix sasl",
            "CAP REQ sasl",
            "CAP END",
            "PASS secret",
            "NICK bob",
            "USER bob 0 * :Bob B.",
            "USER a b c :",
        ] {
            assert_eq!(
                OtherProtocol::detect_line(line.as_bytes()),
                Some(OtherProtocol::Irc),
                "{line}"
            );
        }
        for line in [
            "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443",
            "PROXY TCP6 2001:db8::1 2001:db8::2 1 65535",
            "PROXY UNKNOWN",
            "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535",
        ] {
            assert_eq!(
                OtherProtocol::detect_line(line.as_bytes()),
                Some(OtherProtocol::Proxy),
                "{line}"
            );
        }
    }

    #[test]
    fn chat_is_chat() {
        for line in [
            "",
            "\x16",
            "SSH",
            "hello",
            "GET well soon",
            "GET / HTTP/1.1 is what browsers send",
            "GET HTTP/1.1",
            "GET  HTTP/1.1",
            "GET / b HTTP/1.1",
            "GET\t/ HTTP/1.1",
            "I SAY HTTP/1.x",
            " HTTP/1.1",
            " GET / HTTP/1.1",
            "(GET) / HTTP/1.1",
            "GET / HTTP/1.1 ",
            "GET / HTTP/11.1",
            "GET / http/1.1",
            "GET / RTSP/1.",
            "PASS me the salt",
            "PASS",
            "PASS ",
            "pass secret",
            "Pass me",
            "NICK said hi",
            "NICK",
            "nick bob",
            "USER error",
            "USER is not found here",
            "USER a b :c",
            "USER a b c d :e",
            "CAP",
            "CAP it all",
            "CAP LS of the list",
            "CAP LSD",
            "CAP REQ",
            "CAP END of story",
            "PROXY",
            "PROXY servers are slow",
            "PROXY TCP4 is what it says",
            "PROXY TCP4 192.0.2.1 192.0.2.2 56324 65536",
            "PROXY TCP5 192.0.2.1 192.0.2.2 1 2",
            "PROXY UNKNOWNS",
            "QUIT",
        ] {
            assert_eq!(OtherProtocol::detect_line(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn the_answer_to_a_browser_is_as_long_as_it_says() {
        let answer = OtherProtocol::Http.response();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 400 "));
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
    }
}
