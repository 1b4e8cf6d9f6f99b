//! How fast a person may speak: a burst at once, then lines at a steady pace. Pure; the time is an argument.
//!
//! A line costs one token, a dear command some more (`command/cost.rs`). It is taken while one is left, and the rest is
//! owed: so each command can be typed, whatever the burst is set to, and the pace holds in the long run.
//!
//! Nobody is punished for being fast: lines past the allowance stay where they are, which slows the sender by the
//! ordinary means of TCP.

use crate::command::Kind;
use std::time::{Duration, Instant};

/// What a person may say, in lines. Commands are lines too, and dear ones several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Lines at once.
    pub burst: u32,
    /// The time that earns a further line.
    pub interval: Duration,
}

/// What of an [`Allowance`] is left to one person, kept as a single moment: each line moves it on by the interval,
/// and it may be ahead of now by at most the burst, and what a dear command owes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Speech {
    /// When the whole burst is there again.
    whole_at: Instant,
}

impl Speech {
    /// With the whole burst left.
    pub(crate) fn new(now: Instant) -> Self {
        Self { whole_at: now }
    }

    /// Spends so many tokens, if one is left; the others may be owed.
    pub(crate) fn try_spend(&mut self, tokens: u32, allowance: Allowance, now: Instant) -> bool {
        if self.next(allowance) > now {
            return false;
        }
        self.whole_at = self.whole_at.max(now) + allowance.interval * tokens;
        true
    }

    /// Owes no more than this allowance lets anybody owe: what was spent under another one is not held against him.
    pub(crate) fn cap(&mut self, allowance: Allowance, now: Instant) {
        let most = allowance.burst.saturating_add(Kind::DEAREST - 1);
        self.whole_at = self.whole_at.min(now + allowance.interval * most);
    }

    /// When the next line may be said; in the past if at once.
    pub(crate) fn next(&self, allowance: Allowance) -> Instant {
        let ahead = allowance.interval * allowance.burst.saturating_sub(1);
        self.whole_at.checked_sub(ahead).unwrap_or(self.whole_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALLOWANCE: Allowance = Allowance { burst: 10, interval: Duration::from_millis(200) };

    /// Some moment: the store only compares and adds.
    fn start() -> Instant {
        whippet::time::Instant::now().into_std() + Duration::from_secs(3600)
    }

    fn spend_all(speech: &mut Speech, now: Instant) -> usize {
        std::iter::repeat_with(|| speech.try_spend(1, ALLOWANCE, now))
            .take_while(|&spent| spent)
            .count()
    }

    #[test]
    fn a_burst_then_five_a_second() {
        let now = start();
        let mut speech = Speech::new(now);
        assert_eq!(spend_all(&mut speech, now), 10);
        assert_eq!(speech.next(ALLOWANCE), now + Duration::from_millis(200));
        let later = now + Duration::from_secs(1);
        assert_eq!(spend_all(&mut speech, later), 5);
        let rested = later + Duration::from_secs(60);
        assert_eq!(spend_all(&mut speech, rested), 10);
    }

    #[test]
    fn what_was_spent_at_another_pace_is_forgiven() {
        let now = start();
        let slow = Allowance { burst: 1, interval: Duration::from_secs(3600) };
        let mut speech = Speech::new(now);
        assert!(speech.try_spend(1, slow, now));
        assert_eq!(speech.next(slow), now + slow.interval);
        speech.cap(slow, now);
        assert_eq!(speech.next(slow), now + slow.interval, "as much as it lets anybody owe");
        speech.cap(ALLOWANCE, now);
        assert_eq!(speech.next(ALLOWANCE), now + ALLOWANCE.interval * Kind::DEAREST);
    }

    #[test]
    fn a_dear_command_is_taken_whatever_the_burst_and_owed() {
        for burst in [1, 2, 10, 1_000_000] {
            let allowance = Allowance { burst, ..ALLOWANCE };
            let now = start();
            let mut speech = Speech::new(now);
            let mut spend = |now| speech.try_spend(Kind::DEAREST, allowance, now);
            let spent = std::iter::repeat_with(|| spend(now)).take_while(|&spent| spent).count();
            assert_eq!(spent as u32, burst.div_ceil(Kind::DEAREST), "{burst}");
            let owed = spent as u32 * Kind::DEAREST - burst;
            let free = now + allowance.interval * (owed + 1);
            assert!(!spend(free - Duration::from_nanos(1)) && spend(free), "{burst}");
            speech.cap(allowance, free);
            let silent = speech.next(allowance) - free;
            assert_eq!(silent, allowance.interval * Kind::DEAREST, "nothing is forgiven {burst}");
        }
    }

    proptest! {
        #[test]
        fn never_more_than_the_burst_and_the_time_allow(waits in prop::collection::vec(0..3000u64, 1..40)) {
            let begin = start();
            let (mut now, mut speech, mut said) = (begin, Speech::new(begin), 0u128);
            for wait in waits {
                now += Duration::from_millis(wait);
                said += spend_all(&mut speech, now) as u128;
                let earned = (now - begin).as_millis() / 200;
                prop_assert!(said <= 10 + earned);
                prop_assert!(speech.next(ALLOWANCE) > now);
                prop_assert!(speech.next(ALLOWANCE) <= now + ALLOWANCE.interval);
            }
        }
    }
}
