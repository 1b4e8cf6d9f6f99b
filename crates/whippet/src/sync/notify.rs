//! Telling tasks that something happened, without saying what.
//!
//! ```text
//!   notified()          first poll                     notify_one / notify_last / notify_waiters
//!   ──────────► Fresh ─────────────► Waiting(ticket) ────────────────────────────────► chosen ──► Done
//!                 │  a permit is there, or notify_waiters                                │ dropped
//!                 └─ was called since ──► Done                                           └─► the next in line
//! ```
//!
//! # The word
//! ```text
//!   bits 2..            bits 0..2
//!   ROUNDS              EMPTY, WAITING or NOTIFIED
//! ```
//! `ROUNDS` counts the calls of `notify_waiters` and wraps. `WAITING` says that the line is not empty, and is set and
//! cleared under the lock alone; from `EMPTY` to `NOTIFIED` (a permit is kept) and back anybody goes without the lock.
//! So a notification that nobody waits for, and a wait that finds one, are one step each; and whoever finds `WAITING`
//! takes the lock, under which nothing can change as long as it stays.
//!
//! # The second word
//! `CLEARINGS` counts the calls of `notify_waiters` that took all slots of the line back, and wraps. A ticket of an earlier
//! clearing is void: whoever has it was woken by that call, and neither looks into the line again nor leaves it. So a waiter
//! takes the lock once, to line up. While somebody whom `notify_one` chose has not come for it, and might have to
//! hand it on, a call of `notify_waiters` leaves all their slots, and they come for their tickets.
//!
//! A call of `notify_one` chooses exactly one waiter, or is kept as the one permit. A waiter that was chosen by it
//! and goes away without looking hands the call on; one that was woken by `notify_waiters` has nothing to hand on.

use super::caller::{Caller, poll_locked};
use super::wait_list::{Ticket, WaitList};
use crate::coop;
use crate::loom::atomic::AtomicUsize;
use crate::loom::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::loom::{Mutex, const_fn};
use crate::unwind::drop_waker;
use crate::wakers::Wakers;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// Nobody waits, nothing is kept.
const EMPTY: usize = 0;
/// Somebody is in line.
const WAITING: usize = 1;
/// Nobody waits, one notification is kept.
const NOTIFIED: usize = 2;
/// The bits of the three.
const PHASE: usize = 3;
/// One call of `notify_waiters`.
const ROUND: usize = 4;

/// Wakes one waiting task, or all of them.
///
/// It carries no value: the state that tasks wait for lies elsewhere, and they look at it again when they are woken.
/// A [`notify_one`](Self::notify_one) that comes before anybody waits is kept: the next to wait goes on at once. At
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
    /// The word: `{ ROUNDS, phase }`. See the module's words.
    word: AtomicUsize,
    /// How often all slots of the line were taken back. Written under the lock, by `notify_waiters`; read without it by those who
    /// wait.
    clearings: AtomicUsize,
    /// Who waits.
    line: Mutex<Line>,
}

/// Who waits at a [`Notify`].
#[derive(Debug)]
struct Line {
    /// Each waiter, and by which call it was chosen.
    waiters: WaitList<Call>,
    /// How many slots were taken back last: as many will line up again, as often as not.
    expected: usize,
}

/// The most slots that are made room for at once: 32 KiB of them.
const MOST_EXPECTED: usize = 1_024;

/// Which call chose a waiter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Call {
    /// None yet.
    #[default]
    None,
    /// `notify_one`: it is handed on if the waiter does not collect it.
    One,
    /// `notify_last`: as above, from the other end.
    Last,
    /// `notify_waiters`.
    All,
}

impl Notify {
    const_fn! {
        /// Nobody waits and no permit is kept. Nothing is allocated until somebody waits.
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
            let (word, clearings) = (AtomicUsize::new(EMPTY), AtomicUsize::new(0));
            let line = Line { waiters: WaitList::new(), expected: 1 };
            Self { word, clearings, line: Mutex::new(line) }
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
    /// Dropped before it is ready it loses its place in line; a notification that it was given already goes to the
    /// next in line, or is kept.
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
        Notified { notify: self, stage: self.fresh() }
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
        let stage = self.fresh();
        OwnedNotified { notify: self, stage }
    }

