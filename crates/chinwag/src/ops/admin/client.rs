//! The other side: `chinwag admin`, which asks a running server and shows what it says.

use super::protocol::{InvalidRequest, OutputFormat, Rejection, Request, parse_response};
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use whippet::net::UnixStream;
use whippet::runtime::Builder;

/// How long the server may take for anything.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Most bytes of an answer: what the tasks of ten thousand users take.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Why there is no answer; displayed, it is a sentence.
#[derive(Debug)]
pub(crate) enum RequestError {
    /// No server could carry that out.
    Invalid(InvalidRequest),
    /// No server answered at this socket.
    NoAnswer(PathBuf, io::Error),
    /// The server did not carry it out: its reason.
    Rejected(String),
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(invalid) => invalid.fmt(f),
            Self::NoAnswer(socket, error) => f.write_str(&describe_failure(socket, error)),
            Self::Rejected(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for RequestError {}

/// Asks the server behind this socket, and gives its answer.
///
/// # Errors
/// As [`RequestError`] says.
pub(crate) fn send_request(
    socket: &Path,
    request: &Request,
    form: OutputFormat,
) -> Result<String, RequestError> {
    request.check().map_err(RequestError::Invalid)?;
    exchange(socket, &request.line(form))
        .map_err(|error| RequestError::NoAnswer(socket.to_path_buf(), error))?
        .map_err(|Rejection(reason)| RequestError::Rejected(reason))
}

/// What is wrong when there was no response, and the way out.
fn describe_failure(socket: &Path, error: &io::Error) -> String {
    let socket = socket.display();
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            let seconds = TIMEOUT.as_secs();
            format!(
                "the server at {socket} has not answered within {seconds} s; its log may say why"
            )
        }
        ErrorKind::PermissionDenied => format!(
            "cannot ask the server at {socket}: {error}; only root and the user that it runs as may do that"
        ),
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => format!(
            "the server at {socket} closed the connection without a whole answer; is it stopping, or very busy?"
        ),
        _ => format!(
            "cannot ask the server at {socket}: {error}; is it running, with this --admin-socket?"
        ),
    }
}

/// What was said, with what could disturb a terminal escaped: a socket may be another's than the server's.
fn escape_control(said: &str) -> String {
    let mut shown = String::with_capacity(said.len());
    for c in said.chars() {
        if c.is_control() && !matches!(c, '\n' | '\t') {
            shown.extend(c.escape_debug());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Sends the request and reads the whole answer.
fn exchange(socket: &Path, line: &str) -> io::Result<Result<String, Rejection>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    // It waits in the kernel from here on: there is nothing else to do.
    let mut stream = runtime.block_on(UnixStream::connect(socket))?.into_std()?;
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    // A server that does not read on has answered already.
    let sent = stream.write_all(line.as_bytes());
    let mut answer = Vec::new();
    let read = stream.take(MAX_BYTES).read_to_end(&mut answer);
    match parse_response(&escape_control(&String::from_utf8_lossy(&answer))) {
        Some(outcome) => Ok(outcome),
        None => sent.and(read).and(Err(ErrorKind::UnexpectedEof.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_has_its_own_way_out() {
        let said = |kind: ErrorKind| describe_failure(Path::new("/s"), &kind.into());
        assert!(said(ErrorKind::NotFound).contains("is it running"));
        assert!(said(ErrorKind::ConnectionRefused).contains("is it running"));
        for (kind, words) in [
            (ErrorKind::WouldBlock, "within 10 s"),
            (ErrorKind::PermissionDenied, "only root"),
            (ErrorKind::ConnectionReset, "without a whole answer"),
        ] {
            assert!(said(kind).contains(words) && !said(kind).contains("is it running"), "{kind}");
        }
    }
}
