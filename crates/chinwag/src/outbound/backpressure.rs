//! The place where clients tell a broker that waits for them that they have caught up.
//!
//! The broker pauses its intake while the people it feeds are behind ([`pace`](crate::chat::room::flow_control)). It says after how many
//! *drains* it wants to look again; a drain is somebody coming back below a bound. So a pause costs a few wakes
//! of the broker however many people there are.
//!
//! ```text
//!   broker: count := drains ─► looks at every account ─► wake_at := count + wanted ─► drains >= wake_at? look again
//!   client: taken += bytes ─► crossed a bound? drains += 1 ─► drains >= wake_at? wake the broker
//! ```
//!
//! The race: a client drains while the broker looks. Either the look saw it, or `drains` has risen since `count`
//! was read, so that the broker wakes too early at the worst, and looks again.

use crate::limits::{EVENT_QUEUE, QUEUE_HARD, QUEUE_SOFT, STALL_TIMEOUT};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;
use whippet::sync::{Notify, Semaphore};

/// How far a person may fall behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes owed, past which he is behind and is not read.
    pub soft: u64,
    /// Bytes owed, past which he is cut.
    pub hard: u64,
    /// How long he may take nothing while he is owed something.
    pub take_within: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { soft: QUEUE_SOFT, hard: QUEUE_HARD, take_within: STALL_TIMEOUT }
    }
}

impl Bounds {
    /// Bytes owed, past which the room waits even for a single one who keeps the pace.
    #[inline]
    pub const fn half(&self) -> u64 {
        self.hard / 2
    }

    /// Whether taking from `before` down to `after` bytes owed can end a pause.
    #[inline]
    fn crosses(&self, before: u64, after: u64) -> bool {
        let passes = |bound| before > bound && after <= bound;
        passes(self.soft) || passes(self.half())
    }
}

/// What `wake_at` is while the intake is open.
const NEVER: u64 = u64::MAX;

/// Shared by the broker and all accounts (see the module's words).
#[derive(Debug)]
pub(crate) struct Intake {
    /// The bounds that all accounts go by.
    bounds: Bounds,
    /// Times that somebody came back below a bound. Clients write, the broker reads.
    ///
    /// SeqCst throughout: the broker stores `wake_at` and then loads `drains`, a client adds to `drains` and then
    /// loads `wake_at`. With anything weaker both could read the old value, and the wake would be lost.
    drains: AtomicU64,
    /// The count of drains at which the broker is to be woken, or [`NEVER`]. The broker writes, clients read.
    wake_at: AtomicU64,
    /// Wakes the broker.
    drained: Notify,
    /// Places for lines in the broker's queue. A client takes one before it reads, and the broker gives it back
    /// when it has handled the lines: the queue itself has room for everybody's leave besides, however many there
    /// are, and that room must not fill with lines.
    places: Semaphore,
}

impl Intake {
    /// An open intake.
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            drains: AtomicU64::new(0),
            wake_at: AtomicU64::new(NEVER),
            drained: Notify::new(),
            places: Semaphore::new(EVENT_QUEUE),
        }
    }

    /// The bounds that all accounts go by.
    #[inline]
    pub(crate) fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// The places for lines in the broker's queue.
    pub(crate) fn places(&self) -> &Semaphore {
        &self.places
    }

    /// Somebody took something, and is owed `after` bytes instead of `before`.
    #[inline]
    pub(crate) fn took(&self, before: u64, after: u64) {
        if self.bounds.crosses(before, after) {
            let drains = self.drains.fetch_add(1, SeqCst) + 1;
            if drains >= self.wake_at.load(SeqCst) {
                self.drained.notify_one();
            }
        }
    }

    /// The drains so far: read it before looking at the accounts.
    pub(crate) fn drains(&self) -> u64 {
        self.drains.load(SeqCst)
    }

    /// Asks to be woken once there were `wanted` drains more than `count`. Says whether there were already.
    pub(crate) fn pause(&self, count: u64, wanted: u64) -> bool {
        let wake_at = count + wanted;
        self.wake_at.store(wake_at, SeqCst);
        self.drains.load(SeqCst) >= wake_at
    }

    /// No wake is needed any more.
    pub(crate) fn open(&self) {
        self.wake_at.store(NEVER, SeqCst);
    }

    /// Waits for the wake that [`pause`](Self::pause) asked for.
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
    fn the_broker_is_woken_at_the_drain_it_asked_for_and_by_no_other() {
        let bounds = Bounds::default();
        let intake = Intake::new(bounds);
        let is_woken = || {
            let woken = pin!(intake.drained()).poll(&mut Context::from_waker(Waker::noop()));
            woken.is_ready()
        };
        assert!(!intake.pause(intake.drains(), 2));
        intake.took(bounds.soft + 1, bounds.soft);
        intake.took(bounds.soft, 0);
        intake.took(bounds.hard, bounds.half() + 1);
        assert!(!is_woken());
        intake.took(bounds.half() + 1, bounds.half());
        assert!(is_woken());
        intake.open();
        intake.took(bounds.soft + 1, bounds.soft);
        assert!(!is_woken());
    }

    #[test]
    fn a_drain_during_the_look_is_not_missed() {
        let intake = Intake::new(Bounds::default());
        let count = intake.drains();
        intake.took(intake.bounds().soft + 1, 0);
        assert!(intake.pause(count, 1));
    }
}
