//! What goes to one user alone, and who does not want to read whom.
//!
//! Answers and ignoring go by the user, not by the name: a rename evades neither, and a stranger who takes the name gets
//! nothing that was meant for another user.

use super::Broker;
use crate::chat::event::ClientId;
use crate::chat::room::RoomId;
use crate::chat::user_slot::UserSlot;
use crate::limits::MAX_IGNORED;
use crate::protocol::command::{Command, CommandKind};
use crate::protocol::message::Message;
use crate::protocol::nick::Nick;
use crate::protocol::sanitize::{is_blank, quote};

impl Broker {
    /// `/msg`: a user tells one user something.
    pub(super) fn send_message(&mut self, slot: UserSlot, typed: &str) {
        let (asked, words) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
        if asked.is_empty() || is_blank(words) {
            return self.reply_error(slot, "/msg wants a nick and words, as in: /msg bob hello");
        }
        match self.find_user(asked) {
            Some(to) => self.send_private(slot, to, words.trim_start()),
            None => self.reply_unknown_nick(slot, asked),
        }
    }

    /// `/reply`: a user answers the user who wrote to them alone last.
    pub(super) fn send_reply(&mut self, slot: UserSlot, words: &str) {
        if is_blank(words) {
            return self.reply_error(slot, "/reply wants words, as in: /reply well then");
        }
        let user = self.users.user(slot);
        let Some(sender_id) = user.extras.as_ref().and_then(|extras| extras.last_private_sender)
        else {
            return self.reply_error(slot, "nobody wrote to you alone yet; /msg NICK TEXT begins");
        };
        match self.users.slot_of(sender_id) {
            Some(to) => self.send_private(slot, to, words),
            None => {
                self.reply_error(slot, "whoever wrote to you last has left, so nobody gets that")
            }
        }
    }

    /// Whether a user has not caught up, so that private lines to them must wait. It does not matter whether they keep
    /// with a room: private lines are to disconnect nobody, however many users write them.
    pub(super) fn is_lagging(&self, slot: UserSlot) -> bool {
        let user = self.users.user(slot);
        user.counters().pending() > self.backpressure.limits().soft && !user.sender.is_closed()
    }

    /// The user that a line to one alone would go to.
    pub(super) fn recipient(&self, slot: UserSlot, input: Command<'_>) -> Option<UserSlot> {
        match input.kind {
            CommandKind::Message => self.find_user(input.text.split(char::is_whitespace).next()?),
            CommandKind::Reply => {
                let sender_id = self.users.user(slot).extras.as_ref()?.last_private_sender?;
                self.users.slot_of(sender_id)
            }
            _ => None,
        }
    }

    /// The user who is called so, in whatever case. Not who has a name that looks so: nobody is to get, by a look-alike, what was
    /// meant for another. No nick begins with the `@` that many put before one.
    pub(super) fn find_user(&self, asked: &str) -> Option<UserSlot> {
        self.users.by_nick(Nick::parse_existing(asked.strip_prefix('@').unwrap_or(asked))?)
    }

    /// Nobody is called so.
    pub(super) fn reply_unknown_nick(&mut self, slot: UserSlot, asked: &str) {
        let bare = asked.strip_prefix('@').unwrap_or(asked);
        let like = Nick::parse_existing(bare).and_then(|nick| self.users.look_alike(nick, None));
        let like = like.map_or(String::new(), |like| {
            format!("; {} looks like it", self.users.user(like).nick)
        });
        let reason = format!("see /who for the names: nobody is called {}{like}", quote(asked));
        self.reply_error(slot, &reason);
    }

    /// A line from one user to another.
    fn send_private(&mut self, from: UserSlot, to: UserSlot, words: &str) {
        if from == to {
            return self.reply_error(from, "that is you yourself: /msg somebody else");
        }
        if self.is_lagging(to) && !self.is_forced() {
            // It has waited for as long as it may.
            let nick = self.users.user(to).nick;
            return self.reply_error(from, &format!("{nick} is not reading, so nobody gets that"));
        }
        let (sender, receiver) = (self.users.user(from), self.users.user(to));
        let (from_nick, to_nick, from_id) = (sender.nick, receiver.nick, sender.id);
        let away = receiver.extras.as_ref().and_then(|extras| extras.away.clone());
        // Nobody is told that they are ignored.
        if !receiver.ignores().contains(&from_id) {
            // Nothing of a user may be seen before they are seen to come.
            let counted: Vec<_> = sender.memberships().collect();
            counted.into_iter().for_each(|membership| self.flush_summary_containing(membership));
            self.users.user_mut(to).extras_mut().last_private_sender = Some(from_id);
            self.send_to(to, Message::PrivateFrom(from_nick, words));
            self.ring_bell(to);
        }
        self.send_to(from, Message::PrivateTo(to_nick, words));
        if let Some(away) = away {
            let quoted = if &*away == "\"\"" { String::new() } else { format!(": {away}") };
            self.reply(from, &format!("{to_nick} is away{quoted}"));
        }
    }

