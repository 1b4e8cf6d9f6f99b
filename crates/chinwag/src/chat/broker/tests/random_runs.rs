//! Anything whatever in any order: users come in ones and in join storms, talk, rename themselves, stop reading, leave in
//! every way; and the invariants hold. The clients of straw keep to the order of the real ones: a queue of events that
//! the broker empties only while it takes events.

use super::checker::{self, Checker, End, Random, Rooms, Utterance};
use super::harness::{Harness, QUEUE};
use crate::chat::event::{ClientId, CommandBatch, Control, Event, LeaveReason};
use crate::outbound::backpressure::QueueLimits;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Bounds small enough to be met all the time.
const BOUNDS: QueueLimits =
    QueueLimits { soft: 4 << 10, hard: 32 << 10, stall_timeout: Duration::from_secs(10) };
/// Within this time nobody has anything pending once nobody does anything.
const CALM: Duration = Duration::from_secs(30);
/// Names that users fight for.
const NAMES: [&str; 8] = ["alice", "Alice", "ALICE", "bob", "Bob", "cy", "dora", "user-3"];

/// What a user does beside talking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    /// Reads whatever comes.
    Reading,
    /// Reads a little at times.
    Slow,
    /// Reads nothing any more.
    Frozen,
}

/// The test under way.
struct Play {
    harness: Harness,
    random: Random,
    checker: Checker,
    /// Events on their way.
    queue: VecDeque<Event>,
    /// Who is in and has not left, as far as the clients know.
    here: BTreeMap<u64, Mood>,
    /// The rooms of everybody.
    rooms: BTreeMap<u64, Rooms>,
    /// Makes every line one of its kind.
    lines: u64,
}

impl Play {
    fn new(seed: u64) -> Self {
        let mut harness = Harness::with(BOUNDS);
        let observer = harness.enter();
        harness.flush();
        let checker = Checker::new(observer);
        let mut play = Self {
            harness,
            random: Random::new(seed),
            checker,
            queue: VecDeque::new(),
            here: BTreeMap::new(),
            rooms: BTreeMap::new(),
            lines: 0,
        };
        play.harness.submit(observer, &["/join #dev", "/join #ops"]);
        play.harness.flush();
        play.observe();
        play
    }

    /// The observer reads all there is, whenever there may be something.
    fn observe(&mut self) {
        let lines = self.harness.read(OBSERVER);
        self.checker.saw(OBSERVER, lines);
        self.checker.memory(self.harness.broker.buffered_bytes(), 64 << 20);
    }

    fn somebody(&mut self) -> Option<u64> {
        let here: Vec<_> = self.here.keys().copied().collect();
        self.random.pick(&here)
    }

    /// One thing happens.
    fn step(&mut self) {
        match self.random.below(40) {
            0..3 => self.join(1),
            3 if self.random.one_in(12) => {
                let many = 150 + self.random.below(200);
                self.join(many);
            }
            4..20 => self.talk(),
            20..22 => self.leave(),
            22 if self.random.one_in(25) => {
                for _ in 0..250 {
                    self.leave();
                }
            }
            23..25 => self.change_mood(),
            25..33 => self.read(),
            33..38 => self.take_events(),
            _ => {
                let time = Duration::from_millis(self.random.below(400) as u64);
                self.harness.advance(time);
            }
        }
        self.observe();
    }

    fn join(&mut self, count: usize) {
        for _ in 0..count {
            let id = self.harness.enter();
            self.here.insert(id, Mood::Reading);
            self.rooms.insert(id, Rooms::new());
            self.observe();
        }
        self.harness.flush();
    }

    /// A user sends some lines in one read.
    fn talk(&mut self) {
        let Some(id) = self.somebody() else { return };
        if self.queue.len() >= QUEUE
            || self.harness.clients[&id].receiver.state().is_over_soft_limit()
        {
            return;
        }
        let mut inputs = CommandBatch::new();
        for _ in 0..=self.random.below(4) {
            self.lines += 1;
            let text = format!("line {} {}", self.lines, "x".repeat(self.random.below(150)));
            let rooms = self.rooms.get_mut(&id).expect("they are here");
            let line = match self.random.below(16) {
                0 => format!("/nick {}", NAMES[self.random.below(NAMES.len())]),
                1 => format!("/nick n{}", self.lines),
                2 => "/who".to_owned(),
                3 => "/foo".to_owned(),
                4 => " \u{200b}".to_owned(),
                5 => ["/time on", "/time off", "/rooms", "/history 3"][self.random.below(4)]
                    .to_owned(),
                6 => format!("/msg {} {text}", NAMES[self.random.below(NAMES.len())]),
                7 => rooms.go(&mut self.random),
                8 => {
                    self.checker.sent_in(rooms.current(), id, Utterance::Action(text.clone()));
                    format!("/me {text}")
                }
                _ => {
                    self.checker.sent_in(rooms.current(), id, Utterance::Say(text.clone()));
                    text
                }
            };
            if let Some(input) = crate::protocol::command::parse(&line) {
                inputs.push(input);
            }
        }
        self.queue.push_back(Event::Lines { id: ClientId::new(id), inputs });
    }

