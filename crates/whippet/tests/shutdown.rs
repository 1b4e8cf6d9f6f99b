//! The end of a runtime: on a thread that it would wait for, and beside blocking calls that have not begun.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panics as the test does")]

use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;
use whippet::io::AsyncWriteExt;
use whippet::runtime::{Builder, Handle, LocalRuntime, Runtime};
use whippet::task::{JoinHandle, block_in_place, spawn, spawn_blocking, spawn_local, yield_now};

/// How long an event may take before its test fails.
const DEADLINE: Duration = Duration::from_secs(20);

fn multi(workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).build().unwrap()
}

fn current() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// Where a runtime lies until it is ended.
#[derive(Clone)]
struct Slot {
    /// The runtime.
    runtime: Arc<Mutex<Option<Runtime>>>,
    /// Says that it was ended.
    ended: mpsc::Sender<()>,
}

impl Slot {
    /// An empty one, and what is recorded of the end.
    fn new() -> (Self, mpsc::Receiver<()>) {
        let (ended, ends) = mpsc::channel();
        (Self { runtime: Arc::default(), ended }, ends)
    }

    fn fill(&self, runtime: Runtime) -> Handle {
        let handle = runtime.handle().clone();
        *self.runtime.lock().unwrap() = Some(runtime);
        handle
    }

    /// Ends the runtime, if there is one, and would wait for longer than the test does.
    fn end(&self) {
        let runtime = self.runtime.lock().unwrap().take();
        if let Some(runtime) = runtime {
            runtime.shutdown_timeout(10 * DEADLINE);
            self.ended.send(()).unwrap();
        }
    }
}

/// Ends the runtime when it is dropped, or woken no more.
struct EndsDropped(Slot);

impl Drop for EndsDropped {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Wake for EndsDropped {
    fn wake(self: Arc<Self>) {}
}

fn expect_end(ends: &mpsc::Receiver<()>, place: &str) {
    assert_eq!(ends.recv_timeout(DEADLINE), Ok(()), "{place}: it waits for itself");
}

#[test]
fn a_runtime_that_its_own_task_ends_while_it_blocks_in_place() {
    // Beside another task that blocks in place until the first goes on.
    let (slot, ends) = Slot::new();
    let handle = slot.fill(multi(2));
    let ((go, goes), (begin, begun)) = (mpsc::channel::<()>(), mpsc::channel());
    drop(handle.spawn(async move {
        block_in_place(|| {
            begin.send(()).unwrap();
            goes.recv_timeout(DEADLINE).unwrap();
        });
    }));
    begun.recv_timeout(DEADLINE).unwrap();
    drop(handle.spawn(async move {
        block_in_place(|| slot.end());
        go.send(()).unwrap();
    }));
    expect_end(&ends, "in a task that blocks in place");
}

#[test]
fn a_runtime_that_ends_in_the_block_on_of_another_on_its_thread() {
    let (slot, ends) = Slot::new();
    let handle = slot.fill(multi(1));
    drop(handle.spawn(async move {
        block_in_place(|| multi(1).block_on(async { slot.end() }));
    }));
    expect_end(&ends, "in a block_on inside of a task that blocks in place");
}

#[test]
fn a_runtime_that_a_task_ends_while_a_stand_in_runs_it() {
    let (slot, ends) = Slot::new();
    let handle = slot.fill(multi(1));
    let (go, goes) = mpsc::channel::<()>();
    let inner = handle.clone();
    drop(handle.spawn(async move {
        block_in_place(|| {
            // The only worker blocks, so a spare worker runs this; it blocks, too.
            drop(inner.spawn(async move {
                block_in_place(|| slot.end());
                go.send(()).unwrap();
            }));
            goes.recv_timeout(DEADLINE).unwrap();
        });
    }));
    expect_end(&ends, "in a task of a spare worker");
}

#[test]
fn a_runtime_that_its_own_blocking_call_ends() {
    for runtime in [multi(1), current()] {
        let (slot, ends) = Slot::new();
        let handle = slot.fill(runtime);
        // A worker waits for the call, so nothing may wait for the worker.
        drop(handle.spawn_blocking(move || slot.end()));
        expect_end(&ends, "in a blocking call");
    }
    let (slot, ends) = Slot::new();
    let handle = slot.fill(multi(1));
    drop(handle.spawn(async move {
        block_in_place(|| Handle::current().block_on(spawn_blocking(move || slot.end()))).unwrap();
    }));
    expect_end(&ends, "in a blocking call that a worker waits for");
}

#[test]
fn a_runtime_that_a_hook_of_its_own_ends() {
    /// A hook that ends the runtime in the slot.
    fn hook(slot: &Slot) -> impl Fn() + Send + Sync + 'static {
        let slot = slot.clone();
        move || slot.end()
    }
    let keep_alive = Duration::from_millis(1);
    type Hooked = fn(&mut Builder, &Slot);
    let hooks: [(&str, Hooked); 5] = [
        ("start", |builder, slot| _ = builder.on_thread_start(hook(slot))),
        ("stop", |builder, slot| _ = builder.on_thread_stop(hook(slot))),
        ("park", |builder, slot| _ = builder.on_thread_park(hook(slot))),
        ("unpark", |builder, slot| _ = builder.on_thread_unpark(hook(slot))),
        ("name", |builder, slot| {
            let hook = hook(slot);
            builder.thread_name_fn(move || {
                hook();
                "a thread".to_owned()
            });
        }),
    ];
    for (name, hooked) in hooks {
        let (slot, ends) = Slot::new();
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).thread_keep_alive(keep_alive);
        hooked(&mut builder, &slot);
        let handle = slot.fill(builder.build().unwrap());
        // A thread for blocking calls starts and stops; the worker sleeps, and is woken by a timer.
        drop(handle.spawn_blocking(|| ()));
        drop(handle.spawn(async { whippet::time::sleep(Duration::from_millis(1)).await }));
        expect_end(&ends, name);
    }
}

