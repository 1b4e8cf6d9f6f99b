//! What all handles of one channel share: queue, permits, the receiver's waker, and who is left.
//!
//! One small lock guards it all, held for some ten instructions and never while user code runs: wakers are
//! cloned before it, woken and dropped after it, and values are dropped after it. So each operation is one
//! critical section: a `try_send` takes a permit, queues the value and picks up the receiver's waker in one go,
//! and a `recv_many` takes a whole batch and gives all its permits back in one go.
//!
//! A channel ends from either side:
//!
//! ```text
//!                 last Sender drops                      the queue is empty
//!   open ───────────────────────────► senders gone ───────────────────────────► recv: None
//!     │
//!     │  Receiver::close, or its drop             the queue is empty and all permits are home
//!     └─────────────────────────────► closed ─────────────────────────────────► recv: None
//! ```
//!
//! Once closed, no permit is given any more; those that are out may still send, so the receiver waits for them.
//! A channel without its receiver has an empty queue: a permit that sends then drops its value.

use super::queue::Queue;
use crate::loom::{Mutex, MutexGuard};
use crate::sync::caller::poll_locked;
use crate::sync::handle::Senders;
use crate::sync::permits::{Permits, Refused};
use crate::sync::wait_list::{Ticket, WaitList};
use crate::wakers::Wakers;
use std::task::{Context, Poll, Waker, ready};

/// The shared half of a channel (see the module's words).
#[derive(Debug)]
pub(super) struct Chan<T> {
    /// How many messages the channel holds at the most: permits in all.
    max: usize,
    /// Everything that changes.
    state: Mutex<State<T>>,
}

/// What the lock guards.
#[derive(Debug)]
struct State<T> {
    /// Messages under way; each of them has one permit.
    queue: Queue<T>,
    /// Places in the queue: those in no message and no permit are available.
    permits: Permits,
    /// The receiver's waker, when it waits.
    receiver: Option<Waker>,
    /// Who waits in `Sender::closed`.
    watchers: WaitList<()>,
    /// Whether the last sender is gone.
    senders_gone: bool,
    /// Whether the receiver is gone.
    receiver_gone: bool,
}

impl<T> State<T> {
    /// Whether nothing can come any more.
    #[inline]
    fn is_finished(&self, max: usize) -> bool {
        self.queue.is_empty()
            && (self.senders_gone || (self.permits.is_closed() && self.permits.are_all_home(max)))
    }

    /// Queues a value whose permit was taken. Without a receiver the value comes back, to be dropped outside.
    #[inline]
    fn push(&mut self, value: T) -> Option<T> {
        if self.receiver_gone {
            return Some(value);
        }
        self.queue.push(value);
        None
    }
}

/// Why a receiver got nothing at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nothing {
    /// Not yet.
    Empty,
    /// Never again.
    Finished,
}

impl<T> Chan<T> {
    /// A channel for at most `max` messages.
    pub(super) fn new(max: usize) -> Self {
        let state = State {
            queue: Queue::new(),
            permits: Permits::new(max),
            receiver: None,
            watchers: WaitList::new(),
            senders_gone: false,
            receiver_gone: false,
        };
        Self { max, state: Mutex::new(state) }
    }

    /// How many messages the channel holds at the most.
    pub(super) fn max(&self) -> usize {
        self.max
    }

    /// Permits that are free.
    pub(super) fn available(&self) -> usize {
        self.state.lock().permits.available()
    }

    /// Messages under way.
    pub(super) fn len(&self) -> usize {
        self.state.lock().queue.len()
    }

    /// Whether the receiver is closed or gone.
    pub(super) fn is_closed(&self) -> bool {
        self.state.lock().permits.is_closed()
    }

    /// Whether the channel was closed from either side.
    pub(super) fn is_ended(&self) -> bool {
        let state = self.state.lock();
        state.senders_gone || state.permits.is_closed()
    }

