//! One test for each way in which other runtimes broke, as far as it concerns executor and runtime as a whole.

use super::{Builder, Runtime};
use crate::net::UnixStream;
use crate::task::{spawn, spawn_blocking, yield_now};
use std::cell::RefCell;
use std::future::poll_fn;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::time::Duration;

/// How long an event may take before its test fails.
const DEADLINE: Duration = Duration::from_secs(30);

fn multi(workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).build().unwrap()
}

#[test]
fn regression_04_a_remote_wake_reaches_workers_that_fall_asleep() {
    let runtime = multi(2);
    let (sender, receiver) = mpsc::channel();
    for round in 0..10_000 {
        let sender = sender.clone();
        drop(runtime.spawn(async move { sender.send(round).unwrap() }));
        // The answer leaves both workers on their way to sleep when the next task comes.
        assert_eq!(
            receiver.recv_timeout(DEADLINE),
            Ok(round),
            "a task was pushed and nobody ran it"
        );
    }
}

#[test]
fn regression_04_a_task_in_the_ring_waits_for_no_other_poll() {
    let runtime = multi(2);
    for _ in 0..2_000 {
        let (sender, receiver) = mpsc::channel();
        let task = runtime.spawn(async move {
            drop(spawn(async move { sender.send(()).unwrap() }));
            // The second takes the LIFO slot, so the first stands in the ring.
            drop(spawn(async {}));
            receiver.recv_timeout(DEADLINE)
        });
        assert!(
            runtime.block_on(task).unwrap().is_ok(),
            "the other worker slept beside a full ring"
        );
    }
}

#[test]
fn regression_05_two_tasks_that_wake_each_other_do_not_starve_a_third() {
    let runtime = multi(1);
    let slots: Arc<[Mutex<Option<Waker>>; 2]> = Arc::default();
    let exchanges = Arc::new(AtomicUsize::new(0));
    let player = |me: usize| {
        let (slots, exchanges) = (Arc::clone(&slots), Arc::clone(&exchanges));
        poll_fn(move |cx| {
            exchanges.fetch_add(1, SeqCst);
            *slots[me].lock().unwrap() = Some(cx.waker().clone());
            let other = slots[1 - me].lock().unwrap().take();
            other.into_iter().for_each(Waker::wake);
            Poll::<()>::Pending
        })
    };
    let worst = runtime.block_on(async {
        let (ping, pong) = (spawn(player(0)), spawn(player(1)));
        let counter = Arc::clone(&exchanges);
        let third = spawn(async move {
            let mut worst = 0;
            for _ in 0..1_000 {
                let before = counter.load(SeqCst);
                yield_now().await;
                worst = worst.max(counter.load(SeqCst) - before);
            }
            worst
        });
        let worst = third.await.unwrap();
        ping.abort();
        pong.abort();
        worst
    });
    // Three turns of the slot, and the one that stood in the ring.
    assert!(worst <= 5, "{worst} polls of the pair between two turns of the third");
    assert!(exchanges.load(SeqCst) > 1_000, "the pair never played");
}

#[test]
fn regression_05_a_task_in_the_slot_of_an_endless_poll_is_stolen() {
    let runtime = multi(2);
    let (sender, receiver) = mpsc::channel();
    let (filled, fills) = mpsc::channel();
    let hog = runtime.spawn(async move {
        drop(spawn(async move { sender.send(()).unwrap() }));
        filled.send(()).unwrap();
        receiver.recv_timeout(DEADLINE)
    });
    fills.recv_timeout(DEADLINE).unwrap();
    // The other worker wakes for this one, and looks around afterwards.
    drop(runtime.spawn(async {}));
    assert!(
        runtime.block_on(hog).unwrap().is_ok(),
        "a task stood in the slot beside a worker that looked for one"
    );
}

#[test]
fn regression_06_a_flood_of_tasks_overflows_rings_and_is_stolen_without_loss() {
    let runtime = multi(4);
    let runs = Arc::new(AtomicUsize::new(0));
    let tasks = 50_000;
    let counter = Arc::clone(&runs);
    let spawner = runtime.spawn(async move {
        let handles: Vec<_> = (0..tasks)
            .map(|_| {
                let counter = Arc::clone(&counter);
                spawn(async move {
                    counter.fetch_add(1, SeqCst);
                })
            })
            .collect();
        for handle in handles {
            handle.await.unwrap();
        }
    });
    runtime.block_on(spawner).unwrap();
    assert_eq!(runs.load(SeqCst), tasks);
}

