//! What operators can do, at the level of events.

use super::harness::Harness;
use crate::chat::admin_command::{AdminCommand, BanCommand, BanOutcome};
use crate::chat::event::{ClientId, CommandBatch, Event, LeaveReason};
use crate::limits::MAX_BANS;
use crate::outbound::side_message::{Probe, Prompt, SideMessage};
use crate::protocol::command::{Command, CommandKind, OperOutcome};
use std::time::Duration;

const NOTHING: [String; 0] = [];
const SECOND: Duration = Duration::from_secs(1);

/// Alice, who is an operator, and Bob, who is none.
fn alice_and_bob(harness: &mut Harness) -> (u64, u64) {
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    harness.promote(alice);
    (alice, bob)
}

/// What comes of an order about bans.
fn order(harness: &mut Harness, command: BanCommand) -> Result<BanOutcome, String> {
    harness
        .admin(|answer| AdminCommand::ChangeBans { command, answer })
        .map_err(|error| error.to_string())
}

#[test]
fn only_operators_can_moderate_and_read_its_help() {
    let mut harness = Harness::new();
    let (alice, bob) = alice_and_bob(&mut harness);
    for typed in [
        "/kick alice",
        "/ban alice",
        "/unban alice",
        "/bans",
        "/mute alice",
        "/unmute alice",
        "/slow 10s",
    ] {
        harness.send(bob, typed);
        assert_eq!(harness.read(bob), ["! only operators can do that; see /help oper"], "{typed}");
    }
    assert_eq!(harness.read(alice), NOTHING);
    harness.send(bob, "/help");
    assert!(harness.read(bob).iter().all(|line| !line.contains("/kick")));
    harness.send(alice, "/help");
    let told = harness.read(alice);
    assert!(
        told.iter().any(|line| line.contains("/kick NICK [WHY]")) && told.len() < 35,
        "{told:?}"
    );
}

#[test]
fn oper_replies_without_the_secret() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    let mut say = |attempt, in_clear| {
        let mut inputs = CommandBatch::new();
        inputs.push(Command {
            kind: CommandKind::OperResult { outcome: attempt, in_clear },
            text: "",
        });
        harness.broker.handle_event(Event::Lines { id: ClientId::new(alice), inputs }, harness.now);
        harness.flush();
        harness.read(alice)
    };
    assert_eq!(say(OperOutcome::Rejected, false), ["! that is not the secret"]);
    let useless = "! nobody becomes an operator here: the server has no --oper-file";
    assert_eq!(say(OperOutcome::Disabled, true), [useless]);
    let warning = "! what you typed went over the network for anybody to read: have the secret changed, and use chinwag admin";
    assert_eq!(say(OperOutcome::Rejected, true), ["! that is not the secret", warning]);
    let welcome = "* you are an operator now; /help lists what you can do";
    assert_eq!(say(OperOutcome::Accepted, true), [welcome, warning]);
    assert_eq!(harness.read(bob), NOTHING, "the others hear nothing of it");
    // A line that comes past their own task is not said either.
    harness.send(bob, "/oper correct horse battery");
    assert_eq!((harness.read(alice), harness.read(bob)), (vec![], vec![]));
}

