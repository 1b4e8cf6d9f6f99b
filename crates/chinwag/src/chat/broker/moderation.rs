//! What operators do: who may speak, how fast, and who may be here at all.
//!
//! An operator is one by his connection: he is none when he comes again. [Mutes](crate::chat::mutes) and slow rooms outlive the
//! connections that they are about, and end with the server, for they are about a conversation; bans are
//! [kept](crate::chat::ban_store).

use super::dispatch::NO_ROOM;
use super::{Broker, Fault};
use crate::chat::admin_command::{Act, Verdict};
use crate::chat::audit::Deed;
use crate::chat::bans::{Ban, Target};
use crate::chat::event::Departure;
use crate::chat::mutes::Mute;
use crate::chat::room::{RoomId, Slow};
use crate::limits::{BANS_PAGE, MAX_SLOW_MODE};
use crate::protocol::command::{Attempt, Kind};
use crate::protocol::duration;
use crate::protocol::ip_range::IpRange;
use crate::protocol::message::Line;
use crate::protocol::nick::Nick;
use crate::protocol::sanitize::{is_blank, quoted};
use std::time::Duration;

/// Why a kick has none, and what does: a reason that begins with one would be taken for it.
pub(crate) const NO_TIME: &str = "no time, for they may come back at once: a reason that begins with one stands behind \"for\"; /ban keeps them out for a time";

impl Broker {
    /// `/oper`: his own task has looked at the secret.
    pub(super) fn become_operator(&mut self, slot: usize, attempt: Attempt, in_clear: bool) {
        match attempt {
            Attempt::Right => {
                let member = self.roster.member_mut(slot);
                member.extras_mut().is_operator = true;
                let (operator, from) = (member.nick.to_string(), member.address.to_string());
                let (operator, from) = (&*operator, &*from);
                let outcome = Ok("became an operator");
                Deed { operator, from, act: "/oper", whom: "", reason: "", outcome }.record();
                self.answer(slot, "you are an operator now; /help lists what you can do");
            }
            Attempt::Wrong => self.refuse(slot, "that is not the secret"),
            Attempt::TooSoon { seconds } => {
                let wait = duration::words(Duration::from_secs(seconds.into()));
                let words = format!("too many wrong secrets from your address: wait for {wait}");
                self.refuse(slot, &words);
            }
            Attempt::Useless => {
                return self.refuse(
                    slot,
                    "nobody becomes an operator here: the server has no --oper-file",
                );
            }
        }
        if in_clear {
            self.refuse(
                slot,
                "what you typed went over the network for anybody to read: have the secret changed, and use chinwag admin",
            );
        }
    }

    /// Whether he is an operator; he is told if he is not.
    pub(super) fn may_moderate(&mut self, slot: usize) -> bool {
        let may = self.roster.member(slot).is_operator();
        if !may {
            self.refuse(slot, "only operators can do that; see /help oper");
        }
        may
    }

    // ---- out of a room ----

    /// `/kick`: somebody is taken out of the operator's room.
    pub(super) fn kick_out(&mut self, slot: usize, typed: &str) {
        let (asked, reason) = split(typed);
        if asked.is_empty() {
            return self.refuse(slot, "/kick wants a nick, as in: /kick bob");
        }
        if duration::leading(reason).is_some() {
            return self.refuse(slot, &format!("/kick has {NO_TIME}, /mute silences them"));
        }
        let Some(kicked) = self.find(asked) else { return self.refuse_unknown(slot, asked) };
        if kicked == slot {
            return self.refuse(slot, "that is you yourself: /part leaves a room");
        }
        // A connection that is dead is not only taken out of the room, wherever the operator speaks.
        self.probe(kicked, slot, true);
        let Some(current) = self.roster.member(slot).current else {
            return self.refuse(slot, NO_ROOM);
        };
        let (id, nick) = (self.roster.member(kicked).id, self.roster.member(kicked).nick);
        let name = self.rooms.room(current.room).name.clone();
        if self.roster.member(kicked).membership(current.room).is_none() {
            return self.refuse(slot, &format!("{nick} is not in {name}"));
        }
        // What was said before is read by all of the room; somebody may be gone after it.
        let Some(slot) = self.settle(slot) else { return };
        let Some(kicked) = self.roster.slot(id) else { return };
        let Some(left) = self.roster.member(kicked).membership(current.room) else { return };
        let by = self.roster.member(slot).nick;
        self.take_out(kicked, current.room);
        let words = if is_blank(reason) { String::new() } else { format!(": {}", quoted(reason)) };
        self.refuse(kicked, &format!("{by} kicked you out of {name}{words}"));
        if self.roster.member(kicked).current.is_none() {
            self.answer(kicked, "you speak in no room now: /join one");
        }
        self.show_place(kicked);
        self.announce_if_counted(left);
        self.announce_kick(current.room, nick, (slot, by), reason);
        self.answer(slot, &format!("you kicked {nick} out of {name}"));
    }

