//! The attackers: one thread that drives all connections of an attack until it is told to stop.
//!
//! It waits in an epoll of its own. A connection that was let go comes again as its load says; whatever else fails is tried
//! again a little later, as the server may be at its limits or gone. What is counted is shared with whoever watches.

use super::super::clock::now;
use super::attack::{Again, Attack, From, LOAD, Load, Reads, To};
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

/// Time between two looks at those who read at a rate or wait to come again.
const TICK: Duration = Duration::from_millis(5);
/// How long somebody waits who was let go, and does not storm.
const PAUSE: Duration = Duration::from_millis(100);
/// How long somebody waits who could not connect.
const RETRY: Duration = Duration::from_millis(10);
/// Events of one look.
const EVENTS: usize = 256;
/// Bytes of one read.
const READ: usize = 64 * 1024;
/// The receive buffer of those who hardly read, in bytes.
const SMALL_BUFFER: usize = 8 * 1024;
/// Bytes a second from which somebody reads slowly and not hardly.
const HARDLY: usize = 10_000;

/// All connections of an attack.
#[derive(Debug)]
struct Attackers<'a> {
    /// The server that they come to.
    server: Addresses,
    /// What is counted.
    counts: &'a Counts,
    /// The epoll.
    epoll: OwnedFd,
    /// The connections.
    peers: Vec<Peer>,
    /// Who waits to come again, and until when.
    absent: Vec<(usize, Instant)>,
    /// Who reads at a rate.
    rated: Vec<usize>,
    /// What is read into.
    buffer: Vec<u8>,
}

/// How many connections an attack has.
pub(super) fn size(attack: &Attack, crowd: usize) -> usize {
    crowd + attack.loads.iter().map(|load| load.peers).sum::<usize>()
}

/// Attacks until told to stop.
///
/// # Errors
/// There is no epoll.
pub(super) fn run(
    attack: &Attack,
    crowd: usize,
    server: Addresses,
    counts: &Counts,
) -> io::Result<()> {
    let mut loads = attack.loads.to_vec();
    // They come first, as they were there before.
    loads.insert(0, Load { peers: crowd, from: From::Loopback, innocent: true, ..LOAD });
    let peers: Vec<_> = (0..loads.len())
        .flat_map(|load| (0..loads[load].peers).map(move |number| (load, number)))
        .map(|(load, number)| Peer::new(load, number, loads[load]))
        .collect();
    let rated = (0..peers.len()).filter(|&it| matches!(peers[it].load.reads, Reads::Rate(_)));
    let mut swarm = Attackers {
        server,
        counts,
        epoll: epoll::create(CreateFlags::CLOEXEC)?,
        rated: rated.collect(),
        absent: (0..peers.len()).map(|it| (it, now())).collect(),
        peers,
        buffer: vec![0; READ],
    };
    let mut events = Vec::with_capacity(EVENTS);
    let mut last = now();
    while !counts.stop.load(Ordering::Relaxed) {
        swarm.come_again();
        let wait = Timespec { tv_sec: 0, tv_nsec: TICK.subsec_nanos().into() };
        events.clear();
        match epoll::wait(&swarm.epoll, spare_capacity(&mut events), Some(&wait)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in &events {
            swarm.turn(event);
        }
        let passed = last.elapsed();
        if passed >= TICK {
            last += passed;
            swarm.read_at_rates(passed);
        }
    }
    Ok(())
}

impl Attackers<'_> {
    /// Connects those whose time has come.
    fn come_again(&mut self) {
        if self.absent.is_empty() {
            return;
        }
        let moment = now();
        for (it, due) in std::mem::take(&mut self.absent) {
            if due > moment || self.counts.stop.load(Ordering::Relaxed) {
                self.absent.push((it, due));
            } else if self.connect(it).is_err() {
                self.absent.push((it, moment + RETRY));
            }
        }
    }

    /// Connects one.
    fn connect(&mut self, it: usize) -> io::Result<()> {
        let peer = &mut self.peers[it];
        let buffer = match peer.load.reads {
            Reads::Never => Some(SMALL_BUFFER),
            Reads::Rate(rate) if rate < HARDLY => Some(SMALL_BUFFER),
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

    /// Does what one event allows.
    fn turn(&mut self, event: &Event) {
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
        self.settle(it, step);
    }

    /// Lets those read who read at a rate.
    fn read_at_rates(&mut self, passed: Duration) {
        for place in 0..self.rated.len() {
            let it = self.rated[place];
            let step = self.peers[it].read_at_rate(passed, &mut self.buffer, self.counts);
            self.settle(it, step);
        }
    }

    /// Does what comes of a step.
    fn settle(&mut self, it: usize, step: Step) {
        let peer = &mut self.peers[it];
        match step {
            Step::Stays => {
                if let Some(wanted) = peer.changed()
                    && let Ok(socket) = peer.socket()
                {
                    // It fails only for a socket that is gone, which the next event tells.
                    let _ =
                        epoll::modify(&self.epoll, socket, EventData::new_u64(it as u64), wanted);
                }
            }
            Step::Leaves | Step::Cut => {
                let cut = step == Step::Cut;
                if cut && peer.load.innocent && !self.counts.stop.load(Ordering::Relaxed) {
                    self.counts.innocents_cut.fetch_add(1, Ordering::Relaxed);
                }
                let pause = if peer.load.again == Again::WhenCut { PAUSE } else { Duration::ZERO };
                peer.leave();
                self.absent.push((it, now() + pause));
            }
        }
    }
}
