//! The time stamps that people can ask for: hours, minutes and seconds.
//!
//! The server does not know where a person is, so all lines are stamped in UTC, once for all who want that. Who has said how far
//! their clock is from UTC ([`UtcOffset`]) has the stamps rewritten on their way to them ([`shift_stamps`]): the same bytes in
//! number, in a copy of their own, and nobody else pays for it.

use std::fmt;
use std::time::{Duration, Instant};

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// A second of a day in UTC; shown as `14:05:07`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeOfDay(u32);

impl TimeOfDay {
    /// The second of the day, so long after the beginning of 1970 in UTC.
    pub(crate) const fn new(since_1970: Duration) -> Self {
        Self((since_1970.as_secs() % DAY) as u32)
    }
}

impl TimeOfDay {
    /// The same moment, on a clock that is so far from UTC.
    #[must_use]
    pub(crate) fn in_zone(self, offset: UtcOffset) -> Self {
        let day = DAY as i32;
        Self((self.0 as i32 + i32::from(offset.0) * 60).rem_euclid(day) as u32)
    }

    /// What a stamp says, if these bytes are one.
    fn parse_stamp(stamp: &[u8]) -> Option<Self> {
        let &[h, i, b':', m, n, b':', s, t] = stamp else { return None };
        let number = |tens: u8, ones: u8| {
            let digits = [tens, ones].map(|digit| u32::from(digit.wrapping_sub(b'0')));
            (digits[0] < 10 && digits[1] < 10).then_some(digits[0] * 10 + digits[1])
        };
        Some(Self(number(h, i)? * 3600 + number(m, n)? * 60 + number(s, t)?))
    }
}

/// How far a person's clock is from UTC, in minutes; shown as `UTC+02:00`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct UtcOffset(i16);

impl UtcOffset {
    /// Not at all.
    pub(crate) const UTC: Self = Self(0);
    /// The most that any place is ahead of UTC, in minutes.
    const AHEAD: i16 = 14 * 60;
    /// The most that any place is behind.
    const BEHIND: i16 = 12 * 60;

    /// What was typed: `+02:00`, `-0330`, `+2`, `utc`. `None` for anything else: a zone has a name, and a summer, that the server
    /// does not know.
    pub(crate) fn parse(typed: &str) -> Option<Self> {
        if typed.eq_ignore_ascii_case("utc") {
            return Some(Self::UTC);
        }
        let bare = match typed.get(..3) {
            Some(start) if start.eq_ignore_ascii_case("utc") => &typed[3..],
            _ => typed,
        };
        let (sign, digits) = match bare.as_bytes().first()? {
            b'+' => (1, &bare[1..]),
            b'-' => (-1, &bare[1..]),
            _ => return None,
        };
        let (hours, minutes) = match digits.split_once(':') {
            Some(parts) => parts,
            None if digits.len() == 4 => digits.split_at_checked(2)?,
            None => (digits, "00"),
        };
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let fits = matches!(hours.len(), 1 | 2) && minutes.len() == 2;
        if !fits || !is_number(hours) || !is_number(minutes) {
            return None;
        }
        let (hours, minutes) = (hours.parse::<i16>().ok()?, minutes.parse::<i16>().ok()?);
        let offset = sign * (hours * 60 + minutes);
        (minutes < 60 && (-Self::BEHIND..=Self::AHEAD).contains(&offset)).then_some(Self(offset))
    }

    /// Whether it is none.
    pub(crate) fn is_utc(self) -> bool {
        self == Self::UTC
    }
}

