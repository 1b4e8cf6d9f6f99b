//! From lines to queues.

use super::copies::MultiRoomUsers;
use super::{Broker, DisconnectCause};
use crate::chat::event::ClientId;
use crate::chat::pending_by_room;
use crate::chat::room::batch::{LineSource, Recipient, RecipientFrames, concat};
use crate::chat::room::{Room, RoomId};
use crate::chat::user_slot::UserSlot;
use crate::limits::FRAME_OVERHEAD;
use crate::outbound::frame::Frame;
use crate::outbound::queue::PushError;
use crate::protocol::encode::Prefix;
use crate::protocol::message::Message;
use crate::protocol::view::View;

/// Of which rooms the bytes are that go to users with a batch of their own.
#[derive(Debug, Default)]
struct CustomShares {
    /// The rooms of which one user gets something, and the bytes with what a frame is charged beside them.
    rooms: Vec<(RoomId, u64)>,
    /// Bytes that were copied for any of them.
    copied: usize,
}

impl Broker {
    /// Gives a room its next line, for everybody but the author.
    pub(super) fn publish(&mut self, room: RoomId, line: &Message<'_>, author: Option<UserSlot>) {
        self.publish_excluding(room, line, LineSource { author, ..LineSource::default() });
    }

    /// Gives a room a line with the words of a user: those who do not want them get this plain line in its place, or
    /// nothing.
    pub(super) fn publish_user_text(
        &mut self,
        room: RoomId,
        line: &Message<'_>,
        id: ClientId,
        author: Option<UserSlot>,
        plain: Option<&Message<'_>>,
    ) {
        let ignoring = self.collect_ignoring(room, id);
        let ignorable = (!ignoring.is_empty()).then_some(id);
        self.publish_excluding(
            room,
            line,
            LineSource { author, ignorable, ..LineSource::default() },
        );
        let Some(plain) = plain else { return };
        let at = self.wall_clock.time_of_day(self.now);
        for slot in ignoring {
            let (view, name) = (self.users.user(slot).view_of(room), &self.rooms.room(room).name);
            self.last_order += 1;
            let encode = |out: &mut Vec<u8>| view.encode(plain, at, name, out);
            self.batch_bytes += self.direct_lines.push(slot, self.last_order, encode);
        }
    }

    /// Gives a room its next line, for everybody but its source.
    fn publish_excluding(&mut self, room: RoomId, line: &Message<'_>, source: LineSource) {
        self.batch_bytes += self.publish_in(&[room], line, source);
    }

    /// Gives several rooms one line, of which everybody who is in any of them gets one: in their current room if it is
    /// among these, or else in the one of these that they joined last.
    pub(super) fn publish_in_rooms(
        &mut self,
        rooms: &[RoomId],
        line: &Message<'_>,
        author: UserSlot,
    ) {
        let source =
            LineSource { author: Some(author), is_in_several_rooms: true, ..LineSource::default() };
        self.batch_bytes += self.publish_in(rooms, line, source);
    }

    /// Gives these rooms one line with one order number. Says how long it is.
    fn publish_in(&mut self, rooms: &[RoomId], line: &Message<'_>, source: LineSource) -> usize {
        self.metrics.lines += 1;
        if let Some(author) = source.author {
            self.mark_custom(author);
        }
        self.last_order += 1;
        let at = self.wall_clock.time_of_day(self.now);
        let mut longest = 0;
        for &room in rooms {
            self.mark_dirty(room);
            longest = longest.max(self.rooms.push(room, line, source, self.last_order, at));
        }
        longest
    }

    /// Tells one user something, at this place among the lines of all rooms.
    pub(super) fn send_to(&mut self, slot: UserSlot, line: Message<'_>) {
        self.mark_custom(slot);
        self.last_order += 1;
        let view = self.users.user(slot).view;
        let time = view.is_timed().then(|| self.wall_clock.time_of_day(self.now));
        let heading = Prefix { time, room: None };
        let encode = |out: &mut Vec<u8>| view.format().encode_with_prefix(heading, &line, out);
        self.batch_bytes += self.direct_lines.push(slot, self.last_order, encode);
    }

