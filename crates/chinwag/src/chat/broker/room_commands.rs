//! What users ask about rooms: to enter and leave them, what they are about, who is in them, what was said.

use super::Broker;
use super::dispatch::NO_ROOM;
use crate::chat::broker::who;
use crate::chat::event::LeaveReason;
use crate::chat::room::{Room, RoomId};
use crate::chat::user::Membership;
use crate::chat::user_slot::UserSlot;
use crate::limits::{
    HISTORY_BYTES, MAX_ROOMS, MAX_ROOMS_PER_USER, MAX_TOPIC, REPLAY_BYTES, REPLAY_LINES, ROOMS_PAGE,
};
use crate::protocol::duration;
use crate::protocol::encode::{Prefix, people_count, pluralize};
use crate::protocol::message::Message;
use crate::protocol::room_name::RoomName;
use crate::protocol::sanitize::{is_blank, quote};
use std::net::IpAddr;

/// Why a user makes no further room.
const TOO_MANY_MADE: &str = "your address has made as many rooms as it may: join one that is there, or leave one of them empty";

/// What takes a topic away.
const NO_TOPIC: &str = "-";

/// A page of the list of rooms.
struct RoomsPage {
    /// How many rooms there are on all pages.
    count: usize,
    /// Which page, from 1.
    page: u32,
    /// What asks for the pages, but for their number.
    asked: String,
    /// The rooms on it, a line each.
    listed: Vec<String>,
}

/// Which of the rooms is the first on a page.
fn first_index_on(page: u32) -> usize {
    (page as usize - 1).saturating_mul(ROOMS_PAGE)
}

/// A room, as the list of them has it.
fn room_entry(room: &Room) -> String {
    let people = people_count(room.user_count() as u64);
    let topic = room.topic.as_deref().map_or(String::new(), |topic| format!(" {topic}"));
    format!("{} ({people}){topic}", room.name)
}

impl Broker {
    /// `/join`: a user enters a room, or speaks in one that they are in already.
    pub(super) fn join_room(&mut self, slot: UserSlot, asked: &str) {
        if asked.is_empty() {
            return self.reply_current_room(slot);
        }
        let name = match RoomName::parse(asked) {
            Ok(name) => name,
            Err(refused) => return self.reply_error(slot, &refused.to_string()),
        };
        let user = self.users.user(slot);
        let known = self.rooms.find(&name);
        if let Some(room) = known
            && user.membership(room).is_some()
        {
            return self.switch_room(slot, room);
        }
        if user.memberships().count() >= MAX_ROOMS_PER_USER {
            let most = MAX_ROOMS_PER_USER;
            return self
                .reply_error(slot, &format!("you are in {most} rooms already: /part one first"));
        }
        if known.is_none() && self.rooms.len() >= MAX_ROOMS {
            let reason =
                format!("there are {MAX_ROOMS} rooms already: /rooms lists them, join one");
            return self.reply_error(slot, &reason);
        }
        let from = user.address;
        if known.is_none() && !self.may_create_room(from) {
            return self.reply_error(slot, TOO_MANY_MADE);
        }
        let Some(slot) = self.flush_before_change(slot) else { return };
        // The batch that went out may have been the room's last.
        let open = self.rooms.find(&name);
        if open.is_none() && known.is_some() && !self.may_create_room(from) {
            return self.reply_error(slot, TOO_MANY_MADE);
        }
        let room = open.unwrap_or_else(|| self.rooms.create(name, Some(from)));
        self.clear_current(slot);
        let joined = self.enter_room(slot, room);
        self.show_prompt(slot);
        let name = &self.rooms.room(room).name;
        let words = format!("you joined {name}");
        self.reply(slot, &words);
        let summary = self.room_summary(room);
        self.reply(slot, &summary);
        self.send_room_intro(slot, room);
        self.announce_join(slot, joined);
    }

    /// Whether a user from this address may make one more room.
    fn may_create_room(&self, from: IpAddr) -> bool {
        self.room_limit.get().is_none_or(|limit| self.rooms.may_create(from, limit))
    }

