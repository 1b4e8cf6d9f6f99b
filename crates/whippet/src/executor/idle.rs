//! Who sleeps, who searches, and whom to wake: the handshake that loses no task between "nothing to do" and sleep.
//!
//! A worker is *busy* (it has tasks), *searching* (it has none and looks at the others' queues) or *sleeping*
//! (it waits in the reactor, or is about to). One word counts the last two:
//!
//! ```text
//!  31          16 15         0
//! ┌──────────────┬────────────┐
//! │ sleeping     │ searching  │
//! └──────────────┴────────────┘
//! ```
//!
//! *The pusher* puts a task into a queue, fences, and looks at the word: when a worker sleeps and none
//! searches, it claims a search (searching + 1) and notifies the reactor; the sleeper that takes the
//! notification inherits the claim. *The sleeper* announces itself (sleeping + 1), fences, and looks at all
//! queues once more before it waits.
//!
//! *The race*: both at once. Of two fences one comes first in the single order of SeqCst fences. If the pusher's
//! does, the sleeper's look finds the task. If the sleeper's does, the pusher sees it asleep and notifies it;
//! the notification is a latched edge, so it does not matter whether the sleeper waits already. If the pusher
//! sees a searcher and leaves the task to it, then that searcher either finds work, and the last one to stop
//! searching with success wakes the next (`end_search`), or finds none and goes to sleep by the same way:
//! announce, fence, look.
//!
//! A claim is made only while nobody searches, so there is one notification under way at most, and two never
//! melt into one. If all sleepers leave for other reasons (a socket, a timer) before one takes the notification,
//! it stays latched: the next worker to look at the reactor inherits the claim, busy or not.
//!
//! Half of the workers search at a time at most: more would only contend for the same queues.

use crate::loom::atomic::Ordering::{AcqRel, Relaxed, SeqCst};
use crate::loom::atomic::{AtomicU32, fence};
use crossbeam_utils::CachePadded;

/// One worker that searches.
const SEARCHING: u32 = 1;
/// One worker that sleeps.
const SLEEPING: u32 = 1 << 16;

/// The most workers a runtime may have: the halves of the word count them.
pub(crate) const MAX_WORKERS: usize = 1 << 12;

/// The word.
#[derive(Debug)]
pub(crate) struct Idle {
    /// Layout: the module docs. Written by workers that change their state and by pushers that claim a search.
    word: CachePadded<AtomicU32>,
    /// How many workers there are.
    workers: u32,
}

impl Idle {
    /// All workers busy.
    pub(crate) fn new(workers: usize) -> Self {
        debug_assert!(workers <= MAX_WORKERS, "the word counts {MAX_WORKERS} workers");
        Self { word: CachePadded::new(AtomicU32::new(0)), workers: workers as u32 }
    }

    /// After a push: claims a search if a worker sleeps and none searches. True: the caller notifies the reactor.
    #[inline]
    #[must_use]
    pub(crate) fn claim_search(&self) -> bool {
        // SeqCst fence: the pusher's side of the handshake (the sleeper's is in `begin_sleep`). A weaker one would
        // let the look pass the push. A fence, as loom models SeqCst accesses as AcqRel only.
        fence(SeqCst);
        self.claim_search_unfenced()
    }

    /// The same without the fence: for a worker that will run what it pushed itself, and looks again at each turn.
    #[inline]
    #[must_use]
    pub(crate) fn claim_search_unfenced(&self) -> bool {
        let mut word = self.word.load(Relaxed);
        loop {
            if word < SLEEPING || !word.is_multiple_of(SLEEPING) {
                return false;
            }
            // AcqRel: the claim is part of the chain of changes of the word; a failure looks again.
            match self.word.compare_exchange_weak(word, word + SEARCHING, AcqRel, Relaxed) {
                Ok(_) => return true,
                Err(found) => word = found,
            }
        }
    }

    /// A busy worker that ran out of tasks asks to search. False: enough do.
    #[must_use]
    pub(crate) fn try_begin_search(&self) -> bool {
        let searching = self.word.load(Relaxed) % SLEEPING;
        if 2 * searching >= self.workers {
            return false;
        }
        // Relaxed look and unconditional addition: a few too many searchers do no harm.
        self.word.fetch_add(SEARCHING, AcqRel);
        true
    }

    /// A searcher becomes busy. True: it was the last one, and looks whether there is more work than it took: if
    /// so, it wakes the next ([`Idle::claim_search_unfenced`]).
    #[must_use]
    pub(crate) fn end_search(&self) -> bool {
        let before = self.word.fetch_sub(SEARCHING, AcqRel);
        debug_assert_ne!(before % SLEEPING, 0, "a search is ended once");
        // SeqCst fence: pairs with the pusher's, who may have left its task to this searcher: either the look
        // that follows finds the task, or the pusher sees that nobody searches.
        fence(SeqCst);
        before % SLEEPING == SEARCHING
    }

    /// A worker announces that it goes to sleep. It looks at all queues once more before it does.
    pub(crate) fn begin_sleep(&self, was_searching: bool) {
        let change = if was_searching { SLEEPING - SEARCHING } else { SLEEPING };
        self.word.fetch_add(change, AcqRel);
        // SeqCst fence: the sleeper's side of the handshake (the pusher's is in `claim_search`).
        fence(SeqCst);
    }

    /// A worker stops sleeping.
    pub(crate) fn end_sleep(&self) {
        self.word.fetch_sub(SLEEPING, AcqRel);
    }

    /// A worker found work in its last look: it searches in place of sleeping.
    pub(crate) fn sleep_to_search(&self) {
        self.word.fetch_sub(SLEEPING - SEARCHING, AcqRel);
    }

    /// How many sleep, at this moment.
    pub(crate) fn sleeping(&self) -> usize {
        (self.word.load(Relaxed) / SLEEPING) as usize
    }
}
