//! The one list of waiters: first come, first served, and whoever loses patience leaves from the middle.
//!
//! Every channel and lock of this room keeps its waiters in a [`WaitList`], under its own lock. It is a doubly
//! linked list through the slots of a vector, so that joining, leaving and being chosen cost the same however
//! many wait, without unsafe code and without an allocation a waiter. An unused list has no memory on the heap.
//!
//! ```text
//!            push_back                pop_front
//!   (free) ───────────► Waiting ───────────────────► Chosen
//!     ▲                    │  remove                    │ remove
//!     └────────────────────┴────────────────────────────┘
//! ```
//!
//! A waiter holds a [`Ticket`] from `push_back` until it gives it back to `remove`: the slot is its own as long,
//! so a ticket needs no generation. `pop_front` takes a waiter out of the line but leaves its slot, with the note
//! that says what it was chosen for; the waiter finds it when it is polled, or passes it on when it is dropped.
//!
//! [`WaitList::void`] gives up the slots of a line that was chosen as a whole: no ticket comes back. Who calls it has to
//! tell the waiters so, in a way that they find without the lock; so they need not come to it a second time.
//!
//! Memory: when the last ticket comes back, a list that has grown past [`KEPT_SLOTS`] gives its memory back. One that
//! somebody always waits in looks at a quarter, an eighth and so on of those who made it grow whether they left the
//! upper half of its slots, and gives back what lies above the last of them: nobody can be moved out of his slot.

use super::caller::Caller;
use crate::wakers::Wakers;
use std::task::{Poll, Waker};

/// Slots that an empty list keeps: the few waiters of an ordinary channel come and go without an allocation.
const KEPT_SLOTS: usize = 4;

/// Slots from which on a list gives some of them back while somebody waits: fewer are not worth the walk.
const MANY_SLOTS: usize = 64;

/// The end of a chain of slots.
const NONE: u32 = u32::MAX;

/// The right to one slot of a [`WaitList`]; neither copied nor lost, only given back.
#[derive(Debug)]
#[must_use = "a ticket that is not removed keeps its slot for ever"]
pub(crate) struct Ticket(u32);

/// What a slot is used for.
#[derive(Debug)]
enum Place {
    /// In line, between two others.
    Waiting { previous: u32, next: u32 },
    /// Out of the line: the waiter was chosen and has not collected yet.
    Chosen,
    /// Nobody's; the next free slot follows.
    Free { next: u32 },
}

/// One waiter.
#[derive(Debug)]
struct Slot<N> {
    /// Where it stands.
    place: Place,
    /// Whom to wake; absent when the waiter was never polled, or was chosen.
    waker: Option<Waker>,
    /// What it waits for, and what it was chosen for.
    note: N,
}

/// Waiters in the order of their arrival, each with a note of type `N` (see the module's words).
#[derive(Debug)]
pub(crate) struct WaitList<N> {
    /// All slots, linked by index.
    slots: Vec<Slot<N>>,
    /// Who came first, or [`NONE`].
    head: u32,
    /// Who came last, or [`NONE`].
    tail: u32,
    /// The first free slot, or [`NONE`].
    free: u32,
    /// Tickets that are out: the waiting and the chosen.
    tickets: u32,
}

