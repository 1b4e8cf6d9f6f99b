//! Tests of the runtime as a whole, on real threads.

use super::{Builder, Handle, Runtime};
use crate::task::{Id, spawn, spawn_blocking, try_id, yield_now};
use std::future::{Future, pending, poll_fn};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::time::Duration;

/// How long an event may take before its test fails.
const DEADLINE: Duration = Duration::from_secs(20);

fn multi(workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).build().unwrap()
}

fn both() -> [Runtime; 2] {
    [multi(2), Builder::new_current_thread().build().unwrap()]
}

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn a_task_gives_its_output() {
    for runtime in both() {
        assert_eq!(runtime.block_on(async { spawn(async { 6 * 7 }).await.unwrap() }), 42);
    }
}

#[test]
fn many_tasks_wake_each_other() {
    for runtime in both() {
        let sum: usize = runtime.block_on(async {
            let tasks: Vec<_> = (0..1_000)
                .map(|number| {
                    spawn(async move {
                        for _ in 0..number % 7 {
                            yield_now().await;
                        }
                        spawn(async move { number }).await.unwrap()
                    })
                })
                .collect();
            let mut sum = 0;
            for task in tasks {
                sum += task.await.unwrap();
            }
            sum
        });
        assert_eq!(sum, 499_500);
        assert_eq!(runtime.metrics().num_alive_tasks(), 0);
    }
}

#[test]
fn a_panic_ends_its_task_alone() {
    for runtime in both() {
        let error =
            runtime.block_on(async { spawn(async { panic!("on purpose") }).await.unwrap_err() });
        assert!(error.is_panic());
        assert!(error.to_string().ends_with("panicked with message \"on purpose\""), "{error}");
        assert_eq!(runtime.block_on(async { spawn(async { 1 }).await.unwrap() }), 1);
    }
}

#[test]
fn abort_drops_the_future() {
    for runtime in both() {
        let drops = Arc::new(AtomicUsize::new(0));
        let counted = Counted(Arc::clone(&drops));
        let task = runtime.spawn(async move {
            let _counted = counted;
            pending::<()>().await;
        });
        task.abort();
        let error = runtime.block_on(task).unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!(drops.load(SeqCst), 1);
    }
}

#[test]
fn blocking_work_runs_on_other_threads() {
    for runtime in both() {
        let here = std::thread::current().id();
        let there = runtime
            .block_on(async { spawn_blocking(|| std::thread::current().id()).await.unwrap() });
        assert_ne!(here, there);
    }
}

#[test]
fn blocking_work_finds_the_runtime() {
    let runtime = multi(1);
    let nested = runtime.block_on(async {
        spawn_blocking(|| Handle::current().block_on(async { spawn(async { 5 }).await.unwrap() }))
            .await
    });
    assert_eq!(nested.unwrap(), 5);
}

#[test]
fn dropping_the_runtime_drops_every_future() {
    for runtime in both() {
        let drops = Arc::new(AtomicUsize::new(0));
        for _ in 0..100 {
            let counted = Counted(Arc::clone(&drops));
            drop(runtime.spawn(async move {
                let _counted = counted;
                pending::<()>().await;
            }));
        }
        runtime.block_on(yield_now());
        drop(runtime);
        assert_eq!(drops.load(SeqCst), 100);
    }
}

#[test]
fn a_task_that_outlives_its_runtime_in_a_waker_holds_nothing_of_it() {
    let runtime = multi(1);
    let (sender, receiver) = mpsc::channel::<Waker>();
    drop(runtime.spawn(poll_fn(move |cx| {
        sender.send(cx.waker().clone()).unwrap();
        Poll::<()>::Pending
    })));
    let waker = receiver.recv_timeout(DEADLINE).unwrap();
    let weak = Arc::downgrade(&runtime.handle().shared);
    drop(runtime);
    assert!(weak.upgrade().is_none(), "the waker keeps the runtime");
    waker.wake();
}

#[test]
#[should_panic(expected = "there is no whippet runtime here")]
fn spawning_outside_of_a_runtime_is_told_in_words() {
    drop(spawn(async {}));
}

#[test]
fn block_on_inside_of_a_task_is_refused() {
    let runtime = multi(1);
    let inner = runtime.handle().clone();
    let error = runtime
        .block_on(async { spawn(async move { inner.block_on(async {}) }).await.unwrap_err() });
    assert!(error.to_string().contains("must not block"), "{error}");
}

