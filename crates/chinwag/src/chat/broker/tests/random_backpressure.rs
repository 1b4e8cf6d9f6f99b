//! Any users in any rooms that wait or do not: what is deferred stays within its bounds, events never stop being taken for it,
//! each user's lines come in order, none is lost, and in the end everybody is read.

use super::checker::{Random, seeds};
use super::harness::Harness;
use crate::limits::{MAX_DEFERRED_EVENTS, MAX_DEFERRED_PER_ROOM};
use crate::outbound::backpressure::QueueLimits;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Bounds small enough to be met all the time, and a hard one that is not.
const BOUNDS: QueueLimits =
    QueueLimits { soft: 4 << 10, hard: 64 << 20, stall_timeout: Duration::from_secs(3600) };
/// Users, the observer not counted.
const PEOPLE: usize = 60;
/// How many of them are operators.
const OPERATORS: usize = 5;
/// Rooms.
const ROOMS: usize = 8;

/// The test under way.
struct Play {
    harness: Harness,
    random: Random,
    /// Is in all rooms and speaks in the lobby alone. It reads all there is at once.
    observer: u64,
    /// Everybody else.
    clients: Vec<u64>,
    /// How many numbered lines each has sent.
    sent: BTreeMap<u64, usize>,
    /// The numbers that the observer has read of each.
    seen: BTreeMap<u64, Vec<usize>>,
    /// Those whom an operator has put out of a room: what they say until they enter one again nobody reads.
    kicked: BTreeSet<u64>,
    /// The most that was deferred at any time.
    most: usize,
}

impl Play {
    fn new(seed: u64) -> Self {
        let mut harness = Harness::with(BOUNDS);
        let observer = harness.join();
        for number in 0..ROOMS {
            harness.send(observer, &format!("/join #r{number}"));
        }
        harness.send(observer, "/join #lobby");
        let clients: Vec<_> = (0..PEOPLE).map(|_| harness.enter()).collect();
        harness.flush();
        let random = Random::new(seed);
        let (sent, seen, kicked) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let mut play = Self { harness, random, observer, clients, sent, seen, kicked, most: 0 };
        for id in play.clients.clone() {
            play.harness.send(id, &format!("/nick p{id}"));
            let number = play.random.below(ROOMS);
            play.harness.send(id, &format!("/join #r{number}"));
        }
        play.harness.discard_all();
        for operator in play.clients[..OPERATORS].iter().copied() {
            play.harness.promote(operator);
        }
        play.harness.discard_all();
        play
    }

    fn step(&mut self) {
        let id = self.clients[self.random.below(PEOPLE)];
        match self.random.below(20) {
            0..9 => self.speak(id, 1),
            // Rude users, and those whose events were in the queue: what comes is taken.
            9 => {
                for _ in 0..self.random.below(30) {
                    let id = self.clients[self.random.below(PEOPLE)];
                    let events = self.random.below(80);
                    (0..events).for_each(|_| self.speak(id, 1));
                }
            }
            10..12 => self.act(id),
            12..17 => self.read(),
            17 => self.harness.advance(Duration::from_millis(self.random.below(60) as u64)),
            _ => self.harness.flush(),
        }
        self.look();
    }

    /// Some lines in one event.
    fn speak(&mut self, id: u64, lines: usize) {
        let sent = self.sent.entry(id).or_default();
        let lines: Vec<_> = (*sent..*sent + lines)
            .map(|number| format!("{number} {}", "x".repeat(self.random.below(300))))
            .collect();
        *sent += lines.len();
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        self.harness.submit(id, &lines);
        self.look();
    }

    /// Something else than a line of chat.
    fn act(&mut self, id: u64) {
        let other = self.clients[self.random.below(PEOPLE)];
        let to = self.random.below(ROOMS);
        if self.random.below(8) == 0 {
            return self.kick(other, to);
        }
        let act = match self.random.below(4) {
            0 => format!("/join #r{to}"),
            1 => format!("/msg p{other} psst"),
            2 => "/history 100".to_owned(),
            _ => format!("/msg p{other} {}", "y".repeat(300)),
        };
        self.harness.submit(id, &[&act]);
    }

    /// An operator puts a user out of the room in which they speak, and they enter another.
    fn kick(&mut self, other: u64, to: usize) {
        let operator = self.clients[self.random.below(OPERATORS)];
        self.harness.submit(operator, &[&format!("/kick p{other}")]);
        self.harness.submit(other, &[&format!("/join #r{to}")]);
        self.kicked.insert(other);
    }

    /// Everybody reads something, and says so as a client does.
    fn read(&mut self) {
        for id in self.clients.clone() {
            let limit = self.random.below(3000);
            self.harness.clients.get_mut(&id).expect("nobody leaves").read_bytes(limit);
        }
        self.harness.broker.handle_drain_notice(self.harness.now);
    }

    /// What must hold at all times.
    fn look(&mut self) {
        self.most = self.most.max(self.harness.broker.deferred_events());
        assert!(self.harness.broker.deferred_events() <= MAX_DEFERRED_EVENTS);
        assert!(self.harness.broker.max_deferred_in_a_room() <= MAX_DEFERRED_PER_ROOM);
        // The observer speaks in a room that never waits.
        assert!(self.harness.broker.accepts_events(), "the intake closed");
        for line in self.harness.read(self.observer) {
            let line = line.split_once(' ').filter(|(room, _)| room.starts_with('#'));
            let Some((nick, said)) = line.and_then(|(_, line)| line.split_once(": ")) else {
                continue;
            };
            let number = said.split(' ').next().and_then(|number| number.parse().ok());
            let id = nick.strip_prefix('p').and_then(|id| id.parse().ok());
            if let (Some(id), Some(number)) = (id, number) {
                self.seen.entry(id).or_default().push(number);
            }
        }
    }

    /// Everybody reads all there is.
    fn calm_down(&mut self) {
        for _ in 0..200 {
            self.harness.flush();
            for id in self.clients.clone() {
                self.harness.read(id);
            }
            self.harness.broker.handle_drain_notice(self.harness.now);
            self.harness.advance(Duration::from_millis(100));
            self.look();
        }
    }
}

#[test]
fn what_waits_is_bounded_in_order_and_never_for_ever() {
    let (mut most, mut pauses) = (0, 0);
    for seed in seeds(6) {
        let mut play = Play::new(seed);
        (0..400).for_each(|_| play.step());
        play.calm_down();
        assert_eq!(play.harness.broker.deferred_events(), 0, "seed {seed}");
        for &id in &play.clients {
            let state = play.harness.clients[&id].receiver.state();
            assert!(!state.is_reading_blocked(), "seed {seed}: p{id} is held for ever");
            assert!(!play.harness.clients[&id].is_disconnected(), "seed {seed}: p{id} was cut");
            let sent: Vec<_> = (0..play.sent.get(&id).copied().unwrap_or(0)).collect();
            let seen = play.seen.get(&id).cloned().unwrap_or_default();
            if play.kicked.contains(&id) {
                assert!(seen.is_sorted_by(|a, b| a < b), "seed {seed}: the order of p{id}");
                continue;
            }
            assert_eq!(seen, sent, "seed {seed}: the lines of p{id}");
        }
        most = most.max(play.most);
        pauses += play.harness.metrics().pauses;
    }
    println!("{pauses} pauses, at most {most} events deferred");
    assert!(pauses > 100 && most == MAX_DEFERRED_EVENTS, "{pauses} pauses, {most} events");
}
