//! Bytes to lines: pure, bounded, and safe to leave at any point, because what has been read lies here and not in
//! a future that may be dropped.
//!
//! A line ends with LF, CR LF, CR NUL or a lone CR. Whole lines in a read are handed out as they lie there; only
//! one that is split over reads, or has something in it to take out or to replace, is put together here. Nothing is
//! allocated while no line is under way.

use crate::foreign::Foreign;
use crate::limits::LINE;
use crate::telnet::{Filter, IAC, Piece};
use memchr::memchr2;
use std::borrow::Cow;
use std::mem;
use std::time::Instant;

/// What a byte order mark looks like in UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Turns the bytes of one connection into lines.
#[derive(Debug, Default)]
pub struct Decoder {
    /// Text of the line under way: at most [`LINE`] bytes.
    partial: Vec<u8>,
    /// Bytes that were read and not looked at yet: at most what one read brought.
    waiting: Vec<u8>,
    /// Where in telnet's grammar the stream is.
    telnet: Filter,
    /// Whether the last byte of text was a CR: an LF or NUL that follows belongs to the same line end.
    after_cr: bool,
    /// Since when the line under way is being dropped, if it is.
    dropping: Option<Instant>,
    /// How much of the first line has been seen.
    opening: Opening,
    /// Whether the person knows that what came was not UTF-8.
    told: Told,
}

/// How far the start of the stream has been looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Opening {
    /// Too little has come to tell whether it starts with a byte order mark.
    #[default]
    Start,
    /// In the first line.
    FirstLine,
    /// Past the first line.
    Over,
    /// Another protocol: nothing more is looked at.
    Foreign,
}

/// Whether a notice that is given once has been given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Told {
    /// There was no reason to.
    #[default]
    No,
    /// It comes next.
    Due,
    /// It was given.
    Yes,
}

/// What comes out of a decoder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded<'a> {
    /// A line, without its end.
    Line(Cow<'a, str>),
    /// A line went past [`LINE`] and is dropped up to its end.
    TooLong,
    /// The line before this held bytes that are no UTF-8; said once a connection.
    NotUtf8,
    /// The other side speaks another protocol: nothing that follows is chat.
    Foreign(Foreign),
}

impl Decoder {
    /// The lines in what was kept from before and in the fresh bytes. Whatever is not taken from them stays here.
    pub fn lines<'d>(&'d mut self, fresh: &'d [u8], now: Instant) -> Lines<'d> {
        let mut held = mem::take(&mut self.waiting);
        let fresh = if held.is_empty() {
            fresh
        } else {
            held.extend_from_slice(fresh);
            &[]
        };
        Lines { decoder: self, held, fresh, at: 0, now }
    }

    /// Keeps bytes for later.
    pub fn keep(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
    }

