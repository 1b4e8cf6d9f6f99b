//! Who may not be here: nicks by pattern, addresses by range, each for a time or for good.
//!
//! Pure: it knows no clock, no file and nobody who is here. Times are seconds since 1970, so that they mean the same after a
//! restart. The text form is one ban a line and reads back as the same bans:
//!
//! ```text
//!   203.0.113.0/24 1790000000 "spam"
//!   mallory* -
//! ```

use crate::chat::scan_steps;
use crate::limits::{MAX_BANS, MAX_NICK};
use crate::os::files::BYTE_ORDER_MARK;
use crate::protocol::ip_range::{InvalidIpRange, IpRange, MATCHES_ALL};
use crate::protocol::nick::{InvalidNick, Nick, skeleton_byte};
use crate::protocol::sanitize::quote;
use std::fmt;
use std::net::IpAddr;

/// Whom a ban is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BanTarget {
    /// The user who wants to be called so.
    Nick(NickMask),
    /// The user who comes from there.
    Network(IpRange),
}

/// A nick, or a pattern of nicks: `*` is any letters or none, `?` is any one. The case does not matter. A name that looks like
/// the one that is meant is meant, too, as nobody can have one while another has the other ([`Nick::is_confusable_with`]); in a
/// pattern `I` is `i`, not `l`, or it would meet users who are called otherwise.
#[derive(Clone, Debug)]
pub(crate) struct NickMask(
    /// As it was typed.
    Box<str>,
);

impl PartialEq for NickMask {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for NickMask {}

/// Why a user is to be kept out, and how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ban {
    /// Whom it is about.
    pub target: BanTarget,
    /// When it ends, in seconds since 1970; `None` if never.
    pub until: Option<u64>,
    /// Why, in quotes; empty if nobody said so.
    pub reason: Box<str>,
}

impl BanTarget {
    /// What is meant by a word: an address, a range of them, or a pattern of nicks.
    ///
    /// # Errors
    /// Why it is none.
    pub(crate) fn parse(word: &str) -> Result<Self, InvalidBanTarget> {
        let word = word.strip_prefix('@').unwrap_or(word);
        if let Some(range) = IpRange::parse(word) {
            return range.map(Self::Network).map_err(InvalidBanTarget::Network);
        }
        NickMask::parse(word).map(Self::Nick)
    }
}

impl fmt::Display for BanTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nick(NickMask(mask)) => f.write_str(mask),
            Self::Network(range) => range.fmt(f),
        }
    }
}

/// Why a word is no target of a ban.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InvalidBanTarget {
    /// It is neither a nick nor addresses; quoted.
    Malformed(String),
    /// It would mean all users.
    MatchesAll,
    /// It is no range that can be banned.
    Network(InvalidIpRange),
}

impl fmt::Display for InvalidBanTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(shown) => write!(
                f,
                "a ban is on a nick (with * and ? if you like), an address or a range, as in 203.0.113.0/24: {shown}"
            ),
            Self::MatchesAll => f.write_str(MATCHES_ALL),
            Self::Network(invalid) => invalid.fmt(f),
        }
    }
}

impl std::error::Error for InvalidBanTarget {}

/// Why a ban on nicks would do nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UnusableBan {
    /// No user can choose this nick.
    InvalidNick(InvalidNick),
    /// No nick begins as this pattern does.
    NoLetterFirst(Box<str>),
}

impl fmt::Display for UnusableBan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidNick(invalid) => {
                write!(f, "nobody can choose that nick, so a ban on it would do nothing: {invalid}")
            }
            Self::NoLetterFirst(pattern) => {
                write!(f, "nicks begin with a letter, so a ban on {pattern} would do nothing")
            }
        }
    }
}

/// There are as many bans as there can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyBans;

impl fmt::Display for TooManyBans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there are {MAX_BANS} bans already: end one of them first, or ban a range")
    }
}

/// A line of a text of bans is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidBanList {
    /// Which line, from 1.
    line: usize,
    /// Why.
    reason: String,
}

impl fmt::Display for InvalidBanList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl NickMask {
    /// A pattern, as it was typed.
    fn parse(word: &str) -> Result<Self, InvalidBanTarget> {
        let is_wild = |c: char| matches!(c, '*' | '?');
        let may_be = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-') || is_wild(c);
        if word.is_empty() || word.len() > MAX_NICK || !word.chars().all(may_be) {
            return Err(InvalidBanTarget::Malformed(quote(word)));
        }
        if word.chars().all(is_wild) {
            return Err(InvalidBanTarget::MatchesAll);
        }
        Ok(Self(word.into()))
    }

