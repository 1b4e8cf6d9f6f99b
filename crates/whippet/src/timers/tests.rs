//! The wheel against a heap, and two threads against each other.

use super::{Polled, Timers};
use crate::wake_list::WakeList;
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

/// The length of a tick: how late a timer may be.
const TICK: u64 = 1 << 16;

/// Who woke, in order.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<usize>>>);

impl Log {
    /// A waker that writes `id` down.
    fn waker(&self, id: usize) -> Waker {
        Waker::from(Arc::new(Entry { id, log: self.clone() }))
    }

    /// What was written since the last look.
    fn take(&self) -> Vec<usize> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

struct Entry {
    id: usize,
    log: Log,
}

impl Wake for Entry {
    fn wake(self: Arc<Self>) {
        self.log.0.lock().unwrap().push(self.id);
    }
}

#[cfg(not(loom))]
mod single {
    use super::super::TimerKey;
    use super::{Log, Polled, TICK, Timers, WakeList};
    use proptest::prelude::*;
    use std::cmp::Reverse;
    use std::collections::{BTreeMap, BinaryHeap};

    /// Advances the wheel to `now` in one go and says who fired.
    fn expire(timers: &mut Timers, log: &Log, now: u64) -> Vec<usize> {
        let mut wakers = WakeList::new();
        assert!(!timers.expire(now, &mut wakers, usize::MAX));
        wakers.wake_all();
        log.take()
    }

    #[test]
    fn fires_within_a_tick_and_never_early() {
        for deadline in [0, 1, TICK - 1, TICK, 1_000_000, 1 << 40, u64::MAX - 1, u64::MAX] {
            let (mut timers, log) = (Timers::new(), Log::default());
            let key = timers.insert(deadline, log.waker(1));
            let due = timers.next_deadline().unwrap();
            assert!(due >= deadline && due - deadline < TICK);
            assert_eq!(expire(&mut timers, &log, deadline.saturating_sub(1)), []);
            assert_eq!(expire(&mut timers, &log, due - 1), []);
            assert_eq!(timers.poll(&key, &log.waker(2)), Polled::OtherWaker);
            assert_eq!(expire(&mut timers, &log, due), [1]);
            assert_eq!((timers.len(), timers.next_deadline()), (0, None));
            assert_eq!(timers.poll(&key, &log.waker(2)), Polled::Fired);
            assert_eq!(timers.uncollected(), 0);
        }
    }

    /// Advances the wheel to `now`, to the nanosecond, and says who fired.
    fn expire_exact(timers: &mut Timers, log: &Log, now: u64) -> Vec<usize> {
        let mut wakers = WakeList::new();
        assert!(!timers.expire_exact(now, &mut wakers, usize::MAX));
        wakers.wake_all();
        log.take()
    }

    #[test]
    fn fires_to_the_nanosecond_when_told_to() {
        for deadline in [0, 1, TICK - 1, TICK, 1_000_000, 1 << 40, u64::MAX - 1, u64::MAX] {
            let (mut timers, log) = (Timers::new(), Log::default());
            let key = timers.insert(deadline, log.waker(1));
            assert_eq!(timers.next_exact_deadline(), Some(deadline));
            if let Some(before) = deadline.checked_sub(1) {
                assert_eq!(expire_exact(&mut timers, &log, before), []);
                assert_eq!(timers.next_exact_deadline(), Some(deadline));
            }
            assert_eq!(expire_exact(&mut timers, &log, deadline), [1]);
            assert_eq!((timers.len(), timers.next_exact_deadline()), (0, None));
            assert_eq!(timers.poll(&key, &log.waker(2)), Polled::Fired);
        }
    }

    #[test]
    fn the_timers_of_one_tick_fire_each_at_its_moment() {
        let (mut timers, log) = (Timers::new(), Log::default());
        let first = 7_000 * TICK;
        let keys: Vec<TimerKey> = [30, 10, 20, 10]
            .iter()
            .map(|after| timers.insert(first + after, log.waker(*after as usize)))
            .collect();
        for moment in [10, 20, 30] {
            assert_eq!(timers.next_exact_deadline(), Some(first + moment));
            assert_eq!(expire_exact(&mut timers, &log, first + moment - 1), []);
            let fired = expire_exact(&mut timers, &log, first + moment);
            assert_eq!(fired, vec![moment as usize; if moment == 10 { 2 } else { 1 }]);
        }
        assert_eq!(timers.next_exact_deadline(), None);
        drop(keys);
    }