    /// Tells a room that somebody was kicked; the operator's words only those who want them.
    fn announce_kick(&mut self, room: RoomId, nick: Nick, (slot, by): (usize, Nick), reason: &str) {
        let operator = self.roster.member(slot).id;
        let name = self.rooms.room(room).name.clone();
        let plain = Departure::Kicked { room: name.clone(), by, reason: None };
        if is_blank(reason) {
            return self.publish(room, &Line::Left(nick, &plain), Some(slot));
        }
        let full = Departure::Kicked { room: name, by, reason: Some(reason.into()) };
        let (full, plain) = (Line::Left(nick, &full), Line::Left(nick, &plain));
        self.publish_words(room, &full, operator, Some(slot), Some(&plain));
    }

    // ---- who may speak ----

    /// `/mute`: nobody reads any more what somebody writes.
    pub(super) fn mute(&mut self, slot: usize, typed: &str) {
        let (asked, rest) = split(typed);
        if asked.is_empty() {
            return self
                .refuse(slot, "/mute wants a nick, and a time if you like, as in: /mute bob 10m");
        }
        let time = match rest {
            "" => None,
            rest => match duration::parse(rest) {
                Ok(time) => Some(time),
                Err(reason) => return self.refuse(slot, &format!("nobody is muted: {reason}")),
            },
        };
        let Some(muted) = self.find(asked) else { return self.refuse_unknown(slot, asked) };
        let by = self.roster.member(slot).nick;
        let member = self.roster.member(muted);
        let nick = member.nick;
        if member.is_operator() {
            return self.refuse(slot, &format!("{nick} is an operator, too"));
        }
        match self.mute_somebody(muted, time, by.as_str()) {
            Ok(words) => self.answer(slot, &format!("{words}; /unmute {nick} ends it")),
            Err(reason) => self.refuse(slot, &reason),
        }
    }

    /// Mutes somebody, in the name of an operator; what came of it, in words.
    pub(super) fn mute_somebody(
        &mut self,
        muted: usize,
        time: Option<Duration>,
        by: &str,
    ) -> Result<String, String> {
        let until = time.map(|time| self.now + time);
        let member = self.roster.member(muted);
        let (nick, address) = (member.nick, member.address);
        self.end_mute(muted);
        let mute = self.mutes.add(nick, address, until, self.now)?;
        self.roster.member_mut(muted).extras_mut().muted = Some(mute);
        let lasts = time.map_or(String::new(), |time| format!(" for {}", duration::words(time)));
        self.refuse(muted, &format!("{by} muted you{lasts}: nobody reads what you write"));
        Ok(format!("{nick} is muted{lasts}"))
    }

    /// `/unmute`: of somebody who is here, or was.
    pub(super) fn unmute(&mut self, slot: usize, asked: &str) {
        if asked.is_empty() {
            return self.refuse(slot, "/unmute wants a nick, as in: /unmute bob");
        }
        match self.unmute_named(asked) {
            Ok(nick) => self.answer(slot, &format!("{nick} is not muted any more")),
            Err(Some(reason)) => self.refuse(slot, &reason),
            Err(None) => self.refuse_unknown(slot, asked),
        }
    }

