//! A slab in pages: values found by a small index, whose memory goes back when a storm of them is over.
//!
//! A page holds 64 values and one bitmap of its free slots. A slot is always taken in the lowest page that has
//! one, so long-lived values gather at the bottom and the pages of a peak empty out. An empty page gives its
//! memory back, save two, so that a count that swings costs no allocation: the lowest page keeps its own, and the
//! memory of another is kept aside while there are more than a few values. With none left, nothing of a peak's
//! memory stays to pin the allocator's.

use crate::bit_set::BitSet;

/// Values in a page: as many as a bitmap of one word has bits.
const PAGE: usize = 64;

/// Bits of an index that say the slot within a page.
const PAGE_BITS: u32 = PAGE.trailing_zeros();

/// With fewer values than this no page is kept aside: the lowest has room for twice as many.
const FEW: usize = PAGE / 2;

/// The slots of one page.
type Slots<T> = Box<[Option<T>]>;

/// A page, with or without memory behind it.
#[derive(Debug)]
struct Page<T> {
    /// A bit for each slot that is free.
    free: u64,
    /// The slots; `None` while all are free and the memory was given back.
    slots: Option<Slots<T>>,
}

/// Values by index (see the module docs).
#[derive(Debug)]
pub(crate) struct PagedSlab<T> {
    /// The pages; index / 64 is the page, index % 64 the slot.
    pages: Vec<Page<T>>,
    /// The pages that have a free slot.
    pages_with_space: BitSet,
    /// The memory of a page that emptied, for the next one that is needed.
    spare: Option<Slots<T>>,
    /// How many values there are.
    len: usize,
}

impl<T> PagedSlab<T> {
    /// No value, no memory.
    pub(crate) const fn new() -> Self {
        Self { pages: Vec::new(), pages_with_space: BitSet::new(), spare: None, len: 0 }
    }

    /// How many values there are.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// The value at `index`, if one is there.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn get(&self, index: u32) -> Option<&T> {
        let (page, slot) = split(index);
        self.pages.get(page)?.slots.as_ref()?.get(slot)?.as_ref()
    }

    /// The value at `index`, if one is there.
    #[inline]
    pub(crate) fn get_mut(&mut self, index: u32) -> Option<&mut T> {
        let (page, slot) = split(index);
        self.pages.get_mut(page)?.slots.as_mut()?.get_mut(slot)?.as_mut()
    }

    /// All values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.pages.iter().filter_map(|page| page.slots.as_ref()).flatten().flatten()
    }

    /// The index that the next value will have.
    pub(crate) fn vacant(&mut self) -> u32 {
        let number = self.page_with_space();
        index(number, self.pages[number].free.trailing_zeros())
    }

    /// Puts `value` into the lowest page with a free slot and gives its index.
    ///
    /// # Panics
    /// When 2^32 - 1 values are in: more than fit into memory at their size.
    pub(crate) fn insert(&mut self, value: T) -> u32 {
        let number = self.page_with_space();
        let page = &mut self.pages[number];
        let slot = page.free.trailing_zeros();
        let slots = page.slots.get_or_insert_with(|| self.spare.take().unwrap_or_else(empty_slots));
        slots[slot as usize] = Some(value);
        page.free &= !(1 << slot);
        if page.free == 0 {
            self.pages_with_space.remove(number);
        }
        self.len += 1;
        index(number, slot)
    }

    /// Takes the value at `index` out, if one is there.
    pub(crate) fn remove(&mut self, index: u32) -> Option<T> {
        let (number, slot) = split(index);
        let page = self.pages.get_mut(number)?;
        let value = page.slots.as_mut()?.get_mut(slot)?.take()?;
        page.free |= 1 << slot;
        self.pages_with_space.insert(number);
        self.len -= 1;
        if page.free == u64::MAX && number > 0 {
            self.spare = page.slots.take();
        }
        if self.len < FEW {
            self.spare = None;
        }
        if self.len == 0 {
            self.pages.truncate(1);
            self.pages.shrink_to_fit();
            self.pages_with_space.truncate(1);
        }
        Some(value)
    }

    /// The lowest page with a free slot; a new one when all are full.
    fn page_with_space(&mut self) -> usize {
        if let Some(number) = self.pages_with_space.first() {
            return number;
        }
        let number = self.pages.len();
        self.pages.push(Page { free: u64::MAX, slots: None });
        self.pages_with_space.insert(number);
        number
    }

    /// Pages that hold memory, the spare one included.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn pages_in_memory(&self) -> usize {
        self.pages.iter().filter(|page| page.slots.is_some()).count()
            + usize::from(self.spare.is_some())
    }
}

/// The page and the slot within it that an index means.
#[inline]
const fn split(index: u32) -> (usize, usize) {
    ((index >> PAGE_BITS) as usize, index as usize % PAGE)
}

/// The index that means a slot of a page.
fn index(page: usize, slot: u32) -> u32 {
    // The index below u32::MAX leaves that value free to mean "none" in a list of indices.
    let page = u32::try_from(page).ok().filter(|page| *page < u32::MAX >> PAGE_BITS);
    page.expect("fewer values than 32-bit indices") << PAGE_BITS | slot
}

/// The memory of a page, all slots free.
fn empty_slots<T>() -> Slots<T> {
    std::iter::repeat_with(|| None).take(PAGE).collect()
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::{PAGE, PagedSlab};

    #[test]
    fn values_come_back_by_index() {
        let mut pages = PagedSlab::new();
        let indices: Vec<u32> = (0..1_000).map(|value| pages.insert(value)).collect();
        assert_eq!(pages.len(), 1_000);
        for (value, index) in indices.iter().enumerate() {
            assert_eq!(pages.get(*index), Some(&value));
        }
        assert!(pages.iter().copied().eq(0..1_000));
        *pages.get_mut(indices[7]).unwrap() = 77;
        assert_eq!(pages.remove(indices[7]), Some(77));
        assert_eq!(pages.remove(indices[7]), None);
        assert_eq!(pages.get(indices[7]), None);
        assert_eq!(pages.vacant(), indices[7]);
        assert_eq!(pages.insert(7), indices[7], "the lowest free slot is taken first");
        assert_eq!(pages.get(u32::MAX), None);
    }

    #[test]
    fn memory_goes_back_after_a_peak() {
        let mut pages = PagedSlab::new();
        let kept = pages.insert(0);
        let storm: Vec<u32> = (0..100_000).map(|value| pages.insert(value)).collect();
        assert!(pages.pages_in_memory() >= 100_000 / PAGE);
        for index in storm {
            pages.remove(index);
        }
        assert_eq!(pages.len(), 1);
        assert_eq!(pages.pages_in_memory(), 1);
        assert_eq!(pages.remove(kept), Some(0));
        assert_eq!((pages.pages_in_memory(), pages.pages.len()), (1, 1));
        assert_eq!(pages.insert(0), kept);
    }

    #[test]
    fn a_count_that_swings_around_a_page_edge_keeps_its_memory() {
        let mut pages = PagedSlab::new();
        for value in 0..PAGE {
            pages.insert(value);
        }
        for _ in 0..3 {
            let index = pages.insert(0);
            assert_eq!(pages.pages_in_memory(), 2);
            pages.remove(index);
            assert_eq!(pages.pages_in_memory(), 2);
        }
    }
}
