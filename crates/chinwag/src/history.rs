//! What was said in a room last: the newest lines of chat and `/me`, for those who come and those who ask.
//!
//! In memory, and bounded in lines and in bytes. The words are kept as they were typed, one behind the other in one
//! ring of bytes, so that keeping a line allocates nothing once the rings have grown.

use crate::event::ClientId;
use crate::limits::{HISTORY_BYTES, HISTORY_LINES};
use crate::name::Nick;
use crate::time_of_day::TimeOfDay;
use std::collections::VecDeque;

/// A line of the past.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Who said it.
    pub author: ClientId,
    /// What he was called.
    pub nick: Nick,
    /// Whether he did it, by `/me`, instead of saying it.
    pub did: bool,
    /// When.
    pub at: TimeOfDay,
    /// Bytes of the words.
    length: u32,
}

impl Entry {
    /// Something said or done; its words come beside it.
    pub const fn new(author: ClientId, nick: Nick, did: bool, at: TimeOfDay) -> Self {
        Self { author, nick, did, at, length: 0 }
    }
}

/// The newest lines of one room (see the module's words).
#[derive(Debug)]
pub struct History {
    /// The lines, the oldest first.
    entries: VecDeque<Entry>,
    /// Their words, in the same order.
    words: VecDeque<u8>,
    /// How many lines are kept.
    lines: usize,
}

impl Default for History {
    fn default() -> Self {
        Self::new(HISTORY_LINES)
    }
}

impl History {
    /// Nothing was said, and so many lines will be kept.
    pub const fn new(lines: usize) -> Self {
        Self { entries: VecDeque::new(), words: VecDeque::new(), lines }
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Keeps a line, and forgets as many of the oldest as there is no room for.
    pub fn push(&mut self, mut entry: Entry, words: &str) {
        if self.lines == 0 || words.len() > HISTORY_BYTES {
            return;
        }
        while self.entries.len() >= self.lines || self.words.len() + words.len() > HISTORY_BYTES {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.words.drain(..oldest.length as usize);
        }
        // It is at most HISTORY_BYTES.
        entry.length = words.len() as u32;
        self.entries.push_back(entry);
        self.words.extend(words.as_bytes());
    }

    /// The last `count` lines with their words, the oldest first.
    pub fn last(&mut self, count: usize) -> impl Iterator<Item = (Entry, &str)> {
        let skipped = self.entries.len().saturating_sub(count);
        let skipped_bytes = self.entries.iter().take(skipped).map(|e| e.length as usize).sum();
        let mut rest = &self.words.make_contiguous()[skipped_bytes..];
        self.entries.iter().skip(skipped).map(move |&entry| {
            let (words, behind) = rest.split_at(entry.length as usize);
            rest = behind;
            (entry, std::str::from_utf8(words).expect("words went in as UTF-8"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    fn entry(number: u64) -> Entry {
        let at = TimeOfDay::new(Duration::from_secs(number));
        Entry::new(ClientId::new(number), Nick::numbered(number), number.is_multiple_of(3), at)
    }

    #[test]
    fn the_newest_lines_are_kept_within_both_bounds() {
        let mut history = History::new(3);
        for number in 0..5 {
            history.push(entry(number), &format!("line {number}"));
        }
        let told: Vec<_> = history.last(2).map(|(entry, words)| (entry.nick, words)).collect();
        assert_eq!(told, [(Nick::numbered(3), "line 3"), (Nick::numbered(4), "line 4")]);
        assert_eq!(history.last(100).count(), 3);
        let mut history = History::default();
        let long = "x".repeat(HISTORY_BYTES / 2);
        for number in 0..5 {
            history.push(entry(number), &long);
        }
        assert_eq!(history.len(), 2);
        let mut none = History::new(0);
        none.push(entry(1), "hello");
        assert!(none.is_empty());
    }

    proptest! {
        #[test]
        fn it_is_a_list_of_which_the_front_was_forgotten(
            lines in proptest::collection::vec("\\PC{0,40}|x{2000,5000}", 0..60),
            kept in 1..40_usize,
            count in 0..50_usize,
        ) {
            let mut history = History::new(kept);
            let mut bytes = 0;
            for (number, line) in lines.iter().enumerate() {
                history.push(entry(number as u64), line);
            }
            // As many from the end as both bounds let stay.
            let fits = |line: &&String| {
                bytes += line.len();
                bytes <= HISTORY_BYTES
            };
            let stay = lines.iter().rev().take(kept).take_while(fits).count().min(count);
            let told: Vec<_> = history.last(count).map(|(_, words)| words.to_owned()).collect();
            prop_assert_eq!(&told[..], &lines[lines.len() - stay..]);
        }
    }
}
