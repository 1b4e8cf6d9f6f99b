//! The start of a stream: what is looked at before it is known to be chat.
//!
//! ```text
//!   Start ── three bytes, or a line ──► FirstLine ── a command ──► BeforeChat ── something is said ──► Chat
//!                                         │                            │
//!                                         └──── another protocol ──────┴──► Ended
//! ```
//!
//! Blank lines do not count, and a first line may be longer than any of ours: it is followed to its end, for what stands behind it
//! must not be said if it is a request.

use super::BOM;
use crate::protocol::command;
use crate::protocol::sanitize::is_blank;
use crate::protocol::sniff::{OtherProtocol, RequestLine, Signature};
use std::time::Instant;

/// How far the start of a stream has been looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StreamStart {
    /// How far.
    pub(super) phase: StreamPhase,
    /// How much of a proxy's signature came last.
    signature: Signature,
    /// The protocol that is to be told of next.
    pub(super) detected: Option<OtherProtocol>,
}

/// How far the start of a stream has been looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum StreamPhase {
    /// Too little has come to tell whether it starts with a byte order mark.
    #[default]
    Start,
    /// In the first line that is not blank, or in a blank one before it.
    FirstLine,
    /// Commands have come, and nothing was said.
    BeforeChat,
    /// Something was said.
    Chat,
    /// Another protocol, or the person ended it: nothing more is looked at.
    Ended,
}

/// A line that is being dropped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Discarding {
    /// Since when.
    pub(super) since: Instant,
    /// What of a request it is so far, if it is the first line.
    pub(super) request: Option<RequestLine>,
}

impl StreamStart {
    /// Whether no line has come that is not blank.
    pub(super) fn is_first(&self) -> bool {
        matches!(self.phase, StreamPhase::Start | StreamPhase::FirstLine)
    }

    /// Looks at text, ends of lines among it. Whether it ends with a proxy's signature.
    pub(super) fn ends_signature(&mut self, text: &[u8]) -> bool {
        self.is_first() && self.signature.ends(text)
    }

    /// A key was pressed that is no text: a byte order mark does not follow.
    pub(super) fn rule_out_bom(&mut self) {
        if self.phase == StreamPhase::Start {
            self.phase = StreamPhase::FirstLine;
        }
    }

    /// Puts the first bytes of text into the line under way, less a byte order mark. Says what is left of them.
    pub(super) fn skip_bom<'a>(&mut self, line: &mut Vec<u8>, text: &'a [u8]) -> &'a [u8] {
        if self.phase != StreamPhase::Start {
            return text;
        }
        let wanted = BOM.len() - line.len();
        let (start, rest) = text.split_at(wanted.min(text.len()));
        line.extend_from_slice(start);
        if line.len() == BOM.len() {
            self.phase = StreamPhase::FirstLine;
            if line == BOM {
                *line = Vec::new();
            }
        }
        rest
    }

    /// The protocol of the start of a line, if that is enough to tell.
    pub(super) fn detect_prefix(&self, line: &[u8]) -> Option<OtherProtocol> {
        if self.phase == StreamPhase::FirstLine { OtherProtocol::detect_prefix(line) } else { None }
    }

    /// A line is too long that begins so: whether it may be a request is looked at up to its end.
    pub(super) fn begin_request(&self, line: &[u8]) -> Option<RequestLine> {
        self.is_first().then(|| RequestLine::default().feed(line))
    }

    /// A line is over, of which this was kept; the others of its bytes were dropped, if it says so. The protocol, if it is of
    /// another one.
    pub(super) fn end_line(
        &mut self,
        line: &[u8],
        dropped: Option<&Discarding>,
    ) -> Option<OtherProtocol> {
        let other = match (self.phase, dropped.and_then(|dropped| dropped.request)) {
            (_, Some(request)) => request.protocol(),
            (StreamPhase::Start | StreamPhase::FirstLine, None) => OtherProtocol::detect_line(line),
            (StreamPhase::BeforeChat, None) => OtherProtocol::detect_before_chat(line),
            (StreamPhase::Chat | StreamPhase::Ended, None) => None,
        };
        let text = std::str::from_utf8(line);
        self.phase = match self.phase {
            StreamPhase::Chat | StreamPhase::Ended => self.phase,
            _ if dropped.is_some() && line.is_empty() => StreamPhase::Chat,
            phase if text.is_ok_and(is_blank) => phase.max(StreamPhase::FirstLine),
            _ if text.is_ok_and(command::sends_no_message) => StreamPhase::BeforeChat,
            _ => StreamPhase::Chat,
        };
        other
    }
}
