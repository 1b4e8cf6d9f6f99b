//! The attackers: one thread drives all connections of an attack until it is told to stop.
//!
//! It waits in an epoll instance of its own. A connection that has ended is made again when its load says; what fails otherwise is
//! tried again a little later, as the server may be at its limits or gone. The counts are shared with the round.

use super::super::clock::now;
use super::attack::{Attack, From, LOAD, Load, Reads, Reconnect, To};
use super::connect;
use super::counts::Counts;
use super::network::{self, Addresses};
use super::peer::{Peer, Step};
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Time between two checks of connections that read at a rate or wait to be made again.
const TICK: Duration = Duration::from_millis(5);
/// How long a disconnected client waits, if it does not reconnect at once.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a client waits that could not connect.
const RETRY: Duration = Duration::from_millis(10);
/// Events of one wait.
const EVENTS: usize = 256;
/// Bytes of one read.
const READ: usize = 64 * 1024;
/// The receive buffer of very slow readers, in bytes.
const SMALL_BUFFER: usize = 8 * 1024;
/// Readers below this rate, in bytes a second, are very slow.
const VERY_SLOW: usize = 10_000;

/// All connections of an attack.
#[derive(Debug)]
struct Attackers<'a> {
    /// The server that they connect to.
    server: Addresses,
    /// What is counted.
    counts: &'a Counts,
    /// The epoll instance.
    epoll: OwnedFd,
    /// The connections.
    peers: Vec<Peer>,
    /// Connections that wait to be made, and until when.
    waiting: Vec<(usize, Instant)>,
    /// Connections that read at a rate.
    rated: Vec<usize>,
    /// The read buffer.
    buffer: Vec<u8>,
}

/// The number of connections of an attack.
pub(super) fn size(attack: &Attack, idle_clients: usize) -> usize {
    idle_clients + attack.loads.iter().map(|load| load.connections).sum::<usize>()
}

/// Attacks until told to stop.
///
/// # Errors
/// The epoll instance fails.
pub(super) fn run(
    attack: &Attack,
    idle_clients: usize,
    server: Addresses,
    counts: &Counts,
) -> io::Result<()> {
    let mut loads = attack.loads.to_vec();
    // These connect first.
    loads.insert(
        0,
        Load { connections: idle_clients, from: From::Loopback, innocent: true, ..LOAD },
    );
    let peers: Vec<_> = (0..loads.len())
        .flat_map(|load| (0..loads[load].connections).map(move |number| (load, number)))
        .map(|(load, number)| Peer::new(load, number, loads[load]))
        .collect();
    let rated = (0..peers.len()).filter(|&it| matches!(peers[it].load.reads, Reads::Rate(_)));
    let mut attackers = Attackers {
        server,
        counts,
        epoll: epoll::create(CreateFlags::CLOEXEC)?,
        rated: rated.collect(),
        waiting: (0..peers.len()).map(|it| (it, now())).collect(),
        peers,
        buffer: vec![0; READ],
    };
    let mut events = Vec::with_capacity(EVENTS);
    let mut last = now();
    while !counts.stop.load(Ordering::Relaxed) {
        attackers.connect_due();
        let wait = Timespec { tv_sec: 0, tv_nsec: TICK.subsec_nanos().into() };
        events.clear();
        match epoll::wait(&attackers.epoll, spare_capacity(&mut events), Some(&wait)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in &events {
            attackers.handle_event(event);
        }
        let passed = last.elapsed();
        if passed >= TICK {
            last += passed;
            attackers.read_at_rates(passed);
        }
    }
    Ok(())
}

impl Attackers<'_> {
    /// Makes the connections that are due.
    fn connect_due(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let moment = now();
        for (it, due) in std::mem::take(&mut self.waiting) {
            if due > moment || self.counts.stop.load(Ordering::Relaxed) {
                self.waiting.push((it, due));
            } else if self.connect(it).is_err() {
                self.waiting.push((it, moment + RETRY));
            }
        }
    }

    /// Connects one.
    fn connect(&mut self, it: usize) -> io::Result<()> {
        let peer = &mut self.peers[it];
        let buffer = match peer.load.reads {
            Reads::Never => Some(SMALL_BUFFER),
            Reads::Rate(rate) if rate < VERY_SLOW => Some(SMALL_BUFFER),
            Reads::All | Reads::Rate(_) => None,
        };
        let socket = match peer.load.to {
            To::Admin => connect::begin_unix(&self.server.admin())?,
            To::Metrics => connect::begin(self.server.loopback(), self.server.metrics(), buffer)?,
            To::Chat => {
                let (from, to) =
                    network::route(self.server, peer.load.from, peer.group, peer.number);
                connect::begin(from, to, buffer)?
            }
        };
        peer.begin(socket);
        epoll::add(&self.epoll, peer.socket()?, EventData::new_u64(it as u64), peer.wanted())?;
        self.counts.connects.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Reads and writes what an event allows.
    fn handle_event(&mut self, event: &Event) {
        let (flags, data) = (event.flags, event.data);
        let it = data.u64() as usize;
        let peer = &mut self.peers[it];
        let mut step = Step::Stays;
        let readable = flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR);
        if readable {
            step = peer.read(&mut self.buffer, self.counts);
        }
        if step == Step::Stays && flags.contains(EventFlags::OUT) {
            step = peer.write(self.counts);
        }
        self.finish_step(it, step);
    }

    /// Reads from the connections that read at a rate.
    fn read_at_rates(&mut self, passed: Duration) {
        for index in 0..self.rated.len() {
            let it = self.rated[index];
            let step = self.peers[it].read_at_rate(passed, &mut self.buffer, self.counts);
            self.finish_step(it, step);
        }
    }

    /// Acts on the outcome of a step.
    fn finish_step(&mut self, it: usize, step: Step) {
        let peer = &mut self.peers[it];
        match step {
            Step::Stays => {
                if let Some(wanted) = peer.changed()
                    && let Ok(socket) = peer.socket()
                {
                    // It fails only for a closed socket, which the next event reports.
                    let _ =
                        epoll::modify(&self.epoll, socket, EventData::new_u64(it as u64), wanted);
                }
            }
            Step::Leaves | Step::Disconnected => {
                let disconnected = step == Step::Disconnected;
                if disconnected && peer.load.innocent && !self.counts.stop.load(Ordering::Relaxed) {
                    self.counts.innocents_disconnected.fetch_add(1, Ordering::Relaxed);
                }
                let pause = if peer.load.reconnect == Reconnect::WhenDisconnected {
                    PAUSE
                } else {
                    Duration::ZERO
                };
                peer.leave();
                self.waiting.push((it, now() + pause));
            }
        }
    }
}
