//! Rooms, people, inboxes and events of a server filled to their limits at once, in one process whose allocator counts, beside the sum that
//! [`MemoryBound`] promises.
//!
//! ```text
//!   a server ─► rooms that remember all they can ─► people with all they can have, who do not read ─► events, made and kept
//!      base            what they added                      what they added                               what they added
//! ```
//!
//! People are plain blocking sockets, so that they allocate nothing that would be counted.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::chat::bans::{Ban, BanTarget, Bans};
use crate::chat::event::{ClientId, CommandBatch, Event};
use crate::limits::{
    CONTROL_QUEUE, EVENT_QUEUE, HISTORY_BYTES, HISTORY_LINES, MAX_BANS, MAX_DEFERRED_EVENTS,
    MAX_EVENT_BYTES, MAX_IGNORED, MAX_LINE_BYTES, MAX_QUOTED, MAX_ROOMS, MAX_ROOMS_PER_USER,
};
use crate::protocol::command::{Command, CommandKind};
use crate::server::Server;
use crate::server::config::Config;
use crate::server::listen::listen;
use crate::server::memory_bound::MemoryBound;
use crate::server::resources::Resources;
use crate::server::socket_options::SocketOptions;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use whippet::runtime::{Builder, Runtime};
use whippet::sync::CancellationToken;
use whippet::time::Instant;

/// How long anything that must come may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks at whether the server is at rest.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Looks in a row that must see the same.
const SAME: usize = 15;
/// How long a thread for blocking calls waits for the next one: as long as it waits, what it has allocated is counted.
const KEEP_ALIVE: Duration = Duration::from_millis(100);
/// Times that a reader asks for all that a room remembers.
const ASKED: usize = 8;
/// Nearly the longest line.
const LONG: usize = MAX_LINE_BYTES - 6;
/// Lines so long, and shorter ones behind them, that fill both of what a room remembers: lines and bytes.
const LONG_LINES: usize = 7;

/// What is filled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Rooms beside the lobby.
    pub(crate) rooms: usize,
    /// People.
    pub(crate) people: usize,
}

/// One row of the comparison: what was filled, what may be held, what is held.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// What.
    pub(crate) what: String,
    /// Bytes that the bound says.
    pub(crate) bound: u64,
    /// Bytes that are allocated.
    pub(crate) held: u64,
}

/// Fills a server on this runtime. `allocated` says how many bytes are allocated in this process.
pub(crate) fn fill(
    servers: &Runtime,
    size: Size,
    allocated: impl Fn() -> i64,
) -> io::Result<Vec<Row>> {
    let base = allocated();
    let config = config(size);
    let bound = MemoryBound::of(&config);
    let shutdown = CancellationToken::new();
    let (address, server) = {
        let _entered = servers.enter();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listeners = listen(&[any]).map_err(io::Error::other)?;
        let address = listeners[0].local_addr()?;
        let resources = Resources { bans: bans(), ..Resources::default() };
        let server = Server::with_resources(listeners, config.clone(), resources)?;
        (address, whippet::spawn(server.run(shutdown.clone())))
    };
    let mut people = Vec::with_capacity(size.people);
    for _ in 0..size.people {
        people.push(Person::join(address)?);
    }
    settle(&allocated);
    let mut rows = Vec::new();
    let each = |what| bound.terms.iter().find(|term| term.what == what).map_or(0, |term| term.each);
    let mut row = |what: &str, bound: u64, before: i64| {
        let now = settle(&allocated);
        let held = u64::try_from(now - before).unwrap_or(0);
        rows.push(Row { what: what.to_owned(), bound, held });
        now
    };

    let before = allocated();
    let rooms = fill_rooms(&mut people, size.rooms)?;
    let before = row(&format!("{rooms} rooms"), rooms as u64 * each("rooms"), before);

    let (readers, others) = people.split_at_mut(size.people / 2);
    fill_people(others)?;
    let before =
        row(&format!("{} people", others.len()), others.len() as u64 * each("connections"), before);
    for reader in &mut *readers {
        // As many as one read brings, of which one answer is more than may be owed before no more is read.
        reader.send(&b"/history 200\n".repeat(ASKED))?;
    }
    let before = row("frames", config.max_buffered_bytes as u64, before);

    let (queued, waiting) = events();
    let places = (EVENT_QUEUE + CONTROL_QUEUE) as u64 * each("events in the queue");
    let kept = MAX_DEFERRED_EVENTS as u64 * each("events that wait for slow rooms");
    row("events", places + kept, before);
    row("all of it", bound.allocated(), base);
    drop((queued, waiting));

    shutdown.cancel();
    drop(people);
    servers.block_on(server).map_err(io::Error::other)??;
    Ok(rows)
}