#[test]
fn a_runtime_that_the_report_of_a_stall_ends() {
    let (slot, ends) = Slot::new();
    let hook = slot.clone();
    let (go, goes) = mpsc::channel::<()>();
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).stall_threshold(Duration::from_millis(1)).on_stall(move |_| {
        hook.end();
        let _ = go.send(());
    });
    let handle = slot.fill(builder.build().unwrap());
    // The stall lasts until the report is through.
    drop(handle.spawn(async move { goes.recv_timeout(DEADLINE) }));
    expect_end(&ends, "in the report of a stall");
}

whippet::task_local! {
    static HELD: EndsDropped;
}

#[test]
fn a_runtime_that_a_drop_on_its_thread_ends() {
    // Of a task-local, while the task blocks in place; of an aborted future; of a waker.
    let (slot, ends) = Slot::new();
    let handle = slot.fill(multi(1));
    drop(handle.spawn(async move {
        block_in_place(|| HELD.sync_scope(EndsDropped(slot), || ()));
    }));
    expect_end(&ends, "in the drop of a task-local");

    let (slot, ends) = Slot::new();
    let handle = slot.fill(multi(1));
    let held = EndsDropped(slot);
    let task = handle.spawn(async move {
        let _held = held;
        pending::<()>().await;
    });
    task.abort();
    expect_end(&ends, "in the drop of a future");

    let (slot, ends) = Slot::new();
    let handle = slot.fill(multi(1));
    let waker = Waker::from(Arc::new(EndsDropped(slot)));
    drop(handle.spawn(async move {
        let mut sleep = Box::pin(whippet::time::sleep(10 * DEADLINE));
        assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        block_in_place(|| drop(sleep));
    }));
    expect_end(&ends, "in the drop of a waker");
}

