//! Rooms over real sockets: every command about them, and every refusal.

use crate::support::{TestClient, TestServer, run};

/// Rooms that one user can be in.
const MAX_ROOMS_PER_USER: usize = 20;

/// Somebody asks, and reads these lines.
async fn ask(person: &mut TestClient, typed: &str, told: &[&str]) {
    person.send_line(typed).await;
    for line in told {
        assert_eq!(person.next_line().await, *line, "{typed}");
    }
}

#[test]
fn other_rooms_are_shown_with_their_name() {
    run(async {
        let server = TestServer::without_limits();
        let (mut alice, mut bob) = (server.join_as("alice").await, server.join_as("bob").await);
        alice.wait_for("* user-2 is now bob").await;
        ask(&mut alice, "/join #Dev", &["* you joined #dev", "* 1 here: alice"]).await;
        bob.send_line("/join #dev").await;
        bob.wait_for("* 2 here: alice, bob").await;
        alice.expect("* bob joined").await;
        ask(&mut bob, "hello", &[]).await;
        alice.expect("bob: hello").await;
        ask(&mut bob, "/join #lobby", &["* you speak in #lobby now"]).await;
        alice.send_line("/me waves").await;
        bob.expect("#dev ~ alice waves").await;
        bob.send_line("over here").await;
        alice.expect("#lobby bob: over here").await;
        ask(&mut alice, "/part", &["* you left #dev and speak in #lobby now"]).await;
        bob.expect("#dev * alice left #dev").await;
        ask(&mut bob, "/part #dev", &["* you left #dev and speak in #lobby now"]).await;
        ask(&mut bob, "/rooms", &["* 1 room:", "* #lobby (2 people)"]).await;
        ask(
            &mut bob,
            "/part",
            &["* you left #lobby and are in no room now: /join #lobby to come back"],
        )
        .await;
        alice.expect("* bob left #lobby").await;
        let refusal = "! you speak in no room, so nobody would hear that: /join #lobby first";
        ask(&mut bob, "hello?", &[refusal]).await;
        bob.send_line("/join #lobby").await;
        alice.expect("* bob joined").await;
    });
}

#[test]
fn a_rename_is_sent_once_across_shared_rooms() {
    run(async {
        let server = TestServer::without_limits();
        let (mut alice, mut bob) = (server.join_as("alice").await, server.join_as("bob").await);
        for room in ["#a", "#b", "#c"] {
            alice.send_line(&format!("/join {room}")).await;
            alice.wait_for("* 1 here: alice").await;
            bob.send_line(&format!("/join {room}")).await;
            bob.wait_for("* 2 here: alice, bob").await;
            alice.expect("* bob joined").await;
        }
        bob.send_line("/nick anna").await;
        bob.send_line("hello").await;
        alice.expect("* bob is now anna").await;
        alice.expect("anna: hello").await;
        ask(&mut alice, "/join #own", &["* you joined #own", "* 1 here: alice"]).await;
        bob.send_line("/nick bob").await;
        bob.send_line("hello").await;
        alice.expect("#c * anna is now bob").await;
        alice.expect("#c bob: hello").await;
    });
}

#[test]
fn a_newcomer_reads_who_is_here_what_it_is_about_and_what_was_said() {
    run(async {
        let server = TestServer::without_limits();
        let (mut alice, mut bob) = (server.join_as("alice").await, server.join_as("bob").await);
        for number in 1..=21 {
            alice.send_line(&format!("line {number}")).await;
        }
        ask(&mut alice, "/topic tea \"time\"", &[]).await;
        bob.wait_for("* alice set the topic: \"tea \\\"time\\\"\"").await;
        let mut carol = server.connect().await;
        carol.expect("* welcome to chinwag, you are user-3").await;
        carol.expect("* 3 here: alice, bob, user-3").await;
        carol.expect("* try /help; in telnet, also /edit on").await;
        carol.expect("* the topic is \"tea \\\"time\\\"\"").await;
        carol.expect("* last 20 lines:").await;
        for number in 2..=21 {
            carol.expect(&format!("| alice: line {number}")).await;
        }
        carol.expect("* you are user-3 in #lobby").await;
        ask(&mut carol, "/history 1", &["* last 1 line:", "| alice: line 21"]).await;
        ask(&mut carol, "/history x", &["! /history takes a number of lines, as in: /history 50"])
            .await;
        ask(&mut carol, "/topic", &["* the topic of #lobby is \"tea \\\"time\\\"\""]).await;
        ask(&mut carol, "/topic -", &["* #lobby has no topic now"]).await;
        bob.wait_for("* user-3 took the topic away").await;
        ask(&mut bob, "/topic", &["* #lobby has no topic; /topic TEXT gives it one"]).await;
        let long = "x".repeat(201);
        let refusal = "! a topic has at most 200 bytes, and something to read in it";
        ask(&mut bob, &format!("/topic {long}"), &[refusal]).await;
        ask(&mut bob, "/join #new", &["* you joined #new", "* 1 here: bob"]).await;
        ask(&mut bob, "/history", &["* nothing was said here yet"]).await;
    });
}