#[test]
fn kicked_users_speak_nowhere_until_they_join() {
    let mut harness = Harness::new();
    let (alice, bob) = alice_and_bob(&mut harness);
    let cy = harness.join_as("cy");
    harness.send(bob, "/join #dev");
    harness.send(bob, "/join #lobby");
    harness.discard_all();
    harness.submit(cy, &["hello"]);
    harness.submit(bob, &["buy this"]);
    harness.send(alice, "/kick BOB \u{1b}[31mno \"ads\"");
    assert_eq!(
        harness.read(cy),
        ["bob: buy this", "* bob left #lobby (kicked by alice, \"[31mno \\\"ads\\\"\")"]
    );
    assert_eq!(
        harness.read(alice),
        ["cy: hello", "bob: buy this", "* you kicked bob out of #lobby"]
    );
    let told = [
        "cy: hello",
        "! alice kicked you out of #lobby: \"[31mno \\\"ads\\\"\"",
        "* you speak in no room now: /join one",
    ];
    assert_eq!(harness.read(bob), told);
    harness.send(bob, "why?");
    assert_eq!(
        harness.read(bob),
        ["! you speak in no room, so nobody would hear that: /join #lobby first"]
    );
    harness.send(alice, "hello");
    assert_eq!((harness.read(bob), harness.read(cy)), (vec![], vec!["alice: hello".to_owned()]));
    harness.send(bob, "/join #lobby");
    assert_eq!(harness.read(cy), ["* bob joined"]);
    harness.leave(bob, LeaveReason::Quit(None));
    assert_eq!(harness.read(cy), ["* bob left"]);
}

#[test]
fn a_kick_from_another_room_leaves_the_one_he_speaks_in() {
    let mut harness = Harness::new();
    let (alice, bob) = alice_and_bob(&mut harness);
    harness.send(bob, "/join #dev");
    harness.discard_all();
    harness.send(alice, "/kick bob");
    assert_eq!(harness.read(bob), ["! alice kicked you out of #lobby"]);
    assert_eq!(harness.read(alice), ["* you kicked bob out of #lobby"]);
    harness.send(bob, "still here");
    harness.send(bob, "/who");
    assert_eq!(harness.read(bob), ["* 1 here: bob"]);
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
        harness.send(alice, typed);
        assert_eq!(harness.read(alice), [told], "{typed}");
    }
}

#[test]
fn kick_reasons_are_hidden_from_ignoring_users() {
    let mut harness = Harness::new();
    let (alice, bob) = alice_and_bob(&mut harness);
    let cy = harness.join_as("cy");
    harness.send(cy, "/ignore alice");
    harness.discard_all();
    harness.send(alice, "/kick bob words");
    assert_eq!(harness.read(cy), ["* bob left #lobby (kicked by alice)"]);
    let _ = bob;
}

#[test]
fn muted_users_are_not_read_until_the_mute_ends() {
    let mut harness = Harness::new();
    let (alice, bob) = alice_and_bob(&mut harness);
    harness.send(alice, "/mute bob 10m");
    assert_eq!(harness.read(alice), ["* bob is muted for 10 minutes; /unmute bob ends it"]);
    assert_eq!(
        harness.read(bob),
        ["! alice muted you for 10 minutes: nobody reads what you write"]
    );
    harness.advance(30 * SECOND);
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
        harness.send(bob, typed);
        assert_eq!(harness.read(bob), [refused], "{typed}");
    }
    harness.send(bob, "/who");
    assert_eq!(harness.read(bob), ["* 2 here: alice, bob"], "what is for him alone goes on");
    assert_eq!(harness.read(alice), NOTHING);
    harness.advance(9 * 60 * SECOND + 30 * SECOND);
    harness.send(bob, "hello");
    assert_eq!(harness.read(alice), ["bob: hello"]);
    harness.send(alice, "/unmute bob");
    assert_eq!(harness.read(alice), ["! bob is not muted"]);
}

