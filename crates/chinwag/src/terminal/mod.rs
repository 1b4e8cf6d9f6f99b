//! What a connection has in addition to plain lines, once it has anything: telnet options, colors, an editor.
//!
//! ```text
//!   commands of telnet ──► options ──► answers ─────────┐
//!   keys ────────────────► editor ──► lines             ├──► one buffer ──► one write
//!   frames of the broker ► colors ─► above the row ─────┘
//! ```
//!
//! A client that sends no telnet command, and whose user asks for nothing, has none of this, not even its memory, and its frames
//! go from the send queue to the kernel as they are. Nothing of telnet is sent until the client sends some, or the user asks for
//! editing: `nc` would print it.

pub(crate) mod color;
pub(crate) mod editor;
pub(crate) mod pending_lines;
#[cfg(test)]
pub(crate) mod worst_case;

use crate::limits::{MAX_ECHO_BYTES, MAX_PENDING_LINE_BYTES, PASTE_CONFIRM_LINES};
use crate::outbound::frame::{ByteReservation, Frame};
use crate::outbound::side_message::Prompt;
use crate::protocol::completion::Completions;
use crate::protocol::encode::pluralize;
use crate::protocol::telnet::TelnetCommand;
use crate::protocol::telnet::negotiation::{Change, Negotiation};
use crate::protocol::time_of_day::{TimeOfDay, UtcOffset, shift_stamps};
use crate::protocol::work_steps::Steps;
use crate::terminal::color::colorize;
use crate::terminal::editor::{Editor, Event};
use crate::terminal::pending_lines::PendingLines;
use std::borrow::Cow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use whippet::sync::oneshot;

/// Sent once to a user whose client can do more than `nc`.
const OFFER: &str = "* your telnet can edit lines here: /edit on";
/// Sent to a user who asks for editing, until their client agrees.
const REQUESTED: &str = "* asking your telnet for each key; with a plain nc nothing changes";
/// Sent when it does.
const ON: &str = "* editing is on: arrows, Home, End, Tab, Up for history; /edit off ends it";
/// Sent when it does not.
const DECLINED: &str = "! your telnet keeps its own echo: editing is off";
/// Sent to a terminal that cannot move its cursor.
const DUMB: &str = "! your terminal calls itself dumb: it cannot show an edited line";
/// The reply to AYT.
const ARE_YOU_THERE_REPLY: &str = "* chinwag is here";

/// The terminal of a connection (see the module docs).
#[derive(Debug, Default)]
pub(crate) struct Terminal {
    /// The state of telnet's options.
    negotiation: Negotiation,
    /// Columns of the window, 0 if unknown.
    columns: u16,
    /// Whether it cannot move its cursor.
    is_dumb: bool,
    /// Whether the user was told that there is an editor.
    offer_given: bool,
    /// Whether colors are on.
    color: bool,
    /// Whether there are time stamps before the lines.
    is_timed: bool,
    /// How far the user's clock is from the UTC in them.
    offset: UtcOffset,
    /// Lines from the editor that wait for tokens.
    pending_lines: PendingLines,
    /// Whether the user was told that there are.
    pending_notice_given: bool,
    /// Whether something that costs as much as a line came ahead of those: no more keys are taken before it is paid for.
    blocked_on_tokens: bool,
    /// How the user ended the connection after those. Nothing more is read.
    close_request: Option<CloseRequest>,
    /// The editor, while line editing is on.
    editor: Option<Editor>,
    /// What the work came to that the editor did not do.
    steps: Steps,
    /// What is to be sent in addition to frames and what the editor shows.
    out: Vec<u8>,
    /// A word that is to be completed, and where the answer will come.
    completion: Option<Completion>,
    /// What is being written: it was handed out, and the kernel has not taken all of it.
    pending_write: PendingWrite,
}

/// How a user ends the connection while lines are pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CloseRequest {
    /// The client closed its side.
    Eof,
    /// By a key.
    Quit,
}

/// A completion under way.
#[derive(Debug)]
enum Completion {
    /// It is to be asked.
    New(String),
    /// It was asked.
    Sent(oneshot::Receiver<Completions>),
}

/// Bytes on their way to the kernel, and what they count for.
#[derive(Debug, Default)]
struct PendingWrite {
    /// The bytes.
    bytes: Vec<u8>,
    /// How many the kernel has taken.
    written: usize,
    /// Bytes of frames in them that still count as pending.
    pending: usize,
    /// How many frames.
    frames: usize,
    /// Counts the bytes among those of all frames, for it is a copy of some.
    _held: Option<ByteReservation>,
}

