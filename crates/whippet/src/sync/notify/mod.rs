//! Wakes tasks when something happened, without saying what.
//!
//! ```text
//!   notified()          first poll                     notify_one / notify_last / notify_waiters
//!   ──────────► Init ──────────────► Waiting(ticket) ────────────────────────────────► chosen ──► Done
//!                 │  a permit is stored, or notify_waiters                               │ dropped
//!                 └─ was called since ──► Done                                           └─► the next waiter
//! ```
//!
//! # The word
//! ```text
//!   bits 2..                bits 0..2
//!   NOTIFY_WAITERS_CALLS    EMPTY, WAITING or NOTIFIED
//! ```
//! `NOTIFY_WAITERS_CALLS` counts the calls of `notify_waiters` and wraps. `WAITING`: the queue is not empty. It is set and
//! cleared only with the lock held. The step from `EMPTY` to `NOTIFIED` (a permit is stored) and back needs no lock.
//! So a notification without a waiter, and a wait that finds a permit, are one step each. A thread that finds `WAITING`
//! takes the lock, under which `WAITING` cannot change.
//!
//! # The second word
//! `DRAIN_GENERATION` counts the calls of `notify_waiters` that took all slots of the queue back, and wraps. A ticket of an
//! earlier generation is invalid: its waiter was woken by that call, and neither looks into the queue again nor leaves it. So
//! a waiter takes the lock once, to enqueue. While a waiter that `notify_one` chose was not polled since, and might have to
//! pass the notification on, a call of `notify_waiters` leaves all slots, and the waiters return their tickets themselves.
//!
//! A call of `notify_one` chooses exactly one waiter, or is stored as the one permit. A waiter that was chosen by it
//! and is dropped without a poll passes the notification on; one that was woken by `notify_waiters` has nothing to pass on.

mod future;

pub use self::future::{Notified, OwnedNotified};

use super::poll_waker::{Locked, PollWaker, poll_locked};
use super::wait_list::{Ticket, WaitList};
use crate::coop;
use crate::loom::atomic::AtomicUsize;
use crate::loom::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::loom::{Mutex, const_fn};
use crate::unwind::drop_waker;
use crate::wake_list::WakeList;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// No waiter, no permit.
const EMPTY: usize = 0;
/// The queue is not empty.
const WAITING: usize = 1;
/// No waiter, one permit is stored.
const NOTIFIED: usize = 2;
/// The bits of these three states.
const STATE_MASK: usize = 3;
/// One call of `notify_waiters`.
const NOTIFY_WAITERS_CALL: usize = 4;

/// Wakes one waiting task, or all of them.
///
/// It carries no value: the state that tasks wait for lies elsewhere, and they look at it again when they are woken.
/// A [`notify_one`](Self::notify_one) that comes before any task waits is kept: the next task to wait goes on at once. At
/// most one is kept.
///
/// ```
/// use std::sync::Arc;
/// use whippet::sync::Notify;
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let ready = Arc::new(Notify::new());
/// let waiter = whippet::spawn({
///     let ready = Arc::clone(&ready);
///     async move { ready.notified().await }
/// });
/// ready.notify_one();
/// assert!(waiter.await.is_ok());
/// # });
/// ```
pub struct Notify {
    /// The word: `{ NOTIFY_WAITERS_CALLS, phase }`. See the module docs.
    word: AtomicUsize,
    /// How often all slots of the queue were taken back. Written by `notify_waiters`, under the lock; read by waiters without
    /// it.
    drain_generation: AtomicUsize,
    /// The waiters.
    queue: Mutex<WaitQueue>,
}

/// The waiters of a [`Notify`].
#[derive(Debug)]
struct WaitQueue {
    /// Each waiter, and by which call it was chosen.
    waiters: WaitList<Notification>,
    /// How many slots were taken back last: usually as many waiters come back.
    expected_waiters: usize,
}

/// The most slots that are reserved at once: 32 KiB of them.
const MAX_RESERVED: usize = 1_024;

/// The call that chose a waiter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Notification {
    /// None yet.
    #[default]
    None,
    /// `notify_one`: it is passed on if the waiter is dropped before it is polled.
    One,
    /// `notify_last`: as above, from the other end.
    Last,
    /// `notify_waiters`.
    All,
}

