//! Lines to one user alone, and users who do not want to read each other.

use super::harness::Harness;
use crate::chat::event::LeaveReason;
use crate::limits::MAX_IGNORED;

const NOTHING: [String; 0] = [];

#[test]
fn a_private_line_is_for_one_alone() {
    let mut harness = Harness::new();
    let (alice, bob, cy) =
        (harness.join_as("alice"), harness.join_as("bob"), harness.join_as("cy"));
    harness.send(alice, "/msg BOB psst  there\u{1b}");
    assert_eq!(harness.read(bob), ["[from alice] psst  there"]);
    assert_eq!(harness.read(alice), ["[to bob] psst  there"]);
    assert_eq!(harness.read(cy), NOTHING);
    harness.send(bob, "/reply yes?");
    assert_eq!(harness.read(alice), ["[from bob] yes?"]);
    let newcomer = harness.join();
    harness.discard_all();
    harness.send(alice, "/msg user-4 welcome");
    assert_eq!(harness.read(newcomer), ["[from alice] welcome"]);
}

#[test]
fn undeliverable_private_lines_get_an_error() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
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
        harness.send(alice, typed);
        assert_eq!(harness.read(alice), [told], "{typed}");
    }
    assert_eq!(harness.read(bob), NOTHING);
}

#[test]
fn a_reply_goes_to_the_user_and_not_to_the_nick() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    let mallory = harness.join_as("mallory");
    harness.send(alice, "/msg bob it is me");
    harness.send(alice, "/nick anna");
    harness.send(mallory, "/nick alice");
    harness.discard_all();
    harness.send(bob, "/reply the secret");
    assert_eq!(harness.read(alice), ["[from bob] the secret"]);
    assert_eq!(harness.read(bob), ["[to anna] the secret"]);
    assert_eq!(harness.read(mallory), NOTHING);
    harness.leave(alice, LeaveReason::Eof);
    harness.discard_all();
    harness.send(bob, "/reply are you there?");
    assert_eq!(harness.read(bob), ["! whoever wrote to you last has left, so nobody gets that"]);
    assert_eq!(harness.read(mallory), NOTHING);
}

#[test]
fn nothing_is_read_of_the_ignored_under_any_name() {
    let mut harness = Harness::new();
    let (alice, bob, cy) =
        (harness.join_as("alice"), harness.join_as("bob"), harness.join_as("cy"));
    harness.submit(alice, &["before"]);
    harness.submit(bob, &["/ignore ALICE"]);
    harness.submit(alice, &["hello", "/me waves", "/msg bob psst", "/nick anna", "/topic hers"]);
    harness.submit(cy, &["bob?"]);
    harness.flush();
    let told = [
        "alice: before",
        "* you ignore alice now; /unignore alice ends it",
        "* alice is now anna",
        "cy: bob?",
    ];
    assert_eq!(harness.read(bob), told);
    let psst = "[to bob] psst".to_owned();
    assert!(harness.read(alice).contains(&psst), "she is not told");
    harness.discard_all();
    harness.send(bob, "/ignore");
    assert_eq!(harness.read(bob), ["* you ignore anna"]);
    harness.send(bob, "/reply hm");
    assert_eq!(harness.read(bob), ["! nobody wrote to you alone yet; /msg NICK TEXT begins"]);
    harness.send(alice, "still");
    harness.send(cy, "out loud");
    harness.read(bob);
    harness.send(bob, "/history 10");
    let told = harness.read(bob);
    assert_eq!(told, ["* last 2 lines:", "| cy: bob?", "| cy: out loud"]);
    harness.send(bob, "/unignore anna");
    harness.read(bob);
    harness.send(alice, "again");
    assert_eq!(harness.read(bob), ["anna: again"]);
}

#[test]
fn ignored_users_leave_visibly_without_their_text() {
    let mut harness = Harness::new();
    let (alice, bob, cy) =
        (harness.join_as("alice"), harness.join_as("bob"), harness.join_as("cy"));
    harness.send(bob, "/ignore alice");
    harness.discard_all();
    harness.submit(cy, &["one"]);
    harness.submit_leave(alice, LeaveReason::Quit(Some("my last words".into())));
    harness.submit(cy, &["two"]);
    harness.flush();
    assert_eq!(harness.read(bob), ["cy: one", "* alice left", "cy: two"]);
    assert_eq!(harness.read(cy), ["* alice left (\"my last words\")"]);
    harness.send(bob, "/ignore");
    assert_eq!(harness.read(bob), ["* you ignore nobody; /ignore NICK begins"]);
}

#[test]
fn so_many_are_ignored_at_once_and_no_more() {
    let mut harness = Harness::new();
    let alice = harness.join_as("alice");
    let others: Vec<_> = (0..=MAX_IGNORED).map(|_| harness.join()).collect();
    harness.discard_all();
    for number in 0..=MAX_IGNORED {
        harness.submit(alice, &[&format!("/ignore user-{}", number + 2)]);
    }
    harness.flush();
    let told = harness.read(alice);
    assert_eq!(
        told.last().unwrap(),
        "! you ignore 100 people already: /unignore one of them first"
    );
    harness.leave(others[0], LeaveReason::Eof);
    harness.read(alice);
    harness.send(alice, &format!("/ignore user-{}", MAX_IGNORED + 2));
    let told = harness.read(alice);
    assert!(
        told[0].starts_with("* you ignore user-102 now"),
        "whoever is gone takes no place: {told:?}"
    );
}

#[test]
fn senders_are_told_that_the_recipient_is_away() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    harness.send(bob, "/away lunch \"break\"");
    harness.discard_all();
    harness.send(alice, "/msg bob hello");
    assert_eq!(harness.read(alice), ["[to bob] hello", "* bob is away: \"lunch \\\"break\\\"\""]);
    assert_eq!(harness.read(bob), ["[from alice] hello"]);
    harness.send(bob, "/away");
    harness.send(bob, "/away");
    assert_eq!(harness.read(bob), ["* you are back", "* you are away until you type /away again"]);
    harness.send(alice, "/msg bob hello");
    assert_eq!(harness.read(alice), ["[to bob] hello", "* bob is away"]);
}

#[test]
fn a_counted_join_is_announced_before_its_private_line() {
    let mut harness = Harness::new();
    let observer = harness.join();
    let many: Vec<_> = (0..300).map(|_| harness.enter()).collect();
    harness.flush();
    harness.discard_all();
    harness.send(many[299], "/msg user-1 psst");
    assert_eq!(harness.read(observer), ["* 101 people joined", "[from user-301] psst"]);
}
