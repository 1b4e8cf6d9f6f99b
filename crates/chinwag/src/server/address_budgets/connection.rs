//! The budget of one connection: its own, and its share of that of its address.
//!
//! Its own budget dies with it, and connecting is cheap; so what it says is charged to its address, too, and there each line is
//! paid for before it is read: the first one when the connection comes, each further one with the line before. A
//! connection that comes again and again is charged again and again. What may be said next is a moment kept here, so nothing is
//! looked up to learn it, and nobody is woken for nothing.

use super::AddressBudget;
use crate::limits::{MAX_LINE_BYTES, NON_LINE_BYTES_PER_TOKEN, READ_BUFFER};
use crate::protocol::command::CommandKind;
use crate::server::rate_limit::{LineRateLimit, RateLimit};
use std::time::Instant;

/// Tokens that may be owed beyond the burst: the most expensive command, and a read and a line that is erased.
const MAX_DEBT: u32 =
    CommandKind::MAX_COST + ((READ_BUFFER + MAX_LINE_BYTES) / NON_LINE_BYTES_PER_TOKEN) as u32;

/// What is left to one connection, kept as two moments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionBudget {
    /// When its own burst is available again. Each line moves it on by the interval, and it may be ahead of now by at most
    /// the burst, and the debt.
    full_at: Instant,
    /// When its address has what the next line costs.
    covered_at: Instant,
}

impl ConnectionBudget {
    /// Of a connection that comes: with the whole burst left, and the first line charged to its address.
    pub(crate) fn new(rate: Option<LineRateLimit>, address: &AddressBudget, now: Instant) -> Self {
        let covered_at = rate.map_or(now, |rate| address.charge(rate, 1, now));
        Self { full_at: now, covered_at }
    }

    /// Spends so many tokens. It is asked for when one is left; the others may be owed.
    pub(crate) fn spend(
        &mut self,
        tokens: u32,
        rate: LineRateLimit,
        address: &AddressBudget,
        now: Instant,
    ) {
        if tokens == 0 {
            return;
        }
        self.full_at = self.full_at.max(now) + rate.connection.interval * tokens;
        self.covered_at = address.charge(rate, tokens, now);
    }

    /// Clamps the debt to what is possible at this rate.
    pub(crate) fn clamp_to(&mut self, rate: LineRateLimit, address: &AddressBudget, now: Instant) {
        let RateLimit { burst, interval } = rate.connection;
        self.full_at = self.full_at.min(now + interval * burst.saturating_add(MAX_DEBT));
        self.covered_at = self.covered_at.min(address.covered_at(rate));
    }

