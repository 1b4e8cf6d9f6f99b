//! What was said in a room last: the newest lines of chat and `/me`, for those who come and those who ask.
//!
//! In memory, and bounded in lines and in bytes. The words are kept as they were typed, one behind the other in one
//! ring of bytes, so that keeping a line allocates nothing once the rings have grown.

use crate::chat::event::ClientId;
use crate::limits::HISTORY_BYTES;
use crate::protocol::message::Message;
use crate::protocol::nick::Nick;
use crate::protocol::time_of_day::TimeOfDay;
use std::collections::VecDeque;

/// A line of the past.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// Who said it.
    pub author: ClientId,
    /// What they were called.
    pub nick: Nick,
    /// Whether they did it, by `/me`, instead of saying it.
    pub is_action: bool,
    /// When.
    pub at: TimeOfDay,
    /// Bytes of the words.
    length: u32,
}

/// The newest lines of one room (see the module docs).
#[derive(Debug)]
pub(crate) struct History {
    /// The lines, the oldest first.
    entries: VecDeque<Entry>,
    /// Their words, in the same order.
    words: VecDeque<u8>,
    /// How many lines are kept.
    lines: usize,
}

impl History {
    /// Nothing was said, and so many lines will be kept.
    pub(crate) const fn new(lines: usize) -> Self {
        Self { entries: VecDeque::new(), words: VecDeque::new(), lines }
    }

    /// How many lines there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Keeps a line if it was said or done.
    pub(crate) fn push(&mut self, author: ClientId, line: &Message<'_>, at: TimeOfDay) {
        let (nick, is_action, words) = match *line {
            Message::Say(nick, words) => (nick, false, words),
            Message::Action(nick, words) => (nick, true, words),
            _ => return,
        };
        self.push_entry(Entry { author, nick, is_action, at, length: 0 }, words);
    }

    /// Keeps a line, and forgets as many of the oldest as there is no room for.
    fn push_entry(&mut self, mut entry: Entry, words: &str) {
        if self.lines == 0 || words.len() > HISTORY_BYTES {
            return;
        }
        while self.entries.len() >= self.lines || self.words.len() + words.len() > HISTORY_BYTES {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.words.drain(..oldest.length as usize);
        }
        // It is at most HISTORY_BYTES.
        entry.length = words.len() as u32;
        make_room(&mut self.entries, 1, self.lines);
        make_room(&mut self.words, words.len(), HISTORY_BYTES);
        self.entries.push_back(entry);
        self.words.extend(words.as_bytes());
    }

    /// The last `count` lines with their words, the oldest first, but for those of some users; fewer, if they have more
    /// than so many bytes.
    pub(crate) fn recent(
        &mut self,
        count: usize,
        bytes: usize,
        excluding: &[ClientId],
    ) -> Vec<(Entry, &str)> {
        let mut rest = &*self.words.make_contiguous();
        let (mut recent, mut left) = (Vec::new(), bytes);
        for &entry in self.entries.iter().rev() {
            let (before, words) = rest.split_at(rest.len() - entry.length as usize);
            rest = before;
            if excluding.contains(&entry.author) {
                continue;
            }
            if recent.len() >= count || words.len() > left {
                break;
            }
            left -= words.len();
            recent.push((entry, std::str::from_utf8(words).expect("words went in as UTF-8")));
        }
        recent.reverse();
        recent
    }
}

/// Room for so many more in a ring that will never hold more than `most`: twice as much as it had, and no more than that.
fn make_room<T>(ring: &mut VecDeque<T>, more: usize, most: usize) {
    let wanted = ring.len() + more;
    if wanted > ring.capacity() {
        let grown = (2 * ring.capacity()).clamp(wanted, most.max(wanted));
        ring.reserve_exact(grown - ring.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::HISTORY_LINES;
    use proptest::prelude::*;
    use std::time::Duration;

    fn entry(number: u64) -> Entry {
        let at = TimeOfDay::new(Duration::from_secs(number));
        let (author, nick) = (ClientId::new(number), Nick::guest(number));
        Entry { author, nick, is_action: false, at, length: 0 }
    }

    #[test]
    fn the_newest_lines_are_kept_within_both_bounds() {
        let mut history = History::new(3);
        for number in 0..5 {
            history.push_entry(entry(number), &format!("line {number}"));
        }
        let mut recent = |count, bytes, excluding: &[u64]| {
            let excluding: Vec<_> = excluding.iter().map(|&number| ClientId::new(number)).collect();
            let recent = history.recent(count, bytes, &excluding);
            recent.iter().map(|(_, words)| (*words).to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(recent(2, 100, &[]), ["line 3", "line 4"]);
        assert_eq!(recent(100, 100, &[]), ["line 2", "line 3", "line 4"]);
        assert_eq!(recent(100, 13, &[]), ["line 3", "line 4"], "within so many bytes");
        assert_eq!(recent(2, 100, &[4]), ["line 2", "line 3"], "without those of one");
        let mut history = History::new(HISTORY_LINES);
        let long = "x".repeat(HISTORY_BYTES / 2);
        for number in 0..5 {
            history.push_entry(entry(number), &long);
        }
        assert_eq!(history.len(), 2);
        let mut none = History::new(0);
        none.push_entry(entry(1), "hello");
        assert!(none.is_empty());
    }

    proptest! {
        #[test]
        fn history_is_a_list_without_its_front(
            lines in proptest::collection::vec("\\PC{0,40}|x{2000,5000}", 0..60),
            kept in 1..40_usize,
            count in 0..50_usize,
        ) {
            let mut history = History::new(kept);
            let mut bytes = 0;
            for (number, line) in lines.iter().enumerate() {
                history.push_entry(entry(number as u64), line);
            }
            prop_assert!(history.words.capacity() <= HISTORY_BYTES, "{}", history.words.capacity());
            prop_assert!(history.entries.capacity() <= kept.max(4), "{}", history.entries.capacity());
            // As many from the end as both bounds let stay.
            let fits = |line: &&String| {
                bytes += line.len();
                bytes <= HISTORY_BYTES
            };
            let stay = lines.iter().rev().take(kept).take_while(fits).count().min(count);
            let recent = history.recent(count, usize::MAX, &[]);
            let recent: Vec<_> = recent.iter().map(|(_, words)| (*words).to_owned()).collect();
            prop_assert_eq!(&recent[..], &lines[lines.len() - stay..]);
        }
    }
}
