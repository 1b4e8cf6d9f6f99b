//! How far a user may fall behind, and what the others notice of it.

use super::harness::Harness;
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
fn send_until_paused(harness: &mut Harness, alice: u64) -> u64 {
    let line = two_kib("alice");
    let mut sent = 0;
    while harness.broker.accepts_events() {
        assert!(sent <= QUEUE_HARD / 2048, "the intake stays open");
        harness.send(alice, &line);
        sent += 1;
    }
    sent
}

#[test]
fn clients_over_the_hard_limit_are_disconnected() {
    let mut harness = Harness::new();
    let (alice, bob, cy) =
        (harness.join_as("alice"), harness.join_as("bob"), harness.join_as("cy"));
    // Bob has stopped counting before it begins, or the room would wait for them.
    harness.send(alice, "one");
    harness.read(cy);
    harness.advance(SECOND);
    let line = two_kib("alice");
    let mut seen = Vec::new();
    for _ in 0..QUEUE_HARD / 2048 {
        assert!(!harness.clients[&bob].is_disconnected());
        harness.send(alice, &line);
        seen.extend(harness.read(cy));
    }
    assert!(harness.clients[&bob].is_disconnected());
    assert_eq!(harness.read(alice), ["* bob left (too slow)"]);
    assert_eq!(seen.len() as u64, QUEUE_HARD / 2048 + 1);
    assert_eq!(seen.pop().as_deref(), Some("* bob left (too slow)"));
    harness.leave(bob, LeaveReason::TooSlow);
    assert!(harness.read(alice).is_empty(), "his task's own leave comes too late");
    assert_eq!((harness.metrics().disconnects_queue_full, harness.metrics().users), (1, 2));
}

#[test]
fn stalled_clients_are_disconnected_in_time() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    harness.advance(Duration::from_secs(3600));
    assert_eq!(harness.metrics().users, 2, "nothing was owed");
    harness.send(alice, "one");
    harness.advance(STALL_TIMEOUT - Duration::from_millis(100));
    assert!(!harness.clients[&bob].is_disconnected());
    // A byte is enough to stay.
    harness.clients.get_mut(&bob).expect("they are here").read_bytes(1);
    harness.advance(STALL_TIMEOUT - Duration::from_millis(100));
    assert!(!harness.clients[&bob].is_disconnected());
    harness.advance(Duration::from_millis(300));
    assert!(harness.clients[&bob].is_disconnected());
    assert_eq!(harness.read(alice), ["* bob left (too slow)"]);
    assert_eq!(harness.metrics().disconnects_stalled, 1);
}

#[test]
fn no_scan_runs_while_nothing_is_pending() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    harness.advance(SECOND);
    assert_eq!(harness.broker.next_deadline(), None);
    harness.send(alice, "one");
    assert!(harness.broker.next_deadline().is_some());
    harness.read(bob);
    harness.advance(SECOND);
    assert_eq!(harness.broker.next_deadline(), None);
}

#[test]
fn events_wait_until_progressing_readers_catch_up() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    harness.advance(SECOND);
    let sent = send_until_paused(&mut harness, alice);
    assert_eq!(sent, QUEUE_SOFT / 2048 + 1);
    harness.clients.get_mut(&bob).expect("they are here").read_bytes(3000);
    harness.broker.handle_drain_notice(harness.now);
    assert!(harness.broker.accepts_events());
    assert_eq!(harness.metrics().pauses, 1);
}

#[test]
fn events_wait_half_a_second_for_a_sole_stalled_reader() {
    let mut harness = Harness::new();
    let (alice, _bob) = (harness.join_as("alice"), harness.join_as("bob"));
    // By now alice is the only one who has said anything, and counts for nothing.
    harness.advance(SECOND);
    send_until_paused(&mut harness, alice);
    harness.advance(Duration::from_millis(390));
    assert!(!harness.broker.accepts_events());
    harness.advance(Duration::from_millis(210));
    assert!(harness.broker.accepts_events());
}

#[test]
fn events_wait_less_for_one_stalled_reader_of_many() {
    let mut harness = Harness::new();
    let alice = harness.join_as("alice");
    let others: Vec<_> = (0..MIN_PROGRESSING).map(|_| harness.join()).collect();
    let _bob = harness.join_as("bob");
    harness.advance(SECOND);
    let line = two_kib("alice");
    while harness.broker.accepts_events() {
        harness.send(alice, &line);
        others.iter().for_each(|&other| drop(harness.read(other)));
    }
    // The kernel may need 270 ms to find out that a window is open again.
    harness.advance(Duration::from_millis(290));
    assert!(!harness.broker.accepts_events());
    harness.advance(Duration::from_millis(110));
    assert!(harness.broker.accepts_events());
}

#[test]
fn departed_readers_are_not_waited_for() {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    send_until_paused(&mut harness, alice);
    // Their leave is in the queue that is not read now.
    harness.clients.remove(&bob);
    harness.broker.handle_drain_notice(harness.now);
    assert!(harness.broker.accepts_events());
}

