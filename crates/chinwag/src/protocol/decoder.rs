//! Bytes to lines: pure, bounded, and safe to leave at any point, because what has been read lies here and not in
//! a future that may be dropped.
//!
//! A line ends with LF, CR LF, CR NUL or a lone CR. Whole lines in a read are handed out as they lie there; only
//! one that is split over reads, or has something in it to take out or to replace, is put together here. Nothing is
//! allocated while no line is under way.
//!
//! Who hands over each key (a telnet in character mode, `nc` in a raw terminal) erases here: BS and DEL a character,
//! Ctrl-W a word, Ctrl-U the line; Ctrl-C and Ctrl-D at the start of a line end the conversation. For a person with
//! an [`editor`](crate::terminal::editor) all of that is up to the editor: it gets [`Decoded::Keys`] in place of lines.

mod erase;
mod key_ends;
mod stream_start;

use self::erase::{erase_character, erase_word};
use self::key_ends::{is_stop, may_end_line};
use self::stream_start::{Discarding, StreamPhase, StreamStart};
use crate::limits::{MAX_LINE_BYTES, NON_LINE_BYTES_PER_TOKEN};
use crate::protocol::sniff::OtherProtocol;
use crate::protocol::telnet::{IAC, Parser, TelnetCommand, Token};
use crate::protocol::work_steps::Steps;
use memchr::{memchr2, memchr3};
use std::borrow::Cow;
use std::mem;
use std::time::Instant;

/// What a byte order mark looks like in UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Ctrl-C.
pub(crate) const INTERRUPT: u8 = 0x03;
/// Ctrl-D.
pub(crate) const END: u8 = 0x04;
/// Ctrl-H, which some terminals send for the key that others send [`DELETE`] for.
pub(crate) const BACKSPACE: u8 = 0x08;
/// Ctrl-U.
pub(crate) const KILL: u8 = 0x15;
/// Ctrl-W.
pub(crate) const KILL_WORD: u8 = 0x17;
/// What most terminals send for the key that erases.
pub(crate) const DELETE: u8 = 0x7f;

/// Turns the bytes of one connection into lines.
#[derive(Clone, Debug, Default)]
pub(crate) struct Decoder {
    /// Text of the line under way: at most [`MAX_LINE_BYTES`] bytes.
    partial: Vec<u8>,
    /// Bytes that were read and not looked at yet: at most what one read brought.
    buffered: Vec<u8>,
    /// Where in telnet's grammar the stream is.
    telnet: Parser,
    /// Whether the last byte of text was a CR: an LF or NUL that follows belongs to the same line end.
    after_cr: bool,
    /// The line under way, if it is being dropped; rare.
    discarding: Option<Box<Discarding>>,
    /// How the stream began.
    start: StreamStart,
    /// Whether the user was told that some input was not UTF-8.
    not_utf8_notice: NoticeState,
    /// Whether keys are handed out, and not lines.
    key_mode: bool,
    /// What came outside of lines and was not paid for, in parts of [`MAX_LINE_BYTES`] to the price of a line.
    non_line_units: u32,
    /// What the work came to.
    steps: Steps,
}

/// What a byte outside of lines counts, where one of a line that is too long counts 1: such a line costs as much as all
/// that it could have been.
const NON_LINE_WEIGHT: usize = MAX_LINE_BYTES.div_ceil(NON_LINE_BYTES_PER_TOKEN);

/// Whether a notice that is given once has been given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum NoticeState {
    /// There was no reason to.
    #[default]
    No,
    /// It comes next.
    Due,
    /// It was given.
    Given,
}