    /// Futures that wait in this channel. Tests of leaks look at it.
    #[cfg(test)]
    #[cfg(not(loom))]
    pub(super) fn waiting(&self) -> usize {
        let state = self.state.lock();
        state.permits.waiting() + state.watchers.tickets()
    }

    // ---- senders ----

    /// Takes a permit and sends `value` with it, in one step.
    #[inline]
    pub(super) fn try_send(&self, value: T) -> Result<(), (T, Refused)> {
        let mut state = self.state.lock();
        if let Err(refused) = state.permits.try_acquire(1) {
            return Err((value, refused));
        }
        self.push(state, value);
        Ok(())
    }

    /// Sends `value` with a permit that was taken before.
    #[inline]
    pub(super) fn send_permitted(&self, value: T) {
        self.push(self.state.lock(), value);
    }

    /// Queues `value`, unlocks, and wakes the receiver.
    #[inline]
    fn push(&self, mut state: MutexGuard<'_, State<T>>, value: T) {
        let refused = state.push(value);
        let receiver = state.receiver.take();
        drop(state);
        if let Some(waker) = receiver {
            waker.wake();
        }
        // Without a receiver: dropped here, outside of the lock.
        drop(refused);
    }

    /// Takes `wanted` permits at once, or none.
    pub(super) fn try_acquire(&self, wanted: usize) -> Result<(), Refused> {
        self.state.lock().permits.try_acquire(wanted)
    }

    /// Gives permits back that were not used.
    pub(super) fn release(&self, returned: usize) {
        let mut wakers = Wakers::new();
        let mut state = self.state.lock();
        state.permits.release(returned, &mut wakers);
        self.tell_if_finished(&mut state, &mut wakers);
        drop(state);
        wakers.wake_all();
    }

    /// Permits came home unused: if a receiver waits for the last one, it is told.
    fn tell_if_finished(&self, state: &mut State<T>, wakers: &mut Wakers) {
        if state.permits.is_closed()
            && state.is_finished(self.max)
            && let Some(waker) = state.receiver.take()
        {
            wakers.push(waker);
        }
    }

