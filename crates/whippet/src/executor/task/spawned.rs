//! The birth of a task.

use super::Schedule;
use super::cell::Cell;
use super::id::Id;
use super::join::JoinHandle;
use super::runnable::{OwnedRef, Runnable};
use std::future::Future;
use std::panic::Location;

/// A new task, in its three parts.
#[derive(Debug)]
pub(crate) struct Spawned<T> {
    /// The first turn.
    pub(crate) runnable: Runnable,
    /// For the list of live tasks.
    pub(crate) owned_ref: OwnedRef,
    /// For the caller that spawned it.
    pub(crate) handle: JoinHandle<T>,
}

impl<T: 'static> Spawned<T> {
    /// Makes a task of a future.
    pub(crate) fn new<F, S>(
        future: F,
        scheduler: S,
        id: Id,
        spawned_at: &'static Location<'static>,
    ) -> Self
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
        S: Schedule,
    {
        // SAFETY: future and output are `Send`.
        unsafe { Self::new_local(future, scheduler, id, spawned_at) }
    }

    /// Makes a task of a future that need not be `Send`.
    ///
    /// # Safety
    /// Unless future and output are `Send`, runnables of the task are run and dropped on this thread alone; others may
    /// hand them on.
    pub(crate) unsafe fn new_local<F, S>(
        future: F,
        scheduler: S,
        id: Id,
        spawned_at: &'static Location<'static>,
    ) -> Self
    where
        F: Future<Output = T> + 'static,
        S: Schedule,
    {
        let header = Cell::allocate(future, scheduler, id, spawned_at);
        // SAFETY: a new task has a wake-up nobody else answers: this is its runnable.
        let runnable = unsafe { Runnable::from_header(header) };
        // SAFETY: a new task has two references: this is that of its life ...
        let owned_ref = unsafe { OwnedRef::from_header(header) };
        // SAFETY: ... and this that of its join handle, of the type that the cell has.
        let handle = unsafe { JoinHandle::from_header(header) };
        Self { runnable, owned_ref, handle }
    }
}
