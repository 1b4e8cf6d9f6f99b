//! Workers without threads: what they find, turn by turn.

use super::blocking::Pool;
use super::pools::Pools;
use super::queue::Local;
use super::schedule;
use super::shared::{Config, Remote, Shared};
use super::worker::{Step, Worker};
use crate::driver::Driver;
use std::io;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc;
use std::time::Duration;

/// How long an event may take before its test fails.
const DEADLINE: Duration = Duration::from_secs(20);

/// Two workers, and what they share.
pub(super) fn workers() -> (Arc<Shared>, [Worker; 2]) {
    let config = Config { multi_thread: true, event_interval: 61, global_queue_interval: 31 };
    let [(first, first_ring), (second, second_ring)] = [Local::new(), Local::new()];
    let no_thread = |_| Err(io::ErrorKind::Unsupported.into());
    let pool = Pool::new(1, Duration::ZERO, Box::new(no_thread), || ());
    let remotes = vec![Remote::new(first_ring), Remote::new(second_ring)];
    let shared = Arc::new(Shared::new(
        None,
        config,
        remotes,
        Arc::new(Driver::new(2).unwrap()),
        Pools::of_one(&pool),
    ));
    let worker = |index, local| Worker::new(Arc::clone(&shared), index, local, 0);
    let workers = [worker(0, first), worker(1, second)];
    (shared, workers)
}

#[test]
fn regression_05_a_lifo_slot_is_left_alone_until_a_poll_is_seen_twice() {
    let (shared, [_first, second]) = workers();
    let task = schedule::spawn(&shared, async {}, Location::caller());
    let runnable = shared.injector.pop().unwrap();
    assert!(shared.remotes[0].lifo.put(runnable).is_none());
    assert_eq!(second.step(), Step::Idle, "the first will come to it at once");
    shared.remotes[0].polls.fetch_add(1, Relaxed);
    assert_eq!(second.step(), Step::Idle, "it has begun another poll meanwhile");
    assert!(!task.is_finished());
    assert_eq!(second.step(), Step::Ran, "that poll lasts");
    assert!(task.is_finished());
}

#[test]
fn a_task_that_came_behind_the_end_takes_no_other_out_of_the_list() {
    let (shared, _workers) = workers();
    let queued = schedule::spawn(&shared, async {}, Location::caller());
    assert_eq!(shared.owned.close().len(), 0, "the thread that has its runnable drops it");
    let late = schedule::spawn(&shared, async {}, Location::caller());
    assert!(late.is_finished() && !queued.is_finished());
    assert_eq!(shared.owned.len(), 1, "the first is in the list until it ends");
    drop(shared.injector.pop());
    assert!(queued.is_finished());
    assert_eq!(shared.owned.len(), 0);
}

#[test]
fn regression_04_a_worker_that_goes_to_sleep_looks_at_all_queues_once_more() {
    let (shared, [first, second]) = workers();
    assert_eq!(second.step(), Step::Idle);
    // Nobody sleeps yet, so nobody is woken: who goes to sleep has to look.
    let remote = schedule::spawn(&shared, async {}, Location::caller());
    let (sender, receiver) = mpsc::channel();
    let body = move || {
        second.park(|| false);
        assert_eq!(second.step(), Step::Ran);
        sender.send(()).unwrap();
    };
    drop(crate::sys::thread::start("second".to_owned(), None, body).unwrap());
    receiver.recv_timeout(DEADLINE).expect("it sleeps beside a task");
    assert!(remote.is_finished());
    drop(first);
}
