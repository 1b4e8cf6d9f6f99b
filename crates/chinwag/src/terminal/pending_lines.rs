//! Lines that were typed or pasted in an editor and are not sent to the broker yet: they come faster than the rate limit. Pure.
//!
//! In one string, one behind the other, so that a thousand short lines cost their bytes and no more. Its user checks
//! [`bytes`](PendingLines::bytes) before.

use crate::limits::MAX_LINE_BYTES;

/// Lines in the order in which they are to be said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PendingLines {
    /// Each line behind a byte that says whether it was shown, and with an end. No line has one in it.
    text: String,
    /// Where the first of them begins that was not taken.
    at: usize,
    /// How many there are.
    lines: usize,
}

/// What is made room for at once, so that not each line moves all of them.
const GROW_BYTES: usize = MAX_LINE_BYTES / 2;
/// What stands before a line that its author has seen as a line already.
const SHOWN: char = '+';
/// What stands before one that is to be shown when it is said.
const HIDDEN: char = '-';

impl PendingLines {
    /// How many lines there are.
    pub(crate) fn lines(&self) -> usize {
        self.lines
    }

    /// Bytes of all of them, with what stands around each.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len() - self.at
    }

    /// Bytes of the first one; 0 if there is none.
    pub(crate) fn first_len(&self) -> usize {
        self.rest().find('\n').map_or(0, |end| end - 1)
    }

    /// What was not taken.
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// Adds a line, which its author has seen as one or not.
    pub(crate) fn push(&mut self, line: &str, is_shown: bool) {
        self.reserve(line.len() + 2);
        self.text.push(if is_shown { SHOWN } else { HIDDEN });
        self.text.push_str(line);
        self.text.push('\n');
        self.lines += 1;
    }

    /// Adds the lines of another, and leaves it empty.
    pub(crate) fn append(&mut self, other: &mut Self) {
        let other = std::mem::take(other);
        if self.lines == 0 {
            *self = other;
            return;
        }
        self.reserve(other.bytes());
        self.text.push_str(other.rest());
        self.lines += other.lines;
    }

    /// Makes room for so many bytes, and not for twice as much.
    fn reserve(&mut self, bytes: usize) {
        if self.text.capacity() - self.text.len() < bytes {
            self.text.drain(..std::mem::take(&mut self.at));
            self.text.reserve_exact(bytes.max(GROW_BYTES));
        }
    }

    /// Takes the first line, and whether its author has seen it.
    pub(crate) fn pop(&mut self) -> Option<(String, bool)> {
        let end = self.rest().find('\n')?;
        let (mark, line) = self.rest()[..end].split_at(1);
        let taken = (line.to_owned(), mark.starts_with(SHOWN));
        (self.at, self.lines) = (self.at + end + 1, self.lines - 1);
        if self.lines == 0 {
            *self = Self::default();
        } else if self.bytes() < self.text.capacity() / 2 {
            self.text.drain(..std::mem::take(&mut self.at));
            self.text.shrink_to_fit();
        }
        Some(taken)
    }

    /// Drops all of them. Says how many.
    pub(crate) fn clear(&mut self) -> usize {
        std::mem::take(self).lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    proptest! {
        #[test]
        fn lines_come_out_as_they_went_in(
            steps in prop::collection::vec(prop::option::of(("\\PC{0,60}|x{3000}", any::<bool>())), 0..200),
        ) {
            let (mut pending, mut model) = (PendingLines::default(), VecDeque::new());
            for step in steps {
                match step {
                    Some((line, is_shown)) if model.len() % 3 == 2 => {
                        let mut more = PendingLines::default();
                        more.push(&line, is_shown);
                        pending.append(&mut more);
                        prop_assert_eq!(more.lines(), 0);
                        model.push_back((line, is_shown));
                    }
                    Some((line, is_shown)) => {
                        pending.push(&line, is_shown);
                        model.push_back((line, is_shown));
                    }
                    None => prop_assert_eq!(pending.pop(), model.pop_front()),
                }
                prop_assert_eq!(pending.lines(), model.len());
                prop_assert_eq!(pending.first_len(), model.front().map_or(0, |(line, _)| line.len()));
                let bytes: usize = model.iter().map(|(line, _)| line.len() + 2).sum();
                prop_assert_eq!(pending.bytes(), bytes);
            }
            prop_assert_eq!(pending.clear(), model.len());
            prop_assert_eq!(pending.text.capacity(), 0);
        }
    }

    #[test]
    fn its_memory_is_what_waits_in_it() {
        let mut pending = PendingLines::default();
        for turn in 0..20_000 {
            pending.push(&"x".repeat(100), true);
            let most = if turn < 10_000 { 300 } else { 3 };
            while pending.lines() > most {
                pending.pop();
            }
            let (capacity, bytes) = (pending.text.capacity(), pending.bytes());
            assert!(capacity <= 2 * bytes + GROW_BYTES + 200, "{capacity} for {bytes}");
        }
        assert!(pending.text.capacity() < 4_000, "{}", pending.text.capacity());
    }
}
