//! The threads of the workers: started together, and waited for within a bound.

use super::hooks::{Hook, ParkHooks, call};
use crate::executor::context;
use crate::executor::runtime_id::Id as RuntimeId;
use crate::executor::worker::{Step, Worker};
use crate::executor::works_for::work_for;
use crate::loom::thread::JoinHandle;
use crate::loom::{Condvar, Mutex};
use crate::sys;
use crate::unwind::catch_panic;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

/// The name of threads, unless the program names them.
pub(super) const THREAD_NAME: &str = "whippet-worker";

/// The workers' threads of one runtime.
#[derive(Debug, Default)]
pub(super) struct Threads {
    /// The threads that were started.
    handles: Vec<JoinHandle<()>>,
    /// Which of them live.
    live: Arc<LiveThreads>,
}

/// Which workers' threads live.
#[derive(Debug, Default)]
struct LiveThreads {
    /// By the worker's number.
    workers: Mutex<Vec<bool>>,
    /// Signalled when one ends.
    ended: Condvar,
}

/// Says that a worker's thread ends, by a panic too.
struct ExitGuard {
    /// Where to say it.
    live: Arc<LiveThreads>,
    /// Which worker.
    index: usize,
}

impl Drop for ExitGuard {
    fn drop(&mut self) {
        let mut workers = self.live.workers.lock();
        workers[self.index] = false;
        self.live.ended.notify_all();
    }
}

/// How threads are made.
#[derive(Clone)]
pub(super) struct ThreadOptions {
    /// Names a thread.
    pub(super) name: Arc<dyn Fn() -> String + Send + Sync>,
    /// Bytes of stack; std's default when none.
    pub(super) stack_size: Option<usize>,
    /// Called first on each thread.
    pub(super) on_start: Hook,
    /// Called last on each thread.
    pub(super) on_stop: Hook,
}

impl std::fmt::Debug for ThreadOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ThreadOptions")
            .field("stack_size", &self.stack_size)
            .finish_non_exhaustive()
    }
}

impl ThreadOptions {
    /// Starts a thread of a runtime that runs `body` between the hooks. `life` is dropped after the last of them, by a panic too. Without a
    /// name, as the program's function panics, it has the usual one.
    pub(super) fn start(
        &self,
        runtime: RuntimeId,
        life: impl Send + 'static,
        body: impl FnOnce() + Send + 'static,
    ) -> io::Result<JoinHandle<()>> {
        let (on_start, on_stop) = (self.on_start.clone(), self.on_stop.clone());
        // What the program's function drops may be this very runtime, whose thread is counted already.
        let _works = work_for(runtime);
        let name = catch_panic(|| (self.name)()).unwrap_or_else(|| THREAD_NAME.to_owned());
        sys::thread::start(name, self.stack_size, move || {
            let _works = work_for(runtime);
            let _life = life;
            call(&on_start);
            body();
            call(&on_stop);
        })
    }
}

/// The body of a worker's thread: it runs tasks and sleeps, until the runtime ends.
fn run_worker(worker: Worker, parks: &ParkHooks) {
    let worker = Rc::new(worker);
    let working = context::enter_worker(&worker);
    let shared = worker.shared();
    while !shared.is_ending() {
        if worker.step() == Step::Idle {
            parks.park(&worker, || false);
        }
    }
    // The next sleeper learns of the end, and tells the one after.
    shared.driver.reactor().notify();
    drop(working);
    worker.cancel_queued();
}

impl Threads {
    /// Starts a thread for a worker.
    ///
    /// # Errors
    /// The system's, when it has no thread to give.
    pub(super) fn start(
        &mut self,
        options: &ThreadOptions,
        parks: ParkHooks,
        worker: Worker,
    ) -> io::Result<()> {
        let index = self.handles.len();
        self.live.workers.lock().push(true);
        let exit_guard = ExitGuard { live: Arc::clone(&self.live), index };
        let runtime = worker.shared().id;
        self.handles.push(options.start(runtime, exit_guard, move || run_worker(worker, &parks))?);
        Ok(())
    }

    /// Waits until all threads have ended, at most until `deadline`. Gives the numbers of the workers that go on.
    pub(super) fn wait_ended(&mut self, deadline: Instant) -> Vec<usize> {
        let left = deadline.saturating_duration_since(sys::clock::now());
        let workers = self.live.workers.lock();
        let live = |workers: &mut Vec<bool>| workers.contains(&true);
        let LiveThreads { workers: lock, ended } = &*self.live;
        let workers = ended.wait_timeout_while(lock, workers, left, live);
        let live: Vec<usize> = workers
            .iter()
            .enumerate()
            .filter_map(|(index, lives)| lives.then_some(index))
            .collect();
        drop(workers);
        for (index, handle) in self.handles.drain(..).enumerate() {
            if !live.contains(&index) {
                // What is left of the thread is its end: a panic in a hook was reported when it happened.
                drop(handle.join());
            }
        }
        live
    }
}