    #[test]
    fn a_past_deadline_is_due_at_the_end_of_the_present_tick() {
        let (mut timers, log) = (Timers::new(), Log::default());
        let now = 5_000 * TICK + 17;
        assert_eq!(expire(&mut timers, &log, now), []);
        let _first = timers.insert(0, log.waker(1));
        let _second = timers.insert(now - 1, log.waker(2));
        assert_eq!(timers.next_deadline(), Some(5_001 * TICK - 1));
        assert_eq!(expire(&mut timers, &log, 5_001 * TICK), [1, 2]);
    }

    #[test]
    fn a_timer_takes_no_part_after_its_removal() {
        let (mut timers, log) = (Timers::new(), Log::default());
        let keys: Vec<TimerKey> = (0..3).map(|id| timers.insert(9 * TICK, log.waker(id))).collect();
        assert!(timers.remove(&keys[1]).is_some());
        assert!(timers.remove(&keys[1]).is_none());
        assert_eq!(expire(&mut timers, &log, 10 * TICK), [0, 2]);
        assert!(timers.remove(&keys[0]).is_none(), "its waker is gone");
        assert_eq!(timers.poll(&keys[1], &log.waker(9)), Polled::Fired);
        assert_eq!(timers.uncollected(), 1);
    }

    #[test]
    fn a_replaced_waker_is_the_one_that_wakes() {
        let (mut timers, log) = (Timers::new(), Log::default());
        let key = timers.insert(TICK, log.waker(1));
        let other = log.waker(2);
        assert_eq!(timers.poll(&key, &other), Polled::OtherWaker);
        assert!(timers.replace_waker(&key, other.clone()).is_ok());
        assert_eq!(timers.poll(&key, &other), Polled::Waiting);
        assert_eq!(expire(&mut timers, &log, 2 * TICK), [2]);
        assert!(timers.replace_waker(&key, other).is_err());
    }

    #[test]
    fn the_work_of_a_call_is_bounded_and_goes_on() {
        const COUNT: usize = 10_000;
        let (mut timers, log) = (Timers::new(), Log::default());
        let deadline = 1_000_000 * TICK;
        let keys: Vec<TimerKey> =
            (0..COUNT).map(|id| timers.insert(deadline, log.waker(id))).collect();
        let (mut calls, mut fired) = (0, Vec::new());
        loop {
            let mut wakers = WakeList::new();
            let more = timers.expire(deadline + TICK, &mut wakers, 100);
            assert!(wakers.len() <= 100);
            wakers.wake_all();
            fired.extend(log.take());
            calls += 1;
            if !more {
                break;
            }
            assert!(timers.next_deadline().is_some_and(|next| next <= deadline + TICK));
        }
        assert!(fired.is_sorted() && fired.len() == COUNT);
        assert!(calls <= 1 + 4 * COUNT / 100, "each timer moves three levels and fires: {calls}");
        assert_eq!(timers.uncollected(), keys.len());
        for key in &keys {
            timers.remove(key);
        }
        assert_eq!(timers.uncollected(), 0);
    }

    #[test]
    fn the_thread_sleeps_through_the_moments_at_which_lists_move_down() {
        let (mut timers, log) = (Timers::new(), Log::default());
        let deadline = 7 * 64 * 64 * TICK + 9 * 64 * TICK + 11 * TICK;
        let _key = timers.insert(deadline, log.waker(1));
        assert_eq!(timers.next_deadline(), Some(deadline + TICK - 1));
        assert_eq!(expire(&mut timers, &log, deadline + TICK - 1), [1], "one turn did it all");
    }

    /// One step of a history.
    #[derive(Debug, Clone)]
    enum Step {
        /// A timer for a moment of its own.
        InsertAt(u64),
        /// A timer for so long from now.
        InsertAfter(u64),
        /// The removal of one of those inserted (modulo their number).
        Remove(usize),
        /// Another deadline for one of those inserted.
        Reset(usize, u64),
        /// So much time passes; the limit of one call.
        Advance(u64, usize),
        /// The time of the next deadline comes.
        AdvanceToNext,
    }

    /// Numbers where carries, digits and sign bits change: 0, 1, 2^k ± 1, MAX, and any.
    fn edges() -> impl Strategy<Value = u64> {
        prop_oneof![
            Just(0),
            Just(1),
            Just(u64::MAX),
            (0..64u32).prop_map(|k| 1 << k),
            (0..64u32).prop_map(|k| (1 << k) - 1),
            (0..64u32).prop_map(|k| (1 << k) + 1),
            (0..64u32, any::<u64>()).prop_map(|(k, any)| any >> k),
        ]
    }

