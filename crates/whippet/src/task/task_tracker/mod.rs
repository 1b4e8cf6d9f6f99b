//! Waiting until a changing number of tasks has ended, without their outputs.
//!
//! One word counts the tasks and says whether the tracker is closed; the thread that brings it to "closed, and no task" wakes
//! all who wait.

mod future;

#[cfg(all(test, loom))]
mod loom_tests;

pub use self::future::{TaskTrackerToken, TaskTrackerWaitFuture, TrackedFuture};

use super::{JoinHandle, LocalSet};
use crate::large::boxed_if_large;
use crate::loom::atomic::AtomicUsize;
use crate::loom::atomic::Ordering::{AcqRel, Acquire};
use crate::runtime::Handle;
use crate::sync::Notify;
use std::fmt;
use std::sync::Arc;

/// No task comes in any more, as far as those are concerned who wait.
const CLOSED: usize = 1;
/// One task.
const TASK: usize = 2;

/// Counts tasks, and waits until there is none: for a graceful shutdown.
///
/// Unlike a [`JoinSet`](super::JoinSet) it keeps no outputs, so a program that never waits leaks nothing. Clones count
/// together. [`TaskTracker::wait`] is over when the tracker is [closed](TaskTracker::close) *and* no task is left: while
/// it is open the next task may be about to come. Closing refuses no task.
///
/// Together with a [`CancellationToken`](super::CancellationToken), which tells the tasks to end, it ends a server:
///
/// # Examples
/// ```
/// use whippet::task::{CancellationToken, TaskTracker};
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
/// for _ in 0..10 {
///     let stop = stop.clone();
///     tasks.spawn(async move { stop.cancelled().await });
/// }
/// tasks.close();
/// stop.cancel();
/// tasks.wait().await;
/// assert!(tasks.is_empty());
/// # });
/// ```
#[derive(Clone, Default)]
pub struct TaskTracker {
    /// What the clones share.
    shared: Arc<Shared>,
}

/// What the clones of a tracker share.
#[derive(Default)]
struct Shared {
    /// `{ tasks, CLOSED }`. Changed by tokens that come and go, and by `close` and `reopen`. There is room for 2⁶³ tasks, each of
    /// which has a reference to this: `Arc` ends the process at as many.
    word: AtomicUsize,
    /// Told when the word comes to [`CLOSED`] alone.
    ended: Notify,
}

impl Shared {
    /// Counts a task.
    fn add(&self) {
        // AcqRel: a part of the chain of changes; see `remove`.
        self.word.fetch_add(TASK, AcqRel);
    }

    /// A task is gone.
    fn remove(&self) {
        // AcqRel: release hands what the task did to the task that sees the tracker empty (Acquire in `is_over`); acquire
        // takes over what the others did, for those whom this call wakes.
        if self.word.fetch_sub(TASK, AcqRel) == TASK | CLOSED {
            self.ended.notify_waiters();
        }
    }

    /// The word.
    fn word(&self) -> usize {
        // Acquire: pairs with `remove`.
        self.word.load(Acquire)
    }

    /// Whether the tracker is closed and no task is left.
    fn is_over(&self) -> bool {
        self.word() == CLOSED
    }
}