#[test]
fn memory_that_comes_back_at_once_closes_nothing() {
    const LIMIT: usize = 512 << 10;
    let mut harness = Harness::new();
    harness.broker = Broker::new(harness.backpressure(), harness.now).with_max_buffered(LIMIT);
    let mut most = 0;
    for turn in 0..300 {
        // None of these users reads, and there are always more of them.
        let id = harness.join();
        for _ in 0..8 {
            harness.submit(id, &["/help", "/help", "/help", "/help"]);
            harness.flush();
            most = most.max(harness.broker.buffered_bytes());
            assert!(harness.broker.accepts_events(), "turn {turn}: no events are taken");
            // Those who were disconnected let go of what they had.
            harness.clients.retain(|_, client| !client.is_disconnected());
        }
        harness.advance(Duration::from_millis(100));
    }
    assert!(most <= LIMIT, "{most}");
    assert!(harness.metrics().disconnects_memory > 0);
}

#[test]
fn memory_pressure_disconnects_the_slowest() {
    const LIMIT: usize = 256 << 10;
    let mut harness = Harness::new();
    harness.broker = Broker::new(harness.backpressure(), harness.now).with_max_buffered(LIMIT);
    let alice = harness.join_as("alice");
    let mut asking: Vec<_> = (0..40).map(|_| harness.join()).collect();
    harness.discard_all();
    // Answers are for one alone, so they are not shared; none of these users reads. The further down the list, the
    // further behind.
    let mut most = 0;
    'asking: for turn in 0..40 {
        for &id in &asking[turn..] {
            if !harness.broker.accepts_events() {
                break 'asking;
            }
            (0..8).for_each(|_| harness.submit(id, &["/help", "/help", "/help"]));
            harness.flush();
            most = most.max(harness.broker.buffered_bytes());
        }
    }
    assert!(!harness.broker.accepts_events(), "no more lines until memory is back");
    assert!(most < LIMIT + (64 << 10), "{most}");
    let cut = |harness: &Harness, id: &u64| harness.clients[id].is_disconnected();
    asking.retain(|id| cut(&harness, id));
    let count = asking.len();
    assert!((1..40).contains(&count), "{count}");
    assert_eq!(harness.metrics().disconnects_memory, count as u64);
    asking.iter().for_each(|id| drop(harness.clients.remove(id)));
    harness.advance(SECOND);
    assert!(harness.broker.accepts_events());
    assert!(harness.broker.buffered_bytes() <= LIMIT);
    assert_eq!(harness.metrics().disconnects_memory, count as u64, "one relief was enough");
    let told = harness.read(alice);
    assert_eq!(told.iter().filter(|line| line.ends_with("left (too slow)")).count(), count);
}

#[test]
fn queue_slots_count_as_buffered_bytes() {
    const LIMIT: usize = 2 << 20;
    let mut harness = Harness::new();
    harness.broker = Broker::new(harness.backpressure(), harness.now).with_max_buffered(LIMIT);
    let alice = harness.join_as("alice");
    let frozen: Vec<_> = (0..40).map(|_| harness.join()).collect();
    harness.discard_all();
    // A frame for each line, shared by all: its bytes are nothing beside 40 places in queues.
    for _ in 0..2_000 {
        harness.send(alice, "x");
        harness.read(alice);
    }
    assert!(harness.broker.buffered_bytes() < LIMIT / 4, "{}", harness.broker.buffered_bytes());
    harness.advance(SECOND);
    assert!(harness.metrics().disconnects_memory > 0, "40 inboxes of 2,000 frames");
    assert!(frozen.iter().any(|id| harness.clients[id].is_disconnected()));
}

/// Users who are in two rooms get copies of their own of what is said in both. Memory for frames is short at once.
#[test]
fn a_batch_ends_before_its_copies_take_too_much() {
    const LIMIT: usize = 1 << 20;
    const PEOPLE: usize = 1_000;
    let mut harness = Harness::new();
    harness.broker = Broker::new(harness.backpressure(), harness.now).with_max_buffered(LIMIT);
    let speakers = [harness.join(), harness.join()];
    let both: Vec<_> = (0..PEOPLE).map(|_| harness.join()).collect();
    for (speaker, name) in speakers.iter().zip(["#a", "#b"]) {
        both.iter().for_each(|&id| harness.send(id, &format!("/join {name}")));
        harness.send(*speaker, &format!("/join {name}"));
    }
    harness.discard_all();
    harness.advance(SECOND);
    harness.discard_all();
    let long = "x".repeat(4_000);
    (0..14).for_each(|at| harness.submit(speakers[at % 2], &[&long]));
    harness.flush();
    // Nor do those who are disconnected for it get a line for each of the others.
    let most = BATCH_COPY_BYTES + 2 * LIMIT;
    assert!(harness.broker.buffered_bytes() <= most, "{}", harness.broker.buffered_bytes());
    assert!(harness.metrics().disconnects_memory > 0);
}
