//! Delivery latency: how long sampled lines take from the read to the write to each client.
//!
//! ```text
//!   CommandBatch ──► LatencySampler: one line in each tenth of a second ──► LatencyTag on the batch's frame ──► written: LatencyHistogram
//! ```
//!
//! Measuring every line would read the clock at each delivery. Measuring one for all its receivers costs nothing that can be
//! seen, and includes slow readers.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// Time between two sampled lines.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(100);

/// Which lines are sampled. Pure; the time is an argument.
#[derive(Debug, Default)]
pub(crate) struct LatencySampler {
    /// When the latest of them was read.
    last_sample: Option<Instant>,
    /// When the sampled line of the current batch was read.
    received_at: Option<Instant>,
}

impl LatencySampler {
    /// A line that was read then is handled now.
    #[inline]
    pub(crate) fn observe(&mut self, received_at: Option<Instant>, now: Instant) {
        let is_due = self.last_sample.is_none_or(|last| now >= last + SAMPLE_INTERVAL);
        if is_due && let Some(received_at) = received_at {
            self.last_sample = Some(now);
            self.received_at = Some(received_at);
        }
    }

    /// The tag of the batch that goes out, if a line in it is sampled.
    pub(crate) fn take_tag(
        &mut self,
        histogram: &Arc<LatencyHistogram>,
    ) -> Option<Box<LatencyTag>> {
        let received_at = self.received_at.take()?;
        Some(Box::new(LatencyTag { received_at, histogram: Arc::clone(histogram) }))
    }
}

/// On a frame whose deliveries are measured.
#[derive(Debug)]
pub(crate) struct LatencyTag {
    /// When its line was read.
    received_at: Instant,
    /// Where the latency is counted.
    histogram: Arc<LatencyHistogram>,
}

impl LatencyTag {
    /// It was written to a client.
    pub(crate) fn record(&self, now: Instant) {
        self.histogram.record(now.saturating_duration_since(self.received_at));
    }
}

/// Upper ends of the buckets, in microseconds: from what nobody can notice to what disconnects a client.
const BUCKETS: [u64; 16] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000,
];

/// Latencies of deliveries. Connection tasks add, the metrics read; Relaxed as above.
#[derive(Debug, Default)]
pub(crate) struct LatencyHistogram {
    /// How many took no longer than each of [`BUCKETS`] and longer than the one before; the last: longer than all.
    counts: [AtomicU64; BUCKETS.len() + 1],
    /// All of them together, in microseconds.
    sum: AtomicU64,
}

impl LatencyHistogram {
    /// Adds one.
    pub(crate) fn record(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS.partition_point(|&end| end < micros);
        self.counts[bucket].fetch_add(1, Relaxed);
        self.sum.fetch_add(micros, Relaxed);
    }

    /// Upper ends of the buckets in seconds, the last infinite, each with how many took longer than the end before.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        let ends = BUCKETS.iter().map(|&micros| micros as f64 / 1e6).chain([f64::INFINITY]);
        ends.zip(self.counts.iter().map(|count| count.load(Relaxed)))
    }

    /// All of them together, in seconds.
    pub(crate) fn sum(&self) -> f64 {
        self.sum.load(Relaxed) as f64 / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_counted_in_the_bucket_that_it_fits_into() {
        let histogram = LatencyHistogram::default();
        for micros in [0, 100, 101, 1_000, 20_000_000] {
            histogram.record(Duration::from_micros(micros));
        }
        let counts: Vec<_> = histogram.buckets().filter(|&(_, count)| count > 0).collect();
        assert_eq!(counts, [(1e-4, 2), (2.5e-4, 1), (1e-3, 1), (f64::INFINITY, 1)]);
        assert!((histogram.sum() - 20.001_201).abs() < 1e-9);
    }

    #[test]
    fn one_line_in_a_tenth_of_a_second_is_sampled() {
        let (start, histogram) = (whippet::time::Instant::now().into_std(), Arc::default());
        let mut sampler = LatencySampler::default();
        assert!(sampler.take_tag(&histogram).is_none());
        sampler.observe(None, start);
        assert!(sampler.take_tag(&histogram).is_none(), "nobody knows when it was read");
        sampler.observe(Some(start), start);
        sampler.observe(Some(start), start + SAMPLE_INTERVAL / 2);
        sampler.take_tag(&histogram).unwrap().record(start + SAMPLE_INTERVAL);
        assert!(sampler.take_tag(&histogram).is_none(), "once");
        sampler.observe(Some(start), start + SAMPLE_INTERVAL / 2);
        assert!(sampler.take_tag(&histogram).is_none(), "too soon");
        sampler.observe(Some(start), start + SAMPLE_INTERVAL);
        assert!(sampler.take_tag(&histogram).is_some());
        assert_eq!(histogram.buckets().map(|(_, count)| count).sum::<u64>(), 1);
    }
}
