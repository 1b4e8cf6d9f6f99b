//! What users see: each line of the protocol in its exact form.

use super::harness::Room;
use crate::chat::event::{ClientId, Control};
use crate::chat::event::{Event, LeaveReason};
use std::time::Duration;

const NOTHING: [String; 0] = [];

#[test]
fn the_welcome_comes_first() {
    let mut room = Room::new();
    let first = room.enter();
    room.flush();
    assert_eq!(
        room.read(first),
        [
            "* welcome to chinwag, you are user-1",
            "* 1 here: user-1",
            "* try /help; in telnet, also /edit on"
        ]
    );
    let second = room.enter();
    room.flush();
    assert_eq!(
        room.read(second)[..2],
        ["* welcome to chinwag, you are user-2", "* 2 here: user-1, user-2"]
    );
    assert_eq!(room.read(first), ["* user-2 joined"]);
}

#[test]
fn new_clients_read_only_what_follows_the_welcome() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    room.hand_over(alice, &["before"]);
    let cy = room.enter();
    room.hand_over(alice, &["behind"]);
    room.flush();
    let seen = room.read(cy);
    assert_eq!(seen[0], "* welcome to chinwag, you are user-3");
    assert_eq!(seen.last().unwrap(), "alice: behind");
    assert!(!seen.iter().any(|line| line.starts_with("alice: before")));
    assert_eq!(seen[3..5], ["* last 1 line:", "| alice: before"]);
    assert_eq!(room.read(bob), ["alice: before", "* user-3 joined", "alice: behind"]);
}

#[test]
fn lines_go_to_all_other_users() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    room.hand_over(alice, &["hello", "/me waves", "//who", "  spaced "]);
    room.hand_over(bob, &["hi"]);
    room.flush();
    let said = ["alice: hello", "~ alice waves", "alice: /who", "alice:   spaced "];
    assert_eq!(room.read(bob), said);
    assert_eq!(room.read(alice), ["bob: hi"]);
}

#[test]
fn blank_lines_are_not_said() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    for blank in [
        "",
        "   ",
        "\u{200b}\u{1b}",
        "/me \u{202e}",
        "\u{200d}",
        "\u{3164}\u{2800}",
        "/me \u{fe0f}\u{e0041}",
    ] {
        room.send(alice, blank);
    }
    assert_eq!(room.read(alice), NOTHING);
    assert_eq!(room.read(bob), NOTHING);
    let hidden = "\u{3164}\u{115f}\u{2800}\u{ad}\u{e0101}";
    for command in ["/topic", "/msg bob", "/reply", "/away"] {
        room.send(alice, &format!("{command} {hidden}"));
        let told = room.read(alice);
        assert!(told.iter().all(|line| !line.contains('"')), "nothing was said: {told:?}");
    }
    assert_eq!(room.read(bob), NOTHING);
    room.send(alice, "a\u{1b}[31mb\u{202e}c");
    assert_eq!(room.read(bob), ["alice: a[31mbc"]);
}

#[test]
fn nicks_are_unique_in_any_case_and_keep_the_case_typed() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("Bob"));
    room.send(alice, "/nick bOB");
    assert_eq!(room.read(alice), ["! the nick \"bOB\" is taken"]);
    room.send(alice, "/nick al ice");
    assert_eq!(room.read(alice), ["! the nick \"al ice\" has a blank in it"]);
    room.send(alice, "/nick user-2");
    assert_eq!(room.read(alice), ["! the nick \"user-2\" is reserved"]);
    room.send(bob, "/nick bob");
    assert_eq!(
        (room.read(bob), room.read(alice)),
        (vec!["* you are bob now".into()], vec!["* Bob is now bob".into()])
    );
    room.send(bob, "/nick bob");
    assert_eq!(room.read(bob), ["* you are bob already"]);
    room.leave(bob, LeaveReason::Eof);
    room.send(alice, "/nick Bob");
    assert_eq!(room.read(alice), ["* bob left", "* you are Bob now"]);
    let next = room.enter();
    room.flush();
    assert!(room.read(next)[0].ends_with("user-3"), "a number is never used again");
}

