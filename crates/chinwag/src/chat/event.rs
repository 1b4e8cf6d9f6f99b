//! What travels between the clients' tasks and the broker.
//!
//! Each user has one queue of [`Event`]s towards the broker, their leave last; only joins and the stop use the
//! second queue, of [`Control`]s. Nothing here knows of bytes on a wire: the text is as it was typed, and is
//! sanitised where a line is encoded.

use crate::chat::admin_command::AdminCommand;
use crate::limits::{
    HISTORY_BYTES, LINE_OVERHEAD, MAX_EVENT_BYTES, MAX_ROOM_NAME, REPLAY_BYTES, WHO_PAGE_BYTES,
};
pub(crate) use crate::outbound::client_id::ClientId;
use crate::outbound::queue::Sender;
use crate::outbound::side_message::Probe;
use crate::protocol::command::{Command, CommandKind};
use crate::protocol::completion::Completions;
use crate::protocol::encode::WireFormat;
pub(crate) use crate::protocol::message::LeaveReason;
use std::net::IpAddr;
use std::time::{Duration, Instant};
use whippet::sync::oneshot;

/// What a user's task tells the broker. All of one user travels in one queue, in order.
#[derive(Debug)]
pub(crate) enum Event {
    /// They sent lines.
    Lines {
        /// Who.
        id: ClientId,
        /// What they ask for.
        inputs: CommandBatch,
    },
    /// They want to know which names begin with a word. The answer is sent at once, and never waits.
    Complete {
        /// Who.
        id: ClientId,
        /// The word.
        word: String,
        /// Where the answer goes.
        answer: oneshot::Sender<Completions>,
    },
    /// The connection does not answer, which a user wanted to know.
    Unresponsive {
        /// Whose connection.
        id: ClientId,
        /// What was asked.
        probe: Probe,
        /// For how long nothing has come from it.
        silence: Duration,
        /// For how long the kernel will bear that from now on, about.
        rest: Duration,
    },
    /// The server is stopping, and all lines that were read from them have been handed over.
    Drained {
        /// Who.
        id: ClientId,
    },
    /// They have left. Nothing of them follows.
    Leave {
        /// Who.
        id: ClientId,
        /// In which way.
        departure: LeaveReason,
    },
}

impl Event {
    /// Whose it is.
    pub(crate) const fn id(&self) -> ClientId {
        match self {
            Self::Lines { id, .. }
            | Self::Complete { id, .. }
            | Self::Unresponsive { id, .. }
            | Self::Drained { id }
            | Self::Leave { id, .. } => *id,
        }
    }
}

impl Event {
    /// Bytes that a batch may get from any one for one receiver, about and at most.
    pub(crate) const MAX_ENCODED: usize =
        MAX_EVENT_BYTES + (MAX_EVENT_BYTES / LINE_OVERHEAD + 1) * PREFIX_BYTES;

    /// Bytes that an input takes beside its text.
    #[cfg(test)]
    pub(crate) const ITEM_BYTES: usize = size_of::<(CommandKind, u32)>();

    /// Whether it took a place in the broker's queue, which is to be given back.
    pub(crate) const fn holds_queue_permit(&self) -> bool {
        matches!(self, Self::Lines { .. } | Self::Complete { .. } | Self::Unresponsive { .. })
    }

    /// Takes no more memory than it must: it will wait.
    pub(crate) fn shrink(&mut self) {
        if let Self::Lines { inputs, .. } = self {
            inputs.text.shrink_to_fit();
            inputs.items.shrink_to_fit();
        }
    }
}

/// What some users get before each line: the name of the room, and when it was said.
const PREFIX_BYTES: usize = MAX_ROOM_NAME + "#  00:00:00".len();

/// How a user came in.
#[derive(Debug)]
pub(crate) struct NewClient {
    /// Where lines for them go.
    pub sender: Sender,
    /// How their lines are encoded.
    pub format: WireFormat,
    /// Where they come from.
    pub address: IpAddr,
}

/// What comes to the broker beside the events.
#[derive(Debug)]
pub(crate) enum Control {
    /// A user came in. Nothing of them may be sent before this is.
    Join {
        /// Who.
        id: ClientId,
        /// How they came.
        client: NewClient,
    },
    /// The operators want something.
    Admin(AdminCommand),
    /// A user wants to know whether the broker answers.
    Ping {
        /// Where.
        answer: oneshot::Sender<()>,
    },
    /// The server stops: what was read is delivered, then everybody is told and sent home.
    Shutdown {
        /// When the server will be gone, whatever is left to do.
        deadline: Instant,
    },
}

