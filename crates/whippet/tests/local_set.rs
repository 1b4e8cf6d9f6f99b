//! `LocalSet`, `spawn_local` and `LocalRuntime`: tasks that stay on their thread, whoever wakes and aborts them.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;
use whippet::runtime::{Builder, Handle, LocalOptions, LocalRuntime, Runtime};
use whippet::sync::oneshot;
use whippet::task::{
    JoinSet, LocalSet, TaskTracker, spawn_blocking, spawn_local, try_id, yield_now,
};

fn both() -> [Runtime; 2] {
    let builders = [Builder::new_multi_thread(), Builder::new_current_thread()];
    builders.map(|mut builder| builder.worker_threads(2).build().expect("a runtime"))
}

/// Not `Send`; says in which thread it was dropped.
struct Stays(Rc<RefCell<Vec<ThreadId>>>);

impl Drop for Stays {
    fn drop(&mut self) {
        self.0.borrow_mut().push(thread::current().id());
    }
}

/// What counts drops, and by thread.
fn drops() -> Rc<RefCell<Vec<ThreadId>>> {
    Rc::default()
}

#[test]
fn tasks_run_on_the_thread_that_polls_and_spawn_others() {
    for runtime in both() {
        let here = thread::current().id();
        let seen = Rc::new(Cell::new(0));
        let set = LocalSet::new();
        for number in 0..100 {
            let seen = Rc::clone(&seen);
            set.spawn_local(async move {
                for _ in 0..number % 5 {
                    // Woken on another thread.
                    whippet::spawn(yield_now()).await.unwrap();
                    assert_eq!(thread::current().id(), here);
                }
                let id = try_id();
                let inner = spawn_local(async move { try_id() });
                assert_eq!(Some(inner.id()), inner.await.unwrap());
                assert_eq!(try_id(), id);
                seen.set(seen.get() + 1);
            });
        }
        runtime.block_on(set);
        assert_eq!(seen.get(), 100);
    }
}

#[test]
fn what_is_awaited_ends_the_run_and_the_rest_goes_on_later() {
    for runtime in both() {
        let set = LocalSet::new();
        let (open, opened) = oneshot::channel::<u32>();
        let task = set.spawn_local(opened);
        assert_eq!(set.block_on(&runtime, async { 7 }), 7);
        assert!(!task.is_finished());
        open.send(8).unwrap();
        assert_eq!(runtime.block_on(set.run_until(task)).unwrap(), Ok(8));
        assert_eq!(format!("{set:?}"), "LocalSet { len: 0, .. }");
    }
}

#[test]
fn wakes_and_aborts_of_other_threads_leave_the_future_where_it_is() {
    for runtime in both() {
        let (here, dropped) = (thread::current().id(), drops());
        let set = LocalSet::new();
        let (send_waker, wakers) = mpsc::channel::<Waker>();
        let stays = Stays(Rc::clone(&dropped));
        let task = set.spawn_local(async move {
            let _stays = stays;
            poll_fn(|cx| {
                send_waker.send(cx.waker().clone()).unwrap();
                Poll::<()>::Pending
            })
            .await;
        });
        let abort = task.abort_handle();
        let elsewhere = runtime.spawn_blocking(move || {
            for _ in 0..100 {
                wakers.recv().unwrap().wake();
            }
            abort.abort();
            wakers
        });
        let error = set.block_on(&runtime, task).unwrap_err();
        assert!(error.is_cancelled());
        runtime.block_on(elsewhere).unwrap();
        assert_eq!(*dropped.borrow(), [here]);
    }
}

#[test]
fn dropping_the_set_drops_every_future_here() {
    for runtime in both() {
        let (here, dropped) = (thread::current().id(), drops());
        let set = LocalSet::new();
        let mut tasks = Vec::new();
        for state in 0..30 {
            let stays = Stays(Rc::clone(&dropped));
            tasks.push(set.spawn_local(async move {
                let _stays = stays;
                match state % 3 {
                    0 => pending().await,
                    1 => loop {
                        yield_now().await;
                    },
                    _ => drop(spawn_blocking(|| ()).await),
                }
            }));
        }
        if matches!(
            runtime.handle().runtime_flavor(),
            whippet::runtime::RuntimeFlavor::CurrentThread
        ) {
            set.block_on(&runtime, yield_now());
        }
        drop(set);
        assert_eq!(*dropped.borrow(), [here; 30]);
        for task in tasks {
            let finished = task.is_finished();
            assert!(finished);
        }
        drop(runtime);
    }
}

