//! How far a user may fall behind, and what the others notice of it.

use super::harness::Room;
use crate::chat::broker::Broker;
use crate::chat::event::LeaveReason;
use crate::limits::{BATCH_COPY_BYTES, MIN_PROGRESSING, QUEUE_HARD, QUEUE_SOFT, STALL_TIMEOUT};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// A line that with its overhead is charged 2 KiB.
fn two_kib(nick: &str) -> String {
    "x".repeat(2048 - 64 - nick.len() - ": \r\n".len())
}

/// A user sends lines until no more are taken. Says how many it were.
fn send_until_paused(room: &mut Room, alice: u64) -> u64 {
    let line = two_kib("alice");
    let mut sent = 0;
    while room.broker.accepts_events() {
        assert!(sent <= QUEUE_HARD / 2048, "the intake stays open");
        room.send(alice, &line);
        sent += 1;
    }
    sent
}

#[test]
fn clients_over_the_hard_limit_are_disconnected() {
    let mut room = Room::new();
    let (alice, bob, cy) = (room.join_as("alice"), room.join_as("bob"), room.join_as("cy"));
    // Bob has stopped counting before it begins, or the room would wait for them.
    room.send(alice, "one");
    room.read(cy);
    room.pass(SECOND);
    let line = two_kib("alice");
    let mut seen = Vec::new();
    for _ in 0..QUEUE_HARD / 2048 {
        assert!(!room.people[&bob].is_disconnected());
        room.send(alice, &line);
        seen.extend(room.read(cy));
    }
    assert!(room.people[&bob].is_disconnected());
    assert_eq!(room.read(alice), ["* bob left (too slow)"]);
    assert_eq!(seen.len() as u64, QUEUE_HARD / 2048 + 1);
    assert_eq!(seen.pop().as_deref(), Some("* bob left (too slow)"));
    room.leave(bob, LeaveReason::TooSlow);
    assert!(room.read(alice).is_empty(), "his task's own leave comes too late");
    assert_eq!((room.metrics().disconnects_queue_full, room.metrics().users), (1, 2));
}

#[test]
fn stalled_clients_are_disconnected_in_time() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    room.pass(Duration::from_secs(3600));
    assert_eq!(room.metrics().users, 2, "nothing was owed");
    room.send(alice, "one");
    room.pass(STALL_TIMEOUT - Duration::from_millis(100));
    assert!(!room.people[&bob].is_disconnected());
    // A byte is enough to stay.
    room.people.get_mut(&bob).expect("he is here").take(1);
    room.pass(STALL_TIMEOUT - Duration::from_millis(100));
    assert!(!room.people[&bob].is_disconnected());
    room.pass(Duration::from_millis(300));
    assert!(room.people[&bob].is_disconnected());
    assert_eq!(room.read(alice), ["* bob left (too slow)"]);
    assert_eq!(room.metrics().disconnects_stalled, 1);
}

#[test]
fn no_scan_runs_while_nothing_is_pending() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    room.pass(SECOND);
    assert_eq!(room.broker.next_deadline(), None);
    room.send(alice, "one");
    assert!(room.broker.next_deadline().is_some());
    room.read(bob);
    room.pass(SECOND);
    assert_eq!(room.broker.next_deadline(), None);
}

#[test]
fn events_wait_until_progressing_readers_catch_up() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    room.pass(SECOND);
    let sent = send_until_paused(&mut room, alice);
    assert_eq!(sent, QUEUE_SOFT / 2048 + 1);
    room.people.get_mut(&bob).expect("he is here").take(3000);
    room.broker.handle_drain_notice(room.now);
    assert!(room.broker.accepts_events());
    assert_eq!(room.metrics().pauses, 1);
}

#[test]
fn events_wait_half_a_second_for_a_sole_stalled_reader() {
    let mut room = Room::new();
    let (alice, _bob) = (room.join_as("alice"), room.join_as("bob"));
    // By now alice is the only one who has said anything, and counts for nothing.
    room.pass(SECOND);
    send_until_paused(&mut room, alice);
    room.pass(Duration::from_millis(390));
    assert!(!room.broker.accepts_events());
    room.pass(Duration::from_millis(210));
    assert!(room.broker.accepts_events());
}

#[test]
fn events_wait_less_for_one_stalled_reader_of_many() {
    let mut room = Room::new();
    let alice = room.join_as("alice");
    let others: Vec<_> = (0..MIN_PROGRESSING).map(|_| room.join()).collect();
    let _bob = room.join_as("bob");
    room.pass(SECOND);
    let line = two_kib("alice");
    while room.broker.accepts_events() {
        room.send(alice, &line);
        others.iter().for_each(|&other| drop(room.read(other)));
    }
    // The kernel may need 270 ms to find out that a window is open again.
    room.pass(Duration::from_millis(290));
    assert!(!room.broker.accepts_events());
    room.pass(Duration::from_millis(110));
    assert!(room.broker.accepts_events());
}

