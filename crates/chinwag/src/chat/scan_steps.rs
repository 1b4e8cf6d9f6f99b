//! How much the broker looks at: a counter for tests, so that work that grows with the number of users or rooms is
//! found by counting, whatever the machine does meanwhile.
//!
//! The tables of users and rooms count each look at one of theirs, and lists count the entries that are passed over. A
//! program that is not a test counts nothing.

#[cfg(test)]
thread_local! {
    /// What this thread has looked at.
    static STEPS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// So many things are looked at.
#[inline(always)]
pub(crate) fn count(_looks: usize) {
    #[cfg(test)]
    STEPS.set(STEPS.get() + _looks as u64);
}

/// What this thread has looked at so far.
#[cfg(test)]
pub(crate) fn counted() -> u64 {
    STEPS.get()
}
