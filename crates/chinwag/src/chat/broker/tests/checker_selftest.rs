//! The checker is checked: a history that breaks an invariant is found, and the invariant is named.

use super::checker::{Checker, End, Utterance};
use std::collections::BTreeMap;
use std::time::Duration;

/// The observer, and two users who talk.
const OBSERVER: u64 = 1;
const ALICE: u64 = 2;
const BOB: u64 = 3;

/// A history in which all is well.
const ROOM: [&str; 10] = [
    "* welcome to chinwag, you are user-1",
    "* user-2 joined",
    "* user-2 is now alice",
    "* user-3 joined",
    "user-3: a",
    "alice: b",
    "~ alice c",
    "user-3: d",
    "alice: e",
    "* alice left",
];
const SEEN_BY_ALICE: [&str; 5] = [
    "* welcome to chinwag, you are user-2",
    "* you are alice now",
    "* user-3 joined",
    "user-3: a",
    "user-3: d",
];
const SEEN_BY_BOB: [&str; 5] =
    ["* welcome to chinwag, you are user-3", "alice: b", "~ alice c", "alice: e", "* alice left"];

/// What a user saw.
type View = Vec<&'static str>;

/// Judges this history; gives the name of the invariant that is broken.
fn judge(change: impl FnOnce(&mut View, &mut View, &mut View)) -> Option<&'static str> {
    judge_with(change, |_| {})
}

fn judge_with(
    change: impl FnOnce(&mut View, &mut View, &mut View),
    more: impl FnOnce(&mut Checker),
) -> Option<&'static str> {
    let (mut room, mut alice, mut bob) =
        (ROOM.to_vec(), SEEN_BY_ALICE.to_vec(), SEEN_BY_BOB.to_vec());
    change(&mut room, &mut alice, &mut bob);
    let mut checker = Checker::new(OBSERVER);
    for (id, view) in [(OBSERVER, room), (ALICE, alice), (BOB, bob)] {
        checker.saw(id, view.into_iter().map(str::to_owned));
    }
    for said in ["a", "d"] {
        checker.sent(BOB, Utterance::Say(said.to_owned()));
    }
    checker.sent(ALICE, Utterance::Say("b".to_owned()));
    checker.sent(ALICE, Utterance::Action("c".to_owned()));
    checker.sent(ALICE, Utterance::Say("e".to_owned()));
    checker.ended(ALICE, End::Left);
    more(&mut checker);
    checker.check().err().map(|broken| broken.invariant)
}

/// Replaces a line.
fn replace(view: &mut View, old: &str, new: &'static str) {
    let at = view.iter().position(|line| *line == old).expect(old);
    view[at] = new;
}

/// Takes a line out.
fn cut_out(view: &mut View, at: usize) {
    view.remove(at);
}

/// Exchanges two lines.
fn swap(view: &mut View, one: &str, other: &str) {
    let find = |text| view.iter().position(|line| *line == text).expect(text);
    let (one, other) = (find(one), find(other));
    view.swap(one, other);
}

#[test]
fn a_history_without_fault_passes() {
    assert_eq!(judge(|_, _, _| {}), None);
}

#[test]
fn i1_lines_of_one_sender_out_of_order() {
    let swapped = |view: &mut View| swap(view, "alice: b", "~ alice c");
    assert_eq!(
        judge(|room, _, bob| {
            swapped(room);
            swapped(bob);
        }),
        Some("I1")
    );
}

#[test]
fn i2_two_orders() {
    assert_eq!(judge(|_, _, bob| swap(bob, "alice: b", "alice: e")), Some("I2"));
}

#[test]
fn i3_a_line_twice() {
    assert_eq!(judge(|_, alice, _| alice.insert(4, "user-3: a")), Some("I3"));
    assert_eq!(
        judge(|room, _, bob| {
            room.insert(6, "alice: b");
            bob.insert(2, "alice: b");
        }),
        Some("I3")
    );
}