#[test]
fn a_mute_without_a_time_lasts_and_takes_last_words_too() {
    let mut harness = Harness::new();
    let (alice, bob) = alice_and_bob(&mut harness);
    harness.send(alice, "/mute bob");
    assert_eq!(harness.read(bob), ["! alice muted you: nobody reads what you write"]);
    harness.discard_all();
    harness.advance(1_000_000 * SECOND);
    harness.send(bob, "hello");
    assert_eq!(harness.read(bob), ["! you are muted: nobody reads what you write"]);
    harness.send(alice, "/unmute bob");
    assert_eq!(harness.read(bob), ["* you are not muted any more"]);
    harness.send(alice, "/mute bob");
    harness.discard_all();
    harness.leave(bob, LeaveReason::Quit(Some("buy this".into())));
    assert_eq!(harness.read(alice), ["* bob left"]);
    let cy = harness.join_as("cy");
    let forms = "a time is 30s, 10m, 2h, 7d, 1w, 1y, 1h30m or 2 hours";
    let no_time = |word| format!("! nobody is muted: \"{word}\" is no time; {forms}");
    let no_unit = |word| {
        format!(
            "! nobody is muted: \"{word}\" has no unit, as in {word}s, {word}m or {word}h; {forms}"
        )
    };
    for typed in ["/mute cy 1h30m", "/mute cy 90 minutes"] {
        harness.send(alice, typed);
        assert_eq!(
            harness.read(alice),
            ["* cy is muted for 1 hour 30 minutes; /unmute cy ends it"]
        );
    }
    harness.discard_all();
    harness.promote(cy);
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
        harness.send(alice, typed);
        assert_eq!(harness.read(alice), [told], "{typed}");
    }
}

#[test]
fn a_mute_outlives_its_connection() {
    let mut harness = Harness::new();
    let (alice, cy) = (harness.join_as("alice"), harness.join_as("cy"));
    harness.promote(alice);
    for here in ["10.0.0.1", "2001:db8::1"] {
        harness.address = here.parse().expect("an address");
        let (bob, before) = (harness.join_as("bob"), harness.join_as("before"));
        harness.send(alice, "/mute bob");
        harness.leave(bob, LeaveReason::ConnectionLost);
        let again = harness.enter();
        harness.flush();
        harness.discard_all();
        for typed in ["hello", "/nick rob", "/msg alice hello"] {
            harness.send(again, typed);
            let told = harness.read(again);
            assert_eq!(told, ["! you are muted: nobody reads what you write"], "{typed}");
        }
        harness.send(before, "I was here");
        assert_eq!(harness.read(alice), ["before: I was here"]);
        // By the name that was muted, though nobody has it.
        harness.send(alice, "/unmute BOB");
        assert_eq!(harness.read(alice), ["* BOB is not muted any more"]);
        harness.send(again, "thank you");
        assert!(harness.read(alice)[0].ends_with(": thank you"));
        harness.leave(again, LeaveReason::ConnectionLost);
        harness.leave(before, LeaveReason::ConnectionLost);
        harness.discard_all();
    }
    // On the machine itself nobody can be told apart but by the nick.
    harness.address = std::net::Ipv4Addr::LOCALHOST.into();
    let bob = harness.join_as("bob");
    harness.send(alice, "/mute bob");
    harness.leave(bob, LeaveReason::ConnectionLost);
    let dan = harness.join_as("dan");
    harness.discard_all();
    harness.send(dan, "hello");
    assert_eq!(harness.read(alice), ["dan: hello"]);
    harness.send(dan, "/nick bob");
    harness.discard_all();
    harness.send(dan, "hello");
    assert_eq!(harness.read(dan), ["! you are muted: nobody reads what you write"]);
    harness.send(cy, "/who");
    harness.discard_all();
}

