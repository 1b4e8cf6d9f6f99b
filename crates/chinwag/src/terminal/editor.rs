//! Line editing for a client that sends each key: bytes in, lines and bytes for the screen out.
//!
//! ```text
//!   bytes ──► keys ──► buffer, history, completion ──► lines
//!                                 │
//!                                 ▼
//!   lines of the server ───────► row ──► bytes for the screen, in one write
//! ```
//!
//! A pure state machine: it knows no socket, no clock and no room. Whatever the chunks that bytes come in, the same lines
//! come out, and the screen is the same once all is written and the row was drawn anew: which part of a line too long for the
//! row is seen depends on where the row was drawn before. Everything in it is bounded: the line, what was cut out of
//! it, the history, and what is on its way to the screen as long as who feeds it looks at
//! [`pending`](Editor::pending). So is the work of a key, of a draw and of what is printed above the row (docs/COSTS.md), which
//! is counted (`take_steps`). A person who does not edit has none.

mod buffer;
mod clusters;
mod history;
mod keys;
mod paste;
mod row;

use self::buffer::Buffer;
use self::history::History;
use self::keys::{Key, Keys};
use self::paste::Paste;
use self::row::Row;
use crate::limits::{
    EDITOR_HISTORY_BYTES, EDITOR_HISTORY_LINES, MAX_COMPLETED_WORD, MAX_LINE_BYTES,
    MAX_PENDING_LINE_BYTES, STEPS_PER_KEY,
};
use crate::outbound::side_message::Prompt;
use crate::protocol::command;
use crate::protocol::completion::Completions;
use crate::protocol::decoder::{BACKSPACE, DELETE, END, INTERRUPT, KILL, KILL_WORD};
use crate::protocol::sanitize::sanitize;
use crate::protocol::time_of_day::TimeOfDay;
use crate::protocol::work_steps::Steps;
use crate::terminal::color::colorize;
use crate::terminal::pending_lines::PendingLines;

/// What a user asks for with their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A line was sent.
    Line(String),
    /// Pasted lines were sent; none of them was shown yet ([`print_own_line`](Editor::print_own_line)).
    Pasted(PendingLines),
    /// The pending lines are to be dropped ([`set_pending_line_bytes`](Editor::set_pending_line_bytes)).
    Drop,
    /// This word, the start of a name, is to be completed: [`complete`](Editor::complete) is to be called, and before it
    /// no more keys are to be handed over.
    Complete(String),
    /// The connection is to be ended.
    Quit,
}

/// The editor of one person (see the module's words).
#[derive(Clone, Debug)]
pub(crate) struct Editor {
    /// From bytes to keys.
    keys: Keys,
    /// The line under way.
    line: Buffer,
    /// The lines before.
    history: History,
    /// The screen.
    row: Row,
    /// Whether colors are on.
    color: bool,
    /// What is being pasted, or is asked about: then the row is the question.
    paste: Option<Box<Paste>>,
    /// Bytes of the lines that were sent here and are still pending.
    pending_line_bytes: usize,
    /// The time before the user's own lines, if they want it there.
    stamp: Option<TimeOfDay>,
    /// Whether a completion has been asked for.
    completion_pending: bool,
    /// Whether the user was told that no more fits into the current line.
    full_notice_given: bool,
    /// Whether the user was told that some input was not UTF-8.
    not_utf8_notice_given: bool,
    /// What the work came to that neither the line nor the row did.
    steps: Steps,
    /// Keys that it is charged as beyond those that were pressed.
    charged_steps: u32,
}

/// What a person is told whose line was dropped, or has no more room.
pub(crate) const TOO_LONG: &str = "line too long (limit 4096 bytes)";
const _: () = assert!(MAX_LINE_BYTES == 4096 || cfg!(fuzzing), "the text names the limit");
/// What a person is told whose paste is not kept whole.
const PASTE_TOO_LONG: &str = "that is more than 32 KiB: what is past them is left out";
const _: () =
    assert!(MAX_PENDING_LINE_BYTES == 32 * 1024 || cfg!(fuzzing), "the text names the limit");
