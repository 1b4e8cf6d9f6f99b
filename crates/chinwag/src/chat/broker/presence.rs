//! Who is connected and in which rooms, and how the others hear of it.

use super::Broker;
use crate::chat::broker::who;
use crate::chat::event::{ClientId, LeaveReason, NewClient};
use crate::chat::room::RoomId;
use crate::chat::room::join_summary::Pending;
use crate::chat::user::{Membership, User};
use crate::chat::user_slot::UserSlot;
use crate::limits::{ANNOUNCE_WINDOW, MAX_ANNOUNCED};
use crate::outbound::disconnect_reason::DisconnectReason;
use crate::protocol::message::Message;
use crate::protocol::nick::Nick;
use crate::protocol::sanitize::truncate_for_quote;

/// What a new client may try. It holds for `nc`, too, which hands over no keys.
const HELP: &str = "try /help; in telnet, also /edit on";

/// A user whose connection was ended, and who is to be announced.
#[derive(Debug)]
pub(super) struct DisconnectedUser {
    /// Who they were.
    id: ClientId,
    /// What they were called.
    nick: Nick,
    /// The rooms that they were in.
    pub(super) memberships: Vec<Membership>,
    /// How the others are told.
    departure: LeaveReason,
}

impl Broker {
    /// Lets a user into the server, and the lobby: their welcome marks their place in the order of lines.
    pub(super) fn join(&mut self, id: ClientId, client: NewClient) {
        self.last_guest += 1;
        self.metrics.joins += 1;
        let nick = Nick::guest(self.last_guest);
        let slot = self.users.insert(User::new(id, nick, client, self.served_clock.now()));
        self.connection_log.joined(nick, self.users.user(slot).address);
        self.reapply_mute(slot, true);
        let joined = self.enter_room(slot, RoomId::LOBBY);
        let greeting = self.greeting.load();
        self.send_to(slot, Message::Welcome(&greeting.welcome, nick));
        self.send_to(slot, Message::Reply(&self.room_summary(RoomId::LOBBY)));
        greeting.motd.lines().for_each(|line| self.send_to(slot, Message::Reply(line)));
        self.send_to(slot, Message::Reply(HELP));
        self.send_room_intro(slot, RoomId::LOBBY);
        self.announce_join(slot, joined);
    }

    /// Lets a user go, after what they have sent.
    pub(super) fn leave(&mut self, id: ClientId, departure: LeaveReason) {
        if let Some(slot) = self.users.slot_of(id).filter(|_| self.shutdown.is_none()) {
            self.flush_before_all_rooms(slot);
        }
        let Some(slot) = self.users.slot_of(id) else { return };
        self.metrics.leaves += 1;
        // Nobody reads their last words either.
        let is_ignored = self.users.user(slot).ignored_by > 0;
        let departure = match departure {
            LeaveReason::Quit(Some(_)) if self.mute_of(slot).is_some() => LeaveReason::Quit(None),
            // Each room may keep them until leaves are counted: no more than is ever shown.
            LeaveReason::Quit(Some(words)) => LeaveReason::Quit(Some(truncate_for_quote(&words))),
            departure => departure,
        };
        self.log_departure(slot, &departure);
        let (nick, memberships) = self.mark_departed(slot);
        if self.shutdown.is_none() {
            for membership in memberships {
                self.announce_leave(membership, id, nick, &departure, is_ignored);
            }
        }
        self.finish_if_drained();
    }

    /// Ends a user's connection, which is announced by name. No batch may be under way.
    pub(super) fn disconnect(&mut self, slot: UserSlot, reason: DisconnectReason) {
        let gone = self.remove_disconnected(slot, reason);
        self.announce_by_name(&gone);
    }

    /// The same, with a line of their own for them, and a departure of its own for the others.
    pub(super) fn disconnect_with(
        &mut self,
        slot: UserSlot,
        reason: DisconnectReason,
        words: &str,
        departure: LeaveReason,
    ) {
        let gone = self.remove_with_message(slot, reason, Some(words.into()), departure);
        self.announce_by_name(&gone);
    }

    /// Ends a user's connection, and takes them out. No batch may be under way: nothing more is for them.
    pub(super) fn remove_disconnected(
        &mut self,
        slot: UserSlot,
        reason: DisconnectReason,
    ) -> DisconnectedUser {
        let message = if reason == DisconnectReason::Banned { self.ban_notice(slot) } else { None };
        self.remove_with_message(slot, reason, message, reason.leave_reason())
    }

