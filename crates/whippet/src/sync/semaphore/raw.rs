//! The semaphore beneath the public ones: permits, and futures that wait for them.
//!
//! While nobody waits, the permits are a number in one word, and to take some or to give them back is one
//! read-modify-write. Whoever has to wait moves them under the lock, where the line is ([`Permits`]); there they stay until
//! the line is empty, so that nobody overtakes those who wait.
//!
//! ```text
//!   bits 1..      bit 0
//!   AVAILABLE     LOCKED
//!
//!          `enter`: swap(LOCKED), the number goes under the lock
//!   open ──────────────────────────────────────────────────────────► locked
//!        ◄──────────────────────────────────────────────────────────
//!          `settle`: nobody waits, not closed: store(number)
//! ```
//! `LOCKED` is set and cleared with the lock held. Once closed the permits stay under it.
//!
//! *The race*: one gives a permit back while another begins to wait. Both change the word: if the first is earlier, the
//! second finds the permit in the number that it moves; if it is later, it finds `LOCKED`, takes the lock, and serves
//! the line.

use crate::coop;
use crate::loom::atomic::AtomicUsize;
use crate::loom::atomic::Ordering::{self, AcqRel, Relaxed, Release};
use crate::loom::{Mutex, const_fn};
use crate::sync::caller::poll_locked;
use crate::sync::permits::{MAX_PERMITS, Permits, Refused, sum_of};
use crate::sync::wait_list::Ticket;
use crate::unwind::drop_waker;
use crate::wakers::Wakers;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The permits are under the lock.
const LOCKED: usize = 1;
/// One permit.
const PERMIT: usize = 2;

/// Permits that may be waited for (see the module's words).
#[derive(Debug)]
pub(crate) struct RawSemaphore {
    /// The word: `{ AVAILABLE, LOCKED }`. Written by all, but `LOCKED` under the lock alone.
    word: AtomicUsize,
    /// The permits while `LOCKED`, and who waits for them.
    permits: Mutex<Permits>,
}

impl RawSemaphore {
    const_fn! {
        /// A semaphore with `available` permits.
        pub(crate) fn new(available: usize) -> Self {
            Self { word: AtomicUsize::new(available * PERMIT), permits: Mutex::new(Permits::new(0)) }
        }
    }

    /// Permits that could be had at once.
    pub(crate) fn available(&self) -> usize {
        // Acquire: whoever sees a permit sees what was done before it came back.
        match self.word.load(Ordering::Acquire) {
            word if word & LOCKED == 0 => word / PERMIT,
            _ => self.locked(|permits| permits.available()),
        }
    }

