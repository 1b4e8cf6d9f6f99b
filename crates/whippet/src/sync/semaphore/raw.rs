//! The semaphore beneath the public ones: permits under a lock, and futures that wait for them.

use crate::loom::{Mutex, const_fn};
use crate::sync::caller::poll_locked;
use crate::sync::permits::{Permits, Refused};
use crate::sync::wait_list::Ticket;
use crate::wakers::Wakers;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Permits that may be waited for.
#[derive(Debug)]
pub(crate) struct RawSemaphore {
    /// The permits and who waits for them.
    permits: Mutex<Permits>,
}

impl RawSemaphore {
    const_fn! {
        /// A semaphore with `available` permits.
        pub(crate) fn new(available: usize) -> Self {
            Self { permits: Mutex::new(Permits::new(available)) }
        }
    }

    /// Permits that could be had at once.
    pub(crate) fn available(&self) -> usize {
        self.permits.lock().available()
    }

    /// Whether it was closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.permits.lock().is_closed()
    }

    /// Takes `wanted` permits at once, or none.
    #[inline]
    pub(crate) fn try_acquire(&self, wanted: usize) -> Result<(), Refused> {
        self.permits.lock().try_acquire(wanted)
    }

    /// Waits for `wanted` permits.
    pub(crate) fn acquire(&self, wanted: usize) -> Acquire<'_> {
        Acquire { semaphore: self, wanted, ticket: None }
    }

    /// Gives permits back, or adds new ones.
    #[inline]
    pub(crate) fn release(&self, returned: usize) {
        let mut wakers = Wakers::new();
        self.permits.lock().release(returned, &mut wakers);
        wakers.wake_all();
    }

    /// Takes up to `count` available permits away for good. Says how many.
    pub(crate) fn forget(&self, count: usize) -> usize {
        self.permits.lock().forget(count)
    }

    /// Gives no more permits, and refuses those who wait.
    pub(crate) fn close(&self) {
        let mut wakers = Wakers::new();
        self.permits.lock().close(&mut wakers);
        wakers.wake_all();
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

impl Future for Acquire<'_> {
    type Output = Result<(), Refused>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { semaphore, wanted, ticket } = &mut *self;
        poll_locked(&semaphore.permits, cx, false, |permits, caller| {
            permits.poll_acquire(*wanted, ticket, caller)
        })
    }
}

impl Drop for Acquire<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            let mut wakers = Wakers::new();
            let waker = self.semaphore.permits.lock().abandon(ticket, &mut wakers);
            wakers.wake_all();
            drop(waker);
        }
    }
}
