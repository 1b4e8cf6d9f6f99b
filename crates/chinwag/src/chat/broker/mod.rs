//! The broker: it alone knows who is in which room, and decides what each of them gets.
//!
//! A pure state machine: [`handle_control`](Broker::handle_control), [`handle_event`](Broker::handle_event) and
//! [`handle_tick`](Broker::handle_tick) take what came and the time, and push frames into inboxes that never wait.
//! It never awaits a client, reads no clock and knows no socket; [`run`](Broker::run) is the loop around it.
//!
//! ```text
//!   event ──► asides and lines ──► a round in each room ──flush──► every inbox: one frame
//!                                             │
//!                          past hard? cut     └──► strain ──► a look at the room ──► it takes lines or waits
//! ```
//!
//! Events add to the rounds, and so do joins and leaves: a round knows who came and left in between. They go out
//! together when nothing more is waiting, or when they are full. What changes how somebody sees a room (another current
//! room, time stamps) ends the rounds first, so that within a round everybody has one view of a room.

pub(crate) mod who;

mod admin;
mod audit;
mod backpressure;
mod bells;
mod coalescing;
mod completion;
mod copies;
#[cfg(test)]
mod costs;
mod deferred;
mod delivery;
mod dispatch;
mod event_loop;
mod moderation;
mod presence;
mod private_messages;
mod room_commands;
mod shutdown;
#[cfg(test)]
mod tests;
mod unresponsive;
mod whoami;

pub(crate) use self::moderation::NO_TIME;
pub(crate) use crate::chat::stats::Metrics;

use crate::chat::ban_store::Shelf;
use crate::chat::bans::Bans;
use crate::chat::connection_log::ConnectionLog;
use crate::chat::event::{ClientId, Control, Event};
use crate::chat::greeting::Notices;
use crate::chat::mutes::Mutes;
use crate::chat::room::batch::Asides;
use crate::chat::room::{RoomId, Rooms};
use crate::chat::room_creators::RoomLimit;
use crate::chat::stats::Published;
use crate::chat::users::Roster;
use crate::limits::{BATCH_BYTES, MAX_BUFFERED_BYTES, SCAN_INTERVAL};
use crate::os::serving_clock::ServedClock;
use crate::outbound::backpressure::Intake;
use crate::outbound::frame::Gauge;
use crate::outbound::latency::Timing;
use crate::outbound::queue::Cut;
use crate::protocol::message::Line;
use crate::protocol::time_of_day::WallClock;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Why somebody is to be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// He is owed too much.
    PastHard,
    /// He takes nothing.
    Stalled,
    /// He is among the furthest behind, and memory is short.
    Memory,
    /// An operator does not want them here.
    Banned,
}

/// The house (see the module's words).
#[derive(Debug)]
pub(crate) struct Broker {
    /// Who is here.
    roster: Roster,
    /// The rooms, with the lines that are being put together in each.
    rooms: Rooms,
    /// How many rooms an address may have made.
    room_limit: Arc<RoomLimit>,
    /// Lines that are for one person alone, of the same round.
    asides: Asides,
    /// The rooms in which there is something to hand out or to forget.
    busy: Vec<RoomId>,
    /// The slots of those who get something else than the others in this round.
    specials: Vec<usize>,
    /// How many people want to be told when they are named.
    bells: usize,
    /// The slots of those who are told so behind this round.
    rung: Vec<usize>,
    /// The number of the latest line of this round, in whatever room.
    stamp: u32,
    /// Bytes of this round that a receiver gets at most.
    gathered: usize,
    /// Who may be in several of the rooms that have something in this round.
    shared: copies::Shared,
    /// The moment of what is being handled.
    now: Instant,
    /// The same moment in time in which people could take what they are owed.
    served: ServedClock,
    /// What the time of day is.
    clock: WallClock,
    /// The rooms in which people were counted, by when they are to be announced.
    crowds: BTreeSet<(Instant, RoomId)>,
    /// Where clients say that they have caught up.
    intake: Arc<Intake>,
    /// Bytes of all frames that anybody waits for.
    gauge: Gauge,
    /// What their places in inboxes took at the last look.
    inbox_bytes: usize,
    /// How many bytes of both there may be.
    living_frames: usize,
    /// The rooms whose people are too far behind for more lines.
    paused: Vec<RoomId>,
    /// Events of people who speak in those, or privately to somebody who is behind.
    waiting: deferred::Waiting,
    /// When people were last cut because frames took nearly as much memory as they may, as long as they do.
    relieved: Option<Instant>,
    /// When everybody is to be looked at again; none while nobody is owed anything.
    look_at: Option<Instant>,
    /// Who is to be cut once the round is out.
    doomed: Vec<(ClientId, Fault)>,
    /// Who was cut in this flush and not announced yet.
    unannounced: VecDeque<presence::Gone>,
    /// When a second began, and how many of those who were cut in it were announced by name.
    named: (Instant, usize),
    /// The number in the latest default nick.
    newcomers: u64,
    /// What is known of the end, once it has come.
    stop: Option<shutdown::Stop>,
    /// Who may not be here.
    bans: Bans,
    /// Who is not read.
    mutes: Mutes,
    /// Where bans are kept, if a restart is to find them.
    shelf: Option<Shelf>,
    /// What newcomers read.
    notices: Arc<Notices>,
    /// Who came and left, for those who run the server, if they want it.
    connections: Arc<ConnectionLog>,
    /// What an operator is told of the act that is under way.
    told: Option<Box<audit::Told>>,
    /// What was done.
    metrics: Metrics,
    /// Where others can read that.
    published: Arc<Published>,
    /// Which lines are timed.
    timing: Timing,
}

