//! The rooms: each with its members, its one order of lines, its past, its announcements and its flow control.
//!
//! A room is made by the first who joins it and goes when the last has left, but for `#lobby`, where everybody starts.

pub(crate) mod batch;
pub(crate) mod flow_control;
pub(crate) mod history;
pub(crate) mod join_summary;
pub(crate) mod name_index;
pub(crate) mod size_index;

use crate::chat::event::ClientId;
use crate::chat::room::batch::{Batch, BufferPool, LineSource};
use crate::chat::room::flow_control::{FlowControl, LagCounts};
use crate::chat::room::history::History;
use crate::chat::room::join_summary::JoinSummary;
use crate::chat::room::name_index::NameIndex;
use crate::chat::room::size_index::SizeIndex;
use crate::chat::room_creators::RoomCreators;
use crate::chat::scan_steps;
use crate::chat::user_slot::UserSlot;
use crate::limits::HISTORY_LINES;
use crate::outbound::backpressure::QueueLimits;
use crate::protocol::message::{LeaveReason, Message};
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
    fn from_index(index: usize) -> Self {
        let number = u32::try_from(index + 1).ok().and_then(NonZeroU32::new);
        Self(number.expect("rooms are far fewer than a number can count"))
    }
}

/// One room.
#[derive(Debug)]
pub(crate) struct Room {
    /// What it is called.
    pub name: RoomName,
    /// Where the user who made it came from; `None` for the lobby.
    pub created_from: Option<IpAddr>,
    /// The slots of its members. Those who left the server stay until the batch is handed out.
    pub members: Vec<UserSlot>,
    /// The members who are there still, in the order of their names.
    pub names: NameIndex,
    /// How many members `/rooms` lists it with.
    listed_size: u32,
    /// How many members have each view.
    pub view_counts: [u32; View::COUNT],
    /// Members who speak here.
    pub speakers: usize,
    /// The number of its latest line. History and replay stand on it.
    pub sequence: u64,
    /// What it is about, in quotes, if anyone said so.
    pub topic: Option<Box<str>>,
    /// What was said last.
    pub history: History,
    /// The lines that are being put together.
    pub batch: Batch,
    /// Whether there is anything in the batch, so that it must be handed out or forgotten.
    pub is_dirty: bool,
    /// How many of its users the last batch has left behind.
    pub lag_counts: LagCounts,
    /// Who is announced by name.
    pub join_summary: JoinSummary<(ClientId, Nick), (ClientId, Nick, LeaveReason)>,
    /// When lines are taken.
    pub flow: FlowControl,
    /// How often each may speak, if that is limited.
    pub slow_mode: Option<Box<SlowMode>>,
    /// How many of its members must catch up before it takes lines again, if it waits.
    pub drains_needed: Option<u64>,
    /// What waits for that.
    pub backlog: Backlog,
}

/// Events that wait until a room takes lines again.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    /// Whose, in the order in which they began to wait. Each is a member who speaks there.
    pub clients: VecDeque<ClientId>,
    /// How many events those have, in all.
    pub events: usize,
    /// Whether the tasks of all who speak there were told to read nothing more.
    pub is_reading_paused: bool,
}

impl Room {
    /// An empty room.
    fn new(
        name: RoomName,
        created_from: Option<IpAddr>,
        limits: QueueLimits,
        history_lines: usize,
    ) -> Self {
        Self {
            name,
            created_from,
            members: Vec::new(),
            names: NameIndex::default(),
            listed_size: 0,
            view_counts: [0; View::COUNT],
            speakers: 0,
            sequence: 0,
            topic: None,
            history: History::new(history_lines),
            batch: Batch::default(),
            is_dirty: false,
            lag_counts: LagCounts::default(),
            join_summary: JoinSummary::default(),
            flow: FlowControl::new(limits),
            slow_mode: None,
            drains_needed: None,
            backlog: Backlog::default(),
        }
    }