    /// Wakes whoever has waited for the longest time, or keeps the notification for the next who waits.
    ///
    /// ```
    /// let notify = whippet::sync::Notify::new();
    /// notify.notify_one();
    /// // The next who waits goes on at once, and the one after him waits.
    /// assert!(std::pin::pin!(notify.notified()).enable());
    /// assert!(!std::pin::pin!(notify.notified()).enable());
    /// ```
    pub fn notify_one(&self) {
        self.hand_over(Call::One);
    }

    /// As [`notify_one`](Self::notify_one), but wakes whoever came last.
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
        self.hand_over(Call::Last);
    }

    /// Wakes all who wait now. Keeps nothing for those who come later.
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
        if self.try_count_round() {
            return;
        }
        let mut wakers = Wakers::new();
        self.choose_waiters(&mut wakers);
        wakers.wake_all();
    }

    /// [`Notify::notify_waiters`], whose wakers are the caller's to wake.
    pub(super) fn choose_waiters(&self, wakers: &mut Wakers) {
        let mut line = self.line.lock();
        let woken = line.waiters.choose_all(Call::All, wakers);
        if woken > 0 && line.waiters.void(woken) {
            line.expected = woken.min(MOST_EXPECTED);
            // Relaxed: it is written under the lock alone. Release: whoever finds the new number sees what was done before
            // this call (pairs with `clearings`).
            self.clearings.store(self.clearings.load(Relaxed).wrapping_add(1), Release);
        }
        self.change(|phase| (ROUND, if phase == WAITING { EMPTY } else { phase }));
    }

    /// One call for one waiter.
    #[inline]
    fn hand_over(&self, call: Call) {
        if self.try_keep() {
            return;
        }
        let mut wakers = Wakers::new();
        self.hand_over_locked(&mut self.line.lock().waiters, call, &mut wakers);
        wakers.wake_all();
    }

    /// One call for one waiter, or to be kept if there is none.
    fn hand_over_locked(&self, line: &mut WaitList<Call>, call: Call, wakers: &mut Wakers) {
        let chosen = match call {
            Call::Last => line.pop_back(wakers),
            _ => line.pop_front(wakers),
        };
        match chosen {
            Some(note) => {
                *note = call;
                self.line_changed(line);
            }
            None => self.change(|_| (0, NOTIFIED)),
        }
    }

    /// After somebody left the line: the word says so if it was the last one.
    fn line_changed(&self, line: &WaitList<Call>) {
        if line.is_empty() {
            self.change(|phase| (0, if phase == WAITING { EMPTY } else { phase }));
        }
    }

    /// Changes the word: `next` gets the phase and says what to add and what the phase becomes.
    fn change(&self, next: impl Fn(usize) -> (usize, usize)) {
        // AcqRel: whoever takes the notification sees what was done before it was given.
        let _ = self.word.fetch_update(AcqRel, Acquire, |word| {
            let (added, phase) = next(word & PHASE);
            Some((word & !PHASE).wrapping_add(added) | phase)
        });
    }

    /// Keeps a notification, unless somebody waits for it. One that is kept already is kept anew: the step is what
    /// makes the caller's doings visible to the one who takes it.
    #[inline]
    fn try_keep(&self) -> bool {
        let kept = self.word.fetch_update(AcqRel, Acquire, |word| {
            if word & PHASE == WAITING { None } else { Some((word & !PHASE) | NOTIFIED) }
        });
        kept.is_ok()
    }

    /// Takes the notification that is kept, if there is one.
    #[inline]
    fn try_take(&self) -> bool {
        let taken = self.word.fetch_update(AcqRel, Acquire, |word| {
            if word & PHASE == NOTIFIED { Some((word & !PHASE) | EMPTY) } else { None }
        });
        taken.is_ok()
    }

    /// Counts a call of `notify_waiters`, unless somebody is in line.
    #[inline]
    pub(super) fn try_count_round(&self) -> bool {
        let counted = self.word.fetch_update(AcqRel, Acquire, |word| {
            if word & PHASE == WAITING { None } else { Some(word.wrapping_add(ROUND)) }
        });
        counted.is_ok()
    }

    /// Says that somebody is in line, unless a notification is kept, or all were notified since `rounds`. The lock is held.
    fn try_wait(&self, rounds: usize) -> bool {
        let waiting = self.word.fetch_update(AcqRel, Acquire, |word| {
            let is_notified = word & PHASE == NOTIFIED || word & !PHASE != rounds;
            if is_notified { None } else { Some(rounds | WAITING) }
        });
        waiting.is_ok()
    }

    /// How often `notify_waiters` was called.
    fn rounds(&self) -> usize {
        // Acquire: a caller that finds a new number sees what was done before that call.
        self.word.load(Acquire) & !PHASE
    }

    /// How often the line was emptied at once.
    #[inline]
    fn clearings(&self) -> usize {
        // Acquire: a waiter that finds a new number sees what was done before that call.
        self.clearings.load(Acquire)
    }

    /// The stage of a future that is made now.
    fn fresh(&self) -> Stage {
        Stage::Fresh { rounds: self.rounds() }
    }

    /// Looks, without the lock, whether a future that is not in line was notified.
    #[inline]
    fn is_notified(&self, rounds: usize) -> bool {
        rounds != self.rounds() || self.try_take()
    }

    /// Looks, without the lock, whether a future at `stage` was notified and has no slot in the line.
    #[inline]
    fn is_settled(&self, stage: &Stage) -> bool {
        match stage {
            Stage::Fresh { rounds } => self.is_notified(*rounds),
            Stage::Waiting { clearing, .. } => self.clearings() != *clearing,
            Stage::Done => true,
        }
    }

    /// Looks whether a future at `stage` was notified, and puts it in line if not. `caller` is absent for `enable`,
    /// which leaves no waker. `None` asks for a clone of the waker.
    fn collect(
        &self,
        line: &mut Line,
        stage: &mut Stage,
        mut caller: Option<&mut Caller<'_>>,
    ) -> Option<Poll<()>> {
        if let Stage::Fresh { .. } = stage
            && caller.as_ref().is_some_and(|caller| !caller.has_clone())
        {
            return None;
        }
        while !self.is_settled(stage) {
            match stage {
                Stage::Fresh { rounds } => {
                    // Behind others the word says so already.
                    if !line.waiters.is_empty() || self.try_wait(*rounds) {
                        let waker = caller.as_mut().and_then(|caller| caller.take());
                        line.waiters.make_room(line.expected);
                        let ticket = line.waiters.push_back(Call::None, waker);
                        *stage = Stage::Waiting { ticket, clearing: self.clearings() };
                        return Some(Poll::Pending);
                    }
                }
                Stage::Waiting { ticket, .. } if !line.waiters.look(ticket).1 => {
                    let leave = |caller| line.waiters.leave_waker(ticket, caller);
                    return caller.is_none_or(leave).then_some(Poll::Pending);
                }
                _ => {
                    if let Stage::Waiting { ticket, .. } = std::mem::replace(stage, Stage::Done) {
                        // A chosen waiter has no waker left to drop.
                        let _ = line.waiters.remove(ticket);
                    }
                }
            }
        }
        *stage = Stage::Done;
        Some(Poll::Ready(()))
    }

    /// One poll of a future at `stage`.
    fn poll_notified(&self, stage: &mut Stage, cx: &mut Context<'_>) -> Poll<()> {
        let unit = ready!(coop::poll_proceed(cx));
        if self.is_settled(stage) {
            unit.spend();
            *stage = Stage::Done;
            return Poll::Ready(());
        }
        drop(unit);
        let clone_first = matches!(stage, Stage::Fresh { .. });
        let step =
            |line: &mut Line, caller: &mut Caller<'_>| self.collect(line, stage, Some(caller));
        poll_locked(&self.line, cx, clone_first, step)
    }

    /// Puts a future at `stage` in line without a waker. Says whether it was notified already.
    fn enable(&self, stage: &mut Stage) -> bool {
        let collected = self.collect(&mut self.line.lock(), stage, None);
        collected == Some(Poll::Ready(()))
    }

    /// A future at `stage` goes away.
    fn abandon(&self, stage: &mut Stage) {
        let Stage::Waiting { ticket, clearing } = std::mem::replace(stage, Stage::Done) else {
            return;
        };
        if self.clearings() == clearing {
            self.leave(ticket, clearing);
        }
    }

    /// Leaves the line, unless it is emptied first.
    fn leave(&self, ticket: Ticket, clearing: usize) {
        let mut wakers = Wakers::new();
        let mut line = self.line.lock();
        if self.clearings() != clearing {
            return;
        }
        let waiters = &mut line.waiters;
        let removed = waiters.remove(ticket);
        match removed.note {
            Call::None => self.line_changed(waiters),
            Call::One | Call::Last => self.hand_over_locked(waiters, removed.note, &mut wakers),
            Call::All => {}
        }
        drop(line);
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

/// How far a future has come.
#[derive(Debug)]
enum Stage {
    /// Never polled; `notify_waiters` had been called so often.
    Fresh { rounds: usize },
    /// In line, or chosen; the line had been emptied at once so often when it lined up. The ticket is void after the next time.
    Waiting { ticket: Ticket, clearing: usize },
    /// Notified.
    Done,
}

/// Waits for a notification. Made by [`Notify::notified`].
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let notify = whippet::sync::Notify::new();
/// let notified = notify.notified();
/// notify.notify_one();
/// let timely = whippet::time::timeout(std::time::Duration::ZERO, notified);
/// assert!(timely.await.is_ok());
/// # });
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct Notified<'a> {
    /// Where it waits.
    notify: &'a Notify,
    /// How far it has come.
    stage: Stage,
}

