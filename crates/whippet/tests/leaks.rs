//! Runtimes that start and stop with tasks in every state, and leave nothing behind: no task, timer, descriptor, thread or
//! allocation.
//!
//! One test, as it counts for the whole process. `cargo xtask leaks` runs it ten thousand times and more.

use std::alloc::System;
use std::future::{pending, poll_fn};
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, mpsc as std_mpsc};
use std::task::{Poll, Waker};
use std::time::Duration;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use whippet::net::UnixStream;
use whippet::runtime::{Builder, LocalOptions, Runtime, RuntimeMetrics};
use whippet::sync::{CancellationToken, Notify, Semaphore, broadcast, mpsc, oneshot, watch};
use whippet::task::{JoinHandle, JoinSet, LocalSet, spawn, spawn_blocking, spawn_local, yield_now};
use whippet::time::{Instant, interval, sleep, timeout};

/// The allocator that counts.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Runtimes, unless the environment says otherwise.
const ROUNDS: usize = 300;
/// Names how many.
const ROUNDS_VARIABLE: &str = "WHIPPET_LEAK_ROUNDS";
/// Runtimes before the base is taken: what is made once for the process is there then.
const WARM_UP: usize = 40;
/// How long threads that have ended may take to be gone.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longer than a runtime of this test lives.
const LONG: Duration = Duration::from_secs(3_600);

/// What is alive in the process.
#[derive(Debug, PartialEq, Eq)]
struct Alive {
    threads: usize,
    descriptors: usize,
    allocations: isize,
}

fn entries(folder: &str) -> usize {
    std::fs::read_dir(folder).expect("a Linux").count()
}

/// Lets threads that nobody can wait for go.
#[expect(clippy::disallowed_methods, reason = "threads for blocking calls are not joined")]
fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}

impl Alive {
    fn now() -> Self {
        let threads = entries("/proc/self/task");
        let descriptors = entries("/proc/self/fd");
        let stats = ALLOCATOR.stats();
        let allocations = stats.allocations as isize - stats.deallocations as isize;
        Self { threads, descriptors, allocations }
    }

    fn after_a_pause() -> Self {
        pause();
        Self::now()
    }

    /// Looks until it is as before, or for as long as threads may take.
    fn settle(before: &Self) -> Self {
        let began = Instant::now();
        loop {
            let now = Self::after_a_pause();
            if now == *before || began.elapsed() > PATIENCE {
                return now;
            }
        }
    }
}

/// What outlives the runtime of a round.
#[derive(Default)]
struct Outside {
    handles: Vec<JoinHandle<u32>>,
    wakers: Arc<Mutex<Vec<Waker>>>,
    blocked: Vec<std_mpsc::Sender<()>>,
}

/// Spawns a task in each state that there is.
async fn populate(outside: &mut Outside) {
    // Complete: joined, with an output that nobody takes, panicked, aborted.
    assert_eq!(spawn(async { 1 }).await.ok(), Some(1));
    outside.handles.push(spawn(async { 2 }));
    drop(spawn(async { resume_unwind(Box::new("on purpose")) as () }));
    let aborted = spawn(pending::<()>());
    aborted.abort();
    assert!(aborted.await.is_err_and(|error| error.is_cancelled()));
    // Idle: for ever, with a waker outside, for a timer, a socket, another task.
    outside.handles.push(spawn(pending()));
    let wakers = Arc::clone(&outside.wakers);
    drop(spawn(poll_fn(move |cx| {
        wakers.lock().expect("nobody panics").push(cx.waker().clone());
        Poll::<()>::Pending
    })));
    drop(spawn(sleep(LONG)));
    drop(spawn(timeout(LONG, pending::<()>())));
    drop(spawn(async {
        let mut ticks = interval(Duration::from_millis(1));
        loop {
            ticks.tick().await;
        }
    }));
    let (near, far) = UnixStream::pair().expect("two sockets");
    drop(spawn(async move { near.readable().await }));
    drop(spawn(async move {
        while far.writable().await.is_ok() {
            yield_now().await;
        }
    }));
    let other = spawn(pending::<()>());
    drop(spawn(async move { drop(other.await) }));
    // Never idle.
    drop(spawn(async {
        loop {
            yield_now().await;
        }
    }));
    channels();
    // Blocking: under way until the end, and queued behind that.
    let (release, blocks) = std_mpsc::channel();
    outside.blocked.push(release);
    drop(spawn_blocking(move || blocks.recv().is_err()));
    drop(spawn_blocking(|| ()));
    drop(spawn(async { drop(spawn_blocking(|| ()).await) }));
    // Queued, some in the ring and the rest in the queue of all.
    for number in 0..300 {
        drop(spawn(async move { number }));
    }
}

