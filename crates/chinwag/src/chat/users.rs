//! Who is in the house: everybody by slot, found by id and by name.
//!
//! A person's slot is his place in the table as long as he is here, and rooms list their members by it. Whoever leaves is
//! *retired*, known by neither id nor name, but he keeps his slot until the round is handed out and the retired are
//! removed. Slots are filled from the bottom, so that the table shrinks when a crowd has gone. All indexes are ordered
//! maps: names are chosen by strangers, whose collisions a hash map would have to fear, and `/who` wants them in order
//! anyway.

use crate::chat::event::ClientId;
use crate::chat::scan_steps;
use crate::chat::user::Member;
use crate::protocol::nick::{FoldedNick, Nick, NickLook};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// Everybody in the house (see the module's words).
#[derive(Debug, Default)]
pub(crate) struct Roster {
    /// The people; a slot is an index here. Those of nobody are empty.
    members: Vec<Option<Member>>,
    /// The slot of each id.
    slots: BTreeMap<ClientId, u32>,
    /// The slot of each name without its case.
    names: BTreeMap<FoldedNick, u32>,
    /// The slot of whoever has a name that looks so.
    looks: BTreeMap<NickLook, u32>,
    /// The slots of the retired.
    retired: Vec<usize>,
    /// Empty slots, the lowest first. Some may be taken already, or lie past the end.
    vacant: BinaryHeap<Reverse<u32>>,
}

/// Slots that an empty house keeps.
const KEPT_SLOTS: usize = 64;

impl Roster {
    /// How many there are, without the retired.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Everybody with a slot, the retired too.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().flatten().inspect(|_| scan_steps::count(1))
    }

    /// Everybody with a slot, the retired too.
    pub(crate) fn members_mut(&mut self) -> impl Iterator<Item = &mut Member> {
        self.members.iter_mut().flatten().inspect(|_| scan_steps::count(1))
    }

    /// Whoever has this slot.
    #[inline]
    pub(crate) fn member(&self, slot: usize) -> &Member {
        scan_steps::count(1);
        self.members[slot].as_ref().expect(OCCUPIED)
    }

    /// Whoever has this slot.
    #[inline]
    pub(crate) fn member_mut(&mut self, slot: usize) -> &mut Member {
        scan_steps::count(1);
        self.members[slot].as_mut().expect(OCCUPIED)
    }

    /// Where somebody is.
    pub(crate) fn slot(&self, id: ClientId) -> Option<usize> {
        self.slots.get(&id).map(|&slot| slot as usize)
    }

    /// Whether somebody is here still, at the slot that was his.
    #[inline]
    pub(crate) fn holds(&self, slot: usize, id: ClientId) -> bool {
        let member = self.members.get(slot).and_then(Option::as_ref);
        member.is_some_and(|member| member.id == id && !member.retired)
    }

    /// Where whoever is called so is, in whatever case.
    pub(crate) fn named(&self, nick: Nick) -> Option<usize> {
        self.names.get(&nick.fold()).map(|&slot| slot as usize)
    }

    /// Where whoever has this name is, or one that it can be taken for, leaving out one person. The one of the same name if there
    /// are both.
    pub(crate) fn like(&self, nick: Nick, except: Option<usize>) -> Option<usize> {
        let named = self.names.get(&nick.fold());
        let found = [named, self.looks.get(&nick.look())].into_iter().flatten();
        found.map(|&slot| slot as usize).find(|&slot| Some(slot) != except)
    }

    /// The name of each slot without its case, also of the retired: what rooms order their members by.
    pub(crate) fn names(&self) -> impl Fn(u32) -> FoldedNick {
        |slot| self.member(slot as usize).nick.fold()
    }

    /// The slots of everybody but the retired, in the order in which they came.
    pub(crate) fn slots(&self) -> impl Iterator<Item = usize> {
        self.slots.values().map(|&slot| slot as usize).inspect(|_| scan_steps::count(1))
    }

    /// Everybody but the retired, in the order of the alphabet.
    pub(crate) fn by_name(&self) -> impl Iterator<Item = &Member> {
        self.names.values().map(|&slot| self.member(slot as usize))
    }

    /// Everybody but the retired whose name begins with this word in whatever case, in the order of the alphabet.
    pub(crate) fn beginning_with(
        &self,
        word: &str,
    ) -> impl DoubleEndedIterator<Item = &Member> + Clone {
        let bounds = FoldedNick::beginning_with(word);
        let range = bounds.map(|(first, last)| self.names.range(first..=last));
        range.into_iter().flatten().map(|(_, &slot)| self.member(slot as usize))
    }

    /// Adds somebody whose id and name are nobody else's, and says where.
    pub(crate) fn insert(&mut self, member: Member) -> usize {
        let slot = self.vacant_slot();
        let known = self.slots.insert(member.id, slot as u32);
        let taken = self.names.insert(member.nick.fold(), slot as u32);
        let like = self.looks.insert(member.nick.look(), slot as u32);
        debug_assert!(
            known.is_none() && taken.is_none() && like.is_none(),
            "ids and names are unique"
        );
        match self.members.get_mut(slot) {
            Some(place) => *place = Some(member),
            None => self.members.push(Some(member)),
        }
        slot
    }

    /// The lowest slot that is nobody's.
    fn vacant_slot(&mut self) -> usize {
        while let Some(Reverse(slot)) = self.vacant.pop() {
            if matches!(self.members.get(slot as usize), Some(None)) {
                return slot as usize;
            }
        }
        self.members.len()
    }

    /// Takes somebody out of the indexes; he keeps his slot until [`remove_retired`](Self::remove_retired).
    pub(crate) fn retire(&mut self, slot: usize) {
        self.retired.push(slot);
        let member = self.members[slot].as_mut().expect(OCCUPIED);
        member.retired = true;
        self.slots.remove(&member.id);
        self.names.remove(&member.nick.fold());
        self.looks.remove(&member.nick.look());
    }

    /// Those who wait to be removed.
    pub(crate) fn retired(&self) -> impl Iterator<Item = &Member> {
        self.retired.iter().map(|&slot| self.member(slot))
    }

    /// Their slots, to be asked about each of a room's thousands without a look at each person.
    pub(crate) fn retired_slots(&self) -> SlotSet {
        let mut slots = SlotSet(vec![0; self.members.len().div_ceil(SlotSet::WORD)]);
        self.retired.iter().for_each(|&slot| slots.insert(slot));
        slots
    }

    /// Whether anybody waits to be removed.
    pub(crate) fn has_retired(&self) -> bool {
        !self.retired.is_empty()
    }

    /// Removes the retired. No room must list them any more.
    pub(crate) fn remove_retired(&mut self) {
        for slot in self.retired.drain(..) {
            self.members[slot] = None;
            // There are never as many people as a slot can count.
            self.vacant.push(Reverse(slot as u32));
        }
        while let Some(None) = self.members.last() {
            self.members.pop();
        }
        if self.members.is_empty() {
            self.vacant.clear();
        }
        if self.members.len() < self.members.capacity() / 4 {
            let kept = (self.members.len() * 2).max(KEPT_SLOTS);
            self.members.shrink_to(kept);
            self.vacant.shrink_to(kept);
            self.retired.shrink_to(KEPT_SLOTS);
        }
    }

    /// Calls somebody differently. The name must be like nobody's, or like their own alone.
    pub(crate) fn rename(&mut self, slot: usize, nick: Nick) {
        let old = std::mem::replace(&mut self.member_mut(slot).nick, nick);
        self.names.remove(&old.fold());
        self.looks.remove(&old.look());
        self.names.insert(nick.fold(), slot as u32);
        self.looks.insert(nick.look(), slot as u32);
    }

    /// Takes everybody out.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// A set of slots: a bit for each that there is.
