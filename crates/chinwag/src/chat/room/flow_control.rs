//! The pace of the room: when the broker takes further lines, and who has stopped counting for that.
//!
//! Pure: what people were sent and have taken goes in, with the time; a [`Verdict`] comes out.
//!
//! - A receiver is *active* as long as he keeps up: within each [`PROGRESS_WINDOW`] he takes [`MIN_PROGRESS_BYTES`] bytes, or
//!   all that was due to him at its start. Others do not count; they run into their bounds and are cut.
//! - The intake pauses while more than half of the active receivers are past the soft bound, or an active one is
//!   past half of the hard bound. The first keeps the room at the pace of its majority, the second keeps everybody
//!   in who reads at all.
//! - Who is owed something and has taken nothing at all for [`STALLED_AFTER`] is *still*, and does not count either, as long
//!   as others move: a quarter of the active at least, and no fewer than [`MIN_PROGRESSING`]. If hardly anybody moves, the
//!   machine or the net stands still, or the room is small, and nobody is blamed before the window is over.
//! - Who alone has been speaking is no receiver of what he says, and does not count.
//! - What somebody is owed beside the room's own lines (answers, private lines, those of other rooms) does not make them
//!   behind in it: it is not the room's to wait for. Past the hard bound, or if they take nothing, it ends them all the same.
//!
//! Looking at everybody costs little, but not nothing. So the broker looks once in a `SCAN_INTERVAL` while somebody is
//! owed something, in a `PAUSED_SCAN_INTERVAL` while the room waits, and in between only when the [`Strain`] of a round says that
//! the verdict may have changed.

use crate::chat::event::ClientId;
use crate::limits::{
    MIN_PROGRESS_BYTES, MIN_PROGRESSING, MIN_PROGRESSING_SHARE, PROGRESS_WINDOW, STALLED_AFTER,
};
use crate::outbound::backpressure::Bounds;
use std::time::Instant;

/// What the rule remembers of one person.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// What he had taken at the last look.
    taken: u64,
    /// What he must have taken for the next stride.
    milestone: u64,
    /// When he was last seen to have taken anything, or to be owed nothing.
    moved: Instant,
    /// When he was last seen to have made a stride.
    strode: Instant,
    /// Whether he counted at the last look.
    active: bool,
}

impl Standing {
    /// A newcomer, who is owed nothing.
    pub(crate) fn new(now: Instant) -> Self {
        Self { taken: 0, milestone: 0, moved: now, strode: now, active: true }
    }

    /// Takes notice of what he was sent and has taken by now.
    fn observe(&mut self, balance: Balance, now: Instant) {
        if balance.taken >= self.milestone {
            self.strode = now;
            self.moved = now;
            self.milestone = balance.pushed.min(balance.taken + MIN_PROGRESS_BYTES);
        } else if balance.taken > self.taken {
            self.moved = now;
        }
        self.taken = balance.taken;
        self.active = now.saturating_duration_since(self.strode) < PROGRESS_WINDOW;
    }
}

/// All that one person was ever sent, and what of it he has taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Balance {
    /// What he was sent.
    pub pushed: u64,
    /// What of it he has taken.
    pub taken: u64,
}

impl Balance {
    /// What he is owed.
    #[inline]
    pub(crate) fn owed(self) -> u64 {
        self.pushed.saturating_sub(self.taken)
    }
}

/// What somebody is owed, as a room's pace sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Debt {
    /// Of the room's own lines.
    pub owed: u64,
    /// Whether it is so much that the room waits even for a single one: more than its share of half the hard bound
    /// (`chat/debts.rs`), of somebody who is owed more than that half in all.
    pub is_far: bool,
}

impl Debt {
    /// All that somebody is owed, as if it were of one room.
    pub(crate) fn whole(owed: u64, bounds: &Bounds) -> Self {
        Self { owed, is_far: owed > bounds.half() }
    }
}

/// Whether the broker takes further lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It does.
    Open,
    /// It waits until people have caught up.
    Paused {
        /// How many must come back below a bound before it can change its mind.
        drains: u64,
    },
}

/// How many of the active people a round has left behind: counted where lines are handed out anyway.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Strain {
    /// Past the soft bound.
    behind: usize,
    /// Far behind ([`Debt::is_far`]).
    far_behind: usize,
}

/// How many of some people are behind.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    /// All of them.
    people: usize,
    /// Those past the soft bound.
    behind: usize,
    /// Those who are far behind ([`Debt::is_far`]).
    far_behind: usize,
}