/// What a person is told, once, whose bytes are not UTF-8.
pub(crate) const NOT_UTF8: &str = "some of what you sent is not UTF-8 and was replaced";

/// Ctrl and a letter.
const fn ctrl(letter: u8) -> u8 {
    letter & 0x1f
}
/// Ctrl-L.
const REDRAW: u8 = ctrl(b'L');

impl Editor {
    /// An empty line in a terminal of so many columns, 0 if nobody knows.
    pub(crate) fn new(columns: u16, color: bool) -> Self {
        Self {
            keys: Keys::default(),
            line: Buffer::new(MAX_LINE_BYTES),
            history: History::new(EDITOR_HISTORY_LINES, EDITOR_HISTORY_BYTES),
            row: Row::new(columns),
            color,
            paste: None,
            pending_line_bytes: 0,
            stamp: None,
            completion_pending: false,
            full_notice_given: false,
            not_utf8_notice_given: false,
            steps: Steps::default(),
            charged_steps: 0,
        }
    }

    // ---- what comes from the person ----

    /// Takes keys up to the first that asks for something; the input moves on behind it. `None` when it is used up.
    pub(crate) fn handle(&mut self, input: &mut &[u8]) -> Option<Event> {
        while let [byte, rest @ ..] = *input {
            *input = rest;
            self.steps.add(1);
            for key in self.keys.push(*byte).into_iter().flatten() {
                // What is broken asks for nothing, so no second key is lost.
                let event = self.press(key);
                if event.is_some() {
                    return event;
                }
            }
        }
        None
    }

    /// What was typed of a line before there was an editor.
    pub(crate) fn begin_line(&mut self, typed: &str) {
        self.change(|line| line.set(typed));
    }

    /// What comes now was read later than what came before: a budget of keys counts letters that were read together as a paste.
    pub(crate) fn begin_read(&mut self) {
        self.keys.begin_read();
    }

    /// So many bytes of lines are pending: while any are, Ctrl-C drops them.
    pub(crate) fn set_pending_line_bytes(&mut self, bytes: usize) {
        self.pending_line_bytes = bytes;
    }

    /// Sets the time before the user's own lines, if there is to be any.
    pub(crate) fn set_stamp(&mut self, at: Option<TimeOfDay>) {
        self.stamp = at;
    }

    /// The terminal has so many columns now; 0 for unknown.
    pub(crate) fn resize(&mut self, columns: u16) {
        self.row.resize(columns);
    }

    /// What stands before the line: where it goes, and as whose.
    pub(crate) fn show_place(&mut self, Prompt { nick, room }: &Prompt) {
        let prompt = match room {
            Some(room) => format!("{room} {nick}> "),
            None => format!("{nick}> "),
        };
        self.steps.moved(prompt.len());
        self.row.set_prompt(&prompt);
    }

    /// How many keys came since this was asked last, as a budget of keys counts them: those that were pressed, and more where
    /// they made much work, the draw of a wide row of dear letters above all.
    pub(crate) fn take_keys(&mut self) -> u32 {
        std::mem::take(&mut self.charged_steps) + self.keys.take_key_count()
    }

    /// What the work came to since this was asked last. What was not done for others' lines is charged as keys.
    pub(crate) fn take_steps(&mut self) -> u32 {
        let steps = [&self.steps, &self.line.steps, &self.row.steps].map(Steps::take);
        let steps = steps.into_iter().fold(0, u32::saturating_add);
        self.charged_steps = self.charged_steps.saturating_add(steps / STEPS_PER_KEY);
        steps.saturating_add(self.row.copies.take())
    }

    /// What has been typed of the line under way.
    pub(crate) fn line_text(&self) -> &str {
        if self.awaits_paste_answer() { "" } else { self.line.text() }
    }

