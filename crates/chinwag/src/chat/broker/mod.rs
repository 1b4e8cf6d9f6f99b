//! The broker: it alone knows who is in which room, and decides what each of them gets.
//!
//! A pure state machine: [`handle_control`](Broker::handle_control), [`handle_event`](Broker::handle_event) and
//! [`handle_timeout`](Broker::handle_timeout) take what came and the time, and push frames into queues that never wait.
//! It never awaits a client, reads no clock and knows no socket; [`run`](Broker::run) is the loop around it.
//!
//! ```text
//!   event ──► direct lines and lines ──► a batch in each room ──flush──► every queue: one frame
//!                                                   │
//!                         queue full? disconnect    └──► lag counts ──► a scan of the room ──► it takes lines or waits
//! ```
//!
//! Events add to the batches, and so do joins and leaves: a batch knows who came and left in between. They go out
//! together when nothing more is waiting, or when they are full. What changes how a user sees a room (another current
//! room, time stamps) ends the batches first, so that within a batch everybody has one view of a room.

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
pub(crate) use crate::chat::stats::StatsSnapshot;
use crate::chat::user_slot::UserSlot;

use crate::chat::ban_store::BanStore;
use crate::chat::bans::Bans;
use crate::chat::connection_log::ConnectionLog;
use crate::chat::event::{ClientId, Control, Event};
use crate::chat::greeting::LiveGreeting;
use crate::chat::mutes::Mutes;
use crate::chat::room::batch::DirectLines;
use crate::chat::room::{RoomId, Rooms};
use crate::chat::room_creators::RoomLimit;
use crate::chat::stats::BrokerStats;
use crate::chat::users::Users;
use crate::limits::{BATCH_BYTES, MAX_BUFFERED_BYTES, SCAN_INTERVAL};
use crate::os::serving_clock::ServingClock;
use crate::outbound::backpressure::Backpressure;
use crate::outbound::disconnect_reason::DisconnectReason;
use crate::outbound::frame::ByteCounter;
use crate::outbound::latency::LatencySampler;
use crate::protocol::message::Message;
use crate::protocol::time_of_day::WallClock;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Why a user is to be disconnected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DisconnectCause {
    /// They have too much pending.
    QueueFull,
    /// They take nothing.
    Stalled,
    /// They are among the furthest behind, and memory is short.
    MemoryPressure,
    /// An operator does not want them here.
    Banned,
}

