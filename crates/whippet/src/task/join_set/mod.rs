//! A set of tasks, awaited in the order in which they complete.
//!
//! Each task of the set wakes a [`CompletionQueue`] when it is complete: that puts the task's key into the list of
//! the finished, and wakes the task that waits. So the next finished task is found in one step, however many others run.

mod completion_queue;

#[cfg(all(test, loom))]
mod loom_tests;

use self::completion_queue::CompletionQueue;
use super::{AbortHandle, Id, JoinError, JoinHandle, LocalSet};
use crate::coop;
use crate::large::boxed_if_large;
use crate::runtime::Handle;
use crate::unwind::{FirstPanic, drop_catching};
use crate::wake_list::wake;
use slab::Slab;
use std::fmt;
use std::future::poll_fn;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Entries that an empty set keeps memory for; what a peak needed beyond that is given back.
const KEPT: usize = 64;

/// Tasks with outputs of one type, awaited in the order in which they complete.
///
/// Dropping the set aborts all its tasks. [`JoinSet::detach_all`] lets them go on alone.
///
/// # Examples
/// ```
/// use whippet::task::JoinSet;
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let mut set: JoinSet<u32> = JoinSet::new();
/// for number in 0..10 {
///     set.spawn(async move { number });
/// }
/// let mut sum = 0;
/// while let Some(number) = set.join_next().await {
///     sum += number.unwrap();
/// }
/// assert_eq!(sum, 45);
/// # });
/// ```
#[must_use = "the tasks are aborted when the set is dropped"]
pub struct JoinSet<T> {
    /// The tasks that were not joined yet.
    tasks: Slab<JoinHandle<T>>,
    /// Which of them are finished, and who waits.
    completions: CompletionQueue,
}

impl<T> JoinSet<T> {
    /// An empty set.
    ///
    /// ```
    /// let set = whippet::task::JoinSet::<()>::new();
    /// assert!(set.is_empty());
    /// ```
    pub fn new() -> Self {
        Self { tasks: Slab::new(), completions: CompletionQueue::default() }
    }

    /// How many tasks are in the set: running, or finished and not joined.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let mut set = whippet::task::JoinSet::new();
    /// set.spawn(async { 1 });
    /// set.spawn(async { 2 });
    /// set.join_next().await;
    /// assert_eq!(set.len(), 1);
    /// # });
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether there is no task in the set.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let mut set = whippet::task::JoinSet::new();
    /// set.spawn(async { 1 });
    /// assert!(!set.is_empty());
    /// set.join_next().await;
    /// assert!(set.is_empty());
    /// # });
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Aborts all tasks, the others too if one panics: an abort wakes who drives local tasks.
    fn abort_each(&self) {
        let mut panicked = FirstPanic::none();
        for (_, task) in &self.tasks {
            let _ = panicked.call(|| task.abort());
        }
        panicked.pass_on();
    }
}

