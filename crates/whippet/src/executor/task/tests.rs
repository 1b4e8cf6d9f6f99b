//! The state table, tried exhaustively on one thread: every short sequence of what may happen to a task ends with
//! future and output dropped once and the allocation freed. (Two threads at once: `loom_tests`.)

use super::{AbortHandle, JoinHandle, OwnedRef, RunResult, Runnable, Schedule, Spawned};
use crate::executor::task::Id;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::Pin;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

/// Keeps the runnable of the one task; two at once would be a fault.
#[derive(Default)]
struct Bench {
    runnable: Mutex<Option<Runnable>>,
}

impl Schedule for Arc<Bench> {
    type Destination = Self;

    fn destination(&self) -> Self {
        Self::clone(self)
    }

    fn schedule(bench: Self, task: Runnable) {
        let former = bench.runnable.lock().unwrap().replace(task);
        assert!(former.is_none(), "a task is in one queue at most");
    }

    fn release(&self, _: &OwnedRef) -> Option<OwnedRef> {
        None
    }
}

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// A waker of a joiner, whose count of references shows who keeps it.
struct Joiner;

impl Wake for Joiner {
    fn wake(self: Arc<Self>) {}
}

/// What may happen to a task.
#[derive(Clone, Copy, Debug)]
enum Act {
    Run,
    WakeByRef,
    WakeByValue,
    Allow,
    Abort,
    PollHandle,
    DropHandle,
    DropRunnable,
    Flood,
}

const ACTS: [Act; 9] = [
    Act::Run,
    Act::WakeByRef,
    Act::WakeByValue,
    Act::Allow,
    Act::Abort,
    Act::PollHandle,
    Act::DropHandle,
    Act::DropRunnable,
    Act::Flood,
];

/// A task, and everything that refers to it.
struct Scene {
    bench: Arc<Bench>,
    ready: Arc<AtomicUsize>,
    waker: Arc<Mutex<Option<Waker>>>,
    futures: Arc<AtomicUsize>,
    outputs: Arc<AtomicUsize>,
    handle: Option<JoinHandle<Counted>>,
    abort: AbortHandle,
    joiner: Arc<Joiner>,
}

impl Scene {
    fn new() -> Self {
        let bench = Arc::new(Bench::default());
        let [ready, futures, outputs]: [Arc<AtomicUsize>; 3] = Default::default();
        let waker: Arc<Mutex<Option<Waker>>> = Arc::default();
        let future = {
            let (ready, waker) = (Arc::clone(&ready), Arc::clone(&waker));
            let (held, mut output) =
                (Counted(Arc::clone(&futures)), Some(Counted(Arc::clone(&outputs))));
            poll_fn(move |cx| {
                let _held = &held;
                *waker.lock().unwrap() = Some(cx.waker().clone());
                if ready.load(SeqCst) == 0 {
                    Poll::Pending
                } else {
                    Poll::Ready(output.take().unwrap())
                }
            })
        };
        let Spawned { runnable, owned_ref, handle } =
            Spawned::new(future, Arc::clone(&bench), Id::next(), Location::caller());
        owned_ref.release_on_complete();
        *bench.runnable.lock().unwrap() = Some(runnable);
        let (abort, handle) = (handle.abort_handle(), Some(handle));
        Self { bench, ready, waker, futures, outputs, handle, abort, joiner: Arc::new(Joiner) }
    }

    fn take_runnable(&self) -> Option<Runnable> {
        self.bench.runnable.lock().unwrap().take()
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Run => {
                if let Some(RunResult::Woken(task)) = self.take_runnable().map(Runnable::run) {
                    Arc::<Bench>::schedule(Arc::clone(&self.bench), task);
                }
            }
            Act::WakeByRef => {
                let waker = self.waker.lock().unwrap().clone();
                waker.iter().for_each(Waker::wake_by_ref);
            }
            Act::WakeByValue => {
                let waker = self.waker.lock().unwrap().take();
                waker.into_iter().for_each(Waker::wake);
            }
            Act::Allow => self.ready.store(1, SeqCst),
            Act::Abort => self.abort.abort(),
            Act::PollHandle => self.poll_handle(),
            Act::DropHandle => drop(self.handle.take()),
            Act::DropRunnable => drop(self.take_runnable()),
            Act::Flood => {
                self.act(Act::WakeByRef);
                if self.bench.runnable.lock().unwrap().is_some() || self.abort.is_finished() {
                    self.abort.state().flood();
                }
            }
        }
        assert!(self.abort.state().is_within_limits(), "{act:?}: the count of wake-ups has no end");
    }

    fn poll_handle(&mut self) {
        let joiner = Waker::from(Arc::clone(&self.joiner));
        let Some(handle) = &mut self.handle else { return };
        let polled = Pin::new(handle).poll(&mut Context::from_waker(&joiner));
        assert_eq!(polled.is_ready(), self.abort.is_finished());
        if polled.is_ready() {
            self.handle = None;
        }
    }

    /// Ends everything, and counts.
    fn end(mut self, acts: &[Act]) {
        drop(self.take_runnable());
        self.abort.abort();
        drop(self.take_runnable());
        assert!(self.abort.is_finished(), "{acts:?}: aborted, and nobody has its runnable");
        let waker = self.waker.lock().unwrap().take();
        waker.into_iter().for_each(Waker::wake);
        assert!(self.take_runnable().is_none(), "{acts:?}: a complete task was queued");
        drop(self.handle.take());
        let bench = Arc::downgrade(&self.bench);
        let (futures, outputs, joiner) = (self.futures, self.outputs, self.joiner);
        drop((self.bench, self.abort));
        assert_eq!(futures.load(SeqCst), 1, "{acts:?}: drops of the future");
        assert_eq!(outputs.load(SeqCst), 1, "{acts:?}: drops of the output");
        assert_eq!(Arc::strong_count(&joiner), 1, "{acts:?}: the join waker was kept");
        assert!(bench.upgrade().is_none(), "{acts:?}: the task keeps its scheduler");
    }
}

#[test]
fn regression_13_every_sequence_of_five_drops_future_and_output_once() {
    let length = 5;
    for number in 0..ACTS.len().pow(length) {
        let acts: Vec<Act> =
            (0..length).map(|place| ACTS[number / ACTS.len().pow(place) % ACTS.len()]).collect();
        let mut scene = Scene::new();
        for &act in &acts {
            scene.act(act);
        }
        scene.end(&acts);
    }
}

#[test]
fn a_task_is_small() {
    // A future of a hundred bytes that waits: the allocation, of which the rest is the task's own.
    let future = poll_fn({
        let bytes = [0_u8; 100];
        move |_| if bytes[0] == 0 { Poll::<()>::Pending } else { Poll::Ready(()) }
    });
    let own = super::cell::size_of_cell::<_, Arc<Bench>>(&future) - size_of_val(&future);
    assert!(own <= 96, "{own} bytes beside the future");
}
