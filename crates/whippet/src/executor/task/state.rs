//! The state word of a task: every transition is a named method here, and nothing else writes the word.
//!
//! ```text
//!  63            32 31            4   3            2              1           0
//! ┌────────────────┬───────────────┬────────────┬───────────────┬───────────┬──────────┐
//! │ wakes          │ references    │ JOIN_WAKER │ JOIN_INTEREST │ CANCELLED │ COMPLETE │
//! └────────────────┴───────────────┴────────────┴───────────────┴───────────┴──────────┘
//! ```
//!
//! **wakes** counts the wake-ups since the last poll that left the task idle. A task is queued or running exactly
//! while it is not zero, and the waker that takes it from zero to one gets the only [`Runnable`](super::Runnable): the
//! right to poll the future. A poll reads the count before (a load) and takes what it read off afterwards (one
//! subtraction): what is left came in meanwhile, and the task goes back to a queue. So a cycle of wake and run
//! makes two read-modify-writes; a flag would need three, for it must be cleared before the poll. (nexosim
//! counts its wakes the same way.)
//!
//! *The end of the counts.* A task that is not polled may be woken for ever: it is complete, or in a long poll, or nobody
//! drives its runtime. So the count of wake-ups stops at [`MANY_WAKES`], 2³¹: the thread that brings it past that takes off what is
//! past it ([`State::cap_wakes`]). A poll must not subtract what was taken off already, so it never subtracts the last of
//! the 2³¹: it sees one less at the most ([`State::transition_to_running`]). What the word has then is still enough, and at
//! least one wake-up is left, which makes one more poll; so none that came meanwhile is lost. A wake-up by value
//! gives its reference up and must not touch the word again; what it brings past the limit is taken off by the next clone of a
//! waker. It cannot be many: each took a reference, of which there are 2²⁷ at the most. Past so many references the process
//! ends, as with `Arc`: a leak of wakers or abort handles in a loop, never real use.
//!
//! **references** are held by the life of the future (given back when the task completes), by the join handle,
//! by each abort handle and by each waker. A runnable holds none: the future it may poll is not complete, so
//! the reference of its life is there. At zero the allocation is freed; the task is complete then.
//!
//! The output and the slot of the join waker are handed over by bits:
//!
//! | bits | who may touch it |
//! |---|---|
//! | not `COMPLETE` | the future belongs to the runnable; the output is not there |
//! | `COMPLETE`, `JOIN_INTEREST` | the output belongs to the join handle |
//! | `COMPLETE`, no `JOIN_INTEREST` | the second of completer and join handle drops the output |
//! | no `JOIN_WAKER` | the slot of the join waker belongs to the join handle (without one: to the completer) |
//! | `JOIN_WAKER`, not `COMPLETE` | the slot is read-only |
//! | `JOIN_WAKER`, `COMPLETE` | the slot belongs to the completer, who clears the bit after waking |

use crate::loom::atomic::AtomicU64;
use crate::loom::atomic::Ordering::{AcqRel, Acquire, Relaxed};

/// The future is gone; the output is there, or was taken.
const COMPLETE: u64 = 1;
/// The task is to be dropped in place of its next poll.
const CANCELLED: u64 = 1 << 1;
/// A join handle exists.
const JOIN_INTEREST: u64 = 1 << 2;
/// The slot of the join waker is filled.
const JOIN_WAKER: u64 = 1 << 3;
/// One reference.
const REFERENCE: u64 = 1 << 4;
/// All bits of the reference count.
const REFERENCES: u64 = (1 << 32) - REFERENCE;
/// One wake-up.
const WAKE: u64 = 1 << 32;
/// Past this many references the process ends: 2²⁷ (*the end of the counts*, above).
const MANY_REFERENCES: u64 = 1 << 31;
/// Where the count of wake-ups stops: at 2³¹ of them (*the end of the counts*, above).
const MANY_WAKES: u64 = 1 << 63;

