//! `/bell`: who is told by a bell that they were named, and how seldom.

use super::harness::Room;
use crate::chat::event::LeaveReason;
use std::time::Duration;

/// All that a user was sent since they last read, byte by byte.
fn bytes(room: &mut Room, id: u64) -> Vec<u8> {
    let inbox = &mut room.people.get_mut(&id).expect("they were let in").inbox;
    let mut bytes = Vec::new();
    while let Ok(frame) = inbox.try_recv() {
        bytes.extend_from_slice(frame.as_ref());
        inbox.state().record_written(frame.len(), 1);
    }
    bytes
}

/// Bells among what a user was sent.
fn bells(room: &mut Room, id: u64) -> usize {
    bytes(room, id).iter().filter(|&&byte| byte == 7).count()
}

#[test]
fn bells_ring_for_mentioned_users_who_asked() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    let say = |room: &mut Room, line: &str| {
        // Who takes nothing for so long is disconnected.
        room.discard_except(bob);
        room.pass(Duration::from_secs(20));
        room.send(alice, line);
        bells(room, bob)
    };
    assert_eq!(say(&mut room, "bob: hi"), 0, "nobody who did not ask");
    room.send(bob, "/bell on");
    assert_eq!(bells(&mut room, bob), 0);
    for (line, rings) in [
        ("Bob: hi", 1),
        ("so says bob, and so does BOB", 1),
        ("/me pokes @bob", 1),
        ("/msg bob psst", 1),
        ("bobsled", 0),
        ("bob-by", 0),
        ("/nick bob2", 0),
        ("hello bob", 1),
    ] {
        assert_eq!(say(&mut room, line), rings, "{line}");
    }
    room.send(bob, "bob himself");
    assert_eq!(bells(&mut room, bob), 0);
    room.send(bob, "/ignore bob2");
    assert_eq!(say(&mut room, "bob!"), 0, "of who is ignored nothing is heard");
    room.send(bob, "/unignore bob2");
    room.send(bob, "/bell off");
    assert_eq!(say(&mut room, "bob!"), 0);
}

#[test]
fn bells_follow_whole_lines() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    room.send(bob, "/bell on");
    room.discard_all();
    room.hand_over(alice, &["bob: one", "two"]);
    room.flush();
    assert_eq!(bytes(&mut room, bob), b"alice: bob: one\r\nalice: two\r\n\x07");
    assert_eq!(bytes(&mut room, alice), b"", "an author hears nothing");
}

#[test]
fn bells_are_bounded() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    room.send(bob, "/bell on");
    room.discard_all();
    let mut pending_bells = 0;
    for _ in 0..600 {
        room.send(alice, "bob bob bob");
        room.send(alice, "/msg bob bob");
        pending_bells += bells(&mut room, bob);
        room.pass(Duration::from_secs(1));
        room.discard_all();
    }
    assert_eq!(pending_bells, 5, "in ten minutes");
    room.send(bob, "stop it");
    room.send(alice, "bob?");
    assert_eq!(bells(&mut room, bob), 1, "who is there is told again");
}

#[test]
fn a_name_in_another_room_rings_too_and_elsewhere_not() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    room.send(bob, "/bell on");
    room.send(bob, "/join #dev");
    room.discard_all();
    room.send(alice, "bob?");
    assert_eq!(bytes(&mut room, bob), b"#lobby alice: bob?\r\n\x07");
    room.send(alice, "/join #art");
    room.pass(Duration::from_secs(20));
    room.discard_all();
    room.send(alice, "bob?");
    assert_eq!(bytes(&mut room, bob), b"");
    room.depart(bob, LeaveReason::ConnectionLost);
    room.send(alice, "bob?");
    room.send(alice, "/join #lobby");
    room.send(alice, "bob?");
}
