//! Telnet's commands in the stream of bytes, by the grammar of RFC 854: found and taken out, however they are
//! split over reads. What is answered to them is [`negotiation`]'s business.
//!
//! ```text
//! Data ── IAC ──► Command ── WILL, WONT, DO, DONT ──► Option ── any byte ──► Data
//!                    │ ────── SB ──► Subnegotiation ── IAC SE ──► Data
//!                    │                              └─ IAC and any other command ──► Command
//!                    │ ────── IAC: the byte 0xFF ──► Data
//!                    │ ────── below 0xEC: no command, 0xFF was text ──► Data
//!                    └ ────── any other: a command of two bytes ──► Data
//! ```
//!
//! A subnegotiation whose SE is missing would take the lines behind it with it; so any command ends it, and what it told up to
//! there counts. In one, too, an IAC before what is no command is a byte that a client forgot to double.

pub(crate) mod negotiation;

use crate::limits::MAX_SUBNEGOTIATION_BYTES;
use memchr::memchr;

/// Interpret as command: what every command starts with.
pub(crate) const IAC: u8 = 0xff;
/// End of file, the lowest command. With it SUSP, ABORT (RFC 1184) and EOR (RFC 885) lie below those of RFC 854: clients make
/// SUSP of Ctrl-Z.
const EOF: u8 = 0xec;
/// End of a subnegotiation.
const SE: u8 = 0xf0;
/// Start of a subnegotiation.
const SB: u8 = 0xfa;
/// The sender offers to do what an option says, or does it.
const WILL: u8 = 0xfb;
/// The sender does not do it.
const WONT: u8 = 0xfc;
/// The sender asks the other side to do it.
const DO: u8 = 0xfd;
/// The sender asks the other side not to do it.
const DONT: u8 = 0xfe;
/// Interrupt the process: what clients make of Ctrl-C.
const IP: u8 = 0xf4;
/// Are you there?
const AYT: u8 = 0xf6;
/// Erase the last character.
const EC: u8 = 0xf7;
/// Erase the line.
const EL: u8 = 0xf8;

/// The option by which a client tells the size of its window (RFC 1073).
pub(crate) const NAWS: u8 = 31;
/// The option by which a client tells the type of its terminal (RFC 1091).
pub(crate) const TTYPE: u8 = 24;
/// In a subnegotiation of [`TTYPE`]: the type is what follows.
const IS: u8 = 0;

/// Bytes of a subnegotiation that are looked at: an option, and the longest of what is known of it.
const HEAD: usize = 12;

/// What a command asks of us. Those that ask nothing (NOP, GA and the like) are not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TelnetCommand {
    /// The other side offers to do what this option says, or does it.
    Will(u8),
    /// It does not.
    Wont(u8),
    /// It asks us to do what this option says.
    Do(u8),
    /// It asks us not to.
    Dont(u8),
    /// End the conversation.
    Quit,
    /// Give a sign of life.
    AreYouThere,
    /// Erase the last character of the line under way.
    EraseCharacter,
    /// Erase the line under way.
    EraseLine,
    /// The window has so many columns and rows (NAWS, RFC 1073); 0 where it does not know.
    WindowSize(u16, u16),
    /// The terminal's type is known (RFC 1091), and whether it is one without a cursor to move.
    TerminalType {
        /// Whether its name says that it can do nothing but print.
        is_dumb: bool,
    },
}

/// Takes telnet's commands out of a stream of bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parser {
    /// Where in the grammar the last byte left us.
    state: State,
    /// The first bytes of the subnegotiation under way, as many as its state counts.
    head: [u8; HEAD],
}

/// A place in the grammar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Between commands.
    #[default]
    Data,
    /// After an IAC.
    Command,
    /// After WILL, WONT, DO or DONT, which this is: the next byte is an option.
    Option(u8),
    /// In a subnegotiation, this many bytes of it seen.
    Subnegotiation(u16),
    /// After an IAC inside of a subnegotiation.
    SubnegotiationCommand(u16),
}

/// What is left of the stream once the commands are out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// Bytes of text; never empty, and without an IAC.
    Data(&'a [u8]),
    /// The byte 0xFF, as text.
    Escaped,
    /// A subnegotiation that went on past its limit was given up: what follows up to a line's end is junk.
    Abandoned,
    /// A command that asks something of us.
    Command(TelnetCommand),
}

impl Parser {
    /// Whether the next byte is text, or the start of a command.
    pub(crate) fn is_between_commands(&self) -> bool {
        self.state == State::Data
    }

