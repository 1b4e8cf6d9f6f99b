//! What must wait: lines for a room whose users are behind, and private lines for a user who is.
//!
//! There is one queue to the broker for everybody, and a slow room must not stop the others. So an event of a user who
//! speaks in a room that waits is *deferred*, and all that they send after it; its place in the queue is given back, and the
//! next event is taken. When the first event of a room is deferred, the tasks of all who speak there are told to read
//! nothing more until it takes lines again: its speakers alone are not read, by which the backlog stays small. Nothing is
//! deferred while everybody speaks in rooms that wait: then the queue itself waits, as in a server of one room.
//!
//! ```text
//!                      ┌── the room waits ──────► its backlog ──────────── it takes lines again, or they leave it ──┐
//!   event ─► must wait?┤                                                                                            ▼
//!                      └── its reader lags ─────► `waiting_for_reader` ─── caught up, gone, or time is up ───► `ready`
//!                                                                                                                   │
//!   handled ◄── one event of each in turn ─ `handle_ready` ◄────────────────────────────────────────────────────────┘
//! ```
//!
//! What is ready is handled a batch at a time, between two looks at the queue: hundreds of long lines that a room has gathered
//! take milliseconds, and nobody else is to wait for all of them.
//!
//! A user with deferred events is in exactly one of the three, by what the *first* of their events waits for; all others
//! stand behind it, so each user's order is kept. A private line waits for
//! [`PRIVATE_DEFER_TIMEOUT`](crate::limits::PRIVATE_DEFER_TIMEOUT) at most, all of a burst together (`chat/deferred.rs`), and is
//! refused then.
//!
//! **Never more than [`MAX_DEFERRED_EVENTS`] are deferred, and of one room never more than [`MAX_DEFERRED_PER_ROOM`]**, whatever
//! rooms, users and addresses there are, and events never stop being taken for that. Proof: only `defer` and `defer_after` add,
//! one event each, and both end in `enforce_deferral_limits`, which handles events although their room is paused, until both
//! bounds hold; meanwhile nothing is deferred (`is_forcing`). What is popped to be handled makes place before it may be deferred
//! again. The room that has most pays, so the user who fills the bound with rooms of their own has their own lines taken early:
//! their slow readers have more pending, up to the bound that disconnects them. In a room whose speakers are not read the queue's
//! places are all that can come, so readers have pending at most [`MAX_DEFERRED_PER_ROOM`] events more by that.
//!
//! **Nobody is stopped for ever.** A task is stopped as long as its user has deferred events or speaks in a room whose
//! backlog stops it, and `update_reading` follows every change of the two. A room that waits is looked at each 20 ms, and
//! takes lines again when nobody who keeps up is behind (`chat/room/flow_control.rs`); in the end of the server all that is
//! deferred is handled whatever flow control says.

use super::Broker;
use crate::chat::deferred::WaitsFor;
use crate::chat::event::{ClientId, Event};
use crate::chat::room::RoomId;
use crate::chat::user_slot::UserSlot;
use crate::limits::{
    BATCH_EVENTS, MAX_DEFERRED_EVENTS, MAX_DEFERRED_PER_ROOM, PAUSED_SCAN_INTERVAL,
};
use crate::protocol::command::Command;
use std::collections::VecDeque;

/// Who has deferred events, but for those in the rooms' backlogs.
#[derive(Debug, Default)]
pub(super) struct DeferredQueues {
    /// All events that are deferred.
    events: usize,
    /// Whose first event waits for a reader.
    waiting_for_reader: Vec<ClientId>,
    /// Whose first event waits for nothing but its turn.
    ready: VecDeque<ClientId>,
    /// Whether an event is being handled in spite of what hinders it.
    is_forcing: bool,
}

impl DeferredQueues {
    /// How many events are deferred.
    #[cfg(test)]
    pub(super) fn events(&self) -> usize {
        self.events
    }
}

impl Broker {
    /// Whether everybody speaks in a room that waits, so that no event would be of use.
    pub(super) fn all_senders_paused(&self) -> bool {
        let speakers = self.paused_rooms.iter().map(|&room| self.rooms.room(room).speakers);
        !self.paused_rooms.is_empty() && speakers.sum::<usize>() >= self.users.len()
    }

    /// What a user's line must wait for, if for anything.
    pub(super) fn defer_reason(&self, slot: UserSlot, input: Command<'_>) -> Option<WaitsFor> {
        if self.is_forced() || self.deferred.is_forcing {
            return None;
        }
        let user = self.users.user(slot);
        if let Some(current) = user.current
            && self.rooms.room(current.room).drains_needed.is_some()
        {
            return Some(WaitsFor::Room(current.room));
        }
        let to = self.recipient(slot, input).filter(|&to| self.is_lagging(to))?;
        let wait_budget = user.extras.as_ref().map(|extras| extras.wait_budget).unwrap_or_default();
        let left = wait_budget.remaining(self.now);
        // Without patience it is refused at once.
        let (since, until) = (self.now, self.now + left);
        (!left.is_zero()).then(|| WaitsFor::Reader { to: self.users.user(to).id, since, until })
    }