impl<N> WaitList<N> {
    /// An empty list, without memory of its own.
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), head: NONE, tail: NONE, free: NONE, tickets: 0 }
    }

    /// Whether nobody is in line.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.head == NONE
    }

    /// Tickets that are out. Tests of leaks look at it.
    #[cfg(test)]
    #[cfg(not(loom))]
    pub(crate) fn tickets(&self) -> usize {
        self.tickets as usize
    }

    /// Joins the line at its end.
    ///
    /// # Panics
    /// With four billion waiters.
    pub(crate) fn push_back(&mut self, note: N, waker: Option<Waker>) -> Ticket {
        let place = Place::Waiting { previous: self.tail, next: NONE };
        let index = self.insert(Slot { place, waker, note });
        match self.tail {
            NONE => self.head = index,
            tail => self.set_next(tail, index),
        }
        self.tail = index;
        self.tickets += 1;
        Ticket(index)
    }

    /// The note of whoever is first in line.
    #[inline]
    pub(crate) fn front(&self) -> Option<&N> {
        (self.head != NONE).then(|| &self.slots[self.head as usize].note)
    }

    /// Chooses the first in line: its waker goes to `wakers`, its note is the caller's to write.
    pub(crate) fn pop_front(&mut self, wakers: &mut Wakers) -> Option<&mut N> {
        self.choose(self.head, wakers)
    }

    /// Chooses the last in line.
    pub(crate) fn pop_back(&mut self, wakers: &mut Wakers) -> Option<&mut N> {
        self.choose(self.tail, wakers)
    }

    /// Chooses all who are in line. Says how many.
    pub(crate) fn choose_all(&mut self, note: N, wakers: &mut Wakers) -> usize
    where
        N: Copy,
    {
        wakers.reserve(self.tickets as usize);
        let (mut index, mut chosen) = (self.head, 0);
        while index != NONE {
            let slot = &mut self.slots[index as usize];
            if let Some(waker) = slot.waker.take() {
                wakers.push(waker);
            }
            slot.note = note;
            let place = std::mem::replace(&mut slot.place, Place::Chosen);
            index = if let Place::Waiting { next, .. } = place { next } else { NONE };
            chosen += 1;
        }
        (self.head, self.tail) = (NONE, NONE);
        chosen
    }

    /// Takes all slots back at once if just so many tickets are out, which are void by that: none of them may come back.
    /// Says whether it did.
    pub(crate) fn void(&mut self, tickets: usize) -> bool {
        if self.tickets as usize != tickets {
            return false;
        }
        self.slots.clear();
        if self.slots.capacity() > KEPT_SLOTS {
            self.slots = Vec::new();
        }
        (self.head, self.tail, self.free, self.tickets) = (NONE, NONE, NONE, 0);
        true
    }

    /// Makes room for so many slots, if there is none at all.
    #[inline]
    pub(crate) fn make_room(&mut self, slots: usize) {
        if self.slots.capacity() == 0 {
            self.slots.reserve_exact(slots);
        }
    }

    /// The note of one waiter, and whether it was chosen.
    pub(crate) fn look(&self, ticket: &Ticket) -> (&N, bool) {
        let slot = &self.slots[ticket.0 as usize];
        (&slot.note, matches!(slot.place, Place::Chosen))
    }

    /// Whether the caller's waker now lies with its ticket; see [`Caller::leave_in`].
    pub(crate) fn leave_waker(&mut self, ticket: &Ticket, caller: &mut Caller<'_>) -> bool {
        caller.leave_in(&mut self.slots[ticket.0 as usize].waker)
    }

    /// Waits in line: joins with `note` if there is no ticket yet, and leaves the caller's waker. `None` asks the
    /// caller for a clone of it.
    pub(crate) fn poll_line_up<R>(
        &mut self,
        note: N,
        ticket: &mut Option<Ticket>,
        caller: &mut Caller<'_>,
    ) -> Option<Poll<R>> {
        if let Some(ticket) = ticket {
            return self.leave_waker(ticket, caller).then_some(Poll::Pending);
        }
        let waker = caller.take()?;
        *ticket = Some(self.push_back(note, Some(waker)));
        Some(Poll::Pending)
    }

    /// Gives a ticket back, in line or chosen. The waker is the caller's to drop, outside of the lock.
    pub(crate) fn remove(&mut self, ticket: Ticket) -> Removed<N>
    where
        N: Default,
    {
        let index = ticket.0;
        let chosen = !self.unlink(index);
        let slot = &mut self.slots[index as usize];
        let removed =
            Removed { note: std::mem::take(&mut slot.note), chosen, waker: slot.waker.take() };
        slot.place = Place::Free { next: self.free };
        self.free = index;
        self.tickets -= 1;
        if self.tickets == 0 && self.slots.capacity() > KEPT_SLOTS {
            self.slots = Vec::new();
            self.free = NONE;
        } else if self.slots.len() >= MANY_SLOTS && self.is_ebb() {
            self.give_back();
        }
        removed
    }

    /// Whether the tickets are just a quarter of the slots, or an eighth, and so on.
    fn is_ebb(&self) -> bool {
        let tickets = self.tickets as usize;
        tickets.checked_ilog2().is_some_and(|bits| {
            let halvings = self.slots.len().ilog2() - bits;
            halvings >= 2 && self.slots.len() >> halvings == tickets
        })
    }

    /// Gives the slots above the last that is not free back, if they are half of all.
    #[cold]
    fn give_back(&mut self) {
        let in_use = |slot: &Slot<N>| !matches!(slot.place, Place::Free { .. });
        let end = self.slots.iter().rposition(in_use).map_or(0, |last| last + 1);
        if end > self.slots.len() / 2 {
            return;
        }
        self.slots.truncate(end);
        self.slots.shrink_to_fit();
        // The lowest come first, so that newcomers do not keep the next half from going.
        self.free = NONE;
        for index in (0..end).rev() {
            if let Place::Free { next } = &mut self.slots[index].place {
                *next = self.free;
                self.free = index as u32;
            }
        }
    }

    /// Takes slot `index` out of the line and its waker out of the slot.
    fn choose(&mut self, index: u32, wakers: &mut Wakers) -> Option<&mut N> {
        if index == NONE {
            return None;
        }
        self.unlink(index);
        let slot = &mut self.slots[index as usize];
        if let Some(waker) = slot.waker.take() {
            wakers.push(waker);
        }
        Some(&mut slot.note)
    }

    /// Closes the gap around slot `index` and marks it chosen. Says whether it was in line.
    fn unlink(&mut self, index: u32) -> bool {
        let place = &mut self.slots[index as usize].place;
        let Place::Waiting { previous, next } = std::mem::replace(place, Place::Chosen) else {
            return false;
        };
        match previous {
            NONE => self.head = next,
            previous => self.set_next(previous, next),
        }
        match next {
            NONE => self.tail = previous,
            next => self.set_previous(next, previous),
        }
        true
    }

    /// Puts a slot into the first free index.
    fn insert(&mut self, slot: Slot<N>) -> u32 {
        if self.free != NONE {
            let index = self.free;
            let free = std::mem::replace(&mut self.slots[index as usize], slot);
            if let Place::Free { next } = free.place {
                self.free = next;
            }
            return index;
        }
        let index = u32::try_from(self.slots.len()).ok().filter(|index| *index != NONE);
        let index = index.expect("fewer than four billion waiters");
        if self.slots.capacity() == 0 {
            // Most lists only ever see one waiter.
            self.slots.reserve_exact(1);
        }
        self.slots.push(slot);
        index
    }

    /// Lets a waiting slot point forward to `to`.
    fn set_next(&mut self, index: u32, to: u32) {
        if let Place::Waiting { next, .. } = &mut self.slots[index as usize].place {
            *next = to;
        }
    }

    /// Lets a waiting slot point back to `to`.
    fn set_previous(&mut self, index: u32, to: u32) {
        if let Place::Waiting { previous, .. } = &mut self.slots[index as usize].place {
            *previous = to;
        }
    }
}

