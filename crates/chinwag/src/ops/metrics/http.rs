//! As much of HTTP as metrics and health need: a bounded head in, one answer out. Pure.
//!
//! A target may be a path or a whole URL, whose host counts in the place of `Host` (RFC 9112, 3.2). Whom a request is for is looked
//! at before anything else: [`AllowedHosts`] says why.

use super::allowed_hosts::{AllowedHosts, Malformed};
use super::content_negotiation::Format;
use httparse::{EMPTY_HEADER, Error};

/// Most bytes of a request's head: what machines that watch send is a tenth of it.
pub(super) const MAX_HEAD_BYTES: usize = 4096;
/// Most headers of a request.
const MAX_HEADERS: usize = 32;

/// What there is to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// The metrics.
    Metrics,
    /// Whether the server lives.
    Health,
    /// Whether it accepts connections.
    Ready,
}

/// A request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// A request for an endpoint.
    Get {
        /// Which.
        endpoint: Endpoint,
        /// The format of the metrics.
        format: Format,
        /// Whether the body is wanted.
        with_body: bool,
    },
    /// One that is answered with an error.
    Invalid(Status),
}

/// How far a request is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parse {
    /// Its end has not come.
    Partial,
    /// It is whole, or no request.
    Complete(Request),
}

/// The statuses that are answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// All is well.
    Ok,
    /// This is no request.
    BadRequest,
    /// There is no such page.
    NotFound,
    /// The pages are there to be read alone.
    MethodNotAllowed,
    /// It is for a server of another name.
    Misdirected,
    /// The request is too large.
    HeadersTooLarge,
    /// The server is not well.
    Unavailable,
}

impl Status {
    fn status_line(self) -> &'static str {
        match self {
            Self::Ok => "200 OK",
            Self::BadRequest => "400 Bad Request",
            Self::NotFound => "404 Not Found",
            Self::MethodNotAllowed => "405 Method Not Allowed",
            Self::Misdirected => "421 Misdirected Request",
            Self::HeadersTooLarge => "431 Request Header Fields Too Large",
            Self::Unavailable => "503 Service Unavailable",
        }
    }

    /// The body of the response.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Ok => "ok\n",
            Self::BadRequest => "this is no request of HTTP\n",
            Self::NotFound => "there are /metrics, /healthz and /readyz\n",
            Self::MethodNotAllowed => "the pages can be read, with GET or HEAD\n",
            Self::Misdirected => {
                "this server is not known by that name: ask by its address in numbers, or put the name into metrics-hosts\n"
            }
            Self::HeadersTooLarge => "the head of a request has at most 4096 bytes and 32 fields\n",
            Self::Unavailable => "the server is not well\n",
        }
    }
}

/// Reads a request to one of these hosts from what has come of it.
pub(super) fn parse(bytes: &[u8], hosts: &AllowedHosts) -> Parse {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let asked = match request.parse(bytes) {
        Ok(httparse::Status::Partial) => return Parse::Partial,
        Ok(httparse::Status::Complete(_)) => interpret(&request, hosts),
        Err(Error::TooManyHeaders) => Err(Status::HeadersTooLarge),
        Err(_) => Err(Status::BadRequest),
    };
    Parse::Complete(asked.unwrap_or_else(Request::Invalid))
}

/// What a whole request asks for.
fn interpret(request: &httparse::Request<'_, '_>, hosts: &AllowedHosts) -> Result<Request, Status> {
    let target = request.path.unwrap_or("");
    let own = host(request)?;
    let (authority, path) = match whole_url(target)? {
        Some((authority, path)) => (Some(authority), path),
        None => (own, target),
    };
    if let Some(authority) = authority
        && !hosts.serve(authority).map_err(|Malformed| Status::BadRequest)?
    {
        return Err(Status::Misdirected);
    }
    let path = path.split('?').next().unwrap_or(path);
    let endpoint = match path {
        "/metrics" => Endpoint::Metrics,
        "/healthz" => Endpoint::Health,
        "/readyz" => Endpoint::Ready,
        _ => return Err(Status::NotFound),
    };
    let format = Format::wanted(fields(request, "accept"));
    match request.method {
        Some("GET") => Ok(Request::Get { endpoint, format, with_body: true }),
        Some("HEAD") => Ok(Request::Get { endpoint, format, with_body: false }),
        _ => Err(Status::MethodNotAllowed),
    }
}

/// The values of the fields of this name.
fn fields<'a>(
    request: &'a httparse::Request<'_, '_>,
    name: &'static str,
) -> impl Iterator<Item = &'a [u8]> + Clone {
    let named = move |field: &&httparse::Header<'_>| field.name.eq_ignore_ascii_case(name);
    request.headers.iter().filter(named).map(|field| field.value)
}

/// Whom a request is for by its `Host`: there is exactly one in HTTP/1.1. A browser always sends it.
fn host<'a>(request: &'a httparse::Request<'_, '_>) -> Result<Option<&'a str>, Status> {
    let mut hosts = fields(request, "host");
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => std::str::from_utf8(host).map(Some).map_err(|_| Status::BadRequest),
        (None, _) if request.version == Some(0) => Ok(None),
        _ => Err(Status::BadRequest),
    }
}

