//! Counted permits with a fair line of waiters: what a bounded channel and a semaphore have in common.
//!
//! A pure store: its owner keeps it under a lock and wakes what it hands out after that lock is dropped. Permits
//! go to waiters in the order of their arrival, the moment they come back: a waiter that has been chosen owns its
//! permits already, and nobody can overtake it. As long as somebody waits, nobody else is served from what is
//! left, so a waiter that wants many is not starved by those that want one.
//!
//! Whoever stops waiting calls [`Permits::abandon`]: permits it owned but never collected go to the next in line
//! at once, polled or not.

use super::caller::Caller;
use super::wait_list::{Ticket, WaitList};
use crate::wakers::Wakers;
use std::task::{Poll, Waker};

/// The most permits there can be: tokio's limit, which leaves room for flags.
pub(crate) const MAX_PERMITS: usize = usize::MAX >> 3;

/// How many permits these are together; none if they are more than there can be.
pub(crate) const fn sum_of(available: usize, more: usize) -> Option<usize> {
    match available.checked_add(more) {
        Some(sum) if sum <= MAX_PERMITS => Some(sum),
        _ => None,
    }
}

/// Why no permit was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// No more are given, ever.
    Closed,
    /// Not enough are there, or others were here first.
    Short,
}

/// The permits and those who wait for some (see the module's words).
#[derive(Debug)]
pub(crate) struct Permits {
    /// Permits that belong to nobody.
    available: usize,
    /// Whether `close` was called: no more are given, but those that are out may still come back.
    closed: bool,
    /// Who waits, each with the number it wants.
    waiters: WaitList<usize>,
}

impl Permits {
    /// A store of `available` permits.
    pub(crate) const fn new(available: usize) -> Self {
        Self { available, closed: false, waiters: WaitList::new() }
    }

    /// Permits that [`try_acquire`](Self::try_acquire) could have now: none as long as somebody waits.
    pub(crate) fn available(&self) -> usize {
        if self.waiters.is_empty() { self.available } else { 0 }
    }

    /// Whether no more are given.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether all `total` permits are at home.
    #[inline]
    pub(crate) fn are_all_home(&self, total: usize) -> bool {
        self.available == total
    }

    /// How many futures wait or were chosen and have not collected. Tests of leaks look at it.
    #[cfg(test)]
    #[cfg(not(loom))]
    pub(crate) fn waiting(&self) -> usize {
        self.waiters.tickets()
    }

    /// Takes `wanted` permits at once, or none.
    #[inline]
    pub(crate) fn try_acquire(&mut self, wanted: usize) -> Result<(), Refused> {
        if self.closed {
            return Err(Refused::Closed);
        }
        if self.available < wanted || !self.waiters.is_empty() {
            return Err(Refused::Short);
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
        caller: &mut Caller<'_>,
    ) -> Option<Poll<Result<(), Refused>>> {
        if let Some(held) = ticket {
            if self.closed {
                return Some(Poll::Ready(Err(Refused::Closed)));
            }
            let (_, chosen) = self.waiters.look(held);
            if chosen {
                self.collect(ticket);
                return Some(Poll::Ready(Ok(())));
            }
        } else {
            let tried = self.try_acquire(wanted);
            if tried != Err(Refused::Short) {
                return Some(Poll::Ready(tried));
            }
        }
        self.waiters.poll_line_up(wanted, ticket, caller)
    }

    /// Gives back the ticket of a waiter that was chosen: its permits are its own, and it has no waker left.
    fn collect(&mut self, ticket: &mut Option<Ticket>) {
        if let Some(ticket) = ticket.take() {
            let _ = self.waiters.remove(ticket);
        }
    }

    /// Stops waiting. Permits that were given but not collected go to the next in line. The waker that comes back
    /// is to be dropped outside of the lock.
    #[must_use = "a waker is dropped outside of the lock"]
    pub(crate) fn abandon(&mut self, ticket: Ticket, wakers: &mut Wakers) -> Option<Waker> {
        let removed = self.waiters.remove(ticket);
        // Whoever stood behind a large request may be served now, so an abandoned place is a release of none.
        self.release(if removed.chosen { removed.note } else { 0 }, wakers);
        removed.waker
    }

    /// Gives permits back, to the first in line or to the store.
    #[inline]
    pub(crate) fn release(&mut self, returned: usize, wakers: &mut Wakers) {
        self.available = self.available.saturating_add(returned).min(MAX_PERMITS);
        self.serve_if_open(wakers);
    }

    /// Adds new permits. False: there would be more than [`MAX_PERMITS`], and none is added.
    pub(crate) fn try_add(&mut self, count: usize, wakers: &mut Wakers) -> bool {
        let Some(sum) = sum_of(self.available, count) else { return false };
        self.available = sum;
        self.serve_if_open(wakers);
        true
    }

    /// Serves the line, if there is one.
    #[inline]
    fn serve_if_open(&mut self, wakers: &mut Wakers) {
        if !self.waiters.is_empty() && !self.closed {
            self.serve(wakers);
        }
    }

    /// Whether somebody waits in line.
    #[inline]
    pub(crate) fn has_line(&self) -> bool {
        !self.waiters.is_empty()
    }

    /// Whether whoever wants `wanted` permits now would have to wait, and be the first.
    #[inline]
    pub(crate) fn is_first_in_line_for(&self, wanted: usize) -> bool {
        self.available < wanted && !self.closed && self.waiters.is_empty()
    }

    /// Puts permits into the store while nobody waits.
    #[inline]
    pub(crate) fn put(&mut self, more: usize) {
        debug_assert!(self.waiters.is_empty(), "those who wait come first");
        self.available += more;
    }

    /// Takes all permits out, unless somebody waits for some, or no more are given.
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

    /// Gives no more permits; everybody who waits is woken and refused. Says whether this call closed it.
    pub(crate) fn close(&mut self, wakers: &mut Wakers) -> bool {
        let first = !std::mem::replace(&mut self.closed, true);
        // A note of 0: chosen, but given nothing.
        while let Some(wanted) = self.waiters.pop_front(wakers) {
            *wanted = 0;
        }
        first
    }

    /// Serves the line from its front, as far as the permits reach.
    fn serve(&mut self, wakers: &mut Wakers) {
        while let Some(&wanted) = self.waiters.front() {
            if wanted > self.available {
                return;
            }
            self.available -= wanted;
            self.waiters.pop_front(wakers);
        }
    }
}
