//! Only what a user has pending of a room's own lines counts for that room's pace.

use super::harness::Room;
use crate::limits::{QUEUE_HARD, QUEUE_SOFT};
use std::time::Duration;

/// Alice and bob speak in #calm; three others are in it, too, and have large debts from rooms of their own.
struct House {
    room: Room,
    alice: u64,
    bob: u64,
    slow: Vec<u64>,
}

/// Bytes that each of the three reads in a [`STEP`]: enough to count.
const READS: usize = 20 * 1024;
/// Time between two reads of theirs.
const STEP: Duration = Duration::from_millis(100);

fn house() -> House {
    let mut room = Room::new();
    let (alice, bob) = (room.join_as("alice"), room.join_as("bob"));
    let slow: Vec<_> = (0..3).map(|_| room.join()).collect();
    for id in [alice, bob].iter().chain(&slow) {
        room.send(*id, "/join #calm");
    }
    let long = "x".repeat(4000);
    for id in &slow {
        room.send(*id, &format!("/join #own-{id}"));
        (0..20).for_each(|_| room.send(*id, &long));
    }
    room.discard_all();
    House { room, alice, bob, slow }
}

impl House {
    /// The three ask for the past of their rooms until they are far behind, and read a little.
    fn ask_and_read(&mut self) {
        self.owe_and_read(5 * QUEUE_SOFT);
    }

    /// The same until they have so much pending.
    fn owe_and_read(&mut self, most: u64) {
        for id in self.slow.clone() {
            while self.room.people[&id].inbox.state().pending() < most {
                self.room.send(id, "/history 200");
            }
            self.room.people.get_mut(&id).expect("they are here").take(READS);
        }
        self.room.pass(STEP);
    }
}

#[test]
fn pending_bytes_of_elsewhere_pause_no_room() {
    let mut house = house();
    for number in 0..100 {
        house.ask_and_read();
        house.room.send(house.alice, &number.to_string());
        assert_eq!(house.room.read(house.bob), [format!("alice: {number}")], "at once");
    }
    assert_eq!(house.room.metrics().pauses, 0);
}

/// A line in each of many rooms of their own, and far more of no room: that leaves #calm no less of what may be pending of it.
#[test]
fn little_pending_in_many_rooms_pauses_no_room() {
    let mut house = house();
    let partner = house.room.join();
    let rooms: Vec<_> = (0..17).map(|number| format!("/join #r{number}")).collect();
    for join in &rooms {
        house.room.send(partner, join);
        for id in house.slow.clone() {
            house.room.send(id, join);
        }
    }
    house.room.discard_all();
    let long = "x".repeat(500);
    for number in 0..200 {
        house.owe_and_read(QUEUE_HARD / 2 + QUEUE_SOFT);
        for join in &rooms {
            house.room.send(partner, join);
            house.room.send(partner, "x");
        }
        house.room.send(house.alice, &format!("{number} {long}"));
        house.room.read(partner);
        assert_eq!(house.room.read(house.bob), [format!("alice: {number} {long}")], "at once");
    }
    assert_eq!(house.room.metrics().pauses, 0);
}

#[test]
fn a_slow_reader_of_a_rooms_own_lines_pauses_it() {
    let mut house = house();
    (0..10).for_each(|_| house.ask_and_read());
    let (long, mut sent) = ("x".repeat(2000), 0);
    while house.room.metrics().pauses == 0 {
        house.room.send(house.alice, &long);
        house.room.read(house.bob);
        sent += 1;
        assert!(sent <= 2 * QUEUE_SOFT / 2000, "it never waits");
    }
    assert!(sent >= QUEUE_SOFT / 2 / 2064, "it waited after {sent} lines");
}

/// A user who keeps up reads this many rooms, in each of which one user says as much as they may and most read it
/// at once: nobody is disconnected, and no line is lost.
fn a_reader_of(rooms: usize) {
    let mut room = Room::new();
    let speakers: Vec<_> = (0..rooms).map(|_| room.join()).collect();
    let (fast, reader) = ([room.join(), room.join()], room.join_as("reader"));
    for (number, &speaker) in speakers.iter().enumerate() {
        for id in [speaker, fast[0], fast[1], reader] {
            room.send(id, &format!("/join #room-{number}"));
        }
    }
    room.discard_all();
    room.pass(Duration::from_secs(1));
    let (long, mut said) = ("x".repeat(2000), 0);
    for _ in 0..200 {
        for &speaker in &speakers {
            while !room.people[&speaker].inbox.state().is_reading_blocked() && said < 1500 {
                room.send(speaker, &format!("{said} {long}"));
                said += 1;
                fast.iter().for_each(|&id| _ = room.read(id));
                if said % 16 == 0 {
                    break;
                }
            }
        }
        fast.iter().for_each(|&id| _ = room.read(id));
        room.people.get_mut(&reader).expect("they are here").take(READS);
        room.pass(STEP);
        assert!(!room.people[&reader].is_disconnected(), "after {said} lines");
    }
    // The end of it is read at once.
    let mut read = room.read(reader);
    for _ in 0..100 {
        room.pass(STEP);
        read.extend(room.read(reader));
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
