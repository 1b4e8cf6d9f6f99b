//! From a person's socket to what he asks for: one read at a time, as fast as he may speak.

use crate::chat::event::{CommandBatch, Departure};
use crate::limits::{KEY_CHUNK_BYTES, MAX_STEPS_PER_POLL, READ_BUFFER};
use crate::protocol::command::{self, Input, Kind};
use crate::protocol::decoder::{Decoded, Decoder, Lines};
use crate::protocol::sniff::Foreign;
use crate::protocol::telnet::Command;
use crate::protocol::time_of_day::TimeOfDay;
use crate::server::address_limits::{AddressBudget, ConnectionBudget};
use crate::server::key_rate_limit::KeyBudget;
use crate::server::oper_secret::{Lock, Tried};
use crate::server::rate_limit::{Allowance, LineRate};
use crate::terminal::editor::{self, NOT_UTF8, TOO_LONG};
use crate::terminal::{Ending, Reading, Terminal};
use std::cell::Cell;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;
use whippet::net::TcpStream;

thread_local! {
    /// What is read into, by whichever client is being polled on this thread: zeroed once, and none of it is kept by anybody.
    static BUFFER: Cell<Option<Box<[u8; READ_BUFFER]>>> = const { Cell::new(None) };
}

/// What is coming from one person.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// What was read and is no whole line, or more than he may say now.
    decoder: Decoder,
    /// What may be done of it now.
    meter: Meter,
}

/// How much of what comes from one person may be said and looked at now.
#[derive(Debug)]
struct Meter {
    /// How much may be said.
    budget: ConnectionBudget,
    /// How many keys may be pressed in an editor.
    keys: KeyBudget,
}

impl Meter {
    /// What can be done at this moment, as fast as lines and keys may come. Lines of an editor are said before anything else, and
    /// while they wait keys are taken ahead of them, up to what may wait.
    fn turn(
        &self,
        hands_out_keys: bool,
        terminal: Option<&Terminal>,
        limits: Pace,
        now: Instant,
    ) -> Turn {
        let dry = limits.rate.map(|rate| self.budget.next(rate)).filter(|&next| next > now);
        let unsaid = terminal.map_or(0, Terminal::unsaid);
        let is_ahead = unsaid > 0 && dry.is_some();
        let is_ending = terminal.is_some_and(|terminal| terminal.ending().is_some());
        match dry {
            None if unsaid > 0 => return Turn::Say,
            Some(until) if is_ending && unsaid > 0 => return Turn::Wait(until),
            _ if is_ending => return Turn::Take,
            _ => {}
        }
        if !hands_out_keys {
            return dry.map_or(Turn::Take, Turn::Wait);
        }
        let dry_keys = limits.keys.and_then(|keys| self.keys.dry_until(keys, now));
        let may_go_ahead = terminal.is_some_and(Terminal::may_go_ahead);
        match (dry, dry_keys) {
            (Some(until), _) if !may_go_ahead => Turn::Wait(until),
            (Some(line), Some(key)) if is_ahead => Turn::Wait(line.min(key)),
            (_, Some(key)) => Turn::Wait(key),
            (_, None) => Turn::Take,
        }
    }

    /// How many keys are looked at before it is asked again whether there are enough.
    fn keys_left(&self, keys: Allowance, now: Instant) -> usize {
        (self.keys.left(keys, now) as usize).clamp(1, KEY_CHUNK_BYTES)
    }

    /// Spends tokens of what he may say. Says whether none was left before.
    fn spend(&mut self, tokens: u32, limits: &Limits<'_>, now: Instant) -> bool {
        let Some(rate) = limits.pace.rate else { return false };
        let is_dry = self.budget.next(rate) > now;
        self.budget.spend(tokens, rate, limits.budget, now);
        is_dry
    }
}

/// What can be done of what came from somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// A line that waits is said.
    Say,
    /// What came is looked at, or more is read.
    Take,
    /// Nothing before this.
    Wait(Instant),
}

/// How fast what comes from one person may come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Lines; `None` for any speed.
    pub(crate) rate: Option<LineRate>,
    /// Keys, to an editor; `None` for any speed.
    pub(crate) keys: Option<Allowance>,
}

