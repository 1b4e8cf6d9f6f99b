//! The one row of a person's screen that shows the line under way, below everything else.
//!
//! ```text
//!   alice: hello            what has been said, printed once and never touched again
//!   * bob joined
//!   #lobby al> being typed_ the row: erased before something is printed, and drawn again below it
//! ```
//!
//! It is one row whatever the width: a line that is longer is shown in part, and the part moves with the cursor. So
//! nothing depends on how a terminal wraps, which is where terminals differ, nor on what it does to wrapped lines when
//! its width changes. The last column stays free for the same reason. Nor does it depend on what a terminal takes for
//! the width of a character, as long as it is not wider than we think: the cursor is put by the terminal's own memory
//! (save, restore).
//!
//! Keys only note what they change. What part is shown is found out where the row is drawn, once for all keys that came
//! together, and costs what a row shows and not what the line holds. Drawn again below another line, it is a copy of what
//! was drawn before.
//!
//! Sequences used: CR, BS, erase to the end of the line and of the screen, save and restore the cursor, bracketed
//! paste. Every one of them is written here.

use super::buffer::Buffer;
use super::clusters::{append_visible, changes_what_is_shown, fits, prefix_within, suffix_within};
use crate::limits::{DEFAULT_COLUMNS, MAX_COLUMNS, MIN_COLUMNS};
use crate::protocol::time_of_day::TimeOfDay;
use crate::protocol::work_steps::Steps;

/// What stands before the line where there is no room for more, or nothing is known.
pub(super) const PROMPT: &str = "> ";
/// What stands there else takes up one column of so many at most.
const PROMPT_SHARE: usize = 3;
/// Stands for what is to the left of the part that is shown.
const CONTINUATION: u8 = b'<';
/// To the start of the row, and nothing left in it.
const ERASE_ROW: &str = "\r\x1b[K";
/// Nothing left behind the cursor.
const ERASE_TO_END: &str = "\x1b[K";
/// Remembers where the cursor is.
const SAVE: &str = "\x1b7";
/// Puts the cursor there.
const RESTORE: &str = "\x1b8";
/// To the start of the row, and nothing left in it nor below.
const ERASE_BELOW: &str = "\r\x1b[J";
/// From here on the terminal says what is pasted.
const BRACKETED_PASTE_ON: &str = "\x1b[?2004h";
/// No longer.
const BRACKETED_PASTE_OFF: &str = "\x1b[?2004l";
/// Bytes of small changes after which the row is drawn anew instead.
const MAX_CHANGE_BYTES: usize = 256;

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
    /// What stands before the line if there is room: ASCII, a column each.
    prompt: Box<str>,
    /// Where in the line the part begins that is shown.
    window_start: usize,
    /// Whether the line, its cursor and the columns are still those that `start` was found for.
    is_window_valid: bool,
    /// The row as it was drawn last, whole; empty if that is not how it looks now.
    rendered: Vec<u8>,
    /// What is on the screen when all of `out` has been written.
    shown: Shown,
    /// What is to be written.
    out: Vec<u8>,
    /// What the work that changes of the line make came to.
    pub(super) steps: Steps,
    /// What showing it below new lines came to.
    pub(super) copies: Steps,
}

/// What stands before the line in a terminal of so many columns.
fn prompt_within(prompt: &str, columns: usize) -> &str {
    if prompt.len() <= columns / PROMPT_SHARE { prompt } else { PROMPT }
}

impl Row {
    /// A row of a terminal that has yet to be told that it is edited.
    pub(super) fn new(columns: u16) -> Self {
        let mut row = Self {
            columns: 0,
            prompt: PROMPT.into(),
            window_start: 0,
            is_window_valid: false,
            rendered: Vec::new(),
            shown: Shown::Nothing,
            out: BRACKETED_PASTE_ON.as_bytes().to_vec(),
            steps: Steps::default(),
            copies: Steps::default(),
        };
        row.resize(columns);
        row
    }

    /// The terminal is so wide now; 0 for unknown.
    pub(super) fn resize(&mut self, columns: u16) {
        let columns = if columns == 0 { DEFAULT_COLUMNS } else { columns };
        self.columns = columns.clamp(MIN_COLUMNS, MAX_COLUMNS).into();
        self.invalidate();
    }