#[test]
fn look_alike_nicks_are_taken_while_the_other_is_here() {
    let mut room = Room::new();
    let (alice, mallory) = (room.join_as("alice"), room.join_as("mallory"));
    for (asked, told) in [
        ("aIice", "! the nick \"aIice\" is taken: it looks like alice"),
        ("a1ice", "! the nick \"a1ice\" is taken: it looks like alice"),
        ("ALICE", "! the nick \"ALICE\" is taken"),
        ("Systern", "! the nick \"Systern\" is reserved: it looks like system"),
        ("root", "! the nick \"root\" is reserved"),
        ("user-l", "! the nick \"user-l\" is reserved: it looks like a name that the server gives"),
    ] {
        room.send(mallory, &format!("/nick {asked}"));
        assert_eq!(room.read(mallory), [told]);
    }
    // One's own may change to what looks like it.
    room.send(alice, "/nick aIice");
    assert_eq!(room.read(alice), ["* you are aIice now"]);
    room.discard_all();
    room.send(mallory, "/nick alice");
    assert_eq!(room.read(mallory), ["! the nick \"alice\" is taken: it looks like aIice"]);
    // A look-alike gets nothing that was meant for another.
    room.send(mallory, "/msg alice hi");
    let told = "! see /who for the names: nobody is called \"alice\"; aIice looks like it";
    assert_eq!(room.read(mallory), [told]);
    assert_eq!(room.read(alice), NOTHING);
    room.leave(alice, LeaveReason::Eof);
    room.send(mallory, "/nick alice");
    assert_eq!(room.read(mallory), ["* aIice left", "* you are alice now"]);
    for (asked, told) in [
        ("mallory \t ", "* you are mallory now"),
        ("mal lory", "! the nick \"mal lory\" has a blank in it"),
        ("mal\u{202e} ", "! the nick \"mal\" has more in it than letters A-Z, digits, _ and -"),
        ("mal\u{a0}", "! the nick \"mal\u{a0}\" has a blank in it"),
    ] {
        room.send(mallory, &format!("/nick {asked}"));
        assert_eq!(room.read(mallory), [told]);
    }
    // Both in small letters, these look like nothing but themselves.
    let (lan, ian) = (room.join_as("lan"), room.join_as("ian"));
    room.send(ian, "/nick Ian");
    assert_eq!(room.read(ian), ["! the nick \"Ian\" is taken: it looks like lan"]);
    room.send(lan, "/nick Lan");
    assert_eq!(room.read(lan), ["* you are Lan now"]);
}

#[test]
fn replies_keep_their_place_and_go_to_the_asker_alone() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    room.hand_over(bob, &["one"]);
    room.hand_over(alice, &["/who", "two", "/foo bar", "/nick anna"]);
    room.hand_over(bob, &["three"]);
    room.flush();
    assert_eq!(
        room.read(alice),
        [
            "bob: one",
            "* 2 here: alice, bob",
            "! unknown command /foo, try /help",
            "* you are anna now",
            "bob: three"
        ]
    );
    assert_eq!(room.read(bob), ["alice: two", "* alice is now anna"]);
    room.send(bob, "/who 2");
    assert!(room.read(bob)[0].starts_with("! there is no page 2"));
    room.send(bob, "/help");
    assert!(room.read(bob).iter().any(|line| line.starts_with("* /nick NAME")));
    assert_eq!(room.read(alice), NOTHING);
}

#[test]
fn an_unknown_command_is_repeated_in_a_harmless_form() {
    let mut room = Room::new();
    let alice = room.join_as("alice");
    room.send(alice, "/\u{1b}[31mx");
    assert_eq!(room.read(alice), ["! unknown command /[31mx, try /help"]);
    room.send(alice, &format!("/{}", "é".repeat(2000)));
    assert_eq!(room.read(alice), [format!("! unknown command /{}…, try /help", "é".repeat(31))]);
}

#[test]
fn leaves_are_announced_with_their_reason() {
    let told = |departure| {
        let mut room = Room::new();
        let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
        room.leave(alice, departure);
        room.send(alice, "from beyond");
        room.leave(alice, LeaveReason::ConnectionLost);
        room.read(bob)
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
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    room.hand_over(bob, &["for alice"]);
    room.hand_over(alice, &["last", "/quit so long", "never"]);
    room.flush();
    assert_eq!(room.read(bob), ["alice: last", "* alice left (\"so long\")"]);
    assert_eq!(room.read(alice), ["bob: for alice"]);
    assert_eq!(room.metrics().users, 1);
}

#[test]
fn every_line_of_the_room_has_a_number() {
    let mut room = Room::new();
    let alice = room.join();
    assert_eq!(room.broker.lobby_sequence(), 1);
    room.send(alice, "one");
    room.send(alice, "/who");
    room.send(alice, "/me two");
    assert_eq!(room.broker.lobby_sequence(), 3);
}

#[test]
fn shutdown_delivers_what_was_read_then_notifies_all() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    let deadline = room.now + Duration::from_secs(5);
    room.broker.handle_control(Control::Shutdown { deadline }, room.now);
    let late = room.enter();
    assert_eq!(room.read(late), ["* server is shutting down"]);
    room.send(alice, "was read");
    room.broker.handle_event(Event::Drained { id: ClientId::new(alice) }, room.now);
    room.broker.handle_event(Event::Drained { id: ClientId::new(alice) }, room.now);
    assert!(!room.broker.is_finished());
    room.leave(bob, LeaveReason::Eof);
    assert!(room.broker.is_finished());
    assert_eq!(room.read(bob), ["alice: was read"]);
    assert_eq!(room.read(alice), ["* server is shutting down"], "no leave is announced");
    assert!(room.people.get_mut(&alice).unwrap().inbox.try_recv().is_err());
}

#[test]
fn a_stop_waits_no_longer_than_the_grace() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    let deadline = room.now + Duration::from_secs(5);
    room.broker.handle_control(Control::Shutdown { deadline }, room.now);
    room.pass(Duration::from_millis(3_999));
    assert!(!room.broker.is_forced());
    room.pass(Duration::from_millis(1));
    assert!(room.broker.is_forced() && room.broker.accepts_events());
    room.send(alice, "was in the queue");
    room.broker.finish_shutdown(room.now);
    assert!(room.broker.is_finished());
    assert_eq!(room.read(bob), ["alice: was in the queue", "* server is shutting down"]);
}