#[test]
fn departed_readers_are_not_waited_for() {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    send_until_paused(&mut room, alice);
    // Their leave is in the queue that is not read now.
    room.people.remove(&bob);
    room.broker.handle_drain_notice(room.now);
    assert!(room.broker.accepts_events());
}

#[test]
fn memory_that_comes_back_at_once_closes_nothing() {
    const LIMIT: usize = 512 << 10;
    let mut room = Room::new();
    room.broker = Broker::new(room.backpressure(), room.now).with_max_buffered(LIMIT);
    let mut most = 0;
    for turn in 0..300 {
        // None of these users reads, and there are always more of them.
        let id = room.join();
        for _ in 0..8 {
            room.hand_over(id, &["/help", "/help", "/help", "/help"]);
            room.flush();
            most = most.max(room.broker.living_bytes());
            assert!(room.broker.accepts_events(), "turn {turn}: the intake closed for all");
            // Those who were disconnected let go of what they had.
            room.people.retain(|_, person| !person.is_disconnected());
        }
        room.pass(Duration::from_millis(100));
    }
    assert!(most <= LIMIT, "{most}");
    assert!(room.metrics().disconnects_memory > 0);
}

#[test]
fn memory_pressure_disconnects_the_slowest() {
    const LIMIT: usize = 256 << 10;
    let mut room = Room::new();
    room.broker = Broker::new(room.backpressure(), room.now).with_max_buffered(LIMIT);
    let alice = room.join_as("alice");
    let mut asking: Vec<_> = (0..40).map(|_| room.join()).collect();
    room.discard_all();
    // Answers are for one alone, so they are not shared; none of these users reads. The further down the list, the
    // further behind.
    let mut most = 0;
    'asking: for turn in 0..40 {
        for &id in &asking[turn..] {
            if !room.broker.accepts_events() {
                break 'asking;
            }
            (0..8).for_each(|_| room.hand_over(id, &["/help", "/help", "/help"]));
            room.flush();
            most = most.max(room.broker.living_bytes());
        }
    }
    assert!(!room.broker.accepts_events(), "no more lines until memory is back");
    assert!(most < LIMIT + (64 << 10), "{most}");
    let cut = |room: &Room, id: &u64| room.people[id].is_disconnected();
    asking.retain(|id| cut(&room, id));
    let count = asking.len();
    assert!((1..40).contains(&count), "{count}");
    assert_eq!(room.metrics().disconnects_memory, count as u64);
    asking.iter().for_each(|id| drop(room.people.remove(id)));
    room.pass(SECOND);
    assert!(room.broker.accepts_events());
    assert!(room.broker.living_bytes() <= LIMIT);
    assert_eq!(room.metrics().disconnects_memory, count as u64, "one relief was enough");
    let told = room.read(alice);
    assert_eq!(told.iter().filter(|line| line.ends_with("left (too slow)")).count(), count);
}

#[test]
fn queue_slots_count_as_buffered_bytes() {
    const LIMIT: usize = 2 << 20;
    let mut room = Room::new();
    room.broker = Broker::new(room.backpressure(), room.now).with_max_buffered(LIMIT);
    let alice = room.join_as("alice");
    let frozen: Vec<_> = (0..40).map(|_| room.join()).collect();
    room.discard_all();
    // A frame for each line, shared by all: its bytes are nothing beside 40 places in queues.
    for _ in 0..2_000 {
        room.send(alice, "x");
        room.read(alice);
    }
    assert!(room.broker.living_bytes() < LIMIT / 4, "{}", room.broker.living_bytes());
    room.pass(SECOND);
    assert!(room.metrics().disconnects_memory > 0, "40 inboxes of 2,000 frames");
    assert!(frozen.iter().any(|id| room.people[id].is_disconnected()));
}

/// Users who are in two rooms get copies of their own of what is said in both. Memory for frames is short at once.
#[test]
fn a_batch_ends_before_its_copies_take_too_much() {
    const LIMIT: usize = 1 << 20;
    const PEOPLE: usize = 1_000;
    let mut room = Room::new();
    room.broker = Broker::new(room.backpressure(), room.now).with_max_buffered(LIMIT);
    let speakers = [room.join(), room.join()];
    let both: Vec<_> = (0..PEOPLE).map(|_| room.join()).collect();
    for (speaker, name) in speakers.iter().zip(["#a", "#b"]) {
        both.iter().for_each(|&id| room.send(id, &format!("/join {name}")));
        room.send(*speaker, &format!("/join {name}"));
    }
    room.discard_all();
    room.pass(SECOND);
    room.discard_all();
    let long = "x".repeat(4_000);
    (0..14).for_each(|at| room.hand_over(speakers[at % 2], &[&long]));
    room.flush();
    // Nor do those who are disconnected for it get a line for each of the others.
    let most = BATCH_COPY_BYTES + 2 * LIMIT;
    assert!(room.broker.living_bytes() <= most, "{}", room.broker.living_bytes());
    assert!(room.metrics().disconnects_memory > 0);
}