    fn step() -> impl Strategy<Value = Step> {
        let short = 0..100_000_000u64;
        let limit = prop_oneof![Just(usize::MAX), 0..4usize];
        prop_oneof![
            3 => edges().prop_map(Step::InsertAt),
            3 => edges().prop_map(Step::InsertAfter),
            6 => short.clone().prop_map(Step::InsertAfter),
            4 => any::<usize>().prop_map(Step::Remove),
            2 => (any::<usize>(), edges()).prop_map(|(any, deadline)| Step::Reset(any, deadline)),
            4 => (short, limit.clone()).prop_map(|(by, limit)| Step::Advance(by, limit)),
            1 => (edges(), limit).prop_map(|(by, limit)| Step::Advance(by, limit)),
            3 => Just(Step::AdvanceToNext),
        ]
    }

    /// The wheel, and beside it what a heap says.
    struct Pair {
        timers: Timers,
        log: Log,
        now: u64,
        keys: Vec<TimerKey>,
        /// Deadline and latest moment to fire, of those that wait.
        waiting: BTreeMap<usize, (u64, u64)>,
        /// (latest moment, id), the earliest on top; what no longer waits for that moment stays in it.
        heap: BinaryHeap<Reverse<(u64, usize)>>,
        /// Whether a removal may have left `next_deadline` too early.
        removed: bool,
    }

    impl Pair {
        fn new() -> Self {
            Self {
                timers: Timers::new(),
                log: Log::default(),
                now: 0,
                keys: Vec::new(),
                waiting: BTreeMap::new(),
                heap: BinaryHeap::new(),
                removed: false,
            }
        }

        fn insert(&mut self, deadline: u64) {
            let id = self.keys.len();
            self.keys.push(self.timers.insert(deadline, self.log.waker(id)));
            self.expect(id, deadline);
        }

        fn reset(&mut self, id: usize, deadline: u64) {
            let waited = self.waiting.remove(&id).is_some();
            assert_eq!(self.timers.reset(&self.keys[id], deadline), waited);
            if waited {
                self.expect(id, deadline);
                self.removed = true;
            }
        }

        fn expect(&mut self, id: usize, deadline: u64) {
            let latest = deadline.max(self.now.saturating_add(1)) | (TICK - 1);
            self.waiting.insert(id, (deadline, latest));
            self.heap.push(Reverse((latest, id)));
        }

        fn remove(&mut self, id: usize) {
            let waited = self.waiting.remove(&id).is_some();
            assert_eq!(self.timers.remove(&self.keys[id]).is_some(), waited);
            self.removed |= waited;
        }

        /// Moves the time; calls until nothing more is due.
        fn advance(&mut self, to: u64, limit: usize) {
            self.now = to;
            let mut fired = Vec::new();
            for limit in std::iter::once(limit).chain(std::iter::repeat(usize::MAX)) {
                let mut wakers = WakeList::new();
                let more = self.timers.expire(to, &mut wakers, limit);
                assert!(wakers.len() <= limit);
                wakers.wake_all();
                fired.extend(self.log.take());
                if !more {
                    break;
                }
            }
            let ticks = fired.iter().map(|id| self.waiting[id].1 / TICK);
            assert!(ticks.is_sorted(), "in the order of the heap, to the tick");
            for id in fired {
                let (deadline, _) = self.waiting.remove(&id).expect("fired once, and not removed");
                assert!(deadline <= to, "early");
            }
        }

        /// What the heap has as due was fired, and the wheel knows its next deadline.
        fn check(&mut self) {
            assert_eq!(self.timers.len(), self.waiting.len());
            while let Some(Reverse((latest, id))) = self.heap.peek()
                && self.waiting.get(id).is_none_or(|waiting| waiting.1 != *latest)
            {
                self.heap.pop();
            }
            let next = self.timers.next_deadline();
            let earliest = self.heap.peek().map(|Reverse((latest, _))| *latest);
            assert!(earliest.is_none_or(|earliest| earliest > self.now), "late");
            if self.removed {
                assert_eq!(next.is_some(), earliest.is_some());
                assert!(next <= earliest && next.is_none_or(|next| next > self.now));
            } else {
                assert_eq!(next, earliest);
            }
        }