    /// What a new client is told of a room beside who is there.
    pub(super) fn send_room_intro(&mut self, slot: UserSlot, room: RoomId) {
        if let Some(topic) = &self.rooms.room(room).topic {
            let words = format!("the topic is {topic}");
            self.reply(slot, &words);
        }
        if let Some(slow) = &self.rooms.room(room).slow_mode {
            let words = format!("this room takes {}", duration::format_slow_mode(slow.interval()));
            self.reply(slot, &words);
        }
        if self.replay_history(slot, room, REPLAY_LINES, REPLAY_BYTES) {
            // What was told of that before may be off the screen.
            let words = self.identity_line(slot);
            self.reply(slot, &words);
        }
    }

    /// A user speaks in another of their rooms from now on.
    fn switch_room(&mut self, slot: UserSlot, room: RoomId) {
        if !self.users.user(slot).is_current_room(room) {
            let Some(slot) = self.flush_before_change(slot) else { return };
            self.clear_current(slot);
            self.set_current(slot, |other_rooms| {
                other_rooms.iter().position(|other| other.room == room)
            });
        }
        let words = format!("you speak in {} now", self.rooms.room(room).name);
        self.reply(slot, &words);
        self.show_prompt(slot);
    }

    /// `/part`: a user leaves a room, and speaks in the one that they joined last.
    pub(super) fn part(&mut self, slot: UserSlot, asked: &str) {
        let user = self.users.user(slot);
        let left = if asked.is_empty() {
            let Some(current) = user.current else { return self.reply_error(slot, NO_ROOM) };
            current
        } else {
            let name = match RoomName::parse(asked) {
                Ok(name) => name,
                Err(refused) => return self.reply_error(slot, &refused.to_string()),
            };
            let known = self.rooms.find(&name).and_then(|room| user.membership(room));
            let Some(left) = known else {
                return self.reply_error(slot, &format!("you are not in {name}"));
            };
            left
        };
        let Some(slot) = self.flush_before_change(slot) else { return };
        let name = self.rooms.room(left.room).name.clone();
        let was_current = self.users.user(slot).is_current_room(left.room);
        self.remove_from_room(slot, left.room);
        if was_current {
            self.set_current(slot, |other_rooms| other_rooms.len().checked_sub(1));
            self.show_prompt(slot);
        }
        let words = match self.users.user(slot).current {
            Some(now) => {
                format!("you left {name} and speak in {} now", self.rooms.room(now.room).name)
            }
            None => format!("you left {name} and are in no room now: /join #lobby to come back"),
        };
        self.reply(slot, &words);
        let nick = self.users.user(slot).nick;
        let id = self.users.user(slot).id;
        self.announce_leave(left, id, nick, &LeaveReason::Parted(name), false);
        self.close_if_empty(left.room);
    }

    /// Takes a user out of a room in the middle of their stay, with no batch under way. In their own eyes they speak nowhere,
    /// if it was their current one: the base of a kick, too.
    pub(super) fn remove_from_room(&mut self, slot: UserSlot, room: RoomId) {
        let user = self.users.user_mut(slot);
        // The view is that of before.
        let (id, view, spoke) = (user.id, user.view_of(room), user.leave(room));
        let left = self.rooms.room_mut(room);
        left.slow_mode.iter_mut().for_each(|slow| slow.leave(id));
        left.remove(slot, view, spoke, self.users.nick_of());
        self.rooms.update_size(room);
        self.stop_waiting_for_room(slot, room);
    }

    /// A room that nobody is in goes away.
    pub(super) fn close_if_empty(&mut self, room: RoomId) {
        if let Some(gone) = self.rooms.close_if_empty(room) {
            self.dirty_rooms.retain(|&busy| busy != room);
            self.paused_rooms.retain(|&paused| paused != room);
            let due = gone.join_summary.due();
            due.into_iter().for_each(|due| _ = self.join_summaries_due.remove(&(due, room)));
        }
    }

