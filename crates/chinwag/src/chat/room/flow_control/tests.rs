//! The rule tried on rooms of straw: senders who send as fast as they are let, and readers of given speeds, in a
//! time of their own. Each step is a millisecond.

use super::*;
use crate::limits::BATCH_BYTES;
use crate::outbound::backpressure::QueueLimits;
use std::time::Duration;

/// One step of the simulation.
const STEP: Duration = Duration::from_millis(1);

/// Bytes of a line.
const LINE: u64 = 2048;

/// A user who reads so many bytes a step, on average.
struct Reader {
    /// Bytes they read in a thousand steps.
    speed: u64,
    /// What they may read beside.
    credit: u64,
    counters: QueueCounters,
    progress: ReaderProgress,
    cut: bool,
}

/// A room: the first `senders` send without end.
struct Sim {
    flow: FlowControl,
    limits: QueueLimits,
    readers: Vec<Reader>,
    senders: usize,
    now: Instant,
    next: usize,
    paused: bool,
    next_scan: Instant,
    /// Lines sent by each.
    sent: Vec<u64>,
}

const FAST: u64 = u64::MAX / 4;

impl Sim {
    fn new(senders: usize, speeds: &[u64]) -> Self {
        let now = whippet::time::Instant::now().into_std();
        let limits = QueueLimits::default();
        let reader = |&speed: &u64| Reader {
            speed,
            credit: 0,
            counters: QueueCounters { queued: 0, written: 0 },
            progress: ReaderProgress::new(now),
            cut: false,
        };
        Self {
            flow: FlowControl::new(limits),
            limits,
            readers: speeds.iter().map(reader).collect(),
            senders,
            now,
            next: 0,
            paused: false,
            next_scan: now,
            sent: vec![0; senders],
        }
    }

    fn look(&mut self) {
        let mut scan = self.flow.start_scan(self.now);
        for (number, reader) in self.readers.iter_mut().enumerate().filter(|(_, r)| !r.cut) {
            let id = ClientId::new(number as u64);
            let lag = reader.counters.pending();
            reader.cut = scan.observe(
                id,
                &mut reader.progress,
                reader.counters,
                RoomLag::of_total(lag, &self.limits),
            );
        }
        self.paused = self.flow.decide(&scan) != Decision::Open;
        self.next_scan = self.now + crate::limits::SCAN_INTERVAL;
    }

    /// A batch of lines of the senders in turn.
    fn round(&mut self) {
        let mut lag_counts = LagCounts::default();
        let mut bytes = 0;
        while bytes < BATCH_BYTES as u64 {
            let sender = self.next % self.senders;
            self.next += 1;
            self.sent[sender] += 1;
            self.flow.on_message(ClientId::new(sender as u64), self.now);
            bytes += LINE;
            for (number, reader) in self.readers.iter_mut().enumerate().filter(|(_, r)| !r.cut) {
                if number != sender {
                    reader.counters.queued += LINE;
                    reader.cut = reader.counters.pending() > self.limits.hard;
                }
            }
        }
        for reader in self.readers.iter().filter(|reader| !reader.cut) {
            lag_counts.add(
                RoomLag::of_total(reader.counters.pending(), &self.limits),
                &reader.progress,
                &self.limits,
            );
        }
        if self.flow.may_need_pause(lag_counts) {
            self.look();
        }
    }

    /// A millisecond: everybody reads, then the broker takes what it may, up to 40 batches.
    fn step(&mut self) {
        self.now += STEP;
        let mut drained = false;
        for reader in self.readers.iter_mut().filter(|reader| !reader.cut) {
            let before = reader.counters.pending();
            reader.credit = reader.credit.saturating_add(reader.speed);
            let read = before.min(reader.credit / 1000);
            reader.credit = if read == before { 0 } else { reader.credit - read * 1000 };
            reader.counters.written += read;
            let after = reader.counters.pending();
            let crossed = |bound| before > bound && after <= bound;
            drained |= crossed(self.limits.soft) || crossed(self.limits.pause_threshold());
        }
        if (self.paused && drained) || self.now >= self.next_scan {
            self.look();
        }
        for _ in 0..40 {
            if self.paused {
                break;
            }
            self.round();
        }
    }

    fn run(&mut self, time: Duration) {
        for _ in 0..time.as_millis() {
            self.step();
        }
    }

    fn cut(&self) -> Vec<usize> {
        (0..self.readers.len()).filter(|&number| self.readers[number].cut).collect()
    }

    fn lines(&self) -> u64 {
        self.sent.iter().sum()
    }
}

/// Bytes a second, as a reader's speed: bytes in a thousand steps.
const fn per_second(bytes: u64) -> u64 {
    bytes
}

const MB: u64 = 1_000_000;

#[test]
fn a_room_of_two_goes_at_the_readers_rate() {
    let mut sim = Sim::new(1, &[FAST, per_second(MB)]);
    sim.run(Duration::from_secs(20));
    assert_eq!(sim.cut(), []);
    let bytes = sim.lines() * LINE;
    assert!((19 * MB..23 * MB).contains(&bytes), "{bytes}");
}

#[test]
fn two_mutual_senders_go_at_the_slower_rate() {
    let mut sim = Sim::new(2, &[per_second(2 * MB), per_second(MB)]);
    sim.run(Duration::from_secs(20));
    assert_eq!(sim.cut(), []);
    let (fewest, most) = (sim.sent[0].min(sim.sent[1]), sim.sent[0].max(sim.sent[1]));
    assert!(most - fewest <= 1);
    assert!(fewest * LINE >= 19 * MB, "{fewest}");
}

