//! What broke other servers, tried on the broker. All is decided by counts, not by the clock.

use super::checker::Random;
use super::event_loop::{line_of, start};
use super::harness::Harness;
use crate::chat::event::LeaveReason;
use crate::limits::{MAX_ANNOUNCED, QUEUE_HARD};
use crate::outbound::backpressure::{Backpressure, QueueLimits};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use whippet::runtime::Builder;

/// Every queue has one place and nobody reads: the user who waits for whom, all lines get through to the broker.
#[test]
fn regression_20_capacities_of_one_and_frozen_readers_do_not_deadlock() {
    const PEOPLE: u64 = 20;
    const LINES: u64 = 50;
    let runtime = Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
    runtime.block_on(async {
        let backpressure = Arc::new(Backpressure::new(QueueLimits::default()));
        let (queues, broker) = start(&backpressure, 1, 1);
        let mut clients = Vec::new();
        for number in 0..PEOPLE {
            let (queues, backpressure) = (queues.clone(), Arc::clone(&backpressure));
            clients.push(whippet::spawn(async move {
                let receiver = queues.join(number, &backpressure, 1).await;
                for _ in 0..LINES {
                    queues.say(number, line_of(10)).await;
                }
                // Nothing was read; the queue has room for the welcome alone.
                receiver.state().disconnect_reason()
            }));
        }
        drop(queues);
        for client in clients {
            client.await.expect("nobody panics");
        }
        let metrics = broker.await.expect("the broker does not panic");
        assert_eq!(metrics.joins, PEOPLE);
        assert_eq!(metrics.users + metrics.disconnects_queue_full as usize, PEOPLE as usize);
        assert!(metrics.disconnects_queue_full > 0);
    });
}

/// A tenth never reads: they are disconnected, each with a line that says so, and the others get every line.
#[test]
fn regression_21_frozen_readers_are_cut_and_nobody_else_loses_a_line() {
    const PEOPLE: usize = 50;
    const FROZEN: usize = 5;
    let mut harness = Harness::new();
    let clients: Vec<_> = (0..PEOPLE).map(|_| harness.join()).collect();
    let (frozen, reading) = clients.split_at(FROZEN);
    let mut seen = vec![Vec::new(); reading.len()];
    // More than twice what a frozen reader may have pending.
    let lines = 3 * QUEUE_HARD as usize / 2048;
    let mut sent = 0;
    while sent < lines {
        // Everybody who reads is fast; the frozen ones have no say in flow control.
        if harness.broker.accepts_events() {
            harness.send(reading[0], &format!("{sent} {}", "x".repeat(2000)));
            sent += 1;
        } else {
            harness.advance(Duration::from_millis(10));
        }
        for (seen, &id) in seen.iter_mut().zip(reading) {
            seen.extend(harness.read(id));
        }
    }
    assert_eq!(harness.metrics().disconnects_queue_full, FROZEN as u64);
    assert!(frozen.iter().all(|id| harness.clients[id].is_disconnected()));
    for (at, seen) in seen.iter().enumerate() {
        let cuts = seen.iter().filter(|line| line.ends_with(" left (too slow)")).count();
        assert_eq!(cuts, FROZEN);
        let said = seen.iter().filter_map(|line| line.split_once(": "));
        let numbers = said.filter_map(|(_, text)| text.split(' ').next()?.parse::<usize>().ok());
        let due = if at == 0 { 0 } else { lines };
        assert!(numbers.eq(0..due), "reader {at}");
    }
}