    /// Defers an event of a user, ahead of those that wait already.
    pub(super) fn defer(&mut self, slot: UserSlot, mut event: Event, waits_for: WaitsFor) {
        event.shrink();
        let user = self.users.user_mut(slot);
        user.deferred.get_or_insert_default().events.push_front(event);
        self.deferred.events += 1;
        self.enqueue_deferred(slot, waits_for);
        self.schedule_scan(self.now + PAUSED_SCAN_INTERVAL);
        self.enforce_deferral_limits(waits_for);
    }

    /// Defers an event of a user of whom others wait already.
    pub(super) fn defer_after(&mut self, slot: UserSlot, mut event: Event) {
        event.shrink();
        let deferred = self.users.user_mut(slot).deferred.get_or_insert_default();
        deferred.events.push_back(event);
        let waits_for = deferred.waits_for;
        self.deferred.events += 1;
        if let WaitsFor::Room(room) = waits_for {
            self.rooms.room_mut(room).backlog.events += 1;
        }
        self.enforce_deferral_limits(waits_for);
    }

    /// Has a user with deferred events wait for this.
    fn enqueue_deferred(&mut self, slot: UserSlot, waits_for: WaitsFor) {
        let user = self.users.user_mut(slot);
        let id = user.id;
        let Some(deferred) = &mut user.deferred else { return };
        deferred.waits_for = waits_for;
        let events = deferred.events.len();
        debug_assert!(!self.deferred.ready.contains(&id), "nobody stands in two lines");
        debug_assert!(
            !self.deferred.waiting_for_reader.contains(&id),
            "nobody stands in two lines"
        );
        match waits_for {
            WaitsFor::Nothing => {}
            WaitsFor::Turn => self.deferred.ready.push_back(id),
            WaitsFor::Reader { .. } => self.deferred.waiting_for_reader.push(id),
            WaitsFor::Room(room) => {
                let backlog = &mut self.rooms.room_mut(room).backlog;
                backlog.clients.push_back(id);
                backlog.events += events;
                if !std::mem::replace(&mut backlog.is_reading_paused, true) {
                    self.update_reading_in_room(room);
                }
            }
        }
        self.update_reading(slot);
    }

    /// Has a user wait for nothing but the next turn. They are in no line after this.
    fn dequeue_deferred(&mut self, slot: UserSlot) {
        let now = self.now;
        let user = self.users.user_mut(slot);
        let id = user.id;
        let Some(deferred) = &mut user.deferred else { return };
        let events = deferred.events.len();
        match std::mem::take(&mut deferred.waits_for) {
            WaitsFor::Nothing => {}
            WaitsFor::Turn => self.deferred.ready.retain(|&ready| ready != id),
            WaitsFor::Reader { since, .. } => {
                user.extras_mut().wait_budget.spend(since, now);
                self.deferred
                    .waiting_for_reader
                    .retain(|&waiting_for_reader| waiting_for_reader != id);
            }
            WaitsFor::Room(room) => {
                let backlog = &mut self.rooms.room_mut(room).backlog;
                backlog.clients.retain(|&waiting| waiting != id);
                backlog.events -= events;
            }
        }
    }

    /// Handles events in spite of what hinders them until no more wait than may. One was added for this.
    fn enforce_deferral_limits(&mut self, added: WaitsFor) {
        // The last member's leave may be among what is handled.
        while let WaitsFor::Room(room) = added
            && self.rooms.contains(room)
            && self.rooms.room(room).backlog.events > MAX_DEFERRED_PER_ROOM
        {
            let first = self.rooms.room(room).backlog.clients.front().copied();
            if !self.force_first(first) {
                break;
            }
        }
        while self.deferred.events > MAX_DEFERRED_EVENTS {
            let backlogs = self.paused_rooms.iter().map(|&room| &self.rooms.room(room).backlog);
            let fullest = backlogs.max_by_key(|backlog| backlog.events);
            let first = fullest.and_then(|backlog| backlog.clients.front());
            let others = self.deferred.waiting_for_reader.first().or(self.deferred.ready.front());
            if !self.force_first(first.or(others).copied()) {
                break;
            }
        }
    }

    /// Handles a user's first event in spite of what hinders it. What is left of theirs waits for the next turn. Says whether
    /// fewer wait now. They do: the user who leaves steps out of every line, and nothing is deferred meanwhile.
    fn force_first(&mut self, id: Option<ClientId>) -> bool {
        let before = self.deferred.events;
        if let Some(id) = id
            && let Some(slot) = self.users.slot_of(id)
        {
            self.dequeue_deferred(slot);
            self.deferred.is_forcing = true;
            self.dispatch_first_deferred(slot);
            self.deferred.is_forcing = false;
            self.requeue_deferred(id);
        }
        debug_assert!(self.deferred.events < before, "whoever stands in a line has events");
        self.deferred.events < before
    }

