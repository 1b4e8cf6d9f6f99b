//! The cell that both ends of a oneshot share: one word of flags, three cells, no lock.
//!
//! # The word
//! ```text
//!   bit 3       bit 2       bit 1     bit 0
//!   TX_WAKER    RX_WAKER    CLOSED    COMPLETE
//! ```
//! | bit | set by | means |
//! |---|---|---|
//! | `COMPLETE` | the sender, once, only while `CLOSED` is clear | the sender is done: a value lies there, or never will |
//! | `CLOSED` | the receiver, once | the receiver takes no value that is not complete by now |
//! | `RX_WAKER` | the receiver | a waker of the receiver lies in its cell, for the sender to wake |
//! | `TX_WAKER` | the sender | a waker of the sender lies in its cell, for the receiver to wake |
//!
//! # Who may touch which cell
//! - `value`: the sender until it has set `COMPLETE`, the receiver after that. If `CLOSED` came first, `COMPLETE`
//!   never comes, and the value stays the sender's.
//! - A waker's cell belongs to its own side, the *waiter*, as long as its waker bit is clear. The other side, the
//!   *ender*, reads it only if the very step that set its end bit found the waker bit set. So a waiter that wants its
//!   cell back clears the waker bit: if that step finds the end bit set, the ender may be reading, and the waiter
//!   does not touch the cell any more (it has no reason to: the wait is over).
//!
//! # The race
//! The waiter looks, finds no end, leaves its waker and sets its bit; the ender comes between. Both steps are
//! read-modify-writes of the one word, so one of them is first: either the ender finds the waker bit and wakes, or the
//! waiter finds the end bit and does not wait.

use crate::loom::atomic::AtomicU32;
use crate::loom::atomic::Ordering::{AcqRel, Acquire};
use crate::loom::{Arc, UnsafeCell};
use crate::unwind::drop_waker;
use crate::wake_list::wake_by_ref;
use std::task::{Context, Poll, Waker, ready};

/// The sender is done.
const COMPLETE: u32 = 1;
/// The receiver takes no value any more.
const CLOSED: u32 = 1 << 1;
/// A waker of the receiver is there.
const RX_WAKER: u32 = 1 << 2;
/// A waker of the sender is there.
const TX_WAKER: u32 = 1 << 3;

/// What both ends share (see the module docs).
#[derive(Debug)]
struct Inner<T> {
    /// The word: `{ TX_WAKER, RX_WAKER, CLOSED, COMPLETE }`.
    state: AtomicU32,
    /// The value, between `send` and its receiving.
    value: UnsafeCell<Option<T>>,
    /// Whom to wake on `COMPLETE`.
    rx_waker: UnsafeCell<Option<Waker>>,
    /// Whom to wake on `CLOSED`.
    tx_waker: UnsafeCell<Option<Waker>>,
}

// SAFETY: the cells are handed between the two sides by the word, as the module says: no cell is ever reached by both
// at once, unless both only read. A value goes from one thread to the other, hence `T: Send`; no thread ever has a
// reference to it while the other side has, so `T: Sync` is not needed.
unsafe impl<T: Send> Send for Inner<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Inner<T> {}

impl<T> Inner<T> {
    /// Whether the receiver has closed.
    fn is_closed(&self) -> bool {
        self.state.load(Acquire) & CLOSED != 0
    }

    /// Whether the sender is done.
    fn is_complete(&self) -> bool {
        self.state.load(Acquire) & COMPLETE != 0
    }

