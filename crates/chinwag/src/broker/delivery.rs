//! From lines to inboxes, and how far that has left people behind.

use super::{Broker, Fault};
use crate::account::PushError;
use crate::door::DoorKind;
use crate::frame::Frame;
use crate::limits::{PACE_TICK, PAUSED_TICK};
use crate::line::Line;
use crate::pace::{Strain, Verdict};
use crate::round::Parcel;
use std::cmp::Reverse;
use std::time::Instant;

/// Looks in a row at people who drain while they are looked at; after that the next wake or tick will do.
const LOOKS: usize = 2;

/// The part of the living frames' limit that cutting people aims to free, so that it does not begin anew at once.
const RELIEF: usize = 8;

impl Broker {
    /// Gives the room its next line, for everybody but the author.
    pub(super) fn publish(&mut self, line: &Line<'_>, author: Option<usize>) {
        self.sequence += 1;
        self.metrics.lines += 1;
        if let Some(author) = author {
            self.roster.members_mut()[author].special = true;
        }
        for (door, round) in DoorKind::ALL.into_iter().zip(&mut self.rounds) {
            round.push_shared(author, |out| door.encode(line, out));
        }
    }

    /// Tells one person something, at this place among the room's lines.
    pub(super) fn tell(&mut self, slot: usize, line: Line<'_>) {
        let member = &mut self.roster.members_mut()[slot];
        member.special = true;
        let door = member.door;
        self.rounds[door.index()].push_aside(slot, |out| door.encode(&line, out));
    }

    /// Hands out what the round has gathered, and cuts whoever is too far behind for it.
    pub fn flush(&mut self, now: Instant) {
        let before = self.metrics.frames;
        loop {
            let strain = self.hand_out();
            if self.gauge.bytes() > self.living_frames {
                self.relieve(now);
            }
            if !self.paused && self.pace.suspects(strain) {
                self.look(now);
            }
            // Each turn takes at least one person out, so this ends.
            if !self.cut_doomed() {
                break;
            }
        }
        if self.metrics.frames > before {
            self.look_at.get_or_insert(now + PACE_TICK);
        }
        self.end_if_drained(now);
    }

    /// Hands the rounds out and empties them.
    fn hand_out(&mut self) -> Strain {
        let mut strain = Strain::default();
        for door in DoorKind::ALL {
            let round = &self.rounds[door.index()];
            if round.is_empty() {
                continue;
            }
            let whole = round.frame(&self.gauge);
            if round.has_shared() {
                self.hand_to_everybody(door, &whole, &mut strain);
            }
            self.hand_to_the_special(door, &whole, &mut strain);
            self.rounds[door.index()].clear();
        }
        self.roster.remove_retired();
        strain
    }

    /// Hands the whole round to all who get all of it. The hottest loop there is.
    fn hand_to_everybody(&mut self, door: DoorKind, whole: &Frame, strain: &mut Strain) {
        let bounds = self.intake.bounds();
        let mut frames = 0;
        for member in self.roster.members_mut() {
            if member.special || member.door != door {
                continue;
            }
            match member.outlet.push(whole.clone()) {
                Ok(owed) => {
                    frames += 1;
                    strain.add(owed, &member.standing, bounds);
                }
                Err(PushError::PastHard) => self.doomed.push((member.id, Fault::PastHard)),
                Err(PushError::Gone) => {}
            }
        }
        self.metrics.frames += frames;
    }

    /// Hands authors and those with asides what is left for them.
    fn hand_to_the_special(&mut self, door: DoorKind, whole: &Frame, strain: &mut Strain) {
        let bounds = self.intake.bounds();
        let round = &self.rounds[door.index()];
        let members = self.roster.members_mut();
        for slot in round.special() {
            let member = &mut members[slot];
            // An author of a line for all doors is special in each of their rounds, and served in one.
            if !member.special || member.door != door {
                continue;
            }
            member.special = false;
            let (first, second) = match round.parcel(slot, whole, &self.gauge) {
                Parcel::Nothing => continue,
                Parcel::One(frame) => (frame, None),
                Parcel::Two(first, second) => (first, Some(second)),
            };
            for frame in [Some(first), second].into_iter().flatten() {
                match member.outlet.push(frame) {
                    Ok(owed) => {
                        self.metrics.frames += 1;
                        strain.add(owed, &member.standing, bounds);
                    }
                    // Of the retired the broker knows nothing any more: they lose the end of what was due.
                    Err(PushError::PastHard) => self.doomed.push((member.id, Fault::PastHard)),
                    Err(PushError::Gone) => {}
                }
            }
        }
    }

    /// Looks at everybody: who is stalled, and whether the room waits.
    pub(super) fn look(&mut self, now: Instant) {
        let was_paused = self.paused;
        for _ in 0..LOOKS {
            let count = self.intake.drains();
            let mut tally = self.pace.tally(now);
            for member in self.roster.members_mut() {
                if member.outlet.is_gone() || member.retired {
                    continue;
                }
                let balance = member.balance();
                if tally.add(member.id, &mut member.standing, balance) {
                    self.doomed.push((member.id, Fault::Stalled));
                }
            }
            self.look_at = tally.is_anybody_owed().then_some(now + PACE_TICK);
            let verdict = self.pace.conclude(&tally);
            self.paused = matches!(verdict, Verdict::Paused { .. });
            let Verdict::Paused { drains } = verdict else {
                self.intake.open();
                break;
            };
            if !self.intake.pause(count, drains) {
                self.look_at = Some(now + PAUSED_TICK);
                break;
            }
        }
        self.metrics.pauses += u64::from(self.paused && !was_paused);
        if self.short_of_memory.is_some() {
            self.relieve(now);
        }
    }

    /// Frames take more memory than they may, or did: cuts the furthest behind, and lets no lines in until they
    /// have let go of theirs.
    fn relieve(&mut self, now: Instant) {
        let bytes = self.gauge.bytes();
        if bytes <= self.living_frames {
            self.short_of_memory = None;
            return;
        }
        self.look_at.get_or_insert(now + PACE_TICK);
        let waits = |since| now.saturating_duration_since(since) < PACE_TICK;
        if self.short_of_memory.is_some_and(waits) {
            // Those who were cut have not had the time.
            return;
        }
        self.short_of_memory = Some(now);
        let members = self.roster.members().iter().filter(|member| !member.retired);
        let mut owing: Vec<_> = members.map(|m| (m.balance().owed(), m.id)).collect();
        owing.sort_unstable_by_key(|&(owed, id)| (Reverse(owed), id));
        let mut wanted = (bytes - self.living_frames + self.living_frames / RELIEF) as u64;
        for (owed, id) in owing {
            if wanted == 0 || owed == 0 {
                break;
            }
            wanted = wanted.saturating_sub(owed);
            self.doomed.push((id, Fault::Memory));
        }
    }
}
