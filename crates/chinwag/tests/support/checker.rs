//! The invariants of delivery, checked on what people saw and sent: one checker for every kind of test.
//!
//! Somebody who joins first, says nothing, reads everything and stays to the end is the *observer*: what he sees is
//! the sequence of the room. Everybody else must have seen a contiguous stretch of it, from his welcome to his end,
//! less his own lines. What somebody saw is sorted by room first (`sorting.rs`). The lobby, where crowds come and go, is
//! judged here; the other rooms, which people join and leave several times, in `stays.rs`.
//!
//! | | invariant |
//! |---|---|
//! | I1 | each sender's lines arrive in order |
//! | I2 | one order for all |
//! | I3 | nothing twice |
//! | I4 | whoever is in and not cut gets every line |
//! | I5 | nothing that nobody sent |
//! | I6 | no line of somebody before his join or after his leave; one leave a join |
//! | I7 | nicks are unique at every moment |
//! | I8 | memory stays within its limit |
//! | I9 | once the trouble is over, everything drains in bounded time |
//! | I10 | what was read is not lost by a stop |
#![allow(dead_code, reason = "each file of tests uses a part of it")]

/// A broken invariant, with its detail formatted.
macro_rules! broken {
    ($invariant:literal, $($detail:tt)*) => {
        Err(Broken { invariant: $invariant, detail: format!($($detail)*) })
    };
}

#[path = "checker/by_room.rs"]
mod by_room;
#[path = "checker/memberships.rs"]
mod memberships;

use by_room::Views;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

/// Joins in one window that are announced by name; a test of the broker compares it with the server's limit.
pub(crate) const MAX_ANNOUNCED: usize = 200;

/// How somebody's time in the room ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum End {
    /// He was in until the end of the test, and has read all that was due.
    #[default]
    Stayed,
    /// He left by himself, all that he sent was read before, and he has read all that was due.
    Left,
    /// The connection broke or he was cut: what he sent and saw may lack its end.
    Broken,
}

/// What one person sent and saw.
#[derive(Debug, Default)]
struct Record {
    /// His lines for the lobby in order, as others are to see them behind his name.
    sent: Vec<Utterance>,
    /// His lines for other rooms, with the name of each.
    sent_elsewhere: Vec<(String, Utterance)>,
    /// All lines that he read.
    seen: Vec<String>,
    /// How it ended.
    end: End,
}

/// What is said or done, without the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Utterance {
    /// `nick: text`
    Said(String),
    /// `~ nick text`
    Did(String),
}

/// An invariant that does not hold, and how.
#[derive(Debug)]
pub(crate) struct Broken {
    /// Which, as in the table.
    pub(crate) invariant: &'static str,
    /// What was seen.
    detail: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is broken: {}", self.invariant, self.detail)
    }
}

/// Collects what happens, and judges (see the module's words).
#[derive(Debug)]
pub(crate) struct Checker {
    /// Whose lines are the sequence of the room.
    observer: u64,
    /// Everybody.
    people: BTreeMap<u64, Record>,
    /// The most bytes of frames alive that were seen, and the limit.
    memory: (usize, usize),
    /// How long it took until nobody was owed anything, and how long it may take.
    drained: (Duration, Duration),
}

impl Checker {
    /// A test whose observer has this number.
    pub(crate) fn new(observer: u64) -> Self {
        let nothing = (Duration::ZERO, Duration::ZERO);
        Self { observer, people: BTreeMap::new(), memory: (0, usize::MAX), drained: nothing }
    }

    /// The record of one person.
    fn record(&mut self, id: u64) -> &mut Record {
        self.people.entry(id).or_default()
    }

    /// Somebody sent a line for the lobby.
    pub(crate) fn sent(&mut self, id: u64, utterance: Utterance) {
        self.record(id).sent.push(utterance);
    }

    /// Somebody sent a line for this room.
    pub(crate) fn sent_in(&mut self, room: &str, id: u64, utterance: Utterance) {
        if room == "#lobby" {
            return self.sent(id, utterance);
        }
        self.record(id).sent_elsewhere.push((room.to_owned(), utterance));
    }