#[test]
fn a_slow_room_takes_one_line_of_each_in_its_time() {
    let mut harness = Harness::new();
    let (alice, bob) = alice_and_bob(&mut harness);
    let cy = harness.join_as("cy");
    harness.send(alice, "/slow 10s");
    assert_eq!(
        harness.read(alice),
        ["* #lobby takes one line in 10 seconds of each now; /slow off ends it"]
    );
    assert_eq!(harness.read(bob), ["* alice slowed this room: one line in 10 seconds of each"]);
    harness.discard_all();
    harness.submit(bob, &["one", "/me two"]);
    harness.send(cy, "three");
    assert_eq!(harness.read(alice), ["bob: one", "cy: three"]);
    let told = harness.read(bob);
    assert!(
        told.contains(
            &"! this room takes one line in 10 seconds of each: wait for 10 seconds".to_owned()
        ),
        "{told:?}"
    );
    harness.submit(alice, &["operators", "are free"]);
    harness.advance(10 * SECOND);
    harness.send(bob, "four");
    assert_eq!(harness.read(cy), ["bob: one", "alice: operators", "alice: are free", "bob: four"]);
    let dan = harness.enter();
    harness.flush();
    assert!(
        harness.read(dan).contains(&"* this room takes one line in 10 seconds of each".to_owned())
    );
    harness.discard_all();
    harness.send(alice, "/slow off");
    assert_eq!(harness.read(bob), ["* alice ended the slow mode"]);
    harness.discard_all();
    harness.submit(bob, &["five", "six"]);
    harness.flush();
    assert_eq!(harness.read(alice), ["bob: five", "bob: six"]);
    for typed in ["/slow", "/slow 2h", "/slow never", "/slow 0s", "/slow 10", "/slow 5min"] {
        harness.send(alice, typed);
        assert_eq!(
            harness.read(alice),
            ["! /slow wants a time up to an hour, or off, as in: /slow 10s"]
        );
    }
}

#[test]
fn banned_users_are_disconnected_and_kept_out() {
    let mut harness = Harness::new();
    let (alice, _) = alice_and_bob(&mut harness);
    harness.address = "203.0.113.9".parse().unwrap();
    let (mallory, molly) = (harness.join_as("Mallory"), harness.join_as("molly"));
    harness.send(alice, "/ban 203.0.113.0/24 2h buying \"ads\"");
    assert!(
        harness.clients[&mallory].is_disconnected() && harness.clients[&molly].is_disconnected()
    );
    let told = harness.read(alice);
    assert_eq!(told[2], "* 203.0.113.0/24 is banned for 2 hours; 2 people had to go");
    assert_eq!(told[..2], ["* Mallory left (banned)", "* molly left (banned)"]);
    let farewell = "! you are banned here for 2 hours: \"buying \\\"ads\\\"\"\r\n";
    for cut in [mallory, molly] {
        let told = harness.clients[&cut].receiver.state().take_disconnect_message();
        assert_eq!(told.as_deref(), Some(farewell));
    }
    let again = harness.enter();
    harness.flush();
    assert_eq!(harness.read(again), ["! you are banned here for 2 hours: \"buying \\\"ads\\\"\""]);
    assert_eq!(harness.read(alice), NOTHING);
    let metrics = harness.metrics();
    assert_eq!((metrics.disconnects_banned, metrics.banned, metrics.users), (2, 1, 2));
    harness.discard_all();
    harness.advance(7_200 * SECOND);
    harness.join();
    assert_eq!(harness.metrics().users, 3);
}

#[test]
fn a_banned_nick_cannot_be_had() {
    let mut harness = Harness::new();
    let (alice, _) = alice_and_bob(&mut harness);
    let mallory = harness.join_as("Mallory");
    harness.send(alice, "/ban mallory 2h spam");
    let told = harness.read(alice);
    assert_eq!(
        told,
        [
            "* Mallory left (banned)",
            "* mallory is banned for 2 hours; 1 person had to go (from 127.0.0.1, which can be banned, too)"
        ]
    );
    assert!(harness.clients[&mallory].is_disconnected());
    let told = harness.clients[&mallory].receiver.state().take_disconnect_message();
    let farewell = "! the nick \"Mallory\" is banned here for 2 hours: \"spam\"\r\n";
    assert_eq!(told.as_deref(), Some(farewell));
    harness.send(alice, "/ban mal*");
    let forever = "* mal* is banned for good, or until the server stops: it has no --state-dir; 0 people had to go";
    assert_eq!(harness.read(alice), [forever]);
    let dan = harness.join();
    for (nick, told) in [
        ("/nick MALLORY", "! the nick \"MALLORY\" is banned here for 2 hours: \"spam\""),
        ("/nick malcolm", "! the nick \"malcolm\" is banned here for good"),
    ] {
        harness.send(dan, nick);
        assert_eq!(harness.read(dan), [told]);
    }
    harness.discard_all();
    harness.send(alice, "/bans");
    assert_eq!(
        harness.read(alice),
        ["* 2 bans:", "* mallory for 2 hours: \"spam\"", "* mal* for good"]
    );
    harness.send(alice, "/unban MAL*");
    assert_eq!(harness.read(alice), ["* mal* is not banned any more"]);
    harness.send(dan, "/nick malcolm");
    assert_eq!(harness.read(dan), ["* you are malcolm now"]);
}

