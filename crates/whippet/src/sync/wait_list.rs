//! The list of waiters: first in, first out, and any of them may leave from the middle.
//!
//! Every channel and lock of `sync` keeps its waiters in a [`WaitList`], under its own lock. It is a doubly
//! linked list through the slots of a vector, so that joining, leaving and being chosen cost the same for any number
//! of waiters, without unsafe code and without an allocation a waiter. An unused list has no memory on the heap.
//!
//! ```text
//!            push_back                pop_front
//!   (free) ───────────► Waiting ───────────────────► Chosen
//!     ▲                    │  remove                    │ remove
//!     └────────────────────┴────────────────────────────┘
//! ```
//!
//! A waiter holds a [`Ticket`] from `push_back` until it returns it with `remove`: until then the slot is its own,
//! so a ticket needs no generation. `pop_front` takes a waiter out of the list but leaves its slot, with the data
//! that says what it was chosen for; the waiter finds it when it is polled, or passes it on when it is dropped.
//!
//! [`WaitList::invalidate_all`] takes the slots of all waiters back at once, after all were chosen: no ticket comes back. The
//! caller has to let the waiters know, in a way that they find without the lock; so they need not take it a second time.
//!
//! Memory: when the last ticket comes back, a list that has grown past [`KEPT_SLOTS`] frees its memory. A list that never
//! runs empty checks, when a quarter of its slots is in use, an eighth and so on, whether the upper half of the slots is free,
//! and frees the slots above the last one in use: no waiter can be moved to another slot.

use super::poll_waker::{Locked, PollWaker};
use crate::wake_list::WakeList;
use std::task::Waker;

/// Slots that an empty list keeps: the few waiters of an ordinary channel come and go without an allocation.
const KEPT_SLOTS: usize = 4;

/// Slots from which on a list frees some of them while there are waiters: fewer are not worth the walk.
const SHRINK_SLOTS: usize = 64;

/// The end of a chain of slots.
const NONE: u32 = u32::MAX;

/// The right to one slot of a [`WaitList`]; neither copied nor lost, only returned.
#[derive(Debug)]
#[must_use = "a ticket that is not removed keeps its slot for ever"]
pub(crate) struct Ticket(u32);

/// What a slot is used for.
#[derive(Debug)]
enum SlotState {
    /// In the list, between two others.
    Waiting { previous: u32, next: u32 },
    /// Out of the list: the waiter was chosen and has not collected yet.
    Chosen,
    /// Nobody's; the next free slot follows.
    Free { next: u32 },
}

/// One waiter.
#[derive(Debug)]
struct Slot<N> {
    /// Where it stands.
    state: SlotState,
    /// Whom to wake; absent when the waiter was never polled, or was chosen.
    waker: Option<Waker>,
    /// What it waits for, and what it was chosen for.
    data: N,
}

