//! `/bell`: who is told by a bell that they were named.

use super::Broker;
use crate::chat::bell::{Bell, mentioned_nicks};
use crate::chat::event::ClientId;
use crate::chat::room::RoomId;
use crate::chat::scan_steps;
use crate::chat::user_slot::UserSlot;
use crate::limits::BELL_INTERVAL;
use crate::outbound::frame::Frame;
use crate::protocol::duration;

/// The byte that rings a terminal.
const BEL: &[u8] = b"\x07";

impl Broker {
    /// `/bell`: rings when a user is named, or does not.
    pub(super) fn set_bell(&mut self, slot: UserSlot, on: Option<bool>) {
        let is_on = self.users.user_mut(slot).bell_mut().is_some();
        if on == Some(!is_on) {
            self.users.user_mut(slot).extras_mut().bell = (!is_on).then(Bell::new);
            self.bell_users = if is_on { self.bell_users - 1 } else { self.bell_users + 1 };
        }
        let words = match on {
            Some(true) => {
                let every = duration::format(BELL_INTERVAL);
                format!(
                    "a bell rings when somebody names you or writes to you alone, once in {every} at most"
                )
            }
            Some(false) => "no bell rings for you".to_owned(),
            None if is_on => "a bell rings when somebody names you; /bell off ends it".to_owned(),
            None => "no bell rings for you; /bell on changes that".to_owned(),
        };
        self.reply(slot, &words);
    }

    /// A user sent something: their bell may ring again.
    pub(super) fn reset_bell(&mut self, slot: UserSlot) {
        if self.bell_users > 0
            && let Some(bell) = self.users.user_mut(slot).bell_mut()
        {
            bell.reset();
        }
    }

    /// A user is gone, and needs no bell.
    pub(super) fn remove_bell(&mut self, slot: UserSlot) {
        self.bell_users -= usize::from(self.users.user_mut(slot).bell_mut().is_some());
    }

    /// Rings for those in a room whom these words name, but for who said them.
    pub(super) fn ring_mentioned(&mut self, room: RoomId, author: ClientId, words: &str) {
        if self.bell_users == 0 {
            return;
        }
        for nick in mentioned_nicks(words) {
            scan_steps::count(1);
            let Some(slot) = self.users.by_nick(nick) else { continue };
            let user = self.users.user(slot);
            if user.id != author
                && user.extras.as_ref().is_some_and(|extras| extras.bell.is_some())
                && user.membership(room).is_some()
                && !user.ignores().contains(&author)
            {
                self.ring_bell(slot);
            }
        }
    }

    /// Rings for a user behind this batch, if they want that and it is not too often. Who is behind hears nothing.
    pub(super) fn ring_bell(&mut self, slot: UserSlot) {
        if self.bell_users == 0 || self.is_lagging(slot) {
            return;
        }
        let now = self.now;
        if self.users.user_mut(slot).bell_mut().is_some_and(|bell| bell.try_ring(now)) {
            self.pending_bells.push(slot);
        }
    }

    /// Hands out the bells of this batch: a frame that all share, and nobody needs a copy of the batch for it.
    pub(super) fn deliver_bells(&mut self) {
        if self.pending_bells.is_empty() {
            return;
        }
        let bel = Frame::new(BEL, &self.frame_bytes);
        for slot in std::mem::take(&mut self.pending_bells) {
            let user = self.users.user_mut(slot);
            // Nobody is disconnected for a bell.
            if !user.departed && user.sender.push(bel.clone()).is_ok() {
                self.metrics.frames += 1;
            }
        }
    }
}
