//! Tests of the budgets of addresses.

use super::*;
use crate::limits::{ADDRESS_RATE_FACTOR, AUTH_FAILURES_RESET};
use crate::os::clock::now;
use crate::server::rate_limit::RateLimit;
use proptest::prelude::*;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;

const ALLOWANCE: RateLimit = RateLimit { burst: 10, interval: Duration::from_millis(200) };
const RATE: LineRateLimit = LineRateLimit {
    connection: ALLOWANCE,
    address_multiplier: NonZeroU32::new(ADDRESS_RATE_FACTOR),
};
/// The limit of connections by default.
const USUAL: Option<usize> = Some(MAX_PER_ADDRESS);

fn start() -> Instant {
    now()
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// The /64 of this number in 2001:db8::/32; the lowest 8 bits of it are in one /56, the lowest 16 in one /48.
fn of_network(number: u32) -> IpAddr {
    Ipv6Addr::from_bits((0x2001_0db8 << 96) | (u128::from(number) << 64) | 1).into()
}

/// How many connections from these are let in at once.
fn held(
    budgets: &mut AddressBudgets,
    from: impl IntoIterator<Item = IpAddr>,
    now: Instant,
) -> usize {
    let admitted = from.into_iter().map(|from| budgets.admit(from, USUAL, now));
    admitted.take_while(Result::is_ok).count()
}

#[test]
fn an_address_a_56_and_a_48_have_their_multiples_of_connections() {
    let now = start();
    for (from, most) in [
        (vec![address("10.0.0.1"); 20], 16),
        (vec![of_network(7); 20], 16),
        // Of all /64 of a /56, and of all of a /48.
        ((0..255).map(of_network).collect(), 64),
        ((0..65_536).step_by(256).map(of_network).chain([of_network(1)]).collect(), 256),
    ] {
        let mut budgets = AddressBudgets::new(now);
        assert_eq!(held(&mut budgets, from, now), most);
        assert!(budgets.admit(address("10.9.9.9"), USUAL, now).is_ok(), "others are let in");
    }
}

#[test]
fn an_address_connects_so_often_whatever_becomes_of_its_connections() {
    let start = start();
    for (networks, burst, a_second) in [(1, 32, 4), (256, 128, 16), (65_536, 512, 64)] {
        let mut budgets = AddressBudgets::new(start);
        let mut connect = |now| {
            let mut let_in = 0;
            for number in (0..networks).cycle().step_by(networks as usize / 64 + 1).take(2_000) {
                match budgets.admit(of_network(number), USUAL, now) {
                    Ok(budget) => {
                        budgets.release(&budget);
                        let_in += 1;
                    }
                    Err(excess) => assert_eq!(excess, LimitExceeded::ConnectRate),
                }
            }
            let_in
        };
        assert_eq!(connect(start), burst);
        assert_eq!(connect(start + Duration::from_secs(1)), a_second);
        assert_eq!(connect(start + Duration::from_secs(1)), 0);
        assert_eq!(connect(start + Duration::from_secs(60)), burst);
    }
}

#[test]
fn whoever_allows_more_connections_expects_more_people_behind_an_address() {
    let now = start();
    let mut budgets = AddressBudgets::new(now);
    let mut connects = |from: &str, limit| {
        let from = address(from);
        let once =
            |_: &usize| budgets.admit(from, limit, now).map(|held| budgets.release(&held)).is_ok();
        (0..5_000).take_while(once).count()
    };
    assert_eq!(connects("10.0.0.1", Some(1)), 32);
    assert_eq!(connects("10.0.0.2", Some(160)), 320);
    assert_eq!(connects("10.0.0.3", None), 5_000);
    assert_eq!(connects("127.0.0.1", Some(1)), 5_000);
}

#[test]
fn a_network_without_debts_is_forgotten_and_one_with_debts_is_not() {
    let start = start();
    let mut budgets = AddressBudgets::new(start);
    let come = |budgets: &mut AddressBudgets, from: &str, now| {
        budgets.admit(address(from), USUAL, now).unwrap()
    };
    let quiet = come(&mut budgets, "10.0.0.1", start);
    let guesser = come(&mut budgets, "10.0.0.2", start);
    guesser.take_guess(start).unwrap();
    let loud = come(&mut budgets, "2001:db8::1", start);
    loud.charge(RATE, 80 * 10, start);
    let here = come(&mut budgets, "10.0.0.4", start);
    assert_eq!(budgets.len(), 6);
    [quiet, guesser, loud].iter().for_each(|gone| budgets.release(gone));
    let mut known = |after| {
        let now = start + Duration::from_secs(after);
        budgets.remove_refilled(nanos(start, now));
        budgets.len()
    };
    // The connect's 250 ms; what a /48, a /56 and a /64 owe for the lines; the guess; and who is here stays.
    assert_eq!([known(0), known(1), known(3), known(10)], [6, 4, 3, 2]);
    assert_eq!(known(AUTH_FAILURES_RESET.as_secs() - 1), 2);
    assert_eq!(known(AUTH_FAILURES_RESET.as_secs()), 1);
    budgets.release(&here);
    assert_eq!(budgets.len(), 1);
}

#[test]
fn the_table_has_a_bound_and_forgets_first_who_owes_least() {
    let now = start();
    let mut budgets = AddressBudgets::new(now);
    let guesser = budgets.admit(address("192.0.2.1"), USUAL, now).unwrap();
    (0..3).for_each(|_| guesser.take_guess(now).unwrap());
    budgets.release(&guesser);
    // A hundred thousand addresses, all at once, that each come, say a little and go.
    for number in 0..100_000 {
        let from = Ipv4Addr::from_bits(0x0a00_0000 + number).into();
        let held = budgets.admit(from, USUAL, now).expect("a stranger is never refused");
        held.charge(RATE, 1, now);
        budgets.release(&held);
        assert!(budgets.len() <= MAX_TRACKED_NETWORKS);
    }
    // A /32 of IPv6: each has its /56 and its /48.
    for number in 0..100_000 {
        let held = budgets.admit(of_network(number << 16), USUAL, now).expect("a stranger");
        budgets.release(&held);
        assert!(budgets.len() <= MAX_TRACKED_NETWORKS);
    }
    assert_eq!((budgets.len(), budgets.idle.len()), (MAX_TRACKED_NETWORKS, MAX_TRACKED_NETWORKS));
    let again = budgets.admit(address("192.0.2.1"), USUAL, now).unwrap();
    assert!(again.take_guess(now).is_err(), "who guessed is remembered longest");
}

#[test]
fn new_settings_forgive_what_was_spent_under_others() {
    let now = start();
    let mut budgets = AddressBudgets::new(now);
    let held = budgets.admit(address("10.0.0.1"), USUAL, now).unwrap();
    let slow = RateLimit { burst: 1, interval: Duration::from_secs(3600) };
    let slow = LineRateLimit { connection: slow, ..RATE };
    assert_eq!(held.charge(slow, 160, now), now + slow.connection.interval * 9);
    budgets.clamp_to(Some(RATE), USUAL, now);
    assert_eq!(held.covered_at(RATE), now);
    assert_eq!(held.charge(RATE, 1, now), now + Duration::from_micros(12_500));
    budgets.clamp_to(None, None, now);
    assert!(held.charge(RATE, 160, now) <= now, "nothing is owed without a limit");
}

#[test]
fn guesses_are_counted_for_the_wider_networks_too() {
    let now = start();
    let mut budgets = AddressBudgets::new(now);
    let mut guessed = 0;
    for number in 0..200 {
        // Each /64 of a /56.
        let held = budgets.admit(of_network(number), None, now).unwrap();
        guessed += (0..3).filter(|_| held.take_guess(now).is_ok()).count();
    }
    assert_eq!(guessed, 12);
    let other = budgets.admit(of_network(1 << 8), None, now).unwrap();
    assert!(other.take_guess(now).is_ok());
}

#[test]
fn reconnecting_gives_no_more_lines_than_staying() {
    let start = start();
    for (networks, most) in [(1, 160), (256, 4 * 160), (65_536, 16 * 160)] {
        let (mut budgets, mut said) = (AddressBudgets::new(start), 0);
        for number in (0..networks).cycle().step_by(networks as usize / 64 + 1).take(2_000) {
            let Ok(held) = budgets.admit(of_network(number), USUAL, start) else { continue };
            let mut budget = ConnectionBudget::new(Some(RATE), &held, start);
            while budget.next_allowed(RATE) <= start {
                budget.spend(1, RATE, &held, start);
                said += 1;
            }
            budgets.release(&held);
        }
        // What was paid for and not said has gone with its connection.
        assert!((most / 2..=most).contains(&said), "{said} lines, and {most} at once");
    }
}

/// What one connection does next.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Comes from this /64, if it may.
    Come(u32),
    /// Says as much as it may, in lines of this price.
    Speak(usize, u32),
    /// Goes.
    Go(usize),
    /// Nothing, for so many milliseconds.
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..4u32).prop_map(|number| Step::Come(number << 7)),
        (0..64usize, 1..20u32).prop_map(|(which, price)| Step::Speak(which, price)),
        (0..64usize).prop_map(Step::Go),
        (0..2_000u64).prop_map(Step::Wait),
    ]
}

