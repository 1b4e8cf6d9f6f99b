//! The end of the server, in two phases: first every client hands over what it has read and stops reading, then
//! everybody is told and sent home.
//!
//! ```text
//!   Shutdown ─► draining ─── all are drained ──────────► goodbye ─► finished
//!                  └── the timeout is near ──────► forced ──┘
//! ```
//!
//! Forced, the broker takes what is left in its queue without regard to flow control, and those who cannot keep up are
//! disconnected; nothing that was handed over is lost on anyone else.

use super::Broker;
use super::deferred::DeferredQueues;
use crate::chat::event::{ClientId, NewClient};
use crate::chat::room::Rooms;
use crate::limits::GOODBYE_RESERVE;
use crate::outbound::frame::Frame;
use crate::protocol::encode::Prefix;
use crate::protocol::message::Message;
use crate::protocol::view::View;
use std::time::Instant;

/// Where the end has got to.
#[derive(Debug)]
pub(super) struct Shutdown {
    /// When waiting is over.
    force_at: Instant,
    /// Users whose lines have not all come yet.
    undrained: usize,
    /// How far it is.
    phase: Phase,
}

/// The phases, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Some have not handed over all that was read.
    Draining,
    /// The shutdown timeout is nearly over: what is here is all that is taken.
    Forced,
    /// Everybody was told and sent home.
    Finished,
}

impl Shutdown {
    /// Whether events are taken whatever flow control says.
    pub(super) fn is_forced(&self) -> bool {
        self.phase == Phase::Forced
    }

    /// When the next phase begins by itself.
    pub(super) fn deadline(&self) -> Option<Instant> {
        (self.phase == Phase::Draining).then_some(self.force_at)
    }

    /// A user is not here any more, and not waited for.
    pub(super) fn client_left(&mut self, drained: bool) {
        self.undrained -= usize::from(!drained);
    }

    /// Goes on if it is time.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if self.phase == Phase::Draining && now >= self.force_at {
            self.phase = Phase::Forced;
        }
    }
}

impl Broker {
    /// Whether everybody was sent home, and nothing is left to do.
    pub(crate) fn is_finished(&self) -> bool {
        self.shutdown.as_ref().is_some_and(|shutdown| shutdown.phase == Phase::Finished)
    }

    /// Whether the time is over: take what is in the queue, and then [`finish_shutdown`](Self::finish_shutdown).
    pub(crate) fn is_forced(&self) -> bool {
        self.shutdown.as_ref().is_some_and(Shutdown::is_forced)
    }

    /// The server is to be gone by `deadline`.
    pub(super) fn begin_shutdown(&mut self, deadline: Instant) {
        if self.shutdown.is_some() {
            return;
        }
        // Those who were counted are announced before they may be heard for the last time.
        let rooms: Vec<_> = self.join_summaries_due.iter().map(|&(_, room)| room).collect();
        for room in rooms {
            if self.flush_before_announcement(room) {
                self.flush_join_summary(room);
            }
        }
        let force_at = deadline.checked_sub(GOODBYE_RESERVE).unwrap_or(self.now);
        let undrained = self.users.len();
        self.shutdown = Some(Shutdown { force_at, undrained, phase: Phase::Draining });
        self.finish_if_drained();
    }

    /// All that was read from a user has come.
    pub(super) fn handle_drained(&mut self, id: ClientId) {
        let Some(shutdown) = &mut self.shutdown else { return };
        let Some(slot) = self.users.slot_of(id) else { return };
        let user = self.users.user_mut(slot);
        if !std::mem::replace(&mut user.drained, true) {
            shutdown.undrained -= 1;
        }
        self.finish_if_drained();
    }

    /// Ends it as soon as all lines have come.
    pub(super) fn finish_if_drained(&mut self) {
        let waiting =
            |shutdown: &Shutdown| shutdown.phase != Phase::Finished && shutdown.undrained == 0;
        if self.shutdown.as_ref().is_some_and(waiting) {
            self.finish_shutdown(self.now);
        }
    }

    /// Tells everybody that the server goes, and lets go of them.
    pub(crate) fn finish_shutdown(&mut self, now: Instant) {
        let Some(shutdown) = &mut self.shutdown else { return };
        shutdown.phase = Phase::Finished;
        self.flush(now);
        let at = self.wall_clock.time_of_day(now);
        let mut words: [Option<Frame>; View::COUNT] = Default::default();
        for user in self.users.iter_mut() {
            let words = words[user.view.index()].get_or_insert_with(|| {
                let mut bytes = Vec::new();
                let time = user.view.is_timed().then_some(at);
                let heading = Prefix { time, room: None };
                user.view.format().encode_with_prefix(heading, &Message::ShuttingDown, &mut bytes);
                Frame::new(&bytes, &self.frame_bytes)
            });
            // Those who are gone need not be told; the user who is too far behind for it would not read it.
            if user.sender.push(words.clone()).is_ok() {
                self.metrics.frames += 1;
            }
        }
        for user in self.users.by_name() {
            self.connection_log.left_because(user.nick, user.address, "the server stops");
        }
        self.users.clear();
        self.rooms = Rooms::new(*self.backpressure.limits());
        self.join_summaries_due.clear();
        self.paused_rooms.clear();
        self.deferred = DeferredQueues::default();
    }

    /// A user came who cannot stay: they are told why, and that is all.
    pub(super) fn reject(&mut self, mut client: NewClient, words: &Message<'_>) {
        let mut bytes = Vec::new();
        client.format.encode(words, &mut bytes);
        // The user who is gone already need not be told.
        let _ = client.sender.push(Frame::new(&bytes, &self.frame_bytes));
    }
}
