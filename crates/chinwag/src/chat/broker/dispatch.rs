//! What users ask for, line by line.

use super::Broker;
use crate::chat::admin_command::BanCommand;
use crate::chat::event::{ClientId, CommandBatch, Event, LeaveReason};
use crate::chat::room::RoomId;
use crate::chat::user_slot::UserSlot;
use crate::protocol::command::{self, COMMANDS, Command, CommandKind};
use crate::protocol::message::Message;
use crate::protocol::nick::Nick;
use crate::protocol::sanitize::{is_blank, quote};
use crate::protocol::time_of_day::UtcOffset;
use crate::protocol::view::View;

/// Most characters of an unknown command that its refusal repeats.
const MAX_SHOWN: usize = 32;

impl Broker {
    /// Takes the lines of one read, up to one that must wait: with those behind it.
    pub(super) fn handle_commands(&mut self, id: ClientId, inputs: CommandBatch) {
        let Some(slot) = self.users.slot_of(id) else { return };
        self.reset_bell(slot);
        let mut hindered = None;
        for (at, input) in inputs.iter().enumerate() {
            // What went before may have been the end of them, or this.
            if self.users.is_current(slot, id) {
                self.flush_before_input(slot, input.kind, input.text);
            }
            if !self.users.is_current(slot, id) {
                return;
            }
            if let Some(waits_for) = self.defer_reason(slot, input) {
                hindered = Some((at, waits_for));
                break;
            }
            if input.kind == CommandKind::Quit {
                let departure = LeaveReason::Quit(Some(input.text.to_owned()));
                return self.leave(id, departure);
            }
            self.dispatch_command(slot, input);
        }
        if let Some((at, waits_for)) = hindered {
            let rest = Event::Lines { id, inputs: inputs.starting_at(at) };
            return self.defer(slot, rest, waits_for);
        }
        if self.users.is_current(slot, id) {
            self.users.user(slot).sender.event_handled();
        }
    }

    /// Takes one line.
    fn dispatch_command(&mut self, slot: UserSlot, input: Command<'_>) {
        let text = input.text;
        let nick = self.users.user(slot).nick;
        if !self.check_mute(slot, input.kind, text) {
            return;
        }
        match input.kind {
            CommandKind::Say if is_blank(text) => {}
            CommandKind::Say => self.speak(slot, &Message::Say(nick, text), text),
            CommandKind::Action if is_blank(text) => {}
            CommandKind::Action => self.speak(slot, &Message::Action(nick, text), text),
            CommandKind::Nick => self.rename(slot, text),
            CommandKind::Whoami => self.whoami(slot),
            CommandKind::Join => self.join_room(slot, text),
            CommandKind::Part => self.part(slot, text),
            CommandKind::Rooms { page } => self.list_rooms(slot, page),
            CommandKind::RoomsMatching { page } => self.list_rooms_matching(slot, text, page),
            CommandKind::Topic => self.topic(slot, text),
            CommandKind::Who { page } => self.list_room_users(slot, text, page),
            CommandKind::Message => self.send_message(slot, text),
            CommandKind::Reply => self.send_reply(slot, text),
            CommandKind::Ignore => self.ignore(slot, text),
            CommandKind::Unignore => self.unignore(slot, text),
            CommandKind::Away => self.set_away(slot, text),
            CommandKind::Time { on, offset } => self.set_time(slot, on, offset.unwrap_or_default()),
            CommandKind::Quiet(on) => self.set_quiet(slot, on),
            CommandKind::Bell(on) => self.set_bell(slot, on),
            CommandKind::History { lines } => self.send_history(slot, lines as usize),
            CommandKind::Help => self.help(slot, text),
            CommandKind::Unknown => {
                let is_operator = self.users.user(slot).is_operator();
                let near = || command::suggest(&truncated(text), is_operator);
                let instead = command::equivalent_of(text).or_else(near).unwrap_or("/help");
                self.reply_error(
                    slot,
                    &format!("unknown command {}, try {instead}", truncated(text)),
                )
            }
            CommandKind::Invalid(reason) => self.reply_error(slot, reason),
            // The last of a user's lines, taken care of by the caller; what their own task takes care of.
            CommandKind::Quit | CommandKind::Color(_) | CommandKind::Oper => {}
            CommandKind::Edit(on) => self.set_editing(slot, on),
            CommandKind::OperResult { outcome: attempt, in_clear } => {
                self.handle_oper_result(slot, attempt, in_clear)
            }
            CommandKind::Kick
            | CommandKind::Ban
            | CommandKind::Unban
            | CommandKind::Bans { .. }
            | CommandKind::Mute
            | CommandKind::Unmute
            | CommandKind::Slow => self.moderate(slot, input),
        }
    }