    /// The next piece of the input, which moves on behind it. `None` when the input is used up.
    pub(crate) fn next<'a>(&mut self, input: &mut &'a [u8]) -> Option<Token<'a>> {
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
                    return Some(Token::Data(data));
                }
                State::Command => {
                    self.state = after_command(first);
                    if first >= EOF {
                        *input = &input[1..];
                    }
                    if first == IAC || first < EOF {
                        return Some(Token::Escaped);
                    }
                    if let Some(command) = parse_short_command(first) {
                        return Some(Token::Command(command));
                    }
                }
                State::Option(verb) => {
                    *input = &input[1..];
                    self.state = State::Data;
                    return Some(Token::Command(parse_option_command(verb, first)));
                }
                State::Subnegotiation(seen) => {
                    let abandoned = self.skip_subnegotiation(seen, input);
                    if abandoned.is_some() {
                        return abandoned;
                    }
                }
                State::SubnegotiationCommand(seen) => {
                    let came = self.subnegotiation_command(seen, first, input);
                    if came.is_some() {
                        return came;
                    }
                }
            }
        }
    }

    /// Takes the byte behind an IAC in a subnegotiation of which so many were seen before.
    fn subnegotiation_command(
        &mut self,
        seen: u16,
        byte: u8,
        input: &mut &[u8],
    ) -> Option<Token<'static>> {
        if (EOF..IAC).contains(&byte) {
            self.state = if byte == SE { State::Data } else { State::Command };
            // Another command than its end is looked at next.
            *input = &input[usize::from(byte == SE)..];
            let head = &self.head[..usize::from(seen).min(HEAD)];
            return parse_subnegotiation(head, seen.into()).map(Token::Command);
        }
        // The byte 0xFF, doubled or not; what stands behind one that is not is looked at next.
        *input = &input[usize::from(byte == IAC)..];
        if usize::from(seen) >= MAX_SUBNEGOTIATION_BYTES {
            self.state = State::Data;
            return Some(Token::Abandoned);
        }
        self.save_head(seen, &[IAC]);
        self.state = State::Subnegotiation(seen + 1);
        None
    }

    /// Keeps what of these bytes belongs to the head of a subnegotiation of which so many were seen before.
    fn save_head(&mut self, seen: u16, bytes: &[u8]) {
        let free = &mut self.head[usize::from(seen).min(HEAD)..];
        let kept = free.len().min(bytes.len());
        free[..kept].copy_from_slice(&bytes[..kept]);
    }

    /// Passes over bytes of a subnegotiation; the input is not empty.
    fn skip_subnegotiation(&mut self, seen: u16, input: &mut &[u8]) -> Option<Token<'static>> {
        let span = memchr(IAC, input).unwrap_or(input.len());
        if span == 0 {
            *input = &input[1..];
            self.state = State::SubnegotiationCommand(seen);
            return None;
        }
        let room = MAX_SUBNEGOTIATION_BYTES.saturating_sub(usize::from(seen));
        if room == 0 {
            self.state = State::Data;
            return Some(Token::Abandoned);
        }
        let passed = span.min(room);
        self.save_head(seen, &input[..passed]);
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
        WILL..=DONT => State::Option(byte),
        _ => State::Data,
    }
}

/// What a command of two bytes asks of us.
fn parse_short_command(byte: u8) -> Option<TelnetCommand> {
    match byte {
        IP => Some(TelnetCommand::Quit),
        AYT => Some(TelnetCommand::AreYouThere),
        EC => Some(TelnetCommand::EraseCharacter),
        EL => Some(TelnetCommand::EraseLine),
        _ => None,
    }
}

/// What a command with an option asks of us.
fn parse_option_command(verb: u8, option: u8) -> TelnetCommand {
    match verb {
        WILL => TelnetCommand::Will(option),
        WONT => TelnetCommand::Wont(option),
        DO => TelnetCommand::Do(option),
        _ => TelnetCommand::Dont(option),
    }
}

