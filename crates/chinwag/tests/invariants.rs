//! The invariants of delivery over real sockets: clients that join, talk, change their nicks, quit, close, reset
//! and stop reading, all at once; what each of them saw and sent is compared with what an observer saw.
//!
//! The plans of all clients follow from a seed, the interleaving does not: a failure names the seed, and the command
//! that tries it again.
#![forbid(unsafe_code)]

#[path = "support/checker.rs"]
mod checker;
#[path = "support/mod.rs"]
mod support;

use checker::{Checker, End, Random, Rooms, Utterance};
use chinwag::Config;
use chinwag::QueueLimits;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::{Shutdown, SocketAddr};
use std::pin::pin;
use std::time::Duration;
use support::{PATIENCE, TestServer};
use whippet::net::{TcpSocket, TcpStream};
use whippet::sync::{CancellationToken, oneshot};
use whippet::time::{Instant, sleep, timeout};
use whippet::{select, spawn};

/// How a client's plan ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    /// With `/quit`.
    Quit,
    /// By closing its side.
    Eof,
    /// By a reset.
    Reset,
    /// It reads nothing from the start, and resets when all others have finished.
    NeverReads,
    /// Not before the server does.
    Stay,
}

/// One write, and what of it the others are to see.
#[derive(Debug)]
struct Burst {
    /// The bytes.
    bytes: Vec<u8>,
    /// The lines for rooms in it, with the room of each.
    utterances: Vec<(&'static str, Utterance)>,
    /// The pause before it.
    pause: Duration,
}

/// What a client is going to do.
#[derive(Debug)]
struct Plan {
    id: u64,
    bursts: Vec<Burst>,
    exit: Exit,
}

/// What a test is like.
#[derive(Clone, Copy, Debug)]
struct Shape {
    /// How many clients connect.
    clients: u64,
    /// Most writes of each.
    bursts: usize,
    /// Most bytes of a line.
    line: usize,
    /// One in so many never reads.
    never_reading: usize,
}

impl Plan {
    fn new(id: u64, shape: Shape, random: &mut Random) -> Self {
        let exit = match random.below(8) {
            _ if random.one_in(shape.never_reading) => Exit::NeverReads,
            0..2 => Exit::Quit,
            2..4 => Exit::Eof,
            4..6 => Exit::Reset,
            _ => Exit::Stay,
        };
        let count = 1 + random.below(shape.bursts);
        let mut rooms = Rooms::new();
        let burst = |number| Burst::new(id, number, shape, &mut rooms, random);
        let bursts = (0..count).map(burst).collect();
        Self { id, bursts, exit }
    }
}

impl Burst {
    fn new(id: u64, number: usize, shape: Shape, rooms: &mut Rooms, random: &mut Random) -> Self {
        let pause = Duration::from_micros(random.below(8_000) as u64);
        let mut burst = Self { bytes: Vec::new(), utterances: Vec::new(), pause };
        for line in 0..=random.below(5) {
            let text = format!("{id}.{number}.{line} {}", "y".repeat(random.below(shape.line)));
            let typed = match random.below(20) {
                0 => format!("/nick nick-{}", random.below(20)),
                1 => format!("/nick NICK-{}", random.below(20)),
                2 => "/who".to_owned(),
                3 => "/unknown".to_owned(),
                5 => ["/time on", "/time off", "/rooms", "/history"][random.below(4)].to_owned(),
                6 => format!("/msg nick-{} {text}", random.below(20)),
                7 | 8 => rooms.go(random),
                4 => {
                    burst.utterances.push((rooms.current(), Utterance::Action(text.clone())));
                    format!("/me {text}")
                }
                _ => {
                    burst.utterances.push((rooms.current(), Utterance::Say(text.clone())));
                    text
                }
            };
            burst.bytes.extend_from_slice(typed.as_bytes());
            burst.bytes.extend_from_slice(if random.one_in(2) { b"\r\n" } else { b"\n" });
        }
        burst
    }
}

/// What became of a client.
#[derive(Debug)]
struct Outcome {
    id: u64,
    sent: Vec<(&'static str, Utterance)>,
    seen: Vec<String>,
    end: End,
    /// Whether the server ended a connection on which all was read.
    was_disconnected: bool,
}

/// One end of a connection.
struct Connection {
    stream: TcpStream,
    /// What was read after the last whole line.
    partial: Vec<u8>,
    /// Whole lines that were read.
    seen: Vec<String>,
    /// Bytes to be written.
    outbox: VecDeque<u8>,
}

impl Connection {
    async fn connect(address: SocketAddr, receive_buffer: Option<u32>) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        let stream = socket.connect(address).await?;
        Ok(Self { stream, partial: Vec::new(), seen: Vec::new(), outbox: VecDeque::new() })
    }

