//! The list of live tasks, so that an ending runtime can drop every future, and a dump can show what is there.
//!
//! In shards, one a worker, so that spawning and completing on different workers do not meet. An entry enters
//! when a task is spawned and leaves when it completes, and in no other way: the reference of the future's life
//! is in it.

use super::task::{JoinHandle, OwnedRef, Runnable, Spawned, TaskInfo};
use crate::loom::Mutex;
use crate::paged_slab::PagedSlab;
use crate::sys::clock::Coarse;
use crossbeam_utils::CachePadded;

/// How many bits of a key name the shard.
const SHARD_BITS: u32 = 12;

/// The list.
#[derive(Debug)]
pub(crate) struct OwnedTasks {
    /// The shards.
    shards: Box<[CachePadded<Mutex<Shard>>]>,
}

/// A part of the list.
#[derive(Debug)]
struct Shard {
    /// The tasks by key.
    tasks: PagedSlab<OwnedRef>,
    /// The runtime ends: nothing more comes in.
    closed: bool,
}

impl OwnedTasks {
    /// An empty list of so many shards.
    pub(crate) fn new(shards: usize) -> Self {
        debug_assert!(shards <= 1 << SHARD_BITS, "a key names {} shards", 1 << SHARD_BITS);
        let shard =
            || CachePadded::new(Mutex::new(Shard { tasks: PagedSlab::new(), closed: false }));
        Self { shards: (0..shards.max(1)).map(|_| shard()).collect() }
    }

    /// Enters a task that nobody else knows of yet. False: the list is closed, the task is not in it, and the caller
    /// drops the runnable, which cancels it. `hint` chooses the shard.
    pub(crate) fn insert<T>(
        &self,
        hint: usize,
        spawned: Spawned<T>,
    ) -> (Runnable, JoinHandle<T>, bool) {
        let number = hint % self.shards.len();
        let Spawned { runnable, owned_ref, handle } = spawned;
        let mut shard = self.shards[number].lock();
        if shard.closed {
            drop(shard);
            owned_ref.release_on_complete();
            return (runnable, handle, false);
        }
        owned_ref.set_key((shard.tasks.vacant() as usize) << SHARD_BITS | number);
        shard.tasks.insert(owned_ref);
        (runnable, handle, true)
    }

    /// Takes a task out that has completed.
    pub(crate) fn remove(&self, task: &OwnedRef) -> Option<OwnedRef> {
        let (number, key) = (task.key() & ((1 << SHARD_BITS) - 1), task.key() >> SHARD_BITS);
        let mut shard = self.shards.get(number)?.lock();
        shard.tasks.remove(u32::try_from(key).ok()?)
    }

    /// How many tasks live.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().tasks.len()).sum()
    }

    /// What is known of each task, shard by shard.
    pub(crate) fn task_infos(&self) -> Vec<TaskInfo> {
        let now = Coarse::now();
        let mut looks = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock();
            looks.extend(shard.tasks.iter().map(|task| task.info(now)));
        }
        looks
    }

    /// Closes the list and cancels every task in it. Gives the runnables of those that were idle, to be dropped;
    /// the others are dropped by the thread that has their runnable.
    pub(crate) fn close(&self) -> Vec<Runnable> {
        let mut idle = Vec::new();
        for shard in &self.shards {
            let mut shard = shard.lock();
            shard.closed = true;
            idle.extend(shard.tasks.iter().filter_map(OwnedRef::cancel));
        }
        idle
    }
}
