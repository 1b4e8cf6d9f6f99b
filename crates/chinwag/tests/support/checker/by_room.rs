//! What a client read, sorted by room: lines of the current room have no prefix, those of another have its name before them, and
//! replies to the client tell which room is current.
//!
//! A rename comes once, whatever rooms are shared: it is sorted into the lobby, in which all users are, and into each other
//! room of the reader. So it is checked to come once and at the same place among the lines of every room: no line
//! under the new nick may come before it, nor one under the old nick after it.

use super::{Public, What};

/// The room that all users start in.
const LOBBY: &str = "#lobby";

/// One membership in a room other than the lobby.
#[derive(Debug)]
pub(super) struct Stay {
    /// The room.
    pub(super) room: String,
    /// The nick at the join.
    pub(super) nick: String,
    /// The lines for the room that were read.
    pub(super) seen: Vec<String>,
    /// Whether a reply said that it was left.
    pub(super) parted: bool,
}

/// What a client read, sorted.
#[derive(Debug, Default)]
pub(super) struct Views {
    /// The welcome and the lines of the lobby.
    pub(super) lobby: Vec<String>,
    /// The memberships in other rooms, in order.
    pub(super) stays: Vec<Stay>,
}

/// How far the sorting has come.
struct Sorter {
    views: Views,
    /// The nick.
    nick: String,
    /// The current room.
    current: String,
}

impl Views {
    /// Sorts all lines that a client read.
    pub(super) fn of(seen: &[String]) -> Self {
        let first = seen.first().map_or("", String::as_str);
        let nick = first.rsplit(' ').next().unwrap_or("").to_owned();
        let mut sorter = Sorter { views: Self::default(), nick, current: LOBBY.to_owned() };
        sorter.views.lobby.extend(seen.first().cloned());
        seen.iter().skip(1).for_each(|line| sorter.sort(without_time(line)));
        sorter.views
    }
}

impl Sorter {
    /// Puts a line where it belongs.
    fn sort(&mut self, line: &str) {
        let told = line.strip_prefix("* you ");
        if let Some(name) = told.and_then(|told| told.strip_prefix("joined #")) {
            self.current = format!("#{name}");
            let (room, nick) = (self.current.clone(), self.nick.clone());
            self.views.stays.push(Stay { room, nick, seen: Vec::new(), parted: false });
        } else if let Some(now) = told.and_then(|told| told.strip_prefix("speak in #")) {
            self.current = format!("#{}", now.trim_end_matches(" now"));
        } else if let Some(left) = told.and_then(|told| told.strip_prefix("left #")) {
            let (name, now) = left.split_once(" and speak in ").expect("the lobby is left last");
            if let Some(stay) = self.stay(&format!("#{name}")) {
                stay.parted = true;
            }
            now.trim_end_matches(" now").clone_into(&mut self.current);
        } else if let Some(name) = told.and_then(|told| told.strip_prefix("are ")) {
            // "you are bob now" and not "you are bob already".
            if let Some(name) = name.strip_suffix(" now") {
                name.clone_into(&mut self.nick);
            }
        } else if line.starts_with(['|', '[', '!']) {
            // History, private lines, errors.
        } else if line == "* server is shutting down" {
            self.views.lobby.push(line.to_owned());
        } else if let Some((room, line)) = line.split_once(' ').filter(|_| line.starts_with('#')) {
            self.put(room, line);
        } else if Public::parse(line).is_some() {
            self.put(&self.current.clone(), line);
        }
    }

    /// Puts a line to those of a room, or of all memberships.
    fn put(&mut self, room: &str, line: &str) {
        let is_rename =
            Public::parse(line).is_some_and(|line| matches!(line.what, What::Renamed(..)));
        if is_rename {
            self.views.lobby.push(line.to_owned());
            let stays = self.views.stays.iter_mut().filter(|stay| !stay.parted);
            stays.for_each(|stay| stay.seen.push(line.to_owned()));
        } else if room == LOBBY {
            self.views.lobby.push(line.to_owned());
        } else if let Some(stay) = self.stay(room) {
            stay.seen.push(line.to_owned());
        } else {
            // Of a room without a membership: the check of memberships finds that no user joined there.
            let (room, nick) = (room.to_owned(), String::new());
            self.views.stays.push(Stay { room, nick, seen: vec![line.to_owned()], parted: false });
        }
    }

    /// The membership in a room, if there is one.
    fn stay(&mut self, room: &str) -> Option<&mut Stay> {
        self.views.stays.iter_mut().rev().find(|stay| stay.room == room && !stay.parted)
    }
}

/// A line without the time before it, if there is one.
fn without_time(line: &str) -> &str {
    let time = line.get(..9).filter(|time| {
        let is_like = |(at, byte): (usize, u8)| match at {
            2 | 5 => byte == b':',
            8 => byte == b' ',
            _ => byte.is_ascii_digit(),
        };
        time.bytes().enumerate().all(is_like)
    });
    time.map_or(line, |time| &line[time.len()..])
}