#[test]
fn bans_and_mutes_meet_look_alikes() {
    let mut harness = Harness::new();
    let (alice, bob) = alice_and_bob(&mut harness);
    let mallory = harness.join_as("maIIory");
    harness.discard_all();
    harness.send(alice, "/ban mallory 2h");
    let told = harness.read(alice);
    assert_eq!(told[0], "* maIIory left (banned)");
    assert!(told[1].contains("1 person had to go (from 127.0.0.1, which"), "{told:?}");
    assert!(harness.clients[&mallory].is_disconnected());
    let again = harness.join();
    harness.send(again, "/nick Ma1lory");
    assert_eq!(harness.read(again), ["! the nick \"Ma1lory\" is banned here for 2 hours"]);
    harness.discard_all();
    harness.send(alice, "/unban maIlory");
    assert_eq!(harness.read(alice), ["* mallory is not banned any more"]);
    // On the machine itself a mute goes by the nick.
    harness.send(alice, "/mute bob");
    harness.leave(bob, LeaveReason::Eof);
    harness.send(again, "/nick b0b");
    harness.discard_all();
    harness.send(again, "hello");
    assert_eq!(harness.read(again), ["! you are muted: nobody reads what you write"]);
    harness.send(alice, "/unmute bob");
    assert_eq!(harness.read(alice), ["* bob is not muted any more"]);
    harness.send(again, "hello");
    assert_eq!(harness.read(alice), ["b0b: hello"]);
}

#[test]
fn bans_that_make_no_sense_are_refused_in_plain_words() {
    let mut harness = Harness::new();
    let (alice, _) = alice_and_bob(&mut harness);
    harness.address = "203.0.113.9".parse().unwrap();
    let guest = harness.join();
    harness.discard_all();
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
        harness.send(alice, typed);
        assert_eq!(harness.read(alice), [told], "{typed}");
    }
    harness.send(alice, "/ban user-* 1h");
    let note = "* user-* is banned for 1 hour; 0 people had to go (names that the server gave, as user-7, are not meant: ban addresses)";
    assert_eq!(harness.read(alice), [note]);
    assert!(
        !harness.clients[&guest].is_disconnected(),
        "names that nobody chose are meant by no pattern"
    );
}

#[test]
fn a_mistyped_duration_bans_no_user() {
    let mut harness = Harness::new();
    let (alice, bob) = alice_and_bob(&mut harness);
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
        harness.send(alice, typed);
        let told = harness.read(alice);
        assert!(
            told.len() == 1 && told[0].starts_with("! nobody is banned: "),
            "{typed}: {told:?}"
        );
    }
    assert!(!harness.clients[&bob].is_disconnected());
    harness.send(alice, "/bans");
    assert_eq!(harness.read(alice), ["* nobody is banned"]);
    for (typed, told) in [
        ("/ban evil 1w", "* evil is banned for 7 days; 0 people had to go"),
        ("/ban evil 1y spam", "* evil is banned for 365 days; 0 people had to go"),
        ("/ban evil 1h30m", "* evil is banned for 1 hour 30 minutes; 0 people had to go"),
        ("/ban evil 2 hours spam", "* evil is banned for 2 hours; 0 people had to go"),
    ] {
        harness.send(alice, typed);
        assert_eq!(harness.read(alice), [told], "{typed}");
    }
    harness.send(alice, "/ban evil for 3rd warning");
    harness.discard_all();
    harness.send(alice, "/bans");
    assert_eq!(harness.read(alice), ["* 1 ban:", "* evil for good: \"3rd warning\""]);
}

