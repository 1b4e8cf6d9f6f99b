//! The monotonic clock.

use std::time::Instant;

/// The present moment of the monotonic clock.
#[inline]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
