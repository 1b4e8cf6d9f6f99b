//! How long lines take from being read to being written to each person, of a line now and then.
//!
//! ```text
//!   Inputs::heard ──► Timing: one line in each tenth of a second ──► Stamp on the round's frame ──► written: Latencies
//! ```
//!
//! Timing every line would read the clock at each delivery; timing one for all its receivers costs nothing that can be
//! measured, and sees slow readers as well.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// Time between two lines that are timed.
const EVERY: Duration = Duration::from_millis(100);

/// Which lines are timed. Pure; the time is an argument.
#[derive(Debug, Default)]
pub(crate) struct Timing {
    /// When the latest of them was read.
    last: Option<Instant>,
    /// When the one was read that is in the round that is being made.
    heard: Option<Instant>,
}

impl Timing {
    /// A line that was read then is handled now.
    #[inline]
    pub(crate) fn heard(&mut self, heard: Option<Instant>, now: Instant) {
        let is_due = self.last.is_none_or(|last| now >= last + EVERY);
        if is_due && let Some(heard) = heard {
            self.last = Some(now);
            self.heard = Some(heard);
        }
    }

    /// The stamp of the round that goes out, if a line in it is timed.
    pub(crate) fn stamp(&mut self, latencies: &Arc<Latencies>) -> Option<Box<Stamp>> {
        let heard = self.heard.take()?;
        Some(Box::new(Stamp { heard, latencies: Arc::clone(latencies) }))
    }
}

/// On a frame whose deliveries are timed.
#[derive(Debug)]
pub(crate) struct Stamp {
    /// When its line was read.
    heard: Instant,
    /// Where that is counted.
    latencies: Arc<Latencies>,
}

impl Stamp {
    /// It was written to somebody.
    pub(crate) fn arrived(&self, now: Instant) {
        self.latencies.add(now.saturating_duration_since(self.heard));
    }
}

/// Upper ends of the buckets, in microseconds: from what nobody can notice to what cuts somebody.
const BUCKETS: [u64; 16] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000,
];

/// How long deliveries took, counted by size. People's tasks add, whoever looks reads; Relaxed as above.
#[derive(Debug, Default)]
pub struct Latencies {
    /// How many took no longer than each of [`BUCKETS`] and longer than the one before; the last: longer than all.
    counts: [AtomicU64; BUCKETS.len() + 1],
    /// All of them together, in microseconds.
    sum: AtomicU64,
}

impl Latencies {
    /// Adds one.
    pub(crate) fn add(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS.partition_point(|&end| end < micros);
        self.counts[bucket].fetch_add(1, Relaxed);
        self.sum.fetch_add(micros, Relaxed);
    }

    /// Upper ends of the buckets in seconds, the last infinite, each with how many took longer than the end before.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        let ends = BUCKETS.iter().map(|&micros| micros as f64 / 1e6).chain([f64::INFINITY]);
        ends.zip(self.counts.iter().map(|count| count.load(Relaxed)))
    }

    /// All of them together, in seconds.
    pub fn sum(&self) -> f64 {
        self.sum.load(Relaxed) as f64 / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_counted_in_the_bucket_that_it_fits_into() {
        let latencies = Latencies::default();
        for micros in [0, 100, 101, 1_000, 20_000_000] {
            latencies.add(Duration::from_micros(micros));
        }
        let counts: Vec<_> = latencies.buckets().filter(|&(_, count)| count > 0).collect();
        assert_eq!(counts, [(1e-4, 2), (2.5e-4, 1), (1e-3, 1), (f64::INFINITY, 1)]);
        assert!((latencies.sum() - 20.001_201).abs() < 1e-9);
    }

    #[test]
    fn one_line_in_a_tenth_of_a_second_is_timed() {
        let (start, latencies) = (whippet::time::Instant::now().into_std(), Arc::default());
        let mut timing = Timing::default();
        assert!(timing.stamp(&latencies).is_none());
        timing.heard(None, start);
        assert!(timing.stamp(&latencies).is_none(), "nobody knows when it was read");
        timing.heard(Some(start), start);
        timing.heard(Some(start), start + EVERY / 2);
        timing.stamp(&latencies).unwrap().arrived(start + EVERY);
        assert!(timing.stamp(&latencies).is_none(), "once");
        timing.heard(Some(start), start + EVERY / 2);
        assert!(timing.stamp(&latencies).is_none(), "too soon");
        timing.heard(Some(start), start + EVERY);
        assert!(timing.stamp(&latencies).is_some());
        assert_eq!(latencies.buckets().map(|(_, count)| count).sum::<u64>(), 1);
    }
}
