//! Edges of which no call could make use, and when a direction backs off for them.
//!
//! A false announcement is nothing special: of ten tasks that wait for one datagram nine find none. What counts is
//! an edge of which no call made use at all, and [`UNUSED_EDGES`] of them in a row. The counters are no part of the slot's protocol:
//! several threads may count at once, and then one of them counts in vain.

use super::readiness::{ERROR, IoInterest, PRIORITY, READ, READ_CLOSED, WRITE, WRITE_CLOSED};
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Waker;

/// Edges in a row of which no call made use, after which a direction backs off. As many cost some 0.3 ms of a processor;
/// processes that share a listener lose so many races in a row only if there are dozens of them.
pub(super) const UNUSED_EDGES: u32 = 64;
/// How often the time is doubled: from one tick of the reactor to sixteen ([`TICK`](super::retries::TICK)).
const DOUBLINGS: u32 = 4;
/// Bits of the count in a counter's word; the number of the edge that was counted last stands above.
const COUNT_BITS: u32 = 8;
/// The count in a counter's word.
const COUNT: u32 = (1 << COUNT_BITS) - 1;
/// All that is announced of reading, and of writing.
const DIRECTIONS: [u32; 2] = [READ | READ_CLOSED | PRIORITY, WRITE | WRITE_CLOSED | ERROR];

/// What of a descriptor backs off, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BackOff {
    /// The bits that are hidden meanwhile.
    pub(super) hides: u32,
    /// Ticks of the reactor.
    pub(super) ticks: u32,
}

/// What a slot wants to be done after some time. Never called under a lock of the slot's.
pub(super) trait Deferral {
    /// Calls [`Slot::end_backoff`](super::slot::Slot::end_backoff) for the descriptor of this generation.
    fn end_backoff(&self, generation: u32, back_off: BackOff);

    /// Wakes a task.
    fn wake(&self, waker: Waker);
}

/// For reading and for writing: the number of the edge that was counted last (its lowest 24 bits), and the count. Read and
/// written by calls, relaxed: see the module docs.
#[derive(Debug)]
pub(super) struct UnusedEdges([AtomicU32; 2]);

impl UnusedEdges {
    /// Nothing was announced.
    pub(super) const fn new() -> Self {
        Self([AtomicU32::new(0), AtomicU32::new(0)])
    }

    /// Another descriptor comes.
    pub(super) fn forget(&self) {
        self.0.iter().for_each(|counter| counter.store(0, Relaxed));
    }

    /// A call made use of what was announced of these bits, or nothing was announced for some time.
    #[inline]
    pub(super) fn reset(&self, kinds: u32) {
        for (counter, bits) in self.0.iter().zip(DIRECTIONS) {
            let word = counter.load(Relaxed);
            // Nearly always there is nothing to be written.
            if word & COUNT != 0 && kinds & bits != 0 {
                counter.store(word & !COUNT, Relaxed);
            }
        }
    }

    /// A call could not make use of what was announced, when there had been `edges` edges.
    pub(super) fn count(&self, interest: IoInterest, edges: u64) -> Option<BackOff> {
        let edge = (edges as u32) << COUNT_BITS;
        let mut back_off = BackOff { hides: 0, ticks: 0 };
        for (counter, bits) in self.0.iter().zip(DIRECTIONS) {
            let word = counter.load(Relaxed);
            if interest.kinds() & bits == 0 || word & !COUNT == edge {
                continue;
            }
            let count = (word & COUNT) + 1;
            counter.store(edge | count.min(UNUSED_EDGES + DOUBLINGS), Relaxed);
            if let Some(past) = count.checked_sub(UNUSED_EDGES) {
                back_off.hides |= bits;
                back_off.ticks = back_off.ticks.max(1 << past.min(DOUBLINGS));
            }
        }
        (back_off.hides != 0).then_some(back_off)
    }
}

const _: () = assert!(UNUSED_EDGES + DOUBLINGS < COUNT, "the count fits into its bits");
