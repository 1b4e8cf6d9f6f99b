//! How far lines have left people behind: which rooms wait for that, and who is cut.

use super::{Broker, Fault};
use crate::chat::room::flow_control::{Debt, Pace, Verdict};
use crate::chat::room::{Room, RoomId};
use crate::limits::{FRAME_OVERHEAD, PAUSED_SCAN_INTERVAL, QUEUE_SLOT_BYTES, SCAN_INTERVAL};
use std::cmp::Reverse;
use std::time::Instant;

/// Looks in a row at people who drain while they are looked at; after that the next wake or tick will do.
const LOOKS: usize = 2;

/// The part of the living frames' limit short of which people are cut, and that cutting them aims to free: so it does not
/// begin anew at once, and those who are cut have time to let go of theirs before the limit closes the intake for all.
const RELIEF: usize = 8;

impl Broker {
    /// Whether events are wanted. What came beside them ([`Control`](crate::chat::event::Control)) is always wanted.
    pub(crate) fn is_open(&self) -> bool {
        self.is_forced() || (!self.everybody_waits() && !self.is_short_of_memory())
    }

    /// Whether it is worth hearing that somebody has caught up.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.paused.is_empty() || self.is_short_of_memory()
    }

    /// Whether there are too many frames for more lines.
    fn is_short_of_memory(&self) -> bool {
        self.relieved.is_some() && self.buffered() > self.living_frames
    }

    /// Bytes of living frames past which people are cut.
    pub(super) fn relief_begins(&self) -> usize {
        self.living_frames - self.living_frames / RELIEF
    }

    /// Everybody is to be looked at by then.
    pub(super) fn look_again_at(&mut self, at: Instant) {
        self.look_at = Some(self.look_at.map_or(at, |due| due.min(at)));
    }

    /// Looks at everybody: who is stalled, and which rooms wait.
    pub(super) fn look(&mut self) {
        let mut tally = Pace::new(*self.intake.bounds()).tally(self.served.now());
        let mut owed = 0;
        for member in self.roster.members_mut() {
            if member.outlet.is_gone() || member.retired {
                continue;
            }
            let balance = member.balance();
            owed += balance.owed();
            member.forget_small_debts(self.intake.bounds());
            let debt = Debt::whole(balance.owed(), self.intake.bounds());
            if tally.add(member.id, &mut member.standing, balance, debt) {
                self.doomed.push((member.id, Fault::Stalled));
            }
        }
        self.look_at = tally.is_anybody_owed().then_some(self.now + SCAN_INTERVAL);
        if self.look_at.is_none() {
            self.rest();
        }
        let rooms: Vec<_> = self.rooms.by_name().map(|(id, _)| id).collect();
        self.look_at_rooms(&rooms);
        self.weigh_inboxes(owed);
        if self.relieved.is_some() || self.buffered() > self.relief_begins() {
            self.relieve();
        }
    }

    /// Bytes of what waits for people: the frames, and their places in inboxes as of the last look.
    pub(super) fn buffered(&self) -> usize {
        self.gauge.bytes() + self.inbox_bytes
    }

    /// Finds out what the places of frames in inboxes take, of people who are owed so much in all. Everybody's inbox is looked
    /// at only if that may be too much.
    fn weigh_inboxes(&mut self, owed: u64) {
        // A frame is charged more than its place takes.
        const { assert!(QUEUE_SLOT_BYTES <= FRAME_OVERHEAD) };
        let most = usize::try_from(owed).unwrap_or(usize::MAX);
        let may_be_short = self.gauge.bytes().saturating_add(most) > self.relief_begins();
        let inboxes = self.roster.members().map(|member| member.outlet.queued() * QUEUE_SLOT_BYTES);
        self.inbox_bytes = if may_be_short { inboxes.sum() } else { 0 };
    }

    /// Looks at those that wait: somebody may have caught up.
    pub(super) fn look_at_the_paused(&mut self) {
        if self.is_short_of_memory() {
            return self.look();
        }
        let paused = self.paused.clone();
        self.look_at_rooms(&paused);
    }

    /// Looks at the people of these rooms: which of them wait?
    pub(super) fn look_at_rooms(&mut self, rooms: &[RoomId]) {
        for _ in 0..LOOKS {
            let count = self.intake.drains();
            rooms.iter().for_each(|&room| self.judge(room));
            let waiting = self.paused.iter().filter_map(|&id| self.rooms.room(id).waits_for);
            let Some(drains) = waiting.min() else {
                self.intake.open();
                break;
            };
            if !self.intake.pause(count, drains) {
                self.look_again_at(self.now + PAUSED_SCAN_INTERVAL);
                break;
            }
        }
    }

    /// Looks at the people of one room: does it wait?
    fn judge(&mut self, id: RoomId) {
        let bounds = self.intake.bounds();
        let room = self.rooms.room_mut(id);
        let mut tally = room.pace.tally(self.served.now());
        for &slot in &room.members {
            let member = self.roster.member_mut(slot as usize);
            if member.outlet.is_gone() || member.retired {
                continue;
            }
            let balance = member.balance();
            // Whoever is stalled is found by the look at everybody.
            let debt = member.debt_in(id, balance, bounds);
            let _ = tally.add(member.id, &mut member.standing, balance, debt);
        }
        let Room { pace, waits_for, .. } = room;
        let waited = waits_for.is_some();
        *waits_for = match pace.conclude(&tally) {
            Verdict::Open => None,
            Verdict::Paused { drains } => Some(drains),
        };
        match (waited, waits_for.is_some()) {
            (false, true) => {
                self.metrics.pauses += 1;
                self.paused.push(id);
            }
            (true, false) => {
                self.paused.retain(|&paused| paused != id);
                self.release_backlog(id);
            }
            _ => {}
        }
    }

    /// Frames take nearly as much memory as they may, or did: cuts the furthest behind. Past the limit no lines are let in
    /// until those have let go of theirs.
    pub(super) fn relieve(&mut self) {
        let (bytes, now) = (self.buffered(), self.now);
        if bytes <= self.relief_begins() {
            self.relieved = None;
            return;
        }
        let is_short = bytes > self.living_frames;
        self.look_again_at(now + if is_short { PAUSED_SCAN_INTERVAL } else { SCAN_INTERVAL });
        let waits = |since| now.saturating_duration_since(since) < SCAN_INTERVAL;
        if self.relieved.is_some_and(waits) {
            // Those who were cut have not had the time.
            return;
        }
        self.relieved = Some(now);
        let members = self.roster.members().filter(|member| !member.retired);
        let mut owing: Vec<_> = members.map(|m| (m.balance().owed(), m.id)).collect();
        owing.sort_unstable_by_key(|&(owed, id)| (Reverse(owed), id));
        let mut wanted = (bytes - self.relief_begins() + self.living_frames / RELIEF) as u64;
        for (owed, id) in owing {
            if wanted == 0 || owed == 0 {
                break;
            }
            wanted = wanted.saturating_sub(owed);
            self.doomed.push((id, Fault::Memory));
        }
    }
}
