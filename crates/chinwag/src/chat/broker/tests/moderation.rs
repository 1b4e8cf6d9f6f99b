//! What operators can do, at the level of events.

use super::harness::Room;
use crate::chat::admin_command::{AdminCommand, BanCommand, BanOutcome};
use crate::chat::event::{ClientId, CommandBatch, Event, LeaveReason};
use crate::limits::MAX_BANS;
use crate::outbound::side_message::{Probe, Prompt, SideMessage};
use crate::protocol::command::{Command, CommandKind, OperOutcome};
use std::time::Duration;

const NOTHING: [String; 0] = [];
const SECOND: Duration = Duration::from_secs(1);

/// Alice, who is an operator, and Bob, who is none.
fn alice_and_bob(room: &mut Room) -> (u64, u64) {
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    room.promote(alice);
    (alice, bob)
}

/// What comes of an order about bans.
fn order(room: &mut Room, command: BanCommand) -> Result<BanOutcome, String> {
    room.order(|answer| AdminCommand::ChangeBans { command, answer })
}

#[test]
fn only_operators_can_moderate_and_read_its_help() {
    let mut room = Room::new();
    let (alice, bob) = alice_and_bob(&mut room);
    for typed in [
        "/kick alice",
        "/ban alice",
        "/unban alice",
        "/bans",
        "/mute alice",
        "/unmute alice",
        "/slow 10s",
    ] {
        room.send(bob, typed);
        assert_eq!(room.read(bob), ["! only operators can do that; see /help oper"], "{typed}");
    }
    assert_eq!(room.read(alice), NOTHING);
    room.send(bob, "/help");
    assert!(room.read(bob).iter().all(|line| !line.contains("/kick")));
    room.send(alice, "/help");
    let told = room.read(alice);
    assert!(
        told.iter().any(|line| line.contains("/kick NICK [WHY]")) && told.len() < 35,
        "{told:?}"
    );
}

#[test]
fn oper_replies_without_the_secret() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    let mut say = |attempt, in_clear| {
        let mut inputs = CommandBatch::new();
        inputs.push(Command {
            kind: CommandKind::OperResult { outcome: attempt, in_clear },
            text: "",
        });
        room.broker.handle_event(Event::Lines { id: ClientId::new(alice), inputs }, room.now);
        room.flush();
        room.read(alice)
    };
    assert_eq!(say(OperOutcome::Rejected, false), ["! that is not the secret"]);
    let useless = "! nobody becomes an operator here: the server has no --oper-file";
    assert_eq!(say(OperOutcome::Disabled, true), [useless]);
    let warning = "! what you typed went over the network for anybody to read: have the secret changed, and use chinwag admin";
    assert_eq!(say(OperOutcome::Rejected, true), ["! that is not the secret", warning]);
    let welcome = "* you are an operator now; /help lists what you can do";
    assert_eq!(say(OperOutcome::Accepted, true), [welcome, warning]);
    assert_eq!(room.read(bob), NOTHING, "the others hear nothing of it");
    // A line that comes past their own task is not said either.
    room.send(bob, "/oper correct horse battery");
    assert_eq!((room.read(alice), room.read(bob)), (vec![], vec![]));
}

#[test]
fn kicked_users_speak_nowhere_until_they_join() {
    let mut room = Room::new();
    let (alice, bob) = alice_and_bob(&mut room);
    let cy = room.join_as("cy");
    room.send(bob, "/join #dev");
    room.send(bob, "/join #lobby");
    room.discard_all();
    room.hand_over(cy, &["hello"]);
    room.hand_over(bob, &["buy this"]);
    room.send(alice, "/kick BOB \u{1b}[31mno \"ads\"");
    assert_eq!(
        room.read(cy),
        ["bob: buy this", "* bob left #lobby (kicked by alice, \"[31mno \\\"ads\\\"\")"]
    );
    assert_eq!(room.read(alice), ["cy: hello", "bob: buy this", "* you kicked bob out of #lobby"]);
    let told = [
        "cy: hello",
        "! alice kicked you out of #lobby: \"[31mno \\\"ads\\\"\"",
        "* you speak in no room now: /join one",
    ];
    assert_eq!(room.read(bob), told);
    room.send(bob, "why?");
    assert_eq!(
        room.read(bob),
        ["! you speak in no room, so nobody would hear that: /join #lobby first"]
    );
    room.send(alice, "hello");
    assert_eq!((room.read(bob), room.read(cy)), (vec![], vec!["alice: hello".to_owned()]));
    room.send(bob, "/join #lobby");
    assert_eq!(room.read(cy), ["* bob joined"]);
    room.leave(bob, LeaveReason::Quit(None));
    assert_eq!(room.read(cy), ["* bob left"]);
}

