//! Makes the runtime: driver, pool, workers, monitor.

use super::Builder;
use crate::driver::Driver;
use crate::executor::blocking::Pool;
use crate::executor::blocking_counts::MAX_SPARES;
use crate::executor::idle::MAX_WORKERS;
use crate::executor::pools::{MAX_OWN_THREADS, Pools};
use crate::executor::queue::Local;
use crate::executor::runtime_id::Id as RuntimeId;
use crate::executor::shared::{Remote, Shared};
use crate::executor::worker::Worker;
use crate::runtime::block_on::CurrentThreadWorker;
use crate::runtime::handle::Handle;
use crate::runtime::local::{LocalOptions, LocalRuntime};
use crate::runtime::runtime::{Flavor, Runtime};
use crate::runtime::threads::Threads;
use crate::sys;
use std::io;
use std::sync::Arc;

impl Builder {
    /// Makes the runtime and starts its workers.
    ///
    /// # Errors
    /// The system's, when it has no descriptor for the reactor or no thread for a worker to give.
    ///
    /// # Panics
    /// When a multi-thread runtime is asked to [start paused](Builder::start_paused).
    ///
    /// # Examples
    /// ```
    /// let runtime = whippet::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    /// let task = runtime.spawn(async { 6 * 7 });
    /// assert_eq!(runtime.block_on(task).unwrap(), 42);
    /// # std::io::Result::Ok(())
    /// ```
    #[track_caller]
    pub fn build(&mut self) -> io::Result<Runtime> {
        let multi_thread = self.config.multi_thread;
        let count = if multi_thread { self.worker_count() } else { 1 };
        let driver = Arc::new(Driver::new(count)?);
        if self.start_paused {
            assert!(
                !multi_thread,
                "`Builder::build`: a runtime with worker threads cannot start paused; use `Builder::new_current_thread`, or \
                 leave `start_paused` out"
            );
            // A new clock is not paused, so this does not fail.
            let _ = driver.pause();
        }
        let pools = self.pools(&driver);
        let (locals, remotes): (Vec<Local>, Vec<Remote>) = (0..count)
            .map(|_| Local::new())
            .map(|(local, ring)| (local, Remote::new(ring)))
            .unzip();
        let shared = Arc::new(Shared::new(
            self.name.clone().map(String::into_boxed_str),
            self.config,
            remotes,
            driver,
            pools,
        ));
        let seed = sys::entropy::seed();
        let mut workers = locals.into_iter().enumerate().map(|(index, local)| {
            Worker::new(Arc::clone(&shared), index, local, seed.wrapping_add(index as u64))
        });
        let handle = Handle::new(Arc::clone(&shared));
        let mut runtime = match workers.next() {
            Some(only) if !multi_thread => Runtime::from_parts(
                handle,
                Flavor::CurrentThread(CurrentThreadWorker::new(only, self.parks.clone())),
            ),
            first => {
                let threads = Flavor::MultiThread(Threads::default());
                let mut runtime = Runtime::from_parts(handle, threads);
                for worker in first.into_iter().chain(workers) {
                    // Should one not start, the runtime is dropped here, which ends those that did.
                    runtime.start_worker(&self.threads, &self.parks, worker)?;
                }
                runtime
            }
        };
        runtime.start_monitor(&self.stalls)?;
        Ok(runtime)
    }

    /// Makes a runtime that stays on its thread, and whose tasks may stay there too.
    ///
    /// # Errors
    /// Those of [`Builder::build`].
    ///
    /// # Panics
    /// For a multi-thread runtime.
    ///
    /// ```
    /// use whippet::runtime::{Builder, LocalOptions};
    ///
    /// let runtime = Builder::new_current_thread().build_local(LocalOptions::default())?;
    /// let task = runtime.spawn_local(async { std::rc::Rc::new(7) });
    /// assert_eq!(*runtime.block_on(task).unwrap(), 7);
    /// # std::io::Result::Ok(())
    /// ```
    #[track_caller]
    pub fn build_local(&mut self, _options: LocalOptions) -> io::Result<LocalRuntime> {
        assert!(
            !self.config.multi_thread,
            "`Builder::build_local`: a local runtime has no worker threads; use `Builder::new_current_thread`"
        );
        self.build().map(LocalRuntime::from_runtime)
    }

    /// How many workers a multi-thread runtime gets.
    fn worker_count(&self) -> usize {
        let available = || std::thread::available_parallelism().map_or(1, usize::from);
        self.workers.unwrap_or_else(available).min(MAX_WORKERS)
    }

    /// The pools for blocking calls. A paused clock stands while one goes on.
    fn pools(&self, driver: &Arc<Driver>) -> Pools {
        let runtime = RuntimeId::next();
        let pool = |max_threads| {
            let (driver, options) = (Arc::clone(driver), self.threads.clone());
            let start =
                move |body: Box<dyn FnOnce() + Send>| options.start(runtime, (), body).map(drop);
            Pool::new(max_threads, self.keep_alive, Box::new(start), move || {
                driver.wake_paused_waiter()
            })
        };
        Pools {
            runtime,
            calls: pool(self.max_blocking_threads),
            own: pool(MAX_OWN_THREADS),
            spares: pool(MAX_SPARES as usize),
        }
    }
}
