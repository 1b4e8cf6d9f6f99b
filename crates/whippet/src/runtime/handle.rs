//! What tasks and other threads hold of a runtime.

use super::block_on;
use super::dump::Dump;
use super::metrics::RuntimeMetrics;
use crate::driver::Driver;
use crate::executor::blocking::{Pool, PoolSchedule};
use crate::executor::context::{self, Entered};
use crate::executor::local::{EnteredLocal, LocalTasks};
use crate::executor::runtime_id::Id as RuntimeId;
use crate::executor::schedule;
use crate::executor::shared::Shared;
use crate::executor::task::{Id, JoinHandle, Runnable, Spawned};
use crate::large::boxed_if_large;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::sync::Arc;

/// A reference to a runtime: spawns on it from anywhere. It does not keep the runtime from ending.
///
/// ```
/// let runtime = whippet::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
/// let handle = runtime.handle().clone();
/// let thread = std::thread::spawn(move || handle.spawn(async { 6 * 7 }));
/// assert_eq!(runtime.block_on(thread.join().unwrap()).unwrap(), 42);
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone)]
pub struct Handle {
    /// The runtime's internal layers.
    pub(super) shared: Arc<Shared>,
}

/// This thread has entered no runtime.
///
/// ```
/// use whippet::runtime::Handle;
///
/// let error = Handle::try_current().unwrap_err();
/// assert!(error.to_string().starts_with("there is no whippet runtime here"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TryCurrentError {
    /// Whether the thread has no locals any more.
    destroyed: bool,
}

/// The message of every call that finds no runtime.
const NO_RUNTIME: &str = "there is no whippet runtime here; call this from a task, inside of `Runtime::block_on`, or on a \
                          thread that holds the guard of `Handle::enter`";

/// What is said to the destructors of a thread's locals.
const NO_LOCALS: &str = "the thread ends, and its runtime is not known any more; keep a `Handle` in what is dropped with \
                         the thread's locals";

impl TryCurrentError {
    /// Whether the thread has entered no runtime.
    ///
    /// ```
    /// use whippet::runtime::Handle;
    ///
    /// assert!(Handle::try_current().unwrap_err().is_missing_context());
    /// ```
    #[must_use]
    pub fn is_missing_context(&self) -> bool {
        !self.destroyed
    }

    /// Whether the thread ends, so that the runtime it had entered is not known any more: seen by destructors of its locals.
    ///
    /// ```
    /// use whippet::runtime::Handle;
    ///
    /// assert!(!Handle::try_current().unwrap_err().is_thread_local_destroyed());
    /// ```
    #[must_use]
    pub fn is_thread_local_destroyed(&self) -> bool {
        self.destroyed
    }
}

impl fmt::Display for TryCurrentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.destroyed { NO_LOCALS } else { NO_RUNTIME })
    }
}

impl std::error::Error for TryCurrentError {}

/// Who takes the turns of a runtime's tasks.
///
/// ```
/// use whippet::runtime::{Builder, RuntimeFlavor};
///
/// let runtime = Builder::new_multi_thread().worker_threads(1).build()?;
/// assert_eq!(runtime.handle().runtime_flavor(), RuntimeFlavor::MultiThread);
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuntimeFlavor {
    /// The thread that calls [`Runtime::block_on`](super::Runtime::block_on).
    CurrentThread,
    /// Worker threads, which steal work from each other.
    MultiThread,
}

/// A runtime entered on this thread; left when dropped.
///
/// Several guards are to be dropped in the reverse order of their making.
///
/// # Panics
/// Dropped while a runtime is entered that was entered later (but for a thread that panics already). The runtime is left in any
/// case, and the thread is in the one entered last of those that are left.
///
/// ```
/// use whippet::runtime::Handle;
///
/// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
/// let entered = runtime.enter();
/// assert!(Handle::try_current().is_ok());
/// drop(entered);
/// assert!(Handle::try_current().is_err());
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
#[must_use = "the runtime is left when the guard is dropped"]
pub struct EnterGuard<'a> {
    /// Leaves it.
    within: Within,
    /// The guard does not outlive the handle.
    handle: PhantomData<&'a Handle>,
}

/// The same for the runtime's own calls, in whatever order they are left.
#[derive(Debug)]
pub(super) struct Within {
    /// Leaves the runtime's local tasks, if it is a local one that lives on this thread.
    local: Option<EnteredLocal>,
    /// Leaves the runtime.
    entered: Entered,
}

