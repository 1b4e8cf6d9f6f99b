//! The waits of a sender: for permits, for a permit to send a value with, for the end of the channel.
//!
//! Each keeps its place in the queue from its first pending poll until it is ready or dropped. Dropped early, it leaves
//! the queue, and what it had been given but never collected goes to the next waiter.

use super::chan::Chan;
use crate::sync::fair_permits::AcquireFailure;
use crate::sync::wait_list::Ticket;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Waits for permits.
#[derive(Debug)]
pub(super) struct Acquire<'a, T> {
    /// The channel.
    chan: &'a Chan<T>,
    /// How many permits.
    wanted: usize,
    /// The place in the queue, once it had to wait.
    ticket: Option<Ticket>,
}

impl<'a, T> Acquire<'a, T> {
    /// Waits for `wanted` permits of `chan`.
    pub(super) fn new(chan: &'a Chan<T>, wanted: usize) -> Self {
        Self { chan, wanted, ticket: None }
    }
}

impl<T> Future for Acquire<'_, T> {
    type Output = Result<(), AcquireFailure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { chan, wanted, ticket } = &mut *self;
        chan.poll_acquire(*wanted, ticket, cx)
    }
}

impl<T> Drop for Acquire<'_, T> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.chan.abandon(ticket);
        }
    }
}

/// Waits for a permit and sends a value with it, in one critical section.
#[derive(Debug)]
pub(super) struct Sending<'a, T> {
    /// The wait for the permit.
    acquire: Acquire<'a, T>,
    /// The value, until it is sent or given back.
    value: Option<T>,
}

impl<'a, T> Sending<'a, T> {
    /// Sends `value` as soon as `chan` has space.
    pub(super) fn new(chan: &'a Chan<T>, value: T) -> Self {
        Self { acquire: Acquire::new(chan, 1), value: Some(value) }
    }
}

// The value is moved out by hand and never pinned.
impl<T> Unpin for Sending<'_, T> {}

impl<T> Future for Sending<'_, T> {
    /// The value comes back when the channel is closed.
    type Output = Result<(), Option<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { acquire: Acquire { chan, ticket, .. }, value } = &mut *self;
        let sent = ready!(chan.poll_send(value, ticket, cx));
        Poll::Ready(sent.map_err(|_| value.take()))
    }
}

/// Waits until a channel is closed by its receiver.
#[derive(Debug)]
pub(super) struct Closed<'a, T> {
    /// The channel.
    chan: &'a Chan<T>,
    /// The place among the waiters, once it had to wait.
    ticket: Option<Ticket>,
}

impl<'a, T> Closed<'a, T> {
    /// Waits until `chan` is closed.
    pub(super) fn new(chan: &'a Chan<T>) -> Self {
        Self { chan, ticket: None }
    }
}

impl<T> Future for Closed<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { chan, ticket } = &mut *self;
        chan.poll_closed(ticket, cx)
    }
}

impl<T> Drop for Closed<'_, T> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.chan.abandon_closed(ticket);
        }
    }
}
