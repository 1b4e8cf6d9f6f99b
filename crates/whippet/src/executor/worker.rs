//! A worker: runs tasks, and sleeps in the reactor when there are none.
//!
//! [`Worker::step`] runs one task and returns whether there was one; [`Worker::park`] sleeps. They are apart, so
//! that who drives a worker (a thread, a `block_on`, a simulation) decides what happens in between.
//!
//! Where the next task comes from, in this order: the LIFO slot (the task woken last, at most
//! [`MAX_LIFO_POLLS`] in a row, so that two that wake each other cannot starve the ring), the ring, the injector, the other
//! workers' rings. Every so many polls ([`Config`](super::shared::Config)) the injector comes first, and every so many
//! the reactor and the timers are looked at, so that neither is starved by a ring that never empties.
//!
//! The one worker of a current-thread runtime uses no LIFO slot: its tasks run in the order in which they were spawned or
//! woken.
//!
//! *A task that yields* goes to the end of the worker's own tasks, and the worker remembers which is the first that did. When it
//! comes to that one it looks at the reactor and the timers before it goes on ([`Step::Yielded`]), so that a task that does
//! nothing but yield keeps neither a socket nor the future of a `block_on` waiting. While another worker sleeps in the
//! reactor there is no need to look: that one is told of what happens.
//!
//! *The promise*: a task in a ring or in the injector waits for no other task's poll while a worker sleeps. A task
//! in the LIFO slot may wait for the poll that woke it: putting it there wakes nobody, as the worker will come to
//! it at once and the data is in its cache. Only a worker that searches anyway takes it, and only when it has
//! seen the same poll last for [`LIFO_STEAL_DELAY`] (stealing it sooner lost tokio 30 %).

use super::busy::Busy;
use super::cancel::cancel_unscheduled;
use super::queue::Local;
use super::run_queue::{RunQueue, UnsharedQueue};
use super::shared::{Remote, Shared};
use super::task::{Id, RunResult, Runnable};
use crate::coop::{self, Yield};
use crate::driver::Turn;
use crate::sys;
use crate::unwind::catch_panic;
use crate::wake_list::WakeList;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// Polls from the LIFO slot in a row before its task goes to the end of the ring: the rest of the ring waits for so
/// many polls at most. tokio's figure.
const MAX_LIFO_POLLS: u8 = 3;
/// How long a searcher watches a filled LIFO slot of a worker whose poll does not end before it takes the task.
pub(super) const LIFO_STEAL_DELAY: Duration = Duration::from_millis(1);

/// What a step came to.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Step {
    /// A task was polled.
    Ran,
    /// All tasks that can go on have yielded; the reactor and the timers were looked at meanwhile.
    Yielded,
    /// There is nothing to do.
    Idle,
}

/// A worker; belongs to the thread that drives it.
pub(crate) struct Worker {
    /// What it shares with the others.
    shared: Arc<Shared>,
    /// Its number: the place of its remote part.
    index: usize,
    /// Its own tasks.
    own: RunQueue,
    /// The number of the first of its own tasks that yielded since the last look at the reactor.
    yielded: Cell<Option<u32>>,
    /// Whether the last poll ended with a yield.
    yields: Cell<bool>,
    /// Until the next look at reactor and timers.
    until_events: Countdown,
    /// Until the injector comes first.
    until_injector: Countdown,
    /// Polls from the LIFO slot in a row.
    lifo_polls: Cell<u8>,
    /// Whether it holds a claim to search.
    searching: Cell<bool>,
    /// Whether it hands out wakers of the reactor: their tasks wake nobody until all are queued. The last one comes
    /// next, ahead of a full ring: what an event brings often joins the work that waits there.
    waking: Cell<bool>,
    /// Whether the last turn of the reactor failed, and that was logged.
    failing: Cell<bool>,
    /// Since when it has been awake.
    busy: Busy,
    /// A worker with a filled LIFO slot, and the number of its poll when it was seen.
    lifo_candidate: Cell<Option<(usize, u64)>>,
    /// Chooses whom to steal from first.
    random: RefCell<fastrand::Rng>,
}