impl<N> Default for WaitList<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// What was left in a slot when its ticket came back.
#[derive(Debug)]
#[must_use = "a chosen waiter that leaves must pass on what it was chosen for"]
pub(crate) struct Removed<N> {
    /// The note.
    pub(crate) note: N,
    /// Whether the waiter had been chosen.
    pub(crate) chosen: bool,
    /// The waker, to be dropped outside of the lock.
    pub(crate) waker: Option<Waker>,
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::{KEPT_SLOTS, MANY_SLOTS, Ticket, WaitList};
    use crate::sync::test_support::Count;
    use crate::wakers::Wakers;
    use std::collections::VecDeque;
    use std::task::Waker;

    #[test]
    fn memory_of_a_crowd_is_given_back_with_the_last_ticket() {
        let mut list = WaitList::new();
        let tickets: Vec<Ticket> = (0..1_000).map(|number| list.push_back(number, None)).collect();
        for ticket in tickets {
            assert!(list.slots.capacity() >= 1_000);
            let _ = list.remove(ticket);
        }
        assert_eq!((list.tickets(), list.slots.capacity()), (0, 0));
        let lone = list.push_back(1, None);
        let _ = list.remove(lone);
        assert!((1..=KEPT_SLOTS).contains(&list.slots.capacity()));
    }