    /// Whether bytes wait here that have not been looked at.
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty() || self.told == Told::Due
    }

    /// The bytes that wait.
    pub fn waiting(&self) -> &[u8] {
        &self.waiting
    }

    /// Since when a line without an end is being dropped.
    pub fn dropping_since(&self) -> Option<Instant> {
        self.dropping
    }

    /// The last line of a stream that has ended without a line end.
    pub fn finish(&mut self) -> Option<Decoded<'static>> {
        let unterminated = !self.partial.is_empty();
        let last = if unterminated { self.end_line() } else { None };
        // No notice follows the last line.
        self.told = Told::Yes;
        last
    }

    /// The next of what the input holds, which moves on behind it.
    fn next<'a>(&mut self, input: &mut &'a [u8], now: Instant) -> Option<Decoded<'a>> {
        loop {
            if self.told == Told::Due {
                self.told = Told::Yes;
                return Some(Decoded::NotUtf8);
            }
            if self.opening == Opening::Foreign {
                *input = &[];
            }
            if input.is_empty() {
                return None;
            }
            if let Some(line) = self.whole_line(input) {
                return Some(Decoded::Line(Cow::Borrowed(line)));
            }
            // The grammar of telnet does not see line ends, so stopping at each loses nothing.
            let end = memchr2(b'\n', b'\r', input).map_or(input.len(), |at| at + 1);
            let (head, rest) = input.split_at(end);
            *input = rest;
            let decoded = self.piecemeal(head, now);
            if decoded.is_some() {
                return decoded;
            }
        }
    }

    /// The line at the start of the input, if it lies there whole with nothing in it to take out or replace. (An
    /// IAC is no UTF-8, so a line that is has no telnet command in it.)
    #[inline]
    fn whole_line<'a>(&self, input: &mut &'a [u8]) -> Option<&'a str> {
        let plain = self.partial.is_empty()
            && !self.after_cr
            && self.dropping.is_none()
            && self.opening == Opening::Over
            && self.telnet.is_between_commands();
        if !plain {
            return None;
        }
        let end = memchr2(b'\n', b'\r', input).filter(|&end| end <= LINE)?;
        let behind = match input[end..] {
            [b'\n', ..] => 1,
            [b'\r', b'\n' | 0, ..] => 2,
            // A command may stand between the CR and its LF.
            [b'\r', next, ..] if next != IAC => 1,
            _ => return None,
        };
        let line = std::str::from_utf8(&input[..end]).ok()?;
        *input = &input[end + behind..];
        Some(line)
    }

    /// Takes bytes of which at most the last ends a line. At most one thing comes of them.
    fn piecemeal(&mut self, mut bytes: &[u8], now: Instant) -> Option<Decoded<'static>> {
        let mut decoded = None;
        while let Some(piece) = self.telnet.next(&mut bytes) {
            let came = match piece {
                Piece::Data(data) => self.take_text(data, now),
                Piece::Escaped => self.take_text(&[IAC], now),
                Piece::Abandoned => {
                    self.dropping.get_or_insert(now);
                    None
                }
            };
            decoded = came.or(decoded);
        }
        decoded
    }

    /// Takes text of which at most the last byte ends a line.
    fn take_text(&mut self, mut text: &[u8], now: Instant) -> Option<Decoded<'static>> {
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
        let found = self.push(text, now);
        if !ends || self.opening == Opening::Foreign {
            return found;
        }
        let line = self.end_line();
        found.or(line)
    }

    /// Adds text to the line under way.
    fn push(&mut self, mut text: &[u8], now: Instant) -> Option<Decoded<'static>> {
        if self.dropping.is_some() || self.opening == Opening::Foreign {
            return None;
        }
        if self.opening == Opening::Start {
            let wanted = BOM.len() - self.partial.len();
            let (start, rest) = text.split_at(wanted.min(text.len()));
            self.partial.extend_from_slice(start);
            text = rest;
            if self.partial.len() == BOM.len() {
                self.opening = Opening::FirstLine;
                if self.partial == BOM {
                    self.partial = Vec::new();
                }
            }
        }
        let room = LINE - self.partial.len();
        self.partial.extend_from_slice(&text[..text.len().min(room)]);
        let too_long = text.len() > room;
        if self.opening == Opening::FirstLine
            && let Some(foreign) = Foreign::of_start(&self.partial, too_long)
        {
            return Some(self.end_with(foreign));
        }
        if !too_long {
            return None;
        }
        self.partial = Vec::new();
        self.dropping = Some(now);
        Some(Decoded::TooLong)
    }

    /// Ends the stream: what it speaks is not ours.
    fn end_with(&mut self, foreign: Foreign) -> Decoded<'static> {
        self.partial = Vec::new();
        self.opening = Opening::Foreign;
        Decoded::Foreign(foreign)
    }

    /// Ends the line under way.
    fn end_line(&mut self) -> Option<Decoded<'static>> {
        let line = mem::take(&mut self.partial);
        let dropped = self.dropping.take().is_some();
        if self.opening != Opening::Over
            && let Some(foreign) = Foreign::of_line(&line)
        {
            return Some(self.end_with(foreign));
        }
        self.opening = Opening::Over;
        if dropped && line.is_empty() {
            return None;
        }
        let line = String::from_utf8(line).unwrap_or_else(|not_utf8| {
            if self.told == Told::No {
                self.told = Told::Due;
            }
            String::from_utf8_lossy(not_utf8.as_bytes()).into_owned()
        });
        Some(Decoded::Line(Cow::Owned(line)))
    }
}

/// The lines of one read, and of what was kept before. Made by [`Decoder::lines`]; dropped, it leaves what was not
/// taken in the decoder.
#[derive(Debug)]
pub struct Lines<'d> {
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
    #[expect(
        clippy::should_implement_trait,
        reason = "it lends: an iterator's items may not borrow from it"
    )]
    pub fn next(&mut self) -> Option<Decoded<'_>> {
        let bytes = if self.held.is_empty() { self.fresh } else { &self.held };
        let mut input = &bytes[self.at..];
        let before = input.len();
        let decoded = self.decoder.next(&mut input, self.now);
        self.at += before - input.len();
        decoded
    }

    /// Most bytes that the next line can have: every byte of it may become a U+FFFD.
    pub fn longest_next(&self) -> usize {
        let left = self.held.len().max(self.fresh.len()) - self.at;
        (self.decoder.partial.len() + left).min(LINE) * char::REPLACEMENT_CHARACTER.len_utf8()
    }
}

impl Drop for Lines<'_> {
    fn drop(&mut self) {
        if self.held.is_empty() {
            self.decoder.keep(&self.fresh[self.at..]);
        } else {
            self.held.drain(..self.at);
            if !self.held.is_empty() {
                self.decoder.waiting = mem::take(&mut self.held);
            }
        }
    }
}

#[cfg(test)]
mod tests;
