//! How much one batch copies for those who do not share what others read: thousands of users in two rooms, or who ignore
//! a user.

use super::harness::Room;
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
fn house() -> Room {
    house_of(&["/join #a"])
}

/// The same with everybody in these rooms beside the lobby.
fn house_of(joins: &[&str]) -> Room {
    let mut room = Room::new();
    let last = READERS + BOB;
    (0..last).for_each(|_| _ = room.enter());
    room.flush();
    room.discard_all();
    for id in 1..=last {
        room.hand_over(id, joins);
        if id > BOB {
            room.hand_over(id, &["/ignore user-1"]);
        }
        room.people.get_mut(&id).expect("they are here").read();
    }
    room.flush();
    room.discard_all();
    room.pass(Duration::from_secs(2));
    room.discard_all();
    fill(&mut room);
    room
}

/// Alice says nearly as much as one batch may have.
fn fill(room: &mut Room) {
    let long = "x".repeat(4_000);
    (0..15).for_each(|_| room.hand_over(ALICE, &[&long]));
}

/// Nothing more was copied than may be, and everybody is there.
fn assert_bound(mut room: Room, what: &str) {
    room.flush();
    let bytes = room.broker.living_bytes();
    // The shared buffer, and lines of the server's own.
    let most = BATCH_COPY_BYTES + (1 << 20);
    assert!(bytes <= most, "{what}: {bytes} bytes");
    let cut = room.people.values().filter(|person| person.is_disconnected()).count();
    assert_eq!(cut, 0, "{what}");
    let read = room.read(READERS + BOB);
    assert_eq!(read.iter().filter(|line| line.len() > 4_000).count(), 15, "{what}");
}

#[test]
fn a_line_in_all_rooms_flushes_first() {
    for step in ["/nick somebody", "/quit", "/quit bye", "/join #b", "/part", "/msg user-9 psst"] {
        let mut room = house();
        room.hand_over(BOB, &[step]);
        assert_bound(room, step);
    }
}

#[test]
fn a_line_before_a_rename_in_one_read_ends_no_later() {
    let mut room = house();
    let long = "y".repeat(3_000);
    room.hand_over(BOB, &[&long, "/nick somebody"]);
    assert_bound(room, "both");
}

#[test]
fn a_disconnect_flushes_first() {
    let mut room = house();
    room.depart(BOB, LeaveReason::ConnectionLost);
    assert_bound(room, "a disconnect");
}

#[test]
fn a_join_flushes_first() {
    let mut room = house();
    room.enter();
    assert_bound(room, "a newcomer");
}

#[test]
fn lines_of_ignored_users_flush_first() {
    // They get the leave without words, each a copy with it.
    let mut room = house_of(&[]);
    room.hand_over(IGNORED, &["/quit bye"]);
    assert_bound(room, "a leave");
}

/// The last of those who are counted leaves with words, of whom it is said later, in the middle of a batch.
#[test]
fn counted_leaves_keep_no_text_of_ignored_users() {
    let mut room = house_of(&[]);
    room.flush();
    for _ in 0..MAX_ANNOUNCED {
        let id = room.enter();
        room.depart(id, LeaveReason::Quit(None));
    }
    room.flush();
    room.hand_over(IGNORED, &["/quit bye"]);
    room.flush();
    room.discard_all();
    fill(&mut room);
    room.now += SUMMARY_INTERVAL;
    room.broker.handle_timeout(room.now);
    assert!(room.read(BOB).contains(&"* user-1 left".to_owned()), "it is said now, without words");
    assert_bound(room, "a crowd of one");
}

#[test]
fn an_operators_broadcast_flushes_first() {
    let mut room = house();
    let (answer, _answered) = oneshot::channel();
    let order = AdminCommand::Say { text: "tea".to_owned(), answer };
    room.broker.handle_control(event::Control::Admin(order), room.now);
    assert_bound(room, "say");
}

