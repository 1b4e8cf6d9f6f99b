//! Who is in the house: everybody by slot, found by id and by name.
//!
//! A person's slot is his place in the table as long as he is here, and rooms list their members by it. Whoever leaves is
//! *retired*, known by neither id nor name, but he keeps his slot until the round is handed out and the retired are
//! removed. Slots are filled from the bottom, so that the table shrinks when a crowd has gone. All indexes are ordered
//! maps: names are chosen by strangers, whose collisions a hash map would have to fear, and `/who` wants them in order
//! anyway.

use crate::chat::event::ClientId;
use crate::chat::scan_steps;
use crate::chat::user::User;
use crate::protocol::nick::{FoldedNick, Nick, NickSkeleton};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// Everybody in the house (see the module's words).
#[derive(Debug, Default)]
pub(crate) struct Users {
    /// The people; a slot is an index here. Those of nobody are empty.
    slots: Vec<Option<User>>,
    /// The slot of each id.
    by_id: BTreeMap<ClientId, u32>,
    /// The slot of each name without its case.
    by_nick: BTreeMap<FoldedNick, u32>,
    /// The slot of whoever has a name that looks so.
    by_look: BTreeMap<NickSkeleton, u32>,
    /// The slots of the retired.
    departed: Vec<usize>,
    /// Empty slots, the lowest first. Some may be taken already, or lie past the end.
    free: BinaryHeap<Reverse<u32>>,
}

/// Slots that an empty house keeps.
const KEPT_SLOTS: usize = 64;

