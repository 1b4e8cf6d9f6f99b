//! From lines to inboxes.

use super::copies::Shared;
use super::{Broker, Fault};
use crate::chat::debts;
use crate::chat::event::ClientId;
use crate::chat::room::batch::{Parcel, Reader, Source, joined};
use crate::chat::room::{Room, RoomId};
use crate::limits::FRAME_OVERHEAD;
use crate::outbound::frame::Frame;
use crate::outbound::queue::PushError;
use crate::protocol::encode::Heading;
use crate::protocol::message::Line;
use crate::protocol::view::View;

/// Of which rooms the bytes are that go to the special.
#[derive(Debug, Default)]
struct Shares {
    /// The rooms of which one person gets something, and the bytes with what a frame is charged beside them.
    rooms: Vec<(RoomId, u64)>,
    /// Bytes that were copied for any of them.
    copied: usize,
}

impl Broker {
    /// Gives a room its next line, for everybody but the author.
    pub(super) fn publish(&mut self, room: RoomId, line: &Line<'_>, author: Option<usize>) {
        self.publish_from(room, line, Source { author, ..Source::default() });
    }

    /// Gives a room a line with the words of somebody: those who do not want them get this plain line in its place, or
    /// nothing.
    pub(super) fn publish_words(
        &mut self,
        room: RoomId,
        line: &Line<'_>,
        id: ClientId,
        author: Option<usize>,
        plain: Option<&Line<'_>>,
    ) {
        let ignoring = self.shun(room, id);
        let shunned = (!ignoring.is_empty()).then_some(id);
        self.publish_from(room, line, Source { author, shunned, ..Source::default() });
        let Some(plain) = plain else { return };
        let at = self.clock.time_of_day(self.now);
        for slot in ignoring {
            let (view, name) =
                (self.roster.member(slot).view_of(room), &self.rooms.room(room).name);
            self.stamp += 1;
            let encode = |out: &mut Vec<u8>| view.encode(plain, at, name, out);
            self.gathered += self.asides.push(slot, self.stamp, encode);
        }
    }

    /// Gives a room its next line, for everybody but its source.
    fn publish_from(&mut self, room: RoomId, line: &Line<'_>, source: Source) {
        self.gathered += self.publish_in(&[room], line, source);
    }

    /// Gives several rooms one line, of which everybody who is in any of them gets one: in their current room if it is
    /// among these, or else in the one of these that they joined last.
    pub(super) fn publish_everywhere(&mut self, rooms: &[RoomId], line: &Line<'_>, author: usize) {
        let source = Source { author: Some(author), is_everywhere: true, ..Source::default() };
        self.gathered += self.publish_in(rooms, line, source);
    }

    /// Gives these rooms one line with one stamp. Says how long it is.
    fn publish_in(&mut self, rooms: &[RoomId], line: &Line<'_>, source: Source) -> usize {
        self.metrics.lines += 1;
        if let Some(author) = source.author {
            self.make_special(author);
        }
        self.stamp += 1;
        let at = self.clock.time_of_day(self.now);
        let mut longest = 0;
        for &room in rooms {
            self.touch(room);
            longest = longest.max(self.rooms.push(room, line, source, self.stamp, at));
        }
        longest
    }

    /// Tells one person something, at this place among the lines of all rooms.
    pub(super) fn tell(&mut self, slot: usize, line: Line<'_>) {
        self.make_special(slot);
        self.stamp += 1;
        let view = self.roster.member(slot).view;
        let time = view.is_timed().then(|| self.clock.time_of_day(self.now));
        let heading = Heading { time, room: None };
        let encode = |out: &mut Vec<u8>| view.door().encode_under(heading, &line, out);
        self.gathered += self.asides.push(slot, self.stamp, encode);
    }

    /// Somebody gets something else than the others in this round.
    pub(super) fn make_special(&mut self, slot: usize) {
        let member = self.roster.member_mut(slot);
        if !std::mem::replace(&mut member.special, true) {
            self.specials.push(slot);
        }
    }

    /// There is something in the round of this room.
    pub(super) fn touch(&mut self, room: RoomId) {
        let touched = self.rooms.room_mut(room);
        if !std::mem::replace(&mut touched.is_busy, true) {
            self.shared.add_room(touched.members.len());
            self.busy.push(room);
        }
    }

    /// Hands the rounds out and empties them. Says in which rooms that may have left too many behind.
    pub(super) fn hand_out(&mut self) -> Vec<RoomId> {
        if self.busy.is_empty() && self.specials.is_empty() {
            return Vec::new();
        }
        let mut busy = std::mem::take(&mut self.busy);
        if busy.len() > 1 {
            busy.iter().for_each(|&room| self.make_those_in_several_special(room));
        }
        busy.iter().for_each(|&room| self.hand_to_everybody(room));
        self.hand_to_the_special();
        self.hand_out_bells();
        let mut strained = Vec::new();
        for id in busy.drain(..) {
            self.rooms.end_round(id);
            let room = self.rooms.room_mut(id);
            let strain = std::mem::take(&mut room.strain);
            if room.waits_for.is_none() && room.pace.suspects(strain) {
                strained.push(id);
            }
        }
        self.busy = busy;
        self.asides.clear();
        (self.stamp, self.gathered, self.shared) = (0, 0, Shared::default());
        self.remove_retired();
        strained.retain(|&room| self.rooms.is_there(room));
        strained
    }

