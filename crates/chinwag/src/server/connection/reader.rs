//! The read half of a connection: from the socket to commands, one read at a time, as fast as the rate limits allow.

use crate::chat::event::{CommandBatch, LeaveReason};
use crate::limits::{KEY_CHUNK_BYTES, MAX_STEPS_PER_POLL, READ_BUFFER};
use crate::protocol::command::{self, Command, CommandKind};
use crate::protocol::decoder::{Decoded, Decoder, Lines};
use crate::protocol::sniff::OtherProtocol;
use crate::protocol::telnet::TelnetCommand;
use crate::protocol::time_of_day::TimeOfDay;
use crate::server::address_budgets::{AddressBudget, ConnectionBudget};
use crate::server::key_budget::KeyBudget;
use crate::server::oper_secret::{AuthAttempt, OperAuthenticator};
use crate::server::rate_limit::{LineRateLimit, RateLimit};
use crate::terminal::editor::{self, NOT_UTF8, TOO_LONG};
use crate::terminal::{CloseRequest, InputMode, Terminal};
use std::cell::Cell;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;
use whippet::net::TcpStream;

thread_local! {
    /// The read buffer of the client that is being polled on this thread: zeroed once, and none of it is kept.
    static BUFFER: Cell<Option<Box<[u8; READ_BUFFER]>>> = const { Cell::new(None) };
}

/// What comes from one client.
#[derive(Debug)]
pub(crate) struct Reader {
    /// What was read and is no whole line, or more than the rate limit allows now.
    decoder: Decoder,
    /// The rate limits of it.
    throttle: Throttle,
}

/// The rate limits of one client.
#[derive(Debug)]
struct Throttle {
    /// The budget of lines.
    budget: ConnectionBudget,
    /// The budget of keys in an editor.
    key_budget: KeyBudget,
}

impl Throttle {
    /// What can be done at this moment, as the rate limits allow. Lines of an editor are submitted before anything else, and
    /// while they wait keys are taken ahead of them, up to what may wait.
    fn next_step(
        &self,
        hands_out_keys: bool,
        terminal: Option<&Terminal>,
        limits: RateLimits,
        now: Instant,
    ) -> NextStep {
        let dry =
            limits.lines.map(|rate| self.budget.next_allowed(rate)).filter(|&next| next > now);
        let unsaid = terminal.map_or(0, Terminal::pending_line_bytes);
        let is_ahead = unsaid > 0 && dry.is_some();
        let is_ending = terminal.is_some_and(|terminal| terminal.close_request().is_some());
        match dry {
            None if unsaid > 0 => return NextStep::SubmitQueuedLine,
            Some(until) if is_ending && unsaid > 0 => return NextStep::WaitUntil(until),
            _ if is_ending => return NextStep::Decode,
            _ => {}
        }
        if !hands_out_keys {
            return dry.map_or(NextStep::Decode, NextStep::WaitUntil);
        }
        let dry_keys = limits.keys.and_then(|keys| self.key_budget.blocked_until(keys, now));
        let may_go_ahead = terminal.is_some_and(Terminal::accepts_keys);
        match (dry, dry_keys) {
            (Some(until), _) if !may_go_ahead => NextStep::WaitUntil(until),
            (Some(line), Some(key)) if is_ahead => NextStep::WaitUntil(line.min(key)),
            (_, Some(key)) => NextStep::WaitUntil(key),
            (_, None) => NextStep::Decode,
        }
    }

    /// How many keys may be handled before the budget is checked again.
    fn available_keys(&self, keys: RateLimit, now: Instant) -> usize {
        (self.key_budget.available(keys, now) as usize).clamp(1, KEY_CHUNK_BYTES)
    }

    /// Spends tokens of the budget of lines. Returns whether none was left before.
    fn spend(&mut self, tokens: u32, limits: &Limits<'_>, now: Instant) -> bool {
        let Some(rate) = limits.rates.lines else { return false };
        let is_dry = self.budget.next_allowed(rate) > now;
        self.budget.spend(tokens, rate, limits.budget, now);
        is_dry
    }
}

/// What can be done next with what came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NextStep {
    /// A queued line of the editor is submitted.
    SubmitQueuedLine,
    /// What was read is decoded, or more is read.
    Decode,
    /// Nothing before this moment.
    WaitUntil(Instant),
}

