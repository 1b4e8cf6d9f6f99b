//! The slots of all descriptors, in pages that are made when needed and go with their last descriptor.
//!
//! A registration holds its [`SlotHandle`]: the page itself and which of its slots, so calls need no lock and no look-up. An
//! event brings a number only. The turn that handles it looks the page up in the [`PageTable`], whose lock it takes once a
//! batch, for reading; descriptors that come and go take it for writing, for a moment. What an event finds there may
//! be no page any more, or a slot that has gone on to another descriptor: then it is stale, and is dropped.
//!
//! *Generations* are counted for all slots together: whatever becomes of a page, a number that an event has seen is
//! not given again.
//!
//! Descriptors are put into the lowest page that has room, so that those that live long gather at the bottom, and the
//! pages of a storm empty out.

use super::slot::Slot;
use crate::bit_set::BitSet;
use crate::loom::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use crate::shutdown_error::shutdown_error;
use crate::wake_list::WakeList;
use std::io;
use std::sync::Arc;

/// Slots of a page: as many as a word has bits.
const PAGE: usize = 64;
/// Pages there may be: with [`PAGE`], as many slots as Linux gives a process descriptors (`fs.nr_open`, 2²⁰).
const PAGES: usize = 1 << 14;

// A slot is most of what a connection that nobody uses costs in whippet.
#[cfg(not(any(loom, tsan, shuttle)))]
const _: () = assert!(size_of::<Slot>() <= 96, "a slot has grown");

/// The slots of all descriptors (see the module docs).
#[derive(Debug)]
pub(super) struct Registry(RwLock<PageTable>);

/// What the lock guards.
#[derive(Debug, Default)]
pub(super) struct PageTable {
    /// The pages that there ever were, from the first on.
    pages: Vec<Entry>,
    /// The numbers of those among them that have room.
    pages_with_space: BitSet,
    /// Slots in use.
    used: usize,
    /// The next generation. It comes round after 2³² descriptors: an event that was under way all the while could then hit a
    /// descriptor that has the number of its own, whose next call would find nothing and wait again.
    generation: u32,
    /// Whether the runtime has ended: no slot is given out any more.
    closed: bool,
}

/// A page, or the place of one.
#[derive(Debug)]
struct Entry {
    /// A bit for each slot that is free.
    free: u64,
    /// The page; `None` while all are free and it was given back.
    page: Option<Arc<Page>>,
}

/// Slots that come and go together.
#[derive(Debug)]
pub(super) struct Page {
    /// Its number in the table.
    number: u32,
    /// The slots.
    slots: [Slot; PAGE],
}

/// A slot in use: what a registration holds. Given back by [`Registry::release`].
#[derive(Debug)]
pub(super) struct SlotHandle {
    /// The page.
    pub(super) page: Arc<Page>,
    /// Which of its slots.
    pub(super) slot: u8,
}

impl Page {
    /// Page `number`, all slots free.
    fn new(number: usize) -> Arc<Self> {
        let slots = std::array::from_fn(|_| Slot::new());
        // It fits: there are at most `PAGES`.
        Arc::new(Self { number: number as u32, slots })
    }

    /// A slot of it.
    #[inline]
    pub(super) fn slot(&self, slot: u8) -> &Slot {
        &self.slots[usize::from(slot) % PAGE]
    }

    /// The number of a slot of it among all.
    pub(super) fn index(&self, slot: u8) -> u32 {
        self.number * PAGE as u32 + u32::from(slot)
    }
}

impl PageTable {
    /// The slot of this number, if its page is there.
    #[inline]
    pub(super) fn get(&self, index: u32) -> Option<&Slot> {
        let index = index as usize;
        let page = self.pages.get(index / PAGE)?.page.as_ref()?;
        Some(&page.slots[index % PAGE])
    }

    /// The lowest page with room; a new one when all are full.
    fn page_with_space(&mut self) -> io::Result<usize> {
        if let Some(number) = self.pages_with_space.first() {
            return Ok(number);
        }
        let number = self.pages.len();
        if number == PAGES {
            return Err(io::Error::other("too many descriptors"));
        }
        self.pages.push(Entry { free: u64::MAX, page: None });
        self.pages_with_space.insert(number);
        Ok(number)
    }
}

impl Registry {
    /// No slots yet.
    pub(super) fn new() -> Self {
        Self(RwLock::default())
    }