#[test]
fn two_threads_share_a_current_thread_runtime() {
    let runtime = Arc::new(Builder::new_current_thread().build().unwrap());
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let (runtime, sender) = (Arc::clone(&runtime), sender.clone());
            scope.spawn(move || {
                let sum = runtime.block_on(async {
                    let mut sum = 0;
                    for number in 0..100 {
                        sum += spawn(async move { number }).await.unwrap();
                    }
                    sum
                });
                sender.send(sum).unwrap();
            });
        }
        assert_eq!(receiver.recv_timeout(DEADLINE).unwrap(), 4_950);
        assert_eq!(receiver.recv_timeout(DEADLINE).unwrap(), 4_950);
    });
}

/// A future that is ready once another thread has set the flag and woken it.
fn ready_when(done: Arc<AtomicUsize>, wakers: mpsc::Sender<Waker>) -> impl Future<Output = ()> {
    poll_fn(move |cx| {
        if done.load(SeqCst) == 1 {
            return Poll::Ready(());
        }
        wakers.send(cx.waker().clone()).unwrap();
        Poll::Pending
    })
}

#[test]
fn a_wake_from_another_thread_reaches_a_sleeping_worker() {
    for runtime in both() {
        let done = Arc::new(AtomicUsize::new(0));
        let (sender, receiver) = mpsc::channel();
        let task = runtime.spawn(ready_when(Arc::clone(&done), sender));
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let waker: Waker = receiver.recv_timeout(DEADLINE).unwrap();
                done.store(1, SeqCst);
                waker.wake();
            });
            runtime.block_on(task).unwrap();
        });
    }
}

#[test]
fn regression_11_runtimes_start_and_stop_with_tasks_in_every_state() {
    for round in 0..500 {
        let runtime =
            if round % 2 == 0 { multi(2) } else { Builder::new_current_thread().build().unwrap() };
        let drops = Arc::new(AtomicUsize::new(0));
        for state in 0..8 {
            let counted = Counted(Arc::clone(&drops));
            drop(runtime.spawn(async move {
                let _counted = counted;
                match state % 4 {
                    0 => {}
                    1 => pending().await,
                    2 => loop {
                        yield_now().await;
                    },
                    _ => drop(spawn_blocking(|| ()).await),
                }
            }));
        }
        if round % 3 == 0 {
            runtime.block_on(yield_now());
        }
        let weak = Arc::downgrade(&runtime.handle().shared);
        drop(runtime);
        assert_eq!(drops.load(SeqCst), 8, "round {round}");
        assert!(weak.upgrade().is_none(), "round {round}: something keeps the runtime");
    }
}

#[test]
fn the_end_waits_for_a_poll_no_longer_than_it_is_told_to_and_knows_the_culprit() {
    let runtime = multi(2);
    let shared = Arc::clone(&runtime.handle().shared);
    let (release, released) = mpsc::channel::<()>();
    let (begun, begins) = mpsc::channel();
    let spawned_on = line!() + 1;
    drop(runtime.spawn(async move {
        begun.send(()).unwrap();
        // Lasts until the test ends it.
        released.recv()
    }));
    begins.recv_timeout(DEADLINE).unwrap();
    runtime.shutdown_timeout(Duration::from_millis(10));
    let culprits: Vec<_> = (0..2).filter_map(|worker| shared.polling(worker)).collect();
    assert_eq!(culprits.len(), 1);
    assert_eq!((culprits[0].file(), culprits[0].line()), (file!(), spawned_on));
    release.send(()).unwrap();
}

#[test]
fn a_runtime_that_is_dropped_inside_of_a_task_waits_for_nobody() {
    let outer = multi(1);
    let inner = multi(1);
    let (release, released) = mpsc::channel::<()>();
    let (begun, begins) = mpsc::channel();
    drop(inner.spawn(async move {
        begun.send(()).unwrap();
        released.recv()
    }));
    begins.recv_timeout(DEADLINE).unwrap();
    outer.block_on(async { spawn(async move { drop(inner) }).await.unwrap() });
    release.send(()).unwrap();
}

#[test]
fn a_task_whose_drop_spawns_the_next_ends_with_its_runtime_without_deep_recursion() {
    /// Spawns a task that holds the next one, when it is dropped.
    struct SpawnsNext(Handle, usize, Arc<AtomicUsize>);
    impl Drop for SpawnsNext {
        fn drop(&mut self) {
            self.2.fetch_add(1, SeqCst);
            if self.1 > 0 {
                let next = SpawnsNext(self.0.clone(), self.1 - 1, Arc::clone(&self.2));
                drop(self.0.spawn(async move {
                    let _next = next;
                    pending::<()>().await;
                }));
            }
        }
    }
    let runtime = Builder::new_current_thread().build().unwrap();
    let drops = Arc::new(AtomicUsize::new(0));
    let first = SpawnsNext(runtime.handle().clone(), 50_000, Arc::clone(&drops));
    drop(runtime.spawn(async move {
        let _first = first;
        pending::<()>().await;
    }));
    drop(runtime);
    assert_eq!(drops.load(SeqCst), 50_001);
}