/// Waiters in the order of their arrival, each with a note of type `N` (see the module docs).
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

    /// Whether there is no waiter.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.head == NONE
    }

    /// Tickets that are out. For tests of leaks.
    #[cfg(test)]
    #[cfg(not(loom))]
    pub(crate) fn tickets(&self) -> usize {
        self.tickets as usize
    }

    /// Adds a waiter at the end.
    ///
    /// # Panics
    /// With 2^32 waiters.
    pub(crate) fn push_back(&mut self, data: N, waker: Option<Waker>) -> Ticket {
        let state = SlotState::Waiting { previous: self.tail, next: NONE };
        let index = self.insert(Slot { state, waker, data });
        match self.tail {
            NONE => self.head = index,
            tail => self.set_next(tail, index),
        }
        self.tail = index;
        self.tickets += 1;
        Ticket(index)
    }

    /// The data of the first waiter.
    #[inline]
    pub(crate) fn front(&self) -> Option<&N> {
        (self.head != NONE).then(|| &self.slots[self.head as usize].data)
    }

    /// Chooses the first waiter: its waker goes to `wakers`, its data is the caller's to write.
    pub(crate) fn pop_front(&mut self, wakers: &mut WakeList) -> Option<&mut N> {
        self.choose(self.head, wakers)
    }

    /// Chooses the last waiter.
    pub(crate) fn pop_back(&mut self, wakers: &mut WakeList) -> Option<&mut N> {
        self.choose(self.tail, wakers)
    }

    /// Chooses all waiters. Returns how many.
    pub(crate) fn choose_all(&mut self, data: N, wakers: &mut WakeList) -> usize
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
            slot.data = data;
            let state = std::mem::replace(&mut slot.state, SlotState::Chosen);
            index = if let SlotState::Waiting { next, .. } = state { next } else { NONE };
            chosen += 1;
        }
        (self.head, self.tail) = (NONE, NONE);
        chosen
    }

    /// Takes all slots back at once if just so many tickets are out, which are void by that: none of them may come back.
    /// Says whether it did.
    pub(crate) fn invalidate_all(&mut self, tickets: usize) -> bool {
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

    /// Reserves so many slots, if there are none at all.
    #[inline]
    pub(crate) fn reserve(&mut self, slots: usize) {
        if self.slots.capacity() == 0 {
            self.slots.reserve_exact(slots);
        }
    }

    /// The note of one waiter, and whether it was chosen.
    pub(crate) fn peek(&self, ticket: &Ticket) -> (&N, bool) {
        let slot = &self.slots[ticket.0 as usize];
        (&slot.data, matches!(slot.state, SlotState::Chosen))
    }

    /// Whether the caller's waker now lies with its ticket; see [`PollWaker::register_in`].
    pub(crate) fn register_waker<R>(
        &mut self,
        ticket: &Ticket,
        poll_waker: &mut PollWaker<'_>,
    ) -> Locked<R> {
        poll_waker.register_in(&mut self.slots[ticket.0 as usize].waker)
    }

    /// Waits: joins with `data` if there is no ticket yet, and registers the caller's waker.
    pub(crate) fn poll_enqueue<R>(
        &mut self,
        data: N,
        ticket: &mut Option<Ticket>,
        poll_waker: &mut PollWaker<'_>,
    ) -> Locked<R> {
        if let Some(ticket) = ticket {
            return self.register_waker(ticket, poll_waker);
        }
        let Some(waker) = poll_waker.take() else { return Locked::NeedsWaker };
        *ticket = Some(self.push_back(data, Some(waker)));
        Locked::Pending
    }

    /// Returns a ticket, waiting or chosen. The waker is the caller's to drop, outside of the lock.
    pub(crate) fn remove(&mut self, ticket: Ticket) -> Removed<N>
    where
        N: Default,
    {
        let index = ticket.0;
        let chosen = !self.unlink(index);
        let slot = &mut self.slots[index as usize];
        let removed =
            Removed { data: std::mem::take(&mut slot.data), chosen, waker: slot.waker.take() };
        slot.state = SlotState::Free { next: self.free };
        self.free = index;
        self.tickets -= 1;
        if self.tickets == 0 && self.slots.capacity() > KEPT_SLOTS {
            self.slots = Vec::new();
            self.free = NONE;
        } else if self.slots.len() >= SHRINK_SLOTS && self.should_shrink() {
            self.shrink();
        }
        removed
    }

    /// Whether the tickets are just a quarter of the slots, or an eighth, and so on.
    fn should_shrink(&self) -> bool {
        let tickets = self.tickets as usize;
        tickets.checked_ilog2().is_some_and(|bits| {
            let halvings = self.slots.len().ilog2() - bits;
            halvings >= 2 && self.slots.len() >> halvings == tickets
        })
    }

    /// Gives the slots above the last that is not free back, if they are half of all.
    #[cold]
    fn shrink(&mut self) {
        let in_use = |slot: &Slot<N>| !matches!(slot.state, SlotState::Free { .. });
        let end = self.slots.iter().rposition(in_use).map_or(0, |last| last + 1);
        if end > self.slots.len() / 2 {
            return;
        }
        self.slots.truncate(end);
        self.slots.shrink_to_fit();
        // The lowest come first, so that newcomers do not keep the next half from going.
        self.free = NONE;
        for index in (0..end).rev() {
            if let SlotState::Free { next } = &mut self.slots[index].state {
                *next = self.free;
                self.free = index as u32;
            }
        }
    }

    /// Takes slot `index` out of the list and its waker out of the slot.
    fn choose(&mut self, index: u32, wakers: &mut WakeList) -> Option<&mut N> {
        if index == NONE {
            return None;
        }
        self.unlink(index);
        let slot = &mut self.slots[index as usize];
        if let Some(waker) = slot.waker.take() {
            wakers.push(waker);
        }
        Some(&mut slot.data)
    }

    /// Closes the gap around slot `index` and marks it chosen. Returns whether it was waiting.
    fn unlink(&mut self, index: u32) -> bool {
        let state = &mut self.slots[index as usize].state;
        let SlotState::Waiting { previous, next } = std::mem::replace(state, SlotState::Chosen)
        else {
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
            if let SlotState::Free { next } = free.state {
                self.free = next;
            }
            return index;
        }
        let index = u32::try_from(self.slots.len()).ok().filter(|index| *index != NONE);
        let index = index.expect("fewer than 2^32 waiters");
        if self.slots.capacity() == 0 {
            // Most lists only ever see one waiter.
            self.slots.reserve_exact(1);
        }
        self.slots.push(slot);
        index
    }

    /// Lets a waiting slot point forward to `to`.
    fn set_next(&mut self, index: u32, to: u32) {
        if let SlotState::Waiting { next, .. } = &mut self.slots[index as usize].state {
            *next = to;
        }
    }

    /// Lets a waiting slot point back to `to`.
    fn set_previous(&mut self, index: u32, to: u32) {
        if let SlotState::Waiting { previous, .. } = &mut self.slots[index as usize].state {
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
    pub(crate) data: N,
    /// Whether the waiter had been chosen.
    pub(crate) chosen: bool,
    /// The waker, to be dropped outside of the lock.
    pub(crate) waker: Option<Waker>,
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::{KEPT_SLOTS, SHRINK_SLOTS, Ticket, WaitList};
    use crate::sync::test_support::Count;
    use crate::wake_list::WakeList;
    use std::collections::VecDeque;
    use std::task::Waker;

    #[test]
    fn memory_is_freed_with_the_last_ticket() {
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
    fn memory_is_freed_while_one_waiter_stays() {
        let mut list = WaitList::new();
        let first = list.push_back(0, None);
        let tickets: Vec<Ticket> = (1..1_000).map(|number| list.push_back(number, None)).collect();
        for ticket in tickets {
            let _ = list.remove(ticket);
        }
        assert_eq!(list.tickets(), 1);
        assert!(list.slots.capacity() < SHRINK_SLOTS, "{} are kept", list.slots.capacity());
        // What is left works on.
        let second = list.push_back(2, None);
        assert_eq!(list.pop_front(&mut WakeList::new()).copied(), Some(0));
        assert_eq!(list.front(), Some(&2));
        let _ = (list.remove(first), list.remove(second));
        assert_eq!(list.tickets(), 0);
    }

    #[test]
    fn memory_is_freed_when_all_tickets_are_invalidated() {
        let mut list = WaitList::new();
        for number in 0..1_000 {
            let _void = list.push_back(number, Some(Waker::from(Count::new())));
        }
        let mut wakers = WakeList::new();
        assert_eq!((list.choose_all(1, &mut wakers), wakers.len()), (1_000, 1_000));
        assert!(!list.invalidate_all(999), "a ticket is missing in the count");
        assert!(list.invalidate_all(1_000));
        assert_eq!((list.tickets(), list.slots.capacity()), (0, 0));
        list.reserve(100);
        let _ticket = list.push_back(0, None);
        assert_eq!(list.slots.capacity(), 100);
    }

    #[test]
    fn a_random_run_goes_as_a_plain_queue_does() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut list = WaitList::<u32>::new();
        let mut line: VecDeque<(Ticket, u32)> = VecDeque::new();
        let mut chosen: Vec<(Ticket, u32)> = vec![];
        for data in 0..20_000 {
            match random.u8(..if data % 100 == 0 { 9 } else { 8 }) {
                0..=3 => {
                    let waker = Waker::from(Count::new());
                    line.push_back((list.push_back(data, Some(waker)), data));
                }
                4 => {
                    let mut wakers = WakeList::new();
                    let popped = list.pop_front(&mut wakers).map(|data| *data);
                    assert_eq!(wakers.len(), usize::from(popped.is_some()));
                    assert_eq!(popped, line.front().map(|(_, data)| *data));
                    chosen.extend(line.pop_front());
                }
                5 => {
                    let popped = list.pop_back(&mut WakeList::new()).map(|data| *data);
                    assert_eq!(popped, line.back().map(|(_, data)| *data));
                    chosen.extend(line.pop_back());
                }
                6 if !line.is_empty() => {
                    let (ticket, data) = line.remove(random.usize(..line.len())).unwrap();
                    assert_eq!(list.peek(&ticket), (&data, false));
                    let removed = list.remove(ticket);
                    assert_eq!((removed.data, removed.chosen), (data, false));
                    assert!(removed.waker.is_some());
                }
                7 if !chosen.is_empty() => {
                    let (ticket, data) = chosen.swap_remove(random.usize(..chosen.len()));
                    assert_eq!(list.peek(&ticket), (&data, true));
                    let removed = list.remove(ticket);
                    assert_eq!((removed.data, removed.chosen), (data, true));
                }
                8 => {
                    let mut wakers = WakeList::new();
                    assert_eq!(list.choose_all(data, &mut wakers), line.len());
                    assert_eq!(wakers.len(), line.len());
                    chosen.extend(line.drain(..).map(|(ticket, _)| (ticket, data)));
                    if data % 200 == 0 {
                        assert!(list.invalidate_all(chosen.len()));
                        chosen.clear();
                    }
                }
                _ => {}
            }
            assert_eq!(list.front(), line.front().map(|(_, data)| data));
            assert_eq!(list.is_empty(), line.is_empty());
            assert_eq!(list.tickets(), line.len() + chosen.len());
        }
    }
}
