//! Telnet's commands: what is left of a stream does not depend on how it was split, and is what a look at the whole of
//! it finds.

use super::script::{self, Chunk};
use chinwag::limits::SUBNEGOTIATION;
use chinwag::telnet::{Filter, IAC, Piece};

/// Ends a subnegotiation; the lowest command.
const SE: u8 = 240;
/// Starts a subnegotiation.
const SB: u8 = 250;
/// The first of the four commands that an option follows.
const WILL: u8 = 251;
/// The last of them.
const DONT: u8 = 254;

/// What is left of a stream: a byte of text, or, as `None`, a subnegotiation that was given up.
pub type Symbol = Option<u8>;

/// The fuzz target.
pub fn check(input: &[u8]) {
    let chunks = script::chunks(input);
    let stream = script::whole(&chunks);
    let expected = reference(&stream);
    assert_eq!(filtered([stream.as_slice()]), expected, "all at once");
    assert_eq!(filtered(chunks.iter().map(of_chunk)), expected, "split at the marks");
    assert_eq!(filtered(stream.chunks(1)), expected, "byte by byte");
    let text: Vec<Symbol> = stream.iter().copied().map(Some).collect();
    assert_eq!(filtered([escaped(&stream).as_slice()]), text, "text with each IAC doubled stays");
}

/// The bytes of a chunk.
fn of_chunk(chunk: &Chunk) -> &[u8] {
    &chunk.bytes
}

/// What the product leaves of these chunks.
fn filtered<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Symbol> {
    let mut filter = Filter::default();
    let mut symbols = Vec::new();
    for mut chunk in chunks {
        while let Some(piece) = filter.next(&mut chunk) {
            match piece {
                Piece::Data(data) => {
                    assert!(!data.is_empty() && !data.contains(&IAC), "data is text: {data:?}");
                    symbols.extend(data.iter().copied().map(Some));
                }
                Piece::Escaped => symbols.push(Some(IAC)),
                Piece::Abandoned => symbols.push(None),
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

/// What is left of a whole stream by the grammar of RFC 854.
pub fn reference(stream: &[u8]) -> Vec<Symbol> {
    let mut symbols = Vec::with_capacity(stream.len());
    let mut at = 0;
    while at < stream.len() {
        at += match stream[at..] {
            [IAC, IAC, ..] => {
                symbols.push(Some(IAC));
                2
            }
            [IAC, SB, ref body @ ..] => {
                let (length, ended) = subnegotiation(body);
                if !ended {
                    symbols.push(None);
                }
                2 + length
            }
            [IAC, WILL..=DONT, ..] => 3,
            [IAC, SE..=SB, ..] => 2,
            // Too little has come to know the command.
            [IAC] => 1,
            // No command of telnet's: an IAC that was meant as text, as everything else is.
            [byte, ..] => {
                symbols.push(Some(byte));
                1
            }
            [] => 1,
        };
    }
    symbols
}

/// How many bytes belong to a subnegotiation with this body, and whether it ended, or may still do so, within the limit.
fn subnegotiation(body: &[u8]) -> (usize, bool) {
    let mut at = 0;
    let mut seen = 0;
    while at < body.len() {
        let width = match body[at..] {
            [IAC, SE, ..] => return (at + 2, true),
            [IAC] => return (at + 1, true),
            [IAC, _, ..] => 2,
            _ => 1,
        };
        if seen == SUBNEGOTIATION {
            // What stands behind an IAC here goes with it; a byte of another kind is junk of the line.
            return (if width == 2 { at + 2 } else { at }, false);
        }
        seen += 1;
        at += width;
    }
    (at, true)
}
