//! What all handles of one channel share: queue, permits, the receiver's waker, and which sides are left.
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
//!     │  Receiver::close, or its drop             the queue is empty and all permits returned
//!     └─────────────────────────────► closed ─────────────────────────────────► recv: None
//! ```
//!
//! *The batch.* A receiver that finds several messages takes them all out in one go, and returns the rest one by one
//! without the lock ([`Chan::next_in_batch`]). Each of them keeps its permit until then: `returned` counts those, and a
//! sender that is short of permits checks it (`merge`). A sender that has to wait sets `has_waiting_senders` first, and then
//! checks once more; the receiver counts first, and then checks for waiting senders. With a fence in between on both
//! sides, one of them sees the other.
//!
//! Once closed, no permit is given any more; those that are out may still send, so the receiver waits for them.
//! A channel without its receiver has an empty queue: a permit that sends then drops its value.

use super::queue::Queue;
use crate::coop;
use crate::loom::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use crate::loom::atomic::{AtomicBool, AtomicU32, fence};
use crate::loom::{Mutex, MutexGuard};
use crate::sync::fair_permits::{AcquireFailure, FairPermits, MAX_PERMITS};
use crate::sync::poll_waker::{Locked, poll_locked};
use crate::sync::sender_handle::OnLastSender;
use crate::sync::wait_list::{Ticket, WaitList};
use crate::unwind::{FirstPanic, drop_all, drop_waker};
use crate::wake_list::{WakeList, wake};
use std::task::{Context, Poll, Waker, ready};

/// The shared half of a channel (see the module docs).
#[derive(Debug)]
pub(super) struct Chan<T> {
    /// How many messages the channel holds at the most: permits in all.
    max: usize,
    /// Messages that the receiver returned without the lock (wraps). Written by the receiver, read by senders that are short of
    /// permits.
    returned: AtomicU32,
    /// Whether a sender may wait for a permit. Written under the lock, read without by the receiver.
    has_waiting_senders: AtomicBool,
    /// Everything that changes.
    state: Mutex<State<T>>,
}

/// What the lock guards.
#[derive(Debug)]
struct State<T> {
    /// Messages under way; each of them has one permit.
    queue: Queue<T>,
    /// Places in the queue: those in no message and no permit are available.
    permits: FairPermits,
    /// Up to where `returned` is in `permits`.
    merged: u32,
    /// The receiver's waker, when it waits.
    receiver: Option<Waker>,
    /// The waiters of `Sender::closed`.
    closed_waiters: WaitList<()>,
    /// Whether the last sender is gone.
    senders_dropped: bool,
    /// Whether the receiver is gone.
    receiver_dropped: bool,
}

impl<T> State<T> {
    /// Queues a value whose permit was taken. Without a receiver the value comes back, to be dropped outside.
    #[inline]
    fn push(&mut self, value: T) -> Option<T> {
        if self.receiver_dropped {
            return Some(value);
        }
        self.queue.push(value);
        None
    }
}

/// Messages that a receiver takes out at once, at the most: as many as `returned` counts before it wraps. Only messages
/// without a size could ever be more.
const MAX_BATCH: usize = u32::MAX as usize;

/// Why a receiver got nothing at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TryPopError {
    /// Not yet.
    Empty,
    /// Never again.
    Disconnected,
}

impl<T> Chan<T> {
    /// A channel for at most `max` messages.
    pub(super) fn new(max: usize) -> Self {
        let state = State {
            queue: Queue::new(),
            permits: FairPermits::new(max),
            merged: 0,
            receiver: None,
            closed_waiters: WaitList::new(),
            senders_dropped: false,
            receiver_dropped: false,
        };
        let (returned, has_waiting_senders) = (AtomicU32::new(0), AtomicBool::new(false));
        Self { max, returned, has_waiting_senders, state: Mutex::new(state) }
    }

    /// How many messages the channel holds at the most.
    pub(super) fn max(&self) -> usize {
        self.max
    }

    /// Permits that are free.
    pub(super) fn available(&self) -> usize {
        let mut state = self.state.lock();
        self.merge(&mut state);
        state.permits.available()
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
        state.senders_dropped || state.permits.is_closed()
    }

