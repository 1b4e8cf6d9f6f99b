//! What the broker has for a person's task beside frames: rare, and left where the cut is ([`account`](crate::outbound::queue)).

use crate::outbound::client_id::ClientId;
use crate::protocol::nick::Nick;
use crate::protocol::room_name::RoomName;

/// All of it that came before the task has looked. What comes later displaces what came before.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Aside {
    /// Somebody wants to know whether the connection answers.
    pub probe: Option<Probe>,
    /// What stands before the line that is being edited.
    pub place: Option<Place>,
}

impl Aside {
    /// Adds a question whether the connection answers. Whoever asks last is told, but for an operator, whom nobody displaces.
    pub(crate) fn ask(&mut self, probe: Probe) {
        if probe.ends || !self.probe.is_some_and(|before| before.ends) {
            self.probe = Some(probe);
        }
    }
}

/// A question whether a connection answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Probe {
    /// Who asks.
    pub by: ClientId,
    /// Whether an operator wants it ended if it does not.
    pub ends: bool,
}

/// What somebody is called, and where they speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The nick.
    pub nick: Nick,
    /// The room; `None` for nowhere.
    pub room: Option<RoomName>,
}
