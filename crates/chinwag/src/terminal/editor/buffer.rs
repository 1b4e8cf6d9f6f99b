//! The line under way: its text, the cursor in it, and what was last cut out of it.
//!
//! The cursor moves by what a person takes for one character, be it of several code points ([`clusters`]).

use super::clusters;
use crate::protocol::work_steps::Steps;

/// Text with a cursor, at most so many bytes.
#[derive(Clone, Debug)]
pub(super) struct Buffer {
    /// The text.
    text: String,
    /// Where the cursor is: a place between two characters.
    cursor: usize,
    /// Most bytes of the text.
    limit: usize,
    /// What was cut out last.
    kill_buffer: String,
    /// What the work on it came to.
    pub(super) steps: Steps,
}

impl Buffer {
    /// An empty line of at most so many bytes.
    pub(super) fn new(limit: usize) -> Self {
        let (text, kill_buffer) = (String::new(), String::new());
        Self { text, cursor: 0, limit, kill_buffer, steps: Steps::default() }
    }

    /// The text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Where the cursor is.
    pub(super) fn cursor(&self) -> usize {
        self.cursor
    }

    /// Puts text in at the cursor, which moves on behind it. Says whether there was room.
    pub(super) fn insert(&mut self, text: &str) -> bool {
        let fits = self.text.len() + text.len() <= self.limit;
        if fits {
            self.steps.moved(text.len() + self.text.len() - self.cursor);
            self.text.insert_str(self.cursor, text);
            self.cursor += text.len();
        }
        fits
    }

    /// Exchanges the whole text; the cursor goes to the end.
    pub(super) fn set(&mut self, text: &str) {
        self.text.clear();
        self.text.push_str(&text[..text.floor_char_boundary(self.limit)]);
        self.steps.moved(self.text.len());
        self.cursor = self.text.len();
    }

    /// Takes the text out, and its memory.
    pub(super) fn take(&mut self) -> String {
        self.cursor = 0;
        std::mem::take(&mut self.text)
    }

    /// Moves the cursor to a place between characters.
    pub(super) fn move_cursor(&mut self, place: usize) {
        debug_assert!(self.text.is_char_boundary(place), "the cursor stands between characters");
        self.cursor = place;
    }

    /// The place one character before the cursor.
    pub(super) fn left(&self) -> usize {
        self.cursor - clusters::last(&self.text[..self.cursor], &self.steps)
    }

    /// The place one character behind the cursor.
    pub(super) fn right(&self) -> usize {
        self.cursor + clusters::first(&self.text[self.cursor..], &self.steps)
    }

    /// The start of the word that the cursor is in or behind.
    pub(super) fn word_left(&self) -> usize {
        let before = self.text[..self.cursor].trim_end();
        let start = before
            .char_indices()
            .rfind(|(_, c)| c.is_whitespace())
            .map_or(0, |(at, c)| at + c.len_utf8());
        self.steps.searched(self.cursor - start);
        start
    }

    /// The end of the word that the cursor is in or before.
    pub(super) fn word_right(&self) -> usize {
        let behind = &self.text[self.cursor..];
        let word = behind.trim_start();
        let end = word.find(char::is_whitespace).unwrap_or(word.len());
        let passed = behind.len() - word.len() + end;
        self.steps.searched(passed);
        self.cursor + passed
    }

    /// The end of the text before the cursor, of at most so many bytes, behind its last blank; `None` if there is no blank and
    /// it has more.
    pub(super) fn word_before(&self, longest: usize) -> Option<&str> {
        let before = &self.text[..self.cursor];
        let tail = &before[before.floor_char_boundary(before.len().saturating_sub(longest + 1))..];
        self.steps.searched(tail.len());
        let word = tail.rsplit(char::is_whitespace).next().unwrap_or("");
        (word.len() <= longest).then_some(word)
    }

    /// Erases what lies between the cursor and a place; the cursor is at its start then.
    pub(super) fn erase_to(&mut self, place: usize) {
        let (start, end) = (self.cursor.min(place), self.cursor.max(place));
        self.steps.moved(self.text.len() - start);
        self.text.drain(start..end);
        self.cursor = start;
    }

    /// Erases what lies between the cursor and a place, and keeps it for [`yank`](Self::yank).
    pub(super) fn kill_to(&mut self, place: usize) {
        let (start, end) = (self.cursor.min(place), self.cursor.max(place));
        if start < end {
            self.text[start..end].clone_into(&mut self.kill_buffer);
            self.steps.moved(end - start);
            self.erase_to(place);
        }
    }

    /// Puts in at the cursor what was cut out last. Says whether there was room.
    pub(super) fn yank(&mut self) -> bool {
        let cut = std::mem::take(&mut self.kill_buffer);
        let fits = self.insert(&cut);
        self.kill_buffer = cut;
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn buffer(text: &str) -> Buffer {
        let mut buffer = Buffer::new(100);
        assert!(buffer.insert(text));
        buffer
    }

    #[test]
    fn the_cursor_moves_by_what_is_seen_as_one() {
        let family = "👨\u{200d}👩\u{200d}👧";
        let mut buffer = buffer(&format!("e\u{301}{family}"));
        buffer.erase_to(buffer.left());
        assert_eq!(buffer.text(), "e\u{301}");
        buffer.move_cursor(buffer.left());
        assert_eq!((buffer.cursor(), buffer.right()), (0, 3));
    }

    #[test]
    fn words_are_cut_and_put_in_again() {
        let mut buffer = buffer("one two  three ");
        buffer.kill_to(buffer.word_left());
        assert_eq!(buffer.text(), "one two  ");
        buffer.kill_to(buffer.word_left());
        assert_eq!(buffer.text(), "one ");
        buffer.move_cursor(0);
        assert_eq!(buffer.word_right(), 3);
        assert!(buffer.yank());
        assert_eq!((buffer.text(), buffer.cursor()), ("two  one ", 5));
        buffer.kill_to(buffer.cursor());
        assert!(buffer.yank(), "nothing cut leaves what was");
        assert_eq!(buffer.text(), "two  two  one ");
    }

    #[test]
    fn nothing_goes_in_past_the_limit() {
        let mut buffer = buffer(&"x".repeat(99));
        assert!(!buffer.insert("é"));
        assert!(buffer.insert("y"));
        assert!(!buffer.insert("z"));
        buffer.set(&"é".repeat(60));
        assert_eq!(buffer.text().len(), 100);
    }

    #[test]
    fn a_word_is_looked_for_in_as_much_as_it_may_have() {
        let mut buffer = buffer("one two");
        assert_eq!(buffer.word_before(3), Some("two"));
        assert_eq!(buffer.word_before(2), None);
        buffer.move_cursor(3);
        assert_eq!(buffer.word_before(3), Some("one"));
        buffer.move_cursor(4);
        assert_eq!(buffer.word_before(0), Some(""));
    }

    proptest! {
        #[test]
        fn places_lie_between_characters(text in "\\PC{0,20}", place in 0..80_usize) {
            let mut buffer = buffer("");
            buffer.set(&text);
            buffer.move_cursor(buffer.text().floor_char_boundary(place));
            let places = [buffer.left(), buffer.right(), buffer.word_left(), buffer.word_right()];
            for place in places {
                prop_assert!(buffer.text().is_char_boundary(place));
            }
            prop_assert!(places[0] <= buffer.cursor() && buffer.cursor() <= places[1]);
            prop_assert!(places[2] <= buffer.cursor() && buffer.cursor() <= places[3]);
        }
    }
}
