//! What the operators may order the broker to do. Each order has its answer.

use crate::chat::moderation_error::ModerationError;
use crate::chat::mutes::MuteInfo;
use crate::protocol::nick::Nick;
use crate::protocol::room_name::RoomName;
use std::net::IpAddr;
use std::time::Duration;
use whippet::sync::oneshot;

/// An order.
#[derive(Debug)]
pub(crate) enum AdminCommand {
    /// Who is here?
    Who {
        /// Everybody, by name.
        answer: oneshot::Sender<Vec<UserInfo>>,
    },
    /// A user is to go.
    Kick {
        /// What they are called, as it was typed.
        nick: String,
        /// Why; may be blank.
        reason: String,
        /// What they are called, if they were here.
        answer: oneshot::Sender<Option<Nick>>,
    },
    /// What rooms are there?
    Rooms {
        /// All of them, by name.
        answer: oneshot::Sender<Vec<RoomInfo>>,
    },
    /// A room is to go.
    Close {
        /// What it is called, as it was typed.
        name: String,
        /// Why; may be blank.
        reason: String,
        /// What it is called, and how many were in it; or why it stays.
        answer: oneshot::Sender<Result<(RoomName, usize), ModerationError>>,
    },
    /// Nobody is to read what a user writes.
    Mute {
        /// Who, and for how long if not until it is ended, as it was typed.
        typed: String,
        /// What came of it, in words.
        answer: oneshot::Sender<Result<String, ModerationError>>,
    },
    /// A user is to be read again.
    Unmute {
        /// What they are called, as it was typed.
        nick: String,
        /// What they are called; or why not.
        answer: oneshot::Sender<Result<Nick, ModerationError>>,
    },
    /// Who is not read?
    Mutes {
        /// All of them, the first one first.
        answer: oneshot::Sender<Vec<MuteInfo>>,
    },
    /// Who is kept out?
    Bans {
        /// All of them, the first one first.
        answer: oneshot::Sender<Vec<BanInfo>>,
    },
    /// The bans are to be changed.
    ChangeBans {
        /// How.
        command: BanCommand,
        /// What came of it.
        answer: oneshot::Sender<Result<BanOutcome, ModerationError>>,
    },
    /// The bans could not be written where a restart finds them.
    BanStoreFailed {
        /// Why.
        reason: String,
    },
    /// Everybody is to be told something.
    Say {
        /// What.
        text: String,
        /// To how many it goes.
        answer: oneshot::Sender<usize>,
    },
}

/// What can be done about bans. The words are as they were typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BanCommand {
    /// Keep a user out: whom, for how long if not for good, and why.
    Ban(String),
    /// Let a user in again.
    Unban(String),
}

/// What came of an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BanOutcome {
    /// In words.
    pub message: String,
    /// The number of the [page](crate::chat::ban_store) that keeps it, if it is to be kept.
    pub version: Option<u64>,
}

/// A user who is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UserInfo {
    /// What they are called.
    pub nick: String,
    /// Where they come from.
    pub address: IpAddr,
    /// In how many rooms they are.
    pub rooms: usize,
    /// Bytes pending for them.
    pub pending: u64,
}

/// A room that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoomInfo {
    /// What it is called.
    pub name: RoomName,
    /// How many are in it.
    pub users: usize,
    /// Where the user who made it came from; `None` for the lobby.
    pub created_from: Option<IpAddr>,
    /// How often each may speak there, if that is limited.
    pub slow: Option<Duration>,
    /// What it is about, in quotes, if anyone said so.
    pub topic: Option<Box<str>>,
}

/// A user who is kept out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BanInfo {
    /// Whom it is about.
    pub target: String,
    /// When it ends, in seconds since 1970; `None` if never.
    pub until: Option<u64>,
    /// Why, without quotes around it; empty if nobody said so.
    pub reason: String,
    /// All of it, in words.
    pub description: String,
}
