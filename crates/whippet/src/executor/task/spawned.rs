//! The birth of a task.

use super::Schedule;
use super::cell::Cell;
use super::id::Id;
use super::join::JoinHandle;
use super::runnable::{Live, Runnable};
use std::future::Future;
use std::panic::Location;

/// A new task, in its three parts.
#[derive(Debug)]
pub(crate) struct Spawned<T> {
    /// The first turn.
    pub(crate) runnable: Runnable,
    /// For the list of live tasks.
    pub(crate) live: Live,
    /// For whoever spawned it.
    pub(crate) handle: JoinHandle<T>,
}

impl<T: Send + 'static> Spawned<T> {
    /// Makes a task of a future. `key` is its place in the list of live tasks.
    pub(crate) fn new<F, S>(
        future: F,
        scheduler: S,
        key: usize,
        id: Id,
        spawned_at: &'static Location<'static>,
    ) -> Self
    where
        F: Future<Output = T> + Send + 'static,
        S: Schedule,
    {
        let header = Cell::allocate(future, scheduler, key, id, spawned_at);
        // SAFETY: a new task has a wake-up nobody else answers: this is its runnable.
        let runnable = unsafe { Runnable::from_header(header) };
        // SAFETY: a new task has two references: this is that of its life ...
        let live = unsafe { Live::from_header(header) };
        // SAFETY: ... and this that of its join handle, of the type that the cell has.
        let handle = unsafe { JoinHandle::from_header(header) };
        Self { runnable, live, handle }
    }
}
