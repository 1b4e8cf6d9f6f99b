//! The rooms: each with its members, its one order of lines, its past, its announcements and its pace.
//!
//! A room is made by the first who joins it and goes when the last has left, but for `#lobby`, where everybody starts.

pub(crate) mod batch;
pub(crate) mod flow_control;
pub(crate) mod history;
pub(crate) mod join_summary;
pub(crate) mod name_index;
pub(crate) mod size_index;

use crate::chat::event::ClientId;
use crate::chat::room::batch::{Round, Source, Spare};
use crate::chat::room::flow_control::{Pace, Strain};
use crate::chat::room::history::History;
use crate::chat::room::join_summary::Crowd;
use crate::chat::room::name_index::NameIndex;
use crate::chat::room::size_index::Ranks;
use crate::chat::room_creators::Makers;
use crate::chat::scan_steps;
use crate::limits::HISTORY_LINES;
use crate::outbound::backpressure::Bounds;
use crate::protocol::message::{Departure, Line};
use crate::protocol::nick::{FoldedNick, Nick};
use crate::protocol::room_name::RoomName;
use crate::protocol::time_of_day::TimeOfDay;
use crate::protocol::view::View;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// Which room, as long as it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RoomId(
    /// Its place among the rooms, counted from 1, so that an absent one takes no memory.
    NonZeroU32,
);

impl RoomId {
    /// Where everybody starts.
    pub(crate) const LOBBY: Self = Self(NonZeroU32::MIN);

    /// Its place in the table.
    fn index(self) -> usize {
        self.0.get() as usize - 1
    }

    /// The room of this place in the table.
    fn at(index: usize) -> Self {
        let number = u32::try_from(index + 1).ok().and_then(NonZeroU32::new);
        Self(number.expect("rooms are far fewer than a number can count"))
    }
}

/// One room.
#[derive(Debug)]
pub(crate) struct Room {
    /// What it is called.
    pub name: RoomName,
    /// Where whoever made it came from; `None` for the lobby.
    pub made_from: Option<IpAddr>,
    /// The slots of its members. Those who left the house stay until the round is handed out.
    pub members: Vec<u32>,
    /// The members who are there still, in the order of their names.
    pub names: NameIndex,
    /// How many members `/rooms` lists it with.
    ranked: u32,
    /// How many members have each view.
    pub viewers: [u32; View::COUNT],
    /// Members who speak here.
    pub speakers: usize,
    /// The number of its latest line. History and replay stand on it.
    pub sequence: u64,
    /// What it is about, in quotes, if anybody said so.
    pub topic: Option<Box<str>>,
    /// What was said last.
    pub history: History,
    /// The lines that are being put together.
    pub round: Round,
    /// Whether there is anything in the round, so that it must be handed out or forgotten.
    pub is_busy: bool,
    /// How many of its people the last round has left behind.
    pub strain: Strain,
    /// Who is announced by name.
    pub crowd: Crowd<(ClientId, Nick), (ClientId, Nick, Departure)>,
    /// When lines are taken.
    pub pace: Pace,
    /// How often each may speak, if that is limited.
    pub slow: Option<Box<Slow>>,
    /// How many of its members must catch up before it takes lines again, if it waits.
    pub waits_for: Option<u64>,
    /// What waits for that.
    pub backlog: Backlog,
}

/// Events that wait until a room takes lines again.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    /// Whose, in the order in which they began to wait. Each is a member who speaks there.
    pub people: VecDeque<ClientId>,
    /// How many events those have, in all.
    pub events: usize,
    /// Whether the tasks of all who speak there were told to read nothing more.
    pub is_stopped: bool,
}

impl Room {
    /// An empty room.
    fn new(
        name: RoomName,
        made_from: Option<IpAddr>,
        bounds: Bounds,
        history_lines: usize,
    ) -> Self {
        Self {
            name,
            made_from,
            members: Vec::new(),
            names: NameIndex::default(),
            ranked: 0,
            viewers: [0; View::COUNT],
            speakers: 0,
            sequence: 0,
            topic: None,
            history: History::new(history_lines),
            round: Round::default(),
            is_busy: false,
            strain: Strain::default(),
            crowd: Crowd::default(),
            pace: Pace::new(bounds),
            slow: None,
            waits_for: None,
            backlog: Backlog::default(),
        }
    }

