//! Futures and calls that are large, beside the stack of the thread that hands them over. In a debug build each function that
//! such a value goes through has it on its stack once more. Who overflows its stack ends the process: so each is tried in one of
//! its own.

use std::env;
use std::future::Future;
use std::process::{Command, ExitStatus, Stdio};
use whippet::runtime::{Builder, Handle, LocalOptions, LocalRuntime, Runtime};
use whippet::task::{JoinSet, LocalSet, TaskTracker, scope, yield_now};

const KIB: usize = 1024;
/// A large future, and the stack on which it is spawned: that of a worker.
const SPAWNED: usize = 256 * KIB;
const WORKER: usize = 2 * KIB * KIB;
/// A larger one, and the stack on which it is waited for: as a rule that of `main`.
const AWAITED: usize = KIB * KIB;
const MAIN: usize = 8 * KIB * KIB;
/// Names the trial, in the process in which it is made.
const TRIAL: &str = "WHIPPET_LARGE_FUTURE";
/// Seconds: longer than any trial.
const PATIENCE: &str = "100";

/// A future of `N` bytes and some more.
async fn large<const N: usize>() -> usize {
    let bytes = [1_u8; N];
    yield_now().await;
    bytes.iter().map(|byte| usize::from(*byte)).sum()
}

/// A call of `N` bytes.
fn call<const N: usize>() -> impl FnOnce() -> usize + Send + 'static {
    let bytes = [1_u8; N];
    move || bytes.iter().map(|byte| usize::from(*byte)).sum()
}

fn current() -> Runtime {
    Builder::new_current_thread().build().expect("a runtime")
}

fn threads() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).thread_stack_size(WORKER).build().expect("a runtime")
}

fn local() -> LocalRuntime {
    Builder::new_current_thread().build_local(LocalOptions::default()).expect("a runtime")
}

/// Runs a future that spawns on a worker, and gives what that gives.
fn on_a_worker<F: Future<Output = usize> + Send + 'static>(make: fn() -> F) -> usize {
    let runtime = threads();
    // Boxed here, so that the trial is what it awaits.
    let task = runtime.spawn(async move { Box::pin(make()).await });
    runtime.block_on(task).expect("it ends well")
}

