//! Rooms, at the level of events: who sees what of which room.

use super::harness::Room;
use crate::chat::event::LeaveReason;
use crate::limits::{HISTORY_LINES, MAX_ROOMS, MAX_ROOMS_PER_USER, ROOMS_PAGE};
use std::time::Duration;

const NOTHING: [String; 0] = [];

/// A user joins a room, and has read what they are told.
fn join_room(room: &mut Room, id: u64, name: &str) {
    room.send(id, &format!("/join {name}"));
    let told = room.read(id);
    assert!(told.contains(&format!("* you joined {name}")), "{told:?}");
    room.discard_all();
}

#[test]
fn only_members_read_a_room_that_the_first_join_makes() {
    let mut room = Room::new();
    let (alice, bob, cy) = (room.join_as("alice"), room.join_as("bob"), room.join_as("cy"));
    room.send(alice, "/join #Dev");
    assert_eq!(room.read(alice), ["* you joined #dev", "* 1 here: alice"]);
    assert_eq!(room.read(bob), NOTHING, "who is in the lobby does not hear of it");
    room.send(bob, "/join #dev");
    assert_eq!(room.read(bob), ["* you joined #dev", "* 2 here: alice, bob"]);
    assert_eq!(room.read(alice), ["* bob joined"]);
    room.send(alice, "hello");
    assert_eq!(room.read(bob), ["alice: hello"]);
    assert_eq!(room.read(cy), NOTHING);
    room.send(cy, "is anybody here?");
    let elsewhere = ["#lobby cy: is anybody here?"];
    assert_eq!(
        (room.read(alice), room.read(bob)),
        (elsewhere.map(String::from).into(), elsewhere.map(String::from).into())
    );
    assert_eq!(room.metrics().rooms, 2);
}

#[test]
fn lines_of_another_room_have_its_name_before_them() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    join_room(&mut room, alice, "#dev");
    join_room(&mut room, bob, "#dev");
    room.send(bob, "/join #lobby");
    assert_eq!(room.read(bob), ["* you speak in #lobby now"]);
    let cy = room.join_as("cy");
    room.hand_over(alice, &["hi", "/me waves", "/topic tea"]);
    room.send(cy, "/join #dev");
    assert_eq!(
        room.read(bob),
        [
            "#dev alice: hi",
            "#dev ~ alice waves",
            "#dev * alice set the topic: \"tea\"",
            "#dev * cy joined"
        ]
    );
    room.send(bob, "here");
    assert_eq!(room.read(alice)[1..], ["* cy joined", "#lobby bob: here"]);
    room.send(cy, "/part");
    assert_eq!(room.read(bob), ["#dev * cy left #dev"]);
}

#[test]
fn lines_of_several_rooms_come_in_one_order() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    let (cy, dora) = (room.join_as("cy"), room.join_as("dora"));
    for id in [alice, bob, dora] {
        join_room(&mut room, id, "#dev");
    }
    room.hand_over(cy, &["one"]);
    room.hand_over(alice, &["two"]);
    room.hand_over(cy, &["three", "/msg bob four"]);
    room.hand_over(bob, &["/foo"]);
    room.hand_over(alice, &["five"]);
    room.hand_over(cy, &["six"]);
    room.flush();
    assert_eq!(
        room.read(bob),
        [
            "#lobby cy: one",
            "alice: two",
            "#lobby cy: three",
            "[from cy] four",
            "! unknown command /foo, try /help",
            "alice: five",
            "#lobby cy: six"
        ]
    );
    // Nothing was for her alone.
    let read =
        ["#lobby cy: one", "alice: two", "#lobby cy: three", "alice: five", "#lobby cy: six"];
    assert_eq!(room.read(dora), read);
}

#[test]
fn a_room_switch_within_a_batch_keeps_its_place() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    let cy = room.join_as("cy");
    join_room(&mut room, alice, "#dev");
    room.hand_over(cy, &["before"]);
    room.hand_over(alice, &["/join #lobby", "here I am", "/join #dev"]);
    room.hand_over(cy, &["behind"]);
    room.flush();
    assert_eq!(
        room.read(alice),
        [
            "#lobby cy: before",
            "* you speak in #lobby now",
            "* you speak in #dev now",
            "#lobby cy: behind"
        ]
    );
    assert_eq!(room.read(bob), ["cy: before", "alice: here I am", "cy: behind"]);
}

