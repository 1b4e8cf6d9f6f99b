//! Blocking calls: on threads of their own, in place, and tasks beside a poll that does not end.

use crate::support::{Ends, Lives, check, workers};
use shuttle::sync::Barrier;
use shuttle::sync::mpsc::channel;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;
use whippet::runtime::Builder;
use whippet::sync::oneshot;
use whippet::task::{block_in_place, spawn_blocking, yield_now};

#[test]
fn shuttle_blocking_jobs_that_bring_jobs_are_all_run() {
    check(|| {
        let mut builder = Builder::new_multi_thread();
        // A thread without a job leaves at some time.
        builder.worker_threads(1).max_blocking_threads(1).thread_keep_alive(Duration::ZERO);
        let (runtime, runs) = (Ends::of(builder.build()), Arc::new(AtomicUsize::new(0)));
        runtime.block_on(async {
            // The thread is on its way out, or not, when the next job comes.
            for _ in 0..2 {
                let (sender, receiver) = oneshot::channel();
                let (outer, inner) = (Arc::clone(&runs), Arc::clone(&runs));
                spawn_blocking(move || {
                    outer.fetch_add(1, SeqCst);
                    spawn_blocking(move || {
                        inner.fetch_add(1, SeqCst);
                        sender.send(())
                    });
                });
                receiver.await.expect("it is sent");
            }
        });
        assert_eq!(runs.load(SeqCst), 4);
    });
}

#[test]
fn shuttle_blocking_jobs_that_wait_for_each_other_have_threads() {
    check(|| {
        let mut builder = Builder::new_multi_thread();
        let runtime = Ends::of(builder.worker_threads(1).max_blocking_threads(2).build());
        runtime.block_on(async {
            // Its thread waits for the next job, or will.
            spawn_blocking(|| ()).await.expect("it ends well");
            let both = Arc::new(Barrier::new(2));
            let meet = || {
                let both = Arc::clone(&both);
                spawn_blocking(move || both.wait().is_leader())
            };
            let (one, other) = (meet(), meet());
            let leaders = [one.await.expect("it ends well"), other.await.expect("it ends well")];
            assert_ne!(leaders[0], leaders[1]);
        });
    });
}

#[test]
fn shuttle_blocking_jobs_meet_the_end() {
    check(|| {
        let (runtime, lives) = (workers(1), Lives::default());
        let jobs: Vec<_> = (0..4)
            .map(|_| {
                let life = lives.one();
                runtime.spawn_blocking(move || drop(life))
            })
            .collect();
        drop(runtime);
        for job in jobs {
            assert!(job.is_finished(), "it has run, or was cancelled");
        }
        assert_eq!(lives.count(), 0);
    });
}

#[test]
fn shuttle_others_go_on_while_all_workers_block_in_place() {
    check(|| {
        let runtime = workers(2);
        let (sender, receiver) = channel();
        let receiver = shuttle::sync::Mutex::new(receiver);
        let receiver = Arc::new(receiver);
        let block = || {
            let receiver = Arc::clone(&receiver);
            runtime.spawn(async move {
                let take =
                    || receiver.lock().expect("no thread panics").recv().expect("it is sent");
                let first: u8 = block_in_place(take);
                yield_now().await;
                first
            })
        };
        let blocked = [block(), block()];
        let frees = runtime.spawn(async move {
            for number in [3, 4] {
                yield_now().await;
                sender.send(number).expect("the receiver is alive");
            }
        });
        runtime.block_on(async {
            let mut sum = 0;
            for task in blocked {
                sum += task.await.expect("it ends well");
            }
            frees.await.expect("it ends well");
            assert_eq!(sum, 7);
        });
    });
}

#[test]
fn shuttle_a_stand_in_and_a_worker_that_comes_back_meet_the_end() {
    check(|| {
        let (runtime, lives) = (workers(1), Lives::default());
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let life = lives.one();
                runtime.spawn(async move {
                    let _life = life;
                    block_in_place(shuttle::thread::yield_now);
                    yield_now().await;
                    std::future::pending::<()>().await;
                })
            })
            .collect();
        drop(runtime);
        assert!(tasks.iter().all(|task| task.is_finished()));
        assert_eq!(lives.count(), 0);
    });
}

#[test]
fn shuttle_a_task_in_the_ring_waits_for_no_other_poll() {
    check(|| {
        let runtime = workers(2);
        let (ends, ended) = channel();
        let blocks = runtime.spawn(async move {
            let (sender, receiver) = channel();
            whippet::spawn(async move { sender.send(7).expect("the receiver is alive") });
            // It takes the worker's LIFO slot from the one above, and may wait there until this poll ends.
            whippet::spawn(async {});
            let number: u8 = receiver.recv().expect("it is sent");
            ends.send(number).expect("the receiver is alive");
        });
        assert_eq!(ended.recv().expect("it is sent"), 7);
        runtime.block_on(blocks).expect("it ends well");
    });
}

#[test]
fn shuttle_polls_that_wait_for_each_other_have_a_worker_each() {
    check(|| {
        let runtime = workers(3);
        let all = Arc::new(Barrier::new(3));
        let root = runtime.spawn(async move {
            for _ in 0..2 {
                let all = Arc::clone(&all);
                whippet::spawn(async move { all.wait().is_leader() });
            }
            // It takes the LIFO slot, so that both are in the ring.
            whippet::spawn(async {});
            all.wait().is_leader()
        });
        let _any = runtime.block_on(root).expect("it ends well");
    });
}