    /// The table, for looking slots up: hold it for a batch of events and no longer, and wake nobody meanwhile.
    pub(super) fn read(&self) -> RwLockReadGuard<'_, PageTable> {
        self.0.read()
    }

    /// A free slot for a descriptor, and the generation that is its own.
    ///
    /// # Errors
    /// There are more than Linux allows, or the runtime has ended.
    pub(super) fn allocate(&self) -> io::Result<(SlotHandle, u32)> {
        let mut table = self.write();
        if table.closed {
            return Err(shutdown_error());
        }
        let number = table.page_with_space()?;
        let entry = &mut table.pages[number];
        let slot = entry.free.trailing_zeros() as u8;
        let page = Arc::clone(entry.page.get_or_insert_with(|| Page::new(number)));
        entry.free &= !(1 << slot);
        if entry.free == 0 {
            table.pages_with_space.remove(number);
        }
        table.used += 1;
        let generation = table.generation;
        table.generation = generation.wrapping_add(1);
        page.slot(slot).begin(generation);
        Ok((SlotHandle { page, slot }, generation))
    }

    /// Gives a slot back that was retired.
    pub(super) fn release(&self, page: &Page, slot: u8) {
        let mut table = self.write();
        let number = page.number as usize;
        let entry = &mut table.pages[number];
        entry.free |= 1 << slot;
        // The first page stays: a lone descriptor that comes and goes costs no memory then.
        let emptied = if entry.free == u64::MAX && number > 0 { entry.page.take() } else { None };
        table.pages_with_space.insert(number);
        table.used -= 1;
        drop(table);
        // The caller's is the last reference but this one.
        drop(emptied);
    }

    /// The runtime ends: no slot is given out any more, and tasks that wait are woken.
    pub(super) fn close(&self, wakers: &mut WakeList) {
        self.write().closed = true;
        self.pages().iter().flat_map(|page| &page.slots).for_each(|slot| slot.end(wakers));
    }

    /// Slots in use.
    pub(super) fn in_use(&self) -> usize {
        self.read().used
    }

    /// How many wait, at all slots.
    pub(super) fn waiters(&self) -> usize {
        self.pages().iter().flat_map(|page| &page.slots).map(Slot::waiters).sum()
    }

    /// The pages that there are.
    fn pages(&self) -> Vec<Arc<Page>> {
        self.read().pages.iter().filter_map(|entry| entry.page.clone()).collect()
    }

    /// The table, for changing it.
    fn write(&self) -> RwLockWriteGuard<'_, PageTable> {
        self.0.write()
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::{PAGE, Registry, SlotHandle};
    use std::collections::BTreeSet;

    impl Registry {
        fn release_handle(&self, SlotHandle { page, slot }: SlotHandle) {
            self.release(&page, slot);
        }
    }

    #[test]
    fn memory_goes_back_after_a_storm() {
        let registry = Registry::new();
        let mut storm: Vec<SlotHandle> =
            (0..10 * PAGE).map(|_| registry.allocate().unwrap().0).collect();
        assert_eq!((registry.in_use(), registry.pages().len()), (10 * PAGE, 10));
        let last = storm.pop().unwrap();
        storm.into_iter().for_each(|place| registry.release_handle(place));
        assert_eq!(registry.pages().len(), 2, "the first, and the one that is in use");
        registry.release_handle(last);
        assert_eq!((registry.in_use(), registry.pages().len()), (0, 1));
        assert_eq!(registry.waiters(), 0);
    }

    #[test]
    fn descriptors_gather_at_the_bottom() {
        let registry = Registry::new();
        let mut places: Vec<SlotHandle> =
            (0..3 * PAGE).map(|_| registry.allocate().unwrap().0).collect();
        registry.release_handle(places.remove(2 * PAGE));
        registry.release_handle(places.remove(5));
        let (place, _) = registry.allocate().unwrap();
        assert_eq!(place.page.index(place.slot), 5);
        let (place, _) = registry.allocate().unwrap();
        assert_eq!(place.page.index(place.slot), 2 * PAGE as u32);
    }

    #[test]
    fn a_page_that_was_made_anew_knows_nothing_of_former_events() {
        let registry = Registry::new();
        let mut seen = BTreeSet::new();
        for _ in 0..3 {
            let taken: Vec<_> = (0..2 * PAGE).map(|_| registry.allocate().unwrap()).collect();
            for (place, generation) in taken {
                assert!(seen.insert(generation), "a generation was given twice");
                registry.release_handle(place);
            }
            let second_page = PAGE as u32;
            assert!(registry.read().get(second_page).is_none(), "its memory is gone");
        }
    }
}
