//! The invariants of delivery, checked on what clients saw and sent: one checker for every kind of test.
//!
//! A client that joins first, says nothing, reads everything and stays to the end is the *observer*: what it sees is
//! the sequence of the room. Every other client must have seen a contiguous stretch of it, from its welcome to its end,
//! except its own lines. What a client saw is sorted by room first (`by_room.rs`). The lobby, where joins come in storms, is
//! checked here; the other rooms, which users join and leave several times, in `memberships.rs`.
//!
//! | | invariant |
//! |---|---|
//! | I1 | each sender's lines arrive in order |
//! | I2 | one order for all |
//! | I3 | nothing twice |
//! | I4 | a member that is not disconnected gets every line |
//! | I5 | nothing that nobody sent |
//! | I6 | no line of a user before their join or after their leave; one leave a join |
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

/// How a client's connection ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum End {
    /// It was open until the end of the test, and all that was due was read.
    #[default]
    Stayed,
    /// The user left, all that was sent was read before, and all that was due was read.
    Left,
    /// The connection broke or was disconnected: what was sent and seen may lack its end.
    Broken,
}

/// What one client sent and saw.
#[derive(Debug, Default)]
struct Record {
    /// The lines for the lobby in order, as others are to see them after the nick.
    sent: Vec<Utterance>,
    /// The lines for other rooms, with the name of each.
    sent_elsewhere: Vec<(String, Utterance)>,
    /// All lines that were read.
    seen: Vec<String>,
    /// How it ended.
    end: End,
}

/// What is said or done, without the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Utterance {
    /// `nick: text`
    Say(String),
    /// `~ nick text`
    Action(String),
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

/// Collects what happens, and checks it (see the module docs).
#[derive(Debug)]
pub(crate) struct Checker {
    /// The client whose lines are the sequence of the room.
    observer: u64,
    /// All clients.
    clients: BTreeMap<u64, Record>,
    /// The most buffered bytes that were seen, and the limit.
    memory: (usize, usize),
    /// How long it took until nothing was pending, and how long it may take.
    drained: (Duration, Duration),
}

impl Checker {
    /// A test whose observer has this number.
    pub(crate) fn new(observer: u64) -> Self {
        let nothing = (Duration::ZERO, Duration::ZERO);
        Self { observer, clients: BTreeMap::new(), memory: (0, usize::MAX), drained: nothing }
    }

    /// The record of one client.
    fn record(&mut self, id: u64) -> &mut Record {
        self.clients.entry(id).or_default()
    }

    /// A client sent a line for the lobby.
    pub(crate) fn sent(&mut self, id: u64, utterance: Utterance) {
        self.record(id).sent.push(utterance);
    }

    /// A client sent a line for this room.
    pub(crate) fn sent_in(&mut self, room: &str, id: u64, utterance: Utterance) {
        if room == "#lobby" {
            return self.sent(id, utterance);
        }
        self.record(id).sent_elsewhere.push((room.to_owned(), utterance));
    }

    /// A client read whole lines.
    pub(crate) fn saw(&mut self, id: u64, lines: impl IntoIterator<Item = String>) {
        self.record(id).seen.extend(lines);
    }

    /// A client's connection has ended.
    pub(crate) fn ended(&mut self, id: u64, end: End) {
        self.record(id).end = end;
    }

    /// So many bytes are buffered.
    pub(crate) fn memory(&mut self, buffered: usize, limit: usize) {
        self.memory = (self.memory.0.max(buffered), limit);
    }

    /// It took so long until nothing was pending.
    pub(crate) fn drained(&mut self, took: Duration, limit: Duration) {
        self.drained = (took, limit);
    }

    /// Checks all invariants.
    pub(crate) fn check(&self) -> Result<Summary, Broken> {
        let (buffered, limit) = self.memory;
        if buffered > limit {
            return broken!("I8", "{buffered} bytes were buffered, of {limit}");
        }
        let (took, limit) = self.drained;
        if took > limit {
            return broken!("I9", "it took {took:?} to drain, more than {limit:?}");
        }
        let mut sorted = BTreeMap::new();
        let mut lobby = BTreeMap::new();
        for (&id, record) in &self.clients {
            let Views { lobby: seen, stays } = Views::of(&record.seen);
            let sent = record.sent.clone();
            lobby.insert(id, Record { seen, sent, end: record.end, ..Record::default() });
            sorted.insert(id, stays);
        }
        let elsewhere = memberships::check(self.observer, &self.clients, &sorted)?;
        let mut summary = self.check_lobby(&lobby)?;
        summary.elsewhere = elsewhere;
        Ok(summary)
    }

