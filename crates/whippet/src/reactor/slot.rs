//! One descriptor's place in the reactor: what it is ready for, and who waits for that.
//!
//! ```text
//!  63          32 31    25     24      23             16 15            8 7                                                                  0
//! ┌──────────────┬────────┬───────────┬────────────────┬───────────────┬──────────┬──────┬────────┬───────┬───────────────────────┬─────────────┐
//! │ generation   │ –      │ ends stay │ backs off      │ waits         │ PRIORITY │ SHUTDOWN │ URGENT │ ERROR │ WRITE_CLOSED, READ_CLOSED │ WRITE, READ │
//! └──────────────┴────────┴───────────┴────────────────┴───────────────┴──────────┴──────┴────────┴───────┴───────────────────────┴─────────────┘
//! ```
//! READ and WRITE say that a call may succeed, ERROR that an error is pending, PRIORITY that an exceptional condition is; READ_CLOSED
//! and WRITE_CLOSED that a call will never block again, and they stay until a call blocks all the same, or for good on descriptors
//! that say so (bit 24). SHUTDOWN says that the
//! runtime has ended, and nothing will be announced any more. For each of read, write, error and priority a waiter bit says that
//! a task waits for it. The bits of a direction that backs off hide what was announced for it.
//!
//! *The two sides.* The kernel announces an edge once: the reactor sets the bit ([`Slot::set_ready`]). A call that
//! wants to read clears the bit **before** it is made ([`Slot::clear`]) and sets it again after it when there may be
//! more: when the call filled the whole buffer, or failed otherwise than by `WouldBlock` ([`Slot::restore`]).
//!
//! *The race*: an edge between the call's look at the socket and the next step. As the bit was cleared
//! before the call, the announcement sets it again and nothing takes it away: the next call sees it. Cleared
//! after the call, it would swallow the edge, and the connection would hang (tokio #6133).
//!
//! *Clearing after a call.* A program that makes its own calls under a guard says afterwards that nothing is left, and a
//! call that blocked at an end says that the end was none. Such a clear must not swallow an edge that was announced since
//! the look that it follows ([`Slot::ready_event`]). So edges are counted, in 64 bits that never come round (tokio's tick wrapped,
//! #8331): an announcement counts first and sets its bits then; [`Slot::clear_since`] takes the bits first and looks at the
//! count then. If the announcement set its bits before they were taken, the count differs, and what was taken is put back;
//! if it sets them later, they stay. Either way an edge is seen, at the worst once too often. Whatever is put
//! back is what the read-modify-write took, never what an earlier look saw.
//!
//! *Short reads.* A call that gave less than it could have says that there is no more where its kind of descriptor allows that
//! conclusion ([`Remaining`](super::Remaining)), save for one case: a read stops at the mark of urgent data, and what lies behind that mark
//! was announced already. So URGENT, which the same edges announce and the same clears take away, makes a short read count as one
//! that may have left something.
//!
//! *Waiting.* The waiter puts its waker into the list, sets the waiter bit, and looks at what that very
//! read-modify-write found: ready, and it does not wait; else the thread that sets the ready bit afterwards finds the
//! waiter bit, in the same word, and wakes. This holds for [`Slot::restore`] too, so that of two tasks that read
//! one socket the second is not forgotten when the first leaves something behind.
//!
//! *Readiness that cannot be used.* The kernel may announce what it then refuses, again and again: a datagram that does
//! not fit into the receiver's queue is an edge of the sender's socket each time it is tried. [`UNUSED_EDGES`](super::unused_edges::UNUSED_EDGES) edges in
//! a row of which no call could make use turn the direction's back-off bits on: nothing of it shows, and nobody is woken for it,
//! until the reactor has let some time pass ([`Slot::end_backoff`]). Then what was announced meanwhile shows; if nothing was, the row is
//! at its end, and nobody is woken. No edge is lost by that: one that comes after a call's look sets its bit, hidden or not.
//!
//! *Generations.* A slot is used again by a later descriptor. An event carries the generation it was registered
//! with, and one that is stale finds another number in the word and is dropped, however late it comes. They come round after
//! 2³² registrations, within which an event would have to be held by a worker between the kernel and this word.

use super::readiness::{
    ALL, ClearedReadiness, IoInterest, KINDS, READ, Readiness, ReadyEvent, SHUTDOWN, URGENT, WRITE,
};
use super::unused_edges::{BackOff, Deferral, UnusedEdges};
use super::waiters::{WaiterKey, Waiters, kinds_notified};
use crate::loom::Mutex;
use crate::loom::atomic::AtomicU64;
use crate::loom::atomic::Ordering::{AcqRel, Acquire, Release};
use crate::unwind::drop_waker;
use crate::wake_list::WakeList;
use std::task::Waker;

