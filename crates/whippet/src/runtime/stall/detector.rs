//! Which poll was seen since when: decides what is a stall. It knows no clock and no thread.

use super::Stall;
use crate::executor::task::Id;
use std::panic::Location;
use std::time::{Duration, Instant};

/// What a worker was seen at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PollSample {
    /// The number of the poll.
    pub(super) poll: u64,
    /// The task; none for the future of a `block_on`.
    pub(super) task: Option<Id>,
    /// Where the task was spawned, or `block_on` called.
    pub(super) place: &'static Location<'static>,
}

/// A poll that was seen in one sample at least.
#[derive(Debug)]
struct Observed {
    /// The poll.
    sample: PollSample,
    /// When it was seen first.
    since: Instant,
    /// Whether it was reported.
    is_reported: bool,
}

/// What was seen of one worker.
#[derive(Debug)]
pub(super) struct StallDetector {
    /// Its number.
    worker: usize,
    /// How long a poll may last.
    threshold: Duration,
    /// The poll that was seen in the last sample.
    observed: Option<Observed>,
}

impl StallDetector {
    /// Nothing was seen.
    pub(super) fn new(worker: usize, threshold: Duration) -> Self {
        Self { worker, threshold, observed: None }
    }

    /// Takes a sample; returns what is to be reported.
    pub(super) fn observe(&mut self, now: Instant, sample: Option<PollSample>) -> Option<Stall> {
        if let (Some(seen), Some(sample)) = (&mut self.observed, sample)
            && seen.sample.poll == sample.poll
        {
            // The later sample knows better whose poll it is.
            seen.sample = sample;
            let duration = now.saturating_duration_since(seen.since);
            if seen.is_reported || duration < self.threshold {
                return None;
            }
            seen.is_reported = true;
            return Some(stall(self.worker, sample, duration, false));
        }
        let fresh = sample.map(|sample| Observed { sample, since: now, is_reported: false });
        let former = std::mem::replace(&mut self.observed, fresh)?;
        let duration = now.saturating_duration_since(former.since);
        former.is_reported.then(|| stall(self.worker, former.sample, duration, true))
    }
}

/// The report of a poll.
fn stall(worker: usize, sample: PollSample, duration: Duration, is_over: bool) -> Stall {
    Stall { worker, task: sample.task, place: sample.place, duration, is_over }
}
