//! How many threads block in place, and how many spare workers run for them.
//!
//! ```text
//!   worker                       word { spares, blocked }          spare worker
//!   begin_blocking ─────────►  blocked + 1; fewer spares? + 1 ─────► starts
//!   (blocks)                                                                   runs tasks, sleeps
//!   end_blocking ───────────►  blocked − 1                           try_retire: more spares than blocked? − 1, ends
//! ```
//! *The race*: a worker begins to block and sees a spare worker, which at the same time sees that nobody blocks and
//! retires. Both counts are in one word, and each step is one read-modify-write of it: either the spare worker comes second
//! and stays, or the worker does and starts another.

use crate::loom::atomic::AtomicU64;
use crate::loom::atomic::Ordering::Relaxed;

/// One thread that blocks.
const BLOCKED: u64 = 1;
/// One spare worker.
const SPARE: u64 = 1 << 32;
/// The most spare workers of a runtime: as many as it may have workers, which the counts of who sleeps leave room for.
pub(crate) const MAX_SPARES: u64 = super::idle::MAX_WORKERS as u64;

/// How many threads block in place, and how many spare workers run for them.
#[derive(Debug)]
pub(crate) struct BlockingCounts {
    /// Layout: `{ spares: 32, blocked: 32 }`. Written by threads that begin and end to block, and by spare workers that
    /// end. Each step is one read-modify-write of this word, and nothing else is read by it: Relaxed.
    word: AtomicU64,
}

impl BlockingCounts {
    /// Nobody blocks.
    pub(crate) fn new() -> Self {
        Self { word: AtomicU64::new(0) }
    }

    /// A thread is about to block. True: a spare worker is to be started, and is counted already.
    #[must_use]
    pub(crate) fn begin_blocking(&self) -> bool {
        let mut starts = false;
        let step = |word: u64| {
            let (spares, blocked) = (word / SPARE, word % SPARE + 1);
            starts = spares < blocked && spares < MAX_SPARES;
            Some(word + BLOCKED + if starts { SPARE } else { 0 })
        };
        let _always = self.word.fetch_update(Relaxed, Relaxed, step);
        starts
    }

    /// A thread blocks no more.
    pub(crate) fn end_blocking(&self) {
        self.word.fetch_sub(BLOCKED, Relaxed);
    }

    /// A spare worker asks whether it may end: when there are more spare workers than blocked threads. True: it does, and is not counted any more.
    #[must_use]
    pub(crate) fn try_retire(&self) -> bool {
        let step = |word: u64| (word / SPARE > word % SPARE).then(|| word.wrapping_sub(SPARE));
        self.word.fetch_update(Relaxed, Relaxed, step).is_ok()
    }

    /// A spare worker ends although it may be wanted: its runtime does.
    pub(crate) fn abandon(&self) {
        self.word.fetch_sub(SPARE, Relaxed);
    }
}

#[cfg(all(test, loom))]
mod loom_tests;
