//! What goes to one person alone, and who does not want to read whom.
//!
//! Answers and ignoring go by the person, not by the name: a rename evades neither, and a stranger who takes the name gets
//! nothing that was meant for somebody else.

use super::Broker;
use crate::chat::event::ClientId;
use crate::chat::room::RoomId;
use crate::limits::MAX_IGNORED;
use crate::protocol::command::{Input, Kind};
use crate::protocol::message::Line;
use crate::protocol::nick::Nick;
use crate::protocol::sanitize::{is_blank, quoted};

impl Broker {
    /// `/msg`: somebody tells one person something.
    pub(super) fn message(&mut self, slot: usize, typed: &str) {
        let (asked, words) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
        if asked.is_empty() || is_blank(words) {
            return self.refuse(slot, "/msg wants a nick and words, as in: /msg bob hello");
        }
        match self.find(asked) {
            Some(to) => self.whisper(slot, to, words.trim_start()),
            None => self.refuse_unknown(slot, asked),
        }
    }

    /// `/reply`: somebody answers whoever wrote to him alone last.
    pub(super) fn reply(&mut self, slot: usize, words: &str) {
        if is_blank(words) {
            return self.refuse(slot, "/reply wants words, as in: /reply well then");
        }
        let member = self.roster.member(slot);
        let Some(wrote) = member.extras.as_ref().and_then(|extras| extras.wrote) else {
            return self.refuse(slot, "nobody wrote to you alone yet; /msg NICK TEXT begins");
        };
        match self.roster.slot(wrote) {
            Some(to) => self.whisper(slot, to, words),
            None => self.refuse(slot, "whoever wrote to you last has left, so nobody gets that"),
        }
    }

    /// Whether somebody has not caught up, so that private lines to them must wait. It does not matter whether they keep
    /// the pace of a room: private lines are to cut nobody, however many people write them.
    pub(super) fn is_behind(&self, slot: usize) -> bool {
        let member = self.roster.member(slot);
        member.balance().owed() > self.intake.bounds().soft && !member.outlet.is_gone()
    }

    /// The person that a line to one alone would go to.
    pub(super) fn addressee(&self, slot: usize, input: Input<'_>) -> Option<usize> {
        match input.kind {
            Kind::Message => self.find(input.text.split(char::is_whitespace).next()?),
            Kind::Reply => {
                let wrote = self.roster.member(slot).extras.as_ref()?.wrote?;
                self.roster.slot(wrote)
            }
            _ => None,
        }
    }

    /// Whoever is called so, in whatever case. Not who has a name that looks so: nobody is to get, by a look-alike, what was meant
    /// for another. No nick begins with the `@` that many put before one.
    pub(super) fn find(&self, asked: &str) -> Option<usize> {
        self.roster.named(Nick::of_somebody(asked.strip_prefix('@').unwrap_or(asked))?)
    }

    /// Nobody is called so.
    pub(super) fn refuse_unknown(&mut self, slot: usize, asked: &str) {
        let bare = asked.strip_prefix('@').unwrap_or(asked);
        let like = Nick::of_somebody(bare).and_then(|nick| self.roster.like(nick, None));
        let like = like.map_or(String::new(), |like| {
            format!("; {} looks like it", self.roster.member(like).nick)
        });
        let reason = format!("see /who for the names: nobody is called {}{like}", quoted(asked));
        self.refuse(slot, &reason);
    }

    /// A line from one person to another.
    fn whisper(&mut self, from: usize, to: usize, words: &str) {
        if from == to {
            return self.refuse(from, "that is you yourself: /msg somebody else");
        }
        if self.is_behind(to) && !self.is_forced() {
            // It has waited for as long as it may.
            let nick = self.roster.member(to).nick;
            return self.refuse(from, &format!("{nick} is not reading, so nobody gets that"));
        }
        let (sender, receiver) = (self.roster.member(from), self.roster.member(to));
        let (from_nick, to_nick, from_id) = (sender.nick, receiver.nick, sender.id);
        let away = receiver.extras.as_ref().and_then(|extras| extras.away.clone());
        // Nobody is told that he is ignored.
        if !receiver.ignores().contains(&from_id) {
            // Nothing of somebody may be seen before he is seen to come.
            let counted: Vec<_> = sender.memberships().collect();
            counted.into_iter().for_each(|membership| self.announce_if_counted(membership));
            self.roster.member_mut(to).extras_mut().wrote = Some(from_id);
            self.tell(to, Line::From(from_nick, words));
            self.ring(to);
        }
        self.tell(from, Line::To(to_nick, words));
        if let Some(away) = away {
            let quoted = if &*away == "\"\"" { String::new() } else { format!(": {away}") };
            self.answer(from, &format!("{to_nick} is away{quoted}"));
        }
    }

