//! One descriptor's place in the reactor: what it is ready for, and who waits for that.
//!
//! ```text
//!  63          32      12        9         8       6       5        4       3            2           1       0
//! ┌──────────────┬───┬─────────┬─────────┬───────┬──────┬────────┬───────┬────────────┬───────────┬───────┬──────┐
//! │ generation   │ … │ waits   │ waits   │ waits │ GONE │ URGENT │ ERROR │ WRITE_DEAD │ READ_DEAD │ WRITE │ READ │
//! │              │   │ (error) │ (write) │ (read)│      │        │       │            │           │       │      │
//! └──────────────┴───┴─────────┴─────────┴───────┴──────┴────────┴───────┴────────────┴───────────┴───────┴──────┘
//! ```
//! READ and WRITE say that a call may succeed, ERROR that an error is pending; READ_DEAD and WRITE_DEAD that a call
//! will never block again, and they stay. GONE says that the runtime has ended, and nothing will be announced any
//! more. For each of read, write and error a waiter bit says that somebody waits for it.
//!
//! *The two sides.* The kernel announces an edge once: the reactor sets the bit ([`Slot::announce`]). A door that
//! wants to read clears the bit **before** the call ([`Slot::clear`]) and sets it again after it when there may be
//! more: when the call filled the whole buffer, or failed otherwise than by `WouldBlock` ([`Slot::refill`]).
//!
//! *The race*: an edge between the call's look at the socket and the door's next step. As the bit was cleared
//! before the call, the announcement sets it again and nothing takes it away: the next call sees it. Cleared
//! after the call, it would swallow the edge, and the connection would hang (tokio #6133). No tick is needed to
//! tell old edges from new ones, and none can wrap (#8331).
//!
//! *Short reads.* A read that gave less than it could have says that there is no more, save for one case: it stops
//! at the mark of urgent data, and what lies behind that mark was announced already. So URGENT, which the same
//! edges announce and the same clears take away, makes a short read count as one that may have left something.
//!
//! *Waiting.* The waiter puts its waker into the list, sets the waiter bit, and looks at what that very
//! read-modify-write found: ready, and it does not wait; else whoever sets the ready bit afterwards finds the
//! waiter bit, in the same word, and wakes. This holds for [`Slot::refill`] too, so that of two tasks that read
//! one socket the second is not forgotten when the first leaves something behind.
//!
//! *Generations.* A slot is used again by a later descriptor. An event carries the generation it was registered
//! with, and one that is stale finds another number in the word and is dropped, however late it comes.

use crate::loom::Mutex;
use crate::loom::atomic::AtomicU64;
use crate::loom::atomic::Ordering::{AcqRel, Acquire, Release};
use crate::unwind::drop_waker;
use crate::wakers::Wakers;
use smallvec::SmallVec;
use std::task::Waker;

/// A read may succeed.
pub(super) const READ: u64 = 1;
/// A write may succeed.
pub(super) const WRITE: u64 = 1 << 1;
/// A read will never block again: the peer sends no more.
pub(super) const READ_DEAD: u64 = 1 << 2;
/// A write will never block again: the connection is gone.
pub(super) const WRITE_DEAD: u64 = 1 << 3;
/// An error was announced.
pub(super) const ERROR: u64 = 1 << 4;
/// Urgent data is marked among what may be read.
pub(super) const URGENT: u64 = 1 << 5;
/// The runtime has ended.
const GONE: u64 = 1 << 6;
/// How far a waiter bit stands above the bit it waits for.
const WAITER_SHIFT: u32 = 8;
/// All bits that say what a descriptor is ready for.
const ALL: u64 = READ | WRITE | READ_DEAD | WRITE_DEAD | ERROR | GONE;
/// Waiters that need no allocation: a reader and a writer.
const INLINE: usize = 2;

/// What a waiter waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Want(u64);

impl Want {
    /// Something to read, or the end.
    pub(crate) const READ: Self = Self(READ | READ_DEAD | GONE);
    /// Room to write, or the end.
    pub(crate) const WRITE: Self = Self(WRITE | WRITE_DEAD | GONE);
    /// An error, or the end of both directions.
    pub(crate) const ERROR: Self = Self(ERROR | WRITE_DEAD | GONE);

