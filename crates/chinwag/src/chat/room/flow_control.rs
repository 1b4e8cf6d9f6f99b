//! Flow control of a room: when the broker takes further lines, and who has stopped counting for that.
//!
//! Pure: what users were sent and have taken goes in, with the time; a [`Decision`] comes out.
//!
//! - A receiver is *active* as long as they keep up: within each [`PROGRESS_WINDOW`] they take [`MIN_PROGRESS_BYTES`] bytes, or
//!   all that was due to them at its start. Others do not count; they run into their bounds and are disconnected.
//! - No events are taken while more than half of the active receivers are over the soft limit, or an active one is
//!   past half of the hard limit. The first keeps the room at the rate of its majority, the second keeps everybody
//!   in who reads at all.
//! - Who has something pending and has taken nothing at all for [`STALLED_AFTER`] is *still*, and does not count either, as long
//!   as others move: a quarter of the active at least, and no fewer than [`MIN_PROGRESSING`]. If hardly anyone moves, the
//!   machine or the net stands still, or the room is small, and nobody is blamed before the window is over.
//! - Who alone has been speaking is no receiver of what they say, and does not count.
//! - What a user has pending beside the room's own lines (answers, private lines, those of other rooms) does not make them
//!   behind in it: it is not the room's to wait for. Over the hard limit, or if they take nothing, it ends them all the same.
//!
//! Looking at everybody costs little, but not nothing. So the broker looks once in a `SCAN_INTERVAL` while a user is
//! waited for, in a `PAUSED_SCAN_INTERVAL` while the room waits, and in between only when the [`LagCounts`] of a batch says that
//! the decision may have changed.

use crate::chat::event::ClientId;
use crate::limits::{
    MIN_PROGRESS_BYTES, MIN_PROGRESSING, MIN_PROGRESSING_SHARE, PROGRESS_WINDOW, STALLED_AFTER,
};
use crate::outbound::backpressure::QueueLimits;
use std::time::Instant;

/// What the rule remembers of one user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReaderProgress {
    /// What they had taken at the last look.
    written: u64,
    /// What they must have taken for the next stride.
    next_target: u64,
    /// When they were last seen to have taken anything, or to have nothing pending.
    last_progress: Instant,
    /// When they were last seen to have made a stride.
    last_stride: Instant,
    /// Whether they counted at the last look.
    active: bool,
}

impl ReaderProgress {
    /// A new client, who has nothing pending.
    pub(crate) fn new(now: Instant) -> Self {
        Self { written: 0, next_target: 0, last_progress: now, last_stride: now, active: true }
    }

    /// Takes notice of what they were sent and have taken by now.
    fn observe(&mut self, counters: QueueCounters, now: Instant) {
        if counters.written >= self.next_target {
            self.last_stride = now;
            self.last_progress = now;
            self.next_target = counters.queued.min(counters.written + MIN_PROGRESS_BYTES);
        } else if counters.written > self.written {
            self.last_progress = now;
        }
        self.written = counters.written;
        self.active = now.saturating_duration_since(self.last_stride) < PROGRESS_WINDOW;
    }
}

/// All that one user was ever sent, and what of it they have taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QueueCounters {
    /// What they were sent.
    pub queued: u64,
    /// What of it they have taken.
    pub written: u64,
}

impl QueueCounters {
    /// What they have pending.
    #[inline]
    pub(crate) fn pending(self) -> u64 {
        self.queued.saturating_sub(self.written)
    }
}

/// What a user has pending, as a room's flow control sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RoomLag {
    /// Of the room's own lines.
    pub pending: u64,
    /// Whether it is so much that the room waits even for a single one: more than its share of half the hard limit
    /// (`chat/pending_by_room.rs`), of a user who has more pending than that half in all.
    pub is_far_behind: bool,
}

impl RoomLag {
    /// All that a user has pending, as if it were of one room.
    pub(crate) fn of_total(pending: u64, limits: &QueueLimits) -> Self {
        Self { pending, is_far_behind: pending > limits.pause_threshold() }
    }
}

/// Whether the broker takes further lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It does.
    Open,
    /// It waits until users have caught up.
    Paused {
        /// How many must come back below a bound before it can change its mind.
        drains: u64,
    },
}

/// How many of the active users a batch has left behind: counted where lines are handed out anyway.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LagCounts {
    /// Over the soft limit.
    lagging: usize,
    /// Far behind ([`Debt::is_far`]).
    far_behind: usize,
}

/// How many of some users are behind.
#[derive(Clone, Copy, Debug, Default)]
struct ReaderCounts {
    /// All of them.
    readers: usize,
    /// Those over the soft limit.
    lagging: usize,
    /// Those who are far behind ([`Debt::is_far`]).
    far_behind: usize,
}

