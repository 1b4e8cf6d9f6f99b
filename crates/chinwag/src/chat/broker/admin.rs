//! What the operators order.

use super::Broker;
use super::moderation::split_word;
use crate::chat::admin_command::{AdminCommand, BanInfo, RoomInfo, UserInfo};
use crate::chat::bans::unquoted;
use crate::chat::event::LeaveReason;
use crate::chat::moderation_error::ModerationError;
use crate::chat::mutes::MuteInfo;
use crate::chat::room::RoomId;
use crate::chat::user_slot::UserSlot;
use crate::outbound::disconnect_reason::DisconnectReason;
use crate::protocol::duration;
use crate::protocol::message::Message;
use crate::protocol::nick::Nick;
use crate::protocol::room_name::RoomName;
use crate::protocol::sanitize::{is_blank, quote};

/// What users are told who did it: nobody of those who are here.
const OPERATOR: &str = "the operator";

impl Broker {
    /// Does what was ordered. The user who does not wait for the answer any more need not have it.
    pub(super) fn handle_admin_command(&mut self, command: AdminCommand) {
        match command {
            AdminCommand::Who { answer } => drop(answer.send(self.list_users())),
            AdminCommand::Kick { nick, reason, answer } => {
                _ = answer.send(self.kick_from_server(&nick, &reason))
            }
            AdminCommand::Rooms { answer } => drop(answer.send(self.room_infos())),
            AdminCommand::Close { name, reason, answer } => {
                drop(answer.send(self.close_room(&name, &reason)));
            }
            AdminCommand::Mute { typed, answer } => drop(answer.send(self.mute_by_admin(&typed))),
            AdminCommand::Unmute { nick, answer } => {
                drop(answer.send(self.unmute_nick(&nick)));
            }
            AdminCommand::Mutes { answer } => drop(answer.send(self.all_mutes())),
            AdminCommand::ChangeBans { command, answer } => {
                drop(answer.send(self.apply_ban_command(&command, None)))
            }
            AdminCommand::Bans { answer } => drop(answer.send(self.all_bans())),
            AdminCommand::BanStoreFailed { reason } => self.report_store_failure(&reason),
            AdminCommand::Say { text, answer } => drop(answer.send(self.broadcast_notice(&text))),
        }
    }

    /// Everybody, by name.
    fn list_users(&self) -> Vec<UserInfo> {
        let present = |user: &crate::chat::user::User| UserInfo {
            nick: user.nick.to_string(),
            address: user.address,
            rooms: user.memberships().count(),
            pending: user.counters().pending(),
        };
        self.users.by_name().map(present).collect()
    }

    /// Ends a user's connection; says what they are called, if they were here.
    fn kick_from_server(&mut self, nick: &str, reason: &str) -> Option<Nick> {
        let slot = self.find_user(nick)?;
        let nick = self.users.user(slot).nick;
        let Some(slot) = self.flush_before_change(slot) else { return Some(nick) };
        self.metrics.disconnects_kicked += 1;
        if is_blank(reason) {
            self.disconnect(slot, DisconnectReason::Kicked);
        } else {
            let words = format!("! {OPERATOR} kicked you: {}\r\n", quote(reason));
            let departure = LeaveReason::KickedByAdmin { reason: reason.into() };
            self.disconnect_with(slot, DisconnectReason::Kicked, &words, departure);
        }
        Some(nick)
    }

    /// Tells everybody something; says how many they are.
    fn broadcast_notice(&mut self, text: &str) -> usize {
        // Everybody gets something of their own, and with it all that was said in this batch.
        self.flush(self.now);
        let ids: Vec<_> = self.users.by_name().map(|user| user.id).collect();
        let words = format!("{OPERATOR} says: {}", quote(text));
        for &id in &ids {
            if let Some(slot) = self.users.slot_of(id) {
                self.send_to(slot, Message::Reply(&words));
            }
        }
        ids.len()
    }

    // ---- rooms ----

    /// All rooms, by name.
    fn room_infos(&self) -> Vec<RoomInfo> {
        let open = |room: &crate::chat::room::Room| RoomInfo {
            name: room.name.clone(),
            users: room.user_count(),
            created_from: room.created_from,
            slow: room.slow_mode.as_ref().map(|slow| slow.interval()),
            topic: room.topic.clone(),
        };
        self.rooms.by_name().map(|(_, room)| open(room)).collect()
    }

    /// Takes everybody out of a room, and the room away with all that was said there. As after a kick those who spoke there
    /// speak nowhere until they join a room: what they were writing was not meant for another.
    fn close_room(
        &mut self,
        typed: &str,
        reason: &str,
    ) -> Result<(RoomName, usize), ModerationError> {
        let name = RoomName::parse(typed)?;
        let room = self.rooms.find(&name);
        let room = room.ok_or_else(|| ModerationError::UnknownRoom(name.clone()))?;
        if room == RoomId::LOBBY {
            return Err(ModerationError::LobbyStays);
        }
        // What was said before is read by all of them; the last of them may be disconnected by that.
        self.flush(self.now);
        if self.rooms.find(&name) != Some(room) {
            return Ok((name, 0));
        }
        self.release_backlog(room);
        let members = std::mem::take(&mut self.rooms.room_mut(room).members);
        let why = if is_blank(reason) { String::new() } else { format!(": {}", quote(reason)) };
        let words = format!("{OPERATOR} closed {name}{why}");
        for &slot in &members {
            self.expel_from_closed(slot, room, &words);
        }
        self.rooms.room_mut(room).remove_all_members();
        self.close_if_empty(room);
        Ok((name, members.len()))
    }

    /// A user is not in a room any more that goes.
    fn expel_from_closed(&mut self, slot: UserSlot, room: RoomId, words: &str) {
        let spoke = self.users.user_mut(slot).leave(room);
        self.stop_waiting_for_room(slot, room);
        self.reply_error(slot, words);
        if spoke {
            self.show_prompt(slot);
            self.reply(slot, "you speak in no room now: /join one");
        }
    }

    // ---- who may speak, and who may be here ----

    /// Mutes a user who is here.
    fn mute_by_admin(&mut self, typed: &str) -> Result<String, ModerationError> {
        let (asked, rest) = split_word(typed);
        let time = match rest.trim() {
            "" => None,
            word => Some(
                duration::parse(word)
                    .map_err(|reason| ModerationError::InvalidMuteTime(reason.to_string()))?,
            ),
        };
        let muted =
            self.find_user(asked).ok_or_else(|| ModerationError::UnknownNick(asked.to_owned()))?;
        self.mute_user(muted, time, OPERATOR)
    }

    /// All who are muted.
    fn all_mutes(&self) -> Vec<MuteInfo> {
        self.mutes.all(self.now).collect()
    }

    /// All bans.
    fn all_bans(&self) -> Vec<BanInfo> {
        let now = self.unix_seconds();
        let banned = |ban: &crate::chat::bans::Ban| BanInfo {
            target: ban.target.to_string(),
            until: ban.until,
            reason: unquoted(&ban.reason),
            description: ban.describe(now),
        };
        self.bans.iter(now).map(banned).collect()
    }
}