impl Worker {
    /// Worker number `index` of a runtime, with the ring that its remote part shows.
    pub(crate) fn new(shared: Arc<Shared>, index: usize, local: Local, seed: u64) -> Self {
        let config = shared.config;
        let own = match config.multi_thread {
            true => RunQueue::Ring(local),
            false => RunQueue::Unshared(UnsharedQueue::default()),
        };
        Self {
            shared,
            index,
            own,
            yielded: Cell::new(None),
            yields: Cell::new(false),
            until_events: Countdown::new(config.event_interval),
            until_injector: Countdown::new(config.global_queue_interval),
            lifo_polls: Cell::new(0),
            searching: Cell::new(false),
            waking: Cell::new(false),
            failing: Cell::new(false),
            busy: Busy::new(sys::clock::now()),
            lifo_candidate: Cell::new(None),
            random: RefCell::new(fastrand::Rng::with_seed(seed)),
        }
    }

    /// What it shares with the others.
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Its number.
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// Runs one task, if there is one.
    pub(crate) fn step(&self) -> Step {
        if self.until_events.count() {
            self.poll_driver();
        }
        match self.next_task() {
            Some(task) => {
                self.run_task(task);
                Step::Ran
            }
            None if self.yielded.get().is_some() => {
                self.poll_driver();
                Step::Yielded
            }
            None => Step::Idle,
        }
    }

    /// Runs tasks until there is none that can go on and has not yielded, at most as many as between two looks at the
    /// reactor. Says what the last of them came to.
    pub(crate) fn round(&self) -> Step {
        let turns = 0..self.shared.config.event_interval;
        turns.map(|_| self.step()).find(|step| *step != Step::Ran).unwrap_or(Step::Ran)
    }

    /// Sleeps in the reactor until there may be something to do. `has_more` is asked, after the worker was
    /// announced asleep, whether there is something that is in no queue.
    pub(crate) fn park(&self, has_more: impl Fn() -> bool) {
        let idle = &self.shared.idle;
        idle.begin_sleep(self.searching.take());
        if self.shared.has_work() || self.shared.is_ending() || has_more() {
            idle.sleep_to_search();
            self.searching.set(true);
            return;
        }
        self.count_busy();
        count(&self.remote().park_unparks);
        let timeout = self.lifo_candidate.get().map(|_| LIFO_STEAL_DELAY);
        let mut wakers = WakeList::new();
        let turn = self.sleep(timeout, &mut wakers);
        idle.end_sleep();
        count(&self.remote().park_unparks);
        self.begin_busy();
        // A notification hands its claim over; at the end it is only a call to stop.
        self.searching.set(turn.notified && !self.shared.is_ending());
        self.wake_all(&mut wakers);
        self.wake_for_own();
    }

    /// Queues a task that was woken on this worker's thread. True: one went into the ring by that, and a worker that
    /// sleeps is to be woken for it ([`Shared::wake_one`]).
    #[inline]
    #[must_use]
    pub(crate) fn push_woken(&self, task: Runnable) -> bool {
        if let RunQueue::Unshared(_) = self.own {
            self.push_back(task);
            return false;
        }
        let Some(former) = self.remote().lifo.put(task) else { return false };
        self.push_back(former);
        !self.waking.get()
    }

    /// Queues a task at the end of the worker's own, and wakes nobody.
    #[inline]
    fn push_back(&self, task: Runnable) {
        self.own.push(task, |overflow| {
            if let Err(refused) = self.shared.injector.push_all(overflow) {
                refused.for_each(cancel_unscheduled);
            }
        });
        self.show_own();
    }

    /// Takes the oldest of the worker's own tasks.
    #[inline]
    fn pop_own(&self) -> Option<Runnable> {
        let task = self.own.pop();
        self.show_own();
        task
    }

    /// Lets others see how many tasks are in a queue that is not theirs to see.
    #[inline]
    fn show_own(&self) {
        if let RunQueue::Unshared(_) = self.own {
            self.remote().queued.store(self.own.len(), Relaxed);
        }
    }

    /// Wakes a worker that sleeps, if there is something for it to steal.
    fn wake_for_own(&self) {
        if self.own.len() > 0 {
            self.shared.wake_one();
        }
    }

    /// The next task to run.
    fn next_task(&self) -> Option<Runnable> {
        if self.until_injector.count()
            && let Some(task) = self.next_injected()
        {
            return Some(task);
        }
        self.next_local().or_else(|| self.next_injected()).or_else(|| self.search())
    }

    /// Whether the oldest of the worker's own tasks has yielded since the last look at the reactor, or one before it has.
    #[inline]
    fn is_at_yielded(&self) -> bool {
        // The head may be past it: thieves and an overflow take tasks, too.
        let passed = |yielded: u32| self.own.head().wrapping_sub(yielded) <= u32::MAX / 2;
        self.yielded.get().is_some_and(passed)
    }