#[test]
fn regression_09_timers_go_on_beside_a_poll_that_does_not_end() {
    let runtime = multi(2);
    for _ in 0..20 {
        let (sender, receiver) = mpsc::channel();
        // This poll ends only when the other task has slept several times.
        let hog = runtime.spawn(async move { receiver.recv_timeout(DEADLINE) });
        let sleeper = runtime.spawn(async move {
            for _ in 0..3 {
                crate::time::sleep(Duration::from_micros(200)).await;
            }
            sender.send(()).unwrap();
        });
        assert!(
            runtime.block_on(hog).unwrap().is_ok(),
            "the timers stood still beside a long poll"
        );
        runtime.block_on(sleeper).unwrap();
    }
}

#[test]
fn regression_09_a_worker_that_is_never_idle_looks_at_sockets_and_timers() {
    let runtime = multi(1);
    let done = Arc::new(AtomicBool::new(false));
    let (sender, receiver) = mpsc::channel();
    let busy = runtime.spawn({
        let done = Arc::clone(&done);
        async move {
            while !done.load(SeqCst) {
                yield_now().await;
            }
        }
    });
    let waits = runtime.spawn(async move {
        let (near, far) = UnixStream::pair().unwrap();
        for _ in 0..3 {
            crate::time::sleep(Duration::from_micros(200)).await;
            far.writable().await.unwrap();
            assert_eq!(far.try_write(b"!").unwrap(), 1);
            near.readable().await.unwrap();
            assert_eq!(near.try_read(&mut [0; 8]).unwrap(), 1);
        }
        sender.send(()).unwrap();
    });
    let woken = receiver.recv_timeout(DEADLINE);
    done.store(true, SeqCst);
    assert!(woken.is_ok(), "a busy worker let its sockets and timers wait");
    runtime.block_on(async { (busy.await.unwrap(), waits.await.unwrap()) });
}

#[test]
fn regression_10_blocking_jobs_that_bring_jobs_are_all_run_by_one_thread() {
    for keep_alive in [Duration::ZERO, Duration::from_micros(50), Duration::from_secs(10)] {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2).max_blocking_threads(1).thread_keep_alive(keep_alive);
        let runtime = builder.build().unwrap();
        let (sender, receiver) = mpsc::channel();
        for round in 0..1_000 {
            let sender = sender.clone();
            drop(runtime.spawn_blocking(move || {
                drop(spawn_blocking(move || sender.send(round).unwrap()));
            }));
            if round % 3 == 0 {
                // The thread is on its way out, or not, when the next job comes.
                receiver.recv_timeout(DEADLINE).expect("a job was brought and nobody ran it");
            }
        }
        for _ in 0..666 {
            receiver.recv_timeout(DEADLINE).expect("a job was brought and nobody ran it");
        }
        assert!(runtime.metrics().num_blocking_threads() <= 1);
    }
}

#[test]
fn regression_14_a_waker_works_while_the_thread_ends() {
    /// Wakes when the thread's locals are dropped.
    struct WakesAtTheEnd(RefCell<Option<Waker>>);
    impl Drop for WakesAtTheEnd {
        fn drop(&mut self) {
            self.0.take().into_iter().for_each(Waker::wake);
        }
    }
    thread_local! {
        static AT_THE_END: WakesAtTheEnd = const { WakesAtTheEnd(RefCell::new(None)) };
    }
    let runtime = multi(1);
    let (sender, receiver) = mpsc::channel::<Waker>();
    let mut polls = 0;
    let task = runtime.spawn(poll_fn(move |cx| {
        polls += 1;
        if polls == 2 {
            return Poll::Ready(());
        }
        sender.send(cx.waker().clone()).unwrap();
        Poll::Pending
    }));
    let handle = runtime.handle().clone();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            AT_THE_END
                .with(|slot| *slot.0.borrow_mut() = Some(receiver.recv_timeout(DEADLINE).unwrap()));
            // Made after `AT_THE_END`, and so gone when that is dropped.
            drop(handle.enter());
        });
    });
    runtime.block_on(task).unwrap();
}
