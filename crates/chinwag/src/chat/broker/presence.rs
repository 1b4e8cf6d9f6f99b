//! Who is in the house and in which rooms, and how the others hear of it.

use super::Broker;
use crate::chat::broker::who;
use crate::chat::event::{Arrival, ClientId, Departure};
use crate::chat::room::RoomId;
use crate::chat::room::join_summary::Counted;
use crate::chat::user::{Member, Membership};
use crate::limits::{ANNOUNCE_WINDOW, MAX_ANNOUNCED};
use crate::outbound::queue::Cut;
use crate::protocol::message::Line;
use crate::protocol::nick::Nick;
use crate::protocol::sanitize::quotable;

/// What a newcomer may try. It holds for `nc`, too, which hands over no keys.
const HELP: &str = "try /help; in telnet, also /edit on";

/// Somebody whose connection was ended, and who is to be announced.
#[derive(Debug)]
pub(super) struct Gone {
    /// Who they were.
    id: ClientId,
    /// What they were called.
    nick: Nick,
    /// The rooms that they were in.
    pub(super) memberships: Vec<Membership>,
    /// How the others are told.
    departure: Departure,
}

impl Broker {
    /// Lets somebody into the house, and the lobby: his welcome marks his place in the order of lines.
    pub(super) fn join(&mut self, id: ClientId, arrival: Arrival) {
        self.newcomers += 1;
        self.metrics.joins += 1;
        let nick = Nick::numbered(self.newcomers);
        let slot = self.roster.insert(Member::new(id, nick, arrival, self.served.now()));
        self.connections.came(nick, self.roster.member(slot).address);
        self.mute_again(slot, true);
        let joined = self.enter(slot, RoomId::LOBBY);
        let texts = self.notices.texts();
        self.tell(slot, Line::Welcome(&texts.welcome, nick));
        self.tell(slot, Line::Answer(&self.summary(RoomId::LOBBY)));
        texts.motd.lines().for_each(|line| self.tell(slot, Line::Answer(line)));
        self.tell(slot, Line::Answer(HELP));
        self.introduce(slot, RoomId::LOBBY);
        self.announce_join(slot, joined);
    }

    /// Lets somebody go, after what he has sent.
    pub(super) fn leave(&mut self, id: ClientId, departure: Departure) {
        if let Some(slot) = self.roster.slot(id).filter(|_| self.stop.is_none()) {
            self.end_round_before_all_rooms(slot);
        }
        let Some(slot) = self.roster.slot(id) else { return };
        self.metrics.leaves += 1;
        // Nobody reads his last words either.
        let is_ignored = self.roster.member(slot).ignored_by > 0;
        let departure = match departure {
            Departure::Quit(Some(_)) if self.mute_of(slot).is_some() => Departure::Quit(None),
            // Each room may keep them until a crowd is counted: no more than is ever shown.
            Departure::Quit(Some(words)) => Departure::Quit(Some(quotable(&words))),
            departure => departure,
        };
        self.note_departure(slot, &departure);
        let (nick, memberships) = self.retire(slot);
        if self.stop.is_none() {
            for membership in memberships {
                self.announce_leave(membership, id, nick, &departure, is_ignored);
            }
        }
        self.end_if_drained();
    }

    /// Ends somebody's connection, which is announced by name. No round may be under way.
    pub(super) fn cut(&mut self, slot: usize, cut: Cut) {
        let gone = self.take_out_cut(slot, cut);
        self.announce_by_name(&gone);
    }

    /// The same, with a line of their own for them, and a departure of its own for the others.
    pub(super) fn cut_with(&mut self, slot: usize, cut: Cut, words: &str, departure: Departure) {
        let gone = self.take_out_with(slot, cut, Some(words.into()), departure);
        self.announce_by_name(&gone);
    }

    /// Ends somebody's connection, and takes them out. No round may be under way: nothing more is for them.
    pub(super) fn take_out_cut(&mut self, slot: usize, cut: Cut) -> Gone {
        let farewell = if cut == Cut::Banned { self.farewell_of_the_banned(slot) } else { None };
        self.take_out_with(slot, cut, farewell, cut.departure())
    }