#[test]
fn a_task_knows_its_name_in_its_polls_and_in_its_drop() {
    /// Says whose drop it is in.
    struct SaysWhose(mpsc::Sender<Option<Id>>);
    impl Drop for SaysWhose {
        fn drop(&mut self) {
            self.0.send(try_id()).unwrap();
        }
    }
    for runtime in both() {
        let (sender, receiver) = mpsc::channel();
        let says = SaysWhose(sender.clone());
        let task = runtime.spawn(async move {
            let _says = says;
            yield_now().await;
            try_id()
        });
        let id = Some(task.id());
        assert_eq!(runtime.block_on(async { (task.await.unwrap(), try_id()) }), (id, None));
        assert_eq!(receiver.recv_timeout(DEADLINE), Ok(id));
        let call = runtime.spawn_blocking(try_id);
        let id = Some(call.id());
        assert_eq!(runtime.block_on(call).unwrap(), id);
        let says = SaysWhose(sender);
        let dropped = runtime.spawn(async move {
            let _says = says;
            pending::<()>().await;
        });
        drop(runtime);
        assert_eq!(receiver.recv_timeout(DEADLINE), Ok(Some(dropped.id())));
        assert_eq!(try_id(), None);
    }
}

/// What an event brings does not wait for the whole ring: it may join the work that waits there.
#[test]
fn an_event_between_two_turns_comes_before_a_full_ring() {
    let turns = Arc::new(AtomicUsize::new(0));
    let runtime = multi(1);
    let after = runtime.spawn(async move {
        let (near, far) = crate::net::UnixStream::pair().unwrap();
        let counted = Arc::clone(&turns);
        let reader = spawn(async move {
            near.readable().await.unwrap();
            counted.load(SeqCst)
        });
        // It waits for its socket before the others are there.
        yield_now().await;
        for _ in 0..200 {
            let counted = Arc::clone(&turns);
            spawn(async move { counted.fetch_add(1, SeqCst) });
        }
        assert_eq!(far.try_write(b"!").unwrap(), 1);
        reader.await.unwrap()
    });
    let after = runtime.block_on(after).unwrap();
    assert!(after < 100, "{after} others came first");
}

#[test]
fn regression_10_a_thread_that_does_not_start_orphans_no_job() {
    let mut builder = Builder::new_current_thread();
    // More than the machine has.
    builder.thread_stack_size(1 << 60);
    let runtime = builder.build().unwrap();
    let (sender, receiver) = mpsc::channel();
    let job = runtime.spawn_blocking(|| ());
    let body = move || {
        sender.send(runtime.block_on(job).map_err(|error| error.is_cancelled())).unwrap();
        // Nobody is counted who is not there.
        runtime.shutdown_timeout(10 * DEADLINE);
        sender.send(Ok(())).unwrap();
    };
    drop(crate::sys::thread::start("waits".to_owned(), None, body).unwrap());
    assert_eq!(receiver.recv_timeout(DEADLINE), Ok(Err(true)), "the job waits for no thread");
    assert_eq!(receiver.recv_timeout(DEADLINE), Ok(Ok(())));
}

#[test]
fn a_runtime_that_its_own_blocking_call_ends_does_not_wait_for_that_call() {
    for runtime in both() {
        let runtime = Arc::new(runtime);
        let last = Arc::clone(&runtime);
        let (sender, receiver) = mpsc::channel();
        let (go, goes) = mpsc::channel::<()>();
        drop(runtime.spawn_blocking(move || {
            goes.recv_timeout(DEADLINE).unwrap();
            let runtime = Arc::into_inner(last).expect("the last one");
            runtime.shutdown_timeout(10 * DEADLINE);
            sender.send(()).unwrap();
        }));
        drop(runtime);
        go.send(()).unwrap();
        receiver.recv_timeout(DEADLINE).expect("it waits for itself");
    }
}

#[test]
fn the_end_waits_for_a_hook_no_longer_than_it_is_told_to() {
    let (release, released) = mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).on_thread_stop(move || {
        let _ = released.lock().unwrap().recv();
    });
    let runtime = builder.build().unwrap();
    let (sender, receiver) = mpsc::channel();
    let body = move || {
        runtime.shutdown_timeout(Duration::from_millis(10));
        sender.send(()).unwrap();
    };
    drop(crate::sys::thread::start("ends".to_owned(), None, body).unwrap());
    receiver.recv_timeout(DEADLINE).expect("the end waits for the hook");
    drop(release);
}
