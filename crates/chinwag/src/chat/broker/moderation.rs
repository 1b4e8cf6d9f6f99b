//! What operators do: who may speak, how fast, and who may be here at all.
//!
//! Operators are so by their connection: they are users again when they reconnect. [Mutes](crate::chat::mutes) and slow rooms
//! outlive the connections that they are about, and end with the server, for they are about a conversation; bans are
//! [kept](crate::chat::ban_store).

use super::dispatch::NO_ROOM;
use super::{Broker, DisconnectCause};
use crate::chat::admin_command::{BanCommand, BanOutcome};
use crate::chat::audit::AuditRecord;
use crate::chat::bans::{Ban, BanTarget};
use crate::chat::event::LeaveReason;
use crate::chat::moderation_error::ModerationError;
use crate::chat::mutes::Mute;
use crate::chat::room::{RoomId, SlowMode};
use crate::chat::user_slot::UserSlot;
use crate::limits::{BANS_PAGE, MAX_SLOW_MODE};
use crate::protocol::command::{CommandKind, OperOutcome};
use crate::protocol::duration;
use crate::protocol::ip_range::IpRange;
use crate::protocol::message::Message;
use crate::protocol::nick::Nick;
use crate::protocol::sanitize::{is_blank, quote};
use std::time::Duration;

/// Why a kick has none, and what does: a reason that begins with one would be taken for it.
pub(crate) const NO_TIME: &str = "no time, for they may come back at once: a reason that begins with one stands behind \"for\"; /ban keeps them out for a time";

impl Broker {
    /// `/oper`: their own task has looked at the secret.
    pub(super) fn handle_oper_result(
        &mut self,
        slot: UserSlot,
        attempt: OperOutcome,
        in_clear: bool,
    ) {
        match attempt {
            OperOutcome::Accepted => {
                let user = self.users.user_mut(slot);
                user.extras_mut().is_operator = true;
                let (operator, from) = (user.nick.to_string(), user.address.to_string());
                let (operator, from) = (&*operator, &*from);
                let outcome = Ok("became an operator");
                AuditRecord { operator, from, action: "/oper", target: "", reason: "", outcome }
                    .record();
                self.reply(slot, "you are an operator now; /help lists what you can do");
            }
            OperOutcome::Rejected => self.reply_error(slot, "that is not the secret"),
            OperOutcome::Throttled { seconds } => {
                let wait = duration::format(Duration::from_secs(seconds.into()));
                let words = format!("too many wrong secrets from your address: wait for {wait}");
                self.reply_error(slot, &words);
            }
            OperOutcome::Disabled => {
                return self.reply_error(
                    slot,
                    "nobody becomes an operator here: the server has no --oper-file",
                );
            }
        }
        if in_clear {
            self.reply_error(
                slot,
                "what you typed went over the network for anybody to read: have the secret changed, and use chinwag admin",
            );
        }
    }

    /// Whether they are an operator; they are told if they are not.
    pub(super) fn require_operator(&mut self, slot: UserSlot) -> bool {
        let may = self.users.user(slot).is_operator();
        if !may {
            self.reply_error(slot, "only operators can do that; see /help oper");
        }
        may
    }

    // ---- out of a room ----

    /// `/kick`: a user is taken out of the operator's room.
    pub(super) fn kick_from_room(&mut self, slot: UserSlot, typed: &str) {
        let (asked, reason) = split_word(typed);
        if asked.is_empty() {
            return self.reply_error(slot, "/kick wants a nick, as in: /kick bob");
        }
        if duration::parse_prefix(reason).is_some() {
            return self.reply_error(slot, &format!("/kick has {NO_TIME}, /mute silences them"));
        }
        let Some(kicked) = self.find_user(asked) else {
            return self.reply_unknown_nick(slot, asked);
        };
        if kicked == slot {
            return self.reply_error(slot, "that is you yourself: /part leaves a room");
        }
        // A connection that is dead is not only taken out of the room, wherever the operator speaks.
        self.probe(kicked, slot, true);
        let Some(current) = self.users.user(slot).current else {
            return self.reply_error(slot, NO_ROOM);
        };
        let (id, nick) = (self.users.user(kicked).id, self.users.user(kicked).nick);
        let name = self.rooms.room(current.room).name.clone();
        if self.users.user(kicked).membership(current.room).is_none() {
            return self.reply_error(slot, &format!("{nick} is not in {name}"));
        }
        // What was said before is read by all of the room; a user may be gone after it.
        let Some(slot) = self.flush_before_change(slot) else { return };
        let Some(kicked) = self.users.slot_of(id) else { return };
        let Some(left) = self.users.user(kicked).membership(current.room) else { return };
        let by = self.users.user(slot).nick;
        self.remove_from_room(kicked, current.room);
        let words = if is_blank(reason) { String::new() } else { format!(": {}", quote(reason)) };
        self.reply_error(kicked, &format!("{by} kicked you out of {name}{words}"));
        if self.users.user(kicked).current.is_none() {
            self.reply(kicked, "you speak in no room now: /join one");
        }
        self.show_prompt(kicked);
        self.flush_summary_containing(left);
        self.announce_kick(current.room, nick, (slot, by), reason);
        self.reply(slot, &format!("you kicked {nick} out of {name}"));
    }