#[test]
fn part_switches_to_the_room_joined_last() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    for name in ["#a", "#b", "#c"] {
        join_room(&mut room, alice, name);
    }
    room.send(alice, "/part #b");
    assert_eq!(room.read(alice), ["* you left #b and speak in #c now"]);
    room.send(alice, "/part");
    assert_eq!(room.read(alice), ["* you left #c and speak in #a now"]);
    room.send(alice, "/part #c");
    assert_eq!(room.read(alice), ["! you are not in #c"]);
    room.send(alice, "/part");
    assert_eq!(room.read(alice), ["* you left #a and speak in #lobby now"]);
    assert_eq!(room.metrics().rooms, 1, "empty rooms go away");
    room.send(alice, "/part");
    assert_eq!(
        room.read(alice),
        ["* you left #lobby and are in no room now: /join #lobby to come back"]
    );
    assert_eq!(room.read(bob), ["* alice left #lobby"]);
    let refused = "! you speak in no room, so nobody would hear that: /join #lobby first";
    for line in ["hello", "/me waves", "/part", "/topic x", "/history"] {
        room.send(alice, line);
        assert_eq!(room.read(alice), [refused], "{line}");
    }
    room.send(bob, "hello");
    assert_eq!(room.read(alice), NOTHING);
    room.send(alice, "/who");
    assert_eq!(room.read(alice), ["! you speak in no room: name one, as in: /who #lobby"]);
    room.send(bob, "/msg alice come back");
    assert_eq!(room.read(alice), ["[from bob] come back"]);
    room.send(alice, "/join #lobby");
    assert_eq!(room.read(bob), ["[to alice] come back", "* alice joined"]);
    assert_eq!(room.read(alice)[..2], ["* you joined #lobby", "* 2 here: alice, bob"]);
}

#[test]
fn leaving_the_server_leaves_all_rooms() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    join_room(&mut room, alice, "#dev");
    join_room(&mut room, bob, "#dev");
    join_room(&mut room, alice, "#alone");
    room.leave(alice, LeaveReason::Quit(Some("bye".into())));
    assert_eq!(room.read(bob), ["#lobby * alice left (\"bye\")", "* alice left (\"bye\")"]);
    assert_eq!(room.metrics().rooms, 2);
}

#[test]
fn names_of_rooms_are_checked_and_refused_in_plain_words() {
    let mut room = Room::new();
    let alice = room.join_as("alice");
    for (typed, told) in [
        ("/join dev", "! the name of a room starts with #, as in #dev: \"dev\""),
        ("/join #a #b", "! one room at a time, without blanks in its name: \"#a #b\""),
        (
            "/join #a.b",
            "! the name of a room has letters a-z, digits, _ and -, and no more: \"#a.b\"",
        ),
        (
            "/part #a.b",
            "! the name of a room has letters a-z, digits, _ and -, and no more: \"#a.b\"",
        ),
        ("/part #nowhere", "! you are not in #nowhere"),
        ("/who #nowhere", "! there is no room #nowhere; /rooms lists them"),
    ] {
        room.send(alice, typed);
        assert_eq!(room.read(alice), [told], "{typed}");
    }
    assert_eq!(room.metrics().rooms, 1);
}

/// Ten thousand rooms asked for by one user.
#[test]
fn rooms_are_limited_by_user_and_in_all() {
    let mut room = Room::new();
    let alice = room.join_as("alice");
    let mut told = Vec::new();
    for number in 0..10_000 {
        room.send(alice, &format!("/join #r{number}"));
        told.extend(room.read(alice));
    }
    assert_eq!(room.metrics().rooms, MAX_ROOMS_PER_USER);
    let refused = told.iter().filter(|line| line.contains("you are in 20 rooms already")).count();
    assert_eq!(refused, 10_000 - (MAX_ROOMS_PER_USER - 1));
    let mut number = 0;
    while room.metrics().rooms < MAX_ROOMS {
        let id = room.join();
        for _ in 1..MAX_ROOMS_PER_USER {
            number += 1;
            room.hand_over(id, &[&format!("/join #s{number}")]);
        }
        room.flush();
        room.discard_all();
    }
    assert_eq!(room.metrics().rooms, MAX_ROOMS);
    let late = room.join();
    room.send(late, "/join #one-more");
    assert_eq!(room.read(late), ["! there are 1000 rooms already: /rooms lists them, join one"]);
    room.send(late, "/join #s1");
    assert!(room.read(late).contains(&"* you joined #s1".to_owned()), "the others are open");
}