impl<T: 'static> JoinSet<T> {
    /// Spawns a task on the current runtime and puts it into the set.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let mut set = whippet::task::JoinSet::new();
    /// let task = set.spawn(async { "done" });
    /// assert_eq!(set.join_next_with_id().await.unwrap().unwrap(), (task.id(), "done"));
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        boxed_if_large!(Box::pin(future: F) => self.insert(Handle::of_call("JoinSet::spawn").spawn(future)))
    }

    /// Spawns a task on the runtime behind `handle` and puts it into the set.
    ///
    /// ```
    /// use whippet::{runtime::Builder, task::JoinSet};
    ///
    /// let runtime = Builder::new_current_thread().build().unwrap();
    /// let mut set = JoinSet::new();
    /// set.spawn_on(async { 7 }, runtime.handle());
    /// assert_eq!(runtime.block_on(set.join_all()), [7]);
    /// ```
    #[track_caller]
    pub fn spawn_on<F>(&mut self, future: F, handle: &Handle) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        boxed_if_large!(Box::pin(future: F) => self.insert(handle.spawn(future)))
    }

    /// Runs `work` on a thread where it may block, and puts it into the set: see [`spawn_blocking`](super::spawn_blocking).
    /// Aborting prevents work that has not begun, and does nothing to work that has.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let mut set = whippet::task::JoinSet::new();
    /// set.spawn_blocking(|| (1..=100).sum::<u32>());
    /// assert_eq!(set.join_next().await.unwrap().unwrap(), 5_050);
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F>(&mut self, work: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        boxed_if_large!(Box::new(work: F) => self.insert(Handle::of_call("JoinSet::spawn_blocking").spawn_blocking(work)))
    }

    /// Runs `work` on a thread of the runtime behind `handle`, and puts it into the set: see
    /// [`JoinSet::spawn_blocking`].
    ///
    /// ```
    /// use whippet::{runtime::Builder, task::JoinSet};
    ///
    /// let runtime = Builder::new_current_thread().build().unwrap();
    /// let mut set = JoinSet::new();
    /// set.spawn_blocking_on(|| 7, runtime.handle());
    /// assert_eq!(runtime.block_on(set.join_all()), [7]);
    /// ```
    #[track_caller]
    pub fn spawn_blocking_on<F>(&mut self, work: F, handle: &Handle) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        boxed_if_large!(Box::new(work: F) => self.insert(handle.spawn_blocking(work)))
    }

    /// Spawns a task that stays on this thread, and puts it into the set: see [`spawn_local`](super::spawn_local).
    ///
    /// # Panics
    /// Outside of a [`LocalSet`] and of a local runtime.
    ///
    /// ```
    /// use whippet::{runtime::LocalRuntime, task::JoinSet};
    ///
    /// LocalRuntime::new()?.block_on(async {
    ///     let mut set = JoinSet::new();
    ///     set.spawn_local(async { std::rc::Rc::new(7) });
    ///     assert_eq!(*set.join_all().await[0], 7);
    /// });
    /// # std::io::Result::Ok(())
    /// ```
    #[track_caller]
    pub fn spawn_local<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        boxed_if_large!(Box::pin(future: F) => self.insert(super::spawn_local(future)))
    }

    /// Spawns a task into `local_set`, on whose thread it stays, and puts it into this set too.
    ///
    /// ```
    /// use std::rc::Rc;
    /// use whippet::task::{JoinSet, LocalSet};
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (local_set, mut set) = (LocalSet::new(), JoinSet::new());
    /// set.spawn_local_on(async { Rc::new(7) }, &local_set);
    /// let joined = local_set.run_until(set.join_next()).await;
    /// assert_eq!(*joined.unwrap().unwrap(), 7);
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn_local_on<F>(&mut self, future: F, local_set: &LocalSet) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        boxed_if_large!(Box::pin(future: F) => self.insert(local_set.spawn_local(future)))
    }

    /// Waits until one of the tasks completes, takes it out of the set and gives its output. `None`: the set is empty.
    ///
    /// # Errors
    /// The inner result is that of awaiting a [`JoinHandle`]: the task panicked or was cancelled.
    ///
    /// # Cancel safety
    /// Cancel safe: no task is taken out that is not returned.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let mut set = whippet::task::JoinSet::new();
    /// set.spawn(std::future::pending());
    /// set.spawn(async { 1 });
    /// assert_eq!(set.join_next().await.unwrap().unwrap(), 1);
    /// assert_eq!(set.len(), 1);
    /// # });
    /// ```
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        poll_fn(|cx| self.poll_join_next(cx)).await
    }

    /// The same, with the name of the task. (That of a task that failed is in the error.)
    ///
    /// # Errors
    /// Those of [`JoinSet::join_next`].
    ///
    /// # Cancel safety
    /// Cancel safe: no task is taken out that is not returned.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let mut set = whippet::task::JoinSet::new();
    /// let task = set.spawn(async { 1 });
    /// assert_eq!(set.join_next_with_id().await.unwrap().unwrap(), (task.id(), 1));
    /// # });
    /// ```
    pub async fn join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        poll_fn(|cx| self.poll_join_next_with_id(cx)).await
    }

    /// Takes a task out of the set that has completed, if there is one, and gives its output.
    ///
    /// # Errors
    /// Those of [`JoinSet::join_next`].
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let mut set = whippet::task::JoinSet::new();
    /// set.spawn(async { 1 });
    /// assert!(set.try_join_next().is_none());
    /// whippet::task::yield_now().await;
    /// assert_eq!(set.try_join_next().unwrap().unwrap(), 1);
    /// # });
    /// ```
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.try_join_next_with_id().map(without_id)
    }

    /// The same, with the name of the task.
    ///
    /// # Errors
    /// Those of [`JoinSet::join_next`].
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let mut set = whippet::task::JoinSet::new();
    /// let task = set.spawn(async { 1 });
    /// assert!(set.try_join_next_with_id().is_none());
    /// whippet::task::yield_now().await;
    /// assert_eq!(set.try_join_next_with_id().unwrap().unwrap(), (task.id(), 1));
    /// # });
    /// ```
    pub fn try_join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        let tasks = &self.tasks;
        let key = self.completions.next(|key| is_finished(tasks, key))?;
        Some(self.take(key))
    }

    /// Asks whether a task has completed: `Pending` while none has, and the task behind `cx` is woken when one does;
    /// `Ready(None)` when the set is empty. Only the last caller is woken.
    ///
    /// # Errors
    /// Those of [`JoinSet::join_next`].
    ///
    /// ```
    /// use std::future::poll_fn;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let mut set = whippet::task::JoinSet::new();
    /// set.spawn(async { 1 });
    /// assert_eq!(poll_fn(|cx| set.poll_join_next(cx)).await.unwrap().unwrap(), 1);
    /// assert!(poll_fn(|cx| set.poll_join_next(cx)).await.is_none());
    /// # });
    /// ```
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        self.poll_join_next_with_id(cx).map(|joined| joined.map(without_id))
    }

    /// The same, with the name of the task.
    ///
    /// # Errors
    /// Those of [`JoinSet::join_next`].
    ///
    /// ```
    /// use std::future::poll_fn;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let mut set = whippet::task::JoinSet::new();
    /// let task = set.spawn(async { 1 });
    /// let joined = poll_fn(|cx| set.poll_join_next_with_id(cx)).await;
    /// assert_eq!(joined.unwrap().unwrap(), (task.id(), 1));
    /// # });
    /// ```
    pub fn poll_join_next_with_id(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<(Id, T), JoinError>>> {
        if self.is_empty() {
            return Poll::Ready(None);
        }
        let tasks = &self.tasks;
        let finished = self.completions.poll_next(cx, |key| is_finished(tasks, key));
        finished.map(|key| Some(self.take(key)))
    }

    /// Waits for all tasks and gives their outputs, in the order in which they completed.
    ///
    /// # Panics
    /// With the first task that panicked or was cancelled; the others are aborted.
    ///
    /// # Cancel safety
    /// Not cancel safe: dropping the future aborts the tasks, and drops the outputs that it has.
    ///
    /// ```
    /// use whippet::task::JoinSet;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let set: JoinSet<u32> = (0..3).map(|number| async move { number }).collect();
    /// let mut outputs = set.join_all().await;
    /// outputs.sort();
    /// assert_eq!(outputs, [0, 1, 2]);
    /// # });
    /// ```
    pub async fn join_all(mut self) -> Vec<T> {
        let mut outputs = Vec::with_capacity(self.len());
        while let Some(joined) = self.join_next().await {
            match joined {
                Ok(output) => outputs.push(output),
                Err(error) => match error.try_into_panic() {
                    Ok(payload) => resume_unwind(payload),
                    Err(error) => {
                        panic!(
                            "`JoinSet::join_all`: {error}; where tasks are aborted, use `JoinSet::join_next`"
                        )
                    }
                },
            }
        }
        outputs
    }

    /// Aborts all tasks of the set. They stay in it, to be joined.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let mut set = whippet::task::JoinSet::<()>::new();
    /// set.spawn(std::future::pending());
    /// set.abort_all();
    /// assert!(set.join_next().await.unwrap().unwrap_err().is_cancelled());
    /// # });
    /// ```
    pub fn abort_all(&mut self) {
        self.abort_each();
    }

    /// Aborts all tasks and waits until they are gone. Their outputs and panics are dropped.
    ///
    /// # Cancel safety
    /// Cancel safe: the tasks are aborted by the first poll; those that were not waited for stay in the set.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let mut set = whippet::task::JoinSet::<()>::new();
    /// set.spawn(std::future::pending());
    /// set.shutdown().await;
    /// assert!(set.is_empty());
    /// # });
    /// ```
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while let Some(joined) = self.join_next().await {
            // As with a handle that is dropped: a panic of an output that nobody takes ends there.
            drop_catching(joined);
        }
    }

    /// Takes all tasks out of the set without aborting them: they go on alone.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, receiver) = whippet::sync::oneshot::channel();
    /// let mut set = whippet::task::JoinSet::new();
    /// set.spawn(async { sender.send("alive") });
    /// set.detach_all();
    /// drop(set);
    /// assert_eq!(receiver.await.unwrap(), "alive");
    /// # });
    /// ```
    pub fn detach_all(&mut self) {
        self.tasks.clear();
        self.completions.clear();
    }

    /// Puts a task into the set.
    pub(super) fn insert(&mut self, task: JoinHandle<T>) -> AbortHandle {
        let entry = self.tasks.vacant_entry();
        let waker = self.completions.waker(entry.key());
        let abort = task.abort_handle();
        let is_complete = task.poll_complete(&waker).is_ready();
        entry.insert(task);
        // The task is in the set, whatever the waker does to the task that awaits the next.
        if is_complete {
            wake(Some(waker));
        }
        abort
    }

    /// Takes a finished task out of the set.
    fn take(&mut self, key: usize) -> Result<(Id, T), JoinError> {
        let mut task = self.tasks.remove(key);
        if self.tasks.is_empty() && self.tasks.capacity() > KEPT {
            self.tasks = Slab::new();
        }
        let id = task.id();
        let mut cx = Context::from_waker(Waker::noop());
        match coop::without_budget(|| Pin::new(&mut task).poll(&mut cx)) {
            Poll::Ready(output) => output.map(|output| (id, output)),
            Poll::Pending => unreachable!("a finished task has its output"),
        }
    }
}

/// Whether there is a task under this key that is finished. A key may outlive its task's place in the set, which then
/// belongs to another task or to none.
fn is_finished<T>(tasks: &Slab<JoinHandle<T>>, key: usize) -> bool {
    tasks.get(key).is_some_and(JoinHandle::is_finished)
}

/// The output alone.
fn without_id<T>(joined: Result<(Id, T), JoinError>) -> Result<T, JoinError> {
    joined.map(|(_, output)| output)
}

impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        self.abort_each();
    }
}

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl<T, F> Extend<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    /// Spawns a task for each future.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    #[track_caller]
    fn extend<I: IntoIterator<Item = F>>(&mut self, futures: I) {
        // No closure: a panic in one would not name the caller.
        for future in futures {
            self.spawn(future);
        }
    }
}

impl<T, F> FromIterator<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    /// Spawns a task for each future.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> Self {
        let mut set = Self::new();
        set.extend(futures);
        set
    }
}
