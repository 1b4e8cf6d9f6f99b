//! What those who run the server order.

use super::Broker;
use super::moderation::split;
use crate::chat::admin_command::{Banned, Muted, OpenRoom, Order, Present};
use crate::chat::bans::unquoted;
use crate::chat::event::Departure;
use crate::chat::room::RoomId;
use crate::outbound::queue::Cut;
use crate::protocol::duration;
use crate::protocol::message::Line;
use crate::protocol::nick::Nick;
use crate::protocol::room_name::RoomName;
use crate::protocol::sanitize::{is_blank, quoted};

/// What people are told who did it: nobody of those who are here.
const OPERATOR: &str = "the operator";

impl Broker {
    /// Does what was ordered. Whoever does not wait for the answer any more need not have it.
    pub(super) fn handle_order(&mut self, order: Order) {
        match order {
            Order::Who { answer } => drop(answer.send(self.everybody())),
            Order::Kick { nick, reason, answer } => drop(answer.send(self.kick(&nick, &reason))),
            Order::Rooms { answer } => drop(answer.send(self.all_rooms())),
            Order::Close { name, reason, answer } => {
                drop(answer.send(self.close_room(&name, &reason)));
            }
            Order::Mute { typed, answer } => drop(answer.send(self.mute_typed(&typed))),
            Order::Unmute { nick, answer } => {
                let outcome = self.unmute_named(&nick);
                let reason = |reason: Option<String>| reason.unwrap_or_else(|| nobody(&nick));
                drop(answer.send(outcome.map_err(reason)));
            }
            Order::Mutes { answer } => drop(answer.send(self.all_mutes())),
            Order::Moderate { act, answer } => drop(answer.send(self.act(&act, None))),
            Order::Bans { answer } => drop(answer.send(self.all_bans())),
            Order::Unkept { reason } => self.tell_unkept(&reason),
            Order::Say { text, answer } => drop(answer.send(self.say_to_everybody(&text))),
        }
    }

    /// Everybody, by name.
    fn everybody(&self) -> Vec<Present> {
        let present = |member: &crate::chat::user::Member| Present {
            nick: member.nick.to_string(),
            address: member.address,
            rooms: member.memberships().count(),
            owed: member.balance().owed(),
        };
        self.roster.by_name().map(present).collect()
    }

    /// Ends somebody's connection; says what he is called, if he was here.
    fn kick(&mut self, nick: &str, reason: &str) -> Option<Nick> {
        let slot = self.find(nick)?;
        let nick = self.roster.member(slot).nick;
        let Some(slot) = self.settle(slot) else { return Some(nick) };
        self.metrics.cut_kicked += 1;
        if is_blank(reason) {
            self.cut(slot, Cut::Kicked);
        } else {
            let words = format!("! {OPERATOR} kicked you: {}\r\n", quoted(reason));
            let departure = Departure::Ejected { reason: reason.into() };
            self.cut_with(slot, Cut::Kicked, &words, departure);
        }
        Some(nick)
    }

    /// Tells everybody something; says how many they are.
    fn say_to_everybody(&mut self, text: &str) -> usize {
        // Everybody gets something of their own, and with it all that was said in this round.
        self.flush(self.now);
        let ids: Vec<_> = self.roster.by_name().map(|member| member.id).collect();
        let words = format!("{OPERATOR} says: {}", quoted(text));
        for &id in &ids {
            if let Some(slot) = self.roster.slot(id) {
                self.tell(slot, Line::Answer(&words));
            }
        }
        ids.len()
    }

    // ---- rooms ----

    /// All rooms, by name.
    fn all_rooms(&self) -> Vec<OpenRoom> {
        let open = |room: &crate::chat::room::Room| OpenRoom {
            name: room.name.clone(),
            people: room.present(),
            made_from: room.made_from,
            slow: room.slow.as_ref().map(|slow| slow.every()),
            topic: room.topic.clone(),
        };
        self.rooms.by_name().map(|(_, room)| open(room)).collect()
    }

    /// Takes everybody out of a room, and the room away with all that was said there. As after a kick those who spoke there
    /// speak nowhere until they join a room: what they were writing was not meant for another.
    fn close_room(&mut self, typed: &str, reason: &str) -> Result<(RoomName, usize), String> {
        let name = RoomName::parse(typed).map_err(|refused| refused.to_string())?;
        let room = self.rooms.named(&name);
        let room = room.ok_or_else(|| format!("there is no room {name}; `rooms` lists them"))?;
        if room == RoomId::LOBBY {
            return Err("#lobby cannot be closed, for everybody starts there".to_owned());
        }
        // What was said before is read by all of them; the last of them may be cut by that.
        self.flush(self.now);
        if self.rooms.named(&name) != Some(room) {
            return Ok((name, 0));
        }
        self.release_backlog(room);
        let members = std::mem::take(&mut self.rooms.room_mut(room).members);
        let why = if is_blank(reason) { String::new() } else { format!(": {}", quoted(reason)) };
        let words = format!("{OPERATOR} closed {name}{why}");
        for &slot in &members {
            self.lose_room(slot as usize, room, &words);
        }
        self.rooms.room_mut(room).forget_everybody();
        self.close_if_empty(room);
        Ok((name, members.len()))
    }

    /// Somebody is not in a room any more that goes.
    fn lose_room(&mut self, slot: usize, room: RoomId, words: &str) {
        let spoke = self.roster.member_mut(slot).leave(room);
        self.wait_no_more_in(slot, room);
        self.refuse(slot, words);
        if spoke {
            self.show_place(slot);
            self.answer(slot, "you speak in no room now: /join one");
        }
    }

    // ---- who may speak, and who may be here ----

    /// Mutes somebody who is here.
    fn mute_typed(&mut self, typed: &str) -> Result<String, String> {
        let (asked, rest) = split(typed);
        let time = match rest.trim() {
            "" => None,
            word => {
                Some(duration::parse(word).map_err(|reason| format!("nobody is muted: {reason}"))?)
            }
        };
        let muted = self.find(asked).ok_or_else(|| nobody(asked))?;
        self.mute_somebody(muted, time, OPERATOR)
    }

    /// All who are muted.
    fn all_mutes(&self) -> Vec<Muted> {
        self.mutes.all(self.now).collect()
    }

    /// All bans.
    fn all_bans(&self) -> Vec<Banned> {
        let now = self.since_1970();
        let banned = |ban: &crate::chat::bans::Ban| Banned {
            target: ban.target.to_string(),
            until: ban.until,
            reason: unquoted(&ban.reason),
            told: ban.told(now),
        };
        self.bans.iter(now).map(banned).collect()
    }
}

/// That nobody is called so.
fn nobody(asked: &str) -> String {
    format!("nobody is called {}", quoted(asked))
}