    /// Takes one key.
    fn press(&mut self, key: Key) -> Option<Event> {
        if self.awaits_paste_answer() {
            return self.press_paste_answer(key);
        }
        match key {
            Key::Char(c) => self.insert(c.encode_utf8(&mut [0; 4])),
            Key::Broken => {
                if !std::mem::replace(&mut self.not_utf8_notice_given, true) {
                    self.print_error(NOT_UTF8);
                }
                self.insert("\u{fffd}");
            }
            Key::PastedEnd => self.end_pasted_line(),
            Key::PasteEnds => return self.end_paste(),
            Key::Control(control) => return self.press_control(control),
            Key::Up => self.recall_history(true),
            Key::Down => self.recall_history(false),
            Key::Left => self.move_cursor(self.line.left()),
            Key::Right => self.move_cursor(self.line.right()),
            Key::WordLeft => self.move_cursor(self.line.word_left()),
            Key::WordRight => self.move_cursor(self.line.word_right()),
            Key::Home => self.move_cursor(0),
            Key::End => self.move_cursor(self.line.text().len()),
            Key::Delete => self.change(|line| line.erase_to(line.right())),
            Key::DeleteWord => self.change(|line| line.kill_to(line.word_right())),
        }
        None
    }

    /// Takes a control character.
    fn press_control(&mut self, control: u8) -> Option<Event> {
        const HOME: u8 = ctrl(b'A');
        const LEFT: u8 = ctrl(b'B');
        const LAST: u8 = ctrl(b'E');
        const RIGHT: u8 = ctrl(b'F');
        const CUT: u8 = ctrl(b'K');
        const NEXT: u8 = ctrl(b'N');
        const PREVIOUS: u8 = ctrl(b'P');
        const YANK: u8 = ctrl(b'Y');
        match control {
            b'\r' | b'\n' => return self.enter(),
            b'\t' => return self.request_completion(),
            INTERRUPT if self.pending_line_bytes > 0 => {
                self.change(|line| line.set(""));
                return Some(Event::Drop);
            }
            INTERRUPT | END if self.line.text().is_empty() => return Some(Event::Quit),
            INTERRUPT => self.change(|line| line.set("")),
            END => self.change(|line| line.erase_to(line.right())),
            BACKSPACE | DELETE => self.backspace(),
            KILL => self.change(|line| line.kill_to(0)),
            KILL_WORD => self.change(|line| line.kill_to(line.word_left())),
            CUT => self.change(|line| line.kill_to(line.text().len())),
            YANK => {
                let fits = self.line.yank();
                self.row.invalidate();
                self.notify_if_full(fits);
            }
            HOME => self.move_cursor(0),
            LAST => self.move_cursor(self.line.text().len()),
            LEFT => self.move_cursor(self.line.left()),
            RIGHT => self.move_cursor(self.line.right()),
            PREVIOUS => self.recall_history(true),
            NEXT => self.recall_history(false),
            REDRAW => self.row.redraw(),
            _ => {}
        }
        None
    }

    /// Puts text in at the cursor.
    fn insert(&mut self, text: &str) {
        let fits = self.line.insert(text);
        if !fits {
            self.notify_if_full(fits);
        } else if self.line.cursor() == self.line.text().len() {
            self.row.appended(self.line.text(), text);
        } else {
            self.row.invalidate();
        }
    }

    /// Says once a line that there was no room.
    fn notify_if_full(&mut self, fits: bool) {
        if !fits && !std::mem::replace(&mut self.full_notice_given, true) {
            self.print_error(TOO_LONG);
        }
    }

    /// Erases the character before the cursor.
    fn backspace(&mut self) {
        let (from, to) = (self.line.left(), self.line.cursor());
        if from == to {
            return;
        }
        if to < self.line.text().len() {
            return self.change(|line| line.erase_to(from));
        }
        let erased = self.line.text()[from..].to_owned();
        self.line.erase_to(from);
        self.row.shortened(&erased);
    }