impl Drop for EnterGuard<'_> {
    fn drop(&mut self) {
        let Within { local, entered } = &mut self.within;
        let is_innermost = local.as_mut().is_none_or(EnteredLocal::leave);
        assert!(
            (entered.leave() & is_innermost) || std::thread::panicking(),
            "`EnterGuard::drop`: another runtime was entered after this one, and is not left yet; drop the guards of \
             `Handle::enter` in the reverse order of their making"
        );
    }
}

impl Handle {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The runtime that this thread has entered.
    ///
    /// # Panics
    /// If it has entered none; see [`Handle::try_current`].
    ///
    /// ```
    /// use whippet::runtime::{Handle, RuntimeFlavor};
    ///
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// let flavor = runtime.block_on(async { Handle::current().runtime_flavor() });
    /// assert_eq!(flavor, RuntimeFlavor::CurrentThread);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn current() -> Self {
        Self::of_call("Handle::current")
    }

    /// The runtime that this thread has entered, for a call of this name.
    #[track_caller]
    pub(crate) fn of_call(call: &str) -> Self {
        match Self::try_current() {
            Ok(handle) => handle,
            Err(error) => panic!("`{call}`: {error}"),
        }
    }

    /// The runtime that this thread has entered.
    ///
    /// # Errors
    /// If it has entered none.
    ///
    /// ```
    /// use whippet::runtime::Handle;
    ///
    /// assert!(Handle::try_current().is_err());
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// assert!(runtime.block_on(async { Handle::try_current().is_ok() }));
    /// # std::io::Result::Ok(())
    /// ```
    pub fn try_current() -> Result<Self, TryCurrentError> {
        context::current()
            .map(Self::new)
            .ok_or_else(|| TryCurrentError { destroyed: context::is_destroyed() })
    }

    /// Enters the runtime on this thread: `spawn`, sockets and timers belong to it while the guard lives; for a
    /// [`LocalRuntime`](super::LocalRuntime) on its own thread [`spawn_local`](crate::task::spawn_local) too.
    ///
    /// ```
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// let task = {
    ///     let _entered = runtime.handle().enter();
    ///     whippet::spawn(async { 6 * 7 })
    /// };
    /// assert_eq!(runtime.block_on(task).unwrap(), 42);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn enter(&self) -> EnterGuard<'_> {
        EnterGuard { within: self.enter_within(), handle: PhantomData }
    }

    /// Enters the runtime for a call of its own.
    pub(super) fn enter_within(&self) -> Within {
        let entered = context::enter(&self.shared);
        Within { local: LocalTasks::of_runtime(&self.shared).map(|tasks| tasks.enter()), entered }
    }

    /// Spawns a task: see [`task::spawn`](crate::task::spawn).
    ///
    /// ```
    /// let runtime = whippet::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
    /// let handle = runtime.handle().clone();
    /// let thread = std::thread::spawn(move || handle.spawn(async { 6 * 7 }));
    /// assert_eq!(runtime.block_on(thread.join().unwrap()).unwrap(), 42);
    /// # std::io::Result::Ok(())
    /// ```
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let at = Location::caller();
        boxed_if_large!(Box::pin(future: F) => schedule::spawn(&self.shared, future, at))
    }

    /// Runs `work` on a thread where it may block: see [`task::spawn_blocking`](crate::task::spawn_blocking).
    ///
    /// ```
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// let read = runtime.handle().spawn_blocking(|| std::fs::read_to_string("/proc/self/comm"));
    /// assert!(runtime.block_on(read).unwrap()?.ends_with('\n'));
    /// # std::io::Result::Ok(())
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, work: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let calls = &self.shared.pools.calls;
        boxed_if_large!(Box::new(work: F) => self.spawn_job(calls, Pool::push, work))
    }

    /// Runs a call of whippet's own, which waits for no task and no call of the program: its thread is none of those whose
    /// number the program bounds.
    #[track_caller]
    pub(crate) fn spawn_own_blocking<F, R>(&self, work: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.spawn_job(&self.shared.pools.own, Pool::push, work)
    }

    /// As [`spawn_own_blocking`](Self::spawn_own_blocking), for work that is done also if the runtime ends before it has begun.
    #[track_caller]
    pub(crate) fn spawn_mandatory_blocking<F, R>(&self, work: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.spawn_job(&self.shared.pools.own, Pool::push_mandatory, work)
    }

    #[track_caller]
    fn spawn_job<F, R>(
        &self,
        pool: &Arc<Pool>,
        push: fn(&Arc<Pool>, Runnable),
        work: F,
    ) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let handle = self.clone();
        let job = async move {
            let _entered = handle.enter_within();
            work()
        };
        let schedule = PoolSchedule(Arc::clone(pool));
        let Spawned { runnable, owned_ref, handle } =
            Spawned::new(job, schedule, Id::next(), Location::caller());
        owned_ref.release_on_complete();
        push(pool, runnable);
        handle
    }

    /// Polls `future` on this thread until it is ready, within this runtime. Its tasks take their turns on the
    /// worker threads; those of a current-thread runtime only inside of [`Runtime::block_on`](super::Runtime::block_on).
    ///
    /// # Panics
    /// On a worker's thread, which must not block; and when the future does.
    ///
    /// ```
    /// let runtime = whippet::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
    /// let handle = runtime.handle().clone();
    /// // A thread that is none of the runtime's.
    /// let thread = std::thread::spawn(move || {
    ///     handle.block_on(async { whippet::spawn(async { 6 * 7 }).await.unwrap() })
    /// });
    /// assert_eq!(thread.join().unwrap(), 42);
    /// # std::io::Result::Ok(())
    /// ```
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        block_on::panic_in_poll("Handle::block_on");
        let _entered = self.enter_within();
        boxed_if_large!(Box::pin(future: F) => block_on::on_this_thread(future))
    }

    /// Who takes the turns of the runtime's tasks.
    ///
    /// ```
    /// use whippet::runtime::{Builder, RuntimeFlavor};
    ///
    /// let runtime = Builder::new_current_thread().build()?;
    /// assert_eq!(runtime.handle().runtime_flavor(), RuntimeFlavor::CurrentThread);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn runtime_flavor(&self) -> RuntimeFlavor {
        match self.shared.config.multi_thread {
            true => RuntimeFlavor::MultiThread,
            false => RuntimeFlavor::CurrentThread,
        }
    }

    /// What tells this runtime from all others of the process.
    ///
    /// ```
    /// use whippet::runtime::{Builder, Handle};
    ///
    /// let runtime = Builder::new_current_thread().build()?;
    /// let inside = runtime.block_on(async { Handle::current().id() });
    /// assert_eq!(inside, runtime.handle().id());
    /// assert_ne!(inside, Builder::new_current_thread().build()?.handle().id());
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn id(&self) -> RuntimeId {
        self.shared.id
    }

    /// The name that [`Builder::name`](super::Builder::name) gave the runtime, if it did.
    ///
    /// ```
    /// use whippet::runtime::{Builder, Handle};
    ///
    /// let runtime = Builder::new_current_thread().name("background").build()?;
    /// runtime.block_on(async { assert_eq!(Handle::current().name(), Some("background")) });
    /// assert_eq!(Builder::new_current_thread().build()?.handle().name(), None);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.shared.name.as_deref()
    }

    /// Figures of the runtime at this moment.
    ///
    /// ```
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// let alive = runtime.block_on(async {
    ///     let _task = whippet::spawn(std::future::pending::<()>());
    ///     whippet::runtime::Handle::current().metrics().num_alive_tasks()
    /// });
    /// assert_eq!(alive, 1);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn metrics(&self) -> RuntimeMetrics {
        RuntimeMetrics::new(Arc::clone(&self.shared))
    }

    /// What every live task is at: where it was spawned, for how long it lives, how often it was polled, and whether it
    /// runs, waits for its turn or waits to be woken. All that is kept in any case, at the cost of 8 bytes and some
    /// 5 ns a task and half a nanosecond a poll; a dump costs some 70 ns a task, in half of which no task of the same worker
    /// is spawned or ends.
    ///
    /// Work of `spawn_blocking` and tasks of a [`LocalSet`](crate::task::LocalSet) are not in it.
    ///
    /// ```
    /// use whippet::runtime::TaskState;
    ///
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// let task = runtime.spawn(std::future::pending::<()>());
    /// runtime.block_on(whippet::task::yield_now());
    /// let dump = runtime.handle().dump();
    /// assert_eq!(dump.tasks()[0].id(), task.id());
    /// assert_eq!(dump.tasks()[0].state(), TaskState::Waiting);
    /// assert_eq!(dump.tasks()[0].polls(), 1);
    /// println!("{dump}");
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn dump(&self) -> Dump {
        Dump::take(&self.shared)
    }

    /// Reactor and timers.
    pub(crate) fn driver(&self) -> &Arc<Driver> {
        &self.shared.driver
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("id", &self.shared.id)
            .field("name", &self.shared.name)
            .field("workers", &self.shared.remotes.len())
            .finish_non_exhaustive()
    }
}