/// What is wanted of the line reader from here on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InputMode {
    /// As before.
    Unchanged,
    /// Keys.
    Keys,
    /// Lines; this is how the one under way begins.
    Lines(String),
}

impl Terminal {
    // ---- input ----

    /// Handles a telnet command of the client.
    pub(crate) fn handle_command(&mut self, command: TelnetCommand) -> InputMode {
        self.steps.add(1);
        match command {
            TelnetCommand::AreYouThere => self.print_line(ARE_YOU_THERE_REPLY),
            TelnetCommand::WindowSize(columns, _) => {
                // The editor knows how many of them it believes.
                self.columns = columns;
                if let Some(editor) = &mut self.editor {
                    editor.resize(columns);
                }
            }
            TelnetCommand::TerminalType { is_dumb } => self.is_dumb = is_dumb,
            _ => {
                let change = self.negotiation.receive(command, &mut self.out);
                if matches!(command, TelnetCommand::Will(_) | TelnetCommand::Do(_))
                    && !std::mem::replace(&mut self.offer_given, true)
                {
                    self.print_line(OFFER);
                }
                return self.apply_change(change);
            }
        }
        InputMode::Unchanged
    }

    /// Turns editing on or off.
    pub(crate) fn set_editing(&mut self, on: bool) -> InputMode {
        self.offer_given = true;
        match (on, self.editor.is_some()) {
            (true, true) => self.print_line("* editing is on already"),
            (false, false) => {
                self.negotiation.request_editing(false, &mut self.out);
                self.print_line("* editing is off");
            }
            (true, false) if self.is_dumb => self.print_line(DUMB),
            (true, false) => {
                self.print_line(REQUESTED);
                self.negotiation.request_editing(true, &mut self.out);
            }
            (false, true) => {
                let begun = self.end_editor();
                self.negotiation.request_editing(false, &mut self.out);
                self.print_line("* editing is off");
                return InputMode::Lines(begun);
            }
        }
        InputMode::Unchanged
    }

    /// Turns colors on or off.
    pub(crate) fn set_color(&mut self, on: bool) {
        self.color = on;
        if let Some(editor) = &mut self.editor {
            editor.set_color(on);
        }
        self.print_line(if on { "* colors are on" } else { "* colors are off" });
    }

    /// Turns time stamps on or off, and sets the offset of the user's clock if one is given. Returns the offset.
    pub(crate) fn set_timestamps(
        &mut self,
        on: Option<bool>,
        offset: Option<UtcOffset>,
    ) -> UtcOffset {
        self.offset = offset.unwrap_or(self.offset);
        self.is_timed = on.unwrap_or(self.is_timed);
        if !self.is_timed
            && let Some(editor) = &mut self.editor
        {
            editor.set_stamp(None);
        }
        self.offset
    }

    /// Whether [the time](Self::set_time) is to be set before keys are handled.
    pub(crate) fn wants_time(&self) -> bool {
        self.is_timed && self.editor.is_some()
    }

    /// It is this time, in UTC.
    pub(crate) fn set_time(&mut self, at: TimeOfDay) {
        if let Some(editor) = &mut self.editor {
            editor.set_stamp(Some(at.in_zone(self.offset)));
        }
    }

    /// What was typed of a line when editing began.
    pub(crate) fn begin_line(&mut self, typed: &[u8]) {
        if let Some(editor) = &mut self.editor {
            editor.begin_line(&String::from_utf8_lossy(typed));
        }
    }

    /// What they are called, and where they speak.
    pub(crate) fn show_place(&mut self, place: &Prompt) {
        if let Some(editor) = &mut self.editor {
            editor.show_place(place);
        }
    }

    /// The keys that come now were read later than those before.
    pub(crate) fn begin_read(&mut self) {
        if let Some(editor) = &mut self.editor {
            editor.begin_read();
        }
    }

    /// Takes keys, of which at most the last asks for something. Lines wait here to be [said](Self::pop_line): no more keys are to
    /// be handed over while [as many as may](Self::accepts_keys) do.
    pub(crate) fn handle_keys(&mut self, mut keys: &[u8]) -> Option<Event> {
        let editor = self.editor.as_mut()?;
        let mut event = None;
        while let Some(came) = editor.handle(&mut keys) {
            match came {
                Event::Line(line) => self.pending_lines.push(&line, true),
                Event::Pasted(mut lines) => {
                    self.steps.moved(lines.bytes());
                    self.pending_lines.append(&mut lines);
                    // That they wait was said when they were asked about.
                    self.pending_notice_given |= self.pending_lines.lines() >= PASTE_CONFIRM_LINES;
                }
                Event::Drop => {
                    let dropped = pluralize(self.pending_lines.clear() as u64, "line");
                    editor.print(format!("* dropped {dropped}\r\n").as_bytes());
                }
                asked => {
                    event = Some(asked);
                    break;
                }
            }
            editor.set_pending_line_bytes(self.pending_lines.bytes());
        }
        if editor.pending() > 4 * MAX_ECHO_BYTES {
            // No hands are so fast, and the row is drawn whatever came before.
            editor.forget_pending();
        }
        self.notify_pending();
        debug_assert!(keys.is_empty() || event.is_none(), "keys end where an editor may stop");
        if let Some(Event::Complete(word)) = &event {
            self.completion = Some(Completion::New(word.clone()));
        }
        event
    }