#[test]
fn outputs_that_stay_are_dropped_here() {
    let (here, dropped) = (thread::current().id(), drops());
    let runtime = Builder::new_current_thread().build().unwrap();
    let set = LocalSet::new();
    let stays = || Stays(Rc::clone(&dropped));
    let (early, late, joined) = (stays(), stays(), stays());
    drop(set.spawn_local(async move { early }));
    let late = set.spawn_local(async move { late });
    let joined = set.spawn_local(async move { joined });
    let output = set.block_on(&runtime, joined).unwrap();
    assert!(late.is_finished());
    assert_eq!(dropped.borrow().len(), 1);
    drop(late);
    assert_eq!(dropped.borrow().len(), 2);
    drop(output);
    assert_eq!(*dropped.borrow(), [here; 3]);
}

#[test]
fn a_busy_set_lets_the_others_have_their_turns() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let set = LocalSet::new();
    set.spawn_local(async {
        loop {
            yield_now().await;
        }
    });
    let others = runtime.spawn(async {
        for _ in 0..100 {
            yield_now().await;
        }
    });
    set.block_on(&runtime, others).unwrap();
}

#[test]
fn a_panic_ends_its_task_alone() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let set = LocalSet::new();
    let panics = set.spawn_local(async { panic!("on purpose") });
    assert!(set.block_on(&runtime, panics).unwrap_err().is_panic());
    let task = set.spawn_local(async { 7 });
    assert_eq!(set.block_on(&runtime, task).unwrap(), 7);
}

#[test]
fn a_task_whose_drop_spawns_the_next_ends_with_its_set_without_deep_recursion() {
    /// Spawns a task that holds the next one, when it is dropped.
    struct SpawnsNext(usize, Rc<Cell<usize>>);
    impl Drop for SpawnsNext {
        fn drop(&mut self) {
            self.1.set(self.1.get() + 1);
            if self.0 > 0 {
                let next = SpawnsNext(self.0 - 1, Rc::clone(&self.1));
                drop(spawn_local(async move {
                    let _next = next;
                    pending::<()>().await;
                }));
            }
        }
    }
    let (set, dropped) = (LocalSet::new(), Rc::new(Cell::new(0)));
    let guard = set.enter();
    let first = SpawnsNext(50_000, Rc::clone(&dropped));
    drop(set.spawn_local(async move { drop(first) }));
    drop(set);
    assert_eq!(dropped.get(), 50_001);
    // The guard outlives the set: nobody takes turns there any more.
    let late = spawn_local(async {});
    assert!(late.is_finished());
    drop(SpawnsNext(50_000, Rc::clone(&dropped)));
    assert_eq!(dropped.get(), 100_002);
    drop(guard);
}

#[test]
fn guards_nest() {
    let (one, other) = (LocalSet::new(), LocalSet::new());
    let lens = || [&one, &other].map(|set| format!("{set:?}").contains("len: 1"));
    let outer = one.enter();
    {
        let _inner = other.enter();
        drop(spawn_local(async {}));
        assert_eq!(lens(), [false, true]);
    }
    drop(spawn_local(async {}));
    assert_eq!(lens(), [true, true]);
    drop(outer);
    let panic = catch_unwind(AssertUnwindSafe(|| drop(spawn_local(async {}))));
    let payload = panic.unwrap_err();
    assert!(payload.downcast_ref::<&str>().is_some_and(|words| words.contains("no `LocalSet`")));
}

#[test]
fn sets_of_tasks_take_local_ones() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let (set, tasks, tracker) = (LocalSet::new(), RefCell::new(JoinSet::new()), TaskTracker::new());
    tasks.borrow_mut().spawn_local_on(async { Rc::new(1) }, &set);
    drop(tracker.spawn_local_on(async { Rc::new(1) }, &set));
    set.block_on(&runtime, async {
        tasks.borrow_mut().spawn_local(async { Rc::new(2) });
        drop(tracker.spawn_local(async { Rc::new(2) }));
        tracker.close();
        tracker.wait().await;
        let outputs = tasks.take().join_all().await;
        assert_eq!(outputs.iter().map(|output| **output).sum::<u32>(), 3);
    });
}

