//! A token bucket that many connections share without a lock: the generic cell rate algorithm.
//!
//! It is one moment, "when the bucket is full again". A charge moves it on by the price, and never fails: the caller waits until the
//! bucket would have had the tokens. So debts are always paid, each charge has a moment of its own, and waiters are served in the
//! order in which they were charged: none starves, and none wakes for another's token.
//!
//! Times are nanoseconds since a start that the owner keeps; Relaxed will do, as one word is all there is.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// How fast a bucket fills, and how much it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    /// Tokens at once.
    pub(crate) burst: u64,
    /// The nanoseconds that earn a further one.
    pub(crate) interval: u64,
}

impl Rate {
    /// The same for so many times as much.
    pub(crate) fn times(self, factor: u32) -> Self {
        let factor = u64::from(factor.max(1));
        let burst = self.burst.saturating_mul(factor);
        Self { burst, interval: (self.interval / factor).max(1) }
    }

    /// The burst tolerance: how far ahead of the present a bucket may be.
    fn burst_tolerance(self) -> u64 {
        self.burst.saturating_mul(self.interval)
    }
}

/// The bucket.
#[derive(Debug, Default)]
pub(crate) struct TokenBucket {
    /// When it is full again.
    full_at: AtomicU64,
}

impl TokenBucket {
    /// Takes so many tokens. Says from when on they are covered; in the past if they are there.
    pub(crate) fn charge(&self, rate: Rate, tokens: u64, now: u64) -> u64 {
        let price = rate.interval.saturating_mul(tokens);
        let charged = |full_at: u64| full_at.max(now).saturating_add(price);
        let update = |full_at| Some(charged(full_at));
        let (Ok(before) | Err(before)) = self.full_at.fetch_update(Relaxed, Relaxed, update);
        charged(before).saturating_sub(rate.burst_tolerance())
    }

    /// Whether a token is there.
    pub(crate) fn has_token(&self, rate: Rate, now: u64) -> bool {
        let charged = self.full_at().max(now).saturating_add(rate.interval);
        charged.saturating_sub(rate.burst_tolerance()) <= now
    }

    /// From when on all that was taken so far is covered.
    pub(crate) fn covered_at(&self, rate: Rate) -> u64 {
        self.full_at().saturating_sub(rate.burst_tolerance())
    }

    /// Clamps the debt to what can be taken at once at this rate; without a rate to nothing.
    pub(crate) fn clamp_to(&self, rate: Option<Rate>, now: u64) {
        let most = now.saturating_add(rate.map_or(0, Rate::burst_tolerance));
        self.full_at.fetch_min(most, Relaxed);
    }

    /// When it is full again.
    pub(crate) fn full_at(&self) -> u64 {
        self.full_at.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATE: Rate = Rate { burst: 10, interval: 200 };

    #[test]
    fn a_burst_is_there_and_then_each_charge_waits_for_its_own_token() {
        let bucket = TokenBucket::default();
        for _ in 0..10 {
            assert!(bucket.has_token(RATE, 5_000) && bucket.charge(RATE, 1, 5_000) <= 5_000);
        }
        assert!(!bucket.has_token(RATE, 5_000));
        let waits: Vec<_> = (0..3).map(|_| bucket.charge(RATE, 1, 5_000)).collect();
        assert_eq!(waits, [5_200, 5_400, 5_600], "one after the other");
        assert_eq!(bucket.charge(RATE, 5, 5_000), 6_600);
        bucket.clamp_to(Some(RATE), 5_000);
        assert_eq!(bucket.covered_at(RATE), 5_000);
        bucket.clamp_to(None, 5_000);
        assert_eq!(bucket.full_at(), 5_000);
    }

    proptest! {
        #[test]
        fn waiting_for_each_charge_keeps_the_rate(
            charges in prop::collection::vec((0..3_000u64, 1..40u64), 1..60)
        ) {
            let bucket = TokenBucket::default();
            let (mut now, mut taken) = (0, 0);
            for (wait, tokens) in charges {
                now += wait;
                let covered = bucket.charge(RATE, tokens, now);
                taken += tokens;
                now = now.max(covered);
                prop_assert!(taken <= RATE.burst + now / RATE.interval);
            }
        }
    }
}