/// The rate limits of what comes from one client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RateLimits {
    /// Lines; `None` for any speed.
    pub(crate) lines: Option<LineRateLimit>,
    /// Keys, to an editor; `None` for any speed.
    pub(crate) keys: Option<RateLimit>,
}

/// What limits what comes from one client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits<'a> {
    /// The rate limits.
    pub(crate) rates: RateLimits,
    /// The budgets of the address.
    pub(crate) budget: &'a AddressBudget,
    /// What `/oper` is checked by.
    pub(crate) oper_auth: &'a OperAuthenticator,
    /// The address that a proxy has sent.
    pub(crate) proxied_address: Option<SocketAddr>,
}

/// The outcome of one read.
#[derive(Debug, Default)]
pub(crate) struct ReadOutcome {
    /// The commands, in order.
    pub(crate) commands: CommandBatch,
    /// Why the client ended the connection, if it did: nothing follows.
    pub(crate) close: Option<CloseReason>,
    /// What was typed as the operator secret: always the last command.
    oper_secret: Option<String>,
    /// Whether a key ended the connection, after lines that are still queued.
    closes_after_queued: bool,
}

/// Why the client ended the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CloseReason {
    /// As the others can be told.
    Left(LeaveReason),
    /// It speaks another protocol.
    OtherProtocol(OtherProtocol),
    /// It sent a line without an end.
    UnterminatedLine,
}

impl CloseReason {
    /// What the others are told, and what the client is told.
    pub(crate) fn messages(self) -> (LeaveReason, &'static str) {
        match self {
            Self::Left(departure @ LeaveReason::Quit(_)) => (departure, GOODBYE),
            Self::Left(departure) => (departure, ""),
            Self::OtherProtocol(other) => {
                (LeaveReason::ServerClosed(other.leave_reason()), other.response())
            }
            Self::UnterminatedLine => {
                (LeaveReason::ServerClosed(UNTERMINATED_REASON), UNTERMINATED_MESSAGE)
            }
        }
    }
}

/// The final message after `/quit`.
const GOODBYE: &str = "* goodbye\r\n";
/// What the others are told of a client whose line had no end.
const UNTERMINATED_REASON: &str = "a line without an end";
/// What the client is told.
const UNTERMINATED_MESSAGE: &str = "! disconnected: a line without an end\r\n";

impl Reader {
    /// Nothing has come yet.
    pub(crate) fn new(rate: Option<LineRateLimit>, address: &AddressBudget, now: Instant) -> Self {
        let (budget, keys) = (ConnectionBudget::new(rate, address, now), KeyBudget::new(now));
        Self { decoder: Decoder::default(), throttle: Throttle { budget, key_budget: keys } }
    }

    /// Nothing more will be read: drops what is buffered.
    pub(crate) fn clear(&mut self) {
        self.decoder = Decoder::default();
    }

    /// Whether there is something to decode without a read.
    pub(crate) fn has_buffered(&self) -> bool {
        self.decoder.has_buffered()
    }

    /// When a queued line may be submitted, if that is not now.
    pub(crate) fn queued_line_at(
        &self,
        terminal: Option<&Terminal>,
        rate: Option<LineRateLimit>,
        now: Instant,
    ) -> Option<Instant> {
        let next = self.throttle.budget.next_allowed(rate?);
        (terminal.is_some_and(|terminal| terminal.pending_line_bytes() > 0) && next > now)
            .then_some(next)
    }

    /// Whether a queued line may be submitted now.
    pub(crate) fn may_submit_queued(
        &self,
        terminal: Option<&Terminal>,
        limits: RateLimits,
        now: Instant,
    ) -> bool {
        self.throttle.next_step(self.decoder.is_key_mode(), terminal, limits, now)
            == NextStep::SubmitQueuedLine
    }

    /// Whether so much work was done that other tasks should run first; if so, it is counted from here.
    pub(crate) fn take_should_yield(&mut self) -> bool {
        let steps = self.decoder.steps();
        steps.get() >= MAX_STEPS_PER_POLL && steps.take() > 0
    }

    /// Drops buffered keys that end no line: a server that stops does not work for what nobody will see.
    pub(crate) fn drop_unfinished_keys(&mut self) {
        self.decoder.drop_unfinished_keys();
    }

    /// Until when nothing may be read; `None` if a line may come, or a key of an editor.
    pub(crate) fn throttled_until(
        &self,
        terminal: Option<&Terminal>,
        limits: RateLimits,
        now: Instant,
    ) -> Option<Instant> {
        match self.throttle.next_step(self.decoder.is_key_mode(), terminal, limits, now) {
            NextStep::WaitUntil(until) => Some(until),
            NextStep::SubmitQueuedLine | NextStep::Decode => None,
        }
    }