/// The server (see the module docs).
#[derive(Debug)]
pub(crate) struct Broker {
    /// Who is here.
    users: Users,
    /// The rooms, with the lines that are being put together in each.
    rooms: Rooms,
    /// How many rooms an address may have made.
    room_limit: Arc<RoomLimit>,
    /// Lines that are for one user alone, of the same batch.
    direct_lines: DirectLines,
    /// The rooms in which there is something to hand out or to forget.
    dirty_rooms: Vec<RoomId>,
    /// The slots of those who get something else than the others in this batch.
    custom_recipients: Vec<UserSlot>,
    /// How many users want to be told when they are named.
    bell_users: usize,
    /// The slots of those who are told so behind this batch.
    pending_bells: Vec<UserSlot>,
    /// The number of the latest line of this batch, in whatever room.
    last_order: u32,
    /// Bytes of this batch that a receiver gets at most.
    batch_bytes: usize,
    /// Who may be in several of the rooms that have something in this batch.
    multi_room_users: copies::MultiRoomUsers,
    /// The moment of what is being handled.
    now: Instant,
    /// The same moment in time in which users could take what they have pending.
    served_clock: ServingClock,
    /// What the time of day is.
    wall_clock: WallClock,
    /// The rooms in which users were counted, by when they are to be announced.
    join_summaries_due: BTreeSet<(Instant, RoomId)>,
    /// Where clients say that they have caught up.
    backpressure: Arc<Backpressure>,
    /// Bytes of all frames that anyone waits for.
    frame_bytes: ByteCounter,
    /// What their places in queues took at the last look.
    queue_bytes: usize,
    /// How many bytes of both there may be.
    max_buffered: usize,
    /// The rooms whose users are too far behind for more lines.
    paused_rooms: Vec<RoomId>,
    /// Events of users who speak in those, or privately to a user who is behind.
    deferred: deferred::DeferredQueues,
    /// When users were last disconnected because frames took nearly as much memory as they may, as long as they do.
    last_shed: Option<Instant>,
    /// When everybody is to be looked at again; none while nobody has anything pending.
    next_scan: Option<Instant>,
    /// Who is to be disconnected once the batch is out.
    pending_disconnects: Vec<(ClientId, DisconnectCause)>,
    /// Who was disconnected in this flush and not announced yet.
    unannounced_disconnects: VecDeque<presence::DisconnectedUser>,
    /// When a second began, and how many of those who were disconnected in it were announced by name.
    named_disconnects: (Instant, usize),
    /// The number in the latest default nick.
    last_guest: u64,
    /// What is known of the end, once it has come.
    shutdown: Option<shutdown::Shutdown>,
    /// Who may not be here.
    bans: Bans,
    /// Who is not read.
    mutes: Mutes,
    /// Where bans are kept, if a restart is to find them.
    ban_store: Option<BanStore>,
    /// What new clients read.
    greeting: Arc<LiveGreeting>,
    /// Who came and left, for the operators, if they want it.
    connection_log: Arc<ConnectionLog>,
    /// What an operator is told of the act that is under way.
    audited_reply: Option<Box<audit::AuditedReply>>,
    /// What was done.
    metrics: StatsSnapshot,
    /// Where others can read that.
    stats: Arc<BrokerStats>,
    /// Which lines are timed.
    latency_sampler: LatencySampler,
}

impl Broker {
    /// An empty broker, at this moment. The same backpressure state must be given to all queues.
    pub(crate) fn new(backpressure: Arc<Backpressure>, now: Instant) -> Self {
        Self {
            users: Users::default(),
            rooms: Rooms::new(*backpressure.limits()),
            room_limit: Arc::new(RoomLimit::none()),
            direct_lines: DirectLines::default(),
            dirty_rooms: Vec::new(),
            custom_recipients: Vec::new(),
            bell_users: 0,
            pending_bells: Vec::new(),
            last_order: 0,
            batch_bytes: 0,
            multi_room_users: copies::MultiRoomUsers::default(),
            now,
            served_clock: ServingClock::new(now),
            wall_clock: WallClock::new(now, Duration::ZERO),
            join_summaries_due: BTreeSet::new(),
            backpressure,
            frame_bytes: ByteCounter::new(),
            queue_bytes: 0,
            max_buffered: MAX_BUFFERED_BYTES,
            paused_rooms: Vec::new(),
            deferred: deferred::DeferredQueues::default(),
            last_shed: None,
            next_scan: None,
            pending_disconnects: Vec::new(),
            unannounced_disconnects: VecDeque::new(),
            named_disconnects: (now, 0),
            last_guest: 0,
            shutdown: None,
            bans: Bans::default(),
            mutes: Mutes::default(),
            ban_store: None,
            greeting: Arc::default(),
            connection_log: Arc::default(),
            audited_reply: None,
            metrics: StatsSnapshot::default(),
            stats: Arc::default(),
            latency_sampler: LatencySampler::default(),
        }
    }

    /// The same broker with another limit of bytes in all frames alive.
    #[must_use]
    pub(crate) fn with_max_buffered(mut self, bytes: usize) -> Self {
        self.max_buffered = bytes;
        self
    }

    /// The same broker, whose rooms remember so many lines each.
    #[must_use]
    pub(crate) fn with_history_lines(mut self, lines: usize) -> Self {
        self.rooms.set_history_lines(lines);
        self
    }

    /// The same broker, from which these are banned; what changes goes to the ban store, if there is one.
    #[must_use]
    pub(crate) fn with_bans(mut self, bans: Bans, ban_store: Option<BanStore>) -> Self {
        (self.bans, self.ban_store) = (bans, ban_store);
        self
    }