    /// Tells a room that a user was kicked; the operator's words only those who want them.
    fn announce_kick(
        &mut self,
        room: RoomId,
        nick: Nick,
        (slot, by): (UserSlot, Nick),
        reason: &str,
    ) {
        let operator = self.users.user(slot).id;
        let name = self.rooms.room(room).name.clone();
        let plain = LeaveReason::Kicked { room: name.clone(), by, reason: None };
        if is_blank(reason) {
            return self.publish(room, &Message::Left(nick, &plain), Some(slot));
        }
        let full = LeaveReason::Kicked { room: name, by, reason: Some(reason.into()) };
        let (full, plain) = (Message::Left(nick, &full), Message::Left(nick, &plain));
        self.publish_user_text(room, &full, operator, Some(slot), Some(&plain));
    }

    // ---- who may speak ----

    /// `/mute`: nobody reads any more what a user writes.
    pub(super) fn mute(&mut self, slot: UserSlot, typed: &str) {
        let (asked, rest) = split_word(typed);
        if asked.is_empty() {
            return self.reply_error(
                slot,
                "/mute wants a nick, and a time if you like, as in: /mute bob 10m",
            );
        }
        let time = match rest {
            "" => None,
            rest => match duration::parse(rest) {
                Ok(time) => Some(time),
                Err(reason) => {
                    return self.reply_error(slot, &format!("nobody is muted: {reason}"));
                }
            },
        };
        let Some(muted) = self.find_user(asked) else {
            return self.reply_unknown_nick(slot, asked);
        };
        let by = self.users.user(slot).nick;
        let user = self.users.user(muted);
        let nick = user.nick;
        if user.is_operator() {
            return self.reply_error(slot, &format!("{nick} is an operator, too"));
        }
        match self.mute_user(muted, time, by.as_str()) {
            Ok(words) => self.reply(slot, &format!("{words}; /unmute {nick} ends it")),
            Err(error) => self.reply_error(slot, &error.to_string()),
        }
    }

    /// Mutes a user, in the name of an operator; what came of it, in words.
    pub(super) fn mute_user(
        &mut self,
        muted: UserSlot,
        time: Option<Duration>,
        by: &str,
    ) -> Result<String, ModerationError> {
        let until = time.map(|time| self.now + time);
        let user = self.users.user(muted);
        let (nick, address) = (user.nick, user.address);
        self.end_mute(muted);
        let mute = self.mutes.add(nick, address, until, self.now)?;
        self.users.user_mut(muted).extras_mut().mute = Some(mute);
        let lasts = time.map_or(String::new(), |time| format!(" for {}", duration::format(time)));
        self.reply_error(muted, &format!("{by} muted you{lasts}: nobody reads what you write"));
        Ok(format!("{nick} is muted{lasts}"))
    }

    /// `/unmute`: of a user who is here, or was.
    pub(super) fn unmute(&mut self, slot: UserSlot, asked: &str) {
        if asked.is_empty() {
            return self.reply_error(slot, "/unmute wants a nick, as in: /unmute bob");
        }
        match self.unmute_nick(asked) {
            Ok(nick) => self.reply(slot, &format!("{nick} is not muted any more")),
            Err(ModerationError::UnknownNick(_)) => self.reply_unknown_nick(slot, asked),
            Err(error) => self.reply_error(slot, &error.to_string()),
        }
    }

