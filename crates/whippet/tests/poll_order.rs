//! The order in which tasks are polled, and what a task that yields lets go first. All by counts.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panics as the test does")]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use whippet::io::AsyncReadExt;
use whippet::net::UnixStream;
use whippet::runtime::{Builder, LocalRuntime, Runtime};
use whippet::sync::Notify;
use whippet::task::{LocalSet, consume_budget, spawn_local, yield_now};

fn current_thread() -> Runtime {
    Builder::new_current_thread().build().expect("a runtime")
}

fn one_worker() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).build().expect("a runtime")
}

/// What happened, in its order.
type Seen = Arc<Mutex<Vec<usize>>>;

fn take(seen: &Seen) -> Vec<usize> {
    std::mem::take(&mut *seen.lock().unwrap())
}

/// A task that records its number.
fn record(seen: &Seen, number: usize) -> impl Future<Output = ()> + Send + use<> {
    let seen = Arc::clone(seen);
    async move { seen.lock().unwrap().push(number) }
}

#[test]
fn tasks_of_a_current_thread_run_in_the_order_of_spawn() {
    let (runtime, seen) = (current_thread(), Seen::default());
    // More than a ring of the multi-thread runtime holds.
    for count in [5, 1_000] {
        runtime.block_on(async {
            let tasks: Vec<_> =
                (0..count).map(|number| whippet::spawn(record(&seen, number))).collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        assert!(take(&seen).is_sorted(), "{count} tasks");
    }
}

#[test]
fn tasks_of_a_current_thread_run_in_the_order_of_wakes() {
    let (runtime, seen) = (current_thread(), Seen::default());
    let notifies: Arc<Vec<Notify>> = Arc::new((0..5).map(|_| Notify::new()).collect());
    runtime.block_on(async {
        let tasks: Vec<_> = (0..5)
            .map(|number| {
                let (notifies, record) = (Arc::clone(&notifies), record(&seen, number));
                whippet::spawn(async move {
                    notifies[number].notified().await;
                    record.await;
                })
            })
            .collect();
        yield_now().await;
        let order = [3, 1, 4, 0, 2];
        order.iter().for_each(|&number| notifies[number].notify_one());
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(take(&seen), order);
    });
}

#[test]
fn a_task_that_spawns_comes_after_none_of_its_children() {
    let (runtime, seen) = (current_thread(), Seen::default());
    let inside = Arc::clone(&seen);
    runtime.block_on(async {
        let parent = whippet::spawn(async move {
            let tasks: Vec<_> =
                (0..5).map(|number| whippet::spawn(record(&inside, number))).collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        parent.await.unwrap();
    });
    assert_eq!(take(&seen), [0, 1, 2, 3, 4]);
}

#[test]
fn tasks_of_a_local_set_run_in_the_order_of_spawn() {
    for runtime in [current_thread(), one_worker()] {
        let (seen, set) = (Seen::default(), LocalSet::new());
        set.block_on(&runtime, async {
            let tasks: Vec<_> =
                (0..1_000).map(|number| spawn_local(record(&seen, number))).collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        assert!(take(&seen).is_sorted());
    }
}

#[test]
fn tasks_of_a_local_runtime_run_in_the_order_of_spawn() {
    let (runtime, seen) = (LocalRuntime::new().unwrap(), Seen::default());
    runtime.block_on(async {
        let tasks: Vec<_> = (0..1_000)
            .map(|number| match number % 3 {
                0 => whippet::spawn(record(&seen, number)),
                _ => spawn_local(record(&seen, number)),
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert!(take(&seen).is_sorted());
}

/// A way to let the others go first.
#[derive(Debug, Clone, Copy)]
enum Yields {
    /// By asking for it.
    Asked,
    /// By a budget that is spent.
    Spent,
}

impl Yields {
    const BOTH: [Self; 2] = [Self::Asked, Self::Spent];

    async fn once(self) {
        match self {
            Self::Asked => yield_now().await,
            Self::Spent => {
                for _ in 0..128 {
                    consume_budget().await;
                }
            }
        }
    }
}

#[test]
fn a_task_that_yields_and_block_on_take_turns() {
    for yields in Yields::BOTH {
        let runtime = current_thread();
        let turns = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&turns);
        drop(runtime.spawn(async move {
            loop {
                yields.once().await;
                counted.fetch_add(1, SeqCst);
            }
        }));
        let turns = runtime.block_on(async {
            for _ in 0..100 {
                yields.once().await;
            }
            turns.load(SeqCst)
        });
        assert!((90..=110).contains(&turns), "{turns} turns for 100 of block_on's ({yields:?})");
    }
}

#[test]
fn a_local_task_that_yields_and_block_on_take_turns() {
    for yields in Yields::BOTH {
        let turns = Rc::new(Cell::new(0));
        let yielding = |turns: &Rc<Cell<usize>>| {
            let counted = Rc::clone(turns);
            async move {
                loop {
                    yields.once().await;
                    counted.set(counted.get() + 1);
                }
            }
        };
        let waits = async {
            for _ in 0..100 {
                yields.once().await;
            }
        };
        let is_fair = || (90..=210).contains(&turns.take());
        let (runtime, set) = (current_thread(), LocalSet::new());
        drop(set.spawn_local(yielding(&turns)));
        set.block_on(&runtime, waits);
        assert!(is_fair(), "in a set ({yields:?})");

        let waits = async {
            for _ in 0..100 {
                yields.once().await;
            }
        };
        let runtime = LocalRuntime::new().unwrap();
        drop(runtime.spawn_local(yielding(&turns)));
        runtime.block_on(waits);
        assert!(is_fair(), "in a local runtime ({yields:?})");
    }
}

/// How often a task yields, beside one that waits for a socket, before that one sees what was written. None: too often.
async fn yields_until_read(yields: Yields) -> Option<usize> {
    let (mut near, far) = UnixStream::pair().unwrap();
    let seen = Arc::new(AtomicBool::new(false));
    let sees = Arc::clone(&seen);
    let reader = whippet::spawn(async move {
        near.read_exact(&mut [0]).await.unwrap();
        sees.store(true, SeqCst);
    });
    // The reader waits, and the reactor has nothing new to say of its socket.
    for _ in 0..3 {
        yields.once().await;
    }
    assert_eq!(far.try_write(b"!").unwrap(), 1);
    let mut count = 0;
    while !seen.load(SeqCst) && count < 50 {
        yields.once().await;
        count += 1;
    }
    reader.abort();
    (count < 10).then_some(count)
}

#[test]
fn what_a_socket_brings_is_seen_beside_a_task_that_yields() {
    for yields in Yields::BOTH {
        for runtime in [current_thread(), one_worker()] {
            let task = runtime.spawn(yields_until_read(yields));
            assert!(runtime.block_on(task).unwrap().is_some(), "{yields:?} in {runtime:?}");
        }
        let main = current_thread().block_on(yields_until_read(yields));
        assert!(main.is_some(), "{yields:?} in block_on");
        let (runtime, set) = (current_thread(), LocalSet::new());
        let count = set.spawn_local(yields_until_read(yields));
        let count = set.block_on(&runtime, count).unwrap();
        assert!(count.is_some(), "{yields:?} in a set");
        let local = LocalRuntime::new().unwrap();
        let task = local.spawn_local(yields_until_read(yields));
        assert!(local.block_on(task).unwrap().is_some(), "{yields:?} in a local runtime");
    }
}

#[test]
fn tasks_that_yield_take_turns_among_themselves() {
    let (runtime, seen) = (current_thread(), Seen::default());
    let tasks: Vec<_> = (0..3)
        .map(|number| {
            let seen = Arc::clone(&seen);
            runtime.spawn(async move {
                for _ in 0..3 {
                    record(&seen, number).await;
                    yield_now().await;
                }
            })
        })
        .collect();
    for task in tasks {
        runtime.block_on(task).unwrap();
    }
    assert_eq!(take(&seen), [0, 1, 2, 0, 1, 2, 0, 1, 2]);
}

#[test]
fn a_task_that_yields_waits_for_what_was_woken_before() {
    // Ten others that wake each other in a chain are polled before the one that yields.
    let runtime = current_thread();
    let log = Rc::new(RefCell::new(Vec::new()));
    let set = LocalSet::new();
    for number in 0..10 {
        let log = Rc::clone(&log);
        drop(set.spawn_local(async move { log.borrow_mut().push(number) }));
    }
    let last = Rc::clone(&log);
    set.block_on(&runtime, async {
        yield_now().await;
        yield_now().await;
        last.borrow_mut().push(10);
    });
    assert_eq!(*log.borrow(), Vec::from_iter(0..=10));
}

#[test]
fn a_select_without_budget_takes_turns_with_block_on() {
    let (runtime, turns) = (current_thread(), Arc::new(AtomicUsize::new(0)));
    let spends = {
        let turns = Arc::clone(&turns);
        async move {
            loop {
                turns.fetch_add(1, SeqCst);
                // As many as a poll has.
                for _ in 0..128 {
                    whippet::select! { biased; () = consume_budget() => {} }
                }
            }
        }
    };
    runtime.block_on(async {
        let task = whippet::spawn(spends);
        for _ in 0..100 {
            yield_now().await;
        }
        task.abort();
    });
    assert!(turns.load(SeqCst) < 300, "{} turns for 100 of block_on's", turns.load(SeqCst));
}