    /// Does what only operators may ask for.
    fn moderate(&mut self, slot: UserSlot, input: Command<'_>) {
        if !self.require_operator(slot) {
            return;
        }
        let (text, record) = (input.text, self.begin_audit(slot, input));
        match input.kind {
            CommandKind::Kick => self.kick_from_room(slot, text),
            CommandKind::Ban => self.change_bans(slot, &BanCommand::Ban(text.to_owned())),
            CommandKind::Unban => self.change_bans(slot, &BanCommand::Unban(text.to_owned())),
            CommandKind::Bans { page } => self.list_bans(slot, page),
            CommandKind::Mute => self.mute(slot, text),
            CommandKind::Unmute => self.unmute(slot, text),
            CommandKind::Slow => self.set_slow_mode(slot, text),
            _ => {}
        }
        self.finish_audit(record);
    }

    /// Tells a user what they asked for.
    pub(super) fn reply(&mut self, slot: UserSlot, words: &str) {
        self.note_reply(slot, false, words);
        self.send_to(slot, Message::Reply(words));
    }

    /// Tells a user why not.
    pub(super) fn reply_error(&mut self, slot: UserSlot, reason: &str) {
        self.note_reply(slot, true, reason);
        self.send_to(slot, Message::Error(reason));
    }

    /// Gives a user's room a line of theirs with these words. They must have been announced before.
    fn speak(&mut self, slot: UserSlot, line: &Message<'_>, words: &str) {
        let user = self.users.user(slot);
        let Some(current) = user.current else {
            return self.reply_error(slot, NO_ROOM);
        };
        let (id, ignored) = (user.id, user.ignored_by > 0);
        if !self.check_slow_mode(slot, current.room) {
            return;
        }
        let at = self.wall_clock.time_of_day(self.now);
        let room = self.rooms.room_mut(current.room);
        room.flow.on_message(id, self.served_clock.now());
        room.history.push(id, line, at);
        self.flush_summary_containing(current);
        if ignored {
            self.publish_user_text(current.room, line, id, Some(slot), None);
        } else {
            self.publish(current.room, line, Some(slot));
        }
        self.ring_mentioned(current.room, id, words);
    }

    /// Calls a user as they ask, or says why not.
    fn rename(&mut self, slot: UserSlot, asked: &str) {
        if asked.trim().is_empty() {
            return self.reply_current_nick(slot);
        }
        let old = self.users.user(slot).nick;
        // Nobody sees the blanks that a terminal's completion or a paste leaves behind a name.
        let nick = match Nick::parse(asked.trim_end_matches([' ', '\t'])) {
            Ok(nick) => nick,
            Err(refused) => return self.reply_error(slot, &refused.to_string()),
        };
        if nick == old {
            return self.reply(slot, &format!("you are {nick} already"));
        }
        if let Some(holder) = self.users.look_alike(nick, Some(slot)) {
            self.probe(holder, slot, false);
            let holder = self.users.user(holder).nick;
            let looks = if holder.fold() == nick.fold() {
                String::new()
            } else {
                format!(": it looks like {holder}")
            };
            return self.reply_error(slot, &format!("the nick \"{nick}\" is taken{looks}"));
        }
        if let Some(reason) = self.ban_of_nick(nick) {
            return self.reply_error(slot, &reason);
        }
        let rooms: Vec<_> = self.users.user(slot).memberships().map(|m| m.room).collect();
        self.set_nick(slot, nick, &rooms);
        self.connection_log.renamed(old, nick, self.users.user(slot).address);
        self.reapply_mute(slot, false);
        // Also the leaves: the user who had this name before is seen to leave before it is given away.
        rooms.iter().for_each(|&room| self.flush_join_summary(room));
        self.publish_in_rooms(&rooms, &Message::Renamed(old, nick), slot);
        self.reply(slot, &format!("you are {nick} now"));
        self.show_prompt(slot);
    }

