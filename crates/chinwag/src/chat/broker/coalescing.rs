//! When the broker waits for company for a line or a newcomer: in a busy room they share their writes.
//!
//! Handing a round to a room of two hundred costs the kernel two hundred writes, and a line that follows within that
//! time would cost as many again. So a line that comes alone and soon after a round waits for a second one, and
//! both leave in one write a receiver. It waits as long as the round before is taken to keep the kernel busy, and
//! [`COALESCE_MAX`] at most. A line that comes after a silence, in a small room or in company does not wait at all.
//!
//! Newcomers wait until the round before is over, or they are as many as are taken at once, or there is a line to hand
//! out. In a room of thousands each of them costs as many writes, one after the other; and a house that
//! lets people in more slowly than [`MAX_ANNOUNCED`](crate::limits::MAX_ANNOUNCED) in a second, because it announces each,
//! would never come to count them instead.
//!
//! Pure: the time is an argument.

use crate::limits::{COALESCE_MAX, COALESCE_MIN, COALESCE_PER_FRAME, CONTROL_QUEUE};
use std::time::{Duration, Instant};

/// What it remembers of the last round, and who waits.
#[derive(Debug)]
pub(super) struct Gather {
    /// The last round keeps the kernel busy until then.
    busy_until: Instant,
    /// For how long it did, and so how long a line waits.
    patience: Duration,
    /// Until when a line waits, if one does.
    until: Option<Instant>,
    /// Until when newcomers wait, if they do.
    newcomers_until: Option<Instant>,
}

impl Gather {
    /// After a silence.
    pub(super) fn new(now: Instant) -> Self {
        Self { busy_until: now, patience: Duration::ZERO, until: None, newcomers_until: None }
    }

    /// Until when somebody waits: a line, or newcomers.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.until.into_iter().chain(self.newcomers_until).min()
    }

    /// Events were received, and this many are in hand now.
    pub(super) fn received(&mut self, in_hand: usize, now: Instant) {
        let waits = in_hand == 1 && self.until.is_none() && now < self.busy_until;
        self.until = waits.then(|| now + self.patience);
    }

    /// Whether those in hand must wait no longer.
    pub(super) fn is_over(&mut self, now: Instant) -> bool {
        if self.until.is_some_and(|until| until <= now) {
            self.until = None;
        }
        self.until.is_none()
    }

    /// Whether newcomers wait, of whom there are so many in hand.
    pub(super) fn newcomers_wait(&mut self, in_hand: usize, now: Instant) -> bool {
        let until = *self.newcomers_until.get_or_insert(self.busy_until);
        let waits = (1..CONTROL_QUEUE).contains(&in_hand) && now < until;
        if !waits {
            self.newcomers_until = None;
        }
        waits
    }

    /// Those in hand are let in, whatever they waited for.
    pub(super) fn let_in(&mut self) {
        self.newcomers_until = None;
    }

    /// A round of so many frames went out.
    pub(super) fn sent(&mut self, frames: u64, now: Instant) {
        let frames = u32::try_from(frames).unwrap_or(u32::MAX);
        let busy = COALESCE_PER_FRAME.saturating_mul(frames).min(COALESCE_MAX);
        if busy >= COALESCE_MIN {
            self.patience = busy;
            self.busy_until = now + busy;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Enough people that a round is worth waiting for.
    const PEOPLE: u64 = 200;

    /// What a round of theirs takes.
    fn busy() -> Duration {
        COALESCE_PER_FRAME * PEOPLE as u32
    }

    #[test]
    fn a_line_after_a_silence_does_not_wait_and_one_soon_after_a_round_does() {
        let start = whippet::time::Instant::now().into_std();
        let mut gather = Gather::new(start);
        gather.received(1, start);
        assert!(gather.is_over(start), "after a silence");
        gather.sent(PEOPLE, start);
        let soon = start + busy() / 2;
        gather.received(1, soon);
        assert!(!gather.is_over(soon));
        assert_eq!(gather.deadline(), Some(soon + busy()));
        assert!(gather.is_over(soon + busy()), "it waits no longer than that");
        assert_eq!(gather.deadline(), None);
        gather.received(1, start + busy());
        assert!(gather.is_over(start + busy()), "the round is over");
    }

    #[test]
    fn company_ends_the_wait() {
        let start = whippet::time::Instant::now().into_std();
        let mut gather = Gather::new(start);
        gather.sent(PEOPLE, start);
        gather.received(2, start);
        assert!(gather.is_over(start), "they came together");
        gather.received(1, start);
        assert!(!gather.is_over(start));
        gather.received(2, start);
        assert!(gather.is_over(start), "the second has come");
    }

    #[test]
    fn newcomers_wait_until_the_round_is_over_or_they_are_many() {
        let start = whippet::time::Instant::now().into_std();
        let mut gather = Gather::new(start);
        assert!(!gather.newcomers_wait(1, start), "after a silence");
        gather.sent(PEOPLE, start);
        assert!(!gather.newcomers_wait(0, start), "nobody does");
        assert_eq!(gather.deadline(), None);
        assert!(gather.newcomers_wait(1, start));
        assert_eq!(gather.deadline(), Some(start + busy()));
        // What goes out meanwhile does not make them wait longer.
        gather.sent(PEOPLE, start + busy() / 2);
        assert!(gather.newcomers_wait(2, start + busy() / 2));
        assert!(!gather.newcomers_wait(CONTROL_QUEUE, start + busy() / 2), "as many as are taken");
        assert!(gather.newcomers_wait(1, start + busy()), "the next ones");
        assert!(!gather.newcomers_wait(1, start + busy() * 3 / 2));
        assert_eq!(gather.deadline(), None);
        gather.sent(PEOPLE, start);
        assert!(gather.newcomers_wait(1, start));
        gather.let_in();
        assert_eq!(gather.deadline(), None, "they came in with a line");
    }

    #[test]
    fn a_small_room_never_waits_and_a_large_one_no_longer_than_the_bound() {
        let start = whippet::time::Instant::now().into_std();
        let mut gather = Gather::new(start);
        gather.sent(10, start);
        gather.received(1, start);
        assert!(gather.is_over(start));
        gather.sent(u64::MAX, start);
        gather.received(1, start);
        assert_eq!(gather.deadline(), Some(start + COALESCE_MAX));
    }
}
