//! The driver with real threads and the real kernel: decided by the order of events, not by the clock. A test that
//! fails would wait for ever; a watchdog ends it instead.

use super::{Driver, TimerState};
use crate::sys::thread::{self, Parker};
use crate::wake_list::WakeList;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::time::Duration;

/// After so long a test has failed.
const WATCHDOG: Duration = Duration::from_secs(20);

/// A moment that does not come during a test.
const AN_HOUR: u64 = 3_600_000_000_000;

/// A waker that counts.
#[derive(Debug, Default)]
struct Count(AtomicUsize);

impl Count {
    fn wakes(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn counter() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count::default());
    (Arc::clone(&count), Waker::from(count))
}

/// Turns until `done`, waiting without end each time: only the alarm can end a wait.
fn turn_until(driver: &Driver, done: impl Fn() -> bool) -> usize {
    let mut turns = 0;
    while !done() {
        let mut wakers = WakeList::new();
        driver.turn(None, &mut wakers).expect("the reactor turns");
        wakers.wake_all();
        turns += 1;
    }
    turns
}

/// Threads that turn the driver, as idle workers do, until dropped.
struct Workers {
    driver: Arc<Driver>,
    ending: Arc<AtomicBool>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Workers {
    fn start(driver: &Arc<Driver>, count: usize) -> Self {
        let ending = Arc::new(AtomicBool::new(false));
        let threads = (0..count)
            .map(|_| {
                let (driver, ending) = (Arc::clone(driver), Arc::clone(&ending));
                let turn = move || {
                    turn_until(&driver, || ending.load(Ordering::SeqCst));
                    driver.reactor().notify();
                };
                thread::start("turn".into(), None, turn).expect("a thread")
            })
            .collect();
        Self { driver: Arc::clone(driver), ending, threads }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::SeqCst);
        self.driver.reactor().notify();
        if !std::thread::panicking() {
            for thread in self.threads.drain(..) {
                thread.join().expect("a worker without a panic");
            }
        }
    }
}

#[test]
fn regression_08_an_earlier_timer_added_during_the_wait_fires() {
    let driver = Arc::new(Driver::new(2).unwrap());
    let (late, waker) = counter();
    let far = driver.shard(0).insert_timer(driver.shard(0).now() + AN_HOUR, waker).unwrap();
    let workers = Workers::start(&driver, 2);
    // Each round adds a timer while the workers wait for the far one, or are on their way there.
    for round in 0..300_usize {
        let parker = Arc::new(Parker::default());
        let _key = driver.shard(round).insert_timer(driver.shard(0).now(), parker.waker()).unwrap();
        assert!(parker.park_timeout(WATCHDOG), "the timer of round {round} was lost");
    }
    drop(workers);
    assert_eq!((late.wakes(), driver.timers_len()), (0, 1));
    driver.shard(0).remove_timer(&far);
}

#[test]
fn regression_08_timers_added_and_removed_by_many_all_fire() {
    let driver = Arc::new(Driver::new(2).unwrap());
    let _workers = Workers::start(&driver, 2);
    let adders: Vec<_> = (0..3u64)
        .map(|seed| {
            let timers = Arc::clone(driver.shard(seed as usize));
            let add = move || {
                let mut random = fastrand::Rng::with_seed(seed);
                for _ in 0..300 {
                    let parker = Arc::new(Parker::default());
                    let mut after = || timers.now() + random.u64(0..2_000_000);
                    let removed = timers.insert_timer(after(), Waker::noop().clone()).unwrap();
                    let key = timers.insert_timer(after(), parker.waker()).unwrap();
                    timers.remove_timer(&removed);
                    assert!(parker.park_timeout(WATCHDOG), "a timer was lost");
                    let state = timers.poll_timer(&key, Waker::noop());
                    assert_eq!(state, TimerState::Fired);
                }
            };
            thread::start("add".into(), None, add).unwrap()
        })
        .collect();
    for adder in adders {
        adder.join().unwrap();
    }
    assert_eq!(driver.timers_len(), 0);
}

#[test]
fn the_alarm_of_a_removed_timer_wakes_for_nothing_once() {
    let driver = Driver::new(2).unwrap();
    let (first, waker) = counter();
    let removed = driver.shard(0).insert_timer(driver.shard(0).now() + 1_000_000, waker).unwrap();
    let (second, waker) = counter();
    let _key = driver.shard(0).insert_timer(driver.shard(0).now() + 3_000_000, waker).unwrap();
    driver.shard(0).remove_timer(&removed);
    assert!(turn_until(&driver, || second.wakes() == 1) <= 2, "one idle turn, one that fires");
    assert_eq!(first.wakes(), 0);
}

