//! The invariants of delivery over real sockets: people who come, talk, rename themselves, quit, hang up, break
//! off and stop reading, all at once; what each of them saw and sent is compared with what an observer saw.
//!
//! The plans of all people follow from a seed, the interleaving does not: a failure names the seed, and the command
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

/// How somebody's plan ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    /// With `/quit`.
    Quit,
    /// By closing his side.
    Eof,
    /// By breaking off.
    Reset,
    /// He reads nothing from the start, and breaks off when everybody else has finished.
    Frozen,
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

/// What somebody is going to do.
#[derive(Debug)]
struct Plan {
    id: u64,
    bursts: Vec<Burst>,
    exit: Exit,
}

/// What a test is like.
#[derive(Clone, Copy, Debug)]
struct Shape {
    /// How many come.
    people: u64,
    /// Most writes of each.
    bursts: usize,
    /// Most bytes of a line.
    line: usize,
    /// One in so many never reads.
    frozen: usize,
}

impl Plan {
    fn new(id: u64, shape: Shape, random: &mut Random) -> Self {
        let exit = match random.below(8) {
            _ if random.one_in(shape.frozen) => Exit::Frozen,
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
                    burst.utterances.push((rooms.current(), Utterance::Did(text.clone())));
                    format!("/me {text}")
                }
                _ => {
                    burst.utterances.push((rooms.current(), Utterance::Said(text.clone())));
                    text
                }
            };
            burst.bytes.extend_from_slice(typed.as_bytes());
            burst.bytes.extend_from_slice(if random.one_in(2) { b"\r\n" } else { b"\n" });
        }
        burst
    }
}