#[test]
fn a_ban_of_one_ipv6_address_advises_its_64() {
    let mut harness = Harness::new();
    let (alice, _) = alice_and_bob(&mut harness);
    harness.address = "2001:db8:1:2:3:4:5:6".parse().unwrap();
    let mallory = harness.join_as("mallory");
    harness.send(alice, "/ban mallory 1h");
    let told = harness.read(alice);
    let advice = "* mallory is banned for 1 hour; 1 person had to go (from 2001:db8:1:2::/64, which can be banned, too)";
    assert_eq!(told[1], advice);
    assert!(harness.clients[&mallory].is_disconnected());
    harness.send(alice, "/ban 2001:db8:1:2:3:4:5:6 1h");
    let advice = "* 2001:db8:1:2:3:4:5:6 is banned for 1 hour; 0 people had to go (who has one address of 2001:db8:1:2::/64 has all of them: ban that)";
    assert_eq!(harness.read(alice), [advice]);
    harness.send(alice, "/ban 2001:db8:1:2::/64 1h");
    harness.discard_all();
    for (typed, whom) in [("2001:db8:1:2::7", "2001:db8:1:2::/64"), ("mallory", "")] {
        harness.send(alice, &format!("/unban {typed}"));
        let told = match whom {
            "" => format!("* {typed} is not banned any more"),
            whom => format!("! {typed} is banned as part of {whom}, and that ban can be ended"),
        };
        assert_eq!(harness.read(alice), [told]);
    }
}

#[test]
fn bans_are_listed_page_by_page_and_there_are_only_so_many() {
    let mut harness = Harness::new();
    let (alice, _) = alice_and_bob(&mut harness);
    for number in 0..MAX_BANS {
        assert!(order(&mut harness, BanCommand::Ban(format!("x{number} 1h"))).is_ok());
    }
    let full = "there are 1000 bans already: end one of them first, or ban a range";
    assert_eq!(order(&mut harness, BanCommand::Ban("one-more".into())), Err(full.to_owned()));
    harness.send(alice, "/bans 84");
    let told = harness.read(alice);
    assert_eq!((told[0].as_str(), told.len()), ("* 1000 bans, page 84 of 84:", 5));
    harness.send(alice, "/bans 85");
    assert_eq!(harness.read(alice), ["! there is no page 85 of bans: the last one is /bans 84"]);
    let listed = harness.admin(|answer| AdminCommand::Bans { answer });
    assert_eq!(listed.len(), MAX_BANS);
}

#[test]
fn operators_hear_of_bans_that_cannot_be_written() {
    let mut harness = Harness::new();
    let (alice, bob) = alice_and_bob(&mut harness);
    let order = AdminCommand::BanStoreFailed { reason: "the disk is full".into() };
    harness.broker.handle_control(crate::chat::event::Control::Admin(order), harness.now);
    harness.flush();
    let told =
        "! the bans hold, but a restart forgets them, for they cannot be written: the disk is full";
    assert_eq!((harness.read(alice), harness.read(bob)), (vec![told.to_owned()], vec![]));
}

/// What was asked of a user's task, and with the place that it shows.
fn aside(harness: &Harness, id: u64) -> Option<SideMessage> {
    harness.clients[&id].receiver.state().take_side_message().map(|aside| *aside)
}

/// A user's task finds out that the connection does not answer.
fn silent(harness: &mut Harness, id: u64, probe: Probe) {
    let (silence, rest) = (Duration::from_secs(42), Duration::from_secs(48));
    let event = Event::Unresponsive { id: ClientId::new(id), probe, silence, rest };
    harness.broker.handle_event(event, harness.now);
    harness.flush();
}

