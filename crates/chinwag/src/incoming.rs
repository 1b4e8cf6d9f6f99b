//! From a person's socket to what he asks for: one read at a time, as fast as he may speak.

use crate::budgets::{AddressBudget, ConnectionBudget};
use crate::codec::{Decoded, Decoder};
use crate::command::{self, Input, Kind};
use crate::editor::{self, NOT_UTF8, TOO_LONG};
use crate::event::{Departure, Inputs};
use crate::foreign::Foreign;
use crate::key_budget::KeyBudget;
use crate::limits::{KEY_BYTES, READ, TURN_STEPS};
use crate::secret::{Lock, Tried};
use crate::speech::{Allowance, LineRate};
use crate::telnet::Command;
use crate::terminal::{Reading, Terminal};
use std::cell::Cell;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
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
    /// How many keys may be pressed in an editor.
    keys: KeyBudget,
}

/// What limits what comes from one person.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits<'a> {
    /// How fast lines may come; `None` for any speed.
    pub(crate) rate: Option<LineRate>,
    /// How fast keys may come to an editor; `None` for any speed.
    pub(crate) keys: Option<Allowance>,
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
        let (budget, keys) = (ConnectionBudget::new(rate, address, now), KeyBudget::new(now));
        Self { decoder: Decoder::default(), budget, keys }
    }

    /// Nothing more will be read: keeps nothing of what came.
    pub(crate) fn forget(&mut self) {
        self.decoder = Decoder::default();
    }

    /// Whether there is something to hand over without reading.
    pub(crate) fn has_waiting(&self) -> bool {
        self.decoder.has_waiting()
    }

    /// Whether so much was done for him that others are to have a turn; if so, it is counted from here.
    pub(crate) fn ends_turn(&mut self) -> bool {
        let steps = self.decoder.steps();
        steps.get() >= TURN_STEPS && steps.take() > 0
    }

    /// Forgets the keys that wait and end no line: a server that stops does not work for what nobody will see.
    pub(crate) fn drop_unfinished_keys(&mut self) {
        self.decoder.drop_unfinished_keys();
    }

    /// Until when he must be silent; `None` if he may speak, and press `keys` if he edits.
    pub(crate) fn silent_until(
        &self,
        rate: Option<LineRate>,
        keys: Option<Allowance>,
        now: Instant,
    ) -> Option<Instant> {
        let lines = rate.map(|rate| self.budget.next(rate)).filter(|&next| next > now);
        let keys = keys.filter(|_| self.decoder.hands_out_keys());
        lines.max(keys.and_then(|keys| self.keys.dry_until(keys, now)))
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
    pub(crate) fn look(&mut self, stream: &TcpStream, now: Instant) -> Option<Foreign> {
        let mut buffer = [0; READ];
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

    /// Understands lines up to what he may say, one event holds, and one turn's work.
    fn understand(
        &mut self,
        fresh: &[u8],
        terminal: &mut Option<Box<Terminal>>,
        limits: &Limits<'_>,
        now: Instant,
    ) -> Heard {
        let Self { decoder, budget, keys: pressed } = self;
        let keys = limits.keys;
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
            // A byte is a key at most.
            let left = keys.map_or(KEY_BYTES, |keys| pressed.left(keys, now) as usize);
            if left == 0 && lines.hands_out_keys() {
                break;
            }
            let Some(decoded) = lines.next_within(left.min(KEY_BYTES)) else { break };
            let Taken { tokens, reading } = heard.take(decoded, terminal);
            match (reading, &mut *terminal) {
                (Reading::Keys, Some(terminal)) => terminal.begin(&lines.start_keys()),
                (Reading::Lines(begun), _) => lines.end_keys(&begun),
                _ => {}
            }
            spend(budget, tokens);
            if let Some(terminal) = terminal {
                lines.steps().add(terminal.take_steps() as usize);
                let taken = terminal.take_keys();
                if let Some(keys) = keys {
                    pressed.spend(taken, keys, now);
                }
                // What follows a Tab waits for what it brings; and who does not read may not make us write.
                if terminal.has_question() || terminal.holds_keys() {
                    break;
                }
            }
            // What follows a secret waits for what comes of it.
            if heard.secret.is_some() || lines.steps().get() >= TURN_STEPS {
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
    // Of a connection that is gone already nobody will hear. By a proxy it has come two ways.
    let ways = peer.iter().chain(&limits.told_address);
    let in_clear = ways.map(SocketAddr::ip).any(crosses_a_network);
    let peer = limits.told_address.map_or(peer, Ok);
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
    use crate::limits::LINE;
    use crate::telnet::options::ECHO;
    use whippet::net::TcpListener;

    /// A connection's ends, and somebody who edits at the first: the keys of this line are already in.
    async fn editing(line: &str) -> (TcpStream, TcpStream, Incoming, Option<Box<Terminal>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let mut incoming = Incoming::new(None, &address(), now());
        let mut terminal = None;
        incoming.decoder.keep(&[&b"/edit on\n\xff\xfd"[..], &[ECHO], line.as_bytes()].concat());
        while incoming.has_waiting() {
            hear(&mut incoming, &stream, &mut terminal);
        }
        incoming.decoder.steps().take();
        (stream, peer, incoming, terminal)
    }

    fn now() -> Instant {
        whippet::time::Instant::now().into_std()
    }

    /// What an address may do of which nobody came before.
    fn address() -> AddressBudget {
        let address = "127.0.0.1".parse().unwrap();
        crate::budgets::AddressBudgets::new(now()).admit(address, None, now()).unwrap()
    }

    /// One turn without limits, and a draw behind it.
    fn hear(
        incoming: &mut Incoming,
        stream: &TcpStream,
        terminal: &mut Option<Box<Terminal>>,
    ) -> Option<Heard> {
        let (budget, lock) = (&address(), &Lock::new(None));
        let limits = Limits { rate: None, keys: None, budget, lock, told_address: None };
        let heard = incoming.hear(stream, terminal, &limits, now());
        if let Some(terminal) = terminal {
            terminal.draw(&[], false);
            terminal.wrote(terminal.unwritten().len());
        }
        heard
    }

    /// Runs a test on this thread.
    fn run_test<F: Future>(test: F) -> F::Output {
        let mut builder = whippet::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap().block_on(test)
    }

    /// One read of the dearest keys: it is many turns, each of bounded work, and others are let in between.
    #[test]
    fn a_turn_ends_when_enough_was_done_and_loses_no_key() {
        run_test(async {
            let word = "\u{301}".repeat(LINE / 2 - 1);
            let (stream, peer, mut incoming, mut terminal) = editing(&word).await;
            peer.writable().await.unwrap();
            let keys = "\x1bb\x05".repeat(READ / 3 - 1) + "\x15end\r";
            assert_eq!(peer.try_write(keys.as_bytes()).unwrap(), keys.len());
            stream.readable().await.unwrap();
            let (mut turns, mut said) = (0, 0);
            while let Some(heard) = hear(&mut incoming, &stream, &mut terminal) {
                // What is begun is ended: at most 16 bytes, and the draw that was due.
                let steps = incoming.decoder.steps().get();
                assert!(steps < TURN_STEPS + 10_000, "{steps} steps");
                said += heard.inputs.len();
                turns += usize::from(incoming.ends_turn());
            }
            assert!(said == 1 && turns > 50, "{said} lines in {turns} turns");
        });
    }

    /// What follows a key that ends a line, in the same read, is not lost, whatever bytes the key has.
    #[test]
    fn no_key_is_lost_behind_one_that_ends_a_line() {
        run_test(async {
            for letter in b' '..=b'~' {
                let (stream, peer, mut incoming, mut terminal) = editing("").await;
                let letter = char::from(letter);
                let keys = format!("a\x1bO{letter}b\x1b[{letter}~c\x1b[A\x1b[B\x05end\r");
                peer.writable().await.unwrap();
                assert_eq!(peer.try_write(keys.as_bytes()).unwrap(), keys.len());
                stream.readable().await.unwrap();
                let mut lines = Vec::new();
                while let Some(heard) = hear(&mut incoming, &stream, &mut terminal) {
                    lines.extend(heard.inputs.iter().map(|input| input.text.to_owned()));
                }
                let enters = if letter == 'M' { 3 } else { 1 };
                assert_eq!(lines.len(), enters, "{letter}: {lines:?}");
                assert!(lines[enters - 1].ends_with("end"), "{letter}: {lines:?}");
            }
        });
    }

    #[test]
    fn a_stop_looks_at_keys_up_to_the_last_line_end() {
        run_test(async {
            let (stream, _peer, mut incoming, mut terminal) = editing("").await;
            incoming.decoder.keep(b"one\rtwo\nthree\x1bb\x05");
            incoming.drop_unfinished_keys();
            assert_eq!(incoming.decoder.waiting(), b"one\rtwo\n");
            while incoming.has_waiting() {
                hear(&mut incoming, &stream, &mut terminal);
            }
            incoming.decoder.keep(b"\x1bb\x05");
            incoming.drop_unfinished_keys();
            assert!(!incoming.has_waiting());
            incoming.decoder.keep(b"from the keypad\x1bOMthen not");
            incoming.drop_unfinished_keys();
            assert_eq!(incoming.decoder.waiting(), b"from the keypad\x1bOM");
        });
    }

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
