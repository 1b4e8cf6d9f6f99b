//! What can be shown to users, by its meaning. How it looks is up to the [wire format](crate::protocol::encode::WireFormat).

use crate::protocol::nick::Nick;
use crate::protocol::room_name::RoomName;
use std::time::Duration;

/// One message, by its meaning.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Message<'a> {
    /// A user says something.
    Say(Nick, &'a str),
    /// A user does something: `/me`.
    Action(Nick, &'a str),
    /// A user joined.
    Joined(Nick),
    /// A user left.
    Left(Nick, &'a LeaveReason),
    /// A user has another nick from now on.
    Renamed(Nick, Nick),
    /// A user sets the topic, which is in quotes, or removes it.
    Topic(Nick, Option<&'a str>),
    /// An operator sets the slow mode of the room, or ends it.
    SlowMode(Nick, Option<Duration>),
    /// So many users joined, too many to name.
    JoinCount(u64),
    /// So many users left, too many to name.
    LeaveCount(u64),
    /// A private message, for its recipient alone.
    PrivateFrom(Nick, &'a str),
    /// The confirmation of a private message, for its author alone.
    PrivateTo(Nick, &'a str),
    /// For one user alone: a line of the room's history.
    Replay {
        /// The author.
        nick: Nick,
        /// Whether it is an action, by `/me`.
        is_action: bool,
        /// The text.
        text: &'a str,
    },
    /// The server shuts down.
    ShuttingDown,
    /// For a new user alone, before anything else: the greeting, and their nick.
    Welcome(&'a str, Nick),
    /// For one user alone: what they asked for.
    Reply(&'a str),
    /// For one user alone: why their command failed.
    Error(&'a str),
}

impl Message<'_> {
    /// Whether it only says that users joined or left.
    pub(crate) const fn is_join_or_leave(&self) -> bool {
        use Message::{JoinCount, Joined, LeaveCount, Left};
        matches!(self, Joined(_) | Left(..) | JoinCount(_) | LeaveCount(_))
    }
}

/// Why a user left, which is what the others read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LeaveReason {
    /// By `/quit`, with their text.
    Quit(Option<String>),
    /// The client closed its side, as `nc` does at the end of its input.
    Eof,
    /// They left this room, and not the server.
    Parted(RoomName),
    /// The connection broke.
    ConnectionLost,
    /// The client did not read what was sent to it.
    TooSlow,
    /// An operator removed them from this room, with a reason if there was any. They are still connected.
    Kicked {
        /// The room.
        room: RoomName,
        /// The operator.
        by: Nick,
        /// The reason.
        reason: Option<Box<str>>,
    },
    /// An administrator disconnected them, by the admin socket.
    KickedByAdmin {
        /// The reason.
        reason: Box<str>,
    },
    /// The server closed the connection, and says why.
    ServerClosed(&'static str),
}
