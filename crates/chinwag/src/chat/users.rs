//! Who is connected: everybody by slot, found by id and by name.
//!
//! A user's slot is their place in the table as long as they are here, and rooms list their members by it. The user who leaves is
//! *departed*, known by neither id nor name, but they keep their slot until the batch is handed out and the departed are
//! removed. Slots are filled from the bottom, so that the table shrinks when many have gone. All indexes are ordered
//! maps: names are chosen by strangers, whose collisions a hash map would have to fear, and `/who` wants them in order
//! anyway.

use crate::chat::event::ClientId;
use crate::chat::scan_steps;
use crate::chat::user::User;
use crate::chat::user_slot::UserSlot;
use crate::protocol::nick::{FoldedNick, Nick, NickSkeleton};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// All users (see the module docs).
#[derive(Debug, Default)]
pub(crate) struct Users {
    /// The users; a slot is an index here. Those of nobody are empty.
    slots: Vec<Option<User>>,
    /// The slot of each id.
    by_id: BTreeMap<ClientId, UserSlot>,
    /// The slot of each name without its case.
    by_nick: BTreeMap<FoldedNick, UserSlot>,
    /// The slot of a user who has a name that looks so.
    by_look: BTreeMap<NickSkeleton, UserSlot>,
    /// The slots of the departed.
    departed: Vec<UserSlot>,
    /// Empty slots, the lowest first. Some may be taken already, or lie past the end.
    free: BinaryHeap<Reverse<UserSlot>>,
}

/// Slots that an empty table keeps.
const KEPT_SLOTS: usize = 64;

