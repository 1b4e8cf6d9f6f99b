//! Ticks at a fixed period.

use super::Instant;
use super::sleep::{Sleep, current_timers};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// A tick that comes later than this was missed, and the [`MissedTickBehavior`] decides about the next. Less is the
/// usual unpunctuality of a busy thread, from which an interval recovers by keeping to its schedule.
const PUNCTUAL: Duration = Duration::from_millis(5);

/// Ticks every `period`, the first time at once.
///
/// # Panics
/// When `period` is zero, and outside of a runtime's context.
///
/// ```
/// use std::time::Duration;
/// use whippet::time::interval;
///
/// # let rt = whippet::runtime::Builder::new_current_thread().build()?;
/// # rt.block_on(async {
/// let mut interval = interval(Duration::from_millis(1));
/// let first = interval.tick().await;
/// let second = interval.tick().await;
/// assert_eq!(second - first, Duration::from_millis(1));
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    check("time::interval", period);
    Interval::new(Sleep::after(current_timers("time::interval"), Duration::ZERO), period)
}

/// Ticks every `period`, the first time at `start`.
///
/// # Panics
/// When `period` is zero, and outside of a runtime's context.
///
/// ```
/// use std::time::Duration;
/// use whippet::time::{Instant, interval_at};
///
/// # let rt = whippet::runtime::Builder::new_current_thread().build()?;
/// # rt.block_on(async {
/// let start = Instant::now() + Duration::from_millis(1);
/// let mut interval = interval_at(start, Duration::from_millis(2));
/// assert_eq!(interval.tick().await, start);
/// assert_eq!(interval.tick().await, start + Duration::from_millis(2));
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    check("time::interval_at", period);
    Interval::new(Sleep::until(current_timers("time::interval_at"), start), period)
}

/// Panics with a clear sentence when the period is zero.
#[track_caller]
fn check(call: &str, period: Duration) {
    assert!(!period.is_zero(), "`{call}`: the period is zero; give a longer one");
}

/// What an [`Interval`] does when its owner was too busy to take a tick in time.
///
/// With a period of 50 ms, and an owner that is busy from 60 to 210 ms, ticks are taken at:
///
/// ```text
/// Burst   0  50  |..... 210 210 210 | 250 300   catches up, then is back on schedule
/// Delay   0  50  |..... 210 |  260  310         a full period after each late tick
/// Skip    0  50  |..... 210 |  250  300         back on schedule at once, what was missed is left out
/// ```
///
/// ```
/// use std::time::Duration;
/// use whippet::time::{MissedTickBehavior, interval};
///
/// # let rt = whippet::runtime::Builder::new_current_thread().build()?;
/// # rt.block_on(async {
/// let mut interval = interval(Duration::from_secs(1));
/// assert_eq!(interval.missed_tick_behavior(), MissedTickBehavior::Burst);
/// interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissedTickBehavior {
    /// Ticks as fast as possible until the missed ones are made up for.
    #[default]
    Burst,
    /// Ticks at multiples of the period after the late tick was taken.
    Delay,
    /// Leaves out the missed ticks and goes on with the next one on schedule.
    Skip,
}

impl MissedTickBehavior {
    /// The moment of the next tick, when the one of `scheduled` is taken at `now`.
    pub(super) fn next(self, scheduled: Instant, now: Instant, period: Duration) -> Instant {
        let late = now.duration_since(scheduled);
        if late <= PUNCTUAL {
            return scheduled.add_or_far(period);
        }
        match self {
            Self::Burst => scheduled.add_or_far(period),
            Self::Delay => now.add_or_far(period),
            Self::Skip => now.add_or_far(period - modulo(late, period)),
        }
    }
}

/// What is left of `time` after whole periods.
fn modulo(time: Duration, period: Duration) -> Duration {
    Duration::from_nanos_u128(time.as_nanos() % period.as_nanos())
}

/// Ticks of a fixed period: see [`interval`] and [`interval_at`].
///
/// ```
/// use std::time::Duration;
/// use whippet::time::{Instant, interval};
///
/// # let rt = whippet::runtime::Builder::new_current_thread().start_paused(true).build()?;
/// # rt.block_on(async {
/// let start = Instant::now();
/// let mut heartbeat = interval(Duration::from_secs(30));
/// for _ in 0..3 {
///     heartbeat.tick().await;
/// }
/// assert_eq!(start.elapsed(), Duration::from_secs(60));
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Interval {
    /// Waits for the next tick.
    delay: Sleep,
    /// The time between two ticks.
    period: Duration,
    /// What to do after a late tick.
    missed: MissedTickBehavior,
}

impl Interval {
    /// Ticks when `first` is over, and then every `period`.
    pub(super) const fn new(first: Sleep, period: Duration) -> Self {
        Self { delay: first, period, missed: MissedTickBehavior::Burst }
    }