    /// Somebody read whole lines.
    pub(crate) fn saw(&mut self, id: u64, lines: impl IntoIterator<Item = String>) {
        self.record(id).seen.extend(lines);
    }

    /// Somebody's time is over.
    pub(crate) fn ended(&mut self, id: u64, end: End) {
        self.record(id).end = end;
    }

    /// So many bytes of frames are alive.
    pub(crate) fn memory(&mut self, living: usize, limit: usize) {
        self.memory = (self.memory.0.max(living), limit);
    }

    /// It took so long until nobody was owed anything.
    pub(crate) fn drained(&mut self, took: Duration, limit: Duration) {
        self.drained = (took, limit);
    }

    /// Judges.
    pub(crate) fn check(&self) -> Result<Summary, Broken> {
        let (living, limit) = self.memory;
        if living > limit {
            return broken!("I8", "{living} bytes of frames were alive, of {limit}");
        }
        let (took, limit) = self.drained;
        if took > limit {
            return broken!("I9", "it took {took:?} to drain, more than {limit:?}");
        }
        let mut sorted = BTreeMap::new();
        let mut lobby = BTreeMap::new();
        for (&id, record) in &self.people {
            let Views { lobby: seen, stays } = Views::of(&record.seen);
            let sent = record.sent.clone();
            lobby.insert(id, Record { seen, sent, end: record.end, ..Record::default() });
            sorted.insert(id, stays);
        }
        let elsewhere = memberships::check(self.observer, &self.people, &sorted)?;
        let mut summary = self.check_lobby(&lobby)?;
        summary.elsewhere = elsewhere;
        Ok(summary)
    }

    /// Judges what was seen of the lobby.
    fn check_lobby(&self, people: &BTreeMap<u64, Record>) -> Result<Summary, Broken> {
        let mut room = Sequence::default();
        let observer = &people[&self.observer];
        room.enter(&welcome_of(self.observer, observer)?)?;
        for line in observer.seen.iter().filter_map(|line| Public::parse(line)) {
            room.add(line)?;
        }
        room.check_leaves(people.values().filter(|record| record.end == End::Stayed).count())?;
        let mut summary = Summary { lines: room.lines.len(), views: 0, elsewhere: 0 };
        for (&id, record) in people {
            let name = if record.seen.is_empty() { continue } else { welcome_of(id, record)? };
            check_sent(&room, &name, record)?;
            if id != self.observer {
                check_seen(&room, &name, record)?;
                summary.views += 1;
            }
        }
        Ok(summary)
    }
}

/// What was judged.
#[derive(Debug)]
pub(crate) struct Summary {
    /// Lines of the room.
    pub(crate) lines: usize,
    /// People whose views were compared with it.
    pub(crate) views: usize,
    /// Stays in other rooms that were compared with what the observer saw of them.
    pub(crate) elsewhere: usize,
}

/// The name somebody was welcomed by, which is nobody else's in the whole run.
fn welcome_of(id: u64, record: &Record) -> Result<String, Broken> {
    let first = record.seen.first().map_or("", String::as_str);
    match first.strip_prefix("* welcome to chinwag, you are ") {
        Some(name) => Ok(name.to_owned()),
        None => broken!("I6", "the first line of person {id} is {first:?} and not his welcome"),
    }
}

/// A line that is for the room.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Public<'a> {
    /// The line.
    text: &'a str,
    /// What it says.
    what: What<'a>,
}

