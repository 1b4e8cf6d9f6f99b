//! Telling tasks that something happened, without saying what.
//!
//! ```text
//!   notified()          first poll                     notify_one / notify_last / notify_waiters
//!   ──────────► Fresh ─────────────► Waiting(ticket) ────────────────────────────────► chosen ──► Done
//!                 │  a permit is there, or notify_waiters                                │ dropped
//!                 └─ was called since ──► Done                                           └─► the next in line
//! ```
//!
//! A call of `notify_one` chooses exactly one waiter, or is kept as the one permit. A waiter that was chosen by it
//! and goes away without looking hands the call on; one that was woken by `notify_waiters` has nothing to hand on.

use super::caller::{Caller, poll_locked};
use super::wait_list::{Ticket, WaitList};
use crate::loom::Mutex;
use crate::loom::atomic::AtomicUsize;
use crate::loom::atomic::Ordering::{Acquire, Release};
use crate::wakers::Wakers;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

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
/// waiter.await.unwrap();
/// # });
/// ```
#[derive(Default)]
pub struct Notify {
    /// Calls of `notify_waiters`, wrapping. Written under the lock, read without it by [`Notify::notified`].
    rounds: AtomicUsize,
    /// Who waits, and the permit.
    state: Mutex<State>,
}

/// What the lock of a [`Notify`] guards.
#[derive(Debug)]
struct State {
    /// Whether a `notify_one` found nobody and is kept. Never set while somebody waits.
    permit: bool,
    /// Who waits, and by which call each was chosen.
    waiters: WaitList<Call>,
}

impl Default for State {
    fn default() -> Self {
        Self { permit: false, waiters: WaitList::new() }
    }
}

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

impl State {
    /// Hands one call to a waiter, or keeps it as the permit.
    fn notify(&mut self, call: Call, wakers: &mut Wakers) {
        let chosen = match call {
            Call::Last => self.waiters.pop_back(wakers),
            _ => self.waiters.pop_front(wakers),
        };
        match chosen {
            Some(note) => *note = call,
            None => self.permit = true,
        }
    }
}

impl Notify {
    /// Nobody waits and no permit is kept. Nothing is allocated until somebody waits.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits for a notification.
    ///
    /// The future gets every [`notify_waiters`](Self::notify_waiters) from this call on, polled or not. It takes part
    /// in [`notify_one`](Self::notify_one) from its first poll, or from [`Notified::enable`].
    ///
    /// # Cancel safety
    /// Dropped before it is ready it loses its place in line; a notification that it was given already goes to the
    /// next in line, or is kept.
    pub fn notified(&self) -> Notified<'_> {
        Notified { notify: self, stage: self.fresh() }
    }

    /// As [`notified`](Self::notified), for a future that keeps the `Notify` alive by itself.
    pub fn notified_owned(self: Arc<Self>) -> OwnedNotified {
        let stage = self.fresh();
        OwnedNotified { notify: self, stage }
    }

    /// Wakes whoever has waited for the longest time, or keeps the notification for the next who waits.
    ///
    /// ```
    /// let notify = whippet::sync::Notify::new();
    /// notify.notify_one();
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(
    /// notify.notified() // goes on at once
    /// # );
    /// ```
    pub fn notify_one(&self) {
        self.hand_over(Call::One);
    }

    /// As [`notify_one`](Self::notify_one), but wakes whoever came last.
    pub fn notify_last(&self) {
        self.hand_over(Call::Last);
    }

    /// Wakes all who wait now. Keeps nothing for those who come later.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let notify = whippet::sync::Notify::new();
    /// let (one, other) = (notify.notified(), notify.notified());
    /// notify.notify_waiters();
    /// one.await;
    /// other.await;
    /// # });
    /// ```
    pub fn notify_waiters(&self) {
        let mut wakers = Wakers::new();
        let mut state = self.state.lock();
        // Only written under the lock, so load and store are one step. Release: whoever finds a new number in
        // `collect` sees what was done before this call (the lock already says so; this costs nothing more).
        self.rounds.store(self.rounds.load(Acquire).wrapping_add(1), Release);
        while let Some(call) = state.waiters.pop_front(&mut wakers) {
            *call = Call::All;
        }
        drop(state);
        wakers.wake_all();
    }

    /// One call for one waiter.
    fn hand_over(&self, call: Call) {
        let mut wakers = Wakers::new();
        self.state.lock().notify(call, &mut wakers);
        wakers.wake_all();
    }

    /// The stage of a future that is made now.
    fn fresh(&self) -> Stage {
        // Acquire pairs with the store in `notify_waiters`: a caller that saw its effects starts after it.
        Stage::Fresh { rounds: self.rounds.load(Acquire) }
    }

    /// Looks whether a future at `stage` was notified, and puts it in line if not. `caller` is absent for `enable`,
    /// which leaves no waker. `None` asks for a clone of the waker.
    fn collect(
        &self,
        state: &mut State,
        stage: &mut Stage,
        caller: Option<&mut Caller<'_>>,
    ) -> Option<Poll<()>> {
        match stage {
            Stage::Fresh { rounds } => {
                let called = *rounds != self.rounds.load(Acquire);
                if !called && !std::mem::take(&mut state.permit) {
                    let waker = match caller {
                        Some(caller) => Some(caller.take()?),
                        None => None,
                    };
                    *stage = Stage::Waiting(state.waiters.push_back(Call::None, waker));
                    return Some(Poll::Pending);
                }
            }
            Stage::Waiting(ticket) => {
                let (_, chosen) = state.waiters.look(ticket);
                if !chosen {
                    let left = caller.is_none_or(|it| state.waiters.leave_waker(ticket, it));
                    return left.then_some(Poll::Pending);
                }
            }
            Stage::Done => {}
        }
        if let Stage::Waiting(ticket) = std::mem::replace(stage, Stage::Done) {
            // A chosen waiter has no waker left to drop.
            let _ = state.waiters.remove(ticket);
        }
        Some(Poll::Ready(()))
    }

    /// One poll of a future at `stage`.
    fn poll_notified(&self, stage: &mut Stage, cx: &mut Context<'_>) -> Poll<()> {
        poll_locked(&self.state, cx, |state, caller| self.collect(state, stage, Some(caller)))
    }

    /// Puts a future at `stage` in line without a waker. Says whether it was notified already.
    fn enable(&self, stage: &mut Stage) -> bool {
        let collected = self.collect(&mut self.state.lock(), stage, None);
        collected == Some(Poll::Ready(()))
    }

    /// A future at `stage` goes away.
    fn abandon(&self, stage: &mut Stage) {
        let Stage::Waiting(ticket) = std::mem::replace(stage, Stage::Done) else {
            return;
        };
        let mut wakers = Wakers::new();
        let mut state = self.state.lock();
        let removed = state.waiters.remove(ticket);
        if matches!(removed.note, Call::One | Call::Last) {
            state.notify(removed.note, &mut wakers);
        }
        drop(state);
        wakers.wake_all();
        drop(removed);
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
    /// In line, or chosen.
    Waiting(Ticket),
    /// Notified.
    Done,
}

/// Waits for a notification. Made by [`Notify::notified`].
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
#[must_use = "futures do nothing unless polled"]
pub struct OwnedNotified {
    /// Where it waits.
    notify: Arc<Notify>,
    /// How far it has come.
    stage: Stage,
}

impl OwnedNotified {
    /// As [`Notified::enable`].
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
#[cfg(all(test, not(loom)))]
#[path = "notify_tests.rs"]
mod tests;