    /// Checks what was seen of the lobby.
    fn check_lobby(&self, clients: &BTreeMap<u64, Record>) -> Result<Summary, Broken> {
        let mut room = Sequence::default();
        let observer = &clients[&self.observer];
        room.enter(&welcome_of(self.observer, observer)?)?;
        for line in observer.seen.iter().filter_map(|line| Public::parse(line)) {
            room.add(line)?;
        }
        room.check_leaves(clients.values().filter(|record| record.end == End::Stayed).count())?;
        let mut summary = Summary { lines: room.lines.len(), views: 0, elsewhere: 0 };
        for (&id, record) in clients {
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

/// What was checked.
#[derive(Debug)]
pub(crate) struct Summary {
    /// Lines of the room.
    pub(crate) lines: usize,
    /// Clients whose views were compared with it.
    pub(crate) views: usize,
    /// Stays in other rooms that were compared with what the observer saw of them.
    pub(crate) elsewhere: usize,
}

/// The nick of the welcome, which is unique in the whole run.
fn welcome_of(id: u64, record: &Record) -> Result<String, Broken> {
    let first = record.seen.first().map_or("", String::as_str);
    match first.strip_prefix("* welcome to chinwag, you are ") {
        Some(name) => Ok(name.to_owned()),
        None => broken!("I6", "the first line of client {id} is {first:?} and no welcome"),
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
    /// A user speaks or acts.
    Utterance(&'a str, Utterance),
    /// A user joined.
    Joined(&'a str),
    /// A user left the server, or only this room of it.
    Left(&'a str, Option<&'a str>),
    /// A user changed their nick.
    Renamed(&'a str, &'a str),
    /// So many joined.
    JoinCount(u64),
    /// So many left.
    LeaveCount(u64),
    /// The server shuts down.
    ShuttingDown,
}

impl<'a> Public<'a> {
    /// The line, if it is one for the room.
    fn parse(text: &'a str) -> Option<Self> {
        let what = if let Some(system) = text.strip_prefix("* ") {
            Self::parse_system(system)?
        } else if let Some(action) = text.strip_prefix("~ ") {
            let (nick, text) = action.split_once(' ')?;
            What::Utterance(nick, Utterance::Action(text.to_owned()))
        } else if text.starts_with("! ") {
            return None;
        } else {
            let (nick, text) = text.split_once(": ")?;
            What::Utterance(nick, Utterance::Say(text.to_owned()))
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
                "joined" => Some(What::JoinCount(count)),
                "left" => Some(What::LeaveCount(count)),
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
    /// The nick of the welcome of its author, if it has one.
    author: Option<String>,
    /// What they said, if they did.
    utterance: Option<Utterance>,
}

/// The sequence of the room, followed line by line. A user's identity is the nick of their welcome.
#[derive(Debug, Default)]
struct Sequence<'a> {
    /// All lines so far.
    lines: Vec<Entry<'a>>,
    /// The users by folded nick.
    names: BTreeMap<String, String>,
    /// Who has left.
    gone: BTreeSet<String>,
    /// Where each was seen to leave, if by nick.
    left: BTreeMap<String, usize>,
    /// Users who joined, in whatever way.
    joins: usize,
    /// Users who left, in whatever way.
    leaves: usize,
    /// Users who joined in counts and were not heard of since.
    counted_in: u64,
    /// Users who left in counts and are not known yet.
    counted_out: u64,
}

impl<'a> Sequence<'a> {
    /// A user joins.
    fn enter(&mut self, name: &str) -> Result<(), Broken> {
        if self.gone.contains(name) {
            return broken!("I6", "{name} joins after having left");
        }
        match self.names.insert(name.to_ascii_lowercase(), name.to_owned()) {
            Some(other) => broken!("I7", "{name} joins while {other} is called so"),
            None => Ok(()),
        }
    }

    /// The user of this nick. One who joined in a count becomes known by their first line.
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
            What::Utterance(nick, said) => {
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
            What::JoinCount(count) => {
                self.counted_in += count;
                self.joins += MAX_ANNOUNCED;
                None
            }
            What::LeaveCount(count) => {
                self.counted_out += count;
                self.leaves += MAX_ANNOUNCED;
                None
            }
            What::ShuttingDown => None,
        };
        self.lines.push(Entry { text: line.text, author, utterance });
        Ok(())
    }

    /// A user takes another nick, which must be free: its owner may have left in a count.
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

    /// All users who joined have left once, except those who stayed.
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

/// All that a client sent is in the sequence, in order and once; the end may lack if the connection broke.
fn check_sent(room: &Sequence<'_>, name: &str, record: &Record) -> Result<(), Broken> {
    let mut sent = record.sent.iter();
    let is_own = |entry: &&Entry<'_>| entry.author.as_deref() == Some(name);
    for entry in room.lines.iter().filter(is_own) {
        let Some(uttered) = &entry.utterance else { continue };
        if sent.next() == Some(uttered) {
            continue;
        }
        let times = record.sent.iter().filter(|&sent| sent == uttered).count();
        let already = room.lines.iter().filter(is_own);
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

/// What a client saw is the sequence from its welcome to its end, except its own lines.
fn check_seen(room: &Sequence<'_>, name: &str, record: &Record) -> Result<(), Broken> {
    let seen: Vec<_> = record.seen.iter().filter_map(|line| Public::parse(line)).collect();
    // It begins at the welcome, which the others do not see: in a join storm the join is announced later. It is
    // known by what was seen first (which may look like other lines), and is never after an own line.
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

/// What a client saw is the sequence from here to its end, except its own lines.
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
    // When many leave at once each is announced later, if at all: where they left is unknown.
    let left_among_many = end == End::Left && room.leaves > MAX_ANNOUNCED;
    match due.get(seen.len()) {
        Some(missing) if end != End::Broken && !left_among_many => {
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
        ("I6", format!("{name} saw {text:?}, which is outside of the connection or an own line"))
    } else {
        ("I5", format!("{name} saw {text:?}, which the observer did not"))
    };
    Broken { invariant, detail }
}

/// Pseudo-random numbers.
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

/// The rooms that a user is in, by their own lines: the current one last.
#[derive(Clone, Debug)]
pub(crate) struct Rooms(Vec<&'static str>);

impl Rooms {
    /// As every user begins.
    pub(crate) fn new() -> Self {
        Self(vec!["#lobby"])
    }

    /// The current room.
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