    /// Gives the room its next line, for everybody but its source. Says how long it is.
    fn push(
        &mut self,
        line: &Message<'_>,
        source: LineSource,
        order: u32,
        at: TimeOfDay,
        pool: &mut BufferPool,
    ) -> usize {
        self.sequence += 1;
        let (name, view_counts) = (&self.name, &self.view_counts);
        let encode = |view: View, out: &mut Vec<u8>| view.encode(line, at, name, out);
        self.batch.push(source, order, view_counts, pool, encode)
    }

    /// A user with this view comes in, who speaks here or does not.
    pub(crate) fn enter(
        &mut self,
        slot: UserSlot,
        view: View,
        is_current: bool,
        name_of: impl Fn(UserSlot) -> FoldedNick,
    ) {
        self.members.push(slot);
        self.names.insert(slot, name_of);
        self.add_view(view, is_current);
        self.batch.enter(slot);
    }

    /// A member is in the list by name no more, and no line is encoded in this view for their sake. Who leaves the server stays
    /// among the members until the batch is handed out.
    pub(crate) fn unlist(
        &mut self,
        slot: UserSlot,
        view: View,
        was_current: bool,
        name_of: impl Fn(UserSlot) -> FoldedNick,
    ) {
        self.names.remove(slot, name_of);
        self.remove_view(view, was_current);
    }

    /// A user with this view is gone at once. No batch may be under way.
    pub(crate) fn remove(
        &mut self,
        slot: UserSlot,
        view: View,
        was_current: bool,
        name_of: impl Fn(UserSlot) -> FoldedNick,
    ) {
        self.unlist(slot, view, was_current, name_of);
        self.retain_members(|user| user != slot);
    }

    /// A user has this view from now on.
    pub(crate) fn add_view(&mut self, view: View, is_current: bool) {
        self.view_counts[view.index()] += 1;
        self.speakers += usize::from(is_current);
    }

    /// A user has this view no more.
    pub(crate) fn remove_view(&mut self, view: View, was_current: bool) {
        self.view_counts[view.index()] -= 1;
        self.speakers -= usize::from(was_current);
    }

    /// How many members there are, without those who left the server.
    pub(crate) fn user_count(&self) -> usize {
        self.view_counts.iter().map(|&users| users as usize).sum()
    }

    /// Nobody is a member any more. No batch may be under way.
    pub(crate) fn remove_all_members(&mut self) {
        self.members = Vec::new();
        self.names = NameIndex::default();
        self.view_counts = [0; View::COUNT];
        self.speakers = 0;
    }

    /// Lists only those members of whom this holds.
    pub(crate) fn retain_members(&mut self, keep: impl Fn(UserSlot) -> bool) {
        scan_steps::count(self.members.len());
        self.members.retain(|&slot| keep(slot));
        if self.members.len() < self.members.capacity() / 4 {
            self.members.shrink_to(self.members.len() * 2);
        }
    }
}

/// A room's slow mode: one line of each in so much time. Coming in counts as a line, so nothing is won by coming again, and only
/// members are remembered.
#[derive(Debug)]
pub(crate) struct SlowMode {
    /// The time.
    interval: Duration,
    /// When each member spoke last, or came in. Of those who were here when it began and have not spoken since: nothing.
    last_spoke: BTreeMap<ClientId, Instant>,
}

impl SlowMode {
    /// One line in this time.
    pub(crate) fn new(interval: Duration) -> Self {
        Self { interval, last_spoke: BTreeMap::new() }
    }

    /// The time.
    pub(crate) fn interval(&self) -> Duration {
        self.interval
    }

    /// A user comes in.
    pub(crate) fn enter(&mut self, id: ClientId, now: Instant) {
        self.last_spoke.insert(id, now);
    }

    /// A user is no member any more.
    pub(crate) fn leave(&mut self, id: ClientId) {
        self.last_spoke.remove(&id);
    }