/// What limits what comes from one person.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits<'a> {
    /// How fast it may come.
    pub(crate) pace: Pace,
    /// What the address may do.
    pub(crate) budget: &'a AddressBudget,
    /// What `/oper` is tried on.
    pub(crate) lock: &'a Lock,
    /// The address that a proxy has said.
    pub(crate) told_address: Option<SocketAddr>,
}

/// What came of one turn at the socket.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// What he asks for, in order.
    pub(crate) inputs: CommandBatch,
    /// How he ended, if he did: nothing of him follows.
    pub(crate) end: Option<End>,
    /// What he takes for the secret of operators: the last thing that he said.
    secret: Option<String>,
    /// Whether he ended it by a key, behind lines that were not said yet.
    ends_later: bool,
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
            Self::Left(departure @ Departure::Quit(_)) => (departure, GOODBYE),
            Self::Left(departure) => (departure, ""),
            Self::Foreign(foreign) => (Departure::Refused(foreign.reason()), foreign.answer()),
            Self::Overlong => (Departure::Refused(OVERLONG), OVERLONG_WORDS),
        }
    }
}

/// What who quits is told.
const GOODBYE: &str = "* goodbye\r\n";
/// What the others are told of somebody whose line had no end.
const OVERLONG: &str = "a line without an end";
/// What he is told.
const OVERLONG_WORDS: &str = "! disconnected: a line without an end\r\n";

impl Incoming {
    /// Nothing has come yet.
    pub(crate) fn new(rate: Option<LineRate>, address: &AddressBudget, now: Instant) -> Self {
        let (budget, keys) = (ConnectionBudget::new(rate, address, now), KeyBudget::new(now));
        Self { decoder: Decoder::default(), meter: Meter { budget, keys } }
    }

    /// Nothing more will be read: keeps nothing of what came.
    pub(crate) fn forget(&mut self) {
        self.decoder = Decoder::default();
    }

    /// Whether there is something to hand over without reading.
    pub(crate) fn has_waiting(&self) -> bool {
        self.decoder.has_waiting()
    }

    /// When a line that waits may be said, if that is not now.
    pub(crate) fn says_at(
        &self,
        terminal: Option<&Terminal>,
        rate: Option<LineRate>,
        now: Instant,
    ) -> Option<Instant> {
        let next = self.meter.budget.next(rate?);
        (terminal.is_some_and(|terminal| terminal.unsaid() > 0) && next > now).then_some(next)
    }

    /// Whether a line that waits may be said now.
    pub(crate) fn may_say(&self, terminal: Option<&Terminal>, limits: Pace, now: Instant) -> bool {
        self.meter.turn(self.decoder.hands_out_keys(), terminal, limits, now) == Turn::Say
    }

    /// Whether so much was done for him that others are to have a turn; if so, it is counted from here.
    pub(crate) fn ends_turn(&mut self) -> bool {
        let steps = self.decoder.steps();
        steps.get() >= MAX_STEPS_PER_POLL && steps.take() > 0
    }

    /// Forgets the keys that wait and end no line: a server that stops does not work for what nobody will see.
    pub(crate) fn drop_unfinished_keys(&mut self) {
        self.decoder.drop_unfinished_keys();
    }

    /// Until when he must be silent; `None` if he may speak, or press keys if he edits.
    pub(crate) fn silent_until(
        &self,
        terminal: Option<&Terminal>,
        limits: Pace,
        now: Instant,
    ) -> Option<Instant> {
        match self.meter.turn(self.decoder.hands_out_keys(), terminal, limits, now) {
            Turn::Wait(until) => Some(until),
            Turn::Say | Turn::Take => None,
        }
    }

    /// Goes by what is set now about how fast he may speak.
    pub(crate) fn heed(&mut self, rate: Option<LineRate>, address: &AddressBudget, now: Instant) {
        if let Some(rate) = rate {
            self.meter.budget.cap(rate, address, now);
        }
    }

    /// Since when a line without an end has been past its limit.
    pub(crate) fn overlong_since(&self) -> Option<Instant> {
        self.decoder.dropping_since()
    }