    /// `/ignore`: a user wants to read nothing more of another, or know of whom they read nothing.
    pub(super) fn ignore(&mut self, slot: UserSlot, asked: &str) {
        if asked.is_empty() {
            return self.list_ignored(slot);
        }
        let Some(other) = self.find_user(asked) else {
            return self.reply_unknown_nick(slot, asked);
        };
        if other == slot {
            return self.reply_error(slot, "that is you yourself: /ignore somebody else");
        }
        let (id, nick) = (self.users.user(other).id, self.users.user(other).nick);
        if self.users.user(slot).ignores().contains(&id) {
            return self.reply(slot, &format!("you ignore {nick} already"));
        }
        self.prune_ignores(slot);
        if self.users.user(slot).ignores().len() >= MAX_IGNORED {
            let reason =
                format!("you ignore {MAX_IGNORED} people already: /unignore one of them first");
            return self.reply_error(slot, &reason);
        }
        // What was said before is read as it was.
        let Some(slot) = self.flush_before_change(slot) else { return };
        self.users.user_mut(slot).extras_mut().ignores.push(id);
        if let Some(other) = self.users.slot_of(id) {
            self.users.user_mut(other).ignored_by += 1;
        }
        self.reply(slot, &format!("you ignore {nick} now; /unignore {nick} ends it"));
    }

    /// `/unignore`.
    pub(super) fn unignore(&mut self, slot: UserSlot, asked: &str) {
        if asked.is_empty() {
            return self.reply_error(slot, "/unignore wants a nick, as in: /unignore bob");
        }
        let Some(other) = self.find_user(asked) else {
            return self.reply_unknown_nick(slot, asked);
        };
        let (id, nick) = (self.users.user(other).id, self.users.user(other).nick);
        if !self.users.user(slot).ignores().contains(&id) {
            return self.reply_error(
                slot,
                &format!("you do not ignore {nick}; /ignore lists whom you do"),
            );
        }
        let Some(slot) = self.flush_before_change(slot) else { return };
        self.users.user_mut(slot).extras_mut().ignores.retain(|&ignored| ignored != id);
        if let Some(other) = self.users.slot_of(id) {
            self.users.user_mut(other).ignored_by -= 1;
        }
        self.reply(slot, &format!("you read {nick} again"));
    }

    /// Whom a user ignores, of those who are here.
    fn list_ignored(&mut self, slot: UserSlot) {
        self.prune_ignores(slot);
        let ignored =
            self.users.user(slot).ignores().iter().filter_map(|&id| self.users.slot_of(id));
        let names: Vec<_> = ignored.map(|slot| self.users.user(slot).nick.to_string()).collect();
        if names.is_empty() {
            return self.reply(slot, "you ignore nobody; /ignore NICK begins");
        }
        self.reply(slot, &format!("you ignore {}", names.join(", ")));
    }

    /// Forgets those whom a user ignored and who are gone: they come back as others.
    fn prune_ignores(&mut self, slot: UserSlot) {
        let gone = |id: &_| self.users.slot_of(*id).is_none();
        let any = self.users.user(slot).ignores().iter().any(gone);
        if any {
            let mut ignores = std::mem::take(&mut self.users.user_mut(slot).extras_mut().ignores);
            ignores.retain(|&id| self.users.slot_of(id).is_some());
            self.users.user_mut(slot).extras_mut().ignores = ignores;
        }
    }

    /// A user who ignored others is gone.
    pub(super) fn clear_ignores(&mut self, slot: UserSlot) {
        // Their list stays, for their last part of the batch.
        for id in self.users.user(slot).ignores().to_vec() {
            if let Some(other) = self.users.slot_of(id) {
                self.users.user_mut(other).ignored_by -= 1;
            }
        }
    }

    /// Makes those in a room recipients of a batch of their own who do not want a user's words. They are the result.
    pub(super) fn collect_ignoring(&mut self, room: RoomId, id: ClientId) -> Vec<UserSlot> {
        let members = self.rooms.room(room).members.iter().copied();
        let shuns = |slot: &UserSlot| self.users.user(*slot).ignores().contains(&id);
        let ignoring: Vec<_> = members.filter(shuns).collect();
        ignoring.iter().for_each(|&slot| self.mark_custom(slot));
        ignoring
    }
}
