//! What must wait: lines for a room whose people are behind, and private lines for somebody who is.
//!
//! There is one queue to the broker for everybody, and a slow room must not stop the others. So an event of somebody who
//! speaks in a room that waits is kept here, and all that he sends after it; his place in the queue is given back, and
//! the next one's event is taken. What is kept is bounded twice: a person who has `UNHANDLED` events under way is not
//! read, and past `WAITING_EVENTS` no events are taken at all. Nothing is kept while everybody waits: then the queue itself
//! waits, as it does in a house of one room.

use super::Broker;
use crate::command::Input;
use crate::event::{ClientId, Event};
use crate::limits::{PAUSED_TICK, WAITING_EVENTS};
use std::collections::BTreeSet;

impl Broker {
    /// Whether there is room for events that must wait.
    pub(super) fn can_keep_waiting(&self) -> bool {
        self.waiting.len() < WAITING_EVENTS
    }

    /// Whether everybody speaks in a room that waits, so that no event would be of use.
    pub(super) fn everybody_waits(&self) -> bool {
        let speakers = self.paused.iter().map(|&room| self.rooms.room(room).speakers);
        !self.paused.is_empty() && speakers.sum::<usize>() >= self.roster.len()
    }

    /// Whether somebody's line must wait.
    pub(super) fn must_wait(&self, slot: usize, input: Input<'_>) -> bool {
        if self.is_forced() {
            return false;
        }
        let current = self.roster.member(slot).current;
        current.is_some_and(|current| self.rooms.room(current.room).waits_for.is_some())
            || self.addressee(slot, input).is_some_and(|to| self.is_behind(to))
    }

    /// Whether somebody keeps the pace and has not caught up.
    fn is_behind(&self, slot: usize) -> bool {
        let member = self.roster.member(slot);
        let behind = member.balance().owed() > self.intake.bounds().soft;
        behind && member.standing.is_active() && !member.outlet.is_gone()
    }

    /// Keeps an event of somebody until it can be handled.
    pub(super) fn keep_waiting(&mut self, slot: usize, event: Event) {
        self.roster.member_mut(slot).waiting += 1;
        self.waiting.push_back(event);
        self.look_again_at(self.now + PAUSED_TICK);
    }

    /// Handles what waited, in order, as far as it needs to wait no more.
    pub(super) fn handle_waiting(&mut self) {
        let mut stuck = BTreeSet::<ClientId>::new();
        for _ in 0..self.waiting.len() {
            let Some(event) = self.waiting.pop_front() else { break };
            let id = event.id();
            // Of somebody who is gone nothing is taken.
            let Some(slot) = self.roster.slot(id) else { continue };
            self.roster.member_mut(slot).waiting -= 1;
            if stuck.contains(&id) {
                self.keep_waiting(slot, event);
                continue;
            }
            let before = self.waiting.len();
            self.take(event);
            if self.waiting.len() > before {
                stuck.insert(id);
            }
            self.flush_if_full();
        }
    }
}