    /// The same broker with these texts for new clients.
    #[must_use]
    pub(crate) fn with_greeting(mut self, greeting: Arc<LiveGreeting>) -> Self {
        self.greeting = greeting;
        self
    }

    /// The same broker, in which each address may have made so many rooms.
    #[must_use]
    pub(crate) fn with_room_limit(mut self, limit: Arc<RoomLimit>) -> Self {
        self.room_limit = limit;
        self
    }

    /// The same broker, which keeps this log of who comes and leaves.
    #[must_use]
    pub(crate) fn with_connection_log(mut self, connection_log: Arc<ConnectionLog>) -> Self {
        self.connection_log = connection_log;
        self
    }

    /// Says what the time of day is.
    pub(crate) fn set_clock(&mut self, wall_clock: WallClock) {
        self.wall_clock = wall_clock;
    }

    /// Where others can read what it does while it runs.
    pub(crate) fn stats(&self) -> Arc<BrokerStats> {
        Arc::clone(&self.stats)
    }

    /// Writes down what was done, for others to read.
    fn publish_stats(&self) {
        self.stats.write(&self.metrics(), self.frame_bytes.bytes());
    }

    /// What was done so far.
    pub(crate) fn metrics(&self) -> StatsSnapshot {
        let (users, rooms) = (self.users.len(), self.rooms.len());
        StatsSnapshot { users, rooms, ..self.metrics }
    }

    /// Events that wait for a slow room now.
    #[cfg(test)]
    pub(crate) fn deferred_events(&self) -> usize {
        self.deferred.events()
    }

    /// How many of them wait for one room, at the most.
    #[cfg(test)]
    pub(crate) fn max_deferred_in_a_room(&self) -> usize {
        self.paused_rooms
            .iter()
            .map(|&room| self.rooms.room(room).backlog.events)
            .max()
            .unwrap_or(0)
    }

    /// The number of the latest line of the lobby.
    #[cfg(test)]
    pub(crate) fn lobby_sequence(&self) -> u64 {
        self.rooms.room(RoomId::LOBBY).sequence
    }

    /// Bytes of all frames that anyone waits for.
    #[cfg(test)]
    pub(crate) fn buffered_bytes(&self) -> usize {
        self.frame_bytes.bytes()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due, if nothing comes before: now, if there are deferred events that need
    /// not wait any more.
    #[cfg(test)]
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        if self.has_ready() { Some(self.now) } else { self.next_timer() }
    }

    /// When something is due by the clock.
    fn next_timer(&self) -> Option<Instant> {
        let shutdown = self.shutdown.as_ref().and_then(shutdown::Shutdown::deadline);
        let summary = self.join_summaries_due.first().map(|&(due, _)| due);
        [self.next_scan, summary, shutdown].into_iter().flatten().min()
    }

    /// It is this moment. While a user has something pending a look is due in each tick: one that came late by more than that
    /// found that the server did not run, and nobody is blamed for it.
    fn set_now(&mut self, now: Instant) {
        self.served_clock.look(now, self.next_scan.map(|_| SCAN_INTERVAL));
        self.now = now;
    }

    /// Takes what came beside the events.
    pub(crate) fn handle_control(&mut self, control: Control, now: Instant) {
        self.set_now(now);
        match control {
            Control::Join { client, .. } if self.shutdown.is_some() => {
                self.reject(client, &Message::ShuttingDown)
            }
            Control::Join { id, client } => match self.ban_of_address(client.address) {
                Some(reason) => {
                    self.metrics.banned += 1;
                    self.connection_log.rejected(client.address, "banned");
                    self.reject(client, &Message::Error(&reason));
                }
                None => {
                    let _ = self.flush_before_announcement(RoomId::LOBBY);
                    self.join(id, client);
                }
            },
            Control::Admin(command) => self.handle_admin_command(command),
            // The user who does not wait for the answer any more need not have it.
            Control::Ping { answer } => drop(answer.send(())),
            Control::Shutdown { deadline } => self.begin_shutdown(deadline),
        }
        self.flush_if_full();
    }

