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

    /// Wakes all, first pushed first. A panic of one is passed on after the others were woken, unless the thread panics
    /// already: a second panic would end the process.
    pub(crate) fn wake_all(&mut self) {
        let mut panicked = None;
        for waker in self.0.drain(..) {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
                panicked = Some(panic);
            }
        }
        if let Some(panic) = panicked
            && !std::thread::panicking()
        {
            resume_unwind(panic);
        }
    }
}

impl Drop for Wakers {
    fn drop(&mut self) {
        self.wake_all();
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::Wakers;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::task::{Wake, Waker};

    /// Counts its wakes; the first one panics.
    struct PanicsFirst(AtomicUsize);

    impl Wake for PanicsFirst {
        fn wake(self: Arc<Self>) {
            assert!(self.0.fetch_add(1, SeqCst) > 0, "on purpose");
        }
    }

    #[test]
    fn trap_07_a_waker_that_panics_while_the_thread_panics_ends_nothing_and_keeps_nobody_asleep() {
        let counts = Arc::new(PanicsFirst(AtomicUsize::new(0)));
        let mut wakers = Wakers::new();
        wakers.push(Waker::from(Arc::clone(&counts)));
        wakers.push(Waker::from(Arc::clone(&counts)));
        let panics = catch_unwind(AssertUnwindSafe(|| {
            let _wakers = wakers;
            panic!("on purpose, too");
        }));
        assert!(panics.is_err());
        assert_eq!(counts.0.load(SeqCst), 2);
    }
}