#[test]
fn a_kick_from_another_room_leaves_the_one_he_speaks_in() {
    let mut room = Room::new();
    let (alice, bob) = alice_and_bob(&mut room);
    room.send(bob, "/join #dev");
    room.discard_all();
    room.send(alice, "/kick bob");
    assert_eq!(room.read(bob), ["! alice kicked you out of #lobby"]);
    assert_eq!(room.read(alice), ["* you kicked bob out of #lobby"]);
    room.send(bob, "still here");
    room.send(bob, "/who");
    assert_eq!(room.read(bob), ["* 1 here: bob"]);
    for (typed, told) in [
        ("/kick", "! /kick wants a nick, as in: /kick bob"),
        ("/kick bob", "! bob is not in #lobby"),
        ("/kick alice", "! that is you yourself: /part leaves a room"),
        (
            "/kick bob 10m",
            "! /kick has no time, for they may come back at once: a reason that begins with one stands behind \"for\"; /ban keeps them out for a time, /mute silences them",
        ),
        ("/kick mallory", "! see /who for the names: nobody is called \"mallory\""),
    ] {
        room.send(alice, typed);
        assert_eq!(room.read(alice), [told], "{typed}");
    }
}

#[test]
fn kick_reasons_are_hidden_from_ignoring_users() {
    let mut room = Room::new();
    let (alice, bob) = alice_and_bob(&mut room);
    let cy = room.join_as("cy");
    room.send(cy, "/ignore alice");
    room.discard_all();
    room.send(alice, "/kick bob words");
    assert_eq!(room.read(cy), ["* bob left #lobby (kicked by alice)"]);
    let _ = bob;
}

#[test]
fn muted_users_are_not_read_until_the_mute_ends() {
    let mut room = Room::new();
    let (alice, bob) = alice_and_bob(&mut room);
    room.send(alice, "/mute bob 10m");
    assert_eq!(room.read(alice), ["* bob is muted for 10 minutes; /unmute bob ends it"]);
    assert_eq!(room.read(bob), ["! alice muted you for 10 minutes: nobody reads what you write"]);
    room.pass(30 * SECOND);
    let refused = "! you are muted for 9 minutes 30 seconds more: nobody reads what you write";
    for typed in [
        "hello",
        "/me waves",
        "/topic x",
        "/msg alice hello",
        "/reply hello",
        "/nick rob",
        "/away gone fishing",
    ] {
        room.send(bob, typed);
        assert_eq!(room.read(bob), [refused], "{typed}");
    }
    room.send(bob, "/who");
    assert_eq!(room.read(bob), ["* 2 here: alice, bob"], "what is for him alone goes on");
    assert_eq!(room.read(alice), NOTHING);
    room.pass(9 * 60 * SECOND + 30 * SECOND);
    room.send(bob, "hello");
    assert_eq!(room.read(alice), ["bob: hello"]);
    room.send(alice, "/unmute bob");
    assert_eq!(room.read(alice), ["! bob is not muted"]);
}

