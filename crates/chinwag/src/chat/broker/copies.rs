//! Who gets a copy of their own of a batch, and when a batch ends so that there are not too many copies.
//!
//! Most users share one buffer for each room. These get copies of their own, each as long as the batch at most:
//!
//! - those who are in several rooms with lines in this batch,
//! - those who get answers, speak, come or leave in it (`custom_recipients`),
//! - those who ignore a user who speaks in it.
//!
//! Thousands of users in two rooms and a batch of 64 KiB would be hundreds of megabytes. So before each step that adds to the
//! batch it ends if users × bytes would pass [`BATCH_COPY_BYTES`]. A step is one input, a leave, a join, one join
//! summary, or one disconnect by the server: what has several steps comes here before each. One step alone may copy more
//! where thousands share all their rooms, but no more than [`STEP_COPY_BYTES`] for each user, which is counted with what a
//! connection costs (`server/memory_bound.rs`). [`Broker::check_copies`] compares with what was copied, so that every test of the
//! broker finds a step that does not come here.

use super::Broker;
use crate::chat::event::{CommandBatch, Event};
use crate::chat::room::RoomId;
use crate::chat::user::Membership;
use crate::chat::user_slot::UserSlot;
use crate::limits::{BATCH_COPY_BYTES, STEP_COPY_BYTES, STEP_ROOM_BYTES};
use crate::protocol::command::CommandKind;

/// The longest line that one user says, as it looks to who is in several rooms.
const LONGEST_STEP: usize = 2 * Event::MAX_ENCODED;

/// Users who may be in several of the rooms that have lines in this batch.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MultiRoomUsers {
    /// Users in all of these rooms, each counted once for each.
    memberships: usize,
    /// Users in the largest of them, or fewer.
    largest: usize,
}

impl MultiRoomUsers {
    /// There is one room more, with so many users.
    pub(super) fn add_room(&mut self, present: usize) {
        self.memberships += present;
        self.largest = self.largest.max(present);
    }

    /// A user entered one of them.
    pub(super) fn add_user(&mut self) {
        self.memberships += 1;
    }

    /// How many users are in several, at most: who is in two of them is in one that is not the largest.
    fn at_most(&self) -> usize {
        self.memberships - self.largest
    }
}

impl Broker {
    /// Ends the batch before a user's input, if it would have to be copied too often with it.
    pub(super) fn flush_before_input(&mut self, slot: UserSlot, kind: CommandKind, text: &str) {
        match kind {
            CommandKind::Say | CommandKind::Action => {
                let current = self.users.user(slot).current.map(|current| current.room);
                let bytes = CommandBatch::max_encoded(text) + STEP_ROOM_BYTES;
                if self.exceeds_copy_limit(self.ignoring(slot), current, bytes) {
                    self.flush(self.now);
                }
            }
            // They may send a join summary in any room of the user who asks.
            _ => self.flush_before_all_rooms(slot),
        }
    }

    /// Ends the batch before something is said in all rooms of a user.
    pub(super) fn flush_before_all_rooms(&mut self, slot: UserSlot) {
        let rooms = || self.users.user(slot).memberships().map(|membership| membership.room);
        let bytes = rooms().count() * STEP_ROOM_BYTES;
        if self.exceeds_copy_limit(self.ignoring(slot), rooms(), bytes) {
            self.flush(self.now);
        }
    }

    /// Ends the batch before something is said in one room by the server. Says whether the room is still there.
    #[must_use]
    pub(super) fn flush_before_announcement(&mut self, room: RoomId) -> bool {
        // What ended before may have been the end of this one, and so may this.
        if self.rooms.contains(room) && self.exceeds_copy_limit(0, Some(room), STEP_ROOM_BYTES) {
            self.flush(self.now);
        }
        self.rooms.contains(room)
    }

    /// Whether something more in all of these rooms would have to be copied too often in this batch. It never is of one that
    /// is empty.
    pub(super) fn is_batch_full_for(&self, memberships: &[Membership]) -> bool {
        let rooms = memberships.iter().map(|membership| membership.room);
        let there = rooms.filter(|&room| self.rooms.contains(room));
        self.exceeds_copy_limit(0, there, memberships.len() * STEP_ROOM_BYTES)
    }

    /// Bytes of rooms were copied in one batch, for those who do not share them.
    pub(super) fn check_copies(&self, bytes: usize) {
        // The user who entered or left a room gets a part of its batch, and may be one of thousands.
        let most = BATCH_COPY_BYTES + self.users.len() * STEP_COPY_BYTES + LONGEST_STEP;
        debug_assert!(bytes <= most, "{bytes} bytes of one round were copied");
    }

    /// How many ignore a user.
    fn ignoring(&self, slot: UserSlot) -> usize {
        self.users.user(slot).ignored_by as usize
    }

    /// Whether too much would have to be copied after a step in these rooms, which adds so many bytes and is by a user whom so
    /// many ignore. Never if nothing was gathered: only that can be handed out before.
    fn exceeds_copy_limit(
        &self,
        ignoring: usize,
        rooms: impl IntoIterator<Item = RoomId>,
        bytes: usize,
    ) -> bool {
        if self.batch_bytes == 0 {
            return false;
        }
        let mut multi = self.multi_room_users;
        for room in rooms {
            let room = self.rooms.room(room);
            if !room.is_dirty {
                multi.add_room(room.members.len());
            }
        }
        let people =
            (multi.at_most() + ignoring).min(self.users.len()) + self.custom_recipients.len();
        people.saturating_mul(self.batch_bytes + bytes) > BATCH_COPY_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_room_has_no_multi_room_users() {
        let mut multi = MultiRoomUsers::default();
        multi.add_room(5_000);
        assert_eq!(multi.at_most(), 0);
        multi.add_room(300);
        assert_eq!(multi.at_most(), 300);
        multi.add_room(9_000);
        assert_eq!(multi.at_most(), 5_300);
        multi.add_user();
        assert_eq!(multi.at_most(), 5_301);
    }
}
