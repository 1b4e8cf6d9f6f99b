//! What senders and receivers of a broadcast channel share: the ring, and where its end is.
//!
//! # The word
//! ```text
//!   bits 1..     bit 0
//!   TAIL         CLOSED
//! ```
//! `TAIL` is the position of the next value; it rises under the lock `receivers`, after the value was put into the
//! ring. `CLOSED` is set once, when the last sender goes, and nothing rises after that. It has space for 2⁶³ values: at one a
//! nanosecond, 292 years.
//!
//! # Locks
//! A sender holds `receivers` and takes the lock of a slot: so all values come into the ring in one order, and each for
//! just those receivers that were there. A receiver takes the lock of a slot alone.
//!
//! # The race
//! A receiver becomes a waiter first, checks the word second, and sleeps third; a sender changes the word first and wakes
//! second. So a value that comes after the check finds the receiver among the waiters.

use super::error::{SendError, TryRecvError};
use super::ring::{Found, Ring};
use crate::loom::Mutex;
use crate::loom::atomic::AtomicU64;
use crate::loom::atomic::Ordering::{AcqRel, Acquire};
use crate::sync::Notify;
use crate::sync::sender_handle::OnLastSender;
use crate::sync::sharded_notify::ShardedNotify;
use crate::sync::wait::wait_until;
use crate::unwind::{FirstPanic, drop_all};

/// All senders are gone.
const CLOSED: u64 = 1;
/// One value.
const VALUE: u64 = 2;

/// The channel (see the module docs).
#[derive(Debug)]
pub(super) struct Shared<T> {
    /// The last values.
    ring: Ring<T>,
    /// The word: `{ TAIL, CLOSED }`.
    word: AtomicU64,
    /// Receivers alive. The lock of senders, and of receivers that come and go.
    receivers: Mutex<usize>,
    /// Where receivers wait for a value or for the end.
    notify_receivers: ShardedNotify,
    /// Where senders wait for the last receiver to go.
    notify_senders: Notify,
}

impl<T> Shared<T> {
    /// A channel for at least `capacity` values, without a receiver.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            ring: Ring::new(capacity),
            word: AtomicU64::new(0),
            receivers: Mutex::new(0),
            notify_receivers: ShardedNotify::new(),
            notify_senders: Notify::new(),
        }
    }

    /// The position of the next value, and whether all senders are gone.
    #[inline]
    pub(super) fn tail(&self) -> (u64, bool) {
        // Acquire: a thread that finds a value announced finds it in the ring, and with the end all of them.
        let word = self.word.load(Acquire);
        (word / VALUE, word & CLOSED != 0)
    }

    /// Sends a value to all receivers there are. Says how many.
    pub(super) fn send(&self, value: T) -> Result<usize, SendError<T>> {
        let receivers = self.receivers.lock();
        if *receivers == 0 {
            return Err(SendError(value));
        }
        let (tail, _) = self.tail();
        let overwritten = self.ring.put(tail, value, *receivers);
        // AcqRel: a thread that finds the value announced finds it in the ring.
        self.word.fetch_add(VALUE, AcqRel);
        let count = *receivers;
        drop(receivers);
        let mut panicked = self.notify_receivers.notify_waiters();
        if let Some(overwritten) = overwritten {
            let _ = panicked.call(|| drop(overwritten));
        }
        panicked.pass_on();
        Ok(count)
    }

    /// The value at `next`, which moves on; `share` makes what the receiver gets, unless it is the last to get it.
    pub(super) fn take<R>(
        &self,
        next: &mut u64,
        share: impl FnOnce(&T) -> R,
        keep: impl FnOnce(T) -> R,
    ) -> Result<R, TryRecvError> {
        let position = *next;
        match self.tail() {
            (tail, true) if tail == position => return Err(TryRecvError::Closed),
            (tail, false) if tail == position => return Err(TryRecvError::Empty),
            _ => *next += 1,
        }
        match self.ring.take(position, share, keep) {
            Found::Value(value) => Ok(value),
            Found::Overwritten(by) => {
                // The sender of `by` may not have announced it yet.
                let tail = self.tail().0.max(by + 1);
                *next = tail - self.ring.capacity();
                Err(TryRecvError::Lagged(*next - position))
            }
        }
    }

    /// Waits until `look` finds something: it looks now, and after each value and the end.
    pub(super) async fn wait_for_value<R>(&self, look: impl FnMut() -> Option<R>) -> R {
        wait_until(self.notify_receivers.shard(), look).await
    }

    /// Waits until there is no receiver.
    pub(super) async fn wait_for_no_receivers(&self) {
        wait_until(&self.notify_senders, || (self.receivers() == 0).then_some(())).await;
    }

    /// Receivers alive.
    pub(super) fn receivers(&self) -> usize {
        *self.receivers.lock()
    }

    /// There is another receiver. Says which value is the first that it gets.
    pub(super) fn add_receiver(&self) -> u64 {
        let mut receivers = self.receivers.lock();
        *receivers += 1;
        self.tail().0
    }

    /// A receiver goes, which has had all values before `next`.
    pub(super) fn remove_receiver(&self, mut next: u64) {
        let mut receivers = self.receivers.lock();
        *receivers -= 1;
        let left = *receivers;
        let (tail, _) = self.tail();
        drop(receivers);
        let mut panicked = FirstPanic::none();
        if left == 0 {
            let _ = panicked.call(|| self.notify_senders.notify_waiters());
        }
        // At most as many steps as there are slots: what was overwritten is passed over at once. Values that came since
        // were not meant for this receiver, but they are not before `tail` either.
        let mut pass =
            || (next < tail).then(|| self.take(&mut next, |_| None, Some).unwrap_or_default());
        let _ = panicked.call(|| drop_all(&mut pass));
        panicked.pass_on();
    }

    /// How many values there are that some receiver is still to have.
    pub(super) fn len(&self) -> usize {
        // No value comes meanwhile.
        let _receivers = self.receivers.lock();
        let (tail, _) = self.tail();
        let kept = tail.min(self.ring.capacity());
        // A receiver has a value only after those before it: what some are still to have is at the end.
        let (mut first, mut end) = (tail - kept, tail);
        while first < end {
            let middle = first + (end - first) / 2;
            if self.ring.is_awaited(middle) {
                end = middle;
            } else {
                first = middle + 1;
            }
        }
        // At most the capacity, which is a `usize`.
        (tail - first) as usize
    }
}

impl<T> OnLastSender for Shared<T> {
    fn on_last_sender_dropped(&self) {
        // AcqRel: a thread that finds the end finds all values before it.
        self.word.fetch_or(CLOSED, AcqRel);
        self.notify_receivers.notify_waiters().pass_on();
    }
}
