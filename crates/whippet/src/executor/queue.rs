//! A worker's own run queue: a ring that one thread fills and empties, and that any thread may steal from.
//!
//! ```text
//!            head (any thread, by compare-and-swap)            tail (the owner, by store)
//!              ▼                                                 ▼
//!   ┌────┬────┬────┬────┬────┬────┬────┬────┬────┬────┬────┬────┬────┬────┐
//!   │    │    │ t  │ t  │ t  │ t  │ t  │ t  │ t  │ t  │ t  │ t  │    │    │   CAPACITY slots
//!   └────┴────┴────┴────┴────┴────┴────┴────┴────┴────┴────┴────┴────┴────┘
//! ```
//! Head and tail count up for ever and wrap at 2³²; an index is a slot modulo the capacity. To take entries,
//! owner or thief, one copies them out and then moves the head over them in one compare-and-swap: when that
//! fails another thread took some, and the copies are forgotten. The copies are of atomic pointers, so a thief
//! that was overtaken reads stale pointers and not torn ones. The owner overwrites a slot only after it has seen
//! the head beyond it, and then the thief's compare-and-swap fails. What could deceive it is the head coming
//! round to the same number between a thief's look and its swap: 2³² entries in that moment. (With 16-bit
//! counters it did happen to tokio.)
//!
//! The shape is that of Go's `runq` (proc.go). The races: push ∥ steal ∥ steal ∥ pop, modelled in `loom_tests`.

use super::task::Runnable;
use crate::loom::Arc;
use crate::loom::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::loom::atomic::{AtomicPtr, AtomicU32};
use crossbeam_utils::CachePadded;
use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::NonNull;

/// Entries of a ring: enough that a broadcast to a hundred tasks stays local, small enough to fit the cache.
/// Four in models, so that they reach the overflow.
#[cfg(not(any(loom, shuttle)))]
pub(crate) const CAPACITY: u32 = 256;
/// See above.
#[cfg(any(loom, shuttle))]
pub(crate) const CAPACITY: u32 = 4;

/// The shared part of a run queue.
#[derive(Debug)]
pub(crate) struct Ring {
    /// The number of the oldest entry. Moved by the threads that take entries.
    head: CachePadded<AtomicU32>,
    /// The number after the newest entry. Moved by the owner alone.
    tail: CachePadded<AtomicU32>,
    /// The entries from head to tail, as pointers of runnables.
    slots: Box<[AtomicPtr<()>]>,
}

/// The owner's end of a [`Ring`]. Not `Sync`: only one thread pushes.
#[derive(Debug)]
pub(crate) struct Local {
    /// The ring.
    ring: Arc<Ring>,
    /// Makes the type `!Sync`.
    not_sync: PhantomData<Cell<()>>,
}

/// Entries on their way from a ring to another place; what is not taken is cancelled.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Pointers of runnables that belong to this batch.
    entries: [*mut (); CAPACITY as usize / 2],
    /// How many there are.
    len: u32,
    /// The first that was not taken yet.
    next: u32,
}

/// What a full ring does not hold any more.
pub(crate) type Overflow = std::iter::Chain<Batch, std::iter::Once<Runnable>>;

impl Ring {
    /// Whether there is nothing to take, at this moment.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries there are, at this moment.
    pub(crate) fn len(&self) -> u32 {
        // Relaxed would do for a hint; Acquire keeps head from being read after a later tail.
        let head = self.head.load(Acquire);
        let tail = self.tail.load(Acquire);
        // A thief may have moved the head past the tail that was read.
        let len = tail.wrapping_sub(head);
        if len > CAPACITY { 0 } else { len }
    }

    /// Takes half of the entries, the oldest, rounded up. `None` when there is none.
    pub(crate) fn steal(&self) -> Option<Batch> {
        let mut batch = Batch::new();
        loop {
            // Acquire: pairs with the takers' release, so that the tail read next is not older than this head.
            let head = self.head.load(Acquire);
            // Acquire: pairs with the owner's release of the tail: the slots are filled.
            let tail = self.tail.load(Acquire);
            let len = tail.wrapping_sub(head);
            let wanted = len - len / 2;
            if wanted == 0 {
                return None;
            }
            if wanted > CAPACITY / 2 {
                // Head and tail were not read in one moment.
                crate::loom::hint::spin_loop();
                continue;
            }
            if self.take(head, wanted, &mut batch) {
                return Some(batch);
            }
        }
    }

    /// Copies `count` entries from `head` on and claims them. False: another thread moved the head.
    fn take(&self, head: u32, count: u32, batch: &mut Batch) -> bool {
        for (offset, entry) in (0..count).zip(&mut batch.entries) {
            // Relaxed: the acquire of the tail made the slots visible.
            *entry = self.slot(head.wrapping_add(offset)).load(Relaxed);
        }
        let moved = head.wrapping_add(count);
        // AcqRel: release keeps the copies before the claim (the owner's push acquires the head before it
        // overwrites a slot); acquire orders one taker after the former.
        let claimed = self.head.compare_exchange(head, moved, AcqRel, Relaxed).is_ok();
        if claimed {
            batch.len = count;
        }
        claimed
    }

    fn slot(&self, number: u32) -> &AtomicPtr<()> {
        &self.slots[(number % CAPACITY) as usize]
    }
}

impl Local {
    /// An empty queue, and the ring for its thieves.
    pub(crate) fn new() -> (Self, Arc<Ring>) {
        let slots = (0..CAPACITY).map(|_| AtomicPtr::new(std::ptr::null_mut())).collect();
        let ring = Arc::new(Ring {
            head: CachePadded::new(AtomicU32::new(0)),
            tail: CachePadded::new(AtomicU32::new(0)),
            slots,
        });
        (Self { ring: Arc::clone(&ring), not_sync: PhantomData }, ring)
    }