impl Broker {
    /// An empty house, at this moment. The same intake must be given to all inboxes.
    pub(crate) fn new(intake: Arc<Intake>, now: Instant) -> Self {
        Self {
            roster: Roster::default(),
            rooms: Rooms::new(*intake.bounds()),
            room_limit: Arc::new(RoomLimit::none()),
            asides: Asides::default(),
            busy: Vec::new(),
            specials: Vec::new(),
            bells: 0,
            rung: Vec::new(),
            stamp: 0,
            gathered: 0,
            shared: copies::Shared::default(),
            now,
            served: ServedClock::new(now),
            clock: WallClock::new(now, Duration::ZERO),
            crowds: BTreeSet::new(),
            intake,
            gauge: Gauge::new(),
            inbox_bytes: 0,
            living_frames: MAX_BUFFERED_BYTES,
            paused: Vec::new(),
            waiting: deferred::Waiting::default(),
            relieved: None,
            look_at: None,
            doomed: Vec::new(),
            unannounced: VecDeque::new(),
            named: (now, 0),
            newcomers: 0,
            stop: None,
            bans: Bans::default(),
            mutes: Mutes::default(),
            shelf: None,
            notices: Arc::default(),
            connections: Arc::default(),
            told: None,
            metrics: Metrics::default(),
            published: Arc::default(),
            timing: Timing::default(),
        }
    }

    /// The same house with another limit of bytes in all frames alive.
    #[must_use]
    pub(crate) fn with_living_frames(mut self, bytes: usize) -> Self {
        self.living_frames = bytes;
        self
    }

    /// The same house, whose rooms remember so many lines each.
    #[must_use]
    pub(crate) fn with_history_lines(mut self, lines: usize) -> Self {
        self.rooms.remember(lines);
        self
    }

    /// The same house, from which these are banned; what changes goes to the shelf, if there is one.
    #[must_use]
    pub(crate) fn with_bans(mut self, bans: Bans, shelf: Option<Shelf>) -> Self {
        (self.bans, self.shelf) = (bans, shelf);
        self
    }

    /// The same house with these texts for newcomers.
    #[must_use]
    pub(crate) fn with_notices(mut self, notices: Arc<Notices>) -> Self {
        self.notices = notices;
        self
    }

    /// The same house, in which each address may have made so many rooms.
    #[must_use]
    pub(crate) fn with_room_limit(mut self, limit: Arc<RoomLimit>) -> Self {
        self.room_limit = limit;
        self
    }

    /// The same house, which keeps this log of who comes and leaves.
    #[must_use]
    pub(crate) fn with_connections(mut self, connections: Arc<ConnectionLog>) -> Self {
        self.connections = connections;
        self
    }

    /// Says what the time of day is.
    pub(crate) fn set_clock(&mut self, clock: WallClock) {
        self.clock = clock;
    }

    /// Where others can read what it does while it runs.
    pub(crate) fn published(&self) -> Arc<Published> {
        Arc::clone(&self.published)
    }

    /// Writes down what was done, for others to read.
    fn publish_metrics(&self) {
        self.published.write(&self.metrics(), self.gauge.bytes());
    }

    /// What was done so far.
    pub(crate) fn metrics(&self) -> Metrics {
        let (people, rooms) = (self.roster.len(), self.rooms.len());
        Metrics { people, rooms, ..self.metrics }
    }