impl Users {
    /// How many there are, without the retired.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Everybody with a slot, the retired too.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &User> {
        self.slots.iter().flatten().inspect(|_| scan_steps::count(1))
    }

    /// Everybody with a slot, the retired too.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut User> {
        self.slots.iter_mut().flatten().inspect(|_| scan_steps::count(1))
    }

    /// Whoever has this slot.
    #[inline]
    pub(crate) fn user(&self, slot: usize) -> &User {
        scan_steps::count(1);
        self.slots[slot].as_ref().expect(SLOT_IN_USE)
    }

    /// Whoever has this slot.
    #[inline]
    pub(crate) fn user_mut(&mut self, slot: usize) -> &mut User {
        scan_steps::count(1);
        self.slots[slot].as_mut().expect(SLOT_IN_USE)
    }

    /// Where somebody is.
    pub(crate) fn slot_of(&self, id: ClientId) -> Option<usize> {
        self.by_id.get(&id).map(|&slot| slot as usize)
    }

    /// Whether somebody is here still, at the slot that was his.
    #[inline]
    pub(crate) fn is_current(&self, slot: usize, id: ClientId) -> bool {
        let user = self.slots.get(slot).and_then(Option::as_ref);
        user.is_some_and(|user| user.id == id && !user.departed)
    }

    /// Where whoever is called so is, in whatever case.
    pub(crate) fn by_nick(&self, nick: Nick) -> Option<usize> {
        self.by_nick.get(&nick.fold()).map(|&slot| slot as usize)
    }

    /// Where whoever has this name is, or one that it can be taken for, leaving out one person. The one of the same name if there
    /// are both.
    pub(crate) fn look_alike(&self, nick: Nick, except: Option<usize>) -> Option<usize> {
        let named = self.by_nick.get(&nick.fold());
        let found = [named, self.by_look.get(&nick.skeleton())].into_iter().flatten();
        found.map(|&slot| slot as usize).find(|&slot| Some(slot) != except)
    }

    /// The name of each slot without its case, also of the retired: what rooms order their members by.
    pub(crate) fn nick_of(&self) -> impl Fn(u32) -> FoldedNick {
        |slot| self.user(slot as usize).nick.fold()
    }

    /// The slots of everybody but the retired, in the order in which they came.
    pub(crate) fn slots(&self) -> impl Iterator<Item = usize> {
        self.by_id.values().map(|&slot| slot as usize).inspect(|_| scan_steps::count(1))
    }

    /// Everybody but the retired, in the order of the alphabet.
    pub(crate) fn by_name(&self) -> impl Iterator<Item = &User> {
        self.by_nick.values().map(|&slot| self.user(slot as usize))
    }

    /// Everybody but the retired whose name begins with this word in whatever case, in the order of the alphabet.
    pub(crate) fn with_prefix(&self, word: &str) -> impl DoubleEndedIterator<Item = &User> + Clone {
        let bounds = FoldedNick::prefix_range(word);
        let range = bounds.map(|(first, last)| self.by_nick.range(first..=last));
        range.into_iter().flatten().map(|(_, &slot)| self.user(slot as usize))
    }

    /// Adds somebody whose id and name are nobody else's, and says where.
    pub(crate) fn insert(&mut self, user: User) -> usize {
        let slot = self.free_slot();
        let known = self.by_id.insert(user.id, slot as u32);
        let taken = self.by_nick.insert(user.nick.fold(), slot as u32);
        let like = self.by_look.insert(user.nick.skeleton(), slot as u32);
        debug_assert!(
            known.is_none() && taken.is_none() && like.is_none(),
            "ids and names are unique"
        );
        match self.slots.get_mut(slot) {
            Some(place) => *place = Some(user),
            None => self.slots.push(Some(user)),
        }
        slot
    }

    /// The lowest slot that is nobody's.
    fn free_slot(&mut self) -> usize {
        while let Some(Reverse(slot)) = self.free.pop() {
            if matches!(self.slots.get(slot as usize), Some(None)) {
                return slot as usize;
            }
        }
        self.slots.len()
    }

    /// Takes somebody out of the indexes; he keeps his slot until [`remove_departed`](Self::remove_departed).
    pub(crate) fn mark_departed(&mut self, slot: usize) {
        self.departed.push(slot);
        let user = self.slots[slot].as_mut().expect(SLOT_IN_USE);
        user.departed = true;
        self.by_id.remove(&user.id);
        self.by_nick.remove(&user.nick.fold());
        self.by_look.remove(&user.nick.skeleton());
    }

    /// Those who wait to be removed.
    pub(crate) fn departed(&self) -> impl Iterator<Item = &User> {
        self.departed.iter().map(|&slot| self.user(slot))
    }

    /// Their slots, to be asked about each of a room's thousands without a look at each person.
    pub(crate) fn departed_slots(&self) -> SlotSet {
        let mut slots = SlotSet(vec![0; self.slots.len().div_ceil(SlotSet::WORD)]);
        self.departed.iter().for_each(|&slot| slots.insert(slot));
        slots
    }

    /// Whether anybody waits to be removed.
    pub(crate) fn has_departed(&self) -> bool {
        !self.departed.is_empty()
    }

    /// Removes the retired. No room must list them any more.
    pub(crate) fn remove_departed(&mut self) {
        for slot in self.departed.drain(..) {
            self.slots[slot] = None;
            // There are never as many people as a slot can count.
            self.free.push(Reverse(slot as u32));
        }
        while let Some(None) = self.slots.last() {
            self.slots.pop();
        }
        if self.slots.is_empty() {
            self.free.clear();
        }
        if self.slots.len() < self.slots.capacity() / 4 {
            let kept = (self.slots.len() * 2).max(KEPT_SLOTS);
            self.slots.shrink_to(kept);
            self.free.shrink_to(kept);
            self.departed.shrink_to(KEPT_SLOTS);
        }
    }

    /// Calls somebody differently. The name must be like nobody's, or like their own alone.
    pub(crate) fn rename(&mut self, slot: usize, nick: Nick) {
        let old = std::mem::replace(&mut self.user_mut(slot).nick, nick);
        self.by_nick.remove(&old.fold());
        self.by_look.remove(&old.skeleton());
        self.by_nick.insert(nick.fold(), slot as u32);
        self.by_look.insert(nick.skeleton(), slot as u32);
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
const SLOT_IN_USE: &str = "a slot in use is somebody's";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::event::NewClient;
    use crate::outbound::backpressure::{Backpressure, QueueLimits};
    use crate::outbound::queue;
    use crate::protocol::encode::WireFormat;
    use std::net::Ipv4Addr;
    use std::sync::Arc;

    fn user(number: u64) -> User {
        let (sender, _) = queue::channel(&Arc::new(Backpressure::new(QueueLimits::default())));
        let now = whippet::time::Instant::now().into_std();
        let (format, address) = (WireFormat::Lines, Ipv4Addr::LOCALHOST.into());
        let client = NewClient { sender, format, address };
        User::new(ClientId::new(number), Nick::guest(number), client, now)
    }

    fn remove(users: &mut Users, slot: usize) {
        users.mark_departed(slot);
        users.remove_departed();
    }

    #[test]
    fn slots_are_filled_from_the_bottom_and_the_table_shrinks() {
        let mut users = Users::default();
        for number in 0..1_000 {
            assert_eq!(users.insert(user(number)), number as usize);
        }
        for slot in [700, 3, 500] {
            remove(&mut users, slot);
        }
        let filled: Vec<_> = (0..4).map(|more| users.insert(user(1_000 + more))).collect();
        assert_eq!(filled, [3, 500, 700, 1_000]);
        assert_eq!(users.slot_of(ClientId::new(1_002)), Some(700));
        for slot in (2..1_001).rev() {
            remove(&mut users, slot);
        }
        assert_eq!(users.slots.len(), 2);
        assert!(users.slots.capacity() <= KEPT_SLOTS);
        assert_eq!(users.insert(user(2_000)), 2);
        assert_eq!(users.len(), 3);
    }

    #[test]
    fn the_retired_are_told_from_all_others() {
        let mut users = Users::default();
        (0..200).for_each(|number| _ = users.insert(user(number)));
        let departed = [0, 63, 64, 127, 199];
        departed.iter().for_each(|&slot| users.mark_departed(slot));
        let slots = users.departed_slots();
        let found: Vec<_> = (0..200).filter(|&slot| slots.contains(slot)).collect();
        assert_eq!(found, departed);
    }

    #[test]
    fn a_name_is_free_once_its_owner_is_retired() {
        let mut users = Users::default();
        let slot = users.insert(user(1));
        let (bob, shout) = (Nick::parse("bob").unwrap(), Nick::parse("BOB").unwrap());
        users.rename(slot, bob);
        assert_eq!(users.by_nick(shout), Some(slot));
        assert_eq!(users.by_nick(Nick::guest(1)), None);
        let alike = Nick::parse("b0b").unwrap();
        assert_eq!((users.by_nick(alike), users.look_alike(alike, None)), (None, Some(slot)));
        assert_eq!(users.look_alike(alike, Some(slot)), None, "their own is no other's");
        users.mark_departed(slot);
        assert_eq!((users.by_nick(bob), users.slot_of(ClientId::new(1))), (None, None));
        assert_eq!(users.look_alike(alike, None), None);
        assert_eq!(users.iter().count(), 1, "he gets what was said before");
    }
}