/// What a line for the room says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum What<'a> {
    /// Somebody speaks or acts.
    Uttered(&'a str, Utterance),
    /// Somebody joined.
    Joined(&'a str),
    /// Somebody left the server, or only this room of it.
    Left(&'a str, Option<&'a str>),
    /// Somebody is called differently.
    Renamed(&'a str, &'a str),
    /// So many joined.
    PeopleJoined(u64),
    /// So many left.
    PeopleLeft(u64),
    /// The server goes.
    ShuttingDown,
}

impl<'a> Public<'a> {
    /// The line, if it is one for the room.
    fn parse(text: &'a str) -> Option<Self> {
        let what = if let Some(system) = text.strip_prefix("* ") {
            Self::parse_system(system)?
        } else if let Some(action) = text.strip_prefix("~ ") {
            let (nick, text) = action.split_once(' ')?;
            What::Uttered(nick, Utterance::Did(text.to_owned()))
        } else if text.starts_with("! ") {
            return None;
        } else {
            let (nick, text) = text.split_once(": ")?;
            What::Uttered(nick, Utterance::Said(text.to_owned()))
        };
        Some(Self { text, what })
    }

    /// A line of the server's, if it is one for the room.
    fn parse_system(text: &'a str) -> Option<What<'a>> {
        if text == "server is shutting down" {
            return Some(What::ShuttingDown);
        }
        let (subject, rest) = text.split_once(' ')?;
        let people = rest.strip_prefix("people ").or_else(|| rest.strip_prefix("person "));
        if let (Ok(count), Some(verb)) = (subject.replace(',', "").parse(), people) {
            return match verb {
                "joined" => Some(What::PeopleJoined(count)),
                "left" => Some(What::PeopleLeft(count)),
                _ => None,
            };
        }
        match rest.split_once(' ') {
            None if rest == "joined" => Some(What::Joined(subject)),
            None if rest == "left" => Some(What::Left(subject, None)),
            Some(("left", reason)) if reason.starts_with('(') => Some(What::Left(subject, None)),
            Some(("left", room)) if room.starts_with('#') => {
                let room = room.split_once(' ').map_or(room, |(room, _reason)| room);
                Some(What::Left(subject, Some(room)))
            }
            Some(("is", new)) => Some(What::Renamed(subject, new.strip_prefix("now ")?)),
            _ => None,
        }
    }
}

/// A line of the sequence, and who caused it.
#[derive(Debug)]
struct Entry<'a> {
    /// The line.
    text: &'a str,
    /// The name its author was welcomed by, if it has one.
    author: Option<String>,
    /// What he said, if he did.
    utterance: Option<Utterance>,
}

/// The sequence of the room, followed line by line. A person's identity is the name of his welcome.
#[derive(Debug, Default)]
struct Sequence<'a> {
    /// All lines so far.
    lines: Vec<Entry<'a>>,
    /// Who is called what, by the folded name.
    names: BTreeMap<String, String>,
    /// Who has left.
    gone: BTreeSet<String>,
    /// Where each was seen to leave, if by name.
    left: BTreeMap<String, usize>,
    /// People who joined, in whatever way.
    joins: usize,
    /// People who left, in whatever way.
    leaves: usize,
    /// People who joined in counts and were not heard of since.
    counted_in: u64,
    /// People who left in counts and are not known yet.
    counted_out: u64,
}

impl<'a> Sequence<'a> {
    /// Somebody comes in.
    fn enter(&mut self, name: &str) -> Result<(), Broken> {
        if self.gone.contains(name) {
            return broken!("I6", "{name} joins after having left");
        }
        match self.names.insert(name.to_ascii_lowercase(), name.to_owned()) {
            Some(other) => broken!("I7", "{name} joins while {other} is called so"),
            None => Ok(()),
        }
    }

    /// Who is called so. Somebody who came in a count becomes known when he is first heard of.
    fn known(&mut self, nick: &str) -> Result<String, Broken> {
        if let Some(identity) = self.names.get(&nick.to_ascii_lowercase()) {
            return Ok(identity.clone());
        }
        if nick.starts_with("user-") && self.counted_in > 0 && !self.gone.contains(nick) {
            self.counted_in -= 1;
            self.enter(nick)?;
            return Ok(nick.to_owned());
        }
        broken!("I6", "a line of {nick}, who is not here")
    }

