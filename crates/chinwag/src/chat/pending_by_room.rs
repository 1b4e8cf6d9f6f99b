//! What one user has pending of the lines of each room, for flow control of those rooms.
//!
//! The user who has much pending is not behind in every room that they are in: the bytes may be answers to `/history`, private
//! lines, or another room's. A room waits for what is pending of its own lines alone. To know that exactly, the place of each
//! line in the stream to its reader would have to be kept; this keeps two sums for each room in its place:
//!
//! ```text
//!   the stream   ─────── written ──┬──── `before` ────┬───── `since` ─────┤ queued
//!                                  └── somewhere in here                  │
//!                                             boundary
//! ```
//!
//! Once all up to the boundary is taken, `since` becomes `before` and the boundary moves to the end. So a sum may have bytes
//! too many that were taken meanwhile, but never too few, and none of another room.
//!
//! It is kept only of a user who has more pending than a quarter of the soft limit ([`attribution_threshold`]): what was pushed
//! while less was pending is not attributed, and counts for each room ([`User::lag_in`](crate::chat::user::User::lag_in)). So a
//! user who keeps up has none of this, and a delivery to them costs a comparison.
//!
//! Rooms share what a reader may have pending before a room waits for that one reader alone: half of the hard limit. A room waits
//! once its pending bytes, with as many of each other room that has as much pending and all of those that have less, comes to
//! that ([`User::lag_in`](crate::chat::user::User::lag_in)). So users who keep up with several busy rooms are not disconnected for
//! their sum as long as the rooms fill together; of four that fill one after the other, each while the ones before wait for them,
//! the sum may pass the hard limit. The room that has most pending waits first, and what is no room's (answers, private lines)
//! holds none up.

use crate::chat::room::RoomId;
use crate::outbound::backpressure::QueueLimits;

/// Bytes pending, past which it is kept of which room they are.
#[inline]
pub(crate) const fn attribution_threshold(bounds: &QueueLimits) -> u64 {
    bounds.soft / 4
}

/// Bytes of one room.
#[derive(Clone, Copy, Debug)]
struct RoomPending {
    /// The room.
    room: RoomId,
    /// Those pushed before the boundary.
    before: u64,
    /// Those pushed since.
    since: u64,
}

/// Bytes of what is kept of one room.
#[cfg(test)]
pub(crate) const ROOM_PENDING_BYTES: usize = size_of::<RoomPending>();

/// What a user has pending of each room (see the module docs). At most one entry a room that they are in.
#[derive(Debug, Default)]
pub(crate) struct PendingByRoom {
    /// A place in the stream: all that was ever pushed by then.
    boundary: u64,
    /// The rooms that have pushed anything since the boundary before.
    rooms: Vec<RoomPending>,
}

impl PendingByRoom {
    /// None, to a user to whom so much was ever pushed.
    pub(crate) fn new(queued: u64) -> Self {
        Self { boundary: queued, rooms: Vec::new() }
    }

    /// So many bytes of a room were pushed; `pushed` and `taken` are the sums before that.
    pub(crate) fn add(&mut self, room: RoomId, bytes: u64, queued: u64, written: u64) {
        if written >= self.boundary {
            self.boundary = queued;
            for entry in &mut self.rooms {
                entry.before = std::mem::take(&mut entry.since);
            }
            self.rooms.retain(|entry| entry.before > 0);
        }
        match self.rooms.iter_mut().find(|entry| entry.room == room) {
            Some(entry) => entry.since += bytes,
            None => self.rooms.push(RoomPending { room, before: 0, since: bytes }),
        }
    }

    /// What of a room may not be taken yet, when so much is; and the same with what is pending of all other rooms, as far as it
    /// is no more of each.
    pub(crate) fn pending_of(&self, room: RoomId, written: u64) -> (u64, u64) {
        let before = written < self.boundary;
        let pending = |entry: &RoomPending| entry.since + if before { entry.before } else { 0 };
        let entry = self.rooms.iter().find(|entry| entry.room == room).map_or(0, pending);
        (entry, self.rooms.iter().map(|other| pending(other).min(entry)).sum())
    }

    /// They are not in a room any more; the next of this number is another.
    pub(crate) fn remove_room(&mut self, room: RoomId) {
        self.rooms.retain(|entry| entry.room != room);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::room::Rooms;
    use crate::outbound::backpressure::QueueLimits;
    use crate::protocol::room_name::RoomName;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    proptest! {
        #[test]
        fn a_sum_is_never_less_than_what_is_pending(
            steps in prop::collection::vec((0..3usize, 1..500u64, 0..900u64), 1..200),
        ) {
            let mut rooms = Rooms::new(QueueLimits::default());
            let ids: Vec<_> = ["#a", "#b", "#c"]
                .map(|name| rooms.create(RoomName::parse(name).unwrap(), None))
                .into();
            let (mut pending, mut queued, mut written) = (PendingByRoom::new(0), 0, 0);
            // The stream: the end of each piece, and whose it is.
            let mut stream = VecDeque::new();
            let mut all = [0; 3];
            for (room, bytes, writes) in steps {
                pending.add(ids[room], bytes, queued, written);
                queued += bytes;
                all[room] += bytes;
                stream.push_back((queued, bytes, room));
                written = queued.min(written + writes);
                while stream.front().is_some_and(|&(end, ..)| end <= written) {
                    stream.pop_front();
                }
                for room in 0..3 {
                    let of_room = stream.iter().filter(|piece| piece.2 == room);
                    let unwritten: u64 = of_room.map(|&(end, bytes, _)| bytes.min(end - written)).sum();
                    let (sum, _) = pending.pending_of(ids[room], written);
                    prop_assert!(unwritten <= sum && sum <= all[room], "{unwritten} {sum}");
                }
                prop_assert!(pending.rooms.len() <= 3);
            }
        }
    }

    #[test]
    fn the_level_counts_other_rooms_up_to_its_own() {
        let mut rooms = Rooms::new(QueueLimits::default());
        let ids = ["#a", "#b", "#c"].map(|name| rooms.create(RoomName::parse(name).unwrap(), None));
        let (mut pending, mut queued) = (PendingByRoom::new(0), 0);
        for (&id, bytes) in ids.iter().zip([10, 300, 70]) {
            pending.add(id, bytes, queued, 0);
            queued += bytes;
        }
        let level = ids.map(|id| pending.pending_of(id, 0));
        assert_eq!(level, [(10, 30), (300, 380), (70, 150)]);
    }

    #[test]
    fn what_is_written_is_forgotten_by_the_second_turn() {
        let room = RoomId::LOBBY;
        let mut pending = PendingByRoom::new(0);
        pending.add(room, 100, 0, 0);
        assert_eq!(pending.pending_of(room, 50), (100, 100), "the boundary is at the start");
        pending.add(room, 10, 100, 100);
        assert_eq!(pending.pending_of(room, 100), (10, 10), "and now behind the first piece");
        pending.add(room, 5, 110, 110);
        assert_eq!(pending.pending_of(room, 110), (5, 5));
        pending.remove_room(room);
        assert_eq!(pending.pending_of(room, 0), (0, 0));
    }
}
