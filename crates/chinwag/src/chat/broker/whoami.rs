//! What somebody is told of themselves: what they are called, where they speak, what else holds for them.

use super::Broker;
use crate::chat::mutes::Mute;
use crate::outbound::side_message::Place;
use crate::protocol::duration;
use crate::protocol::room_name::RoomName;

impl Broker {
    /// `/whoami`.
    pub(super) fn tell_of_oneself(&mut self, slot: usize) {
        let mut lines = vec![self.self_and_place(slot)];
        let member = self.roster.member(slot);
        let others = member.memberships().filter(|membership| !member.speaks_in(membership.room));
        let others: Vec<_> =
            others.map(|membership| self.rooms.room(membership.room).name.as_str()).collect();
        if let Some(latest) = others.last() {
            let all = others.join(", ");
            lines.push(format!("you also read {all}; /join {latest} speaks there"));
        }
        if let Some(words) = member.extras.as_ref().and_then(|extras| extras.away.as_deref()) {
            let words = if words == "\"\"" { String::new() } else { format!(": {words}") };
            lines.push(format!("you are away until you type /away{words}"));
        }
        if member.is_operator() {
            lines.push("you are an operator".to_owned());
        }
        if let Some(mute) = self.mute_of(slot) {
            lines.push(self.muted_words(mute));
        }
        lines.iter().for_each(|line| self.answer(slot, line));
    }

    /// That somebody is muted, for as long as it lasts.
    pub(super) fn muted_words(&self, Mute { until, .. }: Mute) -> String {
        let rest = until.map(|until| duration::words(until.saturating_duration_since(self.now)));
        let rest = rest.map_or(String::new(), |rest| format!(" for {rest} more"));
        format!("you are muted{rest}: nobody reads what you write")
    }

    /// What somebody is called, and where they speak.
    pub(super) fn self_and_place(&self, slot: usize) -> String {
        let nick = self.roster.member(slot).nick;
        match self.place(slot) {
            Some(room) => format!("you are {nick} in {room}"),
            None => format!("you are {nick} and speak in no room: /join #lobby enters one"),
        }
    }

    /// `/nick` alone.
    pub(super) fn ask_for_a_nick(&mut self, slot: usize) {
        let nick = self.roster.member(slot).nick;
        self.refuse(slot, &format!("you are {nick}; /nick NAME changes it"));
    }

    /// `/join` alone.
    pub(super) fn ask_for_a_room(&mut self, slot: usize) {
        let words = match self.place(slot) {
            Some(room) => format!(
                "you speak in {room}: what you type goes there; /join #ROOM enters another, /rooms lists them"
            ),
            None => "you speak in no room; /join #ROOM enters one, /rooms lists them".to_owned(),
        };
        self.refuse(slot, &words);
    }

    /// Somebody begins to edit lines, or ends it.
    pub(super) fn begin_or_end_editing(&mut self, slot: usize, on: bool) {
        let member = self.roster.member_mut(slot);
        if on || member.extras.is_some() {
            member.extras_mut().is_editing = on;
        }
        self.show_place(slot);
    }

    /// Shows who edits lines before them what they are called and where they speak.
    pub(super) fn show_place(&self, slot: usize) {
        let member = self.roster.member(slot);
        if member.extras.as_ref().is_some_and(|extras| extras.is_editing) {
            let (nick, room) = (member.nick, self.place(slot));
            member.outlet.show_place(Place { nick, room });
        }
    }

    /// The room that somebody speaks in.
    fn place(&self, slot: usize) -> Option<RoomName> {
        let current = self.roster.member(slot).current?;
        Some(self.rooms.room(current.room).name.clone())
    }
}
