//! What somebody read, sorted by the room that it is of: lines of his current room stand plain, those of another have its
//! name before them, and what he is told himself says which is which.
//!
//! A rename comes once, whatever rooms are shared: it is sorted into the lobby, in which everybody is, and into each room
//! beside it that the reader is in. So it is seen to stand once and at the same place among the lines of every room: nobody
//! may read a line under the new name before it, nor one under the old name behind it.

use super::{Public, What};

/// The room that everybody starts in.
const LOBBY: &str = "#lobby";

/// One stay of somebody in a room beside the lobby.
#[derive(Debug)]
pub(super) struct Stay {
    /// The room.
    pub(super) room: String,
    /// What he was called when he joined.
    pub(super) nick: String,
    /// The lines for the room that he read.
    pub(super) seen: Vec<String>,
    /// Whether he was told that he left it.
    pub(super) parted: bool,
}

/// What somebody read, sorted.
#[derive(Debug, Default)]
pub(super) struct Views {
    /// His welcome and the lines of the lobby.
    pub(super) lobby: Vec<String>,
    /// His stays in other rooms, in order.
    pub(super) stays: Vec<Stay>,
}

/// How far the sorting has come.
struct Sorter {
    views: Views,
    /// What he is called.
    nick: String,
    /// The room that he speaks in.
    current: String,
}

impl Views {
    /// Sorts all lines that somebody read.
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
            let (name, now) = left.split_once(" and speak in ").expect("he is in the lobby still");
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
            // The past, what is for him alone, refusals.
        } else if line == "* server is shutting down" {
            self.views.lobby.push(line.to_owned());
        } else if let Some((room, line)) = line.split_once(' ').filter(|_| line.starts_with('#')) {
            self.put(room, line);
        } else if Public::parse(line).is_some() {
            self.put(&self.current.clone(), line);
        }
    }

    /// Puts a line to those of a room, or of all that he is in.
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
            // Of a room that he is not in: whoever judges stays finds that nobody joined there.
            let (room, nick) = (room.to_owned(), String::new());
            self.views.stays.push(Stay { room, nick, seen: vec![line.to_owned()], parted: false });
        }
    }

    /// His stay in a room, if he is in it.
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
