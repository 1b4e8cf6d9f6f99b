//! The rooms in the order of how many users are in them: what `/rooms` reads, so that a page of it costs what is on the page,
//! wherever it is.
//!
//! A list that is kept in order: to find a place costs the logarithm of its length in looks at rooms, and to change one moves
//! 8 KiB at most. It knows no names: the caller says what those of a room are. Driven by [`Rooms`](crate::chat::room::Rooms)
//! alone, which tells it of each room that has another number of users.

use crate::protocol::room_name::RoomName;
use std::cmp::Reverse;

/// The rooms, those with most users first, and of as many the first in the alphabet (see the module docs).
#[derive(Debug)]
pub(crate) struct SizeIndex<Id>(Vec<Entry<Id>>);

/// A room's place.
#[derive(Clone, Copy, Debug)]
struct Entry<Id> {
    /// How many were in it when it was put here.
    users: u32,
    /// Which.
    room: Id,
}

impl<Id> Default for SizeIndex<Id> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<Id: Copy + PartialEq> SizeIndex<Id> {
    /// Where a room of this name with so many users stands, or would.
    fn position<'a>(
        &self,
        users: u32,
        name: &RoomName,
        name_of: impl Fn(Id) -> &'a RoomName,
    ) -> Result<usize, usize> {
        self.0.binary_search_by(|entry| {
            let users = Reverse(entry.users).cmp(&Reverse(users));
            users.then_with(|| name_of(entry.room).cmp(name))
        })
    }

    /// Adds a room with so many users.
    pub(crate) fn insert<'a>(
        &mut self,
        room: Id,
        users: u32,
        name_of: impl Fn(Id) -> &'a RoomName,
    ) {
        let position =
            self.position(users, name_of(room), name_of).unwrap_or_else(|position| position);
        self.0.insert(position, Entry { users, room });
    }

    /// Takes a room out that was added with so many users.
    pub(crate) fn remove<'a>(
        &mut self,
        room: Id,
        users: u32,
        name_of: impl Fn(Id) -> &'a RoomName,
    ) {
        let position = self.position(users, name_of(room), name_of);
        debug_assert!(position.is_ok_and(|at| self.0[at].room == room), "it was added so");
        position.into_iter().for_each(|at| _ = self.0.remove(at));
    }

    /// The rooms from this place on, counted from 0.
    pub(crate) fn from(&self, position: usize) -> impl Iterator<Item = Id> {
        self.0.get(position..).unwrap_or_default().iter().map(|entry| entry.room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn rooms_stay_sorted_by_people_then_name(
            changes in prop::collection::vec((0..20_usize, prop::option::of(0..5_u32)), 0..200),
        ) {
            let names: Vec<_> =
                (0..20).map(|room| RoomName::parse(&format!("#r{}", room * 7 % 20)).unwrap()).collect();
            let name_of = |room: usize| &names[room];
            let (mut index, mut model) = (SizeIndex::default(), BTreeMap::new());
            for (room, users) in changes {
                if let Some(before) = model.remove(&room) {
                    index.remove(room, before, name_of);
                }
                if let Some(users) = users {
                    index.insert(room, users, name_of);
                    model.insert(room, users);
                }
                let mut expected: Vec<_> = model.iter().map(|(&room, &users)| (room, users)).collect();
                expected.sort_by_key(|&(room, users)| (Reverse(users), name_of(room)));
                let expected: Vec<_> = expected.into_iter().map(|(room, _)| room).collect();
                prop_assert_eq!(index.from(0).collect::<Vec<_>>(), expected);
            }
            prop_assert_eq!(index.from(1).count(), model.len().saturating_sub(1));
        }
    }
}
