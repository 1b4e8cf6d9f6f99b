//! Only what a user has pending of a room's own lines counts in that room's flow control.

use super::harness::Harness;
use crate::limits::{QUEUE_HARD, QUEUE_SOFT};
use std::time::Duration;

/// Alice and bob speak in #calm; three others are in it, too, and have much pending from rooms of their own.
struct Scenario {
    harness: Harness,
    alice: u64,
    bob: u64,
    slow: Vec<u64>,
}

/// Bytes that each of the three reads in a [`STEP`]: enough to count.
const READS: usize = 20 * 1024;
/// Time between two reads of theirs.
const STEP: Duration = Duration::from_millis(100);

fn scenario() -> Scenario {
    let mut harness = Harness::new();
    let (alice, bob) = (harness.join_as("alice"), harness.join_as("bob"));
    let slow: Vec<_> = (0..3).map(|_| harness.join()).collect();
    for id in [alice, bob].iter().chain(&slow) {
        harness.send(*id, "/join #calm");
    }
    let long = "x".repeat(4000);
    for id in &slow {
        harness.send(*id, &format!("/join #own-{id}"));
        (0..20).for_each(|_| harness.send(*id, &long));
    }
    harness.discard_all();
    Scenario { harness, alice, bob, slow }
}

impl Scenario {
    /// The three ask for the past of their rooms until they are far behind, and read a little.
    fn ask_and_read(&mut self) {
        self.owe_and_read(5 * QUEUE_SOFT);
    }

    /// The same until they have so much pending.
    fn owe_and_read(&mut self, most: u64) {
        for id in self.slow.clone() {
            while self.harness.clients[&id].receiver.state().pending() < most {
                self.harness.send(id, "/history 200");
            }
            self.harness.clients.get_mut(&id).expect("they are here").read_bytes(READS);
        }
        self.harness.advance(STEP);
    }
}

#[test]
fn pending_bytes_of_elsewhere_pause_no_room() {
    let mut scenario = scenario();
    for number in 0..100 {
        scenario.ask_and_read();
        scenario.harness.send(scenario.alice, &number.to_string());
        assert_eq!(scenario.harness.read(scenario.bob), [format!("alice: {number}")], "at once");
    }
    assert_eq!(scenario.harness.metrics().pauses, 0);
}

/// A line in each of many rooms of their own, and far more of no room: that leaves #calm no less of what may be pending of it.
#[test]
fn little_pending_in_many_rooms_pauses_no_room() {
    let mut scenario = scenario();
    let partner = scenario.harness.join();
    let rooms: Vec<_> = (0..17).map(|number| format!("/join #r{number}")).collect();
    for join in &rooms {
        scenario.harness.send(partner, join);
        for id in scenario.slow.clone() {
            scenario.harness.send(id, join);
        }
    }
    scenario.harness.discard_all();
    let long = "x".repeat(500);
    for number in 0..200 {
        scenario.owe_and_read(QUEUE_HARD / 2 + QUEUE_SOFT);
        for join in &rooms {
            scenario.harness.send(partner, join);
            scenario.harness.send(partner, "x");
        }
        scenario.harness.send(scenario.alice, &format!("{number} {long}"));
        scenario.harness.read(partner);
        assert_eq!(
            scenario.harness.read(scenario.bob),
            [format!("alice: {number} {long}")],
            "at once"
        );
    }
    assert_eq!(scenario.harness.metrics().pauses, 0);
}

#[test]
fn a_slow_reader_of_a_rooms_own_lines_pauses_it() {
    let mut scenario = scenario();
    (0..10).for_each(|_| scenario.ask_and_read());
    let (long, mut sent) = ("x".repeat(2000), 0);
    while scenario.harness.metrics().pauses == 0 {
        scenario.harness.send(scenario.alice, &long);
        scenario.harness.read(scenario.bob);
        sent += 1;
        assert!(sent <= 2 * QUEUE_SOFT / 2000, "it never waits");
    }
    assert!(sent >= QUEUE_SOFT / 2 / 2064, "it waited after {sent} lines");
}

/// A user who keeps up reads this many rooms, in each of which one user says as much as they may and most read it
/// at once: nobody is disconnected, and no line is lost.
fn a_reader_of(rooms: usize) {
    let mut harness = Harness::new();
    let speakers: Vec<_> = (0..rooms).map(|_| harness.join()).collect();
    let (fast, reader) = ([harness.join(), harness.join()], harness.join_as("reader"));
    for (number, &speaker) in speakers.iter().enumerate() {
        for id in [speaker, fast[0], fast[1], reader] {
            harness.send(id, &format!("/join #room-{number}"));
        }
    }
    harness.discard_all();
    harness.advance(Duration::from_secs(1));
    let (long, mut said) = ("x".repeat(2000), 0);
    for _ in 0..200 {
        for &speaker in &speakers {
            while !harness.clients[&speaker].receiver.state().is_reading_blocked() && said < 1500 {
                harness.send(speaker, &format!("{said} {long}"));
                said += 1;
                fast.iter().for_each(|&id| _ = harness.read(id));
                if said % 16 == 0 {
                    break;
                }
            }
        }
        fast.iter().for_each(|&id| _ = harness.read(id));
        harness.clients.get_mut(&reader).expect("they are here").read_bytes(READS);
        harness.advance(STEP);
        assert!(!harness.clients[&reader].is_disconnected(), "after {said} lines");
    }
    // The end of it is read at once.
    let mut read = harness.read(reader);
    for _ in 0..100 {
        harness.advance(STEP);
        read.extend(harness.read(reader));
    }
    let numbers = read.iter().filter(|line| line.ends_with(&long)).count();
    assert_eq!((said, numbers), (1500, said), "lines");
}

#[test]
fn readers_of_several_busy_rooms_stay_connected() {
    for rooms in [1, 2, 3, 8, 19] {
        a_reader_of(rooms);
    }
}
