//! The waker of the task that polls, on its way into a lock.
//!
//! Cloning and dropping a waker run user code, so neither may happen under a lock. A poll therefore looks under
//! the lock first; only when it has to wait, and no waker of its own lies there already, does it drop the lock,
//! clone the waker, and look again. A waker that was displaced leaves the lock in the [`Caller`] and is dropped
//! with it:
//!
//! ```text
//! let mut caller = Caller::new(cx);           // declared before the guard: dropped after it
//! loop {
//!     let mut state = self.state.lock();
//!     if state.is_ready() { return Poll::Ready(..) }
//!     if caller.leave_in(&mut state.slot) { return Poll::Pending }
//!     drop(state);
//!     caller.clone_waker();
//! }
//! ```

use std::task::{Context, Waker};

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
    pub(crate) fn new(cx: &Context<'a>) -> Self {
        Self { waker: cx.waker(), parcel: None }
    }

    /// Makes the clone. Call it without any lock held.
    pub(crate) fn clone_waker(&mut self) {
        self.parcel = Some(self.waker.clone());
    }

    /// Whether this task's waker now lies in `slot`. If not, ask [`clone_waker`](Self::clone_waker) and come back.
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

    /// The clone, if it was made.
    pub(crate) fn take(&mut self) -> Option<Waker> {
        self.parcel.take()
    }
}
