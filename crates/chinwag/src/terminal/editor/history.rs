//! The lines that a user has sent from the editor, to be recalled.

use std::collections::VecDeque;

/// Earlier lines, the latest last, at most so many and so many bytes.
#[derive(Clone, Debug)]
pub(super) struct History {
    /// The lines.
    lines: VecDeque<String>,
    /// Bytes of all of them.
    bytes: usize,
    /// Most lines, and most bytes.
    limits: (usize, usize),
    /// How far back the line stands that is shown: 0 for the one under way, 1 for the latest of these.
    back: usize,
    /// The line under way, while an earlier one is shown.
    draft: String,
}

impl History {
    /// None yet; at most so many lines and bytes.
    pub(super) fn new(lines: usize, bytes: usize) -> Self {
        Self {
            lines: VecDeque::new(),
            bytes: 0,
            limits: (lines, bytes),
            back: 0,
            draft: String::new(),
        }
    }

    /// A line was sent, kept or not: the next one is under way.
    pub(super) fn sent(&mut self) {
        (self.back, self.draft) = (0, String::new());
    }

    /// A line that was sent is kept. The same one twice in a row is kept once.
    pub(super) fn push(&mut self, line: &str) {
        self.sent();
        if line.trim().is_empty() || self.lines.back().is_some_and(|last| last == line) {
            return;
        }
        self.lines.push_back(line.to_owned());
        self.bytes += line.len();
        while self.lines.len() > self.limits.0 || self.bytes > self.limits.1 {
            self.bytes -= self.lines.pop_front().map_or(0, |first| first.len());
        }
    }

    /// The line before the one that is shown, which is `shown`; `None` if there is none.
    pub(super) fn earlier(&mut self, shown: &str) -> Option<&str> {
        if self.back == self.lines.len() {
            return None;
        }
        if self.back == 0 {
            shown.clone_into(&mut self.draft);
        }
        self.back += 1;
        self.shown()
    }

    /// The line behind the one that is shown; `None` if that is the one under way.
    pub(super) fn later(&mut self) -> Option<&str> {
        if self.back == 0 {
            return None;
        }
        self.back -= 1;
        self.shown()
    }

    /// The line that is to be shown.
    fn shown(&self) -> Option<&str> {
        match self.back {
            0 => Some(&self.draft),
            back => self.lines.get(self.lines.len() - back).map(String::as_str),
        }
    }

    /// Bytes of all lines.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_and_so_does_the_one_under_way() {
        let mut history = History::new(3, 100);
        assert_eq!(history.earlier("draft"), None);
        ["a", "b", "b", " ", "c", "d"].iter().for_each(|line| history.push(line));
        assert_eq!(history.earlier("draft"), Some("d"));
        assert_eq!(history.earlier("d, changed"), Some("c"));
        assert_eq!(history.earlier("c"), Some("b"));
        assert_eq!(history.earlier("b"), None, "a is forgotten");
        assert_eq!(history.later(), Some("c"));
        assert_eq!(history.later(), Some("d"));
        assert_eq!(history.later(), Some("draft"));
        assert_eq!(history.later(), None);
    }

    #[test]
    fn bytes_are_bounded_too() {
        let mut history = History::new(100, 10);
        ["aaaa", "bbbb", "cccc"].iter().for_each(|line| history.push(line));
        assert_eq!(history.bytes(), 8);
        history.push("longer than all of it");
        assert_eq!((history.bytes(), history.earlier("")), (0, None));
    }
}