#[derive(Debug)]
pub(crate) struct SlotSet(Vec<u64>);

impl SlotSet {
    /// Slots in a word.
    const WORD: usize = u64::BITS as usize;

    /// Adds a slot.
    fn insert(&mut self, slot: usize) {
        self.0[slot / Self::WORD] |= 1 << (slot % Self::WORD);
    }

    /// Whether this slot is one of them.
    #[inline]
    pub(crate) fn contains(&self, slot: usize) -> bool {
        self.0[slot / Self::WORD] >> (slot % Self::WORD) & 1 != 0
    }
}

/// Why a slot that is asked for has somebody in it.
const OCCUPIED: &str = "a slot in use is somebody's";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::event::Arrival;
    use crate::outbound::backpressure::{Bounds, Intake};
    use crate::outbound::queue;
    use crate::protocol::encode::DoorKind;
    use std::net::Ipv4Addr;
    use std::sync::Arc;

    fn person(number: u64) -> Member {
        let (outlet, _) = queue::inbox(&Arc::new(Intake::new(Bounds::default())));
        let now = whippet::time::Instant::now().into_std();
        let (door, address) = (DoorKind::Lines, Ipv4Addr::LOCALHOST.into());
        let arrival = Arrival { outlet, door, address };
        Member::new(ClientId::new(number), Nick::numbered(number), arrival, now)
    }

    fn remove(roster: &mut Roster, slot: usize) {
        roster.retire(slot);
        roster.remove_retired();
    }

    #[test]
    fn slots_are_filled_from_the_bottom_and_the_table_shrinks() {
        let mut roster = Roster::default();
        for number in 0..1_000 {
            assert_eq!(roster.insert(person(number)), number as usize);
        }
        for slot in [700, 3, 500] {
            remove(&mut roster, slot);
        }
        let filled: Vec<_> = (0..4).map(|more| roster.insert(person(1_000 + more))).collect();
        assert_eq!(filled, [3, 500, 700, 1_000]);
        assert_eq!(roster.slot(ClientId::new(1_002)), Some(700));
        for slot in (2..1_001).rev() {
            remove(&mut roster, slot);
        }
        assert_eq!(roster.members.len(), 2);
        assert!(roster.members.capacity() <= KEPT_SLOTS);
        assert_eq!(roster.insert(person(2_000)), 2);
        assert_eq!(roster.len(), 3);
    }

    #[test]
    fn the_retired_are_told_from_all_others() {
        let mut roster = Roster::default();
        (0..200).for_each(|number| _ = roster.insert(person(number)));
        let retired = [0, 63, 64, 127, 199];
        retired.iter().for_each(|&slot| roster.retire(slot));
        let slots = roster.retired_slots();
        let found: Vec<_> = (0..200).filter(|&slot| slots.contains(slot)).collect();
        assert_eq!(found, retired);
    }

    #[test]
    fn a_name_is_free_once_its_owner_is_retired() {
        let mut roster = Roster::default();
        let slot = roster.insert(person(1));
        let (bob, shout) = (Nick::parse("bob").unwrap(), Nick::parse("BOB").unwrap());
        roster.rename(slot, bob);
        assert_eq!(roster.named(shout), Some(slot));
        assert_eq!(roster.named(Nick::numbered(1)), None);
        let alike = Nick::parse("b0b").unwrap();
        assert_eq!((roster.named(alike), roster.like(alike, None)), (None, Some(slot)));
        assert_eq!(roster.like(alike, Some(slot)), None, "their own is no other's");
        roster.retire(slot);
        assert_eq!((roster.named(bob), roster.slot(ClientId::new(1))), (None, None));
        assert_eq!(roster.like(alike, None), None);
        assert_eq!(roster.members().count(), 1, "he gets what was said before");
    }
}
