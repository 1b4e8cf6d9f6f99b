//! How much one batch copies for those who do not share what others read: thousands of users in two rooms, or who ignore
//! a user.

use super::harness::Harness;
use crate::chat::admin_command::{AdminCommand, BanCommand};
use crate::chat::event;
use crate::chat::event::{ClientId, LeaveReason};
use crate::limits::{BATCH_COPY_BYTES, MAX_ANNOUNCED, QUEUE_HARD, SUMMARY_INTERVAL};
use crate::protocol::command;
use std::net::Ipv4Addr;
use std::time::Duration;
use whippet::sync::oneshot;

/// Readers: with 60 KB for each they get more than a batch may copy.
const READERS: u64 = 700;
/// Whose words they ignore.
const IGNORED: u64 = 1;
/// Who speaks.
const ALICE: u64 = 2;
/// Who does something else; in the rooms of the others.
const BOB: u64 = 3;

/// Everybody is in the lobby and in #a, speaks in #a, and ignores one user. Alice has filled most of a batch in #a.
fn scenario() -> Harness {
    scenario_of(&["/join #a"])
}

/// The same with everybody in these rooms beside the lobby.
fn scenario_of(joins: &[&str]) -> Harness {
    let mut harness = Harness::new();
    let last = READERS + BOB;
    (0..last).for_each(|_| _ = harness.enter());
    harness.flush();
    harness.discard_all();
    for id in 1..=last {
        harness.submit(id, joins);
        if id > BOB {
            harness.submit(id, &["/ignore user-1"]);
        }
        harness.clients.get_mut(&id).expect("they are here").read();
    }
    harness.flush();
    harness.discard_all();
    harness.advance(Duration::from_secs(2));
    harness.discard_all();
    fill(&mut harness);
    harness
}

/// Alice says nearly as much as one batch may have.
fn fill(harness: &mut Harness) {
    let long = "x".repeat(4_000);
    (0..15).for_each(|_| harness.submit(ALICE, &[&long]));
}

/// Nothing more was copied than may be, and everybody is there.
fn assert_bound(mut harness: Harness, what: &str) {
    harness.flush();
    let bytes = harness.broker.buffered_bytes();
    // The shared buffer, and lines of the server's own.
    let most = BATCH_COPY_BYTES + (1 << 20);
    assert!(bytes <= most, "{what}: {bytes} bytes");
    let cut = harness.clients.values().filter(|client| client.is_disconnected()).count();
    assert_eq!(cut, 0, "{what}");
    let read = harness.read(READERS + BOB);
    assert_eq!(read.iter().filter(|line| line.len() > 4_000).count(), 15, "{what}");
}

#[test]
fn a_line_in_all_rooms_flushes_first() {
    for step in ["/nick somebody", "/quit", "/quit bye", "/join #b", "/part", "/msg user-9 psst"] {
        let mut harness = scenario();
        harness.submit(BOB, &[step]);
        assert_bound(harness, step);
    }
}

#[test]
fn a_line_before_a_rename_in_one_read_ends_no_later() {
    let mut harness = scenario();
    let long = "y".repeat(3_000);
    harness.submit(BOB, &[&long, "/nick somebody"]);
    assert_bound(harness, "both");
}

#[test]
fn a_disconnect_flushes_first() {
    let mut harness = scenario();
    harness.submit_leave(BOB, LeaveReason::ConnectionLost);
    assert_bound(harness, "a disconnect");
}

#[test]
fn a_join_flushes_first() {
    let mut harness = scenario();
    harness.enter();
    assert_bound(harness, "a newcomer");
}

#[test]
fn lines_of_ignored_users_flush_first() {
    // They get the leave without words, each a copy with it.
    let mut harness = scenario_of(&[]);
    harness.submit(IGNORED, &["/quit bye"]);
    assert_bound(harness, "a leave");
}

/// The last of those who are counted leaves with words, of whom it is said later, in the middle of a batch.
#[test]
fn counted_leaves_keep_no_text_of_ignored_users() {
    let mut harness = scenario_of(&[]);
    harness.flush();
    for _ in 0..MAX_ANNOUNCED {
        let id = harness.enter();
        harness.submit_leave(id, LeaveReason::Quit(None));
    }
    harness.flush();
    harness.submit(IGNORED, &["/quit bye"]);
    harness.flush();
    harness.discard_all();
    fill(&mut harness);
    harness.now += SUMMARY_INTERVAL;
    harness.broker.handle_timeout(harness.now);
    assert!(
        harness.read(BOB).contains(&"* user-1 left".to_owned()),
        "it is said now, without words"
    );
    assert_bound(harness, "many leaves that count as one");
}

#[test]
fn an_operators_broadcast_flushes_first() {
    let mut harness = scenario();
    let (answer, _answered) = oneshot::channel();
    let order = AdminCommand::Say { text: "tea".to_owned(), answer };
    harness.broker.handle_control(event::Control::Admin(order), harness.now);
    assert_bound(harness, "say");
}

