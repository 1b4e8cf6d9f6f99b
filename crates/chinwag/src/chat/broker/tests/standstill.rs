//! Time in which the server did not run, and users who have something pending meanwhile.

use super::harness::Harness;
use crate::limits::{SCAN_INTERVAL, STALL_TIMEOUT};

/// A room with a user who has something pending and has been for nearly as long as may be.
fn nearly_late() -> (Harness, u64, u64) {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    harness.send(alice, "hello");
    harness.advance(STALL_TIMEOUT - 3 * SCAN_INTERVAL);
    assert!(!harness.clients[&bob].is_disconnected());
    (harness, alice, bob)
}

/// The server stands still for twice the time in which a user may take nothing, and goes on.
fn stand_still(harness: &mut Harness) {
    harness.now += 2 * STALL_TIMEOUT;
    harness.broker.handle_timeout(harness.now);
}

#[test]
fn a_standstill_counts_against_no_user() {
    for event_first in [false, true] {
        let (mut harness, alice, bob) = nearly_late();
        if event_first {
            harness.now += 2 * STALL_TIMEOUT;
            harness.send(alice, "again");
        } else {
            stand_still(&mut harness);
        }
        assert!(!harness.clients[&bob].is_disconnected(), "event first: {event_first}");
        assert_eq!(harness.read(bob)[0], "alice: hello");
    }
}

#[test]
fn a_standstill_does_not_save_users_who_do_not_read() {
    let (mut harness, _, bob) = nearly_late();
    for _ in 0..3 {
        stand_still(&mut harness);
        harness.advance(SCAN_INTERVAL);
    }
    assert!(harness.clients[&bob].is_disconnected());
}

#[test]
fn many_standstills_are_none_of_a_readers_fault() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    for number in 0..50 {
        harness.send(alice, &format!("line {number}"));
        stand_still(&mut harness);
        assert_eq!(harness.read(bob), [format!("alice: line {number}")]);
        harness.read(alice);
    }
    assert!(!harness.clients[&bob].is_disconnected());
}