    /// Reads what there is. Says whether the stream goes on.
    fn read(&mut self) -> bool {
        let mut buffer = [0; 8192];
        match self.stream.try_read(&mut buffer) {
            Ok(0) => return false,
            Ok(count) => self.partial.extend_from_slice(&buffer[..count]),
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
        let Some(end) = self.partial.iter().rposition(|&byte| byte == b'\n') else { return true };
        let rest = self.partial.split_off(end + 1);
        let whole = std::mem::replace(&mut self.partial, rest);
        let whole = String::from_utf8(whole).expect("the server writes UTF-8");
        self.seen.extend(whole.split_terminator("\r\n").map(str::to_owned));
        true
    }

    /// Writes what the kernel takes. Says whether the stream goes on.
    fn write(&mut self) -> bool {
        let (bytes, _) = self.outbox.as_slices();
        match self.stream.try_write(bytes) {
            Ok(count) => {
                self.outbox.drain(..count);
                true
            }
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        }
    }

    /// Ends it with a reset.
    fn reset(self) -> Vec<String> {
        // It may have been broken by the other side already.
        let _ = self.stream.set_linger(Some(Duration::ZERO));
        self.seen
    }
}

/// The last line of a client that stays: once it is answered, all that it sent has been handled.
const LAST: &str = "/done";

/// Runs one client. `over` is cancelled when all clients have sent what they had to send; one that stays reports that
/// by `done`.
async fn run_client(
    plan: Plan,
    address: SocketAddr,
    over: CancellationToken,
    mut done: Option<oneshot::Sender<()>>,
) -> Outcome {
    let Plan { id, bursts, exit } = plan;
    let never_reads = exit == Exit::NeverReads;
    let receive_buffer = never_reads.then_some(4096);
    let mut line = Connection::connect(address, receive_buffer).await.expect("the server listens");
    let mut outcome = Outcome {
        id,
        sent: Vec::new(),
        seen: Vec::new(),
        end: End::Broken,
        was_disconnected: false,
    };
    let mut bursts = bursts.into_iter();
    let mut next = bursts.next();
    let mut pause = pin!(sleep(Duration::ZERO));
    let mut leaving = false;
    let goes_on = loop {
        if next.is_none() && line.outbox.is_empty() && !leaving {
            match exit {
                Exit::Quit => line.outbox.extend(b"/quit so long\n"),
                // It may have been disconnected already, which the next read shows.
                Exit::Eof => drop(line.stream.shutdown_now(Shutdown::Write)),
                Exit::Reset => break true,
                Exit::Stay => line.outbox.extend(format!("{LAST}\n").as_bytes()),
                Exit::NeverReads => {}
            }
            leaving = true;
        }
        let goes_on = select! {
            read = line.stream.readable(), if !never_reads => read.is_ok() && line.read(),
            write = line.stream.writable(), if !line.outbox.is_empty() => write.is_ok() && line.write(),
            () = pause.as_mut(), if next.is_some() && line.outbox.is_empty() => {
                if let Some(burst) = next.take() {
                    line.outbox.extend(burst.bytes);
                    outcome.sent.extend(burst.utterances);
                }
                next = bursts.next();
                let after = next.as_ref().map_or(Duration::ZERO, |burst| burst.pause);
                pause.as_mut().reset(Instant::now() + after);
                true
            }
            () = over.cancelled(), if never_reads && leaving => break true,
        };
        if !goes_on {
            break false;
        }
        if leaving
            && done.is_some()
            && line.seen.iter().rev().any(|line| line.contains("! unknown") && line.contains(LAST))
        {
            done.take().map(|done| done.send(()));
        }
    };
    let in_peace = !goes_on && leaving && line.outbox.is_empty() && line.partial.is_empty();
    outcome.end = match exit {
        Exit::Quit | Exit::Eof if in_peace => End::Left,
        Exit::Stay if in_peace => End::Stayed,
        _ => End::Broken,
    };
    outcome.was_disconnected = !goes_on && !in_peace && !never_reads;
    outcome.seen = line.reset();
    outcome
}

/// Reads everything to the end of the server. Once all clients have sent what they had to send it asks who is here, and
/// reports when it is only those who stay.
async fn observe(
    address: SocketAddr,
    welcomed: CancellationToken,
    over: CancellationToken,
    staying: usize,
    alone: CancellationToken,
) -> Vec<String> {
    let mut line = Connection::connect(address, None).await.expect("the server listens");
    let mut looked_at = 0;
    let mut ask = pin!(sleep(Duration::ZERO));
    let here = format!("* {} in #lobby: ", staying + 1);
    line.outbox.extend(b"/join #dev\n/join #ops\n");
    loop {
        let goes_on = select! {
            read = line.stream.readable() => read.is_ok() && line.read(),
            write = line.stream.writable(), if !line.outbox.is_empty() => write.is_ok() && line.write(),
            () = ask.as_mut(), if over.is_cancelled() && !alone.is_cancelled() => {
                line.outbox.extend(b"/who #lobby\n");
                ask.as_mut().reset(Instant::now() + Duration::from_millis(20));
                true
            }
            () = over.cancelled(), if !over.is_cancelled() => true,
        };
        if !goes_on {
            return line.seen;
        }
        if line.seen[looked_at..].iter().any(|line| line == "* you joined #ops") {
            welcomed.cancel();
        }
        let answered = |line: &String| over.is_cancelled() && line.starts_with(&here);
        if line.seen[looked_at..].iter().any(answered) {
            alone.cancel();
        }
        looked_at = line.seen.len();
    }
}

/// A run of this shape for this seed. Returns the number of clients that were disconnected.
async fn try_out(seed: u64, shape: Shape) -> usize {
    let mut random = Random::new(seed);
    let queue_limits = QueueLimits { hard: 256 << 10, ..QueueLimits::default() };
    let config = Config { queue_limits, max_connections: 2_000, ..Config::default() };
    let server = TestServer::with(config.without_limits());
    let plans: Vec<_> = (1..=shape.clients).map(|id| Plan::new(id, shape, &mut random)).collect();
    let staying = plans.iter().filter(|plan| plan.exit == Exit::Stay).count();

    let [welcomed, over, alone] = std::array::from_fn(|_| CancellationToken::new());
    let observer = observe(server.address, welcomed.clone(), over.clone(), staying, alone.clone());
    let observer = spawn(observer);
    welcomed.cancelled().await;
    let (mut leaving, mut waiting) = (Vec::new(), Vec::new());
    for plan in plans {
        let exit = plan.exit;
        let (done, said_all) = oneshot::channel();
        let done = (exit == Exit::Stay).then_some(done);
        let outcome = spawn(run_client(plan, server.address, over.clone(), done));
        match exit {
            Exit::Stay => waiting.push((outcome, Some(said_all))),
            Exit::NeverReads => waiting.push((outcome, None)),
            _ => leaving.push(outcome),
        }
    }
    let mut outcomes = Vec::new();
    for outcome in leaving {
        outcomes.push(outcome.await.expect("nobody panics"));
    }
    for (_, said_all) in &mut waiting {
        if let Some(said_all) = said_all {
            said_all.await.expect("a client that stays is not disconnected");
        }
    }
    over.cancel();
    let start = Instant::now();
    let calm = timeout(PATIENCE, alone.cancelled()).await;
    let took = start.elapsed();
    server.stop().await;
    for (outcome, _) in waiting {
        outcomes.push(outcome.await.expect("nobody panics"));
    }

    let mut checker = Checker::new(0);
    let seen = observer.await.expect("the observer does not panic");
    let disconnected = seen.iter().filter(|line| line.ends_with(" left (too slow)")).count();
    checker.saw(0, seen);
    checker.drained(took, PATIENCE);
    let was_disconnected: Vec<_> =
        outcomes.iter().filter(|outcome| outcome.was_disconnected).map(|l| l.id).collect();
    for Outcome { id, sent, seen, end, .. } in outcomes {
        sent.into_iter().for_each(|(room, utterance)| checker.sent_in(room, id, utterance));
        checker.saw(id, seen);
        checker.ended(id, end);
    }
    let summary = checker::expect(&checker, seed, "invariants");
    assert_eq!(was_disconnected, [], "they were reading (seed {seed}: {summary:?})");
    assert!(calm.is_ok(), "a client is still there (seed {seed}: {summary:?})");
    println!("seed {seed}: {summary:?}, {disconnected} disconnected, calm after {took:?}");
    disconnected
}

/// Few clients, much to read: flow control is at work, and those that never read are disconnected.
#[test]
fn the_invariants_hold_for_few_who_say_much() {
    let shape = Shape { clients: 40, bursts: 40, line: 1_500, never_reading: 8 };
    let mut disconnected = 0;
    for seed in checker::seeds(3) {
        disconnected += support::run(try_out(seed, shape));
    }
    assert!(disconnected > 0, "of those that never read, some are over the hard limit");
}

/// Many clients, more than are announced one by one.
#[test]
fn the_invariants_hold_for_many_who_say_little() {
    let shape = Shape { clients: 400, bursts: 3, line: 60, never_reading: 50 };
    for seed in checker::seeds(2) {
        support::run(try_out(seed, shape));
    }
}
