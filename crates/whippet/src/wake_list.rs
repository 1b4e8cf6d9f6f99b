//! Wakers that were collected under a lock, to be woken after it is dropped.
//!
//! No user code runs under a lock of whippet's: code that finds a waker under one puts it here, drops the lock and
//! calls [`WakeList::wake_all`]. One waker that panics does not keep the others asleep. A lone waker goes through [`wake`].

use crate::loom::thread_local;
use crate::unwind::{FirstPanic, catch_panic};
use smallvec::SmallVec;
use std::cell::Cell;
use std::task::Waker;

/// Wakers kept without an allocation: the usual number that one event brings.
const INLINE: usize = 16;

thread_local! {
    /// The batch of several wakers that this thread is at.
    static BATCH: Cell<Batch> = const { Cell::new(Batch::None) };
}

/// Names a waker that is kept elsewhere, so that a look without the lock can tell it from others. It is of use for as long
/// as that waker is kept: until then no other waker has the same parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeptWaker {
    /// The address of its data.
    data: usize,
    /// The address of its table of functions.
    table: usize,
}

impl KeptWaker {
    /// A clone to be kept, and its name. The parts are the clone's: those of the waker that is lent for a poll may differ
    /// from them, and may be another waker's in the next poll.
    #[inline]
    pub(crate) fn clone_of(lent: &Waker) -> (Waker, Self) {
        let kept = lent.clone();
        let name = Self::of(&kept);
        (kept, name)
    }

    /// As [`Waker::will_wake`] of the waker that is kept.
    #[inline]
    pub(crate) fn will_wake(self, lent: &Waker) -> bool {
        self == Self::of(lent)
    }

    #[inline]
    fn of(waker: &Waker) -> Self {
        Self { data: waker.data().addr(), table: std::ptr::from_ref(waker.vtable()).addr() }
    }
}

/// How far a batch of several wakers is.
#[derive(Clone, Copy, Debug)]
enum Batch {
    /// There is none.
    None,
    /// No call at its end was asked for.
    Begun,
    /// One was asked for.
    Calls(fn()),
}

/// What [`defer_to_batch_end`] answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deferred {
    /// This thread is not at a batch: there will be no call.
    Not,
    /// There will be a call.
    First,
    /// There will be one: it was asked for before.
    Again,
}

/// Asks for a call of `f` when the batch of wakers that this thread is at is through: for what needs to be done once
/// for all of them. All who ask within one batch ask for the same.
#[inline]
pub(crate) fn defer_to_batch_end(f: fn()) -> Deferred {
    match BATCH.try_with(Cell::get) {
        Ok(Batch::Begun) => {
            BATCH.with(|batch| batch.set(Batch::Calls(f)));
            Deferred::First
        }
        Ok(Batch::Calls(_)) => Deferred::Again,
        Ok(Batch::None) | Err(_) => Deferred::Not,
    }
}

/// A batch that this thread is at; a batch within another is part of it.
struct BatchGuard {
    /// Whether it is part of another.
    is_part: bool,
}

impl BatchGuard {
    fn begin() -> Self {
        let is_part = BATCH.try_with(|batch| match batch.get() {
            Batch::None => {
                batch.set(Batch::Begun);
                false
            }
            _ => true,
        });
        Self { is_part: is_part.unwrap_or(true) }
    }
}

impl Drop for BatchGuard {
    fn drop(&mut self) {
        if !self.is_part
            && let Ok(Batch::Calls(f)) = BATCH.try_with(|batch| batch.replace(Batch::None))
        {
            f();
        }
    }
}

/// A batch of wakers on its way out of a lock. Dropping it wakes what is left.
#[derive(Debug, Default)]
pub(crate) struct WakeList(SmallVec<[Waker; INLINE]>);

impl WakeList {
    /// An empty batch.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    #[inline]
    pub(crate) fn push(&mut self, waker: Waker) {
        self.0.push(waker);
    }

    /// Makes room for so many more.
    #[inline]
    pub(crate) fn reserve(&mut self, additional: usize) {
        self.0.reserve(additional);
    }

