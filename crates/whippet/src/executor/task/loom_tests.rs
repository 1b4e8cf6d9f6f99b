//! Models of a task's life: who wins when wakers, runner, join handle and abort meet.

use super::{OwnedRef, RunResult, Runnable, Schedule, Spawned};
use crate::executor::task::{Id, JoinHandle};
use crate::loom::atomic::AtomicUsize;
use crate::loom::atomic::Ordering::{AcqRel, Acquire, Release};
use crate::loom::{Arc, Mutex};
use loom::thread;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Keeps what was scheduled, and the lives of its tasks.
#[derive(Default)]
struct Bench {
    queue: Mutex<Vec<Runnable>>,
    lives: Mutex<Vec<OwnedRef>>,
}

impl Schedule for Arc<Bench> {
    type Destination = Self;

    fn destination(&self) -> Self {
        Self::clone(self)
    }

    fn schedule(bench: Self, task: Runnable) {
        bench.queue.lock().push(task);
    }

    fn release(&self, task: &OwnedRef) -> Option<OwnedRef> {
        let mut lives = self.lives.lock();
        let place = lives.iter().position(|live| live.key() == task.key())?;
        Some(lives.swap_remove(place))
    }
}

impl Bench {
    /// Runs whatever is queued, until nothing is.
    fn run(&self) {
        loop {
            let next = self.queue.lock().pop();
            let Some(task) = next else { return };
            if let RunResult::Woken(task) = task.run() {
                self.queue.lock().push(task);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.lives.lock().is_empty()
    }
}

fn spawn<F>(bench: &Arc<Bench>, future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let Spawned { runnable, owned_ref, handle } =
        Spawned::new(future, Arc::clone(bench), Id::next(), Location::caller());
    bench.lives.lock().push(owned_ref);
    bench.queue.lock().push(runnable);
    handle
}

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, AcqRel);
    }
}

/// A future that is ready with a counted value once `flag` is set; it leaves its waker in `slot`.
fn waits(
    flag: Arc<AtomicUsize>,
    slot: Arc<Mutex<Option<Waker>>>,
    drops: Arc<AtomicUsize>,
) -> impl Future<Output = Counted> {
    let mut value = Some(Counted(drops));
    poll_fn(move |cx| {
        *slot.lock() = Some(cx.waker().clone());
        if flag.load(Acquire) == 0 {
            return Poll::Pending;
        }
        Poll::Ready(value.take().unwrap())
    })
}

fn poll<T>(handle: &mut JoinHandle<T>) -> Poll<Result<T, super::JoinError>> {
    Pin::new(handle).poll(&mut Context::from_waker(Waker::noop()))
}

/// What a model starts with.
struct Scene {
    bench: Arc<Bench>,
    flag: Arc<AtomicUsize>,
    slot: Arc<Mutex<Option<Waker>>>,
    drops: Arc<AtomicUsize>,
    handle: JoinHandle<Counted>,
}

/// A task that waits for a flag.
fn scene() -> Scene {
    let bench = Arc::new(Bench::default());
    let flag = Arc::new(AtomicUsize::new(0));
    let slot = Arc::new(Mutex::new(None));
    let drops = Arc::new(AtomicUsize::new(0));
    let handle = spawn(&bench, waits(Arc::clone(&flag), Arc::clone(&slot), Arc::clone(&drops)));
    Scene { bench, flag, slot, drops, handle }
}

#[test]
fn loom_wake_and_poll_lose_no_wake_up() {
    loom::model(|| {
        let Scene { bench, flag, slot, drops, mut handle } = scene();
        let waker = thread::spawn({
            let (bench, slot) = (Arc::clone(&bench), Arc::clone(&slot));
            move || {
                flag.store(1, Release);
                let waker = slot.lock().take();
                if let Some(waker) = waker {
                    waker.wake();
                }
                bench.run();
            }
        });
        bench.run();
        waker.join().unwrap();
        bench.run();
        let Poll::Ready(Ok(value)) = poll(&mut handle) else { panic!("the wake-up was lost") };
        drop(value);
        drop((handle, slot.lock().take()));
        assert_eq!(drops.load(Acquire), 1);
        assert!(bench.is_empty());
    });
}

#[test]
fn loom_two_wakers_queue_a_task_once() {
    loom::model(|| {
        let Scene { bench, flag, slot, drops, handle } = scene();
        bench.run();
        flag.store(1, Release);
        let waker = slot.lock().take().unwrap();
        let other = thread::spawn({
            let waker = waker.clone();
            move || waker.wake()
        });
        waker.wake_by_ref();
        bench.run();
        drop(waker);
        other.join().unwrap();
        bench.run();
        assert!(handle.is_finished());
        drop((handle, slot.lock().take()));
        assert_eq!(drops.load(Acquire), 1);
    });
}

#[test]
fn loom_complete_and_drop_of_the_handle_drop_the_output_once() {
    loom::model(|| {
        let Scene { bench, flag, slot, drops, mut handle } = scene();
        flag.store(1, Release);
        assert!(poll(&mut handle).is_pending());
        let dropper = thread::spawn(move || drop(handle));
        bench.run();
        dropper.join().unwrap();
        drop(slot.lock().take());
        assert_eq!(drops.load(Acquire), 1);
        assert!(bench.is_empty());
    });
}

#[test]
fn loom_complete_and_join_lose_no_wake_up() {
    loom::model(|| {
        let Scene { bench, flag, slot, drops, mut handle } = scene();
        flag.store(1, Release);
        let joiner =
            thread::spawn(move || loom::future::block_on(async move { (&mut handle).await }));
        bench.run();
        assert!(joiner.join().unwrap().is_ok());
        drop(slot.lock().take());
        assert_eq!(drops.load(Acquire), 1);
    });
}

#[test]
fn loom_abort_meets_wake_and_poll() {
    loom::model(|| {
        let Scene { bench, flag, slot, drops, mut handle } = scene();
        let aborter = thread::spawn({
            let abort = handle.abort_handle();
            move || abort.abort()
        });
        let waker = thread::spawn({
            let slot = Arc::clone(&slot);
            move || {
                flag.store(1, Release);
                let waker = slot.lock().take();
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
        });
        bench.run();
        aborter.join().unwrap();
        waker.join().unwrap();
        bench.run();
        assert!(handle.is_finished());
        if let Poll::Ready(Err(error)) = poll(&mut handle) {
            assert!(error.is_cancelled());
        }
        drop((handle, slot.lock().take()));
        assert_eq!(drops.load(Acquire), 1);
        assert!(bench.is_empty());
    });
}

#[test]
fn loom_the_end_of_a_runtime_meets_a_wake() {
    loom::model(|| {
        let Scene { bench, flag, slot, drops, handle } = scene();
        bench.run();
        flag.store(1, Release);
        let waker = slot.lock().take().unwrap();
        let wake = thread::spawn({
            let bench = Arc::clone(&bench);
            move || {
                waker.wake();
                // What was scheduled after the end is cancelled by the thread that scheduled it.
                let queued = std::mem::take(&mut *bench.queue.lock());
                drop(queued);
            }
        });
        let idle = bench.lives.lock().iter().find_map(OwnedRef::cancel);
        drop(idle);
        wake.join().unwrap();
        let queued = std::mem::take(&mut *bench.queue.lock());
        drop(queued);
        assert!(handle.is_finished());
        drop((handle, slot.lock().take()));
        assert_eq!(drops.load(Acquire), 1);
        assert!(bench.is_empty());
    });
}
