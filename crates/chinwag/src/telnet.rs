//! Telnet's commands in the stream of bytes, by the grammar of RFC 854: found and taken out, however they are
//! split over reads, and not answered.
//!
//! ```text
//! Data ── IAC ──► Command ── WILL, WONT, DO, DONT ──► Option ── any byte ──► Data
//!                    │ ────── SB ──► Subnegotiation ── IAC SE ──► Data
//!                    │ ────── IAC: the byte 0xFF ──► Data
//!                    │ ────── below 0xF0: no command, 0xFF was text ──► Data
//!                    └ ────── any other: a command of two bytes ──► Data
//! ```

use crate::limits::SUBNEGOTIATION;
use memchr::memchr;

/// Interpret as command: what every command starts with.
pub const IAC: u8 = 0xff;
/// End of a subnegotiation; the lowest command.
const SE: u8 = 0xf0;
/// Start of a subnegotiation.
const SB: u8 = 0xfa;
/// The first of WILL, WONT, DO and DONT, which an option follows.
const WILL: u8 = 0xfb;
/// The last of them.
const DONT: u8 = 0xfe;

/// Takes telnet's commands out of a stream of bytes.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Where in the grammar the last byte left us.
    state: State,
}

/// A place in the grammar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Between commands.
    #[default]
    Data,
    /// After an IAC.
    Command,
    /// After WILL, WONT, DO or DONT: the next byte is an option.
    Option,
    /// In a subnegotiation, this many bytes of it seen.
    Subnegotiation(u16),
    /// After an IAC inside of a subnegotiation.
    SubnegotiationCommand(u16),
}

/// What is left of the stream once the commands are out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Bytes of text; never empty, and without an IAC.
    Data(&'a [u8]),
    /// The byte 0xFF, as text.
    Escaped,
    /// A subnegotiation that went on past its limit was given up: what follows up to a line's end is junk.
    Abandoned,
}

impl Filter {
    /// Whether the next byte is text, or the start of a command.
    pub fn is_between_commands(&self) -> bool {
        self.state == State::Data
    }

    /// The next piece of the input, which moves on behind it. `None` when the input is used up.
    pub fn next<'a>(&mut self, input: &mut &'a [u8]) -> Option<Piece<'a>> {
        loop {
            let first = *input.first()?;
            match self.state {
                State::Data if first == IAC => {
                    *input = &input[1..];
                    self.state = State::Command;
                }
                State::Data => {
                    let (data, rest) = input.split_at(memchr(IAC, input).unwrap_or(input.len()));
                    *input = rest;
                    return Some(Piece::Data(data));
                }
                State::Command => {
                    self.state = after_command(first);
                    if first >= SE {
                        *input = &input[1..];
                    }
                    if first == IAC || first < SE {
                        return Some(Piece::Escaped);
                    }
                }
                State::Option => {
                    *input = &input[1..];
                    self.state = State::Data;
                }
                State::Subnegotiation(seen) => {
                    let abandoned = self.subnegotiate(seen, input);
                    if abandoned.is_some() {
                        return abandoned;
                    }
                }
                State::SubnegotiationCommand(seen) => {
                    *input = &input[1..];
                    self.state = State::Data;
                    if first != SE {
                        // An IAC IAC is a byte of it; so is anything else that does not end it.
                        if usize::from(seen) >= SUBNEGOTIATION {
                            return Some(Piece::Abandoned);
                        }
                        self.state = State::Subnegotiation(seen + 1);
                    }
                }
            }
        }
    }

    /// Passes over bytes of a subnegotiation; the input is not empty.
    fn subnegotiate(&mut self, seen: u16, input: &mut &[u8]) -> Option<Piece<'static>> {
        let span = memchr(IAC, input).unwrap_or(input.len());
        if span == 0 {
            *input = &input[1..];
            self.state = State::SubnegotiationCommand(seen);
            return None;
        }
        let room = SUBNEGOTIATION.saturating_sub(usize::from(seen));
        if room == 0 {
            self.state = State::Data;
            return Some(Piece::Abandoned);
        }
        let passed = span.min(room);
        *input = &input[passed..];
        let seen = usize::from(seen) + passed;
        self.state = State::Subnegotiation(u16::try_from(seen).unwrap_or(u16::MAX));
        None
    }
}

/// Where the byte after an IAC leads.
fn after_command(byte: u8) -> State {
    match byte {
        SB => State::Subnegotiation(0),
        WILL..=DONT => State::Option,
        _ => State::Data,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All that is left of the chunks: text, 0xFF escaped included, and how many subnegotiations were abandoned.
    fn filtered<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, usize) {
        let mut filter = Filter::default();
        let (mut text, mut abandoned) = (Vec::new(), 0);
        for mut chunk in chunks {
            while let Some(piece) = filter.next(&mut chunk) {
                match piece {
                    Piece::Data(data) => text.extend_from_slice(data),
                    Piece::Escaped => text.push(IAC),
                    Piece::Abandoned => abandoned += 1,
                }
            }
        }
        (text, abandoned)
    }

    fn whole(input: &[u8]) -> Vec<u8> {
        filtered([input]).0
    }

    #[test]
    fn commands_are_taken_out() {
        assert_eq!(whole(b"a\xff\xfb\x01b\xff\xfd\xffc\xff\xf1d\xff\xf9e"), b"abcde");
        assert_eq!(whole(b"a\xff\xfa\x18\x00x\nterm\xff\xff\xff\xf0b"), b"ab");
        assert_eq!(whole(b"a\xff\xffb"), b"a\xffb");
        assert_eq!(whole(b"a\xff"), b"a");
    }

    #[test]
    fn an_iac_before_text_is_text() {
        assert_eq!(whole(b"\xffx \xff\n"), b"\xffx \xff\n");
        assert_eq!(whole(b"\xff\xefx"), b"\xff\xefx");
    }

    #[test]
    fn a_subnegotiation_is_abandoned_just_past_its_limit() {
        let long = |bytes: usize, end: &[u8]| {
            [b"a\xff\xfa", vec![b'x'; bytes].as_slice(), end, b"b"].concat()
        };
        assert_eq!(filtered([&*long(4096, b"\xff\xf0")]), (b"ab".to_vec(), 0));
        assert_eq!(filtered([&*long(4097, b"\xff\xf0")]), (b"axb".to_vec(), 1));
        let escapes = [b"\xff\xfa".as_slice(), &b"\xff\x01".repeat(70_000)].concat();
        assert_eq!(filtered([&*escapes]).1, 1);
    }

    proptest! {
        #[test]
        fn any_chunking_leaves_the_same_text(
            input in prop::collection::vec(prop_oneof![Just(IAC), Just(SB), Just(SE), Just(b'\n'), 0xf0..=0xffu8, any::<u8>()], 0..300),
            cuts in prop::collection::vec(1..9usize, 1..20),
        ) {
            let mut chunks = Vec::new();
            let mut rest = input.as_slice();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break }
                let (chunk, after) = rest.split_at((*cut).min(rest.len()));
                chunks.push(chunk);
                rest = after;
            }
            prop_assert_eq!(filtered(chunks), filtered([input.as_slice()]));
        }
    }
}
