//! One user, as the broker knows them: what they are called, in which rooms they are, and what they asked for.
//!
//! Thousands of users are in the lobby alone and ask for nothing; what the others need beside lies in [`UserExtras`], which
//! they have only then.

use crate::chat::bell::Bell;
use crate::chat::deferred::{Deferred, WaitBudget};
use crate::chat::event::{ClientId, NewClient};
use crate::chat::mutes::MuteId;
use crate::chat::pending_by_room::{self, PendingByRoom};
use crate::chat::room::RoomId;
use crate::chat::room::flow_control::{QueueCounters, ReaderProgress, RoomLag};
use crate::chat::room::join_summary::SummaryId;
use crate::outbound::backpressure::QueueLimits;
use crate::outbound::queue::Sender;
use crate::protocol::nick::Nick;
use crate::protocol::view::View;
use std::net::IpAddr;
use std::time::Instant;

/// A user's being in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Membership {
    /// The room.
    pub room: RoomId,
    /// The count that their join is announced in there, if it was not announced by name.
    pub summary: Option<SummaryId>,
}

/// One user.
#[derive(Debug)]
pub(crate) struct User {
    /// Who they are.
    pub id: ClientId,
    /// What they are called.
    pub nick: Nick,
    /// How lines of their current room look to them.
    pub view: View,
    /// Whether they get something else than the others in the batch that is being made.
    pub has_custom_batch: bool,
    /// Whether they have left, and are here only until they have got their part of the batch.
    pub departed: bool,
    /// Whether all lines that were read from them have come, in a server that stops.
    pub drained: bool,
    /// The room that they speak in. None before they have joined one again after a kick, or when they have left all.
    pub current: Option<Membership>,
    /// Where they came from.
    pub address: IpAddr,
    /// Where lines for them go.
    pub sender: Sender,
    /// How they keep up.
    pub progress: ReaderProgress,
    /// How many others do not want to read their words.
    pub ignored_by: u32,
    /// Whether the task was told to read nothing more for now.
    pub reading_paused: bool,
    /// Events that wait for a slow room or reader, if any do.
    pub deferred: Option<Box<Deferred>>,
    /// What is pending of the lines of each room, while it is much.
    pub pending_by_room: Option<Box<PendingByRoom>>,
    /// What few users need.
    pub extras: Option<Box<UserExtras>>,
}

/// What is kept of a user who is in several rooms or asked for something.
#[derive(Debug, Default)]
pub(crate) struct UserExtras {
    /// The rooms that they are in beside their current one, the one that they joined last behind the others.
    pub other_rooms: Vec<Membership>,
    /// Whose words they do not want to read. At most [`MAX_IGNORED`](crate::limits::MAX_IGNORED).
    pub ignores: Vec<ClientId>,
    /// Who wrote to them alone last.
    pub last_private_sender: Option<ClientId>,
    /// Their words for being away, in quotes, if they are.
    pub away: Option<Box<str>>,
    /// What rings when a user is named, for who asked for it.
    pub bell: Option<Bell>,
    /// Whether they have said the secret of operators.
    pub is_operator: bool,
    /// Whether they edit lines, before which it stands where they speak.
    pub is_editing: bool,
    /// What keeps others from reading them, if it lasts.
    pub mute: Option<MuteId>,
    /// How long private lines to users who are behind may still wait.
    pub wait_budget: WaitBudget,
}

impl User {
    /// A user who is in no room yet.
    pub(crate) fn new(id: ClientId, nick: Nick, client: NewClient, now: Instant) -> Self {
        let NewClient { sender, format, address } = client;
        Self {
            id,
            nick,
            view: View::new(format),
            has_custom_batch: false,
            departed: false,
            drained: false,
            current: None,
            address,
            sender,
            progress: ReaderProgress::new(now),
            ignored_by: 0,
            reading_paused: false,
            deferred: None,
            pending_by_room: None,
            extras: None,
        }
    }

    /// What they were sent and have taken.
    pub(crate) fn counters(&self) -> QueueCounters {
        QueueCounters { queued: self.sender.queued(), written: self.sender.written() }
    }