    /// Events that wait for a slow room now.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.events()
    }

    /// How many of them wait for one room, at the most.
    #[cfg(test)]
    pub(crate) fn most_waiting_of_a_room(&self) -> usize {
        self.paused.iter().map(|&room| self.rooms.room(room).backlog.events).max().unwrap_or(0)
    }

    /// The number of the latest line of the lobby.
    #[cfg(test)]
    pub(crate) fn sequence(&self) -> u64 {
        self.rooms.room(RoomId::LOBBY).sequence
    }

    /// Bytes of all frames that anybody waits for.
    #[cfg(test)]
    pub(crate) fn living_bytes(&self) -> usize {
        self.gauge.bytes()
    }

    /// When [`handle_tick`](Self::handle_tick) is due, if nothing comes before: now, if there are deferred events that need
    /// not wait any more.
    #[cfg(test)]
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        if self.has_ready() { Some(self.now) } else { self.next_alarm() }
    }

    /// When something is due by the clock.
    fn next_alarm(&self) -> Option<Instant> {
        let stop = self.stop.as_ref().and_then(shutdown::Stop::deadline);
        let crowd = self.crowds.first().map(|&(due, _)| due);
        [self.look_at, crowd, stop].into_iter().flatten().min()
    }

    /// It is this moment. While somebody is owed something a look is due in each tick: one that came late by more than that
    /// found the server standing still, and nobody is blamed for it.
    fn set_now(&mut self, now: Instant) {
        self.served.look(now, self.look_at.map(|_| SCAN_INTERVAL));
        self.now = now;
    }

    /// Takes what came beside the events.
    pub(crate) fn handle_control(&mut self, control: Control, now: Instant) {
        self.set_now(now);
        match control {
            Control::Join { arrival, .. } if self.stop.is_some() => {
                self.turn_away(arrival, &Line::ShuttingDown)
            }
            Control::Join { id, arrival } => match self.ban_of_address(arrival.address) {
                Some(reason) => {
                    self.metrics.banned += 1;
                    self.connections.turned_away(arrival.address, "banned");
                    self.turn_away(arrival, &Line::Refusal(&reason));
                }
                None => {
                    let _ = self.end_round_before_announcement(RoomId::LOBBY);
                    self.join(id, arrival);
                }
            },
            Control::Order(order) => self.handle_order(order),
            // Whoever does not wait for the answer any more need not have it.
            Control::Ping { answer } => drop(answer.send(())),
            Control::Shutdown { deadline } => self.begin_stop(deadline),
        }
        self.flush_if_full();
    }

    /// Takes an event. Of somebody who is not here (any more) nothing is taken.
    pub(crate) fn handle_event(&mut self, event: Event, now: Instant) {
        self.set_now(now);
        let Some(slot) = self.roster.slot(event.id()) else { return };
        if self.roster.member(slot).deferred.is_some() {
            // All of one person is handled in order.
            self.defer_behind(slot, event);
        } else {
            self.take(event);
            self.flush_if_full();
        }
    }

    /// Takes an event of somebody of whom nothing waits.
    fn take(&mut self, event: Event) {
        match event {
            Event::Lines { id, inputs } => {
                self.timing.heard(inputs.heard(), self.now);
                self.handle_inputs(id, inputs);
            }
            Event::Complete { id, word, answer } => {
                // Whoever is gone meanwhile wants no answer.
                let _ = answer.send(self.complete(id, &word));
            }
            Event::Unanswered { id, probe, silence, rest } => {
                self.handle_unanswered(id, probe, silence, rest);
            }
            Event::Drained { id } => self.handle_drained(id),
            Event::Leave { id, departure } => self.leave(id, departure),
        }
    }

    /// Does what is due by now.
    pub(crate) fn handle_tick(&mut self, now: Instant) {
        self.set_now(now);
        self.announce_crowds();
        if self.look_at.is_some_and(|due| due <= now) {
            self.look();
        }
        if let Some(stop) = &mut self.stop {
            stop.tick(now);
        }
        self.handle_waiting();
        self.flush(now);
    }

    /// Somebody has caught up while a room waited for that.
    pub(crate) fn handle_caught_up(&mut self, now: Instant) {
        self.set_now(now);
        self.look_at_the_paused();
        self.handle_waiting();
        self.flush(now);
    }

    /// Hands the round out if it is as much as a receiver should get at once.
    fn flush_if_full(&mut self) {
        if self.gathered >= BATCH_BYTES {
            self.flush(self.now);
        }
    }

    /// Hands out what the round has gathered, and cuts whoever is too far behind for it.
    pub(crate) fn flush(&mut self, now: Instant) {
        self.set_now(now);
        let before = self.metrics.frames;
        loop {
            let strained = self.hand_out();
            if self.buffered() > self.relief_begins() {
                self.relieve();
            }
            if !strained.is_empty() {
                self.look_at_rooms(&strained);
            }
            // Each turn takes at least one person out, so this ends.
            if !self.cut_doomed() {
                break;
            }
        }
        if self.metrics.frames > before {
            self.look_again_at(now + SCAN_INTERVAL);
        }
        self.end_if_drained();
    }

    /// Cuts those who were found to be too far behind, and announces as many as one round takes. Says whether there were any.
    fn cut_doomed(&mut self) -> bool {
        // All before the first is announced: none of them is to be told of the others, or waited for.
        for (id, fault) in std::mem::take(&mut self.doomed) {
            let Some(slot) = self.roster.slot(id) else { continue };
            let (count, cut) = match fault {
                Fault::PastHard => (&mut self.metrics.cut_past_hard, Cut::TooSlow),
                Fault::Stalled => (&mut self.metrics.cut_stalled, Cut::TooSlow),
                Fault::Memory => (&mut self.metrics.cut_for_memory, Cut::TooSlow),
                Fault::Banned => (&mut self.metrics.cut_banned, Cut::Banned),
            };
            *count += 1;
            let gone = self.take_out_cut(slot, cut);
            self.unannounced.push_back(gone);
        }
        let mut any = false;
        while let Some(gone) = self.unannounced.pop_front() {
            if self.gathered >= BATCH_BYTES || self.is_round_full_for(&gone.memberships) {
                self.unannounced.push_front(gone);
                break;
            }
            any = true;
            self.announce_cut(&gone);
        }
        any
    }
}