#[test]
fn a_local_runtime_runs_both_kinds_of_tasks_and_ends_both_within_itself() {
    /// Needs its runtime as it is dropped.
    struct NeedsRuntime(Rc<RefCell<Vec<ThreadId>>>);
    impl Drop for NeedsRuntime {
        fn drop(&mut self) {
            drop(Handle::current().spawn(async {}));
            drop(whippet::time::sleep(Duration::ZERO));
            drop(spawn_local(async {}));
            self.0.borrow_mut().push(thread::current().id());
        }
    }
    let (here, dropped) = (thread::current().id(), drops());
    let ends: [fn(LocalRuntime); 3] = [drop, LocalRuntime::shutdown_background, |runtime| {
        runtime.shutdown_timeout(Duration::MAX)
    }];
    for end in ends {
        let runtime = LocalRuntime::new().unwrap();
        let needs = NeedsRuntime(Rc::clone(&dropped));
        drop(runtime.spawn_local(async move {
            let _needs = needs;
            pending::<()>().await;
        }));
        let handle = runtime.handle().clone();
        let sum = runtime.block_on(async {
            let local = spawn_local(async { Rc::new(1) });
            let sent = handle.spawn(async { 2 });
            let blocking = spawn_blocking(|| 3);
            *local.await.unwrap() + sent.await.unwrap() + blocking.await.unwrap()
        });
        assert_eq!(sum, 6);
        end(runtime);
    }
    assert_eq!(*dropped.borrow(), [here; 3]);
    let workers = || Builder::new_multi_thread().build_local(LocalOptions::default());
    assert!(catch_unwind(workers).is_err());
}

#[test]
fn a_local_runtime_can_start_paused() {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.start_paused(true).build_local(LocalOptions::default()).unwrap();
    let hour = Duration::from_secs(3_600);
    let slept = runtime.block_on(async {
        let start = whippet::time::Instant::now();
        spawn_local(whippet::time::sleep(hour)).await.unwrap();
        start.elapsed()
    });
    assert_eq!(slept, hour);
}

/// Says whether it was woken.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_set_that_had_no_task_is_polled_for_the_next_one() {
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut cx = Context::from_waker(&waker);
    let set = LocalSet::new();
    let (sender, receiver) = oneshot::channel();
    let mut running = pin!(set.run_until(receiver));
    assert!(running.as_mut().poll(&mut cx).is_pending());
    set.spawn_local(async move { sender.send(7) });
    assert!(woken.0.swap(false, Ordering::SeqCst), "nobody will poll the task");
    assert!(running.as_mut().poll(&mut cx).is_pending(), "its future comes first");
    assert!(woken.0.load(Ordering::SeqCst));
    assert_eq!(running.as_mut().poll(&mut cx), Poll::Ready(Ok(7)));
}

#[test]
fn spawn_local_works_in_all_of_a_local_runtime() {
    let runtime = LocalRuntime::new().unwrap();
    let here = thread::current().id();
    // In a task that may be sent, and in one that it spawns.
    let task = runtime.handle().spawn(async move {
        let (inner, outer) = {
            let inner = spawn_local(async { spawn_local(async { 7 }).await.unwrap() });
            (inner, whippet::spawn(async { drop(spawn_local(async {})) }))
        };
        outer.await.unwrap();
        (inner.await.unwrap(), thread::current().id() == here)
    });
    assert_eq!(runtime.block_on(task).unwrap(), (7, true));
    // After `enter`, of the runtime and of its handle.
    let entered = [false, true].map(|by_handle| {
        let _entered = if by_handle { runtime.handle().enter() } else { runtime.enter() };
        spawn_local(async { Rc::new(8) })
    });
    for task in entered {
        assert_eq!(*runtime.block_on(task).unwrap(), 8);
    }
    // In `block_on` of course; the set of a `run_until` within it comes first.
    let set = LocalSet::new();
    runtime.block_on(async {
        assert_eq!(*spawn_local(async { Rc::new(9) }).await.unwrap(), 9);
        set.run_until(async { drop(spawn_local(pending::<()>())) }).await;
    });
    assert_eq!(format!("{set:?}"), "LocalSet { len: 1, .. }");
}

#[test]
fn spawn_local_is_refused_on_other_threads_of_a_local_runtime() {
    let runtime = LocalRuntime::new().unwrap();
    let refused = || catch_unwind(|| drop(spawn_local(async {}))).is_err();
    let call = runtime.spawn_blocking(refused);
    assert!(runtime.block_on(call).unwrap());
    let handle = runtime.handle().clone();
    let entered = thread::scope(|scope| {
        let entered = scope.spawn(|| {
            let _entered = handle.enter();
            refused()
        });
        entered.join().unwrap()
    });
    assert!(entered);
    assert!(refused(), "it was not entered");
}

