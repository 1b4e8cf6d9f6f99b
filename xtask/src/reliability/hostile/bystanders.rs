//! Pairs of users that talk in quiet rooms, each with an address of its own: the ones that an attack must not affect.
//!
//! Each sends a numbered line at a rate that the rate limit allows, and receives the other's: how long each line took, which
//! are missing, doubled or out of order, and which users were disconnected.

use super::super::client::{Client, TIMEOUT};
use super::super::clock::now;
use super::attack::Bystanders;
use super::connect;
use super::network::Addresses;
use rustix::event::{PollFd, PollFlags, Timespec};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Time between two lines of one user: a little more than the rate limit asks for.
const EVERY: Duration = Duration::from_millis(215);
/// A line is lost after this time.
const LOST_AFTER: Duration = Duration::from_secs(10);

/// The nick of the first, to whom attackers may write.
const VICTIM: &str = "calm0";

/// Pairs of users.
#[derive(Debug)]
pub(super) struct Pairs {
    /// All of them; neighbours are a pair.
    users: Vec<Bystander>,
    /// When each line was sent, by user and number.
    sent: Vec<Vec<Instant>>,
}

/// One of a pair.
#[derive(Debug)]
struct Bystander {
    /// The connection, while it lasts.
    stream: Option<TcpStream>,
    /// Bytes that were received and are not a whole line yet.
    rest: Vec<u8>,
    /// When the next line is due.
    due: Instant,
    /// How many lines of the other were received.
    received: usize,
}

/// What the pairs received.
#[derive(Clone, Debug, Default)]
pub(super) struct Received {
    /// How many lines were sent.
    pub(super) sent: usize,
    /// How many of them were received.
    pub(super) received: usize,
    /// How many were not the next ones.
    pub(super) wrong: usize,
    /// How many of the pairs' connections ended.
    pub(super) disconnected: usize,
    /// How long each line took.
    pub(super) times: Vec<Duration>,
}

impl Pairs {
    /// Connects this many pairs, which join their rooms; among attackers there is only one.
    pub(super) fn join(server: Addresses, pairs: usize, what: Bystanders) -> io::Result<Self> {
        let pairs = if matches!(what, Bystanders::Among) { 1 } else { pairs };
        let mut users = Vec::new();
        for number in 0..2 * pairs {
            let socket = connect::begin(server.bystander(number), server.chat(), None)?;
            let stream = TcpStream::from(socket);
            stream.set_nonblocking(false)?;
            let mut client = Client::from_stream(stream);
            client.expect_welcome(TIMEOUT)?;
            let room = number / 2;
            // Each command counts for the rate limit: a user with a nick of its own could send fewer lines at once.
            let nick = if number == 0 { format!("/nick {VICTIM}\n") } else { String::new() };
            client.send(&format!("{nick}/join #quiet{room}\n/part #lobby\n"))?;
            client.wait_for(TIMEOUT, |line| line.starts_with("* you left #lobby").then_some(()))?;
            let (stream, rest) = client.into_parts();
            stream.set_nonblocking(true)?;
            users.push(Bystander { stream: Some(stream), rest, due: now(), received: 0 });
        }
        let sent = vec![Vec::new(); users.len()];
        Ok(Self { users, sent })
    }

    /// Each sends its first line, if the attack has one.
    pub(super) fn send_first(&mut self, what: Bystanders) -> io::Result<()> {
        if let Bystanders::Saying(line) = what {
            for user in &mut self.users {
                user.send(line)?;
            }
        }
        Ok(())
    }

    /// They talk for this time, and then receive what is still to come.
    pub(super) fn talk(&mut self, time: Duration) -> io::Result<Received> {
        let began = now();
        let count = self.users.len() as u32;
        for (number, user) in (0..).zip(&mut self.users) {
            user.due = began + EVERY * number / count;
        }
        let mut totals = Received::default();
        let until = began + time;
        while now() < until || self.are_due() && now() < until + LOST_AFTER {
            if now() < until {
                self.send_due()?;
            }
            self.receive(&mut totals, until)?;
        }
        totals.sent = self.sent.iter().map(Vec::len).sum();
        totals.received = self.users.iter().map(|user| user.received).sum();
        totals.disconnected = self.users.iter().filter(|user| user.stream.is_none()).count();
        Ok(totals)
    }

