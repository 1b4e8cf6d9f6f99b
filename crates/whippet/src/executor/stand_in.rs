//! Stand-ins: threads that take turns of tasks while a worker blocks in place.
//!
//! A task that calls `block_in_place` keeps its worker's thread. Its ring stays open to thieves, but when all workers
//! block there is no thief left. So for each thread that blocks a stand-in runs on a thread for blocking calls. It has
//! no ring of its own: it takes from the injector and from the workers' rings, and what it steals beyond one task, and
//! what is woken on it, goes to the injector. It sleeps in the reactor and takes part in the handshake of [`idle`]
//! (super::idle) as a worker does.
//!
//! How many there are to be, [`standing`](super::standing) says. A stand-in that sleeps is not woken to retire: it stays for [`PATIENCE`], so that a task that blocks again and again
//! in short pieces finds it there.

use super::context;
use super::reject::reject;
use super::shared::Shared;
use super::task::{Ran, Runnable};
use super::worker::{Countdown, LIFO_PATIENCE};
use crate::coop::{self, Yield};
use crate::driver::Turn;
use crate::wakers::Wakers;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// How long a stand-in sleeps at the most before it looks whether it is still wanted.
const PATIENCE: Duration = Duration::from_secs(1);

/// A stand-in that is counted; dropped before it has retired (by a pool that is closed, too) it is counted no more.
#[derive(Debug)]
pub(crate) struct StandIn {
    /// The runtime.
    shared: Arc<Shared>,
    /// Whether it has retired.
    retired: bool,
}

impl StandIn {
    /// A stand-in that [`StandIns::begin_blocking`] asked for.
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, retired: false }
    }

    /// Takes turns of tasks on this thread, until nobody blocks or the runtime ends.
    pub(crate) fn work(mut self) {
        let _standing = context::stand_in(&self.shared);
        let shift = Shift::new(&self.shared);
        while !self.shared.is_ending() {
            if self.shared.standing.try_retire() {
                self.retired = true;
                break;
            }
            match shift.next_task() {
                Some(task) => shift.take_turn(task),
                None => shift.park(),
            }
        }
        shift.end();
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        if !self.retired {
            self.shared.standing.desert();
        }
    }
}

/// A stand-in at work.
struct Shift<'a> {
    /// The runtime.
    shared: &'a Shared,
    /// Until the next look at reactor and timers.
    until_events: Countdown,
    /// Whether it holds a claim to search.
    searching: Cell<bool>,
    /// A worker with a filled LIFO slot, and its turn when it was seen.
    watched: Cell<Option<(usize, u64)>>,
    /// The worker to rob first.
    first: Cell<usize>,
}

impl<'a> Shift<'a> {
    fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            until_events: Countdown::new(shared.config.event_interval),
            searching: Cell::new(false),
            watched: Cell::new(None),
            first: Cell::new(0),
        }
    }

    /// The next task: of all, then of a worker.
    fn next_task(&self) -> Option<Runnable> {
        if self.until_events.count() {
            self.look_at_events();
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
                    Err(refused) => refused.for_each(reject),
                }
                return task;
            }
        }
        let watched = self.watched.take();
        let filled = order().find(|index| remotes[*index].lifo.is_filled())?;
        let seen = (filled, remotes[filled].turns.load(Relaxed));
        if watched == Some(seen) {
            return remotes[filled].lifo.take();
        }
        self.watched.set(Some(seen));
        None
    }

    /// Gives a task its turn.
    fn take_turn(&self, task: Runnable) {
        self.watched.set(None);
        self.pass_claim_on();
        let ran = coop::with_budget(|| task.run());
        let yields = coop::take_yield() != Yield::No;
        if let Ran::Woken(task) = ran {
            if yields && self.shared.idle.sleeping() == 0 {
                self.look_at_events();
            }
            self.shared.push_remote(task);
        }
    }

    /// Sleeps in the reactor until there may be something to do, or [`PATIENCE`] is at its end.
    fn park(&self) {
        let idle = &self.shared.idle;
        idle.begin_sleep(self.searching.take());
        if self.shared.has_work() || self.shared.is_ending() {
            idle.sleep_to_search();
            self.searching.set(true);
            return;
        }
        let patience = if self.watched.get().is_some() { LIFO_PATIENCE } else { PATIENCE };
        let mut wakers = Wakers::new();
        let turn = self.turn(patience, &mut wakers);
        idle.end_sleep();
        // As of a worker: a notification hands its claim over; at the end it is only a call to stop.
        self.searching.set(turn.notified && !self.shared.is_ending());
        // A waker that panics concerns nobody here.
        wakers.wake_all_quietly();
    }

    /// Looks at reactor and timers without waiting.
    fn look_at_events(&self) {
        let mut wakers = Wakers::new();
        let turn = self.turn(Duration::ZERO, &mut wakers);
        // A waker that panics concerns nobody here.
        wakers.wake_all_quietly();
        if turn.notified && !self.shared.is_ending() {
            // The claim of a sleeper that woke up otherwise: passed on, beside the one that this thread may hold itself.
            self.end_search();
        }
    }

    fn turn(&self, timeout: Duration, wakers: &mut Wakers) -> Turn {
        // An error is told by the workers, and comes after a pause.
        self.shared.driver.turn(Some(timeout), wakers).unwrap_or_default()
    }

    /// Gives the claim to search up that this thread holds, if it does.
    fn pass_claim_on(&self) {
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

    /// The end of the stand-in.
    fn end(&self) {
        if self.shared.is_ending() {
            // The next sleeper learns of the end, and tells the one after.
            self.shared.driver.reactor().notify();
        } else {
            self.pass_claim_on();
        }
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::Shift;
    use crate::executor::worker_tests::workers;

    #[test]
    fn a_stand_in_that_searches_passes_a_claim_on_that_it_finds() {
        let (shared, _workers) = workers();
        let (idle, shift) = (&shared.idle, Shift::new(&shared));
        // One falls asleep and is claimed; another finds work in its last look, and searches beside it.
        idle.begin_sleep(false);
        shared.wake_one();
        idle.begin_sleep(false);
        idle.sleep_to_search();
        shift.searching.set(true);
        shift.look_at_events();
        shift.pass_claim_on();
        assert!(idle.claim_search(), "nobody searches, and still nobody is woken");
    }
}
