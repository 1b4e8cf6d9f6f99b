//! What the workers of a runtime share: the queues, who sleeps, the live tasks, the driver.

use super::blocking_counts::BlockingCounts;
use super::cancel::cancel_unscheduled;
use super::idle::Idle;
use super::injector::Injector;
use super::owned_tasks::OwnedTasks;
use super::pools::Pools;
use super::queue::{LifoSlot, Ring};
use super::runtime_id::Id;
use super::task::{CurrentPoll, Runnable};
use crate::driver::Driver;
use crate::loom::atomic::AtomicBool;
use crate::loom::atomic::Ordering::{Acquire, Release};
use crossbeam_utils::CachePadded;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU32, AtomicU64};

/// How the workers of a runtime go about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Config {
    /// Whether they have threads of their own.
    pub(crate) multi_thread: bool,
    /// Polls between two looks at reactor and timers; at least 1.
    pub(crate) event_interval: u32,
    /// Polls between two looks at the injector while there is work elsewhere; at least 1.
    pub(crate) global_queue_interval: u32,
}

/// What all workers share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// What tells the runtime from others.
    pub(crate) id: Id,
    /// What the program calls it.
    pub(crate) name: Option<Box<str>>,
    /// How they go about it.
    pub(crate) config: Config,
    /// The part of each worker that others see.
    pub(crate) remotes: Box<[CachePadded<Remote>]>,
    /// Tasks from outside, and what overflows.
    pub(crate) injector: Injector,
    /// Who sleeps and who searches.
    pub(crate) idle: Idle,
    /// All live tasks.
    pub(crate) owned: OwnedTasks,
    /// Reactor and timers.
    pub(crate) driver: Arc<Driver>,
    /// Threads for calls that block.
    pub(crate) pools: Pools,
    /// How many threads block in place, and how many spare workers there are.
    pub(crate) blocking_counts: BlockingCounts,
    /// Set once: the workers stop after their present poll.
    ending: AtomicBool,
}

/// A panic leaves it as it should be: those of tasks, hooks and wakers are caught or finished by drop guards, and its locks
/// know no poison. What hooks are made of says nothing about that.
impl UnwindSafe for Shared {}
impl RefUnwindSafe for Shared {}

/// The part of a worker that others see. The counters are written by the worker alone, and have 64 bits, which do not come round.
#[derive(Debug)]
pub(crate) struct Remote {
    /// Its ring, to steal from.
    pub(crate) ring: crate::loom::Arc<Ring>,
    /// The task it woke last.
    pub(crate) lifo: LifoSlot,
    /// How many tasks are in its queue, if that is not the ring.
    pub(crate) queued: AtomicU32,
    /// How many polls it has begun. A thief that sees the same number twice knows that one poll lasts.
    pub(crate) polls: AtomicU64,
    /// What it polls now: names the culprit when a poll does not end.
    pub(crate) polling: CurrentPoll,
    /// How many polls ended because the budget was used up.
    pub(crate) forced_yields: AtomicU64,
    /// How many batches it stole.
    pub(crate) steals: AtomicU64,
    /// How often it went to sleep or woke up: odd while it sleeps.
    pub(crate) park_unparks: AtomicU64,
    /// Nanoseconds in which it was awake.
    pub(crate) busy: AtomicU64,
}

impl Remote {
    /// The shared part of a worker with this ring.
    pub(crate) fn new(ring: crate::loom::Arc<Ring>) -> Self {
        Self {
            ring,
            lifo: LifoSlot::default(),
            queued: AtomicU32::new(0),
            polls: AtomicU64::new(0),
            polling: CurrentPoll::default(),
            forced_yields: AtomicU64::new(0),
            steals: AtomicU64::new(0),
            park_unparks: AtomicU64::new(0),
            busy: AtomicU64::new(0),
        }
    }

    /// How many tasks wait for this worker alone, at this moment.
    pub(crate) fn queue_depth(&self) -> usize {
        let queued = self.ring.len() + self.queued.load(Relaxed);
        queued as usize + usize::from(self.lifo.is_filled())
    }
}

impl Shared {
    /// The shared part of a runtime with this name and these workers.
    pub(crate) fn new(
        name: Option<Box<str>>,
        config: Config,
        remotes: Vec<Remote>,
        driver: Arc<Driver>,
        pools: Pools,
    ) -> Self {
        let workers = remotes.len();
        Self {
            id: pools.runtime,
            name,
            config,
            remotes: remotes.into_iter().map(CachePadded::new).collect(),
            injector: Injector::new(),
            idle: Idle::new(workers),
            owned: OwnedTasks::new(workers),
            driver,
            pools,
            blocking_counts: BlockingCounts::new(),
            ending: AtomicBool::new(false),
        }
    }

    /// Queues a task from a thread that is none of the workers.
    pub(crate) fn push_remote(&self, task: Runnable) {
        match self.injector.push(task) {
            Ok(()) => self.wake_one(),
            Err(task) => cancel_unscheduled(task),
        }
    }

    /// After a push: wakes a sleeping worker, unless a worker searches already.
    #[inline]
    pub(crate) fn wake_one(&self) {
        if self.idle.claim_search() {
            self.driver.reactor().notify();
        }
    }

    /// The same from a worker that will run the pushed task itself, and looks again at each turn.
    #[inline]
    pub(crate) fn wake_one_unfenced(&self) {
        if self.idle.claim_search_unfenced() {
            self.driver.reactor().notify();
        }
    }

    /// Whether some queue that a searcher looks at holds a task. Follows a fence.
    pub(crate) fn has_work(&self) -> bool {
        !self.injector.is_empty() || self.remotes.iter().any(|remote| !remote.ring.is_empty())
    }

    /// Whether the workers are to stop.
    #[inline]
    pub(crate) fn is_ending(&self) -> bool {
        // Acquire: pairs with `end`.
        self.ending.load(Acquire)
    }

    /// Ends the runtime: refuses new tasks, cancels those that nobody polls, tells the workers to stop. What a
    /// worker has in its queue, that worker cancels. Called once; waits for nobody.
    pub(crate) fn end(&self) {
        self.ending.store(true, Release);
        let queued = self.injector.close();
        let idle = self.owned.close();
        self.driver.reactor().notify();
        queued.into_iter().chain(idle).for_each(cancel_unscheduled);
    }

    /// Where the task was spawned that worker `index` polls at this moment.
    pub(crate) fn polling(&self, index: usize) -> Option<&'static Location<'static>> {
        self.remotes.get(index)?.polling.read().map(|(_, place)| place)
    }
}
