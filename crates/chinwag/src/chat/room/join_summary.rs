//! Who is announced by name, and who is only counted.
//!
//! When n people join a room of n, announcing each to each costs n² lines. So the first [`MAX_ANNOUNCED`] joins in
//! any [`ANNOUNCE_WINDOW`] are announced one by one, and leaves likewise; the others are counted, and one line says
//! every [`SUMMARY_INTERVAL`] how many they were. Pure: the time is an argument, the lines are the caller's.
//!
//! Nobody may be heard, renamed or seen to leave before he is announced: the caller asks
//! [`is_counted`](Crowd::is_counted), and if so lets the counts out first, by [`take`](Crowd::take). Joins go out
//! before leaves, so that whoever came and left within one count came before he left.

use crate::limits::{ANNOUNCE_WINDOW, MAX_ANNOUNCED, SUMMARY_INTERVAL};
use std::collections::VecDeque;
use std::mem;
use std::num::NonZeroU32;
use std::time::Instant;

/// Which count of joins somebody is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count(
    /// Counts begin at 1, so that an absent one takes no memory.
    NonZeroU32,
);

/// People who were counted instead of announced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Counted<T> {
    /// Nobody.
    #[default]
    Nobody,
    /// One, who can as well be named.
    One(T),
    /// So many.
    Many(u64),
}

/// One kind of announcement; a single one is remembered as a `T`.
#[derive(Debug)]
struct Stream<T> {
    /// When the latest were made one by one, the oldest first. At most [`MAX_ANNOUNCED`].
    singles: VecDeque<Instant>,
    /// Who was counted since the last count went out.
    counted: Counted<T>,
}

impl<T> Stream<T> {
    /// None yet.
    const fn new() -> Self {
        Self { singles: VecDeque::new(), counted: Counted::Nobody }
    }

    /// Whether somebody is counted.
    fn is_counting(&self) -> bool {
        !matches!(self.counted, Counted::Nobody)
    }

    /// Lets one be announced now, or counts him. Says whether it is now.
    fn admit(&mut self, who: T, now: Instant) -> bool {
        let room = self.singles.len() < MAX_ANNOUNCED
            || self
                .singles
                .front()
                .is_none_or(|&at| now.saturating_duration_since(at) >= ANNOUNCE_WINDOW);
        // Nobody overtakes those who are counted already.
        if room && !self.is_counting() {
            if self.singles.len() == MAX_ANNOUNCED {
                self.singles.pop_front();
            }
            self.singles.push_back(now);
            return true;
        }
        self.counted = match self.counted {
            Counted::Nobody => Counted::One(who),
            Counted::One(_) => Counted::Many(2),
            Counted::Many(count) => Counted::Many(count + 1),
        };
        false
    }
}

/// The announcements of one room. `J` and `L` are what a single join and a single leave are announced with.
#[derive(Debug)]
pub(crate) struct Crowd<J, L> {
    /// Joins.
    joins: Stream<J>,
    /// Leaves.
    leaves: Stream<L>,
    /// The count of joins that is being made.
    current: NonZeroU32,
    /// When the counts go out, if there are any.
    due: Option<Instant>,
}

impl<J, L> Default for Crowd<J, L> {
    fn default() -> Self {
        Self { joins: Stream::new(), leaves: Stream::new(), current: NonZeroU32::MIN, due: None }
    }
}

impl<J, L> Crowd<J, L> {
    /// Somebody joins: `None` if he is to be announced now, or the count that he is in.
    pub(crate) fn join(&mut self, who: J, now: Instant) -> Option<Count> {
        if self.joins.admit(who, now) {
            return None;
        }
        self.due.get_or_insert(now + SUMMARY_INTERVAL);
        Some(Count(self.current))
    }

    /// Somebody leaves. Says whether he is to be announced now.
    pub(crate) fn leave(&mut self, who: L, now: Instant) -> bool {
        let single = self.leaves.admit(who, now);
        if !single {
            self.due.get_or_insert(now + SUMMARY_INTERVAL);
        }
        single
    }

    /// Whether somebody's join still waits in its count.
    #[inline]
    pub(crate) fn is_counted(&self, count: Option<Count>) -> bool {
        count == Some(Count(self.current))
    }

    /// When the counts are to go out.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Lets the counts out: the joins, which are to be announced first, and the leaves.
    pub(crate) fn take(&mut self) -> (Counted<J>, Counted<L>) {
        self.due = None;
        if self.joins.is_counting() {
            // After four thousand million counts the numbers of the oldest are used again.
            self.current = self.current.checked_add(1).unwrap_or(NonZeroU32::MIN);
        }
        (mem::take(&mut self.joins.counted), mem::take(&mut self.leaves.counted))
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
    fn a_few_are_announced_and_a_crowd_is_counted() {
        let (mut crowd, now) = (Crowd::<u32, u32>::default(), start());
        for who in 0..200 {
            assert_eq!(crowd.join(who, now), None);
        }
        assert_eq!(crowd.due(), None);
        let count = crowd.join(200, now);
        assert!(count.is_some() && crowd.is_counted(count));
        assert_eq!(crowd.due(), Some(now + SUMMARY_INTERVAL));
        assert!(crowd.leave(0, now), "leaves have a measure of their own");
        crowd.join(201, now + Duration::from_millis(100));
        assert_eq!(
            crowd.due(),
            Some(now + SUMMARY_INTERVAL),
            "the first one counted sets the time"
        );
        assert_eq!(crowd.take(), (Counted::Many(2), Counted::Nobody));
        assert!(!crowd.is_counted(count));
        assert_eq!(crowd.due(), None);
    }

    #[test]
    fn one_who_was_counted_alone_can_be_named() {
        let (mut crowd, now) = (Crowd::<u32, u32>::default(), start());
        (0..200).for_each(|who| assert!(crowd.leave(who, now)));
        assert!(!crowd.leave(7, now));
        assert_eq!(crowd.take(), (Counted::Nobody, Counted::One(7)));
    }

    #[test]
    fn no_window_of_a_second_has_more_than_its_share_of_single_ones() {
        let (mut crowd, start) = (Crowd::<u32, u32>::default(), start());
        let mut singles = Vec::new();
        let mut random = 1_u64;
        let mut at = Duration::ZERO;
        for who in 0..20_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            at += Duration::from_micros(random >> 51);
            let now = start + at;
            if crowd.due().is_some_and(|due| due <= now) {
                crowd.take();
            }
            if crowd.join(who, now).is_none() {
                singles.push(at);
            }
        }
        assert!(singles.len() > 1_000, "{}", singles.len());
        for pair in singles.windows(MAX_ANNOUNCED + 1) {
            assert!(pair[MAX_ANNOUNCED] - pair[0] >= ANNOUNCE_WINDOW);
        }
    }
}
