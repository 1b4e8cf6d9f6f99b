//! Polling one future on the calling thread until it is ready.
//!
//! Beside a multi-thread runtime the thread sleeps between polls ([`on_this_thread`]). In a current-thread runtime
//! the thread drives the only worker: it leases the [`CurrentThreadWorker`], runs tasks and turns the reactor between polls,
//! and returns the worker when its future is ready. A second thread that comes meanwhile polls its own future, sleeps, and
//! leases the worker when it is returned.

use super::hooks::ParkHooks;
use crate::coop;
use crate::executor::context;
use crate::executor::shared::Shared;
use crate::executor::worker::{Step, Worker};
use crate::loom::Mutex;
use crate::loom::atomic::AtomicBool;
use crate::loom::atomic::Ordering::{AcqRel, Acquire, Release};
use crate::sys::thread::Parker;
use std::cell::Cell;
use std::future::Future;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// Panics on a worker's thread and inside of another `block_on`: neither must block.
#[track_caller]
pub(super) fn panic_in_poll(call: &str) {
    assert!(
        !context::is_worker() && !coop::is_polling(),
        "`{call}`: this thread polls a task or another `block_on`, and must not block; await the future, or call this \
         inside of `spawn_blocking` or `block_in_place`"
    );
}

/// Polls `future` on this thread, which sleeps in between.
pub(super) fn on_this_thread<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let parker = Arc::new(Parker::default());
    let waker = parker.waker();
    let mut cx = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = coop::with_budget(|| future.as_mut().poll(&mut cx)) {
            return output;
        }
        parker.park();
    }
}

/// The one worker of a current-thread runtime, which one thread at a time may drive.
#[derive(Debug)]
pub(super) struct CurrentThreadWorker {
    /// The worker while no thread drives it, and the threads that wait for it.
    state: Mutex<State>,
    /// What is done before and after the worker's sleep.
    parks: ParkHooks,
}

/// What the lock keeps.
#[derive(Debug)]
struct State {
    /// The worker, while no thread drives it.
    worker: Option<Worker>,
    /// Threads that wait for the worker, each to be woken when it is returned.
    waiters: Vec<Arc<Parker>>,
}

impl CurrentThreadWorker {
    /// A worker that no thread drives.
    pub(super) fn new(worker: Worker, parks: ParkHooks) -> Self {
        let state = State { worker: Some(worker), waiters: Vec::new() };
        Self { state: Mutex::new(state), parks }
    }

    /// Polls `future` until it is ready, driving the worker whenever it is free.
    pub(super) fn block_on<F: Future>(
        &self,
        future: F,
        called_at: &'static Location<'static>,
    ) -> F::Output {
        let mut future = pin!(future);
        let parker = Arc::new(Parker::default());
        let waiter = LeaseWaiter::new(self, &parker);
        loop {
            if let Some(worker) = waiter.take_worker() {
                return WorkerLease::new(self, worker).drive(future, called_at);
            }
            let waker = parker.waker();
            let polled =
                coop::with_budget(|| future.as_mut().poll(&mut Context::from_waker(&waker)));
            if let Poll::Ready(output) = polled {
                return output;
            }
            parker.park();
        }
    }

    /// The worker, for the end of the runtime.
    pub(super) fn take(&self) -> Option<Worker> {
        self.state.lock().worker.take()
    }

    fn release(&self, worker: Worker) {
        let mut state = self.state.lock();
        state.worker = Some(worker);
        Self::wake_next(&mut state);
    }

    fn wake_next(state: &mut State) {
        if !state.waiters.is_empty() {
            state.waiters.remove(0).unpark();
        }
    }
}

/// A thread that wants to drive the worker; it gives up when this is dropped, by a panic of its future too.
struct LeaseWaiter<'a> {
    /// The worker that it wants to drive, or drives.
    shared: &'a CurrentThreadWorker,
    /// Where the thread sleeps.
    parker: &'a Arc<Parker>,
    /// Whether it is queued, or was woken for a free worker and has not come yet.
    queued: Cell<bool>,
}

impl<'a> LeaseWaiter<'a> {
    fn new(shared: &'a CurrentThreadWorker, parker: &'a Arc<Parker>) -> Self {
        Self { shared, parker, queued: Cell::new(false) }
    }