/// Hundreds go at once. A line for each, for each of the others in both rooms, would be 80 MB.
#[test]
fn many_banned_at_once_are_counted() {
    const BANNED: u64 = 700;
    let mut room = Room::new();
    let readers = 1_000;
    let enter = |room: &mut Room, address: Ipv4Addr, count: u64| {
        room.address = address.into();
        (0..count).for_each(|_| _ = room.enter());
        room.flush();
        room.discard_all();
    };
    enter(&mut room, Ipv4Addr::new(192, 0, 2, 1), readers);
    enter(&mut room, Ipv4Addr::new(198, 51, 100, 7), BANNED);
    for id in 1..=readers + BANNED {
        room.hand_over(id, &["/join #a"]);
        room.people.get_mut(&id).expect("they are here").read();
    }
    room.pass(Duration::from_secs(2));
    room.discard_all();
    let (answer, mut answered) = oneshot::channel();
    let order =
        AdminCommand::ChangeBans { command: BanCommand::Ban("198.51.100.0/24".to_owned()), answer };
    room.broker.handle_control(event::Control::Admin(order), room.now);
    let words = answered.try_recv().expect("it is done").expect("it can be done").message;
    assert!(words.contains("700 people had to go"), "{words}");
    let bytes = room.broker.living_bytes();
    assert!(bytes <= BATCH_COPY_BYTES, "{bytes} bytes of what nobody has read yet");
    assert_eq!(room.metrics().disconnects_banned, BANNED);
    room.pass(Duration::from_secs(2));
    let read = room.read(1);
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
    room.broker.handle_event(event::Event::Lines { id, inputs: last }, room.now);
    room.flush();
    assert!(room.read(1).is_empty(), "who is banned is gone at once");
}

/// An operator is disconnected by the batch that their own ban ends.
#[test]
fn operators_may_be_disconnected_by_their_own_ban() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    room.promote(bob);
    // They stop reading, count no more, and have nearly as much pending as may be.
    let line = "x".repeat(4_000);
    room.send(alice, "one");
    room.pass(Duration::from_secs(1));
    while room.people[&bob].inbox.state().pending() + 20_000 < QUEUE_HARD {
        room.send(alice, &line);
    }
    (0..6).for_each(|_| room.hand_over(alice, &[&line]));
    room.hand_over(bob, &["/ban 192.0.2.1"]);
    room.flush();
    assert!(room.people[&bob].is_disconnected());
    assert_eq!(room.read(alice), ["* bob left (too slow)"]);
}

/// A join summary is due in a room whose last users go with the batch that ends before.
#[test]
fn a_room_may_close_before_its_join_summary() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    let lost: Vec<_> = (0..READERS).map(|_| room.enter()).collect();
    room.pass(Duration::from_secs(2));
    room.discard_all();
    // They stop reading, count no more, and have nearly as much pending as may be.
    let line = "x".repeat(4_000);
    room.send(bob, "one");
    room.pass(Duration::from_secs(1));
    room.read(alice);
    while room.people[&lost[0]].inbox.state().pending() + 60_000 < QUEUE_HARD {
        room.send(bob, &line);
        room.read(alice);
    }
    lost.iter().for_each(|&id| room.hand_over(id, &["/join #lost"]));
    room.flush();
    (0..15).for_each(|_| room.hand_over(bob, &[&line]));
    assert!(lost.iter().all(|id| !room.people[id].is_disconnected()));
    room.now += SUMMARY_INTERVAL;
    room.broker.handle_timeout(room.now);
    assert!(lost.iter().all(|id| room.people[id].is_disconnected()));
    let read = room.read(alice);
    assert!(read.iter().any(|line| line.ends_with("left (too slow)")), "{read:?}");
}

/// In many rooms that hundreds share, too: a flush before each would win nothing.
#[test]
fn commands_that_publish_nothing_do_not_flush() {
    let joins: Vec<_> = (0..16).map(|number| format!("/join #{number}")).collect();
    let joins: Vec<_> = joins.iter().map(String::as_str).collect();
    let mut room = house_of(&joins);
    room.flush();
    room.discard_all();
    let before = room.metrics().frames;
    (10..40).for_each(|id| room.hand_over(id, &["/time"]));
    assert_eq!(room.metrics().frames, before, "nothing went out yet");
    room.flush();
    assert_eq!(room.metrics().frames, before + 30);
}