#[test]
fn a_reset_timer_fires_at_its_new_deadline() {
    let driver = Driver::new(2).unwrap();
    let (count, waker) = counter();
    let key = driver.shard(0).insert_timer(driver.shard(0).now() + AN_HOUR, waker.clone()).unwrap();
    assert!(driver.shard(0).reset_timer(&key, driver.shard(0).now()));
    turn_until(&driver, || count.wakes() == 1);
    assert!(!driver.shard(0).reset_timer(&key, 0), "it has fired");
    assert_eq!(driver.shard(0).poll_timer(&key, &waker), TimerState::Fired);
}

#[test]
fn a_storm_of_timers_fires_in_bounded_turns() {
    const COUNT: usize = 20_000;
    let driver = Driver::new(2).unwrap();
    let (count, waker) = counter();
    let deadline = driver.shard(0).now();
    let keys: Vec<_> = (0..COUNT)
        .map(|_| driver.shard(0).insert_timer(deadline, waker.clone()).unwrap())
        .collect();
    let largest = Mutex::new(0);
    while count.wakes() < COUNT {
        let mut wakers = WakeList::new();
        driver.turn(None, &mut wakers).expect("the reactor turns");
        let mut largest = largest.lock().unwrap();
        *largest = wakers.len().max(*largest);
        drop(wakers);
    }
    assert!(*largest.lock().unwrap() < 2 * super::shard::STEPS_PER_LOCK);
    for key in &keys {
        assert_eq!(driver.shard(0).poll_timer(key, &waker), TimerState::Fired);
    }
}

#[test]
fn a_polled_timer_wakes_the_last_who_asked() {
    let driver = Driver::new(2).unwrap();
    let (former, waker) = counter();
    let key = driver.shard(0).insert_timer(driver.shard(0).now() + 1_000_000, waker).unwrap();
    let (latter, waker) = counter();
    assert!(matches!(driver.shard(0).poll_timer(&key, &waker), TimerState::Moved(_)));
    assert_eq!(driver.shard(0).poll_timer(&key, &waker), TimerState::Waiting);
    assert_eq!((Arc::strong_count(&former), Arc::strong_count(&latter)), (1, 3));
    turn_until(&driver, || latter.wakes() == 1);
    assert_eq!(former.wakes(), 0);
    assert_eq!(driver.shard(0).poll_timer(&key, &waker), TimerState::Fired);
}

#[test]
fn a_waker_may_use_the_timers() {
    /// A waker that adds and removes timers of the driver that wakes it.
    struct Greedy(Arc<Driver>, AtomicBool);
    impl Wake for Greedy {
        fn wake(self: Arc<Self>) {
            let key = self.0.shard(0).insert_timer(0, Waker::noop().clone()).unwrap();
            self.0.shard(0).remove_timer(&key);
            self.1.store(true, Ordering::SeqCst);
        }
    }
    let driver = Arc::new(Driver::new(2).unwrap());
    let greedy = Arc::new(Greedy(Arc::clone(&driver), AtomicBool::new(false)));
    let key = driver.shard(0).insert_timer(0, Waker::from(Arc::clone(&greedy))).unwrap();
    turn_until(&driver, || greedy.1.load(Ordering::SeqCst));
    driver.shard(0).remove_timer(&key);
}

#[test]
fn closing_wakes_those_who_wait_and_takes_no_more() {
    let driver = Driver::new(2).unwrap();
    let (count, waker) = counter();
    let key = driver.shard(0).insert_timer(driver.shard(0).now() + AN_HOUR, waker.clone()).unwrap();
    driver.close_timers();
    assert_eq!(count.wakes(), 1);
    assert_eq!(driver.shard(0).poll_timer(&key, &waker), TimerState::Closed);
    assert!(driver.shard(0).insert_timer(0, waker).is_err());
    driver.shard(0).remove_timer(&key);
}

#[test]
fn deadlines_saturate_at_both_ends() {
    let driver = Driver::new(2).unwrap();
    let origin = driver.shared.origin();
    assert_eq!(driver.shard(0).deadline(origin), Some(0));
    assert_eq!(driver.shard(0).deadline(origin - Duration::from_secs(1)), Some(0));
    assert_eq!(driver.shard(0).deadline(origin + Duration::from_nanos(7)), Some(7));
    assert_eq!(driver.shard(0).deadline(origin + Duration::from_nanos(u64::MAX)), Some(u64::MAX));
    let beyond = origin + Duration::from_nanos(u64::MAX) + Duration::from_nanos(1);
    assert_eq!(driver.shard(0).deadline(beyond), None);
}