    /// Bytes of a room's lines were pushed, by which so much is pending in all now.
    #[inline]
    pub(crate) fn attribute_pending(
        &mut self,
        room: RoomId,
        bytes: u64,
        pending: u64,
        limits: &QueueLimits,
    ) {
        if pending > pending_by_room::attribution_threshold(limits) {
            let QueueCounters { queued, written } = self.counters();
            let before = queued - bytes.min(queued);
            self.pending_by_room
                .get_or_insert_with(|| Box::new(PendingByRoom::new(before)))
                .add(room, bytes, before, written);
        }
    }

    /// What counts as pending of a room's lines: never less than what is, and of other lines no more than
    /// [`attribution_threshold`](pending_by_room::attribution_threshold). Several rooms share what a user may have pending: those
    /// that have most pending are far ahead of them first.
    #[inline]
    pub(crate) fn lag_in(
        &self,
        room: RoomId,
        counters: QueueCounters,
        limits: &QueueLimits,
    ) -> RoomLag {
        let pending = counters.pending();
        let threshold = pending_by_room::attribution_threshold(limits);
        if pending <= threshold {
            return RoomLag { pending, is_far_behind: false };
        }
        let (pending_here, level) = self
            .pending_by_room
            .as_ref()
            .map_or((0, 0), |rooms| rooms.pending_of(room, counters.written));
        let is_far_behind =
            pending > limits.pause_threshold() && threshold + level > limits.pause_threshold();
        RoomLag { pending: pending.min(threshold + pending_here), is_far_behind }
    }

    /// Forgets of which rooms the pending bytes are once they are few.
    pub(crate) fn drop_small_attribution(&mut self, limits: &QueueLimits) {
        if self.pending_by_room.is_some()
            && self.counters().pending() <= pending_by_room::attribution_threshold(limits)
        {
            self.pending_by_room = None;
        }
    }

    /// What few users need, made if they have none yet.
    pub(crate) fn extras_mut(&mut self) -> &mut UserExtras {
        self.extras.get_or_insert_default()
    }

    /// The rooms that they are in beside their current one.
    fn other_rooms(&self) -> &[Membership] {
        self.extras.as_ref().map_or(&[], |extras| &extras.other_rooms)
    }

    /// The rooms that they are in, the current one last.
    pub(crate) fn memberships(&self) -> impl Iterator<Item = Membership> {
        self.other_rooms().iter().copied().chain(self.current)
    }

    /// Their being in this room, if they are.
    pub(crate) fn membership(&self, room: RoomId) -> Option<Membership> {
        self.memberships().find(|membership| membership.room == room)
    }

    /// Whether this is the room that they speak in.
    #[inline]
    pub(crate) fn is_current_room(&self, room: RoomId) -> bool {
        self.current.is_some_and(|current| current.room == room)
    }

    /// They are in this room no more. Says whether they spoke in it; then they speak nowhere.
    pub(crate) fn leave(&mut self, room: RoomId) -> bool {
        let was_current = self.is_current_room(room);
        if was_current {
            self.current = None;
        } else if let Some(extras) = &mut self.extras {
            extras.other_rooms.retain(|other| other.room != room);
        }
        if let Some(pending_by_room) = &mut self.pending_by_room {
            pending_by_room.remove_room(room);
        }
        was_current
    }

    /// Whether they may be in more than one room.
    #[inline]
    pub(crate) fn in_multiple_rooms(&self) -> bool {
        self.extras.as_ref().is_some_and(|extras| !extras.other_rooms.is_empty())
    }

    /// How lines of this room look to them.
    #[inline]
    pub(crate) fn view_of(&self, room: RoomId) -> View {
        self.view.of_other_room(!self.is_current_room(room))
    }

    /// Whose words they do not want.
    pub(crate) fn ignores(&self) -> &[ClientId] {
        self.extras.as_ref().map_or(&[], |extras| &extras.ignores)
    }

    /// What rings when they are named, for who asked for it.
    pub(crate) fn bell_mut(&mut self) -> Option<&mut Bell> {
        self.extras.as_mut().and_then(|extras| extras.bell.as_mut())
    }

    /// Whether they may moderate.
    pub(crate) fn is_operator(&self) -> bool {
        self.extras.as_ref().is_some_and(|extras| extras.is_operator)
    }

    /// Whether they said that they are away.
    pub(crate) fn is_away(&self) -> bool {
        self.extras.as_ref().is_some_and(|extras| extras.away.is_some())
    }
}