    /// Whether so many letters fit into the row.
    pub(super) fn holds(&self, letters: usize) -> bool {
        self.prompt().len() + letters < self.columns
    }

    /// Something else stands before the line.
    pub(super) fn set_prompt(&mut self, prompt: &str) {
        if *self.prompt != *prompt {
            self.prompt = prompt.into();
            self.invalidate();
        }
    }

    /// What stands before the line.
    fn prompt(&self) -> &str {
        prompt_within(&self.prompt, self.columns)
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
    /// our own colors.
    pub(super) fn print(&mut self, lines: &[u8]) {
        self.erase();
        self.copies.searched(lines.len());
        self.out.extend_from_slice(lines);
    }

    /// The line is sent: it stays as a whole where it is, behind a time if one is told, and a new row begins below.
    pub(super) fn commit(&mut self, line: &Buffer, at: Option<TimeOfDay>) {
        if at.is_some() {
            self.print_own_line(line.text(), at);
            return self.reset_window();
        }
        let was_whole = self.window_start == 0;
        self.scroll_to_cursor(line);
        let is_whole = was_whole && self.window_start == 0 && line.cursor() == line.text().len();
        match std::mem::replace(&mut self.shown, Shown::Nothing) {
            Shown::Row(changes) if is_whole => self.out.extend_from_slice(&changes),
            shown => {
                self.shown = shown;
                self.erase();
                self.out.extend_from_slice(prompt_within(&self.prompt, self.columns).as_bytes());
                append_visible(&mut self.out, line.text(), 0..line.text().len(), &self.steps);
            }
        }
        self.out.extend_from_slice(b"\r\n");
        self.shown = Shown::Nothing;
        self.reset_window();
    }

    /// Shows a line of the person's own above the row, whole, behind a time if one is told.
    pub(super) fn print_own_line(&mut self, line: &str, at: Option<TimeOfDay>) {
        self.erase();
        if let Some(at) = at {
            self.out.extend_from_slice(format!("{at} ").as_bytes());
        }
        self.out.extend_from_slice(prompt_within(&self.prompt, self.columns).as_bytes());
        append_visible(&mut self.out, line, 0..line.len(), &self.steps);
        self.out.extend_from_slice(b"\r\n");
    }

    /// The row is to be drawn anew, whatever the terminal shows there.
    pub(super) fn redraw(&mut self) {
        self.out.extend_from_slice(ERASE_BELOW.as_bytes());
        self.shown = Shown::Nothing;
        self.reset_window();
    }

    /// The line, its cursor or the columns were changed.
    pub(super) fn invalidate(&mut self) {
        (self.is_window_valid, self.rendered) = (false, Vec::new());
        if self.shown != Shown::Nothing {
            self.shown = Shown::Stale;
        }
    }

    /// This was added at the end of the line, and the cursor is behind it.
    pub(super) fn appended(&mut self, line: &str, added: &str) {
        match &mut self.shown {
            Shown::Row(changes)
                if changes.len() < MAX_CHANGE_BYTES
                    && !changes_what_is_shown(line, added, &self.steps) =>
            {
                append_visible(changes, added, 0..added.len(), &self.steps);
                (self.is_window_valid, self.rendered) = (false, Vec::new());
            }
            _ => self.invalidate(),
        }
    }

    /// This was erased at the end of the line, where the cursor is.
    pub(super) fn shortened(&mut self, erased: &str) {
        // Of anything wider, only the terminal knows how wide it is.
        let is_simple = erased.len() == 1 && erased.as_bytes()[0].is_ascii_graphic();
        match &mut self.shown {
            // What was added and not drawn yet may have been too long for the row.
            Shown::Row(changes)
                if is_simple
                    && changes.len() < MAX_CHANGE_BYTES
                    && (changes.is_empty() || changes.ends_with(ERASE_TO_END.as_bytes())) =>
            {
                changes.push(0x08);
                changes.extend_from_slice(ERASE_TO_END.as_bytes());
                (self.is_window_valid, self.rendered) = (false, Vec::new());
            }
            _ => self.invalidate(),
        }
    }

    /// Draws what is not as it should be, and hands out all that is to be written.
    pub(super) fn draw(&mut self, line: &Buffer) -> Vec<u8> {
        let start = self.window_start;
        self.scroll_to_cursor(line);
        match std::mem::replace(&mut self.shown, Shown::Row(Vec::new())) {
            Shown::Row(changes) if self.window_start == start => {
                self.out.extend_from_slice(&changes)
            }
            shown => self.draw_whole(line, shown != Shown::Nothing),
        }
        std::mem::take(&mut self.out)
    }

    /// Nothing is edited any more. What is to be written, last of all.
    pub(super) fn end(&mut self) -> Vec<u8> {
        self.erase();
        self.out.extend_from_slice(BRACKETED_PASTE_OFF.as_bytes());
        std::mem::take(&mut self.out)
    }

    /// Takes the row off the screen.
    fn erase(&mut self) {
        if std::mem::replace(&mut self.shown, Shown::Nothing) != Shown::Nothing {
            self.out.extend_from_slice(ERASE_ROW.as_bytes());
        }
    }

    /// Draws the part of the line that is shown.
    fn draw_whole(&mut self, line: &Buffer, is_stale: bool) {
        if is_stale {
            self.out.push(b'\r');
        }
        if self.rendered.is_empty() {
            self.rendered = self.render(line);
        }
        self.copies.moved(self.rendered.len());
        self.out.extend_from_slice(&self.rendered);
    }

    /// The part of the line that is shown, and the cursor in it. `start` is where it should be.
    fn render(&self, line: &Buffer) -> Vec<u8> {
        let (text, cursor) = (line.text(), line.cursor());
        let before = &text[self.window_start..cursor];
        let (_, taken) = prefix_within(before, usize::MAX, &self.steps);
        let (behind, _) =
            prefix_within(&text[cursor..], self.text_columns().saturating_sub(taken), &self.steps);
        let mut picture = Vec::with_capacity(before.len() + behind.len() + 16);
        picture.extend_from_slice(self.prompt().as_bytes());
        if self.window_start > 0 {
            picture.push(CONTINUATION);
        }
        append_visible(&mut picture, text, self.window_start..cursor, &self.steps);
        if behind.is_empty() {
            picture.extend_from_slice(ERASE_TO_END.as_bytes());
        } else {
            picture.extend_from_slice(SAVE.as_bytes());
            append_visible(&mut picture, text, cursor..cursor + behind.len(), &self.steps);
            picture.extend_from_slice(ERASE_TO_END.as_bytes());
            picture.extend_from_slice(RESTORE.as_bytes());
        }
        picture
    }

    /// Columns for the part of the line that is shown.
    fn text_columns(&self) -> usize {
        self.columns - self.prompt().len() - 1 - usize::from(self.window_start > 0)
    }

    /// Forgets which part was shown: the next one is found as if it were the first.
    fn reset_window(&mut self) {
        (self.window_start, self.is_window_valid, self.rendered) = (0, false, Vec::new());
    }

    /// Moves the part that is shown so that the cursor is in it: by half of the room, lest it moves with each key.
    fn scroll_to_cursor(&mut self, line: &Buffer) {
        if std::mem::replace(&mut self.is_window_valid, true) {
            return;
        }
        let (text, cursor) = (line.text(), line.cursor());
        if self.window_start > 0 && fits(text, self.columns - self.prompt().len() - 1, &self.steps)
        {
            self.window_start = 0;
        }
        let stays = text.is_char_boundary(self.window_start)
            && (self.window_start == 0 || self.window_start < cursor)
            && fits(&text[self.window_start..cursor], self.text_columns(), &self.steps);
        if !stays {
            self.window_start = 0;
            let before = &text[..cursor];
            if !fits(before, self.text_columns(), &self.steps) {
                let half = (self.columns - self.prompt().len() - 2) / 2;
                self.window_start = cursor - suffix_within(before, half, &self.steps).len();
            }
        }
    }
}