#[test]
fn a_local_runtime_drops_its_tasks_here_in_every_state() {
    let (here, dropped) = (thread::current().id(), drops());
    for round in 0..50 {
        let runtime = LocalRuntime::new().unwrap();
        let (send_waker, wakers) = mpsc::channel::<Waker>();
        for state in 0..12 {
            let stays = Stays(Rc::clone(&dropped));
            let send_waker = send_waker.clone();
            drop(runtime.spawn_local(async move {
                let _stays = stays;
                match state % 4 {
                    0 => pending().await,
                    1 => loop {
                        yield_now().await;
                    },
                    2 => drop(spawn_blocking(|| ()).await),
                    _ => {
                        poll_fn(|cx| {
                            let _ = send_waker.send(cx.waker().clone());
                            Poll::<()>::Pending
                        })
                        .await;
                    }
                }
            }));
        }
        if round % 2 == 0 {
            runtime.block_on(yield_now());
        }
        drop(send_waker);
        // Woken elsewhere while the runtime ends.
        thread::scope(|scope| {
            scope.spawn(move || wakers.iter().for_each(Waker::wake));
            drop(runtime);
        });
        assert_eq!(dropped.take(), [here; 12], "round {round}");
    }
}

#[test]
fn a_set_with_two_drivers_goes_on_when_one_ends() {
    /// Counts its wakes.
    #[derive(Default)]
    struct Counts(std::sync::atomic::AtomicUsize);
    impl Wake for Counts {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    // One that stays and one that goes, in either order, by its end or by a drop.
    for case in 0..4 {
        let [first, ends] = [1, 2].map(|bit| case & bit != 0);
        let counts = [(); 2].map(|()| Arc::new(Counts::default()));
        let wakers = counts.each_ref().map(|counts| Waker::from(Arc::clone(counts)));
        let [mut stays_cx, mut goes_cx] = wakers.each_ref().map(Context::from_waker);
        let set = LocalSet::new();
        let (sender, receiver) = oneshot::channel::<u32>();
        let (end, ended) = oneshot::channel::<()>();
        let task = set.spawn_local(receiver);
        let mut stays = pin!(set.run_until(task));
        let mut goes = Some(Box::pin(set.run_until(ended)));
        for turn in 0..2 {
            if (turn == 1) == first {
                assert!(stays.as_mut().poll(&mut stays_cx).is_pending());
            } else if let Some(goes) = &mut goes {
                assert!(goes.as_mut().poll(&mut goes_cx).is_pending());
            }
        }
        if ends {
            end.send(()).unwrap();
            let mut polled = goes.take().unwrap();
            assert!(polled.as_mut().poll(&mut goes_cx).is_ready());
        }
        drop(goes.take());
        sender.send(7).unwrap();
        assert!(counts[0].0.load(Ordering::SeqCst) > 0, "case {case}: the other was never woken");
        let mut polled = stays.as_mut().poll(&mut stays_cx);
        for _ in 0..3 {
            if polled.is_pending() {
                polled = stays.as_mut().poll(&mut stays_cx);
            }
        }
        assert!(matches!(polled, Poll::Ready(Ok(Ok(7)))), "case {case}");
    }
}

#[test]
fn run_until_in_two_branches_of_a_select_stalls_in_none() {
    for runtime in both() {
        let (set, (sender, receiver)) = (LocalSet::new(), oneshot::channel());
        let task = set.spawn_local(receiver);
        let elsewhere = runtime.spawn_blocking(|| ());
        set.block_on(&runtime, async {
            let mut patient = pin!(set.run_until(task));
            whippet::select! {
                biased;
                _ = &mut patient => unreachable!("nobody has sent"),
                _ = set.run_until(elsewhere) => {}
            }
            sender.send(7).unwrap();
            assert_eq!(patient.await.unwrap(), Ok(7));
        });
    }
}

/// Whether `spawn_local` belongs to a set here.
fn belongs_to_a_set() -> bool {
    catch_unwind(|| drop(spawn_local(async {}))).is_ok()
}

#[test]
fn a_guard_kept_beyond_its_poll_enters_no_set() {
    let (set, kept) = (LocalSet::new(), Rc::new(RefCell::new(None)));
    let other = Rc::new(LocalSet::new());
    let [first, second] = [(); 2].map(|()| (Rc::clone(&other), Rc::clone(&kept)));
    let runtime = Builder::new_current_thread().build().unwrap();
    set.spawn_local(async move { *first.1.borrow_mut() = Some(first.0.enter()) });
    set.spawn_local(async move {
        drop(spawn_local(async {}));
        let words = format!("{:?}", second.0);
        assert!(words.contains("len: 0"), "the guard of one task is at work in another");
    });
    set.block_on(&runtime, yield_now());
    assert!(!belongs_to_a_set(), "between polls");
    drop(kept.take());
    assert!(!belongs_to_a_set(), "a guard that is dropped later enters the set of its poll again");
}
