//! A moment of the monotonic clock.

use crate::executor::context;
use crate::sys::clock;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::time::Duration;

/// What a duration is taken for whose end no clock can count: 30 years, as tokio does.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// A moment of the clock that timers go by.
///
/// It is [`std::time::Instant`] in a type of its own, so that a program's time can be moved by hand where a test
/// or a simulation does so. The two convert into each other.
///
/// ```
/// use std::time::Duration;
/// use whippet::time::Instant;
///
/// let start = Instant::now();
/// let later = start + Duration::from_millis(250);
/// assert_eq!(later - start, Duration::from_millis(250));
/// assert_eq!(start.duration_since(later), Duration::ZERO);
/// assert!(start.checked_add(Duration::MAX).is_none());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(std::time::Instant);

impl Instant {
    /// The present moment of the clock of the runtime that this thread has entered; without one, of the system's.
    /// The two differ when the runtime's was [paused](super::pause).
    ///
    /// ```
    /// use std::time::Duration;
    /// use whippet::time::{Instant, advance};
    ///
    /// let start = Instant::now();
    /// assert!(Instant::now() >= start);
    ///
    /// # let rt = whippet::runtime::Builder::new_current_thread().start_paused(true).build()?;
    /// # rt.block_on(async {
    /// // A runtime whose clock is paused has a time of its own.
    /// let start = Instant::now();
    /// advance(Duration::from_secs(60)).await;
    /// assert_eq!(Instant::now(), start + Duration::from_secs(60));
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn now() -> Self {
        let of_runtime = context::with_current(|shared| shared.driver.instant());
        Self(of_runtime.unwrap_or_else(clock::now))
    }

    /// The same moment, from std's type.
    ///
    /// ```
    /// use whippet::time::Instant;
    ///
    /// let now = Instant::now();
    /// assert_eq!(Instant::from_std(now.into_std()), now);
    /// ```
    #[must_use]
    pub const fn from_std(std: std::time::Instant) -> Self {
        Self(std)
    }

    /// The same moment in std's type.
    ///
    /// ```
    /// use std::time::Duration;
    /// use whippet::time::Instant;
    ///
    /// let now = Instant::now();
    /// let second = Duration::from_secs(1);
    /// assert_eq!((now + second).into_std(), now.into_std() + second);
    /// ```
    #[must_use]
    pub const fn into_std(self) -> std::time::Instant {
        self.0
    }