/// The lines of one read, understood: one string and the places of each line in it. Bounded by [`MAX_EVENT_BYTES`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CommandBatch {
    /// The texts of all of them, one behind the other.
    text: String,
    /// What each asks for, and where its text ends.
    items: Vec<(CommandKind, u32)>,
    /// Bytes that the broker may make of them, at most.
    encoded: usize,
    /// When they were read, if that is known.
    received_at: Option<Instant>,
}

impl CommandBatch {
    /// None yet.
    pub(crate) const fn new() -> Self {
        Self { text: String::new(), items: Vec::new(), encoded: 0, received_at: None }
    }

    /// The same, read at this moment.
    #[must_use]
    pub(crate) fn with_received_at(self, now: Instant) -> Self {
        Self { received_at: Some(now), ..self }
    }

    /// When they were read, if that is known.
    pub(crate) fn received_at(&self) -> Option<Instant> {
        self.received_at
    }

    /// Those from this place on. What they took to come has been measured.
    pub(crate) fn starting_at(self, at: usize) -> Self {
        if at == 0 {
            return Self { received_at: None, ..self };
        }
        let mut rest = Self::new();
        self.iter().skip(at).for_each(|input| rest.push(input));
        rest
    }

    /// Whether an input with so many bytes of text still fits. Anything fits into an empty one.
    pub(crate) fn fits(&self, text: usize) -> bool {
        self.items.is_empty() || self.encoded + text + LINE_OVERHEAD <= MAX_EVENT_BYTES
    }

    /// Adds one at the end.
    pub(crate) fn push(&mut self, input: Command<'_>) {
        self.text.push_str(input.text);
        let end = u32::try_from(self.text.len()).expect("an event is far smaller than 4 GiB");
        self.items.push((input.kind, end));
        self.encoded += LINE_OVERHEAD + input.text.len() + reply_bytes(input.kind);
    }

    /// Bytes of a line with these words, as it looks to who is in another room.
    pub(crate) fn max_encoded(text: &str) -> usize {
        PREFIX_BYTES + LINE_OVERHEAD + text.len()
    }

    /// All of them, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Command<'_>> {
        let mut start = 0;
        self.items.iter().map(move |&(kind, end)| {
            let range = start as usize..end as usize;
            start = end;
            Command { kind, text: &self.text[range] }
        })
    }

    /// How many there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

/// Bytes of the answer to an input, about. What makes a long answer fills an event sooner, so that one read full
/// of `/who` cannot push its own sender past their bounds.
const fn reply_bytes(kind: CommandKind) -> usize {
    match kind {
        CommandKind::Who { .. }
        | CommandKind::Rooms { .. }
        | CommandKind::RoomsMatching { .. }
        | CommandKind::Bans { .. } => WHO_PAGE_BYTES,
        CommandKind::Join => REPLAY_BYTES,
        CommandKind::History { .. } => HISTORY_BYTES,
        CommandKind::Help | CommandKind::Whoami => WHO_PAGE_BYTES / 2,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_come_out_as_they_went_in() {
        let sent = [
            Command { kind: CommandKind::Say, text: "hello" },
            Command { kind: CommandKind::Help, text: "" },
            Command { kind: CommandKind::Action, text: "wävs" },
        ];
        let mut inputs = CommandBatch::new();
        sent.iter().for_each(|&input| inputs.push(input));
        assert_eq!(inputs.iter().collect::<Vec<_>>(), sent);
        assert_eq!(inputs.len(), 3);
        assert_eq!(inputs.clone().starting_at(0).iter().collect::<Vec<_>>(), sent);
        assert_eq!(inputs.clone().starting_at(1).iter().collect::<Vec<_>>(), sent[1..]);
        assert!(inputs.starting_at(3).is_empty());
    }

    #[test]
    fn an_event_holds_fewer_queries_than_lines() {
        let mut inputs = CommandBatch::new();
        assert!(inputs.fits(3 * MAX_EVENT_BYTES), "the longest line goes alone");
        for _ in 0..4 {
            assert!(inputs.fits(0));
            inputs.push(Command { kind: CommandKind::Who { page: 1 }, text: "" });
        }
        assert!(!inputs.fits(0));
    }
}
