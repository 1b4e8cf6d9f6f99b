//! Rooms, at the level of events: who sees what of which room.

use super::harness::Harness;
use crate::chat::event::LeaveReason;
use crate::limits::{HISTORY_LINES, MAX_ROOMS, MAX_ROOMS_PER_USER, ROOMS_PAGE};
use std::time::Duration;

const NOTHING: [String; 0] = [];

/// A user joins a room, and has read what they are told.
fn join_room(harness: &mut Harness, id: u64, name: &str) {
    harness.send(id, &format!("/join {name}"));
    let told = harness.read(id);
    assert!(told.contains(&format!("* you joined {name}")), "{told:?}");
    harness.discard_all();
}

#[test]
fn only_members_read_a_room_that_the_first_join_makes() {
    let mut harness = Harness::new();
    let (alice, bob, cy) =
        (harness.join_as("alice"), harness.join_as("bob"), harness.join_as("cy"));
    harness.send(alice, "/join #Dev");
    assert_eq!(harness.read(alice), ["* you joined #dev", "* 1 here: alice"]);
    assert_eq!(harness.read(bob), NOTHING, "who is in the lobby does not hear of it");
    harness.send(bob, "/join #dev");
    assert_eq!(harness.read(bob), ["* you joined #dev", "* 2 here: alice, bob"]);
    assert_eq!(harness.read(alice), ["* bob joined"]);
    harness.send(alice, "hello");
    assert_eq!(harness.read(bob), ["alice: hello"]);
    assert_eq!(harness.read(cy), NOTHING);
    harness.send(cy, "is anybody here?");
    let elsewhere = ["#lobby cy: is anybody here?"];
    assert_eq!(
        (harness.read(alice), harness.read(bob)),
        (elsewhere.map(String::from).into(), elsewhere.map(String::from).into())
    );
    assert_eq!(harness.metrics().rooms, 2);
}

#[test]
fn lines_of_another_room_have_its_name_before_them() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    join_room(&mut harness, alice, "#dev");
    join_room(&mut harness, bob, "#dev");
    harness.send(bob, "/join #lobby");
    assert_eq!(harness.read(bob), ["* you speak in #lobby now"]);
    let cy = harness.join_as("cy");
    harness.submit(alice, &["hi", "/me waves", "/topic tea"]);
    harness.send(cy, "/join #dev");
    assert_eq!(
        harness.read(bob),
        [
            "#dev alice: hi",
            "#dev ~ alice waves",
            "#dev * alice set the topic: \"tea\"",
            "#dev * cy joined"
        ]
    );
    harness.send(bob, "here");
    assert_eq!(harness.read(alice)[1..], ["* cy joined", "#lobby bob: here"]);
    harness.send(cy, "/part");
    assert_eq!(harness.read(bob), ["#dev * cy left #dev"]);
}

#[test]
fn lines_of_several_rooms_come_in_one_order() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    let (cy, dora) = (harness.join_as("cy"), harness.join_as("dora"));
    for id in [alice, bob, dora] {
        join_room(&mut harness, id, "#dev");
    }
    harness.submit(cy, &["one"]);
    harness.submit(alice, &["two"]);
    harness.submit(cy, &["three", "/msg bob four"]);
    harness.submit(bob, &["/foo"]);
    harness.submit(alice, &["five"]);
    harness.submit(cy, &["six"]);
    harness.flush();
    assert_eq!(
        harness.read(bob),
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
    assert_eq!(harness.read(dora), read);
}

#[test]
fn a_room_switch_within_a_batch_keeps_its_place() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    let cy = harness.join_as("cy");
    join_room(&mut harness, alice, "#dev");
    harness.submit(cy, &["before"]);
    harness.submit(alice, &["/join #lobby", "here I am", "/join #dev"]);
    harness.submit(cy, &["behind"]);
    harness.flush();
    assert_eq!(
        harness.read(alice),
        [
            "#lobby cy: before",
            "* you speak in #lobby now",
            "* you speak in #dev now",
            "#lobby cy: behind"
        ]
    );
    assert_eq!(harness.read(bob), ["cy: before", "alice: here I am", "cy: behind"]);
}