    /// Ends the mute of a user who is here, or was; says what they are called, or why there is none.
    pub(super) fn unmute_nick(&mut self, asked: &str) -> Result<Nick, ModerationError> {
        let unknown = || ModerationError::UnknownNick(asked.to_owned());
        let asked = asked.strip_prefix('@').unwrap_or(asked);
        let here = self.find_user(asked);
        let nick = match here {
            Some(muted) => self.users.user(muted).nick,
            None => Nick::parse_existing(asked).ok_or_else(unknown)?,
        };
        if let Some(muted) = here.filter(|&muted| self.end_mute(muted)) {
            self.reply(muted, "you are not muted any more");
        } else if let Some(mute) = self.mutes.by_nick(nick, self.now) {
            self.mutes.remove(mute);
        } else if here.is_some() {
            return Err(ModerationError::NotMuted(nick));
        } else {
            return Err(unknown());
        }
        Ok(nick)
    }

    /// Ends a user's mute, for all whom it met. Whether there was one.
    fn end_mute(&mut self, slot: UserSlot) -> bool {
        let was_muted = self.mute_of(slot).is_some();
        if let Some(extras) = &mut self.users.user_mut(slot).extras
            && let Some(mute) = extras.mute.take()
        {
            self.mutes.remove(mute);
        }
        was_muted
    }

    /// How a user is muted, if they still are.
    pub(super) fn mute_of(&self, slot: UserSlot) -> Option<Mute> {
        let mute = self.users.user(slot).extras.as_ref()?.mute?;
        self.mutes.get(mute, self.now)
    }

    /// A user comes, or takes another nick: a mute may meet them.
    pub(super) fn reapply_mute(&mut self, slot: UserSlot, comes: bool) {
        let user = self.users.user(slot);
        let (nick, address) = (user.nick, user.address);
        let mute = if comes {
            self.mutes.matching_address(address, self.now)
        } else {
            self.mutes.matching_nick(nick, address, self.now)
        };
        if mute.is_some() {
            self.users.user_mut(slot).extras_mut().mute = mute;
        }
    }

    /// Whether a user may do what others would read; they are told if not.
    pub(super) fn check_mute(&mut self, slot: UserSlot, kind: CommandKind, text: &str) -> bool {
        let is_read = match kind {
            CommandKind::Say | CommandKind::Action | CommandKind::Message | CommandKind::Reply => {
                true
            }
            // Alone they are questions.
            CommandKind::Topic | CommandKind::Away | CommandKind::Nick => !text.is_empty(),
            _ => false,
        };
        if !is_read {
            return true;
        }
        let Some(mute) = self.mute_of(slot) else { return true };
        let words = self.mute_text(mute);
        self.reply_error(slot, &words);
        false
    }

    /// `/slow`: how often each may speak in the operator's room.
    pub(super) fn set_slow_mode(&mut self, slot: UserSlot, typed: &str) {
        let Some(current) = self.users.user(slot).current else {
            return self.reply_error(slot, NO_ROOM);
        };
        let every = match typed {
            typed if typed.eq_ignore_ascii_case("off") => Some(None),
            typed => duration::parse(typed).ok().filter(|&every| every <= MAX_SLOW_MODE).map(Some),
        };
        let Some(every) = every else {
            return self
                .reply_error(slot, "/slow wants a time up to an hour, or off, as in: /slow 10s");
        };
        let by = self.users.user(slot).nick;
        let room = self.rooms.room_mut(current.room);
        room.slow_mode = every.map(|every| Box::new(SlowMode::new(every)));
        let name = room.name.clone();
        self.flush_summary_containing(current);
        self.publish(current.room, &Message::SlowMode(by, every), Some(slot));
        let words = match every {
            Some(every) => {
                format!("{name} takes {} now; /slow off ends it", duration::format_slow_mode(every))
            }
            None => format!("{name} is not slow any more"),
        };
        self.reply(slot, &words);
    }

    /// Whether a user may speak in their room by now, which counts as speaking; they are told if not.
    pub(super) fn check_slow_mode(&mut self, slot: UserSlot, room: RoomId) -> bool {
        let Some(slow) = &mut self.rooms.room_mut(room).slow_mode else { return true };
        let user = self.users.user(slot);
        if user.is_operator() {
            return true;
        }
        let Err(rest) = slow.try_speak(user.id, self.now) else { return true };
        let every = slow.interval();
        let (rate, rest) = (duration::format_slow_mode(every), duration::format(rest));
        let words = format!("this room takes {rate}: wait for {rest}");
        self.reply_error(slot, &words);
        false
    }

