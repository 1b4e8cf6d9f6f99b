//! One person, as the broker knows him: what he is called, in which rooms he is, and what he asked for.
//!
//! Thousands of people are in the lobby alone and ask for nothing; what the others need beside lies in [`Extras`], which
//! they have only then.

use crate::chat::bell::Bell;
use crate::chat::debts::{self, Debts};
use crate::chat::deferred::{Deferred, Patience};
use crate::chat::event::{Arrival, ClientId};
use crate::chat::mutes::MuteId;
use crate::chat::room::RoomId;
use crate::chat::room::flow_control::{Balance, Debt, Standing};
use crate::chat::room::join_summary::Count;
use crate::outbound::backpressure::Bounds;
use crate::outbound::queue::Outlet;
use crate::protocol::nick::Nick;
use crate::protocol::view::View;
use std::net::IpAddr;
use std::time::Instant;

/// Somebody's being in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Membership {
    /// The room.
    pub room: RoomId,
    /// The count that his join is announced in there, if it was not announced by name.
    pub count: Option<Count>,
}

/// One person in the house.
#[derive(Debug)]
pub(crate) struct Member {
    /// Who he is.
    pub id: ClientId,
    /// What he is called.
    pub nick: Nick,
    /// How lines of his current room look to him.
    pub view: View,
    /// Whether he gets something else than the others in the round that is being made.
    pub special: bool,
    /// Whether he has left, and is here only until he has got his part of the round.
    pub retired: bool,
    /// Whether all lines that were read from him have come, in a server that stops.
    pub drained: bool,
    /// The room that he speaks in. None before he has joined one again after a kick, or when he has left all.
    pub current: Option<Membership>,
    /// Where he came from.
    pub address: IpAddr,
    /// Where lines for him go.
    pub outlet: Outlet,
    /// How he keeps the pace.
    pub standing: Standing,
    /// How many others do not want to read his words.
    pub ignored_by: u32,
    /// Whether the task was told to read nothing more for now.
    pub stopped: bool,
    /// Events that wait for a slow room or reader, if any do.
    pub deferred: Option<Box<Deferred>>,
    /// What is owed of the lines of each room, while it is much.
    pub debts: Option<Box<Debts>>,
    /// What few people need.
    pub extras: Option<Box<Extras>>,
}

/// What is kept of somebody who is in several rooms or asked for something.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    /// The rooms that he is in beside his current one, the one that he joined last behind the others.
    pub others: Vec<Membership>,
    /// Whose words he does not want to read. At most [`MAX_IGNORED`](crate::limits::MAX_IGNORED).
    pub ignores: Vec<ClientId>,
    /// Who wrote to him alone last.
    pub wrote: Option<ClientId>,
    /// His words for being away, in quotes, if he is.
    pub away: Option<Box<str>>,
    /// What rings when somebody is named, for who asked for it.
    pub bell: Option<Bell>,
    /// Whether he has said the secret of operators.
    pub is_operator: bool,
    /// Whether they edit lines, before which it stands where they speak.
    pub is_editing: bool,
    /// What keeps others from reading him, if it lasts.
    pub muted: Option<MuteId>,
    /// How long private lines to people who are behind may still wait.
    pub patience: Patience,
}

impl Member {
    /// Somebody who is in no room yet.
    pub(crate) fn new(id: ClientId, nick: Nick, arrival: Arrival, now: Instant) -> Self {
        let Arrival { outlet, door, address } = arrival;
        Self {
            id,
            nick,
            view: View::new(door),
            special: false,
            retired: false,
            drained: false,
            current: None,
            address,
            outlet,
            standing: Standing::new(now),
            ignored_by: 0,
            stopped: false,
            deferred: None,
            debts: None,
            extras: None,
        }
    }

    /// What he was sent and has taken.
    pub(crate) fn balance(&self) -> Balance {
        Balance { pushed: self.outlet.pushed(), taken: self.outlet.taken() }
    }

