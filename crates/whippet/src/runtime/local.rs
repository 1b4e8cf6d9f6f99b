//! A runtime whose tasks stay on its thread.

use super::handle::{EnterGuard, Handle};
use super::metrics::RuntimeMetrics;
use super::runtime::Runtime;
use crate::executor::local::{BlockOnLocal, LocalTasks};
use crate::executor::task::JoinHandle;
use crate::large::boxed_if_large;
use std::io;
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

/// A current-thread runtime that stays on its thread: [`spawn_local`](crate::task::spawn_local) works in all of it, so that
/// tasks need not be `Send`. Its [`Handle`] may go to other threads, which spawn tasks that are `Send`.
///
/// Made by [`LocalRuntime::new`] or [`Builder::build_local`](super::Builder::build_local). Dropping it drops the local
/// tasks first, then ends the runtime as dropping a [`Runtime`] does.
///
/// # Examples
/// ```
/// use std::{cell::Cell, rc::Rc};
/// use whippet::{runtime::LocalRuntime, task::spawn_local};
///
/// let runtime = LocalRuntime::new()?;
/// let count = Rc::new(Cell::new(0));
/// runtime.block_on(async {
///     let inside = Rc::clone(&count);
///     spawn_local(async move { inside.set(7) }).await.unwrap();
/// });
/// assert_eq!(count.get(), 7);
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct LocalRuntime {
    /// The tasks that stay.
    tasks: Rc<LocalTasks>,
    /// All else.
    runtime: Runtime,
}

/// How a [`LocalRuntime`] is made: nothing can be chosen yet.
///
/// ```
/// use whippet::runtime::{Builder, LocalOptions};
///
/// let runtime = Builder::new_current_thread().build_local(LocalOptions::default())?;
/// assert_eq!(runtime.block_on(async { 6 * 7 }), 42);
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct LocalOptions {}

impl LocalRuntime {
    /// The local form of a current-thread runtime.
    pub(super) fn from_runtime(runtime: Runtime) -> Self {
        Self { tasks: LocalTasks::of_new_runtime(&runtime.handle().shared), runtime }
    }

    /// A local runtime.
    ///
    /// # Errors
    /// Those of [`Builder::build`](super::Builder::build).
    ///
    /// ```
    /// use std::rc::Rc;
    ///
    /// let runtime = whippet::runtime::LocalRuntime::new()?;
    /// let seven = runtime.block_on(async { whippet::task::spawn_local(async { Rc::new(7) }).await });
    /// assert_eq!(*seven.unwrap(), 7);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn new() -> io::Result<Self> {
        super::Builder::new_current_thread().build_local(LocalOptions::default())
    }

    /// What tasks and other threads hold of it.
    ///
    /// ```
    /// let runtime = whippet::runtime::LocalRuntime::new()?;
    /// let handle = runtime.handle().clone();
    /// let thread = std::thread::spawn(move || handle.spawn(async { 6 * 7 }));
    /// assert_eq!(runtime.block_on(thread.join().unwrap()).unwrap(), 42);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn handle(&self) -> &Handle {
        self.runtime.handle()
    }

    /// Enters the runtime on this thread: see [`Handle::enter`]. [`spawn_local`](crate::task::spawn_local) belongs to it too.
    ///
    /// ```
    /// let runtime = whippet::runtime::LocalRuntime::new()?;
    /// let task = {
    ///     let _entered = runtime.enter();
    ///     whippet::spawn(async { 6 * 7 })
    /// };
    /// assert_eq!(runtime.block_on(task).unwrap(), 42);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn enter(&self) -> EnterGuard<'_> {
        self.runtime.enter()
    }

    /// Spawns a task that stays on this thread: see [`task::spawn_local`](crate::task::spawn_local).
    ///
    /// ```
    /// let runtime = whippet::runtime::LocalRuntime::new()?;
    /// let task = runtime.spawn_local(async { std::rc::Rc::new(7) });
    /// assert_eq!(*runtime.block_on(task).unwrap(), 7);
    /// # std::io::Result::Ok(())
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

    /// Runs `work` on a thread where it may block: see [`task::spawn_blocking`](crate::task::spawn_blocking).
    ///
    /// ```
    /// let runtime = whippet::runtime::LocalRuntime::new()?;
    /// let read = runtime.spawn_blocking(|| std::fs::read_to_string("/proc/self/comm"));
    /// assert!(runtime.block_on(read).unwrap()?.ends_with('\n'));
    /// # std::io::Result::Ok(())
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, work: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        boxed_if_large!(Box::new(work: F) => self.runtime.spawn_blocking(work))
    }

    /// Polls `future` on this thread until it is ready. All tasks take their turns meanwhile.
    ///
    /// # Panics
    /// On a worker's thread, which must not block; and when the future does.
    ///
    /// ```
    /// let runtime = whippet::runtime::LocalRuntime::new()?;
    /// let word = String::from("borrowed");
    /// assert_eq!(runtime.block_on(async { word.len() }), 8);
    /// # std::io::Result::Ok(())
    /// ```
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        boxed_if_large!(Box::pin(future: F) => self.runtime.block_on_in("LocalRuntime::block_on", BlockOnLocal::new(&self.tasks, future)))
    }

    /// Figures of the runtime. Local tasks are not in them.
    ///
    /// ```
    /// let runtime = whippet::runtime::LocalRuntime::new()?;
    /// let _local = runtime.spawn_local(std::future::pending::<()>());
    /// let _task = runtime.handle().spawn(std::future::pending::<()>());
    /// assert_eq!(runtime.metrics().num_alive_tasks(), 1);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn metrics(&self) -> RuntimeMetrics {
        self.runtime.metrics()
    }

    /// Ends the runtime as a drop does, and waits for threads `timeout` at most.
    ///
    /// ```
    /// use std::rc::Rc;
    /// use std::time::Duration;
    ///
    /// let runtime = whippet::runtime::LocalRuntime::new()?;
    /// let shared = Rc::new(());
    /// let held = Rc::clone(&shared);
    /// runtime.spawn_local(async move {
    ///     std::future::pending::<()>().await;
    ///     drop(held);
    /// });
    /// runtime.shutdown_timeout(Duration::from_secs(1));
    /// assert_eq!(Rc::strong_count(&shared), 1);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn shutdown_timeout(mut self, timeout: Duration) {
        self.end_tasks();
        self.runtime.end(timeout);
    }

    /// Ends the runtime and waits for nobody.
    ///
    /// ```
    /// let runtime = whippet::runtime::LocalRuntime::new()?;
    /// let (release, released) = std::sync::mpsc::channel::<()>();
    /// # let (begin, begun) = std::sync::mpsc::channel();
    /// runtime.spawn_blocking(move || {
    /// #     begin.send(()).unwrap();
    ///     released.recv()
    /// });
    /// # begun.recv().unwrap();
    /// runtime.shutdown_background();
    /// // The call still waits.
    /// assert!(release.send(()).is_ok());
    /// # std::io::Result::Ok(())
    /// ```
    pub fn shutdown_background(self) {
        self.shutdown_timeout(Duration::ZERO);
    }

    /// Drops the local tasks, within the runtime.
    fn end_tasks(&self) {
        let _entered = self.runtime.handle().enter_within();
        self.tasks.cancel();
        // Some of them may be in the worker's queue.
        self.runtime.cancel_queued();
        self.tasks.end();
    }
}

impl Drop for LocalRuntime {
    fn drop(&mut self) {
        self.end_tasks();
    }
}
