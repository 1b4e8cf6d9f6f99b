//! Tasks that stay on one thread, and so need not be `Send`: their queue, and who polls them.
//!
//! ```text
//!   wake, on any thread ──► queue ──► run, in `poll` of the owner's future, on the owner's thread
//!   the same, of a local runtime ──► queue ──► in a poll of its `block_on` ──┐
//!   wake on its own thread ──────────────────────────────────────────────────┴──► its worker's queue ──► turn
//! ```
//! The owner's end is [`LocalTasks`], which does not leave its thread. What the tasks' wakers hold is [`SharedQueue`]: it
//! takes runnables from any thread and neither runs nor drops one, so that a future is polled and dropped on its own
//! thread whatever wakes or aborts it.
//!
//! *The end.* All tasks are cancelled: those that were idle at once, those in the queue when they are taken out. One may be
//! in neither: a waker elsewhere took the right to its poll, and is about to push it. It runs no user code in between, so
//! the owner waits for these few instructions, until no task lives and the queue is empty.

mod current;
#[cfg(all(test, loom))]
mod loom_tests;
mod shared_queue;

pub(crate) use self::current::{EnteredLocal, polls_set};

use self::shared_queue::{DriverId, SharedQueue};
use super::cancel::cancel_unscheduled;
use super::context;
use super::shared::Shared;
use super::task::{Id, JoinHandle, RunResult, Schedule, Spawned};
use super::worker::Worker;
use crate::coop::{self, Yield};
use crate::loom::yield_now;
use pin_project_lite::pin_project;
use std::fmt;
use std::marker::{PhantomData, PhantomPinned};
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

/// Turns in one poll of the owner, which then lets others go first: as many as between two looks at the reactor.
const MAX_POLLS: usize = 61;
/// The owner's end of tasks that stay on its thread; it stays there too.
#[derive(Debug)]
pub(crate) struct LocalTasks {
    /// What the tasks hold of it.
    queue: Arc<SharedQueue>,
    /// The set's own future, as one of the drivers.
    driver: DriverId,
    /// It belongs to this thread.
    not_send: PhantomData<*const ()>,
}

impl LocalTasks {
    /// No task, of a set. Drivers run them.
    pub(crate) fn new() -> Rc<Self> {
        Self::with_queue(SharedQueue::new(Weak::new()))
    }

    /// No task, of a local runtime that is made on this thread and stays there. Its worker runs them.
    pub(crate) fn of_new_runtime(shared: &Arc<Shared>) -> Rc<Self> {
        let tasks = Self::with_queue(SharedQueue::new(Arc::downgrade(shared)));
        current::remember(&tasks);
        tasks
    }

    fn with_queue(queue: SharedQueue) -> Rc<Self> {
        let queue = Arc::new(queue);
        let driver = queue.add_driver();
        Rc::new(Self { queue, driver, not_send: PhantomData })
    }

    /// Those among which `spawn_local` on this thread puts its own.
    pub(crate) fn current() -> Option<Rc<Self>> {
        current::current()
    }

    /// Those of a runtime, if it is a local one that was made on this thread.
    pub(crate) fn of_runtime(shared: &Arc<Shared>) -> Option<Rc<Self>> {
        current::of_runtime(shared)
    }

    /// Whether they are those of a runtime.
    fn is_of(&self, shared: &Arc<Shared>) -> bool {
        self.queue.runtime() == Arc::as_ptr(shared)
    }

    /// Lets `spawn_local` on this thread belong to these.
    pub(crate) fn enter(self: &Rc<Self>) -> EnteredLocal {
        current::enter(self)
    }

    /// How many tasks live.
    pub(crate) fn len(&self) -> usize {
        self.queue.owned.len()
    }