    /// Bytes of a room's lines were pushed, by which so much is owed in all now.
    #[inline]
    pub(crate) fn owe(&mut self, room: RoomId, bytes: u64, owed: u64, bounds: &Bounds) {
        if owed > debts::floor(bounds) {
            let Balance { pushed, taken } = self.balance();
            let before = pushed - bytes.min(pushed);
            self.debts
                .get_or_insert_with(|| Box::new(Debts::new(before)))
                .add(room, bytes, before, taken);
        }
    }

    /// What counts as owed of a room's lines: never less than what is, and of other lines no more than
    /// [`floor`](debts::floor). Several rooms share what somebody may be owed: those that are owed most are far ahead of them
    /// first.
    #[inline]
    pub(crate) fn debt_in(&self, room: RoomId, balance: Balance, bounds: &Bounds) -> Debt {
        let owed = balance.owed();
        let floor = debts::floor(bounds);
        if owed <= floor {
            return Debt { owed, is_far: false };
        }
        let (debt, level) =
            self.debts.as_ref().map_or((0, 0), |debts| debts.of(room, balance.taken));
        let is_far = owed > bounds.half() && floor + level > bounds.half();
        Debt { owed: owed.min(floor + debt), is_far }
    }

    /// Forgets of which rooms a debt is that has become small.
    pub(crate) fn forget_small_debts(&mut self, bounds: &Bounds) {
        if self.debts.is_some() && self.balance().owed() <= debts::floor(bounds) {
            self.debts = None;
        }
    }

    /// What few people need, made if he has none yet.
    pub(crate) fn extras_mut(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }

    /// The rooms that he is in beside his current one.
    fn others(&self) -> &[Membership] {
        self.extras.as_ref().map_or(&[], |extras| &extras.others)
    }

    /// The rooms that he is in, the current one last.
    pub(crate) fn memberships(&self) -> impl Iterator<Item = Membership> {
        self.others().iter().copied().chain(self.current)
    }

    /// His being in this room, if he is.
    pub(crate) fn membership(&self, room: RoomId) -> Option<Membership> {
        self.memberships().find(|membership| membership.room == room)
    }

    /// Whether this is the room that he speaks in.
    #[inline]
    pub(crate) fn speaks_in(&self, room: RoomId) -> bool {
        self.current.is_some_and(|current| current.room == room)
    }

    /// They are in this room no more. Says whether they spoke in it; then they speak nowhere.
    pub(crate) fn leave(&mut self, room: RoomId) -> bool {
        let spoke = self.speaks_in(room);
        if spoke {
            self.current = None;
        } else if let Some(extras) = &mut self.extras {
            extras.others.retain(|other| other.room != room);
        }
        if let Some(debts) = &mut self.debts {
            debts.forget(room);
        }
        spoke
    }

    /// Whether he may be in more than one room.
    #[inline]
    pub(crate) fn is_in_several(&self) -> bool {
        self.extras.as_ref().is_some_and(|extras| !extras.others.is_empty())
    }

    /// How lines of this room look to him.
    #[inline]
    pub(crate) fn view_of(&self, room: RoomId) -> View {
        self.view.of_other_room(!self.speaks_in(room))
    }

    /// Whose words he does not want.
    pub(crate) fn ignores(&self) -> &[ClientId] {
        self.extras.as_ref().map_or(&[], |extras| &extras.ignores)
    }

    /// What rings when they are named, for who asked for it.
    pub(crate) fn bell_mut(&mut self) -> Option<&mut Bell> {
        self.extras.as_mut().and_then(|extras| extras.bell.as_mut())
    }

    /// Whether he may moderate.
    pub(crate) fn is_operator(&self) -> bool {
        self.extras.as_ref().is_some_and(|extras| extras.is_operator)
    }

    /// Whether he said that he is away.
    pub(crate) fn is_away(&self) -> bool {
        self.extras.as_ref().is_some_and(|extras| extras.away.is_some())
    }
}