#[test]
fn block_on_of_a_runtime_that_has_ended_waits_for_nothing_of_it() {
    for runtime in [multi(1), current()] {
        let handle = runtime.handle().clone();
        drop(runtime);
        let (sender, receiver) = mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let calls = handle.block_on(async {
                    let cancelled = |task: Result<(), whippet::task::JoinError>| {
                        task.is_err_and(|error| error.is_cancelled())
                    };
                    yield_now().await;
                    let looked_up = whippet::net::lookup_host("localhost:80").await.map(drop);
                    [
                        cancelled(spawn(async {}).await),
                        cancelled(spawn_blocking(|| ()).await),
                        looked_up.is_err(),
                        whippet::net::TcpStream::connect("127.0.0.1:9").await.is_err(),
                    ]
                });
                sender.send(calls).unwrap();
            });
            assert_eq!(receiver.recv_timeout(DEADLINE), Ok([true; 4]));
        });
    }
}

/// A runtime with one thread for blocking calls.
fn one_blocking_thread(builder: Builder) -> Runtime {
    let mut builder = builder;
    builder.worker_threads(1).max_blocking_threads(1).build().unwrap()
}

/// What comes of a task, within the deadline.
fn within_deadline<T: Send + 'static>(runtime: &Runtime, task: JoinHandle<T>) -> T {
    let (sender, receiver) = mpsc::channel();
    drop(runtime.spawn(async move { sender.send(task.await.unwrap()) }));
    receiver.recv_timeout(DEADLINE).expect("it waits for a thread that there is not")
}