    /// The same; they and the others are told in other words than usually.
    fn take_out_with(
        &mut self,
        slot: usize,
        cut: Cut,
        farewell: Option<Box<str>>,
        departure: Departure,
    ) -> Gone {
        self.note_departure(slot, &departure);
        let member = self.roster.member(slot);
        member.outlet.cut_with_words(cut, farewell);
        let id = member.id;
        let (nick, memberships) = self.retire(slot);
        Gone { id, nick, memberships, departure }
    }

    /// Announces somebody whose connection was ended: by name, up to as many in a second as leave by name in a room. More are a
    /// crowd, and treated as those who leave in one: lines for thousands would be much of the memory for all.
    pub(super) fn announce_cut(&mut self, gone: &Gone) {
        let (since, count) = &mut self.named;
        if self.now.saturating_duration_since(*since) >= ANNOUNCE_WINDOW {
            (*since, *count) = (self.now, 0);
        }
        if *count < MAX_ANNOUNCED {
            *count += 1;
            return self.announce_by_name(gone);
        }
        if self.stop.is_some() {
            return;
        }
        for &membership in &gone.memberships {
            if self.rooms.is_there(membership.room) {
                self.announce_leave(membership, gone.id, gone.nick, &gone.departure, false);
            }
        }
    }

    /// The same by name.
    fn announce_by_name(&mut self, gone: &Gone) {
        if self.stop.is_some() {
            return;
        }
        for &membership in &gone.memberships {
            // The last of the others may have gone since.
            if self.rooms.is_there(membership.room) {
                self.announce_if_counted(membership);
                let line = Line::Left(gone.nick, &gone.departure);
                self.publish(membership.room, &line, None);
            }
        }
    }

    /// Takes somebody out of the house here. They get what was said before, unless they were cut.
    fn retire(&mut self, slot: usize) -> (Nick, Vec<Membership>) {
        let is_cut = self.roster.member(slot).outlet.is_cut();
        if is_cut {
            // They get nothing, like the special, and are not among those for whom something is copied.
            self.roster.member_mut(slot).special = true;
        } else {
            self.make_special(slot);
        }
        self.ignore_nobody(slot);
        self.forget_bell(slot);
        self.forget_deferred(slot);
        self.roster.retire(slot);
        let gone = self.roster.member(slot);
        let (id, nick, drained) = (gone.id, gone.nick, gone.drained);
        let memberships: Vec<_> = gone.memberships().collect();
        for membership in &memberships {
            let gone = self.roster.member(slot);
            let (view, spoke) = (gone.view_of(membership.room), gone.speaks_in(membership.room));
            let room = self.rooms.room_mut(membership.room);
            room.unlist(slot, view, spoke, self.roster.names());
            if !is_cut {
                room.round.leave(slot);
            }
            room.slow.iter_mut().for_each(|slow| slow.leave(id));
            self.rooms.rank(membership.room);
            self.touch(membership.room);
        }
        if let Some(stop) = &mut self.stop {
            stop.forget(drained);
        }
        (nick, memberships)
    }

    /// Somebody is leaving the house, for those who keep a log of it.
    fn note_departure(&self, slot: usize, departure: &Departure) {
        let member = self.roster.member(slot);
        self.connections.left(member.nick, member.address, departure);
    }

    /// Lets somebody into a room, where he speaks from now on. He is not announced yet.
    pub(super) fn enter(&mut self, slot: usize, room: RoomId) -> Membership {
        let member = self.roster.member_mut(slot);
        let entered = self.rooms.room_mut(room);
        let count = entered.crowd.join((member.id, member.nick), self.now);
        let membership = Membership { room, count };
        member.current = Some(membership);
        let (id, view) = (member.id, member.view);
        entered.enter(slot, view, true, self.roster.names());
        if let Some(slow) = &mut entered.slow {
            slow.enter(id, self.now);
        }
        self.rooms.rank(room);
        self.touch(room);
        self.shared.add_person();
        self.expect_crowd_of(room);
        membership
    }