    /// Follows one line.
    fn add(&mut self, line: Public<'a>) -> Result<(), Broken> {
        let at = self.lines.len();
        let mut utterance = None;
        let author = match line.what {
            What::Uttered(nick, said) => {
                utterance = Some(said);
                Some(self.known(nick)?)
            }
            What::Joined(nick) => {
                self.joins += 1;
                self.enter(nick)?;
                Some(nick.to_owned())
            }
            // Nobody parts from the lobby in these tests.
            What::Left(nick, Some(room)) => {
                return broken!("I6", "{nick} leaves {room} among the lines of the lobby");
            }
            What::Left(nick, None) => {
                self.leaves += 1;
                let identity = self.known(nick)?;
                self.names.remove(&nick.to_ascii_lowercase());
                self.left.insert(identity.clone(), at);
                self.gone.insert(identity);
                None
            }
            What::Renamed(old, new) => Some(self.rename(old, new)?),
            What::PeopleJoined(count) => {
                self.counted_in += count;
                self.joins += MAX_ANNOUNCED;
                None
            }
            What::PeopleLeft(count) => {
                self.counted_out += count;
                self.leaves += MAX_ANNOUNCED;
                None
            }
            What::ShuttingDown => None,
        };
        self.lines.push(Entry { text: line.text, author, utterance });
        Ok(())
    }

    /// Somebody takes another name, which must be free: its owner may have left in a count.
    fn rename(&mut self, old: &str, new: &str) -> Result<String, Broken> {
        let identity = self.known(old)?;
        self.names.remove(&old.to_ascii_lowercase());
        if let Some(other) = self.names.insert(new.to_ascii_lowercase(), identity.clone()) {
            if self.counted_out == 0 {
                return broken!("I7", "{old} takes the name {new}, which is {other}'s");
            }
            self.counted_out -= 1;
            self.gone.insert(other);
        }
        Ok(identity)
    }

    /// Everybody who came has left once, but for those who stayed.
    fn check_leaves(&self, stayed: usize) -> Result<(), Broken> {
        let here = self.names.len() as u64 + self.counted_in;
        if here != self.counted_out + stayed as u64 {
            let left = self.counted_out;
            return broken!(
                "I6",
                "of {here} who were not seen to leave by name, {left} left and {stayed} stayed"
            );
        }
        Ok(())
    }
}

/// All that somebody sent is in the sequence, in order and once; its end may lack if he was torn away.
fn check_sent(room: &Sequence<'_>, name: &str, record: &Record) -> Result<(), Broken> {
    let mut sent = record.sent.iter();
    let of_him = |entry: &&Entry<'_>| entry.author.as_deref() == Some(name);
    for entry in room.lines.iter().filter(of_him) {
        let Some(uttered) = &entry.utterance else { continue };
        if sent.next() == Some(uttered) {
            continue;
        }
        let times = record.sent.iter().filter(|&sent| sent == uttered).count();
        let already = room.lines.iter().filter(of_him);
        let delivered = already.filter(|e| e.utterance.as_ref() == Some(uttered)).count();
        return match (times, delivered) {
            (0, _) => broken!("I5", "{name} never sent {uttered:?}"),
            (times, delivered) if delivered > times => broken!("I3", "{uttered:?} came twice"),
            _ => {
                broken!("I1", "{uttered:?} of {name} came out of turn, or one before it is missing")
            }
        };
    }
    match sent.next() {
        Some(lost) if record.end != End::Broken => {
            broken!("I10", "{lost:?} of {name} was read and never delivered")
        }
        _ => Ok(()),
    }
}

/// What somebody saw is the sequence from his welcome to his end, less his own.
fn check_seen(room: &Sequence<'_>, name: &str, record: &Record) -> Result<(), Broken> {
    let seen: Vec<_> = record.seen.iter().filter_map(|line| Public::parse(line)).collect();
    // His time begins at his welcome, which the others do not see: in a crowd his join is announced later. It is
    // known by what he saw first (which may look like other lines), and is never behind anything of his own.
    let own = room.lines.iter().position(|entry| entry.author.as_deref() == Some(name));
    let left = room.left.get(name).copied();
    let latest = own.or(left).unwrap_or(room.lines.len());
    let first = seen.first().map(|line| line.text);
    let mut judgement = check_stretch(room, name, record.end, &seen, latest);
    for start in (0..latest).rev().filter(|&at| first == Some(room.lines[at].text)) {
        if judgement.is_ok() || room.joins <= MAX_ANNOUNCED {
            break;
        }
        judgement = check_stretch(room, name, record.end, &seen, start);
    }
    judgement
}

