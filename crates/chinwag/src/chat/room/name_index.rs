//! The members of one room in the order of their names: what `/who` and the line of names of a new client read, so that
//! neither looks at anyone but those it names.
//!
//! A list of slots in chunks of `CHUNK` at most. To find a place costs the logarithm of the length in looks at names, to
//! add or remove a user moves one chunk, and to find the member of some number passes over whole chunks. It keeps no names:
//! the caller says what those of a slot are, which is why a member is taken out before a rename and put in after it.
//! Driven by the broker alone, which keeps it equal to the room's members without the departed.

use crate::chat::scan_steps;
use crate::chat::user_slot::UserSlot;
use crate::protocol::nick::FoldedNick;

/// Most slots in a chunk: a kilobyte, which moves in some 20 ns, and five thousand members are some 30 chunks.
const CHUNK: usize = 256;

/// Slots in the order of their names (see the module docs).
#[derive(Debug, Default)]
pub(crate) struct NameIndex {
    /// The slots. No chunk is empty, and two neighbours have more than half of a chunk together.
    chunks: Vec<Vec<UserSlot>>,
}

impl NameIndex {
    /// How many there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.chunks.iter().map(Vec::len).sum()
    }

    /// Adds a slot, whose name no other has.
    pub(crate) fn insert(&mut self, slot: UserSlot, name_of: impl Fn(UserSlot) -> FoldedNick) {
        let name = name_of(slot);
        let at = self.chunk_of(name, &name_of);
        let Some(chunk) = self.chunks.get_mut(at) else {
            return self.chunks.push(vec![slot]);
        };
        let position = chunk.partition_point(|&other| name_of(other) < name);
        chunk.insert(position, slot);
        if chunk.len() > CHUNK {
            let upper = chunk.split_off(CHUNK / 2);
            self.chunks.insert(at + 1, upper);
        }
    }

    /// Takes a slot out, which has the same name as when it was added.
    pub(crate) fn remove(&mut self, slot: UserSlot, name_of: impl Fn(UserSlot) -> FoldedNick) {
        let name = name_of(slot);
        let at = self.chunk_of(name, &name_of);
        let Some(chunk) = self.chunks.get_mut(at) else { return };
        let position = chunk.partition_point(|&other| name_of(other) < name);
        debug_assert_eq!(chunk.get(position), Some(&slot), "it was added under this name");
        if chunk.get(position) == Some(&slot) {
            chunk.remove(position);
        }
        self.merge(at);
        self.merge(at.saturating_sub(1));
    }

    /// The slots from this place on, counted from 0.
    pub(crate) fn from(&self, position: usize) -> impl Iterator<Item = UserSlot> {
        let (mut chunk, mut within) = (0, position);
        while let Some(length) = self.chunks.get(chunk).map(Vec::len)
            && within >= length
        {
            scan_steps::count(1);
            (chunk, within) = (chunk + 1, within - length);
        }
        let rest = self.chunks.get(chunk..).unwrap_or_default();
        rest.iter().flatten().copied().skip(within)
    }

    /// The last chunk that begins with this name or one before it, or else the first.
    fn chunk_of(&self, name: FoldedNick, name_of: impl Fn(UserSlot) -> FoldedNick) -> usize {
        let begins_before =
            |chunk: &Vec<UserSlot>| chunk.first().is_none_or(|&first| name_of(first) <= name);
        self.chunks.partition_point(begins_before).saturating_sub(1)
    }

    /// Joins a chunk with the next if they are small, and drops it if it is empty.
    fn merge(&mut self, at: usize) {
        let Some(length) = self.chunks.get(at).map(Vec::len) else { return };
        if length == 0 {
            self.chunks.remove(at);
        } else if self.chunks.get(at + 1).is_some_and(|next| length + next.len() <= CHUNK / 2) {
            let next = self.chunks.remove(at + 1);
            self.chunks[at].extend(next);
        }
        if self.chunks.len() < self.chunks.capacity() / 4 {
            self.chunks.shrink_to(2 * self.chunks.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::nick::Nick;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// The name of a slot: in another order than the slots.
    fn name_of(slot: UserSlot) -> FoldedNick {
        Nick::guest((slot.index() as u64).wrapping_mul(7_919) % 10_007).fold()
    }

    #[test]
    fn thousands_are_found_in_order_from_any_place() {
        let slots = || (0..5_000).map(UserSlot::from_index);
        let mut index = NameIndex::default();
        slots().for_each(|slot| index.insert(slot, name_of));
        let mut expected: Vec<_> = slots().collect();
        expected.sort_by_key(|&slot| name_of(slot));
        assert_eq!(index.from(0).collect::<Vec<_>>(), expected);
        for position in [1, 255, 256, 257, 4_999, 5_000, 9_999] {
            let rest = expected.get(position..).unwrap_or_default();
            assert_eq!(index.from(position).collect::<Vec<_>>(), rest, "{position}");
        }
        slots().filter(|slot| slot.index() % 50 > 0).for_each(|slot| index.remove(slot, name_of));
        assert_eq!(index.len(), 100);
        assert!(index.chunks.len() <= 3, "chunks of few are joined: {}", index.chunks.len());
        assert!(index.chunks.capacity() <= 16);
    }

    proptest! {
        #[test]
        fn it_is_an_ordered_set(changes in prop::collection::vec((any::<bool>(), 0..700_usize), 1..2_000)) {
            let (mut index, mut model) = (NameIndex::default(), BTreeSet::new());
            for (add, index_of_slot) in changes {
                let slot = UserSlot::from_index(index_of_slot);
                if add && model.insert((name_of(slot), slot)) {
                    index.insert(slot, name_of);
                } else if !add && model.remove(&(name_of(slot), slot)) {
                    index.remove(slot, name_of);
                }
                let is_merged = |pair: &[Vec<UserSlot>]| pair[0].len() + pair[1].len() > CHUNK / 2;
                prop_assert!(index.chunks.windows(2).all(is_merged));
                prop_assert!(index.chunks.iter().all(|chunk| (1..=CHUNK).contains(&chunk.len())));
            }
            let expected: Vec<_> = model.iter().map(|&(_, slot)| slot).collect();
            prop_assert_eq!(index.from(0).collect::<Vec<_>>(), expected);
        }
    }
}