    /// `/ignore`: somebody wants to read nothing more of another, or know of whom he reads nothing.
    pub(super) fn ignore(&mut self, slot: usize, asked: &str) {
        if asked.is_empty() {
            return self.list_ignored(slot);
        }
        let Some(other) = self.find(asked) else { return self.refuse_unknown(slot, asked) };
        if other == slot {
            return self.refuse(slot, "that is you yourself: /ignore somebody else");
        }
        let (id, nick) = (self.roster.member(other).id, self.roster.member(other).nick);
        if self.roster.member(slot).ignores().contains(&id) {
            return self.answer(slot, &format!("you ignore {nick} already"));
        }
        self.forget_gone(slot);
        if self.roster.member(slot).ignores().len() >= MAX_IGNORED {
            let reason =
                format!("you ignore {MAX_IGNORED} people already: /unignore one of them first");
            return self.refuse(slot, &reason);
        }
        // What was said before is read as it was.
        let Some(slot) = self.settle(slot) else { return };
        self.roster.member_mut(slot).extras_mut().ignores.push(id);
        if let Some(other) = self.roster.slot(id) {
            self.roster.member_mut(other).ignored_by += 1;
        }
        self.answer(slot, &format!("you ignore {nick} now; /unignore {nick} ends it"));
    }

    /// `/unignore`.
    pub(super) fn unignore(&mut self, slot: usize, asked: &str) {
        if asked.is_empty() {
            return self.refuse(slot, "/unignore wants a nick, as in: /unignore bob");
        }
        let Some(other) = self.find(asked) else { return self.refuse_unknown(slot, asked) };
        let (id, nick) = (self.roster.member(other).id, self.roster.member(other).nick);
        if !self.roster.member(slot).ignores().contains(&id) {
            return self
                .refuse(slot, &format!("you do not ignore {nick}; /ignore lists whom you do"));
        }
        let Some(slot) = self.settle(slot) else { return };
        self.roster.member_mut(slot).extras_mut().ignores.retain(|&ignored| ignored != id);
        if let Some(other) = self.roster.slot(id) {
            self.roster.member_mut(other).ignored_by -= 1;
        }
        self.answer(slot, &format!("you read {nick} again"));
    }

    /// Whom somebody ignores, of those who are here.
    fn list_ignored(&mut self, slot: usize) {
        self.forget_gone(slot);
        let ignored =
            self.roster.member(slot).ignores().iter().filter_map(|&id| self.roster.slot(id));
        let names: Vec<_> = ignored.map(|slot| self.roster.member(slot).nick.to_string()).collect();
        if names.is_empty() {
            return self.answer(slot, "you ignore nobody; /ignore NICK begins");
        }
        self.answer(slot, &format!("you ignore {}", names.join(", ")));
    }

    /// Forgets those whom somebody ignored and who are gone: they come back as others.
    fn forget_gone(&mut self, slot: usize) {
        let gone = |id: &_| self.roster.slot(*id).is_none();
        let any = self.roster.member(slot).ignores().iter().any(gone);
        if any {
            let mut ignores =
                std::mem::take(&mut self.roster.member_mut(slot).extras_mut().ignores);
            ignores.retain(|&id| self.roster.slot(id).is_some());
            self.roster.member_mut(slot).extras_mut().ignores = ignores;
        }
    }

    /// Somebody who ignored others is gone.
    pub(super) fn ignore_nobody(&mut self, slot: usize) {
        // His list stays, for his last part of the round.
        for id in self.roster.member(slot).ignores().to_vec() {
            if let Some(other) = self.roster.slot(id) {
                self.roster.member_mut(other).ignored_by -= 1;
            }
        }
    }

    /// Makes those in a room special who do not want somebody's words. They are the result.
    pub(super) fn shun(&mut self, room: RoomId, id: ClientId) -> Vec<usize> {
        let members = self.rooms.room(room).members.iter().map(|&slot| slot as usize);
        let shuns = |slot: &usize| self.roster.member(*slot).ignores().contains(&id);
        let ignoring: Vec<_> = members.filter(shuns).collect();
        ignoring.iter().for_each(|&slot| self.make_special(slot));
        ignoring
    }
}