/// The state word of one task.
#[derive(Debug)]
pub(super) struct State {
    /// Layout and rights: the module docs. Written by wakers, the runner, handles; read by all.
    word: AtomicU64,
}

/// What a wake-up by value asks of the waker.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum WakeResult {
    /// The task was idle: put its runnable into a queue.
    Schedule,
    /// It is queued, running or complete: nothing.
    Already,
    /// It was complete, and the waker's reference was the last: free it.
    Dealloc,
}

/// What the holder of the runnable has to do.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum RunAction {
    /// Poll the future, then give this to [`State::transition_to_idle`].
    Poll(WakeCount),
    /// Drop the future: the task was cancelled.
    Cancel,
}

/// The wake-ups that a poll has seen (in units of the word).
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(super) struct WakeCount(u64);

/// What the completer has to do.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum CompleteResult {
    /// Nobody will ask for the output: drop it.
    Detached,
    /// The join handle will find it.
    Joinable,
    /// The join handle waits: wake it, then call [`State::release_join_waker`].
    Awaited,
}

/// What a join handle has to do when it goes.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(super) struct JoinDropActions {
    /// The output is there and belongs to the handle.
    pub(super) drop_output: bool,
    /// The slot of the waker belongs to the handle.
    pub(super) drop_waker: bool,
}

/// The task is complete: the transition did not take place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AlreadyComplete;

impl State {
    /// A new task: its life and its join handle refer to it, and it has its first wake-up.
    pub(super) fn new() -> Self {
        Self { word: AtomicU64::new(WAKE | (2 * REFERENCE) | JOIN_INTEREST) }
    }

    /// Adds a wake-up and gives up the waker's reference.
    #[inline]
    pub(super) fn transition_to_woken_by_value(&self) -> WakeResult {
        // AcqRel: release so that the poll which sees this wake-up (Acquire in `transition_to_running`) sees
        // what the waker did before; acquire for the case that the reference was the last.
        let before = self.word.fetch_add(WAKE - REFERENCE, AcqRel);
        if before & COMPLETE != 0 {
            return if before & REFERENCES == REFERENCE {
                WakeResult::Dealloc
            } else {
                WakeResult::Already
            };
        }
        if before < WAKE { WakeResult::Schedule } else { WakeResult::Already }
    }

    /// Adds a wake-up and says whether the task was idle, so that its runnable is to be queued.
    #[inline]
    pub(super) fn transition_to_woken_by_ref(&self) -> bool {
        // AcqRel: as by value; the acquire side serves `cancel`, whose caller may drop the future.
        let before = self.word.fetch_add(WAKE, AcqRel);
        if before >= MANY_WAKES {
            self.cap_wakes();
        }
        before < WAKE && before & COMPLETE == 0
    }

    /// Begins a poll by the runnable's holder.
    #[inline]
    pub(super) fn transition_to_running(&self) -> RunAction {
        // Acquire: pairs with the wakers' release, so that the poll sees what they did.
        let word = self.word.load(Acquire);
        if word & CANCELLED != 0 {
            return RunAction::Cancel;
        }
        // Less than what may be taken off meanwhile leaves: `cap_wakes`.
        RunAction::Poll(WakeCount((word & !(WAKE - 1)).min(MANY_WAKES - WAKE)))
    }

    /// Ends a poll that was `Pending`. True: the task is idle, the runnable is spent. False: it was woken
    /// meanwhile, and the runnable goes back to a queue.
    #[inline]
    #[must_use]
    pub(super) fn transition_to_idle(&self, seen: WakeCount) -> bool {
        // AcqRel: release hands the future to the waker that takes the count from zero next (its acquire); acquire so
        // that, if one did meanwhile, the next poll sees it.
        let before = self.word.fetch_sub(seen.0, AcqRel);
        before - seen.0 < WAKE
    }