#[test]
fn a_mute_without_a_time_lasts_and_takes_last_words_too() {
    let mut room = Room::new();
    let (alice, bob) = alice_and_bob(&mut room);
    room.send(alice, "/mute bob");
    assert_eq!(room.read(bob), ["! alice muted you: nobody reads what you write"]);
    room.discard_all();
    room.pass(1_000_000 * SECOND);
    room.send(bob, "hello");
    assert_eq!(room.read(bob), ["! you are muted: nobody reads what you write"]);
    room.send(alice, "/unmute bob");
    assert_eq!(room.read(bob), ["* you are not muted any more"]);
    room.send(alice, "/mute bob");
    room.discard_all();
    room.leave(bob, LeaveReason::Quit(Some("buy this".into())));
    assert_eq!(room.read(alice), ["* bob left"]);
    let cy = room.join_as("cy");
    let forms = "a time is 30s, 10m, 2h, 7d, 1w, 1y, 1h30m or 2 hours";
    let no_time = |word| format!("! nobody is muted: \"{word}\" is no time; {forms}");
    let no_unit = |word| {
        format!(
            "! nobody is muted: \"{word}\" has no unit, as in {word}s, {word}m or {word}h; {forms}"
        )
    };
    for typed in ["/mute cy 1h30m", "/mute cy 90 minutes"] {
        room.send(alice, typed);
        assert_eq!(room.read(alice), ["* cy is muted for 1 hour 30 minutes; /unmute cy ends it"]);
    }
    room.discard_all();
    room.promote(cy);
    for (typed, told) in [
        ("/mute", "! /mute wants a nick, and a time if you like, as in: /mute bob 10m"),
        ("/mute cy soon", &no_time("soon")),
        ("/mute cy 10", &no_unit("10")),
        (
            "/mute cy 30min",
            "! nobody is muted: \"30min\" is no time; did you mean 30m? a time is 30s, 10m, 2h, 7d, 1w, 1y, 1h30m or 2 hours",
        ),
        ("/mute cy", "! cy is an operator, too"),
        ("/unmute", "! /unmute wants a nick, as in: /unmute bob"),
    ] {
        room.send(alice, typed);
        assert_eq!(room.read(alice), [told], "{typed}");
    }
}

#[test]
fn a_mute_outlives_its_connection() {
    let mut room = Room::new();
    let (alice, cy) = (room.join_as("alice"), room.join_as("cy"));
    room.promote(alice);
    for here in ["10.0.0.1", "2001:db8::1"] {
        room.address = here.parse().expect("an address");
        let (bob, before) = (room.join_as("bob"), room.join_as("before"));
        room.send(alice, "/mute bob");
        room.leave(bob, LeaveReason::ConnectionLost);
        let again = room.enter();
        room.flush();
        room.discard_all();
        for typed in ["hello", "/nick rob", "/msg alice hello"] {
            room.send(again, typed);
            let told = room.read(again);
            assert_eq!(told, ["! you are muted: nobody reads what you write"], "{typed}");
        }
        room.send(before, "I was here");
        assert_eq!(room.read(alice), ["before: I was here"]);
        // By the name that was muted, though nobody has it.
        room.send(alice, "/unmute BOB");
        assert_eq!(room.read(alice), ["* BOB is not muted any more"]);
        room.send(again, "thank you");
        assert!(room.read(alice)[0].ends_with(": thank you"));
        room.leave(again, LeaveReason::ConnectionLost);
        room.leave(before, LeaveReason::ConnectionLost);
        room.discard_all();
    }
    // On the machine itself nobody can be told apart but by the nick.
    room.address = std::net::Ipv4Addr::LOCALHOST.into();
    let bob = room.join_as("bob");
    room.send(alice, "/mute bob");
    room.leave(bob, LeaveReason::ConnectionLost);
    let dan = room.join_as("dan");
    room.discard_all();
    room.send(dan, "hello");
    assert_eq!(room.read(alice), ["dan: hello"]);
    room.send(dan, "/nick bob");
    room.discard_all();
    room.send(dan, "hello");
    assert_eq!(room.read(dan), ["! you are muted: nobody reads what you write"]);
    room.send(cy, "/who");
    room.discard_all();
}