    /// When the next line may be said; in the past if at once.
    pub(crate) fn next_allowed(&self, rate: LineRateLimit) -> Instant {
        let RateLimit { burst, interval } = rate.connection;
        let ahead = interval * burst.saturating_sub(1);
        let own = self.full_at.checked_sub(ahead).unwrap_or(self.full_at);
        if rate.address_multiplier.is_some() { own.max(self.covered_at) } else { own }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::ADDRESS_RATE_FACTOR;
    use crate::os::clock::now;
    use crate::server::address_budgets::AddressBudgets;
    use proptest::prelude::*;
    use std::num::NonZeroU32;
    use std::time::Duration;

    const INTERVAL: Duration = Duration::from_millis(200);
    const ALLOWANCE: RateLimit = RateLimit { burst: 10, interval: INTERVAL };
    const RATE: LineRateLimit = LineRateLimit {
        connection: ALLOWANCE,
        address_multiplier: NonZeroU32::new(ADDRESS_RATE_FACTOR),
    };

    /// Some moment: a budget only compares and adds.
    fn start() -> Instant {
        now() + Duration::from_secs(3600)
    }

    /// The budget of an address.
    fn address(text: &str, now: Instant) -> AddressBudget {
        AddressBudgets::new(now).admit(text.parse().unwrap(), None, now).unwrap()
    }

    fn spend_all(budget: &mut ConnectionBudget, address: &AddressBudget, now: Instant) -> u32 {
        let mut spent = 0;
        while budget.next_allowed(RATE) <= now {
            budget.spend(1, RATE, address, now);
            spent += 1;
        }
        spent
    }

    #[test]
    fn a_burst_then_five_a_second() {
        let now = start();
        for from in ["10.0.0.1", "127.0.0.1"] {
            let address = address(from, now);
            let mut budget = ConnectionBudget::new(Some(RATE), &address, now);
            assert_eq!(spend_all(&mut budget, &address, now), 10);
            assert_eq!(budget.next_allowed(RATE), now + INTERVAL);
            let later = now + Duration::from_secs(1);
            assert_eq!(spend_all(&mut budget, &address, later), 5);
            let rested = later + Duration::from_secs(60);
            assert_eq!(spend_all(&mut budget, &address, rested), 10);
        }
    }

    #[test]
    fn what_costs_more_than_is_left_is_paid_off_before_the_next() {
        let now = start();
        let address = address("127.0.0.1", now);
        let mut budget = ConnectionBudget::new(Some(RATE), &address, now);
        budget.spend(9, RATE, &address, now);
        budget.spend(MAX_DEBT, RATE, &address, now);
        let owed = now + INTERVAL * MAX_DEBT;
        assert_eq!(budget.next_allowed(RATE), owed);
        budget.clamp_to(RATE, &address, now);
        assert_eq!(budget.next_allowed(RATE), owed, "nothing is forgiven");
    }

    #[test]
    fn a_dear_command_is_taken_whatever_the_burst_and_owed() {
        let (now, interval) = (start(), INTERVAL);
        let address = address("127.0.0.1", now);
        for burst in [1, 2, 10, 1_000_000] {
            let rate = LineRateLimit {
                connection: RateLimit { burst, interval },
                address_multiplier: None,
            };
            let mut budget = ConnectionBudget::new(Some(rate), &address, now);
            let mut spent = 0;
            while budget.next_allowed(rate) <= now {
                budget.spend(CommandKind::MAX_COST, rate, &address, now);
                spent += 1;
            }
            assert_eq!(spent, burst.div_ceil(CommandKind::MAX_COST), "{burst}");
            let owed = spent * CommandKind::MAX_COST - burst;
            assert_eq!(budget.next_allowed(rate), now + interval * (owed + 1), "{burst}");
            budget.clamp_to(rate, &address, now);
            assert_eq!(
                budget.next_allowed(rate),
                now + interval * (owed + 1),
                "nothing is forgiven"
            );
        }
    }

    #[test]
    fn debts_of_another_rate_are_clamped() {
        let now = start();
        let slow = RateLimit { burst: 1, interval: Duration::from_secs(3600) };
        let slow = LineRateLimit { connection: slow, address_multiplier: None };
        let address = address("10.0.0.1", now);
        let mut budget = ConnectionBudget::new(Some(slow), &address, now);
        budget.spend(1, slow, &address, now);
        assert_eq!(budget.next_allowed(slow), now + slow.connection.interval);
        budget.clamp_to(slow, &address, now);
        let most = now + slow.connection.interval;
        assert_eq!(budget.next_allowed(slow), most, "as much as it lets anybody owe");
        budget.clamp_to(RATE, &address, now);
        assert_eq!(budget.next_allowed(RATE), now + INTERVAL * (1 + MAX_DEBT));
    }

    #[test]
    fn sixteen_of_one_address_take_turns_once_its_burst_is_spent() {
        let now = start();
        let address = address("10.0.0.1", now);
        // Somebody of it came and went all day.
        address.charge(RATE, 16 * 10, now);
        let mut budgets: Vec<_> =
            (0..16).map(|_| ConnectionBudget::new(Some(RATE), &address, now)).collect();
        let mut said = [0; 16];
        // Each wakes when its own line is covered, and nobody else then.
        for _ in 0..16 * 20 {
            let next = |budget: &ConnectionBudget| budget.next_allowed(RATE);
            let first = (0..16).min_by_key(|&at| next(&budgets[at])).unwrap();
            let due = next(&budgets[first]);
            assert_eq!(budgets.iter().filter(|budget| next(budget) <= due).count(), 1);
            budgets[first].spend(1, RATE, &address, due);
            said[first] += 1;
        }
        assert_eq!(said, [20; 16]);
    }

    proptest! {
        #[test]
        fn never_more_than_the_burst_and_the_time_allow(waits in prop::collection::vec(0..3000u64, 1..40)) {
            let begin = start();
            let address = address("127.0.0.1", begin);
            let mut budget = ConnectionBudget::new(Some(RATE), &address, begin);
            let (mut now, mut said) = (begin, 0u128);
            for wait in waits {
                now += Duration::from_millis(wait);
                said += u128::from(spend_all(&mut budget, &address, now));
                let earned = (now - begin).as_millis() / 200;
                prop_assert!(said <= 10 + earned);
                prop_assert!(budget.next_allowed(RATE) > now);
                prop_assert!(budget.next_allowed(RATE) <= now + INTERVAL);
            }
        }
    }
}