#[test]
fn part_switches_to_the_room_joined_last() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    for name in ["#a", "#b", "#c"] {
        join_room(&mut harness, alice, name);
    }
    harness.send(alice, "/part #b");
    assert_eq!(harness.read(alice), ["* you left #b and speak in #c now"]);
    harness.send(alice, "/part");
    assert_eq!(harness.read(alice), ["* you left #c and speak in #a now"]);
    harness.send(alice, "/part #c");
    assert_eq!(harness.read(alice), ["! you are not in #c"]);
    harness.send(alice, "/part");
    assert_eq!(harness.read(alice), ["* you left #a and speak in #lobby now"]);
    assert_eq!(harness.metrics().rooms, 1, "empty rooms go away");
    harness.send(alice, "/part");
    assert_eq!(
        harness.read(alice),
        ["* you left #lobby and are in no room now: /join #lobby to come back"]
    );
    assert_eq!(harness.read(bob), ["* alice left #lobby"]);
    let refused = "! you speak in no room, so nobody would hear that: /join #lobby first";
    for line in ["hello", "/me waves", "/part", "/topic x", "/history"] {
        harness.send(alice, line);
        assert_eq!(harness.read(alice), [refused], "{line}");
    }
    harness.send(bob, "hello");
    assert_eq!(harness.read(alice), NOTHING);
    harness.send(alice, "/who");
    assert_eq!(harness.read(alice), ["! you speak in no room: name one, as in: /who #lobby"]);
    harness.send(bob, "/msg alice come back");
    assert_eq!(harness.read(alice), ["[from bob] come back"]);
    harness.send(alice, "/join #lobby");
    assert_eq!(harness.read(bob), ["[to alice] come back", "* alice joined"]);
    assert_eq!(harness.read(alice)[..2], ["* you joined #lobby", "* 2 here: alice, bob"]);
}

#[test]
fn leaving_the_server_leaves_all_rooms() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    join_room(&mut harness, alice, "#dev");
    join_room(&mut harness, bob, "#dev");
    join_room(&mut harness, alice, "#alone");
    harness.leave(alice, LeaveReason::Quit(Some("bye".into())));
    assert_eq!(harness.read(bob), ["#lobby * alice left (\"bye\")", "* alice left (\"bye\")"]);
    assert_eq!(harness.metrics().rooms, 2);
}

#[test]
fn names_of_rooms_are_checked_and_refused_in_plain_words() {
    let mut harness = Harness::new();
    let alice = harness.join_as("alice");
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
        harness.send(alice, typed);
        assert_eq!(harness.read(alice), [told], "{typed}");
    }
    assert_eq!(harness.metrics().rooms, 1);
}

/// Ten thousand rooms asked for by one user.
#[test]
fn rooms_are_limited_by_user_and_in_all() {
    let mut harness = Harness::new();
    let alice = harness.join_as("alice");
    let mut told = Vec::new();
    for number in 0..10_000 {
        harness.send(alice, &format!("/join #r{number}"));
        told.extend(harness.read(alice));
    }
    assert_eq!(harness.metrics().rooms, MAX_ROOMS_PER_USER);
    let refused = told.iter().filter(|line| line.contains("you are in 20 rooms already")).count();
    assert_eq!(refused, 10_000 - (MAX_ROOMS_PER_USER - 1));
    let mut number = 0;
    while harness.metrics().rooms < MAX_ROOMS {
        let id = harness.join();
        for _ in 1..MAX_ROOMS_PER_USER {
            number += 1;
            harness.submit(id, &[&format!("/join #s{number}")]);
        }
        harness.flush();
        harness.discard_all();
    }
    assert_eq!(harness.metrics().rooms, MAX_ROOMS);
    let late = harness.join();
    harness.send(late, "/join #one-more");
    assert_eq!(harness.read(late), ["! there are 1000 rooms already: /rooms lists them, join one"]);
    harness.send(late, "/join #s1");
    assert!(harness.read(late).contains(&"* you joined #s1".to_owned()), "the others are open");
}

#[test]
fn rooms_lists_users_and_topics_in_pages() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    join_room(&mut harness, alice, "#dev");
    join_room(&mut harness, bob, "#dev");
    harness.send(bob, "/topic all \"good\" things");
    harness.discard_all();
    join_room(&mut harness, alice, "#art");
    harness.send(alice, "/rooms");
    assert_eq!(
        harness.read(alice),
        [
            "* 3 rooms:",
            "* #dev (2 people) \"all \\\"good\\\" things\"",
            "* #lobby (2 people)",
            "* #art (1 person)"
        ]
    );
    for number in 0..ROOMS_PAGE {
        harness.send(bob, &format!("/join #x{number}"));
    }
    harness.discard_all();
    harness.send(alice, "/rooms");
    let told = harness.read(alice);
    assert_eq!(told[0], "* 15 rooms, page 1 of 2 (go on with /rooms 2):");
    assert_eq!(told.len(), 1 + ROOMS_PAGE);
    harness.send(alice, "/rooms 2");
    let told = harness.read(alice);
    assert_eq!((told[0].as_str(), told.len()), ("* 15 rooms, page 2 of 2:", 4));
    harness.send(alice, "/rooms 3");
    assert_eq!(harness.read(alice), ["! there is no page 3 of rooms: the last one is /rooms 2"]);
}

