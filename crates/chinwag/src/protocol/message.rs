//! What can be shown to people, by its meaning. How it looks is a matter of the door.

use crate::protocol::nick::Nick;
use crate::protocol::room_name::RoomName;
use std::time::Duration;

/// One line, by its meaning.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Message<'a> {
    /// Somebody says something.
    Say(Nick, &'a str),
    /// Somebody does something: `/me`.
    Action(Nick, &'a str),
    /// Somebody came.
    Joined(Nick),
    /// Somebody left.
    Left(Nick, &'a LeaveReason),
    /// Somebody is called differently from now on.
    Renamed(Nick, Nick),
    /// Somebody says what the room is about, in quotes, or that it has no topic any more.
    Topic(Nick, Option<&'a str>),
    /// An operator says how often each may speak here from now on, or that this does not matter any more.
    SlowMode(Nick, Option<Duration>),
    /// So many people came, too many to name.
    JoinCount(u64),
    /// So many people left, too many to name.
    LeaveCount(u64),
    /// For one person alone, from another.
    PrivateFrom(Nick, &'a str),
    /// For whoever wrote to one person alone: it is on its way.
    PrivateTo(Nick, &'a str),
    /// For one person alone: what was said or done here before.
    Replay {
        /// By whom.
        nick: Nick,
        /// Whether he did it, by `/me`.
        is_action: bool,
        /// The words.
        text: &'a str,
    },
    /// The end of the server.
    ShuttingDown,
    /// For a newcomer alone, before anything else: the greeting, and who he is.
    Welcome(&'a str, Nick),
    /// For one person alone: what he asked for.
    Reply(&'a str),
    /// For one person alone: why not.
    Error(&'a str),
}

impl Message<'_> {
    /// Whether it only says that somebody came or left.
    pub(crate) const fn is_join_or_leave(&self) -> bool {
        use Message::{JoinCount, Joined, LeaveCount, Left};
        matches!(self, Joined(_) | Left(..) | JoinCount(_) | LeaveCount(_))
    }
}

/// How somebody left, which is what the others read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LeaveReason {
    /// By `/quit`, with his words.
    Quit(Option<String>),
    /// He closed his side, as `nc` does at the end of its input.
    Eof,
    /// They left this room, and not the house.
    Parted(RoomName),
    /// The connection broke.
    ConnectionLost,
    /// He did not read what he was sent.
    TooSlow,
    /// An operator took them out of this room, with words if there were any. They are in the house still.
    Kicked {
        /// The room.
        room: RoomName,
        /// The operator.
        by: Nick,
        /// His words.
        reason: Option<Box<str>>,
    },
    /// Whoever runs the server ended it, with these words.
    KickedByAdmin {
        /// The words.
        reason: Box<str>,
    },
    /// The server ended it, and says why.
    ServerClosed(&'static str),
}