/// Ends of every kind, some of them twice for the same user and in any order: one line each.
#[test]
fn regression_27_every_join_has_one_leave_however_often_it_is_reported() {
    let mut random = Random::new(27);
    let mut harness = Harness::new();
    let observer = harness.join();
    let mut left = BTreeMap::<String, usize>::new();
    let mut seen = Vec::new();
    let mut joined = 0;
    let mut here = Vec::new();
    let mut gone = Vec::new();
    for _ in 0..2_000 {
        harness.advance(Duration::from_millis(10));
        seen.extend(harness.read(observer));
        match random.below(3) {
            0 => {
                here.push(harness.join());
                joined += 1;
            }
            1 if !here.is_empty() => {
                let id = here.swap_remove(random.below(here.len()));
                // What their task, its drop guard and the broker itself have to say about it.
                for _ in 0..=random.below(2) {
                    match random.below(5) {
                        0 => harness.submit(id, &["/quit", "/quit again"]),
                        1 => harness.submit_leave(id, LeaveReason::Eof),
                        2 => harness.submit_leave(id, LeaveReason::ServerClosed("gone")),
                        3 => {
                            harness.clients.remove(&id);
                            harness.submit_leave(id, LeaveReason::ConnectionLost);
                        }
                        _ => harness.submit_leave(id, LeaveReason::ConnectionLost),
                    }
                }
                harness.flush();
                gone.push(id);
            }
            _ if !gone.is_empty() => {
                let id = gone[random.below(gone.len())];
                harness.submit_leave(id, LeaveReason::ConnectionLost);
                harness.submit(id, &["a ghost speaks"]);
                harness.flush();
            }
            _ => {}
        }
    }
    here.into_iter().for_each(|id| {
        harness.advance(Duration::from_millis(10));
        harness.leave(id, LeaveReason::Eof);
        seen.extend(harness.read(observer));
    });
    for line in seen {
        assert!(!line.contains("ghost"), "{line}");
        if let Some((name, _)) = line.split_once(" left") {
            *left.entry(name.to_owned()).or_default() += 1;
        }
    }
    assert_eq!(left.len(), joined);
    assert!(left.values().all(|&times| times == 1), "{left:?}");
    assert_eq!(harness.metrics().users, 1);
}

/// Lines that an observer saw, of those that announce: by name, and in counts with how many they count.
fn announcements(lines: &[String], verb: &str) -> (usize, Vec<u64>) {
    let mut named = 0;
    let mut counts = Vec::new();
    for line in lines {
        let Some(subject) = line.strip_prefix("* ").and_then(|l| l.strip_suffix(verb)) else {
            continue;
        };
        match subject.strip_suffix(" people") {
            Some(count) => counts.push(count.replace(',', "").parse().expect("a number")),
            None => named += 1,
        }
    }
    (named, counts)
}

/// 2,000 joins at once cost a few hundred lines, not four million deliveries; so do 9,000 leaves.
#[test]
fn regression_28_join_storms_are_counted() {
    let mut harness = Harness::new();
    let observer = harness.join();
    let many: Vec<_> = (0..2_000).map(|_| harness.enter()).collect();
    harness.flush();
    harness.advance(Duration::from_millis(250));
    let seen = harness.read(observer);
    let (named, counts) = announcements(&seen, " joined");
    // The observer's own join was the first of the second's two hundred.
    assert_eq!((named, counts), (MAX_ANNOUNCED - 1, vec![2_001 - MAX_ANNOUNCED as u64]));
    harness.discard_all();

    harness.advance(Duration::from_secs(2));
    let late: Vec<_> = (0..7_000).map(|_| harness.enter()).collect();
    harness.advance(Duration::from_secs(2));
    harness.discard_all();
    let frames = harness.metrics().frames;
    harness.clients.retain(|&id, _| id == observer);
    for id in many.into_iter().chain(late) {
        harness.submit_leave(id, LeaveReason::ConnectionLost);
    }
    harness.advance(Duration::from_millis(250));
    let seen = harness.read(observer);
    let named = seen.iter().filter(|line| line.ends_with(" left (connection lost)")).count();
    let (_, counts) = announcements(&seen, " left");
    assert_eq!((named, counts), (MAX_ANNOUNCED, vec![9_000 - MAX_ANNOUNCED as u64]));
    let cost = harness.metrics().frames - frames;
    assert!(cost <= 201, "all others were gone: {cost}");
    assert_eq!(harness.metrics().users, 1);
}

/// The user who was only counted is announced before they are heard, and their leave comes after that.
#[test]
fn a_counted_join_is_announced_before_its_first_line() {
    let mut harness = Harness::new();
    let observer = harness.join();
    let many: Vec<_> = (0..300).map(|_| harness.enter()).collect();
    harness.flush();
    harness.discard_all();
    harness.submit(many[299], &["hello"]);
    harness.leave(many[298], LeaveReason::Eof);
    let said = ["* 101 people joined", "user-301: hello", "* user-300 left"];
    assert_eq!(harness.read(observer), said);
    let late = harness.enter();
    harness.leave(late, LeaveReason::Eof);
    assert_eq!(harness.read(observer), ["* user-302 joined", "* user-302 left"]);
    let told = harness.read(late);
    assert!(!told.iter().any(|line| line.contains("joined")), "his own is not for him: {told:?}");
}
