//! The line under way: its text, the cursor in it, and what was last cut out of it.
//!
//! The cursor moves by what a person takes for one character, be it of several code points.

use unicode_segmentation::GraphemeCursor;

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
    cut: String,
}

impl Buffer {
    /// An empty line of at most so many bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { text: String::new(), cursor: 0, limit, cut: String::new() }
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
            self.text.insert_str(self.cursor, text);
            self.cursor += text.len();
        }
        fits
    }

    /// Exchanges the whole text; the cursor goes to the end.
    pub(super) fn set(&mut self, text: &str) {
        self.text.clear();
        self.text.push_str(&text[..text.floor_char_boundary(self.limit)]);
        self.cursor = self.text.len();
    }

    /// Takes the text out, and its memory.
    pub(super) fn take(&mut self) -> String {
        self.cursor = 0;
        std::mem::take(&mut self.text)
    }

    /// Moves the cursor to a place between characters.
    pub(super) fn go_to(&mut self, place: usize) {
        debug_assert!(self.text.is_char_boundary(place), "the cursor stands between characters");
        self.cursor = place;
    }

    /// The place one character before the cursor.
    pub(super) fn left(&self) -> usize {
        let mut cursor = GraphemeCursor::new(self.cursor, self.text.len(), true);
        cursor.prev_boundary(&self.text, 0).ok().flatten().unwrap_or(0)
    }

    /// The place one character behind the cursor.
    pub(super) fn right(&self) -> usize {
        let mut cursor = GraphemeCursor::new(self.cursor, self.text.len(), true);
        cursor.next_boundary(&self.text, 0).ok().flatten().unwrap_or(self.text.len())
    }

    /// The start of the word that the cursor is in or behind.
    pub(super) fn word_left(&self) -> usize {
        let before = self.text[..self.cursor].trim_end();
        before
            .char_indices()
            .rfind(|(_, c)| c.is_whitespace())
            .map_or(0, |(at, c)| at + c.len_utf8())
    }

    /// The end of the word that the cursor is in or before.
    pub(super) fn word_right(&self) -> usize {
        let behind = &self.text[self.cursor..];
        let word = behind.trim_start();
        let end = word.find(char::is_whitespace).unwrap_or(word.len());
        self.cursor + behind.len() - word.len() + end
    }

    /// Erases what lies between the cursor and a place; the cursor is at its start then.
    pub(super) fn erase_to(&mut self, place: usize) {
        let (start, end) = (self.cursor.min(place), self.cursor.max(place));
        self.text.drain(start..end);
        self.cursor = start;
    }

    /// Erases what lies between the cursor and a place, and keeps it for [`paste`](Self::paste).
    pub(super) fn cut_to(&mut self, place: usize) {
        let (start, end) = (self.cursor.min(place), self.cursor.max(place));
        if start < end {
            self.text[start..end].clone_into(&mut self.cut);
            self.erase_to(place);
        }
    }

    /// Puts in at the cursor what was cut out last. Says whether there was room.
    pub(super) fn paste(&mut self) -> bool {
        let cut = std::mem::take(&mut self.cut);
        let fits = self.insert(&cut);
        self.cut = cut;
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
        buffer.go_to(buffer.left());
        assert_eq!((buffer.cursor(), buffer.right()), (0, 3));
    }

    #[test]
    fn words_are_cut_and_put_in_again() {
        let mut buffer = buffer("one two  three ");
        buffer.cut_to(buffer.word_left());
        assert_eq!(buffer.text(), "one two  ");
        buffer.cut_to(buffer.word_left());
        assert_eq!(buffer.text(), "one ");
        buffer.go_to(0);
        assert_eq!(buffer.word_right(), 3);
        assert!(buffer.paste());
        assert_eq!((buffer.text(), buffer.cursor()), ("two  one ", 5));
        buffer.cut_to(buffer.cursor());
        assert!(buffer.paste(), "nothing cut leaves what was");
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

    proptest! {
        #[test]
        fn places_lie_between_characters(text in "\\PC{0,20}", place in 0..80_usize) {
            let mut buffer = buffer("");
            buffer.set(&text);
            buffer.go_to(buffer.text().floor_char_boundary(place));
            let places = [buffer.left(), buffer.right(), buffer.word_left(), buffer.word_right()];
            for place in places {
                prop_assert!(buffer.text().is_char_boundary(place));
            }
            prop_assert!(places[0] <= buffer.cursor() && buffer.cursor() <= places[1]);
            prop_assert!(places[2] <= buffer.cursor() && buffer.cursor() <= places[3]);
        }
    }
}