    /// Gives the room its next line, for everybody but its source. Says how long it is.
    fn push(
        &mut self,
        line: &Line<'_>,
        source: Source,
        stamp: u32,
        at: TimeOfDay,
        spare: &mut Spare,
    ) -> usize {
        self.sequence += 1;
        let (name, viewers) = (&self.name, &self.viewers);
        let encode = |view: View, out: &mut Vec<u8>| view.encode(line, at, name, out);
        self.round.push(source, stamp, viewers, spare, encode)
    }

    /// Somebody with this view comes in, who speaks here or does not.
    pub(crate) fn enter(
        &mut self,
        slot: usize,
        view: View,
        speaks: bool,
        name_of: impl Fn(u32) -> FoldedNick,
    ) {
        // There are never as many people as a slot can count.
        self.members.push(slot as u32);
        self.names.insert(slot as u32, name_of);
        self.watch(view, speaks);
        self.round.enter(slot);
    }

    /// A member is in the list by name no more, and no line is encoded in this view for their sake. Who leaves the house stays
    /// among the members until the round is handed out.
    pub(crate) fn unlist(
        &mut self,
        slot: usize,
        view: View,
        spoke: bool,
        name_of: impl Fn(u32) -> FoldedNick,
    ) {
        self.names.remove(slot as u32, name_of);
        self.unwatch(view, spoke);
    }

    /// Somebody with this view is gone at once. No round may be under way.
    pub(crate) fn remove(
        &mut self,
        slot: usize,
        view: View,
        spoke: bool,
        name_of: impl Fn(u32) -> FoldedNick,
    ) {
        self.unlist(slot, view, spoke, name_of);
        self.retain(|member| member != slot);
    }

    /// Somebody has this view from now on.
    pub(crate) fn watch(&mut self, view: View, speaks: bool) {
        self.viewers[view.index()] += 1;
        self.speakers += usize::from(speaks);
    }

    /// Somebody has this view no more.
    pub(crate) fn unwatch(&mut self, view: View, spoke: bool) {
        self.viewers[view.index()] -= 1;
        self.speakers -= usize::from(spoke);
    }

    /// How many members there are, without those who left the house.
    pub(crate) fn present(&self) -> usize {
        self.viewers.iter().map(|&viewers| viewers as usize).sum()
    }

    /// Nobody is a member any more. No round may be under way.
    pub(crate) fn forget_everybody(&mut self) {
        self.members = Vec::new();
        self.names = NameIndex::default();
        self.viewers = [0; View::COUNT];
        self.speakers = 0;
    }

    /// Lists only those members of whom this holds.
    pub(crate) fn retain(&mut self, keep: impl Fn(usize) -> bool) {
        scan_steps::count(self.members.len());
        self.members.retain(|&slot| keep(slot as usize));
        if self.members.len() < self.members.capacity() / 4 {
            self.members.shrink_to(self.members.len() * 2);
        }
    }
}

/// A room's slow mode: one line of each in so much time. Coming in counts as a line, so nothing is won by coming again, and only
/// members are remembered.
#[derive(Debug)]
pub(crate) struct Slow {
    /// The time.
    every: Duration,
    /// When each member spoke last, or came in. Of those who were here when it began and have not spoken since: nothing.
    spoke: BTreeMap<ClientId, Instant>,
}

impl Slow {
    /// One line in this time.
    pub(crate) fn new(every: Duration) -> Self {
        Self { every, spoke: BTreeMap::new() }
    }

    /// The time.
    pub(crate) fn every(&self) -> Duration {
        self.every
    }

    /// Somebody comes in.
    pub(crate) fn enter(&mut self, id: ClientId, now: Instant) {
        self.spoke.insert(id, now);
    }

    /// Somebody is no member any more.
    pub(crate) fn leave(&mut self, id: ClientId) {
        self.spoke.remove(&id);
    }