#[test]
fn a_slow_room_takes_one_line_of_each_in_its_time() {
    let mut room = Room::new();
    let (alice, bob) = alice_and_bob(&mut room);
    let cy = room.join_as("cy");
    room.send(alice, "/slow 10s");
    assert_eq!(
        room.read(alice),
        ["* #lobby takes one line in 10 seconds of each now; /slow off ends it"]
    );
    assert_eq!(room.read(bob), ["* alice slowed this room: one line in 10 seconds of each"]);
    room.discard_all();
    room.hand_over(bob, &["one", "/me two"]);
    room.send(cy, "three");
    assert_eq!(room.read(alice), ["bob: one", "cy: three"]);
    let told = room.read(bob);
    assert!(
        told.contains(
            &"! this room takes one line in 10 seconds of each: wait for 10 seconds".to_owned()
        ),
        "{told:?}"
    );
    room.hand_over(alice, &["operators", "are free"]);
    room.pass(10 * SECOND);
    room.send(bob, "four");
    assert_eq!(room.read(cy), ["bob: one", "alice: operators", "alice: are free", "bob: four"]);
    let dan = room.enter();
    room.flush();
    assert!(
        room.read(dan).contains(&"* this room takes one line in 10 seconds of each".to_owned())
    );
    room.discard_all();
    room.send(alice, "/slow off");
    assert_eq!(room.read(bob), ["* alice ended the slow mode"]);
    room.discard_all();
    room.hand_over(bob, &["five", "six"]);
    room.flush();
    assert_eq!(room.read(alice), ["bob: five", "bob: six"]);
    for typed in ["/slow", "/slow 2h", "/slow never", "/slow 0s", "/slow 10", "/slow 5min"] {
        room.send(alice, typed);
        assert_eq!(
            room.read(alice),
            ["! /slow wants a time up to an hour, or off, as in: /slow 10s"]
        );
    }
}

#[test]
fn banned_users_are_disconnected_and_kept_out() {
    let mut room = Room::new();
    let (alice, _) = alice_and_bob(&mut room);
    room.address = "203.0.113.9".parse().unwrap();
    let (mallory, molly) = (room.join_as("Mallory"), room.join_as("molly"));
    room.send(alice, "/ban 203.0.113.0/24 2h buying \"ads\"");
    assert!(room.people[&mallory].is_disconnected() && room.people[&molly].is_disconnected());
    let told = room.read(alice);
    assert_eq!(told[2], "* 203.0.113.0/24 is banned for 2 hours; 2 people had to go");
    assert_eq!(told[..2], ["* Mallory left (banned)", "* molly left (banned)"]);
    let farewell = "! you are banned here for 2 hours: \"buying \\\"ads\\\"\"\r\n";
    for cut in [mallory, molly] {
        let told = room.people[&cut].inbox.state().take_disconnect_message();
        assert_eq!(told.as_deref(), Some(farewell));
    }
    let again = room.enter();
    room.flush();
    assert_eq!(room.read(again), ["! you are banned here for 2 hours: \"buying \\\"ads\\\"\""]);
    assert_eq!(room.read(alice), NOTHING);
    let metrics = room.metrics();
    assert_eq!((metrics.disconnects_banned, metrics.banned, metrics.users), (2, 1, 2));
    room.discard_all();
    room.pass(7_200 * SECOND);
    room.join();
    assert_eq!(room.metrics().users, 3);
}

#[test]
fn a_banned_nick_cannot_be_had() {
    let mut room = Room::new();
    let (alice, _) = alice_and_bob(&mut room);
    let mallory = room.join_as("Mallory");
    room.send(alice, "/ban mallory 2h spam");
    let told = room.read(alice);
    assert_eq!(
        told,
        [
            "* Mallory left (banned)",
            "* mallory is banned for 2 hours; 1 person had to go (from 127.0.0.1, which can be banned, too)"
        ]
    );
    assert!(room.people[&mallory].is_disconnected());
    let told = room.people[&mallory].inbox.state().take_disconnect_message();
    let farewell = "! the nick \"Mallory\" is banned here for 2 hours: \"spam\"\r\n";
    assert_eq!(told.as_deref(), Some(farewell));
    room.send(alice, "/ban mal*");
    let forever = "* mal* is banned for good, or until the server stops: it has no --state-dir; 0 people had to go";
    assert_eq!(room.read(alice), [forever]);
    let dan = room.join();
    for (nick, told) in [
        ("/nick MALLORY", "! the nick \"MALLORY\" is banned here for 2 hours: \"spam\""),
        ("/nick malcolm", "! the nick \"malcolm\" is banned here for good"),
    ] {
        room.send(dan, nick);
        assert_eq!(room.read(dan), [told]);
    }
    room.discard_all();
    room.send(alice, "/bans");
    assert_eq!(
        room.read(alice),
        ["* 2 bans:", "* mallory for 2 hours: \"spam\"", "* mal* for good"]
    );
    room.send(alice, "/unban MAL*");
    assert_eq!(room.read(alice), ["* mal* is not banned any more"]);
    room.send(dan, "/nick malcolm");
    assert_eq!(room.read(dan), ["* you are malcolm now"]);
}