#[test]
fn topics_are_set_read_and_taken_away() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    harness.send(alice, "/topic");
    assert_eq!(harness.read(alice), ["* #lobby has no topic; /topic TEXT gives it one"]);
    harness.send(alice, "/topic tea\u{1b} time");
    assert_eq!(harness.read(alice), ["* the topic of #lobby is now \"tea time\""]);
    assert_eq!(harness.read(bob), ["* alice set the topic: \"tea time\""]);
    harness.send(bob, "/topic");
    assert_eq!(harness.read(bob), ["* the topic of #lobby is \"tea time\""]);
    let cy = harness.enter();
    harness.flush();
    assert!(harness.read(cy).contains(&"* the topic is \"tea time\"".to_owned()));
    harness.discard_all();
    for bad in [format!("/topic {}", "x".repeat(201)), "/topic \u{200b}".to_owned()] {
        harness.send(bob, &bad);
        let told = harness.read(bob);
        assert_eq!(told, ["! a topic has at most 200 bytes, and something to read in it"]);
    }
    harness.send(bob, "/topic -");
    assert_eq!(harness.read(alice), ["* bob took the topic away"]);
    assert_eq!(harness.read(bob), ["* #lobby has no topic now"]);
}

#[test]
fn who_lists_any_room_for_any_user() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    join_room(&mut harness, alice, "#dev");
    harness.send(bob, "/who #dev");
    assert_eq!(harness.read(bob), ["* 1 in #dev: alice"]);
    harness.send(alice, "/who");
    assert_eq!(harness.read(alice), ["* 1 here: alice"]);
    harness.send(alice, "/who #lobby 1");
    assert_eq!(harness.read(alice), ["* 2 in #lobby: alice, bob"]);
    harness.send(bob, "/away lunch");
    assert_eq!(harness.read(bob), ["* you are away until you type /away again: \"lunch\""]);
    harness.send(alice, "/who #lobby");
    assert_eq!(harness.read(alice), ["* 2 in #lobby: alice, bob (away)"]);
    harness.send(bob, "/away");
    assert_eq!(harness.read(bob), ["* you are back"]);
    harness.send(alice, "/who #lobby 2");
    assert!(harness.read(alice)[0].starts_with("! there is no page 2"));
}

#[test]
fn history_is_replayed_on_join_and_on_request() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    harness.send(alice, "/history");
    assert_eq!(harness.read(alice), ["* nothing was said here yet"]);
    for number in 1..=24 {
        harness.send(alice, &format!("line {number}"));
    }
    harness.send(bob, "/me waves");
    harness.send(bob, "/nick rob");
    harness.discard_all();
    let cy = harness.enter();
    harness.flush();
    let told = harness.read(cy);
    assert_eq!(told[3], "* last 20 lines:");
    assert_eq!(told[4], "| alice: line 6");
    assert_eq!(told[22..], ["| alice: line 24", "| ~ bob waves", "* you are user-3 in #lobby"]);
    harness.send(cy, "/history 2");
    assert_eq!(harness.read(cy), ["* last 2 lines:", "| alice: line 24", "| ~ bob waves"]);
    harness.send(cy, "/history 1");
    assert_eq!(harness.read(cy), ["* last 1 line:", "| ~ bob waves"]);
    for number in 0..HISTORY_LINES {
        harness.submit(alice, &[&format!("more {number}")]);
    }
    harness.flush();
    harness.discard_all();
    harness.send(cy, "/history 999");
    let told = harness.read(cy);
    assert_eq!(told.len(), 1 + HISTORY_LINES);
    assert_eq!((told[0].as_str(), told[1].as_str()), ("* last 200 lines:", "| alice: more 0"));
    join_room(&mut harness, alice, "#dev");
    harness.send(alice, "/history");
    assert_eq!(harness.read(alice), ["* nothing was said here yet"]);
}