    /// A user gets something else than the others in this batch.
    pub(super) fn mark_custom(&mut self, slot: UserSlot) {
        let user = self.users.user_mut(slot);
        if !std::mem::replace(&mut user.has_custom_batch, true) {
            self.custom_recipients.push(slot);
        }
    }

    /// There is something in the batch of this room.
    pub(super) fn mark_dirty(&mut self, room: RoomId) {
        let touched = self.rooms.room_mut(room);
        if !std::mem::replace(&mut touched.is_dirty, true) {
            self.multi_room_users.add_room(touched.members.len());
            self.dirty_rooms.push(room);
        }
    }

    /// Hands the batches out and empties them. Says in which rooms that may have left too many behind.
    pub(super) fn flush_rooms(&mut self) -> Vec<RoomId> {
        if self.dirty_rooms.is_empty() && self.custom_recipients.is_empty() {
            return Vec::new();
        }
        let mut busy = std::mem::take(&mut self.dirty_rooms);
        if busy.len() > 1 {
            busy.iter().for_each(|&room| self.mark_multi_room_users(room));
        }
        busy.iter().for_each(|&room| self.deliver_shared(room));
        self.deliver_custom();
        self.deliver_bells();
        let mut lagging_rooms = Vec::new();
        for id in busy.drain(..) {
            self.rooms.end_batch(id);
            let room = self.rooms.room_mut(id);
            let lag_counts = std::mem::take(&mut room.lag_counts);
            if room.drains_needed.is_none() && room.flow.may_need_pause(lag_counts) {
                lagging_rooms.push(id);
            }
        }
        self.dirty_rooms = busy;
        self.direct_lines.clear();
        (self.last_order, self.batch_bytes, self.multi_room_users) =
            (0, 0, MultiRoomUsers::default());
        self.remove_departed();
        lagging_rooms.retain(|&room| self.rooms.contains(room));
        lagging_rooms
    }

    /// Nobody has anything pending: gives back what is kept for busy times.
    pub(super) fn shrink_buffers(&mut self) {
        self.rooms.shrink_buffers();
        self.direct_lines.shrink_buffers();
    }

    /// The user who is in several rooms of which more than one have lines gets them in one order.
    fn mark_multi_room_users(&mut self, room: RoomId) {
        for &slot in &self.rooms.room(room).members {
            let user = self.users.user_mut(slot);
            if user.in_multiple_rooms() && !std::mem::replace(&mut user.has_custom_batch, true) {
                self.custom_recipients.push(slot);
            }
        }
    }

    /// Hands the whole batch of a room to all who get all of it. The hottest loop there is.
    fn deliver_shared(&mut self, id: RoomId) {
        let limits = self.backpressure.limits();
        let threshold = pending_by_room::attribution_threshold(limits);
        let Room { members, batch, lag_counts, .. } = self.rooms.room_mut(id);
        if batch.is_empty() {
            return;
        }
        let latencies = self.stats.latencies();
        // Nearly always everybody has the same view.
        let mut whole: Option<(View, Option<Frame>)> = None;
        let mut frames = 0;
        for &slot in &*members {
            let user = self.users.user_mut(slot);
            if user.has_custom_batch {
                continue;
            }
            let view = user.view_of(id);
            if whole.as_ref().is_none_or(|&(of, _)| of != view) {
                let frame = batch.whole_frame(view, &self.frame_bytes).cloned();
                if let (Some(frame), Some(tag)) = (&frame, self.latency_sampler.take_tag(latencies))
                {
                    frame.set_latency_tag(tag);
                }
                whole = Some((view, frame));
            }
            let Some((_, Some(frame))) = &whole else { continue };
            match user.sender.push(frame.clone()) {
                Ok(pending) => {
                    frames += 1;
                    if pending > threshold {
                        let bytes = (frame.len() + FRAME_OVERHEAD) as u64;
                        user.attribute_pending(id, bytes, pending, limits);
                        let lag = user.lag_in(id, user.counters(), limits);
                        lag_counts.add(lag, &user.progress, limits);
                    }
                }
                Err(PushError::LimitExceeded) => {
                    self.pending_disconnects.push((user.id, DisconnectCause::QueueFull))
                }
                Err(PushError::Closed) => {}
            }
        }
        self.metrics.frames += frames;
    }

