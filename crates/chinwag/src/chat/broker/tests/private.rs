//! Lines to one user alone, and users who do not want to read each other.

use super::harness::Room;
use crate::chat::event::LeaveReason;
use crate::limits::MAX_IGNORED;

const NOTHING: [String; 0] = [];

#[test]
fn a_private_line_is_for_one_alone() {
    let mut room = Room::new();
    let (alice, bob, cy) = (room.join_as("alice"), room.join_as("bob"), room.join_as("cy"));
    room.send(alice, "/msg BOB psst  there\u{1b}");
    assert_eq!(room.read(bob), ["[from alice] psst  there"]);
    assert_eq!(room.read(alice), ["[to bob] psst  there"]);
    assert_eq!(room.read(cy), NOTHING);
    room.send(bob, "/reply yes?");
    assert_eq!(room.read(alice), ["[from bob] yes?"]);
    let newcomer = room.join();
    room.discard_all();
    room.send(alice, "/msg user-4 welcome");
    assert_eq!(room.read(newcomer), ["[from alice] welcome"]);
}

#[test]
fn undeliverable_private_lines_get_an_error() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    let wants = "! /msg wants a nick and words, as in: /msg bob hello";
    for (typed, told) in [
        ("/msg", wants),
        ("/msg bob", wants),
        ("/msg bob \u{200b}", wants),
        ("/msg cy hello", "! see /who for the names: nobody is called \"cy\""),
        ("/msg a\u{202e}b x", "! see /who for the names: nobody is called \"ab\""),
        ("/msg alice hello", "! that is you yourself: /msg somebody else"),
        ("/reply hello", "! nobody wrote to you alone yet; /msg NICK TEXT begins"),
        ("/reply", "! /reply wants words, as in: /reply well then"),
        ("/ignore alice", "! that is you yourself: /ignore somebody else"),
        ("/ignore cy", "! see /who for the names: nobody is called \"cy\""),
        ("/unignore bob", "! you do not ignore bob; /ignore lists whom you do"),
        ("/unignore", "! /unignore wants a nick, as in: /unignore bob"),
    ] {
        room.send(alice, typed);
        assert_eq!(room.read(alice), [told], "{typed}");
    }
    assert_eq!(room.read(bob), NOTHING);
}

#[test]
fn a_reply_goes_to_the_user_and_not_to_the_nick() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    let mallory = room.join_as("mallory");
    room.send(alice, "/msg bob it is me");
    room.send(alice, "/nick anna");
    room.send(mallory, "/nick alice");
    room.discard_all();
    room.send(bob, "/reply the secret");
    assert_eq!(room.read(alice), ["[from bob] the secret"]);
    assert_eq!(room.read(bob), ["[to anna] the secret"]);
    assert_eq!(room.read(mallory), NOTHING);
    room.leave(alice, LeaveReason::Eof);
    room.discard_all();
    room.send(bob, "/reply are you there?");
    assert_eq!(room.read(bob), ["! whoever wrote to you last has left, so nobody gets that"]);
    assert_eq!(room.read(mallory), NOTHING);
}

#[test]
fn nothing_is_read_of_the_ignored_under_any_name() {
    let mut room = Room::new();
    let (alice, bob, cy) = (room.join_as("alice"), room.join_as("bob"), room.join_as("cy"));
    room.hand_over(alice, &["before"]);
    room.hand_over(bob, &["/ignore ALICE"]);
    room.hand_over(alice, &["hello", "/me waves", "/msg bob psst", "/nick anna", "/topic hers"]);
    room.hand_over(cy, &["bob?"]);
    room.flush();
    let told = [
        "alice: before",
        "* you ignore alice now; /unignore alice ends it",
        "* alice is now anna",
        "cy: bob?",
    ];
    assert_eq!(room.read(bob), told);
    let psst = "[to bob] psst".to_owned();
    assert!(room.read(alice).contains(&psst), "she is not told");
    room.discard_all();
    room.send(bob, "/ignore");
    assert_eq!(room.read(bob), ["* you ignore anna"]);
    room.send(bob, "/reply hm");
    assert_eq!(room.read(bob), ["! nobody wrote to you alone yet; /msg NICK TEXT begins"]);
    room.send(alice, "still");
    room.send(cy, "out loud");
    room.read(bob);
    room.send(bob, "/history 10");
    let told = room.read(bob);
    assert_eq!(told, ["* last 2 lines:", "| cy: bob?", "| cy: out loud"]);
    room.send(bob, "/unignore anna");
    room.read(bob);
    room.send(alice, "again");
    assert_eq!(room.read(bob), ["anna: again"]);
}

#[test]
fn ignored_users_leave_visibly_without_their_text() {
    let mut room = Room::new();
    let (alice, bob, cy) = (room.join_as("alice"), room.join_as("bob"), room.join_as("cy"));
    room.send(bob, "/ignore alice");
    room.discard_all();
    room.hand_over(cy, &["one"]);
    room.depart(alice, LeaveReason::Quit(Some("my last words".into())));
    room.hand_over(cy, &["two"]);
    room.flush();
    assert_eq!(room.read(bob), ["cy: one", "* alice left", "cy: two"]);
    assert_eq!(room.read(cy), ["* alice left (\"my last words\")"]);
    room.send(bob, "/ignore");
    assert_eq!(room.read(bob), ["* you ignore nobody; /ignore NICK begins"]);
}

#[test]
fn so_many_are_ignored_at_once_and_no_more() {
    let mut room = Room::new();
    let alice = room.join_as("alice");
    let others: Vec<_> = (0..=MAX_IGNORED).map(|_| room.join()).collect();
    room.discard_all();
    for number in 0..=MAX_IGNORED {
        room.hand_over(alice, &[&format!("/ignore user-{}", number + 2)]);
    }
    room.flush();
    let told = room.read(alice);
    assert_eq!(
        told.last().unwrap(),
        "! you ignore 100 people already: /unignore one of them first"
    );
    room.leave(others[0], LeaveReason::Eof);
    room.read(alice);
    room.send(alice, &format!("/ignore user-{}", MAX_IGNORED + 2));
    let told = room.read(alice);
    assert!(
        told[0].starts_with("* you ignore user-102 now"),
        "whoever is gone takes no place: {told:?}"
    );
}

#[test]
fn senders_are_told_that_the_recipient_is_away() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    room.send(bob, "/away lunch \"break\"");
    room.discard_all();
    room.send(alice, "/msg bob hello");
    assert_eq!(room.read(alice), ["[to bob] hello", "* bob is away: \"lunch \\\"break\\\"\""]);
    assert_eq!(room.read(bob), ["[from alice] hello"]);
    room.send(bob, "/away");
    room.send(bob, "/away");
    assert_eq!(room.read(bob), ["* you are back", "* you are away until you type /away again"]);
    room.send(alice, "/msg bob hello");
    assert_eq!(room.read(alice), ["[to bob] hello", "* bob is away"]);
}

#[test]
fn a_counted_join_is_announced_before_its_private_line() {
    let mut room = Room::new();
    let observer = room.join();
    let crowd: Vec<_> = (0..300).map(|_| room.enter()).collect();
    room.flush();
    room.discard_all();
    room.send(crowd[299], "/msg user-1 psst");
    assert_eq!(room.read(observer), ["* 101 people joined", "[from user-301] psst"]);
}
