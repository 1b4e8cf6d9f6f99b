//! The members of one room in the order of their names: what `/who` and the line of names of a newcomer read, so that
//! neither looks at anybody but those it names.
//!
//! A list of slots in chunks of `CHUNK` at most. To find a place costs the logarithm of the length in looks at names, to
//! add or remove somebody moves one chunk, and to find the member of some number passes over whole chunks. It keeps no names:
//! whoever calls says what those of a slot are, which is why a member is taken out before a rename and put in after it.
//! Driven by the broker alone, which keeps it equal to the room's members without the retired.

use crate::chat::scan_steps;
use crate::protocol::nick::FoldedNick;

/// Most slots in a chunk: a kilobyte, which moves in some 20 ns, and five thousand members are some 30 chunks.
const CHUNK: usize = 256;

/// Slots in the order of their names (see the module's words).
#[derive(Debug, Default)]
pub(crate) struct NameIndex {
    /// The slots. No chunk is empty, and two neighbours have more than half of a chunk together.
    chunks: Vec<Vec<u32>>,
}

impl NameIndex {
    /// How many there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.chunks.iter().map(Vec::len).sum()
    }

    /// Adds a slot, whose name no other has.
    pub(crate) fn insert(&mut self, slot: u32, name_of: impl Fn(u32) -> FoldedNick) {
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
    pub(crate) fn remove(&mut self, slot: u32, name_of: impl Fn(u32) -> FoldedNick) {
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
    pub(crate) fn from(&self, position: usize) -> impl Iterator<Item = u32> {
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
    fn chunk_of(&self, name: FoldedNick, name_of: impl Fn(u32) -> FoldedNick) -> usize {
        let begins_before =
            |chunk: &Vec<u32>| chunk.first().is_none_or(|&first| name_of(first) <= name);
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
    fn name_of(slot: u32) -> FoldedNick {
        Nick::guest(u64::from(slot).wrapping_mul(7_919) % 10_007).fold()
    }

    #[test]
    fn a_crowd_is_found_in_order_from_any_place() {
        let mut index = NameIndex::default();
        (0..5_000).for_each(|slot| index.insert(slot, name_of));
        let mut expected: Vec<_> = (0..5_000).collect();
        expected.sort_by_key(|&slot| name_of(slot));
        assert_eq!(index.from(0).collect::<Vec<_>>(), expected);
        for position in [1, 255, 256, 257, 4_999, 5_000, 9_999] {
            let rest = expected.get(position..).unwrap_or_default();
            assert_eq!(index.from(position).collect::<Vec<_>>(), rest, "{position}");
        }
        (0..5_000).filter(|slot| slot % 50 > 0).for_each(|slot| index.remove(slot, name_of));
        assert_eq!(index.len(), 100);
        assert!(index.chunks.len() <= 3, "chunks of few are joined: {}", index.chunks.len());
        assert!(index.chunks.capacity() <= 16);
    }

    proptest! {
        #[test]
        fn it_is_an_ordered_set(changes in prop::collection::vec((any::<bool>(), 0u32..700), 1..2_000)) {
            let (mut index, mut model) = (NameIndex::default(), BTreeSet::new());
            for (add, slot) in changes {
                if add && model.insert((name_of(slot), slot)) {
                    index.insert(slot, name_of);
                } else if !add && model.remove(&(name_of(slot), slot)) {
                    index.remove(slot, name_of);
                }
                let crowded = |pair: &[Vec<u32>]| pair[0].len() + pair[1].len() > CHUNK / 2;
                prop_assert!(index.chunks.windows(2).all(crowded));
                prop_assert!(index.chunks.iter().all(|chunk| (1..=CHUNK).contains(&chunk.len())));
            }
            let expected: Vec<_> = model.iter().map(|&(_, slot)| slot).collect();
            prop_assert_eq!(index.from(0).collect::<Vec<_>>(), expected);
        }
    }
}
