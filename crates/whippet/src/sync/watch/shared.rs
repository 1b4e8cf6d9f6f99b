//! What senders and receivers of a watch channel share: the value under a lock, and its version beside it.
//!
//! # The word
//! ```text
//!   bits 1..     bit 0
//!   VERSION      CLOSED
//! ```
//! `VERSION` counts the changes and wraps; it rises while the value's lock is held for writing, so a holder of that
//! lock finds value and version in step. `CLOSED` is set once, when the last sender goes, and nothing rises after that. It wraps
//! after 2⁶³ changes: a receiver that slept through exactly so many would miss the last. Receivers and senders are counted in
//! words of their own; each has a reference to the channel, whose count aborts the process before theirs overflow.
//!
//! # The race
//! A receiver becomes a waiter first, checks the word second, and sleeps third; a sender changes the word first and wakes
//! second. So a change that comes after the check finds the receiver among the waiters.

use super::error::RecvError;
use crate::loom::atomic::AtomicUsize;
use crate::loom::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use crate::loom::{RwLock, RwLockReadGuard};
use crate::sync::Notify;
use crate::sync::sharded_notify::ShardedNotify;
use crate::sync::wait::wait_until;
use crate::unwind::FirstPanic;

/// All senders are gone.
const CLOSED: usize = 1;
/// One change.
const CHANGE: usize = 2;

/// Which of the values a receiver has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version(usize);

impl Version {
    /// The one before.
    pub(super) fn previous(self) -> Self {
        Self(self.0.wrapping_sub(CHANGE))
    }
}

/// The channel (see the module docs).
#[derive(Debug)]
pub(super) struct Shared<T> {
    /// The value.
    value: RwLock<T>,
    /// The word: `{ VERSION, CLOSED }`.
    word: AtomicUsize,
    /// Where receivers wait for a change or for the end.
    notify_receivers: ShardedNotify,
    /// Where senders wait for the last receiver to go.
    notify_senders: Notify,
    /// Receivers alive. The last one wakes `notify_senders`.
    receivers: AtomicUsize,
    /// Senders alive. The last one closes.
    senders: AtomicUsize,
}

impl<T> Shared<T> {
    /// A channel with one sender and no receiver.
    pub(super) fn new(value: T) -> Self {
        Self {
            value: RwLock::new(value),
            word: AtomicUsize::new(0),
            notify_receivers: ShardedNotify::new(),
            notify_senders: Notify::new(),
            receivers: AtomicUsize::new(0),
            senders: AtomicUsize::new(1),
        }
    }

    /// The present version, and whether all senders are gone.
    #[inline]
    pub(super) fn version_and_closed(&self) -> (Version, bool) {
        // Acquire: a thread that finds the end sees the last value (pairs with `close` and `change`).
        let word = self.word.load(Acquire);
        (Version(word & !CLOSED), word & CLOSED != 0)
    }

    /// The present value and its version. No sender changes it as long as the guard lives.
    pub(super) fn read(&self) -> (RwLockReadGuard<'_, T>, Version) {
        let value = self.value.read();
        let (version, _) = self.version_and_closed();
        (value, version)
    }

    /// Changes the value by `change`, which returns whether the caller is to wake the receivers, with
    /// [`Shared::wake_receivers`]. If `change` panics, no receiver is woken.
    pub(super) fn change(&self, change: impl FnOnce(&mut T) -> bool) -> bool {
        let mut value = self.value.write();
        let is_changed = change(&mut value);
        if is_changed {
            // AcqRel: a receiver that finds the version finds the value; the lock keeps this and the value in step.
            self.word.fetch_add(CHANGE, AcqRel);
        }
        is_changed
    }

    /// Replaces the value. The caller wakes the receivers, with [`Shared::wake_receivers`].
    pub(super) fn replace(&self, mut value: T) -> T {
        self.change(|present| {
            std::mem::swap(present, &mut value);
            true
        });
        value
    }

    /// Wakes the receivers that wait. A waker's panic is the caller's to pass on.
    #[inline]
    pub(super) fn wake_receivers(&self) -> FirstPanic {
        self.notify_receivers.notify_waiters()
    }

    /// A version other than `seen`, or the end if there will be none.
    #[inline]
    pub(super) fn changed_since(&self, seen: Version) -> Option<Result<Version, RecvError>> {
        match self.version_and_closed() {
            (version, _) if version != seen => Some(Ok(version)),
            (_, true) => Some(Err(RecvError(()))),
            _ => None,
        }
    }

    /// Waits until `look` finds something: it looks now, and after each change.
    pub(super) async fn wait_for_change<R>(&self, look: impl FnMut() -> Option<R>) -> R {
        wait_until(self.notify_receivers.shard(), look).await
    }

    /// Waits until there is no receiver.
    pub(super) async fn wait_for_no_receivers(&self) {
        wait_until(&self.notify_senders, || (self.receivers() == 0).then_some(())).await;
    }

    /// Receivers alive.
    pub(super) fn receivers(&self) -> usize {
        // Acquire: a thread that sees a receiver gone sees what it did.
        self.receivers.load(Acquire)
    }

    /// Senders alive.
    pub(super) fn senders(&self) -> usize {
        self.senders.load(Relaxed)
    }

    /// There is another receiver.
    pub(super) fn add_receiver(&self) {
        // Relaxed: it is made through a sender or a receiver, which keeps the channel alive.
        self.receivers.fetch_add(1, Relaxed);
    }

    /// A receiver goes.
    pub(super) fn remove_receiver(&self) {
        // AcqRel: a sender that finds none sees what they did.
        if self.receivers.fetch_sub(1, AcqRel) == 1 {
            self.notify_senders.notify_waiters();
        }
    }

    /// There is another sender.
    pub(super) fn add_sender(&self) {
        // Relaxed: the sender at hand keeps the count above zero.
        self.senders.fetch_add(1, Relaxed);
    }

    /// A sender goes.
    pub(super) fn remove_sender(&self) {
        // AcqRel: what the others sent happens before the end.
        if self.senders.fetch_sub(1, AcqRel) == 1 {
            // AcqRel: a thread that finds the end sees the last value.
            self.word.fetch_or(CLOSED, AcqRel);
            self.wake_receivers().pass_on();
        }
    }
}
