//! The waker of the task that polls, on its way into a lock.
//!
//! Cloning and dropping a waker run user code, so neither may happen under a lock. A poll therefore looks under
//! the lock first; only when it has to wait, and no waker of its own lies there already, does it drop the lock,
//! clone the waker, and look again. A waker that was displaced leaves the lock in the [`Caller`] and is dropped
//! with it. [`poll_locked`] is that poll, for all doors of this room.

use crate::coop;
use crate::loom::Mutex;
use crate::unwind::drop_waker;
use std::task::{Context, Poll, Waker, ready};

/// One poll of a door whose state lies under `lock`: `step` looks at the state and answers, or asks for a clone of the
/// waker with `None` and is called again. Who knows that it will have to wait has the clone made first. The answer leaves the lock before anything is dropped.
#[inline]
pub(crate) fn poll_locked<S, R>(
    lock: &Mutex<S>,
    cx: &mut Context<'_>,
    clone_first: bool,
    mut step: impl FnMut(&mut S, &mut Caller<'_>) -> Option<Poll<R>>,
) -> Poll<R> {
    let unit = ready!(coop::poll_proceed(cx));
    let mut caller = Caller::new(cx);
    if clone_first {
        caller.clone_waker();
    }
    loop {
        let mut state = lock.lock();
        let answer = step(&mut state, &mut caller);
        drop(state);
        match answer {
            Some(Poll::Ready(result)) => {
                unit.spend();
                return Poll::Ready(result);
            }
            Some(Poll::Pending) => return Poll::Pending,
            None => caller.clone_waker(),
        }
    }
}

/// The polling task's waker and, once it was asked for, a clone of it to be left under a lock.
#[derive(Debug)]
pub(crate) struct Caller<'a> {
    /// The waker that the context lends.
    waker: &'a Waker,
    /// The clone to be left; after that, whatever waker it displaced.
    parcel: Option<Waker>,
}

impl<'a> Caller<'a> {
    /// The task behind `cx`. Nothing is cloned yet.
    #[inline]
    fn new(cx: &Context<'a>) -> Self {
        Self { waker: cx.waker(), parcel: None }
    }

    /// Makes the clone. Call it without any lock held.
    fn clone_waker(&mut self) {
        self.parcel = Some(self.waker.clone());
    }

    /// Whether this task's waker now lies in `slot`. If not, a clone has to be made, without the lock.
    pub(crate) fn leave_in(&mut self, slot: &mut Option<Waker>) -> bool {
        if slot.as_ref().is_some_and(|waker| waker.will_wake(self.waker)) {
            return true;
        }
        if self.parcel.is_none() {
            return false;
        }
        std::mem::swap(slot, &mut self.parcel);
        true
    }

    /// Whether the clone was made, and not left yet.
    pub(crate) fn has_clone(&self) -> bool {
        self.parcel.is_some()
    }

    /// The clone, if it was made.
    pub(crate) fn take(&mut self) -> Option<Waker> {
        self.parcel.take()
    }
}

impl Drop for Caller<'_> {
    #[inline]
    fn drop(&mut self) {
        // What the poll came to (a permit, a message) must not go down with a waker's panic.
        drop_waker(self.parcel.take());
    }
}
