//! Wakers that were collected under a lock, to be woken after it is dropped.
//!
//! No user code runs under a lock of whippet's: whoever finds a waker under one puts it here, drops the lock and
//! calls [`Wakers::wake_all`]. One waker that panics does not keep the others asleep.

use smallvec::SmallVec;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;

/// Wakers kept without an allocation: the usual number that one event brings.
const INLINE: usize = 16;

/// A batch of wakers on its way out of a lock. Dropping it wakes what is left.
#[derive(Debug, Default)]
pub(crate) struct Wakers(SmallVec<[Waker; INLINE]>);

impl Wakers {
    /// An empty batch.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    #[inline]
    pub(crate) fn push(&mut self, waker: Waker) {
        self.0.push(waker);
    }

    /// How many are waiting to be woken.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Wakes all, first pushed first. A panic of one is passed on after the others were woken.
    pub(crate) fn wake_all(&mut self) {
        let mut panicked = None;
        for waker in self.0.drain(..) {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
                panicked = Some(panic);
            }
        }
        if let Some(panic) = panicked {
            resume_unwind(panic);
        }
    }
}

impl Drop for Wakers {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.wake_all();
        }
    }
}