/// What a subnegotiation of so many bytes tells that begins so.
fn parse_subnegotiation(head: &[u8], length: usize) -> Option<TelnetCommand> {
    match *head {
        [NAWS, wide, columns, high, rows] if length == 5 => {
            let columns = u16::from_be_bytes([wide, columns]);
            Some(TelnetCommand::WindowSize(columns, u16::from_be_bytes([high, rows])))
        }
        [TTYPE, IS, ref name @ ..] => {
            let is = |known: &str| {
                length == known.len() + 2 && name.eq_ignore_ascii_case(known.as_bytes())
            };
            Some(TelnetCommand::TerminalType {
                is_dumb: is("dumb") || is("unknown") || length == 2,
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All that is left of the chunks: text, 0xFF escaped included, and how many subnegotiations were abandoned.
    fn filtered<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, usize) {
        let (text, abandoned, _) = taken_apart(chunks);
        (text, abandoned)
    }

    /// The same, and the commands.
    fn taken_apart<'a>(
        chunks: impl IntoIterator<Item = &'a [u8]>,
    ) -> (Vec<u8>, usize, Vec<TelnetCommand>) {
        let mut filter = Parser::default();
        let (mut text, mut abandoned, mut commands) = (Vec::new(), 0, Vec::new());
        for mut chunk in chunks {
            while let Some(piece) = filter.next(&mut chunk) {
                match piece {
                    Token::Data(data) => text.extend_from_slice(data),
                    Token::Escaped => text.push(IAC),
                    Token::Abandoned => abandoned += 1,
                    Token::Command(command) => commands.push(command),
                }
            }
        }
        (text, abandoned, commands)
    }

    #[test]
    fn what_a_command_asks_is_known_however_it_is_split() {
        let stream = b"a\xff\xfb\x01\xff\xf4b\xff\xf6\xff\xf1\xff\xf7\xff\xf8\xff\xfe\x22\
            \xff\xfa\x1f\x00\xff\xff\x01\x02\xff\xf0\xff\xfa\x18\x00DUMB\xff\xf0\
            \xff\xfa\x18\x00dumber\xff\xf0\xff\xfa\x18\x00xterm-256color-and-more\xff\xf0\
            \xff\xfa\x1f\x00\x50\x00\xff\xf0\xff\xfa\xff\xf0";
        let expected = [
            TelnetCommand::Will(1),
            TelnetCommand::Quit,
            TelnetCommand::AreYouThere,
            TelnetCommand::EraseCharacter,
            TelnetCommand::EraseLine,
            TelnetCommand::Dont(34),
            TelnetCommand::WindowSize(255, 258),
            TelnetCommand::TerminalType { is_dumb: true },
            TelnetCommand::TerminalType { is_dumb: false },
            TelnetCommand::TerminalType { is_dumb: false },
        ];
        assert_eq!(taken_apart([&stream[..]]), (b"ab".to_vec(), 0, expected.to_vec()));
        assert_eq!(taken_apart(stream.chunks(1)).2, expected);
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
    fn commands_below_those_of_rfc_854_are_taken_out() {
        assert_eq!(whole(b"a\xff\xecb\xff\xedc\xff\xeed\xff\xefe"), b"abcde");
        // What Debian's telnet makes of Ctrl-Z.
        let stream = b"\xff\xed\xff\xf2\xff\xfd\x06hello\r\n";
        let expected = (b"hello\r\n".to_vec(), 0, vec![TelnetCommand::Do(6)]);
        assert_eq!(taken_apart([&stream[..]]), expected);
        assert_eq!(taken_apart(stream.chunks(1)), expected);
    }

    #[test]
    fn any_command_ends_a_subnegotiation() {
        for (stream, text, commands) in [
            (&b"\xff\xfa\x18\xff\xf1hello\n"[..], &b"hello\n"[..], &[][..]),
            (b"\xff\xfa\x18\xff\xedhello\n", b"hello\n", &[]),
            (b"\xff\xfa\xff\xfb\x01hello\n", b"hello\n", &[TelnetCommand::Will(1)]),
            (b"\xff\xfa\xff\xfa\x18\xff\xf0x", b"x", &[]),
            (
                b"\xff\xfa\x1f\0\x50\0\x18\xff\xf6x",
                b"x",
                &[TelnetCommand::WindowSize(80, 24), TelnetCommand::AreYouThere],
            ),
            // A client that does not double the byte.
            (b"\xff\xfa\x1f\0\xff\0\x18\xff\xf0x", b"x", &[TelnetCommand::WindowSize(255, 24)]),
        ] {
            let expected = (text.to_vec(), 0, commands.to_vec());
            assert_eq!(taken_apart([stream]), expected, "{stream:?}");
            assert_eq!(taken_apart(stream.chunks(1)), expected, "{stream:?}");
        }
    }

    #[test]
    fn an_iac_before_text_is_text() {
        assert_eq!(whole(b"\xffx \xff\n"), b"\xffx \xff\n");
        assert_eq!(whole(b"\xff\xebx\xff\x80y"), b"\xff\xebx\xff\x80y");
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
            input in prop::collection::vec(prop_oneof![Just(IAC), Just(SB), Just(SE), Just(b'\n'), 0xeb..=0xffu8, any::<u8>()], 0..300),
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
            prop_assert_eq!(taken_apart(chunks), taken_apart([input.as_slice()]));
        }
    }
}
