//! The broker: it alone knows who is in the room, and decides what each of them gets.
//!
//! A pure state machine: [`handle_control`](Broker::handle_control), [`handle_event`](Broker::handle_event) and
//! [`handle_tick`](Broker::handle_tick) take what came and the time, and push frames into inboxes that never wait.
//! It never awaits a client, reads no clock and knows no socket; [`run`](Broker::run) is the loop around it.
//!
//! ```text
//!   event ──► asides and lines ──► round ──flush──► every inbox: one frame
//!                                             │
//!                          past hard? cut     └──► strain ──► a look at everybody ──► intake open or paused
//! ```
//!
//! Events add to a round, and so do joins and leaves: the round knows who came and left in between. It goes out when
//! nothing more is waiting, or when it is full.

mod delivery;
mod gather;
mod inputs;
mod run;
mod stop;

use crate::account::{Cut, Outlet};
use crate::crowd::{Count, Counted, Crowd};
use crate::door::DoorKind;
use crate::event::{ClientId, Control, Departure, Event};
use crate::frame::Gauge;
use crate::intake::Intake;
use crate::limits::LIVING_FRAMES;
use crate::line::Line;
use crate::name::Nick;
use crate::notices::Notices;
use crate::pace::{Pace, Standing};
use crate::roster::{Member, Roster};
use crate::round::Round;
use crate::who;
use std::sync::Arc;
use std::time::Instant;

/// What the broker has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// People in the room now.
    pub people: usize,
    /// People who have come.
    pub joins: u64,
    /// People who have left by themselves.
    pub leaves: u64,
    /// Lines for the room: what was said, and the server's announcements.
    pub lines: u64,
    /// Frames handed to inboxes.
    pub frames: u64,
    /// People cut because they were owed more than the hard bound.
    pub cut_past_hard: u64,
    /// People cut because they took nothing.
    pub cut_stalled: u64,
    /// People cut because all frames together had grown too large.
    pub cut_for_memory: u64,
    /// Times that the intake was paused.
    pub pauses: u64,
}

/// Why somebody is to be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// He is owed too much.
    PastHard,
    /// He takes nothing.
    Stalled,
    /// He is among the furthest behind, and memory is short.
    Memory,
}

/// The room (see the module's words).
#[derive(Debug)]
pub struct Broker {
    /// Who is here.
    roster: Roster,
    /// The lines that are being put together, for each kind of door.
    rounds: [Round; DoorKind::ALL.len()],
    /// Who is announced by name.
    crowd: Crowd<(ClientId, Nick), (Nick, Departure)>,
    /// When lines are taken.
    pace: Pace,
    /// Where clients say that they have caught up.
    intake: Arc<Intake>,
    /// Bytes of all frames that anybody waits for.
    gauge: Gauge,
    /// How many bytes of frames may be alive.
    living_frames: usize,
    /// Whether the people are too far behind for more lines.
    paused: bool,
    /// Whether there are too many frames for more lines, and since when.
    short_of_memory: Option<Instant>,
    /// When everybody is to be looked at again; none while nobody is owed anything.
    look_at: Option<Instant>,
    /// Who is to be cut once the round is out.
    doomed: Vec<(ClientId, Fault)>,
    /// The number of the latest line of the room. History and replay will stand on it; nothing shows it yet.
    sequence: u64,
    /// The number in the latest default nick.
    newcomers: u64,
    /// What is known of the end, once it has come.
    stop: Option<stop::Stop>,
    /// What newcomers read.
    notices: Arc<Notices>,
    /// What was done.
    metrics: Metrics,
}

impl Broker {
    /// An empty room. The same intake must be given to all inboxes.
    pub fn new(intake: Arc<Intake>) -> Self {
        Self {
            roster: Roster::default(),
            rounds: Default::default(),
            crowd: Crowd::default(),
            pace: Pace::new(*intake.bounds()),
            intake,
            gauge: Gauge::new(),
            living_frames: LIVING_FRAMES,
            paused: false,
            short_of_memory: None,
            look_at: None,
            doomed: Vec::new(),
            sequence: 0,
            newcomers: 0,
            stop: None,
            notices: Arc::default(),
            metrics: Metrics::default(),
        }
    }

    /// The same room with another limit of bytes in all frames alive.
    #[must_use]
    pub fn with_living_frames(mut self, bytes: usize) -> Self {
        self.living_frames = bytes;
        self
    }

    /// The same room with these texts for newcomers.
    #[must_use]
    pub fn with_notices(mut self, notices: Arc<Notices>) -> Self {
        self.notices = notices;
        self
    }

    /// What was done so far.
    pub fn metrics(&self) -> Metrics {
        Metrics { people: self.roster.len(), ..self.metrics }
    }

    /// The number of the latest line of the room.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Bytes of all frames that anybody waits for.
    pub fn living_bytes(&self) -> usize {
        self.gauge.bytes()
    }

    /// Whether events are wanted. What came beside them ([`Control`]) is always wanted.
    pub fn is_open(&self) -> bool {
        self.stop.as_ref().is_some_and(stop::Stop::is_forced)
            || (!self.paused && self.short_of_memory.is_none())
    }

    /// When [`handle_tick`](Self::handle_tick) is due, if nothing comes before.
    pub fn next_deadline(&self) -> Option<Instant> {
        let stop = self.stop.as_ref().and_then(stop::Stop::deadline);
        [self.look_at, self.crowd.due(), stop].into_iter().flatten().min()
    }

