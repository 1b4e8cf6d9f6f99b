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
//! *What the receiver has taken.* A receiver that finds several messages takes them all out in one go, and hands the rest out
//! without the lock ([`Chan::next_taken`]). Each of them keeps its permit until then: `returned` counts those handed out,
//! and whoever is short of permits looks at it (`merge`). A sender that has to wait says so in `awaited` first, and then
//! looks once more; the receiver counts first, and then looks whether somebody waits. With a fence in between on both
//! sides, one of them sees the other.
//!
//! Once closed, no permit is given any more; those that are out may still send, so the receiver waits for them.
//! A channel without its receiver has an empty queue: a permit that sends then drops its value.

use super::queue::Queue;
use crate::coop;
use crate::loom::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use crate::loom::atomic::{AtomicBool, AtomicU32, fence};
use crate::loom::{Mutex, MutexGuard};
use crate::sync::caller::poll_locked;
use crate::sync::handle::Senders;
use crate::sync::permits::{MAX_PERMITS, Permits, Refused};
use crate::sync::wait_list::{Ticket, WaitList};
use crate::unwind::{FirstPanic, drop_all, drop_waker};
use crate::wakers::{Wakers, wake};
use std::task::{Context, Poll, Waker, ready};

/// The shared half of a channel (see the module's words).
#[derive(Debug)]
pub(super) struct Chan<T> {
    /// How many messages the channel holds at the most: permits in all.
    max: usize,
    /// Messages that the receiver handed out without the lock (wraps). Written by the receiver, read by whoever is short of
    /// permits.
    returned: AtomicU32,
    /// Whether a sender may wait for a permit. Written under the lock, read without by the receiver.
    awaited: AtomicBool,
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
    /// Up to where `returned` is in `permits`.
    merged: u32,
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

/// Messages that a receiver takes out at once, at the most: as many as `returned` counts before it wraps. Only messages
/// without a size could ever be more.
const MOST_TAKEN: usize = u32::MAX as usize;

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
            merged: 0,
            receiver: None,
            watchers: WaitList::new(),
            senders_gone: false,
            receiver_gone: false,
        };
        let (returned, awaited) = (AtomicU32::new(0), AtomicBool::new(false));
        Self { max, returned, awaited, state: Mutex::new(state) }
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
    pub(super) fn try_acquire(&self, wanted: usize) -> Result<(), Refused> {
        self.try_acquire_locked(&mut self.state.lock(), wanted)
    }

    /// The same with the lock held.
    #[inline]
    fn try_acquire_locked(&self, state: &mut State<T>, wanted: usize) -> Result<(), Refused> {
        let tried = state.permits.try_acquire(wanted);
        if tried == Err(Refused::Short) && self.merge(state) {
            return state.permits.try_acquire(wanted);
        }
        tried
    }

    /// Adds the permits of messages that were handed out since the last look, unless somebody waits in line: then the
    /// receiver does it, and serves them. Says whether there were some.
    fn merge(&self, state: &mut State<T>) -> bool {
        let count = self.unmerged(state);
        if count == 0 || state.permits.has_line() {
            return false;
        }
        state.merged = state.merged.wrapping_add(count);
        state.permits.put(count as usize);
        true
    }

    /// How many permits came back without the lock since the last look.
    fn unmerged(&self, state: &State<T>) -> u32 {
        // Acquire: pairs with `next_taken`.
        self.returned.load(Acquire).wrapping_sub(state.merged)
    }

    /// The last look of a sender before it lines up as the first.
    #[cold]
    fn look_again(&self, state: &mut State<T>) {
        // Relaxed: the fences order it.
        self.awaited.store(true, Relaxed);
        // SeqCst fence: pairs with that of `next_taken`: either this look finds the permit, or the receiver finds that
        // somebody waits.
        fence(SeqCst);
        self.merge(state);
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
    ) -> Poll<Result<R, Refused>> {
        poll_locked(&self.state, cx, false, |state, caller| {
            if ticket.is_none() && state.permits.is_first_in_line_for(wanted) {
                self.look_again(state);
            }
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
        drop_waker(waker);
        wakers.wake_all();
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
        // Outside of the lock.
        drop_waker(removed.waker);
    }

    // ---- the receiver ----

    /// The oldest message of those that were taken.
    #[inline]
    fn next_taken(&self, taken: &mut Queue<T>) -> Option<T> {
        let value = taken.pop_and_keep()?;
        // Relaxed: only the receiver writes it. Release: whoever takes the permit sees what was done before.
        let returned = self.returned.load(Relaxed).wrapping_add(1);
        self.returned.store(returned, Release);
        if self.max < MAX_PERMITS {
            // SeqCst fence: pairs with that of `look_again`. In a channel without a bound nobody waits.
            fence(SeqCst);
            if self.awaited.load(Relaxed) {
                self.serve();
            }
        }
        Some(value)
    }

    /// Gives those who wait the permits that came back without the lock.
    #[cold]
    fn serve(&self) {
        let mut wakers = Wakers::new();
        let mut state = self.state.lock();
        self.give_back(&mut state, 0, &mut wakers);
        drop(state);
        // The message in hand must not go down with a sender's waker.
        wakers.wake_all_quietly();
    }

    /// Gives the permits of `count` messages back, and of those that were handed out without the lock.
    #[inline]
    fn give_back(&self, state: &mut State<T>, count: usize, wakers: &mut Wakers) {
        let unmerged = self.unmerged(state);
        state.merged = state.merged.wrapping_add(unmerged);
        state.permits.release(count + unmerged as usize, wakers);
        if !state.permits.has_line() && self.awaited.load(Relaxed) {
            self.awaited.store(false, Relaxed);
        }
    }

    /// The oldest message, if there is one. `taken` is the receiver's own.
    #[inline]
    pub(super) fn try_recv(&self, taken: &mut Queue<T>) -> Result<T, Nothing> {
        if let Some(value) = self.next_taken(taken) {
            return Ok(value);
        }
        let mut wakers = Wakers::new();
        let mut state = self.state.lock();
        let result = self.pop(&mut state, taken, &mut wakers);
        drop(state);
        wakers.wake_all_quietly();
        result
    }

    /// The oldest message, or the end, or a wait for either.
    #[inline]
    pub(super) fn poll_recv(&self, cx: &mut Context<'_>, taken: &mut Queue<T>) -> Poll<Option<T>> {
        if !taken.is_empty() {
            ready!(coop::poll_proceed(cx)).spend();
            return Poll::Ready(self.next_taken(taken));
        }
        self.poll_taking(cx, |state, wakers| self.pop(state, taken, wakers))
    }

    /// Up to `limit` messages at the end of `buffer`, or the end, or a wait for either.
    pub(super) fn poll_recv_many(
        &self,
        cx: &mut Context<'_>,
        taken: &mut Queue<T>,
        buffer: &mut Vec<T>,
        limit: usize,
    ) -> Poll<usize> {
        let moved = self.poll_taking(cx, |state, wakers| {
            let first = taken.pop_many(buffer, limit);
            let count = first + state.queue.pop_many(buffer, limit - first);
            if count == 0 {
                return Err(self.nothing(state));
            }
            self.give_back(state, count, wakers);
            Ok(count)
        });
        moved.map(Option::unwrap_or_default)
    }

    /// Closes the channel: no more permits. Whoever waits for one, or for the end, is woken.
    pub(super) fn close(&self) {
        self.close_and(|_| ()).0.pass_on();
    }

    /// Closes the channel for a receiver that goes away, and drops what is still in it, and what it has taken.
    pub(super) fn end_receiver(&self, mut taken: Queue<T>) {
        let (mut panicked, (mut left, receiver)) = self.close_and(|state| {
            state.receiver_gone = true;
            let messages = std::mem::replace(&mut state.queue, Queue::new());
            self.give_back(state, messages.len() + taken.len(), &mut Wakers::new());
            (messages, state.receiver.take())
        });
        drop_waker(receiver);
        if std::mem::needs_drop::<T>() {
            let next = || taken.pop_and_keep().or_else(|| left.pop_and_keep());
            let _ = panicked.call(|| drop_all(next));
        }
        panicked.pass_on();
    }

    /// Hands one message out and gives its permit back. If there are more, they come to `taken`, which is empty.
    #[inline]
    fn pop(
        &self,
        state: &mut State<T>,
        taken: &mut Queue<T>,
        wakers: &mut Wakers,
    ) -> Result<T, Nothing> {
        match state.queue.pop() {
            Some(value) => {
                self.give_back(state, 1, wakers);
                if !state.queue.is_empty() && state.queue.len() <= MOST_TAKEN {
                    std::mem::swap(&mut state.queue, taken);
                }
                Ok(value)
            }
            None => {
                taken.shrink();
                state.queue.shrink();
                Err(self.nothing(state))
            }
        }
    }

    /// What an empty queue means.
    fn nothing(&self, state: &mut State<T>) -> Nothing {
        if self.is_finished(state) { Nothing::Finished } else { Nothing::Empty }
    }

    /// Whether nothing can come any more.
    #[inline]
    fn is_finished(&self, state: &mut State<T>) -> bool {
        if !state.queue.is_empty() {
            return false;
        }
        if state.senders_gone {
            return true;
        }
        // Once closed nobody is in line, so the merge takes place.
        self.merge(state);
        state.permits.is_closed() && state.permits.are_all_home(self.max)
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
        wakers.wake_all_quietly();
        polled
    }

    /// Closes the channel and runs `more` in the same critical section. A waker's panic is the caller's to pass on.
    fn close_and<R>(&self, more: impl FnOnce(&mut State<T>) -> R) -> (FirstPanic, R) {
        let mut wakers = Wakers::new();
        let mut state = self.state.lock();
        state.permits.close(&mut wakers);
        while state.watchers.pop_front(&mut wakers).is_some() {}
        let result = more(&mut state);
        drop(state);
        (wakers.wake_and_catch(), result)
    }
}

impl<T> Senders for Chan<T> {
    /// The receiver will see the end once the queue is empty.
    fn end_senders(&self) {
        let mut state = self.state.lock();
        state.senders_gone = true;
        let receiver = state.receiver.take();
        drop(state);
        wake(receiver);
    }
}
