//! Events of one user that wait, the oldest first, and what the first of them waits for.
//!
//! A user has one as long as any event of theirs waits, and what they send later goes to its end: their order is kept,
//! whatever the first waits for. The broker moves it (`chat/broker/deferred.rs`); nothing is decided here.

use crate::chat::event::{ClientId, Event};
use crate::chat::room::RoomId;
use crate::limits::{PRIVATE_DEFER_COOLDOWN, PRIVATE_DEFER_TIMEOUT};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What the first of a user's events waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum WaitsFor {
    /// Nothing: its author is in no line, for one of their events is being handled.
    #[default]
    Nothing,
    /// Its turn: nothing hinders it any more.
    Turn,
    /// The room that its author speaks in.
    Room(RoomId),
    /// A user who is to get a private line, and is behind.
    Reader {
        /// Who.
        to: ClientId,
        /// Since when it waits.
        since: Instant,
        /// When it is refused.
        until: Instant,
    },
}

/// Events of one user that wait (see the module docs).
#[derive(Debug, Default)]
pub(crate) struct Deferred {
    /// The oldest first.
    pub events: VecDeque<Event>,
    /// What the first of them waits for.
    pub waits_for: WaitsFor,
}

/// How long a user's private lines may still wait for users who are behind: [`PRIVATE_DEFER_TIMEOUT`] in all, and again as long
/// after [`PRIVATE_DEFER_COOLDOWN`] without a wait. So a burst of lines to any number of slow users holds its author up for no
/// longer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WaitBudget {
    /// For how long they have waited.
    waited: Duration,
    /// When the last wait was over.
    last: Option<Instant>,
}

impl WaitBudget {
    /// How long they may wait from now on.
    pub(crate) fn remaining(&self, now: Instant) -> Duration {
        let rested = |last| now.saturating_duration_since(last) >= PRIVATE_DEFER_COOLDOWN;
        if self.last.is_none_or(rested) {
            return PRIVATE_DEFER_TIMEOUT;
        }
        PRIVATE_DEFER_TIMEOUT.saturating_sub(self.waited)
    }

    /// A wait is over that began then.
    pub(crate) fn spend(&mut self, since: Instant, now: Instant) {
        self.waited = PRIVATE_DEFER_TIMEOUT.saturating_sub(self.remaining(since)) + (now - since);
        self.last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_of_a_second_in_all_and_again_after_a_rest() {
        let start = whippet::time::Instant::now().into_std();
        let after = |millis| start + Duration::from_millis(millis);
        let mut wait_budget = WaitBudget::default();
        assert_eq!(wait_budget.remaining(start), PRIVATE_DEFER_TIMEOUT);
        wait_budget.spend(start, after(300));
        wait_budget.spend(after(500), after(700));
        assert_eq!(wait_budget.remaining(after(700)), Duration::from_millis(500));
        wait_budget.spend(after(800), after(1300));
        assert_eq!(wait_budget.remaining(after(1300)), Duration::ZERO);
        let rested = after(1300) + PRIVATE_DEFER_COOLDOWN;
        assert_eq!(wait_budget.remaining(rested - Duration::from_millis(1)), Duration::ZERO);
        assert_eq!(wait_budget.remaining(rested), PRIVATE_DEFER_TIMEOUT);
        wait_budget.spend(rested, rested + Duration::from_millis(100));
        assert_eq!(
            wait_budget.remaining(rested + PRIVATE_DEFER_TIMEOUT),
            Duration::from_millis(900)
        );
    }
}
