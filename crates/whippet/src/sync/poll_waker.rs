//! The waker of the task that polls, on its way into a lock.
//!
//! Cloning and dropping a waker run user code, so neither may happen under a lock. A poll therefore checks the state
//! under the lock first. Only when it has to wait, and its own waker is not registered there yet, does it drop the lock,
//! clone the waker, and check again. A waker that was displaced leaves the lock in the [`PollWaker`] and is dropped
//! with it. [`poll_locked`] is that poll, for all of `sync`.

use crate::coop;
use crate::loom::Mutex;
use crate::unwind::drop_waker;
use std::task::{Context, Poll, Waker, ready};

/// The result of one step under the lock, for [`poll_locked`].
#[derive(Debug)]
pub(crate) enum Locked<R> {
    /// The future is ready.
    Ready(R),
    /// The future waits, and its waker is registered.
    Pending,
    /// The future has to wait: the waker is cloned without the lock, and the step is run again.
    NeedsWaker,
}

impl<R> Locked<R> {
    /// Applies `f` to the result.
    #[inline]
    pub(crate) fn map<S>(self, f: impl FnOnce(R) -> S) -> Locked<S> {
        match self {
            Self::Ready(result) => Locked::Ready(f(result)),
            Self::Pending => Locked::Pending,
            Self::NeedsWaker => Locked::NeedsWaker,
        }
    }
}

/// One poll of a future whose state is under `lock`. `step` checks the state with the lock held; where it returns
/// [`Locked::NeedsWaker`] it is called again, with a clone of the waker. `clone_first`: it is known that the future has to
/// wait, so the clone is made before the first step. Nothing is dropped before the lock is released.
#[inline]
pub(crate) fn poll_locked<S, R>(
    lock: &Mutex<S>,
    cx: &mut Context<'_>,
    clone_first: bool,
    mut step: impl FnMut(&mut S, &mut PollWaker<'_>) -> Locked<R>,
) -> Poll<R> {
    let unit = ready!(coop::poll_proceed(cx));
    let mut poll_waker = PollWaker::new(cx);
    if clone_first {
        poll_waker.clone_waker();
    }
    loop {
        let mut state = lock.lock();
        let result = step(&mut state, &mut poll_waker);
        drop(state);
        match result {
            Locked::Ready(result) => {
                unit.spend();
                return Poll::Ready(result);
            }
            Locked::Pending => return Poll::Pending,
            Locked::NeedsWaker => poll_waker.clone_waker(),
        }
    }
}

/// The polling task's waker and, once it is needed, a clone of it to be registered under a lock.
#[derive(Debug)]
pub(crate) struct PollWaker<'a> {
    /// The waker of the context.
    waker: &'a Waker,
    /// The clone to be registered; after that, the waker that it displaced.
    cloned: Option<Waker>,
}

impl<'a> PollWaker<'a> {
    /// The task behind `cx`. Nothing is cloned yet.
    #[inline]
    fn new(cx: &Context<'a>) -> Self {
        Self { waker: cx.waker(), cloned: None }
    }

    /// Makes the clone. Call it without any lock held.
    fn clone_waker(&mut self) {
        self.cloned = Some(self.waker.clone());
    }

    /// Registers this task's waker in `slot`, unless a clone of it has to be made first.
    pub(crate) fn register_in<R>(&mut self, slot: &mut Option<Waker>) -> Locked<R> {
        if slot.as_ref().is_some_and(|waker| waker.will_wake(self.waker)) {
            return Locked::Pending;
        }
        if self.cloned.is_none() {
            return Locked::NeedsWaker;
        }
        std::mem::swap(slot, &mut self.cloned);
        Locked::Pending
    }

    /// Whether the clone was made, and is not registered yet.
    pub(crate) fn has_clone(&self) -> bool {
        self.cloned.is_some()
    }

    /// The clone, if it was made.
    pub(crate) fn take(&mut self) -> Option<Waker> {
        self.cloned.take()
    }
}

impl Drop for PollWaker<'_> {
    #[inline]
    fn drop(&mut self) {
        // The result of the poll (a permit, a message) must not be lost by a panic of a waker.
        drop_waker(self.cloned.take());
    }
}