    /// The worker, if it is free; otherwise the thread is woken when it is.
    fn take_worker(&self) -> Option<Worker> {
        let mut state = self.shared.state.lock();
        let worker = state.worker.take();
        if worker.is_some() {
            // It may still be queued, and must not be woken by its own return of the worker.
            self.leave_queue(&mut state);
        } else if !state.waiters.iter().any(|other| self.is(other)) {
            state.waiters.push(Arc::clone(self.parker));
            self.queued.set(true);
        }
        worker
    }

    /// Leaves the queue. True: it was queued, and was not woken for a free worker.
    fn leave_queue(&self, state: &mut State) -> bool {
        self.queued.set(false);
        let before = state.waiters.len();
        state.waiters.retain(|other| !self.is(other));
        state.waiters.len() < before
    }

    fn is(&self, other: &Arc<Parker>) -> bool {
        Arc::ptr_eq(other, self.parker)
    }
}

impl Drop for LeaseWaiter<'_> {
    fn drop(&mut self) {
        if !self.queued.get() {
            return;
        }
        let mut state = self.shared.state.lock();
        if !self.leave_queue(&mut state) && state.worker.is_some() {
            // It was woken, and the worker is still free: the next is woken in its place.
            CurrentThreadWorker::wake_next(&mut state);
        }
    }
}

/// A thread that drives the worker; it returns the worker when this is dropped.
struct WorkerLease<'a> {
    /// The worker that it wants to drive, or drives.
    shared: &'a CurrentThreadWorker,
    /// The worker.
    worker: Option<Rc<Worker>>,
}

impl<'a> WorkerLease<'a> {
    fn new(shared: &'a CurrentThreadWorker, worker: Worker) -> Self {
        Self { shared, worker: Some(Rc::new(worker)) }
    }

    /// Polls `future` until it is ready, and runs tasks in between.
    fn drive<F: Future>(
        &self,
        mut future: Pin<&mut F>,
        called_at: &'static Location<'static>,
    ) -> F::Output {
        let Some(worker) = &self.worker else {
            unreachable!("the worker is returned by the drop alone")
        };
        let _worker_guard = context::enter_worker(worker);
        let block_on_waker = Arc::new(BlockOnWaker {
            woken: AtomicBool::new(true),
            shared: Arc::clone(worker.shared()),
        });
        let waker = Waker::from(Arc::clone(&block_on_waker));
        let mut cx = Context::from_waker(&waker);
        let mut poll = || worker.poll(None, called_at, || future.as_mut().poll(&mut cx));
        loop {
            if block_on_waker.take_woken()
                && let Poll::Ready(output) = poll()
            {
                return output;
            }
            match worker.round() {
                Step::Idle if !block_on_waker.is_woken() => {
                    self.shared.parks.park(worker, || block_on_waker.is_woken());
                }
                // The future was woken, by itself perhaps: sockets and timers get their look before its next poll.
                Step::Idle => worker.poll_driver(),
                Step::Ran | Step::Yielded => {}
            }
        }
    }
}

impl Drop for WorkerLease<'_> {
    fn drop(&mut self) {
        // The thread's knowledge of the worker is gone (`_worker_guard` is dropped before), so this is the only one.
        if let Some(worker) = self.worker.take().and_then(Rc::into_inner) {
            self.shared.release(worker);
        }
    }
}

/// The waker of the future that drives a current-thread runtime.
struct BlockOnWaker {
    /// Whether the future is to be polled.
    woken: AtomicBool,
    /// The runtime, whose worker may sleep.
    shared: Arc<Shared>,
}

impl BlockOnWaker {
    fn take_woken(&self) -> bool {
        // AcqRel: acquire pairs with the waker's release.
        self.woken.swap(false, AcqRel)
    }

    fn is_woken(&self) -> bool {
        self.woken.load(Acquire)
    }
}

impl Wake for BlockOnWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Release: pairs with `take_woken`. Then the handshake with a sleeping worker, as after a push to a queue.
        self.woken.store(true, Release);
        self.shared.wake_one();
    }
}
