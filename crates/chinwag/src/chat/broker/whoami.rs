//! What a user is told of themselves: what they are called, where they speak, what else holds for them.

use super::Broker;
use crate::chat::mutes::Mute;
use crate::chat::user_slot::UserSlot;
use crate::outbound::side_message::Prompt;
use crate::protocol::duration;
use crate::protocol::room_name::RoomName;

impl Broker {
    /// `/whoami`.
    pub(super) fn whoami(&mut self, slot: UserSlot) {
        let mut lines = vec![self.identity_line(slot)];
        let user = self.users.user(slot);
        let others = user.memberships().filter(|membership| !user.is_current_room(membership.room));
        let others: Vec<_> =
            others.map(|membership| self.rooms.room(membership.room).name.as_str()).collect();
        if let Some(latest) = others.last() {
            let all = others.join(", ");
            lines.push(format!("you also read {all}; /join {latest} speaks there"));
        }
        if let Some(words) = user.extras.as_ref().and_then(|extras| extras.away.as_deref()) {
            let words = if words == "\"\"" { String::new() } else { format!(": {words}") };
            lines.push(format!("you are away until you type /away{words}"));
        }
        if user.is_operator() {
            lines.push("you are an operator".to_owned());
        }
        if let Some(mute) = self.mute_of(slot) {
            lines.push(self.mute_text(mute));
        }
        lines.iter().for_each(|line| self.reply(slot, line));
    }

    /// That a user is muted, for as long as it lasts.
    pub(super) fn mute_text(&self, Mute { until, .. }: Mute) -> String {
        let rest = until.map(|until| duration::format(until.saturating_duration_since(self.now)));
        let rest = rest.map_or(String::new(), |rest| format!(" for {rest} more"));
        format!("you are muted{rest}: nobody reads what you write")
    }

    /// What a user is called, and where they speak.
    pub(super) fn identity_line(&self, slot: UserSlot) -> String {
        let nick = self.users.user(slot).nick;
        match self.current_room_name(slot) {
            Some(room) => format!("you are {nick} in {room}"),
            None => format!("you are {nick} and speak in no room: /join #lobby enters one"),
        }
    }

    /// `/nick` alone.
    pub(super) fn reply_current_nick(&mut self, slot: UserSlot) {
        let nick = self.users.user(slot).nick;
        self.reply_error(slot, &format!("you are {nick}; /nick NAME changes it"));
    }

    /// `/join` alone.
    pub(super) fn reply_current_room(&mut self, slot: UserSlot) {
        let words = match self.current_room_name(slot) {
            Some(room) => format!(
                "you speak in {room}: what you type goes there; /join #ROOM enters another, /rooms lists them"
            ),
            None => "you speak in no room; /join #ROOM enters one, /rooms lists them".to_owned(),
        };
        self.reply_error(slot, &words);
    }

    /// A user begins to edit lines, or ends it.
    pub(super) fn set_editing(&mut self, slot: UserSlot, on: bool) {
        let user = self.users.user_mut(slot);
        if on || user.extras.is_some() {
            user.extras_mut().is_editing = on;
        }
        self.show_prompt(slot);
    }

    /// Shows who edits lines before them what they are called and where they speak.
    pub(super) fn show_prompt(&self, slot: UserSlot) {
        let user = self.users.user(slot);
        if user.extras.as_ref().is_some_and(|extras| extras.is_editing) {
            let (nick, room) = (user.nick, self.current_room_name(slot));
            user.sender.show_prompt(Prompt { nick, room });
        }
    }

    /// The room that a user speaks in.
    fn current_room_name(&self, slot: UserSlot) -> Option<RoomName> {
        let current = self.users.user(slot).current?;
        Some(self.rooms.room(current.room).name.clone())
    }
}
