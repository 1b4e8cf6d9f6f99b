//! What people ask about rooms: to enter and leave them, what they are about, who is in them, what was said.

use super::Broker;
use super::dispatch::NO_ROOM;
use crate::chat::broker::who;
use crate::chat::event::Departure;
use crate::chat::room::{Room, RoomId};
use crate::chat::user::Membership;
use crate::limits::{
    HISTORY_BYTES, MAX_ROOMS, MAX_ROOMS_PER_USER, MAX_TOPIC, REPLAY_BYTES, REPLAY_LINES, ROOMS_PAGE,
};
use crate::protocol::duration;
use crate::protocol::encode::{Heading, counted, people};
use crate::protocol::message::Line;
use crate::protocol::room_name::RoomName;
use crate::protocol::sanitize::{is_blank, quoted};
use std::net::IpAddr;

/// Why somebody makes no further room.
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
fn first_on(page: u32) -> usize {
    (page as usize - 1).saturating_mul(ROOMS_PAGE)
}

/// A room, as the list of them has it.
fn listed(room: &Room) -> String {
    let people = people(room.present() as u64);
    let topic = room.topic.as_deref().map_or(String::new(), |topic| format!(" {topic}"));
    format!("{} ({people}){topic}", room.name)
}

impl Broker {
    /// `/join`: somebody enters a room, or speaks in one that he is in already.
    pub(super) fn join_room(&mut self, slot: usize, asked: &str) {
        if asked.is_empty() {
            return self.ask_for_a_room(slot);
        }
        let name = match RoomName::parse(asked) {
            Ok(name) => name,
            Err(refused) => return self.refuse(slot, &refused.to_string()),
        };
        let member = self.roster.member(slot);
        let known = self.rooms.named(&name);
        if let Some(room) = known
            && member.membership(room).is_some()
        {
            return self.speak_in(slot, room);
        }
        if member.memberships().count() >= MAX_ROOMS_PER_USER {
            let most = MAX_ROOMS_PER_USER;
            return self.refuse(slot, &format!("you are in {most} rooms already: /part one first"));
        }
        if known.is_none() && self.rooms.len() >= MAX_ROOMS {
            let reason =
                format!("there are {MAX_ROOMS} rooms already: /rooms lists them, join one");
            return self.refuse(slot, &reason);
        }
        let from = member.address;
        if known.is_none() && !self.may_make_a_room(from) {
            return self.refuse(slot, TOO_MANY_MADE);
        }
        let Some(slot) = self.settle(slot) else { return };
        // The round that went out may have been the room's last.
        let open = self.rooms.named(&name);
        if open.is_none() && known.is_some() && !self.may_make_a_room(from) {
            return self.refuse(slot, TOO_MANY_MADE);
        }
        let room = open.unwrap_or_else(|| self.rooms.open(name, Some(from)));
        self.put_aside_current(slot);
        let joined = self.enter(slot, room);
        self.show_place(slot);
        let name = &self.rooms.room(room).name;
        let words = format!("you joined {name}");
        self.answer(slot, &words);
        let summary = self.summary(room);
        self.answer(slot, &summary);
        self.introduce(slot, room);
        self.announce_join(slot, joined);
    }

    /// Whether somebody from this address may make one more room.
    fn may_make_a_room(&self, from: IpAddr) -> bool {
        self.room_limit.get().is_none_or(|limit| self.rooms.may_make(from, limit))
    }

    /// What a newcomer is told of a room beside who is there.
    pub(super) fn introduce(&mut self, slot: usize, room: RoomId) {
        if let Some(topic) = &self.rooms.room(room).topic {
            let words = format!("the topic is {topic}");
            self.answer(slot, &words);
        }
        if let Some(slow) = &self.rooms.room(room).slow {
            let words = format!("this room takes {}", duration::one_line_of_each(slow.every()));
            self.answer(slot, &words);
        }
        if self.recall(slot, room, REPLAY_LINES, REPLAY_BYTES) {
            // What was told of that before may be off the screen.
            let words = self.self_and_place(slot);
            self.answer(slot, &words);
        }
    }

    /// Somebody speaks in another of his rooms from now on.
    fn speak_in(&mut self, slot: usize, room: RoomId) {
        if !self.roster.member(slot).speaks_in(room) {
            let Some(slot) = self.settle(slot) else { return };
            self.put_aside_current(slot);
            self.take_up(slot, |others| others.iter().position(|other| other.room == room));
        }
        let words = format!("you speak in {} now", self.rooms.room(room).name);
        self.answer(slot, &words);
        self.show_place(slot);
    }

