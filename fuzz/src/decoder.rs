//! Lines: any bytes in any chunks, taken as few at a time as one likes, give the lines that a look at the whole finds.

use super::script::{self, Chunk};
use super::telnet::{self, Symbol};
use chinwag::codec::{Decoded, Decoder};
use chinwag::foreign::Foreign;
use chinwag::limits::LINE;
use chinwag::telnet::Command;
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
        other => write!(log, "{other:?}").expect("a string takes it"),
    }
    log.push('\n');
}

/// How much of the first line has been seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// It may begin with a byte order mark.
    #[default]
    Mark,
    /// It may be another protocol's.
    First,
    /// It is over.
    Over,
    /// Nothing more is looked at.
    Ended,
}

/// A line as it is put together, a byte at a time.
#[derive(Default)]
struct Reference {
    /// What came of the stream.
    log: String,
    /// The text of the line.
    text: Vec<u8>,
    /// Whether what follows in it is junk.
    is_junk: bool,
    /// How far the first line has come.
    phase: Phase,
    /// Whether the last byte of text was a CR.
    after_cr: bool,
    /// Whether it was told that something is not UTF-8.
    told: bool,
}

/// What must come of a whole stream.
fn reference(stream: &[u8]) -> String {
    let mut reference = Reference::default();
    for symbol in telnet::reference(stream) {
        match symbol {
            _ if reference.phase == Phase::Ended => break,
            Symbol::Text(byte) => reference.take(byte),
            Symbol::Abandoned => reference.is_junk = true,
            Symbol::Command(Command::Quit) => reference.end_with(&Decoded::Quit),
            Symbol::Command(Command::EraseCharacter) => reference.erase(8),
            Symbol::Command(Command::EraseLine) => reference.erase(0x15),
            Symbol::Command(command) => note(&mut reference.log, &Decoded::Telnet(command)),
        }
    }
    if reference.phase != Phase::Ended && !reference.text.is_empty() {
        reference.told = true;
        reference.end_line();
    }
    reference.log
}

impl Reference {
    /// Takes a byte of text.
    fn take(&mut self, byte: u8) {
        let is_second_half = self.after_cr && matches!(byte, b'\n' | 0);
        self.after_cr = byte == b'\r';
        match byte {
            _ if is_second_half => {}
            b'\n' | b'\r' => self.end_line(),
            _ if self.is_junk => {}
            3 | 4 if self.text.is_empty() => self.end_with(&Decoded::Quit),
            0 | 8 | 0x15 | 0x17 | 0x7f => self.erase(byte),
            byte => self.push(byte),
        }
    }

    /// Takes a key that erases, or nothing.
    fn erase(&mut self, key: u8) {
        if self.is_junk {
            return;
        }
        if self.phase == Phase::Mark {
            self.phase = Phase::First;
        }
        match key {
            8 | 0x7f => {
                let mut inside = 0;
                while let Some(0x80..=0xbf) = self.text.last()
                    && inside < 3
                {
                    self.text.pop();
                    inside += 1;
                }
                self.text.pop();
            }
            0x15 => self.text.clear(),
            0x17 => {
                let is_blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
                while is_blank(self.text.last()) {
                    self.text.pop();
                }
                while !self.text.is_empty() && !is_blank(self.text.last()) {
                    self.text.pop();
                }
            }
            _ => {}
        }
    }

    /// Takes a byte that stays.
    fn push(&mut self, byte: u8) {
        self.text.push(byte);
        if self.phase == Phase::Mark && self.text.len() == BOM.len() {
            self.phase = Phase::First;
            if self.text == BOM {
                self.text.clear();
            }
        }
        let is_long = self.text.len() > LINE;
        if self.phase == Phase::First
            && let Some(foreign) = foreign(&self.text, false)
        {
            return self.end_with(&Decoded::Foreign(foreign));
        }
        if is_long {
            note(&mut self.log, &Decoded::TooLong);
            self.text.clear();
            self.is_junk = true;
        }
    }

    /// Ends the line.
    fn end_line(&mut self) {
        let text = std::mem::take(&mut self.text);
        let was_junk = std::mem::take(&mut self.is_junk);
        if self.phase != Phase::Over
            && let Some(foreign) = foreign(&text, true)
        {
            return self.end_with(&Decoded::Foreign(foreign));
        }
        self.phase = Phase::Over;
        if was_junk && text.is_empty() {
            return;
        }
        note(&mut self.log, &Decoded::Line(String::from_utf8_lossy(&text)));
        if std::str::from_utf8(&text).is_err() && !std::mem::replace(&mut self.told, true) {
            note(&mut self.log, &Decoded::NotUtf8);
        }
    }

    /// Ends it all.
    fn end_with(&mut self, decoded: &Decoded<'_>) {
        note(&mut self.log, decoded);
        self.phase = Phase::Ended;
    }
}

/// The protocol that a first line belongs to, if it is not ours; whether it is whole or has but begun.
fn foreign(line: &[u8], is_whole: bool) -> Option<Foreign> {
    if line.starts_with(b"\x16\x03") {
        return Some(Foreign::Tls);
    }
    if line.starts_with(b"SSH-") {
        return Some(Foreign::Ssh);
    }
    let too_long = line.len() > LINE;
    if !is_whole && !too_long {
        return None;
    }
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
