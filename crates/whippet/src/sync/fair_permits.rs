//! Counted permits with a fair queue of waiters: what a bounded channel and a semaphore have in common.
//!
//! A pure store: its owner keeps it under a lock, and wakes the waiters that it returns after that lock is released. Permits
//! go to waiters in the order of their arrival, the moment they come back: a waiter that was chosen owns its permits
//! already, and no other can overtake it. While there are waiters, no one else gets what is left, so a waiter for many
//! permits is not starved by waiters for one.
//!
//! A task that stops waiting calls [`FairPermits::abandon`]: permits that it owned but never collected go to the next waiter
//! at once, polled or not.

use super::poll_waker::{Locked, PollWaker};
use super::wait_list::{Ticket, WaitList};
use crate::wake_list::WakeList;
use std::task::Waker;

/// The largest number of permits: tokio's limit, which leaves bits for flags.
pub(crate) const MAX_PERMITS: usize = usize::MAX >> 3;

/// How many permits these are together; none if they are more than there can be.
pub(crate) const fn checked_total(available: usize, more: usize) -> Option<usize> {
    match available.checked_add(more) {
        Some(sum) if sum <= MAX_PERMITS => Some(sum),
        _ => None,
    }
}

/// Why no permit was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AcquireFailure {
    /// No more are given, ever.
    Closed,
    /// Not enough are there, or others were here first.
    NoPermits,
}

/// The permits and their waiters (see the module docs).
#[derive(Debug)]
pub(crate) struct FairPermits {
    /// Permits that are not out.
    available: usize,
    /// Whether `close` was called: no more are given, but those that are out may still come back.
    closed: bool,
    /// Who waits, each with the number it wants.
    waiters: WaitList<usize>,
}

impl FairPermits {
    /// A store of `available` permits.
    pub(crate) const fn new(available: usize) -> Self {
        Self { available, closed: false, waiters: WaitList::new() }
    }

    /// Permits that [`try_acquire`](Self::try_acquire) could take now: none while there are waiters.
    pub(crate) fn available(&self) -> usize {
        if self.waiters.is_empty() { self.available } else { 0 }
    }

    /// Whether no more are given.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether all `total` permits were returned.
    #[inline]
    pub(crate) fn all_returned(&self, total: usize) -> bool {
        self.available == total
    }

    /// How many futures wait, or were chosen and have not collected. For tests of leaks.
    #[cfg(test)]
    #[cfg(not(loom))]
    pub(crate) fn waiting(&self) -> usize {
        self.waiters.tickets()
    }

    /// Takes `wanted` permits at once, or none.
    #[inline]
    pub(crate) fn try_acquire(&mut self, wanted: usize) -> Result<(), AcquireFailure> {
        if self.closed {
            return Err(AcquireFailure::Closed);
        }
        if self.available < wanted || !self.waiters.is_empty() {
            return Err(AcquireFailure::NoPermits);
        }
        self.available -= wanted;
        Ok(())
    }

    /// Takes `wanted` permits, or lines up for them with `ticket`.
    ///
    /// `None` asks the caller to clone its waker outside of the lock and to come back. After `Err` the caller
    /// has to [`abandon`](Self::abandon) its ticket, which it may still hold.
    pub(crate) fn poll_acquire(
        &mut self,
        wanted: usize,
        ticket: &mut Option<Ticket>,
        poll_waker: &mut PollWaker<'_>,
    ) -> Locked<Result<(), AcquireFailure>> {
        if let Some(held) = ticket {
            if self.closed {
                return Locked::Ready(Err(AcquireFailure::Closed));
            }
            let (_, chosen) = self.waiters.peek(held);
            if chosen {
                self.release_ticket(ticket);
                return Locked::Ready(Ok(()));
            }
        } else {
            let tried = self.try_acquire(wanted);
            if tried != Err(AcquireFailure::NoPermits) {
                return Locked::Ready(tried);
            }
        }
        self.waiters.poll_enqueue(wanted, ticket, poll_waker)
    }

    /// Gives back the ticket of a waiter that was chosen: its permits are its own, and it has no waker left.
    fn release_ticket(&mut self, ticket: &mut Option<Ticket>) {
        if let Some(ticket) = ticket.take() {
            let _ = self.waiters.remove(ticket);
        }
    }

    /// Stops waiting. Permits that were given but not collected go to the next waiter. The waker that comes back
    /// is to be dropped outside of the lock.
    #[must_use = "a waker is dropped outside of the lock"]
    pub(crate) fn abandon(&mut self, ticket: Ticket, wakers: &mut WakeList) -> Option<Waker> {
        let removed = self.waiters.remove(ticket);
        // A waiter after a large request may get its permits now, so a release of none is needed too.
        self.release(if removed.chosen { removed.data } else { 0 }, wakers);
        removed.waker
    }

    /// Returns permits, to the first waiter or to the store.
    #[inline]
    pub(crate) fn release(&mut self, returned: usize, wakers: &mut WakeList) {
        self.available = self.available.saturating_add(returned).min(MAX_PERMITS);
        self.grant_if_open(wakers);
    }

    /// Adds new permits. False: there would be more than [`MAX_PERMITS`], and none is added.
    pub(crate) fn try_add(&mut self, count: usize, wakers: &mut WakeList) -> bool {
        let Some(sum) = checked_total(self.available, count) else { return false };
        self.available = sum;
        self.grant_if_open(wakers);
        true
    }

    /// Grants permits to the waiters, if there are any.
    #[inline]
    fn grant_if_open(&mut self, wakers: &mut WakeList) {
        if !self.waiters.is_empty() && !self.closed {
            self.grant(wakers);
        }
    }

    /// Whether there are waiters.
    #[inline]
    pub(crate) fn has_waiters(&self) -> bool {
        !self.waiters.is_empty()
    }

    /// Whether an `acquire` of `wanted` permits would have to wait now, as the first waiter.
    #[inline]
    pub(crate) fn would_be_first_waiter(&self, wanted: usize) -> bool {
        self.available < wanted && !self.closed && self.waiters.is_empty()
    }

    /// Adds permits to the store while there are no waiters.
    #[inline]
    pub(crate) fn add(&mut self, more: usize) {
        debug_assert!(self.waiters.is_empty(), "waiters come first");
        self.available += more;
    }

    /// Takes all permits out, unless there are waiters, or it is closed.
    #[inline]
    pub(crate) fn take_if_idle(&mut self) -> Option<usize> {
        let idle = self.waiters.is_empty() && !self.closed;
        idle.then(|| std::mem::take(&mut self.available))
    }

    /// Takes up to `count` permits out of the store for good. Says how many.
    pub(crate) fn forget(&mut self, count: usize) -> usize {
        let forgotten = count.min(self.available);
        self.available -= forgotten;
        forgotten
    }

    /// Gives no more permits; all waiters are woken and get an error. Returns whether this call closed it.
    pub(crate) fn close(&mut self, wakers: &mut WakeList) -> bool {
        let first = !std::mem::replace(&mut self.closed, true);
        // A note of 0: chosen, but given nothing.
        while let Some(wanted) = self.waiters.pop_front(wakers) {
            *wanted = 0;
        }
        first
    }

    /// Grants permits from the front of the queue, as far as they reach.
    fn grant(&mut self, wakers: &mut WakeList) {
        while let Some(&wanted) = self.waiters.front() {
            if wanted > self.available {
                return;
            }
            self.available -= wanted;
            self.waiters.pop_front(wakers);
        }
    }
}
