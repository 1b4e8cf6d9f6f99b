//! Which local tasks a thread is in, and which local runtimes live on it.

use super::LocalTasks;
use crate::executor::entries::Entries;
use crate::executor::shared::Shared;
use crate::loom::thread_local;
use crate::not_send::NotSend;
use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::rc::{Rc, Weak};
use std::sync::Arc;

thread_local! {
    /// The tasks among which `spawn_local` puts its own.
    static ENTERED: Entries<Rc<LocalTasks>> = const { Entries::new() };
}

thread_local! {
    /// The tasks of the local runtimes that were made on this thread.
    static OF_RUNTIMES: RefCell<Vec<Weak<LocalTasks>>> = const { RefCell::new(Vec::new()) };
}

thread_local! {
    /// Whether this thread polls the tasks of a set, or a future among them.
    static POLLS_SET: Cell<bool> = const { Cell::new(false) };
}

/// `spawn_local` on this thread belongs to some tasks until this is dropped.
#[derive(Debug)]
#[must_use = "they are left when this is dropped"]
pub(crate) struct EnteredLocal {
    /// The number of the entry, while it is one.
    number: Option<u64>,
    /// It belongs to this thread.
    not_send: NotSend,
}

impl EnteredLocal {
    /// Leaves them. False: they were not those entered last.
    pub(crate) fn leave(&mut self) -> bool {
        let Some(number) = self.number.take() else { return true };
        let left = ENTERED.try_with(|entered| entered.leave(number)).ok().flatten();
        // What is left is dropped outside of the borrow.
        left.is_none_or(|(_tasks, is_innermost)| is_innermost)
    }
}

impl Drop for EnteredLocal {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Lets `spawn_local` on this thread belong to these.
pub(super) fn enter(tasks: &Rc<LocalTasks>) -> EnteredLocal {
    let number = ENTERED.try_with(|entered| entered.enter(Rc::clone(tasks))).ok();
    EnteredLocal { number, not_send: PhantomData }
}

/// One poll, in which `spawn_local` belongs to some tasks; what is entered in it is left at its end.
pub(super) struct PollScope(EnteredLocal);

/// Begins a poll in which `spawn_local` belongs to these.
pub(super) fn enter_for_poll(tasks: &Rc<LocalTasks>) -> PollScope {
    PollScope(enter(tasks))
}

impl Drop for PollScope {
    fn drop(&mut self) {
        let Some(number) = self.0.number else { return };
        // What is left is dropped outside of the borrow.
        drop(ENTERED.try_with(|entered| entered.leave_later(number)));
    }
}

/// Those among which `spawn_local` on this thread puts its own.
pub(super) fn current() -> Option<Rc<LocalTasks>> {
    ENTERED.try_with(|entered| entered.with_innermost(Rc::clone)).ok().flatten()
}

/// Remembers the tasks of a local runtime that is made on this thread.
pub(super) fn remember(tasks: &Rc<LocalTasks>) {
    let _ = OF_RUNTIMES.try_with(|of_runtimes| {
        let mut of_runtimes = of_runtimes.borrow_mut();
        of_runtimes.retain(|tasks| tasks.strong_count() > 0);
        of_runtimes.push(Rc::downgrade(tasks));
    });
}

/// The local tasks of a runtime, if it is a local one of this thread.
pub(super) fn of_runtime(shared: &Arc<Shared>) -> Option<Rc<LocalTasks>> {
    let look = |of_runtimes: &RefCell<Vec<Weak<LocalTasks>>>| {
        let of_runtimes = of_runtimes.borrow();
        of_runtimes.iter().filter_map(Weak::upgrade).find(|tasks| tasks.is_of(shared))
    };
    OF_RUNTIMES.try_with(look).ok().flatten()
}

/// This thread polls the tasks of a set until this is dropped.
#[derive(Debug)]
pub(super) struct PollsSet {
    /// Whether it did so already.
    former: bool,
}

/// Begins to poll the tasks of a set.
pub(super) fn poll_set() -> PollsSet {
    PollsSet { former: POLLS_SET.try_with(|polls| polls.replace(true)).unwrap_or(false) }
}

impl Drop for PollsSet {
    fn drop(&mut self) {
        let _ = POLLS_SET.try_with(|polls| polls.set(self.former));
    }
}

/// Whether this thread polls the tasks of a set.
pub(crate) fn polls_set() -> bool {
    POLLS_SET.try_with(Cell::get).unwrap_or(false)
}