/// What became of somebody.
#[derive(Debug)]
struct Life {
    id: u64,
    sent: Vec<(&'static str, Utterance)>,
    seen: Vec<String>,
    end: End,
    /// Whether the server ended a connection on which all was read.
    thrown_out: bool,
}

/// One end of a connection.
struct Line {
    stream: TcpStream,
    /// What was read after the last whole line.
    partial: Vec<u8>,
    /// Whole lines that were read.
    seen: Vec<String>,
    /// Bytes to be written.
    outbox: VecDeque<u8>,
}

impl Line {
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

/// What somebody who stays asks for last: once it is answered, all that he said has been heard.
const LAST: &str = "/done";

/// Somebody's time in the room. `over` is cancelled when all who have something to say have said it; whoever stays
/// says by `done` that he has.
async fn live(
    plan: Plan,
    address: SocketAddr,
    over: CancellationToken,
    mut done: Option<oneshot::Sender<()>>,
) -> Life {
    let Plan { id, bursts, exit } = plan;
    let frozen = exit == Exit::Frozen;
    let receive_buffer = frozen.then_some(4096);
    let mut line = Line::connect(address, receive_buffer).await.expect("the server listens");
    let mut life =
        Life { id, sent: Vec::new(), seen: Vec::new(), end: End::Broken, thrown_out: false };
    let mut bursts = bursts.into_iter();
    let mut next = bursts.next();
    let mut pause = pin!(sleep(Duration::ZERO));
    let mut leaving = false;
    let goes_on = loop {
        if next.is_none() && line.outbox.is_empty() && !leaving {
            match exit {
                Exit::Quit => line.outbox.extend(b"/quit so long\n"),
                // It may have been thrown out already, which reading will tell.
                Exit::Eof => drop(line.stream.shutdown_now(Shutdown::Write)),
                Exit::Reset => break true,
                Exit::Stay => line.outbox.extend(format!("{LAST}\n").as_bytes()),
                Exit::Frozen => {}
            }
            leaving = true;
        }
        let goes_on = select! {
            read = line.stream.readable(), if !frozen => read.is_ok() && line.read(),
            write = line.stream.writable(), if !line.outbox.is_empty() => write.is_ok() && line.write(),
            () = pause.as_mut(), if next.is_some() && line.outbox.is_empty() => {
                if let Some(burst) = next.take() {
                    line.outbox.extend(burst.bytes);
                    life.sent.extend(burst.utterances);
                }
                next = bursts.next();
                let after = next.as_ref().map_or(Duration::ZERO, |burst| burst.pause);
                pause.as_mut().reset(Instant::now() + after);
                true
            }
            () = over.cancelled(), if frozen && leaving => break true,
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
    life.end = match exit {
        Exit::Quit | Exit::Eof if in_peace => End::Left,
        Exit::Stay if in_peace => End::Stayed,
        _ => End::Broken,
    };
    life.thrown_out = !goes_on && !in_peace && !frozen;
    life.seen = line.reset();
    life
}

/// Reads everything to the end of the server. Once everybody has said what he had to say he asks who is here, and
/// says when it was only those who stay.
async fn observe(
    address: SocketAddr,
    welcomed: CancellationToken,
    over: CancellationToken,
    staying: usize,
    alone: CancellationToken,
) -> Vec<String> {
    let mut line = Line::connect(address, None).await.expect("the server listens");
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

/// A run of this shape for this seed. Gives the number of people who were cut.
async fn try_out(seed: u64, shape: Shape) -> usize {
    let mut random = Random::new(seed);
    let bounds = QueueLimits { hard: 256 << 10, ..QueueLimits::default() };
    let config = Config { queue_limits: bounds, max_connections: 2_000, ..Config::default() };
    let server = TestServer::with(config.without_limits());
    let plans: Vec<_> = (1..=shape.people).map(|id| Plan::new(id, shape, &mut random)).collect();
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
        let life = spawn(live(plan, server.address, over.clone(), done));
        match exit {
            Exit::Stay => waiting.push((life, Some(said_all))),
            Exit::Frozen => waiting.push((life, None)),
            _ => leaving.push(life),
        }
    }
    let mut lives = Vec::new();
    for life in leaving {
        lives.push(life.await.expect("nobody panics"));
    }
    for (_, said_all) in &mut waiting {
        if let Some(said_all) = said_all {
            said_all.await.expect("whoever stays is not thrown out");
        }
    }
    over.cancel();
    let start = Instant::now();
    let calm = timeout(PATIENCE, alone.cancelled()).await;
    let took = start.elapsed();
    server.stop().await;
    for (life, _) in waiting {
        lives.push(life.await.expect("nobody panics"));
    }

    let mut checker = Checker::new(0);
    let seen = observer.await.expect("the observer does not panic");
    let cut = seen.iter().filter(|line| line.ends_with(" left (too slow)")).count();
    checker.saw(0, seen);
    checker.drained(took, PATIENCE);
    let thrown_out: Vec<_> = lives.iter().filter(|life| life.thrown_out).map(|l| l.id).collect();
    for Life { id, sent, seen, end, .. } in lives {
        sent.into_iter().for_each(|(room, utterance)| checker.sent_in(room, id, utterance));
        checker.saw(id, seen);
        checker.ended(id, end);
    }
    let summary = checker::expect(&checker, seed, "invariants");
    assert_eq!(thrown_out, [], "they were reading (seed {seed}: {summary:?})");
    assert!(calm.is_ok(), "somebody is still there (seed {seed}: {summary:?})");
    println!("seed {seed}: {summary:?}, {cut} cut, calm after {took:?}");
    cut
}

/// Few people, much to read: the pace is at work, and those who never read are cut.
#[test]
fn the_invariants_hold_for_few_who_say_much() {
    let shape = Shape { people: 40, bursts: 40, line: 1_500, frozen: 8 };
    let mut cut = 0;
    for seed in checker::seeds(3) {
        cut += support::run(try_out(seed, shape));
    }
    assert!(cut > 0, "of those who never read, some were owed too much");
}

/// Many people, more than are announced one by one.
#[test]
fn the_invariants_hold_for_many_who_say_little() {
    let shape = Shape { people: 400, bursts: 3, line: 60, frozen: 50 };
    for seed in checker::seeds(2) {
        support::run(try_out(seed, shape));
    }
}