impl Notified<'_> {
    /// Lines up without being polled; says whether it was notified already (a later poll is ready at once then).
    ///
    /// So a task can line up, look at the state it waits for, and then wait, and no notification falls between.
    ///
    /// ```
    /// use std::pin::pin;
    ///
    /// let notify = whippet::sync::Notify::new();
    /// let mut notified = pin!(notify.notified());
    /// assert!(!notified.as_mut().enable());
    /// notify.notify_one();
    /// assert!(notified.as_mut().enable());
    /// ```
    pub fn enable(mut self: Pin<&mut Self>) -> bool {
        let Self { notify, stage } = &mut *self;
        notify.enable(stage)
    }
}

impl Future for Notified<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { notify, stage } = &mut *self;
        notify.poll_notified(stage, cx)
    }
}

impl Drop for Notified<'_> {
    fn drop(&mut self) {
        self.notify.abandon(&mut self.stage);
    }
}

impl fmt::Debug for Notified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notified").finish_non_exhaustive()
    }
}

/// Waits for a notification and keeps the [`Notify`] alive. Made by [`Notify::notified_owned`].
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let notify = std::sync::Arc::new(whippet::sync::Notify::new());
/// let waits = whippet::spawn(notify.clone().notified_owned());
/// notify.notify_waiters();
/// assert!(waits.await.is_ok());
/// # });
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct OwnedNotified {
    /// Where it waits.
    notify: Arc<Notify>,
    /// How far it has come.
    stage: Stage,
}

impl OwnedNotified {
    /// As [`Notified::enable`].
    ///
    /// ```
    /// use std::{pin::pin, sync::Arc};
    ///
    /// let notify = Arc::new(whippet::sync::Notify::new());
    /// let mut notified = pin!(Arc::clone(&notify).notified_owned());
    /// assert!(!notified.as_mut().enable());
    /// notify.notify_one();
    /// assert!(notified.as_mut().enable());
    /// ```
    pub fn enable(mut self: Pin<&mut Self>) -> bool {
        let Self { notify, stage } = &mut *self;
        notify.enable(stage)
    }
}

impl Future for OwnedNotified {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { notify, stage } = &mut *self;
        notify.poll_notified(stage, cx)
    }
}

impl Drop for OwnedNotified {
    fn drop(&mut self) {
        self.notify.abandon(&mut self.stage);
    }
}

impl fmt::Debug for OwnedNotified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedNotified").finish_non_exhaustive()
    }
}

#[cfg(all(test, loom))]
#[path = "notify_loom.rs"]
mod loom_tests;
#[cfg(test)]
#[cfg(not(loom))]
#[path = "notify_tests.rs"]
mod tests;