proptest! {
    /// Whatever the connections of some networks do, none of these says or connects more than its burst and the time allow.
    #[test]
    fn no_network_gets_more_than_its_burst_and_its_rate(steps in prop::collection::vec(step(), 1..300)) {
        let begin = start();
        let (mut now, mut budgets) = (begin, AddressBudgets::new(begin));
        let mut here: Vec<(u32, AddressBudget, ConnectionBudget)> = Vec::new();
        let (mut said, mut came) = (BTreeMap::new(), BTreeMap::new());
        for step in steps {
            match step {
                Step::Come(number) => if let Ok(held) = budgets.admit(of_network(number), USUAL, now) {
                    let budget = ConnectionBudget::new(Some(RATE), &held, now);
                    here.push((number, held, budget));
                    for prefix in [number, 1000 + (number >> 8), 2000] {
                        *came.entry(prefix).or_insert(0) += 1;
                    }
                },
                Step::Speak(which, price) => {
                    let Some((number, held, budget)) = here.get_mut(which) else { continue };
                    while budget.next_allowed(RATE) <= now {
                        budget.spend(price, RATE, held, now);
                        // The line was paid for when it was said, but for what it costs beyond one, which is owed.
                        for prefix in [*number, 1000 + (*number >> 8), 2000] {
                            *said.entry(prefix).or_insert(0) += 1;
                        }
                    }
                }
                Step::Go(which) => if which < here.len() {
                    let (_, held, _) = here.swap_remove(which);
                    budgets.release(&held);
                },
                Step::Wait(time) => now += Duration::from_millis(time),
            }
            let time = u64::try_from((now - begin).as_millis()).unwrap();
            for (&prefix, &lines) in &said {
                let share = match prefix { 0..1000 => 1, 1000..2000 => 4, _ => 16 };
                prop_assert!(lines <= share * (160 + time * 80 / 1000), "{lines} lines of {prefix}");
            }
            for (&prefix, &connects) in &came {
                let share = match prefix { 0..1000 => 1, 1000..2000 => 4, _ => 16 };
                prop_assert!(connects <= share * (32 + time * 4 / 1000), "{connects} of {prefix}");
            }
            prop_assert!(budgets.len() <= 3 * here.len() + budgets.idle.len());
        }
        here.iter().for_each(|(_, held, _)| budgets.release(held));
        budgets.remove_refilled(nanos(begin, now + Duration::from_secs(3600)));
        prop_assert_eq!(budgets.len(), 0, "nothing is left behind");
    }
}