    /// The future is gone, the output stored. Called by the runnable's holder.
    pub(super) fn transition_to_complete(&self) -> CompleteResult {
        // AcqRel: release hands the output to the join handle (Acquire in `is_complete` and in the handle's
        // transitions); acquire takes the slot of the join waker over.
        let before = self.word.fetch_or(COMPLETE, AcqRel);
        debug_assert_eq!(before & COMPLETE, 0, "a task completes once");
        match (before & JOIN_INTEREST != 0, before & JOIN_WAKER != 0) {
            (false, _) => CompleteResult::Detached,
            (true, false) => CompleteResult::Joinable,
            (true, true) => CompleteResult::Awaited,
        }
    }

    /// The completer has woken the join handle. True: the handle went meanwhile, and the completer drops the
    /// waker in the slot.
    #[must_use]
    pub(super) fn release_join_waker(&self) -> bool {
        // AcqRel: release hands the slot to the join handle; acquire takes it over if the handle is gone.
        let before = self.word.fetch_and(!JOIN_WAKER, AcqRel);
        before & JOIN_INTEREST == 0
    }

    /// Asks for the future to be dropped in place of the next poll. A wake-up has to follow.
    pub(super) fn cancel(&self) {
        // Relaxed: the wake-up that follows releases it to the runner.
        self.word.fetch_or(CANCELLED, Relaxed);
    }

    /// Whether the output is there, or was taken.
    pub(super) fn is_complete(&self) -> bool {
        // Acquire: pairs with the release of `transition_to_complete`: the output is visible.
        self.word.load(Acquire) & COMPLETE != 0
    }

    /// Whether it is queued or running, at this moment.
    pub(super) fn is_woken(&self) -> bool {
        // Relaxed: for a dump.
        self.word.load(Relaxed) >= WAKE
    }

    /// The join handle filled the slot of its waker.
    pub(super) fn set_join_waker(&self) -> Result<(), AlreadyComplete> {
        self.update_unless_complete(|word| word | JOIN_WAKER)
    }

    /// The join handle takes the slot of its waker back, to fill it anew.
    pub(super) fn unset_join_waker(&self) -> Result<(), AlreadyComplete> {
        self.update_unless_complete(|word| word & !JOIN_WAKER)
    }

    /// Whether the slot of the join waker is filled. Asked by the join handle, the only one who fills it.
    pub(super) fn has_join_waker(&self) -> bool {
        // Acquire: the completer's clearing of the bit hands the slot back.
        self.word.load(Acquire) & JOIN_WAKER != 0
    }

    /// The join handle goes. Its reference is given up apart.
    pub(super) fn transition_to_unjoined(&self) -> JoinDropActions {
        let mut word = self.word.load(Acquire);
        loop {
            let complete = word & COMPLETE != 0;
            let mut next = word & !JOIN_INTEREST;
            if !complete {
                next &= !JOIN_WAKER;
            }
            // AcqRel: release hands slot and output to the completer, acquire takes them over.
            match self.word.compare_exchange_weak(word, next, AcqRel, Acquire) {
                Ok(_) => {
                    return JoinDropActions {
                        drop_output: complete,
                        drop_waker: next & JOIN_WAKER == 0,
                    };
                }
                Err(found) => word = found,
            }
        }
    }

    /// One more reference.
    #[inline]
    pub(super) fn add_reference(&self) {
        // Relaxed: as in `Arc`, a new reference comes from an old one.
        let before = self.word.fetch_add(REFERENCE, Relaxed);
        if before & (MANY_WAKES | MANY_REFERENCES) != 0 {
            self.stop_at_limits(before);
        }
    }

    /// A new reference met a count at its limit.
    #[cold]
    fn stop_at_limits(&self, before: u64) {
        if before & MANY_REFERENCES != 0 {
            std::process::abort();
        }
        self.cap_wakes();
    }