    /// Makes a task of `future` and queues it. When the owner is gone, the task is cancelled at once.
    pub(crate) fn spawn<F>(
        &self,
        future: F,
        at: &'static Location<'static>,
    ) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let (id, scheduler) = (Id::next(), Arc::clone(&self.queue));
        // SAFETY: `self` is not `Send`, so this is the owner's thread. Runnables come to the queue, which takes them from any
        // thread and neither runs nor drops one; they are taken out by `self`, on the owner's thread. Or, on a thread that
        // drives the worker of the runtime that these tasks belong to, they come to that worker's own queue: the runtime is a
        // local one, made on this thread and never sent to another, so that is the owner's thread, and the queue is one
        // that nobody else takes from and that has no overflow (`RunQueue::Unshared`). No task lives when `self` is gone:
        // `end`, which the drop calls, waits for that, and the queue is empty and stays so.
        let spawned = unsafe { Spawned::new_local(future, scheduler, id, at) };
        let (runnable, handle, _) = self.queue.owned.insert(0, spawned);
        if self.queue.is_closed() {
            cancel_unscheduled(runnable);
        } else {
            let destination = Schedule::destination(&self.queue);
            <Arc<SharedQueue> as Schedule>::schedule(destination, runnable);
        }
        handle
    }

    /// Runs tasks that can go on. Pending: none is left that can, and the task behind `cx` is woken for the
    /// next one (or at once, to let others go first); ready: no task lives.
    pub(crate) fn poll(self: &Rc<Self>, cx: &mut Context<'_>) -> Poll<()> {
        let yields = self.run_ready(cx);
        if self.len() == 0 {
            return Poll::Ready(());
        }
        if !yields {
            self.wait(self.driver, cx);
        }
        Poll::Pending
    }

    /// Runs tasks that can go on, until none is left that has not yielded. When some did, the task behind `cx`
    /// yields as well (true): they come again when its worker has looked at the driver.
    fn run_ready(self: &Rc<Self>, cx: &Context<'_>) -> bool {
        let _polls = current::poll_set();
        // What the owner's own poll noted so far is kept for the caller that polls the owner.
        let mut yields = coop::take_yield();
        // How many tasks are in front of the first that yielded.
        let mut ahead = None;
        for _ in 0..MAX_POLLS {
            if ahead == Some(0) {
                break;
            }
            let Some(task) = self.queue.pop() else { break };
            ahead = ahead.map(|count| count - 1);
            let entered = current::enter_for_poll(self);
            let ran = coop::with_budget(|| task.run());
            drop(entered);
            let why = coop::take_yield();
            yields = yields.max(why);
            if let RunResult::Woken(task) = ran {
                let before = self.queue.push(task);
                if why != Yield::No {
                    ahead.get_or_insert(before);
                }
            }
        }
        coop::note_yield(yields);
        if ahead.is_some() {
            coop::yield_task(cx.waker(), yields);
        }
        ahead.is_some()
    }

    /// Hands the tasks that other threads have woken to the worker that this thread drives.
    fn move_to_worker(&self, worker: &Worker) {
        while let Some(task) = self.queue.pop() {
            let _nobody_sleeps_beside_it = worker.push_woken(task);
        }
    }

    /// Has the task behind `cx` woken for the next task that comes in, at once if there is one.
    fn wait(&self, driver: DriverId, cx: &Context<'_>) {
        if !self.queue.wait(driver, cx.waker()) {
            coop::yield_task(cx.waker(), Yield::Asked);
        }
    }

    /// Cancels all tasks, those too that are spawned meanwhile; what is spawned later is cancelled at once. Called while
    /// no task is in its poll, which would wait for itself, and none is in the queue of a worker.
    pub(crate) fn end(&self) {
        let queue = &self.queue;
        self.cancel();
        loop {
            while let Some(task) = queue.pop() {
                drop(task);
            }
            // The list is closed: once no task lives, none will be woken, and what is spawned goes into the queue.
            if queue.owned.len() == 0 && queue.close_if_empty() {
                return;
            }
            yield_now();
        }
    }
}

impl LocalTasks {
    /// Cancels all tasks, and drops those that are idle.
    pub(crate) fn cancel(&self) {
        self.queue.owned.close().into_iter().for_each(drop);
    }
}

impl Drop for LocalTasks {
    fn drop(&mut self) {
        self.end();
    }
}

pin_project! {
    /// Polls a future among its local tasks, which run meanwhile.
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub(crate) struct RunUntil<F> {
        // The tasks, and which of their drivers this is.
        tasks: DriverGuard,
        // The future.
        #[pin]
        future: F,
        // It is never `Unpin`, as if `LocalSet::run_until` were an `async fn`.
        #[pin]
        pinned: PhantomPinned,
    }
}

/// The part of a driver in its tasks; leaves no waker behind.
struct DriverGuard {
    /// The tasks.
    tasks: Rc<LocalTasks>,
    /// The driver.
    driver: DriverId,
}

impl Drop for DriverGuard {
    fn drop(&mut self) {
        self.tasks.queue.remove_driver(self.driver);
    }
}

impl<F> RunUntil<F> {
    /// Polls `future` among these.
    pub(crate) fn new(tasks: &Rc<LocalTasks>, future: F) -> Self {
        let driver = tasks.queue.add_driver();
        Self {
            tasks: DriverGuard { tasks: Rc::clone(tasks), driver },
            future,
            pinned: PhantomPinned,
        }
    }
}

impl<F: Future> Future for RunUntil<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let DriverGuard { tasks, driver } = this.tasks;
        let entered = (current::enter_for_poll(tasks), current::poll_set());
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(output);
        }
        drop(entered);
        if !tasks.run_ready(cx) {
            // Whether tasks are left or not, it is the future that is waited for, and the next task may come from elsewhere.
            tasks.wait(*driver, cx);
        }
        Poll::Pending
    }
}

pin_project! {
    /// The future of a local runtime's `block_on`: whenever it is polled, what other threads have woken of the local tasks goes to
    /// the worker, which runs them.
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub(crate) struct BlockOnLocal<F> {
        // The tasks, and which of their drivers this is.
        tasks: DriverGuard,
        // The future.
        #[pin]
        future: F,
    }
}

impl<F> BlockOnLocal<F> {
    /// Polls `future` in the runtime of these.
    pub(crate) fn new(tasks: &Rc<LocalTasks>, future: F) -> Self {
        let driver = tasks.queue.add_driver();
        Self { tasks: DriverGuard { tasks: Rc::clone(tasks), driver }, future }
    }
}

impl<F: Future> Future for BlockOnLocal<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let DriverGuard { tasks, driver } = this.tasks;
        context::with_worker(|worker| worker.map(|worker| tasks.move_to_worker(worker)));
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(output);
        }
        tasks.wait(*driver, cx);
        Poll::Pending
    }
}

impl<F> fmt::Debug for RunUntil<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunUntil").finish_non_exhaustive()
    }
}
