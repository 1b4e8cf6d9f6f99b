//! Threads for calls that block: files, name look-ups, long computations.
//!
//! A job is a task that is polled once, on a thread that may block. A thread that has nothing to do waits for a
//! while, then ends. The protocol between the one who brings a job and the threads, all under one lock:
//!
//! - a job goes into the queue; if a thread waits that nobody has claimed yet, it is claimed and signalled; else,
//!   below the limit, a thread is started; else a busy one will come to it;
//! - a waiting thread goes on when there is a claim, which it takes, or when its time is up and there is none:
//!   so a signal that crosses with a thread's leaving is not lost;
//! - when the system has no thread to give, or a hook at the start of one panics, the job stays for the threads that
//!   there are; when there are none at all, it is cancelled, and its join handle says so;
//! - when the pool is closed no job comes in; the threads run what is in the queue and end. What has not begun when the time
//!   of the runtime's end is up is cancelled.
//!
//! A job may be mandatory: a write that a caller believes to be made, say. It comes before the others, and is run although
//! the pool is closed before it has begun, for as long as the process lives.
//!
//! The queue is bounded by the number of join handles and detached jobs that the program makes, as for `spawn`;
//! a program that takes work from outside bounds it there.

use super::cancel::cancel_unscheduled;
use super::task::{OwnedRef, RunResult, Runnable, Schedule};
use crate::loom::{Condvar, Mutex, MutexGuard};
use crate::unwind::catch_panic;
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Starts a thread of the pool.
pub(crate) type StartThread = Box<dyn Fn(Box<dyn FnOnce() + Send>) -> io::Result<()> + Send + Sync>;

/// The pool.
pub(crate) struct Pool {
    /// Jobs and counts.
    state: Mutex<State>,
    /// Signalled for a claimed thread, and at the end for all.
    job: Condvar,
    /// Signalled when the last thread ends.
    ended: Condvar,
    /// Called without the lock when no job is left, neither in the queue nor at work.
    on_idle: Box<dyn Fn() + Send + Sync>,
    /// Starts a thread.
    start_thread: StartThread,
    /// The most threads there may be.
    max_threads: usize,
    /// How long a thread waits for a job before it ends.
    keep_alive: Duration,
}

/// What the lock keeps.
#[derive(Debug, Default)]
struct State {
    /// Jobs that wait, oldest first.
    jobs: VecDeque<Runnable>,
    /// The same of mandatory jobs: who cancels those that have not begun leaves these.
    mandatory: VecDeque<Runnable>,
    /// Threads that exist.
    threads: usize,
    /// Threads that are at a job.
    working: usize,
    /// Threads that wait for a job.
    waiting: usize,
    /// How many of those have been claimed.
    claims: usize,
    /// No job comes in any more, and threads end when the queue is empty.
    closed: bool,
}

/// How many there are of what, at one moment.
#[derive(Debug)]
pub(crate) struct Counts {
    /// Threads.
    pub(crate) threads: usize,
    /// Threads that wait for a job, and are not claimed for one.
    pub(crate) waiting: usize,
    /// Jobs that have not begun.
    pub(crate) queued: usize,
}

