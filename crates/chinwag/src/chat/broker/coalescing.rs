//! When the broker waits for company for a line or a new client: in a busy room they share their writes.
//!
//! Handing a batch to a room of two hundred costs the kernel two hundred writes, and a line that follows within that
//! time would cost as many again. So a line that comes alone and soon after a batch waits for a second one, and
//! both leave in one write a receiver. It waits as long as the batch before is taken to keep the kernel busy, and
//! [`COALESCE_MAX`] at most. A line that comes after a silence, in a small room or in company does not wait at all.
//!
//! New clients wait until the batch before is over, or they are as many as are taken at once, or there is a line to hand
//! out. In a room of thousands each of them costs as many writes, one after the other; and a server that
//! lets users in more slowly than [`MAX_ANNOUNCED`](crate::limits::MAX_ANNOUNCED) in a second, because it announces each,
//! would never come to count them instead.
//!
//! Pure: the time is an argument.

use crate::limits::{COALESCE_MAX, COALESCE_MIN, COALESCE_PER_FRAME, CONTROL_QUEUE};
use std::time::{Duration, Instant};

/// What it remembers of the last batch, and who waits.
#[derive(Debug)]
pub(super) struct Coalescer {
    /// The last batch keeps the kernel busy until then.
    busy_until: Instant,
    /// For how long it did, and so how long a line waits.
    window: Duration,
    /// Until when a line waits, if one does.
    hold_until: Option<Instant>,
    /// Until when new clients wait, if they do.
    joins_hold_until: Option<Instant>,
}

impl Coalescer {
    /// After a silence.
    pub(super) fn new(now: Instant) -> Self {
        Self { busy_until: now, window: Duration::ZERO, hold_until: None, joins_hold_until: None }
    }

    /// Until when a user waits: a line, or new clients.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.hold_until.into_iter().chain(self.joins_hold_until).min()
    }

    /// Events were received, and this many are in hand now.
    pub(super) fn on_events(&mut self, in_hand: usize, now: Instant) {
        let waits = in_hand == 1 && self.hold_until.is_none() && now < self.busy_until;
        self.hold_until = waits.then(|| now + self.window);
    }

    /// Whether those in hand must wait no longer.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        if self.hold_until.is_some_and(|until| until <= now) {
            self.hold_until = None;
        }
        self.hold_until.is_none()
    }

    /// Whether new clients wait, of whom there are so many in hand.
    pub(super) fn should_hold_joins(&mut self, in_hand: usize, now: Instant) -> bool {
        let until = *self.joins_hold_until.get_or_insert(self.busy_until);
        let waits = (1..CONTROL_QUEUE).contains(&in_hand) && now < until;
        if !waits {
            self.joins_hold_until = None;
        }
        waits
    }

    /// Those in hand are let in, whatever they waited for.
    pub(super) fn on_joins_admitted(&mut self) {
        self.joins_hold_until = None;
    }

    /// A batch of so many frames went out.
    pub(super) fn on_flush(&mut self, frames: u64, now: Instant) {
        let frames = u32::try_from(frames).unwrap_or(u32::MAX);
        let busy = COALESCE_PER_FRAME.saturating_mul(frames).min(COALESCE_MAX);
        if busy >= COALESCE_MIN {
            self.window = busy;
            self.busy_until = now + busy;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Enough users that a batch is worth waiting for.
    const RECIPIENTS: u64 = 200;

    /// What a batch of theirs takes.
    fn busy() -> Duration {
        COALESCE_PER_FRAME * RECIPIENTS as u32
    }

    #[test]
    fn a_line_waits_only_soon_after_a_batch() {
        let start = whippet::time::Instant::now().into_std();
        let mut coalescer = Coalescer::new(start);
        coalescer.on_events(1, start);
        assert!(coalescer.is_due(start), "after a silence");
        coalescer.on_flush(RECIPIENTS, start);
        let soon = start + busy() / 2;
        coalescer.on_events(1, soon);
        assert!(!coalescer.is_due(soon));
        assert_eq!(coalescer.deadline(), Some(soon + busy()));
        assert!(coalescer.is_due(soon + busy()), "it waits no longer than that");
        assert_eq!(coalescer.deadline(), None);
        coalescer.on_events(1, start + busy());
        assert!(coalescer.is_due(start + busy()), "the round is over");
    }

    #[test]
    fn a_second_line_ends_the_wait() {
        let start = whippet::time::Instant::now().into_std();
        let mut coalescer = Coalescer::new(start);
        coalescer.on_flush(RECIPIENTS, start);
        coalescer.on_events(2, start);
        assert!(coalescer.is_due(start), "they came together");
        coalescer.on_events(1, start);
        assert!(!coalescer.is_due(start));
        coalescer.on_events(2, start);
        assert!(coalescer.is_due(start), "the second has come");
    }

    #[test]
    fn joins_wait_until_the_batch_is_over_or_they_are_many() {
        let start = whippet::time::Instant::now().into_std();
        let mut coalescer = Coalescer::new(start);
        assert!(!coalescer.should_hold_joins(1, start), "after a silence");
        coalescer.on_flush(RECIPIENTS, start);
        assert!(!coalescer.should_hold_joins(0, start), "nobody does");
        assert_eq!(coalescer.deadline(), None);
        assert!(coalescer.should_hold_joins(1, start));
        assert_eq!(coalescer.deadline(), Some(start + busy()));
        // What goes out meanwhile does not make them wait longer.
        coalescer.on_flush(RECIPIENTS, start + busy() / 2);
        assert!(coalescer.should_hold_joins(2, start + busy() / 2));
        assert!(
            !coalescer.should_hold_joins(CONTROL_QUEUE, start + busy() / 2),
            "as many as are taken"
        );
        assert!(coalescer.should_hold_joins(1, start + busy()), "the next ones");
        assert!(!coalescer.should_hold_joins(1, start + busy() * 3 / 2));
        assert_eq!(coalescer.deadline(), None);
        coalescer.on_flush(RECIPIENTS, start);
        assert!(coalescer.should_hold_joins(1, start));
        coalescer.on_joins_admitted();
        assert_eq!(coalescer.deadline(), None, "they came in with a line");
    }

    #[test]
    fn a_small_room_never_waits_and_a_large_one_briefly() {
        let start = whippet::time::Instant::now().into_std();
        let mut coalescer = Coalescer::new(start);
        coalescer.on_flush(10, start);
        coalescer.on_events(1, start);
        assert!(coalescer.is_due(start));
        coalescer.on_flush(u64::MAX, start);
        coalescer.on_events(1, start);
        assert_eq!(coalescer.deadline(), Some(start + COALESCE_MAX));
    }
}