    /// Takes an event. Of a user who is not here (any more) nothing is taken.
    pub(crate) fn handle_event(&mut self, event: Event, now: Instant) {
        self.set_now(now);
        let Some(slot) = self.users.slot_of(event.id()) else { return };
        if self.users.user(slot).deferred.is_some() {
            // All of one user is handled in order.
            self.defer_after(slot, event);
        } else {
            self.dispatch(event);
            self.flush_if_full();
        }
    }

    /// Takes an event of a user of whom nothing waits.
    fn dispatch(&mut self, event: Event) {
        match event {
            Event::Lines { id, inputs } => {
                self.latency_sampler.observe(inputs.received_at(), self.now);
                self.handle_commands(id, inputs);
            }
            Event::Complete { id, word, answer } => {
                // The user who is gone meanwhile wants no answer.
                let _ = answer.send(self.complete(id, &word));
            }
            Event::Unresponsive { id, probe, silence, rest } => {
                self.handle_unresponsive(id, probe, silence, rest);
            }
            Event::Drained { id } => self.handle_drained(id),
            Event::Leave { id, departure } => self.leave(id, departure),
        }
    }

    /// Does what is due by now.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.set_now(now);
        self.flush_join_summaries();
        if self.next_scan.is_some_and(|due| due <= now) {
            self.scan_clients();
        }
        if let Some(shutdown) = &mut self.shutdown {
            shutdown.handle_timeout(now);
        }
        self.retry_deferred();
        self.flush(now);
    }

    /// A user has caught up while a room waited for that.
    pub(crate) fn handle_drain_notice(&mut self, now: Instant) {
        self.set_now(now);
        self.rescan_paused();
        self.retry_deferred();
        self.flush(now);
    }

    /// Hands the batch out if it is as much as a receiver should get at once.
    fn flush_if_full(&mut self) {
        if self.batch_bytes >= BATCH_BYTES {
            self.flush(self.now);
        }
    }

    /// Hands out what the batch has gathered, and disconnects the user who is too far behind for it.
    pub(crate) fn flush(&mut self, now: Instant) {
        self.set_now(now);
        let before = self.metrics.frames;
        loop {
            let lagging_rooms = self.flush_rooms();
            if self.buffered() > self.shed_threshold() {
                self.shed_slowest();
            }
            if !lagging_rooms.is_empty() {
                self.update_pauses(&lagging_rooms);
            }
            // Each turn takes at least one user out, so this ends.
            if !self.disconnect_pending() {
                break;
            }
        }
        if self.metrics.frames > before {
            self.schedule_scan(now + SCAN_INTERVAL);
        }
        self.finish_if_drained();
    }

    /// Disconnects those who were found to be too far behind, and announces as many as one batch takes. Says whether there were
    /// any.
    fn disconnect_pending(&mut self) -> bool {
        // All before the first is announced: none of them is to be told of the others, or waited for.
        for (id, cause) in std::mem::take(&mut self.pending_disconnects) {
            let Some(slot) = self.users.slot_of(id) else { continue };
            let (count, reason) = match cause {
                DisconnectCause::QueueFull => {
                    (&mut self.metrics.disconnects_queue_full, DisconnectReason::TooSlow)
                }
                DisconnectCause::Stalled => {
                    (&mut self.metrics.disconnects_stalled, DisconnectReason::TooSlow)
                }
                DisconnectCause::MemoryPressure => {
                    (&mut self.metrics.disconnects_memory, DisconnectReason::TooSlow)
                }
                DisconnectCause::Banned => {
                    (&mut self.metrics.disconnects_banned, DisconnectReason::Banned)
                }
            };
            *count += 1;
            let gone = self.remove_disconnected(slot, reason);
            self.unannounced_disconnects.push_back(gone);
        }
        let mut any = false;
        while let Some(gone) = self.unannounced_disconnects.pop_front() {
            if self.batch_bytes >= BATCH_BYTES || self.is_batch_full_for(&gone.memberships) {
                self.unannounced_disconnects.push_front(gone);
                break;
            }
            any = true;
            self.announce_disconnect(&gone);
        }
        any
    }
}
