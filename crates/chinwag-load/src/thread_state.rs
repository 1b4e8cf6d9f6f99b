//! What the clients share while they receive: a read buffer and statistics for each worker thread.
//!
//! Thousands of clients read through as many buffers as there are threads, so the buffers stay in the
//! processor's cache and an idle client holds none. A thread's state is locked for the length of one read, within one
//! poll; the lock is there for the type system and for the progress bar, and is free otherwise.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hdrhistogram::Histogram;

/// Size of a read buffer: what a socket has for a client is nearly always taken in one call.
const READ_BUFFER: usize = 64 * 1024;
/// The longest latency that is distinguished from longer ones, in nanoseconds.
const MAX_LATENCY: u64 = 600_000_000_000;

/// One thread's buffer and statistics.
#[derive(Debug)]
pub(crate) struct ThreadState {
    /// Where bytes are read into.
    pub(crate) buffer: Box<[u8]>,
    /// The deliveries that this thread read.
    pub(crate) stats: DeliveryStats,
}

/// Statistics of the deliveries to some or all clients.
#[derive(Clone, Debug)]
pub(crate) struct DeliveryStats {
    /// From the sending to the read that brought the line, in nanoseconds.
    pub(crate) latencies: Histogram<u64>,
    /// How many deliveries there were.
    pub(crate) delivered: u64,
    /// When the last of them came, in nanoseconds of the run's clock.
    pub(crate) last_delivery: u64,
    /// When anything at all was received last.
    pub(crate) last_received: u64,
}

impl DeliveryStats {
    /// Nothing received so far.
    pub(crate) fn new() -> Self {
        Self { latencies: histogram(), delivered: 0, last_delivery: 0, last_received: 0 }
    }

    /// Records a delivery sent at `sent` and received at `now`.
    #[inline]
    pub(crate) fn record(&mut self, sent: u64, now: u64) {
        self.latencies.saturating_record(now.saturating_sub(sent));
        self.delivered += 1;
        self.last_delivery = now;
    }
}

/// An empty histogram of nanoseconds, true to three digits.
pub(crate) fn histogram() -> Histogram<u64> {
    // The bounds are constants that the constructor accepts.
    Histogram::new_with_bounds(1_000, MAX_LATENCY, 3).unwrap_or_else(|_| unreachable!())
}

/// The states of all threads of a run.
#[derive(Debug)]
pub(crate) struct PerThread {
    /// One for each worker thread.
    states: Box<[Mutex<ThreadState>]>,
}

thread_local! {
    /// The index of this thread's state, once it has one.
    static INDEX: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// The index that the next new thread takes.
static NEXT_INDEX: AtomicUsize = AtomicUsize::new(0);

impl PerThread {
    /// As many states as there are worker threads.
    pub(crate) fn new(threads: usize) -> Self {
        let state =
            || ThreadState { buffer: vec![0; READ_BUFFER].into(), stats: DeliveryStats::new() };
        Self { states: (0..threads.max(1)).map(|_| Mutex::new(state())).collect() }
    }

    /// This thread's state. It must not be kept across an await.
    pub(crate) fn current(&self) -> MutexGuard<'_, ThreadState> {
        let index = INDEX.with(|index| {
            if index.get() == usize::MAX {
                index.set(NEXT_INDEX.fetch_add(1, Ordering::Relaxed));
            }
            index.get()
        });
        lock(&self.states[index % self.states.len()])
    }

    /// How many deliveries there were on all threads so far.
    pub(crate) fn delivered(&self) -> u64 {
        self.states.iter().map(|state| lock(state).stats.delivered).sum()
    }

    /// When anything was received last, on any thread.
    pub(crate) fn last_received(&self) -> u64 {
        self.states.iter().map(|state| lock(state).stats.last_received).max().unwrap_or(0)
    }

    /// The statistics of all threads as one.
    pub(crate) fn total(&self) -> DeliveryStats {
        let mut sum = DeliveryStats::new();
        for state in &self.states {
            let stats = &lock(state).stats;
            // Both were made by the same function, so every value has its bucket.
            sum.latencies.add(&stats.latencies).unwrap_or_else(|_| unreachable!());
            sum.delivered += stats.delivered;
            sum.last_delivery = sum.last_delivery.max(stats.last_delivery);
            sum.last_received = sum.last_received.max(stats.last_received);
        }
        sum
    }
}

/// Takes the lock; a client that panicked while it held it left nothing half done that matters.
fn lock(state: &Mutex<ThreadState>) -> MutexGuard<'_, ThreadState> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stats_add_up_over_the_threads() {
        let per_thread = PerThread::new(2);
        for (state, latency) in [(0, 1_000), (0, 2_000), (1, 3_000)] {
            let mut state = lock(&per_thread.states[state]);
            state.stats.record(10_000, 10_000 + latency);
            state.stats.last_received = 10_000 + latency;
        }
        assert_eq!((per_thread.delivered(), per_thread.last_received()), (3, 13_000));
        let sum = per_thread.total();
        assert_eq!((sum.delivered, sum.last_delivery, sum.last_received), (3, 13_000, 13_000));
        assert_eq!(sum.latencies.len(), 3);
    }

    #[test]
    fn percentiles_are_true_to_a_thousandth() {
        let mut stats = DeliveryStats::new();
        (1..=100_000u64).for_each(|micros| stats.record(0, micros * 1_000));
        for (percentile, micros) in [(50.0, 50_000.0), (90.0, 90_000.0), (99.9, 99_900.0)] {
            let found = stats.latencies.value_at_percentile(percentile) as f64 / 1_000.0;
            assert!((found / micros - 1.0).abs() < 0.001, "p{percentile}: {found}");
        }
        // A clock that two processors read at once may seem to run backwards; a stall may be endless.
        stats.record(5, 4);
        stats.record(0, u64::MAX);
        assert!(stats.latencies.max() >= MAX_LATENCY);
    }
}