#[test]
fn i4_a_line_missing() {
    assert_eq!(judge(|_, alice, _| cut_out(alice, 3)), Some("I4"));
    assert_eq!(judge(|_, alice, _| cut_out(alice, 4)), Some("I4"));
    assert_eq!(judge(|_, _, bob| cut_out(bob, 2)), Some("I4"));
}

#[test]
fn i5_a_line_that_was_not_sent() {
    assert_eq!(judge(|_, alice, _| replace(alice, "user-3: d", "user-3: x")), Some("I5"));
    assert_eq!(
        judge(|room, _, bob| {
            replace(room, "alice: e", "alice: x");
            replace(bob, "alice: e", "alice: x");
        }),
        Some("I5")
    );
}

#[test]
fn i6_a_line_outside_of_its_authors_time() {
    assert_eq!(judge(|room, _, _| swap(room, "* user-3 joined", "user-3: a")), Some("I6"));
    assert_eq!(judge(|room, _, _| swap(room, "* alice left", "alice: e")), Some("I6"));
    assert_eq!(judge(|room, _, _| room.push("* alice left")), Some("I6"));
    assert_eq!(judge(|room, _, _| cut_out(room, 9)), Some("I6"), "a leave is missing");
    assert_eq!(judge(|_, alice, _| alice.push("alice: e")), Some("I6"), "her own line");
    assert_eq!(judge(|_, _, bob| bob.insert(1, "* user-2 is now alice")), Some("I6"));
    assert_eq!(judge(|_, _, bob| cut_out(bob, 0)), Some("I6"), "no welcome");
}

#[test]
fn i6_holds_for_those_who_were_counted() {
    let counted = |count: &'static str| {
        move |room: &mut View, alice: &mut View, _: &mut View| {
            replace(room, "* user-3 joined", count);
            replace(alice, "* user-3 joined", count);
        }
    };
    assert_eq!(judge(counted("* 1 person joined")), None);
    assert_eq!(judge(counted("* 2 people joined")), Some("I6"), "one never left");
    assert_eq!(
        judge(|room, _, _| {
            replace(room, "* user-3 joined", "* 1 person joined");
            swap(room, "* 1 person joined", "user-3: a");
        }),
        Some("I6")
    );
}

#[test]
fn i7_two_of_one_name() {
    assert_eq!(judge(|room, _, _| room.insert(5, "* user-3 is now ALICE")), Some("I7"));
}

#[test]
fn i8_i9_i10_memory_time_and_lines_lost_at_the_end() {
    assert_eq!(judge_with(|_, _, _| {}, |checker| checker.memory(11, 10)), Some("I8"));
    let late =
        |checker: &mut Checker| checker.drained(Duration::from_secs(2), Duration::from_secs(1));
    assert_eq!(judge_with(|_, _, _| {}, late), Some("I9"));
    let lost = |checker: &mut Checker| checker.sent(BOB, Utterance::Say("last".to_owned()));
    assert_eq!(judge_with(|_, _, _| {}, lost), Some("I10"));
}

/// What the observer, alice and bob saw of #dev beside a calm lobby: alice was in it twice.
const DEV: [(u64, &[&str]); 3] = [
    (
        OBSERVER,
        &[
            "* welcome to chinwag, you are user-1",
            "* you joined #dev",
            "#lobby * user-2 joined",
            "#lobby * user-3 joined",
            "* user-2 joined",
            "* user-3 joined",
            "user-2: a",
            "14:05:07 user-3: b",
            "* user-2 left #dev",
            "user-3: c",
            "#lobby user-2: d",
            "* user-2 joined",
            "user-3: e",
        ],
    ),
    (
        ALICE,
        &[
            "* welcome to chinwag, you are user-2",
            "* user-3 joined",
            "* you joined #dev",
            "* user-3 joined",
            "user-3: b",
            "* you left #dev and speak in #lobby now",
            "* you joined #dev",
            "* last 2 lines:",
            "| user-3: b",
            "* you speak in #lobby now",
            "#dev user-3: e",
        ],
    ),
    (
        BOB,
        &[
            "* welcome to chinwag, you are user-3",
            "* you joined #dev",
            "user-2: a",
            "[from user-2] psst",
            "* user-2 left #dev",
            "#lobby user-2: d",
            "* user-2 joined",
        ],
    ),
];

