//! Lines: any bytes in any chunks, taken as few at a time as one likes, give the lines that a look at the whole finds.

use super::script::{self, Chunk};
use super::telnet::{self, Symbol};
use crate::limits::MAX_LINE_BYTES;
use crate::protocol::command::{self, Command, CommandKind};
use crate::protocol::decoder::{Decoded, Decoder};
use crate::protocol::sanitize;
use crate::protocol::sniff::OtherProtocol;
use crate::protocol::telnet::TelnetCommand;
use std::fmt::Write;
use std::net::IpAddr;
use std::sync::LazyLock;
use std::time::Instant;

/// What a byte order mark looks like in UTF-8.
const BOM: &[u8] = "\u{feff}".as_bytes();

/// One moment for all: the decoder only passes it on.
#[expect(clippy::disallowed_methods, reason = "an instant can be made in no other way")]
static NOW: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The fuzz target.
pub(super) fn check(input: &[u8]) {
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
        let held = decoder.buffered().len();
        take_lines(&mut decoder, chunk, take, &mut log);
        assert!(decoder.buffered().len() <= held + chunk.len(), "nothing waits that did not come");
    }
    take_lines(&mut decoder, &[], usize::MAX, &mut log);
    assert!(!decoder.has_buffered(), "all that came was taken");
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
        let longest = lines.max_next_bytes();
        let Some(decoded) = lines.next() else { break };
        if let Decoded::Line(line) = &decoded {
            assert!(
                line.len() <= longest && longest <= 3 * MAX_LINE_BYTES,
                "{} > {longest}",
                line.len()
            );
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

/// What a proxy begins with.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// How much of the start of the stream has been seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// It may begin with a byte order mark.
    #[default]
    Mark,
    /// It may be another protocol's: only blank lines have come.
    First,
    /// Commands have come, and nothing was said.
    BeforeChat,
    /// Something was said.
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
    /// All text so far, ends of lines included.
    all: Vec<u8>,
    /// The first line, if it is too long for one of ours, whole so far.
    long: Option<Vec<u8>>,
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
            Symbol::Command(TelnetCommand::Quit) => reference.end_with(&Decoded::Quit),
            Symbol::Command(TelnetCommand::EraseCharacter) => reference.erase(8),
            Symbol::Command(TelnetCommand::EraseLine) => reference.erase(0x15),
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
        self.all.push(byte);
        let is_first = matches!(self.phase, Phase::Mark | Phase::First);
        if is_first && self.all.ends_with(SIGNATURE) {
            return self.end_with(&Decoded::OtherProtocol(OtherProtocol::Proxy));
        }
        match byte {
            _ if is_second_half => {}
            b'\n' | b'\r' => self.end_line(),
            _ if self.is_junk => self.follow(byte),
            3 | 4 if self.text.is_empty() => self.end_with(&Decoded::Quit),
            0 | 8 | 0x15 | 0x17 | 0x7f => self.erase(byte),
            byte => self.push(byte),
        }
    }

    /// Takes a key that erases, or nothing.
    fn erase(&mut self, key: u8) {
        if self.is_junk {
            return self.follow(key);
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

    /// Takes a byte of a line that is dropped.
    fn follow(&mut self, byte: u8) {
        self.long.iter_mut().for_each(|line| line.push(byte));
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
        if self.phase == Phase::First
            && let Some(other) = of_start(&self.text)
        {
            return self.end_with(&Decoded::OtherProtocol(other));
        }
        if self.text.len() <= MAX_LINE_BYTES {
            return;
        }
        let text = std::mem::take(&mut self.text);
        self.is_junk = true;
        if self.phase == Phase::First {
            self.long = Some(text);
        }
        note(&mut self.log, &Decoded::TooLong);
    }

    /// Ends the line.
    fn end_line(&mut self) {
        let text = std::mem::take(&mut self.text);
        let was_junk = std::mem::take(&mut self.is_junk);
        let long = self.long.take();
        let other = match (self.phase, &long) {
            (_, Some(line)) => request(line),
            (Phase::Mark | Phase::First, None) => of_first(&text),
            (Phase::BeforeChat, None) => is_irc(&text).then_some(OtherProtocol::Irc),
            (Phase::Over | Phase::Ended, None) => None,
        };
        if let Some(other) = other {
            return self.end_with(&Decoded::OtherProtocol(other));
        }
        if self.phase != Phase::Over {
            let is_dropped = was_junk && text.is_empty();
            self.phase = if is_dropped { Phase::Over } else { after_line(self.phase, &text) };
        }
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

/// Where the start of a stream is behind a line that is ours.
fn after_line(before: Phase, line: &[u8]) -> Phase {
    let Ok(line) = std::str::from_utf8(line) else { return Phase::Over };
    if sanitize::is_blank(line) {
        return before.max(Phase::First);
    }
    let says = |input: Command<'_>| {
        matches!(
            input.kind,
            CommandKind::Say | CommandKind::Action | CommandKind::Message | CommandKind::Reply
        )
    };
    if command::parse(line).is_none_or(says) { Phase::Over } else { Phase::BeforeChat }
}

/// The protocol that the start of a first line belongs to, if it is not ours.
fn of_start(line: &[u8]) -> Option<OtherProtocol> {
    if line.starts_with(b"\x16\x03") {
        return Some(OtherProtocol::Tls);
    }
    line.starts_with(b"SSH-").then_some(OtherProtocol::Ssh)
}

/// The protocol that a whole first line belongs to, if it is not ours.
fn of_first(line: &[u8]) -> Option<OtherProtocol> {
    let proxy = || is_proxy(line).then_some(OtherProtocol::Proxy);
    let irc = || is_irc(line).then_some(OtherProtocol::Irc);
    of_start(line).or_else(|| request(line)).or_else(proxy).or_else(irc)
}

/// Whether a line that begins so may become a request.
fn may_be_request(line: &[u8]) -> bool {
    let words: Vec<&[u8]> = line.splitn(3, |&byte| byte == b' ').collect();
    let is_of_token = |byte: &u8| {
        let others = b"!#$%&'*+-.^_`|~";
        byte.is_ascii_alphanumeric() || others.contains(byte)
    };
    let is_blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    words[0].iter().all(is_of_token)
        && (words.len() == 1 || !words[0].is_empty())
        && words.get(1).is_none_or(|target| !target.iter().any(is_blank))
        && (words.len() < 3 || !words[1].is_empty())
        && words.get(2).is_none_or(|version| version.len() <= 8)
}

/// The protocol of a request.
fn request(line: &[u8]) -> Option<OtherProtocol> {
    let version = line.splitn(3, |&byte| byte == b' ').nth(2).filter(|_| may_be_request(line))?;
    match version {
        [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => Some(OtherProtocol::Http),
        [b'R', b'T', b'S', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => Some(OtherProtocol::Rtsp),
        [b'S', b'I', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => Some(OtherProtocol::Sip),
        _ => None,
    }
}

/// Whether a line is what a proxy of version 1 tells.
fn is_proxy(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line);
    let words: Vec<&str> = line.split(' ').collect();
    let is_port = |word: &str| word.parse::<u16>().is_ok();
    match words[..] {
        ["PROXY", "UNKNOWN", ..] => !line.contains('\u{fffd}'),
        ["PROXY", kind @ ("TCP4" | "TCP6"), from, to, at, behind] => {
            let is_of_kind = |word: &str| {
                word.parse::<IpAddr>().is_ok_and(|address| address.is_ipv4() == (kind == "TCP4"))
            };
            is_of_kind(from) && is_of_kind(to) && is_port(at) && is_port(behind)
        }
        _ => false,
    }
}

/// Whether a line is the first of an IRC client.
fn is_irc(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line);
    let words: Vec<&str> = line.split(' ').collect();
    match words[..] {
        ["CAP", "LS" | "END"] => true,
        ["CAP", "LS", version] => {
            !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit())
        }
        ["CAP", "REQ", one] => !one.is_empty(),
        ["CAP", "REQ", first, ..] => first.starts_with(':'),
        ["PASS" | "NICK", one] => !one.is_empty(),
        ["USER", user, mode, unused, real, ..] => {
            !user.is_empty() && !mode.is_empty() && !unused.is_empty() && real.starts_with(':')
        }
        _ => false,
    }
}
