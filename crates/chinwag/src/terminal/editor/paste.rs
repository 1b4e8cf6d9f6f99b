//! What is pasted into an editor, line by line, and what is asked about it.

use crate::limits::{MAX_PENDING_LINE_BYTES, PASTE_CONFIRM_LINES};
use crate::protocol::encode::pluralize;
use crate::terminal::pending_lines::PendingLines;

/// A paste that is under way, or that is asked about.
#[derive(Clone, Debug, Default)]
pub(super) struct Paste {
    /// The lines of it that have ended.
    lines: PendingLines,
    /// Whether there were more than are kept.
    truncated: bool,
    /// Whether it is over, and the person is asked whether it is meant.
    awaiting_answer: bool,
}

/// What is asked where nothing of a paste is kept.
const NOTHING: &str = "nothing of that paste fits: Ctrl-C drops it";

impl Paste {
    /// Adds a line, beside so many bytes that wait to be said.
    pub(super) fn push(&mut self, line: &str, pending_bytes: usize) {
        self.truncated |=
            pending_bytes + self.lines.bytes() + line.len() + 2 > MAX_PENDING_LINE_BYTES;
        if !self.truncated && !line.is_empty() {
            self.lines.push(line, false);
        }
    }

    /// It is over, and this stands behind its last end of a line. Says what is to be asked, if it is long.
    pub(super) fn end(&mut self, rest: &str, pending_bytes: usize) -> Option<String> {
        let count = self.lines.lines() + usize::from(!rest.is_empty());
        if count < PASTE_CONFIRM_LINES && !self.truncated {
            return None;
        }
        self.push(rest, pending_bytes);
        self.awaiting_answer = true;
        let question = || format!("paste {}? Enter sends, Ctrl-C drops", self.line_count());
        Some(if self.is_empty() { NOTHING.to_owned() } else { question() })
    }

    /// Whether the person is asked.
    pub(super) fn is_awaiting_answer(&self) -> bool {
        self.awaiting_answer
    }

    /// Whether there was more of it than is kept.
    pub(super) fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// Whether nothing of it is kept.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.lines() == 0
    }

    /// How many lines it has, in words.
    pub(super) fn line_count(&self) -> String {
        pluralize(self.lines.lines() as u64, "line")
    }

    /// Its lines.
    pub(super) fn into_lines(self) -> PendingLines {
        self.lines
    }
}