    /// Whether a connected user has not received every line of the other.
    fn are_due(&self) -> bool {
        (0..self.users.len()).any(|it| {
            self.users[it].stream.is_some() && self.users[it].received < self.sent[it ^ 1].len()
        })
    }

    /// Sends the lines that are due.
    fn send_due(&mut self) -> io::Result<()> {
        for (number, user) in self.users.iter_mut().enumerate() {
            let moment = now();
            if user.due <= moment && user.stream.is_some() {
                user.due += EVERY;
                let line = self.sent[number].len();
                self.sent[number].push(moment);
                user.send(&format!("calm {number} {line}\n"))?;
            }
        }
        Ok(())
    }

    /// Waits until something comes or is due, and receives it.
    fn receive(&mut self, totals: &mut Received, until: Instant) -> io::Result<()> {
        let next = self.users.iter().map(|user| user.due).min().unwrap_or(until).min(until);
        let wait = next.saturating_duration_since(now()).min(Duration::from_millis(20));
        let wait = Timespec { tv_sec: 0, tv_nsec: wait.as_nanos().max(100_000) as i64 };
        let connected: Vec<_> =
            (0..self.users.len()).filter(|&it| self.users[it].stream.is_some()).collect();
        let streams = connected.iter().filter_map(|&it| self.users[it].stream.as_ref());
        let mut ready: Vec<_> = streams.map(|stream| PollFd::new(stream, PollFlags::IN)).collect();
        match rustix::event::poll(&mut ready, Some(&wait)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready: Vec<_> = ready.iter().map(|it| !it.revents().is_empty()).collect();
        for (it, _) in connected.into_iter().zip(ready).filter(|(_, ready)| *ready) {
            let sent = &self.sent[it ^ 1];
            self.users[it].receive(sent, it ^ 1, totals);
        }
        Ok(())
    }
}

impl Bystander {
    /// Sends a line; the connection ends if that fails.
    fn send(&mut self, line: &str) -> io::Result<()> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        match stream.write_all(line.as_bytes()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Err(error),
            Err(_) => {
                self.stream = None;
                Ok(())
            }
        }
    }

    /// Reads once, and counts the lines of the other.
    fn receive(&mut self, sent: &[Instant], other: usize, totals: &mut Received) {
        let Some(stream) = &mut self.stream else { return };
        let mut buffer = [0; 16 * 1024];
        match stream.read(&mut buffer) {
            Ok(count) if count > 0 => self.rest.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            _ => {
                self.stream = None;
                return;
            }
        }
        let moment = now();
        let whole = self.rest.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let lines: Vec<u8> = self.rest.drain(..whole).collect();
        for line in String::from_utf8_lossy(&lines).lines() {
            let Some(number) = number_of(line, other) else { continue };
            if number == self.received && number < sent.len() {
                totals.times.push(moment - sent[number]);
                self.received += 1;
            } else {
                totals.wrong += 1;
            }
        }
    }
}

/// The number of a line of this user.
fn number_of(line: &str, user: usize) -> Option<usize> {
    let (_, text) = line.split_once(": ")?;
    let number = text.strip_prefix(&format!("calm {user} "))?;
    // A line without a number was never sent.
    Some(number.parse().unwrap_or(usize::MAX))
}

/// A quantile of times, in thousandths.
pub(super) fn quantile(times: &[Duration], thousandths: usize) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    let last = times.len().saturating_sub(1);
    times.get((times.len() * thousandths / 1000).min(last)).copied().unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_of_the_other_are_counted() {
        assert_eq!(number_of("user-3: calm 1 7", 1), Some(7));
        assert_eq!(number_of("user-3: calm 1 7x", 1), Some(usize::MAX));
        assert_eq!(number_of("user-4: calm 2 7", 1), None);
        assert_eq!(number_of("user-4: zz", 1), None);
        assert_eq!(number_of("* user-3 left", 1), None);
    }

    #[test]
    fn quantiles_are_of_all_times() {
        let times: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(quantile(&times, 500), Duration::from_millis(51));
        assert_eq!(quantile(&times, 990), Duration::from_millis(100));
        assert_eq!(quantile(&[], 500), Duration::MAX);
    }
}