/// How far a waiter bit stands above the bit it waits for.
const WAITER_SHIFT: u32 = 8;
/// How far a bit that hides another stands above it.
const BACKOFF_SHIFT: u32 = 16;
/// An end of this descriptor is one, also when a call blocks at it.
const ENDS_STAY: u64 = 1 << 24;

/// One descriptor's place.
#[derive(Debug)]
pub(super) struct Slot {
    /// Generation, readiness, waiter and back-off bits: see the module docs. Written by the reactor and by calls.
    word: AtomicU64,
    /// Edges that were announced, of whatever generation. Written by the reactor, before it sets their bits.
    edges: AtomicU64,
    /// Edges in a row of which no call could make use.
    unused: UnusedEdges,
    /// Who waits. Waiter bits are set and cleared under this lock.
    waiters: Mutex<Waiters>,
}

impl Slot {
    /// A place that no descriptor has had.
    pub(super) fn new() -> Self {
        Self {
            word: AtomicU64::new(0),
            edges: AtomicU64::new(0),
            unused: UnusedEdges::new(),
            waiters: Mutex::new(Waiters::new()),
        }
    }

    /// What the descriptor is ready for.
    #[inline]
    pub(super) fn readiness(&self) -> Readiness {
        // Acquire: pairs with `set_ready`.
        shown(self.word.load(Acquire))
    }

    /// What the descriptor is ready for, to be cleared later.
    pub(super) fn ready_event(&self) -> ReadyEvent {
        // The count first, so that it holds no edge that the look does not see. Acquire, or the second load could come first.
        let edges = self.edges();
        ReadyEvent { edges, readiness: self.readiness() }
    }

    /// How many edges were announced.
    #[inline]
    pub(super) fn edges(&self) -> u64 {
        // Acquire: what `set_ready` counted before the bits that the caller has seen is seen here.
        self.edges.load(Acquire)
    }

    /// The kernel announced `bits` to the descriptor of `generation`; wakers of those who wait go to `wakers`.
    pub(super) fn set_ready(&self, generation: u32, bits: u32, wakers: &mut WakeList) {
        self.change(generation, bits, 0, wakers);
    }

    /// Time has passed, and a direction that backed off is tried again if it was announced meanwhile.
    pub(super) fn end_backoff(&self, generation: u32, back_off: BackOff, wakers: &mut WakeList) {
        let hidden = self.change(generation, 0, back_off.hides, wakers);
        if hidden.is_some_and(|hidden| hidden == 0) {
            self.unused.reset(back_off.hides);
        }
    }

    /// Sets bits and shows hidden ones, if the descriptor is still of `generation_of_event`; what of them all shows now.
    fn change(
        &self,
        generation_of_event: u32,
        set: u32,
        show: u32,
        wakers: &mut WakeList,
    ) -> Option<u32> {
        // Counted before the bits are set, as `clear_since` wants it: the change of the word carries the count on. That of a stale
        // event is one too many, and at the worst an edge is seen twice for it.
        self.edges.fetch_add(1, AcqRel);
        let mut word = self.word.load(Acquire);
        let changed = loop {
            if generation(word) != generation_of_event {
                return None;
            }
            let changed = (word | u64::from(set)) & !(u64::from(show) << BACKOFF_SHIFT);
            // AcqRel: release pairs with the acquire of calls; acquire takes the waiters' list as the bit found it.
            match self.word.compare_exchange_weak(word, changed, AcqRel, Acquire) {
                Ok(_) => break changed,
                Err(found) => word = found,
            }
        };
        let shows = shown(changed).0 & (set | show);
        self.wake(word, shows, wakers);
        Some(shows)
    }

    /// The runtime ends: tasks that wait are woken, of whatever generation.
    pub(super) fn end(&self, wakers: &mut WakeList) {
        // AcqRel: as `set_ready`.
        let word = self.word.fetch_or(u64::from(SHUTDOWN), AcqRel);
        self.wake(word, SHUTDOWN, wakers);
    }

