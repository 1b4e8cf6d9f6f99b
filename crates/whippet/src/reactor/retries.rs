//! What is tried again after some time: directions that back off, and wakers that were displaced.
//!
//! The reactor knows no time. While there is something here it has the poller's second alarm go off [`TICK`] later, and
//! whichever worker that alarm reaches takes what is due ([`Retries::tick`]). So a runtime in which nothing backs off
//! pays nothing. A direction is here at most once, by its bits in the slot's word.

use super::Token;
use super::unused_edges::BackOff;
use crate::loom::Mutex;
use std::collections::VecDeque;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Waker;
use std::time::Duration;

/// The time between two looks: each call that is made in vain costs some 5 µs, so a descriptor that backs off costs a
/// thousandth of a processor, and after four doublings a sixteenth of that.
pub(super) const TICK: Duration = Duration::from_millis(5);
/// Displaced wakers that wait for a tick, in 1 MiB of memory; past these all are woken at once.
const WAKERS: usize = 1 << 16;
/// Displaced wakers that one tick wakes. The tasks displace each other when they poll again, so however many there are, this
/// bounds what they cost: some 25,000 polls a second.
const WAKERS_OF_TICK: usize = 128;

/// What is tried again (see the module docs).
#[derive(Debug, Default)]
pub(super) struct Retries {
    /// What waits for its time.
    waiting: Mutex<Waiting>,
    /// How often a direction backed off. Written by calls, read by metrics.
    backoffs: AtomicU64,
}

/// What the lock guards.
#[derive(Debug, Default)]
struct Waiting {
    /// Directions that back off, with the ticks that are left.
    slots: Vec<(Token, BackOff)>,
    /// Wakers that were displaced, in that order.
    wakers: VecDeque<Waker>,
    /// Whether a tick will come.
    armed: bool,
    /// Whether the runtime has ended: no tick comes any more.
    closed: bool,
}

/// What is due.
#[derive(Debug, Default)]
pub(super) struct Due {
    /// Directions that are tried again.
    pub(super) slots: Vec<(Token, BackOff)>,
    /// Wakers to be woken.
    pub(super) wakers: Vec<Waker>,
    /// Whether a tick must be asked for.
    pub(super) arm: bool,
}

impl Retries {
    /// Keeps a direction that backs off for its ticks. True: a tick must be asked for.
    pub(super) fn add_backoff(&self, token: Token, back_off: BackOff) -> bool {
        self.backoffs.fetch_add(1, Relaxed);
        let mut waiting = self.waiting.lock();
        waiting.slots.push((token, back_off));
        !std::mem::replace(&mut waiting.armed, true)
    }

    /// Keeps a displaced waker until its tick.
    pub(super) fn add_waker(&self, waker: Waker) -> Due {
        let mut waiting = self.waiting.lock();
        if waiting.closed {
            return Due { wakers: vec![waker], ..Due::default() };
        }
        waiting.wakers.push_back(waker);
        let arm = !std::mem::replace(&mut waiting.armed, true);
        let wakers = if waiting.wakers.len() > WAKERS {
            std::mem::take(&mut waiting.wakers).into()
        } else {
            Vec::new()
        };
        Due { slots: Vec::new(), wakers, arm }
    }

    /// A tick has come: takes what is due.
    pub(super) fn tick(&self) -> Due {
        let mut waiting = self.waiting.lock();
        let count = waiting.wakers.len().min(WAKERS_OF_TICK);
        let wakers = waiting.wakers.drain(..count).collect();
        let mut due = Vec::new();
        waiting.slots.retain_mut(|(token, back_off)| {
            back_off.ticks -= 1;
            if back_off.ticks == 0 {
                due.push((*token, *back_off));
            }
            back_off.ticks > 0
        });
        waiting.armed = !(waiting.slots.is_empty() && waiting.wakers.is_empty());
        Due { slots: due, wakers, arm: waiting.armed }
    }

    /// The runtime ends: the wakers, as no tick will come.
    pub(super) fn close(&self) -> VecDeque<Waker> {
        let mut waiting = self.waiting.lock();
        waiting.closed = true;
        std::mem::take(&mut waiting.wakers)
    }

    /// How often a direction backed off.
    pub(super) fn backoffs(&self) -> u64 {
        self.backoffs.load(Relaxed)
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::{Retries, Token, WAKERS, WAKERS_OF_TICK};
    use crate::reactor::unused_edges::BackOff;
    use crate::sync::test_support::Count;
    use std::sync::Arc;
    use std::task::Waker;

    fn token(index: u32) -> Token {
        Token { index, generation: 0 }
    }

    #[test]
    fn each_backoff_is_due_after_its_ticks_once() {
        let retries = Retries::default();
        let asked =
            [1, 2, 4].map(|ticks| retries.add_backoff(token(ticks), BackOff { hides: 1, ticks }));
        assert_eq!(asked, [true, false, false], "one tick serves all");
        let due = [(); 5].map(|()| {
            let due = retries.tick();
            (due.slots.iter().map(|(token, _)| token.index).collect::<Vec<_>>(), due.arm)
        });
        let expected =
            [(vec![1], true), (vec![2], true), (vec![], true), (vec![4], false), (vec![], false)];
        assert_eq!(due, expected);
        assert_eq!(retries.backoffs(), 3);
        assert!(retries.add_backoff(token(9), BackOff { hides: 1, ticks: 1 }));
    }

    #[test]
    fn displaced_wakers_wait_for_a_tick_and_are_bounded() {
        let retries = Retries::default();
        let count = Count::new();
        let waker = Waker::from(Arc::clone(&count));
        assert!(retries.add_waker(waker.clone()).arm);
        assert_eq!(retries.tick().wakers.len(), 1);
        let woken: usize =
            (0..=WAKERS).map(|_| retries.add_waker(waker.clone()).wakers.len()).sum();
        assert_eq!(woken, WAKERS + 1, "past the bound all are woken");
        let _ = retries.add_waker(waker.clone());
        assert_eq!(retries.close().len(), 1);
        assert_eq!(retries.add_waker(waker).wakers.len(), 1, "no tick will come");
    }

    #[test]
    fn many_displaced_wakers_are_woken_by_several_ticks() {
        let retries = Retries::default();
        let count = Count::new();
        let waker = Waker::from(Arc::clone(&count));
        for _ in 0..1_000 {
            assert!(retries.add_waker(waker.clone()).wakers.is_empty());
        }
        let due = [(); 10].map(|()| {
            let due = retries.tick();
            (due.wakers.len(), due.arm)
        });
        assert!(
            due.iter().all(|(wakers, _)| *wakers <= WAKERS_OF_TICK),
            "tasks displace each other: {due:?}"
        );
        assert_eq!(due.iter().map(|(wakers, _)| wakers).sum::<usize>(), 1_000);
        assert!(due[6].1 && !due[7].1, "a tick comes while there are any: {due:?}");
    }
}
