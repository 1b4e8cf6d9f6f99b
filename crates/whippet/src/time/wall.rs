//! The wall clock.

use crate::sys::clock;
use std::time::Duration;

/// What the wall clock says: the time since the beginning of 1970 in UTC.
///
/// It is for showing to people and for what outlives the program. It may be set at any time, forwards and back; for
/// measuring and waiting there is [`Instant`](super::Instant).
///
/// ```
/// use std::time::Duration;
///
/// let year = Duration::from_secs(365 * 24 * 3600);
/// assert!(whippet::time::since_1970() > 50 * year);
/// ```
#[must_use]
pub fn since_1970() -> Duration {
    clock::wall()
}
