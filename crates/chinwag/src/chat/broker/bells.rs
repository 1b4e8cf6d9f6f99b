//! `/bell`: who is told by a bell that they were named.

use super::Broker;
use crate::chat::bell::{Bell, names_in};
use crate::chat::event::ClientId;
use crate::chat::room::RoomId;
use crate::chat::scan_steps;
use crate::limits::BELL_INTERVAL;
use crate::outbound::frame::Frame;
use crate::protocol::duration;

/// The byte that rings a terminal.
const BEL: &[u8] = b"\x07";

impl Broker {
    /// `/bell`: rings when somebody is named, or does not.
    pub(super) fn set_bell(&mut self, slot: usize, on: Option<bool>) {
        let is_on = self.roster.member_mut(slot).bell_mut().is_some();
        if on == Some(!is_on) {
            self.roster.member_mut(slot).extras_mut().bell = (!is_on).then(Bell::new);
            self.bells = if is_on { self.bells - 1 } else { self.bells + 1 };
        }
        let words = match on {
            Some(true) => {
                let every = duration::words(BELL_INTERVAL);
                format!(
                    "a bell rings when somebody names you or writes to you alone, once in {every} at most"
                )
            }
            Some(false) => "no bell rings for you".to_owned(),
            None if is_on => "a bell rings when somebody names you; /bell off ends it".to_owned(),
            None => "no bell rings for you; /bell on changes that".to_owned(),
        };
        self.answer(slot, &words);
    }

    /// Somebody sent something: their bell may ring again.
    pub(super) fn answer_bell(&mut self, slot: usize) {
        if self.bells > 0
            && let Some(bell) = self.roster.member_mut(slot).bell_mut()
        {
            bell.answered();
        }
    }

    /// Somebody is gone, and needs no bell.
    pub(super) fn forget_bell(&mut self, slot: usize) {
        self.bells -= usize::from(self.roster.member_mut(slot).bell_mut().is_some());
    }

    /// Rings for those in a room whom these words name, but for who said them.
    pub(super) fn ring_named(&mut self, room: RoomId, author: ClientId, words: &str) {
        if self.bells == 0 {
            return;
        }
        for nick in names_in(words) {
            scan_steps::count(1);
            let Some(slot) = self.roster.named(nick) else { continue };
            let member = self.roster.member(slot);
            if member.id != author
                && member.extras.as_ref().is_some_and(|extras| extras.bell.is_some())
                && member.membership(room).is_some()
                && !member.ignores().contains(&author)
            {
                self.ring(slot);
            }
        }
    }

    /// Rings for somebody behind this round, if they want that and it is not too often. Who is behind hears nothing.
    pub(super) fn ring(&mut self, slot: usize) {
        if self.bells == 0 || self.is_behind(slot) {
            return;
        }
        let now = self.now;
        if self.roster.member_mut(slot).bell_mut().is_some_and(|bell| bell.ring(now)) {
            self.rung.push(slot);
        }
    }

    /// Hands out the bells of this round: a frame that all share, and nobody needs a copy of the round for it.
    pub(super) fn hand_out_bells(&mut self) {
        if self.rung.is_empty() {
            return;
        }
        let bel = Frame::new(BEL, &self.gauge);
        for slot in std::mem::take(&mut self.rung) {
            let member = self.roster.member_mut(slot);
            // Nobody is cut for a bell.
            if !member.retired && member.outlet.push(bel.clone()).is_ok() {
                self.metrics.frames += 1;
            }
        }
    }
}