    /// Applies the rate limit that is set now.
    pub(crate) fn apply_rate_limit(
        &mut self,
        rate: Option<LineRateLimit>,
        address: &AddressBudget,
        now: Instant,
    ) {
        if let Some(rate) = rate {
            self.throttle.budget.clamp_to(rate, address, now);
        }
    }

    /// Since when a line without an end has been past its limit.
    pub(crate) fn overlong_since(&self) -> Option<Instant> {
        self.decoder.discarding_since()
    }

    /// Reads once before the welcome, to learn whether the client speaks our protocol. What was read is buffered for
    /// [`read_commands`](Self::read_commands).
    pub(crate) fn sniff(&mut self, stream: &TcpStream, now: Instant) -> Option<OtherProtocol> {
        let mut buffer = [0; READ_BUFFER];
        // An end or an error comes again with the next read.
        let read = read(stream, &mut buffer).unwrap_or(0);
        self.decoder.buffer(&buffer[..read]);
        self.decoder.detect_buffered(now)
    }

    /// The next commands: from what is buffered, or else from one read. At most one event's worth, no more than the rate limits
    /// allow, and no more than one step's work; the rest stays buffered. What concerns the terminal goes there, and makes it, if there was
    /// none. `None` if the socket had nothing.
    pub(crate) fn read_commands(
        &mut self,
        stream: &TcpStream,
        terminal: &mut Option<Box<Terminal>>,
        limits: &Limits<'_>,
        now: Instant,
    ) -> Option<ReadOutcome> {
        let says = self.may_submit_queued(terminal.as_deref(), limits.rates, now);
        let mut outcome = if says || self.decoder.has_buffered() {
            self.parse(&[], terminal, limits, now)
        } else if let Some(ending) = terminal.as_ref().and_then(|terminal| terminal.close_request())
        {
            ReadOutcome { close: Some(close_reason(ending)), ..ReadOutcome::default() }
        } else {
            let mut buffer = BUFFER.take().unwrap_or_else(|| Box::new([0; READ_BUFFER]));
            let outcome = match read(stream, &mut buffer[..]) {
                Ok(0) => Some(self.finish(terminal)),
                Ok(read) => {
                    if let Some(terminal) = terminal {
                        terminal.begin_read();
                    }
                    Some(self.parse(&buffer[..read], terminal, limits, now))
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => None,
                Err(_) => Some(ReadOutcome {
                    close: Some(CloseReason::Left(LeaveReason::ConnectionLost)),
                    ..ReadOutcome::default()
                }),
            };
            BUFFER.set(Some(buffer));
            outcome?
        };
        if let Some(secret) = outcome.oper_secret.take() {
            try_secret(&secret, stream, limits, &mut outcome, now);
        }
        Some(outcome)
    }

    /// Parses lines up to what the rate limits allow, one event holds, and one step's work.
    fn parse(
        &mut self,
        fresh: &[u8],
        terminal: &mut Option<Box<Terminal>>,
        limits: &Limits<'_>,
        now: Instant,
    ) -> ReadOutcome {
        let mut outcome = ReadOutcome::default();
        let Self { decoder, throttle } = self;
        let mut lines = decoder.lines(fresh, now);
        while outcome.close.is_none() && !outcome.closes_after_queued {
            let keys = lines.is_key_mode();
            let processed = match throttle.next_step(keys, terminal.as_deref(), limits.rates, now) {
                NextStep::SubmitQueuedLine => outcome.push_queued(terminal),
                NextStep::Decode => {
                    // A byte is a key at most.
                    let left = limits
                        .rates
                        .keys
                        .map_or(KEY_CHUNK_BYTES, |keys| throttle.available_keys(keys, now));
                    outcome.push_next(&mut lines, left, terminal)
                }
                NextStep::WaitUntil(_) => break,
            };
            let Some(Processed { tokens, input_mode: mode }) = processed else { break };
            match (mode, &mut *terminal) {
                (InputMode::Keys, Some(terminal)) => {
                    terminal.begin_line(&lines.enter_key_mode());
                    outcome.commands.push(Command { kind: CommandKind::Edit(true), text: "" });
                }
                (InputMode::Lines(begun), _) => {
                    lines.leave_key_mode(&begun);
                    outcome.commands.push(Command { kind: CommandKind::Edit(false), text: "" });
                }
                _ => {}
            }
            let is_dry = throttle.spend(tokens, limits, now);
            if let Some(terminal) = terminal {
                terminal.on_tokens_spent(tokens, is_dry);
                lines.steps().add(terminal.take_steps() as usize);
                let processed = terminal.take_keys();
                if let Some(keys) = limits.rates.keys {
                    throttle.key_budget.spend(processed, keys, now);
                }
                // What follows a Tab waits for the completion; and a client that does not read may not make us write.
                if terminal.has_new_completion() || terminal.blocks_input() {
                    break;
                }
            }
            // What follows a secret waits for its outcome.
            if outcome.oper_secret.is_some() || lines.steps().get() >= MAX_STEPS_PER_POLL {
                break;
            }
        }
        drop(lines);
        let outside = decoder.take_non_line_tokens();
        let is_dry = throttle.spend(outside, limits, now);
        if let Some(terminal) = terminal {
            terminal.on_tokens_spent(outside, is_dry);
            if outcome.closes_after_queued {
                terminal.close_after_pending(CloseRequest::Quit);
                *decoder = Decoder::default();
            }
        }
        outcome
    }

    /// What is left when the stream has ended: a line without an end, after those that are queued.
    fn finish(&mut self, terminal: &mut Option<Box<Terminal>>) -> ReadOutcome {
        let mut outcome = ReadOutcome::default();
        if let Some(decoded) = self.decoder.finish() {
            outcome.push(decoded, terminal);
        }
        if outcome.close.is_none()
            && let Some(terminal) =
                terminal.as_mut().filter(|terminal| terminal.pending_line_bytes() > 0)
        {
            terminal.close_after_pending(CloseRequest::Eof);
            return outcome;
        }
        outcome.close.get_or_insert(CloseReason::Left(LeaveReason::Eof));
        outcome
    }
}

/// The reason of an end that was deferred until all queued lines were submitted.
fn close_reason(ending: CloseRequest) -> CloseReason {
    CloseReason::Left(match ending {
        CloseRequest::Eof => LeaveReason::Eof,
        CloseRequest::Quit => LeaveReason::Quit(None),
    })
}

/// Checks an operator secret. Only the task of the client that typed it ever sees it.
fn try_secret(
    typed: &str,
    stream: &TcpStream,
    limits: &Limits<'_>,
    outcome: &mut ReadOutcome,
    now: Instant,
) {
    let peer = stream.peer_addr();
    // A connection that is gone already needs no answer. By a proxy it has come two ways.
    let ways = peer.iter().chain(&limits.proxied_address);
    let in_clear = ways.map(SocketAddr::ip).any(crosses_a_network);
    let peer = limits.proxied_address.map_or(peer, Ok);
    let AuthAttempt { outcome: attempt, log } = limits.oper_auth.attempt(typed, limits.budget, now);
    if let Some(times) = log {
        let from = peer.map_or_else(|_| "nowhere".to_owned(), |peer| peer.to_string());
        tracing::warn!(target: "chinwag::oper", %from, times, "a wrong secret of operators");
    }
    outcome
        .commands
        .push(Command { kind: CommandKind::OperResult { outcome: attempt, in_clear }, text: "" });
}

/// Whether what comes from this address can be read on its way.
fn crosses_a_network(peer: IpAddr) -> bool {
    !peer.to_canonical().is_loopback()
}

/// One read. The log at the level `trace` shows exactly what was read of whom, which is what a graceful shutdown must
/// deliver.
fn read(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    let read = stream.try_read(buffer)?;
    tracing::trace!(target: "chinwag::read", from = stream.peer_addr().map_or(0, |peer| peer.port()), bytes = read, "read");
    Ok(read)
}

/// The cost of one thing that was decoded.
struct Processed {
    /// Tokens of the budget of lines.
    tokens: u32,
    /// The input mode from here on.
    input_mode: InputMode,
}

impl Processed {
    /// One line.
    const ONE_LINE: Self = Self { tokens: 1, input_mode: InputMode::Unchanged };
    /// Nothing said.
    const FREE: Self = Self { tokens: 0, input_mode: InputMode::Unchanged };
}

impl ReadOutcome {
    /// Adds what comes next, of keys so many bytes at most. `None` if there is nothing, or no room for it.
    fn push_next(
        &mut self,
        lines: &mut Lines<'_>,
        key_bytes: usize,
        terminal: &mut Option<Box<Terminal>>,
    ) -> Option<Processed> {
        if !self.commands.fits(lines.max_next_bytes()) {
            return None;
        }
        let decoded = lines.next_within(key_bytes)?;
        Some(self.push(decoded, terminal))
    }