    /// Reads once before anything is said, to learn whether the other side speaks our protocol. What was read waits
    /// for [`hear`](Self::hear).
    pub(crate) fn look(&mut self, stream: &TcpStream, now: Instant) -> Option<Foreign> {
        let mut buffer = [0; READ_BUFFER];
        // An end or an error comes again with the next read.
        let read = read(stream, &mut buffer).unwrap_or(0);
        self.decoder.keep(&buffer[..read]);
        self.decoder.foreign_waiting(now)
    }

    /// What he says next: from what waits here, or else from one read. At most one event's worth, no more than
    /// he may say and press, and no more than one turn's work; the rest waits. What concerns his terminal goes there, and makes it, if he had none. `None` if the
    /// socket had nothing.
    pub(crate) fn hear(
        &mut self,
        stream: &TcpStream,
        terminal: &mut Option<Box<Terminal>>,
        limits: &Limits<'_>,
        now: Instant,
    ) -> Option<Heard> {
        let says = self.may_say(terminal.as_deref(), limits.pace, now);
        let mut heard = if says || self.decoder.has_waiting() {
            self.understand(&[], terminal, limits, now)
        } else if let Some(ending) = terminal.as_ref().and_then(|terminal| terminal.ending()) {
            Heard { end: Some(end_of(ending)), ..Heard::default() }
        } else {
            let mut buffer = BUFFER.take().unwrap_or_else(|| Box::new([0; READ_BUFFER]));
            let heard = match read(stream, &mut buffer[..]) {
                Ok(0) => Some(self.last_words(terminal)),
                Ok(read) => {
                    if let Some(terminal) = terminal {
                        terminal.begin_read();
                    }
                    Some(self.understand(&buffer[..read], terminal, limits, now))
                }
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

    /// Understands lines up to what he may say, one event holds, and one turn's work.
    fn understand(
        &mut self,
        fresh: &[u8],
        terminal: &mut Option<Box<Terminal>>,
        limits: &Limits<'_>,
        now: Instant,
    ) -> Heard {
        let mut heard = Heard::default();
        let Self { decoder, meter } = self;
        let mut lines = decoder.lines(fresh, now);
        while heard.end.is_none() && !heard.ends_later {
            let keys = lines.hands_out_keys();
            let taken = match meter.turn(keys, terminal.as_deref(), limits.pace, now) {
                Turn::Say => heard.say_next(terminal),
                Turn::Take => {
                    // A byte is a key at most.
                    let left =
                        limits.pace.keys.map_or(KEY_CHUNK_BYTES, |keys| meter.keys_left(keys, now));
                    heard.take_next(&mut lines, left, terminal)
                }
                Turn::Wait(_) => break,
            };
            let Some(Taken { tokens, reading }) = taken else { break };
            match (reading, &mut *terminal) {
                (Reading::Keys, Some(terminal)) => {
                    terminal.begin(&lines.start_keys());
                    heard.inputs.push(Input { kind: Kind::Edit(true), text: "" });
                }
                (Reading::Lines(begun), _) => {
                    lines.end_keys(&begun);
                    heard.inputs.push(Input { kind: Kind::Edit(false), text: "" });
                }
                _ => {}
            }
            let is_dry = meter.spend(tokens, limits, now);
            if let Some(terminal) = terminal {
                terminal.spent(tokens, is_dry);
                lines.steps().add(terminal.take_steps() as usize);
                let taken = terminal.take_keys();
                if let Some(keys) = limits.pace.keys {
                    meter.keys.spend(taken, keys, now);
                }
                // What follows a Tab waits for what it brings; and who does not read may not make us write.
                if terminal.has_question() || terminal.holds_keys() {
                    break;
                }
            }
            // What follows a secret waits for what comes of it.
            if heard.secret.is_some() || lines.steps().get() >= MAX_STEPS_PER_POLL {
                break;
            }
        }
        drop(lines);
        let outside = decoder.take_outside();
        let is_dry = meter.spend(outside, limits, now);
        if let Some(terminal) = terminal {
            terminal.spent(outside, is_dry);
            if heard.ends_later {
                terminal.end_behind(Ending::Quit);
                *decoder = Decoder::default();
            }
        }
        heard
    }

    /// What is left when the stream has ended: a line that has no end, behind those that were not said yet.
    fn last_words(&mut self, terminal: &mut Option<Box<Terminal>>) -> Heard {
        let mut heard = Heard::default();
        if let Some(decoded) = self.decoder.finish() {
            heard.take(decoded, terminal);
        }
        if heard.end.is_none()
            && let Some(terminal) = terminal.as_mut().filter(|terminal| terminal.unsaid() > 0)
        {
            terminal.end_behind(Ending::Eof);
            return heard;
        }
        heard.end.get_or_insert(End::Left(Departure::Eof));
        heard
    }
}

/// An end that was put off until all lines were said.
fn end_of(ending: Ending) -> End {
    End::Left(match ending {
        Ending::Eof => Departure::Eof,
        Ending::Quit => Departure::Quit(None),
    })
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
    // Of a connection that is gone already nobody will hear. By a proxy it has come two ways.
    let ways = peer.iter().chain(&limits.told_address);
    let in_clear = ways.map(SocketAddr::ip).any(crosses_a_network);
    let peer = limits.told_address.map_or(peer, Ok);
    let Tried { attempt, told } = limits.lock.attempt(typed, limits.budget, now);
    if let Some(times) = told {
        let from = peer.map_or_else(|_| "nowhere".to_owned(), |peer| peer.to_string());
        tracing::warn!(target: "chinwag::oper", %from, times, "a wrong secret of operators");
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
    tracing::trace!(target: "chinwag::read", from = stream.peer_addr().map_or(0, |peer| peer.port()), bytes = read, "read");
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
    /// Adds what comes next, of keys so many bytes at most. `None` if there is nothing, or no room for it.
    fn take_next(
        &mut self,
        lines: &mut Lines<'_>,
        key_bytes: usize,
        terminal: &mut Option<Box<Terminal>>,
    ) -> Option<Taken> {
        if !self.inputs.fits(lines.longest_next()) {
            return None;
        }
        let decoded = lines.next_within(key_bytes)?;
        Some(self.take(decoded, terminal))
    }

    /// Adds what the next line asks for that waits to be said. `None` if there is no room for it.
    fn say_next(&mut self, terminal: &mut Option<Box<Terminal>>) -> Option<Taken> {
        let waits = terminal.as_mut()?;
        // An editor's lines are UTF-8: nothing in them is replaced by anything longer.
        if !self.inputs.fits(waits.next_unsaid()) {
            return None;
        }
        if waits.wants_time() {
            waits.set_time(TimeOfDay::new(whippet::time::since_1970()));
        }
        let line = waits.say_next()?;
        Some(self.take_line(&line, terminal))
    }

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
            Some(Input { kind: Kind::Time { on, offset }, text }) => {
                // Who neither asks for stamps nor has a terminal needs none for this.
                if on == Some(true) {
                    terminal.get_or_insert_default();
                }
                let offset = terminal.as_mut().map(|terminal| terminal.stamp(on, offset));
                self.inputs.push(Input { kind: Kind::Time { on, offset }, text });
            }
            Some(Input { kind: Kind::Oper, text }) => self.secret = Some(text.to_owned()),
            Some(input) => self.inputs.push(input),
            None => {}
        }
        taken
    }

    /// Adds what keys ask for.
    fn take_keys(&mut self, keys: &[u8], terminal: &mut Option<Box<Terminal>>) -> Taken {
        let Some(terminal) = terminal else { return Taken::NOTHING };
        if terminal.wants_time() {
            terminal.set_time(TimeOfDay::new(whippet::time::since_1970()));
        }
        match terminal.press(keys) {
            Some(editor::Event::Quit) if terminal.unsaid() > 0 => self.ends_later = true,
            Some(editor::Event::Quit) => self.end = Some(End::Left(Departure::Quit(None))),
            Some(editor::Event::Complete(_)) => return Taken::SPEECH,
            _ => {}
        }
        Taken::NOTHING
    }

    /// Adds that something cannot be done.
    fn refuse(&mut self, reason: &'static str) {
        self.inputs.push(Input { kind: Kind::Refused(reason), text: "" });
    }
}

#[cfg(test)]
mod tests;
