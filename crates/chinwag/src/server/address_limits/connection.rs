//! What one connection may say: by itself, and by what its address has left.
//!
//! Its own budget dies with it, and connecting is cheap; so what it says is charged to its address, too, and there each line is
//! paid for before it is read: the first one when the connection comes, each further one with the line before. A
//! connection that comes again and again is charged again and again. What may be said next is a moment kept here, so nothing is
//! looked up to learn it, and nobody is woken for nothing.

use super::AddressBudget;
use crate::limits::{MAX_LINE_BYTES, NON_LINE_BYTES_PER_TOKEN, READ_BUFFER};
use crate::protocol::command::Kind;
use crate::server::rate_limit::{Allowance, LineRate};
use std::time::Instant;

/// Tokens that may be owed beyond the burst: the dearest command, and a read and a line that is erased.
const OWED: u32 =
    Kind::DEAREST + ((READ_BUFFER + MAX_LINE_BYTES) / NON_LINE_BYTES_PER_TOKEN) as u32;

/// What is left to one connection, kept as two moments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionBudget {
    /// When its own burst is there again. Each line moves it on by the interval, and it may be ahead of now by at most
    /// the burst, and what is owed.
    whole_at: Instant,
    /// When its address has what the next line costs.
    covered_at: Instant,
}

impl ConnectionBudget {
    /// Of a connection that comes: with the whole burst left, and the first line charged to its address.
    pub(crate) fn new(rate: Option<LineRate>, address: &AddressBudget, now: Instant) -> Self {
        let covered_at = rate.map_or(now, |rate| address.charge(rate, 1, now));
        Self { whole_at: now, covered_at }
    }

    /// Spends so many tokens. It is asked for when one is left; the others may be owed.
    pub(crate) fn spend(
        &mut self,
        tokens: u32,
        rate: LineRate,
        address: &AddressBudget,
        now: Instant,
    ) {
        if tokens == 0 {
            return;
        }
        self.whole_at = self.whole_at.max(now) + rate.connection.interval * tokens;
        self.covered_at = address.charge(rate, tokens, now);
    }

    /// Owes no more than this rate lets anybody owe: what was spent under another one is not held against anybody.
    pub(crate) fn cap(&mut self, rate: LineRate, address: &AddressBudget, now: Instant) {
        let Allowance { burst, interval } = rate.connection;
        self.whole_at = self.whole_at.min(now + interval * burst.saturating_add(OWED));
        self.covered_at = self.covered_at.min(address.covered_at(rate));
    }

    /// When the next line may be said; in the past if at once.
    pub(crate) fn next(&self, rate: LineRate) -> Instant {
        let Allowance { burst, interval } = rate.connection;
        let ahead = interval * burst.saturating_sub(1);
        let own = self.whole_at.checked_sub(ahead).unwrap_or(self.whole_at);
        if rate.address.is_some() { own.max(self.covered_at) } else { own }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::ADDRESS_RATE_FACTOR;
    use crate::server::address_limits::AddressBudgets;
    use proptest::prelude::*;
    use std::num::NonZeroU32;
    use std::time::Duration;

    const INTERVAL: Duration = Duration::from_millis(200);
    const ALLOWANCE: Allowance = Allowance { burst: 10, interval: INTERVAL };
    const RATE: LineRate =
        LineRate { connection: ALLOWANCE, address: NonZeroU32::new(ADDRESS_RATE_FACTOR) };

    /// Some moment: a budget only compares and adds.
    fn start() -> Instant {
        whippet::time::Instant::now().into_std() + Duration::from_secs(3600)
    }

    /// The budget of an address.
    fn address(text: &str, now: Instant) -> AddressBudget {
        AddressBudgets::new(now).admit(text.parse().unwrap(), None, now).unwrap()
    }

    fn spend_all(budget: &mut ConnectionBudget, address: &AddressBudget, now: Instant) -> u32 {
        let mut spent = 0;
        while budget.next(RATE) <= now {
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
            assert_eq!(budget.next(RATE), now + INTERVAL);
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
        budget.spend(OWED, RATE, &address, now);
        let owed = now + INTERVAL * OWED;
        assert_eq!(budget.next(RATE), owed);
        budget.cap(RATE, &address, now);
        assert_eq!(budget.next(RATE), owed, "nothing is forgiven");
    }

    #[test]
    fn a_dear_command_is_taken_whatever_the_burst_and_owed() {
        let (now, interval) = (start(), INTERVAL);
        let address = address("127.0.0.1", now);
        for burst in [1, 2, 10, 1_000_000] {
            let rate = LineRate { connection: Allowance { burst, interval }, address: None };
            let mut budget = ConnectionBudget::new(Some(rate), &address, now);
            let mut spent = 0;
            while budget.next(rate) <= now {
                budget.spend(Kind::DEAREST, rate, &address, now);
                spent += 1;
            }
            assert_eq!(spent, burst.div_ceil(Kind::DEAREST), "{burst}");
            let owed = spent * Kind::DEAREST - burst;
            assert_eq!(budget.next(rate), now + interval * (owed + 1), "{burst}");
            budget.cap(rate, &address, now);
            assert_eq!(budget.next(rate), now + interval * (owed + 1), "nothing is forgiven");
        }
    }

    #[test]
    fn what_was_spent_at_another_pace_is_forgiven() {
        let now = start();
        let slow = Allowance { burst: 1, interval: Duration::from_secs(3600) };
        let slow = LineRate { connection: slow, address: None };
        let address = address("10.0.0.1", now);
        let mut budget = ConnectionBudget::new(Some(slow), &address, now);
        budget.spend(1, slow, &address, now);
        assert_eq!(budget.next(slow), now + slow.connection.interval);
        budget.cap(slow, &address, now);
        let most = now + slow.connection.interval;
        assert_eq!(budget.next(slow), most, "as much as it lets anybody owe");
        budget.cap(RATE, &address, now);
        assert_eq!(budget.next(RATE), now + INTERVAL * (1 + OWED));
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
            let next = |budget: &ConnectionBudget| budget.next(RATE);
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
                prop_assert!(budget.next(RATE) > now);
                prop_assert!(budget.next(RATE) <= now + INTERVAL);
            }
        }
    }
}