/// What somebody saw is the sequence from here to his end, less his own.
fn check_stretch(
    room: &Sequence<'_>,
    name: &str,
    end: End,
    seen: &[Public<'_>],
    start: usize,
) -> Result<(), Broken> {
    let own = |entry: &Entry<'_>| entry.author.as_deref() == Some(name);
    let stop = room.left.get(name).copied().unwrap_or(room.lines.len());
    let due: Vec<_> = room.lines[start..stop].iter().filter(|entry| !own(entry)).collect();
    let differs = |at: &usize| due.get(*at).is_none_or(|due| due.text != seen[*at].text);
    if let Some(at) = (0..seen.len()).find(differs) {
        return Err(explain(room, name, seen, &due, at));
    }
    // In a crowd whoever leaves is announced later, if at all: nobody knows where he left.
    let left_in_a_crowd = end == End::Left && room.leaves > MAX_ANNOUNCED;
    match due.get(seen.len()) {
        Some(missing) if end != End::Broken && !left_in_a_crowd => {
            broken!("I4", "{name} did not see {:?}", missing.text)
        }
        _ => Ok(()),
    }
}

/// What is wrong with the first line that is not the one that was due.
fn explain(
    room: &Sequence<'_>,
    name: &str,
    seen: &[Public<'_>],
    due: &[&Entry<'_>],
    at: usize,
) -> Broken {
    let text = seen[at].text;
    let (before, after) = due.split_at(at.min(due.len()));
    let is_among = |lines: &[&Entry<'_>]| lines.iter().any(|due| due.text == text);
    let (invariant, detail) = if is_among(after) {
        let missing = after[0].text;
        if seen.iter().any(|line| line.text == missing) {
            ("I2", format!("{name} saw {text:?} before {missing:?}"))
        } else {
            ("I4", format!("{name} did not see {missing:?}, which came before {text:?}"))
        }
    } else if is_among(before) {
        ("I3", format!("{name} saw {text:?} twice"))
    } else if room.lines.iter().any(|entry| entry.text == text) {
        ("I6", format!("{name} saw {text:?}, which is not of his time or is his own"))
    } else {
        ("I5", format!("{name} saw {text:?}, which the observer did not"))
    };
    Broken { invariant, detail }
}

/// A source of chance that a number decides.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The same numbers for the same seed (SplitMix64).
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }

    /// True once in so many times.
    pub(crate) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of these.
    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        if of.is_empty() { None } else { Some(of[self.below(of.len())]) }
    }
}

/// Seeds to try: the one in `CHINWAG_SEED`, or so many fixed ones.
pub(crate) fn seeds(count: u64) -> Vec<u64> {
    match std::env::var("CHINWAG_SEED") {
        Ok(seed) => vec![seed.parse().expect("CHINWAG_SEED is a number")],
        Err(_) => (0..count).collect(),
    }
}

/// Ends the test on a broken invariant, with the command that repeats the run.
pub(crate) fn expect(checker: &Checker, seed: u64, test: &str) -> Summary {
    checker.check().unwrap_or_else(|broken| {
        panic!("{broken}\nreplay: CHINWAG_SEED={seed} cargo test -p chinwag --test {test}")
    })
}

/// The rooms that somebody is in, as his own lines make it: the current one last.
#[derive(Clone, Debug)]
pub(crate) struct Rooms(Vec<&'static str>);

impl Rooms {
    /// As everybody begins.
    pub(crate) fn new() -> Self {
        Self(vec!["#lobby"])
    }

    /// The one that he speaks in.
    pub(crate) fn current(&self) -> &'static str {
        self.0.last().expect("nobody leaves the lobby")
    }

    /// Somewhere else from now on, by this line: into a room, or out of one, but never out of the lobby.
    pub(crate) fn go(&mut self, random: &mut Random) -> String {
        let current = self.current();
        if current != "#lobby" && random.one_in(2) {
            self.0.pop();
            return "/part".to_owned();
        }
        let to = ["#lobby", "#dev", "#ops"][random.below(3)];
        self.0.retain(|&room| room != to);
        self.0.push(to);
        format!("/join {to}")
    }
}