    /// Adds an entry at the end. When the ring is full, the older half of the ring and the entry go to `overflow`.
    #[inline]
    pub(crate) fn push(&self, task: Runnable, overflow: impl FnOnce(Overflow)) {
        loop {
            // Acquire: pairs with the takers' release: their copies of the slot we may overwrite are done.
            let head = self.ring.head.load(Acquire);
            // Relaxed: only this thread writes it.
            let tail = self.ring.tail.load(Relaxed);
            if tail.wrapping_sub(head) < CAPACITY {
                self.ring.slot(tail).store(task.into_raw(), Relaxed);
                // Release: pairs with the thieves' acquire: the slot is filled.
                self.ring.tail.store(tail.wrapping_add(1), Release);
                return;
            }
            match self.older_half(head) {
                Some(older) => return overflow(older.chain(std::iter::once(task))),
                // A thief made room meanwhile.
                None => continue,
            }
        }
    }

    /// Takes the older half out of a full ring.
    #[cold]
    fn older_half(&self, head: u32) -> Option<Batch> {
        let mut batch = Batch::new();
        self.ring.take(head, CAPACITY / 2, &mut batch).then_some(batch)
    }

    /// Takes the oldest entry.
    #[inline]
    pub(crate) fn pop(&self) -> Option<Runnable> {
        let mut head = self.ring.head.load(Relaxed);
        loop {
            // Relaxed: only this thread writes tail and slots.
            let tail = self.ring.tail.load(Relaxed);
            if head == tail {
                return None;
            }
            let entry = self.ring.slot(head).load(Relaxed);
            // AcqRel, Relaxed: as in `Ring::take`; the loop re-reads what a failure found.
            match self.ring.head.compare_exchange_weak(head, head.wrapping_add(1), AcqRel, Relaxed)
            {
                Ok(_) => return runnable(entry),
                Err(found) => head = found,
            }
        }
    }

    /// Puts a stolen batch into this queue, which has room for it, and gives one of it to run now.
    pub(crate) fn accept(&self, mut batch: Batch) -> Option<Runnable> {
        let first = batch.next();
        for task in batch {
            self.push(task, |_| unreachable!("a worker steals when its own queue is empty"));
        }
        first
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> u32 {
        self.ring.len()
    }

    /// The number of the oldest entry. Thieves may have moved it on meanwhile.
    #[inline]
    pub(crate) fn head(&self) -> u32 {
        // Relaxed: it is compared with numbers, and leads to no slot.
        self.ring.head.load(Relaxed)
    }

    /// The number of the entry that comes in next.
    #[inline]
    pub(crate) fn tail(&self) -> u32 {
        // Relaxed: only this thread writes it.
        self.ring.tail.load(Relaxed)
    }

    /// How many more entries fit.
    pub(crate) fn free_slots(&self) -> u32 {
        CAPACITY - self.ring.len()
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        while let Some(task) = self.pop() {
            drop(task);
        }
    }
}

impl Batch {
    fn new() -> Self {
        Self { entries: [std::ptr::null_mut(); CAPACITY as usize / 2], len: 0, next: 0 }
    }
}

impl Iterator for Batch {
    type Item = Runnable;

    fn next(&mut self) -> Option<Runnable> {
        if self.next == self.len {
            return None;
        }
        let entry = self.entries[self.next as usize];
        self.next += 1;
        runnable(entry)
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.for_each(drop);
    }
}

/// The runnable behind an entry that was claimed.
#[inline]
fn runnable(entry: *mut ()) -> Option<Runnable> {
    // SAFETY: the pointer came from `Runnable::into_raw` in `push`, and the claim of the head gave it to us alone.
    NonNull::new(entry).map(|raw| unsafe { Runnable::from_raw(raw) })
}

/// A place for one runnable beside the ring: the task woken last, which runs next while its data is warm.
///
/// Filled by the owner; emptied by the owner, or by a thief that found nothing anywhere else.
#[derive(Debug, Default)]
pub(crate) struct LifoSlot(AtomicPtr<()>);

impl LifoSlot {
    /// Puts a task in; gives the former one back. The owner alone calls it.
    #[inline]
    pub(crate) fn put(&self, task: Runnable) -> Option<Runnable> {
        let raw = task.into_raw();
        // Relaxed: only the owner fills the slot, so an empty one stays empty; a thief only takes.
        if self.0.load(Relaxed).is_null() {
            // Release: pairs with the thief's acquire.
            self.0.store(raw, Release);
            return None;
        }
        // AcqRel: release the new one to a thief; nothing to acquire but what this thread wrote.
        runnable(self.0.swap(raw, AcqRel))
    }

    /// Takes the task out. Any thread.
    #[inline]
    pub(crate) fn take(&self) -> Option<Runnable> {
        // Relaxed: a look that spares the swap; the owner sees its own writes, a thief may look again.
        if self.0.load(Relaxed).is_null() {
            return None;
        }
        // AcqRel: pairs with the owner's release.
        runnable(self.0.swap(std::ptr::null_mut(), AcqRel))
    }

    /// Whether a task is in, at this moment.
    pub(crate) fn is_filled(&self) -> bool {
        !self.0.load(Relaxed).is_null()
    }
}

impl Drop for LifoSlot {
    fn drop(&mut self) {
        drop(self.take());
    }
}