impl ReaderCounts {
    /// Counts one who has so much pending.
    fn add(&mut self, lag: RoomLag, limits: &QueueLimits) {
        self.readers += 1;
        self.lagging += usize::from(lag.pending > limits.soft);
        self.far_behind += usize::from(lag.is_far_behind);
    }
}

impl LagCounts {
    /// A user has so much pending of the room's lines now.
    #[inline]
    pub(crate) fn add(&mut self, lag: RoomLag, progress: &ReaderProgress, limits: &QueueLimits) {
        if progress.active {
            self.lagging += usize::from(lag.pending > limits.soft);
            self.far_behind += usize::from(lag.is_far_behind);
        }
    }
}

/// One look at everybody. Made by [`FlowControl::scan`].
#[derive(Debug)]
pub(crate) struct Scan {
    /// When.
    now: Instant,
    /// Who alone has been speaking, if it is one.
    speaker: Option<ClientId>,
    /// The bounds.
    limits: QueueLimits,
    /// Active receivers that move.
    progressing: ReaderCounts,
    /// Active receivers that are still.
    stalled: ReaderCounts,
    /// Users who have something pending.
    with_pending: usize,
}

impl Scan {
    /// Looks at one user, who has so many bytes of the room's own lines pending. Says whether they have taken nothing for too
    /// long.
    pub(crate) fn observe(
        &mut self,
        id: ClientId,
        progress: &mut ReaderProgress,
        counters: QueueCounters,
        lag: RoomLag,
    ) -> bool {
        progress.observe(counters, self.now);
        let pending = counters.pending();
        let at_rest = self.now.saturating_duration_since(progress.last_progress);
        self.with_pending += usize::from(pending > 0);
        if progress.active && self.speaker != Some(id) {
            let is_stalled = pending > 0 && at_rest >= STALLED_AFTER;
            let count = if is_stalled { &mut self.stalled } else { &mut self.progressing };
            count.add(lag, &self.limits);
        }
        pending > 0 && at_rest >= self.limits.stall_timeout
    }

    /// Those who count: all of the active, or those who move if they are not too few.
    fn relevant(&self) -> ReaderCounts {
        let Self { progressing, stalled, .. } = *self;
        let share =
            progressing.readers * MIN_PROGRESSING_SHARE >= progressing.readers + stalled.readers;
        if share && progressing.readers >= MIN_PROGRESSING {
            return progressing;
        }
        ReaderCounts {
            readers: progressing.readers + stalled.readers,
            lagging: progressing.lagging + stalled.lagging,
            far_behind: progressing.far_behind + stalled.far_behind,
        }
    }

    /// Whether anyone has anything pending, so that it is worth looking again later.
    pub(crate) fn is_anything_pending(&self) -> bool {
        self.with_pending > 0
    }
}

/// The rule, and what it remembers of the room.
#[derive(Debug)]
pub(crate) struct FlowControl {
    /// The bounds.
    limits: QueueLimits,
    /// Active receivers at the last look.
    active: usize,
    /// Who spoke last, and when.
    speaker: Option<(ClientId, Instant)>,
    /// When another user last spoke.
    last_other_speaker: Option<Instant>,
}

impl FlowControl {
    /// A quiet room.
    pub(crate) fn new(limits: QueueLimits) -> Self {
        Self { limits, active: 0, speaker: None, last_other_speaker: None }
    }

    /// A user said something.
    pub(crate) fn on_message(&mut self, id: ClientId, now: Instant) {
        if let Some((last, at)) = self.speaker.replace((id, now))
            && last != id
        {
            self.last_other_speaker = Some(at);
        }
    }

    /// Starts a look at everybody.
    pub(crate) fn start_scan(&self, now: Instant) -> Scan {
        let last_other_speaker = self
            .last_other_speaker
            .is_some_and(|at| now.saturating_duration_since(at) < PROGRESS_WINDOW);
        let speaker = if last_other_speaker { None } else { self.speaker.map(|(id, _)| id) };
        let limits = self.limits;
        let none = ReaderCounts::default();
        Scan { now, speaker, limits, progressing: none, stalled: none, with_pending: 0 }
    }

    /// What follows from a look at everybody.
    pub(crate) fn decide(&mut self, scan: &Scan) -> Decision {
        let ReaderCounts { readers, lagging, far_behind } = scan.relevant();
        self.active = readers;
        let majority = readers / 2;
        if far_behind > 0 {
            Decision::Paused { drains: 1 }
        } else if lagging > majority {
            Decision::Paused { drains: (lagging - majority) as u64 }
        } else {
            Decision::Open
        }
    }

    /// Whether a batch may have changed an open decision, so that everybody is to be looked at.
    pub(crate) fn may_need_pause(&self, lag_counts: LagCounts) -> bool {
        // One less, for by now a user may speak alone who did not at the last look.
        lag_counts.far_behind > 0 || lag_counts.lagging > self.active.saturating_sub(1) / 2
    }
}

#[cfg(test)]
mod tests;
