//! Tasks that stay on one thread.

use super::JoinHandle;
use crate::executor::local::{EnteredLocal, LocalTasks, RunUntil};
use crate::executor::runtime_id::Id;
use crate::large::boxed_if_large;
use crate::runtime::Runtime;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// Tasks that stay on the thread of the set, and so need not be `Send`.
///
/// They have their turns while the set is polled: inside of [`LocalSet::run_until`], or when the set itself is awaited,
/// which waits until no task is left. On a multi-thread runtime too they all run on the one thread that polls, as a rule
/// that of `block_on`. Their wakers and abort handles may go to other threads.
///
/// Dropping the set drops the tasks' futures; awaiting their handles then gives a cancelled
/// [`JoinError`](super::JoinError).
///
/// # Examples
/// ```
/// use std::{cell::Cell, rc::Rc};
/// use whippet::task::{LocalSet, spawn_local, yield_now};
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let count = Rc::new(Cell::new(0));
/// let set = LocalSet::new();
/// for _ in 0..10 {
///     let count = Rc::clone(&count);
///     set.spawn_local(async move {
///         yield_now().await;
///         // Tasks of the set may spawn others into it.
///         spawn_local(async move { count.set(count.get() + 1) }).await.unwrap();
///     });
/// }
/// set.await;
/// assert_eq!(count.get(), 10);
/// # });
/// ```
pub struct LocalSet {
    /// What tells it from other sets and from runtimes.
    id: Id,
    /// The tasks.
    tasks: Rc<LocalTasks>,
}

/// The set that [`spawn_local`] on this thread belongs to, until this is dropped: see [`LocalSet::enter`].
///
/// # Panics
/// Dropped while a set is entered that was entered later (but for a thread that panics already). The set is left in any case.
///
/// ```
/// use whippet::task::{LocalSet, spawn_local};
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let set = LocalSet::new();
/// let task = {
///     let _entered = set.enter();
///     spawn_local(async { 7 })
/// };
/// assert_eq!(set.run_until(task).await.unwrap(), 7);
/// # });
/// ```
#[derive(Debug)]
#[must_use = "the set is left when the guard is dropped"]
pub struct LocalEnterGuard {
    /// Leaves it.
    entered: EnteredLocal,
}

impl Drop for LocalEnterGuard {
    fn drop(&mut self) {
        assert!(
            self.entered.leave() || std::thread::panicking(),
            "`LocalEnterGuard::drop`: another set was entered after this one, and is not left yet; drop the guards of \
             `LocalSet::enter` in the reverse order of their making"
        );
    }
}

impl LocalSet {
    /// A set without tasks.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let set = whippet::task::LocalSet::new();
    /// let task = set.spawn_local(async { 7 });
    /// set.await;
    /// assert_eq!(task.await.unwrap(), 7);
    /// # });
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self { id: Id::next(), tasks: LocalTasks::new() }
    }

    /// What tells this set from all other sets, and from all runtimes, of the process.
    ///
    /// ```
    /// use whippet::task::LocalSet;
    ///
    /// let (one, other) = (LocalSet::new(), LocalSet::new());
    /// assert_ne!(one.id(), other.id());
    /// ```
    #[must_use]
    pub fn id(&self) -> Id {
        self.id
    }

    /// Lets [`spawn_local`] on this thread belong to the set while the guard lives. Tasks have no turns by it.
    ///
    /// ```
    /// use whippet::task::{LocalSet, spawn_local};
    ///
    /// let set = LocalSet::new();
    /// let guard = set.enter();
    /// let task = spawn_local(async { 7 });
    /// drop(guard);
    /// # let runtime = whippet::runtime::Builder::new_current_thread().build().unwrap();
    /// assert_eq!(set.block_on(&runtime, task).unwrap(), 7);
    /// ```
    pub fn enter(&self) -> LocalEnterGuard {
        LocalEnterGuard { entered: self.tasks.enter() }
    }

    /// Spawns a task into the set. It has its first turn when the set is polled.
    ///
    /// ```
    /// use std::rc::Rc;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let set = whippet::task::LocalSet::new();
    /// let task = set.spawn_local(async { Rc::new(7) });
    /// assert_eq!(*set.run_until(task).await.unwrap(), 7);
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let at = Location::caller();
        boxed_if_large!(Box::pin(future: F) => self.tasks.spawn(future, at))
    }

    /// Polls `future` until it is ready, and gives the tasks of the set their turns meanwhile. Inside of it
    /// [`spawn_local`] belongs to the set. What is not complete then goes on when the set is polled next.
    ///
    /// # Cancel safety
    /// As cancel safe as `future`; the tasks stay in the set.
    ///
    /// ```
    /// use std::rc::Rc;
    /// use whippet::task::{LocalSet, spawn_local};
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let shared = Rc::new(7);
    /// let set = LocalSet::new();
    /// let seven = set.run_until(async move { spawn_local(async move { *shared }).await }).await;
    /// assert_eq!(seven.unwrap(), 7);
    /// # });
    /// ```
    pub fn run_until<F: Future>(&self, future: F) -> impl Future<Output = F::Output> {
        // No `async fn`, which would keep its argument twice.
        RunUntil::new(&self.tasks, future)
    }

    /// Polls `future` on this thread until it is ready, by [`Runtime::block_on`], and gives the tasks of the set their
    /// turns meanwhile.
    ///
    /// # Panics
    /// Those of [`Runtime::block_on`].
    ///
    /// ```
    /// # let runtime = whippet::runtime::Builder::new_current_thread().build().unwrap();
    /// let set = whippet::task::LocalSet::new();
    /// let task = set.spawn_local(async { 7 });
    /// assert_eq!(set.block_on(&runtime, task).unwrap(), 7);
    /// ```
    #[track_caller]
    pub fn block_on<F: Future>(&self, runtime: &Runtime, future: F) -> F::Output {
        boxed_if_large!(Box::pin(future: F) => runtime.block_on_in("LocalSet::block_on", RunUntil::new(&self.tasks, future)))
    }
}

impl Future for LocalSet {
    type Output = ();

    /// Gives the tasks turns; ready when none is left.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.tasks.poll(cx)
    }
}

impl Drop for LocalSet {
    fn drop(&mut self) {
        // What the futures spawn as they are dropped belongs to the set, and goes the same way.
        let _entered = self.tasks.enter();
        self.tasks.end();
    }
}

impl Default for LocalSet {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LocalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSet").field("len", &self.tasks.len()).finish_non_exhaustive()
    }
}

/// Spawns a task that stays on this thread, and need not be `Send`, into the current [`LocalSet`] or
/// [`LocalRuntime`](crate::runtime::LocalRuntime).
///
/// # Panics
/// Outside of [`LocalSet::run_until`], the set's own tasks, and the life of a guard of [`LocalSet::enter`]; and outside of
/// a [`LocalRuntime`](crate::runtime::LocalRuntime).
///
/// # Examples
/// ```
/// use std::rc::Rc;
/// use whippet::task::{LocalSet, spawn_local};
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let task = async { spawn_local(async { Rc::new(7) }).await };
/// assert_eq!(*LocalSet::new().run_until(task).await.unwrap(), 7);
/// # });
/// ```
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let Some(tasks) = LocalTasks::current() else {
        panic!(
            "`task::spawn_local`: there is no `LocalSet` here; call it inside of `LocalSet::run_until`, in a task of the set, \
             or in a `LocalRuntime`"
        )
    };
    let at = Location::caller();
    boxed_if_large!(Box::pin(future: F) => tasks.spawn(future, at))
}