    /// Tells a room that somebody came, unless he is counted.
    pub(super) fn announce_join(&mut self, slot: usize, joined: Membership) {
        if joined.count.is_none() {
            let nick = self.roster.member(slot).nick;
            self.publish(joined.room, &Line::Joined(nick), Some(slot));
        }
    }

    /// Tells a room that somebody left, or counts them. Of who is ignored no words are kept for later: each of those who
    /// ignore them would get a part of its own of whatever round that is in.
    pub(super) fn announce_leave(
        &mut self,
        left: Membership,
        id: ClientId,
        nick: Nick,
        departure: &Departure,
        is_ignored: bool,
    ) {
        let kept = match departure {
            Departure::Quit(Some(_)) if is_ignored => Departure::Quit(None),
            departure => departure.clone(),
        };
        let crowd = &mut self.rooms.room_mut(left.room).crowd;
        if crowd.leave((id, nick, kept), self.now) {
            self.announce_if_counted(left);
            self.publish_leave(left.room, id, nick, departure);
        } else {
            self.expect_crowd_of(left.room);
        }
    }

    /// Tells a room that somebody left; his own words only those who want them.
    fn publish_leave(&mut self, room: RoomId, id: ClientId, nick: Nick, departure: &Departure) {
        let line = Line::Left(nick, departure);
        if let Departure::Quit(Some(_)) = departure {
            let plain = Line::Left(nick, &Departure::Quit(None));
            self.publish_words(room, &line, id, None, Some(&plain));
        } else {
            self.publish(room, &line, None);
        }
    }

    /// Remembers when the counts of a room are to go out.
    fn expect_crowd_of(&mut self, room: RoomId) {
        let due = self.rooms.room(room).crowd.due();
        self.crowds.extend(due.map(|due| (due, room)));
    }

    /// Announces all who were counted in a room, if this one's join is among them: nothing of him may be seen before.
    pub(super) fn announce_if_counted(&mut self, membership: Membership) {
        if self.rooms.room(membership.room).crowd.is_counted(membership.count) {
            self.announce_counted(membership.room);
        }
    }

    /// Says how many came to a room and left it, of those who were not announced by name.
    pub(super) fn announce_counted(&mut self, room: RoomId) {
        let crowd = &mut self.rooms.room_mut(room).crowd;
        crowd.due().into_iter().for_each(|due| _ = self.crowds.remove(&(due, room)));
        let (joins, leaves) = crowd.take();
        match joins {
            Counted::Nobody => {}
            Counted::One((id, nick)) => {
                let own = self.roster.slot(id);
                self.publish(room, &Line::Joined(nick), own);
            }
            Counted::Many(count) => self.publish(room, &Line::PeopleJoined(count), None),
        }
        match leaves {
            Counted::Nobody => {}
            Counted::One((id, nick, departure)) => {
                self.publish_leave(room, id, nick, &departure);
            }
            Counted::Many(count) => self.publish(room, &Line::PeopleLeft(count), None),
        }
    }

    /// Announces those who were counted, wherever it is time.
    pub(super) fn announce_crowds(&mut self) {
        while let Some((due, room)) = self.crowds.pop_first() {
            if due > self.now {
                self.crowds.insert((due, room));
                break;
            }
            if self.end_round_before_announcement(room) {
                self.announce_counted(room);
            }
        }
    }

    /// How many are in a room, and the first few of them.
    pub(super) fn summary(&self, room: RoomId) -> String {
        let room = self.rooms.room(room);
        let here = room.names.from(0).map(|slot| &self.roster.member(slot as usize).nick);
        who::summary(room.present(), here)
    }

    /// Forgets those who left the house, now that they have got their part of the round.
    pub(super) fn remove_retired(&mut self) {
        if !self.roster.has_retired() {
            return;
        }
        let mut left: Vec<_> = self.roster.retired().flat_map(Member::memberships).collect();
        left.sort_unstable_by_key(|membership| membership.room);
        left.dedup_by_key(|membership| membership.room);
        let retired = self.roster.retired_slots();
        for Membership { room, .. } in left {
            self.rooms.room_mut(room).retain(|slot| !retired.contains(slot));
            self.close_if_empty(room);
        }
        self.roster.remove_retired();
    }
}
