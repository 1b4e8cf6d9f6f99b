//! Figures of a runtime.

use crate::executor::shared::Shared;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// Figures of a runtime, read at the moment of each call.
#[derive(Clone)]
pub struct RuntimeMetrics {
    /// The runtime's rooms.
    shared: Arc<Shared>,
}

impl RuntimeMetrics {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Workers.
    #[must_use]
    pub fn num_workers(&self) -> usize {
        self.shared.remotes.len()
    }

    /// Tasks that are not complete.
    #[must_use]
    pub fn num_alive_tasks(&self) -> usize {
        self.shared.owned.len()
    }

    /// Timers that wait for their deadline.
    #[must_use]
    pub fn num_pending_timers(&self) -> usize {
        self.shared.driver.timers_len()
    }

    /// Workers that sleep.
    #[must_use]
    pub fn num_sleeping_workers(&self) -> usize {
        self.shared.idle.sleeping()
    }

    /// Descriptors that the reactor watches.
    #[must_use]
    pub fn num_registered_descriptors(&self) -> usize {
        self.shared.driver.reactor().registered()
    }

    /// Who waits for a descriptor: tasks, or several futures of one. Looks at every place for a descriptor there ever
    /// was.
    #[must_use]
    pub fn num_descriptor_waiters(&self) -> usize {
        self.shared.driver.reactor().waiters()
    }

    /// Threads for blocking calls.
    #[must_use]
    pub fn num_blocking_threads(&self) -> usize {
        self.shared.pool.threads()
    }

    /// Tasks in the queue that all workers share.
    #[must_use]
    pub fn global_queue_depth(&self) -> usize {
        self.shared.injector.len()
    }

    /// Tasks in the own queue of a worker.
    ///
    /// # Panics
    /// If there is no such worker.
    #[must_use]
    #[track_caller]
    pub fn worker_local_queue_depth(&self, worker: usize) -> usize {
        let remote = &self.shared.remotes[worker];
        remote.ring.len() as usize + usize::from(remote.lifo.is_filled())
    }

    /// How often a worker went to sleep.
    ///
    /// # Panics
    /// If there is no such worker.
    #[must_use]
    #[track_caller]
    pub fn worker_park_count(&self, worker: usize) -> u64 {
        read(&self.shared.remotes[worker].parks)
    }

    /// How many batches of tasks a worker stole.
    ///
    /// # Panics
    /// If there is no such worker.
    #[must_use]
    #[track_caller]
    pub fn worker_steal_count(&self, worker: usize) -> u64 {
        read(&self.shared.remotes[worker].steals)
    }

    /// How many turns of tasks a worker has begun, modulo 2³².
    ///
    /// # Panics
    /// If there is no such worker.
    #[must_use]
    #[track_caller]
    pub fn worker_poll_count(&self, worker: usize) -> u32 {
        self.shared.remotes[worker].turns.load(Relaxed)
    }
}

fn read(counter: &AtomicU64) -> u64 {
    // Relaxed: a figure for people.
    counter.load(Relaxed)
}

impl fmt::Debug for RuntimeMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeMetrics")
            .field("workers", &self.num_workers())
            .field("alive_tasks", &self.num_alive_tasks())
            .finish_non_exhaustive()
    }
}