    /// Somebody wants to speak.
    ///
    /// # Errors
    /// How long he must wait.
    pub(crate) fn speak(&mut self, id: ClientId, now: Instant) -> Result<(), Duration> {
        let rest = |spoke: Instant| (spoke + self.every).saturating_duration_since(now);
        match self.spoke.get(&id).map(|&spoke| rest(spoke)) {
            Some(rest) if !rest.is_zero() => Err(rest),
            _ => {
                self.spoke.insert(id, now);
                Ok(())
            }
        }
    }
}

/// All rooms.
#[derive(Debug)]
pub(crate) struct Rooms {
    /// The rooms by place; places of none are empty.
    rooms: Vec<Option<Box<Room>>>,
    /// The empty places.
    vacant: BTreeSet<usize>,
    /// The rooms in the order of their names: a list, so that a page of it costs what is on the page.
    names: Vec<RoomId>,
    /// From where they were made.
    makers: Makers,
    /// The rooms in the order of how many are in them.
    ranks: Ranks<RoomId>,
    /// What their members may be owed.
    bounds: Bounds,
    /// How many lines each remembers.
    history_lines: usize,
    /// Buffers for the rounds of those that are silent now.
    spare: Spare,
}

impl Rooms {
    /// The lobby, empty.
    pub(crate) fn new(bounds: Bounds) -> Self {
        let mut rooms = Self {
            rooms: Vec::new(),
            vacant: BTreeSet::new(),
            names: Vec::new(),
            makers: Makers::default(),
            ranks: Ranks::default(),
            bounds,
            history_lines: HISTORY_LINES,
            spare: Spare::default(),
        };
        let lobby = rooms.open(RoomName::lobby(), None);
        debug_assert_eq!(lobby, RoomId::LOBBY, "it is the first");
        rooms
    }

