//! The two handles that the executor holds: [`Runnable`], the right to poll, and [`OwnedRef`], the life of the future.

use super::header::{Header, Polled, drop_reference};
use super::id::Id;
use crate::sys::clock::Coarse;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// The right to poll a task; there is one at most. Dropping it cancels the task.
#[derive(Debug)]
pub(crate) struct Runnable(NonNull<Header>);

/// The reference of a future's life, kept by the list of live tasks until the task completes.
#[derive(Debug)]
pub(crate) struct OwnedRef(NonNull<Header>);

// SAFETY: the future and its output are `Send`, or the caller that spawned it keeps its runnables to one thread
// (`Spawned::new_local`'s duty); and the state word orders the accesses.
unsafe impl Send for Runnable {}
// SAFETY: as above; through a `OwnedRef` one can only count references and look at the header.
unsafe impl Send for OwnedRef {}

/// What is known of a task, at one moment.
#[derive(Clone, Debug)]
pub(crate) struct TaskInfo {
    /// Its name.
    pub(crate) id: Id,
    /// Where it was spawned.
    pub(crate) spawned_at: &'static Location<'static>,
    /// The name of its future's type.
    pub(crate) future_name: &'static str,
    /// Whether it is queued or running, and not waiting to be woken.
    pub(crate) is_woken: bool,
    /// The time since it was spawned.
    pub(crate) age: Duration,
    /// How often it was polled.
    pub(crate) polls: u32,
}

/// What a poll came to.
#[derive(Debug)]
#[must_use]
pub(crate) enum RunResult {
    /// The task is complete.
    Complete,
    /// It waits to be woken.
    Idle,
    /// It was woken during the poll: back into a queue.
    Woken(Runnable),
}

impl Runnable {
    /// Polls the task once. The task's panics end in its output.
    #[inline]
    pub(crate) fn run(self) -> RunResult {
        let header = self.into_header();
        // SAFETY: a runnable's task is not complete, so the reference of its life keeps it.
        let run = unsafe { header.as_ref() }.vtable.run;
        // SAFETY: the right of this runnable is given up.
        match unsafe { run(header) } {
            Polled::Complete => RunResult::Complete,
            Polled::Idle => RunResult::Idle,
            Polled::Woken => RunResult::Woken(Self(header)),
        }
    }

    /// The task's name.
    pub(crate) fn id(&self) -> Id {
        self.header().id
    }

    /// Where the task was spawned.
    pub(crate) fn spawned_at(&self) -> &'static Location<'static> {
        self.header().spawned_at
    }

    /// The runnable as a pointer, for a queue of pointers.
    pub(crate) fn into_raw(self) -> *mut () {
        self.into_header().as_ptr().cast()
    }

    /// The runnable that [`Runnable::into_raw`] made a pointer of.
    ///
    /// # Safety
    /// `raw` came from `into_raw`, and this is done with it once.
    pub(crate) unsafe fn from_raw(raw: NonNull<()>) -> Self {
        Self(raw.cast())
    }

    /// The right to poll the task behind `header`.
    ///
    /// # Safety
    /// The caller has that right, and gives it up.
    pub(super) unsafe fn from_header(header: NonNull<Header>) -> Self {
        Self(header)
    }

    fn into_header(self) -> NonNull<Header> {
        ManuallyDrop::new(self).0
    }

    fn header(&self) -> &Header {
        // SAFETY: a runnable's task is not complete, so the reference of its life keeps it.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Runnable {
    fn drop(&mut self) {
        let cancel = self.header().vtable.cancel;
        // SAFETY: the right of this runnable is given up.
        unsafe { cancel(self.0) }
    }
}

impl OwnedRef {
    /// Its key in the list of live tasks.
    pub(crate) fn key(&self) -> usize {
        // Relaxed: the hand-over of the task to the thread that completes it orders this after `set_key`.
        self.header().key.load(Relaxed)
    }

    /// It enters the list of live tasks under this key, before anybody else knows of it.
    pub(crate) fn set_key(&self, key: usize) {
        self.header().key.store(key, Relaxed);
    }

    /// What is known of the task, at the moment `now`.
    pub(crate) fn info(&self, now: Coarse) -> TaskInfo {
        let Header { state, vtable, spawned_at, id, created_at, polls, .. } = self.header();
        TaskInfo {
            id: *id,
            spawned_at,
            future_name: (vtable.future_name)(),
            is_woken: state.is_woken(),
            age: now.since(*created_at),
            polls: polls.load(Relaxed),
        }
    }

    /// The task stands in no list: the call that completes it gives this reference up.
    pub(crate) fn release_on_complete(self) {
        let _ = ManuallyDrop::new(self);
    }

    /// Cancels the task, and gives its runnable if no other thread has it (one that has it will drop the future).
    pub(crate) fn cancel(&self) -> Option<Runnable> {
        let state = &self.header().state;
        state.cancel();
        // SAFETY: the task was idle: the transition gave us the right to poll it.
        state.transition_to_woken_by_ref().then(|| unsafe { Runnable::from_header(self.0) })
    }

    /// The reference of the life of the task behind `header`.
    ///
    /// # Safety
    /// The caller holds that reference, and gives it up.
    pub(super) unsafe fn from_header(header: NonNull<Header>) -> Self {
        Self(header)
    }

    fn header(&self) -> &Header {
        // SAFETY: this reference keeps the task.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for OwnedRef {
    fn drop(&mut self) {
        drop_reference(self.0);
    }
}