    /// Whether it was closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.permits.lock().is_closed()
    }

    /// Takes `wanted` permits at once, or none.
    #[inline]
    pub(crate) fn try_acquire(&self, wanted: usize) -> Result<(), Refused> {
        match self.take(wanted) {
            Some(taken) => taken,
            None => self.locked(|permits| permits.try_acquire(wanted)),
        }
    }

    /// Takes `wanted` permits without the lock. `None`: they are under it.
    #[inline]
    fn take(&self, wanted: usize) -> Option<Result<(), Refused>> {
        let mut word = self.word.load(Relaxed);
        loop {
            if word & LOCKED != 0 {
                return None;
            }
            if word / PERMIT < wanted {
                return Some(Err(Refused::Short));
            }
            // Acquire: pairs with the release of who gave them back. AcqRel as well keeps the chain of those before.
            match self.word.compare_exchange_weak(word, word - wanted * PERMIT, AcqRel, Relaxed) {
                Ok(_) => return Some(Ok(())),
                Err(found) => word = found,
            }
        }
    }

    /// Waits for `wanted` permits.
    pub(crate) fn acquire(&self, wanted: usize) -> Acquire<'_> {
        Acquire { semaphore: self, wanted, ticket: None }
    }

    /// Adds new permits. False: there would be more than [`MAX_PERMITS`], and none is added.
    #[must_use = "whoever adds too many is told"]
    pub(crate) fn try_add(&self, count: usize) -> bool {
        let mut word = self.word.load(Relaxed);
        while word & LOCKED == 0 {
            // The sum is of the number that is exchanged: of two that add at once, none passes the limit.
            let Some(sum) = sum_of(word / PERMIT, count) else { return false };
            // As in `release`.
            match self.word.compare_exchange_weak(word, sum * PERMIT, AcqRel, Relaxed) {
                Ok(_) => return true,
                Err(found) => word = found,
            }
        }
        let mut wakers = Wakers::new();
        let is_added = self.locked(|permits| permits.try_add(count, &mut wakers));
        wakers.wake_all();
        is_added
    }

    /// Gives permits back. What would be more than [`MAX_PERMITS`], because permits were added while these were out, is
    /// gone.
    #[inline]
    pub(crate) fn release(&self, returned: usize) {
        let mut word = self.word.load(Relaxed);
        while word & LOCKED == 0 {
            // Release: pairs with the acquire of who takes them next.
            let more = (word / PERMIT).saturating_add(returned).min(MAX_PERMITS) * PERMIT;
            match self.word.compare_exchange_weak(word, more, AcqRel, Relaxed) {
                Ok(_) => return,
                Err(found) => word = found,
            }
        }
        self.release_locked(returned);
    }

    /// The same under the lock, where somebody may wait.
    #[cold]
    fn release_locked(&self, returned: usize) {
        let mut wakers = Wakers::new();
        self.locked(|permits| permits.release(returned, &mut wakers));
        wakers.wake_all();
    }

    /// Takes up to `count` available permits away for good. Says how many.
    pub(crate) fn forget(&self, count: usize) -> usize {
        self.locked(|permits| permits.forget(count))
    }

    /// Gives no more permits, and refuses those who wait.
    pub(crate) fn close(&self) {
        let mut wakers = Wakers::new();
        self.locked(|permits| permits.close(&mut wakers));
        wakers.wake_all();
    }

    /// Calls `f` with all permits under the lock.
    fn locked<R>(&self, f: impl FnOnce(&mut Permits) -> R) -> R {
        let mut permits = self.permits.lock();
        self.enter(&mut permits);
        let result = f(&mut permits);
        self.settle(&mut permits);
        result
    }

    /// Moves the permits under the lock, unless they are there.
    fn enter(&self, permits: &mut Permits) {
        // Relaxed: `LOCKED` is written under the lock, which is held.
        if self.word.load(Relaxed) & LOCKED == 0 {
            // AcqRel: acquire for those who gave the permits back; release keeps the chain.
            let word = self.word.swap(LOCKED, AcqRel);
            permits.put(word / PERMIT);
        }
    }

    /// Moves the permits back into the word, if nobody waits for them.
    fn settle(&self, permits: &mut Permits) {
        if let Some(available) = permits.take_if_idle() {
            // Release: what was done under the lock comes before whatever the next one does with a permit.
            self.word.store(available * PERMIT, Release);
        }
    }

    /// Futures that wait here. Tests of leaks look at it.
    #[cfg(test)]
    #[cfg(not(loom))]
    pub(crate) fn waiting(&self) -> usize {
        self.permits.lock().waiting()
    }
}

/// Waits for permits. Dropped early it leaves the line, and what it was given but never collected goes to the next.
#[derive(Debug)]
pub(crate) struct Acquire<'a> {
    /// Whose permits.
    semaphore: &'a RawSemaphore,
    /// How many.
    wanted: usize,
    /// The place in line, once it had to wait.
    ticket: Option<Ticket>,
}

impl Acquire<'_> {
    /// How many permits it is for.
    pub(crate) fn wanted(&self) -> usize {
        self.wanted
    }
}

impl Future for Acquire<'_> {
    type Output = Result<(), Refused>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { semaphore, wanted, ticket } = &mut *self;
        if ticket.is_none() {
            let unit = ready!(coop::poll_proceed(cx));
            if let Some(Ok(())) = semaphore.take(*wanted) {
                unit.spend();
                return Poll::Ready(Ok(()));
            }
        }
        poll_locked(&semaphore.permits, cx, false, |permits, caller| {
            semaphore.enter(permits);
            let polled = permits.poll_acquire(*wanted, ticket, caller);
            semaphore.settle(permits);
            polled
        })
    }
}

impl Drop for Acquire<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            let mut wakers = Wakers::new();
            let waker = self.semaphore.locked(|permits| permits.abandon(ticket, &mut wakers));
            drop_waker(waker);
            wakers.wake_all();
        }
    }
}
