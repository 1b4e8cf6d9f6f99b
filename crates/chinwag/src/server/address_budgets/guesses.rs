//! Wrong secrets of operators: a few are free, then each doubles the wait before the next.
//!
//! A guess is taken before the secret is compared, and refunded if it was right: of many that come at once from one address no
//! more are compared than allowed. During the wait not even a right one is compared: otherwise a guesser who could tell right from
//! wrong by being let in would go on guessing.

use crate::limits::{AUTH_BACKOFF_MAX, AUTH_BACKOFF_MIN, AUTH_FAILURES_RESET, AUTH_FREE_FAILURES};
use std::time::Duration;

/// What was guessed. Times are nanoseconds since a start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Guesses {
    /// Wrong ones that count.
    wrong: u32,
    /// When the next may be made.
    next_at: u64,
    /// When all of them are forgotten.
    forgotten_at: u64,
}

impl Guesses {
    /// Takes a try, as if it were wrong; so many times as many as usual are free.
    ///
    /// # Errors
    /// How long to wait before one may be made.
    pub(crate) fn take(&mut self, share: u32, now: u64) -> Result<(), Duration> {
        if now >= self.forgotten_at {
            *self = Self::default();
        }
        if now < self.next_at {
            return Err(Duration::from_nanos(self.next_at - now));
        }
        self.wrong = self.wrong.saturating_add(1);
        // After the last free one comes the first wait.
        if let Some(doublings) = self.wrong.checked_sub(AUTH_FREE_FAILURES.saturating_mul(share)) {
            let wait =
                AUTH_BACKOFF_MIN.saturating_mul(1 << doublings.min(16)).min(AUTH_BACKOFF_MAX);
            self.next_at = now.saturating_add(nanos(wait));
        }
        self.forgotten_at = now.saturating_add(nanos(AUTH_FAILURES_RESET));
        Ok(())
    }

    /// The try that was taken last was right, or was not made.
    pub(crate) fn refund(&mut self) {
        self.wrong = self.wrong.saturating_sub(1);
        self.next_at = 0;
    }

    /// When nothing of it is known any more.
    pub(crate) fn forgotten_at(&self) -> u64 {
        self.forgotten_at
    }
}

/// A time in nanoseconds.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn three_are_free_and_then_each_wait_is_twice_as_long_up_to_a_bound() {
        let (mut guesses, mut now, mut waits) = (Guesses::default(), 7, Vec::new());
        for _ in 0..3 {
            assert_eq!(guesses.take(1, now), Ok(()));
        }
        for _ in 0..12 {
            let wait = guesses.take(1, now).unwrap_err();
            waits.push(wait.as_secs());
            let just_before = now + nanos(wait) - 1;
            assert_eq!(guesses.take(1, just_before), Err(Duration::from_nanos(1)));
            now += nanos(wait);
            assert_eq!(guesses.take(1, now), Ok(()));
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 512, 512]);
    }

    #[test]
    fn an_hour_without_a_wrong_one_forgets_all_of_them() {
        let mut guesses = Guesses::default();
        (0..3).for_each(|_| assert_eq!(guesses.take(1, 0), Ok(())));
        let hour = 3600 * SECOND;
        assert_eq!(guesses.take(1, hour - 1), Ok(()));
        assert!(guesses.take(1, hour).is_err());
        assert_eq!(guesses.take(1, 2 * hour), Ok(()));
        assert_eq!(guesses.take(1, 2 * hour), Ok(()));
    }

    #[test]
    fn a_right_one_does_not_count_and_does_not_end_the_count() {
        let mut guesses = Guesses::default();
        for _ in 0..2 {
            assert_eq!(guesses.take(1, 0), Ok(()));
        }
        for _ in 0..10 {
            assert_eq!(guesses.take(1, 0), Ok(()));
            guesses.refund();
        }
        assert_eq!((guesses.take(1, 0), guesses.take(1, 0).is_err()), (Ok(()), true));
    }

    #[test]
    fn a_wider_network_has_more_of_them_free() {
        let mut guesses = Guesses::default();
        let free = std::iter::repeat_with(|| guesses.take(16, 0)).take_while(Result::is_ok).count();
        assert_eq!(free, 48);
    }
}