#[test]
fn bans_and_mutes_meet_look_alikes() {
    let mut room = Room::new();
    let (alice, bob) = alice_and_bob(&mut room);
    let mallory = room.join_as("maIIory");
    room.discard_all();
    room.send(alice, "/ban mallory 2h");
    let told = room.read(alice);
    assert_eq!(told[0], "* maIIory left (banned)");
    assert!(told[1].contains("1 person had to go (from 127.0.0.1, which"), "{told:?}");
    assert!(room.people[&mallory].is_disconnected());
    let again = room.join();
    room.send(again, "/nick Ma1lory");
    assert_eq!(room.read(again), ["! the nick \"Ma1lory\" is banned here for 2 hours"]);
    room.discard_all();
    room.send(alice, "/unban maIlory");
    assert_eq!(room.read(alice), ["* mallory is not banned any more"]);
    // On the machine itself a mute goes by the nick.
    room.send(alice, "/mute bob");
    room.leave(bob, LeaveReason::Eof);
    room.send(again, "/nick b0b");
    room.discard_all();
    room.send(again, "hello");
    assert_eq!(room.read(again), ["! you are muted: nobody reads what you write"]);
    room.send(alice, "/unmute bob");
    assert_eq!(room.read(alice), ["* bob is not muted any more"]);
    room.send(again, "hello");
    assert_eq!(room.read(alice), ["b0b: hello"]);
}

#[test]
fn bans_that_make_no_sense_are_refused_in_plain_words() {
    let mut room = Room::new();
    let (alice, _) = alice_and_bob(&mut room);
    room.address = "203.0.113.9".parse().unwrap();
    let guest = room.join();
    room.discard_all();
    for (typed, told) in [
        ("/ban", "! /ban wants a nick or an address, as in: /ban bob 2h"),
        ("/ban *", "! that would ban everybody"),
        ("/ban a*", "! that would ban you, too"),
        ("/ban 127.0.0.1", "! that would ban you, too"),
        (
            "/ban user-3",
            "! user-3 is a name that nobody has twice; they come from 203.0.113.9, which can be banned",
        ),
        (
            "/ban a.b",
            "! a ban is on a nick (with * and ? if you like), an address or a range, as in 203.0.113.0/24: \"a.b\"",
        ),
        (
            "/ban user-1",
            "! nobody can choose that nick, so a ban on it would do nothing: the nick \"user-1\" is reserved",
        ),
        (
            "/ban system",
            "! nobody can choose that nick, so a ban on it would do nothing: the nick \"system\" is reserved",
        ),
        ("/ban 10*", "! nicks begin with a letter, so a ban on 10* would do nothing"),
        ("/unban bob", "! bob is not banned; /bans lists who is"),
        ("/bans", "* nobody is banned"),
    ] {
        room.send(alice, typed);
        assert_eq!(room.read(alice), [told], "{typed}");
    }
    room.send(alice, "/ban user-* 1h");
    let note = "* user-* is banned for 1 hour; 0 people had to go (names that the server gave, as user-7, are not meant: ban addresses)";
    assert_eq!(room.read(alice), [note]);
    assert!(
        !room.people[&guest].is_disconnected(),
        "names that nobody chose are meant by no pattern"
    );
}

