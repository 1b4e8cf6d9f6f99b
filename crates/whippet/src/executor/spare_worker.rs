//! Spare workers: threads that run tasks while a worker blocks in place.
//!
//! A task that calls `block_in_place` keeps its worker's thread. Its ring stays open to thieves, but when all workers
//! block there is no thief left. So for each thread that blocks a spare worker runs on a thread for blocking calls. It has
//! no ring of its own: it takes from the injector and from the workers' rings, and what it steals beyond one task, and
//! what is woken on it, goes to the injector. It sleeps in the reactor and takes part in the handshake of [`idle`](super::idle)
//! as a worker does.
//!
//! How many there are to be, [`blocking_counts`](super::blocking_counts) decides. A spare worker that sleeps is not woken to retire: it stays for [`MAX_SLEEP`], so that a task that blocks again and again
//! in short pieces finds it there.

use super::cancel::cancel_unscheduled;
use super::context;
use super::shared::Shared;
use super::task::{RunResult, Runnable};
use super::worker::{Countdown, LIFO_STEAL_DELAY};
use crate::coop::{self, Yield};
use crate::driver::Turn;
use crate::wake_list::WakeList;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// How long a spare worker sleeps at the most before it looks whether it is still wanted.
const MAX_SLEEP: Duration = Duration::from_secs(1);

/// A spare worker that is counted; dropped before it has retired (by a pool that is closed, too) it is counted no more.
#[derive(Debug)]
pub(crate) struct SpareWorker {
    /// The runtime.
    shared: Arc<Shared>,
    /// Whether it has retired.
    retired: bool,
}

impl SpareWorker {
    /// A spare worker that [`begin_blocking`](super::blocking_counts::BlockingCounts::begin_blocking) asked for.
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, retired: false }
    }

    /// Runs tasks on this thread, until no thread blocks or the runtime ends.
    pub(crate) fn run(mut self) {
        let _guard = context::enter_spare(&self.shared);
        let spare = SpareLoop::new(&self.shared);
        while !self.shared.is_ending() {
            if self.shared.blocking_counts.try_retire() {
                self.retired = true;
                break;
            }
            match spare.next_task() {
                Some(task) => spare.run_task(task),
                None => spare.park(),
            }
        }
        spare.end();
    }
}

impl Drop for SpareWorker {
    fn drop(&mut self) {
        if !self.retired {
            self.shared.blocking_counts.abandon();
        }
    }
}

/// A spare worker at work.
struct SpareLoop<'a> {
    /// The runtime.
    shared: &'a Shared,
    /// Until the next look at reactor and timers.
    until_events: Countdown,
    /// Whether it holds a claim to search.
    searching: Cell<bool>,
    /// A worker with a filled LIFO slot, and the number of its poll when it was seen.
    lifo_candidate: Cell<Option<(usize, u64)>>,
    /// The worker to steal from first.
    first: Cell<usize>,
}

impl<'a> SpareLoop<'a> {
    fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            until_events: Countdown::new(shared.config.event_interval),
            searching: Cell::new(false),
            lifo_candidate: Cell::new(None),
            first: Cell::new(0),
        }
    }

    /// The next task: of all, then of a worker.
    fn next_task(&self) -> Option<Runnable> {
        if self.until_events.count() {
            self.poll_driver();
        }
        self.shared.injector.pop().or_else(|| self.steal())
    }

    /// A task of a worker's ring, or of its LIFO slot if its poll was seen to last.
    fn steal(&self) -> Option<Runnable> {
        let remotes = &self.shared.remotes;
        let first = self.first.get() % remotes.len();
        self.first.set(first + 1);
        let order = || (first..remotes.len()).chain(0..first);
        for index in order() {
            if let Some(mut batch) = remotes[index].ring.steal() {
                let task = batch.next();
                match self.shared.injector.push_all(batch) {
                    Ok(()) => self.shared.wake_one(),
                    Err(refused) => refused.for_each(cancel_unscheduled),
                }
                return task;
            }
        }
        let lifo_candidate = self.lifo_candidate.take();
        let filled = order().find(|index| remotes[*index].lifo.is_filled())?;
        let seen = (filled, remotes[filled].polls.load(Relaxed));
        if lifo_candidate == Some(seen) {
            return remotes[filled].lifo.take();
        }
        self.lifo_candidate.set(Some(seen));
        None
    }

    /// Polls a task.
    fn run_task(&self, task: Runnable) {
        self.lifo_candidate.set(None);
        self.pass_on_claim();
        let ran = coop::with_budget(|| task.run());
        let yields = coop::take_yield() != Yield::No;
        if let RunResult::Woken(task) = ran {
            if yields && self.shared.idle.sleeping() == 0 {
                self.poll_driver();
            }
            self.shared.push_remote(task);
        }
    }

    /// Sleeps in the reactor until there may be something to do, or [`MAX_SLEEP`] is at its end.
    fn park(&self) {
        let idle = &self.shared.idle;
        idle.begin_sleep(self.searching.take());
        if self.shared.has_work() || self.shared.is_ending() {
            idle.sleep_to_search();
            self.searching.set(true);
            return;
        }
        let timeout =
            if self.lifo_candidate.get().is_some() { LIFO_STEAL_DELAY } else { MAX_SLEEP };
        let mut wakers = WakeList::new();
        let turn = self.turn(timeout, &mut wakers);
        idle.end_sleep();
        // As of a worker: a notification hands its claim over; at the end it is only a call to stop.
        self.searching.set(turn.notified && !self.shared.is_ending());
        // A waker that panics concerns nobody here.
        wakers.wake_all_catching();
    }

    /// Looks at reactor and timers without waiting.
    fn poll_driver(&self) {
        let mut wakers = WakeList::new();
        let turn = self.turn(Duration::ZERO, &mut wakers);
        // A waker that panics concerns nobody here.
        wakers.wake_all_catching();
        if turn.notified && !self.shared.is_ending() {
            // The claim of a sleeper that woke up otherwise: passed on, beside the one that this thread may hold itself.
            self.end_search();
        }
    }

    fn turn(&self, timeout: Duration, wakers: &mut WakeList) -> Turn {
        // An error is told by the workers, and comes after a pause.
        self.shared.driver.turn(Some(timeout), wakers).unwrap_or_default()
    }

    /// Gives the claim to search up that this thread holds, if it does.
    fn pass_on_claim(&self) {
        if self.searching.take() {
            self.end_search();
        }
    }

    /// Gives a claim to search up, and passes it on when there is more work.
    fn end_search(&self) {
        if self.shared.idle.end_search() && self.shared.has_work() {
            self.shared.wake_one_unfenced();
        }
    }

    /// The end of the spare worker.
    fn end(&self) {
        if self.shared.is_ending() {
            // The next sleeper learns of the end, and tells the one after.
            self.shared.driver.reactor().notify();
        } else {
            self.pass_on_claim();
        }
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::SpareLoop;
    use crate::executor::worker_tests::workers;

    #[test]
    fn a_spare_that_searches_passes_a_claim_on_that_it_finds() {
        let (shared, _workers) = workers();
        let (idle, spare) = (&shared.idle, SpareLoop::new(&shared));
        // One falls asleep and is claimed; another finds work in its last look, and searches beside it.
        idle.begin_sleep(false);
        shared.wake_one();
        idle.begin_sleep(false);
        idle.sleep_to_search();
        spare.searching.set(true);
        spare.poll_driver();
        spare.pass_on_claim();
        assert!(idle.claim_search(), "nobody searches, and still nobody is woken");
    }
}
