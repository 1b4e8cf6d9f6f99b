//! Why something that an operator wants was not done, in the chat or by way of the admin socket.

use crate::chat::bans::{Ban, BanTarget, InvalidBanTarget, TooManyBans, UnusableBan};
use crate::chat::mutes::TooManyMutes;
use crate::protocol::ip_range::IpRange;
use crate::protocol::nick::Nick;
use crate::protocol::room_name::{InvalidRoomName, RoomName};
use crate::protocol::sanitize::quote;
use std::fmt;

/// Why an operator's command was not carried out; displayed, it is the sentence for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ModerationError {
    /// No user has this nick, given as it was typed.
    UnknownNick(String),
    /// The user is not muted.
    NotMuted(Nick),
    /// What was typed is no duration for a mute: the reason.
    InvalidMuteTime(String),
    /// The table of mutes is full.
    TooManyMutes(TooManyMutes),
    /// `/ban` without anything to ban.
    NothingToBan,
    /// What was typed is neither a nick nor addresses.
    InvalidBanTarget(InvalidBanTarget),
    /// What was typed is no duration for a ban: the reason.
    InvalidBanTime(String),
    /// The ban would do nothing.
    UnusableBan(UnusableBan),
    /// The ban would meet the operator, too.
    BansOperator,
    /// A guest's nick is never given twice; the addresses can be banned instead.
    GuestNick(Nick, IpRange),
    /// The table of bans is full.
    TooManyBans(TooManyBans),
    /// There is no such ban.
    NotBanned(BanTarget),
    /// There is no such ban, but a wider one.
    CoveredBan {
        /// What was asked for.
        target: BanTarget,
        /// What the wider ban is on.
        by: BanTarget,
    },
    /// What was typed is no name of a room.
    InvalidRoomName(InvalidRoomName),
    /// There is no room of this name.
    UnknownRoom(RoomName),
    /// The lobby cannot be closed.
    LobbyStays,
}

impl ModerationError {
    /// A target that is not banned, or only as part of another.
    pub(crate) fn not_banned(target: BanTarget, covering: Option<&Ban>) -> Self {
        match covering {
            Some(ban) => Self::CoveredBan { target, by: ban.target.clone() },
            None => Self::NotBanned(target),
        }
    }
}

impl fmt::Display for ModerationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownNick(asked) => write!(f, "nobody is called {}", quote(asked)),
            Self::NotMuted(nick) => write!(f, "{nick} is not muted"),
            Self::InvalidMuteTime(reason) => write!(f, "nobody is muted: {reason}"),
            Self::TooManyMutes(full) => full.fmt(f),
            Self::NothingToBan => {
                f.write_str("/ban wants a nick or an address, as in: /ban bob 2h")
            }
            Self::InvalidBanTarget(invalid) => invalid.fmt(f),
            Self::InvalidBanTime(reason) => write!(f, "nobody is banned: {reason}"),
            Self::UnusableBan(unusable) => unusable.fmt(f),
            Self::BansOperator => f.write_str("that would ban you, too"),
            Self::GuestNick(nick, from) => write!(
                f,
                "{nick} is a name that nobody has twice; they come from {from}, which can be banned"
            ),
            Self::TooManyBans(full) => full.fmt(f),
            Self::NotBanned(target) => {
                write!(f, "{target} is not banned; /bans lists who is")
            }
            Self::CoveredBan { target, by } => {
                write!(f, "{target} is banned as part of {by}, and that ban can be ended")
            }
            Self::InvalidRoomName(invalid) => invalid.fmt(f),
            Self::UnknownRoom(name) => write!(f, "there is no room {name}; `rooms` lists them"),
            Self::LobbyStays => f.write_str("#lobby cannot be closed, for everybody starts there"),
        }
    }
}

impl std::error::Error for ModerationError {}

impl From<TooManyMutes> for ModerationError {
    fn from(full: TooManyMutes) -> Self {
        Self::TooManyMutes(full)
    }
}

impl From<InvalidBanTarget> for ModerationError {
    fn from(invalid: InvalidBanTarget) -> Self {
        Self::InvalidBanTarget(invalid)
    }
}

impl From<UnusableBan> for ModerationError {
    fn from(unusable: UnusableBan) -> Self {
        Self::UnusableBan(unusable)
    }
}

impl From<TooManyBans> for ModerationError {
    fn from(full: TooManyBans) -> Self {
        Self::TooManyBans(full)
    }
}

impl From<InvalidRoomName> for ModerationError {
    fn from(invalid: InvalidRoomName) -> Self {
        Self::InvalidRoomName(invalid)
    }
}