    /// Has the lobby, of which nothing is remembered yet, and all rooms to come remember so many lines.
    pub(crate) fn remember(&mut self, lines: usize) {
        self.history_lines = lines;
        self.room_mut(RoomId::LOBBY).history = History::new(lines);
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// The room of this name, if there is one.
    pub(crate) fn named(&self, name: &RoomName) -> Option<RoomId> {
        self.place_of(name).ok().map(|place| self.names[place])
    }

    /// Where a name stands among all of them, or would.
    fn place_of(&self, name: &RoomName) -> Result<usize, usize> {
        self.names.binary_search_by(|&id| self.room(id).name.cmp(name))
    }

    /// Whether a room has not gone.
    pub(crate) fn is_there(&self, id: RoomId) -> bool {
        matches!(self.rooms.get(id.index()), Some(Some(_)))
    }

    /// All of them, in the order of the alphabet.
    pub(crate) fn by_name(&self) -> impl Iterator<Item = (RoomId, &Room)> {
        self.names.iter().map(|&id| (id, self.room(id)))
    }

    /// Those from this place on, counted from 0, with most people first, and of as many in the order of the alphabet.
    pub(crate) fn by_people_from(&self, place: usize) -> impl Iterator<Item = &Room> {
        self.ranks.from(place).map(|id| self.room(id))
    }

    /// Another number of people may be in a room: it is listed by that from now on.
    pub(crate) fn rank(&mut self, id: RoomId) {
        let people = u32::try_from(self.room(id).present()).unwrap_or(u32::MAX);
        let before = std::mem::replace(&mut self.room_mut(id).ranked, people);
        if before != people {
            let mut ranks = std::mem::take(&mut self.ranks);
            ranks.remove(id, before, |id| &self.room(id).name);
            ranks.insert(id, people, |id| &self.room(id).name);
            self.ranks = ranks;
        }
    }

    /// Those whose names begin with this, in the order of the alphabet.
    pub(crate) fn beginning_with(&self, word: &str) -> &[RoomId] {
        let name = |&id: &RoomId| self.room(id).name.as_str();
        let from = self.names.partition_point(|id| name(id) < word);
        let rest = &self.names[from..];
        &rest[..rest.partition_point(|id| name(id).starts_with(word))]
    }

    /// A room.
    #[inline]
    pub(crate) fn room(&self, id: RoomId) -> &Room {
        scan_steps::count(1);
        self.rooms[id.index()].as_deref().expect(THERE)
    }

    /// A room.
    #[inline]
    pub(crate) fn room_mut(&mut self, id: RoomId) -> &mut Room {
        scan_steps::count(1);
        self.rooms[id.index()].as_deref_mut().expect(THERE)
    }

    /// Gives a room its next line, for everybody but its source. Says how long it is.
    #[inline]
    pub(crate) fn push(
        &mut self,
        id: RoomId,
        line: &Line<'_>,
        source: Source,
        stamp: u32,
        at: TimeOfDay,
    ) -> usize {
        let room = self.rooms[id.index()].as_deref_mut().expect(THERE);
        room.push(line, source, stamp, at, &mut self.spare)
    }

    /// Ends the round of a room: it was handed out.
    #[inline]
    pub(crate) fn end_round(&mut self, id: RoomId) {
        let room = self.rooms[id.index()].as_deref_mut().expect(THERE);
        room.round.clear(&mut self.spare);
        room.is_busy = false;
    }

    /// Bytes that are kept for the lines of rounds.
    #[cfg(test)]
    pub(crate) fn spare_bytes(&self) -> usize {
        self.spare.bytes()
    }

    /// Nothing is going on: gives back what is kept for busy times.
    pub(crate) fn rest(&mut self) {
        self.spare.rest();
    }

    /// Whether one more room may be made from this address, if each may have made so many.
    pub(crate) fn may_make(&self, from: IpAddr, limit: usize) -> bool {
        self.makers.may_make(from, limit)
    }

    /// Makes a room of a name that no other has, for somebody of this address.
    pub(crate) fn open(&mut self, name: RoomName, from: Option<IpAddr>) -> RoomId {
        let place = self.place_of(&name).unwrap_or_else(|place| place);
        let index = self.vacant.pop_first().unwrap_or(self.rooms.len());
        let id = RoomId::at(index);
        let room = Box::new(Room::new(name, from, self.bounds, self.history_lines));
        from.into_iter().for_each(|from| self.makers.add(from));
        match self.rooms.get_mut(index) {
            Some(empty) => *empty = Some(room),
            None => self.rooms.push(Some(room)),
        }
        self.names.insert(place, id);
        let mut ranks = std::mem::take(&mut self.ranks);
        ranks.insert(id, 0, |id| &self.room(id).name);
        self.ranks = ranks;
        id
    }

    /// Takes a room away that nobody is in, unless it is the lobby. It is the result, if it went.
    pub(crate) fn close_if_empty(&mut self, id: RoomId) -> Option<Box<Room>> {
        let is_empty = self.rooms[id.index()].as_ref().is_some_and(|room| room.members.is_empty());
        if id == RoomId::LOBBY || !is_empty {
            return None;
        }
        let place = self.place_of(&self.room(id).name);
        place.into_iter().for_each(|place| _ = self.names.remove(place));
        let mut ranks = std::mem::take(&mut self.ranks);
        ranks.remove(id, self.room(id).ranked, |id| &self.room(id).name);
        self.ranks = ranks;
        let gone = self.rooms[id.index()].take();
        let made_from = gone.as_ref().and_then(|room| room.made_from);
        made_from.into_iter().for_each(|from| self.makers.remove(from));
        self.vacant.insert(id.index());
        while let Some(None) = self.rooms.last() {
            self.rooms.pop();
            self.vacant.remove(&self.rooms.len());
        }
        gone
    }
}

/// Why a room that is asked for is there.
const THERE: &str = "a room with members is there";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_room_takes_a_line_of_each_in_its_time_and_coming_in_is_one() {
        let every = Duration::from_secs(10);
        let (mut slow, start) = (Slow::new(every), whippet::time::Instant::now().into_std());
        let (alice, bob) = (ClientId::new(1), ClientId::new(2));
        assert_eq!(slow.speak(alice, start), Ok(()));
        let later = start + Duration::from_secs(4);
        assert_eq!(slow.speak(alice, later), Err(Duration::from_secs(6)));
        assert_eq!((slow.speak(bob, later), slow.speak(alice, start + every)), (Ok(()), Ok(())));
        for number in 0..10_000 {
            let (id, now) = (ClientId::new(100 + number), later);
            slow.enter(id, now);
            assert_eq!(slow.speak(id, now), Err(every));
            slow.leave(id);
        }
        assert_eq!(slow.spoke.len(), 2, "only members are remembered");
    }
}