    /// Either of both.
    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all that another wants is wanted.
    pub(crate) const fn includes(self, other: Self) -> bool {
        other.0 & (READ | WRITE | ERROR) & !self.0 == 0
    }

    /// What is left without what another wants, if anything.
    pub(crate) fn without(self, other: Self) -> Option<Self> {
        let kinds = [Self::READ, Self::WRITE, Self::ERROR];
        let left = kinds.into_iter().filter(|kind| self.includes(*kind) && !other.includes(*kind));
        left.reduce(Self::or)
    }

    /// The waiter bits: one for each of read, write, error.
    const fn waiter_bits(self) -> u64 {
        (self.0 & (READ | WRITE | ERROR)) << WAITER_SHIFT
    }

    /// What a call that was wanted uses up.
    const fn used_up(self) -> u64 {
        let urgent = if self.0 & READ == 0 { 0 } else { URGENT };
        self.0 & (READ | WRITE | ERROR) | urgent
    }
}

/// What a descriptor is ready for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Readiness(u64);

impl Readiness {
    /// Ready for nothing.
    pub(crate) const NONE: Self = Self(0);
    /// A read may succeed.
    pub(crate) const READ: Self = Self(READ);
    /// A write may succeed.
    pub(crate) const WRITE: Self = Self(WRITE);
    /// A read will never block again.
    pub(crate) const READ_DEAD: Self = Self(READ_DEAD);
    /// A write will never block again.
    pub(crate) const WRITE_DEAD: Self = Self(WRITE_DEAD);
    /// An error is pending.
    pub(crate) const ERROR: Self = Self(ERROR);
    /// All that the kernel announces.
    pub(crate) const ALL: Self = Self(READ | WRITE | READ_DEAD | WRITE_DEAD | ERROR);

    /// What of it was wanted.
    pub(crate) const fn of(self, want: Want) -> Self {
        Self(self.0 & want.0 & Self::ALL.0)
    }

    /// Either of both.
    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is left without another.
    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether any of what was wanted is there.
    pub(crate) const fn meets(self, want: Want) -> bool {
        self.0 & want.0 != 0
    }

    /// Whether reads will never block again.
    pub(crate) const fn is_read_dead(self) -> bool {
        self.0 & READ_DEAD != 0
    }

    /// Whether writes will never block again.
    pub(crate) const fn is_write_dead(self) -> bool {
        self.0 & WRITE_DEAD != 0
    }

    /// Whether the runtime has ended: there is nothing to wait for.
    pub(crate) const fn is_gone(self) -> bool {
        self.0 & GONE != 0
    }
}

/// What a call uses up: to be put back when it leaves something behind.
#[derive(Debug, Clone, Copy)]
#[must_use = "what the call left behind is announced by no further edge: call refill()"]
pub(crate) struct Cleared(u64);

impl Cleared {
    /// Nothing is put back.
    pub(crate) const NOTHING: Self = Self(0);

    /// What of it was announced.
    pub(crate) const fn only(self, announced: Readiness) -> Self {
        Self(self.0 & (announced.0 | URGENT))
    }

    /// What is left without another.
    pub(crate) const fn without(self, other: Readiness) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether even a short read may have left something behind.
    pub(super) const fn is_urgent(self) -> bool {
        self.0 & URGENT != 0
    }
}

/// Names one waiter of a slot. The poll functions have one name a direction, so that their latest waker counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WaiterKey(u32);

impl WaiterKey {
    /// Whoever polls for reading.
    pub(crate) const POLL_READ: Self = Self(0);
    /// Whoever polls for writing.
    pub(crate) const POLL_WRITE: Self = Self(1);
    /// The first name for a future of its own.
    const FIRST: u32 = 2;
}

/// Somebody who waits.
#[derive(Debug)]
struct Waiter {
    /// His name.
    key: WaiterKey,
    /// What he waits for.
    want: Want,
    /// How to tell him.
    waker: Waker,
}