    /// Takes `wanted` permits, or lines up for them.
    pub(super) fn poll_acquire(
        &self,
        wanted: usize,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Refused>> {
        self.poll_permits(wanted, ticket, cx, |_| ())
    }

    /// Takes a permit and sends the value with it, in one step, or lines up for the permit.
    pub(super) fn poll_send(
        &self,
        value: &mut Option<T>,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Refused>> {
        let sent = ready!(self.poll_permits(1, ticket, cx, |state| {
            let refused = value.take().and_then(|value| state.push(value));
            (refused, state.receiver.take())
        }));
        Poll::Ready(sent.map(|(refused, receiver)| {
            if let Some(waker) = receiver {
                waker.wake();
            }
            drop(refused);
        }))
    }

    /// Takes `wanted` permits, or lines up for them. When they are there, `then` runs in the same critical section.
    #[inline]
    fn poll_permits<R>(
        &self,
        wanted: usize,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
        mut then: impl FnMut(&mut State<T>) -> R,
    ) -> Poll<Result<R, Refused>> {
        poll_locked(&self.state, cx, false, |state, caller| {
            let polled = state.permits.poll_acquire(wanted, ticket, caller)?;
            Some(polled.map_ok(|()| then(state)))
        })
    }

    /// Stops waiting for permits; those that were given go to the next in line.
    pub(super) fn abandon(&self, ticket: Ticket) {
        let mut wakers = Wakers::new();
        let mut state = self.state.lock();
        let waker = state.permits.abandon(ticket, &mut wakers);
        self.tell_if_finished(&mut state, &mut wakers);
        drop(state);
        wakers.wake_all();
        drop(waker);
    }

    /// Waits, with `ticket`, until the receiver is closed or gone.
    pub(super) fn poll_closed(
        &self,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        poll_locked(&self.state, cx, false, |state, caller| {
            if state.permits.is_closed() {
                return Some(Poll::Ready(()));
            }
            state.watchers.poll_line_up((), ticket, caller)
        })
    }

    /// Stops waiting for the end.
    pub(super) fn abandon_closed(&self, ticket: Ticket) {
        let removed = self.state.lock().watchers.remove(ticket);
        // It may hold a waker: dropped here, outside of the lock.
        drop(removed);
    }

    // ---- the receiver ----

    /// The oldest message, if there is one.
    #[inline]
    pub(super) fn try_recv(&self) -> Result<T, Nothing> {
        let mut wakers = Wakers::new();
        let mut state = self.state.lock();
        let result = self.pop(&mut state, &mut wakers);
        drop(state);
        wakers.wake_all();
        result
    }

    /// The oldest message, or the end, or a wait for either.
    #[inline]
    pub(super) fn poll_recv(&self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.poll_taking(cx, |state, wakers| self.pop(state, wakers))
    }

    /// Up to `limit` messages at the end of `buffer`, or the end, or a wait for either.
    pub(super) fn poll_recv_many(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<T>,
        limit: usize,
    ) -> Poll<usize> {
        let taken = self.poll_taking(cx, |state, wakers| {
            let count = state.queue.pop_many(buffer, limit);
            if count == 0 {
                return Err(self.nothing(state));
            }
            state.permits.release(count, wakers);
            Ok(count)
        });
        taken.map(Option::unwrap_or_default)
    }

    /// Closes the channel: no more permits. Whoever waits for one, or for the end, is woken.
    pub(super) fn close(&self) {
        self.close_and(|_| ());
    }

    /// Closes the channel for a receiver that goes away, and drops what is still in it.
    pub(super) fn end_receiver(&self) {
        let left = self.close_and(|state| {
            state.receiver_gone = true;
            let messages = std::mem::replace(&mut state.queue, Queue::new());
            state.permits.release(messages.len(), &mut Wakers::new());
            (messages, state.receiver.take())
        });
        drop(left);
    }

    /// Takes one message and gives its permit back.
    #[inline]
    fn pop(&self, state: &mut State<T>, wakers: &mut Wakers) -> Result<T, Nothing> {
        match state.queue.pop() {
            Some(value) => {
                state.permits.release(1, wakers);
                Ok(value)
            }
            None => Err(self.nothing(state)),
        }
    }

    /// What an empty queue means.
    fn nothing(&self, state: &State<T>) -> Nothing {
        if state.is_finished(self.max) { Nothing::Finished } else { Nothing::Empty }
    }

    /// One poll of the receiver: `take` tries its luck under the lock.
    #[inline]
    fn poll_taking<R>(
        &self,
        cx: &mut Context<'_>,
        mut take: impl FnMut(&mut State<T>, &mut Wakers) -> Result<R, Nothing>,
    ) -> Poll<Option<R>> {
        let mut wakers = Wakers::new();
        let polled =
            poll_locked(&self.state, cx, false, |state, caller| match take(state, &mut wakers) {
                Ok(taken) => Some(Poll::Ready(Some(taken))),
                Err(Nothing::Finished) => Some(Poll::Ready(None)),
                Err(Nothing::Empty) => {
                    caller.leave_in(&mut state.receiver).then_some(Poll::Pending)
                }
            });
        wakers.wake_all();
        polled
    }

    /// Closes the channel and runs `more` in the same critical section.
    fn close_and<R>(&self, more: impl FnOnce(&mut State<T>) -> R) -> R {
        let mut wakers = Wakers::new();
        let mut state = self.state.lock();
        state.permits.close(&mut wakers);
        while state.watchers.pop_front(&mut wakers).is_some() {}
        let result = more(&mut state);
        drop(state);
        wakers.wake_all();
        result
    }
}

impl<T> Senders for Chan<T> {
    /// The receiver will see the end once the queue is empty.
    fn end_senders(&self) {
        let mut state = self.state.lock();
        state.senders_gone = true;
        let receiver = state.receiver.take();
        drop(state);
        if let Some(waker) = receiver {
            waker.wake();
        }
    }
}