    /// The time from `earlier` to this moment; zero when `earlier` is later.
    ///
    /// ```
    /// use std::time::Duration;
    /// use whippet::time::Instant;
    ///
    /// let start = Instant::now();
    /// let later = start + Duration::from_secs(1);
    /// assert_eq!(later.duration_since(start), Duration::from_secs(1));
    /// assert_eq!(start.duration_since(later), Duration::ZERO);
    /// ```
    #[must_use]
    pub fn duration_since(&self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// The time from `earlier` to this moment; `None` when `earlier` is later.
    ///
    /// ```
    /// use std::time::Duration;
    /// use whippet::time::Instant;
    ///
    /// let start = Instant::now();
    /// let later = start + Duration::from_secs(1);
    /// assert_eq!(later.checked_duration_since(start), Some(Duration::from_secs(1)));
    /// assert_eq!(start.checked_duration_since(later), None);
    /// ```
    #[must_use]
    pub fn checked_duration_since(&self, earlier: Self) -> Option<Duration> {
        self.0.checked_duration_since(earlier.0)
    }

    /// The time from `earlier` to this moment; zero when `earlier` is later.
    ///
    /// ```
    /// use std::time::Duration;
    /// use whippet::time::Instant;
    ///
    /// let start = Instant::now();
    /// let later = start + Duration::from_secs(1);
    /// assert_eq!(later.saturating_duration_since(start), Duration::from_secs(1));
    /// assert_eq!(start.saturating_duration_since(later), Duration::ZERO);
    /// ```
    #[must_use]
    pub fn saturating_duration_since(&self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// The time that has passed since this moment; zero when it is still ahead.
    ///
    /// ```
    /// use std::time::Duration;
    /// use whippet::time::{Instant, sleep};
    ///
    /// # let rt = whippet::runtime::Builder::new_current_thread().start_paused(true).build()?;
    /// # rt.block_on(async {
    /// let start = Instant::now();
    /// sleep(Duration::from_secs(1)).await;
    /// assert_eq!(start.elapsed(), Duration::from_secs(1));
    /// assert_eq!((start + Duration::from_secs(60)).elapsed(), Duration::ZERO);
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Self::now().duration_since(*self)
    }

    /// The moment so long after this one; `None` when the clock cannot count so far.
    ///
    /// ```
    /// use std::time::Duration;
    /// use whippet::time::Instant;
    ///
    /// let now = Instant::now();
    /// assert_eq!(now.checked_add(Duration::from_secs(1)), Some(now + Duration::from_secs(1)));
    /// assert_eq!(now.checked_add(Duration::MAX), None);
    /// ```
    #[must_use]
    pub fn checked_add(&self, duration: Duration) -> Option<Self> {
        self.0.checked_add(duration).map(Self)
    }

    /// The moment so long before this one; `None` when the clock cannot count so far.
    ///
    /// ```
    /// use std::time::Duration;
    /// use whippet::time::Instant;
    ///
    /// let later = Instant::now() + Duration::from_secs(2);
    /// assert_eq!(later.checked_sub(Duration::from_secs(1)), Some(later - Duration::from_secs(1)));
    /// assert_eq!(later.checked_sub(Duration::MAX), None);
    /// ```
    #[must_use]
    pub fn checked_sub(&self, duration: Duration) -> Option<Self> {
        self.0.checked_sub(duration).map(Self)
    }

    /// The moment so long after this one, or else the last that the clock can count.
    ///
    /// ```
    /// use std::time::Duration;
    /// use whippet::time::Instant;
    ///
    /// let end = Instant::now().saturating_add(Duration::MAX);
    /// assert!(end.checked_add(Duration::from_nanos(1)).is_none());
    /// ```
    #[must_use]
    pub fn saturating_add(&self, duration: Duration) -> Self {
        self.checked_add(duration).unwrap_or_else(|| self.last(std::time::Instant::checked_add))
    }

    /// The moment so long before this one, or else the first that the clock can count.
    ///
    /// ```
    /// use std::time::Duration;
    /// use whippet::time::Instant;
    ///
    /// let beginning = Instant::now().saturating_sub(Duration::MAX);
    /// assert!(beginning.checked_sub(Duration::from_nanos(1)).is_none());
    /// ```
    #[must_use]
    pub fn saturating_sub(&self, duration: Duration) -> Self {
        self.checked_sub(duration).unwrap_or_else(|| self.last(std::time::Instant::checked_sub))
    }

    /// The moment so long after this one; where no clock counts so far, [`FAR`] after it.
    pub(crate) fn add_or_far(self, duration: Duration) -> Self {
        self.checked_add(duration).unwrap_or_else(|| self.saturating_add(FAR))
    }

    /// The moment so long after this one, in an operation that is written so.
    #[track_caller]
    fn add_in(self, call: &str, duration: Duration) -> Self {
        let Some(moment) = self.checked_add(duration) else {
            panic!(
                "`{call}`: no clock counts so far; use `Instant::checked_add` or `saturating_add`"
            )
        };
        moment
    }

    /// The moment so long before this one, in an operation that is written so.
    #[track_caller]
    fn sub_in(self, call: &str, duration: Duration) -> Self {
        let Some(moment) = self.checked_sub(duration) else {
            panic!(
                "`{call}`: no clock counts so far; use `Instant::checked_sub` or `saturating_sub`"
            )
        };
        moment
    }

    /// The last moment that repeated steps of `checked` reach. std names no bounds, so they are found bit by bit:
    /// seconds from the highest bit down, then nanoseconds.
    fn last(
        self,
        checked: impl Fn(&std::time::Instant, Duration) -> Option<std::time::Instant>,
    ) -> Self {
        let seconds = (0..u64::BITS).rev().map(|bit| Duration::from_secs(1 << bit));
        let nanoseconds = (0..30).rev().map(|bit| Duration::from_nanos(1 << bit));
        let farther = |moment, step| checked(&moment, step).unwrap_or(moment);
        Self(seconds.chain(nanoseconds).fold(self.0, farther))
    }
}

impl From<std::time::Instant> for Instant {
    fn from(std: std::time::Instant) -> Self {
        Self::from_std(std)
    }
}

impl From<Instant> for std::time::Instant {
    fn from(instant: Instant) -> Self {
        instant.into_std()
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// # Panics
    /// When the clock cannot count so far; see [`Instant::checked_add`] and [`Instant::saturating_add`].
    #[track_caller]
    fn add(self, duration: Duration) -> Self {
        self.add_in("Instant + Duration", duration)
    }
}

impl AddAssign<Duration> for Instant {
    #[track_caller]
    fn add_assign(&mut self, duration: Duration) {
        *self = self.add_in("Instant += Duration", duration);
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// The time between the two; zero when the right one is later.
    fn sub(self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    /// # Panics
    /// When the clock cannot count so far; see [`Instant::checked_sub`] and [`Instant::saturating_sub`].
    #[track_caller]
    fn sub(self, duration: Duration) -> Self {
        self.sub_in("Instant - Duration", duration)
    }
}

impl SubAssign<Duration> for Instant {
    #[track_caller]
    fn sub_assign(&mut self, duration: Duration) {
        *self = self.sub_in("Instant -= Duration", duration);
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::Instant;
    use std::time::Duration;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        let now = Instant::now();
        let nanosecond = Duration::from_nanos(1);
        let (first, last) = (now.saturating_sub(Duration::MAX), now.saturating_add(Duration::MAX));
        assert!(first < now && first.checked_sub(nanosecond).is_none());
        assert!(last > now && last.checked_add(nanosecond).is_none());
        assert_eq!(now.saturating_add(nanosecond), now + nanosecond);
        assert_eq!(last.saturating_add(nanosecond), last);
        assert_eq!(first - last, Duration::ZERO);
        assert_eq!(first.checked_duration_since(last), None);
    }

    #[test]
    fn converts_from_and_into_std() {
        let mut now = Instant::now();
        let std: std::time::Instant = now.into();
        assert_eq!(Instant::from(std), now);
        now += Duration::from_secs(1);
        now -= Duration::from_secs(2);
        assert!(now.elapsed() >= Duration::from_secs(1));
        assert_eq!((Instant::from_std(std) - now).as_secs(), 1);
    }
}