#[test]
fn rooms_lists_users_and_topics_in_pages() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    join_room(&mut room, alice, "#dev");
    join_room(&mut room, bob, "#dev");
    room.send(bob, "/topic all \"good\" things");
    room.discard_all();
    join_room(&mut room, alice, "#art");
    room.send(alice, "/rooms");
    assert_eq!(
        room.read(alice),
        [
            "* 3 rooms:",
            "* #dev (2 people) \"all \\\"good\\\" things\"",
            "* #lobby (2 people)",
            "* #art (1 person)"
        ]
    );
    for number in 0..ROOMS_PAGE {
        room.send(bob, &format!("/join #x{number}"));
    }
    room.discard_all();
    room.send(alice, "/rooms");
    let told = room.read(alice);
    assert_eq!(told[0], "* 15 rooms, page 1 of 2 (go on with /rooms 2):");
    assert_eq!(told.len(), 1 + ROOMS_PAGE);
    room.send(alice, "/rooms 2");
    let told = room.read(alice);
    assert_eq!((told[0].as_str(), told.len()), ("* 15 rooms, page 2 of 2:", 4));
    room.send(alice, "/rooms 3");
    assert_eq!(room.read(alice), ["! there is no page 3 of rooms: the last one is /rooms 2"]);
}

#[test]
fn topics_are_set_read_and_taken_away() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    room.send(alice, "/topic");
    assert_eq!(room.read(alice), ["* #lobby has no topic; /topic TEXT gives it one"]);
    room.send(alice, "/topic tea\u{1b} time");
    assert_eq!(room.read(alice), ["* the topic of #lobby is now \"tea time\""]);
    assert_eq!(room.read(bob), ["* alice set the topic: \"tea time\""]);
    room.send(bob, "/topic");
    assert_eq!(room.read(bob), ["* the topic of #lobby is \"tea time\""]);
    let cy = room.enter();
    room.flush();
    assert!(room.read(cy).contains(&"* the topic is \"tea time\"".to_owned()));
    room.discard_all();
    for bad in [format!("/topic {}", "x".repeat(201)), "/topic \u{200b}".to_owned()] {
        room.send(bob, &bad);
        let told = room.read(bob);
        assert_eq!(told, ["! a topic has at most 200 bytes, and something to read in it"]);
    }
    room.send(bob, "/topic -");
    assert_eq!(room.read(alice), ["* bob took the topic away"]);
    assert_eq!(room.read(bob), ["* #lobby has no topic now"]);
}

#[test]
fn who_lists_any_room_for_any_user() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    join_room(&mut room, alice, "#dev");
    room.send(bob, "/who #dev");
    assert_eq!(room.read(bob), ["* 1 in #dev: alice"]);
    room.send(alice, "/who");
    assert_eq!(room.read(alice), ["* 1 here: alice"]);
    room.send(alice, "/who #lobby 1");
    assert_eq!(room.read(alice), ["* 2 in #lobby: alice, bob"]);
    room.send(bob, "/away lunch");
    assert_eq!(room.read(bob), ["* you are away until you type /away again: \"lunch\""]);
    room.send(alice, "/who #lobby");
    assert_eq!(room.read(alice), ["* 2 in #lobby: alice, bob (away)"]);
    room.send(bob, "/away");
    assert_eq!(room.read(bob), ["* you are back"]);
    room.send(alice, "/who #lobby 2");
    assert!(room.read(alice)[0].starts_with("! there is no page 2"));
}

#[test]
fn history_is_replayed_on_join_and_on_request() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    room.send(alice, "/history");
    assert_eq!(room.read(alice), ["* nothing was said here yet"]);
    for number in 1..=24 {
        room.send(alice, &format!("line {number}"));
    }
    room.send(bob, "/me waves");
    room.send(bob, "/nick rob");
    room.discard_all();
    let cy = room.enter();
    room.flush();
    let told = room.read(cy);
    assert_eq!(told[3], "* last 20 lines:");
    assert_eq!(told[4], "| alice: line 6");
    assert_eq!(told[22..], ["| alice: line 24", "| ~ bob waves", "* you are user-3 in #lobby"]);
    room.send(cy, "/history 2");
    assert_eq!(room.read(cy), ["* last 2 lines:", "| alice: line 24", "| ~ bob waves"]);
    room.send(cy, "/history 1");
    assert_eq!(room.read(cy), ["* last 1 line:", "| ~ bob waves"]);
    for number in 0..HISTORY_LINES {
        room.hand_over(alice, &[&format!("more {number}")]);
    }
    room.flush();
    room.discard_all();
    room.send(cy, "/history 999");
    let told = room.read(cy);
    assert_eq!(told.len(), 1 + HISTORY_LINES);
    assert_eq!((told[0].as_str(), told[1].as_str()), ("* last 200 lines:", "| alice: more 0"));
    join_room(&mut room, alice, "#dev");
    room.send(alice, "/history");
    assert_eq!(room.read(alice), ["* nothing was said here yet"]);
}