    /// Waits until `end_bit` is set; stores the waker in `cell` and sets `waker_bit`.
    ///
    /// # Safety
    /// Only the waiter whose cell it is calls it, one call at a time, before it has given the cell up.
    unsafe fn poll_end(
        &self,
        cell: &UnsafeCell<Option<Waker>>,
        waker_bit: u32,
        end_bit: u32,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        // Acquire, here and below: pairs with the step that set the end bit.
        let mut state = self.state.load(Acquire);
        if state & end_bit == 0 && state & waker_bit != 0 {
            // SAFETY: the waiter alone writes its cell, and it does not now: both sides may read.
            let same = cell.with(|cell| unsafe {
                (*cell).as_ref().is_some_and(|waker| waker.will_wake(cx.waker()))
            });
            if same {
                return Poll::Pending;
            }
            state = self.state.fetch_and(!waker_bit, AcqRel);
        }
        if state & end_bit != 0 {
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        // SAFETY: the waker bit is clear and was so before the end bit came, if it did: the cell is the waiter's.
        let former = cell.with_mut(|cell| unsafe { (*cell).replace(waker) });
        // Release: the ender finds the waker whole.
        let state = self.state.fetch_or(waker_bit, AcqRel);
        drop_waker(former);
        if state & end_bit != 0 { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl<T> Drop for Inner<T> {
    fn drop(&mut self) {
        // A panic here would go into whichever call of an end is the last, and take its value with it.
        for cell in [&self.rx_waker, &self.tx_waker] {
            // SAFETY: nothing else refers to the cells any more.
            drop_waker(unsafe { take_waker(cell) });
        }
    }
}

/// The two ends of a new cell.
pub(super) fn pair<T>() -> (Tx<T>, Rx<T>) {
    let inner = Arc::new(Inner {
        state: AtomicU32::new(0),
        value: UnsafeCell::new(None),
        rx_waker: UnsafeCell::new(None),
        tx_waker: UnsafeCell::new(None),
    });
    (Tx(Arc::clone(&inner)), Rx(inner))
}

/// The sender's side. There is one for a cell, and it is not cloned: to hold it is to be the sender.
#[derive(Debug)]
pub(super) struct Tx<T>(Arc<Inner<T>>);

impl<T> Tx<T> {
    /// Whether the receiver has closed.
    pub(super) fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// The sender is done, with or without a value. Gives the value back if the receiver has closed.
    pub(super) fn complete(self, value: Option<T>) -> Result<(), Option<T>> {
        let inner = &*self.0;
        // SAFETY: `COMPLETE` is not set yet, since only this call sets it, and it consumes the sender: the value is
        // the sender's.
        inner.value.with_mut(|cell| unsafe { *cell = value });
        // Release: the receiver, which acquires, finds the value. Acquire: the waker of the receiver is found whole.
        let set = inner.state.fetch_update(AcqRel, Acquire, |state| {
            if state & CLOSED != 0 { None } else { Some(state | COMPLETE) }
        });
        let Ok(before) = set else {
            // SAFETY: `CLOSED` came first, so `COMPLETE` never comes and the value stays the sender's.
            return Err(inner.value.with_mut(|cell| unsafe { (*cell).take() }));
        };
        // SAFETY: the receiver reads the sender's waker only if it sets `CLOSED` before `COMPLETE` is there, and it
        // did not.
        drop_waker(unsafe { take_waker(&inner.tx_waker) });
        if before & RX_WAKER != 0 {
            // SAFETY: the step that set `COMPLETE` found the waker bit: the receiver does not write the cell any more.
            unsafe { wake(&inner.rx_waker) };
        }
        Ok(())
    }

    /// Waits until the receiver closes.
    pub(super) fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: the sender is the waiter of `tx_waker`; it is borrowed exclusively and has not completed.
        unsafe { self.0.poll_end(&self.0.tx_waker, TX_WAKER, CLOSED, cx) }
    }
}

/// The receiver's side. There is one for a cell, and it is not cloned: to hold it is to be the receiver.
#[derive(Debug)]
pub(super) struct Rx<T>(Arc<Inner<T>>);

impl<T> Rx<T> {
    /// The value, if the sender is done; `None` in it if there is none, or if the receiver has closed before.
    pub(super) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if !self.is_ended() {
            // SAFETY: the receiver is the waiter of `rx_waker`; it is borrowed exclusively and has not closed.
            ready!(unsafe { self.0.poll_end(&self.0.rx_waker, RX_WAKER, COMPLETE, cx) });
        }
        Poll::Ready(self.take_value())
    }

    /// The value, if it is complete.
    pub(super) fn take_value(&mut self) -> Option<T> {
        if !self.0.is_complete() {
            return None;
        }
        // SAFETY: `COMPLETE` is set: the value is the receiver's, which is borrowed exclusively.
        self.0.value.with_mut(|cell| unsafe { (*cell).take() })
    }

    /// Whether no value lies there for the receiver.
    pub(super) fn is_empty(&self) -> bool {
        // SAFETY: `COMPLETE` is set: the value is the receiver's, which takes it only while it is borrowed exclusively.
        !self.0.is_complete() || self.0.value.with(|cell| unsafe { (*cell).is_none() })
    }

    /// Whether either side is done.
    pub(super) fn is_ended(&self) -> bool {
        self.0.state.load(Acquire) & (CLOSED | COMPLETE) != 0
    }

    /// The receiver takes no value that is not complete by now.
    pub(super) fn close(&mut self) {
        // Acquire: the waker of the sender is found whole. Release: the sender sees what was done before the end.
        let before = self.0.state.fetch_or(CLOSED, AcqRel);
        if before & (CLOSED | COMPLETE) != 0 {
            return;
        }
        // SAFETY: the sender reads the receiver's waker only once `COMPLETE` is set, and now it never is.
        drop_waker(unsafe { take_waker(&self.0.rx_waker) });
        if before & TX_WAKER != 0 {
            // SAFETY: the step that set `CLOSED` found the waker bit: the sender does not write the cell any more.
            unsafe { wake(&self.0.tx_waker) };
        }
    }
}

/// Takes a waker that will not be woken any more, to be dropped.
///
/// # Safety
/// Nobody else touches the cell, now or later.
unsafe fn take_waker(cell: &UnsafeCell<Option<Waker>>) -> Option<Waker> {
    // SAFETY: the caller's promise.
    cell.with_mut(|cell| unsafe { (*cell).take() })
}

/// Wakes the waker in a cell.
///
/// # Safety
/// Nobody writes the cell, now or later.
unsafe fn wake(cell: &UnsafeCell<Option<Waker>>) {
    cell.with(|cell| {
        // SAFETY: the caller's promise.
        if let Some(waker) = unsafe { &*cell } {
            wake_by_ref(waker);
        }
    });
}
