//! Models of the queues and of the handshake between pushers and sleepers.

use super::idle::Idle;
use super::queue::{CAPACITY, LifoSlot, Local};
use super::task::{Id, OwnedRef, RunResult, Runnable, Schedule, Spawned};
use crate::loom::Arc;
use crate::loom::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::loom::atomic::{AtomicBool, AtomicUsize};
use loom::sync::Notify;
use loom::thread;
use std::panic::Location;

/// A task that nobody wakes.
struct Nowhere;

impl Schedule for Nowhere {
    type Destination = ();

    fn destination(&self) {}

    fn schedule(_: (), _: Runnable) {
        unreachable!("nobody wakes these tasks")
    }

    fn release(&self, _: &OwnedRef) -> Option<OwnedRef> {
        None
    }
}

/// A task that adds `amount` to a counter.
fn adds(counter: &Arc<AtomicUsize>, amount: usize) -> Runnable {
    let counter = Arc::clone(counter);
    let task = async move {
        counter.fetch_add(amount, Relaxed);
    };
    let Spawned { runnable, owned_ref, handle } =
        Spawned::new(task, Nowhere, Id::next(), Location::caller());
    owned_ref.release_on_complete();
    drop(handle);
    runnable
}

fn run(task: Runnable) {
    assert!(matches!(task.run(), RunResult::Complete));
}

/// Pushes to a ring that has room.
fn push(local: &Local, task: Runnable) {
    local.push(task, |_| panic!("the ring has room"));
}

/// The bits of the first `count` tasks, each of which adds its own bit: a task run twice or lost shows.
fn all(count: usize) -> usize {
    (1 << count) - 1
}

#[test]
fn loom_ring_push_pop_steal() {
    loom::model(|| {
        let sum = Arc::new(AtomicUsize::new(0));
        let (local, ring) = Local::new();
        let thief = thread::spawn(move || ring.steal().into_iter().flatten().for_each(run));
        for bit in 0..2 {
            push(&local, adds(&sum, 1 << bit));
        }
        local.pop().into_iter().for_each(run);
        push(&local, adds(&sum, 1 << 2));
        while let Some(task) = local.pop() {
            run(task);
        }
        thief.join().unwrap();
        assert_eq!(sum.load(Acquire), all(3));
    });
}

#[test]
fn loom_ring_two_thieves() {
    loom::model(|| {
        let sum = Arc::new(AtomicUsize::new(0));
        let (local, ring) = Local::new();
        let thieves = [(); 2].map(|()| {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.steal().into_iter().flatten().for_each(run))
        });
        for bit in 0..3 {
            push(&local, adds(&sum, 1 << bit));
        }
        local.pop().into_iter().for_each(run);
        for thief in thieves {
            thief.join().unwrap();
        }
        while let Some(task) = local.pop() {
            run(task);
        }
        assert_eq!(sum.load(Acquire), all(3));
    });
}

#[test]
fn loom_ring_overflow_meets_a_thief() {
    loom::model(|| {
        let sum = Arc::new(AtomicUsize::new(0));
        let (local, ring) = Local::new();
        let count = CAPACITY as usize + 1;
        for bit in 0..CAPACITY {
            push(&local, adds(&sum, 1 << bit));
        }
        let thief = thread::spawn(move || ring.steal().into_iter().flatten().for_each(run));
        local.push(adds(&sum, 1 << CAPACITY), |overflow| overflow.for_each(run));
        while let Some(task) = local.pop() {
            run(task);
        }
        thief.join().unwrap();
        assert_eq!(sum.load(Acquire), all(count));
    });
}

#[test]
fn loom_lifo_slot_owner_meets_a_thief() {
    loom::model(|| {
        let sum = Arc::new(AtomicUsize::new(0));
        let slot = Arc::new(LifoSlot::default());
        let thief = thread::spawn({
            let slot = Arc::clone(&slot);
            move || slot.take().into_iter().for_each(run)
        });
        slot.put(adds(&sum, 1)).into_iter().for_each(run);
        slot.put(adds(&sum, 2)).into_iter().for_each(run);
        slot.take().into_iter().for_each(run);
        thief.join().unwrap();
        assert_eq!(sum.load(Acquire), all(2));
    });
}

/// A reactor that knows notifications alone. loom's `Notify` may end a wait without one, as a socket would.
struct Reactor {
    latched: AtomicBool,
    edge: Notify,
}

impl Reactor {
    fn new() -> Self {
        Self { latched: AtomicBool::new(false), edge: Notify::new() }
    }

    fn notify(&self) {
        self.latched.store(true, Release);
        self.edge.notify();
    }

    /// Waits; says whether it was notified.
    fn turn(&self) -> bool {
        self.edge.wait();
        self.latched.swap(false, AcqRel)
    }
}

/// A worker that looks for one task in another's ring, sleeping as `Worker::park` does.
fn sleep_and_steal(idle: &Idle, reactor: &Reactor, ring: &super::queue::Ring) -> Runnable {
    let mut searching = false;
    loop {
        if let Some(mut batch) = ring.steal() {
            if searching {
                let _ = idle.end_search();
            }
            return batch.next().unwrap();
        }
        idle.begin_sleep(searching);
        if !ring.is_empty() {
            idle.sleep_to_search();
            searching = true;
            continue;
        }
        searching = reactor.turn();
        idle.end_sleep();
    }
}

#[test]
fn loom_park_and_push_lose_no_task() {
    loom::model(|| {
        let sum = Arc::new(AtomicUsize::new(0));
        let shared = Arc::new((Idle::new(2), Reactor::new()));
        let (local, ring) = Local::new();
        let sleeper = thread::spawn({
            let shared = Arc::clone(&shared);
            move || run(sleep_and_steal(&shared.0, &shared.1, &ring))
        });
        // The pusher never comes back to its ring: a long poll.
        push(&local, adds(&sum, 1));
        if shared.0.claim_search() {
            shared.1.notify();
        }
        sleeper.join().unwrap();
        assert_eq!(sum.load(Acquire), 1);
    });
}

#[test]
fn loom_the_last_searcher_passes_on_what_was_left_to_it() {
    loom::model(|| {
        let sum = Arc::new(AtomicUsize::new(0));
        let shared = Arc::new((Idle::new(4), Reactor::new()));
        let (local, ring) = Local::new();
        let sleeper = thread::spawn({
            let (shared, ring) = (Arc::clone(&shared), Arc::clone(&ring));
            move || run(sleep_and_steal(&shared.0, &shared.1, &ring))
        });
        // A searcher that found work elsewhere, and ends its search while the pusher leaves a task to it.
        assert!(shared.0.try_begin_search());
        let searcher = thread::spawn({
            let (shared, ring) = (Arc::clone(&shared), Arc::clone(&ring));
            move || {
                if shared.0.end_search() && !ring.is_empty() && shared.0.claim_search_unfenced() {
                    shared.1.notify();
                }
            }
        });
        push(&local, adds(&sum, 1));
        if shared.0.claim_search() {
            shared.1.notify();
        }
        searcher.join().unwrap();
        sleeper.join().unwrap();
        assert_eq!(sum.load(Acquire), 1);
    });
}
