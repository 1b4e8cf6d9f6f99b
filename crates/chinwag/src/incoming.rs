//! From a person's socket to what he asks for: one read at a time, as fast as he may speak.

use crate::codec::{Decoded, Decoder};
use crate::command::{self, Input, Kind};
use crate::editor::{self, NOT_UTF8, TOO_LONG};
use crate::event::{Departure, Inputs};
use crate::foreign::Foreign;
use crate::limits::READ;
use crate::speech::{Allowance, Speech};
use crate::telnet::Command;
use crate::terminal::{Reading, Terminal};
use std::io::{self, ErrorKind};
use std::time::Instant;
use whippet::net::TcpStream;

/// What is coming from one person.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// What was read and is no whole line, or more than he may say now.
    decoder: Decoder,
    /// How much he may say.
    speech: Speech,
}

/// What came of one turn at the socket.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// What he asks for, in order.
    pub(crate) inputs: Inputs,
    /// How he ended, if he did: nothing of him follows.
    pub(crate) end: Option<End>,
}

/// How a person's side ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// As others can be told.
    Left(Departure),
    /// By speaking another protocol.
    Foreign(Foreign),
    /// By a line without an end.
    Overlong,
}

impl End {
    /// What the others are told, and what he is told.
    pub(crate) fn announced(self) -> (Departure, &'static str) {
        match self {
            Self::Left(departure) => (departure, ""),
            Self::Foreign(foreign) => (Departure::Refused(foreign.reason()), foreign.answer()),
            Self::Overlong => (Departure::Refused(OVERLONG), OVERLONG_WORDS),
        }
    }
}

/// What the others are told of somebody whose line had no end.
const OVERLONG: &str = "a line without an end";
/// What he is told.
const OVERLONG_WORDS: &str = "! disconnected: a line without an end\r\n";

impl Incoming {
    /// Nothing has come yet.
    pub(crate) fn new(now: Instant) -> Self {
        Self { decoder: Decoder::default(), speech: Speech::new(now) }
    }

    /// Whether there is something to hand over without reading.
    pub(crate) fn has_waiting(&self) -> bool {
        self.decoder.has_waiting()
    }

    /// Until when he must be silent; `None` if he may speak.
    pub(crate) fn silent_until(
        &self,
        allowance: Option<Allowance>,
        now: Instant,
    ) -> Option<Instant> {
        allowance.map(|allowance| self.speech.next(allowance)).filter(|&next| next > now)
    }

    /// Since when a line without an end has been past its limit.
    pub(crate) fn overlong_since(&self) -> Option<Instant> {
        self.decoder.dropping_since()
    }

    /// Reads once before anything is said, to learn whether the other side speaks our protocol. What was read waits
    /// for [`hear`](Self::hear).
    pub(crate) fn look(&mut self, stream: &TcpStream) -> Option<Foreign> {
        let mut buffer = [0; READ];
        // An end or an error comes again with the next read.
        let read = read(stream, &mut buffer).unwrap_or(0);
        self.decoder.keep(&buffer[..read]);
        Foreign::detect(self.decoder.waiting())
    }