    /// Changes the line in some way.
    fn change(&mut self, how: impl FnOnce(&mut Buffer)) {
        how(&mut self.line);
        self.row.invalidate();
    }

    /// Moves the cursor.
    fn move_cursor(&mut self, place: usize) {
        self.change(|line| line.move_cursor(place));
    }

    /// Shows an earlier line, or a later one.
    fn recall_history(&mut self, earlier: bool) {
        let line =
            if earlier { self.history.earlier(self.line.text()) } else { self.history.later() };
        // What is shown may have been kept as the draft.
        self.steps.moved(self.line.text().len());
        if let Some(line) = line {
            self.line.set(line);
            self.row.invalidate();
        }
    }

    /// Sends the line.
    fn enter(&mut self) -> Option<Event> {
        if self.line.text().is_empty() {
            return None;
        }
        self.row.commit(&self.line, self.stamp);
        self.full_notice_given = false;
        let line = self.line.take();
        self.history.sent();
        // A secret is not among the lines that can be fetched back.
        self.steps.searched(line.len());
        if !command::may_be_secret(&line) {
            // Compared with the latest, and copied.
            self.steps.moved(2 * line.len());
            self.history.push(&line);
        }
        Some(Event::Line(line))
    }

    // ---- pastes ----

    /// Whether the person is asked about a paste.
    fn awaits_paste_answer(&self) -> bool {
        self.paste.as_ref().is_some_and(|paste| paste.is_awaiting_answer())
    }

    /// A line of a paste is complete.
    fn end_pasted_line(&mut self) {
        if std::mem::take(&mut self.full_notice_given) {
            // As any line that is too long: nobody is to read the part that fitted.
            self.line.set("");
            return self.row.invalidate();
        }
        let line = self.line.take();
        self.steps.moved(2 * line.len());
        self.paste.get_or_insert_default().push(&line, self.pending_line_bytes);
        self.row.invalidate();
    }

    /// A paste is over: what is short is said, of the rest it is asked whether it is meant.
    fn end_paste(&mut self) -> Option<Event> {
        if self.paste.is_some() && std::mem::take(&mut self.full_notice_given) {
            self.line.set("");
            self.row.invalidate();
        }
        let paste = self.paste.as_mut()?;
        let Some(question) = paste.end(self.line.text(), self.pending_line_bytes) else {
            let lines = self.paste.take().map(|paste| paste.into_lines());
            return lines.filter(|lines| lines.lines() > 0).map(Event::Pasted);
        };
        self.steps.moved(self.line.text().len());
        if paste.is_truncated() {
            self.print_error(PASTE_TOO_LONG);
        }
        self.change(|line| line.set(&question));
        if !self.row.holds(question.len()) {
            // What it is about is seen first.
            self.move_cursor(0);
        }
        None
    }

    /// Takes a key while the person is asked about a paste: it is sent or dropped, and everything else is no answer.
    fn press_paste_answer(&mut self, key: Key) -> Option<Event> {
        let Key::Control(control) = key else { return None };
        match control {
            b'\r' | b'\n' => {
                let paste = self.end_paste_question().filter(|paste| !paste.is_empty())?;
                let words = format!(
                    "* saying {}; Ctrl-C drops what is not said yet\r\n",
                    paste.line_count()
                );
                self.print(words.as_bytes());
                Some(Event::Pasted(paste.into_lines()))
            }
            INTERRUPT | END => {
                self.drop_paste();
                None
            }
            REDRAW => {
                self.row.redraw();
                None
            }
            _ => None,
        }
    }

    /// The question is answered: the row is empty.
    fn end_paste_question(&mut self) -> Option<Box<Paste>> {
        self.change(|line| line.set(""));
        self.paste.take()
    }

    /// Drops a paste that is asked about, if there is one, and says so.
    pub(crate) fn drop_paste(&mut self) {
        if self.awaits_paste_answer()
            && let Some(paste) = self.end_paste_question()
        {
            self.print(format!("* dropped {}\r\n", paste.line_count()).as_bytes());
        }
    }

