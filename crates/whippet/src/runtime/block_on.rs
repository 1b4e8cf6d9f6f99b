//! Polling one future on the calling thread until it is ready.
//!
//! Beside a multi-thread runtime the thread sleeps between polls ([`on_this_thread`]). In a current-thread runtime
//! the thread drives the only worker: it takes the [`Seat`], turns tasks and reactor between polls, and leaves the
//! seat when its future is ready. A second thread that comes meanwhile polls its own future, sleeps, and takes the
//! seat when it is left.

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
pub(super) fn refuse_in_poll(call: &str) {
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

/// The place of the one who drives a current-thread runtime.
#[derive(Debug)]
pub(super) struct Seat {
    /// The worker while nobody drives it, and who waits for it.
    state: Mutex<SeatState>,
    /// What is done before and after the worker's sleep.
    parks: ParkHooks,
}

/// What the lock keeps.
#[derive(Debug)]
struct SeatState {
    /// The worker, while the seat is free.
    worker: Option<Worker>,
    /// Threads that wait for the seat, each to be woken when it is left.
    waiting: Vec<Arc<Parker>>,
}

impl Seat {
    /// A free seat.
    pub(super) fn new(worker: Worker, parks: ParkHooks) -> Self {
        let state = SeatState { worker: Some(worker), waiting: Vec::new() };
        Self { state: Mutex::new(state), parks }
    }

    /// Polls `future` until it is ready, driving the worker whenever the seat is free.
    pub(super) fn block_on<F: Future>(
        &self,
        future: F,
        called_at: &'static Location<'static>,
    ) -> F::Output {
        let mut future = pin!(future);
        let parker = Arc::new(Parker::default());
        let waiting = Waiting::new(self, &parker);
        loop {
            if let Some(worker) = waiting.take_worker() {
                return Driving::new(self, worker).drive(future, called_at);
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

    fn leave(&self, worker: Worker) {
        let mut state = self.state.lock();
        state.worker = Some(worker);
        Self::tell_next(&mut state);
    }

    fn tell_next(state: &mut SeatState) {
        if !state.waiting.is_empty() {
            state.waiting.remove(0).unpark();
        }
    }
}

/// A thread that wants the seat; does not want it any more when dropped, by a panic of its future too.
struct Waiting<'a> {
    /// The seat.
    seat: &'a Seat,
    /// Where the thread sleeps.
    parker: &'a Arc<Parker>,
    /// Whether it is in line, or was told of a free seat and has not come yet.
    lined_up: Cell<bool>,
}

impl<'a> Waiting<'a> {
    fn new(seat: &'a Seat, parker: &'a Arc<Parker>) -> Self {
        Self { seat, parker, lined_up: Cell::new(false) }
    }

    /// The worker, if the seat is free; else the thread is told when it is.
    fn take_worker(&self) -> Option<Worker> {
        let mut state = self.seat.state.lock();
        let worker = state.worker.take();
        if worker.is_some() {
            // It may not have been told: whoever it leaves the seat to is not itself.
            self.leave_line(&mut state);
        } else if !state.waiting.iter().any(|other| self.is(other)) {
            state.waiting.push(Arc::clone(self.parker));
            self.lined_up.set(true);
        }
        worker
    }

    /// Leaves the line. True: it stood in it, and was not told of a free seat.
    fn leave_line(&self, state: &mut SeatState) -> bool {
        self.lined_up.set(false);
        let before = state.waiting.len();
        state.waiting.retain(|other| !self.is(other));
        state.waiting.len() < before
    }

    fn is(&self, other: &Arc<Parker>) -> bool {
        Arc::ptr_eq(other, self.parker)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.lined_up.get() {
            return;
        }
        let mut state = self.seat.state.lock();
        if !self.leave_line(&mut state) && state.worker.is_some() {
            // It was told, and the seat is still free: the next is told in its place.
            Seat::tell_next(&mut state);
        }
    }
}

/// A thread in the seat; leaves it when dropped.
struct Driving<'a> {
    /// The seat.
    seat: &'a Seat,
    /// The worker.
    worker: Option<Rc<Worker>>,
}

impl<'a> Driving<'a> {
    fn new(seat: &'a Seat, worker: Worker) -> Self {
        Self { seat, worker: Some(Rc::new(worker)) }
    }

    /// Polls `future` until it is ready, with turns of tasks in between.
    fn drive<F: Future>(
        &self,
        mut future: Pin<&mut F>,
        called_at: &'static Location<'static>,
    ) -> F::Output {
        let Some(worker) = &self.worker else { unreachable!("the worker leaves with the seat") };
        let _working = context::enter_worker(worker);
        let main =
            Arc::new(Main { woken: AtomicBool::new(true), shared: Arc::clone(worker.shared()) });
        let waker = Waker::from(Arc::clone(&main));
        let mut cx = Context::from_waker(&waker);
        let mut poll = || worker.poll(None, called_at, || future.as_mut().poll(&mut cx));
        loop {
            if main.take_woken()
                && let Poll::Ready(output) = poll()
            {
                return output;
            }
            match worker.round() {
                Step::Idle if !main.is_woken() => {
                    self.seat.parks.park(worker, || main.is_woken());
                }
                // The future was woken, by itself perhaps: sockets and timers get their look before its next poll.
                Step::Idle => worker.poll_driver(),
                Step::Ran | Step::Yielded => {}
            }
        }
    }
}

impl Drop for Driving<'_> {
    fn drop(&mut self) {
        // The thread's knowledge of the worker is gone (`_working` is dropped before), so this is the only one.
        if let Some(worker) = self.worker.take().and_then(Rc::into_inner) {
            self.seat.leave(worker);
        }
    }
}

/// The waker of the future that drives a current-thread runtime.
struct Main {
    /// Whether the future is to be polled.
    woken: AtomicBool,
    /// The runtime, whose worker may sleep.
    shared: Arc<Shared>,
}

impl Main {
    fn take_woken(&self) -> bool {
        // AcqRel: acquire pairs with the waker's release.
        self.woken.swap(false, AcqRel)
    }

    fn is_woken(&self) -> bool {
        self.woken.load(Acquire)
    }
}

impl Wake for Main {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Release: pairs with `take_woken`. Then the handshake with a sleeping worker, as after a push to a queue.
        self.woken.store(true, Release);
        self.shared.wake_one();
    }
}