    /// Gives a user who is in these rooms another name, by which they are listed from now on.
    fn set_nick(&mut self, slot: UserSlot, nick: Nick, rooms: &[RoomId]) {
        for &room in rooms {
            self.rooms.room_mut(room).names.remove(slot, self.users.nick_of());
        }
        self.users.rename(slot, nick);
        for &room in rooms {
            self.rooms.room_mut(room).names.insert(slot, self.users.nick_of());
        }
    }

    /// Lists the commands, or says more of one.
    fn help(&mut self, slot: UserSlot, asked: &str) {
        if asked.is_empty() {
            self.reply(slot, "what you type goes to everybody in your room, but for these:");
            let is_operator = self.users.user(slot).is_operator();
            for command in COMMANDS.iter().filter(|c| is_operator || !c.for_operators) {
                self.reply(slot, &format!("{:<20} {}", command.usage, command.summary));
            }
            return;
        }
        let Some(command) = command::find(asked) else {
            let reason = format!("there is no command {}; /help lists them", truncated(asked));
            return self.reply_error(slot, &reason);
        };
        self.reply(slot, &format!("{}: {}", command.usage, command.summary));
        command.details.iter().for_each(|line| self.reply(slot, line));
    }

    /// Puts the time before each line, or does not. It is in UTC here; the task of who wants it otherwise rewrites it.
    fn set_time(&mut self, slot: UserSlot, on: Option<bool>, offset: UtcOffset) {
        let view = self.users.user(slot).view;
        let at = self.wall_clock.time_of_day(self.now).in_zone(offset);
        let words = match on {
            Some(true) => format!(
                "the time in {offset} stands before each line now, as in: {at} alice: hello"
            ),
            Some(false) => "no time stands before the lines now".to_owned(),
            None if view.is_timed() => {
                format!("it is {at} in {offset}; /time off ends time stamps")
            }
            None => format!("it is {at} in {offset}; /time on puts the time before each line"),
        };
        self.change_view(slot, view.timed(on.unwrap_or(view.is_timed())), &words);
    }

    /// Hides who comes and leaves, or does not.
    fn set_quiet(&mut self, slot: UserSlot, on: Option<bool>) {
        let view = self.users.user(slot).view;
        let words = match on {
            Some(true) => "you do not read any more who comes and leaves",
            Some(false) => "you read who comes and leaves",
            None if view.is_quiet() => {
                "you do not read who comes and leaves; /quiet off changes that"
            }
            None => "you read who comes and leaves; /quiet on hides that",
        };
        self.change_view(slot, view.quiet(on.unwrap_or(view.is_quiet())), words);
    }

    /// Shows a user their rooms in another way from here on, and tells them so.
    fn change_view(&mut self, slot: UserSlot, view: View, words: &str) {
        if view != self.users.user(slot).view {
            let Some(slot) = self.flush_before_change(slot) else { return };
            self.remove_views(slot);
            self.users.user_mut(slot).view = view;
            self.add_views(slot);
            return self.reply(slot, words);
        }
        self.reply(slot, words);
    }

    /// Away with these words if there are any, or back.
    fn set_away(&mut self, slot: UserSlot, words: &str) {
        let user = self.users.user_mut(slot);
        let was_away = user.extras.as_ref().is_some_and(|extras| extras.away.is_some());
        let words = if is_blank(words) { "" } else { words };
        if was_away && words.is_empty() {
            user.extras_mut().away = None;
            return self.reply(slot, "you are back");
        }
        let quoted = quote(words);
        user.extras_mut().away = Some(quoted.as_str().into());
        let told = if words.is_empty() { String::new() } else { format!(": {quoted}") };
        self.reply(slot, &format!("you are away until you type /away again{told}"));
    }
}

/// Why nobody would hear a line.
pub(super) const NO_ROOM: &str =
    "you speak in no room, so nobody would hear that: /join #lobby first";

/// The beginning of what a user typed, for repeating it to them.
fn truncated(typed: &str) -> String {
    let start: String = typed.chars().take(MAX_SHOWN).collect();
    if start.len() < typed.len() { start + "…" } else { start }
}