#[test]
fn asking_for_the_nick_of_a_dead_connection_probes_it() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    harness.send(alice, "/nick BOB");
    assert_eq!(harness.read(alice), ["! the nick \"BOB\" is taken"]);
    let probe = Probe { requester: ClientId::new(alice), disconnects: false };
    assert_eq!(aside(&harness, bob), Some(SideMessage { probe: Some(probe), prompt: None }));
    silent(&mut harness, bob, probe);
    assert_eq!(
        harness.read(alice),
        [
            "! nothing has come from bob's connection for 42 seconds, and it is ended in about 48 seconds, or by an operator (/kick bob): ask again then"
        ]
    );
    assert_eq!(harness.metrics().users, 2);
    // The user who asked is gone, or the other: nobody is told.
    harness.leave(alice, LeaveReason::Eof);
    silent(&mut harness, bob, probe);
    harness.leave(bob, LeaveReason::ConnectionLost);
    silent(&mut harness, bob, probe);
}

#[test]
fn a_kick_ends_a_dead_connection() {
    let mut harness = Harness::new();
    let (alice, bob) = alice_and_bob(&mut harness);
    let cy = harness.join_as("cy");
    harness.send(bob, "/join #dev");
    harness.send(cy, "/join #dev");
    harness.send(alice, "/part #lobby");
    harness.send(alice, "/join #ops");
    harness.discard_all();
    // Also where the kick itself does nothing.
    harness.send(alice, "/kick bob");
    assert_eq!(harness.read(alice), ["! bob is not in #ops"]);
    let probe = Probe { requester: ClientId::new(alice), disconnects: true };
    assert_eq!(aside(&harness, bob), Some(SideMessage { probe: Some(probe), prompt: None }));
    silent(&mut harness, bob, probe);
    let told = ["* nothing has come from bob's connection for 42 seconds, and it was ended"];
    assert_eq!(harness.read(alice), told);
    assert!(harness.clients[&bob].is_disconnected());
    assert_eq!(
        harness.read(cy),
        ["#lobby * bob left (connection lost)", "* bob left (connection lost)"]
    );
    harness.send(cy, "/nick bob");
    assert_eq!(harness.read(cy), ["* you are bob now"]);
    // Nobody else ends anything so.
    let probe = Probe { requester: ClientId::new(cy), disconnects: true };
    silent(&mut harness, alice, probe);
    assert!(!harness.clients[&alice].is_disconnected());
}

#[test]
fn line_editors_show_the_current_room() {
    let mut harness = Harness::new();
    let (alice, bob) = alice_and_bob(&mut harness);
    let shown = |harness: &mut Harness, line: &str| {
        harness.send(bob, line);
        aside(harness, bob).and_then(|aside| aside.prompt).map(|Prompt { nick, room }| {
            format!("{nick} in {}", room.map_or("none".to_owned(), |room| room.to_string()))
        })
    };
    assert_eq!(shown(&mut harness, "/nick rob"), None, "nobody is told who does not edit");
    assert_eq!(shown(&mut harness, "/edit on").as_deref(), Some("rob in #lobby"));
    assert_eq!(shown(&mut harness, "/nick bob").as_deref(), Some("bob in #lobby"));
    assert_eq!(shown(&mut harness, "/join #dev").as_deref(), Some("bob in #dev"));
    assert_eq!(shown(&mut harness, "/join #lobby").as_deref(), Some("bob in #lobby"));
    assert_eq!(shown(&mut harness, "/part #dev"), None, "that is another room");
    harness.send(alice, "/kick bob");
    assert_eq!(
        aside(&harness, bob).and_then(|aside| aside.prompt).and_then(|place| place.room),
        None
    );
    assert_eq!(shown(&mut harness, "/join #dev").as_deref(), Some("bob in #dev"));
    assert_eq!(shown(&mut harness, "/part").as_deref(), Some("bob in none"));
    assert_eq!(shown(&mut harness, "/edit off"), None);
    assert_eq!(shown(&mut harness, "/nick rob"), None);
}
