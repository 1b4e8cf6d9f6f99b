//! What users see: each line of the protocol in its exact form.

use super::harness::Harness;
use crate::chat::event::{ClientId, Control};
use crate::chat::event::{Event, LeaveReason};
use std::time::Duration;

const NOTHING: [String; 0] = [];

#[test]
fn the_welcome_comes_first() {
    let mut harness = Harness::new();
    let first = harness.enter();
    harness.flush();
    assert_eq!(
        harness.read(first),
        [
            "* welcome to chinwag, you are user-1",
            "* 1 here: user-1",
            "* try /help; in telnet, also /edit on"
        ]
    );
    let second = harness.enter();
    harness.flush();
    assert_eq!(
        harness.read(second)[..2],
        ["* welcome to chinwag, you are user-2", "* 2 here: user-1, user-2"]
    );
    assert_eq!(harness.read(first), ["* user-2 joined"]);
}

#[test]
fn new_clients_read_only_what_follows_the_welcome() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    harness.submit(alice, &["before"]);
    let cy = harness.enter();
    harness.submit(alice, &["behind"]);
    harness.flush();
    let seen = harness.read(cy);
    assert_eq!(seen[0], "* welcome to chinwag, you are user-3");
    assert_eq!(seen.last().unwrap(), "alice: behind");
    assert!(!seen.iter().any(|line| line.starts_with("alice: before")));
    assert_eq!(seen[3..5], ["* last 1 line:", "| alice: before"]);
    assert_eq!(harness.read(bob), ["alice: before", "* user-3 joined", "alice: behind"]);
}

#[test]
fn lines_go_to_all_other_users() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    harness.submit(alice, &["hello", "/me waves", "//who", "  spaced "]);
    harness.submit(bob, &["hi"]);
    harness.flush();
    let said = ["alice: hello", "~ alice waves", "alice: /who", "alice:   spaced "];
    assert_eq!(harness.read(bob), said);
    assert_eq!(harness.read(alice), ["bob: hi"]);
}

#[test]
fn blank_lines_are_not_said() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    for blank in [
        "",
        "   ",
        "\u{200b}\u{1b}",
        "/me \u{202e}",
        "\u{200d}",
        "\u{3164}\u{2800}",
        "/me \u{fe0f}\u{e0041}",
    ] {
        harness.send(alice, blank);
    }
    assert_eq!(harness.read(alice), NOTHING);
    assert_eq!(harness.read(bob), NOTHING);
    let hidden = "\u{3164}\u{115f}\u{2800}\u{ad}\u{e0101}";
    for command in ["/topic", "/msg bob", "/reply", "/away"] {
        harness.send(alice, &format!("{command} {hidden}"));
        let told = harness.read(alice);
        assert!(told.iter().all(|line| !line.contains('"')), "nothing was said: {told:?}");
    }
    assert_eq!(harness.read(bob), NOTHING);
    harness.send(alice, "a\u{1b}[31mb\u{202e}c");
    assert_eq!(harness.read(bob), ["alice: a[31mbc"]);
}

#[test]
fn nicks_are_unique_in_any_case_and_keep_the_case_typed() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("Bob"));
    harness.send(alice, "/nick bOB");
    assert_eq!(harness.read(alice), ["! the nick \"bOB\" is taken"]);
    harness.send(alice, "/nick al ice");
    assert_eq!(harness.read(alice), ["! the nick \"al ice\" has a blank in it"]);
    harness.send(alice, "/nick user-2");
    assert_eq!(harness.read(alice), ["! the nick \"user-2\" is reserved"]);
    harness.send(bob, "/nick bob");
    assert_eq!(
        (harness.read(bob), harness.read(alice)),
        (vec!["* you are bob now".into()], vec!["* Bob is now bob".into()])
    );
    harness.send(bob, "/nick bob");
    assert_eq!(harness.read(bob), ["* you are bob already"]);
    harness.leave(bob, LeaveReason::Eof);
    harness.send(alice, "/nick Bob");
    assert_eq!(harness.read(alice), ["* bob left", "* you are Bob now"]);
    let next = harness.enter();
    harness.flush();
    assert!(harness.read(next)[0].ends_with("user-3"), "a number is never used again");
}

#[test]
fn look_alike_nicks_are_taken_while_the_other_is_here() {
    let mut harness = Harness::new();
    let (alice, mallory) = (harness.join_as("alice"), harness.join_as("mallory"));
    for (asked, told) in [
        ("aIice", "! the nick \"aIice\" is taken: it looks like alice"),
        ("a1ice", "! the nick \"a1ice\" is taken: it looks like alice"),
        ("ALICE", "! the nick \"ALICE\" is taken"),
        ("Systern", "! the nick \"Systern\" is reserved: it looks like system"),
        ("root", "! the nick \"root\" is reserved"),
        ("user-l", "! the nick \"user-l\" is reserved: it looks like a name that the server gives"),
    ] {
        harness.send(mallory, &format!("/nick {asked}"));
        assert_eq!(harness.read(mallory), [told]);
    }
    // One's own may change to what looks like it.
    harness.send(alice, "/nick aIice");
    assert_eq!(harness.read(alice), ["* you are aIice now"]);
    harness.discard_all();
    harness.send(mallory, "/nick alice");
    assert_eq!(harness.read(mallory), ["! the nick \"alice\" is taken: it looks like aIice"]);
    // A look-alike gets nothing that was meant for another.
    harness.send(mallory, "/msg alice hi");
    let told = "! see /who for the names: nobody is called \"alice\"; aIice looks like it";
    assert_eq!(harness.read(mallory), [told]);
    assert_eq!(harness.read(alice), NOTHING);
    harness.leave(alice, LeaveReason::Eof);
    harness.send(mallory, "/nick alice");
    assert_eq!(harness.read(mallory), ["* aIice left", "* you are alice now"]);
    for (asked, told) in [
        ("mallory \t ", "* you are mallory now"),
        ("mal lory", "! the nick \"mal lory\" has a blank in it"),
        ("mal\u{202e} ", "! the nick \"mal\" has more in it than letters A-Z, digits, _ and -"),
        ("mal\u{a0}", "! the nick \"mal\u{a0}\" has a blank in it"),
    ] {
        harness.send(mallory, &format!("/nick {asked}"));
        assert_eq!(harness.read(mallory), [told]);
    }
    // Both in small letters, these look like nothing but themselves.
    let (lan, ian) = (harness.join_as("lan"), harness.join_as("ian"));
    harness.send(ian, "/nick Ian");
    assert_eq!(harness.read(ian), ["! the nick \"Ian\" is taken: it looks like lan"]);
    harness.send(lan, "/nick Lan");
    assert_eq!(harness.read(lan), ["* you are Lan now"]);
}

