//! What a worker is busy with.

use super::id::Id;
use std::panic::Location;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicPtr, AtomicU64};

/// Which task a worker polls now, if any, and where it was spawned. Written by one thread, read by others for a
/// report to people: who reads while a poll ends may see the name of one task and the place of another, or one without
/// the other.
#[derive(Debug, Default)]
pub(crate) struct CurrentPoll {
    /// The place; null between polls.
    place: AtomicPtr<Location<'static>>,
    /// The task's number; 0 for the future of a `block_on`.
    task: AtomicU64,
}

impl CurrentPoll {
    /// A poll begins: of a task that was spawned at `place`, or of a `block_on` that was called there.
    #[inline]
    pub(crate) fn set(&self, task: Option<Id>, place: &'static Location<'static>) {
        self.task.store(task.map_or(0, Id::number), Relaxed);
        self.place.store(std::ptr::from_ref(place).cast_mut(), Relaxed);
    }

    /// The poll ended.
    #[inline]
    pub(crate) fn clear(&self) {
        self.place.store(std::ptr::null_mut(), Relaxed);
    }

    /// The task and the place, at this moment.
    pub(crate) fn read(&self) -> Option<(Option<Id>, &'static Location<'static>)> {
        let task = Id::from_number(self.task.load(Relaxed));
        // SAFETY: null, or from the `&'static` reference that `set` stored.
        unsafe { self.place.load(Relaxed).as_ref() }.map(|place| (task, place))
    }
}
