//! How a test is run, and what all of them count.

use shuttle::scheduler::{
    PctScheduler, RandomScheduler, Scheduler, UncontrolledNondeterminismCheckScheduler,
};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;
use whippet::runtime::{Builder, Runtime, RuntimeMetrics};

/// Runs of a test with each scheduler, unless `WHIPPET_RUNS` says otherwise.
const RUNS: usize = 100;
/// Threads that are preempted by the second scheduler in one run, at most.
const PREEMPTIONS: usize = 3;
/// Steps of one run: many times what any test takes.
const STEPS: usize = 200_000;
/// Bytes of a thread's stack: shuttle gives 32 KiB, too few for a poll without optimization.
const STACK: usize = 256 << 10;
/// Longer than any time that passes in a test: no waiter is left behind.
const LONG: Duration = Duration::from_secs(1_000_000);

/// A number that the environment may set.
fn setting(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Runs a test under schedules of both kinds: any thread at each step; and threads by priorities, of which a few change in
/// the middle. The seed (`WHIPPET_SEED`) decides all of them.
pub(crate) fn check(test: fn()) {
    let (runs, seed) = (setting("WHIPPET_RUNS", RUNS), setting("WHIPPET_SEED", 0) as u64);
    run("any thread at each step", RandomScheduler::new_from_seed(seed, runs), test);
    run("by priorities", PctScheduler::new_from_seed(seed, PREEMPTIONS, runs), test);
}

/// Runs a test twice under each schedule, and looks whether all that happens is the same: what a seed finds, it finds again.
pub(crate) fn check_seed(test: fn()) {
    let (runs, seed) = (setting("WHIPPET_RUNS", RUNS), setting("WHIPPET_SEED", 0) as u64);
    let scheduler = RandomScheduler::new_from_seed(seed, runs);
    run("the same again", UncontrolledNondeterminismCheckScheduler::new(scheduler), test);
}

fn run(kind: &'static str, scheduler: impl Scheduler + 'static, test: fn()) {
    let mut config = Config::new();
    config.stack_size = STACK;
    config.max_steps = MaxSteps::FailAfter(STEPS);
    // The seed is shorter than the schedule.
    config.failure_persistence = FailurePersistence::None;
    // Orders of memory are loom's part.
    config.silence_warnings = true;
    let _failed = Failed(kind);
    Runner::new(scheduler, config).run(test);
}

/// Says with which scheduler a test failed.
struct Failed(&'static str);

impl Drop for Failed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("schedules: {}", self.0);
        }
    }
}

/// A runtime with so many workers, which look at everything often.
pub(crate) fn workers(count: usize) -> Ends {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(count).max_blocking_threads(3);
    Ends::of(builder.event_interval(3).global_queue_interval(2).build())
}

/// A runtime that is driven by the thread that waits.
pub(crate) fn current_thread() -> Ends {
    Ends::of(Builder::new_current_thread().max_blocking_threads(3).event_interval(3).build())
}

/// A runtime that waits for all its threads when dropped, and looks whether something is left.
pub(crate) struct Ends(Option<Runtime>);

impl Ends {
    pub(crate) fn of(built: std::io::Result<Runtime>) -> Self {
        Self(Some(built.expect("a runtime")))
    }

    /// Ends the runtime while others bring tasks to it: what is left is to be looked at when they are through.
    pub(crate) fn end(mut self) -> RuntimeMetrics {
        let runtime = self.0.take().expect("it is there until it is dropped");
        let metrics = runtime.metrics();
        runtime.shutdown_timeout(LONG);
        metrics
    }
}

/// Looks whether an ended runtime has left something behind.
pub(crate) fn assert_empty(metrics: &RuntimeMetrics) {
    assert_eq!(metrics.num_alive_tasks(), 0, "tasks are left");
    assert_eq!(metrics.global_queue_depth(), 0, "entries of the injector are left");
    assert_eq!(metrics.num_blocking_threads(), 0, "threads are left");
}

impl std::ops::Deref for Ends {
    type Target = Runtime;

    fn deref(&self) -> &Runtime {
        self.0.as_ref().expect("it is there until it is dropped")
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            let metrics = Self(Some(runtime)).end();
            if !std::thread::panicking() {
                assert_empty(&metrics);
            }
        }
    }
}

/// Counts what lives.
#[derive(Clone, Default)]
pub(crate) struct Lives(Arc<AtomicUsize>);

impl Lives {
    /// Something that lives until it is dropped.
    pub(crate) fn one(&self) -> Life {
        self.0.fetch_add(1, SeqCst);
        Life(Arc::clone(&self.0))
    }

    /// How many live.
    pub(crate) fn count(&self) -> usize {
        self.0.load(SeqCst)
    }
}

/// One that lives.
pub(crate) struct Life(Arc<AtomicUsize>);

impl Drop for Life {
    fn drop(&mut self) {
        assert_ne!(self.0.fetch_sub(1, SeqCst), 0, "dropped twice");
    }
}