/// Hundreds go at once. A line for each, for each of the others in both rooms, would be 80 MB.
#[test]
fn many_banned_at_once_are_counted() {
    const BANNED: u64 = 700;
    let mut harness = Harness::new();
    let readers = 1_000;
    let enter = |harness: &mut Harness, address: Ipv4Addr, count: u64| {
        harness.address = address.into();
        (0..count).for_each(|_| _ = harness.enter());
        harness.flush();
        harness.discard_all();
    };
    enter(&mut harness, Ipv4Addr::new(192, 0, 2, 1), readers);
    enter(&mut harness, Ipv4Addr::new(198, 51, 100, 7), BANNED);
    for id in 1..=readers + BANNED {
        harness.submit(id, &["/join #a"]);
        harness.clients.get_mut(&id).expect("they are here").read();
    }
    harness.advance(Duration::from_secs(2));
    harness.discard_all();
    let (answer, mut answered) = oneshot::channel();
    let order =
        AdminCommand::ChangeBans { command: BanCommand::Ban("198.51.100.0/24".to_owned()), answer };
    harness.broker.handle_control(event::Control::Admin(order), harness.now);
    let words = answered.try_recv().expect("it is done").expect("it can be done").message;
    assert!(words.contains("700 people had to go"), "{words}");
    let bytes = harness.broker.buffered_bytes();
    assert!(bytes <= BATCH_COPY_BYTES, "{bytes} bytes of what nobody has read yet");
    assert_eq!(harness.metrics().disconnects_banned, BANNED);
    harness.advance(Duration::from_secs(2));
    let read = harness.read(1);
    let singles = read.iter().filter(|line| line.ends_with("left (banned)")).count();
    assert!(singles <= 4 * MAX_ANNOUNCED, "as many as leave by name, in both rooms");
    let counts = read.iter().filter(|line| line.ends_with(" people left"));
    let counted = counts.map(|line| line.trim_start_matches("#lobby ").split(' ').nth(1));
    let counted: u64 =
        counted.map(|count| count.and_then(|c| c.parse::<u64>().ok()).unwrap()).sum();
    assert_eq!(singles as u64 + counted, 2 * BANNED, "in both rooms: {read:?}");
    let id = ClientId::new(readers + 1);
    let inputs = [command::parse("still here").expect("a line")];
    let mut last = event::CommandBatch::new();
    inputs.into_iter().for_each(|input| last.push(input));
    harness.broker.handle_event(event::Event::Lines { id, inputs: last }, harness.now);
    harness.flush();
    assert!(harness.read(1).is_empty(), "who is banned is gone at once");
}

/// An operator is disconnected by the batch that their own ban ends.
#[test]
fn operators_may_be_disconnected_by_their_own_ban() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    harness.promote(bob);
    // They stop reading, count no more, and have nearly as much pending as may be.
    let line = "x".repeat(4_000);
    harness.send(alice, "one");
    harness.advance(Duration::from_secs(1));
    while harness.clients[&bob].receiver.state().pending() + 20_000 < QUEUE_HARD {
        harness.send(alice, &line);
    }
    (0..6).for_each(|_| harness.submit(alice, &[&line]));
    harness.submit(bob, &["/ban 192.0.2.1"]);
    harness.flush();
    assert!(harness.clients[&bob].is_disconnected());
    assert_eq!(harness.read(alice), ["* bob left (too slow)"]);
}

/// A join summary is due in a room whose last users go with the batch that ends before.
#[test]
fn a_room_may_close_before_its_join_summary() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    let lost: Vec<_> = (0..READERS).map(|_| harness.enter()).collect();
    harness.advance(Duration::from_secs(2));
    harness.discard_all();
    // They stop reading, count no more, and have nearly as much pending as may be.
    let line = "x".repeat(4_000);
    harness.send(bob, "one");
    harness.advance(Duration::from_secs(1));
    harness.read(alice);
    while harness.clients[&lost[0]].receiver.state().pending() + 60_000 < QUEUE_HARD {
        harness.send(bob, &line);
        harness.read(alice);
    }
    lost.iter().for_each(|&id| harness.submit(id, &["/join #lost"]));
    harness.flush();
    (0..15).for_each(|_| harness.submit(bob, &[&line]));
    assert!(lost.iter().all(|id| !harness.clients[id].is_disconnected()));
    harness.now += SUMMARY_INTERVAL;
    harness.broker.handle_timeout(harness.now);
    assert!(lost.iter().all(|id| harness.clients[id].is_disconnected()));
    let read = harness.read(alice);
    assert!(read.iter().any(|line| line.ends_with("left (too slow)")), "{read:?}");
}

/// In many rooms that hundreds share, too: a flush before each would win nothing.
#[test]
fn commands_that_publish_nothing_do_not_flush() {
    let joins: Vec<_> = (0..16).map(|number| format!("/join #{number}")).collect();
    let joins: Vec<_> = joins.iter().map(String::as_str).collect();
    let mut harness = scenario_of(&joins);
    harness.flush();
    harness.discard_all();
    let before = harness.metrics().frames;
    (10..40).for_each(|id| harness.submit(id, &["/time"]));
    assert_eq!(harness.metrics().frames, before, "nothing went out yet");
    harness.flush();
    assert_eq!(harness.metrics().frames, before + 30);
}