    /// Ends the mute of somebody who is here, or was; says what they are called, or why there is none. Without a reason nobody is,
    /// or was, called so.
    pub(super) fn unmute_named(&mut self, asked: &str) -> Result<Nick, Option<String>> {
        let asked = asked.strip_prefix('@').unwrap_or(asked);
        let here = self.find(asked);
        let nick = match here {
            Some(muted) => self.roster.member(muted).nick,
            None => Nick::of_somebody(asked).ok_or(None)?,
        };
        if let Some(muted) = here.filter(|&muted| self.end_mute(muted)) {
            self.answer(muted, "you are not muted any more");
        } else if let Some(mute) = self.mutes.named(nick, self.now) {
            self.mutes.remove(mute);
        } else if here.is_some() {
            return Err(Some(format!("{nick} is not muted")));
        } else {
            return Err(None);
        }
        Ok(nick)
    }

    /// Ends somebody's mute, for all whom it met. Whether there was one.
    fn end_mute(&mut self, slot: usize) -> bool {
        let was_muted = self.mute_of(slot).is_some();
        if let Some(extras) = &mut self.roster.member_mut(slot).extras
            && let Some(mute) = extras.muted.take()
        {
            self.mutes.remove(mute);
        }
        was_muted
    }

    /// How somebody is muted, if he still is.
    pub(super) fn mute_of(&self, slot: usize) -> Option<Mute> {
        let mute = self.roster.member(slot).extras.as_ref()?.muted?;
        self.mutes.get(mute, self.now)
    }

    /// Somebody comes, or takes another nick: a mute may meet them.
    pub(super) fn mute_again(&mut self, slot: usize, comes: bool) {
        let member = self.roster.member(slot);
        let (nick, address) = (member.nick, member.address);
        let mute = if comes {
            self.mutes.of_newcomer(address, self.now)
        } else {
            self.mutes.of_nick(nick, address, self.now)
        };
        if mute.is_some() {
            self.roster.member_mut(slot).extras_mut().muted = mute;
        }
    }

    /// Whether somebody may do what others would read; he is told if not.
    pub(super) fn may_be_read(&mut self, slot: usize, kind: Kind, text: &str) -> bool {
        let is_read = match kind {
            Kind::Say | Kind::Action | Kind::Message | Kind::Reply => true,
            // Alone they are questions.
            Kind::Topic | Kind::Away | Kind::Nick => !text.is_empty(),
            _ => false,
        };
        if !is_read {
            return true;
        }
        let Some(mute) = self.mute_of(slot) else { return true };
        let words = self.muted_words(mute);
        self.refuse(slot, &words);
        false
    }

    /// `/slow`: how often each may speak in the operator's room.
    pub(super) fn slow(&mut self, slot: usize, typed: &str) {
        let Some(current) = self.roster.member(slot).current else {
            return self.refuse(slot, NO_ROOM);
        };
        let every = match typed {
            typed if typed.eq_ignore_ascii_case("off") => Some(None),
            typed => duration::parse(typed).ok().filter(|&every| every <= MAX_SLOW_MODE).map(Some),
        };
        let Some(every) = every else {
            return self.refuse(slot, "/slow wants a time up to an hour, or off, as in: /slow 10s");
        };
        let by = self.roster.member(slot).nick;
        let room = self.rooms.room_mut(current.room);
        room.slow = every.map(|every| Box::new(Slow::new(every)));
        let name = room.name.clone();
        self.announce_if_counted(current);
        self.publish(current.room, &Line::Slowed(by, every), Some(slot));
        let words = match every {
            Some(every) => {
                format!("{name} takes {} now; /slow off ends it", duration::one_line_of_each(every))
            }
            None => format!("{name} is not slow any more"),
        };
        self.answer(slot, &words);
    }

    /// Whether somebody may speak in his room by now, which counts as speaking; he is told if not.
    pub(super) fn may_speak_so_soon(&mut self, slot: usize, room: RoomId) -> bool {
        let Some(slow) = &mut self.rooms.room_mut(room).slow else { return true };
        let member = self.roster.member(slot);
        if member.is_operator() {
            return true;
        }
        let Err(rest) = slow.speak(member.id, self.now) else { return true };
        let every = slow.every();
        let (pace, rest) = (duration::one_line_of_each(every), duration::words(rest));
        let words = format!("this room takes {pace}: wait for {rest}");
        self.refuse(slot, &words);
        false
    }