    /// The one nick that it is, if it is no pattern.
    pub(crate) fn literal(&self) -> Option<&str> {
        (!self.0.contains(['*', '?'])).then_some(&*self.0)
    }

    /// That a user can choose a nick which is meant.
    ///
    /// # Errors
    /// Why nobody can.
    pub(crate) fn check_choosable(&self) -> Result<(), UnusableBan> {
        match self.literal() {
            Some(name) => Nick::parse(name).map(drop).map_err(UnusableBan::InvalidNick),
            None if self
                .0
                .starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '*' | '?')) =>
            {
                Ok(())
            }
            None => Err(UnusableBan::NoLetterFirst(self.0.clone())),
        }
    }

    /// Whether it begins as the names do that the server gives.
    pub(crate) fn has_guest_prefix(&self) -> bool {
        self.0
            .get(..GUEST_PREFIX.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(GUEST_PREFIX))
    }

    /// Whether a user of this nick is meant.
    pub(crate) fn matches(&self, nick: Nick) -> bool {
        let lower = |byte: u8| byte.to_ascii_lowercase();
        let look = if self.literal().is_some() {
            skeleton_byte
        } else {
            |byte: u8| skeleton_byte(byte.to_ascii_lowercase())
        };
        let (pattern, name) = (self.0.as_bytes(), nick.as_bytes());
        matches_pattern(pattern, lower, name, lower)
            || matches_pattern(pattern, look, name, skeleton_byte)
    }

    /// Whether it means all whom another means: the same pattern, or nicks of which one looks like the other.
    fn is_similar(&self, other: &Self) -> bool {
        let look_alike =
            || self.0.bytes().map(skeleton_byte).eq(other.0.bytes().map(skeleton_byte));
        self == other || (self.literal().is_some() && other.literal().is_some() && look_alike())
    }
}

