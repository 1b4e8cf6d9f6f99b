//! Somebody at the server: a socket that is read with a deadline, line by line.

use super::clock::now;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How long anything that must come may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// The words that end a welcome.
const WELCOME_END: &str = "/help";
/// Bytes of one read.
const READ: usize = 64 * 1024;

/// One connection.
#[derive(Debug)]
pub(super) struct Client {
    /// The socket.
    stream: TcpStream,
    /// What came.
    heard: Vec<u8>,
    /// How much of it was taken.
    taken: usize,
}

impl Client {
    /// Connects, and waits for nothing.
    #[expect(clippy::disallowed_methods, reason = "a person from outside, on plain sockets")]
    pub(super) fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self::over(stream))
    }

    /// On a connection that there is already.
    pub(super) fn over(stream: TcpStream) -> Self {
        Self { stream, heard: Vec::new(), taken: 0 }
    }

    /// Connects and waits for the welcome.
    pub(super) fn join(address: SocketAddr) -> io::Result<Self> {
        let mut person = Self::connect(address)?;
        person.welcomed(PATIENCE)?;
        Ok(person)
    }

    /// Waits for the welcome.
    pub(super) fn welcomed(&mut self, patience: Duration) -> io::Result<()> {
        self.hear(patience, |line| line.contains(WELCOME_END).then_some(()))
    }

    /// His socket, and what came and was not taken.
    pub(super) fn into_parts(mut self) -> (TcpStream, Vec<u8>) {
        (self.stream, self.heard.split_off(self.taken))
    }

    /// Says a line, its end included.
    pub(super) fn say(&mut self, line: &str) -> io::Result<()> {
        self.stream.write_all(line.as_bytes())
    }

    /// Takes lines until one gives something.
    pub(super) fn hear<T>(
        &mut self,
        patience: Duration,
        mut look: impl FnMut(&str) -> Option<T>,
    ) -> io::Result<T> {
        let deadline = now() + patience;
        loop {
            while let Some(line) = self.take_line() {
                if let Some(found) = look(&line) {
                    return Ok(found);
                }
            }
            if !self.read(deadline)? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Takes every line that is there now. False: the connection has ended.
    pub(super) fn drain(&mut self, mut each: impl FnMut(&str)) -> io::Result<bool> {
        self.stream.set_nonblocking(true)?;
        let mut buffer = vec![0; READ];
        let open = loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => break Ok(false),
                Ok(count) => self.heard.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break Ok(true),
                Err(error) => break Err(error),
            }
        };
        self.stream.set_nonblocking(false)?;
        while let Some(line) = self.take_line() {
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
                self.heard.extend_from_slice(&buffer[..count]);
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(true),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                Err(io::Error::new(ErrorKind::TimedOut, "nothing came in time"))
            }
            Err(error) => Err(error),
        }
    }

    /// The first whole line of what was heard, without its end.
    fn take_line(&mut self) -> Option<String> {
        let rest = &self.heard[self.taken..];
        let Some(end) = rest.iter().position(|&byte| byte == b'\n') else {
            self.heard.drain(..std::mem::take(&mut self.taken));
            return None;
        };
        let line = String::from_utf8_lossy(&rest[..end]).trim_end().to_owned();
        self.taken += end + 1;
        Some(line)
    }
}