#[test]
fn a_mistyped_duration_bans_no_user() {
    let mut room = Room::new();
    let (alice, bob) = alice_and_bob(&mut room);
    for typed in [
        "/ban evil 2hours",
        "/ban evil 90",
        "/ban evil 30min",
        "/ban evil 0s",
        "/ban evil 3rd warning",
        "/ban evil 1h 30m",
        "/ban evil for 2h",
        "/ban bob 2H",
    ] {
        room.send(alice, typed);
        let told = room.read(alice);
        assert!(
            told.len() == 1 && told[0].starts_with("! nobody is banned: "),
            "{typed}: {told:?}"
        );
    }
    assert!(!room.people[&bob].is_disconnected());
    room.send(alice, "/bans");
    assert_eq!(room.read(alice), ["* nobody is banned"]);
    for (typed, told) in [
        ("/ban evil 1w", "* evil is banned for 7 days; 0 people had to go"),
        ("/ban evil 1y spam", "* evil is banned for 365 days; 0 people had to go"),
        ("/ban evil 1h30m", "* evil is banned for 1 hour 30 minutes; 0 people had to go"),
        ("/ban evil 2 hours spam", "* evil is banned for 2 hours; 0 people had to go"),
    ] {
        room.send(alice, typed);
        assert_eq!(room.read(alice), [told], "{typed}");
    }
    room.send(alice, "/ban evil for 3rd warning");
    room.discard_all();
    room.send(alice, "/bans");
    assert_eq!(room.read(alice), ["* 1 ban:", "* evil for good: \"3rd warning\""]);
}

#[test]
fn a_ban_of_one_ipv6_address_advises_its_64() {
    let mut room = Room::new();
    let (alice, _) = alice_and_bob(&mut room);
    room.address = "2001:db8:1:2:3:4:5:6".parse().unwrap();
    let mallory = room.join_as("mallory");
    room.send(alice, "/ban mallory 1h");
    let told = room.read(alice);
    let advice = "* mallory is banned for 1 hour; 1 person had to go (from 2001:db8:1:2::/64, which can be banned, too)";
    assert_eq!(told[1], advice);
    assert!(room.people[&mallory].is_disconnected());
    room.send(alice, "/ban 2001:db8:1:2:3:4:5:6 1h");
    let advice = "* 2001:db8:1:2:3:4:5:6 is banned for 1 hour; 0 people had to go (who has one address of 2001:db8:1:2::/64 has all of them: ban that)";
    assert_eq!(room.read(alice), [advice]);
    room.send(alice, "/ban 2001:db8:1:2::/64 1h");
    room.discard_all();
    for (typed, whom) in [("2001:db8:1:2::7", "2001:db8:1:2::/64"), ("mallory", "")] {
        room.send(alice, &format!("/unban {typed}"));
        let told = match whom {
            "" => format!("* {typed} is not banned any more"),
            whom => format!("! {typed} is banned as part of {whom}, and that ban can be ended"),
        };
        assert_eq!(room.read(alice), [told]);
    }
}

#[test]
fn bans_are_listed_page_by_page_and_there_are_only_so_many() {
    let mut room = Room::new();
    let (alice, _) = alice_and_bob(&mut room);
    for number in 0..MAX_BANS {
        assert!(order(&mut room, BanCommand::Ban(format!("x{number} 1h"))).is_ok());
    }
    let full = "there are 1000 bans already: end one of them first, or ban a range";
    assert_eq!(order(&mut room, BanCommand::Ban("one-more".into())), Err(full.to_owned()));
    room.send(alice, "/bans 84");
    let told = room.read(alice);
    assert_eq!((told[0].as_str(), told.len()), ("* 1000 bans, page 84 of 84:", 5));
    room.send(alice, "/bans 85");
    assert_eq!(room.read(alice), ["! there is no page 85 of bans: the last one is /bans 84"]);
    let listed = room.order(|answer| AdminCommand::Bans { answer });
    assert_eq!(listed.len(), MAX_BANS);
}

#[test]
fn operators_hear_of_bans_that_cannot_be_written() {
    let mut room = Room::new();
    let (alice, bob) = alice_and_bob(&mut room);
    let order = AdminCommand::BanStoreFailed { reason: "the disk is full".into() };
    room.broker.handle_control(crate::chat::event::Control::Admin(order), room.now);
    room.flush();
    let told =
        "! the bans hold, but a restart forgets them, for they cannot be written: the disk is full";
    assert_eq!((room.read(alice), room.read(bob)), (vec![told.to_owned()], vec![]));
}

/// What was asked of a user's task, and with the place that it shows.
fn aside(room: &Room, id: u64) -> Option<SideMessage> {
    room.people[&id].inbox.state().take_side_message().map(|aside| *aside)
}

