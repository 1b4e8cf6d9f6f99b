//! What is pasted into an editor, line by line, and what is asked about it.

use crate::limits::{MAX_PENDING_LINE_BYTES, PASTE_CONFIRM_LINES};
use crate::protocol::encode::counted;
use crate::terminal::pending_lines::Unsaid;

/// A paste that is under way, or that is asked about.
#[derive(Clone, Debug, Default)]
pub(super) struct Paste {
    /// The lines of it that have ended.
    lines: Unsaid,
    /// Whether there were more than are kept.
    is_cut: bool,
    /// Whether it is over, and the person is asked whether it is meant.
    is_asked: bool,
}

/// What is asked where nothing of a paste is kept.
const NOTHING: &str = "nothing of that paste fits: Ctrl-C drops it";

impl Paste {
    /// Adds a line, beside so many bytes that wait to be said.
    pub(super) fn push(&mut self, line: &str, unsaid: usize) {
        self.is_cut |= unsaid + self.lines.bytes() + line.len() + 2 > MAX_PENDING_LINE_BYTES;
        if !self.is_cut && !line.is_empty() {
            self.lines.push(line, false);
        }
    }

    /// It is over, and this stands behind its last end of a line. Says what is to be asked, if it is long.
    pub(super) fn end(&mut self, rest: &str, unsaid: usize) -> Option<String> {
        let count = self.lines.lines() + usize::from(!rest.is_empty());
        if count < PASTE_CONFIRM_LINES && !self.is_cut {
            return None;
        }
        self.push(rest, unsaid);
        self.is_asked = true;
        let question = || format!("paste {}? Enter sends, Ctrl-C drops", self.told());
        Some(if self.is_empty() { NOTHING.to_owned() } else { question() })
    }

    /// Whether the person is asked.
    pub(super) fn is_asked(&self) -> bool {
        self.is_asked
    }

    /// Whether there was more of it than is kept.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Whether nothing of it is kept.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.lines() == 0
    }

    /// How many lines it has, in words.
    pub(super) fn told(&self) -> String {
        counted(self.lines.lines() as u64, "line")
    }

    /// Its lines.
    pub(super) fn into_lines(self) -> Unsaid {
        self.lines
    }
}