impl Notify {
    const_fn! {
        /// No waiters and no permit. Nothing is allocated until a task waits.
        ///
        /// ```
        /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
        /// let notify = whippet::sync::Notify::new();
        /// let mut notified = std::pin::pin!(notify.notified());
        /// assert!(!notified.as_mut().enable());
        /// notify.notify_one();
        /// notified.await;
        /// # });
        /// ```
        #[must_use]
        pub fn new() -> Self {
            let (word, drain_generation) = (AtomicUsize::new(EMPTY), AtomicUsize::new(0));
            let queue = WaitQueue { waiters: WaitList::new(), expected_waiters: 1 };
            Self { word, drain_generation, queue: Mutex::new(queue) }
        }

        /// As [`new`](Self::new), by the name that it has in tokio where a constant is asked for.
        ///
        /// ```
        /// use whippet::sync::Notify;
        ///
        /// static READY: Notify = Notify::const_new();
        ///
        /// let mut notified = std::pin::pin!(READY.notified());
        /// READY.notify_waiters();
        /// assert!(notified.as_mut().enable());
        /// ```
        #[must_use]
        pub fn const_new() -> Self {
            Self::new()
        }
    }

    /// Waits for a notification.
    ///
    /// The future gets every [`notify_waiters`](Self::notify_waiters) from this call on, polled or not. It takes part
    /// in [`notify_one`](Self::notify_one) from its first poll, or from [`Notified::enable`].
    ///
    /// # Cancel safety
    /// Dropped before it is ready it loses its the place in the queue; a notification that it was given already goes to the
    /// next waiter, or is kept.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let notify = whippet::sync::Notify::new();
    /// let mut notified = std::pin::pin!(notify.notified());
    /// // Not polled yet, it gets this one all the same.
    /// notify.notify_waiters();
    /// assert!(notified.as_mut().enable());
    /// notified.await;
    /// # });
    /// ```
    pub fn notified(&self) -> Notified<'_> {
        Notified::new(self)
    }

    /// As [`notified`](Self::notified), for a future that keeps the `Notify` alive by itself.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::sync::Arc;
    ///
    /// let notify = Arc::new(whippet::sync::Notify::new());
    /// let waits = whippet::spawn(Arc::clone(&notify).notified_owned());
    /// notify.notify_one();
    /// assert!(waits.await.is_ok());
    /// # });
    /// ```
    pub fn notified_owned(self: Arc<Self>) -> OwnedNotified {
        OwnedNotified::new(self)
    }

    /// Wakes the task that has waited longest, or keeps the notification for the next one.
    ///
    /// ```
    /// let notify = whippet::sync::Notify::new();
    /// notify.notify_one();
    /// // The next task that waits goes on at once, and the one after it waits.
    /// assert!(std::pin::pin!(notify.notified()).enable());
    /// assert!(!std::pin::pin!(notify.notified()).enable());
    /// ```
    pub fn notify_one(&self) {
        self.notify_or_store(Notification::One);
    }

    /// As [`notify_one`](Self::notify_one), but wakes the task that came last.
    ///
    /// ```
    /// use std::pin::pin;
    ///
    /// let notify = whippet::sync::Notify::new();
    /// let (mut first, mut last) = (pin!(notify.notified()), pin!(notify.notified()));
    /// first.as_mut().enable();
    /// last.as_mut().enable();
    /// notify.notify_last();
    /// assert!(last.as_mut().enable() && !first.as_mut().enable());
    /// ```
    pub fn notify_last(&self) {
        self.notify_or_store(Notification::Last);
    }

    /// Wakes all tasks that wait now. Keeps nothing for later ones.
    ///
    /// ```
    /// use std::pin::pin;
    ///
    /// let notify = whippet::sync::Notify::new();
    /// let (one, other) = (pin!(notify.notified()), pin!(notify.notified()));
    /// notify.notify_waiters();
    /// assert!(one.enable() && other.enable());
    /// assert!(!pin!(notify.notified()).enable());
    /// ```
    pub fn notify_waiters(&self) {
        if self.try_count_call() {
            return;
        }
        let mut wakers = WakeList::new();
        self.choose_waiters(&mut wakers);
        wakers.wake_all();
    }

    /// [`Notify::notify_waiters`], whose wakers are the caller's to wake.
    pub(super) fn choose_waiters(&self, wakers: &mut WakeList) {
        let mut queue = self.queue.lock();
        let woken = queue.waiters.choose_all(Notification::All, wakers);
        if woken > 0 && queue.waiters.invalidate_all(woken) {
            queue.expected_waiters = woken.min(MAX_RESERVED);
            // Relaxed: it is written with the lock held. Release: a waiter that finds the new number sees what was done
            // before this call (pairs with `drain_generation`).
            self.drain_generation
                .store(self.drain_generation.load(Relaxed).wrapping_add(1), Release);
        }
        self.update_word(|phase| {
            (NOTIFY_WAITERS_CALL, if phase == WAITING { EMPTY } else { phase })
        });
    }

    /// Wakes one waiter, or stores the notification as the permit.
    #[inline]
    fn notify_or_store(&self, notification: Notification) {
        if self.try_store_permit() {
            return;
        }
        let mut wakers = WakeList::new();
        self.notify_or_store_locked(&mut self.queue.lock().waiters, notification, &mut wakers);
        wakers.wake_all();
    }

    /// As [`notify_or_store`](Self::notify_or_store), with the lock held.
    fn notify_or_store_locked(
        &self,
        queue: &mut WaitList<Notification>,
        notification: Notification,
        wakers: &mut WakeList,
    ) {
        let chosen = match notification {
            Notification::Last => queue.pop_back(wakers),
            _ => queue.pop_front(wakers),
        };
        match chosen {
            Some(data) => {
                *data = notification;
                self.update_if_empty(queue);
            }
            None => self.update_word(|_| (0, NOTIFIED)),
        }
    }

    /// After a waiter left the queue: sets the word to `EMPTY` if it was the last one.
    fn update_if_empty(&self, queue: &WaitList<Notification>) {
        if queue.is_empty() {
            self.update_word(|phase| (0, if phase == WAITING { EMPTY } else { phase }));
        }
    }

    /// Changes the word: `next` maps the phase to the number to add and to the next phase.
    fn update_word(&self, next: impl Fn(usize) -> (usize, usize)) {
        // AcqRel: the task that takes the notification sees what was done before it was given.
        let _ = self.word.fetch_update(AcqRel, Acquire, |word| {
            let (added, phase) = next(word & STATE_MASK);
            Some((word & !STATE_MASK).wrapping_add(added) | phase)
        });
    }

    /// Stores the permit, unless there is a waiter. A permit that is stored already is stored again: this step is what
    /// makes the caller's writes visible to the task that takes it.
    #[inline]
    fn try_store_permit(&self) -> bool {
        let kept = self.word.fetch_update(AcqRel, Acquire, |word| {
            if word & STATE_MASK == WAITING { None } else { Some((word & !STATE_MASK) | NOTIFIED) }
        });
        kept.is_ok()
    }

    /// Takes the permit, if one is stored.
    #[inline]
    fn try_take_permit(&self) -> bool {
        let taken = self.word.fetch_update(AcqRel, Acquire, |word| {
            if word & STATE_MASK == NOTIFIED { Some((word & !STATE_MASK) | EMPTY) } else { None }
        });
        taken.is_ok()
    }

    /// Counts a call of `notify_waiters`, unless there are waiters.
    #[inline]
    pub(super) fn try_count_call(&self) -> bool {
        let counted = self.word.fetch_update(AcqRel, Acquire, |word| {
            if word & STATE_MASK == WAITING {
                None
            } else {
                Some(word.wrapping_add(NOTIFY_WAITERS_CALL))
            }
        });
        counted.is_ok()
    }

    /// Sets `WAITING`, unless a permit is stored, or `notify_waiters` was called since. The lock is held.
    fn try_set_waiting(&self, notify_waiters_calls: usize) -> bool {
        let waiting = self.word.fetch_update(AcqRel, Acquire, |word| {
            let is_notified =
                word & STATE_MASK == NOTIFIED || word & !STATE_MASK != notify_waiters_calls;
            if is_notified { None } else { Some(notify_waiters_calls | WAITING) }
        });
        waiting.is_ok()
    }

    /// How often `notify_waiters` was called.
    fn notify_waiters_calls(&self) -> usize {
        // Acquire: a caller that finds a new number sees what was done before that call.
        self.word.load(Acquire) & !STATE_MASK
    }

    /// How often all slots of the queue were taken back.
    #[inline]
    fn drain_generation(&self) -> usize {
        // Acquire: a waiter that finds a new number sees what was done before that call.
        self.drain_generation.load(Acquire)
    }

    /// The state of a future that is made now.
    fn initial_state(&self) -> State {
        State::Init { notify_waiters_calls: self.notify_waiters_calls() }
    }

    /// Checks, without the lock, whether a future that is not in the queue was notified.
    #[inline]
    fn is_notified(&self, notify_waiters_calls: usize) -> bool {
        notify_waiters_calls != self.notify_waiters_calls() || self.try_take_permit()
    }

    /// Checks, without the lock, whether a future in `state` was notified and has no slot in the queue.
    #[inline]
    fn is_done(&self, state: &State) -> bool {
        match state {
            State::Init { notify_waiters_calls } => self.is_notified(*notify_waiters_calls),
            State::Waiting { generation, .. } => self.drain_generation() != *generation,
            State::Done => true,
        }
    }

    /// Checks whether a future in `state` was notified, and puts it into the queue if not. `poll_waker` is absent for
    /// `enable`, which registers no waker.
    fn poll_or_enqueue(
        &self,
        queue: &mut WaitQueue,
        state: &mut State,
        mut poll_waker: Option<&mut PollWaker<'_>>,
    ) -> Locked<()> {
        if let State::Init { .. } = state
            && poll_waker.as_ref().is_some_and(|poll_waker| !poll_waker.has_clone())
        {
            return Locked::NeedsWaker;
        }
        while !self.is_done(state) {
            match state {
                State::Init { notify_waiters_calls } => {
                    // With other waiters the word is `WAITING` already.
                    if !queue.waiters.is_empty() || self.try_set_waiting(*notify_waiters_calls) {
                        let waker = poll_waker.as_mut().and_then(|poll_waker| poll_waker.take());
                        queue.waiters.reserve(queue.expected_waiters);
                        let ticket = queue.waiters.push_back(Notification::None, waker);
                        *state = State::Waiting { ticket, generation: self.drain_generation() };
                        return Locked::Pending;
                    }
                }
                State::Waiting { ticket, .. } if !queue.waiters.peek(ticket).1 => {
                    return match poll_waker {
                        Some(poll_waker) => queue.waiters.register_waker(ticket, poll_waker),
                        None => Locked::Pending,
                    };
                }
                _ => {
                    if let State::Waiting { ticket, .. } = std::mem::replace(state, State::Done) {
                        // A chosen waiter has no waker left to drop.
                        let _ = queue.waiters.remove(ticket);
                    }
                }
            }
        }
        *state = State::Done;
        Locked::Ready(())
    }

    /// One poll of a future in `state`.
    fn poll_notified(&self, state: &mut State, cx: &mut Context<'_>) -> Poll<()> {
        let unit = ready!(coop::poll_proceed(cx));
        if self.is_done(state) {
            unit.spend();
            *state = State::Done;
            return Poll::Ready(());
        }
        drop(unit);
        let clone_first = matches!(state, State::Init { .. });
        let step = |queue: &mut WaitQueue, poll_waker: &mut PollWaker<'_>| {
            self.poll_or_enqueue(queue, state, Some(poll_waker))
        };
        poll_locked(&self.queue, cx, clone_first, step)
    }

    /// Puts a future in `state` into the queue without a waker. Returns whether it was notified already.
    fn enable(&self, state: &mut State) -> bool {
        let polled = self.poll_or_enqueue(&mut self.queue.lock(), state, None);
        matches!(polled, Locked::Ready(()))
    }

    /// A future in `state` is dropped.
    fn abandon(&self, state: &mut State) {
        let State::Waiting { ticket, generation } = std::mem::replace(state, State::Done) else {
            return;
        };
        if self.drain_generation() == generation {
            self.dequeue(ticket, generation);
        }
    }

    /// Leaves the queue, unless all slots are taken back first.
    fn dequeue(&self, ticket: Ticket, generation: usize) {
        let mut wakers = WakeList::new();
        let mut queue = self.queue.lock();
        if self.drain_generation() != generation {
            return;
        }
        let waiters = &mut queue.waiters;
        let removed = waiters.remove(ticket);
        match removed.data {
            Notification::None => self.update_if_empty(waiters),
            Notification::One | Notification::Last => {
                self.notify_or_store_locked(waiters, removed.data, &mut wakers)
            }
            Notification::All => {}
        }
        drop(queue);
        drop_waker(removed.waker);
        wakers.wake_all();
    }
}

impl Default for Notify {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notify").finish_non_exhaustive()
    }
}

/// The state of a future.
#[derive(Debug)]
enum State {
    /// Never polled; `notify_waiters` had been called so often.
    Init { notify_waiters_calls: usize },
    /// In the queue, or chosen; the drain generation when it was enqueued. The ticket is invalid in the next generation.
    Waiting { ticket: Ticket, generation: usize },
    /// Notified.
    Done,
}

#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(test)]
#[cfg(not(loom))]
mod tests;
