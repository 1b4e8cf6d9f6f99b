//! The end of the server, in two phases: first every client hands over what it has read and stops reading, then
//! everybody is told and sent home.
//!
//! ```text
//!   Shutdown ─► waiting ─── all are drained ───────────► goodbye ─► finished
//!                  └── the grace is nearly over ─► forced ──┘
//! ```
//!
//! Forced, the broker takes what is left in its queue without regard to the pace, and those who cannot keep up are
//! cut; nothing that was handed over is lost on anybody else.

use super::Broker;
use super::deferred::Waiting;
use crate::chat::event::{Arrival, ClientId};
use crate::chat::room::Rooms;
use crate::limits::GOODBYE_RESERVE;
use crate::outbound::frame::Frame;
use crate::protocol::encode::Heading;
use crate::protocol::message::Line;
use crate::protocol::view::View;
use std::time::Instant;

/// Where the end has got to.
#[derive(Debug)]
pub(super) struct Stop {
    /// When waiting is over.
    force_at: Instant,
    /// People whose lines have not all come yet.
    undrained: usize,
    /// How far it is.
    phase: Phase,
}

/// The phases, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Some have not handed over all that was read.
    Waiting,
    /// The grace is nearly over: what is here is all that is taken.
    Forced,
    /// Everybody was told and sent home.
    Finished,
}

impl Stop {
    /// Whether events are taken whatever the pace.
    pub(super) fn is_forced(&self) -> bool {
        self.phase == Phase::Forced
    }

    /// When the next phase begins by itself.
    pub(super) fn deadline(&self) -> Option<Instant> {
        (self.phase == Phase::Waiting).then_some(self.force_at)
    }

    /// Somebody is not here any more, and not waited for.
    pub(super) fn forget(&mut self, drained: bool) {
        self.undrained -= usize::from(!drained);
    }

    /// Goes on if it is time.
    pub(super) fn tick(&mut self, now: Instant) {
        if self.phase == Phase::Waiting && now >= self.force_at {
            self.phase = Phase::Forced;
        }
    }
}

impl Broker {
    /// Whether everybody was sent home, and nothing is left to do.
    pub(crate) fn is_finished(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop.phase == Phase::Finished)
    }

    /// Whether the time is over: take what is in the queue, and then [`say_goodbye`](Self::say_goodbye).
    pub(crate) fn is_forced(&self) -> bool {
        self.stop.as_ref().is_some_and(Stop::is_forced)
    }

    /// The server is to be gone by `deadline`.
    pub(super) fn begin_stop(&mut self, deadline: Instant) {
        if self.stop.is_some() {
            return;
        }
        // Those who were counted are announced before they may be heard for the last time.
        let rooms: Vec<_> = self.crowds.iter().map(|&(_, room)| room).collect();
        for room in rooms {
            if self.end_round_before_announcement(room) {
                self.announce_counted(room);
            }
        }
        let force_at = deadline.checked_sub(GOODBYE_RESERVE).unwrap_or(self.now);
        let undrained = self.roster.len();
        self.stop = Some(Stop { force_at, undrained, phase: Phase::Waiting });
        self.end_if_drained();
    }

    /// All that was read from somebody has come.
    pub(super) fn handle_drained(&mut self, id: ClientId) {
        let Some(stop) = &mut self.stop else { return };
        let Some(slot) = self.roster.slot(id) else { return };
        let member = self.roster.member_mut(slot);
        if !std::mem::replace(&mut member.drained, true) {
            stop.undrained -= 1;
        }
        self.end_if_drained();
    }

    /// Ends it as soon as all lines have come.
    pub(super) fn end_if_drained(&mut self) {
        let waiting = |stop: &Stop| stop.phase != Phase::Finished && stop.undrained == 0;
        if self.stop.as_ref().is_some_and(waiting) {
            self.say_goodbye(self.now);
        }
    }

    /// Tells everybody that the server goes, and lets go of them.
    pub(crate) fn say_goodbye(&mut self, now: Instant) {
        let Some(stop) = &mut self.stop else { return };
        stop.phase = Phase::Finished;
        self.flush(now);
        let at = self.clock.time_of_day(now);
        let mut words: [Option<Frame>; View::COUNT] = Default::default();
        for member in self.roster.members_mut() {
            let words = words[member.view.index()].get_or_insert_with(|| {
                let mut bytes = Vec::new();
                let time = member.view.is_timed().then_some(at);
                let heading = Heading { time, room: None };
                member.view.door().encode_under(heading, &Line::ShuttingDown, &mut bytes);
                Frame::new(&bytes, &self.gauge)
            });
            // Whoever is gone need not be told; whoever is too far behind for it would not read it.
            if member.outlet.push(words.clone()).is_ok() {
                self.metrics.frames += 1;
            }
        }
        for member in self.roster.by_name() {
            self.connections.left_for(member.nick, member.address, "the server stops");
        }
        self.roster.clear();
        self.rooms = Rooms::new(*self.intake.bounds());
        self.crowds.clear();
        self.paused.clear();
        self.waiting = Waiting::default();
    }

    /// Somebody came who cannot stay: he is told why, and that is all.
    pub(super) fn turn_away(&mut self, mut arrival: Arrival, words: &Line<'_>) {
        let mut bytes = Vec::new();
        arrival.door.encode(words, &mut bytes);
        // Whoever is gone already need not be told.
        let _ = arrival.outlet.push(Frame::new(&bytes, &self.gauge));
    }
}
