//! What the broker sends to a client's task besides frames: rare, and kept where the disconnect is ([`queue`](crate::outbound::queue)).

use crate::outbound::client_id::ClientId;
use crate::protocol::nick::Nick;
use crate::protocol::room_name::RoomName;

/// All that came before the task has looked. What comes later replaces what came before.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct SideMessage {
    /// A request to find out whether the connection answers.
    pub probe: Option<Probe>,
    /// The prompt before the line that is being edited.
    pub prompt: Option<Prompt>,
}

impl SideMessage {
    /// Adds a request for a probe. The latest requester gets the answer, except that nobody replaces an operator.
    pub(crate) fn add_probe(&mut self, probe: Probe) {
        if probe.disconnects || !self.probe.is_some_and(|before| before.disconnects) {
            self.probe = Some(probe);
        }
    }
}

/// A request to find out whether a connection answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Probe {
    /// The user who asked.
    pub requester: ClientId,
    /// Whether an operator wants the client disconnected if it does not answer.
    pub disconnects: bool,
}

/// What an editor shows before the line: the user's nick, and the room that they speak in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prompt {
    /// The nick.
    pub nick: Nick,
    /// The room; `None` for nowhere.
    pub room: Option<RoomName>,
}
