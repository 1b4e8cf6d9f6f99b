//! The one row of a person's screen that shows the line under way, below everything else.
//!
//! ```text
//!   alice: hello            what has been said, printed once and never touched again
//!   * bob joined
//!   > this is being typed_  the row: erased before something is printed, and drawn again below it
//! ```
//!
//! It is one row whatever the width: a line that is longer is shown in part, and the part moves with the cursor. So
//! nothing depends on how a terminal wraps, which is where terminals differ, nor on what it does to wrapped lines when
//! its width changes. The last column stays free for the same reason. Nor does it depend on what a terminal takes for
//! the width of a character, as long as it is not wider than we think: the cursor is put by the terminal's own memory
//! (save, restore).
//!
//! Sequences used: CR, BS, erase to the end of the line and of the screen, save and restore the cursor, bracketed
//! paste. Every one of them is written here.

use super::buffer::Buffer;
use crate::text;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What stands before the line.
pub(super) const PROMPT: &str = "> ";
/// Stands for what is to the left of the part that is shown.
const MORE: u8 = b'<';
/// To the start of the row, and nothing left in it.
const ERASE: &str = "\r\x1b[K";
/// Nothing left behind the cursor.
const ERASE_BEHIND: &str = "\x1b[K";
/// Remembers where the cursor is.
const SAVE: &str = "\x1b7";
/// Puts the cursor there.
const RESTORE: &str = "\x1b8";
/// To the start of the row, and nothing left in it nor below.
const ERASE_BELOW: &str = "\r\x1b[J";
/// From here on the terminal says what is pasted.
const PASTES_ON: &str = "\x1b[?2004h";
/// No longer.
const PASTES_OFF: &str = "\x1b[?2004l";
/// The narrowest row that can be worked in.
const NARROWEST: usize = 8;
/// What is taken for the width of a terminal that does not tell it.
const USUAL: usize = 80;
/// Bytes of small changes after which the row is drawn anew instead.
const CHANGES: usize = 256;

/// What of the row is on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shown {
    /// Nothing: the cursor is at the start of an empty row.
    Nothing,
    /// Something that is not right any more.
    Stale,
    /// The row, once these bytes have been written.
    Row(Vec<u8>),
}

/// The row, and the bytes on their way to the screen.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Columns of the terminal.
    columns: usize,
    /// Where in the line the part begins that is shown.
    start: usize,
    /// What is on the screen when all of `out` has been written.
    shown: Shown,
    /// What is to be written.
    out: Vec<u8>,
}

impl Row {
    /// A row of a terminal that has yet to be told that it is edited.
    pub(super) fn new(columns: u16) -> Self {
        let out = PASTES_ON.as_bytes().to_vec();
        let mut row = Self { columns: USUAL, start: 0, shown: Shown::Nothing, out };
        row.resize(columns);
        row
    }

    /// The terminal is so wide now; 0 for unknown.
    pub(super) fn resize(&mut self, columns: u16) {
        let columns = if columns == 0 { USUAL } else { columns.into() };
        self.columns = columns.max(NARROWEST);
        self.touch();
    }

    /// How many bytes are on their way.
    pub(super) fn pending(&self) -> usize {
        self.out.len()
    }

    /// Forgets what is on its way.
    pub(super) fn forget_pending(&mut self) {
        self.out = Vec::new();
        self.shown = Shown::Stale;
    }

    /// Prints whole lines of the server's above the row. They end with CR LF, and hold no control characters but those of
    /// our own colours.
    pub(super) fn print(&mut self, lines: &[u8]) {
        self.erase();
        self.out.extend_from_slice(lines);
    }

    /// The line is sent: it stays as a whole where it is, and a new row begins below.
    pub(super) fn commit(&mut self, line: &Buffer) {
        let is_whole = self.start == 0 && line.cursor() == line.text().len();
        match std::mem::replace(&mut self.shown, Shown::Nothing) {
            Shown::Row(changes) if is_whole => self.out.extend_from_slice(&changes),
            shown => {
                self.shown = shown;
                self.erase();
                self.out.extend_from_slice(PROMPT.as_bytes());
                append_visible(&mut self.out, line.text());
            }
        }
        self.out.extend_from_slice(b"\r\n");
        (self.start, self.shown) = (0, Shown::Nothing);
    }

    /// The row is to be drawn anew, whatever the terminal shows there.
    pub(super) fn redraw(&mut self) {
        self.out.extend_from_slice(ERASE_BELOW.as_bytes());
        self.shown = Shown::Nothing;
    }

    /// The line was changed in the way that the row does not know.
    pub(super) fn touch(&mut self) {
        if self.shown != Shown::Nothing {
            self.shown = Shown::Stale;
        }
    }

    /// The line or its cursor was changed: moves the part that is shown, and remembers to draw it.
    pub(super) fn follow(&mut self, line: &Buffer) {
        self.touch();
        self.scroll(line);
    }

    /// This was added at the end of the line, and the cursor is behind it.
    pub(super) fn appended(&mut self, line: &Buffer, added: &str) {
        let start = self.start;
        self.scroll(line);
        match &mut self.shown {
            Shown::Row(changes) if self.start == start && changes.len() < CHANGES => {
                append_visible(changes, added);
            }
            _ => self.touch(),
        }
    }

