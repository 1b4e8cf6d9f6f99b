//! What each command costs of the budget of lines, and why. A chat line costs one token; what makes the server look at
//! more, send more or answer more costs more, so that a budget bounds work and bytes, whichever command spends it.
//!
//! A line is taken as long as one token is left, and what it costs beyond that is paid later: no command is out of reach,
//! however small the burst is set. docs/COSTS.md has the worst work behind each number, and a test runs each command
//! against it.

use super::CommandKind;
use crate::limits::{HISTORY_BYTES, MAX_LINE_BYTES, RATE_BURST, REPLY_BYTES_PER_TOKEN};

/// One token: as much as a chat line.
const CHAT_LINE: u32 = 1;
/// It ends the current batch, which costs each of the room's members a frame more.
const EXTRA_BATCH: u32 = 1;
/// A page of an answer, of which none is longer than [`REPLY_BYTES_PER_TOKEN`].
const REPLY_PAGE: u32 = 1;

impl CommandKind {
    /// The most tokens that any command costs.
    pub(crate) const MAX_COST: u32 = Self::History { lines: u32::MAX }.cost();

    /// How many tokens it costs: at least one, and never more than the usual burst.
    pub(crate) const fn cost(self) -> u32 {
        match self {
            // A line for the members of one room, or for one person and its author, or a short answer.
            Self::Say
            | Self::Action
            | Self::Message
            | Self::Reply
            | Self::Whoami
            | Self::Topic
            | Self::Away
            | Self::Bell(_)
            | Self::Mute
            | Self::Unmute
            | Self::Slow
            | Self::Unban
            | Self::Quit
            | Self::Edit(_)
            | Self::Color(_)
            | Self::Oper
            | Self::OperResult { .. }
            | Self::Unknown
            | Self::Invalid(_) => CHAT_LINE,
            // A line for all who share any of up to 20 rooms, where a chat line goes to the members of one.
            Self::Nick => 2 * CHAT_LINE,
            // The line that a user joined, the one that they left, which no later command pays for, and the past of the room.
            Self::Join => 2 * CHAT_LINE + EXTRA_BATCH + REPLY_PAGE,
            // A line for the members of a room, and the batch before it.
            Self::Part | Self::Kick => CHAT_LINE + EXTRA_BATCH,
            // They change how lines are shown to a user, so that a batch cannot go on.
            Self::Ignore | Self::Unignore | Self::Time { .. } | Self::Quiet(_) => {
                CHAT_LINE + EXTRA_BATCH
            }
            // A look at everybody.
            Self::Ban => 2 * CHAT_LINE,
            // Some kilobytes of answer for a few bytes that were typed.
            Self::Rooms { .. } | Self::Who { .. } | Self::Bans { .. } | Self::Help => {
                CHAT_LINE + REPLY_PAGE
            }
            // The same, and a look at the name of every room.
            Self::RoomsMatching { .. } => 2 * CHAT_LINE + REPLY_PAGE,
            // Up to 64 KiB of answer.
            Self::History { lines } => CHAT_LINE + reply_tokens(history_bytes(lines)),
        }
    }
}

/// Most bytes of a line's words: of a line of [`MAX_LINE_BYTES`] bytes each may become U+FFFD.
const MAX_TEXT_BYTES: usize = 3 * MAX_LINE_BYTES;

/// Most bytes of words in so many lines of the past.
const fn history_bytes(lines: u32) -> usize {
    let bytes = (lines as usize).saturating_mul(MAX_TEXT_BYTES);
    if bytes < HISTORY_BYTES { bytes } else { HISTORY_BYTES }
}

/// The tokens of an answer of so many bytes.
const fn reply_tokens(bytes: usize) -> u32 {
    bytes.div_ceil(REPLY_BYTES_PER_TOKEN) as u32
}

const _: () = assert!(CommandKind::MAX_COST <= RATE_BURST, "the usual burst allows every command");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_past_costs_by_how_much_of_it_is_asked_for() {
        let cost = |lines| CommandKind::History { lines }.cost();
        assert_eq!([1, 2, 3, 4, 5, 6, 20, 200].map(cost), [3, 4, 6, 7, 9, 9, 9, 9]);
        assert_eq!(cost(u32::MAX), CommandKind::MAX_COST);
    }
}
