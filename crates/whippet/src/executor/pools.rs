//! The threads for blocking calls of one runtime, in pools by who makes the calls.
//!
//! The program bounds how many of its own calls are made at once. Such a call may wait for what whippet makes a call for (a name that is
//! looked up, a standard stream), or for a task that a spare worker has to take over. So neither of these waits for a thread behind
//! calls of the program: each kind has threads of its own.

use super::blocking::{Counts, Pool};
use super::runtime_id::Id;
use std::sync::Arc;
use std::time::Instant;

/// The most threads for whippet's own calls: as many as a program's calls have unless it sets another number. None of these calls
/// waits for another.
pub(crate) const MAX_OWN_THREADS: usize = 512;

/// The pools of one runtime.
#[derive(Debug)]
pub(crate) struct Pools {
    /// Whose they are.
    pub(crate) runtime: Id,
    /// For calls of the program. It bounds their number.
    pub(crate) calls: Arc<Pool>,
    /// For whippet's own calls: names that are looked up, standard streams, memory that is given back.
    pub(crate) own: Arc<Pool>,
    /// For spare workers, whose number is that of the threads that block in place.
    pub(crate) spares: Arc<Pool>,
}

impl Pools {
    /// The same pool for all calls.
    #[cfg(test)]
    pub(crate) fn of_one(pool: &Arc<Pool>) -> Self {
        let [calls, own, spares] = [(); 3].map(|()| Arc::clone(pool));
        Self { runtime: Id::next(), calls, own, spares }
    }

    fn all(&self) -> [&Arc<Pool>; 3] {
        [&self.calls, &self.own, &self.spares]
    }

    /// Whether no call is left, neither waiting for a thread nor under way.
    pub(crate) fn are_idle(&self) -> bool {
        self.all().iter().all(|pool| pool.is_idle())
    }

    /// How many there are of what, in all.
    pub(crate) fn counts(&self) -> Counts {
        let mut sum = Counts { threads: 0, waiting: 0, queued: 0 };
        for Counts { threads, waiting, queued } in self.all().map(|pool| pool.counts()) {
            sum.threads += threads;
            sum.waiting += waiting;
            sum.queued += queued;
        }
        sum
    }

    /// Lets no call in any more. Those that wait for a thread are made.
    pub(crate) fn close(&self) {
        self.all().iter().for_each(|pool| pool.close());
    }

    /// Waits until all threads have ended, at most until `deadline`. False: some go on.
    pub(crate) fn wait_ended(&self, deadline: Instant) -> bool {
        self.all().iter().all(|pool| pool.wait_ended(deadline))
    }

    /// Cancels the calls that have not begun.
    pub(crate) fn cancel_queued(&self) {
        self.all().iter().for_each(|pool| pool.cancel_queued());
    }
}