    /// `/part`: somebody leaves a room, and speaks in the one that he joined last.
    pub(super) fn part(&mut self, slot: usize, asked: &str) {
        let member = self.roster.member(slot);
        let left = if asked.is_empty() {
            let Some(current) = member.current else { return self.refuse(slot, NO_ROOM) };
            current
        } else {
            let name = match RoomName::parse(asked) {
                Ok(name) => name,
                Err(refused) => return self.refuse(slot, &refused.to_string()),
            };
            let known = self.rooms.named(&name).and_then(|room| member.membership(room));
            let Some(left) = known else {
                return self.refuse(slot, &format!("you are not in {name}"));
            };
            left
        };
        let Some(slot) = self.settle(slot) else { return };
        let name = self.rooms.room(left.room).name.clone();
        let was_current = self.roster.member(slot).speaks_in(left.room);
        self.take_out(slot, left.room);
        if was_current {
            self.take_up(slot, |others| others.len().checked_sub(1));
            self.show_place(slot);
        }
        let words = match self.roster.member(slot).current {
            Some(now) => {
                format!("you left {name} and speak in {} now", self.rooms.room(now.room).name)
            }
            None => format!("you left {name} and are in no room now: /join #lobby to come back"),
        };
        self.answer(slot, &words);
        let nick = self.roster.member(slot).nick;
        let id = self.roster.member(slot).id;
        self.announce_leave(left, id, nick, &Departure::Parted(name), false);
        self.close_if_empty(left.room);
    }

    /// Takes somebody out of a room in the middle of his stay, with no round under way. In his own eyes he speaks nowhere,
    /// if it was his current one: the base of a kick, too.
    pub(super) fn take_out(&mut self, slot: usize, room: RoomId) {
        let member = self.roster.member_mut(slot);
        // The view is that of before.
        let (id, view, spoke) = (member.id, member.view_of(room), member.leave(room));
        let left = self.rooms.room_mut(room);
        left.slow.iter_mut().for_each(|slow| slow.leave(id));
        left.remove(slot, view, spoke, self.roster.names());
        self.rooms.rank(room);
        self.wait_no_more_in(slot, room);
    }

    /// A room that nobody is in goes away.
    pub(super) fn close_if_empty(&mut self, room: RoomId) {
        if let Some(gone) = self.rooms.close_if_empty(room) {
            self.busy.retain(|&busy| busy != room);
            self.paused.retain(|&paused| paused != room);
            let due = gone.crowd.due();
            due.into_iter().for_each(|due| _ = self.crowds.remove(&(due, room)));
        }
    }

    /// Somebody's current room becomes one of his others: he speaks nowhere for the moment.
    fn put_aside_current(&mut self, slot: usize) {
        self.unwatch_all(slot);
        let member = self.roster.member_mut(slot);
        if let Some(current) = member.current.take() {
            member.extras_mut().others.push(current);
        }
        self.watch_all(slot);
    }

    /// Somebody who speaks nowhere speaks in one of his others.
    fn take_up(&mut self, slot: usize, which: impl FnOnce(&[Membership]) -> Option<usize>) {
        self.unwatch_all(slot);
        let member = self.roster.member_mut(slot);
        if let Some(extras) = &mut member.extras
            && let Some(at) = which(&extras.others)
        {
            member.current = Some(extras.others.remove(at));
        }
        self.watch_all(slot);
    }

    /// Counts somebody's views out of his rooms, for they change. No round may be under way.
    pub(super) fn unwatch_all(&mut self, slot: usize) {
        let member = self.roster.member(slot);
        for Membership { room, .. } in member.memberships() {
            self.rooms.room_mut(room).unwatch(member.view_of(room), member.speaks_in(room));
        }
    }

    /// Counts somebody's views in his rooms again.
    pub(super) fn watch_all(&mut self, slot: usize) {
        let member = self.roster.member(slot);
        for Membership { room, .. } in member.memberships() {
            self.rooms.room_mut(room).watch(member.view_of(room), member.speaks_in(room));
        }
    }

    /// Ends the round before something changes that it takes for unchanging. Somebody may be cut by that: then there is no
    /// slot of his any more.
    pub(super) fn settle(&mut self, slot: usize) -> Option<usize> {
        let id = self.roster.member(slot).id;
        self.flush(self.now);
        self.roster.slot(id)
    }

    /// `/rooms`: their names, how many are in them, and what they are about; those with most people first.
    pub(super) fn list_rooms(&mut self, slot: usize, page: u32) {
        let count = self.rooms.len();
        let from = first_on(page);
        let listed = self.rooms.by_people_from(from).take(ROOMS_PAGE).map(listed).collect();
        self.show_rooms(slot, RoomsPage { count, page, asked: "/rooms".to_owned(), listed });
    }

    /// `/rooms` with a word: the same of those that have it in their names.
    pub(super) fn list_rooms_named(&mut self, slot: usize, word: &str, page: u32) {
        let wanted = word.to_lowercase();
        let all = self.rooms.by_people_from(0);
        let named: Vec<_> = all.filter(|room| room.name.as_str().contains(&wanted)).collect();
        if named.is_empty() {
            let reason = format!("no room has {} in its name; /rooms lists all", quoted(word));
            return self.refuse(slot, &reason);
        }
        let count = named.len();
        let from = named.get(first_on(page)..).unwrap_or_default();
        let listed = from.iter().take(ROOMS_PAGE).copied().map(listed).collect();
        self.show_rooms(slot, RoomsPage { count, page, asked: format!("/rooms {wanted}"), listed });
    }