    // ---- who may be here ----

    /// Does what was ordered about bans, by an operator who is here or by one at the admin socket.
    pub(super) fn act(&mut self, act: &Act, by: Option<usize>) -> Result<Verdict, String> {
        // Who orders it may be cut by it: a ban ends the round.
        let outcome = match act {
            Act::Ban(typed) => self.ban(typed, by),
            Act::Unban(typed) => self.unban(typed),
        };
        let words = outcome?;
        let page = self.shelf.as_ref().map(|shelf| shelf.put(self.bans.text()));
        Ok(Verdict { words, page })
    }

    /// `/ban` and `/unban`.
    pub(super) fn change_bans(&mut self, slot: usize, act: &Act) {
        let id = self.roster.member(slot).id;
        let outcome = self.act(act, Some(slot));
        let Some(slot) = self.roster.slot(id) else { return };
        match outcome {
            Ok(Verdict { words, .. }) => self.answer(slot, &words),
            Err(reason) => self.refuse(slot, &reason),
        }
    }

    /// Bans whom this names, and cuts those who are here.
    fn ban(&mut self, typed: &str, by: Option<usize>) -> Result<String, String> {
        let (word, rest) = split(typed);
        if word.is_empty() {
            return Err("/ban wants a nick or an address, as in: /ban bob 2h".to_owned());
        }
        let target = Target::parse(word)?;
        let (time, reason) =
            duration::and_words(rest).map_err(|reason| format!("nobody is banned: {reason}"))?;
        if by.is_some_and(|slot| self.is_meant(&target, slot)) {
            return Err("that would ban you, too".to_owned());
        }
        let advice = self.advice(&target)?;
        let now = self.since_1970();
        let until = time.map(|time| now + time.as_secs());
        let reason = if is_blank(reason) { String::new() } else { quoted(reason) };
        let ban = Ban { target: target.clone(), until, reason: reason.into() };
        let lasts = ban.lasts(now);
        self.bans.add(ban, now)?;
        let meant: Vec<_> =
            self.roster.slots().filter(|&slot| self.is_meant(&target, slot)).collect();
        // Before those who are too slow: whoever is both is told of the ban.
        let banned = meant.iter().map(|&slot| (self.roster.member(slot).id, Fault::Banned));
        self.doomed.splice(..0, banned);
        self.flush(self.now);
        let kept = if self.shelf.is_some() || time.is_some() {
            ""
        } else {
            ", or until the server stops: it has no --state-dir"
        };
        let who = crate::protocol::encode::people(meant.len() as u64);
        Ok(format!("{target} is banned {lasts}{kept}; {who} had to go{advice}"))
    }

    /// What an operator should know of a ban that does not do what it seems to: names are chosen anew, and so are addresses of IPv6.
    ///
    /// # Errors
    /// It would do nothing at all.
    fn advice(&self, target: &Target) -> Result<String, String> {
        let mask = match target {
            Target::Nick(mask) => mask,
            Target::Addresses(range) => {
                let wider = range.wider();
                let words =
                    |wider| format!(" (who has one address of {wider} has all of them: ban that)");
                return Ok(wider.map_or(String::new(), words));
            }
        };
        let nick = mask.plain().and_then(Nick::of_somebody);
        let here = nick.and_then(|nick| self.roster.like(nick, None));
        let Some(slot) = here else {
            mask.can_be_chosen()?;
            let guests = mask.plain().is_none() && mask.begins_as_a_given_name();
            let words = " (names that the server gave, as user-7, are not meant: ban addresses)";
            return Ok(if guests { words.to_owned() } else { String::new() });
        };
        let member = self.roster.member(slot);
        let (nick, from) = (member.nick, IpRange::of_newcomer(member.address));
        if nick.is_numbered() {
            return Err(format!(
                "{nick} is a name that nobody has twice; they come from {from}, which can be banned"
            ));
        }
        Ok(format!(" (from {from}, which can be banned, too)"))
    }

