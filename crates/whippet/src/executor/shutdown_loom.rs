//! The end of a runtime beside those who spawn and wake: those that come late find the queues closed, and nothing is left
//! behind one.

use super::blocking::Pool;
use super::pools::Pools;
use super::queue::Local;
use super::schedule;
use super::shared::{Config, Remote, Shared};
use super::task::JoinHandle;
use super::worker::{Step, Worker};
use crate::driver::Driver;
use crate::loom::atomic::AtomicUsize;
use crate::loom::atomic::Ordering::{AcqRel, Acquire};
use loom::sync::Arc;
use loom::thread;
use std::future::{pending, poll_fn};
use std::io;
use std::panic::Location;
use std::sync;
use std::task::{Poll, Waker};
use std::time::Duration;

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, AcqRel);
    }
}

/// What the workers of a runtime share, and its one worker.
fn runtime() -> (sync::Arc<Shared>, Worker) {
    let config = Config { multi_thread: true, event_interval: 61, global_queue_interval: 31 };
    let (local, ring) = Local::new();
    let no_thread = |_| Err(io::ErrorKind::Unsupported.into());
    let pool = Pool::new(1, Duration::ZERO, Box::new(no_thread), || ());
    let driver = sync::Arc::new(Driver::new(1).unwrap());
    let shared = sync::Arc::new(Shared::new(
        None,
        config,
        vec![Remote::new(ring)],
        driver,
        Pools::of_one(&pool),
    ));
    let worker = Worker::new(sync::Arc::clone(&shared), 0, local, 0);
    (shared, worker)
}

/// Spawns a task that never ends by itself.
fn spawn(shared: &sync::Arc<Shared>, drops: &Arc<AtomicUsize>) -> JoinHandle<()> {
    let counted = Counted(Arc::clone(drops));
    let future = async move {
        let _counted = counted;
        pending::<()>().await;
    };
    schedule::spawn(shared, future, Location::caller())
}

#[test]
fn loom_regression_11_a_spawn_meets_the_end() {
    loom::model(|| {
        let (shared, worker) = runtime();
        let drops = Arc::new(AtomicUsize::new(0));
        let spawner = thread::spawn({
            let (shared, drops) = (sync::Arc::clone(&shared), Arc::clone(&drops));
            move || spawn(&shared, &drops)
        });
        shared.end();
        worker.cancel_queued();
        let task = spawner.join().unwrap();
        assert!(task.is_finished(), "a task was let in behind the end");
        assert_eq!(drops.load(Acquire), 1);
        assert_eq!((shared.owned.len(), shared.injector.len()), (0, 0));
    });
}

#[test]
fn loom_regression_11_a_wake_meets_the_end() {
    loom::model(|| {
        let (shared, worker) = runtime();
        let drops = Arc::new(AtomicUsize::new(0));
        let slot = Arc::new(crate::loom::Mutex::new(None::<Waker>));
        let future = poll_fn({
            let (counted, slot) = (Counted(Arc::clone(&drops)), Arc::clone(&slot));
            move |cx| {
                let _ = &counted;
                *slot.lock() = Some(cx.waker().clone());
                Poll::<()>::Pending
            }
        });
        let task = schedule::spawn(&shared, future, Location::caller());
        assert_eq!(worker.step(), Step::Ran);
        let waker = slot.lock().take().unwrap();
        let wakes = thread::spawn(move || waker.wake());
        shared.end();
        worker.cancel_queued();
        wakes.join().unwrap();
        assert!(task.is_finished(), "a task was woken behind the end");
        assert_eq!(drops.load(Acquire), 1);
        assert_eq!((shared.owned.len(), shared.injector.len()), (0, 0));
    });
}