    /// The same; they and the others are told in other words than usually.
    fn remove_with_message(
        &mut self,
        slot: UserSlot,
        reason: DisconnectReason,
        message: Option<Box<str>>,
        departure: LeaveReason,
    ) -> DisconnectedUser {
        self.log_departure(slot, &departure);
        let user = self.users.user(slot);
        user.sender.disconnect_with_message(reason, message);
        let id = user.id;
        let (nick, memberships) = self.mark_departed(slot);
        DisconnectedUser { id, nick, memberships, departure }
    }

    /// Announces a user whose connection was ended: by name, up to as many in a second as leave by name in a room. More are
    /// join summary, and treated as those who leave in one: lines for thousands would be much of the memory for all.
    pub(super) fn announce_disconnect(&mut self, gone: &DisconnectedUser) {
        let (since, count) = &mut self.named_disconnects;
        if self.now.saturating_duration_since(*since) >= ANNOUNCE_WINDOW {
            (*since, *count) = (self.now, 0);
        }
        if *count < MAX_ANNOUNCED {
            *count += 1;
            return self.announce_by_name(gone);
        }
        if self.shutdown.is_some() {
            return;
        }
        for &membership in &gone.memberships {
            if self.rooms.contains(membership.room) {
                self.announce_leave(membership, gone.id, gone.nick, &gone.departure, false);
            }
        }
    }

    /// The same by name.
    fn announce_by_name(&mut self, gone: &DisconnectedUser) {
        if self.shutdown.is_some() {
            return;
        }
        for &membership in &gone.memberships {
            // The last of the others may have gone since.
            if self.rooms.contains(membership.room) {
                self.flush_summary_containing(membership);
                let line = Message::Left(gone.nick, &gone.departure);
                self.publish(membership.room, &line, None);
            }
        }
    }

    /// Takes a user out of the server here. They get what was said before, unless they were disconnected.
    fn mark_departed(&mut self, slot: UserSlot) -> (Nick, Vec<Membership>) {
        let is_cut = self.users.user(slot).sender.is_disconnected();
        if is_cut {
            // They get nothing, like users with a batch of their own, and are not among those for whom something is copied.
            self.users.user_mut(slot).has_custom_batch = true;
        } else {
            self.mark_custom(slot);
        }
        self.clear_ignores(slot);
        self.remove_bell(slot);
        self.drop_deferred(slot);
        self.users.mark_departed(slot);
        let gone = self.users.user(slot);
        let (id, nick, drained) = (gone.id, gone.nick, gone.drained);
        let memberships: Vec<_> = gone.memberships().collect();
        for membership in &memberships {
            let gone = self.users.user(slot);
            let (view, spoke) =
                (gone.view_of(membership.room), gone.is_current_room(membership.room));
            let room = self.rooms.room_mut(membership.room);
            room.unlist(slot, view, spoke, self.users.nick_of());
            if !is_cut {
                room.batch.leave(slot);
            }
            room.slow_mode.iter_mut().for_each(|slow| slow.leave(id));
            self.rooms.update_size(membership.room);
            self.mark_dirty(membership.room);
        }
        if let Some(shutdown) = &mut self.shutdown {
            shutdown.client_left(drained);
        }
        (nick, memberships)
    }

    /// A user is leaving the server, for those who keep a log of it.
    fn log_departure(&self, slot: UserSlot, departure: &LeaveReason) {
        let user = self.users.user(slot);
        self.connection_log.left(user.nick, user.address, departure);
    }

    /// Lets a user into a room, where they speak from now on. They are not announced yet.
    pub(super) fn enter_room(&mut self, slot: UserSlot, room: RoomId) -> Membership {
        let user = self.users.user_mut(slot);
        let entered = self.rooms.room_mut(room);
        let summary = entered.join_summary.join((user.id, user.nick), self.now);
        let membership = Membership { room, summary };
        user.current = Some(membership);
        let (id, view) = (user.id, user.view);
        entered.enter(slot, view, true, self.users.nick_of());
        if let Some(slow) = &mut entered.slow_mode {
            slow.enter(id, self.now);
        }
        self.rooms.update_size(room);
        self.mark_dirty(room);
        self.multi_room_users.add_user();
        self.schedule_join_summary(room);
        membership
    }