    /// Handles the first of a user's deferred events. They must be in no line.
    fn dispatch_first_deferred(&mut self, slot: UserSlot) {
        let user = self.users.user_mut(slot);
        let Some(deferred) = &mut user.deferred else { return };
        let event = deferred.events.pop_front();
        if deferred.events.is_empty() {
            user.deferred = None;
        }
        if let Some(event) = event {
            self.deferred.events -= 1;
            self.dispatch(event);
        }
    }

    /// Has a user of whom an event was handled wait for their room or the next turn, if there is more of theirs and it has
    /// not been seen what for it waits.
    fn requeue_deferred(&mut self, id: ClientId) {
        let Some(slot) = self.users.slot_of(id) else { return };
        let user = self.users.user(slot);
        match &user.deferred {
            None => self.update_reading(slot),
            Some(deferred) if deferred.waits_for == WaitsFor::Nothing => {
                let room = user.current.map(|current| current.room);
                let waits = |room: &RoomId| self.rooms.room(*room).drains_needed.is_some();
                let room = room.filter(|room| waits(room) && !self.is_forced());
                self.enqueue_deferred(slot, room.map_or(WaitsFor::Turn, WaitsFor::Room));
            }
            Some(_) => {}
        }
    }

    /// Whether anything waits for nothing but its turn.
    pub(super) fn has_ready(&self) -> bool {
        !self.deferred.ready.is_empty()
    }

    /// Handles what waits for nothing any more, one event of each in turn, and no more than others in the queue can wait for.
    pub(super) fn handle_ready(&mut self) {
        let mut handled = 0;
        while (handled < BATCH_EVENTS || self.is_forced())
            && let Some(id) = self.deferred.ready.pop_front()
        {
            handled += 1;
            let Some(slot) = self.users.slot_of(id) else { continue };
            if let Some(deferred) = &mut self.users.user_mut(slot).deferred {
                deferred.waits_for = WaitsFor::Nothing;
            }
            self.dispatch_first_deferred(slot);
            self.requeue_deferred(id);
            self.flush_if_full();
        }
    }

    /// Handles what need not wait any more.
    pub(super) fn retry_deferred(&mut self) {
        if self.is_forced() {
            self.paused_rooms.clone().into_iter().for_each(|room| self.release_backlog(room));
        }
        self.recheck_private_waits();
        self.handle_ready();
    }

    /// Whose private lines need not wait any more, or may not?
    fn recheck_private_waits(&mut self) {
        for id in self.deferred.waiting_for_reader.clone() {
            let Some(slot) = self.users.slot_of(id) else { continue };
            let Some(deferred) = &self.users.user(slot).deferred else { continue };
            let WaitsFor::Reader { to, until, .. } = deferred.waits_for else { continue };
            let is_lagging = self.users.slot_of(to).is_some_and(|to| self.is_lagging(to));
            if !is_lagging || until <= self.now || self.is_forced() {
                self.dequeue_deferred(slot);
                self.enqueue_deferred(slot, WaitsFor::Turn);
            }
        }
        if !self.deferred.waiting_for_reader.is_empty() {
            self.schedule_scan(self.now + PAUSED_SCAN_INTERVAL);
        }
    }

    /// A room takes lines again: what waited for it waits for its turn.
    pub(super) fn release_backlog(&mut self, room: RoomId) {
        let backlog = std::mem::take(&mut self.rooms.room_mut(room).backlog);
        for &id in &backlog.clients {
            let Some(slot) = self.users.slot_of(id) else { continue };
            self.enqueue_deferred(slot, WaitsFor::Turn);
        }
        if backlog.is_reading_paused {
            self.update_reading_in_room(room);
        }
    }

    /// A user is not in this room any more: nothing of theirs waits for it.
    pub(super) fn stop_waiting_for_room(&mut self, slot: UserSlot, room: RoomId) {
        let deferred = self.users.user(slot).deferred.as_ref();
        if deferred.is_some_and(|deferred| deferred.waits_for == WaitsFor::Room(room)) {
            self.dequeue_deferred(slot);
            self.enqueue_deferred(slot, WaitsFor::Turn);
        }
        self.update_reading(slot);
    }

    /// A user leaves the server: what waits of theirs is not handled.
    pub(super) fn drop_deferred(&mut self, slot: UserSlot) {
        self.dequeue_deferred(slot);
        if let Some(deferred) = self.users.user_mut(slot).deferred.take() {
            self.deferred.events -= deferred.events.len();
        }
    }

    /// Tells the tasks of all members of a room whether to read.
    fn update_reading_in_room(&mut self, room: RoomId) {
        for at in 0..self.rooms.room(room).members.len() {
            let slot = self.rooms.room(room).members[at];
            self.update_reading(slot);
        }
    }

    /// Tells a user's task whether to read.
    fn update_reading(&mut self, slot: UserSlot) {
        let rooms = &self.rooms;
        let user = self.users.user_mut(slot);
        let waits = |room| rooms.room(room).backlog.is_reading_paused;
        let stops =
            user.deferred.is_some() || user.current.is_some_and(|current| waits(current.room));
        if user.reading_paused != stops {
            user.reading_paused = stops;
            user.sender.set_reading_paused(stops);
        }
    }
}
