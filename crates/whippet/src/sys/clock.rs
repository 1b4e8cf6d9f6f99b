//! The monotonic clock.

#[cfg(shuttle)]
mod shuttle;

#[cfg(shuttle)]
pub(crate) use self::shuttle::{now, pass_until};

use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;
#[cfg(not(shuttle))]
use std::time::Instant;

/// The present moment of the monotonic clock.
#[inline]
#[cfg(not(shuttle))]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// What the wall clock says: the time since the beginning of 1970 in UTC. It may be set at any time, forwards and
/// back.
#[inline]
pub(crate) fn wall() -> Duration {
    let time = clock_gettime(ClockId::Realtime);
    // A clock before 1970 is not set.
    Duration::new(time.tv_sec.max(0) as u64, time.tv_nsec as u32)
}

/// A moment in hundredths of a second, modulo 2³¹ of them (248 days): for ages that are shown to people. It costs a
/// quarter of [`now`], and half of its size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coarse(u32);

impl Coarse {
    /// The present moment, as of the kernel's last tick (1 to 10 ms ago).
    #[inline]
    pub(crate) fn now() -> Self {
        let time = clock_gettime(ClockId::MonotonicCoarse);
        Self((time.tv_sec as u32).wrapping_mul(100).wrapping_add(time.tv_nsec as u32 / 10_000_000))
    }

    /// The time since an earlier moment.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        // An earlier moment may lie ahead: it was taken by another thread meanwhile.
        let hundredths = self.0.wrapping_sub(earlier.0) as i32;
        Duration::from_millis(10 * u64::from(hundredths.max(0) as u32))
    }
}
