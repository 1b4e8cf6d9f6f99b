//! The time stamps that people can ask for: hours, minutes and seconds in UTC. The server does not know where a
//! person is, and people in one room should read the same time.

use std::fmt;
use std::time::{Duration, Instant};

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// A second of a day in UTC; shown as `14:05:07`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeOfDay(u32);

impl TimeOfDay {
    /// The second of the day, so long after the beginning of 1970 in UTC.
    pub const fn new(since_1970: Duration) -> Self {
        Self((since_1970.as_secs() % DAY) as u32)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(second) = *self;
        write!(f, "{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
    }
}

/// What the wall clock said at some moment, from which the time of day at others follows: whoever keeps it reads no
/// clock.
#[derive(Clone, Copy, Debug)]
pub struct WallClock {
    /// The moment.
    at: Instant,
    /// What it was then, since the beginning of 1970 in UTC.
    since_1970: Duration,
    /// The moment of which the time of day was asked last, and that: all lines of a round ask for the same.
    asked: Option<(Instant, TimeOfDay)>,
}

impl WallClock {
    /// At this moment it is so long after the beginning of 1970.
    pub const fn new(at: Instant, since_1970: Duration) -> Self {
        Self { at, since_1970, asked: None }
    }

    /// When it was last set.
    pub const fn set_at(&self) -> Instant {
        self.at
    }

    /// How long after the beginning of 1970 some moment is.
    pub fn since_1970(&self, now: Instant) -> Duration {
        match now.checked_duration_since(self.at) {
            Some(passed) => self.since_1970 + passed,
            None => self.since_1970.saturating_sub(self.at.duration_since(now)),
        }
    }

    /// The time of day at some moment.
    #[inline]
    pub fn time_of_day(&mut self, now: Instant) -> TimeOfDay {
        if let Some((asked, at)) = self.asked
            && asked == now
        {
            return at;
        }
        let at = TimeOfDay::new(self.since_1970(now));
        self.asked = Some((now, at));
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_around_the_setting_have_their_time_of_day() {
        let at = whippet::time::Instant::now().into_std();
        let mut clock = WallClock::new(at, Duration::from_secs(DAY * 20_000 + 86_399));
        assert_eq!(clock.time_of_day(at).to_string(), "23:59:59");
        assert_eq!(clock.time_of_day(at + Duration::from_secs(1)).to_string(), "00:00:00");
        assert_eq!(clock.time_of_day(at + Duration::from_secs(3662)).to_string(), "01:01:01");
        let before = at - Duration::from_secs(60);
        assert_eq!(clock.time_of_day(before).to_string(), "23:58:59");
        assert_eq!(clock.time_of_day(before).to_string(), "23:58:59", "asked again");
    }
}