    /// Futures that wait in this channel. For tests of leaks.
    #[cfg(test)]
    #[cfg(not(loom))]
    pub(super) fn waiting(&self) -> usize {
        let state = self.state.lock();
        state.permits.waiting() + state.closed_waiters.tickets()
    }

    // ---- senders ----

    /// Takes a permit and sends `value` with it, in one step.
    #[inline]
    pub(super) fn try_send(&self, value: T) -> Result<(), (T, AcquireFailure)> {
        let mut state = self.state.lock();
        if let Err(refused) = self.try_acquire_locked(&mut state, 1) {
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
        wake(receiver);
        // Without a receiver: dropped here, outside of the lock.
        drop(refused);
    }

    /// Takes `wanted` permits at once, or none.
    pub(super) fn try_acquire(&self, wanted: usize) -> Result<(), AcquireFailure> {
        self.try_acquire_locked(&mut self.state.lock(), wanted)
    }

    /// The same with the lock held.
    #[inline]
    fn try_acquire_locked(
        &self,
        state: &mut State<T>,
        wanted: usize,
    ) -> Result<(), AcquireFailure> {
        let tried = state.permits.try_acquire(wanted);
        if tried == Err(AcquireFailure::NoPermits) && self.merge(state) {
            return state.permits.try_acquire(wanted);
        }
        tried
    }

    /// Adds the permits of messages that were returned without the lock since the last merge, unless there are waiters: then the
    /// receiver does it, and grants them. Returns whether there were some.
    fn merge(&self, state: &mut State<T>) -> bool {
        let count = self.unmerged(state);
        if count == 0 || state.permits.has_waiters() {
            return false;
        }
        state.merged = state.merged.wrapping_add(count);
        state.permits.add(count as usize);
        true
    }

    /// How many permits came back without the lock since the last merge.
    fn unmerged(&self, state: &State<T>) -> u32 {
        // Acquire: pairs with `next_in_batch`.
        self.returned.load(Acquire).wrapping_sub(state.merged)
    }

    /// The last check of a sender before it becomes the first waiter.
    #[cold]
    fn recheck_before_wait(&self, state: &mut State<T>) {
        // Relaxed: the fences order it.
        self.has_waiting_senders.store(true, Relaxed);
        // SeqCst fence: pairs with that of `next_in_batch`: either this check finds the permit, or the receiver finds the
        // waiting sender.
        fence(SeqCst);
        self.merge(state);
    }

    /// Gives permits back that were not used.
    pub(super) fn release(&self, returned: usize) {
        let mut wakers = WakeList::new();
        let mut state = self.state.lock();
        state.permits.release(returned, &mut wakers);
        self.wake_if_finished(&mut state, &mut wakers);
        drop(state);
        wakers.wake_all();
    }

    /// Permits were returned unused: a receiver that waits for the last one is woken.
    fn wake_if_finished(&self, state: &mut State<T>, wakers: &mut WakeList) {
        if state.permits.is_closed()
            && self.is_finished(state)
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
    ) -> Poll<Result<(), AcquireFailure>> {
        self.poll_permits(wanted, ticket, cx, |_| ())
    }

    /// Takes a permit and sends the value with it, in one step, or lines up for the permit.
    pub(super) fn poll_send(
        &self,
        value: &mut Option<T>,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), AcquireFailure>> {
        let sent = ready!(self.poll_permits(1, ticket, cx, |state| {
            let refused = value.take().and_then(|value| state.push(value));
            (refused, state.receiver.take())
        }));
        Poll::Ready(sent.map(|(refused, receiver)| {
            wake(receiver);
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
    ) -> Poll<Result<R, AcquireFailure>> {
        poll_locked(&self.state, cx, false, |state, poll_waker| {
            if ticket.is_none() && state.permits.would_be_first_waiter(wanted) {
                self.recheck_before_wait(state);
            }
            let polled = state.permits.poll_acquire(wanted, ticket, poll_waker);
            polled.map(|acquired| acquired.map(|()| then(state)))
        })
    }

    /// Stops waiting for permits; those that were given go to the next waiter.
    pub(super) fn abandon(&self, ticket: Ticket) {
        let mut wakers = WakeList::new();
        let mut state = self.state.lock();
        let waker = state.permits.abandon(ticket, &mut wakers);
        self.wake_if_finished(&mut state, &mut wakers);
        drop(state);
        drop_waker(waker);
        wakers.wake_all();
    }

    /// Waits, with `ticket`, until the receiver is closed or gone.
    pub(super) fn poll_closed(
        &self,
        ticket: &mut Option<Ticket>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        poll_locked(&self.state, cx, false, |state, poll_waker| {
            if state.permits.is_closed() {
                return Locked::Ready(());
            }
            state.closed_waiters.poll_enqueue((), ticket, poll_waker)
        })
    }

    /// Stops waiting for the end.
    pub(super) fn abandon_closed(&self, ticket: Ticket) {
        let removed = self.state.lock().closed_waiters.remove(ticket);
        // Outside of the lock.
        drop_waker(removed.waker);
    }

    // ---- the receiver ----

    /// The oldest message of those that were taken.
    #[inline]
    fn next_in_batch(&self, batch: &mut Queue<T>) -> Option<T> {
        let value = batch.pop_keeping_capacity()?;
        // Relaxed: only the receiver writes it. Release: the task that takes the permit sees what was done before.
        let returned = self.returned.load(Relaxed).wrapping_add(1);
        self.returned.store(returned, Release);
        if self.max < MAX_PERMITS {
            // SeqCst fence: pairs with that of `recheck_before_wait`. Senders of an unbounded channel never wait.
            fence(SeqCst);
            if self.has_waiting_senders.load(Relaxed) {
                self.grant_to_waiters();
            }
        }
        Some(value)
    }

    /// Grants the waiters the permits that came back without the lock.
    #[cold]
    fn grant_to_waiters(&self) {
        let mut wakers = WakeList::new();
        let mut state = self.state.lock();
        self.release_permits(&mut state, 0, &mut wakers);
        drop(state);
        // The message at hand must not be lost by a panic of a sender's waker.
        wakers.wake_all_catching();
    }

    /// Gives the permits of `count` messages back, and of those that were handed out without the lock.
    #[inline]
    fn release_permits(&self, state: &mut State<T>, count: usize, wakers: &mut WakeList) {
        let unmerged = self.unmerged(state);
        state.merged = state.merged.wrapping_add(unmerged);
        state.permits.release(count + unmerged as usize, wakers);
        if !state.permits.has_waiters() && self.has_waiting_senders.load(Relaxed) {
            self.has_waiting_senders.store(false, Relaxed);
        }
    }

    /// The oldest message, if there is one. `batch` is the receiver's own.
    #[inline]
    pub(super) fn try_recv(&self, batch: &mut Queue<T>) -> Result<T, TryPopError> {
        if let Some(value) = self.next_in_batch(batch) {
            return Ok(value);
        }
        let mut wakers = WakeList::new();
        let mut state = self.state.lock();
        let result = self.pop(&mut state, batch, &mut wakers);
        drop(state);
        wakers.wake_all_catching();
        result
    }

    /// The oldest message, or the end, or a wait for either.
    #[inline]
    pub(super) fn poll_recv(&self, cx: &mut Context<'_>, batch: &mut Queue<T>) -> Poll<Option<T>> {
        if !batch.is_empty() {
            ready!(coop::poll_proceed(cx)).spend();
            return Poll::Ready(self.next_in_batch(batch));
        }
        self.poll_pop(cx, |state, wakers| self.pop(state, batch, wakers))
    }

    /// Up to `limit` messages at the end of `buffer`, or the end, or a wait for either.
    pub(super) fn poll_recv_many(
        &self,
        cx: &mut Context<'_>,
        batch: &mut Queue<T>,
        buffer: &mut Vec<T>,
        limit: usize,
    ) -> Poll<usize> {
        let moved = self.poll_pop(cx, |state, wakers| {
            let first = batch.pop_many(buffer, limit);
            let count = first + state.queue.pop_many(buffer, limit - first);
            if count == 0 {
                return Err(self.pop_error(state));
            }
            self.release_permits(state, count, wakers);
            Ok(count)
        });
        moved.map(Option::unwrap_or_default)
    }

    /// Closes the channel: no more permits. Whoever waits for one, or for the end, is woken.
    pub(super) fn close(&self) {
        self.close_with(|_| ()).0.pass_on();
    }

    /// Closes the channel for a receiver that goes away, and drops what is still in it, and what it has taken.
    pub(super) fn drop_receiver(&self, mut batch: Queue<T>) {
        let (mut panicked, (mut left, receiver)) = self.close_with(|state| {
            state.receiver_dropped = true;
            let messages = std::mem::replace(&mut state.queue, Queue::new());
            self.release_permits(state, messages.len() + batch.len(), &mut WakeList::new());
            (messages, state.receiver.take())
        });
        drop_waker(receiver);
        if std::mem::needs_drop::<T>() {
            let next = || batch.pop_keeping_capacity().or_else(|| left.pop_keeping_capacity());
            let _ = panicked.call(|| drop_all(next));
        }
        panicked.pass_on();
    }

    /// Hands one message out and gives its permit back. If there are more, they come to `batch`, which is empty.
    #[inline]
    fn pop(
        &self,
        state: &mut State<T>,
        batch: &mut Queue<T>,
        wakers: &mut WakeList,
    ) -> Result<T, TryPopError> {
        match state.queue.pop() {
            Some(value) => {
                self.release_permits(state, 1, wakers);
                if !state.queue.is_empty() && state.queue.len() <= MAX_BATCH {
                    std::mem::swap(&mut state.queue, batch);
                }
                Ok(value)
            }
            None => {
                batch.shrink();
                state.queue.shrink();
                Err(self.pop_error(state))
            }
        }
    }

    /// What an empty queue means.
    fn pop_error(&self, state: &mut State<T>) -> TryPopError {
        if self.is_finished(state) { TryPopError::Disconnected } else { TryPopError::Empty }
    }

    /// Whether nothing can come any more.
    #[inline]
    fn is_finished(&self, state: &mut State<T>) -> bool {
        if !state.queue.is_empty() {
            return false;
        }
        if state.senders_dropped {
            return true;
        }
        // Once closed there are no waiters, so the merge takes place.
        self.merge(state);
        state.permits.is_closed() && state.permits.all_returned(self.max)
    }

    /// One poll of the receiver: `take` tries its luck under the lock.
    #[inline]
    fn poll_pop<R>(
        &self,
        cx: &mut Context<'_>,
        mut take: impl FnMut(&mut State<T>, &mut WakeList) -> Result<R, TryPopError>,
    ) -> Poll<Option<R>> {
        let mut wakers = WakeList::new();
        let polled = poll_locked(&self.state, cx, false, |state, poll_waker| {
            match take(state, &mut wakers) {
                Ok(taken) => Locked::Ready(Some(taken)),
                Err(TryPopError::Disconnected) => Locked::Ready(None),
                Err(TryPopError::Empty) => poll_waker.register_in(&mut state.receiver),
            }
        });
        wakers.wake_all_catching();
        polled
    }

    /// Closes the channel and runs `more` in the same critical section. A waker's panic is the caller's to pass on.
    fn close_with<R>(&self, more: impl FnOnce(&mut State<T>) -> R) -> (FirstPanic, R) {
        let mut wakers = WakeList::new();
        let mut state = self.state.lock();
        state.permits.close(&mut wakers);
        while state.closed_waiters.pop_front(&mut wakers).is_some() {}
        let result = more(&mut state);
        drop(state);
        (wakers.wake_and_catch(), result)
    }
}

impl<T> OnLastSender for Chan<T> {
    /// The receiver will see the end once the queue is empty.
    fn on_last_sender_dropped(&self) {
        let mut state = self.state.lock();
        state.senders_dropped = true;
        let receiver = state.receiver.take();
        drop(state);
        wake(receiver);
    }
}