    #[test]
    fn memory_of_a_crowd_is_given_back_while_somebody_waits_on() {
        let mut list = WaitList::new();
        let first = list.push_back(0, None);
        let tickets: Vec<Ticket> = (1..1_000).map(|number| list.push_back(number, None)).collect();
        for ticket in tickets {
            let _ = list.remove(ticket);
        }
        assert_eq!(list.tickets(), 1);
        assert!(list.slots.capacity() < MANY_SLOTS, "{} are kept", list.slots.capacity());
        // What is left works on.
        let second = list.push_back(2, None);
        assert_eq!(list.pop_front(&mut Wakers::new()).copied(), Some(0));
        assert_eq!(list.front(), Some(&2));
        let _ = (list.remove(first), list.remove(second));
        assert_eq!(list.tickets(), 0);
    }

    #[test]
    fn memory_of_a_crowd_is_given_back_when_its_tickets_become_void() {
        let mut list = WaitList::new();
        for number in 0..1_000 {
            let _void = list.push_back(number, Some(Waker::from(Count::new())));
        }
        let mut wakers = Wakers::new();
        assert_eq!((list.choose_all(1, &mut wakers), wakers.len()), (1_000, 1_000));
        assert!(!list.void(999), "a ticket of somebody who was not asked");
        assert!(list.void(1_000));
        assert_eq!((list.tickets(), list.slots.capacity()), (0, 0));
        list.make_room(100);
        let _ticket = list.push_back(0, None);
        assert_eq!(list.slots.capacity(), 100);
    }

    #[test]
    fn a_random_run_goes_as_a_plain_queue_does() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut list = WaitList::<u32>::new();
        let mut line: VecDeque<(Ticket, u32)> = VecDeque::new();
        let mut chosen: Vec<(Ticket, u32)> = vec![];
        for note in 0..20_000 {
            match random.u8(..if note % 100 == 0 { 9 } else { 8 }) {
                0..=3 => {
                    let waker = Waker::from(Count::new());
                    line.push_back((list.push_back(note, Some(waker)), note));
                }
                4 => {
                    let mut wakers = Wakers::new();
                    let popped = list.pop_front(&mut wakers).map(|note| *note);
                    assert_eq!(wakers.len(), usize::from(popped.is_some()));
                    assert_eq!(popped, line.front().map(|(_, note)| *note));
                    chosen.extend(line.pop_front());
                }
                5 => {
                    let popped = list.pop_back(&mut Wakers::new()).map(|note| *note);
                    assert_eq!(popped, line.back().map(|(_, note)| *note));
                    chosen.extend(line.pop_back());
                }
                6 if !line.is_empty() => {
                    let (ticket, note) = line.remove(random.usize(..line.len())).unwrap();
                    assert_eq!(list.look(&ticket), (&note, false));
                    let removed = list.remove(ticket);
                    assert_eq!((removed.note, removed.chosen), (note, false));
                    assert!(removed.waker.is_some());
                }
                7 if !chosen.is_empty() => {
                    let (ticket, note) = chosen.swap_remove(random.usize(..chosen.len()));
                    assert_eq!(list.look(&ticket), (&note, true));
                    let removed = list.remove(ticket);
                    assert_eq!((removed.note, removed.chosen), (note, true));
                }
                8 => {
                    let mut wakers = Wakers::new();
                    assert_eq!(list.choose_all(note, &mut wakers), line.len());
                    assert_eq!(wakers.len(), line.len());
                    chosen.extend(line.drain(..).map(|(ticket, _)| (ticket, note)));
                    if note % 200 == 0 {
                        assert!(list.void(chosen.len()));
                        chosen.clear();
                    }
                }
                _ => {}
            }
            assert_eq!(list.front(), line.front().map(|(_, note)| note));
            assert_eq!(list.is_empty(), line.is_empty());
            assert_eq!(list.tickets(), line.len() + chosen.len());
        }
    }
}
