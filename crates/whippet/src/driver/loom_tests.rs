//! Models of the alarm: a thread adds a timer while another answers the alarm. The deadlines do not come during a model, so
//! what decides is the word: it names a moment at or before the earliest deadline when all are through, or a timer is lost.
//! (That it then goes off is the kernel's part; whole runtimes are in `tests/shuttle`.)

use super::Driver;
use super::shard::TimerShard;
use crate::timers::TimerKey;
use crate::wake_list::WakeList;
use loom::thread;
use std::sync::Arc;
use std::task::Waker;

/// Nanoseconds of a minute: ticks of the wheel are shorter by far.
const MINUTE: u64 = 60_000_000_000;

/// A driver with two shards; its time begins now.
fn driver() -> Arc<Driver> {
    Arc::new(Driver::new(2).unwrap())
}

/// Adds a timer that nobody waits for.
fn insert(shard: &TimerShard, minutes: u64) -> TimerKey {
    shard.insert_timer(minutes * MINUTE, Waker::noop().clone()).unwrap()
}

/// Answers an alarm.
fn answer(driver: &Driver) {
    driver.expire(true, &mut WakeList::new());
}

/// The alarm goes off before the first timer is due.
fn assert_set(driver: &Driver, minutes: u64) {
    assert_eq!(driver.next_exact_deadline(), minutes * MINUTE, "the timer is there");
    let (alarm, next) = (driver.shared.alarm(), driver.next_deadline());
    assert!(alarm <= next, "the timer is lost: the alarm is set to {alarm}, it is due at {next}");
}

#[test]
fn loom_regression_08_an_earlier_timer_meets_the_answer_to_an_alarm() {
    loom::model(|| {
        let driver = driver();
        let _key = insert(driver.shard(0), 60);
        let inserts = {
            let driver = Arc::clone(&driver);
            thread::spawn(move || drop(insert(driver.shard(1), 30)))
        };
        answer(&driver);
        inserts.join().unwrap();
        assert_set(&driver, 30);
    });
}

#[test]
fn loom_regression_08_the_first_timer_meets_the_answer_to_an_alarm() {
    loom::model(|| {
        let driver = driver();
        // The alarm of a timer that was taken out.
        let removed = insert(driver.shard(0), 5);
        driver.shard(0).remove_timer(&removed);
        let inserts = {
            let driver = Arc::clone(&driver);
            thread::spawn(move || drop(insert(driver.shard(0), 30)))
        };
        answer(&driver);
        inserts.join().unwrap();
        assert_set(&driver, 30);
    });
}

#[test]
fn loom_regression_08_a_timer_that_is_moved_forward_meets_the_answer_and_another_timer() {
    loom::model(|| {
        let driver = driver();
        let moved = insert(driver.shard(0), 60);
        let moves = {
            let driver = Arc::clone(&driver);
            thread::spawn(move || assert!(driver.shard(0).reset_timer(&moved, 20 * MINUTE)))
        };
        let inserts = {
            let driver = Arc::clone(&driver);
            thread::spawn(move || drop(insert(driver.shard(1), 40)))
        };
        answer(&driver);
        moves.join().unwrap();
        inserts.join().unwrap();
        assert_set(&driver, 20);
    });
}

#[test]
fn loom_regression_08_two_who_answer_meet_a_timer() {
    loom::model(|| {
        let driver = driver();
        let others = [30, 0].map(|minutes| {
            let driver = Arc::clone(&driver);
            thread::spawn(move || match minutes {
                0 => answer(&driver),
                minutes => drop(insert(driver.shard(0), minutes)),
            })
        });
        answer(&driver);
        for other in others {
            other.join().unwrap();
        }
        assert_set(&driver, 30);
    });
}