    /// Tells somebody a page of rooms, or that there is no such page.
    fn show_rooms(&mut self, slot: usize, shown: RoomsPage) {
        let RoomsPage { count, page, asked, listed } = shown;
        let pages = count.div_ceil(ROOMS_PAGE);
        let page = page as usize;
        if page > pages {
            let reason =
                format!("there is no page {page} of rooms: the last one is {asked} {pages}");
            return self.refuse(slot, &reason);
        }
        let more = match (pages, page) {
            (1, _) => String::new(),
            (pages, last) if last == pages => format!(", page {last} of {pages}"),
            (pages, page) => {
                format!(", page {page} of {pages} (go on with {asked} {})", page + 1)
            }
        };
        self.answer(slot, &format!("{}{more}:", counted(count as u64, "room")));
        listed.iter().for_each(|line| self.answer(slot, line));
    }

    /// `/topic`: what the current room is about.
    pub(super) fn topic(&mut self, slot: usize, words: &str) {
        let member = self.roster.member(slot);
        let (nick, id) = (member.nick, member.id);
        let Some(current) = member.current else { return self.refuse(slot, NO_ROOM) };
        let room = self.rooms.room_mut(current.room);
        let name = room.name.clone();
        if words.is_empty() {
            let told = match &room.topic {
                Some(topic) => format!("the topic of {name} is {topic}"),
                None => format!("{name} has no topic; /topic TEXT gives it one"),
            };
            return self.answer(slot, &told);
        }
        if words == NO_TOPIC {
            room.topic = None;
            self.announce_if_counted(current);
            self.publish(current.room, &Line::Topic(nick, None), Some(slot));
            return self.answer(slot, &format!("{name} has no topic now"));
        }
        if is_blank(words) || words.len() > MAX_TOPIC {
            let reason =
                format!("a topic has at most {MAX_TOPIC} bytes, and something to read in it");
            return self.refuse(slot, &reason);
        }
        let topic = quoted(words);
        room.topic = Some(topic.as_str().into());
        self.announce_if_counted(current);
        self.publish_words(current.room, &Line::Topic(nick, Some(&topic)), id, Some(slot), None);
        self.answer(slot, &format!("the topic of {name} is now {topic}"));
    }

    /// `/who`: who is in a room.
    pub(super) fn list_people(&mut self, slot: usize, asked: &str, page: u32) {
        let (room, place) = if asked.is_empty() {
            let Some(current) = self.roster.member(slot).current else {
                return self.refuse(slot, "you speak in no room: name one, as in: /who #lobby");
            };
            (current.room, who::Place::Here)
        } else {
            let name = match RoomName::parse(asked) {
                Ok(name) => name,
                Err(refused) => return self.refuse(slot, &refused.to_string()),
            };
            let Some(room) = self.rooms.named(&name) else {
                return self.refuse(slot, &format!("there is no room {name}; /rooms lists them"));
            };
            (room, who::Place::In(name))
        };
        let asked = self.rooms.room(room);
        let names = &asked.names;
        let name = |slot: u32| {
            let member = self.roster.member(slot as usize);
            who::Name { nick: &member.nick, away: member.is_away() }
        };
        match who::page(asked.present(), |place| names.from(place).map(name), &place, page) {
            Ok(names) => self.answer(slot, &names),
            Err(reason) => self.refuse(slot, &reason),
        }
    }

    /// `/history`: the last lines of the current room.
    pub(super) fn recall_here(&mut self, slot: usize, lines: usize) {
        let Some(current) = self.roster.member(slot).current else {
            return self.refuse(slot, NO_ROOM);
        };
        if !self.recall(slot, current.room, lines, HISTORY_BYTES) {
            self.answer(slot, "nothing was said here yet");
        }
    }

    /// Tells somebody what was said in a room last, but for those whose words he does not want. Says whether there was
    /// anything.
    fn recall(&mut self, slot: usize, room: RoomId, lines: usize, bytes: usize) -> bool {
        let member = self.roster.member(slot);
        let history = &mut self.rooms.room_mut(room).history;
        let told = history.last(lines, bytes, member.ignores());
        if told.is_empty() {
            return false;
        }
        let (view, mut shown) = (member.view, Vec::new());
        let lines = counted(told.len() as u64, "line");
        let count = format!("last {lines}:");
        let heading = |at| Heading { time: view.is_timed().then_some(at), room: None };
        let now = self.clock.time_of_day(self.now);
        view.door().encode_under(heading(now), &Line::Answer(&count), &mut shown);
        for (entry, words) in told {
            let line = Line::Past { nick: entry.nick, did: entry.did, words };
            view.door().encode_under(heading(entry.at), &line, &mut shown);
        }
        self.make_special(slot);
        self.stamp += 1;
        self.gathered += self.asides.push(slot, self.stamp, |out| out.extend_from_slice(&shown));
        true
    }
}
