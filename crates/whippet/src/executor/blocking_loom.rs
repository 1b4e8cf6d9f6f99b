//! Models of the protocol between those who bring jobs and the threads that run them: a job that nobody comes to shows as a
//! count that is too low, or as a deadlock.

use super::blocking::Pool;
use super::task::{Id, OwnedRef, Runnable, Schedule, Spawned};
use crate::loom::atomic::AtomicUsize;
use crate::loom::atomic::Ordering::{Acquire, Relaxed};
use crate::sys::clock;
use loom::sync::Arc;
use loom::sync::mpsc;
use loom::thread;
use std::panic::Location;
use std::time::Duration;

/// A time that does not come.
const NEVER: Duration = Duration::from_secs(3_600);

/// A job that nobody wakes.
struct Nowhere;

impl Schedule for Nowhere {
    type Destination = ();

    fn destination(&self) {}

    fn schedule(_: (), _: Runnable) {
        unreachable!("nobody wakes a job")
    }

    fn release(&self, _: &OwnedRef) -> Option<OwnedRef> {
        None
    }
}

/// A pool of so many threads, which wait for so long.
fn pool(max_threads: usize, keep_alive: Duration) -> std::sync::Arc<Pool> {
    let start = |body: Box<dyn FnOnce() + Send>| {
        drop(thread::spawn(body));
        Ok(())
    };
    Pool::new(max_threads, keep_alive, Box::new(start), || ())
}

/// A job that does something.
fn job(work: impl FnOnce() + Send + 'static) -> Runnable {
    let Spawned { runnable, owned_ref, handle } =
        Spawned::new(async move { work() }, Nowhere, Id::next(), Location::caller());
    owned_ref.release_on_complete();
    drop(handle);
    runnable
}

/// A job that counts itself.
fn counts(counter: &Arc<AtomicUsize>) -> Runnable {
    let counter = Arc::clone(counter);
    job(move || {
        counter.fetch_add(1, Relaxed);
    })
}

#[test]
fn loom_regression_10_a_job_meets_a_thread_that_leaves() {
    loom::model(|| {
        let runs = Arc::new(AtomicUsize::new(0));
        // A thread that finds nothing leaves at once, or a moment later.
        let pool = pool(1, Duration::ZERO);
        pool.push(counts(&runs));
        pool.push(counts(&runs));
        assert!(pool.wait_ended(clock::now() + NEVER));
        assert_eq!(runs.load(Acquire), 2, "a job was brought and nobody came to it");
    });
}

#[test]
fn loom_regression_10_two_jobs_meet_one_thread_that_waits() {
    loom::model(|| {
        let pool = pool(2, NEVER);
        pool.push(job(|| ()));
        // The one blocks until the other has run: a thread that is claimed for both runs neither.
        let (sender, receiver) = mpsc::channel();
        let (done, ends) = mpsc::channel();
        pool.push(job(move || {
            receiver.recv().unwrap();
            done.send(()).unwrap();
        }));
        pool.push(job(move || sender.send(()).unwrap()));
        ends.recv().unwrap();
        pool.close();
        assert!(pool.wait_ended(clock::now() + NEVER));
    });
}

#[test]
fn loom_regression_10_the_end_meets_a_job_and_a_thread_that_waits() {
    loom::model(|| {
        let runs = Arc::new(AtomicUsize::new(0));
        let pool = pool(1, NEVER);
        pool.push(counts(&runs));
        let brings = thread::spawn({
            let (pool, job) = (std::sync::Arc::clone(&pool), counts(&runs));
            // It runs, or it is cancelled.
            move || pool.push(job)
        });
        pool.close();
        brings.join().unwrap();
        assert!(pool.wait_ended(clock::now() + NEVER), "a thread stays, or is counted for ever");
        assert!(pool.is_idle(), "a job stays");
        assert!(runs.load(Acquire) > 0, "a job that was in before the end is run");
    });
}

#[test]
fn loom_a_job_without_time_meets_the_thread_that_takes_it() {
    loom::model(|| {
        let runs = Arc::new(AtomicUsize::new(0));
        let pool = pool(1, NEVER);
        pool.push(counts(&runs));
        pool.push(counts(&runs));
        pool.close();
        // What has not begun is cancelled, and the threads end as before.
        pool.cancel_queued();
        assert!(pool.wait_ended(clock::now() + NEVER));
        assert!(pool.is_idle() && runs.load(Acquire) <= 2, "a job stays, or ran twice");
    });
}

#[test]
fn loom_a_mandatory_job_is_run_though_the_pool_is_closed() {
    loom::model(|| {
        let (runs, others) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let pool = pool(1, Duration::ZERO);
        pool.push(counts(&others));
        pool.push_mandatory(counts(&runs));
        pool.close();
        assert!(pool.wait_ended(clock::now() + NEVER));
        assert_eq!(runs.load(Acquire), 1, "the job was in before the end, and was not run");
        assert!(pool.is_idle() && others.load(Acquire) <= 1, "a job stays, or ran twice");
    });
}
