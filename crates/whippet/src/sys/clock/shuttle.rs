//! The clock under `--cfg shuttle`: it stands still until a thread waits for a moment, and then shows that.

use std::cell::Cell;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

std::thread_local! {
    /// The time that passed in the runs of this thread of the system's, which are one after the other.
    static PASSED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// The moment from which time passes.
static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The present moment.
pub(crate) fn now() -> Instant {
    *BEGINNING + PASSED.get()
}

/// Lets the time pass until a moment, if that is ahead.
pub(crate) fn pass_until(moment: Instant) {
    PASSED.set(PASSED.get() + moment.saturating_duration_since(now()));
}
