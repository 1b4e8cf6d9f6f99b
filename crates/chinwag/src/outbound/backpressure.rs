//! Backpressure between clients and the broker: clients count how often their queues drain, and wake a broker that waits for it.
//!
//! The broker takes no more lines while the clients that it feeds lag ([`flow_control`](crate::chat::room::flow_control)). It asks to be
//! woken after a number of *drains*; a drain is a client whose pending bytes fall below a limit. So a pause costs a few wakes of the
//! broker, however many clients there are.
//!
//! ```text
//!   broker: count := drain_count ─► scans all queues ─► wake_at := count + wanted ─► drain_count >= wake_at? scan again
//!   client: written += bytes ─► crossed a limit? drain_count += 1 ─► drain_count >= wake_at? wake the broker
//! ```
//!
//! The race: a client drains while the broker scans. Either the scan saw it, or `drain_count` has risen since `count` was read, so
//! that the broker wakes too early at the worst, and scans again.

use crate::limits::{EVENT_QUEUE, QUEUE_HARD, QUEUE_SOFT, STALL_TIMEOUT};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;
use whippet::sync::{Notify, Semaphore};

/// How far a client may lag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueLimits {
    /// Pending bytes, past which nothing more is read from the client.
    pub soft: u64,
    /// Pending bytes, past which the client is disconnected.
    pub hard: u64,
    /// How long a client may take nothing while bytes are pending.
    pub stall_timeout: Duration,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self { soft: QUEUE_SOFT, hard: QUEUE_HARD, stall_timeout: STALL_TIMEOUT }
    }
}

impl QueueLimits {
    /// Pending bytes, past which a room pauses even for a single client that makes progress.
    #[inline]
    pub(crate) const fn pause_threshold(&self) -> u64 {
        self.hard / 2
    }

    /// Whether a fall from `before` to `after` pending bytes can end a pause.
    #[inline]
    fn crosses(&self, before: u64, after: u64) -> bool {
        let passes = |bound| before > bound && after <= bound;
        passes(self.soft) || passes(self.pause_threshold())
    }
}

/// The value of `wake_at` while the broker waits for nothing.
const NEVER: u64 = u64::MAX;

/// Shared by the broker and all send queues (see the module docs).
#[derive(Debug)]
pub(crate) struct Backpressure {
    /// The limits of all send queues.
    limits: QueueLimits,
    /// Times that a queue fell below a limit. Clients write, the broker reads.
    ///
    /// SeqCst throughout: the broker stores `wake_at` and then loads `drain_count`, a client adds to `drain_count` and then
    /// loads `wake_at`. With anything weaker both could read the old value, and the wake would be lost.
    drain_count: AtomicU64,
    /// The count of drains at which the broker is to be woken, or [`NEVER`]. The broker writes, clients read.
    wake_at: AtomicU64,
    /// Wakes the broker.
    drained: Notify,
    /// Permits for lines in the broker's queue. A client acquires one before it reads, and the broker releases it when it
    /// has handled the lines. The queue itself has capacity for the leaves of all clients in addition, which lines must
    /// not use.
    permits: Semaphore,
}

impl Backpressure {
    /// Nobody waits yet.
    pub(crate) fn new(limits: QueueLimits) -> Self {
        Self {
            limits,
            drain_count: AtomicU64::new(0),
            wake_at: AtomicU64::new(NEVER),
            drained: Notify::new(),
            permits: Semaphore::new(EVENT_QUEUE),
        }
    }

    /// The limits of all send queues.
    #[inline]
    pub(crate) fn limits(&self) -> &QueueLimits {
        &self.limits
    }

    /// The permits for lines in the broker's queue.
    pub(crate) fn permits(&self) -> &Semaphore {
        &self.permits
    }

    /// The kernel took something: `after` bytes are pending instead of `before`.
    #[inline]
    pub(crate) fn record_drain(&self, before: u64, after: u64) {
        if self.limits.crosses(before, after) {
            let drains = self.drain_count.fetch_add(1, SeqCst) + 1;
            if drains >= self.wake_at.load(SeqCst) {
                self.drained.notify_one();
            }
        }
    }

    /// The drains so far: to be read before a scan of the queues.
    pub(crate) fn drain_count(&self) -> u64 {
        self.drain_count.load(SeqCst)
    }

    /// Asks to be woken once there were `wanted` drains more than `count`. Returns whether there were already.
    pub(crate) fn wake_after(&self, count: u64, wanted: u64) -> bool {
        let wake_at = count + wanted;
        self.wake_at.store(wake_at, SeqCst);
        self.drain_count.load(SeqCst) >= wake_at
    }

    /// No wake is needed any more.
    pub(crate) fn disarm(&self) {
        self.wake_at.store(NEVER, SeqCst);
    }

    /// Waits for the wake that [`wake_after`](Self::wake_after) asked for.
    ///
    /// # Cancel safety
    /// Nothing is lost: a wake that nobody waits for is kept.
    pub(crate) async fn drained(&self) {
        self.drained.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::{Context, Waker};

    #[test]
    fn the_broker_is_woken_at_the_drain_it_asked_for() {
        let limits = QueueLimits::default();
        let backpressure = Backpressure::new(limits);
        let is_woken = || {
            let woken = pin!(backpressure.drained()).poll(&mut Context::from_waker(Waker::noop()));
            woken.is_ready()
        };
        assert!(!backpressure.wake_after(backpressure.drain_count(), 2));
        backpressure.record_drain(limits.soft + 1, limits.soft);
        backpressure.record_drain(limits.soft, 0);
        backpressure.record_drain(limits.hard, limits.pause_threshold() + 1);
        assert!(!is_woken());
        backpressure.record_drain(limits.pause_threshold() + 1, limits.pause_threshold());
        assert!(is_woken());
        backpressure.disarm();
        backpressure.record_drain(limits.soft + 1, limits.soft);
        assert!(!is_woken());
    }

    #[test]
    fn a_drain_during_the_scan_is_not_missed() {
        let backpressure = Backpressure::new(QueueLimits::default());
        let count = backpressure.drain_count();
        backpressure.record_drain(backpressure.limits().soft + 1, 0);
        assert!(backpressure.wake_after(count, 1));
    }
}