    /// The task that ran last yielded, and is to be queued.
    #[inline]
    fn note_yielded(&self) {
        if self.yielded.get().is_none() && self.shared.idle.sleeping() == 0 {
            self.yielded.set(Some(self.own.tail()));
        }
    }

    /// The next task of this worker's own.
    #[inline]
    fn next_local(&self) -> Option<Runnable> {
        let lifo_polls = self.lifo_polls.get();
        if let Some(task) = self.remote().lifo.take() {
            if lifo_polls < MAX_LIFO_POLLS {
                self.lifo_polls.set(lifo_polls + 1);
                return Some(task);
            }
            self.push_back(task);
        }
        self.lifo_polls.set(0);
        if self.is_at_yielded() { None } else { self.pop_own() }
    }

    /// A task of the injector, and this worker's share of what is in it.
    fn next_injected(&self) -> Option<Runnable> {
        let free = self.own.free_slots() as usize;
        let workers = self.shared.remotes.len();
        self.shared.injector.pop_share(workers, free, |task| self.push_back(task))
    }

    /// A task of another worker.
    fn search(&self) -> Option<Runnable> {
        let workers = self.shared.remotes.len();
        if workers == 1 || self.yielded.get().is_some() {
            return None;
        }
        let RunQueue::Ring(own) = &self.own else { return None };
        if !self.searching.get() {
            if !self.shared.idle.try_begin_search() {
                return None;
            }
            self.searching.set(true);
        }
        let first = self.random_below(workers);
        let others = || (first..workers).chain(0..first).filter(|&other| other != self.index);
        for other in others() {
            if let Some(batch) = self.shared.remotes[other].ring.steal() {
                count(&self.remote().steals);
                return own.accept(batch);
            }
        }
        self.next_injected().or_else(|| self.search_lifo_slots(others()))
    }

    /// The last pass of a search: the LIFO slot of a worker that was seen in the same poll before. Remembers the
    /// first filled slot that it leaves alone.
    fn search_lifo_slots(&self, others: impl Iterator<Item = usize>) -> Option<Runnable> {
        let lifo_candidate = self.lifo_candidate.take();
        for other in others {
            let remote = &self.shared.remotes[other];
            if remote.lifo.is_filled() {
                let seen = (other, remote.polls.load(Relaxed));
                if lifo_candidate == Some(seen) {
                    return remote.lifo.take();
                }
                self.lifo_candidate.set(Some(seen));
                return None;
            }
        }
        None
    }

    /// Polls a task.
    fn run_task(&self, task: Runnable) {
        self.lifo_candidate.set(None);
        if self.searching.take() {
            self.end_search();
        } else if self.own.len() > 0 {
            self.shared.wake_one_unfenced();
        }
        let (id, spawned_at) = (Some(task.id()), task.spawned_at());
        if let RunResult::Woken(task) = self.poll(id, spawned_at, || task.run()) {
            if self.yields.get() {
                self.note_yielded();
            }
            self.push_back(task);
        }
    }

    /// Calls `poll` under a budget, and lets others see whose poll it is and how long it lasts: that of a task, or that
    /// of a `block_on` that was called at `place`.
    #[inline]
    pub(crate) fn poll<R>(
        &self,
        task: Option<Id>,
        place: &'static Location<'static>,
        poll: impl FnOnce() -> R,
    ) -> R {
        let remote = self.remote();
        count(&remote.polls);
        remote.polling.set(task, place);
        let _polled = PollGuard(self);
        coop::with_budget(poll)
    }

    /// Gives a claim to search up, and passes it on when there is more work.
    fn end_search(&self) {
        if self.shared.idle.end_search() && self.shared.has_work() {
            self.shared.wake_one_unfenced();
        }
    }

    /// From now on the time counts as busy: a thread takes the worker over, or the worker wakes up.
    pub(super) fn begin_busy(&self) {
        self.busy.begin(sys::clock::now());
    }

    /// Counts the time up to now as busy.
    pub(super) fn count_busy(&self) {
        self.busy.count(sys::clock::now(), &self.remote().busy);
    }

    /// Looks at reactor and timers without waiting, between two polls.
    pub(crate) fn poll_driver(&self) {
        self.count_busy();
        self.until_events.restart();
        self.yielded.set(None);
        let mut wakers = WakeList::new();
        let turn = self.turn(Some(Duration::ZERO), &mut wakers);
        self.wake_all(&mut wakers);
        if turn.notified && !self.shared.is_ending() {
            // The claim of a sleeper that woke up otherwise: this worker has work, so it passes the claim on.
            self.end_search();
        }
        self.wake_for_own();
    }

