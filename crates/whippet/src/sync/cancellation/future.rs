//! Waiting for a token.

use super::{CancellationToken, Shared};
use crate::sync::poll_waker::{Locked, poll_locked};
use crate::sync::wait_list::Ticket;
use crate::unwind::drop_waker;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// One waiter of a token.
#[derive(Debug, Default)]
struct Waiter {
    /// The the place in the queue, once it had to wait.
    ticket: Option<Ticket>,
}

impl Waiter {
    /// Waits, unless the flag is set.
    fn poll(&mut self, shared: &Shared, cx: &mut Context<'_>) -> Poll<()> {
        let will_wait = self.ticket.is_none() && !shared.is_cancelled();
        poll_locked(&shared.waiters, cx, will_wait, |waiters, poll_waker| {
            // Looked at under the lock: `cancel` empties the list after it has set the flag.
            if shared.is_cancelled() {
                return Locked::Ready(());
            }
            waiters.poll_enqueue((), &mut self.ticket, poll_waker)
        })
    }

    /// Leaves the queue.
    fn abandon(&mut self, shared: &Shared) {
        if let Some(ticket) = self.ticket.take() {
            let removed = shared.waiters.lock().remove(ticket);
            // Outside of the lock.
            drop_waker(removed.waker);
        }
    }
}

/// Waits until a token is cancelled. Made by [`CancellationToken::cancelled`].
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let token = whippet::sync::CancellationToken::new();
/// let mut cancelled = std::pin::pin!(token.cancelled());
/// whippet::select! {
///     biased;
///     () = &mut cancelled => unreachable!("not yet"),
///     () = async {} => token.cancel(),
/// }
/// cancelled.await;
/// assert!(token.is_cancelled());
/// # });
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct WaitForCancellationFuture<'a> {
    /// The token.
    token: &'a CancellationToken,
    /// The wait.
    waiter: Waiter,
}

impl<'a> WaitForCancellationFuture<'a> {
    /// Waits for `token`.
    pub(super) fn new(token: &'a CancellationToken) -> Self {
        Self { token, waiter: Waiter::default() }
    }
}

impl Future for WaitForCancellationFuture<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { token, waiter } = &mut *self;
        waiter.poll(&token.shared, cx)
    }
}

impl Drop for WaitForCancellationFuture<'_> {
    fn drop(&mut self) {
        self.waiter.abandon(&self.token.shared);
    }
}

impl fmt::Debug for WaitForCancellationFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitForCancellationFuture").finish_non_exhaustive()
    }
}

/// Waits until a token is cancelled, and keeps it. Made by [`CancellationToken::cancelled_owned`].
///
/// ```
/// use whippet::sync::{CancellationToken, WaitForCancellationFutureOwned};
///
/// /// Keeps its token, and so can be a field of a future of one's own.
/// struct Work {
///     cancelled: WaitForCancellationFutureOwned,
/// }
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let token = CancellationToken::new();
/// let work = Work { cancelled: token.clone().cancelled_owned() };
/// token.cancel();
/// assert!(whippet::spawn(work.cancelled).await.is_ok());
/// # });
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct WaitForCancellationFutureOwned {
    /// The token.
    token: CancellationToken,
    /// The wait.
    waiter: Waiter,
}

impl WaitForCancellationFutureOwned {
    /// Waits for `token`.
    pub(super) fn new(token: CancellationToken) -> Self {
        Self { token, waiter: Waiter::default() }
    }
}

impl Future for WaitForCancellationFutureOwned {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { token, waiter } = &mut *self;
        waiter.poll(&token.shared, cx)
    }
}

impl Drop for WaitForCancellationFutureOwned {
    fn drop(&mut self) {
        self.waiter.abandon(&self.token.shared);
    }
}

impl fmt::Debug for WaitForCancellationFutureOwned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitForCancellationFutureOwned").finish_non_exhaustive()
    }
}
