//! Those who are hurt if anybody is: pairs who talk in quiet rooms, each with an address of their own.
//!
//! Each says a numbered line at a pace that the limit on speech allows, and hears the other's: how long each line took, which
//! are missing, doubled or out of order, and who was let go.

use super::super::client::{Client, PATIENCE};
use super::super::clock::now;
use super::attack::Bystanders;
use super::connect;
use super::network::Addresses;
use rustix::event::{PollFd, PollFlags, Timespec};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Time between two lines of one person: a little more than earns one.
const EVERY: Duration = Duration::from_millis(215);
/// How long a line may take until it is called lost.
const LOST_AFTER: Duration = Duration::from_secs(10);

/// The name of the first, whom attackers may write to.
const VICTIM: &str = "calm0";

/// Pairs who talk.
#[derive(Debug)]
pub(super) struct Pairs {
    /// All of them; two by two.
    people: Vec<Bystander>,
    /// When each line was said, of each person by its number.
    said: Vec<Vec<Instant>>,
}

/// One of a pair.
#[derive(Debug)]
struct Bystander {
    /// The connection, while it lasts.
    stream: Option<TcpStream>,
    /// What came and is no whole line yet.
    rest: Vec<u8>,
    /// When the next line is due.
    due: Instant,
    /// How many lines of the other came.
    came: usize,
}

/// What the pairs heard.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    /// How many lines were said.
    pub(super) said: usize,
    /// How many of them came.
    pub(super) came: usize,
    /// How many were not the next ones.
    pub(super) wrong: usize,
    /// How many of the pairs' connections ended.
    pub(super) cut: usize,
    /// How long each line took.
    pub(super) times: Vec<Duration>,
}

impl Pairs {
    /// So many pairs come, and go into their rooms; a pair among attackers is one.
    pub(super) fn come(server: Addresses, pairs: usize, what: Bystanders) -> io::Result<Self> {
        let pairs = if matches!(what, Bystanders::Among) { 1 } else { pairs };
        let mut people = Vec::new();
        for number in 0..2 * pairs {
            let socket = connect::begin(server.bystander(number), server.chat(), None)?;
            let stream = TcpStream::from(socket);
            stream.set_nonblocking(false)?;
            let mut person = Client::over(stream);
            person.welcomed(PATIENCE)?;
            let room = number / 2;
            // Each of these costs: who has a name of their own could say less at once.
            let nick = if number == 0 { format!("/nick {VICTIM}\n") } else { String::new() };
            person.say(&format!("{nick}/join #quiet{room}\n/part #lobby\n"))?;
            person.hear(PATIENCE, |line| line.starts_with("* you left #lobby").then_some(()))?;
            let (stream, rest) = person.into_parts();
            stream.set_nonblocking(true)?;
            people.push(Bystander { stream: Some(stream), rest, due: now(), came: 0 });
        }
        let said = vec![Vec::new(); people.len()];
        Ok(Self { people, said })
    }

    /// Each says this, once.
    pub(super) fn say(&mut self, what: Bystanders) -> io::Result<()> {
        if let Bystanders::Saying(line) = what {
            for person in &mut self.people {
                person.say(line)?;
            }
        }
        Ok(())
    }

    /// They talk for so long, and hear out what is still to come then.
    pub(super) fn talk(&mut self, time: Duration) -> io::Result<Heard> {
        let began = now();
        let count = self.people.len() as u32;
        for (number, person) in (0..).zip(&mut self.people) {
            person.due = began + EVERY * number / count;
        }
        let mut heard = Heard::default();
        let until = began + time;
        while now() < until || self.are_due() && now() < until + LOST_AFTER {
            if now() < until {
                self.speak()?;
            }
            self.listen(&mut heard, until)?;
        }
        heard.said = self.said.iter().map(Vec::len).sum();
        heard.came = self.people.iter().map(|person| person.came).sum();
        heard.cut = self.people.iter().filter(|person| person.stream.is_none()).count();
        Ok(heard)
    }

    /// Whether a line has not come yet to somebody who is still there.
    fn are_due(&self) -> bool {
        (0..self.people.len()).any(|it| {
            self.people[it].stream.is_some() && self.people[it].came < self.said[it ^ 1].len()
        })
    }

    /// Those whose time has come say a line.
    fn speak(&mut self) -> io::Result<()> {
        for (number, person) in self.people.iter_mut().enumerate() {
            let moment = now();
            if person.due <= moment && person.stream.is_some() {
                person.due += EVERY;
                let line = self.said[number].len();
                self.said[number].push(moment);
                person.say(&format!("calm {number} {line}\n"))?;
            }
        }
        Ok(())
    }

    /// Waits until something comes or is due, and hears it.
    fn listen(&mut self, heard: &mut Heard, until: Instant) -> io::Result<()> {
        let next = self.people.iter().map(|person| person.due).min().unwrap_or(until).min(until);
        let wait = next.saturating_duration_since(now()).min(Duration::from_millis(20));
        let wait = Timespec { tv_sec: 0, tv_nsec: wait.as_nanos().max(100_000) as i64 };
        let there: Vec<_> =
            (0..self.people.len()).filter(|&it| self.people[it].stream.is_some()).collect();
        let streams = there.iter().filter_map(|&it| self.people[it].stream.as_ref());
        let mut ready: Vec<_> = streams.map(|stream| PollFd::new(stream, PollFlags::IN)).collect();
        match rustix::event::poll(&mut ready, Some(&wait)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready: Vec<_> = ready.iter().map(|it| !it.revents().is_empty()).collect();
        for (it, _) in there.into_iter().zip(ready).filter(|(_, ready)| *ready) {
            let said = &self.said[it ^ 1];
            self.people[it].hear(said, it ^ 1, heard);
        }
        Ok(())
    }
}

impl Bystander {
    /// Says a line; one that cannot be said ends the connection.
    fn say(&mut self, line: &str) -> io::Result<()> {
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

    /// Reads once, and takes the lines of the other.
    fn hear(&mut self, said: &[Instant], other: usize, heard: &mut Heard) {
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
            if number == self.came && number < said.len() {
                heard.times.push(moment - said[number]);
                self.came += 1;
            } else {
                heard.wrong += 1;
            }
        }
    }
}

/// The number of a line of this person.
fn number_of(line: &str, person: usize) -> Option<usize> {
    let (_, said) = line.split_once(": ")?;
    let words = said.strip_prefix(&format!("calm {person} "))?;
    // Something that is no number is a line that was never said.
    Some(words.parse().unwrap_or(usize::MAX))
}

/// The time that a part of all is not longer than, in thousandths.
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
    fn lines_of_the_other_alone_are_counted() {
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
