//! The checker is checked: a history that breaks an invariant is found, and the invariant is named.

use crate::checker::{Checker, End, Utterance};
use std::time::Duration;

/// The observer, and two people who talk.
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

/// What somebody saw.
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
        checker.sent(BOB, Utterance::Said(said.to_owned()));
    }
    checker.sent(ALICE, Utterance::Said("b".to_owned()));
    checker.sent(ALICE, Utterance::Did("c".to_owned()));
    checker.sent(ALICE, Utterance::Said("e".to_owned()));
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
fn i5_a_line_that_nobody_sent() {
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
    let lost = |checker: &mut Checker| checker.sent(BOB, Utterance::Said("last".to_owned()));
    assert_eq!(judge_with(|_, _, _| {}, lost), Some("I10"));
}
