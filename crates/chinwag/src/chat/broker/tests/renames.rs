//! `/nick` among users who share several rooms: once a receiver, at one place among the lines of all rooms.

use super::harness::Room;
use crate::limits::MAX_ROOMS_PER_USER;
use std::time::Duration;

const NOTHING: [String; 0] = [];

/// A user joins these rooms, one after the other, and speaks in the last of them.
fn join_rooms(room: &mut Room, id: u64, names: &[&str]) {
    names.iter().for_each(|name| room.send(id, &format!("/join {name}")));
    room.discard_all();
}

#[test]
fn a_rename_is_read_once_however_many_rooms_are_shared() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    let cy = room.join_as("cy");
    let names: Vec<_> = (1..MAX_ROOMS_PER_USER).map(|number| format!("#r{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    join_rooms(&mut room, alice, &names);
    join_rooms(&mut room, bob, &names);
    let frames = room.metrics().frames;
    room.send(bob, "/nick anna");
    assert_eq!(room.read(alice), ["* bob is now anna"]);
    assert_eq!(room.read(cy), ["* bob is now anna"], "who shares the lobby alone");
    assert_eq!(room.read(bob), ["* you are anna now"]);
    assert_eq!(room.metrics().frames - frames, 3);
    for _ in 0..10 {
        room.send(bob, "/nick bob");
        room.send(bob, "/nick anna");
    }
    assert_eq!(room.read(alice).len(), 20);
}

#[test]
fn a_rename_is_read_in_the_current_or_last_joined_room() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    let (cy, dora) = (room.join_as("cy"), room.join_as("dora"));
    join_rooms(&mut room, alice, &["#a", "#b", "#own"]);
    join_rooms(&mut room, cy, &["#b", "#a", "#other"]);
    join_rooms(&mut room, dora, &["#a", "#b", "#lobby"]);
    join_rooms(&mut room, bob, &["#b", "#a"]);
    room.send(bob, "/nick anna");
    assert_eq!(room.read(alice), ["#b * bob is now anna"]);
    assert_eq!(room.read(cy), ["#a * bob is now anna"]);
    assert_eq!(room.read(dora), ["* bob is now anna"]);
    join_rooms(&mut room, alice, &["#b"]);
    room.send(bob, "/nick bob");
    assert_eq!(room.read(alice), ["* anna is now bob"]);
    room.send(bob, "/part #lobby");
    room.send(bob, "/part #b");
    room.discard_all();
    room.send(bob, "/nick anna");
    assert_eq!(room.read(alice), ["#a * bob is now anna"]);
    room.send(bob, "/part #a");
    room.discard_all();
    room.send(bob, "/nick bob");
    assert_eq!(room.read(alice), NOTHING, "no room is shared");
}

#[test]
fn no_line_overtakes_a_rename_in_any_shared_room() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    let cy = room.join_as("cy");
    for id in [alice, bob, cy] {
        join_rooms(&mut room, id, &["#a", "#b"]);
    }
    join_rooms(&mut room, alice, &["#own"]);
    join_rooms(&mut room, cy, &["#a"]);
    room.hand_over(bob, &["one"]);
    room.hand_over(cy, &["two"]);
    room.hand_over(bob, &["/nick anna", "three", "/nick annie", "/nick bob"]);
    room.hand_over(cy, &["four"]);
    room.hand_over(bob, &["five", "/msg alice six"]);
    room.flush();
    assert_eq!(
        room.read(alice),
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
    assert_eq!(room.read(cy), read);
}

#[test]
fn who_lists_the_new_nick() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    join_rooms(&mut room, bob, &["#dev"]);
    room.send(bob, "/nick aaron");
    room.discard_all();
    for (asked, told) in [("/who", "* 2 here: aaron, alice"), ("/who #dev", "* 1 in #dev: aaron")] {
        room.send(alice, asked);
        assert_eq!(room.read(alice), [told]);
    }
    room.send(bob, "/part #lobby");
    room.discard_all();
    room.send(alice, "/who");
    assert_eq!(room.read(alice), ["* 1 here: alice"]);
}

#[test]
fn counted_joins_are_announced_before_a_rename() {
    let mut room = Room::new();
    let alice = room.join_as("alice");
    let crowd: Vec<_> = (0..300).map(|_| room.enter()).collect();
    room.flush();
    room.discard_all();
    let last = crowd[299];
    room.send(last, "/nick zoe");
    assert_eq!(room.read(alice), ["* 101 people joined", "* user-301 is now zoe"]);
    room.pass(Duration::from_secs(1));
    assert_eq!(room.read(alice), NOTHING);
}