    // ---- who may be here ----

    /// Does what was ordered about bans, by an operator who is here or by one at the admin socket.
    pub(super) fn apply_ban_command(
        &mut self,
        command: &BanCommand,
        by: Option<UserSlot>,
    ) -> Result<BanOutcome, ModerationError> {
        // Who orders it may be disconnected by it: a ban ends the batch.
        let outcome = match command {
            BanCommand::Ban(typed) => self.ban(typed, by),
            BanCommand::Unban(typed) => self.unban(typed),
        };
        let message = outcome?;
        let version = self.ban_store.as_ref().map(|ban_store| ban_store.store(self.bans.to_text()));
        Ok(BanOutcome { message, version })
    }

    /// `/ban` and `/unban`.
    pub(super) fn change_bans(&mut self, slot: UserSlot, command: &BanCommand) {
        let id = self.users.user(slot).id;
        let outcome = self.apply_ban_command(command, Some(slot));
        let Some(slot) = self.users.slot_of(id) else { return };
        match outcome {
            Ok(BanOutcome { message, .. }) => self.reply(slot, &message),
            Err(error) => self.reply_error(slot, &error.to_string()),
        }
    }

    /// Bans whom this names, and disconnects those who are here.
    fn ban(&mut self, typed: &str, by: Option<UserSlot>) -> Result<String, ModerationError> {
        let (word, rest) = split_word(typed);
        if word.is_empty() {
            return Err(ModerationError::NothingToBan);
        }
        let target = BanTarget::parse(word)?;
        let (time, reason) = duration::parse_with_reason(rest)
            .map_err(|reason| ModerationError::InvalidBanTime(reason.to_string()))?;
        if by.is_some_and(|slot| self.matches_target(&target, slot)) {
            return Err(ModerationError::BansOperator);
        }
        let advice = self.advice(&target)?;
        let now = self.unix_seconds();
        let until = time.map(|time| now + time.as_secs());
        let reason = if is_blank(reason) { String::new() } else { quote(reason) };
        let ban = Ban { target: target.clone(), until, reason: reason.into() };
        let lasts = ban.duration_text(now);
        self.bans.add(ban, now)?;
        let meant: Vec<_> =
            self.users.slots().filter(|&slot| self.matches_target(&target, slot)).collect();
        // Before those who are too slow: the user who is both is told of the ban.
        let banned = meant.iter().map(|&slot| (self.users.user(slot).id, DisconnectCause::Banned));
        self.pending_disconnects.splice(..0, banned);
        self.flush(self.now);
        let kept = if self.ban_store.is_some() || time.is_some() {
            ""
        } else {
            ", or until the server stops: it has no --state-dir"
        };
        let who = crate::protocol::encode::people_count(meant.len() as u64);
        Ok(format!("{target} is banned {lasts}{kept}; {who} had to go{advice}"))
    }

    /// What an operator should know of a ban that does not do what it seems to: names are chosen anew, and so are addresses of
    /// IPv6.
    ///
    /// # Errors
    /// It would do nothing at all.
    fn advice(&self, target: &BanTarget) -> Result<String, ModerationError> {
        let mask = match target {
            BanTarget::Nick(mask) => mask,
            BanTarget::Network(range) => {
                let wider = range.wider();
                let words =
                    |wider| format!(" (who has one address of {wider} has all of them: ban that)");
                return Ok(wider.map_or(String::new(), words));
            }
        };
        let nick = mask.literal().and_then(Nick::parse_existing);
        let here = nick.and_then(|nick| self.users.look_alike(nick, None));
        let Some(slot) = here else {
            mask.check_choosable()?;
            let guests = mask.literal().is_none() && mask.has_guest_prefix();
            let words = " (names that the server gave, as user-7, are not meant: ban addresses)";
            return Ok(if guests { words.to_owned() } else { String::new() });
        };
        let user = self.users.user(slot);
        let (nick, from) = (user.nick, IpRange::of_client(user.address));
        if nick.is_guest() {
            return Err(ModerationError::GuestNick(nick, from));
        }
        Ok(format!(" (from {from}, which can be banned, too)"))
    }