    /// Takes off the wake-ups past [`MANY_WAKES`]. The caller has a reference.
    #[cold]
    fn cap_wakes(&self) {
        // Relaxed: as a read-modify-write it hands on what the wake-ups released.
        let _ = self.word.fetch_update(Relaxed, Relaxed, |word| {
            (word >= MANY_WAKES + WAKE).then_some(MANY_WAKES | word & (WAKE - 1))
        });
    }

    /// One reference less. True: it was the last, and the allocation is to be freed.
    #[inline]
    #[must_use]
    pub(super) fn drop_reference(&self) -> bool {
        // AcqRel: release what this holder did with the task, acquire what all the others did, before it is freed.
        let before = self.word.fetch_sub(REFERENCE, AcqRel);
        debug_assert_ne!(before & REFERENCES, 0, "a reference is given up once");
        before & REFERENCES == REFERENCE
    }

    /// `change` made to the word, unless the task is complete.
    fn update_unless_complete(&self, change: impl Fn(u64) -> u64) -> Result<(), AlreadyComplete> {
        let mut word = self.word.load(Acquire);
        loop {
            if word & COMPLETE != 0 {
                return Err(AlreadyComplete);
            }
            // AcqRel: release hands the filled slot to the completer, acquire takes it back from a reader.
            match self.word.compare_exchange_weak(word, change(word), AcqRel, Acquire) {
                Ok(_) => return Ok(()),
                Err(found) => word = found,
            }
        }
    }
}

#[cfg(test)]
impl State {
    /// As if the task had been woken so often, since its last poll, that the count is at its limit.
    pub(super) fn flood(&self) {
        let word = self.word.load(Relaxed);
        self.word.store(MANY_WAKES | word & (WAKE - 1), Relaxed);
    }