/// What gives `usize`: how many bytes it had.
type Trial = (&'static str, usize, usize, fn() -> usize);

/// All functions that take a future or a call by value.
const TRIALS: &[Trial] = &[
    ("whippet::spawn", SPAWNED, WORKER, || {
        on_a_worker(|| async { whippet::spawn(large::<SPAWNED>()).await.expect("it ends well") })
    }),
    ("task::spawn_blocking", SPAWNED, WORKER, || {
        on_a_worker(|| async {
            whippet::task::spawn_blocking(call::<SPAWNED>()).await.expect("it ends well")
        })
    }),
    ("task::spawn_local", SPAWNED, WORKER, || {
        let task =
            async { whippet::task::spawn_local(large::<SPAWNED>()).await.expect("it ends well") };
        LocalSet::new().block_on(&current(), Box::pin(task))
    }),
    ("Handle::spawn", SPAWNED, WORKER, || {
        on_a_worker(|| async {
            Handle::current().spawn(large::<SPAWNED>()).await.expect("it ends well")
        })
    }),
    ("Handle::spawn_blocking", SPAWNED, WORKER, || {
        on_a_worker(|| async {
            Handle::current().spawn_blocking(call::<SPAWNED>()).await.expect("it ends well")
        })
    }),
    ("Handle::block_on", AWAITED, MAIN, || threads().handle().block_on(large::<AWAITED>())),
    ("Runtime::spawn", SPAWNED, WORKER, || {
        let runtime = threads();
        runtime.block_on(runtime.spawn(large::<SPAWNED>())).expect("it ends well")
    }),
    ("Runtime::spawn_blocking", SPAWNED, WORKER, || {
        let runtime = threads();
        runtime.block_on(runtime.spawn_blocking(call::<SPAWNED>())).expect("it ends well")
    }),
    ("Runtime::block_on, of a worker's runtime", AWAITED, MAIN, || {
        threads().block_on(large::<AWAITED>())
    }),
    ("Runtime::block_on, of this thread's", AWAITED, MAIN, || {
        current().block_on(large::<AWAITED>())
    }),
    ("LocalRuntime::spawn_local", SPAWNED, WORKER, || {
        let runtime = local();
        runtime.block_on(runtime.spawn_local(large::<SPAWNED>())).expect("it ends well")
    }),
    ("LocalRuntime::spawn_blocking", SPAWNED, WORKER, || {
        let runtime = local();
        runtime.block_on(runtime.spawn_blocking(call::<SPAWNED>())).expect("it ends well")
    }),
    ("LocalRuntime::block_on", AWAITED, MAIN, || local().block_on(large::<AWAITED>())),
    ("LocalSet::spawn_local", SPAWNED, WORKER, || {
        let set = LocalSet::new();
        set.block_on(&current(), set.spawn_local(large::<SPAWNED>())).expect("it ends well")
    }),
    ("LocalSet::run_until", SPAWNED, WORKER, || {
        let set = LocalSet::new();
        current().block_on(set.run_until(large::<SPAWNED>()))
    }),
    ("LocalSet::run_until, from main", AWAITED, MAIN, || {
        let set = LocalSet::new();
        current().block_on(set.run_until(large::<AWAITED>()))
    }),
    ("LocalSet::block_on", AWAITED, MAIN, || {
        LocalSet::new().block_on(&current(), large::<AWAITED>())
    }),
    ("JoinSet::spawn", SPAWNED, WORKER, || {
        on_a_worker(|| async {
            let mut set = JoinSet::new();
            set.spawn(large::<SPAWNED>());
            set.join_next().await.expect("it ends well").expect("it ends well")
        })
    }),
    ("JoinSet::spawn_on", SPAWNED, WORKER, || {
        let (runtime, mut set) = (threads(), JoinSet::new());
        set.spawn_on(large::<SPAWNED>(), runtime.handle());
        runtime.block_on(set.join_next()).expect("it ends well").expect("it ends well")
    }),
    ("JoinSet::spawn_blocking", SPAWNED, WORKER, || {
        on_a_worker(|| async {
            let mut set = JoinSet::new();
            set.spawn_blocking(call::<SPAWNED>());
            set.join_next().await.expect("it ends well").expect("it ends well")
        })
    }),
    ("JoinSet::spawn_blocking_on", SPAWNED, WORKER, || {
        let (runtime, mut set) = (threads(), JoinSet::new());
        set.spawn_blocking_on(call::<SPAWNED>(), runtime.handle());
        runtime.block_on(set.join_next()).expect("it ends well").expect("it ends well")
    }),
    ("JoinSet::spawn_local", SPAWNED, WORKER, || {
        local().block_on(async {
            let mut set = JoinSet::new();
            set.spawn_local(large::<SPAWNED>());
            set.join_next().await.expect("it ends well").expect("it ends well")
        })
    }),
    ("JoinSet::spawn_local_on", SPAWNED, WORKER, || {
        let (local_set, mut set) = (LocalSet::new(), JoinSet::new());
        set.spawn_local_on(large::<SPAWNED>(), &local_set);
        local_set
            .block_on(&current(), set.join_next())
            .expect("it ends well")
            .expect("it ends well")
    }),
    ("TaskTracker::spawn", SPAWNED, WORKER, || {
        on_a_worker(|| async {
            TaskTracker::new().spawn(large::<SPAWNED>()).await.expect("it ends well")
        })
    }),
    ("TaskTracker::spawn_on", SPAWNED, WORKER, || {
        let runtime = threads();
        runtime
            .block_on(TaskTracker::new().spawn_on(large::<SPAWNED>(), runtime.handle()))
            .expect("it ends well")
    }),
    ("TaskTracker::spawn_blocking", SPAWNED, WORKER, || {
        on_a_worker(|| async {
            TaskTracker::new().spawn_blocking(call::<SPAWNED>()).await.expect("it ends well")
        })
    }),
    ("TaskTracker::spawn_blocking_on", SPAWNED, WORKER, || {
        let runtime = threads();
        let tracker = TaskTracker::new();
        runtime
            .block_on(tracker.spawn_blocking_on(call::<SPAWNED>(), runtime.handle()))
            .expect("it ends well")
    }),
    ("TaskTracker::spawn_local", SPAWNED, WORKER, || {
        local().block_on(async {
            TaskTracker::new().spawn_local(large::<SPAWNED>()).await.expect("it ends well")
        })
    }),
    ("TaskTracker::spawn_local_on", SPAWNED, WORKER, || {
        let set = LocalSet::new();
        let task = TaskTracker::new().spawn_local_on(large::<SPAWNED>(), &set);
        set.block_on(&current(), task).expect("it ends well")
    }),
    ("task::scope", SPAWNED, WORKER, || {
        on_a_worker(|| async { scope(|_| large::<SPAWNED>()).await.expect("it ends well") })
    }),
    ("task::scope, from main", AWAITED, MAIN, || {
        current().block_on(scope(|_| large::<AWAITED>())).expect("it ends well")
    }),
    ("Scope::spawn", SPAWNED, WORKER, || {
        on_a_worker(|| async {
            scope(|s| async move { s.spawn(large::<SPAWNED>()).await.expect("it ends well") })
                .await
                .expect("it ends well")
        })
    }),
];

#[test]
fn a_large_future_fits_the_stack_of_its_spawner() {
    let failed: Vec<String> = TRIALS
        .iter()
        .map(|trial| (trial.0, process(trial.0)))
        .filter(|(_, end)| !end.success())
        .map(|(name, end)| format!("{name}: {end}"))
        .collect();
    assert!(failed.is_empty(), "{} of {}: {failed:#?}", failed.len(), TRIALS.len());
}

/// Makes a trial in a process of its own.
fn process(name: &str) -> ExitStatus {
    let mut command = Command::new("timeout");
    command.arg(PATIENCE).arg(env::current_exe().expect("this program"));
    command.args(["--exact", "one_trial", "--test-threads=1"]).env(TRIAL, name);
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("a process")
}

#[test]
fn one_trial() {
    let Ok(name) = env::var(TRIAL) else { return };
    let (_, bytes, stack, trial) =
        TRIALS.iter().find(|trial| trial.0 == name).expect("it ends well");
    // A thread for blocking calls is none that takes turns of tasks, and has a stack of a known size.
    let mut builder = Builder::new_current_thread();
    let runtime = builder.thread_stack_size(*stack).build().expect("it ends well");
    assert_eq!(runtime.block_on(runtime.spawn_blocking(*trial)).expect("it ends well"), *bytes);
}