        fn step(&mut self, step: &Step) {
            match *step {
                Step::InsertAt(deadline) => self.insert(deadline),
                Step::InsertAfter(after) => self.insert(self.now.saturating_add(after)),
                Step::Remove(any) if !self.keys.is_empty() => self.remove(any % self.keys.len()),
                Step::Reset(any, deadline) if !self.keys.is_empty() => {
                    self.reset(any % self.keys.len(), deadline);
                }
                Step::Remove(_) | Step::Reset(..) => {}
                Step::Advance(by, limit) => self.advance(self.now.saturating_add(by), limit),
                Step::AdvanceToNext => {
                    if let Some(next) = self.timers.next_deadline() {
                        self.advance(next, usize::MAX);
                    }
                }
            }
            // At the end of time a tick that is over is also the present one: what is inserted then waits for
            // the next call.
            if self.now < u64::MAX - TICK {
                self.check();
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn regression_08_the_wheel_agrees_with_a_heap(
            steps in proptest::collection::vec(step(), 1..200)
        ) {
            let mut pair = Pair::new();
            for step in &steps {
                pair.step(step);
            }
            pair.advance(u64::MAX, usize::MAX);
            prop_assert_eq!(pair.timers.len(), 0, "all fire at the end of time");
            for id in 0..pair.keys.len() {
                pair.timers.remove(&pair.keys[id]);
            }
            prop_assert_eq!(pair.timers.uncollected(), 0);
        }
    }
}

/// Cancel, fire and a change of waker on one timer, from three threads.
#[cfg(loom)]
mod model {
    use super::{Log, Polled, TICK, Timers, WakeList};
    use crate::loom::{Arc, Mutex};
    use loom::thread;

    /// One turn of the driver: expire under the lock, wake outside of it.
    fn turn(timers: &Mutex<Timers>, now: u64) {
        let mut wakers = WakeList::new();
        let more = timers.lock().expire(now, &mut wakers, 1);
        assert!(!more || !wakers.is_empty());
        wakers.wake_all();
    }

    #[test]
    fn loom_cancel_fire_reset() {
        loom::model(|| {
            let log = Log::default();
            let timers = Arc::new(Mutex::new(Timers::new()));
            let cancelled = timers.lock().insert(1, log.waker(1));
            let reset = timers.lock().insert(1, log.waker(2));
            let firing = {
                let timers = Arc::clone(&timers);
                thread::spawn(move || turn(&timers, TICK))
            };
            let resetting = {
                let timers = Arc::clone(&timers);
                thread::spawn(move || (timers.lock().reset(&reset, 9 * TICK), reset))
            };
            let waker = timers.lock().remove(&cancelled);
            firing.join().unwrap();
            let (waits, reset) = resetting.join().unwrap();
            // The turn fires one at the most: those that were not in its way fire now.
            turn(&timers, TICK);
            let woken = log.take();
            assert_eq!(woken.contains(&1), waker.is_none(), "removed or woken, and not both");
            assert_eq!(woken.contains(&2), !waits, "reset or woken, and not both");
            turn(&timers, 10 * TICK);
            assert_eq!(log.take().len(), usize::from(waits));
            let mut timers = timers.lock();
            assert_eq!(timers.poll(&reset, &log.waker(2)), Polled::Fired);
            assert_eq!((timers.len(), timers.uncollected()), (0, 0));
        });
    }

    #[test]
    fn loom_reset_to_earlier_fire() {
        loom::model(|| {
            let log = Log::default();
            let timers = Arc::new(Mutex::new(Timers::new()));
            let key = timers.lock().insert(9 * TICK, log.waker(1));
            let firing = {
                let timers = Arc::clone(&timers);
                thread::spawn(move || turn(&timers, 5 * TICK))
            };
            // The turn goes by before or after the reset; the next deadline says which.
            assert!(timers.lock().reset(&key, TICK));
            firing.join().unwrap();
            let next = timers.lock().next_deadline();
            if log.take().is_empty() {
                assert!(next.is_some_and(|next| next < 7 * TICK), "nobody sleeps past it");
                turn(&timers, 7 * TICK);
                assert_eq!(log.take(), [1]);
            }
            assert_eq!(timers.lock().poll(&key, &log.waker(1)), Polled::Fired);
        });
    }

    #[test]
    fn loom_change_of_waker_fire() {
        loom::model(|| {
            let log = Log::default();
            let timers = Arc::new(Mutex::new(Timers::new()));
            let key = timers.lock().insert(1, log.waker(1));
            let firing = {
                let timers = Arc::clone(&timers);
                thread::spawn(move || turn(&timers, TICK))
            };
            // The poll of a task that has moved: look, clone the waker outside of the lock, hand it over.
            let waker = log.waker(2);
            let polled = timers.lock().poll(&key, &waker);
            let ready = match polled {
                Polled::Fired => true,
                _ => {
                    let back = timers.lock().replace_waker(&key, waker.clone());
                    back.is_err()
                }
            };
            firing.join().unwrap();
            assert!(ready || log.take() == [2], "what waits is woken");
        });
    }
}
