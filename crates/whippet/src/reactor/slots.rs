//! The slots of all descriptors: pages that are made when needed and never moved, so that an event finds its slot
//! without a lock.

use super::slot::Slot;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Slots of a page.
const PAGE: usize = 256;
/// Pages there may be: with [`PAGE`], more slots than Linux gives a process descriptors (`fs.nr_open`, 2²⁰).
const PAGES: usize = 4096;

/// The slots of all descriptors.
#[derive(Debug)]
pub(super) struct Slots {
    /// The pages made so far, from the first on.
    pages: Box<[OnceLock<Box<[Slot]>>]>,
    /// Which slots are free.
    free: Mutex<Free>,
}

/// What the lock keeps.
#[derive(Debug, Default)]
struct Free {
    /// Slots that were used and are free again, the latest last: its memory is warm.
    used: Vec<u32>,
    /// How many slots were ever used.
    fresh: u32,
}

impl Slots {
    /// No slot in use.
    pub(super) fn new() -> Self {
        Self { pages: (0..PAGES).map(|_| OnceLock::new()).collect(), free: Mutex::default() }
    }

    /// The slot of an index that [`Slots::take`] gave out at some time.
    #[inline]
    pub(super) fn get(&self, index: u32) -> Option<&Slot> {
        let index = index as usize;
        self.pages.get(index / PAGE)?.get().map(|page| &page[index % PAGE])
    }

    /// Takes a free slot. None: there are as many descriptors as a process may have.
    pub(super) fn take(&self) -> Option<u32> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = free.used.pop() {
            return Some(index);
        }
        let index = free.fresh;
        self.pages
            .get(index as usize / PAGE)?
            .get_or_init(|| (0..PAGE).map(|_| Slot::new()).collect());
        free.fresh += 1;
        Some(index)
    }

    /// Gives a slot back that was retired.
    pub(super) fn give_back(&self, index: u32) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).used.push(index);
    }

    /// How many are in use.
    pub(super) fn in_use(&self) -> usize {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.fresh as usize - free.used.len()
    }
}