impl fmt::Display for UtcOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.0.unsigned_abs();
        match self.0 {
            0 => write!(f, "UTC"),
            offset => {
                let sign = if offset < 0 { '-' } else { '+' };
                write!(f, "UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        }
    }
}

/// Bytes of a stamp.
const STAMP: usize = "00:00:00".len();

/// Rewrites the stamps of whole lines, which are in UTC, to a clock that is so far from it. No line begins with a digit but with
/// a stamp: no name does, and the server's own words begin with a sign.
pub(crate) fn shift_stamps(lines: &mut [u8], offset: UtcOffset) {
    for line in lines.split_inclusive_mut(|&byte| byte == b'\n') {
        if let Some(stamp) = line.get_mut(..STAMP)
            && let Some(at) = TimeOfDay::parse_stamp(stamp)
        {
            stamp.copy_from_slice(at.in_zone(offset).to_string().as_bytes());
        }
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(second) = *self;
        write!(f, "{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
    }
}

/// What the wall clock said at some moment, from which the time of day at others follows: its users read no
/// clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WallClock {
    /// The moment.
    at: Instant,
    /// What it was then, since the beginning of 1970 in UTC.
    since_1970: Duration,
    /// The moment of which the time of day was asked last, and that: all lines of a round ask for the same.
    asked: Option<(Instant, TimeOfDay)>,
}

impl WallClock {
    /// At this moment it is so long after the beginning of 1970.
    pub(crate) const fn new(at: Instant, since_1970: Duration) -> Self {
        Self { at, since_1970, asked: None }
    }

    /// When it was last set.
    pub(crate) const fn set_at(&self) -> Instant {
        self.at
    }

    /// How long after the beginning of 1970 some moment is.
    pub(crate) fn since_1970(&self, now: Instant) -> Duration {
        match now.checked_duration_since(self.at) {
            Some(passed) => self.since_1970 + passed,
            None => self.since_1970.saturating_sub(self.at.duration_since(now)),
        }
    }

    /// The time of day at some moment.
    #[inline]
    pub(crate) fn time_of_day(&mut self, now: Instant) -> TimeOfDay {
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
    fn offsets_are_typed_in_the_usual_ways() {
        for (typed, shown) in [
            ("+02:00", "UTC+02:00"),
            ("+2", "UTC+02:00"),
            ("-0330", "UTC-03:30"),
            ("-3:30", "UTC-03:30"),
            ("+14", "UTC+14:00"),
            ("utc+5:45", "UTC+05:45"),
            ("UTC", "UTC"),
            ("-00:00", "UTC"),
        ] {
            let parsed = UtcOffset::parse(typed).expect(typed);
            assert_eq!(parsed.to_string(), shown, "{typed}");
            assert_eq!(UtcOffset::parse(shown), Some(parsed));
        }
        for typed in [
            "",
            "2",
            "02:00",
            "+",
            "+:",
            "+15",
            "-13",
            "+02:60",
            "+2:0",
            "+002",
            "+12345",
            "++2",
            "+2h",
            "CET",
            "+\u{e9}2",
            "\u{e9}tc",
            "+02:00:00",
            "+14:01",
            "- 2",
        ] {
            assert_eq!(UtcOffset::parse(typed), None, "{typed}");
        }
    }

    #[test]
    fn stamps_are_shifted_and_nothing_else() {
        let shifted = |lines: &str, offset| {
            let mut bytes = lines.as_bytes().to_vec();
            shift_stamps(&mut bytes, UtcOffset::parse(offset).expect(offset));
            String::from_utf8(bytes).expect("it was")
        };
        let lines = "23:30:05 alice: at 10:00:00\r\n* 10:00:00\r\n00:00:59 | b: x\r\n";
        let expected = "01:30:05 alice: at 10:00:00\r\n* 10:00:00\r\n02:00:59 | b: x\r\n";
        assert_eq!(shifted(lines, "+02:00"), expected);
        assert_eq!(shifted("00:10:00 a\r\n", "-3:30"), "20:40:00 a\r\n");
        for same in ["", "\r\n", "1", "12:34", "aa:bb:cc x\r\n", "12-34-56 x\r\n", "\u{7}"] {
            assert_eq!(shifted(same, "+2"), same);
        }
    }

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
