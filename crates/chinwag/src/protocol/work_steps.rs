//! What the work on one client's input comes to, counted and not timed.
//!
//! A step is about 20 ns on a usual machine: a code point that is taken apart, measured or drawn; 16 bytes that are looked
//! through for something; 64 bytes that are copied or moved. Each input is charged one, for being taken at all.
//!
//! The code that works counts; its caller takes the count and decides: a connection's task yields past
//! [`MAX_STEPS_PER_POLL`](crate::limits::MAX_STEPS_PER_POLL). So the count that bounds a poll is the one that the tests of docs/COSTS.md look
//! at, and a machine that is busy changes neither.

use std::cell::Cell;

/// Steps that have not been taken account of yet. In a cell, for who only looks at something works as well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Steps(Cell<u32>);

impl Steps {
    /// Adds so many.
    pub(crate) fn add(&self, steps: usize) {
        // Far more than a poll may do is one poll all the same.
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        self.0.set(self.0.get().saturating_add(steps));
    }

    /// So many bytes were looked through.
    pub(crate) fn searched(&self, bytes: usize) {
        self.add(bytes / 16);
    }

    /// So many bytes were copied or moved.
    pub(crate) fn moved(&self, bytes: usize) {
        self.add(bytes / 64);
    }

    /// What was counted.
    pub(crate) fn get(&self) -> u32 {
        self.0.get()
    }

    /// Takes what was counted; it begins at none.
    pub(crate) fn take(&self) -> u32 {
        self.0.take()
    }
}
