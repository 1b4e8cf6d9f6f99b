//! Telnet's commands: what is left of a stream does not depend on how it was split, and is what a look at the whole of
//! it finds.

use super::script::{self, Chunk};
use crate::limits::MAX_SUBNEGOTIATION_BYTES;
use crate::protocol::telnet::{IAC, NAWS, Parser, TTYPE, TelnetCommand, Token};

/// The lowest command.
const EOF: u8 = 236;
/// Ends a subnegotiation.
const SE: u8 = 240;
/// Starts a subnegotiation.
const SB: u8 = 250;
/// The first of the four commands that an option follows.
const WILL: u8 = 251;
/// The last of them.
const DONT: u8 = 254;

/// What a stream holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Symbol {
    /// A byte of text.
    Text(u8),
    /// A subnegotiation that was given up.
    Abandoned,
    /// A command that asks something of the server.
    Command(TelnetCommand),
}

/// The fuzz target.
pub(super) fn check(input: &[u8]) {
    let chunks = script::chunks(input);
    let stream = script::whole(&chunks);
    let expected = reference(&stream);
    assert_eq!(filtered([stream.as_slice()]), expected, "all at once");
    assert_eq!(filtered(chunks.iter().map(of_chunk)), expected, "split at the marks");
    assert_eq!(filtered(stream.chunks(1)), expected, "byte by byte");
    let text: Vec<Symbol> = stream.iter().copied().map(Symbol::Text).collect();
    assert_eq!(filtered([escaped(&stream).as_slice()]), text, "text with each IAC doubled stays");
}

/// The bytes of a chunk.
fn of_chunk(chunk: &Chunk) -> &[u8] {
    &chunk.bytes
}

/// What the product leaves of these chunks.
fn filtered<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Symbol> {
    let mut filter = Parser::default();
    let mut symbols = Vec::new();
    for mut chunk in chunks {
        while let Some(piece) = filter.next(&mut chunk) {
            match piece {
                Token::Data(data) => {
                    assert!(!data.is_empty() && !data.contains(&IAC), "data is text: {data:?}");
                    symbols.extend(data.iter().copied().map(Symbol::Text));
                }
                Token::Escaped => symbols.push(Symbol::Text(IAC)),
                Token::Abandoned => symbols.push(Symbol::Abandoned),
                Token::Command(command) => symbols.push(Symbol::Command(command)),
            }
        }
        assert!(chunk.is_empty(), "all of a chunk is taken");
    }
    symbols
}

/// A text as telnet sends it.
fn escaped(text: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(text.len() + 8);
    for &byte in text {
        escaped.push(byte);
        if byte == IAC {
            escaped.push(IAC);
        }
    }
    escaped
}

/// What a whole stream holds by the grammar of RFC 854.
pub(super) fn reference(stream: &[u8]) -> Vec<Symbol> {
    let mut symbols = Vec::with_capacity(stream.len());
    let mut at = 0;
    while at < stream.len() {
        at += match stream[at..] {
            [IAC, IAC, ..] => {
                symbols.push(Symbol::Text(IAC));
                2
            }
            [IAC, SB, ref body @ ..] => {
                let (length, symbol) = subnegotiation(body);
                symbols.extend(symbol);
                2 + length
            }
            [IAC, verb @ WILL..=DONT, ref option @ ..] => {
                let of_verb = [
                    TelnetCommand::Will,
                    TelnetCommand::Wont,
                    TelnetCommand::Do,
                    TelnetCommand::Dont,
                ];
                let command = |&option| Symbol::Command(of_verb[usize::from(verb - WILL)](option));
                symbols.extend(option.first().map(command));
                3
            }
            [IAC, command @ EOF..SB, ..] => {
                symbols.extend(of_two_bytes(command).map(Symbol::Command));
                2
            }
            // Too little has come to know the command.
            [IAC] => 1,
            // No command of telnet's: an IAC that was meant as text, as everything else is.
            [byte, ..] => {
                symbols.push(Symbol::Text(byte));
                1
            }
            [] => 1,
        };
    }
    symbols
}

/// The commands that ask for something.
fn of_two_bytes(command: u8) -> Option<TelnetCommand> {
    match command {
        244 => Some(TelnetCommand::Quit),
        246 => Some(TelnetCommand::AreYouThere),
        247 => Some(TelnetCommand::EraseCharacter),
        248 => Some(TelnetCommand::EraseLine),
        _ => None,
    }
}

/// How many bytes belong to a subnegotiation with this body, and what it is, if it ended, or was given up.
fn subnegotiation(body: &[u8]) -> (usize, Option<Symbol>) {
    let mut at = 0;
    let mut content = Vec::new();
    while at < body.len() {
        let (width, byte) = match body[at..] {
            [IAC, SE, ..] => return (at + 2, of_content(&content).map(Symbol::Command)),
            // Another command ends it, too.
            [IAC, EOF..IAC, ..] => return (at, of_content(&content).map(Symbol::Command)),
            [IAC] => return (at + 1, None),
            [IAC, IAC, ..] => (2, IAC),
            [byte, ..] => (1, byte),
            [] => return (at, None),
        };
        if content.len() == MAX_SUBNEGOTIATION_BYTES {
            // An IAC goes with it, doubled or not; a byte of another kind is junk of the line.
            return (if byte == IAC { at + width } else { at }, Some(Symbol::Abandoned));
        }
        content.push(byte);
        at += width;
    }
    (at, None)
}

/// What a subnegotiation tells.
fn of_content(content: &[u8]) -> Option<TelnetCommand> {
    match *content {
        [NAWS, a, b, c, d] => {
            Some(TelnetCommand::WindowSize(u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])))
        }
        [TTYPE, 0, ref name @ ..] => {
            let name = name.to_ascii_lowercase();
            Some(TelnetCommand::TerminalType {
                is_dumb: [&b""[..], b"dumb", b"unknown"].contains(&&name[..]),
            })
        }
        _ => None,
    }
}
