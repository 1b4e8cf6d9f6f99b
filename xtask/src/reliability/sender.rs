//! A client that sends and receives at the same time, on a thread of its own, until the server closes the connection.

use super::client::Client;
use super::clock::now;
use rustix::event::{PollFd, PollFlags, Timespec};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Bytes of a line, its end included.
const LINE: usize = 64;
/// Time between two lines of a steady sender.
const INTERVAL: Duration = Duration::from_millis(1);
/// How long a sender runs at most: longer than any server takes to end.
const MAX_RUN: Duration = Duration::from_secs(20);
/// The server's last line.
const GOODBYE: &str = "* server is shutting down";

/// What a client sends and reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behavior {
    /// A line a millisecond, until the goodbye.
    Steady,
    /// Lines as fast as possible, until the goodbye.
    Flood,
    /// Lines as fast as possible, also after the goodbye.
    Unstoppable,
    /// Lines as fast as possible, and never reads.
    NeverReads,
}

impl Behavior {
    /// Whether it reads, and stops sending at the goodbye.
    pub(super) fn is_polite(self) -> bool {
        matches!(self, Self::Steady | Self::Flood)
    }
}

/// One client.
#[derive(Debug)]
pub(super) struct Sender {
    /// The connection.
    stream: TcpStream,
    /// What it received so far.
    received: Received,
    /// Bytes that were received and are not a whole line yet.
    rest: Vec<u8>,
    /// The line that is being sent.
    line: String,
    /// How much of it is written.
    written: usize,
    /// The number of the next line.
    next: u64,
    /// When the next line is due.
    due: Instant,
    /// Whether it still sends.
    sends: bool,
}

/// What a client received.
#[derive(Debug)]
pub(super) struct Received {
    /// Its number among the senders.
    pub(super) number: usize,
    /// Its port.
    pub(super) port: u16,
    /// How it behaves.
    pub(super) behavior: Behavior,
    /// Bytes of each of its lines.
    pub(super) line_bytes: usize,
    /// How many lines of each sender were received, in order from the first.
    pub(super) lines: Vec<u64>,
    /// Lines that were not the next ones of their senders.
    pub(super) wrong: u64,
    /// Whether its connection was reset.
    pub(super) reset: bool,
    /// Whether it received the goodbye.
    pub(super) goodbye: bool,
}

impl Sender {
    /// Connects and waits for the welcome.
    pub(super) fn join(address: SocketAddr, number: usize, behavior: Behavior) -> io::Result<Self> {
        let (stream, rest) = Client::join(address)?.into_parts();
        stream.set_nonblocking(true)?;
        let port = stream.local_addr()?.port();
        let received = Received {
            number,
            port,
            behavior,
            line_bytes: LINE,
            lines: Vec::new(),
            wrong: 0,
            reset: false,
            goodbye: false,
        };
        let due = now();
        let line = String::new();
        Ok(Self { stream, received, rest, line, written: 0, next: 0, due, sends: true })
    }

    /// Sends and receives until the connection has ended.
    pub(super) fn run(mut self) -> Received {
        let until = now() + MAX_RUN;
        while now() < until {
            match self.step() {
                Ok(true) => {}
                Ok(false) => break,
                Err(_) => {
                    self.received.reset = true;
                    break;
                }
            }
        }
        self.received
    }

    /// Waits until something can be done, and does it. False: the connection has ended.
    fn step(&mut self) -> io::Result<bool> {
        let reads = self.received.behavior != Behavior::NeverReads;
        let mut wanted = PollFlags::empty();
        wanted.set(PollFlags::IN, reads);
        let wait = self.due.saturating_duration_since(now());
        wanted.set(PollFlags::OUT, self.sends && wait.is_zero());
        let mut ready = [PollFd::new(&self.stream, wanted)];
        let wait = if self.sends && !wait.is_zero() { wait } else { Duration::from_millis(100) };
        let wait = Timespec { tv_sec: 0, tv_nsec: wait.subsec_nanos().into() };
        rustix::event::poll(&mut ready, Some(&wait))?;
        let ready = ready[0].revents();
        if !reads && ready.intersects(PollFlags::HUP | PollFlags::ERR) {
            return Ok(false);
        }
        if reads && !ready.is_empty() && !self.read()? {
            return Ok(false);
        }
        if self.sends && ready.contains(PollFlags::OUT) {
            self.write()?;
        }
        Ok(true)
    }

    /// Reads once. False: the connection has ended.
    fn read(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => return Ok(false),
            Ok(count) => self.rest.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
            Err(error) => return Err(error),
        }
        let whole = self.rest.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let lines: Vec<u8> = self.rest.drain(..whole).collect();
        for line in String::from_utf8_lossy(&lines).lines() {
            self.count(line);
        }
        Ok(true)
    }

    /// Counts a received line.
    fn count(&mut self, line: &str) {
        if line == GOODBYE {
            self.received.goodbye = true;
            self.sends &= !self.received.behavior.is_polite();
            return;
        }
        let Some((_, text)) = line.split_once(": talk ") else { return };
        let mut numbers = text.split(' ').map(str::parse::<u64>);
        let (Some(Ok(sender)), Some(Ok(number))) = (numbers.next(), numbers.next()) else {
            self.received.wrong += 1;
            return;
        };
        let lines = &mut self.received.lines;
        lines.resize(lines.len().max(sender as usize + 1), 0);
        if lines[sender as usize] == number {
            lines[sender as usize] += 1;
        } else {
            self.received.wrong += 1;
        }
    }

    /// Writes as much of the next line as the kernel takes.
    fn write(&mut self) -> io::Result<()> {
        if self.written == self.line.len() {
            let start = format!("talk {} {} ", self.received.number, self.next);
            self.line = format!("{start:.<width$}\n", width = LINE - 1);
            (self.written, self.next) = (0, self.next + 1);
            if self.received.behavior == Behavior::Steady {
                self.due = now() + INTERVAL;
            }
        }
        match self.stream.write(&self.line.as_bytes()[self.written..]) {
            Ok(count) => self.written += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            // The server has closed the connection, which reading reports, too.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => self.sends = false,
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