    /// What he says next: from what waits here, or else from one read. At most one event's worth, and no more than
    /// he may say; the rest waits. What concerns his terminal goes there, and makes it, if he had none. `None` if the
    /// socket had nothing.
    pub(crate) fn hear(
        &mut self,
        stream: &TcpStream,
        terminal: &mut Option<Box<Terminal>>,
        allowance: Option<Allowance>,
        now: Instant,
    ) -> Option<Heard> {
        if self.decoder.has_waiting() {
            return Some(self.understand(&[], terminal, allowance, now));
        }
        let mut buffer = [0; READ];
        match read(stream, &mut buffer) {
            Ok(0) => Some(self.last_words(terminal)),
            Ok(read) => Some(self.understand(&buffer[..read], terminal, allowance, now)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(_) => Some(Heard { end: Some(End::Left(Departure::Lost)), ..Heard::default() }),
        }
    }

    /// Understands lines up to what he may say and one event holds.
    fn understand(
        &mut self,
        fresh: &[u8],
        terminal: &mut Option<Box<Terminal>>,
        allowance: Option<Allowance>,
        now: Instant,
    ) -> Heard {
        let Self { decoder, speech } = self;
        let mut heard = Heard::default();
        let mut lines = decoder.lines(fresh, now);
        while heard.end.is_none() && heard.inputs.fits(lines.longest_next()) {
            if allowance.is_some_and(|allowance| speech.next(allowance) > now) {
                break;
            }
            let Some(decoded) = lines.next() else { break };
            let Taken { costs, reading } = heard.take(decoded, terminal);
            match (reading, &mut *terminal) {
                (Reading::Keys, Some(terminal)) => terminal.begin(&lines.start_keys()),
                (Reading::Lines(begun), _) => lines.end_keys(&begun),
                _ => {}
            }
            if costs {
                allowance.map(|allowance| speech.try_spend(allowance, now));
            }
            // What follows a Tab waits for what it brings.
            if terminal.as_ref().is_some_and(|terminal| terminal.has_question()) {
                break;
            }
        }
        heard
    }

    /// What is left when the stream has ended: a line that has no end.
    fn last_words(&mut self, terminal: &mut Option<Box<Terminal>>) -> Heard {
        let mut heard = Heard::default();
        if let Some(decoded) = self.decoder.finish() {
            heard.take(decoded, terminal);
        }
        heard.end.get_or_insert(End::Left(Departure::Eof));
        heard
    }
}

/// One read. Whoever follows this at the level `trace` knows exactly what was read of whom, which is what a graceful
/// stop must deliver.
fn read(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    let read = stream.try_read(buffer)?;
    tracing::trace!(from = stream.peer_addr().map_or(0, |peer| peer.port()), bytes = read, "read");
    Ok(read)
}

/// What comes of taking one thing that was decoded.
struct Taken {
    /// Whether it counts as speech.
    costs: bool,
    /// How it is to be read on.
    reading: Reading,
}

impl Taken {
    /// Something said.
    const SPEECH: Self = Self { costs: true, reading: Reading::Same };
    /// Nothing said.
    const NOTHING: Self = Self { costs: false, reading: Reading::Same };
}

impl Heard {
    /// Adds what was decoded.
    fn take(&mut self, decoded: Decoded<'_>, terminal: &mut Option<Box<Terminal>>) -> Taken {
        match decoded {
            Decoded::Line(line) => return self.take_line(&line, terminal),
            Decoded::TooLong => self.refuse(TOO_LONG),
            Decoded::NotUtf8 => self.refuse(NOT_UTF8),
            Decoded::Foreign(foreign) => self.end = Some(End::Foreign(foreign)),
            Decoded::Quit => self.end = Some(End::Left(Departure::Quit(None))),
            Decoded::Telnet(command) => {
                let reading = terminal.get_or_insert_default().hear(command);
                return Taken { costs: command == Command::AreYouThere, reading };
            }
            Decoded::Keys(keys) => return self.take_keys(keys, terminal),
        }
        Taken::SPEECH
    }

    /// Adds what a line asks for.
    fn take_line(&mut self, line: &str, terminal: &mut Option<Box<Terminal>>) -> Taken {
        let mut taken = Taken::SPEECH;
        match command::parse(line) {
            Some(Input { kind: Kind::Quit, text }) => {
                let reason = (!text.is_empty()).then(|| text.to_owned());
                self.end = Some(End::Left(Departure::Quit(reason)));
            }
            Some(Input { kind: Kind::Edit(on), .. }) => {
                taken.reading = terminal.get_or_insert_default().edit(on);
            }
            Some(Input { kind: Kind::Color(on), .. }) => {
                terminal.get_or_insert_default().color(on);
            }
            Some(input) => self.inputs.push(input),
            None => {}
        }
        taken
    }

    /// Adds what keys ask for.
    fn take_keys(&mut self, keys: &[u8], terminal: &mut Option<Box<Terminal>>) -> Taken {
        let Some(terminal_there) = terminal else { return Taken::NOTHING };
        match terminal_there.press(keys) {
            Some(editor::Event::Line(line)) => return self.take_line(&line, terminal),
            Some(editor::Event::Quit) => self.end = Some(End::Left(Departure::Quit(None))),
            Some(editor::Event::Complete(_)) => return Taken::SPEECH,
            None => {}
        }
        Taken::NOTHING
    }

    /// Adds that something cannot be done.
    fn refuse(&mut self, reason: &'static str) {
        self.inputs.push(Input { kind: Kind::Refused(reason), text: "" });
    }
}