    /// How many are waiting to be woken.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Wakes all, first pushed first. The first panic is passed on after the others were woken, unless the thread panics
    /// already: a second panic would end the process.
    #[inline]
    pub(crate) fn wake_all(&mut self) {
        if !self.0.is_empty() {
            self.wake_each().pass_on();
        }
    }

    /// The same, for a call that has more to do before it passes the first panic on.
    #[inline]
    pub(crate) fn wake_and_catch(&mut self) -> FirstPanic {
        if self.0.is_empty() { FirstPanic::none() } else { self.wake_each() }
    }

    /// The same, for a call that hands something out, which a panic would take with it: panics end here.
    #[inline]
    pub(crate) fn wake_all_catching(&mut self) {
        if !self.0.is_empty() {
            self.wake_each().end();
        }
    }

    /// Wakes all, when there are some.
    fn wake_each(&mut self) -> FirstPanic {
        let batch = (self.0.len() > 1).then(BatchGuard::begin);
        let mut panicked = FirstPanic::none();
        for waker in self.0.drain(..) {
            let _ = panicked.call(|| waker.wake());
        }
        drop(batch);
        panicked
    }
}

impl Drop for WakeList {
    #[inline]
    fn drop(&mut self) {
        self.wake_all();
    }
}

/// Wakes one, if there is one. Its panic goes on, unless the thread panics already.
#[inline]
pub(crate) fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        unless_panicking(|| waker.wake());
    }
}

/// Wakes one, and keeps it. Its panic goes on, unless the thread panics already.
#[inline]
pub(crate) fn wake_by_ref(waker: &Waker) {
    unless_panicking(|| waker.wake_by_ref());
}

/// Calls `wake`, whose panic goes on, unless the thread panics already.
#[inline]
fn unless_panicking(wake: impl FnOnce()) {
    if std::thread::panicking() {
        let _ = catch_panic(wake);
    } else {
        wake();
    }
}

/// Wakes one, if there is one, for a call that hands something out, which a panic would take with it: a panic ends here.
#[inline]
pub(crate) fn wake_catching(waker: Option<Waker>) {
    if let Some(waker) = waker {
        let _ = catch_panic(|| waker.wake());
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::{Deferred, WakeList, defer_to_batch_end};
    use std::cell::RefCell;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::task::{Wake, Waker};

    thread_local! {
        /// What happened.
        static SEEN: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
    }

    fn see(what: &'static str) {
        SEEN.with(|seen| seen.borrow_mut().push(what));
    }

    /// A waker that asks for a call at the end of its batch, and panics if it is to.
    struct Asking {
        panics: bool,
    }

    impl Wake for Asking {
        fn wake(self: Arc<Self>) {
            see(match defer_to_batch_end(|| see("the end")) {
                Deferred::Not => "not",
                Deferred::First => "first",
                Deferred::Again => "again",
            });
            assert!(!self.panics, "as it is to");
        }
    }

    /// What happens when such wakers are woken.
    fn woken(panics: &[bool]) -> Vec<&'static str> {
        let mut wakers = WakeList::new();
        for &panics in panics {
            wakers.push(Waker::from(Arc::new(Asking { panics })));
        }
        let woken = catch_unwind(AssertUnwindSafe(|| wakers.wake_all()));
        assert_eq!(woken.is_err(), panics.contains(&true));
        SEEN.take()
    }

    #[test]
    fn several_wakers_are_a_batch_with_one_call_at_its_end() {
        assert_eq!(woken(&[false, false, false]), ["first", "again", "again", "the end"]);
        assert_eq!(woken(&[false, true, false]), ["first", "again", "again", "the end"]);
        assert_eq!(woken(&[false]), ["not"], "one waker is no batch");
        assert_eq!(woken(&[false, false]), ["first", "again", "the end"], "each batch by itself");
    }

    /// Counts its wakes; the first one panics.
    struct PanicsFirst(AtomicUsize);

    impl Wake for PanicsFirst {
        fn wake(self: Arc<Self>) {
            assert!(self.0.fetch_add(1, SeqCst) > 0, "on purpose");
        }
    }

    #[test]
    fn regression_07_a_waker_that_panics_while_the_thread_panics_ends_nothing_and_keeps_nobody_asleep()
     {
        let counts = Arc::new(PanicsFirst(AtomicUsize::new(0)));
        let mut wakers = WakeList::new();
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
