//! Somebody who talks and listens at the same time, on a thread of his own, until the server lets go of him.

use super::client::Client;
use super::clock::now;
use rustix::event::{PollFd, PollFlags, Timespec};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Bytes of a line, its end included.
const LINE: usize = 64;
/// Time between two lines of somebody who keeps a pace.
const PACE: Duration = Duration::from_millis(1);
/// How long a talker is at it at most: longer than any server takes to end.
const LONGEST: Duration = Duration::from_secs(20);
/// What the server says last.
const GOODBYE: &str = "* server is shutting down";

/// How somebody behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habit {
    /// A line a millisecond, until the goodbye.
    Paced,
    /// Lines as fast as they go, until the goodbye.
    Flood,
    /// Lines as fast as they go, goodbye or not.
    Endless,
    /// A flood, and never reads.
    Frozen,
}

impl Habit {
    /// Whether he reads, and stops talking when he is told.
    pub(super) fn listens(self) -> bool {
        matches!(self, Self::Paced | Self::Flood)
    }
}

/// One of those who talk.
#[derive(Debug)]
pub(super) struct Sender {
    /// His connection.
    stream: TcpStream,
    /// What he heard so far.
    heard: Heard,
    /// What came and is no whole line yet.
    rest: Vec<u8>,
    /// The line under way.
    line: String,
    /// How much of it the kernel has taken.
    written: usize,
    /// The number of the next line.
    next: u64,
    /// When the next line is due.
    due: Instant,
    /// Whether he still talks.
    talks: bool,
}

/// What somebody heard.
#[derive(Debug)]
pub(super) struct Heard {
    /// His number among the talkers.
    pub(super) number: usize,
    /// His port.
    pub(super) port: u16,
    /// How he behaves.
    pub(super) habit: Habit,
    /// Bytes of each of his lines.
    pub(super) line_bytes: usize,
    /// How many lines came of each talker, in order from the first.
    pub(super) came: Vec<u64>,
    /// Lines that were not the next ones of their talkers.
    pub(super) wrong: u64,
    /// Whether his connection was reset.
    pub(super) reset: bool,
    /// Whether he was told that the server goes.
    pub(super) goodbye: bool,
}

impl Sender {
    /// Connects and is welcomed.
    pub(super) fn join(address: SocketAddr, number: usize, habit: Habit) -> io::Result<Self> {
        let (stream, rest) = Client::join(address)?.into_parts();
        stream.set_nonblocking(true)?;
        let port = stream.local_addr()?.port();
        let heard = Heard {
            number,
            port,
            habit,
            line_bytes: LINE,
            came: Vec::new(),
            wrong: 0,
            reset: false,
            goodbye: false,
        };
        let due = now();
        let line = String::new();
        Ok(Self { stream, heard, rest, line, written: 0, next: 0, due, talks: true })
    }

    /// Talks and listens until the connection has ended.
    pub(super) fn talk(mut self) -> Heard {
        let until = now() + LONGEST;
        while now() < until {
            match self.step() {
                Ok(true) => {}
                Ok(false) => break,
                Err(_) => {
                    self.heard.reset = true;
                    break;
                }
            }
        }
        self.heard
    }

    /// Waits until something can be done, and does it. False: the connection has ended.
    fn step(&mut self) -> io::Result<bool> {
        let reads = self.heard.habit != Habit::Frozen;
        let mut wanted = PollFlags::empty();
        wanted.set(PollFlags::IN, reads);
        let wait = self.due.saturating_duration_since(now());
        wanted.set(PollFlags::OUT, self.talks && wait.is_zero());
        let mut ready = [PollFd::new(&self.stream, wanted)];
        let wait = if self.talks && !wait.is_zero() { wait } else { Duration::from_millis(100) };
        let wait = Timespec { tv_sec: 0, tv_nsec: wait.subsec_nanos().into() };
        rustix::event::poll(&mut ready, Some(&wait))?;
        let ready = ready[0].revents();
        if !reads && ready.intersects(PollFlags::HUP | PollFlags::ERR) {
            return Ok(false);
        }
        if reads && !ready.is_empty() && !self.listen()? {
            return Ok(false);
        }
        if self.talks && ready.contains(PollFlags::OUT) {
            self.speak()?;
        }
        Ok(true)
    }

    /// Reads once. False: the connection has ended.
    fn listen(&mut self) -> io::Result<bool> {
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
            self.enter(line);
        }
        Ok(true)
    }

    /// Enters a line that came.
    fn enter(&mut self, line: &str) {
        if line == GOODBYE {
            self.heard.goodbye = true;
            self.talks &= !self.heard.habit.listens();
            return;
        }
        let Some((_, words)) = line.split_once(": talk ") else { return };
        let mut numbers = words.split(' ').map(str::parse::<u64>);
        let (Some(Ok(sender)), Some(Ok(number))) = (numbers.next(), numbers.next()) else {
            self.heard.wrong += 1;
            return;
        };
        let came = &mut self.heard.came;
        came.resize(came.len().max(sender as usize + 1), 0);
        if came[sender as usize] == number {
            came[sender as usize] += 1;
        } else {
            self.heard.wrong += 1;
        }
    }

    /// Writes what the kernel takes of the next line.
    fn speak(&mut self) -> io::Result<()> {
        if self.written == self.line.len() {
            let words = format!("talk {} {} ", self.heard.number, self.next);
            self.line = format!("{words:.<width$}\n", width = LINE - 1);
            (self.written, self.next) = (0, self.next + 1);
            if self.heard.habit == Habit::Paced {
                self.due = now() + PACE;
            }
        }
        match self.stream.write(&self.line.as_bytes()[self.written..]) {
            Ok(taken) => self.written += taken,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            // Who goes on talking to a server that has ended its side is told so when he reads.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => self.talks = false,
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