    /// Shows a pasted line of the user, now that it is sent.
    pub(crate) fn print_own_line(&mut self, line: &str) {
        self.row.print_own_line(line, self.stamp);
    }

    // ---- completion ----

    /// The word that the cursor is behind, if it is not too long for any name, and whether it is the first of the line.
    fn word_at_cursor(&self) -> Option<(&str, bool)> {
        let word = self.line.word_before(MAX_COMPLETED_WORD)?;
        Some((word, word.len() == self.line.cursor()))
    }

    /// Completes a command, or asks for names.
    fn request_completion(&mut self) -> Option<Event> {
        let (word, is_first) = self.word_at_cursor()?;
        if is_first && word.starts_with('/') {
            let names = command::names();
            self.steps.add(names.len());
            let matches = Completions::matching(names.into_iter(), word);
            self.apply_completions(&matches);
            return None;
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        // A name is looked for without the `@` that many put before one.
        let word = word.strip_prefix('@').unwrap_or(word);
        let name = word.strip_prefix('#').unwrap_or(word);
        if name.chars().all(is_name) {
            let word = word.to_owned();
            self.completion_pending = true;
            return Some(Event::Complete(word));
        }
        None
    }

    /// The answer to [`Event::Complete`].
    pub(crate) fn complete(&mut self, matches: &Completions) {
        if std::mem::take(&mut self.completion_pending) {
            self.apply_completions(matches);
        }
    }

    /// Puts in what the matches have in common, or shows them.
    fn apply_completions(&mut self, matches: &Completions) {
        let Some((word, is_first)) = self.word_at_cursor() else { return };
        // Behind an `@` a name is one that is named, and not one that is spoken to.
        let (word, is_first) =
            word.strip_prefix('@').map_or((word, is_first), |bare| (bare, false));
        let (is_name, length) = (!word.starts_with(['/', '#']), word.len());
        if matches.count == 0 || !matches.common.is_ascii() {
            return;
        }
        if matches.count > 1 && matches.common.len() <= length {
            let list = format!("* {} match: {}\r\n", matches.count_text(), matches.list());
            return self.print(list.as_bytes());
        }
        let ending = match matches.count {
            1 if is_first && is_name => ": ",
            1 => " ",
            _ => "",
        };
        let fits =
            self.line.text().len() - length + matches.common.len() + ending.len() <= MAX_LINE_BYTES;
        if fits {
            self.change(|line| {
                line.erase_to(line.cursor() - length);
                line.insert(&matches.common);
                line.insert(ending);
            });
        }
    }

    // ---- output ----

    /// Whether colors are on.
    pub(crate) fn set_color(&mut self, on: bool) {
        self.color = on;
    }

    /// Shows whole lines of the server's above the line under way.
    pub(crate) fn print(&mut self, lines: &[u8]) {
        if self.color {
            let mut painted = Vec::with_capacity(lines.len() * 2);
            colorize(lines, &mut painted);
            self.row.print(&painted);
        } else {
            self.row.print(lines);
        }
    }

    /// Shows why something is not done.
    fn print_error(&mut self, reason: &str) {
        self.print(format!("! {}\r\n", sanitize(reason)).as_bytes());
    }

    /// How many bytes are on their way, the line under way not counted.
    pub(crate) fn pending(&self) -> usize {
        self.row.pending()
    }

    /// Forgets what is on its way: it will not be shown. The line under way will.
    pub(crate) fn forget_pending(&mut self) {
        self.row.forget_pending();
    }

    /// What is to be written to show all this, the line under way below it. Empty if nothing has changed.
    pub(crate) fn draw(&mut self) -> Vec<u8> {
        self.row.draw(&self.line)
    }

    /// What is to be written last of all, so that the screen is as it was before.
    pub(crate) fn end(&mut self) -> Vec<u8> {
        self.row.end()
    }
}

#[cfg(test)]
mod tests;