    /// A user's current room becomes one of their others: they speak nowhere for the moment.
    fn clear_current(&mut self, slot: UserSlot) {
        self.remove_views(slot);
        let user = self.users.user_mut(slot);
        if let Some(current) = user.current.take() {
            user.extras_mut().other_rooms.push(current);
        }
        self.add_views(slot);
    }

    /// A user who speaks nowhere speaks in one of their others.
    fn set_current(&mut self, slot: UserSlot, which: impl FnOnce(&[Membership]) -> Option<usize>) {
        self.remove_views(slot);
        let user = self.users.user_mut(slot);
        if let Some(extras) = &mut user.extras
            && let Some(at) = which(&extras.other_rooms)
        {
            user.current = Some(extras.other_rooms.remove(at));
        }
        self.add_views(slot);
    }

    /// Counts a user's views out of their rooms, for they change. No batch may be under way.
    pub(super) fn remove_views(&mut self, slot: UserSlot) {
        let user = self.users.user(slot);
        for Membership { room, .. } in user.memberships() {
            self.rooms.room_mut(room).remove_view(user.view_of(room), user.is_current_room(room));
        }
    }

    /// Counts a user's views in their rooms again.
    pub(super) fn add_views(&mut self, slot: UserSlot) {
        let user = self.users.user(slot);
        for Membership { room, .. } in user.memberships() {
            self.rooms.room_mut(room).add_view(user.view_of(room), user.is_current_room(room));
        }
    }

    /// Ends the batch before something changes that it takes for unchanging. A user may be disconnected by that: then there is no
    /// slot of theirs any more.
    pub(super) fn flush_before_change(&mut self, slot: UserSlot) -> Option<UserSlot> {
        let id = self.users.user(slot).id;
        self.flush(self.now);
        self.users.slot_of(id)
    }

    /// `/rooms`: their names, how many are in them, and what they are about; those with most users first.
    pub(super) fn list_rooms(&mut self, slot: UserSlot, page: u32) {
        let count = self.rooms.len();
        let from = first_index_on(page);
        let listed = self.rooms.by_size_from(from).take(ROOMS_PAGE).map(room_entry).collect();
        self.send_rooms_page(slot, RoomsPage { count, page, asked: "/rooms".to_owned(), listed });
    }

    /// `/rooms` with a word: the same of those that have it in their names.
    pub(super) fn list_rooms_matching(&mut self, slot: UserSlot, word: &str, page: u32) {
        let wanted = word.to_lowercase();
        let all = self.rooms.by_size_from(0);
        let named: Vec<_> = all.filter(|room| room.name.as_str().contains(&wanted)).collect();
        if named.is_empty() {
            let reason = format!("no room has {} in its name; /rooms lists all", quote(word));
            return self.reply_error(slot, &reason);
        }
        let count = named.len();
        let from = named.get(first_index_on(page)..).unwrap_or_default();
        let listed = from.iter().take(ROOMS_PAGE).copied().map(room_entry).collect();
        self.send_rooms_page(
            slot,
            RoomsPage { count, page, asked: format!("/rooms {wanted}"), listed },
        );
    }

    /// Tells a user a page of rooms, or that there is no such page.
    fn send_rooms_page(&mut self, slot: UserSlot, shown: RoomsPage) {
        let RoomsPage { count, page, asked, listed } = shown;
        let pages = count.div_ceil(ROOMS_PAGE);
        let page = page as usize;
        if page > pages {
            let reason =
                format!("there is no page {page} of rooms: the last one is {asked} {pages}");
            return self.reply_error(slot, &reason);
        }
        let more = match (pages, page) {
            (1, _) => String::new(),
            (pages, last) if last == pages => format!(", page {last} of {pages}"),
            (pages, page) => {
                format!(", page {page} of {pages} (go on with {asked} {})", page + 1)
            }
        };
        self.reply(slot, &format!("{}{more}:", pluralize(count as u64, "room")));
        listed.iter().for_each(|line| self.reply(slot, line));
    }