impl TaskTracker {
    /// An open tracker without tasks.
    ///
    /// ```
    /// let tasks = whippet::task::TaskTracker::new();
    /// assert!(tasks.is_empty() && !tasks.is_closed());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits until the tracker is closed and no task is left. A moment at which that was so is enough, even if it was
    /// reopened or another task came before the future was polled.
    ///
    /// # Cancel safety
    /// Cancel safe: there is nothing to lose.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let tasks = whippet::task::TaskTracker::new();
    /// let task = tasks.spawn(async { 7 });
    /// tasks.close();
    /// tasks.wait().await;
    /// assert!(task.is_finished());
    /// # });
    /// ```
    pub fn wait(&self) -> TaskTrackerWaitFuture<'_> {
        TaskTrackerWaitFuture::new(self)
    }

    /// Lets those who wait go on as soon as no task is left. False: it was closed already.
    ///
    /// ```
    /// let tasks = whippet::task::TaskTracker::new();
    /// assert!(tasks.close());
    /// assert!(!tasks.close());
    /// assert!(tasks.is_closed());
    /// ```
    #[expect(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn close(&self) -> bool {
        let before = self.shared.word.fetch_or(CLOSED, AcqRel);
        if before == 0 {
            self.shared.ended.notify_waiters();
        }
        before & CLOSED == 0
    }

    /// Lets those who wait wait again, even when no task is left. False: it was open already.
    ///
    /// ```
    /// let tasks = whippet::task::TaskTracker::new();
    /// tasks.close();
    /// assert!(tasks.reopen());
    /// assert!(!tasks.is_closed());
    /// ```
    #[expect(clippy::must_use_candidate, reason = "it is called for what it does")]
    pub fn reopen(&self) -> bool {
        self.shared.word.fetch_and(!CLOSED, AcqRel) & CLOSED != 0
    }

    /// Whether it is closed.
    ///
    /// ```
    /// let tasks = whippet::task::TaskTracker::new();
    /// assert!(!tasks.is_closed());
    /// tasks.close();
    /// assert!(tasks.is_closed());
    /// ```
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.word() & CLOSED != 0
    }

    /// How many tasks there are, or more precisely [tokens](TaskTracker::token).
    ///
    /// ```
    /// let tasks = whippet::task::TaskTracker::new();
    /// let token = tasks.token();
    /// assert_eq!(tasks.len(), 1);
    /// drop(token);
    /// assert!(tasks.is_empty());
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.word() / TASK
    }

    /// Whether there is no task.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let tasks = whippet::task::TaskTracker::new();
    /// let task = tasks.spawn(async {});
    /// assert!(!tasks.is_empty());
    /// task.await.unwrap();
    /// assert!(tasks.is_empty());
    /// # });
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Spawns a task on the current runtime and counts it.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let tasks = whippet::task::TaskTracker::new();
    /// let task = tasks.spawn(async { 7 });
    /// assert_eq!(tasks.len(), 1);
    /// assert_eq!(task.await.unwrap(), 7);
    /// assert_eq!(tasks.len(), 0);
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        boxed_if_large!(Box::pin(future: F) => Handle::of_call("TaskTracker::spawn").spawn(self.track_future(future)))
    }

    /// Spawns a task on the runtime behind `handle` and counts it.
    ///
    /// ```
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// let tasks = whippet::task::TaskTracker::new();
    /// let task = tasks.spawn_on(async { 7 }, runtime.handle());
    /// assert_eq!(tasks.len(), 1);
    /// assert_eq!(runtime.block_on(task).unwrap(), 7);
    /// # std::io::Result::Ok(())
    /// ```
    #[track_caller]
    pub fn spawn_on<F>(&self, future: F, handle: &Handle) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        boxed_if_large!(Box::pin(future: F) => handle.spawn(self.track_future(future)))
    }

    /// Runs `work` on a thread where it may block, and counts it until it has returned: see
    /// [`spawn_blocking`](super::spawn_blocking).
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let tasks = whippet::task::TaskTracker::new();
    /// let sum = tasks.spawn_blocking(|| (1..=100).sum::<u32>());
    /// tasks.close();
    /// tasks.wait().await;
    /// assert_eq!(sum.await.unwrap(), 5_050);
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, work: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        boxed_if_large!(Box::new(work: F) => Handle::of_call("TaskTracker::spawn_blocking").spawn_blocking(self.tracked(work)))
    }

    /// Runs `work` on a thread of the runtime behind `handle`, and counts it: see [`TaskTracker::spawn_blocking`].
    ///
    /// ```
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// let tasks = whippet::task::TaskTracker::new();
    /// let sum = tasks.spawn_blocking_on(|| (1..=100).sum::<u32>(), runtime.handle());
    /// tasks.close();
    /// runtime.block_on(tasks.wait());
    /// assert_eq!(runtime.block_on(sum).unwrap(), 5_050);
    /// # std::io::Result::Ok(())
    /// ```
    #[track_caller]
    pub fn spawn_blocking_on<F, R>(&self, work: F, handle: &Handle) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        boxed_if_large!(Box::new(work: F) => handle.spawn_blocking(self.tracked(work)))
    }

    /// Spawns a task that stays on this thread, and counts it: see [`spawn_local`](super::spawn_local).
    ///
    /// # Panics
    /// Outside of a [`LocalSet`] and of a local runtime.
    ///
    /// ```
    /// use std::rc::Rc;
    /// use whippet::{runtime::LocalRuntime, task::TaskTracker};
    ///
    /// LocalRuntime::new()?.block_on(async {
    ///     let tasks = TaskTracker::new();
    ///     let task = tasks.spawn_local(async { Rc::new(7) });
    ///     tasks.close();
    ///     tasks.wait().await;
    ///     assert_eq!(*task.await.unwrap(), 7);
    /// });
    /// # std::io::Result::Ok(())
    /// ```
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        boxed_if_large!(Box::pin(future: F) => super::spawn_local(self.track_future(future)))
    }

    /// Spawns a task into `local_set`, on whose thread it stays, and counts it.
    ///
    /// ```
    /// use std::rc::Rc;
    /// use whippet::task::{LocalSet, TaskTracker};
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (local_set, tasks) = (LocalSet::new(), TaskTracker::new());
    /// let task = tasks.spawn_local_on(async { Rc::new(7) }, &local_set);
    /// tasks.close();
    /// local_set.run_until(tasks.wait()).await;
    /// assert_eq!(*task.await.unwrap(), 7);
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn_local_on<F>(&self, future: F, local_set: &LocalSet) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        boxed_if_large!(Box::pin(future: F) => local_set.spawn_local(self.track_future(future)))
    }

    /// Counts a future from this call until it is dropped, whichever task polls it.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let tasks = whippet::task::TaskTracker::new();
    /// let mut future = Box::pin(tasks.track_future(async { 7 }));
    /// assert_eq!(future.as_mut().await, 7);
    /// assert_eq!(tasks.len(), 1);
    /// drop(future);
    /// assert_eq!(tasks.len(), 0);
    /// # });
    /// ```
    pub fn track_future<F: Future>(&self, future: F) -> TrackedFuture<F> {
        TrackedFuture::new(future, self.token())
    }

    /// Counts as a task until it is dropped: for what is no future.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let tasks = whippet::task::TaskTracker::new();
    /// let token = tasks.token();
    /// // Work outside of the runtime.
    /// let thread = std::thread::spawn(move || drop(token));
    /// tasks.close();
    /// tasks.wait().await;
    /// assert!(tasks.is_empty());
    /// # thread.join().unwrap();
    /// # });
    /// ```
    pub fn token(&self) -> TaskTrackerToken {
        TaskTrackerToken::new(self.clone())
    }

    /// Whether the two are clones of one tracker.
    ///
    /// ```
    /// use whippet::task::TaskTracker;
    ///
    /// let tasks = TaskTracker::new();
    /// assert!(TaskTracker::ptr_eq(&tasks, &tasks.clone()));
    /// assert!(!TaskTracker::ptr_eq(&tasks, &TaskTracker::new()));
    /// ```
    #[must_use]
    pub fn ptr_eq(one: &Self, other: &Self) -> bool {
        Arc::ptr_eq(&one.shared, &other.shared)
    }

    /// Work that is counted until it has returned or is dropped.
    fn tracked<R, F: FnOnce() -> R>(&self, work: F) -> impl FnOnce() -> R + use<R, F> {
        let token = self.token();
        move || {
            let result = work();
            drop(token);
            result
        }
    }
}

impl fmt::Debug for TaskTracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.shared.word();
        f.debug_struct("TaskTracker")
            .field("len", &(word / TASK))
            .field("is_closed", &(word & CLOSED != 0))
            .finish_non_exhaustive()
    }
}
