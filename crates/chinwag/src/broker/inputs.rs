//! What people ask for, line by line.

use super::Broker;
use crate::command::{Input, Kind};
use crate::event::{ClientId, Departure, Inputs};
use crate::line::Line;
use crate::name::Nick;
use crate::text::is_blank;
use crate::who;

/// The answer to `/help`.
const HELP: [&str; 8] = [
    "what you type goes to everybody here, but for these:",
    "/nick NAME      be called NAME: 2 to 24 letters, digits, _ and -",
    "/who            see who is here (/who 2 for the second page)",
    "/me waves       show the others: ~ you waves",
    "/quit [REASON]  leave",
    "//TEXT          say /TEXT",
    "/edit on        edit lines, complete names with Tab (with telnet); /edit off",
    "/color on       see colors; /color off",
];

/// Most characters of an unknown command that its refusal repeats.
const UNKNOWN: usize = 32;

impl Broker {
    /// Takes the lines of one read.
    pub(super) fn handle_inputs(&mut self, id: ClientId, inputs: &Inputs) {
        let Some(slot) = self.roster.slot(id) else { return };
        for input in inputs.iter() {
            if input.kind == Kind::Quit {
                let departure = Departure::Quit(Some(input.text.to_owned()));
                return self.leave(id, departure);
            }
            self.handle_input(slot, input);
        }
    }

    /// Takes one line.
    fn handle_input(&mut self, slot: usize, input: Input<'_>) {
        let text = input.text;
        let nick = self.roster.member(slot).nick;
        match input.kind {
            Kind::Say if is_blank(text) => {}
            Kind::Say => self.speak(slot, &Line::Said(nick, text)),
            Kind::Action if is_blank(text) => {}
            Kind::Action => self.speak(slot, &Line::Did(nick, text)),
            Kind::Nick => self.rename(slot, text),
            Kind::Who { page } => {
                let names = self.roster.by_name().map(|member| &member.nick);
                match who::page(names, page) {
                    Ok(names) => self.tell(slot, Line::Answer(&names)),
                    Err(reason) => self.tell(slot, Line::Refusal(&reason)),
                }
            }
            Kind::Help => HELP.iter().for_each(|line| self.tell(slot, Line::Answer(line))),
            Kind::Unknown => {
                let name: String = text.chars().take(UNKNOWN).collect();
                let more = if name.len() < text.len() { "…" } else { "" };
                let reason = format!("unknown command {name}{more}, try /help");
                self.tell(slot, Line::Refusal(&reason));
            }
            Kind::Refused(reason) => self.tell(slot, Line::Refusal(reason)),
            // The last of a person's lines, taken care of by the caller; what his own task takes care of.
            Kind::Quit | Kind::Edit(_) | Kind::Color(_) => {}
        }
    }

    /// Gives somebody's room a line of his. He must have been announced before.
    fn speak(&mut self, slot: usize, line: &Line<'_>) {
        let member = self.roster.member(slot);
        let Some(current) = member.current else { return };
        let room = self.rooms.room_mut(current.room);
        room.pace.heard(member.id, self.now);
        self.announce_if_counted(current);
        self.publish(current.room, line, Some(slot));
    }

    /// Calls somebody as he asks, or says why not.
    fn rename(&mut self, slot: usize, asked: &str) {
        let old = self.roster.member(slot).nick;
        let nick = match Nick::parse(asked) {
            Ok(nick) => nick,
            Err(refused) => return self.tell(slot, Line::Refusal(&refused.to_string())),
        };
        if nick == old {
            return self.tell(slot, Line::Answer(&format!("you are {nick} already")));
        }
        if nick.fold() != old.fold() && self.roster.named(nick).is_some() {
            return self.tell(slot, Line::Refusal(&format!("the nick \"{nick}\" is taken")));
        }
        let rooms: Vec<_> = self.roster.member(slot).memberships().map(|m| m.room).collect();
        self.roster.rename(slot, nick);
        for room in rooms {
            // Also the leaves: whoever had this name before is seen to leave before it is given away.
            self.announce_counted(room);
            self.publish(room, &Line::Renamed(old, nick), Some(slot));
        }
        self.tell(slot, Line::Answer(&format!("you are {nick} now")));
    }
}