/// Tasks that wait for channels, locks and each other.
fn channels() {
    let (sender, mut receiver) = mpsc::channel::<String>(1);
    drop(spawn(async move { while sender.send("full".to_owned()).await.is_ok() {} }));
    drop(spawn(async move {
        receiver.recv().await;
        pending::<()>().await;
    }));
    let (sender, receiver) = oneshot::channel::<String>();
    drop(spawn(receiver));
    drop(spawn(async move {
        let _sender = sender;
        pending::<()>().await;
    }));
    let (sender, mut receiver) = watch::channel(String::new());
    drop(spawn(async move {
        let _sender = sender;
        pending::<()>().await;
    }));
    drop(spawn(async move { receiver.changed().await }));
    let (sender, mut receiver) = broadcast::channel::<String>(4);
    sender.send("kept".to_owned()).expect("there is a receiver");
    drop(spawn(async move { while receiver.recv().await.is_ok() {} }));
    drop(spawn(async move {
        let _sender = sender;
        pending::<()>().await;
    }));
    let (notify, semaphore) = (Arc::new(Notify::new()), Arc::new(Semaphore::new(0)));
    drop(spawn(async move { notify.notified().await }));
    drop(spawn(async move { drop(semaphore.acquire().await) }));
    let token = CancellationToken::new();
    drop(spawn(token.child_token().cancelled_owned()));
    drop(spawn(async move {
        let mut set = JoinSet::new();
        set.spawn(pending::<()>());
        set.spawn(async {});
        set.join_next().await;
        token.cancelled().await;
        set.join_next().await;
    }));
}

/// One life of a runtime, and what its figures say after its end.
fn round(number: usize) {
    let mut outside = Outside::default();
    let metrics = match number % 4 {
        0 | 1 => multi(number, &mut outside),
        2 => {
            let runtime = Builder::new_current_thread().build().expect("a runtime");
            runtime.block_on(populate(&mut outside));
            end(runtime, &mut outside)
        }
        _ => local(&mut outside),
    };
    assert_eq!(metrics.num_alive_tasks(), 0, "round {number}");
    assert_eq!(metrics.num_registered_descriptors(), 0, "round {number}");
    assert_eq!(metrics.num_pending_timers(), 0, "round {number}");
    let wakers = std::mem::take(&mut *outside.wakers.lock().expect("nobody panics"));
    wakers.into_iter().for_each(Waker::wake);
}

/// With worker threads, populated from within or from outside.
fn multi(number: usize, outside: &mut Outside) -> RuntimeMetrics {
    let runtime = Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
    if number % 8 < 4 {
        runtime.block_on(populate(outside));
    } else {
        let filled = runtime.spawn(async move {
            let mut outside = Outside::default();
            populate(&mut outside).await;
            outside
        });
        *outside = runtime.block_on(filled).expect("it ends well");
    }
    end(runtime, outside)
}

/// With tasks that stay on their thread.
fn local(outside: &mut Outside) -> RuntimeMetrics {
    let runtime =
        Builder::new_current_thread().build_local(LocalOptions::default()).expect("a runtime");
    let set = LocalSet::new();
    runtime.block_on(async {
        populate(outside).await;
        drop(spawn_local(pending::<()>()));
        drop(spawn_local(sleep(LONG)));
        drop(set.spawn_local(pending::<()>()));
        set.run_until(yield_now()).await;
        drop(set.spawn_local(async {}));
    });
    outside.blocked.clear();
    let metrics = runtime.metrics();
    drop(set);
    drop(runtime);
    metrics
}

/// Ends a runtime whose blocking calls end.
fn end(runtime: Runtime, outside: &mut Outside) -> RuntimeMetrics {
    outside.blocked.clear();
    let metrics = runtime.metrics();
    drop(runtime);
    metrics
}

#[test]
fn regression_11_what_runtimes_leave_behind_is_nothing() {
    let rounds = std::env::var(ROUNDS_VARIABLE).ok().map_or(ROUNDS, |word| word.parse().unwrap());
    (0..WARM_UP).for_each(round);
    // Threads of the last round may still be on their way out.
    let mut base = Alive::now();
    while base != Alive::after_a_pause() {
        base = Alive::now();
    }
    (0..rounds).for_each(round);
    let left = Alive::settle(&base);
    println!("{rounds} runtimes: {base:?} before, {left:?} after");
    assert_eq!(left, base);
}
