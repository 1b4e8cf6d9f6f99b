//! What senders and receivers of a broadcast channel share: the ring, and where its end is.
//!
//! # The word
//! ```text
//!   bits 1..     bit 0
//!   TAIL         CLOSED
//! ```
//! `TAIL` is the position of the next value; it rises under the lock `receivers`, after the value was put into the
//! ring. `CLOSED` is set once, when the last sender goes, and nothing rises after that. It has room for 2⁶³ values: at one a
//! nanosecond, 292 years.
//!
//! # Locks
//! A sender holds `receivers` and takes the lock of a slot: so all values come into the ring in one order, and each for
//! just those receivers that were there. A receiver takes the lock of a slot alone.
//!
//! # The race
//! A receiver takes its place among those who wait first, looks at the word second, and sleeps third; a sender changes
//! the word first and wakes second. So a value that comes after the look finds the receiver in its place.

use super::error::SendError;
use super::ring::{Found, Ring};
use crate::loom::Mutex;
use crate::loom::atomic::AtomicU64;
use crate::loom::atomic::Ordering::{AcqRel, Acquire};
use crate::sync::Notify;
use crate::sync::handle::Senders;
use crate::sync::spread::Spread;
use crate::sync::wait::wait_until;
use crate::unwind::{FirstPanic, drop_all};

/// All senders are gone.
const CLOSED: u64 = 1;
/// One value.
const VALUE: u64 = 2;

/// Why a receiver gets no value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Nothing {
    /// It has had all values so far.
    Empty,
    /// As above, and all senders are gone.
    Closed,
    /// So many were overwritten before it had them.
    Lagged(u64),
}

/// The channel (see the module's words).
#[derive(Debug)]
pub(super) struct Shared<T> {
    /// The last values.
    ring: Ring<T>,
    /// The word: `{ TAIL, CLOSED }`.
    word: AtomicU64,
    /// Receivers alive. The lock of senders, and of receivers that come and go.
    receivers: Mutex<usize>,
    /// Where receivers wait for a value or for the end.
    arrivals: Spread,
    /// Where senders wait for the last receiver to go.
    departures: Notify,
}

impl<T> Shared<T> {
    /// A channel for at least `capacity` values, without a receiver.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            ring: Ring::new(capacity),
            word: AtomicU64::new(0),
            receivers: Mutex::new(0),
            arrivals: Spread::new(),
            departures: Notify::new(),
        }
    }

    /// The position of the next value, and whether all senders are gone.
    #[inline]
    pub(super) fn tail(&self) -> (u64, bool) {
        // Acquire: whoever finds a value announced finds it in the ring, and with the end all of them.
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
        // AcqRel: whoever finds the value announced finds it in the ring.
        self.word.fetch_add(VALUE, AcqRel);
        let count = *receivers;
        drop(receivers);
        let mut panicked = self.arrivals.notify_waiters();
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
    ) -> Result<R, Nothing> {
        let position = *next;
        match self.tail() {
            (tail, true) if tail == position => return Err(Nothing::Closed),
            (tail, false) if tail == position => return Err(Nothing::Empty),
            _ => *next += 1,
        }
        match self.ring.take(position, share, keep) {
            Found::Value(value) => Ok(value),
            Found::Overwritten(by) => {
                // The sender of `by` may not have announced it yet.
                let tail = self.tail().0.max(by + 1);
                *next = tail - self.ring.capacity();
                Err(Nothing::Lagged(*next - position))
            }
        }
    }

    /// Waits until `look` finds something: it looks now, and after each value and the end.
    pub(super) async fn wait_for_value<R>(&self, look: impl FnMut() -> Option<R>) -> R {
        wait_until(self.arrivals.place(), look).await
    }

    /// Waits until there is no receiver.
    pub(super) async fn wait_for_departures(&self) {
        wait_until(&self.departures, || (self.receivers() == 0).then_some(())).await;
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
            let _ = panicked.call(|| self.departures.notify_waiters());
        }
        // At most as many turns as there are slots: what was overwritten is passed over at once. Values that came since
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

impl<T> Senders for Shared<T> {
    fn end_senders(&self) {
        // AcqRel: whoever finds the end finds all values before it.
        self.word.fetch_or(CLOSED, AcqRel);
        self.arrivals.notify_waiters().pass_on();
    }
}