    /// Adds what the next queued line asks for. `None` if there is no room for it.
    fn push_queued(&mut self, terminal: &mut Option<Box<Terminal>>) -> Option<Processed> {
        let waits = terminal.as_mut()?;
        // An editor's lines are UTF-8: nothing in them is replaced by anything longer.
        if !self.commands.fits(waits.next_line_len()) {
            return None;
        }
        if waits.wants_time() {
            waits.set_time(TimeOfDay::new(whippet::time::since_1970()));
        }
        let line = waits.pop_line()?;
        Some(self.push_line(&line, terminal))
    }

    /// Adds what was decoded.
    fn push(&mut self, decoded: Decoded<'_>, terminal: &mut Option<Box<Terminal>>) -> Processed {
        match decoded {
            Decoded::Line(line) => return self.push_line(&line, terminal),
            Decoded::TooLong => self.push_error(TOO_LONG),
            Decoded::NotUtf8 => self.push_error(NOT_UTF8),
            Decoded::OtherProtocol(foreign) => {
                self.close = Some(CloseReason::OtherProtocol(foreign))
            }
            Decoded::Quit => self.close = Some(CloseReason::Left(LeaveReason::Quit(None))),
            Decoded::Telnet(command) => {
                let mode = terminal.get_or_insert_default().handle_command(command);
                return Processed {
                    tokens: u32::from(command == TelnetCommand::AreYouThere),
                    input_mode: mode,
                };
            }
            Decoded::Keys(keys) => return self.push_keys(keys, terminal),
        }
        Processed::ONE_LINE
    }