    /// A user wants to speak.
    ///
    /// # Errors
    /// How long they must wait.
    pub(crate) fn try_speak(&mut self, id: ClientId, now: Instant) -> Result<(), Duration> {
        let rest = |spoke: Instant| (spoke + self.interval).saturating_duration_since(now);
        match self.last_spoke.get(&id).map(|&spoke| rest(spoke)) {
            Some(rest) if !rest.is_zero() => Err(rest),
            _ => {
                self.last_spoke.insert(id, now);
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
    free: BTreeSet<usize>,
    /// The rooms in the order of their names: a list, so that a page of it costs what is on the page.
    names: Vec<RoomId>,
    /// From where they were made.
    creators: RoomCreators,
    /// The rooms in the order of how many are in them.
    by_size: SizeIndex<RoomId>,
    /// What their members may have pending.
    limits: QueueLimits,
    /// How many lines each remembers.
    history_lines: usize,
    /// Buffers for the batches of those that are silent now.
    pool: BufferPool,
}

impl Rooms {
    /// The lobby, empty.
    pub(crate) fn new(limits: QueueLimits) -> Self {
        let mut rooms = Self {
            rooms: Vec::new(),
            free: BTreeSet::new(),
            names: Vec::new(),
            creators: RoomCreators::default(),
            by_size: SizeIndex::default(),
            limits,
            history_lines: HISTORY_LINES,
            pool: BufferPool::default(),
        };
        let lobby = rooms.create(RoomName::lobby(), None);
        debug_assert_eq!(lobby, RoomId::LOBBY, "it is the first");
        rooms
    }

    /// Has the lobby, of which nothing is remembered yet, and all rooms to come remember so many lines.
    pub(crate) fn set_history_lines(&mut self, lines: usize) {
        self.history_lines = lines;
        self.room_mut(RoomId::LOBBY).history = History::new(lines);
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// The room of this name, if there is one.
    pub(crate) fn find(&self, name: &RoomName) -> Option<RoomId> {
        self.position_of(name).ok().map(|position| self.names[position])
    }

    /// Where a name stands among all of them, or would.
    fn position_of(&self, name: &RoomName) -> Result<usize, usize> {
        self.names.binary_search_by(|&id| self.room(id).name.cmp(name))
    }

    /// Whether a room has not gone.
    pub(crate) fn contains(&self, id: RoomId) -> bool {
        matches!(self.rooms.get(id.index()), Some(Some(_)))
    }

    /// All of them, in the order of the alphabet.
    pub(crate) fn by_name(&self) -> impl Iterator<Item = (RoomId, &Room)> {
        self.names.iter().map(|&id| (id, self.room(id)))
    }

    /// Those from this place on, counted from 0, with most users first, and of as many in the order of the alphabet.
    pub(crate) fn by_size_from(&self, position: usize) -> impl Iterator<Item = &Room> {
        self.by_size.from(position).map(|id| self.room(id))
    }

    /// Another number of users may be in a room: it is listed by that from now on.
    pub(crate) fn update_size(&mut self, id: RoomId) {
        let users = u32::try_from(self.room(id).user_count()).unwrap_or(u32::MAX);
        let before = std::mem::replace(&mut self.room_mut(id).listed_size, users);
        if before != users {
            let mut by_size = std::mem::take(&mut self.by_size);
            by_size.remove(id, before, |id| &self.room(id).name);
            by_size.insert(id, users, |id| &self.room(id).name);
            self.by_size = by_size;
        }
    }

    /// Those whose names begin with this, in the order of the alphabet.
    pub(crate) fn with_prefix(&self, word: &str) -> &[RoomId] {
        let name = |&id: &RoomId| self.room(id).name.as_str();
        let from = self.names.partition_point(|id| name(id) < word);
        let rest = &self.names[from..];
        &rest[..rest.partition_point(|id| name(id).starts_with(word))]
    }

    /// A room.
    #[inline]
    pub(crate) fn room(&self, id: RoomId) -> &Room {
        scan_steps::count(1);
        self.rooms[id.index()].as_deref().expect(ROOM_EXISTS)
    }

    /// A room.
    #[inline]
    pub(crate) fn room_mut(&mut self, id: RoomId) -> &mut Room {
        scan_steps::count(1);
        self.rooms[id.index()].as_deref_mut().expect(ROOM_EXISTS)
    }

    /// Gives a room its next line, for everybody but its source. Says how long it is.
    #[inline]
    pub(crate) fn push(
        &mut self,
        id: RoomId,
        line: &Message<'_>,
        source: LineSource,
        order: u32,
        at: TimeOfDay,
    ) -> usize {
        let room = self.rooms[id.index()].as_deref_mut().expect(ROOM_EXISTS);
        room.push(line, source, order, at, &mut self.pool)
    }

    /// Ends the batch of a room: it was handed out.
    #[inline]
    pub(crate) fn end_batch(&mut self, id: RoomId) {
        let room = self.rooms[id.index()].as_deref_mut().expect(ROOM_EXISTS);
        room.batch.clear(&mut self.pool);
        room.is_dirty = false;
    }

    /// Bytes that are kept for the lines of batches.
    #[cfg(test)]
    pub(crate) fn pooled_bytes(&self) -> usize {
        self.pool.bytes()
    }

    /// Nothing is going on: gives back what is kept for busy times.
    pub(crate) fn shrink_buffers(&mut self) {
        self.pool.shrink_buffers();
    }

    /// Whether one more room may be made from this address, if each may have made so many.
    pub(crate) fn may_create(&self, from: IpAddr, limit: usize) -> bool {
        self.creators.may_create(from, limit)
    }

    /// Makes a room of a name that no other has, for a user of this address.
    pub(crate) fn create(&mut self, name: RoomName, from: Option<IpAddr>) -> RoomId {
        let position = self.position_of(&name).unwrap_or_else(|position| position);
        let index = self.free.pop_first().unwrap_or(self.rooms.len());
        let id = RoomId::from_index(index);
        let room = Box::new(Room::new(name, from, self.limits, self.history_lines));
        from.into_iter().for_each(|from| self.creators.add(from));
        match self.rooms.get_mut(index) {
            Some(empty) => *empty = Some(room),
            None => self.rooms.push(Some(room)),
        }
        self.names.insert(position, id);
        let mut by_size = std::mem::take(&mut self.by_size);
        by_size.insert(id, 0, |id| &self.room(id).name);
        self.by_size = by_size;
        id
    }

    /// Takes a room away that nobody is in, unless it is the lobby. It is the result, if it went.
    pub(crate) fn close_if_empty(&mut self, id: RoomId) -> Option<Box<Room>> {
        let is_empty = self.rooms[id.index()].as_ref().is_some_and(|room| room.members.is_empty());
        if id == RoomId::LOBBY || !is_empty {
            return None;
        }
        let position = self.position_of(&self.room(id).name);
        position.into_iter().for_each(|position| _ = self.names.remove(position));
        let mut by_size = std::mem::take(&mut self.by_size);
        by_size.remove(id, self.room(id).listed_size, |id| &self.room(id).name);
        self.by_size = by_size;
        let gone = self.rooms[id.index()].take();
        let created_from = gone.as_ref().and_then(|room| room.created_from);
        created_from.into_iter().for_each(|from| self.creators.remove(from));
        self.free.insert(id.index());
        while let Some(None) = self.rooms.last() {
            self.rooms.pop();
            self.free.remove(&self.rooms.len());
        }
        gone
    }
}

/// Why a room that is asked for is there.
const ROOM_EXISTS: &str = "a room with members is there";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_mode_counts_a_join_as_a_line() {
        let interval = Duration::from_secs(10);
        let (mut slow, start) = (SlowMode::new(interval), whippet::time::Instant::now().into_std());
        let (alice, bob) = (ClientId::new(1), ClientId::new(2));
        assert_eq!(slow.try_speak(alice, start), Ok(()));
        let later = start + Duration::from_secs(4);
        assert_eq!(slow.try_speak(alice, later), Err(Duration::from_secs(6)));
        assert_eq!(
            (slow.try_speak(bob, later), slow.try_speak(alice, start + interval)),
            (Ok(()), Ok(()))
        );
        for number in 0..10_000 {
            let (id, now) = (ClientId::new(100 + number), later);
            slow.enter(id, now);
            assert_eq!(slow.try_speak(id, now), Err(interval));
            slow.leave(id);
        }
        assert_eq!(slow.last_spoke.len(), 2, "only members are remembered");
    }
}
