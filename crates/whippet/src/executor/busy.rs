//! How long a worker was awake.

use std::cell::Cell;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

/// The worker's side of its busy time: since when it has been awake without that being counted. Time is an argument.
#[derive(Debug)]
pub(super) struct Busy {
    /// From here on.
    since: Cell<Instant>,
}

impl Busy {
    /// Awake from now on.
    pub(super) fn new(now: Instant) -> Self {
        Self { since: Cell::new(now) }
    }

    /// Awake from now on: what lies before is not counted.
    pub(super) fn begin(&self, now: Instant) {
        self.since.set(now);
    }

    /// Counts the time up to now, in nanoseconds. The worker alone writes `total`, so it needs no read-modify-write.
    pub(super) fn count(&self, now: Instant, total: &AtomicU64) {
        let awake = now.saturating_duration_since(self.since.replace(now));
        let nanoseconds = u64::try_from(awake.as_nanos()).unwrap_or(u64::MAX);
        // Relaxed: for metrics.
        total.store(total.load(Relaxed).saturating_add(nanoseconds), Relaxed);
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::Busy;
    use crate::sys;
    use std::sync::atomic::AtomicU64;
    use std::time::Duration;

    #[test]
    fn time_asleep_is_not_busy() {
        let (start, second) = (sys::clock::now(), Duration::from_secs(1));
        let mut total = AtomicU64::new(0);
        let busy = Busy::new(start);
        busy.count(start + second, &total);
        // Asleep for two seconds.
        busy.begin(start + 3 * second);
        busy.count(start + 4 * second, &total);
        busy.count(start + 6 * second, &total);
        assert_eq!(Duration::from_nanos(*total.get_mut()), 4 * second);
    }
}
