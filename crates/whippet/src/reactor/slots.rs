//! The slots of all descriptors: pages that are made when needed and never moved, so that an event finds its slot
//! without a lock.

use super::slot::Slot;
use std::io;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// Slots of a page.
const PAGE: usize = 256;
/// Pages there may be: with [`PAGE`], more slots than Linux gives a process descriptors (`fs.nr_open`, 2²⁰).
const PAGES: usize = 4096;

// A slot is most of what a connection that nobody uses costs in whippet.
#[cfg(not(loom))]
const _: () = assert!(size_of::<Slot>() <= 96, "a slot has grown");

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
    /// Whether no slot is to be taken any more.
    closed: bool,
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

    /// Takes a free slot.
    ///
    /// # Errors
    /// The runtime has ended; or there are as many descriptors as a process may have.
    pub(super) fn take(&self) -> io::Result<u32> {
        let mut free = self.lock();
        if free.closed {
            return Err(super::gone());
        }
        if let Some(index) = free.used.pop() {
            return Ok(index);
        }
        let index = free.fresh;
        let page = self.pages.get(index as usize / PAGE);
        let page = page.ok_or_else(|| io::Error::other("too many descriptors"))?;
        page.get_or_init(|| (0..PAGE).map(|_| Slot::new()).collect());
        free.fresh += 1;
        Ok(index)
    }

    /// Gives out no slot any more. All that were ever given out are below the result.
    pub(super) fn close(&self) -> u32 {
        let mut free = self.lock();
        free.closed = true;
        free.fresh
    }

    /// Gives a slot back that was retired.
    pub(super) fn give_back(&self, index: u32) {
        self.lock().used.push(index);
    }

    /// How many are in use.
    pub(super) fn in_use(&self) -> usize {
        let free = self.lock();
        free.fresh as usize - free.used.len()
    }

    /// How many wait for any of them.
    pub(super) fn waiters(&self) -> usize {
        self.pages.iter().map_while(OnceLock::get).flatten().map(Slot::waiters).sum()
    }

    fn lock(&self) -> MutexGuard<'_, Free> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