    /// A call is about to be made: what it is ready for now counts as used up. Ends stay.
    #[inline]
    pub(super) fn clear(&self, interest: IoInterest) -> ClearedReadiness {
        let bits = interest.used_up();
        // AcqRel: acquire so that the call comes after it and sees what the edge announced; release as any change of
        // the word, which carries the chain on.
        let found = self.word.fetch_and(!u64::from(bits), AcqRel) as u32 & bits;
        // Another call may have cleared the same just before, and yet this one leaves something behind.
        ClearedReadiness(found | bits & (READ | WRITE))
    }

    /// Takes readiness away that a call has found to be none, unless it was announced again since the look.
    pub(super) fn clear_since(&self, edges: u64, readiness: Readiness) {
        let bits = readiness.0;
        // AcqRel: acquire pairs with `change`, whose count of edges the look below is to see.
        let found = self.word.fetch_and(!u64::from(bits), AcqRel) as u32 & bits;
        if found != 0 && self.edges() != edges {
            self.restore_and_wake(ClearedReadiness(found));
        }
    }

    /// The call left something behind: the next one may succeed too.
    #[inline]
    pub(super) fn restore(&self, ClearedReadiness(bits): ClearedReadiness, wakers: &mut WakeList) {
        // AcqRel: as `set_ready`.
        let word = self.word.fetch_or(u64::from(bits), AcqRel);
        self.wake(word, shown(word | u64::from(bits)).0 & bits, wakers);
    }

    /// A call succeeded, or failed by an error: what was announced was of use.
    #[inline]
    pub(super) fn used(&self, interest: IoInterest) {
        self.unused.reset(interest.kinds());
    }

    /// A call blocked though it was announced that it would not, `edges` of them before it: the end that was announced is none;
    /// and if that happens again and again, its direction backs off.
    pub(super) fn count_would_block(
        &self,
        interest: IoInterest,
        edges: u64,
        deferral: &impl Deferral,
    ) {
        // Relaxed would do for what is a hint here: `clear_since` looks for itself.
        let ends = self.readiness().of(interest).without(Readiness(KINDS));
        if ends != Readiness::NONE {
            // Acquire, as any look at the word; the bit was set before the descriptor was used.
            if self.word.load(Acquire) & ENDS_STAY == 0 {
                self.clear_since(edges, ends);
                self.recheck_after_false_end(interest, ends);
            } else {
                // It is announced again, so that one who tries again and again comes to back off.
                self.edges.fetch_add(1, AcqRel);
            }
        }
        if let Some(back_off) = self.unused.count(interest, edges) {
            let (generation, hides) = self.hide(back_off);
            // The bits come first, and what ends them after. A direction that was hidden before has its end already.
            if hides != 0 {
                deferral.end_backoff(generation, BackOff { hides, ..back_off });
            }
        }
    }

    /// The descriptor is of a kind whose ends are ends, whatever a call says of them.
    pub(super) fn keep_ends(&self) {
        // AcqRel: as any change of the word.
        self.word.fetch_or(ENDS_STAY, AcqRel);
    }

    /// Ends were taken away, as a call for `interest` has found them to be none. One for something else than reading or writing does not
    /// know theirs: those who read or write look for themselves. URGENT, so that a reader looks again after a short read, which leaves
    /// it to the end to say that there is more.
    fn recheck_after_false_end(&self, interest: IoInterest, ends: Readiness) {
        let read = if ends.is_read_closed() { READ | URGENT } else { 0 };
        let write = if ends.is_write_closed() { WRITE } else { 0 };
        let looks = (read | write) & !interest.used_up();
        if looks != 0 {
            self.restore_and_wake(ClearedReadiness(looks));
        }
    }

    /// Hides directions; which generation it was, and what was not hidden before.
    pub(super) fn hide(&self, back_off: BackOff) -> (u32, u32) {
        let bits = u64::from(back_off.hides) << BACKOFF_SHIFT;
        // AcqRel: as any change of the word.
        let found = self.word.fetch_or(bits, AcqRel);
        (generation(found), ((bits & !found) >> BACKOFF_SHIFT) as u32)
    }

    /// Takes the wakers of those who wait for `bits`, if the word says that there are any.
    fn wake(&self, word: u64, bits: u32, wakers: &mut WakeList) {
        if word & u64::from(kinds_notified(bits)) << WAITER_SHIFT == 0 {
            return;
        }
        let mut waiters = self.waiters.lock();
        waiters.notify(bits, self.edges(), |waker| wakers.push(waker));
        self.publish(&waiters);
    }

