//! `/nick` among users who share several rooms: once a receiver, at one place among the lines of all rooms.

use super::harness::Harness;
use crate::limits::MAX_ROOMS_PER_USER;
use std::time::Duration;

const NOTHING: [String; 0] = [];

/// A user joins these rooms, one after the other, and speaks in the last of them.
fn join_rooms(harness: &mut Harness, id: u64, names: &[&str]) {
    names.iter().for_each(|name| harness.send(id, &format!("/join {name}")));
    harness.discard_all();
}

#[test]
fn a_rename_is_read_once_however_many_rooms_are_shared() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    let cy = harness.join_as("cy");
    let names: Vec<_> = (1..MAX_ROOMS_PER_USER).map(|number| format!("#r{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    join_rooms(&mut harness, alice, &names);
    join_rooms(&mut harness, bob, &names);
    let frames = harness.metrics().frames;
    harness.send(bob, "/nick anna");
    assert_eq!(harness.read(alice), ["* bob is now anna"]);
    assert_eq!(harness.read(cy), ["* bob is now anna"], "who shares the lobby alone");
    assert_eq!(harness.read(bob), ["* you are anna now"]);
    assert_eq!(harness.metrics().frames - frames, 3);
    for _ in 0..10 {
        harness.send(bob, "/nick bob");
        harness.send(bob, "/nick anna");
    }
    assert_eq!(harness.read(alice).len(), 20);
}

#[test]
fn a_rename_is_read_in_the_current_or_last_joined_room() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    let (cy, dora) = (harness.join_as("cy"), harness.join_as("dora"));
    join_rooms(&mut harness, alice, &["#a", "#b", "#own"]);
    join_rooms(&mut harness, cy, &["#b", "#a", "#other"]);
    join_rooms(&mut harness, dora, &["#a", "#b", "#lobby"]);
    join_rooms(&mut harness, bob, &["#b", "#a"]);
    harness.send(bob, "/nick anna");
    assert_eq!(harness.read(alice), ["#b * bob is now anna"]);
    assert_eq!(harness.read(cy), ["#a * bob is now anna"]);
    assert_eq!(harness.read(dora), ["* bob is now anna"]);
    join_rooms(&mut harness, alice, &["#b"]);
    harness.send(bob, "/nick bob");
    assert_eq!(harness.read(alice), ["* anna is now bob"]);
    harness.send(bob, "/part #lobby");
    harness.send(bob, "/part #b");
    harness.discard_all();
    harness.send(bob, "/nick anna");
    assert_eq!(harness.read(alice), ["#a * bob is now anna"]);
    harness.send(bob, "/part #a");
    harness.discard_all();
    harness.send(bob, "/nick bob");
    assert_eq!(harness.read(alice), NOTHING, "no room is shared");
}

#[test]
fn no_line_overtakes_a_rename_in_any_shared_room() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    let cy = harness.join_as("cy");
    for id in [alice, bob, cy] {
        join_rooms(&mut harness, id, &["#a", "#b"]);
    }
    join_rooms(&mut harness, alice, &["#own"]);
    join_rooms(&mut harness, cy, &["#a"]);
    harness.submit(bob, &["one"]);
    harness.submit(cy, &["two"]);
    harness.submit(bob, &["/nick anna", "three", "/nick annie", "/nick bob"]);
    harness.submit(cy, &["four"]);
    harness.submit(bob, &["five", "/msg alice six"]);
    harness.flush();
    assert_eq!(
        harness.read(alice),
        [
            "#b bob: one",
            "#a cy: two",
            "#b * bob is now anna",
            "#b anna: three",
            "#b * anna is now annie",
            "#b * annie is now bob",
            "#a cy: four",
            "#b bob: five",
            "[from bob] six"
        ]
    );
    let read = [
        "#b bob: one",
        "* bob is now anna",
        "#b anna: three",
        "* anna is now annie",
        "* annie is now bob",
        "#b bob: five",
    ];
    assert_eq!(harness.read(cy), read);
}

#[test]
fn who_lists_the_new_nick() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    join_rooms(&mut harness, bob, &["#dev"]);
    harness.send(bob, "/nick aaron");
    harness.discard_all();
    for (asked, told) in [("/who", "* 2 here: aaron, alice"), ("/who #dev", "* 1 in #dev: aaron")] {
        harness.send(alice, asked);
        assert_eq!(harness.read(alice), [told]);
    }
    harness.send(bob, "/part #lobby");
    harness.discard_all();
    harness.send(alice, "/who");
    assert_eq!(harness.read(alice), ["* 1 here: alice"]);
}

#[test]
fn counted_joins_are_announced_before_a_rename() {
    let mut harness = Harness::new();
    let alice = harness.join_as("alice");
    let many: Vec<_> = (0..300).map(|_| harness.enter()).collect();
    harness.flush();
    harness.discard_all();
    let last = many[299];
    harness.send(last, "/nick zoe");
    assert_eq!(harness.read(alice), ["* 101 people joined", "* user-301 is now zoe"]);
    harness.advance(Duration::from_secs(1));
    assert_eq!(harness.read(alice), NOTHING);
}
