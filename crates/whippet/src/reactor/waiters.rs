//! Who waits for a descriptor, under the lock of its slot.
//!
//! A future that waits has a key of its own and one waker under it. When it is told, its place keeps what it was told until it
//! is polled again or dropped. The poll functions (`poll_read` and the like) have
//! no place to keep a key in, and several tasks may poll one descriptor through a shared reference: they share a key a direction,
//! and each of their wakers is kept. So a waker that comes later displaces none, and a task that gives up takes
//! no wake of another away; what it leaves behind is one wake too many.
//!
//! A task that is polled with another waker each time would leave one behind each time: past [`MAX_POLLERS`] the oldest one is
//! displaced. It is not lost, as it may be of a task that waits: the reactor wakes it a little later, some at a time
//! ([`retries`](super::retries)), so that more tasks than that do not wake each other without end.

use super::readiness::{IoInterest, KINDS, Readiness, ReadyEvent};
use smallvec::SmallVec;
use std::task::Waker;

/// Waiters that need no allocation: a reader and a writer.
const INLINE: usize = 2;

/// Wakers kept of those that poll in one direction: more than there are tasks that share a socket, few enough to be
/// looked through in each poll.
pub(super) const MAX_POLLERS: usize = 32;

/// Names one waiter of a slot, or all that poll in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WaiterKey(u32);

impl WaiterKey {
    /// All that poll for reading.
    const POLL_READ: Self = Self(0);
    /// All that poll for anything else.
    const POLL_WRITE: Self = Self(1);
    /// The first name for a future of its own.
    const FIRST: u32 = 2;

    /// The name of those who poll for this.
    pub(super) fn of_pollers(interest: IoInterest) -> Self {
        if interest == IoInterest::READ { Self::POLL_READ } else { Self::POLL_WRITE }
    }

    /// Whether several wakers are kept under it.
    const fn is_shared(self) -> bool {
        self.0 < Self::FIRST
    }
}

/// A task that waits, or was told and has not come to hear of it.
#[derive(Debug)]
struct Waiter {
    /// Its name.
    key: WaiterKey,
    /// What it waits for; once it was told, what of it was announced.
    bits: u32,
    /// How to tell it.
    state: State,
}

/// Whether a waiter was told.
#[derive(Debug)]
enum State {
    /// It waits.
    Waiting(Waker),
    /// It was told when so many edges had been announced.
    Notified(u64),
}

/// Who waits.
#[derive(Debug)]
pub(super) struct Waiters {
    /// In the order of their coming.
    list: SmallVec<[Waiter; INLINE]>,
    /// The next name for a future. It comes round after 2³² names; one that still waits keeps its name.
    next: u32,
}

impl Waiter {
    /// Whether it waits for one of these bits.
    const fn waits_for(&self, bits: u32) -> bool {
        matches!(self.state, State::Waiting(_)) && self.bits & bits != 0
    }
}

impl Waiters {
    /// Nobody.
    pub(super) fn new() -> Self {
        Self { list: SmallVec::new(), next: WaiterKey::FIRST }
    }

    /// A name for a future, which no other has.
    pub(super) fn new_key(&mut self) -> WaiterKey {
        loop {
            let key = WaiterKey(self.next);
            self.next = self.next.checked_add(1).unwrap_or(WaiterKey::FIRST);
            if self.list.iter().all(|waiter| waiter.key != key) {
                return key;
            }
        }
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.list.iter().filter(|waiter| matches!(waiter.state, State::Waiting(_))).count()
    }

    /// The kinds that are waited for.
    pub(super) fn kinds(&self) -> u32 {
        let waits = self.list.iter().filter(|waiter| matches!(waiter.state, State::Waiting(_)));
        waits.fold(0, |kinds, waiter| kinds | waiter.bits & KINDS)
    }

    /// Whether `key` waits for `interest` with such a waker.
    pub(super) fn waits_with_same_waker(
        &self,
        key: WaiterKey,
        interest: IoInterest,
        waker: &Waker,
    ) -> bool {
        self.list.iter().any(|waiter| {
            let State::Waiting(known) = &waiter.state else { return false };
            waiter.key == key && waiter.bits == interest.all() && known.will_wake(waker)
        })
    }

    /// What the future of this name was told, once. Others may have used it up since.
    pub(super) fn take_notified(&mut self, key: WaiterKey) -> Option<ReadyEvent> {
        let index = self.list.iter().position(|waiter| waiter.key == key)?;
        let Waiter { state: State::Notified(edges), bits, .. } = self.list[index] else {
            return None;
        };
        self.list.remove(index);
        Some(ReadyEvent { edges, readiness: Readiness(bits) })
    }

    /// Adds a waiter; the former waker of this name, and the waker of another that it displaces.
    pub(super) fn add(
        &mut self,
        key: WaiterKey,
        interest: IoInterest,
        waker: Waker,
    ) -> (Option<Waker>, Option<Waker>) {
        let (former, displaced) = if !key.is_shared() {
            (self.remove(key), None)
        } else if self.list.iter().filter(|waiter| waiter.key == key).count() < MAX_POLLERS {
            (None, None)
        } else {
            (None, self.remove(key))
        };
        self.list.push(Waiter { key, bits: interest.all(), state: State::Waiting(waker) });
        (former, displaced)
    }

    /// Takes out the one that was added last.
    pub(super) fn remove_last(&mut self) -> Option<Waker> {
        self.list.pop().and_then(|waiter| waiter.state.into_waker())
    }

    /// Takes out the first waiter of this name; its waker, if it was not told.
    pub(super) fn remove(&mut self, key: WaiterKey) -> Option<Waker> {
        let index = self.list.iter().position(|waiter| waiter.key == key)?;
        self.list.remove(index).state.into_waker()
    }

    /// Takes the wakers of all who wait for one of these bits. A future finds what it was told when it is polled next, even if
    /// another has used it up by then: ten that wait for one edge all go on.
    pub(super) fn notify(&mut self, bits: u32, edges: u64, mut each: impl FnMut(Waker)) {
        for waiter in &mut self.list {
            if waiter.waits_for(bits) {
                waiter.bits &= bits;
                if let State::Waiting(waker) =
                    std::mem::replace(&mut waiter.state, State::Notified(edges))
                {
                    each(waker);
                }
            }
        }
        self.list
            .retain(|waiter| !waiter.key.is_shared() || matches!(waiter.state, State::Waiting(_)));
    }

    /// Takes out all.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = Waker> + use<> {
        std::mem::take(&mut self.list).into_iter().filter_map(|waiter| waiter.state.into_waker())
    }
}

impl State {
    fn into_waker(self) -> Option<Waker> {
        match self {
            Self::Waiting(waker) => Some(waker),
            Self::Notified(_) => None,
        }
    }
}

/// What a waiter that is told of these bits may wait for.
pub(super) const fn kinds_notified(bits: u32) -> u32 {
    use super::readiness::{ERROR, PRIORITY, READ, READ_CLOSED, SHUTDOWN, WRITE, WRITE_CLOSED};
    let mut kinds = bits & KINDS;
    if bits & (READ_CLOSED | SHUTDOWN) != 0 {
        kinds |= READ | PRIORITY;
    }
    if bits & (WRITE_CLOSED | SHUTDOWN) != 0 {
        kinds |= WRITE | ERROR;
    }
    kinds
}
