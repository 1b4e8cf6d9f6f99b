//! Who is announced by name, and who is only counted.
//!
//! When n users join a room of n, announcing each to each costs n² lines. So the first [`MAX_ANNOUNCED`] joins in
//! any [`ANNOUNCE_WINDOW`] are announced one by one, and leaves likewise; the others are counted, and one line says
//! every [`SUMMARY_INTERVAL`] how many they were. Pure: the time is an argument, the lines are the caller's.
//!
//! Nobody may be heard, renamed or seen to leave before they are announced: the caller asks
//! [`is_pending`](JoinSummary::is_pending), and if so lets the counts out first, by [`take`](JoinSummary::take). Joins go out
//! before leaves, so that the user who came and left within one count came before they left.

use crate::limits::{ANNOUNCE_WINDOW, MAX_ANNOUNCED, SUMMARY_INTERVAL};
use std::collections::VecDeque;
use std::mem;
use std::num::NonZeroU32;
use std::time::Instant;

/// Which count of joins a user is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SummaryId(
    /// Counts begin at 1, so that an absent one takes no memory.
    NonZeroU32,
);

/// Users who were counted instead of announced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pending<T> {
    /// Nobody.
    #[default]
    None,
    /// One, who can as well be named.
    One(T),
    /// So many.
    Many(u64),
}

/// One kind of announcement; a single one is remembered as a `T`.
#[derive(Debug)]
struct Window<T> {
    /// When the latest were made one by one, the oldest first. At most [`MAX_ANNOUNCED`].
    announced: VecDeque<Instant>,
    /// Who was counted since the last count went out.
    pending: Pending<T>,
}

impl<T> Window<T> {
    /// None yet.
    const fn new() -> Self {
        Self { announced: VecDeque::new(), pending: Pending::None }
    }

    /// Whether a user is counted.
    fn has_pending(&self) -> bool {
        !matches!(self.pending, Pending::None)
    }

    /// Lets one be announced now, or counts them. Says whether it is now.
    fn admit(&mut self, who: T, now: Instant) -> bool {
        let has_room = self.announced.len() < MAX_ANNOUNCED
            || self
                .announced
                .front()
                .is_none_or(|&at| now.saturating_duration_since(at) >= ANNOUNCE_WINDOW);
        // Nobody overtakes those who are counted already.
        if has_room && !self.has_pending() {
            if self.announced.len() == MAX_ANNOUNCED {
                self.announced.pop_front();
            }
            self.announced.push_back(now);
            return true;
        }
        self.pending = match self.pending {
            Pending::None => Pending::One(who),
            Pending::One(_) => Pending::Many(2),
            Pending::Many(count) => Pending::Many(count + 1),
        };
        false
    }
}

/// The announcements of one room. `J` and `L` are what a single join and a single leave are announced with.
#[derive(Debug)]
pub(crate) struct JoinSummary<J, L> {
    /// Joins.
    joins: Window<J>,
    /// Leaves.
    leaves: Window<L>,
    /// The count of joins that is being made.
    current: NonZeroU32,
    /// When the counts go out, if there are any.
    due: Option<Instant>,
}

impl<J, L> Default for JoinSummary<J, L> {
    fn default() -> Self {
        Self { joins: Window::new(), leaves: Window::new(), current: NonZeroU32::MIN, due: None }
    }
}

impl<J, L> JoinSummary<J, L> {
    /// A user joins: `None` if they are to be announced now, or the count that they are in.
    pub(crate) fn join(&mut self, who: J, now: Instant) -> Option<SummaryId> {
        if self.joins.admit(who, now) {
            return None;
        }
        self.due.get_or_insert(now + SUMMARY_INTERVAL);
        Some(SummaryId(self.current))
    }

    /// A user leaves. Says whether they are to be announced now.
    pub(crate) fn leave(&mut self, who: L, now: Instant) -> bool {
        let is_announced = self.leaves.admit(who, now);
        if !is_announced {
            self.due.get_or_insert(now + SUMMARY_INTERVAL);
        }
        is_announced
    }

    /// Whether a user's join still waits in its count.
    #[inline]
    pub(crate) fn is_pending(&self, id: Option<SummaryId>) -> bool {
        id == Some(SummaryId(self.current))
    }

    /// When the counts are to go out.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Lets the counts out: the joins, which are to be announced first, and the leaves.
    pub(crate) fn take(&mut self) -> (Pending<J>, Pending<L>) {
        self.due = None;
        if self.joins.has_pending() {
            // After four thousand million counts the numbers of the oldest are used again.
            self.current = self.current.checked_add(1).unwrap_or(NonZeroU32::MIN);
        }
        (mem::take(&mut self.joins.pending), mem::take(&mut self.leaves.pending))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use whippet::time::Instant as Clock;

    fn start() -> Instant {
        Clock::now().into_std()
    }

    #[test]
    fn a_few_are_announced_and_the_rest_are_counted() {
        let (mut summary, now) = (JoinSummary::<u32, u32>::default(), start());
        for who in 0..200 {
            assert_eq!(summary.join(who, now), None);
        }
        assert_eq!(summary.due(), None);
        let count = summary.join(200, now);
        assert!(count.is_some() && summary.is_pending(count));
        assert_eq!(summary.due(), Some(now + SUMMARY_INTERVAL));
        assert!(summary.leave(0, now), "leaves have a measure of their own");
        summary.join(201, now + Duration::from_millis(100));
        assert_eq!(
            summary.due(),
            Some(now + SUMMARY_INTERVAL),
            "the first one counted sets the time"
        );
        assert_eq!(summary.take(), (Pending::Many(2), Pending::None));
        assert!(!summary.is_pending(count));
        assert_eq!(summary.due(), None);
    }

    #[test]
    fn a_single_counted_user_is_named() {
        let (mut summary, now) = (JoinSummary::<u32, u32>::default(), start());
        (0..200).for_each(|who| assert!(summary.leave(who, now)));
        assert!(!summary.leave(7, now));
        assert_eq!(summary.take(), (Pending::None, Pending::One(7)));
    }

    #[test]
    fn no_second_has_more_announcements_than_allowed() {
        let (mut summary, start) = (JoinSummary::<u32, u32>::default(), start());
        let mut announced = Vec::new();
        let mut random = 1_u64;
        let mut at = Duration::ZERO;
        for who in 0..20_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            at += Duration::from_micros(random >> 51);
            let now = start + at;
            if summary.due().is_some_and(|due| due <= now) {
                summary.take();
            }
            if summary.join(who, now).is_none() {
                announced.push(at);
            }
        }
        assert!(announced.len() > 1_000, "{}", announced.len());
        for pair in announced.windows(MAX_ANNOUNCED + 1) {
            assert!(pair[MAX_ANNOUNCED] - pair[0] >= ANNOUNCE_WINDOW);
        }
    }
}
