//! How far lines have left users behind: which rooms wait for that, and who is disconnected.

use super::{Broker, DisconnectCause};
use crate::chat::room::flow_control::{Decision, FlowControl, RoomLag};
use crate::chat::room::{Room, RoomId};
use crate::limits::{FRAME_OVERHEAD, PAUSED_SCAN_INTERVAL, QUEUE_SLOT_BYTES, SCAN_INTERVAL};
use std::cmp::Reverse;
use std::time::Instant;

/// Looks in a row at users who drain while they are looked at; after that the next wake or tick will do.
const MAX_RESCANS: usize = 2;

/// The part of the limit of buffered bytes short of which users are disconnected, and that disconnecting them aims to free: so it
/// does not begin anew at once, and those who are disconnected have time to let go of theirs before the limit stops taking events
/// for all.
const SHED_FRACTION: usize = 8;

impl Broker {
    /// Whether events are wanted. What came beside them ([`Control`](crate::chat::event::Control)) is always wanted.
    pub(crate) fn accepts_events(&self) -> bool {
        self.is_forced() || (!self.all_senders_paused() && !self.is_memory_exhausted())
    }

    /// Whether it is worth hearing that a user has caught up.
    pub(crate) fn wants_drain_notice(&self) -> bool {
        !self.paused_rooms.is_empty() || self.is_memory_exhausted()
    }

    /// Whether there are too many frames for more lines.
    fn is_memory_exhausted(&self) -> bool {
        self.last_shed.is_some() && self.buffered() > self.max_buffered
    }

    /// Bytes of buffered frames past which users are disconnected.
    pub(super) fn shed_threshold(&self) -> usize {
        self.max_buffered - self.max_buffered / SHED_FRACTION
    }

    /// Everybody is to be looked at by then.
    pub(super) fn schedule_scan(&mut self, at: Instant) {
        self.next_scan = Some(self.next_scan.map_or(at, |due| due.min(at)));
    }

    /// Looks at everybody: who is stalled, and which rooms wait.
    pub(super) fn scan_clients(&mut self) {
        let mut scan =
            FlowControl::new(*self.backpressure.limits()).start_scan(self.served_clock.now());
        let mut pending = 0;
        for user in self.users.iter_mut() {
            if user.sender.is_closed() || user.departed {
                continue;
            }
            let counters = user.counters();
            pending += counters.pending();
            user.drop_small_attribution(self.backpressure.limits());
            let lag = RoomLag::of_total(counters.pending(), self.backpressure.limits());
            if scan.observe(user.id, &mut user.progress, counters, lag) {
                self.pending_disconnects.push((user.id, DisconnectCause::Stalled));
            }
        }
        self.next_scan = scan.is_anything_pending().then_some(self.now + SCAN_INTERVAL);
        if self.next_scan.is_none() {
            self.shrink_buffers();
        }
        let rooms: Vec<_> = self.rooms.by_name().map(|(id, _)| id).collect();
        self.update_pauses(&rooms);
        self.measure_queues(pending);
        if self.last_shed.is_some() || self.buffered() > self.shed_threshold() {
            self.shed_slowest();
        }
    }

    /// Bytes of what waits for users: the frames, and their places in queues as of the last look.
    pub(super) fn buffered(&self) -> usize {
        self.frame_bytes.bytes() + self.queue_bytes
    }

    /// Finds out what the places of frames in queues take, of users who have so much pending in all. Everybody's queue is looked
    /// at only if that may be too much.
    fn measure_queues(&mut self, pending: u64) {
        // A frame is charged more than its place takes.
        const { assert!(QUEUE_SLOT_BYTES <= FRAME_OVERHEAD) };
        let most = usize::try_from(pending).unwrap_or(usize::MAX);
        let may_be_short = self.frame_bytes.bytes().saturating_add(most) > self.shed_threshold();
        let queues = self.users.iter().map(|user| user.sender.queued_frames() * QUEUE_SLOT_BYTES);
        self.queue_bytes = if may_be_short { queues.sum() } else { 0 };
    }

    /// Looks at those that wait: a user may have caught up.
    pub(super) fn rescan_paused(&mut self) {
        if self.is_memory_exhausted() {
            return self.scan_clients();
        }
        let paused = self.paused_rooms.clone();
        self.update_pauses(&paused);
    }

    /// Looks at the users of these rooms: which of them wait?
    pub(super) fn update_pauses(&mut self, rooms: &[RoomId]) {
        for _ in 0..MAX_RESCANS {
            let count = self.backpressure.drain_count();
            rooms.iter().for_each(|&room| self.evaluate_room(room));
            let waiting =
                self.paused_rooms.iter().filter_map(|&id| self.rooms.room(id).drains_needed);
            let Some(drains) = waiting.min() else {
                self.backpressure.disarm();
                break;
            };
            if !self.backpressure.wake_after(count, drains) {
                self.schedule_scan(self.now + PAUSED_SCAN_INTERVAL);
                break;
            }
        }
    }

    /// Looks at the users of one room: does it wait?
    fn evaluate_room(&mut self, id: RoomId) {
        let bounds = self.backpressure.limits();
        let room = self.rooms.room_mut(id);
        let mut scan = room.flow.start_scan(self.served_clock.now());
        for &slot in &room.members {
            let user = self.users.user_mut(slot);
            if user.sender.is_closed() || user.departed {
                continue;
            }
            let counters = user.counters();
            // The user who is stalled is found by the look at everybody.
            let lag = user.lag_in(id, counters, bounds);
            let _ = scan.observe(user.id, &mut user.progress, counters, lag);
        }
        let Room { flow, drains_needed, .. } = room;
        let waited = drains_needed.is_some();
        *drains_needed = match flow.decide(&scan) {
            Decision::Open => None,
            Decision::Paused { drains } => Some(drains),
        };
        match (waited, drains_needed.is_some()) {
            (false, true) => {
                self.metrics.pauses += 1;
                self.paused_rooms.push(id);
            }
            (true, false) => {
                self.paused_rooms.retain(|&paused| paused != id);
                self.release_backlog(id);
            }
            _ => {}
        }
    }

    /// Frames take nearly as much memory as they may, or did: disconnects the furthest behind. Past the limit no lines are let in
    /// until those have let go of theirs.
    pub(super) fn shed_slowest(&mut self) {
        let (bytes, now) = (self.buffered(), self.now);
        if bytes <= self.shed_threshold() {
            self.last_shed = None;
            return;
        }
        let is_short = bytes > self.max_buffered;
        self.schedule_scan(now + if is_short { PAUSED_SCAN_INTERVAL } else { SCAN_INTERVAL });
        let waits = |since| now.saturating_duration_since(since) < SCAN_INTERVAL;
        if self.last_shed.is_some_and(waits) {
            // Those who were disconnected have not had the time.
            return;
        }
        self.last_shed = Some(now);
        let members = self.users.iter().filter(|user| !user.departed);
        let mut candidates: Vec<_> = members.map(|m| (m.counters().pending(), m.id)).collect();
        candidates.sort_unstable_by_key(|&(pending, id)| (Reverse(pending), id));
        let mut wanted = (bytes - self.shed_threshold() + self.max_buffered / SHED_FRACTION) as u64;
        for (pending, id) in candidates {
            if wanted == 0 || pending == 0 {
                break;
            }
            wanted = wanted.saturating_sub(pending);
            self.pending_disconnects.push((id, DisconnectCause::MemoryPressure));
        }
    }
}