#[test]
fn a_blocking_call_inside_of_block_in_place_has_its_thread() {
    let runtime = one_blocking_thread(Builder::new_multi_thread());
    let task = runtime.spawn(async {
        block_in_place(|| Handle::current().block_on(async { spawn_blocking(|| 7).await.unwrap() }))
    });
    assert_eq!(within_deadline(&runtime, task), 7);
    // The bound holds for the program's calls all the same.
    let (working, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let task = runtime.spawn(async move {
        block_in_place(|| {
            Handle::current().block_on(async {
                let calls: Vec<_> = (0..20)
                    .map(|_| {
                        let (working, most) = (Arc::clone(&working), Arc::clone(&most));
                        spawn_blocking(move || {
                            most.fetch_max(working.fetch_add(1, SeqCst) + 1, SeqCst);
                            working.fetch_sub(1, SeqCst);
                        })
                    })
                    .collect();
                for call in calls {
                    call.await.unwrap();
                }
            });
        });
        most.load(SeqCst)
    });
    assert_eq!(within_deadline(&runtime, task), 1);
}

#[test]
fn a_blocking_call_waits_for_no_call_of_whippet_behind_itself() {
    let runtime = one_blocking_thread(Builder::new_multi_thread());
    let call = runtime.spawn_blocking(|| {
        Handle::current().block_on(async {
            let mut found = whippet::net::lookup_host("localhost:80").await.unwrap();
            whippet::memory::trim().await;
            whippet::io::stdout().write_all(b"\n").await.unwrap();
            whippet::io::stdout().flush().await.unwrap();
            found.any(|address| address.port() == 80)
        })
    });
    assert!(within_deadline(&runtime, call));
}

/// A call that takes the only thread until its runtime is about to end, and others that wait for it.
fn calls_before_the_end(runtime: &Runtime, made: &Arc<AtomicUsize>) -> Vec<JoinHandle<()>> {
    let (begin, begun) = mpsc::channel();
    let handle = runtime.handle().clone();
    let first = runtime.spawn_blocking(move || {
        begin.send(()).unwrap();
        // A runtime that ends takes no task.
        while !handle.spawn(pending::<()>()).is_finished() {
            std::thread::yield_now();
        }
    });
    begun.recv_timeout(DEADLINE).unwrap();
    let others = (0..3).map(|_| {
        let made = Arc::clone(made);
        runtime.spawn_blocking(move || {
            made.fetch_add(1, SeqCst);
        })
    });
    std::iter::once(first).chain(others).collect()
}

#[test]
fn blocking_calls_that_have_not_begun_are_made_while_there_is_time() {
    let ends: [fn(Runtime); 2] = [|runtime| runtime.shutdown_timeout(10 * DEADLINE), drop];
    for end in ends {
        for builder in [Builder::new_multi_thread(), Builder::new_current_thread()] {
            let runtime = one_blocking_thread(builder);
            let made = Arc::new(AtomicUsize::new(0));
            let calls = calls_before_the_end(&runtime, &made);
            end(runtime);
            assert_eq!(made.load(SeqCst), 3, "the rest was cancelled");
            for call in calls {
                current().block_on(call).unwrap();
            }
        }
    }
}

#[test]
fn blocking_calls_that_have_not_begun_are_cancelled_when_time_is_up() {
    let ends: [fn(Runtime); 2] = [
        |runtime| runtime.shutdown_timeout(Duration::from_millis(1)),
        Runtime::shutdown_background,
    ];
    for end in ends {
        let runtime = one_blocking_thread(Builder::new_current_thread());
        let ((release, released), (begin, begun)) = (mpsc::channel::<()>(), mpsc::channel());
        let first = runtime.spawn_blocking(move || {
            begin.send(()).unwrap();
            released.recv_timeout(DEADLINE)
        });
        begun.recv_timeout(DEADLINE).unwrap();
        let second = runtime.spawn_blocking(|| ());
        end(runtime);
        assert!(second.is_finished(), "it will not be made");
        let other = current();
        assert!(other.block_on(second).unwrap_err().is_cancelled());
        release.send(()).unwrap();
        assert_eq!(other.block_on(first).unwrap(), Ok(()));
    }
}

#[test]
fn a_poll_that_a_runtime_ends_in_goes_on() {
    // The end comes in the middle of a poll, on its own thread: what follows in the same poll is done.
    let (slot, ends) = Slot::new();
    let handle = slot.fill(multi(1));
    let (sender, receiver) = mpsc::channel();
    drop(handle.spawn(poll_fn(move |_| {
        slot.end();
        sender.send(()).unwrap();
        Poll::Ready(())
    })));
    expect_end(&ends, "in a poll");
    receiver.recv_timeout(DEADLINE).unwrap();
}

/// Runs on a thread of its own what may never end.
fn ends_in_time(place: &str, ends: impl FnOnce() + Send + 'static) {
    let (ended, hears) = mpsc::channel();
    #[expect(clippy::disallowed_methods, reason = "no part of a runtime")]
    std::thread::spawn(move || {
        ends();
        ended.send(()).unwrap();
    });
    expect_end(&hears, place);
}

/// A local runtime with a local task that waits in its queue.
fn local_with_a_task() -> LocalRuntime {
    let local = LocalRuntime::new().unwrap();
    local.block_on(async { drop(spawn_local(pending::<()>())) });
    local
}

#[test]
fn a_local_runtime_ends_inside_the_end_of_another() {
    ends_in_time("in a local runtime", || {
        let (outer, inner) = (LocalRuntime::new().unwrap(), local_with_a_task());
        let holds = async move {
            let _inner = inner;
            pending::<()>().await;
        };
        outer.block_on(async { drop(spawn_local(holds)) });
        drop(outer);
    });
    struct Cleans;
    impl Drop for Cleans {
        fn drop(&mut self) {
            drop(local_with_a_task());
        }
    }
    for outer in [current, || multi(1)] {
        ends_in_time("in a runtime", move || {
            let (runtime, cleans) = (outer(), Cleans);
            runtime.block_on(async {
                drop(spawn(async move {
                    let _cleans = cleans;
                    pending::<()>().await;
                }));
            });
            drop(runtime);
        });
    }
}
