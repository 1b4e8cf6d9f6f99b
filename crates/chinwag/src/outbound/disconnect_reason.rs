//! Why the broker ends a connection, and what the client and the others are told.

use crate::protocol::message::LeaveReason;

/// Why the broker ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DisconnectReason {
    /// The client did not read what it was sent.
    TooSlow,
    /// An operator has kicked the user.
    Kicked,
    /// The user is banned.
    Banned,
    /// The connection does not answer, and an operator wants it to end.
    Unresponsive,
}

impl DisconnectReason {
    /// What the client is told, unless a message replaces it, and as far as the kernel has room for it.
    pub(crate) fn client_message(self) -> &'static str {
        match self {
            Self::TooSlow => "! disconnected: too slow to read what you are sent\r\n",
            Self::Kicked => "! you were kicked\r\n",
            Self::Banned => "! you are banned here\r\n",
            Self::Unresponsive => "! disconnected: your connection did not answer\r\n",
        }
    }

    /// What the others are told.
    pub(crate) fn leave_reason(self) -> LeaveReason {
        match self {
            Self::TooSlow => LeaveReason::TooSlow,
            Self::Kicked => LeaveReason::ServerClosed("kicked"),
            Self::Banned => LeaveReason::ServerClosed("banned"),
            Self::Unresponsive => LeaveReason::ConnectionLost,
        }
    }
}
