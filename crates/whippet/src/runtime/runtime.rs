//! The runtime as a program holds it.

use super::block_on::{self, CurrentThreadWorker};
use super::handle::{EnterGuard, Handle};
use super::hooks::ParkHooks;
use super::metrics::RuntimeMetrics;
use super::stall::{Monitor, StallOptions};
use super::threads::{ThreadOptions, Threads};
use crate::executor::context;
use crate::executor::task::JoinHandle;
use crate::executor::worker::Worker;
use crate::executor::works_for::works_for;
use crate::large::boxed_if_large;
use crate::sys;
use crate::unwind::catch_panic;
use std::future::Future;
use std::io;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::time::{Duration, Instant};

/// How long a dropped runtime waits for polls and blocking calls in progress: long enough for anything that means
/// to end, short enough that a program's end is not held up for ever by what does not.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);
/// In place of a time that no clock can count: 30 years, as [`sleep`](crate::time::sleep) has it.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// An async runtime: workers, reactor, timers, threads for blocking calls.
///
/// # Shutdown
/// Dropping it ends it: no task is polled again, every task's future is dropped, and threads are waited for, 10 s
/// at most ([`Runtime::shutdown_timeout`] sets another time). What still polls or blocks then is left alone, with a
/// warning that names where its task was spawned. Calls of [`spawn_blocking`](crate::task::spawn_blocking) that wait for a
/// thread are made, as long as there is time; those that have not begun then are cancelled.
///
/// Inside of a task the drop waits for nobody, as it must not block. On a thread of the runtime itself (in a blocking call,
/// inside of [`block_in_place`](crate::task::block_in_place), in a hook, in the report of a stall) it waits for nobody either: it
/// would wait for itself.
///
/// # Examples
/// ```
/// let runtime = whippet::runtime::Runtime::new()?;
/// let task = runtime.spawn(async { 6 * 7 });
/// assert_eq!(runtime.block_on(task).unwrap(), 42);
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Runtime {
    /// What others hold of it.
    handle: Handle,
    /// Who drives the workers.
    flavor: Flavor,
    /// Looks for polls that do not end, if it is to.
    monitor: Option<Monitor>,
    /// Whether it was ended already.
    ended: bool,
}

/// A panic of a task, a hook or what `block_on` runs leaves it usable; handles of threads alone are in the way of the
/// compiler's finding that out.
impl UnwindSafe for Runtime {}
impl RefUnwindSafe for Runtime {}

/// Who drives the workers.
#[derive(Debug)]
pub(super) enum Flavor {
    /// Threads of their own.
    MultiThread(Threads),
    /// The thread that calls `block_on`.
    CurrentThread(CurrentThreadWorker),
}

impl Runtime {
    pub(super) fn from_parts(handle: Handle, flavor: Flavor) -> Self {
        Self { handle, flavor, monitor: None, ended: false }
    }

    pub(super) fn start_monitor(&mut self, options: &StallOptions) -> io::Result<()> {
        self.monitor = Monitor::start(options, &self.handle.shared)?;
        Ok(())
    }

    pub(super) fn start_worker(
        &mut self,
        options: &ThreadOptions,
        parks: &ParkHooks,
        worker: Worker,
    ) -> io::Result<()> {
        match &mut self.flavor {
            Flavor::MultiThread(threads) => threads.start(options, parks.clone(), worker),
            Flavor::CurrentThread(_) => Ok(()),
        }
    }

    /// A multi-thread runtime with a worker for each processor.
    ///
    /// # Errors
    /// Those of [`Builder::build`](super::Builder::build).
    ///
    /// ```
    /// let runtime = whippet::runtime::Runtime::new()?;
    /// let processors = std::thread::available_parallelism()?;
    /// assert_eq!(runtime.metrics().num_workers(), usize::from(processors));
    /// # std::io::Result::Ok(())
    /// ```
    pub fn new() -> io::Result<Self> {
        super::Builder::new_multi_thread().build()
    }