/// Who waits.
#[derive(Debug)]
struct Waiters {
    /// In the order of their coming.
    list: SmallVec<[Waiter; INLINE]>,
    /// The next name for a future.
    next: u32,
}

/// One descriptor's place.
#[derive(Debug)]
pub(super) struct Slot {
    /// Generation, readiness, waiter bits: see the module's words. Written by the reactor and by the doors.
    word: AtomicU64,
    /// Who waits. Waiter bits are set and cleared under this lock.
    waiters: Mutex<Waiters>,
}

impl Slot {
    /// A place that no descriptor has had.
    pub(super) fn new() -> Self {
        let waiters = Waiters { list: SmallVec::new(), next: WaiterKey::FIRST };
        Self { word: AtomicU64::new(0), waiters: Mutex::new(waiters) }
    }

    /// What the descriptor is ready for.
    #[inline]
    pub(super) fn readiness(&self) -> Readiness {
        // Acquire: pairs with `announce`.
        Readiness(self.word.load(Acquire) & ALL)
    }

    /// The kernel announced `bits` to the descriptor of `generation`; wakers of those who wait go to `wakers`.
    pub(super) fn announce(&self, generation_of_event: u32, bits: u64, wakers: &mut Wakers) {
        let mut word = self.word.load(Acquire);
        loop {
            if generation(word) != generation_of_event {
                return;
            }
            // AcqRel: release pairs with the doors' acquire; acquire takes the waiters' list as the bit found it.
            match self.word.compare_exchange_weak(word, word | bits, AcqRel, Acquire) {
                Ok(_) => break,
                Err(found) => word = found,
            }
        }
        self.wake(word, bits, wakers);
    }

    /// The runtime ends: whoever waits is told, of whatever generation.
    pub(super) fn end(&self, wakers: &mut Wakers) {
        // AcqRel: as `announce`.
        let word = self.word.fetch_or(GONE, AcqRel);
        self.wake(word, GONE, wakers);
    }

    /// A door is about to make a call: what it is ready for now counts as used up. Dead ends stay.
    #[inline]
    pub(super) fn clear(&self, want: Want) -> Cleared {
        let bits = want.used_up();
        // AcqRel: acquire so that the call comes after it and sees what the edge announced; release as any change of
        // the word, which carries the chain on.
        let found = self.word.fetch_and(!bits, AcqRel) & bits;
        // Another door may have cleared the same just before, and yet this one's call leaves something behind.
        Cleared(found | bits & (READ | WRITE))
    }

    /// The call left something behind: the next one may succeed too.
    #[inline]
    pub(super) fn refill(&self, Cleared(bits): Cleared, wakers: &mut Wakers) {
        // AcqRel: as `announce`.
        let word = self.word.fetch_or(bits, AcqRel);
        self.wake(word, bits, wakers);
    }

    /// Takes the wakers of those who wait for `bits`, if the word says that there are any.
    fn wake(&self, word: u64, bits: u64, wakers: &mut Wakers) {
        if word & waiter_bits_for(bits) == 0 {
            return;
        }
        let mut waiters = self.waiters.lock();
        // Those who stay go to the front, and the rest leaves at once: as many steps as there are waiters.
        let mut stay = 0;
        for index in 0..waiters.list.len() {
            if waiters.list[index].want.0 & bits == 0 {
                waiters.list.swap(stay, index);
                stay += 1;
            }
        }
        for waiter in waiters.list.drain(stay..) {
            wakers.push(waiter.waker);
        }
        self.publish(&waiters);
    }

