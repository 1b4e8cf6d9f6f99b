//! Lines: any bytes in any chunks, taken as few at a time as one likes, give the lines that a look at the whole finds.

use super::script::{self, Chunk};
use super::telnet::{self, Symbol};
use chinwag::codec::{Decoded, Decoder};
use chinwag::foreign::Foreign;
use chinwag::limits::LINE;
use std::fmt::Write;
use std::sync::LazyLock;
use std::time::Instant;

/// What a byte order mark looks like in UTF-8.
const BOM: &[u8] = "\u{feff}".as_bytes();

/// One moment for all: the decoder only passes it on.
#[expect(clippy::disallowed_methods, reason = "an instant can be made in no other way")]
static NOW: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The fuzz target.
pub fn check(input: &[u8]) {
    let chunks = script::chunks(input);
    let stream = script::whole(&chunks);
    let expected = reference(&stream);
    let at_once = Chunk { bytes: stream, take: usize::MAX };
    assert_eq!(decoded([(at_once.bytes.as_slice(), at_once.take)]), expected, "all at once");
    let marked = chunks.iter().map(|chunk| (chunk.bytes.as_slice(), chunk.take));
    assert_eq!(decoded(marked), expected, "split at the marks");
    let bytes = at_once.bytes.chunks(1).map(|byte| (byte, usize::MAX));
    assert_eq!(decoded(bytes), expected, "byte by byte");
}

/// What the product makes of these chunks, each with how many lines are taken of it: one line of text for each thing.
fn decoded<'a>(chunks: impl IntoIterator<Item = (&'a [u8], usize)>) -> String {
    let mut decoder = Decoder::default();
    let mut log = String::new();
    for (chunk, take) in chunks {
        let held = decoder.waiting().len();
        take_lines(&mut decoder, chunk, take, &mut log);
        assert!(decoder.waiting().len() <= held + chunk.len(), "nothing waits that did not come");
    }
    take_lines(&mut decoder, &[], usize::MAX, &mut log);
    assert!(!decoder.has_waiting(), "all that came was taken");
    if let Some(last) = decoder.finish() {
        note(&mut log, &last);
    }
    assert_eq!(decoder.finish(), None, "a stream ends once");
    log
}

/// Takes lines of a chunk and of what was left before, at most so many.
fn take_lines(decoder: &mut Decoder, chunk: &[u8], most: usize, log: &mut String) {
    let mut lines = decoder.lines(chunk, *NOW);
    for _ in 0..most {
        let longest = lines.longest_next();
        let Some(decoded) = lines.next() else { break };
        if let Decoded::Line(line) = &decoded {
            assert!(line.len() <= longest && longest <= 3 * LINE, "{} > {longest}", line.len());
            assert!(!line.contains(['\n', '\r']), "a line holds no line end: {line:?}");
        }
        note(log, &decoded);
    }
}

/// Adds a line of text that says what came.
fn note(log: &mut String, decoded: &Decoded<'_>) {
    match decoded {
        Decoded::Line(line) => {
            log.push_str("line ");
            log.push_str(line);
        }
        Decoded::TooLong => log.push_str("too long"),
        Decoded::NotUtf8 => log.push_str("not UTF-8"),
        Decoded::Foreign(foreign) => write!(log, "{foreign:?}").expect("a string takes it"),
    }
    log.push('\n');
}

/// A line as it stands in a stream, without what ends it.
#[derive(Default)]
struct Raw {
    /// Its text, up to where it is to be dropped.
    text: Vec<u8>,
    /// Whether a subnegotiation was given up in it: what stood behind is no text.
    cut: bool,
    /// Whether it has an end.
    ended: bool,
}

/// What must come of a whole stream.
fn reference(stream: &[u8]) -> String {
    let mut log = String::new();
    let mut told = false;
    for (at, mut line) in raw_lines(&telnet::reference(stream)).into_iter().enumerate() {
        if at == 0 && line.text.starts_with(BOM) {
            line.text.drain(..BOM.len());
        }
        if at == 0
            && let Some(foreign) = foreign(&line.text)
        {
            note(&mut log, &Decoded::Foreign(foreign));
            break;
        }
        if line.text.len() > LINE {
            note(&mut log, &Decoded::TooLong);
            continue;
        }
        // Nothing is left of a line, or none has begun.
        if line.text.is_empty() && (line.cut || !line.ended) {
            continue;
        }
        let text = String::from_utf8_lossy(&line.text);
        let is_utf8 = std::str::from_utf8(&line.text).is_ok();
        note(&mut log, &Decoded::Line(text));
        if !is_utf8 && !told && line.ended {
            told = true;
            note(&mut log, &Decoded::NotUtf8);
        }
    }
    log
}

/// The lines of a stream; the last has no end.
fn raw_lines(symbols: &[Symbol]) -> Vec<Raw> {
    let mut lines = Vec::new();
    let mut line = Raw::default();
    let mut after_cr = false;
    for &symbol in symbols {
        let Some(byte) = symbol else {
            line.cut = true;
            continue;
        };
        let is_second_half = after_cr && matches!(byte, b'\n' | 0);
        after_cr = byte == b'\r';
        match byte {
            _ if is_second_half => {}
            b'\n' | b'\r' => {
                line.ended = true;
                lines.push(std::mem::take(&mut line));
            }
            _ if line.cut => {}
            byte => line.text.push(byte),
        }
    }
    lines.push(line);
    lines
}

/// The protocol that a first line belongs to, if it is not ours.
fn foreign(line: &[u8]) -> Option<Foreign> {
    if line.starts_with(b"\x16\x03") {
        return Some(Foreign::Tls);
    }
    if line.starts_with(b"SSH-") {
        return Some(Foreign::Ssh);
    }
    let too_long = line.len() > LINE;
    let mut words: Vec<&[u8]> = line[..line.len().min(LINE)].split(|&byte| byte == b' ').collect();
    if !too_long {
        let version = words.pop()?;
        let [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] = version else {
            return None;
        };
    }
    let [method, target] = words[..] else { return None };
    let is_request = !method.is_empty()
        && method.iter().all(u8::is_ascii_uppercase)
        && !target.is_empty()
        && !target.iter().any(u8::is_ascii_whitespace);
    is_request.then_some(Foreign::Http)
}
