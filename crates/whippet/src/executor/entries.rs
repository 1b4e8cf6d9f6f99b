//! What a thread has entered, one in the other, and guards that leave it again.
//!
//! Guards are to be dropped in the reverse order. Should one not be, what it entered is taken out all the same, and what was
//! entered after it stays: so what the thread is in is right whatever the order. Only the end of a poll takes out all that was
//! entered in it ([`Entries::leave_later`]); a guard that is kept longer does nothing any more.

use std::cell::{Cell, RefCell};

/// What a thread has entered, the last one innermost.
#[derive(Debug)]
pub(super) struct Entries<T> {
    /// By the number of the entry.
    entries: RefCell<Vec<(u64, T)>>,
    /// How many there were. In 64 bits it does not come round.
    count: Cell<u64>,
}

impl<T> Entries<T> {
    /// Nothing.
    pub(super) const fn new() -> Self {
        Self { entries: RefCell::new(Vec::new()), count: Cell::new(0) }
    }

    /// Enters `value`. Gives the number of the entry.
    pub(super) fn enter(&self, value: T) -> u64 {
        let number = self.count.get() + 1;
        self.count.set(number);
        self.entries.borrow_mut().push((number, value));
        number
    }

    /// Leaves what was entered by that number: gives it, for the caller to drop it where no entry is borrowed, and whether it
    /// was the innermost.
    pub(super) fn leave(&self, number: u64) -> Option<(T, bool)> {
        let mut entries = self.entries.borrow_mut();
        let place = entries.iter().rposition(|(other, _)| *other == number)?;
        let is_innermost = place + 1 == entries.len();
        Some((entries.remove(place).1, is_innermost))
    }

    /// Leaves all that was entered after that number, and gives it.
    pub(super) fn leave_later(&self, number: u64) -> Vec<(u64, T)> {
        let mut entries = self.entries.borrow_mut();
        let later =
            entries.iter().rposition(|(other, _)| *other <= number).map_or(0, |place| place + 1);
        entries.split_off(later)
    }

    /// Calls `f` with the innermost.
    #[inline]
    pub(super) fn with_innermost<R>(&self, f: impl FnOnce(&T) -> R) -> Option<R> {
        self.entries.borrow().last().map(|(_, value)| f(value))
    }
}
