//! The cooperative budget: how much one poll of a task may get done before it must let its neighbours run.
//!
//! Every API that may wait (channels, sockets, timers) asks [`poll_proceed`] before it works. A task gets [`BUDGET`] units a
//! poll from the executor; when they are used up each of them returns `Pending` and wakes the task as one that yields ([`yield_task`]): it goes
//! to the back of its queue, behind a look at the driver. Outside of a task nothing is counted.
//!
//! A unit that was taken and not used goes back, but only in the poll that it was taken in. A program may keep one and drop it
//! in a later poll, in that of another task, or where nobody polls; a budget that came to be there would let a task
//! go on for longer than its neighbours, or make the thread look as if it polled for ever. So each scope with a budget has a
//! number of its own on its thread, and a unit remembers it. (They have 64 bits, and do not come round.)
//!
//! The idea and the figure are tokio's ("Reducing tail latencies with automatic cooperative task yielding").

use crate::loom::thread_local;
use crate::wake_list::wake_by_ref;
use std::cell::Cell;
use std::marker::PhantomData;
use std::num::NonZeroU64;
use std::task::{Context, Poll, Waker};

/// Units of work in one poll: large enough that the check costs nothing beside the work, small enough that a
/// busy socket lets its neighbours run within some 100 system calls.
const BUDGET: u8 = 128;

/// What is left of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Budget {
    /// The scope that it belongs to: which one it is of all on this thread.
    scope: NonZeroU64,
    /// Units left.
    left: u8,
}

thread_local! {
    /// What is left in the poll that runs on this thread; `None` outside of a budget.
    static LEFT: Cell<Option<Budget>> = const { Cell::new(None) };
}

thread_local! {
    /// The number of the next scope with a budget on this thread.
    static NEXT: Cell<NonZeroU64> = const { Cell::new(NonZeroU64::MIN) };
}

thread_local! {
    /// Whether what runs without a budget on this thread is part of a poll.
    static UNBUDGETED: Cell<bool> = const { Cell::new(false) };
}

/// Whether the poll under way lets others go first, and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Yield {
    /// It does not.
    #[default]
    No,
    /// It asked for it.
    Asked,
    /// Its budget is used up.
    Forced,
}

thread_local! {
    /// What the poll that runs on this thread said of itself since the last look.
    static YIELD: Cell<Yield> = const { Cell::new(Yield::No) };
}

/// What the poll on this thread said since the last call of this. The caller that polls a task looks after each poll.
#[inline]
pub(crate) fn take_yield() -> Yield {
    YIELD.try_with(Cell::take).unwrap_or_default()
}

/// Wakes the task behind `waker`, and says that it lets others go first: its worker does not poll it before it has looked
/// at the driver. Elsewhere it is just woken.
#[inline]
pub(crate) fn yield_task(waker: &Waker, why: Yield) {
    note_yield(why);
    wake_by_ref(waker);
}

/// Says of the poll under way that it lets others go first.
#[inline]
pub(crate) fn note_yield(why: Yield) {
    let _ = YIELD.try_with(|word| word.set(why.max(word.get())));
}

/// Puts the former budget back when a budgeted (or unbudgeted) scope ends, by a panic too.
struct Restore(Option<Budget>);

impl Drop for Restore {
    fn drop(&mut self) {
        let _ = LEFT.try_with(|left| left.set(self.0));
    }
}

/// Runs `f`, one poll of a task, under a fresh budget.
#[inline]
pub(crate) fn with_budget<R>(f: impl FnOnce() -> R) -> R {
    let scope = NEXT.try_with(|next| next.replace(next.get().saturating_add(1)));
    with(Some(Budget { scope: scope.unwrap_or(NonZeroU64::MAX), left: BUDGET }), f)
}

/// Runs `f` without a budget; if that is within a poll, it stays one.
pub(crate) fn without_budget<R>(f: impl FnOnce() -> R) -> R {
    let _restore = set_unbudgeted(is_polling());
    with(None, f)
}

/// Runs `f` as if no poll were under way on this thread: it may block.
pub(crate) fn exit_poll<R>(f: impl FnOnce() -> R) -> R {
    let _restore = set_unbudgeted(false);
    with(None, f)
}

/// Whether this thread is inside of a poll: of a task, or of the future of a `block_on`.
pub(crate) fn is_polling() -> bool {
    LEFT.try_with(|left| left.get().is_some()).unwrap_or(false)
        || UNBUDGETED.try_with(Cell::get).unwrap_or(false)
}

/// What the thread's word was before; put back when dropped.
struct RestoreUnbudgeted(bool);

impl Drop for RestoreUnbudgeted {
    fn drop(&mut self) {
        let _ = UNBUDGETED.try_with(|unbudgeted| unbudgeted.set(self.0));
    }
}

fn set_unbudgeted(unbudgeted: bool) -> RestoreUnbudgeted {
    RestoreUnbudgeted(UNBUDGETED.try_with(|word| word.replace(unbudgeted)).unwrap_or(false))
}

#[inline]
fn with<R>(budget: Option<Budget>, f: impl FnOnce() -> R) -> R {
    let former = LEFT.try_with(|left| left.replace(budget)).ok().flatten();
    let _restore = Restore(former);
    f()
}

/// A unit that was taken; it goes back when dropped, unless [`BudgetUnit::spend`] says that work was done with it. Dropped
/// elsewhere than in the poll that it was taken in, it does nothing.
#[derive(Debug)]
#[must_use = "a unit that is dropped goes back: call spend() when work was done"]
pub(crate) struct BudgetUnit {
    /// What was left before the unit was taken.
    before: Option<Budget>,
    /// The number of a scope says something on its own thread alone.
    not_send: PhantomData<*const ()>,
}

impl BudgetUnit {
    #[inline]
    fn new(before: Option<Budget>) -> Self {
        Self { before, not_send: PhantomData }
    }

    /// Progress was made: the unit is used up.
    #[inline]
    pub(crate) fn spend(mut self) {
        self.before = None;
    }
}

impl Drop for BudgetUnit {
    #[inline]
    fn drop(&mut self) {
        let Some(before) = self.before else { return };
        let _ = LEFT.try_with(|left| {
            if left.get().is_some_and(|now| now.scope == before.scope) {
                left.set(Some(before));
            }
        });
    }
}

/// Takes a unit of the running task's budget, or, when none is left, wakes the task and answers `Pending`.
#[inline]
pub(crate) fn poll_proceed(cx: &mut Context<'_>) -> Poll<BudgetUnit> {
    let before = LEFT.try_with(Cell::get).ok().flatten();
    match before {
        Some(Budget { left: 0, .. }) => {
            yield_task(cx.waker(), Yield::Forced);
            Poll::Pending
        }
        Some(Budget { scope, left: units }) => {
            LEFT.with(|left| left.set(Some(Budget { scope, left: units - 1 })));
            Poll::Ready(BudgetUnit::new(before))
        }
        None => Poll::Ready(BudgetUnit::new(None)),
    }
}

/// Whether the running task has budget left (always, outside of a task).
#[inline]
pub(crate) fn has_budget_left() -> bool {
    LEFT.try_with(|left| left.get().is_none_or(|budget| budget.left > 0)).unwrap_or(true)
}