    /// Ends a ban.
    fn unban(&mut self, typed: &str) -> Result<String, String> {
        let target = Target::parse(typed.trim())?;
        let now = self.since_1970();
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
        Err(match self.bans.covering(&target, now) {
            Some(Ban { target: other, .. }) => {
                format!("{target} is banned as part of {other}, and that ban can be ended")
            }
            None => format!("{target} is not banned; /bans lists who is"),
        })
    }

    /// `/bans`.
    pub(super) fn list_bans(&mut self, slot: usize, page: u32) {
        let now = self.since_1970();
        let count = self.bans.iter(now).count();
        if count == 0 {
            return self.answer(slot, "nobody is banned");
        }
        let (pages, page) = (count.div_ceil(BANS_PAGE), page as usize);
        if page > pages {
            return self.refuse(
                slot,
                &format!("there is no page {page} of bans: the last one is /bans {pages}"),
            );
        }
        let of = if pages > 1 { format!(", page {page} of {pages}") } else { String::new() };
        let bans = if count == 1 { "ban" } else { "bans" };
        self.answer(slot, &format!("{count} {bans}{of}:"));
        let listed = self.bans.iter(now).skip((page - 1) * BANS_PAGE).take(BANS_PAGE);
        let shown: Vec<_> = listed.map(|ban| ban.told(now)).collect();
        shown.iter().for_each(|ban| self.answer(slot, ban));
    }

    /// Whether somebody who is here is meant.
    fn is_meant(&self, target: &Target, slot: usize) -> bool {
        let member = self.roster.member(slot);
        match target {
            Target::Nick(mask) => !member.nick.is_numbered() && mask.matches(member.nick),
            Target::Addresses(range) => range.contains(member.address),
        }
    }

    /// Why a nick cannot be had for a ban, if so.
    pub(super) fn ban_of_nick(&self, nick: Nick) -> Option<String> {
        let now = self.since_1970();
        Some(told_of(self.bans.of_nick(nick, now)?, nick, now))
    }

    /// Why somebody from there is not let in, if so.
    pub(super) fn ban_of_address(&self, address: std::net::IpAddr) -> Option<String> {
        let now = self.since_1970();
        let ban = self.bans.of_address(address, now)?;
        Some(format!("you are banned here {}", ban.terms(now)))
    }

    /// The last line of somebody who is cut for the newest ban.
    pub(super) fn farewell_of_the_banned(&self, slot: usize) -> Option<Box<str>> {
        let ban = self.bans.newest().filter(|ban| self.is_meant(&ban.target, slot))?;
        let words = told_of(ban, self.roster.member(slot).nick, self.since_1970());
        Some(format!("! {words}\r\n").into())
    }

    /// Tells all operators that what they did could not be written down.
    pub(super) fn tell_unkept(&mut self, reason: &str) {
        let words = format!(
            "the bans hold, but a restart forgets them, for they cannot be written: {reason}"
        );
        // They may be many, and all get with it what was said in this round.
        self.flush(self.now);
        let operators: Vec<_> =
            self.roster.slots().filter(|&slot| self.roster.member(slot).is_operator()).collect();
        operators.into_iter().for_each(|slot| self.refuse(slot, &words));
    }

    /// The seconds since 1970.
    pub(super) fn since_1970(&self) -> u64 {
        self.clock.since_1970(self.now).as_secs()
    }
}

/// What somebody of this nick is told of a ban that meets them.
fn told_of(ban: &Ban, nick: Nick, now: u64) -> String {
    let terms = ban.terms(now);
    match ban.target {
        Target::Nick(_) => format!("the nick \"{nick}\" is banned here {terms}"),
        Target::Addresses(_) => format!("you are banned here {terms}"),
    }
}

/// The first word of what was typed, and what stands behind it.
pub(super) fn split(typed: &str) -> (&str, &str) {
    let typed = typed.trim();
    typed
        .split_once(char::is_whitespace)
        .map_or((typed, ""), |(word, rest)| (word, rest.trim_start()))
}