/// The host and the path of a target that is a whole URL.
fn whole_url(target: &str) -> Result<Option<(&str, &str)>, Status> {
    let Some((scheme, rest)) = target.split_once("://") else { return Ok(None) };
    if scheme.contains(['/', '?']) {
        return Ok(None);
    }
    // There is no other scheme here.
    if !scheme.eq_ignore_ascii_case("http") {
        return Err(Status::Misdirected);
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if authority.is_empty() { Err(Status::BadRequest) } else { Ok(Some((authority, path))) }
}

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Response {
    /// How it went.
    status: Status,
    /// What kind of text it is.
    kind: &'static str,
    /// The text.
    body: String,
    /// Whether the text is sent.
    with_body: bool,
}

impl Response {
    /// Plain text.
    pub(super) fn new(status: Status, body: String) -> Self {
        Self { status, kind: "text/plain; charset=utf-8", body, with_body: true }
    }

    /// The figures.
    pub(super) fn metrics(format: Format, body: String) -> Self {
        Self { kind: format.kind(), ..Self::new(Status::Ok, body) }
    }

    /// With its text or the head alone.
    pub(super) fn with_body(self, with_body: bool) -> Self {
        Self { with_body, ..self }
    }

    /// As it is sent.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let Self { status, kind, body, with_body } = self;
        let allow = if *status == Status::MethodNotAllowed { "Allow: GET, HEAD\r\n" } else { "" };
        let head = format!(
            "HTTP/1.1 {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{allow}\
             Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
            status.status_line(),
            body.len()
        );
        let body = if *with_body { body.as_str() } else { "" };
        [head.as_bytes(), body.as_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;
    use proptest::prelude::*;
    use std::net::Ipv4Addr;

    fn asked(request: &str) -> Parse {
        let settings = Settings::default();
        parse(request.as_bytes(), &AllowedHosts::new(&settings, Ipv4Addr::LOCALHOST.into()))
    }

    fn parsed(endpoint: Endpoint, format: Format, with_body: bool) -> Parse {
        Parse::Complete(Request::Get { endpoint, format, with_body })
    }

    fn nothing(status: Status) -> Parse {
        Parse::Complete(Request::Invalid(status))
    }

    #[test]
    fn the_pages_are_found_and_nothing_else_is() {
        let open = Format::OpenMetrics;
        let own = "Host: localhost\r\n\r\n";
        let metrics = asked(&format!("GET /metrics HTTP/1.1\r\n{own}"));
        assert_eq!(metrics, parsed(Endpoint::Metrics, open, true));
        assert_eq!(asked("GET /healthz?x HTTP/1.0\n\n"), parsed(Endpoint::Health, open, true));
        let ready = asked(&format!("HEAD /readyz HTTP/1.1\r\n{own}"));
        assert_eq!(ready, parsed(Endpoint::Ready, open, false));
        assert_eq!(asked(&format!("GET / HTTP/1.1\r\n{own}")), nothing(Status::NotFound));
        let posted = asked(&format!("POST /metrics HTTP/1.1\r\n{own}"));
        assert_eq!(posted, nothing(Status::MethodNotAllowed));
        assert_eq!(asked("\u{16}\u{3}"), nothing(Status::BadRequest));
        let fields = "a: b\r\n".repeat(MAX_HEADERS + 1);
        let large = asked(&format!("GET /metrics HTTP/1.1\r\n{fields}\r\n"));
        assert_eq!(large, nothing(Status::HeadersTooLarge));
        assert_eq!(asked("GET /metrics HTTP/1.1\r\nHost"), Parse::Partial);
    }

    #[test]
    fn requests_for_other_hosts_are_misdirected() {
        for (foreign, status) in [
            ("GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", Status::Misdirected),
            ("POST /x HTTP/1.1\r\nhost: evil.example:9090\r\n\r\n", Status::Misdirected),
            ("GET / HTTP/1.0\r\nHost: evil.example\r\n\r\n", Status::Misdirected),
            (
                "GET http://evil.example/metrics HTTP/1.1\r\nHost: [::1]\r\n\r\n",
                Status::Misdirected,
            ),
            ("GET https://[::1]/metrics HTTP/1.1\r\nHost: [::1]\r\n\r\n", Status::Misdirected),
            ("GET /metrics HTTP/1.1\r\n\r\n", Status::BadRequest),
            (
                "GET /metrics HTTP/1.1\r\nHost: [::1]\r\nHost: evil.example\r\n\r\n",
                Status::BadRequest,
            ),
            ("GET /metrics HTTP/1.1\r\nHost: a b\r\n\r\n", Status::BadRequest),
            ("GET http:///metrics HTTP/1.1\r\nHost: [::1]\r\n\r\n", Status::BadRequest),
            ("GET http://me@[::1]/metrics HTTP/1.1\r\nHost: [::1]\r\n\r\n", Status::BadRequest),
        ] {
            assert_eq!(asked(foreign), nothing(status), "{foreign}");
        }
    }

    #[test]
    fn a_target_may_be_a_whole_url() {
        let get = |target: &str, host: &str| {
            asked(&format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"))
        };
        let whole = parsed(Endpoint::Metrics, Format::OpenMetrics, true);
        // The target's host is the one that counts.
        for target in ["http://127.0.0.1:9090/metrics", "HTTP://localhost/metrics?a=http://b/"] {
            assert_eq!(get(target, "evil.example"), whole, "{target}");
        }
        assert_eq!(get("http://localhost", "localhost"), nothing(Status::NotFound));
        assert_eq!(get("/metrics?u=http://evil.example/", "localhost"), whole);
    }

    #[test]
    fn the_older_format_is_given_to_who_asks_for_it() {
        let head = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: text/plain\r\n\r\n";
        assert_eq!(asked(head), parsed(Endpoint::Metrics, Format::Text, true));
    }

    #[test]
    fn an_answer_says_how_long_it_is_and_a_head_has_no_body() {
        let answer = Response::new(Status::Ok, "ok\n".to_owned());
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
            let _ = parse(&bytes, &AllowedHosts::default());
        }
    }
}