/// The server: buffers of the kernel that are soon full, and everyone fits.
fn config(size: Size) -> Config {
    let sockets = SocketOptions { send_buffer: 4096, ..SocketOptions::default() };
    let mut config = Config { max_connections: size.people, sockets, ..Config::default() };
    config.queue_limits.stall_timeout = Duration::from_secs(3600);
    // What the readers ask for stays short of where clients are disconnected for it.
    config.max_buffered_bytes = size.people / 2 * ASKED * 2 * HISTORY_BYTES;
    config.shutdown_timeout = Duration::from_secs(2);
    config.without_limits()
}

/// As many bans as there can be.
fn bans() -> Bans {
    let mut bans = Bans::default();
    for number in 0..MAX_BANS {
        let target = BanTarget::parse(&format!("mallory-{number:012}*")).expect("a pattern");
        let reason = format!("\"{}\"", "x".repeat(MAX_QUOTED)).into();
        bans.add(Ban { target, until: None, reason }, 0).expect("there is room");
    }
    bans
}

/// Waits until nothing changes any more; how many bytes are allocated then.
#[expect(clippy::disallowed_methods, reason = "nothing tells that a server does nothing any more")]
fn settle(allocated: &impl Fn() -> i64) -> i64 {
    let (began, mut last, mut same) = (Instant::now(), allocated(), 0);
    while same < SAME && began.elapsed() < PATIENCE {
        std::thread::sleep(LOOK_EVERY);
        let now = allocated();
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
    last
}

/// Everybody in as many rooms as can be, until there are so many, each with a topic and all the lines that it remembers. How
/// many there are.
fn fill_rooms(people: &mut [Person], wanted: usize) -> io::Result<usize> {
    let mut rooms = 0;
    for (at, person) in people.iter_mut().enumerate() {
        for number in 0..MAX_ROOMS_PER_USER - 1 {
            if rooms == wanted {
                return Ok(rooms);
            }
            person.say(&format!("/join #room-{at}-{number}-{}", "x".repeat(40)))?;
            for _ in 0..LONG_LINES {
                person.say(&"x".repeat(LONG))?;
            }
            let shorter = HISTORY_LINES - LONG_LINES;
            let rest = HISTORY_BYTES - LONG_LINES * LONG;
            for _ in 0..shorter {
                person.say(&"y".repeat(rest / shorter))?;
            }
            person.say(&format!("/topic {number}{}", "\"".repeat(MAX_QUOTED / 2)))?;
            person.wait_for(b"the topic of #room-")?;
            rooms += 1;
        }
    }
    Ok(rooms)
}

/// They have all that a person can have: people whom they ignore, words for being away, a line under way or a full editor
/// with a paste that is asked about.
fn fill_people(people: &mut [Person]) -> io::Result<()> {
    let all = people.len();
    for (at, person) in people.iter_mut().enumerate() {
        // The first half of all people, who are none of these.
        for other in (1..=all).take(MAX_IGNORED) {
            person.say(&format!("/ignore user-{other}"))?;
        }
        person.say(&format!("/away {}", "x".repeat(MAX_QUOTED)))?;
        person.wait_for(b"until you type /away again")?;
        if at % 2 == 0 {
            person.send(&b"x".repeat(MAX_LINE_BYTES - 1))?;
        } else {
            person.say("/part #lobby")?;
            person.say("/edit on")?;
            person.wait_for(b"\xff\xfb\x01")?;
            person.send(b"\xff\xfd\x01\xff\xfd\x03")?;
            person.wait_for(b"editing is on")?;
            for number in 0..6 {
                person.send(&[&number_letters(number)[..], b"\r"].concat())?;
            }
            // What is cut out, another line that becomes the draft, and an earlier one in its place.
            person
                .send(&[&number_letters(7)[..], b"\x15", &number_letters(8), b"\x1b[A"].concat())?;
            // A paste that is asked about.
            let line = [&number_letters(9)[..], b"\r"].concat();
            person.send(&[b"\x1b[200~", &line.repeat(9)[..], b"\x1b[201~"].concat())?;
        }
    }
    Ok(())
}

/// The longest line of one letter.
fn number_letters(number: u8) -> Vec<u8> {
    vec![b'a' + number; LONG]
}

/// As many events as can be on their way to the broker, and as many as can wait for slow rooms.
fn events() -> (Vec<Event>, Vec<Event>) {
    let queued = (0..EVENT_QUEUE + CONTROL_QUEUE).map(event).collect();
    let waiting = (0..MAX_DEFERRED_EVENTS).map(|number| {
        let mut event = event(number);
        event.shrink();
        event
    });
    (queued, waiting.collect())
}

/// An event as full as can be: of many short lines, or of a few long ones.
fn event(number: usize) -> Event {
    let mut inputs = CommandBatch::new();
    let text = "x".repeat(if number.is_multiple_of(2) { 1 } else { MAX_EVENT_BYTES / 5 });
    while inputs.fits(text.len()) {
        inputs.push(Command { kind: CommandKind::Say, text: &text });
    }
    Event::Lines { id: ClientId::new(number as u64), inputs }
}

/// Somebody on a plain socket.
#[derive(Debug)]
struct Person {
    /// The connection.
    stream: TcpStream,
}

impl Person {
    #[expect(clippy::disallowed_methods, reason = "a connection that allocates nothing here")]
    fn join(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let mut person = Self { stream };
        person.wait_for(b"/help")?;
        Ok(person)
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    fn say(&mut self, line: &str) -> io::Result<()> {
        self.send(format!("{line}\n").as_bytes())
    }

    /// Reads until these bytes have come.
    fn wait_for(&mut self, wanted: &[u8]) -> io::Result<()> {
        self.read_until(wanted).map_err(|error| {
            let wanted = wanted.escape_ascii();
            io::Error::other(format!("waited for \"{wanted}\": {error}"))
        })
    }

    fn read_until(&mut self, wanted: &[u8]) -> io::Result<()> {
        let mut found = 0;
        let mut bytes = [0; 4096];
        loop {
            let read = self.stream.read(&mut bytes)?;
            if read == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            for &byte in &bytes[..read] {
                found =
                    if byte == wanted[found] { found + 1 } else { usize::from(byte == wanted[0]) };
                if found == wanted.len() {
                    return Ok(());
                }
            }
        }
    }
}

/// The allocator of the tests, which counts.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

/// Bytes that are allocated in this process.
fn allocated() -> i64 {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated as i64 - stats.bytes_deallocated as i64
}

/// Fills limits in this process, and compares each part with the bound. Prints a line for each: `filled NAME BOUND HELD`.
fn fill_and_compare(size: Size) {
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).thread_keep_alive(KEEP_ALIVE).enable_all().build();
    let rows = fill(&runtime.expect("a runtime"), size, allocated).expect("all of it is filled");
    for Row { what, bound, held } in rows {
        println!("filled {} {bound} {held}", what.replace(' ', "-"));
        assert!(held <= bound, "{what}: {held} bytes are held, {bound} promised");
        // That it was filled at all: of what readers ask for the kernel takes as much as it likes.
        assert!(what == "all of it" || held >= bound / 32, "{what}: {held} of {bound} bytes");
    }
}

/// The small fill, in a process of its own: the others of this one allocate, too.
#[test]
fn filled_limits_stay_below_the_bound() {
    let test = "server::memory_fill::fills_some_limits";
    let mut command = std::process::Command::new(std::env::current_exe().expect("this program"));
    let output = command.args(["--ignored", "--exact", "--nocapture", test]).output();
    let output = output.expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.lines().filter(|line| line.contains("filled ")).count() == 5, "{text}");
}

#[test]
#[ignore = "counts all that its process allocates: filled_limits_stay_below_the_bound runs it alone"]
fn fills_some_limits() {
    fill_and_compare(Size { rooms: 60, people: 24 });
}

/// Every room that there can be, and as many people as fill them twice.
#[test]
#[ignore = "counts all that its process allocates: `cargo xtask reliability memory` runs it alone"]
fn fills_all_limits() {
    fill_and_compare(Size { rooms: MAX_ROOMS - 1, people: 110 });
}