impl Count {
    /// Counts one who is owed so much.
    fn add(&mut self, debt: Debt, bounds: &Bounds) {
        self.people += 1;
        self.behind += usize::from(debt.owed > bounds.soft);
        self.far_behind += usize::from(debt.is_far);
    }
}

impl Strain {
    /// Somebody is owed so much of the room's lines now.
    #[inline]
    pub(crate) fn add(&mut self, debt: Debt, standing: &Standing, bounds: &Bounds) {
        if standing.active {
            self.behind += usize::from(debt.owed > bounds.soft);
            self.far_behind += usize::from(debt.is_far);
        }
    }
}

/// One look at everybody. Made by [`Pace::tally`].
#[derive(Debug)]
pub(crate) struct Tally {
    /// When.
    now: Instant,
    /// Who alone has been speaking, if it is one.
    speaker: Option<ClientId>,
    /// The bounds.
    bounds: Bounds,
    /// Active receivers that move.
    moving: Count,
    /// Active receivers that are still.
    still: Count,
    /// People who are owed something.
    owing: usize,
}

impl Tally {
    /// Looks at one person, who is owed so much of the room's own lines. Says whether he has taken nothing for too long.
    pub(crate) fn add(
        &mut self,
        id: ClientId,
        standing: &mut Standing,
        balance: Balance,
        debt: Debt,
    ) -> bool {
        standing.observe(balance, self.now);
        let owed = balance.owed();
        let at_rest = self.now.saturating_duration_since(standing.moved);
        self.owing += usize::from(owed > 0);
        if standing.active && self.speaker != Some(id) {
            let is_still = owed > 0 && at_rest >= STALLED_AFTER;
            let count = if is_still { &mut self.still } else { &mut self.moving };
            count.add(debt, &self.bounds);
        }
        owed > 0 && at_rest >= self.bounds.take_within
    }

    /// Those who count: all of the active, or those who move if they are not too few.
    fn counted(&self) -> Count {
        let Self { moving, still, .. } = *self;
        let share = moving.people * MIN_PROGRESSING_SHARE >= moving.people + still.people;
        if share && moving.people >= MIN_PROGRESSING {
            return moving;
        }
        Count {
            people: moving.people + still.people,
            behind: moving.behind + still.behind,
            far_behind: moving.far_behind + still.far_behind,
        }
    }

    /// Whether anybody is owed anything, so that it is worth looking again later.
    pub(crate) fn is_anybody_owed(&self) -> bool {
        self.owing > 0
    }
}

/// The rule, and what it remembers of the room.
#[derive(Debug)]
pub(crate) struct Pace {
    /// The bounds.
    bounds: Bounds,
    /// Active receivers at the last look.
    active: usize,
    /// Who spoke last, and when.
    speaker: Option<(ClientId, Instant)>,
    /// When somebody else last spoke.
    others: Option<Instant>,
}

impl Pace {
    /// A quiet room.
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { bounds, active: 0, speaker: None, others: None }
    }

    /// Somebody said something.
    pub(crate) fn heard(&mut self, id: ClientId, now: Instant) {
        if let Some((last, at)) = self.speaker.replace((id, now))
            && last != id
        {
            self.others = Some(at);
        }
    }

    /// Starts a look at everybody.
    pub(crate) fn tally(&self, now: Instant) -> Tally {
        let others =
            self.others.is_some_and(|at| now.saturating_duration_since(at) < PROGRESS_WINDOW);
        let speaker = if others { None } else { self.speaker.map(|(id, _)| id) };
        let bounds = self.bounds;
        let none = Count::default();
        Tally { now, speaker, bounds, moving: none, still: none, owing: 0 }
    }

    /// What follows from a look at everybody.
    pub(crate) fn conclude(&mut self, tally: &Tally) -> Verdict {
        let Count { people, behind, far_behind } = tally.counted();
        self.active = people;
        let majority = people / 2;
        if far_behind > 0 {
            Verdict::Paused { drains: 1 }
        } else if behind > majority {
            Verdict::Paused { drains: (behind - majority) as u64 }
        } else {
            Verdict::Open
        }
    }

    /// Whether a round may have changed an open verdict, so that everybody is to be looked at.
    pub(crate) fn suspects(&self, strain: Strain) -> bool {
        // One less, for by now somebody may speak alone who did not at the last look.
        strain.far_behind > 0 || strain.behind > self.active.saturating_sub(1) / 2
    }
}

#[cfg(test)]
mod tests;