impl Users {
    /// How many there are, without the departed.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Everybody with a slot, the departed too.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &User> {
        self.slots.iter().flatten().inspect(|_| scan_steps::count(1))
    }

    /// Everybody with a slot, the departed too.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut User> {
        self.slots.iter_mut().flatten().inspect(|_| scan_steps::count(1))
    }

    /// The user who has this slot.
    #[inline]
    pub(crate) fn user(&self, slot: UserSlot) -> &User {
        scan_steps::count(1);
        self.slots[slot.index()].as_ref().expect(SLOT_IN_USE)
    }

    /// The user who has this slot.
    #[inline]
    pub(crate) fn user_mut(&mut self, slot: UserSlot) -> &mut User {
        scan_steps::count(1);
        self.slots[slot.index()].as_mut().expect(SLOT_IN_USE)
    }

    /// Where a user is.
    pub(crate) fn slot_of(&self, id: ClientId) -> Option<UserSlot> {
        self.by_id.get(&id).copied()
    }

    /// Whether a user is here still, at the slot that was their.
    #[inline]
    pub(crate) fn is_current(&self, slot: UserSlot, id: ClientId) -> bool {
        let user = self.slots.get(slot.index()).and_then(Option::as_ref);
        user.is_some_and(|user| user.id == id && !user.departed)
    }

    /// Where the user who is called so is, in whatever case.
    pub(crate) fn by_nick(&self, nick: Nick) -> Option<UserSlot> {
        self.by_nick.get(&nick.fold()).copied()
    }

    /// Where a user who has this name is, or one that it can be taken for, leaving out one user. The one of the same name if
    /// there are both.
    pub(crate) fn look_alike(&self, nick: Nick, except: Option<UserSlot>) -> Option<UserSlot> {
        let named = self.by_nick.get(&nick.fold());
        let found = [named, self.by_look.get(&nick.skeleton())].into_iter().flatten();
        found.copied().find(|&slot| Some(slot) != except)
    }

    /// The name of each slot without its case, also of the departed: what rooms order their members by.
    pub(crate) fn nick_of(&self) -> impl Fn(UserSlot) -> FoldedNick {
        |slot| self.user(slot).nick.fold()
    }

    /// The slots of everybody but the departed, in the order in which they came.
    pub(crate) fn slots(&self) -> impl Iterator<Item = UserSlot> {
        self.by_id.values().copied().inspect(|_| scan_steps::count(1))
    }

    /// Everybody but the departed, in the order of the alphabet.
    pub(crate) fn by_name(&self) -> impl Iterator<Item = &User> {
        self.by_nick.values().map(|&slot| self.user(slot))
    }

    /// Everybody but the departed whose name begins with this word in whatever case, in the order of the alphabet.
    pub(crate) fn with_prefix(&self, word: &str) -> impl DoubleEndedIterator<Item = &User> + Clone {
        let bounds = FoldedNick::prefix_range(word);
        let range = bounds.map(|(first, last)| self.by_nick.range(first..=last));
        range.into_iter().flatten().map(|(_, &slot)| self.user(slot))
    }

    /// Adds a user whose id and name are nobody else's, and says where.
    pub(crate) fn insert(&mut self, user: User) -> UserSlot {
        let slot = self.free_slot();
        let known = self.by_id.insert(user.id, slot);
        let taken = self.by_nick.insert(user.nick.fold(), slot);
        let like = self.by_look.insert(user.nick.skeleton(), slot);
        debug_assert!(
            known.is_none() && taken.is_none() && like.is_none(),
            "ids and names are unique"
        );
        match self.slots.get_mut(slot.index()) {
            Some(place) => *place = Some(user),
            None => self.slots.push(Some(user)),
        }
        slot
    }

    /// The lowest slot that is nobody's.
    fn free_slot(&mut self) -> UserSlot {
        while let Some(Reverse(slot)) = self.free.pop() {
            if matches!(self.slots.get(slot.index()), Some(None)) {
                return slot;
            }
        }
        UserSlot::from_index(self.slots.len())
    }

    /// Takes a user out of the indexes; they keep their slot until [`remove_departed`](Self::remove_departed).
    pub(crate) fn mark_departed(&mut self, slot: UserSlot) {
        self.departed.push(slot);
        let user = self.slots[slot.index()].as_mut().expect(SLOT_IN_USE);
        user.departed = true;
        self.by_id.remove(&user.id);
        self.by_nick.remove(&user.nick.fold());
        self.by_look.remove(&user.nick.skeleton());
    }

    /// Those who wait to be removed.
    pub(crate) fn departed(&self) -> impl Iterator<Item = &User> {
        self.departed.iter().map(|&slot| self.user(slot))
    }

    /// Their slots, to be asked about each of a room's thousands without a look at each user.
    pub(crate) fn departed_slots(&self) -> SlotSet {
        let mut slots = SlotSet(vec![0; self.slots.len().div_ceil(SlotSet::WORD)]);
        self.departed.iter().for_each(|&slot| slots.insert(slot));
        slots
    }

    /// Whether anyone waits to be removed.
    pub(crate) fn has_departed(&self) -> bool {
        !self.departed.is_empty()
    }

    /// Removes the departed. No room must list them any more.
    pub(crate) fn remove_departed(&mut self) {
        for slot in self.departed.drain(..) {
            self.slots[slot.index()] = None;
            self.free.push(Reverse(slot));
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

    /// Calls a user differently. The name must be like nobody's, or like their own alone.
    pub(crate) fn rename(&mut self, slot: UserSlot, nick: Nick) {
        let old = std::mem::replace(&mut self.user_mut(slot).nick, nick);
        self.by_nick.remove(&old.fold());
        self.by_look.remove(&old.skeleton());
        self.by_nick.insert(nick.fold(), slot);
        self.by_look.insert(nick.skeleton(), slot);
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
    fn insert(&mut self, slot: UserSlot) {
        self.0[slot.index() / Self::WORD] |= 1 << (slot.index() % Self::WORD);
    }

    /// Whether this slot is one of them.
    #[inline]
    pub(crate) fn contains(&self, slot: UserSlot) -> bool {
        self.0[slot.index() / Self::WORD] >> (slot.index() % Self::WORD) & 1 != 0
    }
}

/// Why a slot that is asked for has a user in it.
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

    fn remove(users: &mut Users, slot: UserSlot) {
        users.mark_departed(slot);
        users.remove_departed();
    }

    #[test]
    fn slots_are_filled_from_the_bottom_and_the_table_shrinks() {
        let mut users = Users::default();
        for number in 0..1_000 {
            assert_eq!(users.insert(user(number)).index(), number as usize);
        }
        for index in [700, 3, 500] {
            remove(&mut users, UserSlot::from_index(index));
        }
        let filled: Vec<_> = (0..4).map(|more| users.insert(user(1_000 + more)).index()).collect();
        assert_eq!(filled, [3, 500, 700, 1_000]);
        assert_eq!(users.slot_of(ClientId::new(1_002)), Some(UserSlot::from_index(700)));
        for index in (2..1_001).rev() {
            remove(&mut users, UserSlot::from_index(index));
        }
        assert_eq!(users.slots.len(), 2);
        assert!(users.slots.capacity() <= KEPT_SLOTS);
        assert_eq!(users.insert(user(2_000)).index(), 2);
        assert_eq!(users.len(), 3);
    }

    #[test]
    fn departed_slots_hold_exactly_the_departed() {
        let mut users = Users::default();
        (0..200).for_each(|number| _ = users.insert(user(number)));
        let departed = [0, 63, 64, 127, 199].map(UserSlot::from_index);
        departed.iter().for_each(|&slot| users.mark_departed(slot));
        let slots = users.departed_slots();
        let found: Vec<_> =
            (0..200).map(UserSlot::from_index).filter(|&slot| slots.contains(slot)).collect();
        assert_eq!(found, departed);
    }

    #[test]
    fn a_nick_is_free_once_its_owner_has_departed() {
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