    /// A user leaves: having read all, or torn away.
    fn leave(&mut self) {
        let Some(id) = self.somebody() else { return };
        let mood = self.here.remove(&id);
        let (departure, end) = match self.random.below(4) {
            0 => (LeaveReason::Quit(Some(format!("bye {}", self.lines))), End::Left),
            1 => (LeaveReason::Eof, End::Left),
            2 => (LeaveReason::Quit(None), End::Left),
            _ => (LeaveReason::ConnectionLost, End::Broken),
        };
        let end = if mood == Some(Mood::Reading) { end } else { End::Broken };
        self.checker.ended(id, end);
        if end == End::Broken {
            let client = self.harness.clients.remove(&id).expect("they are here");
            self.checker.saw(id, client.into_lines());
        }
        self.queue.push_back(Event::Leave { id: ClientId::new(id), departure });
    }

    fn change_mood(&mut self) {
        let Some(id) = self.somebody() else { return };
        let moods = [Mood::Reading, Mood::Reading, Mood::Slow, Mood::Frozen];
        self.here.insert(id, moods[self.random.below(moods.len())]);
    }

    /// Everybody reads as they do.
    fn read(&mut self) {
        for (&id, client) in self.harness.clients.iter_mut().filter(|(id, _)| **id != OBSERVER) {
            let limit = match self.here.get(&id) {
                Some(Mood::Frozen) => 0,
                Some(Mood::Slow) => self.random.below(200),
                _ => usize::MAX,
            };
            client.read_bytes(limit);
        }
        self.report_disconnected();
    }

    /// Those who were disconnected are gone, and their tasks send a leave that comes too late.
    fn report_disconnected(&mut self) {
        let cut = self.harness.clients.iter().filter(|(_, client)| client.is_disconnected());
        for id in cut.map(|(&id, _)| id).collect::<Vec<_>>() {
            assert_ne!(id, OBSERVER, "the observer reads everything");
            let client = self.harness.clients.remove(&id).expect("they are here");
            self.checker.saw(id, client.into_lines());
            self.checker.ended(id, End::Broken);
            if self.here.remove(&id).is_some() {
                self.queue.push_back(Event::Leave {
                    id: ClientId::new(id),
                    departure: LeaveReason::ConnectionLost,
                });
            }
        }
    }

    /// The broker takes some events, as long as it wants any.
    fn take_events(&mut self) {
        for _ in 0..=self.random.below(8) {
            if !self.harness.broker.accepts_events() {
                break;
            }
            let Some(event) = self.queue.pop_front() else { break };
            self.harness.broker.handle_event(event, self.harness.now);
        }
        self.harness.flush();
    }

    /// Nobody does anything new: the queue runs empty, and nobody has anything pending in the end.
    fn calm_down(&mut self) {
        let start = self.harness.now;
        loop {
            self.take_events();
            self.read();
            self.observe();
            let pending =
                self.harness.clients.values().any(|client| client.receiver.state().pending() > 0);
            let waiting = self.harness.broker.deferred_events() > 0;
            if (self.queue.is_empty() && !pending && !waiting) || self.harness.now - start > CALM {
                break;
            }
            self.harness.advance(Duration::from_millis(50));
        }
        self.harness.advance(Duration::from_millis(250));
        self.observe();
        self.checker.drained(self.harness.now - start, CALM);
    }

    /// The server stops with lines still in the queue.
    fn stop(&mut self) {
        for _ in 0..10 {
            self.talk();
        }
        let deadline = self.harness.now + Duration::from_secs(5);
        self.harness.broker.handle_control(Control::Shutdown { deadline }, self.harness.now);
        let here: Vec<_> = self.here.keys().copied().chain([OBSERVER]).collect();
        self.queue.extend(here.into_iter().map(|id| Event::Drained { id: ClientId::new(id) }));
        self.calm_down();
        assert!(self.harness.broker.is_finished());
    }

    /// Everybody who is left reads to the end.
    fn finish(mut self, seed: u64) -> checker::Summary {
        self.read();
        self.observe();
        for (id, client) in std::mem::take(&mut self.harness.clients) {
            self.checker.saw(id, client.into_lines());
        }
        checker::expect(&self.checker, seed, "broker random")
    }
}

/// The first to come.
const OBSERVER: u64 = 1;

#[test]
fn the_invariants_hold_whatever_people_do() {
    let (mut lines, mut views, mut elsewhere) = (0, 0, 0);
    let (mut cuts, mut pauses) = (0, 0);
    for seed in checker::seeds(12) {
        let mut play = Play::new(seed);
        for _ in 0..1_500 {
            play.step();
        }
        play.calm_down();
        if seed % 2 == 0 {
            play.stop();
        }
        let metrics = play.harness.metrics();
        cuts += metrics.disconnects_queue_full + metrics.disconnects_stalled;
        pauses += metrics.pauses;
        let summary = play.finish(seed);
        lines += summary.lines;
        views += summary.views;
        elsewhere += summary.elsewhere;
    }
    println!("{lines} lines, {views} views, {elsewhere} stays, {cuts} cuts, {pauses} pauses");
    assert!(lines > 0 && views > 0 && elsewhere > 0);
}