    /// Adds what a line asks for.
    fn push_line(&mut self, line: &str, terminal: &mut Option<Box<Terminal>>) -> Processed {
        let mut processed = Processed::ONE_LINE;
        let asked = command::parse(line);
        // A blank line costs as much as one that says something.
        processed.tokens = asked.map_or(processed.tokens, |asked| asked.kind.cost());
        match asked {
            Some(Command { kind: CommandKind::Quit, text }) => {
                let reason = (!text.is_empty()).then(|| text.to_owned());
                self.close = Some(CloseReason::Left(LeaveReason::Quit(reason)));
            }
            Some(Command { kind: CommandKind::Edit(on), .. }) => {
                processed.input_mode = terminal.get_or_insert_default().set_editing(on);
            }
            Some(Command { kind: CommandKind::Color(on), .. }) => {
                terminal.get_or_insert_default().set_color(on);
            }
            Some(Command { kind: CommandKind::Time { on, offset }, text }) => {
                // A client that neither asks for stamps nor has a terminal needs none for this.
                if on == Some(true) {
                    terminal.get_or_insert_default();
                }
                let offset = terminal.as_mut().map(|terminal| terminal.set_timestamps(on, offset));
                self.commands.push(Command { kind: CommandKind::Time { on, offset }, text });
            }
            Some(Command { kind: CommandKind::Oper, text }) => {
                self.oper_secret = Some(text.to_owned())
            }
            Some(input) => self.commands.push(input),
            None => {}
        }
        processed
    }

    /// Adds what keys ask for.
    fn push_keys(&mut self, keys: &[u8], terminal: &mut Option<Box<Terminal>>) -> Processed {
        let Some(terminal) = terminal else { return Processed::FREE };
        if terminal.wants_time() {
            terminal.set_time(TimeOfDay::new(whippet::time::since_1970()));
        }
        match terminal.handle_keys(keys) {
            Some(editor::Event::Quit) if terminal.pending_line_bytes() > 0 => {
                self.closes_after_queued = true
            }
            Some(editor::Event::Quit) => {
                self.close = Some(CloseReason::Left(LeaveReason::Quit(None)))
            }
            Some(editor::Event::Complete(_)) => return Processed::ONE_LINE,
            _ => {}
        }
        Processed::FREE
    }

    /// Adds that something was invalid.
    fn push_error(&mut self, reason: &'static str) {
        self.commands.push(Command { kind: CommandKind::Invalid(reason), text: "" });
    }
}

#[cfg(test)]
mod tests;