/// Whether a pattern fits a name when each is read in its way.
fn matches_pattern(
    pattern: &[u8],
    of_pattern: impl Fn(u8) -> u8,
    name: &[u8],
    of_name: impl Fn(u8) -> u8,
) -> bool {
    // A star tries the shortest first, and only the latest one is ever tried again: linear in both but for that.
    let (mut at, mut of, mut star) = (0, 0, None);
    while of < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, of));
                at += 1;
            }
            Some(&byte) if byte == b'?' || of_pattern(byte) == of_name(name[of]) => {
                (at, of) = (at + 1, of + 1);
            }
            _ => {
                let Some((starred, taken)) = star else { return false };
                star = Some((starred, taken + 1));
                (at, of) = (starred + 1, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(|&byte| byte == b'*')
}

/// What the names begin with that the server gives.
const GUEST_PREFIX: &str = "user-";
impl Ban {
    /// What stands of it in a list for users.
    pub(crate) fn describe(&self, now: u64) -> String {
        format!("{} {}", self.target, self.duration_and_reason(now))
    }

    /// How long it will last, and why it is there.
    pub(crate) fn duration_and_reason(&self, now: u64) -> String {
        let duration = self.duration_text(now);
        if self.reason.is_empty() { duration } else { format!("{duration}: {}", self.reason) }
    }

    /// How long it will last.
    pub(crate) fn duration_text(&self, now: u64) -> String {
        let rest = |until: u64| std::time::Duration::from_secs(until.saturating_sub(now));
        self.until.map_or("for good".to_owned(), |until| {
            format!("for {}", crate::protocol::duration::format(rest(until)))
        })
    }

    /// Whether it has not ended.
    fn is_active(&self, now: u64) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

/// All bans, each target once, in the order in which they were made. At most [`MAX_BANS`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bans(Vec<Ban>);

impl Bans {
    /// Adds a ban in the place of the one of the same target; those that have ended go.
    ///
    /// # Errors
    /// There are as many as can be.
    pub(crate) fn add(&mut self, ban: Ban, now: u64) -> Result<(), TooManyBans> {
        self.0.retain(|other| other.is_active(now) && other.target != ban.target);
        if self.0.len() >= MAX_BANS {
            return Err(TooManyBans);
        }
        self.0.push(ban);
        Ok(())
    }

    /// Takes the bans of this target away, and of nicks that look like it. The targets as they were banned, none if there were
    /// none.
    pub(crate) fn remove(&mut self, target: &BanTarget, now: u64) -> Vec<BanTarget> {
        let is_meant = |ban: &Ban| match (&ban.target, target) {
            (BanTarget::Nick(banned), BanTarget::Nick(mask)) => banned.is_similar(mask),
            (banned, target) => banned == target,
        };
        let removed = self.iter(now).filter(|ban| is_meant(ban)).map(|ban| ban.target.clone());
        let removed = removed.collect();
        self.0.retain(|ban| ban.is_active(now) && !is_meant(ban));
        removed
    }

    /// The one that was made last.
    pub(crate) fn latest(&self) -> Option<&Ban> {
        self.0.last()
    }

    /// The ban that meets all whom this target means, or the one nick that it is.
    pub(crate) fn covering(&self, target: &BanTarget, now: u64) -> Option<&Ban> {
        match target {
            BanTarget::Nick(mask) => {
                self.matching_nick(Nick::parse_existing(mask.literal()?)?, now)
            }
            BanTarget::Network(range) => self.iter(now).find(
                |ban| matches!(&ban.target, BanTarget::Network(other) if other.covers(range)),
            ),
        }
    }

    /// Those that have not ended.
    pub(crate) fn iter(&self, now: u64) -> impl Iterator<Item = &Ban> {
        self.0.iter().inspect(|_| scan_steps::count(1)).filter(move |ban| ban.is_active(now))
    }

    /// The ban of the user who comes from this address.
    pub(crate) fn matching_address(&self, address: IpAddr, now: u64) -> Option<&Ban> {
        let is_meant = |ban: &&Ban| matches!(&ban.target, BanTarget::Network(range) if range.contains(address));
        self.iter(now).find(is_meant)
    }

    /// The ban of the user who wants to be called so.
    pub(crate) fn matching_nick(&self, nick: Nick, now: u64) -> Option<&Ban> {
        let is_meant =
            |ban: &&Ban| matches!(&ban.target, BanTarget::Nick(mask) if mask.matches(nick));
        self.iter(now).find(is_meant)
    }

    /// The text that they are kept as.
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::from(HEADER);
        for Ban { target, until, reason } in &self.0 {
            let until = until.map_or(NO_END.to_owned(), |until| until.to_string());
            let gap = if reason.is_empty() { "" } else { " " };
            text.push_str(&format!("{target} {until}{gap}{reason}\n"));
        }
        text
    }

    /// The bans of such a text.
    ///
    /// # Errors
    /// The number of the line that is none, and why.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidBanList> {
        let mut bans = Self::default();
        // Some editors put a byte order mark before the text.
        for (at, line) in text
            .trim_start_matches(BYTE_ORDER_MARK)
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
        {
            let wrong = |reason: String| InvalidBanList { line: at + 1, reason };
            let ban = parse_line(line).map_err(wrong)?;
            // At the beginning of time nothing has ended.
            bans.add(ban, 0).map_err(|full| wrong(full.to_string()))?;
        }
        Ok(bans)
    }
}

/// What the text begins with.
const HEADER: &str = "# Who may not be here: a nick or address, the end in seconds since 1970 or -, the reason in quotes.\n\
                      # The server reads this when it starts, and writes it anew with every change.\n";
/// Stands for an end that never comes.
const NO_END: &str = "-";

/// One line of the text.
fn parse_line(line: &str) -> Result<Ban, String> {
    let (target, rest) = line.split_once(' ').ok_or("a target, a blank and an end are wanted")?;
    let (until, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let until = match until {
        NO_END => None,
        seconds => Some(
            seconds.parse().map_err(|_| format!("the end is {NO_END} or a number of seconds"))?,
        ),
    };
    let target = BanTarget::parse(target).map_err(|invalid| invalid.to_string())?;
    Ok(Ban { target, until, reason: requoted(reason).into() })
}

/// A reason as a user gave it: without the quotes around it, and those in it as they were typed.
pub(crate) fn unquoted(reason: &str) -> String {
    let reason = reason.trim();
    let bare = reason.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    bare.unwrap_or(reason).replace("\\\"", "\"")
}

/// A reason as it stands in the text, safe whatever a user has put there.
fn requoted(reason: &str) -> String {
    let bare = unquoted(reason);
    if bare.is_empty() { String::new() } else { quote(&bare) }
}

#[cfg(test)]
mod tests;
