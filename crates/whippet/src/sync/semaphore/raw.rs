//! The semaphore beneath the public ones: permits, and futures that wait for them.
//!
//! While there are no waiters, the permits are a number in one word, and to take or return some is one
//! read-modify-write. A task that has to wait moves them under the lock, where the queue is ([`FairPermits`]); there they stay
//! until the queue is empty, so that no one overtakes the waiters.
//!
//! ```text
//!   bits 1..      bit 0
//!   AVAILABLE     LOCKED
//!          `move_under_lock`: swap(LOCKED), the number goes under the lock
//!          `move_under_lock`: swap(LOCKED), the number goes under the lock
//!   open ──────────────────────────────────────────────────────────► locked
//!        ◄──────────────────────────────────────────────────────────
//!          `move_to_word`: no waiters, not closed: store(number)
//! ```
//! `LOCKED` is set and cleared with the lock held. Once closed the permits stay under it.
//!
//! *The race*: one thread returns a permit while another begins to wait. Both change the word: if the first is earlier, the
//! second finds the permit in the number that it moves; if it is later, it finds `LOCKED`, takes the lock, and grants
//! permits to the waiters.

use crate::coop;
use crate::loom::atomic::AtomicUsize;
use crate::loom::atomic::Ordering::{self, AcqRel, Relaxed, Release};
use crate::loom::{Mutex, const_fn};
use crate::sync::fair_permits::{AcquireFailure, FairPermits, MAX_PERMITS, checked_total};
use crate::sync::poll_waker::poll_locked;
use crate::sync::wait_list::Ticket;
use crate::unwind::drop_waker;
use crate::wake_list::WakeList;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The permits are under the lock.
const LOCKED: usize = 1;
/// One permit.
const PERMIT: usize = 2;

/// Permits that may be waited for (see the module docs).
#[derive(Debug)]
pub(crate) struct RawSemaphore {
    /// The word: `{ AVAILABLE, LOCKED }`. Written by all, but `LOCKED` under the lock alone.
    word: AtomicUsize,
    /// The permits while `LOCKED`, and their waiters.
    permits: Mutex<FairPermits>,
}

impl RawSemaphore {
    const_fn! {
        /// A semaphore with `available` permits.
        pub(crate) fn new(available: usize) -> Self {
            Self { word: AtomicUsize::new(available * PERMIT), permits: Mutex::new(FairPermits::new(0)) }
        }
    }

    /// Permits that could be had at once.
    pub(crate) fn available(&self) -> usize {
        // Acquire: a thread that sees a permit sees what was done before it came back.
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
    pub(crate) fn try_acquire(&self, wanted: usize) -> Result<(), AcquireFailure> {
        match self.try_take_unlocked(wanted) {
            Some(taken) => taken,
            None => self.locked(|permits| permits.try_acquire(wanted)),
        }
    }

    /// Takes `wanted` permits without the lock. `None`: they are under it.
    #[inline]
    fn try_take_unlocked(&self, wanted: usize) -> Option<Result<(), AcquireFailure>> {
        let mut word = self.word.load(Relaxed);
        loop {
            if word & LOCKED != 0 {
                return None;
            }
            if word / PERMIT < wanted {
                return Some(Err(AcquireFailure::NoPermits));
            }
            // Acquire: pairs with the release of the thread that returned them. AcqRel as well keeps the chain of those before.
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
    #[must_use = "false: too many were added"]
    pub(crate) fn try_add(&self, count: usize) -> bool {
        let mut word = self.word.load(Relaxed);
        while word & LOCKED == 0 {
            // The sum is of the number that is exchanged: of two that add at once, none passes the limit.
            let Some(sum) = checked_total(word / PERMIT, count) else { return false };
            // As in `release`.
            match self.word.compare_exchange_weak(word, sum * PERMIT, AcqRel, Relaxed) {
                Ok(_) => return true,
                Err(found) => word = found,
            }
        }
        let mut wakers = WakeList::new();
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
            // Release: pairs with the acquire of the thread that takes them next.
            let more = (word / PERMIT).saturating_add(returned).min(MAX_PERMITS) * PERMIT;
            match self.word.compare_exchange_weak(word, more, AcqRel, Relaxed) {
                Ok(_) => return,
                Err(found) => word = found,
            }
        }
        self.release_locked(returned);
    }

    /// The same under the lock, where there may be waiters.
    #[cold]
    fn release_locked(&self, returned: usize) {
        let mut wakers = WakeList::new();
        self.locked(|permits| permits.release(returned, &mut wakers));
        wakers.wake_all();
    }

    /// Takes up to `count` available permits away for good. Says how many.
    pub(crate) fn forget(&self, count: usize) -> usize {
        self.locked(|permits| permits.forget(count))
    }

    /// Gives no more permits; all waiters get an error.
    pub(crate) fn close(&self) {
        let mut wakers = WakeList::new();
        self.locked(|permits| permits.close(&mut wakers));
        wakers.wake_all();
    }

    /// Calls `f` with all permits under the lock.
    fn locked<R>(&self, f: impl FnOnce(&mut FairPermits) -> R) -> R {
        let mut permits = self.permits.lock();
        self.move_under_lock(&mut permits);
        let result = f(&mut permits);
        self.move_to_word(&mut permits);
        result
    }

    /// Moves the permits under the lock, unless they are there.
    fn move_under_lock(&self, permits: &mut FairPermits) {
        // Relaxed: `LOCKED` is written under the lock, which is held.
        if self.word.load(Relaxed) & LOCKED == 0 {
            // AcqRel: acquire for the threads that returned permits; release keeps the chain.
            let word = self.word.swap(LOCKED, AcqRel);
            permits.add(word / PERMIT);
        }
    }

    /// Moves the permits back into the word, if there are no waiters.
    fn move_to_word(&self, permits: &mut FairPermits) {
        if let Some(available) = permits.take_if_idle() {
            // Release: what was done under the lock comes before whatever the next one does with a permit.
            self.word.store(available * PERMIT, Release);
        }
    }

    /// Futures that wait here. For tests of leaks.
    #[cfg(test)]
    #[cfg(not(loom))]
    pub(crate) fn waiting(&self) -> usize {
        self.permits.lock().waiting()
    }
}

/// Waits for permits. Dropped early it leaves the queue, and what it was given but never collected goes to the next waiter.
#[derive(Debug)]
pub(crate) struct Acquire<'a> {
    /// Whose permits.
    semaphore: &'a RawSemaphore,
    /// How many.
    wanted: usize,
    /// The place in the queue, once it had to wait.
    ticket: Option<Ticket>,
}

impl Acquire<'_> {
    /// How many permits it is for.
    pub(crate) fn wanted(&self) -> usize {
        self.wanted
    }
}

impl Future for Acquire<'_> {
    type Output = Result<(), AcquireFailure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { semaphore, wanted, ticket } = &mut *self;
        if ticket.is_none() {
            let unit = ready!(coop::poll_proceed(cx));
            if let Some(Ok(())) = semaphore.try_take_unlocked(*wanted) {
                unit.spend();
                return Poll::Ready(Ok(()));
            }
        }
        poll_locked(&semaphore.permits, cx, false, |permits, poll_waker| {
            semaphore.move_under_lock(permits);
            let polled = permits.poll_acquire(*wanted, ticket, poll_waker);
            semaphore.move_to_word(permits);
            polled
        })
    }
}

impl Drop for Acquire<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            let mut wakers = WakeList::new();
            let waker = self.semaphore.locked(|permits| permits.abandon(ticket, &mut wakers));
            drop_waker(waker);
            wakers.wake_all();
        }
    }
}