    /// Waits for `want` under the name `key`; a new name when none is given. None: it is there already.
    pub(super) fn wait(
        &self,
        key: Option<WaiterKey>,
        want: Want,
        waker: &Waker,
    ) -> Option<WaiterKey> {
        // A clone and a drop are the user's code: outside of the lock, and only when they are needed.
        if let Some(key) = key
            && self.word.load(Acquire) & want.waiter_bits() != 0
            && self.waits_alike(key, want, waker)
        {
            return Some(key);
        }
        let waker = waker.clone();
        let mut waiters = self.waiters.lock();
        let key = key.unwrap_or_else(|| waiters.name());
        let former = waiters.remove(key);
        waiters.list.push(Waiter { key, want, waker });
        let word = self.publish(&waiters);
        let unneeded = Readiness(word & ALL).meets(want).then(|| waiters.remove(key)).flatten();
        let waits = unneeded.is_none();
        if !waits {
            self.publish(&waiters);
        }
        drop(waiters);
        drop_waker(former);
        drop_waker(unneeded);
        waits.then_some(key)
    }

    /// Whether `key` waits for `want` with such a waker, and nothing is there.
    fn waits_alike(&self, key: WaiterKey, want: Want, waker: &Waker) -> bool {
        let waiters = self.waiters.lock();
        let alike = |waiter: &Waiter| {
            waiter.key == key && waiter.want == want && waiter.waker.will_wake(waker)
        };
        waiters.list.iter().any(alike) && !self.readiness().meets(want)
    }

    /// Stops waiting.
    pub(super) fn forget(&self, key: WaiterKey) {
        let mut waiters = self.waiters.lock();
        let former = waiters.remove(key);
        if former.is_some() {
            self.publish(&waiters);
        }
        drop(waiters);
        drop_waker(former);
    }

    /// How many wait.
    pub(super) fn waiters(&self) -> usize {
        self.waiters.lock().list.len()
    }

    /// A descriptor comes, and `generation` is its own.
    pub(super) fn begin(&self, generation: u32) {
        // Release: whatever was before belongs to the past. Nobody else writes the word of a retired slot: to late
        // announcements it has a generation that is none of theirs.
        self.word.store(u64::from(generation) << 32, Release);
    }

    /// The descriptor goes, and announcements to it fail from here on.
    pub(super) fn retire(&self) {
        let mut waiters = self.waiters.lock();
        let former = std::mem::take(&mut waiters.list);
        let next = generation(self.word.load(Acquire)).wrapping_add(1);
        // Release (by AcqRel of a swap): pairs with a late announcement's acquire.
        self.word.swap(u64::from(next) << 32, AcqRel);
        drop(waiters);
        former.into_iter().for_each(|waiter| drop_waker(Some(waiter.waker)));
    }

    /// How many wait.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.waiters.lock().list.len()
    }

    /// Sets the waiter bits to what the list says; gives the word as it was found.
    fn publish(&self, waiters: &Waiters) -> u64 {
        let all = (READ | WRITE | ERROR) << WAITER_SHIFT;
        let bits = waiters.list.iter().fold(0, |bits, waiter| bits | waiter.want.waiter_bits());
        // Bits are only added before they are needed and taken away after: both under the lock. AcqRel: the look of
        // a waiter at readiness and the look of an announcement at waiter bits are of this one word, so one of the
        // two comes second and sees the other.
        let found = self.word.fetch_or(bits, AcqRel);
        if found & all & !bits != 0 {
            return self.word.fetch_and(!(all & !bits), AcqRel);
        }
        found
    }
}

impl Waiters {
    /// A name that nobody here has, as far as 2³² names ago.
    fn name(&mut self) -> WaiterKey {
        let key = WaiterKey(self.next);
        self.next = self.next.checked_add(1).unwrap_or(WaiterKey::FIRST);
        key
    }

    fn remove(&mut self, key: WaiterKey) -> Option<Waker> {
        let index = self.list.iter().position(|waiter| waiter.key == key)?;
        Some(self.list.remove(index).waker)
    }
}

/// The waiter bits of all who might wait for one of `bits`.
const fn waiter_bits_for(bits: u64) -> u64 {
    let mut wanted = bits & (READ | WRITE | ERROR);
    if bits & (READ_DEAD | GONE) != 0 {
        wanted |= READ;
    }
    if bits & (WRITE_DEAD | GONE) != 0 {
        wanted |= WRITE | ERROR;
    }
    wanted << WAITER_SHIFT
}

fn generation(word: u64) -> u32 {
    (word >> 32) as u32
}
