//! The place in the source that a worker is busy with.

use std::panic::Location;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::Relaxed;

/// Where the task was spawned that somebody polls now, if he does. Written by one thread, read by others for a
/// report to people.
#[derive(Debug, Default)]
pub(crate) struct Spot(AtomicPtr<Location<'static>>);

impl Spot {
    /// A poll of a task that was spawned at `place` begins.
    #[inline]
    pub(crate) fn set(&self, place: &'static Location<'static>) {
        self.0.store(std::ptr::from_ref(place).cast_mut(), Relaxed);
    }

    /// The poll ended.
    #[inline]
    pub(crate) fn clear(&self) {
        self.0.store(std::ptr::null_mut(), Relaxed);
    }

    /// The place, at this moment.
    pub(crate) fn read(&self) -> Option<&'static Location<'static>> {
        // SAFETY: null, or from the `&'static` reference that `set` stored.
        unsafe { self.0.load(Relaxed).as_ref() }
    }
}