    /// This was erased at the end of the line, where the cursor is.
    pub(super) fn shortened(&mut self, line: &Buffer, erased: &str) {
        let start = self.start;
        self.scroll(line);
        // Of anything wider, only the terminal knows how wide it is.
        let is_simple = erased.len() == 1 && erased.as_bytes()[0].is_ascii_graphic();
        match &mut self.shown {
            Shown::Row(changes) if self.start == start && is_simple && changes.len() < CHANGES => {
                changes.push(0x08);
                changes.extend_from_slice(ERASE_BEHIND.as_bytes());
            }
            _ => self.touch(),
        }
    }

    /// Draws what is not as it should be, and hands out all that is to be written.
    pub(super) fn draw(&mut self, line: &Buffer) -> Vec<u8> {
        match std::mem::replace(&mut self.shown, Shown::Row(Vec::new())) {
            Shown::Row(changes) => self.out.extend_from_slice(&changes),
            shown => self.draw_whole(line, shown == Shown::Stale),
        }
        std::mem::take(&mut self.out)
    }

    /// Nothing is edited any more. What is to be written, last of all.
    pub(super) fn end(&mut self) -> Vec<u8> {
        self.erase();
        self.out.extend_from_slice(PASTES_OFF.as_bytes());
        std::mem::take(&mut self.out)
    }

    /// Takes the row off the screen.
    fn erase(&mut self) {
        if std::mem::replace(&mut self.shown, Shown::Nothing) != Shown::Nothing {
            self.out.extend_from_slice(ERASE.as_bytes());
        }
    }

    /// Draws the part of the line that is shown.
    fn draw_whole(&mut self, line: &Buffer, is_stale: bool) {
        if is_stale {
            self.out.push(b'\r');
        }
        self.out.extend_from_slice(PROMPT.as_bytes());
        if self.start > 0 {
            self.out.push(MORE);
        }
        let (before, behind) = line.text().split_at(line.cursor());
        append_visible(&mut self.out, &before[self.start..]);
        let left = self.room().saturating_sub(width(&before[self.start..]));
        let visible = prefix_within(behind, left);
        if visible.is_empty() {
            self.out.extend_from_slice(ERASE_BEHIND.as_bytes());
        } else {
            self.out.extend_from_slice(SAVE.as_bytes());
            append_visible(&mut self.out, visible);
            self.out.extend_from_slice(ERASE_BEHIND.as_bytes());
            self.out.extend_from_slice(RESTORE.as_bytes());
        }
    }

    /// Columns for the part of the line that is shown.
    fn room(&self) -> usize {
        self.columns - PROMPT.len() - 1 - usize::from(self.start > 0)
    }

    /// Moves the part that is shown so that the cursor is in it: by half of the room, lest it moves with each key.
    fn scroll(&mut self, line: &Buffer) {
        let text = line.text();
        if self.start > 0 && width_within(text, self.columns - PROMPT.len() - 1).is_some() {
            self.start = 0;
        }
        let is_left = line.cursor() <= self.start && self.start > 0;
        let is_boundary = text.is_char_boundary(self.start);
        let is_right = is_boundary
            && !is_left
            && width_within(&text[self.start..line.cursor()], self.room()).is_none();
        if is_left || is_right || !is_boundary {
            self.start = 0;
            let before = &text[..line.cursor()];
            if width_within(before, self.room()).is_none() {
                self.start = line.cursor() - suffix_within(before, self.room() / 2).len();
            }
        }
    }
}

/// Appends text as it is shown: what must not reach a terminal, and may all the same be typed, becomes a sign for it.
fn append_visible(out: &mut Vec<u8>, text: &str) {
    let mut bytes = [0; 4];
    for c in text.chars() {
        out.extend_from_slice(visible(c).encode_utf8(&mut bytes).as_bytes());
    }
}

/// A character as it is shown. U+FFFD is no exception: not every terminal shows one.
pub(super) fn visible(c: char) -> char {
    match c {
        '\t' => ' ',
        char::REPLACEMENT_CHARACTER => '?',
        _ if text::is_forbidden(c) => '?',
        _ => c,
    }
}

/// The most columns that a terminal may take for this text: the greater of what its characters take as one, and each
/// by itself.
fn width(text: &str) -> usize {
    text.graphemes(true).map(grapheme_width).sum()
}

/// The most columns for what is seen as one character.
fn grapheme_width(grapheme: &str) -> usize {
    let alone = grapheme.chars().map(|c| visible(c).width().unwrap_or(1)).sum();
    if alone == 1 && grapheme.len() == 1 { 1 } else { grapheme.width().max(alone) }
}

/// The width of the text, if it is no more than this. Looks at no more than it must.
fn width_within(text: &str, room: usize) -> Option<usize> {
    (prefix_within(text, room).len() == text.len()).then(|| width(text))
}

/// As much of the text's start as fits.
fn prefix_within(text: &str, room: usize) -> &str {
    let mut taken = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        taken += grapheme_width(grapheme);
        if taken > room {
            return &text[..at];
        }
    }
    text
}

/// As much of the text's end as fits.
fn suffix_within(text: &str, room: usize) -> &str {
    let mut taken = 0;
    for (at, grapheme) in text.grapheme_indices(true).rev() {
        taken += grapheme_width(grapheme);
        if taken > room {
            return &text[at + grapheme.len()..];
        }
    }
    text
}