#[test]
fn time_on_prefixes_each_line_with_its_time() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    let clock = crate::protocol::time_of_day::WallClock::new(room.now, Duration::from_secs(50_707));
    room.broker.set_clock(clock);
    room.send(alice, "early");
    room.discard_all();
    room.pass(Duration::from_secs(5));
    room.send(bob, "/time");
    assert_eq!(
        room.read(bob),
        ["* it is 14:05:12 in UTC; /time on puts the time before each line"]
    );
    room.hand_over(alice, &["unstamped"]);
    room.hand_over(bob, &["/time on"]);
    room.hand_over(alice, &["stamped"]);
    room.flush();
    assert_eq!(
        room.read(bob),
        [
            "alice: unstamped",
            "14:05:12 * the time in UTC stands before each line now, as in: 14:05:12 alice: hello",
            "14:05:12 alice: stamped"
        ]
    );
    room.send(bob, "/history 3");
    assert_eq!(room.read(bob)[..2], ["14:05:12 * last 3 lines:", "14:05:07 | alice: early"]);
    room.send(bob, "/join #dev");
    room.read(bob);
    room.send(alice, "over here");
    assert_eq!(room.read(bob), ["14:05:12 #lobby alice: over here"]);
    room.send(bob, "/time off");
    assert_eq!(room.read(bob), ["* no time stands before the lines now"]);
    room.send(alice, "done");
    assert_eq!(room.read(bob), ["#lobby alice: done"]);
}

#[test]
fn the_quiet_read_nothing_of_comings_and_goings() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    room.send(bob, "/quiet on");
    assert_eq!(room.read(bob), ["* you do not read any more who comes and leaves"]);
    let cy = room.enter();
    room.hand_over(cy, &["hello"]);
    room.depart(cy, LeaveReason::ConnectionLost);
    room.flush();
    assert_eq!(room.read(bob), ["user-3: hello"]);
    assert_eq!(
        room.read(alice),
        ["* user-3 joined", "user-3: hello", "* user-3 left (connection lost)"]
    );
    let dora = room.join();
    assert_eq!(room.read(bob), NOTHING, "a round of nothing else is none");
    room.send(bob, "/quiet off");
    assert_eq!(room.read(bob), ["* you read who comes and leaves"]);
    room.leave(dora, LeaveReason::Eof);
    assert_eq!(room.read(bob), ["* user-4 left"]);
}

#[test]
fn each_room_has_numbers_of_its_own() {
    let mut room = Room::new();
    let alice = room.join_as("alice");
    let before = room.broker.lobby_sequence();
    join_room(&mut room, alice, "#dev");
    room.send(alice, "not in the lobby");
    assert_eq!(room.broker.lobby_sequence(), before);
}

#[test]
fn help_fits_on_a_screen_and_tells_more_of_each_command() {
    let mut room = Room::new();
    let alice = room.join_as("alice");
    room.send(alice, "/help");
    let told = room.read(alice);
    assert!(told.len() <= 24, "{}", told.len());
    assert!(told.iter().all(|line| line.len() <= 79), "{told:?}");
    for command in ["/join", "/msg", "/topic", "/history", "//TEXT"] {
        assert!(told.iter().any(|line| line.starts_with(&format!("* {command}"))), "{command}");
    }
    room.send(alice, "/help join");
    let told = room.read(alice);
    assert_eq!(told[0], "* /join #ROOM: enter a room, or go back to it, and speak there");
    assert!(told.len() > 1);
    room.send(alice, "/help foo");
    assert_eq!(room.read(alice), ["! there is no command foo; /help lists them"]);
}