#[test]
fn who_and_rooms_answer_and_refuse() {
    run(async {
        let server = TestServer::without_limits();
        let mut alice = server.join_as("alice").await;
        ask(&mut alice, "/join #dev", &["* you joined #dev", "* 1 here: alice"]).await;
        for (typed, told) in [
            ("/who", "* 1 here: alice"),
            ("/who #lobby", "* 1 in #lobby: alice"),
            ("/who #dev 1", "* 1 in #dev: alice"),
            ("/who 2", "! there is no page 2 of names: there is one page (1)"),
            ("/who #dev 2", "! there is no page 2 of names: there is one page (1)"),
            ("/who bob", "! /who takes a room and the number of a page, as in: /who #dev 2"),
            ("/who #nowhere", "! there is no room #nowhere; /rooms lists them"),
            ("/rooms 2", "! there is no page 2 of rooms: the last one is /rooms 1"),
            ("/rooms x", "! no room has \"x\" in its name; /rooms lists all"),
            (
                "/rooms 2 x",
                "! /rooms takes a part of a name and the number of a page, as in: /rooms dev 2",
            ),
            (
                "/join",
                "! you speak in #dev: what you type goes there; /join #ROOM enters another, /rooms lists them",
            ),
            ("/join dev", "! the name of a room starts with #, as in #dev: \"dev\""),
            ("/join #", "! a name behind the # is missing, as in: #dev"),
            ("/join #a #b", "! one room at a time, without blanks in its name: \"#a #b\""),
            (
                "/join #a!",
                "! the name of a room has letters a-z, digits, _ and -, and no more: \"#a!\"",
            ),
            ("/part #nowhere", "! you are not in #nowhere"),
        ] {
            ask(&mut alice, typed, &[told]).await;
        }
        let long = format!("#{}", "x".repeat(65));
        let told = format!("! the name of a room has at most 64 characters: \"{long}\"");
        ask(&mut alice, &format!("/join {long}"), &[&told]).await;
    });
}

#[test]
fn a_user_is_in_at_most_twenty_rooms() {
    run(async {
        let server = TestServer::without_limits();
        let mut alice = server.join_as("alice").await;
        let asked: String = (0..10_000).map(|number| format!("/join #r{number}\n")).collect();
        let mut refused = 0;
        for part in asked.as_bytes().chunks(4096) {
            alice.send(part).await;
        }
        let last = 10_000 - (MAX_ROOMS_PER_USER - 1);
        while refused < last {
            let line = alice.next_line().await;
            refused += usize::from(line == "! you are in 20 rooms already: /part one first");
        }
        alice.send_line("/rooms 9").await;
        alice.expect("! there is no page 9 of rooms: the last one is /rooms 2").await;
    });
}

#[test]
fn time_stamps_and_quiet_are_for_those_who_ask() {
    run(async {
        let server = TestServer::without_limits();
        let (mut alice, mut bob) = (server.join_as("alice").await, server.join_as("bob").await);
        alice.wait_for("* user-2 is now bob").await;
        bob.send_line("/time").await;
        assert!(
            bob.next_line().await.ends_with(" in UTC; /time on puts the time before each line")
        );
        bob.send_line("/time on").await;
        let told = bob.next_line().await;
        assert!(told[9..].starts_with("* the time in UTC stands before each line now"), "{told}");
        alice.send_line("hello").await;
        let told = bob.next_line().await;
        let (time, line) = told.split_at(9);
        assert_eq!(line, "alice: hello");
        assert!(time.bytes().enumerate().all(|(at, byte)| match at {
            2 | 5 => byte == b':',
            8 => byte == b' ',
            _ => byte.is_ascii_digit(),
        }));
        ask(&mut bob, "/time off", &["* no time stands before the lines now"]).await;
        ask(
            &mut bob,
            "/time 1",
            &["! /time is on, off, or how far your clock is from UTC, as in: /time +02:00"],
        )
        .await;
        ask(&mut bob, "/quiet", &["* you read who comes and leaves; /quiet on hides that"]).await;
        ask(&mut bob, "/quiet on", &["* you do not read any more who comes and leaves"]).await;
        ask(&mut bob, "/quiet x", &["! /quiet is on or off, as in: /quiet on"]).await;
        let mut carol = server.join().await;
        carol.send_line("here").await;
        bob.expect("user-3: here").await;
        carol.send_line("/quit").await;
        alice.wait_for("* user-3 left").await;
        ask(&mut bob, "/quiet off", &["* you read who comes and leaves"]).await;
        alice.send_line("/quit so long").await;
        bob.expect("* alice left (\"so long\")").await;
    });
}

#[test]
fn help_lists_every_command_and_tells_more_of_each() {
    run(async {
        let server = TestServer::without_limits();
        let mut alice = server.join_as("alice").await;
        alice.send_line("/help").await;
        let told = alice.wait_until("//TEXT", |line| line.contains("say /TEXT")).await;
        assert!(told.len() <= 24 && told.iter().all(|line| line.len() < 80), "{told:?}");
        alice.send_line("/help quiet").await;
        alice.expect("* /quiet on|off: hide who comes and leaves").await;
        alice.send_line("/help foo").await;
        alice.expect("! there is no command foo; /help lists them").await;
    });
}

#[test]
fn a_server_that_remembers_nothing_tells_nothing() {
    run(async {
        let config = chinwag::Config { history_lines: 0, ..chinwag::Config::default() };
        let server = TestServer::with(config.without_limits());
        let (mut alice, mut bob) = (server.join_as("alice").await, server.join_as("bob").await);
        alice.send_line("hello").await;
        bob.expect("alice: hello").await;
        ask(&mut bob, "/history", &["* nothing was said here yet"]).await;
    });
}
