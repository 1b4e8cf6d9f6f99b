//! What the clients share while they receive: a read buffer and a tally for each worker thread.
//!
//! Thousands of clients read through as many buffers as there are threads, so the buffers stay in the
//! processor's cache and an idle client holds none. A lane is taken for the length of one read, within one
//! poll; the lock is there for the type system and for whoever watches the progress, and is free otherwise.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hdrhistogram::Histogram;

/// Size of a read buffer: what a socket has for a client is nearly always taken in one call.
const BUFFER: usize = 64 * 1024;
/// The longest latency that is told from longer ones, in nanoseconds.
const LONGEST: u64 = 600_000_000_000;

/// One thread's buffer and tally.
#[derive(Debug)]
pub(crate) struct Lane {
    /// Where bytes are read into.
    pub(crate) buffer: Box<[u8]>,
    /// What the deliveries told.
    pub(crate) tally: Tally,
}

/// What the deliveries to some or all clients told.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    /// From the sending to the read that brought the line, in nanoseconds.
    pub(crate) latencies: Histogram<u64>,
    /// How many deliveries there were.
    pub(crate) delivered: u64,
    /// When the last of them came, in nanoseconds of the run's clock.
    pub(crate) last_delivery: u64,
    /// When anything at all was received last.
    pub(crate) last_heard: u64,
}

impl Tally {
    /// Nothing heard so far.
    pub(crate) fn new() -> Self {
        Self { latencies: histogram(), delivered: 0, last_delivery: 0, last_heard: 0 }
    }

    /// Enters a delivery sent at `sent` and received at `now`.
    #[inline]
    pub(crate) fn enter(&mut self, sent: u64, now: u64) {
        self.latencies.saturating_record(now.saturating_sub(sent));
        self.delivered += 1;
        self.last_delivery = now;
    }
}

/// An empty histogram of nanoseconds, true to three digits.
pub(crate) fn histogram() -> Histogram<u64> {
    // The bounds are constants that the constructor accepts.
    Histogram::new_with_bounds(1_000, LONGEST, 3).unwrap_or_else(|_| unreachable!())
}

/// All lanes of a run.
#[derive(Debug)]
pub(crate) struct Lanes {
    /// One for each worker thread.
    lanes: Box<[Mutex<Lane>]>,
}

thread_local! {
    /// Which lane this thread takes, once it has taken one.
    static MINE: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// The lane that the next new thread takes.
static NEXT: AtomicUsize = AtomicUsize::new(0);

impl Lanes {
    /// As many lanes as there are worker threads.
    pub(crate) fn new(threads: usize) -> Self {
        let lane = || Lane { buffer: vec![0; BUFFER].into(), tally: Tally::new() };
        Self { lanes: (0..threads.max(1)).map(|_| Mutex::new(lane())).collect() }
    }

    /// This thread's lane. It must not be kept across an await.
    pub(crate) fn mine(&self) -> MutexGuard<'_, Lane> {
        let index = MINE.with(|mine| {
            if mine.get() == usize::MAX {
                mine.set(NEXT.fetch_add(1, Ordering::Relaxed));
            }
            mine.get()
        });
        lock(&self.lanes[index % self.lanes.len()])
    }

    /// How many deliveries there were on all lanes so far.
    pub(crate) fn delivered(&self) -> u64 {
        self.lanes.iter().map(|lane| lock(lane).tally.delivered).sum()
    }

    /// When anything was received last, on any lane.
    pub(crate) fn last_heard(&self) -> u64 {
        self.lanes.iter().map(|lane| lock(lane).tally.last_heard).max().unwrap_or(0)
    }

    /// The tallies of all lanes as one.
    pub(crate) fn tally(&self) -> Tally {
        let mut sum = Tally::new();
        for lane in &self.lanes {
            let tally = &lock(lane).tally;
            // Both were made by the same function, so every value has its place.
            sum.latencies.add(&tally.latencies).unwrap_or_else(|_| unreachable!());
            sum.delivered += tally.delivered;
            sum.last_delivery = sum.last_delivery.max(tally.last_delivery);
            sum.last_heard = sum.last_heard.max(tally.last_heard);
        }
        sum
    }
}

/// Takes the lock; a client that panicked while it held it left nothing half done that matters.
fn lock(lane: &Mutex<Lane>) -> MutexGuard<'_, Lane> {
    lane.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tallies_add_up_over_the_lanes() {
        let lanes = Lanes::new(2);
        for (lane, latency) in [(0, 1_000), (0, 2_000), (1, 3_000)] {
            let mut lane = lock(&lanes.lanes[lane]);
            lane.tally.enter(10_000, 10_000 + latency);
            lane.tally.last_heard = 10_000 + latency;
        }
        assert_eq!((lanes.delivered(), lanes.last_heard()), (3, 13_000));
        let sum = lanes.tally();
        assert_eq!((sum.delivered, sum.last_delivery, sum.last_heard), (3, 13_000, 13_000));
        assert_eq!(sum.latencies.len(), 3);
    }

    #[test]
    fn percentiles_are_true_to_a_thousandth() {
        let mut tally = Tally::new();
        (1..=100_000u64).for_each(|micros| tally.enter(0, micros * 1_000));
        for (percentile, micros) in [(50.0, 50_000.0), (90.0, 90_000.0), (99.9, 99_900.0)] {
            let found = tally.latencies.value_at_percentile(percentile) as f64 / 1_000.0;
            assert!((found / micros - 1.0).abs() < 0.001, "p{percentile}: {found}");
        }
        // A clock that two processors read at once may seem to run backwards; a stall may be endless.
        tally.enter(5, 4);
        tally.enter(0, u64::MAX);
        assert!(tally.latencies.max() >= LONGEST);
    }
}
