//! The part of a task that is the same for all, and the table of the functions that know its types.

use super::id::Id;
use super::state::State;
use crate::loom::UnsafeCell;
use crate::sys::clock::Coarse;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU32, AtomicUsize};
use std::task::Waker;

/// The key of a task that is in no list: that of no place.
pub(super) const UNLISTED: usize = usize::MAX;

/// The part of a task that is the same for all.
#[derive(Debug)]
pub(super) struct Header {
    /// Who may do what.
    pub(super) state: State,
    /// The functions that know the types.
    pub(super) vtable: &'static Vtable,
    /// Where the task was spawned.
    pub(super) spawned_at: &'static Location<'static>,
    /// Its name.
    pub(super) id: Id,
    /// Its key in the list of live tasks, or [`UNLISTED`]. Written when it enters the list, which is before its first runnable is queued;
    /// read when it leaves.
    pub(super) key: AtomicUsize,
    /// When it was spawned.
    pub(super) created_at: Coarse,
    /// How often it was polled (saturates). Written by the runnable's holder alone, read for dumps.
    pub(super) polls: AtomicU32,
}

impl Header {
    /// A poll begins. The caller has the runnable's right.
    #[inline]
    pub(super) fn count_poll(&self) {
        // Load and store: the runnable's holder alone writes it, and hands it on with the state word.
        self.polls.store(self.polls.load(Relaxed).saturating_add(1), Relaxed);
    }
}

/// The functions of a task that know its types. Each takes a pointer to the header of a living task.
#[derive(Debug)]
pub(super) struct Vtable {
    /// Polls a task by the right of its runnable. The caller gives the runnable's right up, and has it again after
    /// [`Polled::Woken`].
    pub(super) run: unsafe fn(NonNull<Header>) -> Polled,
    /// Drops the future in place of a poll. The caller gives the runnable's right up.
    pub(super) cancel: unsafe fn(NonNull<Header>),
    /// Hands a runnable to the task's [`Schedule`](super::Schedule). The caller gives the runnable's right up.
    pub(super) schedule: unsafe fn(NonNull<Header>),
    /// Frees the allocation. The caller held the last reference.
    pub(super) dealloc: unsafe fn(NonNull<Header>),
    /// Moves the output of a complete task to `*mut Poll<Output<T>>`. The caller has the join handle's right.
    pub(super) take_output: unsafe fn(NonNull<Header>, *mut ()),
    /// Drops the output of a complete task. The caller has the right to it.
    pub(super) drop_output: unsafe fn(NonNull<Header>),
    /// The name of the future's type.
    pub(super) future_name: fn() -> &'static str,
    /// The slot of the join waker. The caller has the right to it.
    pub(super) join_waker: unsafe fn(NonNull<Header>) -> NonNull<UnsafeCell<Option<Waker>>>,
}

/// What a poll came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Polled {
    /// The task is complete.
    Complete,
    /// It waits to be woken.
    Idle,
    /// It was woken during the poll: the runnable's right is the caller's again.
    Woken,
}

/// Gives up a reference that the caller held; frees the task if it was the last.
pub(super) fn drop_reference(header: NonNull<Header>) {
    // SAFETY: the reference that is given up keeps the task until here.
    let task = unsafe { header.as_ref() };
    if task.state.drop_reference() {
        // SAFETY: it was the last one.
        unsafe { (task.vtable.dealloc)(header) }
    }
}
