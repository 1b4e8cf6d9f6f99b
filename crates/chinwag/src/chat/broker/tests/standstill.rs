//! Time in which the server did not run, and users who have something pending meanwhile.

use super::harness::Room;
use crate::limits::{SCAN_INTERVAL, STALL_TIMEOUT};

/// A room with a user who has something pending and has been for nearly as long as may be.
fn nearly_late() -> (Room, u64, u64) {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    room.send(alice, "hello");
    room.pass(STALL_TIMEOUT - 3 * SCAN_INTERVAL);
    assert!(!room.people[&bob].is_disconnected());
    (room, alice, bob)
}

/// The server stands still for twice the time in which a user may take nothing, and goes on.
fn stand_still(room: &mut Room) {
    room.now += 2 * STALL_TIMEOUT;
    room.broker.handle_timeout(room.now);
}

#[test]
fn a_standstill_counts_against_no_user() {
    for event_first in [false, true] {
        let (mut room, alice, bob) = nearly_late();
        if event_first {
            room.now += 2 * STALL_TIMEOUT;
            room.send(alice, "again");
        } else {
            stand_still(&mut room);
        }
        assert!(!room.people[&bob].is_disconnected(), "event first: {event_first}");
        assert_eq!(room.read(bob)[0], "alice: hello");
    }
}

#[test]
fn a_standstill_does_not_save_users_who_do_not_read() {
    let (mut room, _, bob) = nearly_late();
    for _ in 0..3 {
        stand_still(&mut room);
        room.pass(SCAN_INTERVAL);
    }
    assert!(room.people[&bob].is_disconnected());
}

#[test]
fn many_standstills_are_none_of_a_readers_fault() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    for number in 0..50 {
        room.send(alice, &format!("line {number}"));
        stand_still(&mut room);
        assert_eq!(room.read(bob), [format!("alice: line {number}")]);
        room.read(alice);
    }
    assert!(!room.people[&bob].is_disconnected());
}