#[test]
fn one_slow_reader_of_three_is_waited_for() {
    let mut sim = Sim::new(1, &[FAST, FAST, per_second(MB)]);
    sim.run(Duration::from_secs(20));
    assert_eq!(sim.cut(), []);
    assert!(sim.lines() * LINE >= 19 * MB);
}

#[test]
fn forty_of_a_hundred_slow_but_active_lose_nothing() {
    let speeds: Vec<_> = (0..100).map(|n| if n < 40 { per_second(MB) } else { FAST }).collect();
    let mut sim = Sim::new(100, &speeds);
    sim.run(Duration::from_secs(10));
    assert_eq!(sim.cut(), []);
    assert!(sim.lines() * LINE >= 9 * MB);
    let (fewest, most) = (sim.sent.iter().min().unwrap(), sim.sent.iter().max().unwrap());
    assert!(most - fewest <= 1, "no sender starves: {fewest} to {most}");
}

#[test]
fn a_reader_of_a_byte_a_second_pauses_no_room() {
    let mut sim = Sim::new(1, &[FAST, FAST, FAST, 1, 1]);
    sim.run(Duration::from_secs(2));
    assert_eq!(sim.cut(), [3, 4]);
    // From the end of the window on the fast ones set the rate: two batches, and they are over the soft limit until
    // they read again, in the next millisecond.
    let free = 1_400 * 2 * BATCH_BYTES as u64 / LINE;
    assert!(sim.lines() >= free, "{} of {free}", sim.lines());
}

#[test]
fn a_reader_just_below_the_minimum_hits_the_hard_limit() {
    let mut sim = Sim::new(1, &[FAST, FAST, FAST, per_second(100_000)]);
    sim.run(Duration::from_secs(5));
    assert_eq!(sim.cut(), [3]);
}

#[test]
fn a_room_of_stalled_readers_goes_on() {
    let mut sim = Sim::new(1, &[FAST, 0, 0, 0, 0]);
    sim.run(Duration::from_secs(1));
    assert_eq!(sim.cut(), [1, 2, 3, 4]);
    assert!(sim.lines() * LINE > 2 * sim.limits.hard);
}

#[test]
fn progressing_readers_stay_below_the_hard_limit() {
    // All speeds that count, side by side: the slowest takes a stride in a window with little to spare.
    let speeds: Vec<_> = (0..60).map(|n| per_second(160_000 + n * n * 20_000)).collect();
    let mut sim = Sim::new(60, &speeds);
    sim.run(Duration::from_secs(30));
    assert_eq!(sim.cut(), []);
}

#[test]
fn stalled_readers_are_found_after_the_timeout() {
    let mut sim = Sim::new(1, &[FAST, 0, FAST]);
    // A quiet hour, then one line.
    sim.now += Duration::from_secs(3600);
    sim.readers[1].counters.queued += 1;
    for _ in 0..100 {
        sim.look();
        assert_eq!(sim.cut(), [], "{:?}", sim.now - sim.readers[1].progress.last_progress);
        sim.now += crate::limits::SCAN_INTERVAL;
    }
    sim.look();
    assert_eq!(sim.cut(), [1]);
}

#[test]
fn scans_are_rare_while_no_reader_lags() {
    let mut flow = FlowControl::new(QueueLimits::default());
    let now = whippet::time::Instant::now().into_std();
    let mut progress = ReaderProgress::new(now);
    let mut scan = flow.start_scan(now);
    let none = RoomLag::of_total(0, &QueueLimits::default());
    scan.observe(ClientId::new(1), &mut progress, QueueCounters { queued: 0, written: 0 }, none);
    scan.observe(ClientId::new(2), &mut progress, QueueCounters { queued: 0, written: 0 }, none);
    assert_eq!(flow.decide(&scan), Decision::Open);
    let mut lag_counts = LagCounts::default();
    lag_counts.add(
        RoomLag::of_total(64 * 1024, &QueueLimits::default()),
        &progress,
        &QueueLimits::default(),
    );
    assert!(!flow.may_need_pause(lag_counts), "nobody is behind");
    lag_counts.add(
        RoomLag::of_total(64 * 1024 + 1, &QueueLimits::default()),
        &progress,
        &QueueLimits::default(),
    );
    assert!(flow.may_need_pause(lag_counts));
}

/// Sooner than the window is over, and later than a user is still.
const BEFORE_THE_WINDOW: Duration = Duration::from_millis(450);

#[test]
fn a_stalled_reader_among_others_stops_counting_early() {
    // The first one speaks, and counts for nothing.
    let mut speeds = [FAST; MIN_PROGRESSING + 2];
    speeds[MIN_PROGRESSING + 1] = 0;
    let mut sim = Sim::new(1, &speeds);
    sim.run(BEFORE_THE_WINDOW);
    assert_eq!(sim.cut(), [MIN_PROGRESSING + 1]);
    assert!(sim.lines() * LINE > 2 * sim.limits.hard, "and the room went on: {}", sim.lines());
}

#[test]
fn few_progressing_readers_leave_all_counted() {
    let mut sim = Sim::new(1, &[FAST, 0, 0, 0, 0, 0]);
    sim.run(BEFORE_THE_WINDOW);
    assert_eq!(sim.cut(), [], "the machine may stand still");
}

#[test]
fn in_a_small_room_the_window_is_waited_for() {
    let mut speeds = [FAST; MIN_PROGRESSING + 1];
    speeds[MIN_PROGRESSING] = 0;
    let mut sim = Sim::new(1, &speeds);
    sim.run(BEFORE_THE_WINDOW);
    assert_eq!(sim.cut(), [], "they may have a slow line, and be seen to take something rarely");
}