#[test]
fn time_on_prefixes_each_line_with_its_time() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    let clock =
        crate::protocol::time_of_day::WallClock::new(harness.now, Duration::from_secs(50_707));
    harness.broker.set_clock(clock);
    harness.send(alice, "early");
    harness.discard_all();
    harness.advance(Duration::from_secs(5));
    harness.send(bob, "/time");
    assert_eq!(
        harness.read(bob),
        ["* it is 14:05:12 in UTC; /time on puts the time before each line"]
    );
    harness.submit(alice, &["unstamped"]);
    harness.submit(bob, &["/time on"]);
    harness.submit(alice, &["stamped"]);
    harness.flush();
    assert_eq!(
        harness.read(bob),
        [
            "alice: unstamped",
            "14:05:12 * the time in UTC stands before each line now, as in: 14:05:12 alice: hello",
            "14:05:12 alice: stamped"
        ]
    );
    harness.send(bob, "/history 3");
    assert_eq!(harness.read(bob)[..2], ["14:05:12 * last 3 lines:", "14:05:07 | alice: early"]);
    harness.send(bob, "/join #dev");
    harness.read(bob);
    harness.send(alice, "over here");
    assert_eq!(harness.read(bob), ["14:05:12 #lobby alice: over here"]);
    harness.send(bob, "/time off");
    assert_eq!(harness.read(bob), ["* no time stands before the lines now"]);
    harness.send(alice, "done");
    assert_eq!(harness.read(bob), ["#lobby alice: done"]);
}

#[test]
fn the_quiet_read_nothing_of_comings_and_goings() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    harness.send(bob, "/quiet on");
    assert_eq!(harness.read(bob), ["* you do not read any more who comes and leaves"]);
    let cy = harness.enter();
    harness.submit(cy, &["hello"]);
    harness.submit_leave(cy, LeaveReason::ConnectionLost);
    harness.flush();
    assert_eq!(harness.read(bob), ["user-3: hello"]);
    assert_eq!(
        harness.read(alice),
        ["* user-3 joined", "user-3: hello", "* user-3 left (connection lost)"]
    );
    let dora = harness.join();
    assert_eq!(harness.read(bob), NOTHING, "a round of nothing else is none");
    harness.send(bob, "/quiet off");
    assert_eq!(harness.read(bob), ["* you read who comes and leaves"]);
    harness.leave(dora, LeaveReason::Eof);
    assert_eq!(harness.read(bob), ["* user-4 left"]);
}

#[test]
fn each_room_has_numbers_of_its_own() {
    let mut harness = Harness::new();
    let alice = harness.join_as("alice");
    let before = harness.broker.lobby_sequence();
    join_room(&mut harness, alice, "#dev");
    harness.send(alice, "not in the lobby");
    assert_eq!(harness.broker.lobby_sequence(), before);
}

#[test]
fn help_fits_on_a_screen_and_tells_more_of_each_command() {
    let mut harness = Harness::new();
    let alice = harness.join_as("alice");
    harness.send(alice, "/help");
    let told = harness.read(alice);
    assert!(told.len() <= 24, "{}", told.len());
    assert!(told.iter().all(|line| line.len() <= 79), "{told:?}");
    for command in ["/join", "/msg", "/topic", "/history", "//TEXT"] {
        assert!(told.iter().any(|line| line.starts_with(&format!("* {command}"))), "{command}");
    }
    harness.send(alice, "/help join");
    let told = harness.read(alice);
    assert_eq!(told[0], "* /join #ROOM: enter a room, or go back to it, and speak there");
    assert!(told.len() > 1);
    harness.send(alice, "/help foo");
    assert_eq!(harness.read(alice), ["! there is no command foo; /help lists them"]);
}

#[test]
fn rooms_are_sorted_by_users_and_found_by_a_word() {
    let mut harness = Harness::new();
    let (alice, bob, cy) =
        (harness.join_as("alice"), harness.join_as("bob"), harness.join_as("cy"));
    for (who, name) in [(alice, "#zoo"), (bob, "#zoo"), (cy, "#zoology"), (alice, "#zoology")] {
        join_room(&mut harness, who, name);
    }
    harness.send(bob, "/join #art");
    harness.send(bob, "/part #lobby");
    harness.discard_all();
    harness.send(alice, "/list");
    let expected =
        ["* 4 rooms:", "* #lobby (2 people)", "* #zoo (2 people)", "* #zoology (2 people)"];
    let told = harness.read(alice);
    assert_eq!(
        (&told[..4], told[4].as_str()),
        (&expected.map(String::from)[..], "* #art (1 person)")
    );
    // Who leaves the server, is kicked or comes again counts at once.
    harness.submit_leave(cy, LeaveReason::ConnectionLost);
    harness.flush();
    harness.discard_all();
    harness.send(bob, "/rooms ZOO");
    assert_eq!(harness.read(bob), ["* 2 rooms:", "* #zoo (2 people)", "* #zoology (1 person)"]);
    harness.send(bob, "/rooms #ar");
    assert_eq!(harness.read(bob), ["* 1 room:", "* #art (1 person)"]);
    harness.send(bob, "/rooms ar 2");
    assert_eq!(harness.read(bob), ["! there is no page 2 of rooms: the last one is /rooms ar 1"]);
    harness.send(bob, "/rooms a\u{1b}[2J\"b");
    assert_eq!(harness.read(bob), ["! no room has \"a[2J\\\"b\" in its name; /rooms lists all"]);
}