    /// Ends a ban.
    fn unban(&mut self, typed: &str) -> Result<String, ModerationError> {
        let target = BanTarget::parse(typed.trim())?;
        let now = self.unix_seconds();
        match &self.bans.remove(&target, now)[..] {
            [] => {}
            [one] => return Ok(format!("{one} is not banned any more")),
            all => {
                let names = all.len();
                return Ok(format!(
                    "{target} is not banned any more: {names} bans of what looks so have ended"
                ));
            }
        }
        let covering = self.bans.covering(&target, now);
        Err(ModerationError::not_banned(target.clone(), covering))
    }

    /// `/bans`.
    pub(super) fn list_bans(&mut self, slot: UserSlot, page: u32) {
        let now = self.unix_seconds();
        let count = self.bans.iter(now).count();
        if count == 0 {
            return self.reply(slot, "nobody is banned");
        }
        let (pages, page) = (count.div_ceil(BANS_PAGE), page as usize);
        if page > pages {
            return self.reply_error(
                slot,
                &format!("there is no page {page} of bans: the last one is /bans {pages}"),
            );
        }
        let of = if pages > 1 { format!(", page {page} of {pages}") } else { String::new() };
        let bans = if count == 1 { "ban" } else { "bans" };
        self.reply(slot, &format!("{count} {bans}{of}:"));
        let listed = self.bans.iter(now).skip((page - 1) * BANS_PAGE).take(BANS_PAGE);
        let shown: Vec<_> = listed.map(|ban| ban.describe(now)).collect();
        shown.iter().for_each(|ban| self.reply(slot, ban));
    }

    /// Whether a user who is here is meant.
    fn matches_target(&self, target: &BanTarget, slot: UserSlot) -> bool {
        let user = self.users.user(slot);
        match target {
            BanTarget::Nick(mask) => !user.nick.is_guest() && mask.matches(user.nick),
            BanTarget::Network(range) => range.contains(user.address),
        }
    }

    /// Why a nick cannot be had for a ban, if so.
    pub(super) fn ban_of_nick(&self, nick: Nick) -> Option<String> {
        let now = self.unix_seconds();
        Some(ban_text(self.bans.matching_nick(nick, now)?, nick, now))
    }

    /// Why a user from there is not let in, if so.
    pub(super) fn ban_of_address(&self, address: std::net::IpAddr) -> Option<String> {
        let now = self.unix_seconds();
        let ban = self.bans.matching_address(address, now)?;
        Some(format!("you are banned here {}", ban.duration_and_reason(now)))
    }

    /// The last line of a user who is disconnected for the newest ban.
    pub(super) fn ban_notice(&self, slot: UserSlot) -> Option<Box<str>> {
        let ban = self.bans.latest().filter(|ban| self.matches_target(&ban.target, slot))?;
        let words = ban_text(ban, self.users.user(slot).nick, self.unix_seconds());
        Some(format!("! {words}\r\n").into())
    }

    /// Tells all operators that what they did could not be written down.
    pub(super) fn report_store_failure(&mut self, reason: &str) {
        let words = format!(
            "the bans hold, but a restart forgets them, for they cannot be written: {reason}"
        );
        // They may be many, and all get with it what was said in this batch.
        self.flush(self.now);
        let operators: Vec<_> =
            self.users.slots().filter(|&slot| self.users.user(slot).is_operator()).collect();
        operators.into_iter().for_each(|slot| self.reply_error(slot, &words));
    }

    /// The seconds since 1970.
    pub(super) fn unix_seconds(&self) -> u64 {
        self.wall_clock.since_1970(self.now).as_secs()
    }
}

/// What a user of this nick is told of a ban that meets them.
fn ban_text(ban: &Ban, nick: Nick, now: u64) -> String {
    let terms = ban.duration_and_reason(now);
    match ban.target {
        BanTarget::Nick(_) => format!("the nick \"{nick}\" is banned here {terms}"),
        BanTarget::Network(_) => format!("you are banned here {terms}"),
    }
}

/// The first word of what was typed, and what stands behind it.
pub(super) fn split_word(typed: &str) -> (&str, &str) {
    let typed = typed.trim();
    typed
        .split_once(char::is_whitespace)
        .map_or((typed, ""), |(word, rest)| (word, rest.trim_start()))
}
