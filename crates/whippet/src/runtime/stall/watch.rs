//! Which poll was seen since when: decides what is a stall. It knows no clock and no thread.

use super::Stall;
use crate::executor::task::Id;
use std::panic::Location;
use std::time::{Duration, Instant};

/// What a worker was seen at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sight {
    /// The number of the poll.
    pub(super) turn: u64,
    /// The task; none for the future of a `block_on`.
    pub(super) task: Option<Id>,
    /// Where the task was spawned, or `block_on` called.
    pub(super) place: &'static Location<'static>,
}

/// A poll that was seen at one look at least.
#[derive(Debug)]
struct Seen {
    /// The poll.
    sight: Sight,
    /// When it was seen first.
    since: Instant,
    /// Whether it was reported.
    is_reported: bool,
}

/// What was seen of one worker.
#[derive(Debug)]
pub(super) struct Watch {
    /// Its number.
    worker: usize,
    /// How long a poll may last.
    threshold: Duration,
    /// The poll that was seen at the last look.
    seen: Option<Seen>,
}

impl Watch {
    /// Nothing was seen.
    pub(super) fn new(worker: usize, threshold: Duration) -> Self {
        Self { worker, threshold, seen: None }
    }

    /// A look: what is to be reported.
    pub(super) fn look(&mut self, now: Instant, sight: Option<Sight>) -> Option<Stall> {
        if let (Some(seen), Some(sight)) = (&mut self.seen, sight)
            && seen.sight.turn == sight.turn
        {
            // The later sight knows better whose poll it is.
            seen.sight = sight;
            let duration = now.saturating_duration_since(seen.since);
            if seen.is_reported || duration < self.threshold {
                return None;
            }
            seen.is_reported = true;
            return Some(stall(self.worker, sight, duration, false));
        }
        let fresh = sight.map(|sight| Seen { sight, since: now, is_reported: false });
        let former = std::mem::replace(&mut self.seen, fresh)?;
        let duration = now.saturating_duration_since(former.since);
        former.is_reported.then(|| stall(self.worker, former.sight, duration, true))
    }
}

/// What is told of a poll.
fn stall(worker: usize, sight: Sight, duration: Duration, is_over: bool) -> Stall {
    Stall { worker, task: sight.task, place: sight.place, duration, is_over }
}