#[test]
fn an_empty_lobby_stays_as_it_was() {
    let mut harness = Harness::new();
    let alice = harness.join_as("alice");
    harness.send(alice, "/topic tea");
    harness.send(alice, "hello");
    harness.submit_leave(alice, LeaveReason::ConnectionLost);
    harness.flush();
    let bob = harness.enter();
    harness.flush();
    let told = harness.read(bob);
    assert!(told.contains(&"* the topic is \"tea\"".to_owned()), "{told:?}");
    assert_eq!(told[told.len() - 2..], ["| alice: hello", "* you are user-2 in #lobby"]);
    harness.send(bob, "/help part");
    assert!(harness.read(bob)[1].ends_with("An empty room goes away, but for #lobby."));
}

#[test]
fn whoami_says_the_nick_and_the_room() {
    let mut harness = Harness::new();
    let alice = harness.join();
    let asked = |harness: &mut Harness, line: &str| {
        harness.send(alice, line);
        harness.read(alice)
    };
    assert_eq!(asked(&mut harness, "/whoami"), ["* you are user-1 in #lobby"]);
    assert_eq!(asked(&mut harness, "/nick"), ["! you are user-1; /nick NAME changes it"]);
    assert_eq!(
        asked(&mut harness, "/join"),
        [
            "! you speak in #lobby: what you type goes there; /join #ROOM enters another, /rooms lists them"
        ]
    );
    for line in ["/nick alice", "/join #dev", "/join #ops", "/away tea \"time\""] {
        asked(&mut harness, line);
    }
    harness.promote(alice);
    assert_eq!(
        asked(&mut harness, "/whoami"),
        [
            "* you are alice in #ops",
            "* you also read #lobby, #dev; /join #dev speaks there",
            "* you are away until you type /away: \"tea \\\"time\\\"\"",
            "* you are an operator",
        ]
    );
    for line in ["/away", "/away", "/part #dev", "/part #ops", "/part"] {
        asked(&mut harness, line);
    }
    assert_eq!(
        asked(&mut harness, "/whoami")[..2],
        [
            "* you are alice and speak in no room: /join #lobby enters one",
            "* you are away until you type /away"
        ]
    );
    assert_eq!(
        asked(&mut harness, "/join"),
        ["! you speak in no room; /join #ROOM enters one, /rooms lists them"]
    );
    assert_eq!(
        asked(&mut harness, "/whoami bob"),
        ["! /whoami stands alone; /who tells of the others"]
    );
}

#[test]
fn muted_users_are_told_so_by_whoami() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    harness.promote(alice);
    harness.send(alice, "/mute bob 10m");
    harness.discard_all();
    harness.send(bob, "/whoami");
    let told = [
        "* you are bob in #lobby",
        "* you are muted for 10 minutes more: nobody reads what you write",
    ];
    assert_eq!(harness.read(bob), told);
    harness.send(bob, "/nick");
    assert_eq!(harness.read(bob), ["! you are bob; /nick NAME changes it"]);
    harness.send(bob, "/nick rob");
    assert_eq!(
        harness.read(bob),
        ["! you are muted for 10 minutes more: nobody reads what you write"]
    );
}

#[test]
fn a_replay_ends_with_the_nick_and_the_room() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    join_room(&mut harness, alice, "#dev");
    harness.send(bob, "/join #dev");
    assert!(
        !harness.read(bob).iter().any(|line| line.starts_with("* you are")),
        "nothing was replayed"
    );
    harness.send(bob, "/part");
    harness.send(alice, "hello");
    harness.discard_all();
    harness.send(bob, "/join #dev");
    assert_eq!(
        harness.read(bob)[2..],
        ["* last 1 line:", "| alice: hello", "* you are bob in #dev"]
    );
}