    /// Waits for `interest` as a future of the name `key`; a new name when none is given.
    ///
    /// # Errors
    /// What was announced, at least one of what is wanted: the caller does not wait. Others may have used it up by now.
    pub(super) fn wait(
        &self,
        key: Option<WaiterKey>,
        interest: IoInterest,
        waker: &Waker,
    ) -> Result<WaiterKey, ReadyEvent> {
        let announced = self.ready_event();
        if announced.readiness.intersects(interest) {
            return Err(announced);
        }
        let (waits, displaced) = self.wait_under(key, interest, waker, announced);
        debug_assert!(displaced.is_none(), "a name of its own displaces nobody");
        waits
    }

    /// Waits for `interest` as one of those who poll in a direction.
    ///
    /// # Errors
    /// As [`Slot::wait`].
    #[inline]
    pub(super) fn poll_wait(
        &self,
        interest: IoInterest,
        waker: &Waker,
        deferral: &impl Deferral,
    ) -> Result<(), ReadyEvent> {
        let announced = self.ready_event();
        if announced.readiness.intersects(interest) {
            return Err(announced);
        }
        let key = WaiterKey::of_pollers(interest);
        let (waits, displaced) = self.wait_under(Some(key), interest, waker, announced);
        if let Some(waker) = displaced {
            deferral.wake(waker);
        }
        waits.map(drop)
    }

    /// Waits under a name, as a look has found nothing; and the waker that was displaced by that.
    fn wait_under(
        &self,
        key: Option<WaiterKey>,
        interest: IoInterest,
        waker: &Waker,
        event: ReadyEvent,
    ) -> (Result<WaiterKey, ReadyEvent>, Option<Waker>) {
        // A clone and a drop are the user's code: outside of the lock, and only when they are needed.
        if let Some(outcome) = key.and_then(|key| self.wait_on(key, interest, waker)) {
            return (outcome, None);
        }
        let waker = waker.clone();
        let mut waiters = self.waiters.lock();
        if let Some(told) = key.and_then(|key| waiters.take_notified(key)) {
            drop(waiters);
            drop_waker(Some(waker));
            return (Err(told), None);
        }
        let key = key.unwrap_or_else(|| waiters.new_key());
        let (former, displaced) = waiters.add(key, interest, waker);
        let readiness = shown(self.publish(&waiters));
        let is_ready = readiness.intersects(interest);
        let unneeded = if is_ready { waiters.remove_last() } else { None };
        if is_ready {
            self.publish(&waiters);
        }
        drop(waiters);
        drop_waker(former);
        drop_waker(unneeded);
        let outcome = if is_ready { Err(ReadyEvent { readiness, ..event }) } else { Ok(key) };
        (outcome, displaced)
    }

    /// If `key` waits for `interest` with such a waker, or was told: what [`Slot::wait`] gives, without a clone of the waker.
    fn wait_on(
        &self,
        key: WaiterKey,
        interest: IoInterest,
        waker: &Waker,
    ) -> Option<Result<WaiterKey, ReadyEvent>> {
        let mut waiters = self.waiters.lock();
        if waiters.waits_with_same_waker(key, interest, waker) {
            return Some(Ok(key));
        }
        waiters.take_notified(key).map(Err)
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
        self.waiters.lock().len()
    }

    /// A descriptor comes, and `generation` is its own.
    pub(super) fn begin(&self, generation: u32) {
        self.unused.forget();
        // Release: whatever was before belongs to the past. Nobody else writes the word of a retired slot: to late
        // announcements it has a generation that is none of theirs.
        self.word.store(u64::from(generation) << 32, Release);
    }

    /// The descriptor goes, and announcements to it fail from here on.
    pub(super) fn retire(&self) {
        let mut waiters = self.waiters.lock();
        let former = waiters.take_all();
        let next = generation(self.word.load(Acquire)).wrapping_add(1);
        // Release (by AcqRel of a swap): pairs with a late announcement's acquire.
        self.word.swap(u64::from(next) << 32, AcqRel);
        drop(waiters);
        former.for_each(|waker| drop_waker(Some(waker)));
    }

    /// Sets the waiter bits to what the list says; gives the word as it was found.
    fn publish(&self, waiters: &Waiters) -> u64 {
        let all = u64::from(KINDS) << WAITER_SHIFT;
        let bits = u64::from(waiters.kinds()) << WAITER_SHIFT;
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

/// What a word shows: all that was announced, but for what is hidden.
#[inline]
const fn shown(word: u64) -> Readiness {
    let hidden = (word >> BACKOFF_SHIFT) as u32;
    Readiness(word as u32 & ALL & !hidden)
}

fn generation(word: u64) -> u32 {
    (word >> 32) as u32
}
