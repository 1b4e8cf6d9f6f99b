//! How fast keys may come to an editor: a token bucket, a token a key. Pure; the time is an argument.
//!
//! Lines have a budget of their own. A key costs the server a look at the current line and a redraw of it, and a line has thousands
//! of keys. Keys past the limit are not read.

use crate::limits::KEY_BATCH;
use crate::server::rate_limit::RateLimit;
use std::time::Instant;

/// What of a [`RateLimit`] is left, kept as a single moment: each key moves it on by the interval, and it is ahead of now
/// by at most the burst.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyBudget {
    /// When the whole burst is available again.
    full_at: Instant,
}

impl KeyBudget {
    /// With the whole burst left.
    pub(crate) fn new(now: Instant) -> Self {
        Self { full_at: now }
    }

    /// How many keys may be pressed at once.
    pub(crate) fn available(&self, limit: RateLimit, now: Instant) -> u32 {
        let owed = self.full_at.saturating_duration_since(now);
        // A key that is earned in part is not there.
        let spent = owed.as_nanos().div_ceil(limit.interval.as_nanos().max(1));
        limit.burst.saturating_sub(u32::try_from(spent).unwrap_or(u32::MAX))
    }

    /// Spends so many, of which no more than [`available`](Self::available) are to be.
    pub(crate) fn spend(&mut self, keys: u32, limit: RateLimit, now: Instant) {
        self.full_at = self.full_at.max(now) + limit.interval * keys;
    }

    /// Until when no key is read; `None` if one may be pressed. Once none is left some are waited for.
    pub(crate) fn blocked_until(&self, limit: RateLimit, now: Instant) -> Option<Instant> {
        if self.available(limit, now) > 0 {
            return None;
        }
        let awaited = KEY_BATCH.min(limit.burst);
        let owed_then = limit.interval * limit.burst.saturating_sub(awaited);
        self.full_at.checked_sub(owed_then)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{KEY_BURST, KEY_INTERVAL};
    use crate::os::clock::now;
    use proptest::prelude::*;
    use std::time::Duration;

    const LIMIT: RateLimit = RateLimit { burst: KEY_BURST, interval: KEY_INTERVAL };

    /// Some moment: the budget only compares and adds.
    fn start() -> Instant {
        now() + Duration::from_secs(3600)
    }

    #[test]
    fn two_hundred_keys_at_once_then_a_hundred_a_second() {
        let now = start();
        let mut keys = KeyBudget::new(now);
        assert_eq!((keys.available(LIMIT, now), keys.blocked_until(LIMIT, now)), (200, None));
        keys.spend(199, LIMIT, now);
        assert_eq!((keys.available(LIMIT, now), keys.blocked_until(LIMIT, now)), (1, None));
        keys.spend(1, LIMIT, now);
        let then = now + KEY_INTERVAL * KEY_BATCH;
        assert_eq!(keys.blocked_until(LIMIT, now), Some(then));
        assert_eq!((keys.available(LIMIT, now), keys.available(LIMIT, then)), (0, KEY_BATCH));
        assert_eq!(keys.available(LIMIT, now + Duration::from_secs(1)), 100);
        assert_eq!(keys.available(LIMIT, now + Duration::from_secs(60)), 200);
    }

    proptest! {
        #[test]
        fn never_more_than_the_burst_and_the_time_allow(
            burst in 1..300_u32,
            turns in prop::collection::vec((0..3000_u64, 0..400_u32), 1..40),
        ) {
            let limit = RateLimit { burst, ..LIMIT };
            let begin = start();
            let (mut now, mut keys, mut pressed) = (begin, KeyBudget::new(begin), 0);
            for (wait, wanted) in turns {
                now += Duration::from_millis(wait);
                let taken = wanted.min(keys.available(limit, now));
                keys.spend(taken, limit, now);
                pressed += u128::from(taken);
                prop_assert!(pressed <= u128::from(burst) + (now - begin).as_millis() / 10);
                if let Some(then) = keys.blocked_until(limit, now) {
                    prop_assert!(then > now && keys.available(limit, then) > 0);
                }
            }
        }
    }
}