    /// Bytes of lines that wait to be said.
    pub(crate) fn pending_line_bytes(&self) -> usize {
        self.pending_lines.bytes()
    }

    /// Whether keys are taken while no line may be said.
    pub(crate) fn accepts_keys(&self) -> bool {
        !self.blocked_on_tokens && self.pending_lines.bytes() < MAX_PENDING_LINE_BYTES
    }

    /// So many tokens were spent, and none was left before or some were.
    pub(crate) fn on_tokens_spent(&mut self, tokens: u32, is_dry: bool) {
        self.blocked_on_tokens = is_dry && (self.blocked_on_tokens || tokens > 0);
    }

    /// The user ends the connection. The pending lines are sent before.
    pub(crate) fn close_after_pending(&mut self, ending: CloseRequest) {
        self.close_request = Some(ending);
    }

    /// How the user ended the connection, if lines were pending then.
    pub(crate) fn close_request(&self) -> Option<CloseRequest> {
        self.close_request
    }

    /// Bytes of the line that is to be said next.
    pub(crate) fn next_line_len(&self) -> usize {
        self.pending_lines.first_len()
    }

    /// Takes the next pending line. A pasted one is shown now.
    pub(crate) fn pop_line(&mut self) -> Option<String> {
        let (line, is_shown) = self.pending_lines.pop()?;
        self.steps.moved(2 * line.len());
        self.pending_notice_given &= self.pending_lines.lines() > 0;
        if let Some(editor) = &mut self.editor {
            editor.set_pending_line_bytes(self.pending_lines.bytes());
            if !is_shown {
                editor.print_own_line(&line);
            }
        }
        Some(line)
    }

    /// Tells the user that lines are pending, once as long as any are.
    fn notify_pending(&mut self) {
        let lines = self.pending_lines.lines();
        if lines >= PASTE_CONFIRM_LINES && !std::mem::replace(&mut self.pending_notice_given, true)
        {
            let lines = pluralize(lines as u64, "line");
            self.print_line(&format!(
                "* {lines} not said yet, for they come fast; Ctrl-C drops them"
            ));
        }
    }

    /// How many keys they were since this was asked last, as a budget counts them.
    pub(crate) fn take_keys(&mut self) -> u32 {
        self.editor.as_mut().map_or(0, Editor::take_keys)
    }

    /// What the work came to since this was asked last.
    pub(crate) fn take_steps(&mut self) -> u32 {
        let editor = self.editor.as_mut().map_or(0, Editor::take_steps);
        self.steps.take().saturating_add(editor)
    }

    /// Bytes that are to be sent, the row left out.
    pub(crate) fn pending(&self) -> usize {
        self.editor.as_ref().map_or(0, Editor::pending) + self.out.len()
    }

    /// Whether keys are to wait: for a completion, or because the client does not take the echo.
    pub(crate) fn blocks_input(&self) -> bool {
        matches!(self.completion, Some(Completion::Sent(_))) || self.pending() > MAX_ECHO_BYTES
    }

    /// Whether there is a word to be completed.
    pub(crate) fn has_new_completion(&self) -> bool {
        matches!(self.completion, Some(Completion::New(_)))
    }

    /// The word to be completed, and where the answer is to be sent.
    pub(crate) fn send_completion(&mut self) -> Option<(String, oneshot::Sender<Completions>)> {
        let question =
            self.completion.take_if(|question| matches!(question, Completion::New(_)))?;
        let Completion::New(word) = question else { return None };
        let (answer, receiver) = oneshot::channel();
        self.completion = Some(Completion::Sent(receiver));
        Some((word, answer))
    }

    /// Gives up a completion: the server stops.
    pub(crate) fn cancel_completion(&mut self) {
        self.completion = None;
    }

