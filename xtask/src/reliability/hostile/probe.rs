//! Requests of operators during an attack: whether the server is healthy, and its statistics.

use super::super::clock::now;
use super::attack::Probe;
use super::connect;
use super::network::Addresses;
use std::io::{self, Write as _};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// The number of requests.
const TIMES: usize = 5;
/// How long an answer may take: the server itself calls its rooms unhealthy after 2 s.
const TIMEOUT: Duration = Duration::from_secs(4);

/// Sends requests, up to the first one without an answer: how many were answered, of how many.
pub(super) fn run(server: Addresses, what: Probe) -> (usize, usize) {
    let answered = (0..TIMES).take_while(|_| {
        let answer = match what {
            Probe::Health => health(server),
            Probe::Admin => statistics(server),
        };
        answer.unwrap_or(false)
    });
    (answered.count(), TIMES)
}

/// Whether the server reports that it is healthy.
fn health(server: Addresses) -> io::Result<bool> {
    let socket = connect::begin(server.loopback(), server.metrics(), None)?;
    let mut stream = TcpStream::from(socket);
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    Ok(answer(stream)?.starts_with("HTTP/1.1 200 "))
}

/// Whether the server returns its statistics.
fn statistics(server: Addresses) -> io::Result<bool> {
    let mut stream = UnixStream::from(connect::begin_unix(&server.admin())?);
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(b"chinwag-admin 1 stats\n")?;
    Ok(answer(stream)?.trim_end().ends_with("ok"))
}

/// The whole answer, read in a bounded time.
fn answer(mut stream: impl io::Read) -> io::Result<String> {
    let (began, mut bytes) = (now(), Vec::new());
    let mut buffer = [0; 16 * 1024];
    while began.elapsed() < TIMEOUT {
        match stream.read(&mut buffer)? {
            0 => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
            count => bytes.extend_from_slice(&buffer[..count]),
        }
    }
    Err(io::ErrorKind::TimedOut.into())
}