    /// Takes what came beside the events.
    pub fn handle_control(&mut self, control: Control, now: Instant) {
        match control {
            Control::Join { outlet, door, .. } if self.stop.is_some() => {
                self.turn_away(outlet, door)
            }
            Control::Join { id, outlet, door } => self.join(id, outlet, door, now),
            Control::Shutdown { deadline } => self.begin_stop(deadline, now),
        }
    }

    /// Takes an event. Of somebody who is not here (any more) nothing is taken.
    pub fn handle_event(&mut self, event: Event, now: Instant) {
        match event {
            Event::Lines { id, inputs } => self.handle_inputs(id, &inputs, now),
            Event::Drained { id } => self.handle_drained(id, now),
            Event::Leave { id, departure } => self.leave(id, departure, now),
        }
        if self.rounds.iter().any(Round::is_full) {
            self.flush(now);
        }
    }

    /// Does what is due by now.
    pub fn handle_tick(&mut self, now: Instant) {
        if self.crowd.due().is_some_and(|due| due <= now) {
            self.announce_counted();
        }
        if self.look_at.is_some_and(|due| due <= now) {
            self.look(now);
        }
        if let Some(stop) = &mut self.stop {
            stop.tick(now);
        }
        self.flush(now);
    }

    /// Somebody has caught up while the intake was paused.
    pub fn handle_caught_up(&mut self, now: Instant) {
        self.look(now);
        self.flush(now);
    }

    // ---- who is here ----

    /// Lets somebody in: his welcome marks his place in the order of lines.
    fn join(&mut self, id: ClientId, outlet: Outlet, door: DoorKind, now: Instant) {
        self.newcomers += 1;
        self.metrics.joins += 1;
        let nick = Nick::numbered(self.newcomers);
        let count = self.crowd.join((id, nick), now);
        let slot = self.roster.insert(Member {
            id,
            nick,
            door,
            special: true,
            retired: false,
            drained: false,
            count,
            outlet,
            standing: Standing::new(now),
        });
        self.rounds[door.index()].enter(slot);
        let texts = self.notices.texts();
        self.tell(slot, Line::Welcome(&texts.welcome, nick));
        self.tell(slot, Line::Answer(&who::summary(self.roster.names())));
        texts.motd.lines().for_each(|line| self.tell(slot, Line::Answer(line)));
        self.tell(slot, Line::Answer("/help shows what you can do here"));
        if count.is_none() {
            self.publish(&Line::Joined(nick), Some(slot));
        }
        if self.rounds.iter().any(Round::is_full) {
            self.flush(now);
        }
    }

    /// Lets somebody go, after what he has sent.
    fn leave(&mut self, id: ClientId, departure: Departure, now: Instant) {
        let Some(slot) = self.roster.slot(id) else { return };
        self.metrics.leaves += 1;
        let (nick, count) = self.retire(slot);
        if self.stop.is_none() && self.crowd.leave((nick, departure.clone()), now) {
            self.announce_if_counted(count);
            self.publish(&Line::Left(nick, &departure), None);
        }
        self.end_if_drained(now);
    }

    /// Takes somebody out of the room here. He gets what was said before.
    fn retire(&mut self, slot: usize) -> (Nick, Option<Count>) {
        self.roster.members_mut()[slot].special = true;
        let gone = self.roster.retire(slot);
        self.rounds[gone.door.index()].leave(slot);
        if let Some(stop) = &mut self.stop {
            stop.forget(gone.drained);
        }
        (gone.nick, gone.count)
    }

    /// Cuts those who were found to be too far behind. Says whether there were any.
    fn cut_doomed(&mut self) -> bool {
        let mut doomed = std::mem::take(&mut self.doomed);
        let mut any = false;
        for (id, fault) in doomed.drain(..) {
            let Some(slot) = self.roster.slot(id) else { continue };
            any = true;
            *match fault {
                Fault::PastHard => &mut self.metrics.cut_past_hard,
                Fault::Stalled => &mut self.metrics.cut_stalled,
                Fault::Memory => &mut self.metrics.cut_for_memory,
            } += 1;
            self.roster.members()[slot].outlet.cut(Cut::TooSlow);
            let (nick, count) = self.retire(slot);
            if self.stop.is_none() {
                self.announce_if_counted(count);
                self.publish(&Line::Left(nick, &Departure::TooSlow), None);
            }
        }
        self.doomed = doomed;
        any
    }

    // ---- announcements ----

    /// Announces all who were counted, if this one's join is among them: nothing of him may be seen before.
    fn announce_if_counted(&mut self, count: Option<Count>) {
        if self.crowd.is_counted(count) {
            self.announce_counted();
        }
    }

    /// Says how many came and left, of those who were not announced by name.
    fn announce_counted(&mut self) {
        let (joins, leaves) = self.crowd.take();
        match joins {
            Counted::Nobody => {}
            Counted::One((id, nick)) => {
                let own = self.roster.slot(id);
                self.publish(&Line::Joined(nick), own);
            }
            Counted::Many(count) => self.publish(&Line::PeopleJoined(count), None),
        }
        match leaves {
            Counted::Nobody => {}
            Counted::One((nick, departure)) => self.publish(&Line::Left(nick, &departure), None),
            Counted::Many(count) => self.publish(&Line::PeopleLeft(count), None),
        }
    }
}