    /// Tells a room that a user came, unless they are counted.
    pub(super) fn announce_join(&mut self, slot: UserSlot, joined: Membership) {
        if joined.summary.is_none() {
            let nick = self.users.user(slot).nick;
            self.publish(joined.room, &Message::Joined(nick), Some(slot));
        }
    }

    /// Tells a room that a user left, or counts them. Of who is ignored no words are kept for later: each of those who
    /// ignore them would get a part of its own of whatever batch that is in.
    pub(super) fn announce_leave(
        &mut self,
        left: Membership,
        id: ClientId,
        nick: Nick,
        departure: &LeaveReason,
        is_ignored: bool,
    ) {
        let kept = match departure {
            LeaveReason::Quit(Some(_)) if is_ignored => LeaveReason::Quit(None),
            departure => departure.clone(),
        };
        let join_summary = &mut self.rooms.room_mut(left.room).join_summary;
        if join_summary.leave((id, nick, kept), self.now) {
            self.flush_summary_containing(left);
            self.publish_leave(left.room, id, nick, departure);
        } else {
            self.schedule_join_summary(left.room);
        }
    }

    /// Tells a room that a user left; their own words only those who want them.
    fn publish_leave(&mut self, room: RoomId, id: ClientId, nick: Nick, departure: &LeaveReason) {
        let line = Message::Left(nick, departure);
        if let LeaveReason::Quit(Some(_)) = departure {
            let plain = Message::Left(nick, &LeaveReason::Quit(None));
            self.publish_user_text(room, &line, id, None, Some(&plain));
        } else {
            self.publish(room, &line, None);
        }
    }

    /// Remembers when the counts of a room are to go out.
    fn schedule_join_summary(&mut self, room: RoomId) {
        let due = self.rooms.room(room).join_summary.due();
        self.join_summaries_due.extend(due.map(|due| (due, room)));
    }

    /// Announces all who were counted in a room, if this one's join is among them: nothing of them may be seen before.
    pub(super) fn flush_summary_containing(&mut self, membership: Membership) {
        if self.rooms.room(membership.room).join_summary.is_pending(membership.summary) {
            self.flush_join_summary(membership.room);
        }
    }

    /// Says how many came to a room and left it, of those who were not announced by name.
    pub(super) fn flush_join_summary(&mut self, room: RoomId) {
        let join_summary = &mut self.rooms.room_mut(room).join_summary;
        join_summary
            .due()
            .into_iter()
            .for_each(|due| _ = self.join_summaries_due.remove(&(due, room)));
        let (joins, leaves) = join_summary.take();
        match joins {
            Pending::None => {}
            Pending::One((id, nick)) => {
                let own = self.users.slot_of(id);
                self.publish(room, &Message::Joined(nick), own);
            }
            Pending::Many(count) => self.publish(room, &Message::JoinCount(count), None),
        }
        match leaves {
            Pending::None => {}
            Pending::One((id, nick, departure)) => {
                self.publish_leave(room, id, nick, &departure);
            }
            Pending::Many(count) => self.publish(room, &Message::LeaveCount(count), None),
        }
    }

    /// Announces those who were counted, wherever it is time.
    pub(super) fn flush_join_summaries(&mut self) {
        while let Some((due, room)) = self.join_summaries_due.pop_first() {
            if due > self.now {
                self.join_summaries_due.insert((due, room));
                break;
            }
            if self.flush_before_announcement(room) {
                self.flush_join_summary(room);
            }
        }
    }

    /// How many are in a room, and the first few of them.
    pub(super) fn room_summary(&self, room: RoomId) -> String {
        let room = self.rooms.room(room);
        let here = room.names.from(0).map(|slot| &self.users.user(slot).nick);
        who::summary(room.user_count(), here)
    }

    /// Forgets those who left the server, now that they have got their part of the batch.
    pub(super) fn remove_departed(&mut self) {
        if !self.users.has_departed() {
            return;
        }
        let mut left: Vec<_> = self.users.departed().flat_map(User::memberships).collect();
        left.sort_unstable_by_key(|membership| membership.room);
        left.dedup_by_key(|membership| membership.room);
        let departed = self.users.departed_slots();
        for Membership { room, .. } in left {
            self.rooms.room_mut(room).retain_members(|slot| !departed.contains(slot));
            self.close_if_empty(room);
        }
        self.users.remove_departed();
    }
}