/// What comes out of a decoder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decoded<'a> {
    /// A line, without its end.
    Line(Cow<'a, str>),
    /// A line went past [`MAX_LINE_BYTES`] and is dropped up to its end.
    TooLong,
    /// The line before this held bytes that are no UTF-8; said once a connection.
    NotUtf8,
    /// The other side speaks another protocol: nothing that follows is chat.
    OtherProtocol(OtherProtocol),
    /// The user ends it with a key or by their client's command for that: nothing that follows is looked at.
    Quit,
    /// The client says something about options or its terminal, or asks for a sign of life.
    Telnet(TelnetCommand),
    /// Bytes of keys, where those are wanted; a line's end is a CR, and stands last, as do the keys that an editor may
    /// have to stop at.
    Keys(&'a [u8]),
}

/// Bytes that are looked at for telnet's commands where one begins: the longest of them but for subnegotiations, which are
/// taken in pieces.
const MAX_COMMAND_BYTES: usize = 16;

/// Whether a byte of text means something else where lines are put together here, at least at the start of one.
fn is_special(byte: u8) -> bool {
    matches!(byte, 0 | INTERRUPT | END | BACKSPACE | KILL | KILL_WORD | DELETE)
}

impl Decoder {
    /// The lines in what was kept from before and in the fresh bytes. Whatever is not taken from them stays here.
    pub(crate) fn lines<'d>(&'d mut self, fresh: &'d [u8], now: Instant) -> Lines<'d> {
        let mut held = mem::take(&mut self.buffered);
        let fresh = if held.is_empty() {
            fresh
        } else {
            held.extend_from_slice(fresh);
            &[]
        };
        Lines { decoder: self, held, fresh, at: 0, now }
    }

    /// Keeps bytes for later.
    pub(crate) fn buffer(&mut self, bytes: &[u8]) {
        self.buffered.extend_from_slice(bytes);
    }

    /// Whether bytes wait here that have not been looked at.
    pub(crate) fn has_buffered(&self) -> bool {
        !self.buffered.is_empty()
            || self.not_utf8_notice == NoticeState::Due
            || self.start.detected.is_some()
    }

    /// The bytes that wait.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn buffered(&self) -> &[u8] {
        &self.buffered
    }

    /// The protocol that the bytes which wait are the start of, if it is not ours. Nothing is taken.
    pub(crate) fn detect_buffered(&self, now: Instant) -> Option<OtherProtocol> {
        let mut probe = Self::default();
        let mut lines = probe.lines(&self.buffered, now);
        while lines.decoder.start.phase < StreamPhase::Chat {
            if let Decoded::OtherProtocol(other) = lines.next()? {
                return Some(other);
            }
        }
        None
    }

    /// Since when a line without an end is being dropped.
    pub(crate) fn discarding_since(&self) -> Option<Instant> {
        self.discarding.as_ref().map(|dropping| dropping.since)
    }

    /// Of so many bytes, those of the line under way included, came this: what is neither in it nor in the line under way now was
    /// outside of lines, or is erased or dropped.
    #[inline]
    fn charge_non_line(&mut self, bytes: usize, decoded: Option<&Decoded<'_>>) {
        let inside = match decoded {
            // With its end, of two bytes at most.
            Some(Decoded::Line(line)) => line.len() + 2,
            Some(Decoded::Keys(keys)) => keys.len(),
            _ => 0,
        };
        let outside = bytes.saturating_sub(inside + self.partial.len());
        if outside > 0 {
            let is_dropped =
                self.discarding.is_some() && !matches!(decoded, Some(Decoded::Telnet(_)));
            let each = if is_dropped { 1 } else { NON_LINE_WEIGHT };
            self.non_line_units +=
                u32::try_from(outside * each).expect("a read and a line are small");
        }
    }

    /// How many lines what came outside of lines costs. The rest is paid for later.
    pub(crate) fn take_non_line_tokens(&mut self) -> u32 {
        let lines = self.non_line_units / MAX_LINE_BYTES as u32;
        self.non_line_units %= MAX_LINE_BYTES as u32;
        lines
    }

    /// Hands out keys from now on, and says what was typed of the line under way.
    pub(crate) fn enter_key_mode(&mut self) -> Vec<u8> {
        self.key_mode = true;
        self.discarding = None;
        mem::take(&mut self.partial)
    }

    /// Hands out lines from now on. The one under way begins so.
    pub(crate) fn leave_key_mode(&mut self, begun: &str) {
        self.key_mode = false;
        self.start.phase = StreamPhase::Chat;
        self.partial = begun.as_bytes()[..begun.floor_char_boundary(MAX_LINE_BYTES)].to_vec();
    }

    /// Whether keys are handed out.
    pub(crate) fn is_key_mode(&self) -> bool {
        self.key_mode
    }

    /// Drops the keys that wait behind the last end of a line: nothing will come of them.
    pub(crate) fn drop_unfinished_keys(&mut self) {
        if self.key_mode {
            let keys = &self.buffered;
            let end = (0..keys.len()).rfind(|&at| may_end_line(keys, at)).map_or(0, |at| at + 1);
            self.buffered.truncate(end);
        }
    }

    /// The work that was done; what handles the output adds to it.
    pub(crate) fn steps(&self) -> &Steps {
        &self.steps
    }

    /// The last line of a stream that has ended without a line end.
    pub(crate) fn finish(&mut self) -> Option<Decoded<'static>> {
        let unterminated = !self.partial.is_empty();
        let last = if unterminated { self.end_line() } else { None };
        // No notice follows the last line.
        self.not_utf8_notice = NoticeState::Given;
        last
    }

    /// The next of what the input holds, which moves on behind it; of keys at most so many bytes. However the input is made, no
    /// byte of it is looked at more than a few times.
    fn next<'a>(
        &mut self,
        input: &mut &'a [u8],
        key_bytes: usize,
        now: Instant,
    ) -> Option<Decoded<'a>> {
        loop {
            if self.not_utf8_notice == NoticeState::Due {
                self.not_utf8_notice = NoticeState::Given;
                return Some(Decoded::NotUtf8);
            }
            if let Some(other) = self.start.detected.take() {
                return Some(Decoded::OtherProtocol(other));
            }
            if self.start.phase == StreamPhase::Ended {
                *input = &[];
            }
            if input.is_empty() {
                return None;
            }
            let end = self.chunk_end(input, key_bytes);
            self.steps.add(1);
            self.steps.searched(end);
            if let Some(line) = self.decode_fast(input, end) {
                return Some(Decoded::Line(Cow::Borrowed(line)));
            }
            let mut head = &input[..end];
            let decoded = self.decode_slow(&mut head, now);
            *input = &input[end - head.len()..];
            if decoded.is_some() {
                return decoded;
            }
        }
    }

    /// How much of the input is looked at together: text up to the end of a line, or up to a command; keys up to one at which an
    /// editor may stop; a command. (The grammar of telnet does not see line ends, so stopping at each loses nothing.)
    fn chunk_end(&self, input: &[u8], key_bytes: usize) -> usize {
        let is_command = input[0] == IAC || !self.telnet.is_between_commands();
        let longest = match (self.key_mode, is_command) {
            (true, _) => key_bytes.max(1),
            (false, true) => MAX_COMMAND_BYTES,
            (false, false) => usize::MAX,
        };
        let input = &input[..input.len().min(longest)];
        let end = match (self.key_mode, is_command) {
            (true, _) => input.iter().position(|&byte| is_stop(byte)),
            (false, true) => memchr2(b'\n', b'\r', input),
            (false, false) => match memchr3(b'\n', b'\r', IAC, input) {
                Some(at) if input[at] == IAC => return at,
                end => end,
            },
        };
        end.map_or(input.len(), |at| at + 1)
    }

    /// The line at the start of the input, of which so much is looked at, if it lies there whole with nothing in it to take out
    /// or replace. (An IAC is no UTF-8, so a line that is has no telnet command in it.)
    #[inline]
    fn decode_fast<'a>(&self, input: &mut &'a [u8], looked_at: usize) -> Option<&'a str> {
        let plain = self.partial.is_empty()
            && !self.key_mode
            && !self.after_cr
            && self.discarding.is_none()
            && self.start.phase == StreamPhase::Chat
            && self.telnet.is_between_commands();
        if !plain || looked_at > MAX_LINE_BYTES + 1 {
            return None;
        }
        let end = looked_at - 1;
        let behind = match input[end..] {
            [b'\n', ..] => 1,
            [b'\r', b'\n' | 0, ..] => 2,
            // A command may stand between the CR and its LF.
            [b'\r', next, ..] if next != IAC => 1,
            _ => return None,
        };
        let line = std::str::from_utf8(&input[..end]).ok()?;
        // Without an early exit, so that the compiler makes it a loop over 16 or 32 bytes at once.
        let has_controls =
            line.bytes().fold(false, |any, b| any | ((b < b' ') & (b != b'\t')) | (b == DELETE));
        if has_controls {
            return None;
        }
        *input = &input[end + behind..];
        Some(line)
    }

    /// Takes bytes of which at most the last ends a line, up to the first thing that comes of them.
    fn decode_slow<'a>(&mut self, bytes: &mut &'a [u8], now: Instant) -> Option<Decoded<'a>> {
        while self.start.phase != StreamPhase::Ended
            && let Some(piece) = self.telnet.next(bytes)
        {
            let came = match piece {
                Token::Data(data) if self.key_mode => self.take_keys(data),
                Token::Escaped if self.key_mode => self.take_keys(&[IAC]),
                Token::Data(data) => self.take_text(data, now),
                Token::Escaped => self.take_text(&[IAC], now),
                Token::Abandoned => {
                    let since = now;
                    self.discarding
                        .get_or_insert_with(|| Box::new(Discarding { since, request: None }));
                    None
                }
                Token::Command(command) => self.take_command(command, now),
            };
            if came.is_some() {
                return came;
            }
        }
        None
    }

    /// Takes a command of the other side's client.
    fn take_command(&mut self, command: TelnetCommand, now: Instant) -> Option<Decoded<'static>> {
        let erases = match command {
            // An editor has more to interrupt than the conversation.
            TelnetCommand::Quit if self.key_mode => return self.take_keys(&[INTERRUPT]),
            TelnetCommand::Quit => return Some(self.quit()),
            TelnetCommand::EraseCharacter => &[BACKSPACE],
            TelnetCommand::EraseLine => &[KILL],
            command => return Some(Decoded::Telnet(command)),
        };
        if self.key_mode { self.take_keys(erases) } else { self.push(erases, now) }
    }

    /// Takes keys, of which at most the last is the end of a line.
    fn take_keys<'a>(&mut self, mut keys: &'a [u8]) -> Option<Decoded<'a>> {
        if mem::take(&mut self.after_cr)
            && let [b'\n' | 0, rest @ ..] = keys
        {
            keys = rest;
        }
        self.after_cr = keys.last() == Some(&b'\r');
        // A subnegotiation that was given up leaves junk up to the line's end.
        if self.discarding.is_some() {
            if matches!(keys.last(), Some(b'\r' | b'\n')) {
                self.discarding = None;
            }
            return None;
        }
        (!keys.is_empty()).then_some(Decoded::Keys(keys))
    }

    /// Takes text of which at most the last byte ends a line.
    fn take_text(&mut self, whole: &[u8], now: Instant) -> Option<Decoded<'static>> {
        let mut text = whole;
        if mem::take(&mut self.after_cr)
            && let [b'\n' | 0, rest @ ..] = text
        {
            text = rest;
        }
        let (text, ends) = match text {
            [text @ .., b'\n'] => (text, true),
            [text @ .., b'\r'] => {
                self.after_cr = true;
                (text, true)
            }
            text => (text, false),
        };
        let mut found = self.push(text, now);
        if self.start.ends_signature(whole) {
            found = Some(self.reject_protocol(OtherProtocol::Proxy));
        }
        if !ends || self.start.phase == StreamPhase::Ended {
            return found;
        }
        let line = self.end_line();
        if found.is_some()
            && let Some(Decoded::OtherProtocol(other)) = line
        {
            // A line that is too long has been told of in the same turn.
            self.start.detected = Some(other);
        }
        found.or(line)
    }

    /// Adds what was typed to the line under way, and erases of it what was erased.
    fn push(&mut self, mut text: &[u8], now: Instant) -> Option<Decoded<'static>> {
        let mut found = None;
        while !text.is_empty()
            && self.discarding.is_none()
            && self.start.phase != StreamPhase::Ended
        {
            let span = text.iter().position(|&byte| is_special(byte)).unwrap_or(text.len());
            if span > 0 {
                found = self.append(&text[..span], now);
                text = &text[span..];
                continue;
            }
            let special = text[0];
            text = &text[1..];
            let length = self.partial.len();
            if matches!(special, INTERRUPT | END) && !self.partial.is_empty() {
                // In the middle of a line they mean nothing, and TLS begins so.
                found = self.append(&[special], now);
                continue;
            }
            self.start.rule_out_bom();
            match special {
                INTERRUPT | END => return Some(self.quit()),
                BACKSPACE | DELETE => erase_character(&mut self.partial),
                KILL_WORD => erase_word(&mut self.partial),
                KILL => self.partial = Vec::new(),
                // A NUL is nothing.
                _ => {}
            }
            // What was looked at is gone, so nothing is looked at twice.
            self.steps.add(1);
            self.steps.searched(length - self.partial.len());
        }
        if let Some(request) = self.discarding.as_mut().and_then(|line| line.request.as_mut()) {
            *request = request.feed(text);
        }
        found
    }

    /// Ends the stream as the person asks for.
    fn quit(&mut self) -> Decoded<'static> {
        self.partial = Vec::new();
        self.start.phase = StreamPhase::Ended;
        Decoded::Quit
    }

    /// Adds text to the line under way, as it is.
    fn append(&mut self, mut text: &[u8], now: Instant) -> Option<Decoded<'static>> {
        text = self.start.skip_bom(&mut self.partial, text);
        let room = MAX_LINE_BYTES - self.partial.len();
        self.steps.moved(text.len());
        self.partial.extend_from_slice(&text[..text.len().min(room)]);
        let too_long = text.len() > room;
        if let Some(other) = self.start.detect_prefix(&self.partial) {
            return Some(self.reject_protocol(other));
        }
        if !too_long {
            return None;
        }
        let line = mem::take(&mut self.partial);
        self.steps.searched(line.len());
        let request = self.start.begin_request(&line).map(|request| request.feed(&text[room..]));
        self.discarding = Some(Box::new(Discarding { since: now, request }));
        Some(Decoded::TooLong)
    }

    /// Ends the stream: what it speaks is not ours.
    fn reject_protocol(&mut self, other: OtherProtocol) -> Decoded<'static> {
        self.partial = Vec::new();
        self.start.phase = StreamPhase::Ended;
        Decoded::OtherProtocol(other)
    }

    /// Ends the line under way.
    fn end_line(&mut self) -> Option<Decoded<'static>> {
        let line = mem::take(&mut self.partial);
        self.steps.searched(line.len());
        let dropped = self.discarding.take();
        if self.start.phase != StreamPhase::Chat {
            self.steps.searched(line.len());
            if let Some(other) = self.start.end_line(&line, dropped.as_deref()) {
                return Some(self.reject_protocol(other));
            }
        }
        if dropped.is_some() && line.is_empty() {
            return None;
        }
        let line = String::from_utf8(line).unwrap_or_else(|not_utf8| {
            if self.not_utf8_notice == NoticeState::No {
                self.not_utf8_notice = NoticeState::Due;
            }
            String::from_utf8_lossy(not_utf8.as_bytes()).into_owned()
        });
        Some(Decoded::Line(Cow::Owned(line)))
    }
}