    /// One turn of reactor and timers that has nothing else to do. While the clock is paused that moves it, unless a
    /// blocking call goes on, whose end would come too late then.
    fn sleep(&self, timeout: Option<Duration>, wakers: &mut WakeList) -> Turn {
        let Shared { driver, pools, .. } = &*self.shared;
        if driver.is_paused() && pools.are_idle() {
            return self.unwrap_turn(driver.turn_paused(wakers));
        }
        self.turn(timeout, wakers)
    }

    /// One turn of reactor and timers.
    fn turn(&self, timeout: Option<Duration>, wakers: &mut WakeList) -> Turn {
        self.unwrap_turn(self.shared.driver.turn(timeout, wakers))
    }

    /// What a turn brought: nothing when it failed, which is logged once until one succeeds.
    #[inline]
    fn unwrap_turn(&self, turn: io::Result<Turn>) -> Turn {
        match turn {
            Ok(turn) => {
                self.failing.set(false);
                turn
            }
            Err(error) => {
                if !self.failing.replace(true) {
                    let _ = catch_panic(
                        || tracing::error!(%error, "the reactor cannot wait for events"),
                    );
                }
                Turn::default()
            }
        }
    }

    /// Wakes what the reactor found. A waker that panics concerns nobody here.
    fn wake_all(&self, wakers: &mut WakeList) {
        self.waking.set(true);
        wakers.wake_all_catching();
        self.waking.set(false);
    }

    /// The poll under way is about to block: what it woke last goes where others find it, and no poll is shown, as this
    /// one is meant to last. Gives what was shown.
    pub(super) fn begin_blocking(&self) -> Option<(Option<Id>, &'static Location<'static>)> {
        let remote = self.remote();
        if let Some(task) = remote.lifo.take() {
            self.push_back(task);
        }
        self.wake_for_own();
        let polled = remote.polling.read();
        remote.polling.clear();
        polled
    }

    /// The poll that blocked goes on.
    pub(super) fn end_blocking(&self, polled: Option<(Option<Id>, &'static Location<'static>)>) {
        if let Some((task, place)) = polled {
            self.remote().polling.set(task, place);
        }
    }

    /// Cancels what is in this worker's queues; at the end of its life.
    pub(crate) fn cancel_queued(&self) {
        while let Some(task) = self.remote().lifo.take().or_else(|| self.pop_own()) {
            match self.own {
                RunQueue::Ring(_) => cancel_unscheduled(task),
                // At once: the end of a local runtime waits for its tasks, and inside of another's end `cancel_unscheduled` would put them off.
                RunQueue::Unshared(_) => drop(task),
            }
        }
    }

    /// The part of this worker that others see.
    #[inline]
    fn remote(&self) -> &Remote {
        &self.shared.remotes[self.index]
    }

    /// A random number below `end`.
    fn random_below(&self, end: usize) -> usize {
        self.random.borrow_mut().usize(..end)
    }
}

/// Says that a poll ended, by a panic too.
struct PollGuard<'a>(&'a Worker);

impl Drop for PollGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        let remote = self.0.remote();
        remote.polling.clear();
        let yields = coop::take_yield();
        self.0.yields.set(yields != Yield::No);
        if yields == Yield::Forced {
            count(&remote.forced_yields);
        }
    }
}

/// Counts polls down, again and again.
#[derive(Debug)]
pub(super) struct Countdown {
    /// From where.
    interval: u32,
    /// How many are left.
    left: Cell<u32>,
}

impl Countdown {
    /// A full count.
    pub(super) fn new(interval: u32) -> Self {
        Self { interval, left: Cell::new(interval) }
    }

    /// Begins again with a full count.
    #[inline]
    pub(super) fn restart(&self) {
        self.left.set(self.interval);
    }

    /// Counts a turn. True for the last one of each interval.
    #[inline]
    pub(super) fn count(&self) -> bool {
        let left = self.left.get().saturating_sub(1);
        self.left.set(if left == 0 { self.interval } else { left });
        left == 0
    }
}

/// Counts one up. Only one thread writes the counter, so it needs no read-modify-write.
#[inline]
fn count(counter: &std::sync::atomic::AtomicU64) {
    counter.store(counter.load(Relaxed).wrapping_add(1), Relaxed);
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("index", &self.index).finish_non_exhaustive()
    }
}