#[test]
fn replies_keep_their_place_and_go_to_the_asker_alone() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    harness.submit(bob, &["one"]);
    harness.submit(alice, &["/who", "two", "/foo bar", "/nick anna"]);
    harness.submit(bob, &["three"]);
    harness.flush();
    assert_eq!(
        harness.read(alice),
        [
            "bob: one",
            "* 2 here: alice, bob",
            "! unknown command /foo, try /help",
            "* you are anna now",
            "bob: three"
        ]
    );
    assert_eq!(harness.read(bob), ["alice: two", "* alice is now anna"]);
    harness.send(bob, "/who 2");
    assert!(harness.read(bob)[0].starts_with("! there is no page 2"));
    harness.send(bob, "/help");
    assert!(harness.read(bob).iter().any(|line| line.starts_with("* /nick NAME")));
    assert_eq!(harness.read(alice), NOTHING);
}

#[test]
fn an_unknown_command_is_repeated_in_a_harmless_form() {
    let mut harness = Harness::new();
    let alice = harness.join_as("alice");
    harness.send(alice, "/\u{1b}[31mx");
    assert_eq!(harness.read(alice), ["! unknown command /[31mx, try /help"]);
    harness.send(alice, &format!("/{}", "é".repeat(2000)));
    assert_eq!(harness.read(alice), [format!("! unknown command /{}…, try /help", "é".repeat(31))]);
}

#[test]
fn leaves_are_announced_with_their_reason() {
    let told = |departure| {
        let mut harness = Harness::new();
        let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
        harness.leave(alice, departure);
        harness.send(alice, "from beyond");
        harness.leave(alice, LeaveReason::ConnectionLost);
        harness.read(bob)
    };
    assert_eq!(told(LeaveReason::Quit(None)), ["* alice left"]);
    assert_eq!(told(LeaveReason::Eof), ["* alice left"]);
    assert_eq!(told(LeaveReason::ConnectionLost), ["* alice left (connection lost)"]);
    let words = LeaveReason::Quit(Some("\u{1b}\"bye\"".into()));
    assert_eq!(told(words), ["* alice left (\"\\\"bye\\\"\")"]);
    let long = told(LeaveReason::Quit(Some("é".repeat(300)))).remove(0);
    assert!(long.len() <= "* alice left (\"\")".len() + 200, "{long}");
}

#[test]
fn quit_delivers_what_came_before_it_both_ways() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    harness.submit(bob, &["for alice"]);
    harness.submit(alice, &["last", "/quit so long", "never"]);
    harness.flush();
    assert_eq!(harness.read(bob), ["alice: last", "* alice left (\"so long\")"]);
    assert_eq!(harness.read(alice), ["bob: for alice"]);
    assert_eq!(harness.metrics().users, 1);
}

#[test]
fn every_line_of_the_room_has_a_number() {
    let mut harness = Harness::new();
    let alice = harness.join();
    assert_eq!(harness.broker.lobby_sequence(), 1);
    harness.send(alice, "one");
    harness.send(alice, "/who");
    harness.send(alice, "/me two");
    assert_eq!(harness.broker.lobby_sequence(), 3);
}

#[test]
fn shutdown_delivers_what_was_read_then_notifies_all() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    let deadline = harness.now + Duration::from_secs(5);
    harness.broker.handle_control(Control::Shutdown { deadline }, harness.now);
    let late = harness.enter();
    assert_eq!(harness.read(late), ["* server is shutting down"]);
    harness.send(alice, "was read");
    harness.broker.handle_event(Event::Drained { id: ClientId::new(alice) }, harness.now);
    harness.broker.handle_event(Event::Drained { id: ClientId::new(alice) }, harness.now);
    assert!(!harness.broker.is_finished());
    harness.leave(bob, LeaveReason::Eof);
    assert!(harness.broker.is_finished());
    assert_eq!(harness.read(bob), ["alice: was read"]);
    assert_eq!(harness.read(alice), ["* server is shutting down"], "no leave is announced");
    assert!(harness.clients.get_mut(&alice).unwrap().receiver.try_recv().is_err());
}

#[test]
fn a_stop_waits_no_longer_than_the_grace() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    let deadline = harness.now + Duration::from_secs(5);
    harness.broker.handle_control(Control::Shutdown { deadline }, harness.now);
    harness.advance(Duration::from_millis(3_999));
    assert!(!harness.broker.is_forced());
    harness.advance(Duration::from_millis(1));
    assert!(harness.broker.is_forced() && harness.broker.accepts_events());
    harness.send(alice, "was in the queue");
    harness.broker.finish_shutdown(harness.now);
    assert!(harness.broker.is_finished());
    assert_eq!(harness.read(bob), ["alice: was in the queue", "* server is shutting down"]);
}
