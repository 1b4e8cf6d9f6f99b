//! Who is in the room: everybody in one dense vector for the fan-out, found by id and by name.
//!
//! A person's slot is his place in the vector, for the time of one round: whoever leaves is *retired*, known by neither
//! id nor name, but he keeps his slot until the round is handed out and the retired are removed; then others move
//! into the gaps. Ids are for everything longer. Both indexes are ordered maps: names are
//! chosen by strangers, whose collisions a hash map would have to fear, and `/who` wants them in order anyway.

use crate::account::Outlet;
use crate::crowd::Count;
use crate::door::DoorKind;
use crate::event::ClientId;
use crate::name::{FoldedNick, Nick};
use crate::pace::{Balance, Standing};
use std::collections::BTreeMap;

/// One person in the room.
#[derive(Debug)]
pub struct Member {
    /// Who he is.
    pub id: ClientId,
    /// What he is called.
    pub nick: Nick,
    /// How his lines are encoded.
    pub door: DoorKind,
    /// Whether he gets something else than the others in the round that is being made.
    pub special: bool,
    /// Whether he has left, and is here only until he has got his part of the round.
    pub retired: bool,
    /// Whether all lines that were read from him have come, in a server that stops.
    pub drained: bool,
    /// The count that his join is announced in, if it was not announced by name.
    pub count: Option<Count>,
    /// Where lines for him go.
    pub outlet: Outlet,
    /// How he keeps the pace.
    pub standing: Standing,
}

impl Member {
    /// What he was sent and has taken.
    pub fn balance(&self) -> Balance {
        Balance { pushed: self.outlet.pushed(), taken: self.outlet.taken() }
    }
}

/// Everybody in the room (see the module's words).
#[derive(Debug, Default)]
pub struct Roster {
    /// The people; a slot is an index here.
    members: Vec<Member>,
    /// The slot of each id.
    slots: BTreeMap<ClientId, usize>,
    /// The name of each, as typed, by the name without its case.
    names: BTreeMap<FoldedNick, Nick>,
    /// The slots of the retired.
    retired: Vec<usize>,
}

/// Slots that an empty room keeps.
const KEPT_SLOTS: usize = 64;

impl Roster {
    /// How many there are, without the retired.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is nobody but the retired.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Everybody, by slot, the retired too.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Everybody, by slot, the retired too.
    #[inline]
    pub fn members_mut(&mut self) -> &mut [Member] {
        &mut self.members
    }

    /// Where somebody is now.
    pub fn slot(&self, id: ClientId) -> Option<usize> {
        self.slots.get(&id).copied()
    }

    /// All names, in the order of the alphabet.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &Nick> {
        self.names.values()
    }

    /// Whether somebody is called so, in whatever case.
    pub fn is_taken(&self, nick: Nick) -> bool {
        self.names.contains_key(&nick.fold())
    }

    /// Adds somebody whose id and name are nobody else's, and says where.
    pub fn insert(&mut self, member: Member) -> usize {
        let slot = self.members.len();
        let known = self.slots.insert(member.id, slot);
        let taken = self.names.insert(member.nick.fold(), member.nick);
        debug_assert!(known.is_none() && taken.is_none(), "ids and names are unique");
        self.members.push(member);
        slot
    }

    /// Takes somebody out of the indexes; he keeps his slot until [`remove_retired`](Self::remove_retired).
    pub fn retire(&mut self, slot: usize) -> &Member {
        let member = &mut self.members[slot];
        member.retired = true;
        self.slots.remove(&member.id);
        self.names.remove(&member.nick.fold());
        self.retired.push(slot);
        member
    }

    /// Removes the retired. Slots change.
    pub fn remove_retired(&mut self) {
        if self.retired.is_empty() {
            return;
        }
        // From the end on, so that nobody who moves into a gap is retired himself.
        self.retired.sort_unstable();
        while let Some(slot) = self.retired.pop() {
            self.members.swap_remove(slot);
            if let Some(moved) = self.members.get(slot) {
                self.slots.insert(moved.id, slot);
            }
        }
        if self.members.len() < self.members.capacity() / 4 {
            self.members.shrink_to((self.members.len() * 2).max(KEPT_SLOTS));
        }
    }

    /// Calls somebody differently, and says how he was called before. The name must be free, or his own in another
    /// case.
    pub fn rename(&mut self, slot: usize, nick: Nick) -> Nick {
        let member = &mut self.members[slot];
        let old = std::mem::replace(&mut member.nick, nick);
        self.names.remove(&old.fold());
        self.names.insert(nick.fold(), nick);
        old
    }

    /// Takes everybody out.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}