/// Judges what was seen of #dev after a change.
fn judge_dev(change: impl FnOnce(&mut BTreeMap<u64, View>)) -> Option<&'static str> {
    let mut views: BTreeMap<_, _> = DEV.iter().map(|(id, seen)| (*id, seen.to_vec())).collect();
    change(&mut views);
    let mut checker = Checker::new(OBSERVER);
    for (id, view) in views {
        checker.saw(id, view.into_iter().map(str::to_owned));
    }
    let said = |text: &str| Utterance::Say(text.to_owned());
    checker.sent_in("#dev", ALICE, said("a"));
    checker.sent_in("#lobby", ALICE, said("d"));
    for text in ["b", "c", "e"] {
        checker.sent_in("#dev", BOB, said(text));
    }
    checker.check().err().map(|broken| broken.invariant)
}

#[test]
fn rooms_without_fault_pass() {
    assert_eq!(judge_dev(|_| {}), None);
}

#[test]
fn rooms_are_judged_by_every_invariant() {
    let seen = |id: u64, change: fn(&mut View)| {
        move |views: &mut BTreeMap<u64, View>| change(views.get_mut(&id).expect("a view"))
    };
    let alice = |change| judge_dev(seen(ALICE, change));
    let bob = |change| judge_dev(seen(BOB, change));
    let room = |change| judge_dev(seen(OBSERVER, change));
    assert_eq!(alice(|view| cut_out(view, 4)), Some("I4"), "a line of her first stay");
    assert_eq!(alice(|view| cut_out(view, 10)), Some("I4"), "a line of her second stay");
    assert_eq!(alice(|view| replace(view, "#dev user-3: e", "user-3: e")), Some("I4"));
    assert_eq!(alice(|view| view.insert(5, "user-3: b")), Some("I6"), "a line twice at its end");
    assert_eq!(alice(|view| view.insert(4, "* user-3 joined")), Some("I3"));
    assert_eq!(bob(|view| swap(view, "user-2: a", "* user-2 left #dev")), Some("I2"));
    assert_eq!(bob(|view| view.push("user-3: c")), Some("I6"), "his own line");
    let elsewhere = |view: &mut View| replace(view, "* user-2 left #dev", "* user-2 left #ops");
    assert_eq!(room(elsewhere), Some("I6"), "that is another room");
    assert_eq!(bob(|view| replace(view, "* user-2 left #dev", "* user-2 left")), Some("I4"));
    let lobby = |view: &mut View| view.push("#lobby * user-2 left #lobby");
    assert_eq!(room(lobby), Some("I6"), "nobody parts from the lobby");
    assert_eq!(bob(|view| view.push("#ops user-2: x")), None, "nobody observed that room");
    assert_eq!(bob(|view| view.insert(1, "#dev user-2: a")), Some("I6"), "before his join");
    let turned = |views: &mut BTreeMap<u64, View>| {
        let room = views.get_mut(&OBSERVER).expect("a view");
        swap(room, "14:05:07 user-3: b", "user-3: c");
        replace(views.get_mut(&ALICE).expect("a view"), "user-3: b", "user-3: c");
    };
    assert_eq!(judge_dev(turned), Some("I1"));
    assert_eq!(room(|view| view.push("user-3: f")), Some("I4"));
    assert_eq!(room(|view| cut_out(view, 4)), Some("I6"), "a join is missing");
    assert_eq!(room(|view| view.insert(6, "* USER-2 joined")), Some("I7"));
}