impl Pool {
    /// A pool without threads. `on_idle` is called when no job is left.
    pub(crate) fn new(
        max_threads: usize,
        keep_alive: Duration,
        start_thread: StartThread,
        on_idle: impl Fn() + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            job: Condvar::new(),
            ended: Condvar::new(),
            on_idle: Box::new(on_idle),
            start_thread,
            max_threads: max_threads.max(1),
            keep_alive,
        })
    }

    /// Brings a job.
    pub(crate) fn push(self: &Arc<Self>, job: Runnable) {
        self.push_into(|state| &mut state.jobs, job);
    }

    /// Brings a job that is run in any case if it comes before the end.
    pub(crate) fn push_mandatory(self: &Arc<Self>, job: Runnable) {
        self.push_into(|state| &mut state.mandatory, job);
    }

    fn push_into(
        self: &Arc<Self>,
        queue: impl FnOnce(&mut State) -> &mut VecDeque<Runnable>,
        job: Runnable,
    ) {
        let mut state = self.state.lock();
        if state.closed {
            drop(state);
            return cancel_unscheduled(job);
        }
        queue(&mut state).push_back(job);
        if state.waiting > state.claims {
            state.claims += 1;
            self.job.notify_one();
        } else if state.threads < self.max_threads {
            state.threads += 1;
            drop(state);
            self.start();
        }
    }

    /// Starts a thread that was counted already.
    fn start(self: &Arc<Self>) {
        let counted = PendingThread(Some(Arc::clone(self)));
        if let Err(error) = (self.start_thread)(Box::new(move || counted.work())) {
            let _ =
                catch_panic(|| tracing::error!(%error, "no thread to be had for blocking calls"));
        }
    }

    /// A thread that was counted never came to its work. When it was the only one, the jobs are cancelled.
    fn thread_not_started(&self) {
        let mut state = self.state.lock();
        let is_last = state.remove_thread();
        let mut orphans = if is_last { std::mem::take(&mut state.jobs) } else { VecDeque::new() };
        if is_last {
            orphans.append(&mut state.mandatory);
            self.ended.notify_all();
        }
        drop(state);
        if !orphans.is_empty() {
            let jobs = orphans.len();
            let _ = catch_panic(|| {
                tracing::error!(jobs, "blocking calls without a thread are cancelled")
            });
        }
        orphans.into_iter().for_each(cancel_unscheduled);
    }

    /// The life of a thread of the pool.
    fn work(&self) {
        let mut state = self.state.lock();
        loop {
            if let Some(job) = state.next_job() {
                state.working += 1;
                drop(state);
                state = self.run(job);
                continue;
            }
            if state.closed {
                break;
            }
            let go_on;
            (state, go_on) = self.wait_for_job(state);
            if !go_on {
                break;
            }
        }
        // In the same hold of the lock as the decision: a job that comes later starts a thread.
        if state.remove_thread() {
            self.ended.notify_all();
        }
    }

    /// Runs a job that was counted already.
    fn run(&self, job: Runnable) -> MutexGuard<'_, State> {
        if let RunResult::Woken(job) = job.run() {
            // A blocking job is complete after its poll; this one was woken and is not.
            cancel_unscheduled(job);
        }
        let mut state = self.state.lock();
        state.working -= 1;
        if state.is_idle() {
            drop(state);
            (self.on_idle)();
            state = self.state.lock();
        }
        state
    }

    /// Waits until the thread is claimed or the pool closes (true), or its time is up (false).
    fn wait_for_job<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
    ) -> (MutexGuard<'a, State>, bool) {
        state.waiting += 1;
        let unclaimed = |state: &mut State| state.claims == 0 && !state.closed;
        let mut state = self.job.wait_timeout_while(&self.state, state, self.keep_alive, unclaimed);
        state.waiting -= 1;
        let claimed = state.claims > 0;
        if claimed {
            state.claims -= 1;
        }
        let go_on = claimed || state.closed || state.queued() > 0;
        (state, go_on)
    }

    /// Whether no job is left, neither in the queue nor at work.
    pub(crate) fn is_idle(&self) -> bool {
        self.state.lock().is_idle()
    }

    /// How many there are of what.
    pub(crate) fn counts(&self) -> Counts {
        let state = self.state.lock();
        let waiting = state.waiting - state.claims;
        Counts { threads: state.threads, waiting, queued: state.queued() }
    }

    /// Lets no job in any more. Those that are in are run: there is a thread for them, as long as there is time.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        self.job.notify_all();
    }

    /// Cancels the jobs that have not begun and are not mandatory: there is no time for them any more.
    pub(crate) fn cancel_queued(&self) {
        let left = std::mem::take(&mut self.state.lock().jobs);
        left.into_iter().for_each(cancel_unscheduled);
    }

    /// Waits until all threads have ended, at most until `deadline`. False: some are still at a job.
    pub(crate) fn wait_ended(&self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(crate::sys::clock::now());
        let lives = |state: &mut State| state.threads > 0;
        let state = self.state.lock();
        self.ended.wait_timeout_while(&self.state, state, left, lives).threads == 0
    }
}

impl State {
    fn is_idle(&self) -> bool {
        self.queued() == 0 && self.working == 0
    }

    /// How many jobs have not begun.
    fn queued(&self) -> usize {
        self.jobs.len() + self.mandatory.len()
    }

    /// The job that is to begin next.
    fn next_job(&mut self) -> Option<Runnable> {
        self.mandatory.pop_front().or_else(|| self.jobs.pop_front())
    }

    /// A thread ends. True: it was the last one.
    fn remove_thread(&mut self) -> bool {
        self.threads -= 1;
        self.threads == 0
    }
}

/// A thread of the pool that was counted, and did not come to its work yet. Dropped before that it is missed: the system
/// had no thread to give, or a hook at its start panicked.
struct PendingThread(Option<Arc<Pool>>);

impl PendingThread {
    /// The thread is there.
    fn work(mut self) {
        if let Some(pool) = self.0.take() {
            pool.work();
        }
    }
}

impl Drop for PendingThread {
    fn drop(&mut self) {
        if let Some(pool) = self.0.take() {
            pool.thread_not_started();
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("state", &self.state).finish_non_exhaustive()
    }
}

/// Where a blocking job is queued: the pool it was brought to.
pub(crate) struct PoolSchedule(pub(crate) Arc<Pool>);

impl Schedule for PoolSchedule {
    type Destination = Arc<Pool>;

    fn destination(&self) -> Arc<Pool> {
        Arc::clone(&self.0)
    }

    fn schedule(pool: Arc<Pool>, task: Runnable) {
        pool.push(task);
    }

    fn release(&self, _task: &OwnedRef) -> Option<OwnedRef> {
        None
    }
}
