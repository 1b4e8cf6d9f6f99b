//! One client of the server: a socket that is read line by line, with a deadline.

use super::clock::now;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How long the client waits for anything that must come.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
/// What the last line of a welcome contains.
const WELCOME_END: &str = "/help";
/// Bytes of one read.
const READ: usize = 64 * 1024;

/// One connection.
#[derive(Debug)]
pub(super) struct Client {
    /// The socket.
    stream: TcpStream,
    /// Bytes that were received; the first `consumed` of them were returned as lines.
    received: Vec<u8>,
    /// How many of them were returned as lines.
    consumed: usize,
}

impl Client {
    /// Connects, and waits for nothing.
    #[expect(clippy::disallowed_methods, reason = "a client from outside, on plain sockets")]
    pub(super) fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self::from_stream(stream))
    }

    /// A client with a connection that exists already.
    pub(super) fn from_stream(stream: TcpStream) -> Self {
        Self { stream, received: Vec::new(), consumed: 0 }
    }

    /// Connects and waits for the welcome.
    pub(super) fn join(address: SocketAddr) -> io::Result<Self> {
        let mut client = Self::connect(address)?;
        client.expect_welcome(TIMEOUT)?;
        Ok(client)
    }

    /// Waits for the welcome.
    pub(super) fn expect_welcome(&mut self, timeout: Duration) -> io::Result<()> {
        self.wait_for(timeout, |line| line.contains(WELCOME_END).then_some(()))
    }

    /// The socket, and the bytes that were received and not returned as lines.
    pub(super) fn into_parts(mut self) -> (TcpStream, Vec<u8>) {
        (self.stream, self.received.split_off(self.consumed))
    }

    /// Sends text, which includes the ends of its lines.
    pub(super) fn send(&mut self, lines: &str) -> io::Result<()> {
        self.stream.write_all(lines.as_bytes())
    }

    /// Reads lines until `find` returns something for one.
    pub(super) fn wait_for<T>(
        &mut self,
        timeout: Duration,
        mut find: impl FnMut(&str) -> Option<T>,
    ) -> io::Result<T> {
        let deadline = now() + timeout;
        loop {
            while let Some(line) = self.next_line() {
                if let Some(found) = find(&line) {
                    return Ok(found);
                }
            }
            if !self.read(deadline)? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Passes every line that is there now to `each`. False: the connection has ended.
    pub(super) fn drain(&mut self, mut each: impl FnMut(&str)) -> io::Result<bool> {
        self.stream.set_nonblocking(true)?;
        let mut buffer = vec![0; READ];
        let open = loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => break Ok(false),
                Ok(count) => self.received.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break Ok(true),
                Err(error) => break Err(error),
            }
        };
        self.stream.set_nonblocking(false)?;
        while let Some(line) = self.next_line() {
            each(&line);
        }
        open
    }

    /// Reads once. False: the connection has ended.
    fn read(&mut self, deadline: Instant) -> io::Result<bool> {
        let left = deadline.saturating_duration_since(now()).max(Duration::from_millis(1));
        self.stream.set_read_timeout(Some(left))?;
        let mut buffer = [0; READ];
        match self.stream.read(&mut buffer) {
            Ok(0) => Ok(false),
            Ok(count) => {
                self.received.extend_from_slice(&buffer[..count]);
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(true),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                Err(io::Error::new(ErrorKind::TimedOut, "nothing came in time"))
            }
            Err(error) => Err(error),
        }
    }

    /// The next whole line that was received, without its end.
    fn next_line(&mut self) -> Option<String> {
        let rest = &self.received[self.consumed..];
        let Some(end) = rest.iter().position(|&byte| byte == b'\n') else {
            self.received.drain(..std::mem::take(&mut self.consumed));
            return None;
        };
        let line = String::from_utf8_lossy(&rest[..end]).trim_end().to_owned();
        self.consumed += end + 1;
        Some(line)
    }
}