#[test]
fn rooms_are_sorted_by_users_and_found_by_a_word() {
    let mut room = Room::new();
    let (alice, bob, cy) = (room.join_as("alice"), room.join_as("bob"), room.join_as("cy"));
    for (who, name) in [(alice, "#zoo"), (bob, "#zoo"), (cy, "#zoology"), (alice, "#zoology")] {
        join_room(&mut room, who, name);
    }
    room.send(bob, "/join #art");
    room.send(bob, "/part #lobby");
    room.discard_all();
    room.send(alice, "/list");
    let expected =
        ["* 4 rooms:", "* #lobby (2 people)", "* #zoo (2 people)", "* #zoology (2 people)"];
    let told = room.read(alice);
    assert_eq!(
        (&told[..4], told[4].as_str()),
        (&expected.map(String::from)[..], "* #art (1 person)")
    );
    // Who leaves the server, is kicked or comes again counts at once.
    room.depart(cy, LeaveReason::ConnectionLost);
    room.flush();
    room.discard_all();
    room.send(bob, "/rooms ZOO");
    assert_eq!(room.read(bob), ["* 2 rooms:", "* #zoo (2 people)", "* #zoology (1 person)"]);
    room.send(bob, "/rooms #ar");
    assert_eq!(room.read(bob), ["* 1 room:", "* #art (1 person)"]);
    room.send(bob, "/rooms ar 2");
    assert_eq!(room.read(bob), ["! there is no page 2 of rooms: the last one is /rooms ar 1"]);
    room.send(bob, "/rooms a\u{1b}[2J\"b");
    assert_eq!(room.read(bob), ["! no room has \"a[2J\\\"b\" in its name; /rooms lists all"]);
}

#[test]
fn an_empty_lobby_stays_as_it_was() {
    let mut room = Room::new();
    let alice = room.join_as("alice");
    room.send(alice, "/topic tea");
    room.send(alice, "hello");
    room.depart(alice, LeaveReason::ConnectionLost);
    room.flush();
    let bob = room.enter();
    room.flush();
    let told = room.read(bob);
    assert!(told.contains(&"* the topic is \"tea\"".to_owned()), "{told:?}");
    assert_eq!(told[told.len() - 2..], ["| alice: hello", "* you are user-2 in #lobby"]);
    room.send(bob, "/help part");
    assert!(room.read(bob)[1].ends_with("An empty room goes away, but for #lobby."));
}

#[test]
fn whoami_says_the_nick_and_the_room() {
    let mut room = Room::new();
    let alice = room.join();
    let asked = |room: &mut Room, line: &str| {
        room.send(alice, line);
        room.read(alice)
    };
    assert_eq!(asked(&mut room, "/whoami"), ["* you are user-1 in #lobby"]);
    assert_eq!(asked(&mut room, "/nick"), ["! you are user-1; /nick NAME changes it"]);
    assert_eq!(
        asked(&mut room, "/join"),
        [
            "! you speak in #lobby: what you type goes there; /join #ROOM enters another, /rooms lists them"
        ]
    );
    for line in ["/nick alice", "/join #dev", "/join #ops", "/away tea \"time\""] {
        asked(&mut room, line);
    }
    room.promote(alice);
    assert_eq!(
        asked(&mut room, "/whoami"),
        [
            "* you are alice in #ops",
            "* you also read #lobby, #dev; /join #dev speaks there",
            "* you are away until you type /away: \"tea \\\"time\\\"\"",
            "* you are an operator",
        ]
    );
    for line in ["/away", "/away", "/part #dev", "/part #ops", "/part"] {
        asked(&mut room, line);
    }
    assert_eq!(
        asked(&mut room, "/whoami")[..2],
        [
            "* you are alice and speak in no room: /join #lobby enters one",
            "* you are away until you type /away"
        ]
    );
    assert_eq!(
        asked(&mut room, "/join"),
        ["! you speak in no room; /join #ROOM enters one, /rooms lists them"]
    );
    assert_eq!(
        asked(&mut room, "/whoami bob"),
        ["! /whoami stands alone; /who tells of the others"]
    );
}

#[test]
fn muted_users_are_told_so_by_whoami() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    room.promote(alice);
    room.send(alice, "/mute bob 10m");
    room.discard_all();
    room.send(bob, "/whoami");
    let told = [
        "* you are bob in #lobby",
        "* you are muted for 10 minutes more: nobody reads what you write",
    ];
    assert_eq!(room.read(bob), told);
    room.send(bob, "/nick");
    assert_eq!(room.read(bob), ["! you are bob; /nick NAME changes it"]);
    room.send(bob, "/nick rob");
    assert_eq!(
        room.read(bob),
        ["! you are muted for 10 minutes more: nobody reads what you write"]
    );
}

#[test]
fn a_replay_ends_with_the_nick_and_the_room() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    join_room(&mut room, alice, "#dev");
    room.send(bob, "/join #dev");
    assert!(
        !room.read(bob).iter().any(|line| line.starts_with("* you are")),
        "nothing was replayed"
    );
    room.send(bob, "/part");
    room.send(alice, "hello");
    room.discard_all();
    room.send(bob, "/join #dev");
    assert_eq!(room.read(bob)[2..], ["* last 1 line:", "| alice: hello", "* you are bob in #dev"]);
}