    /// Hands authors and those with direct lines what is left for them.
    fn deliver_custom(&mut self) {
        let limits = *self.backpressure.limits();
        let mut custom_recipients = std::mem::take(&mut self.custom_recipients);
        let (threshold, mut shares) =
            (pending_by_room::attribution_threshold(&limits), CustomShares::default());
        self.direct_lines.sort();
        for slot in custom_recipients.drain(..) {
            let user = self.users.user_mut(slot);
            if user.sender.is_disconnected() {
                // They are sent nothing more. Where many are disconnected each would have to be told of all before them.
                user.has_custom_batch = false;
                continue;
            }
            shares.rooms.clear();
            let (first, second) = match self.custom_frames(slot, &mut shares) {
                RecipientFrames::None => (None, None),
                RecipientFrames::One(frame) => (Some(frame), None),
                RecipientFrames::Two(first, second) => (Some(first), Some(second)),
            };
            let user = self.users.user_mut(slot);
            user.has_custom_batch = false;
            let mut over_threshold = None;
            for frame in [first, second].into_iter().flatten() {
                match user.sender.push(frame) {
                    Ok(pending) => {
                        self.metrics.frames += 1;
                        if pending > threshold {
                            over_threshold = Some(pending);
                        }
                    }
                    // Of the departed the broker knows nothing any more: they lose the end of what was due.
                    Err(PushError::LimitExceeded) => {
                        self.pending_disconnects.push((user.id, DisconnectCause::QueueFull))
                    }
                    Err(PushError::Closed) => {}
                }
            }
            let Some(pending) = over_threshold else { continue };
            for &(room, bytes) in &shares.rooms {
                user.attribute_pending(room, bytes, pending, &limits);
                let lag = user.lag_in(room, user.counters(), &limits);
                self.rooms.room_mut(room).lag_counts.add(lag, &user.progress, &limits);
            }
        }
        self.custom_recipients = custom_recipients;
        self.check_copies(shares.copied);
    }

    /// What a user with a batch of their own gets: of the only room that has something for them a part of its bytes, or else
    /// bytes of their own.
    fn custom_frames(&mut self, slot: UserSlot, shares: &mut CustomShares) -> RecipientFrames {
        let user = self.users.user(slot);
        let recipient =
            |room| Recipient { slot, view: user.view_of(room), ignores: user.ignores() };
        let rooms = &mut self.rooms;
        let has_direct_lines = self.direct_lines.has(slot);
        if !has_direct_lines {
            let mut with_lines = user.memberships().map(|membership| membership.room);
            let mut next = || with_lines.find(|&room| !rooms.room(room).batch.is_empty());
            match (next(), next()) {
                (None, _) => return RecipientFrames::None,
                (Some(only), None) => {
                    let batch = &mut rooms.room_mut(only).batch;
                    if let Some(slices) = batch.slices(&recipient(only), &self.frame_bytes) {
                        shares.rooms.push((only, slices.charged_bytes()));
                        return slices;
                    }
                }
                _ => {}
            }
        }
        let mut pieces = Vec::new();
        for membership in user.memberships() {
            let (batch, before) = (&rooms.room(membership.room).batch, pieces.len());
            batch.pieces(&recipient(membership.room), &mut pieces);
            let bytes: usize = pieces[before..].iter().map(|(_, piece)| piece.len()).sum();
            if bytes > 0 {
                shares.rooms.push((membership.room, (bytes + FRAME_OVERHEAD) as u64));
                shares.copied += bytes;
            }
        }
        if has_direct_lines {
            self.direct_lines.pieces(slot, &mut pieces);
        }
        concat(pieces, &self.frame_bytes)
    }
}
