//! How many threads block in place, and how many stand in for them.
//!
//! ```text
//!   worker                       word { standing, blocked }          stand-in
//!   begin_blocking ─────────►  blocked + 1; fewer stand? + 1 ──────► starts
//!   (blocks)                                                         turns, sleeps
//!   end_blocking ───────────►  blocked − 1                           try_retire: more stand than block? − 1, ends
//! ```
//! *The race*: a worker begins to block and sees a stand-in, which at the same time sees that nobody blocks and
//! retires. Both counts are in one word, and each step is one read-modify-write of it: either the stand-in comes second
//! and stays, or the worker does and starts another.

use crate::loom::atomic::AtomicU64;
use crate::loom::atomic::Ordering::Relaxed;

/// One thread that blocks.
const BLOCKED: u64 = 1;
/// One stand-in.
const STANDING: u64 = 1 << 32;
/// The most stand-ins of a runtime: as many as it may have workers, which the counts of who sleeps leave room for.
pub(crate) const MAX_STAND_INS: u64 = super::idle::MAX_WORKERS as u64;

/// How many threads block in place, and how many stand in for them.
#[derive(Debug)]
pub(crate) struct Standing {
    /// Layout: `{ standing: 32, blocked: 32 }`. Written by threads that begin and end to block, and by stand-ins that
    /// end. Each step is one read-modify-write of this word, and nothing else is read by it: Relaxed.
    word: AtomicU64,
}

impl Standing {
    /// Nobody blocks.
    pub(crate) fn new() -> Self {
        Self { word: AtomicU64::new(0) }
    }

    /// A thread is about to block. True: a stand-in is to be started, and is counted already.
    #[must_use]
    pub(crate) fn begin_blocking(&self) -> bool {
        let mut starts = false;
        let step = |word: u64| {
            let (standing, blocked) = (word / STANDING, word % STANDING + 1);
            starts = standing < blocked && standing < MAX_STAND_INS;
            Some(word + BLOCKED + if starts { STANDING } else { 0 })
        };
        let _always = self.word.fetch_update(Relaxed, Relaxed, step);
        starts
    }

    /// A thread blocks no more.
    pub(crate) fn end_blocking(&self) {
        self.word.fetch_sub(BLOCKED, Relaxed);
    }

    /// A stand-in asks whether it may end: when more stand than block. True: it does, and is not counted any more.
    #[must_use]
    pub(crate) fn try_retire(&self) -> bool {
        let step =
            |word: u64| (word / STANDING > word % STANDING).then(|| word.wrapping_sub(STANDING));
        self.word.fetch_update(Relaxed, Relaxed, step).is_ok()
    }

    /// A stand-in ends although it may be wanted: its runtime does.
    pub(crate) fn desert(&self) {
        self.word.fetch_sub(STANDING, Relaxed);
    }
}

#[cfg(all(test, loom))]
mod loom_tests;