    /// What tasks and other threads hold of it.
    ///
    /// ```
    /// let runtime = whippet::runtime::Runtime::new()?;
    /// let handle = runtime.handle().clone();
    /// let thread = std::thread::spawn(move || handle.spawn(async { 6 * 7 }));
    /// assert_eq!(runtime.block_on(thread.join().unwrap()).unwrap(), 42);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Enters the runtime on this thread: see [`Handle::enter`].
    ///
    /// ```
    /// let runtime = whippet::runtime::Runtime::new()?;
    /// let task = {
    ///     let _entered = runtime.enter();
    ///     whippet::spawn(async { 6 * 7 })
    /// };
    /// assert_eq!(runtime.block_on(task).unwrap(), 42);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn enter(&self) -> EnterGuard<'_> {
        self.handle.enter()
    }

    /// Spawns a task: see [`task::spawn`](crate::task::spawn).
    ///
    /// ```
    /// let runtime = whippet::runtime::Runtime::new()?;
    /// let tasks = [1, 2, 3].map(|number| runtime.spawn(async move { 2 * number }));
    /// assert_eq!(tasks.map(|task| runtime.block_on(task).unwrap()), [2, 4, 6]);
    /// # std::io::Result::Ok(())
    /// ```
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        boxed_if_large!(Box::pin(future: F) => self.handle.spawn(future))
    }

    /// Runs `work` on a thread where it may block: see [`task::spawn_blocking`](crate::task::spawn_blocking).
    ///
    /// ```
    /// let runtime = whippet::runtime::Runtime::new()?;
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
        boxed_if_large!(Box::new(work: F) => self.handle.spawn_blocking(work))
    }

    /// Polls `future` on this thread until it is ready. Tasks take their turns meanwhile: on the worker threads, or,
    /// in a current-thread runtime, on this one.
    ///
    /// # Panics
    /// On a worker's thread, which must not block; and when the future does.
    ///
    /// ```
    /// let runtime = whippet::runtime::Runtime::new()?;
    /// let word = String::from("borrowed");
    /// assert_eq!(runtime.block_on(async { word.len() }), 8);
    /// # std::io::Result::Ok(())
    /// ```
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.block_on_in("Runtime::block_on", future)
    }

    /// As [`block_on`](Self::block_on), in a call of this name.
    #[track_caller]
    pub(crate) fn block_on_in<F: Future>(&self, call: &str, future: F) -> F::Output {
        block_on::panic_in_poll(call);
        let _entered = self.handle.enter_within();
        let at = Location::caller();
        boxed_if_large!(Box::pin(future: F) => self.poll_to_end(future, at))
    }

    /// Polls `future`, of a `block_on` that was called at `at`.
    fn poll_to_end<F: Future>(&self, future: F, at: &'static Location<'static>) -> F::Output {
        match &self.flavor {
            Flavor::MultiThread(_) => block_on::on_this_thread(future),
            Flavor::CurrentThread(worker) => worker.block_on(future, at),
        }
    }

    /// Figures of the runtime.
    ///
    /// ```
    /// let runtime = whippet::runtime::Runtime::new()?;
    /// let _task = runtime.spawn(std::future::pending::<()>());
    /// assert_eq!(runtime.metrics().num_alive_tasks(), 1);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn metrics(&self) -> RuntimeMetrics {
        self.handle.metrics()
    }

    /// Ends the runtime as a drop does, and waits for threads `timeout` at most. Blocking calls that have not begun by then are
    /// cancelled.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// let runtime = whippet::runtime::Runtime::new()?;
    /// let shared = Arc::new(());
    /// let held = Arc::clone(&shared);
    /// runtime.spawn(async move {
    ///     std::future::pending::<()>().await;
    ///     drop(held);
    /// });
    /// runtime.shutdown_timeout(Duration::from_secs(10));
    /// // The task's future is gone.
    /// assert_eq!(Arc::strong_count(&shared), 1);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn shutdown_timeout(mut self, timeout: Duration) {
        self.end(timeout);
    }

    /// Ends the runtime and waits for nobody. Blocking calls that have not begun are cancelled.
    ///
    /// ```
    /// let runtime = whippet::runtime::Runtime::new()?;
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

    /// Ends the runtime, once.
    pub(super) fn end(&mut self, timeout: Duration) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let shared = &self.handle.shared;
        let entered = self.handle.enter_within();
        shared.end();
        shared.pools.close();
        self.cancel_queued();
        shared.driver.close_timers();
        shared.driver.signals().close();
        shared.driver.reactor().close();
        drop(entered);
        // Nobody is waited for in a poll, which must not block, nor on a thread that is itself waited for.
        let waits = !context::is_worker() && !works_for(shared.id);
        let timeout = if waits { timeout } else { Duration::ZERO };
        let now = sys::clock::now();
        let deadline = now.checked_add(timeout).unwrap_or(now + FAR);
        if let Some(monitor) = self.monitor.take() {
            monitor.end(deadline);
        }
        if !timeout.is_zero() {
            self.wait(deadline);
        }
        self.handle.shared.pools.cancel_queued();
    }

    /// Takes the worker that nobody drives, for good, and cancels what is in its queue.
    pub(super) fn cancel_queued(&self) {
        if let Flavor::CurrentThread(worker) = &self.flavor
            && let Some(worker) = worker.take()
        {
            worker.cancel_queued();
        }
    }

    /// Waits for the threads, and names those that go on.
    fn wait(&mut self, deadline: Instant) {
        let shared = &self.handle.shared;
        if let Flavor::MultiThread(threads) = &mut self.flavor {
            for worker in threads.wait_ended(deadline) {
                let _ = catch_panic(|| match shared.polling(worker) {
                    Some(at) => tracing::warn!(
                        worker, %at, "left a worker alone that is inside of a poll of the task spawned there"
                    ),
                    None => tracing::warn!(worker, "left a worker alone that did not end in time"),
                });
            }
        }
        if !shared.pools.wait_ended(deadline) {
            let threads = shared.pools.counts().threads;
            let _ = catch_panic(|| {
                tracing::warn!(threads, "left blocking calls alone that did not end in time")
            });
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.end(SHUTDOWN_TIMEOUT);
    }
}