/// The lines of one read, and of what was kept before. Made by [`Decoder::lines`]; dropped, it leaves what was not
/// taken in the decoder.
#[derive(Debug)]
pub(crate) struct Lines<'d> {
    /// Where lines that are split over reads are put together.
    decoder: &'d mut Decoder,
    /// Bytes kept from before, with the fresh ones behind them; empty if there were none.
    held: Vec<u8>,
    /// The fresh bytes, if none were kept.
    fresh: &'d [u8],
    /// How many of the bytes have been taken.
    at: usize,
    /// When the fresh bytes came.
    now: Instant,
}

impl Lines<'_> {
    /// The next line or notice; `None` when there is no more in what came.
    pub(crate) fn next(&mut self) -> Option<Decoded<'_>> {
        self.next_within(usize::MAX)
    }

    /// The same, but where keys are handed out at most so many bytes of them, one at least.
    pub(crate) fn next_within(&mut self, key_bytes: usize) -> Option<Decoded<'_>> {
        let bytes = if self.held.is_empty() { self.fresh } else { &self.held };
        let mut input = &bytes[self.at..];
        let (before, partial) = (input.len(), self.decoder.partial.len());
        let decoded = self.decoder.next(&mut input, key_bytes, self.now);
        let taken = before - input.len();
        self.at += taken;
        self.decoder.charge_non_line(taken + partial, decoded.as_ref());
        decoded
    }

    /// Whether keys are handed out.
    pub(crate) fn is_key_mode(&self) -> bool {
        self.decoder.is_key_mode()
    }

    /// See [`Decoder::steps`].
    pub(crate) fn steps(&self) -> &Steps {
        self.decoder.steps()
    }

    /// Hands out keys from here on; see [`Decoder::enter_key_mode`].
    pub(crate) fn enter_key_mode(&mut self) -> Vec<u8> {
        self.decoder.enter_key_mode()
    }

    /// Hands out lines from here on; see [`Decoder::leave_key_mode`].
    pub(crate) fn leave_key_mode(&mut self, begun: &str) {
        self.decoder.leave_key_mode(begun);
    }

    /// Most bytes that the next line can have: every byte of it may become a U+FFFD.
    pub(crate) fn max_next_bytes(&self) -> usize {
        let left = self.held.len().max(self.fresh.len()) - self.at;
        (self.decoder.partial.len() + left).min(MAX_LINE_BYTES)
            * char::REPLACEMENT_CHARACTER.len_utf8()
    }
}

impl Drop for Lines<'_> {
    fn drop(&mut self) {
        if self.held.is_empty() {
            self.decoder.buffer(&self.fresh[self.at..]);
        } else {
            self.held.drain(..self.at);
            if !self.held.is_empty() {
                self.decoder.buffered = mem::take(&mut self.held);
            }
        }
    }
}

#[cfg(test)]
mod tests;
