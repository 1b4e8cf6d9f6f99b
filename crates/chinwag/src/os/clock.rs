//! The clock that the program reads: that of the runtime, which tests can pause.

use std::time::Instant;

/// This moment.
#[inline]
pub(crate) fn now() -> Instant {
    whippet::time::Instant::now().into_std()
}