    /// Whether no more wake-ups are counted than may be: those that were brought past the limit by value, and have not been
    /// taken off yet, are two at the most in a test.
    pub(super) fn is_within_limits(&self) -> bool {
        self.word.load(Relaxed) < MANY_WAKES + 3 * WAKE
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::*;

    #[test]
    fn the_first_wake_schedules_and_the_next_do_not() {
        let state = State::new();
        let RunAction::Poll(seen) = state.transition_to_running() else {
            panic!("a new task is not cancelled")
        };
        assert!(state.transition_to_idle(seen));
        assert!(state.transition_to_woken_by_ref());
        assert!(!state.transition_to_woken_by_ref());
    }

    #[test]
    fn a_wake_during_the_poll_keeps_the_runnable() {
        let state = State::new();
        let RunAction::Poll(seen) = state.transition_to_running() else {
            panic!("a new task is not cancelled")
        };
        assert!(!state.transition_to_woken_by_ref());
        assert!(!state.transition_to_idle(seen), "the wake-up must not be lost");
        let RunAction::Poll(seen) = state.transition_to_running() else {
            panic!("it was not cancelled")
        };
        assert!(state.transition_to_idle(seen));
    }

    #[test]
    fn a_flood_of_wakes_stops_at_the_limit() {
        for is_complete in [false, true] {
            let state = State::new();
            state.flood();
            if is_complete {
                assert_eq!(state.transition_to_complete(), CompleteResult::Joinable);
            }
            for _ in 0..1_000 {
                assert!(!state.transition_to_woken_by_ref());
            }
            assert!(state.is_within_limits(), "{} are counted", state.word.load(Relaxed) / WAKE);
        }
    }

    #[test]
    fn a_flood_of_wakes_by_value_stops_at_the_limit() {
        let state = State::new();
        state.flood();
        for _ in 0..1_000 {
            state.add_reference();
            assert_eq!(state.transition_to_woken_by_value(), WakeResult::Already);
        }
        assert!(state.is_within_limits(), "{} are counted", state.word.load(Relaxed) / WAKE);
    }

    #[test]
    fn a_wake_at_the_limit_is_not_lost() {
        let state = State::new();
        state.flood();
        let RunAction::Poll(seen) = state.transition_to_running() else {
            panic!("it was not cancelled")
        };
        assert!(!state.transition_to_woken_by_ref());
        assert!(!state.transition_to_idle(seen), "the wake-up must not be lost");
        let RunAction::Poll(seen) = state.transition_to_running() else {
            panic!("it was not cancelled")
        };
        assert!(state.transition_to_idle(seen), "all that is left was seen by one poll");
        assert!(state.transition_to_woken_by_ref());
    }

    #[test]
    fn the_last_reference_of_a_complete_task_frees_it() {
        let state = State::new();
        state.add_reference();
        assert_eq!(state.transition_to_complete(), CompleteResult::Joinable);
        assert!(!state.drop_reference());
        assert_eq!(
            state.transition_to_unjoined(),
            JoinDropActions { drop_output: true, drop_waker: true }
        );
        assert!(!state.drop_reference());
        assert_eq!(state.transition_to_woken_by_value(), WakeResult::Dealloc);
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use crate::loom::atomic::AtomicU32;
    use loom::sync::Arc;
    use loom::thread;

    /// Wakes a flooded task as `wake` does, after a note that the poll looks for. True: the task's runnable is due.
    fn waker(
        state: &Arc<State>,
        notes: &Arc<AtomicU32>,
        wake: fn(&State) -> bool,
    ) -> thread::JoinHandle<bool> {
        let (state, notes) = (Arc::clone(state), Arc::clone(notes));
        thread::spawn(move || {
            notes.fetch_add(1, Relaxed);
            wake(&state)
        })
    }

    /// By value, with the reference that it takes first.
    fn by_value(state: &State) -> bool {
        state.add_reference();
        state.transition_to_woken_by_value() == WakeResult::Schedule
    }

    /// Polls until the task is idle. Gives the notes that the last poll found.
    fn poll_until_idle(state: &State, notes: &AtomicU32) -> u32 {
        loop {
            let RunAction::Poll(seen) = state.transition_to_running() else {
                panic!("it was not cancelled")
            };
            let found = notes.load(Relaxed);
            if state.transition_to_idle(seen) {
                return found;
            }
        }
    }

    fn flood_meets_polls(wakes: [fn(&State) -> bool; 2]) {
        loom::model(move || {
            let state = Arc::new(State::new());
            state.flood();
            let notes = Arc::new(AtomicU32::new(0));
            let wakers = wakes.map(|wake| waker(&state, &notes, wake));
            let mut found = poll_until_idle(&state, &notes);
            let due = wakers.map(|waker| waker.join().unwrap());
            let runnables = due.into_iter().filter(|got| *got).count();
            assert!(runnables <= 1, "the task is in two queues");
            assert_eq!(state.is_woken(), runnables == 1);
            if runnables == 1 {
                found = poll_until_idle(&state, &notes);
            }
            assert_eq!(found, 2, "a wake-up was lost");
        });
    }

    #[test]
    fn loom_a_flood_of_wakes_meets_the_polls_that_end_it() {
        flood_meets_polls([State::transition_to_woken_by_ref; 2]);
    }

    #[test]
    fn loom_a_flood_of_wakes_by_value_meets_the_polls() {
        flood_meets_polls([State::transition_to_woken_by_ref, by_value]);
    }

    #[test]
    fn loom_a_flood_of_wakes_meets_the_completion() {
        loom::model(|| {
            let state = Arc::new(State::new());
            state.flood();
            let notes = Arc::new(AtomicU32::new(0));
            let wakers = [State::transition_to_woken_by_ref as fn(&State) -> bool, by_value]
                .map(|wake| waker(&state, &notes, wake));
            assert_eq!(state.transition_to_complete(), CompleteResult::Joinable);
            let due = wakers.map(|waker| waker.join().unwrap());
            assert_eq!(due, [false; 2], "a complete task is queued");
            assert!(state.is_within_limits());
            for _ in 0..4 {
                assert!(!by_value(&state));
            }
            assert!(state.is_within_limits());
        });
    }
}