    /// Takes the answer, if it has come.
    pub(crate) fn poll_completion(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(Completion::Sent(answer)) = &mut self.completion else { return Poll::Pending };
        // A broker that is gone has no answer.
        let matches = ready!(Pin::new(answer).poll(cx)).unwrap_or_default();
        self.completion = None;
        if let Some(editor) = &mut self.editor {
            editor.complete(&matches);
        }
        Poll::Ready(())
    }

    /// Does what follows from a change of options.
    fn apply_change(&mut self, change: Option<Change>) -> InputMode {
        match change {
            Some(Change::EchoOn) if self.editor.is_none() => {
                self.print_line(ON);
                self.editor = Some(Editor::new(self.columns, self.color));
                InputMode::Keys
            }
            Some(Change::EchoOff) => {
                let reading = match self.editor {
                    Some(_) => InputMode::Lines(self.end_editor()),
                    None => InputMode::Unchanged,
                };
                self.negotiation.request_editing(false, &mut self.out);
                self.print_line(DECLINED);
                reading
            }
            _ => InputMode::Unchanged,
        }
    }

    /// Takes the editor away. Says what was begun in it.
    fn end_editor(&mut self) -> String {
        self.completion = None;
        let Some(mut editor) = self.editor.take() else { return String::new() };
        editor.drop_paste();
        self.out.extend_from_slice(&editor.end());
        editor.line_text().to_owned()
    }

    /// Prints a whole line, which has no line end.
    fn print_line(&mut self, line: &str) {
        let line = format!("{line}\r\n");
        self.steps.add(1);
        self.steps.moved(line.len());
        match &mut self.editor {
            Some(editor) => editor.print(line.as_bytes()),
            None if self.color => colorize(line.as_bytes(), &mut self.out),
            None => self.out.extend_from_slice(line.as_bytes()),
        }
    }

    // ---- output ----

    /// Whether frames are not sent as they are, or something else is to be sent.
    pub(crate) fn owns_output(&self) -> bool {
        self.editor.is_some()
            || self.color
            || !self.offset.is_utc()
            || !self.out.is_empty()
            || !self.pending_write.bytes.is_empty()
    }

    /// Whether all that was handed out has been taken.
    pub(crate) fn is_written(&self) -> bool {
        self.pending_write.bytes.is_empty()
    }

    /// Puts together what is to be written: these frames, whatever else there is, and the line under way below.
    /// `is_last`: nothing will follow.
    pub(crate) fn draw(&mut self, frames: &[Frame], is_last: bool) {
        let mut bytes = std::mem::take(&mut self.out);
        let pending = frames.iter().map(Frame::len).sum();
        self.steps.searched(pending);
        match &mut self.editor {
            Some(editor) => {
                for frame in frames {
                    editor.print(&with_local_stamps(frame.as_ref(), self.offset));
                }
                bytes.extend_from_slice(&if is_last { editor.end() } else { editor.draw() });
            }
            None => {
                for frame in frames {
                    let lines = with_local_stamps(frame.as_ref(), self.offset);
                    if self.color {
                        colorize(&lines, &mut bytes);
                    } else {
                        bytes.extend_from_slice(&lines);
                    }
                }
            }
        }
        if is_last {
            (self.editor, self.color, self.offset) = (None, false, UtcOffset::UTC);
        }
        let _held = frames.first().map(|frame| frame.byte_counter().reserve(bytes.capacity()));
        self.pending_write =
            PendingWrite { bytes, written: 0, pending, frames: frames.len(), _held };
    }

    /// What is to be written now.
    pub(crate) fn unwritten(&self) -> &[u8] {
        &self.pending_write.bytes[self.pending_write.written..]
    }

    /// The kernel took so many bytes. How many bytes of frames that settles, and how many frames.
    pub(crate) fn wrote(&mut self, bytes: usize) -> (usize, usize) {
        let drawn = &mut self.pending_write;
        drawn.written += bytes;
        if drawn.written == drawn.bytes.len() {
            let settled = (drawn.pending, drawn.frames);
            self.pending_write = PendingWrite::default();
            return settled;
        }
        // Which bytes are whose is not kept: each counts for the frames as long as some of them are pending.
        let settled = bytes.min(drawn.pending);
        drawn.pending -= settled;
        (settled, 0)
    }
}

/// Lines with their stamps by a clock that is so far from UTC.
fn with_local_stamps(lines: &[u8], offset: UtcOffset) -> Cow<'_, [u8]> {
    if offset.is_utc() {
        return Cow::Borrowed(lines);
    }
    let mut shifted = lines.to_vec();
    shift_stamps(&mut shifted, offset);
    Cow::Owned(shifted)
}

#[cfg(test)]
mod tests;