    /// Waits for the next tick. It is the moment the tick was scheduled for, which may have passed.
    ///
    /// # Cancel safety
    /// Cancel safe: a tick that was not returned comes with the next call.
    ///
    /// ```
    /// use std::time::Duration;
    /// use whippet::time::{Instant, interval};
    ///
    /// # let rt = whippet::runtime::Builder::new_current_thread().build()?;
    /// # rt.block_on(async {
    /// let start = Instant::now();
    /// let mut interval = interval(Duration::from_millis(1));
    /// for _ in 0..3 {
    ///     interval.tick().await;
    /// }
    /// assert!(start.elapsed() >= Duration::from_millis(2));
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// Looks whether the next tick has come; if not, the task is woken when it does.
    ///
    /// ```
    /// use std::future::poll_fn;
    /// use std::time::Duration;
    /// use whippet::time::interval;
    ///
    /// # let rt = whippet::runtime::Builder::new_current_thread().start_paused(true).build()?;
    /// # rt.block_on(async {
    /// let period = Duration::from_secs(1);
    /// let mut interval = interval(period);
    /// let first = poll_fn(|cx| interval.poll_tick(cx)).await;
    /// let second = poll_fn(|cx| interval.poll_tick(cx)).await;
    /// assert_eq!(second - first, period);
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        ready!(Pin::new(&mut self.delay).poll(cx));
        let scheduled = self.delay.deadline();
        let now = Instant::from_std(self.delay.timers().instant());
        self.delay.restart(self.missed.next(scheduled, now, self.period));
        Poll::Ready(scheduled)
    }

    /// Lets the next tick come a period from now.
    ///
    /// ```
    /// use std::time::Duration;
    /// use whippet::time::{Instant, interval};
    ///
    /// # let rt = whippet::runtime::Builder::new_current_thread().start_paused(true).build()?;
    /// # rt.block_on(async {
    /// let period = Duration::from_secs(60);
    /// let mut interval = interval(period);
    /// interval.tick().await;
    /// whippet::time::sleep(period / 2).await;
    /// interval.reset();
    /// let begin = Instant::now();
    /// interval.tick().await;
    /// assert!(begin.elapsed() >= period);
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn reset(&mut self) {
        self.reset_after(self.period);
    }

    /// Lets the next tick come at once.
    ///
    /// ```
    /// use std::time::Duration;
    /// use whippet::time::{Instant, interval};
    ///
    /// # let rt = whippet::runtime::Builder::new_current_thread().start_paused(true).build()?;
    /// # rt.block_on(async {
    /// let period = Duration::from_secs(60);
    /// let mut interval = interval(period);
    /// interval.tick().await;
    /// interval.reset_immediately();
    /// let begin = Instant::now();
    /// interval.tick().await;
    /// assert!(begin.elapsed() < period);
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn reset_immediately(&mut self) {
        self.reset_after(Duration::ZERO);
    }

    /// Lets the next tick come after so long.
    ///
    /// ```
    /// use std::time::Duration;
    /// use whippet::time::{Instant, interval};
    ///
    /// # let rt = whippet::runtime::Builder::new_current_thread().start_paused(true).build()?;
    /// # rt.block_on(async {
    /// let period = Duration::from_secs(60);
    /// let mut interval = interval(period);
    /// interval.tick().await;
    /// interval.reset_after(3 * period);
    /// let begin = Instant::now();
    /// interval.tick().await;
    /// assert!(begin.elapsed() >= 3 * period);
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn reset_after(&mut self, after: Duration) {
        let now = Instant::from_std(self.delay.timers().instant());
        self.reset_at(now.add_or_far(after));
    }

    /// Lets the next tick come at `deadline`, and those after it every period from there.
    ///
    /// ```
    /// use std::time::Duration;
    /// use whippet::time::{Instant, interval};
    ///
    /// # let rt = whippet::runtime::Builder::new_current_thread().start_paused(true).build()?;
    /// # rt.block_on(async {
    /// let period = Duration::from_secs(60);
    /// let mut interval = interval(period);
    /// let deadline = Instant::now() + Duration::from_secs(10);
    /// interval.reset_at(deadline);
    /// assert_eq!(interval.tick().await, deadline);
    /// assert_eq!(interval.tick().await, deadline + period);
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn reset_at(&mut self, deadline: Instant) {
        Pin::new(&mut self.delay).reset(deadline);
    }

    /// What it does after a late tick.
    ///
    /// ```
    /// use std::time::Duration;
    /// use whippet::time::{MissedTickBehavior, interval};
    ///
    /// # let rt = whippet::runtime::Builder::new_current_thread().build()?;
    /// # rt.block_on(async {
    /// let interval = interval(Duration::from_secs(1));
    /// assert_eq!(interval.missed_tick_behavior(), MissedTickBehavior::Burst);
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub const fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed
    }

    /// Sets what it does after a late tick.
    ///
    /// ```
    /// use std::time::Duration;
    /// use whippet::time::{Instant, MissedTickBehavior, advance, interval};
    ///
    /// # let rt = whippet::runtime::Builder::new_current_thread().start_paused(true).build()?;
    /// # rt.block_on(async {
    /// let start = Instant::now();
    /// let mut interval = interval(Duration::from_secs(10));
    /// interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
    /// // Busy for a while, and so late for the first tick.
    /// advance(Duration::from_secs(35)).await;
    /// assert_eq!(interval.tick().await, start);
    /// assert_eq!(interval.tick().await, start + Duration::from_secs(40));
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub const fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed = behavior;
    }

    /// The time between two ticks.
    ///
    /// ```
    /// use std::time::Duration;
    /// use whippet::time::interval;
    ///
    /// # let rt = whippet::runtime::Builder::new_current_thread().build()?;
    /// # rt.block_on(async {
    /// let interval = interval(Duration::from_secs(1));
    /// assert_eq!(interval.period(), Duration::from_secs(1));
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub const fn period(&self) -> Duration {
        self.period
    }
}
