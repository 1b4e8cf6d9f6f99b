//! As much of HTTP as figures and health need: a bounded head in, one answer out. Pure.

use httparse::{EMPTY_HEADER, Error, Request};

/// Most bytes of a request's head: what machines that watch send is a tenth of it.
pub(super) const MOST_BYTES: usize = 4096;
/// Most headers of a request.
const MOST_HEADERS: usize = 32;

/// What there is to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// The figures.
    Metrics,
    /// Whether the server lives.
    Health,
    /// Whether it takes people.
    Ready,
}

/// What somebody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A page; its head alone if he does not want the body.
    Page {
        /// Which.
        page: Page,
        /// Whether he wants more than the head.
        with_body: bool,
    },
    /// Nothing that there is.
    Nothing(Status),
}

/// How far a request is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Its end has not come.
    More,
    /// It is whole, or no request.
    Done(Asked),
}

/// The statuses that are answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// All is well.
    Fine,
    /// This is no request.
    Bad,
    /// There is no such page.
    Unknown,
    /// The pages are there to be read alone.
    NotAllowed,
    /// The request is too large.
    TooLarge,
    /// The server is not well.
    Ill,
}

impl Status {
    fn line(self) -> &'static str {
        match self {
            Self::Fine => "200 OK",
            Self::Bad => "400 Bad Request",
            Self::Unknown => "404 Not Found",
            Self::NotAllowed => "405 Method Not Allowed",
            Self::TooLarge => "431 Request Header Fields Too Large",
            Self::Ill => "503 Service Unavailable",
        }
    }

    /// What whoever asked reads.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Fine => "ok\n",
            Self::Bad => "this is no request of HTTP\n",
            Self::Unknown => "there are /metrics, /healthz and /readyz\n",
            Self::NotAllowed => "the pages can be read, with GET or HEAD\n",
            Self::TooLarge => "the head of a request has at most 4096 bytes and 32 fields\n",
            Self::Ill => "the server is not well\n",
        }
    }
}

/// Reads a request from what has come of it.
pub(super) fn parse(bytes: &[u8]) -> Reading {
    let mut headers = [EMPTY_HEADER; MOST_HEADERS];
    let mut request = Request::new(&mut headers);
    let asked = match request.parse(bytes) {
        Ok(httparse::Status::Partial) => return Reading::More,
        Ok(httparse::Status::Complete(_)) => {
            understand(request.method.unwrap_or(""), request.path.unwrap_or(""))
        }
        Err(Error::TooManyHeaders) => Asked::Nothing(Status::TooLarge),
        Err(_) => Asked::Nothing(Status::Bad),
    };
    Reading::Done(asked)
}

/// What a whole request asks for.
fn understand(method: &str, path: &str) -> Asked {
    let path = path.split('?').next().unwrap_or(path);
    let page = match path {
        "/metrics" => Page::Metrics,
        "/healthz" => Page::Health,
        "/readyz" => Page::Ready,
        _ => return Asked::Nothing(Status::Unknown),
    };
    match method {
        "GET" => Asked::Page { page, with_body: true },
        "HEAD" => Asked::Page { page, with_body: false },
        _ => Asked::Nothing(Status::NotAllowed),
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// How it went.
    status: Status,
    /// What kind of text it is.
    kind: &'static str,
    /// The text.
    body: String,
    /// Whether the text is sent.
    with_body: bool,
}

impl Answer {
    /// Plain text.
    pub(super) fn new(status: Status, body: String) -> Self {
        Self { status, kind: "text/plain; charset=utf-8", body, with_body: true }
    }

    /// The figures.
    pub(super) fn metrics(body: String) -> Self {
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        Self { kind, ..Self::new(Status::Fine, body) }
    }

    /// With its text or the head alone.
    pub(super) fn with_body(self, with_body: bool) -> Self {
        Self { with_body, ..self }
    }

    /// As it is sent.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let Self { status, kind, body, with_body } = self;
        let allow = if *status == Status::NotAllowed { "Allow: GET, HEAD\r\n" } else { "" };
        let head = format!(
            "HTTP/1.1 {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{allow}\
             Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
            status.line(),
            body.len()
        );
        let body = if *with_body { body.as_str() } else { "" };
        [head.as_bytes(), body.as_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn asked(request: &str) -> Reading {
        parse(request.as_bytes())
    }

    #[test]
    fn the_pages_are_found_and_nothing_else_is() {
        let page = |page, with_body| Reading::Done(Asked::Page { page, with_body });
        let nothing = |status| Reading::Done(Asked::Nothing(status));
        assert_eq!(asked("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"), page(Page::Metrics, true));
        assert_eq!(asked("GET /healthz?x HTTP/1.0\n\n"), page(Page::Health, true));
        assert_eq!(asked("HEAD /readyz HTTP/1.1\r\n\r\n"), page(Page::Ready, false));
        assert_eq!(asked("GET / HTTP/1.1\r\n\r\n"), nothing(Status::Unknown));
        assert_eq!(asked("POST /metrics HTTP/1.1\r\n\r\n"), nothing(Status::NotAllowed));
        assert_eq!(asked("\u{16}\u{3}"), nothing(Status::Bad));
        let fields = "a: b\r\n".repeat(MOST_HEADERS + 1);
        let large = asked(&format!("GET /metrics HTTP/1.1\r\n{fields}\r\n"));
        assert_eq!(large, nothing(Status::TooLarge));
        assert_eq!(asked("GET /metrics HTTP/1.1\r\nHost"), Reading::More);
    }

    #[test]
    fn an_answer_says_how_long_it_is_and_a_head_has_no_body() {
        let answer = Answer::new(Status::Fine, "ok\n".to_owned());
        let text = String::from_utf8(answer.bytes()).unwrap();
        assert!(
            text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with("\r\n\r\nok\n"),
            "{text}"
        );
        let head = String::from_utf8(answer.with_body(false).bytes()).unwrap();
        assert!(head.contains("Content-Length: 3\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_an_end_or_want_more(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }
    }
}