    /// `/topic`: what the current room is about.
    pub(super) fn topic(&mut self, slot: UserSlot, words: &str) {
        let user = self.users.user(slot);
        let (nick, id) = (user.nick, user.id);
        let Some(current) = user.current else { return self.reply_error(slot, NO_ROOM) };
        let room = self.rooms.room_mut(current.room);
        let name = room.name.clone();
        if words.is_empty() {
            let text = match &room.topic {
                Some(topic) => format!("the topic of {name} is {topic}"),
                None => format!("{name} has no topic; /topic TEXT gives it one"),
            };
            return self.reply(slot, &text);
        }
        if words == NO_TOPIC {
            room.topic = None;
            self.flush_summary_containing(current);
            self.publish(current.room, &Message::Topic(nick, None), Some(slot));
            return self.reply(slot, &format!("{name} has no topic now"));
        }
        if is_blank(words) || words.len() > MAX_TOPIC {
            let reason =
                format!("a topic has at most {MAX_TOPIC} bytes, and something to read in it");
            return self.reply_error(slot, &reason);
        }
        let topic = quote(words);
        room.topic = Some(topic.as_str().into());
        self.flush_summary_containing(current);
        self.publish_user_text(
            current.room,
            &Message::Topic(nick, Some(&topic)),
            id,
            Some(slot),
            None,
        );
        self.reply(slot, &format!("the topic of {name} is now {topic}"));
    }

    /// `/who`: who is in a room.
    pub(super) fn list_room_users(&mut self, slot: UserSlot, asked: &str, page: u32) {
        let (room, scope) = if asked.is_empty() {
            let Some(current) = self.users.user(slot).current else {
                return self
                    .reply_error(slot, "you speak in no room: name one, as in: /who #lobby");
            };
            (current.room, who::Scope::CurrentRoom)
        } else {
            let name = match RoomName::parse(asked) {
                Ok(name) => name,
                Err(refused) => return self.reply_error(slot, &refused.to_string()),
            };
            let Some(room) = self.rooms.find(&name) else {
                return self
                    .reply_error(slot, &format!("there is no room {name}; /rooms lists them"));
            };
            (room, who::Scope::Room(name))
        };
        let asked = self.rooms.room(room);
        let names = &asked.names;
        let name = |slot: UserSlot| {
            let user = self.users.user(slot);
            who::Entry { nick: &user.nick, away: user.is_away() }
        };
        match who::page(asked.user_count(), |place| names.from(place).map(name), &scope, page) {
            Ok(names) => self.reply(slot, &names),
            Err(missing) => self.reply_error(slot, &missing.to_string()),
        }
    }

    /// `/history`: the last lines of the current room.
    pub(super) fn send_history(&mut self, slot: UserSlot, lines: usize) {
        let Some(current) = self.users.user(slot).current else {
            return self.reply_error(slot, NO_ROOM);
        };
        if !self.replay_history(slot, current.room, lines, HISTORY_BYTES) {
            self.reply(slot, "nothing was said here yet");
        }
    }

    /// Tells a user what was said in a room last, but for those whose words they do not want. Says whether there was
    /// anything.
    fn replay_history(&mut self, slot: UserSlot, room: RoomId, lines: usize, bytes: usize) -> bool {
        let user = self.users.user(slot);
        let history = &mut self.rooms.room_mut(room).history;
        let text = history.recent(lines, bytes, user.ignores());
        if text.is_empty() {
            return false;
        }
        let (view, mut shown) = (user.view, Vec::new());
        let lines = pluralize(text.len() as u64, "line");
        let count = format!("last {lines}:");
        let heading = |at| Prefix { time: view.is_timed().then_some(at), room: None };
        let now = self.wall_clock.time_of_day(self.now);
        view.format().encode_with_prefix(heading(now), &Message::Reply(&count), &mut shown);
        for (entry, words) in text {
            let line =
                Message::Replay { nick: entry.nick, is_action: entry.is_action, text: words };
            view.format().encode_with_prefix(heading(entry.at), &line, &mut shown);
        }
        self.mark_custom(slot);
        self.last_order += 1;
        self.batch_bytes +=
            self.direct_lines.push(slot, self.last_order, |out| out.extend_from_slice(&shown));
        true
    }
}