    /// Nobody is owed anything: gives back what is kept for busy times.
    pub(super) fn rest(&mut self) {
        self.rooms.rest();
        self.asides.rest();
    }

    /// Whoever is in several rooms of which more than one have lines gets them in one order.
    fn make_those_in_several_special(&mut self, room: RoomId) {
        for &slot in &self.rooms.room(room).members {
            let member = self.roster.member_mut(slot as usize);
            if member.is_in_several() && !std::mem::replace(&mut member.special, true) {
                self.specials.push(slot as usize);
            }
        }
    }

    /// Hands the whole round of a room to all who get all of it. The hottest loop there is.
    fn hand_to_everybody(&mut self, id: RoomId) {
        let bounds = self.intake.bounds();
        let floor = debts::floor(bounds);
        let Room { members, round, strain, .. } = self.rooms.room_mut(id);
        if round.is_empty() {
            return;
        }
        let latencies = self.published.latencies();
        // Nearly always everybody has the same view.
        let mut whole: Option<(View, Option<Frame>)> = None;
        let mut frames = 0;
        for &slot in &*members {
            let member = self.roster.member_mut(slot as usize);
            if member.special {
                continue;
            }
            let view = member.view_of(id);
            if whole.as_ref().is_none_or(|&(of, _)| of != view) {
                let frame = round.whole(view, &self.gauge).cloned();
                if let (Some(frame), Some(stamp)) = (&frame, self.timing.stamp(latencies)) {
                    frame.time(stamp);
                }
                whole = Some((view, frame));
            }
            let Some((_, Some(frame))) = &whole else { continue };
            match member.outlet.push(frame.clone()) {
                Ok(owed) => {
                    frames += 1;
                    if owed > floor {
                        let bytes = (frame.len() + FRAME_OVERHEAD) as u64;
                        member.owe(id, bytes, owed, bounds);
                        let debt = member.debt_in(id, member.balance(), bounds);
                        strain.add(debt, &member.standing, bounds);
                    }
                }
                Err(PushError::PastHard) => self.doomed.push((member.id, Fault::PastHard)),
                Err(PushError::Gone) => {}
            }
        }
        self.metrics.frames += frames;
    }

    /// Hands authors and those with asides what is left for them.
    fn hand_to_the_special(&mut self) {
        let bounds = *self.intake.bounds();
        let mut specials = std::mem::take(&mut self.specials);
        let (floor, mut shares) = (debts::floor(&bounds), Shares::default());
        self.asides.sort();
        for slot in specials.drain(..) {
            let member = self.roster.member_mut(slot);
            if member.outlet.is_cut() {
                // They are sent nothing more. In a crowd that is cut each would have to be told of all before them.
                member.special = false;
                continue;
            }
            shares.rooms.clear();
            let (first, second) = match self.parcel(slot, &mut shares) {
                Parcel::Nothing => (None, None),
                Parcel::One(frame) => (Some(frame), None),
                Parcel::Two(first, second) => (Some(first), Some(second)),
            };
            let member = self.roster.member_mut(slot);
            member.special = false;
            let mut far = None;
            for frame in [first, second].into_iter().flatten() {
                match member.outlet.push(frame) {
                    Ok(owed) => {
                        self.metrics.frames += 1;
                        if owed > floor {
                            far = Some(owed);
                        }
                    }
                    // Of the retired the broker knows nothing any more: they lose the end of what was due.
                    Err(PushError::PastHard) => self.doomed.push((member.id, Fault::PastHard)),
                    Err(PushError::Gone) => {}
                }
            }
            let Some(owed) = far else { continue };
            for &(room, bytes) in &shares.rooms {
                member.owe(room, bytes, owed, &bounds);
                let debt = member.debt_in(room, member.balance(), &bounds);
                self.rooms.room_mut(room).strain.add(debt, &member.standing, &bounds);
            }
        }
        self.specials = specials;
        self.look_at_copies(shares.copied);
    }

    /// What somebody special gets: of the only room that has something for him a part of its bytes, or else bytes of his
    /// own.
    fn parcel(&mut self, slot: usize, shares: &mut Shares) -> Parcel {
        let member = self.roster.member(slot);
        let reader = |room| Reader { slot, view: member.view_of(room), ignores: member.ignores() };
        let rooms = &mut self.rooms;
        let has_asides = self.asides.has(slot);
        if !has_asides {
            let mut with_lines = member.memberships().map(|membership| membership.room);
            let mut next = || with_lines.find(|&room| !rooms.room(room).round.is_empty());
            match (next(), next()) {
                (None, _) => return Parcel::Nothing,
                (Some(only), None) => {
                    let round = &mut rooms.room_mut(only).round;
                    if let Some(slices) = round.slices(&reader(only), &self.gauge) {
                        shares.rooms.push((only, slices.charge()));
                        return slices;
                    }
                }
                _ => {}
            }
        }
        let mut pieces = Vec::new();
        for membership in member.memberships() {
            let (round, before) = (&rooms.room(membership.room).round, pieces.len());
            round.pieces(&reader(membership.room), &mut pieces);
            let bytes: usize = pieces[before..].iter().map(|(_, piece)| piece.len()).sum();
            if bytes > 0 {
                shares.rooms.push((membership.room, (bytes + FRAME_OVERHEAD) as u64));
                shares.copied += bytes;
            }
        }
        if has_asides {
            self.asides.pieces(slot, &mut pieces);
        }
        joined(pieces, &self.gauge)
    }
}