/// A user's task finds out that the connection does not answer.
fn silent(room: &mut Room, id: u64, probe: Probe) {
    let (silence, rest) = (Duration::from_secs(42), Duration::from_secs(48));
    let event = Event::Unresponsive { id: ClientId::new(id), probe, silence, rest };
    room.broker.handle_event(event, room.now);
    room.flush();
}

#[test]
fn asking_for_the_nick_of_a_dead_connection_probes_it() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    room.send(alice, "/nick BOB");
    assert_eq!(room.read(alice), ["! the nick \"BOB\" is taken"]);
    let probe = Probe { requester: ClientId::new(alice), disconnects: false };
    assert_eq!(aside(&room, bob), Some(SideMessage { probe: Some(probe), prompt: None }));
    silent(&mut room, bob, probe);
    assert_eq!(
        room.read(alice),
        [
            "! nothing has come from bob's connection for 42 seconds, and it is ended in about 48 seconds, or by an operator (/kick bob): ask again then"
        ]
    );
    assert_eq!(room.metrics().users, 2);
    // The user who asked is gone, or the other: nobody is told.
    room.leave(alice, LeaveReason::Eof);
    silent(&mut room, bob, probe);
    room.leave(bob, LeaveReason::ConnectionLost);
    silent(&mut room, bob, probe);
}

#[test]
fn a_kick_ends_a_dead_connection() {
    let mut room = Room::new();
    let (alice, bob) = alice_and_bob(&mut room);
    let cy = room.join_as("cy");
    room.send(bob, "/join #dev");
    room.send(cy, "/join #dev");
    room.send(alice, "/part #lobby");
    room.send(alice, "/join #ops");
    room.discard_all();
    // Also where the kick itself does nothing.
    room.send(alice, "/kick bob");
    assert_eq!(room.read(alice), ["! bob is not in #ops"]);
    let probe = Probe { requester: ClientId::new(alice), disconnects: true };
    assert_eq!(aside(&room, bob), Some(SideMessage { probe: Some(probe), prompt: None }));
    silent(&mut room, bob, probe);
    let told = ["* nothing has come from bob's connection for 42 seconds, and it was ended"];
    assert_eq!(room.read(alice), told);
    assert!(room.people[&bob].is_disconnected());
    assert_eq!(
        room.read(cy),
        ["#lobby * bob left (connection lost)", "* bob left (connection lost)"]
    );
    room.send(cy, "/nick bob");
    assert_eq!(room.read(cy), ["* you are bob now"]);
    // Nobody else ends anything so.
    let probe = Probe { requester: ClientId::new(cy), disconnects: true };
    silent(&mut room, alice, probe);
    assert!(!room.people[&alice].is_disconnected());
}

#[test]
fn line_editors_show_the_current_room() {
    let mut room = Room::new();
    let (alice, bob) = alice_and_bob(&mut room);
    let shown = |room: &mut Room, line: &str| {
        room.send(bob, line);
        aside(room, bob).and_then(|aside| aside.prompt).map(|Prompt { nick, room }| {
            format!("{nick} in {}", room.map_or("none".to_owned(), |room| room.to_string()))
        })
    };
    assert_eq!(shown(&mut room, "/nick rob"), None, "nobody is told who does not edit");
    assert_eq!(shown(&mut room, "/edit on").as_deref(), Some("rob in #lobby"));
    assert_eq!(shown(&mut room, "/nick bob").as_deref(), Some("bob in #lobby"));
    assert_eq!(shown(&mut room, "/join #dev").as_deref(), Some("bob in #dev"));
    assert_eq!(shown(&mut room, "/join #lobby").as_deref(), Some("bob in #lobby"));
    assert_eq!(shown(&mut room, "/part #dev"), None, "that is another room");
    room.send(alice, "/kick bob");
    assert_eq!(aside(&room, bob).and_then(|aside| aside.prompt).and_then(|place| place.room), None);
    assert_eq!(shown(&mut room, "/join #dev").as_deref(), Some("bob in #dev"));
    assert_eq!(shown(&mut room, "/part").as_deref(), Some("bob in none"));
    assert_eq!(shown(&mut room, "/edit off"), None);
    assert_eq!(shown(&mut room, "/nick rob"), None);
}
