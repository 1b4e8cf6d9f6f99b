//! From a person's socket to what he asks for: one read at a time, as fast as he may speak.

use crate::budgets::{AddressBudget, ConnectionBudget};
use crate::codec::{Decoded, Decoder};
use crate::command::{self, Input, Kind};
use crate::editor::{self, NOT_UTF8, TOO_LONG};
use crate::event::{Departure, Inputs};
use crate::foreign::Foreign;
use crate::limits::READ;
use crate::secret::{Lock, Tried};
use crate::speech::LineRate;
use crate::telnet::Command;
use crate::terminal::{Reading, Terminal};
use std::cell::Cell;
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::time::Instant;
use whippet::net::TcpStream;

thread_local! {
    /// What is read into, by whichever client is being polled on this thread: zeroed once, and none of it is kept by anybody.
    static BUFFER: Cell<Option<Box<[u8; READ]>>> = const { Cell::new(None) };
}

/// What is coming from one person.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// What was read and is no whole line, or more than he may say now.
    decoder: Decoder,
    /// How much may be said.
    budget: ConnectionBudget,
}

/// What limits what comes from one person.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits<'a> {
    /// How fast lines may come; `None` for any speed.
    pub(crate) rate: Option<LineRate>,
    /// What the address may do.
    pub(crate) budget: &'a AddressBudget,
    /// What `/oper` is tried on.
    pub(crate) lock: &'a Lock,
}

/// What came of one turn at the socket.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// What he asks for, in order.
    pub(crate) inputs: Inputs,
    /// How he ended, if he did: nothing of him follows.
    pub(crate) end: Option<End>,
    /// What he takes for the secret of operators: the last thing that he said.
    secret: Option<String>,
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
    pub(crate) fn new(rate: Option<LineRate>, address: &AddressBudget, now: Instant) -> Self {
        Self { decoder: Decoder::default(), budget: ConnectionBudget::new(rate, address, now) }
    }

    /// Nothing more will be read: keeps nothing of what came.
    pub(crate) fn forget(&mut self) {
        self.decoder = Decoder::default();
    }

    /// Whether there is something to hand over without reading.
    pub(crate) fn has_waiting(&self) -> bool {
        self.decoder.has_waiting()
    }

    /// Until when he must be silent; `None` if he may speak.
    pub(crate) fn silent_until(&self, rate: Option<LineRate>, now: Instant) -> Option<Instant> {
        rate.map(|rate| self.budget.next(rate)).filter(|&next| next > now)
    }

    /// Goes by what is set now about how fast he may speak.
    pub(crate) fn heed(&mut self, rate: Option<LineRate>, address: &AddressBudget, now: Instant) {
        if let Some(rate) = rate {
            self.budget.cap(rate, address, now);
        }
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
        limits: &Limits<'_>,
        now: Instant,
    ) -> Option<Heard> {
        let mut heard = if self.decoder.has_waiting() {
            self.understand(&[], terminal, limits, now)
        } else {
            let mut buffer = BUFFER.take().unwrap_or_else(|| Box::new([0; READ]));
            let heard = match read(stream, &mut buffer[..]) {
                Ok(0) => Some(self.last_words(terminal)),
                Ok(read) => Some(self.understand(&buffer[..read], terminal, limits, now)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => None,
                Err(_) => Some(Heard { end: Some(End::Left(Departure::Lost)), ..Heard::default() }),
            };
            BUFFER.set(Some(buffer));
            heard?
        };
        if let Some(secret) = heard.secret.take() {
            try_secret(&secret, stream, limits, &mut heard, now);
        }
        Some(heard)
    }

    /// Understands lines up to what he may say and one event holds.
    fn understand(
        &mut self,
        fresh: &[u8],
        terminal: &mut Option<Box<Terminal>>,
        limits: &Limits<'_>,
        now: Instant,
    ) -> Heard {
        let Self { decoder, budget, .. } = self;
        let spend = |budget: &mut ConnectionBudget, tokens| {
            if let Some(rate) = limits.rate {
                budget.spend(tokens, rate, limits.budget, now);
            }
        };
        let mut heard = Heard::default();
        let mut lines = decoder.lines(fresh, now);
        while heard.end.is_none() && heard.inputs.fits(lines.longest_next()) {
            if limits.rate.is_some_and(|rate| budget.next(rate) > now) {
                break;
            }
            let Some(decoded) = lines.next() else { break };
            let Taken { tokens, reading } = heard.take(decoded, terminal);
            match (reading, &mut *terminal) {
                (Reading::Keys, Some(terminal)) => terminal.begin(&lines.start_keys()),
                (Reading::Lines(begun), _) => lines.end_keys(&begun),
                _ => {}
            }
            spend(budget, tokens);
            // What follows a secret waits for what comes of it.
            if heard.secret.is_some() {
                break;
            }
            // What follows a Tab waits for what it brings.
            if terminal.as_ref().is_some_and(|terminal| terminal.has_question()) {
                break;
            }
        }
        drop(lines);
        spend(budget, decoder.take_outside());
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

/// Tries a secret of operators. Nobody but the task of whoever typed it ever sees it.
fn try_secret(
    typed: &str,
    stream: &TcpStream,
    limits: &Limits<'_>,
    heard: &mut Heard,
    now: Instant,
) {
    let peer = stream.peer_addr();
    // Of a connection that is gone already nobody will hear.
    let in_clear = peer.as_ref().is_ok_and(|peer| crosses_a_network(peer.ip()));
    let Tried { attempt, told } = limits.lock.attempt(typed, limits.budget, now);
    if let Some(times) = told {
        let from = peer.map_or_else(|_| "nowhere".to_owned(), |peer| peer.to_string());
        tracing::warn!(%from, times, "a wrong secret of operators");
    }
    heard.inputs.push(Input { kind: Kind::Opered { attempt, in_clear }, text: "" });
}

/// Whether what comes from this address can be read on its way.
fn crosses_a_network(peer: IpAddr) -> bool {
    !peer.to_canonical().is_loopback()
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
    /// What it costs of what may be said.
    tokens: u32,
    /// How it is to be read on.
    reading: Reading,
}

impl Taken {
    /// Something said.
    const SPEECH: Self = Self { tokens: 1, reading: Reading::Same };
    /// Nothing said.
    const NOTHING: Self = Self { tokens: 0, reading: Reading::Same };
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
                return Taken { tokens: u32::from(command == Command::AreYouThere), reading };
            }
            Decoded::Keys(keys) => return self.take_keys(keys, terminal),
        }
        Taken::SPEECH
    }

    /// Adds what a line asks for.
    fn take_line(&mut self, line: &str, terminal: &mut Option<Box<Terminal>>) -> Taken {
        let mut taken = Taken::SPEECH;
        let asked = command::parse(line);
        // A blank line costs as much as one that says something.
        taken.tokens = asked.map_or(taken.tokens, |asked| asked.kind.cost());
        match asked {
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
            Some(Input { kind: Kind::Oper, text }) => self.secret = Some(text.to_owned()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stays_on_the_machine_crosses_no_network() {
        for (peer, crosses) in [
            ("127.0.0.1", false),
            ("127.9.9.9", false),
            ("::1", false),
            ("::ffff:127.0.0.1", false),
            ("192.168.1.7", true),
            ("2001:db8::1", true),
        ] {
            assert_eq!(crosses_a_network(peer.parse().unwrap()), crosses, "{peer}");
        }
    }
}
