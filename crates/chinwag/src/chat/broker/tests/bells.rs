//! `/bell`: who is told by a bell that they were named, and how rarely.

use super::harness::Harness;
use crate::chat::event::LeaveReason;
use std::time::Duration;

/// All that a user was sent since they last read, byte by byte.
fn bytes(harness: &mut Harness, id: u64) -> Vec<u8> {
    let receiver = &mut harness.clients.get_mut(&id).expect("they were let in").receiver;
    let mut bytes = Vec::new();
    while let Ok(frame) = receiver.try_recv() {
        bytes.extend_from_slice(frame.as_ref());
        receiver.state().record_written(frame.len(), 1);
    }
    bytes
}

/// Bells among what a user was sent.
fn bells(harness: &mut Harness, id: u64) -> usize {
    bytes(harness, id).iter().filter(|&&byte| byte == 7).count()
}

#[test]
fn bells_ring_for_mentioned_users_who_asked() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    let say = |harness: &mut Harness, line: &str| {
        // Who takes nothing for so long is disconnected.
        harness.discard_except(bob);
        harness.advance(Duration::from_secs(20));
        harness.send(alice, line);
        bells(harness, bob)
    };
    assert_eq!(say(&mut harness, "bob: hi"), 0, "nobody who did not ask");
    harness.send(bob, "/bell on");
    assert_eq!(bells(&mut harness, bob), 0);
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
        assert_eq!(say(&mut harness, line), rings, "{line}");
    }
    harness.send(bob, "bob himself");
    assert_eq!(bells(&mut harness, bob), 0);
    harness.send(bob, "/ignore bob2");
    assert_eq!(say(&mut harness, "bob!"), 0, "of who is ignored nothing is heard");
    harness.send(bob, "/unignore bob2");
    harness.send(bob, "/bell off");
    assert_eq!(say(&mut harness, "bob!"), 0);
}

#[test]
fn bells_follow_whole_lines() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    harness.send(bob, "/bell on");
    harness.discard_all();
    harness.submit(alice, &["bob: one", "two"]);
    harness.flush();
    assert_eq!(bytes(&mut harness, bob), b"alice: bob: one\r\nalice: two\r\n\x07");
    assert_eq!(bytes(&mut harness, alice), b"", "an author hears nothing");
}

#[test]
fn bells_are_bounded() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    harness.send(bob, "/bell on");
    harness.discard_all();
    let mut pending_bells = 0;
    for _ in 0..600 {
        harness.send(alice, "bob bob bob");
        harness.send(alice, "/msg bob bob");
        pending_bells += bells(&mut harness, bob);
        harness.advance(Duration::from_secs(1));
        harness.discard_all();
    }
    assert_eq!(pending_bells, 5, "in ten minutes");
    harness.send(bob, "stop it");
    harness.send(alice, "bob?");
    assert_eq!(bells(&mut harness, bob), 1, "who is there is told again");
}

#[test]
fn a_name_in_another_room_rings_too_and_elsewhere_not() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    harness.send(bob, "/bell on");
    harness.send(bob, "/join #dev");
    harness.discard_all();
    harness.send(alice, "bob?");
    assert_eq!(bytes(&mut harness, bob), b"#lobby alice: bob?\r\n\x07");
    harness.send(alice, "/join #art");
    harness.advance(Duration::from_secs(20));
    harness.discard_all();
    harness.send(alice, "bob?");
    assert_eq!(bytes(&mut harness, bob), b"");
    harness.submit_leave(bob, LeaveReason::ConnectionLost);
    harness.send(alice, "bob?");
    harness.send(alice, "/join #lobby");
    harness.send(alice, "bob?");
}
