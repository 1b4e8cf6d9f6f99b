//! How fast keys may come to an editor: a token bucket, a token a key. Pure; the time is an argument.
//!
//! Lines have a budget of their own. A key costs the server a look at the line under way and a draw of it, and a line has
//! thousands of keys. Nobody is punished: keys past the allowance are not read.

use crate::limits::KEY_BATCH;
use crate::server::rate_limit::Allowance;
use std::time::Instant;

/// What of an [`Allowance`] is left, kept as a single moment: each key moves it on by the interval, and it is ahead of now
/// by at most the burst.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyBudget {
    /// When the whole burst is there again.
    whole_at: Instant,
}

impl KeyBudget {
    /// With the whole burst left.
    pub(crate) fn new(now: Instant) -> Self {
        Self { whole_at: now }
    }

    /// How many keys may be pressed at once.
    pub(crate) fn left(&self, allowance: Allowance, now: Instant) -> u32 {
        let owed = self.whole_at.saturating_duration_since(now);
        // A key that is earned in part is not there.
        let spent = owed.as_nanos().div_ceil(allowance.interval.as_nanos().max(1));
        allowance.burst.saturating_sub(u32::try_from(spent).unwrap_or(u32::MAX))
    }

    /// Spends so many, of which no more than [`left`](Self::left) are to be.
    pub(crate) fn spend(&mut self, keys: u32, allowance: Allowance, now: Instant) {
        self.whole_at = self.whole_at.max(now) + allowance.interval * keys;
    }

    /// Until when no key is read; `None` if one may be pressed. Once none is left some are waited for.
    pub(crate) fn dry_until(&self, allowance: Allowance, now: Instant) -> Option<Instant> {
        if self.left(allowance, now) > 0 {
            return None;
        }
        let awaited = KEY_BATCH.min(allowance.burst);
        let owed_then = allowance.interval * allowance.burst.saturating_sub(awaited);
        self.whole_at.checked_sub(owed_then)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{KEY_BURST, KEY_INTERVAL};
    use proptest::prelude::*;
    use std::time::Duration;

    const ALLOWANCE: Allowance = Allowance { burst: KEY_BURST, interval: KEY_INTERVAL };

    /// Some moment: the budget only compares and adds.
    fn start() -> Instant {
        whippet::time::Instant::now().into_std() + Duration::from_secs(3600)
    }

    #[test]
    fn two_hundred_keys_at_once_then_a_hundred_a_second() {
        let now = start();
        let mut keys = KeyBudget::new(now);
        assert_eq!((keys.left(ALLOWANCE, now), keys.dry_until(ALLOWANCE, now)), (200, None));
        keys.spend(199, ALLOWANCE, now);
        assert_eq!((keys.left(ALLOWANCE, now), keys.dry_until(ALLOWANCE, now)), (1, None));
        keys.spend(1, ALLOWANCE, now);
        let then = now + KEY_INTERVAL * KEY_BATCH;
        assert_eq!(keys.dry_until(ALLOWANCE, now), Some(then));
        assert_eq!((keys.left(ALLOWANCE, now), keys.left(ALLOWANCE, then)), (0, KEY_BATCH));
        assert_eq!(keys.left(ALLOWANCE, now + Duration::from_secs(1)), 100);
        assert_eq!(keys.left(ALLOWANCE, now + Duration::from_secs(60)), 200);
    }

    proptest! {
        #[test]
        fn never_more_than_the_burst_and_the_time_allow(
            burst in 1..300_u32,
            turns in prop::collection::vec((0..3000_u64, 0..400_u32), 1..40),
        ) {
            let allowance = Allowance { burst, ..ALLOWANCE };
            let begin = start();
            let (mut now, mut keys, mut pressed) = (begin, KeyBudget::new(begin), 0);
            for (wait, wanted) in turns {
                now += Duration::from_millis(wait);
                let taken = wanted.min(keys.left(allowance, now));
                keys.spend(taken, allowance, now);
                pressed += u128::from(taken);
                prop_assert!(pressed <= u128::from(burst) + (now - begin).as_millis() / 10);
                if let Some(then) = keys.dry_until(allowance, now) {
                    prop_assert!(then > now && keys.left(allowance, then) > 0);
                }
            }
        }
    }
}
