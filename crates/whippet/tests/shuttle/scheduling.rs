//! Spawns, wakes and steals.

use crate::support::{Lives, check, check_seed, current_thread, workers};
use shuttle::thread;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use whippet::sync::{Notify, mpsc, oneshot};
use whippet::task::{JoinSet, yield_now};

/// More than a ring of a model holds, twice.
const FLOOD: usize = 9;

#[test]
fn shuttle_tasks_that_flood_a_ring_are_all_run_once() {
    check(|| {
        let (runs, lives) = (Arc::new(AtomicUsize::new(0)), Lives::default());
        let runtime = workers(3);
        let flood = runtime.spawn({
            let (runs, lives) = (Arc::clone(&runs), lives.clone());
            async move {
                let spawn = |_| {
                    let (runs, life) = (Arc::clone(&runs), lives.one());
                    whippet::spawn(async move {
                        let _life = life;
                        yield_now().await;
                        runs.fetch_add(1, SeqCst);
                    })
                };
                let tasks: Vec<_> = (0..FLOOD).map(spawn).collect();
                for task in tasks {
                    task.await.expect("it ends well");
                }
            }
        });
        runtime.block_on(flood).expect("it ends well");
        assert_eq!((runs.load(SeqCst), lives.count()), (FLOOD, 0));
    });
}

#[test]
fn shuttle_tasks_from_outside_meet_workers_that_go_to_sleep() {
    check(|| {
        let (lives, runtime) = (Lives::default(), workers(2));
        for _ in 0..3 {
            let (life, (sender, receiver)) = (lives.one(), oneshot::channel());
            let task = runtime.spawn(async move {
                let _life = life;
                receiver.await
            });
            sender.send(7).expect("it waits, or will");
            // The workers have nothing to do in between.
            assert_eq!(runtime.block_on(task).expect("it ends well"), Ok(7));
        }
        drop(runtime);
        assert_eq!(lives.count(), 0);
    });
}

#[test]
fn shuttle_tasks_wake_each_other_round_and_round() {
    check(|| {
        const ROUNDS: usize = 3;
        let runtime = workers(3);
        let places: Arc<[Notify]> = (0..4).map(|_| Notify::new()).collect();
        let mut tasks = JoinSet::new();
        for index in 0..places.len() {
            let places = Arc::clone(&places);
            tasks.spawn_on(
                async move {
                    for _ in 0..ROUNDS {
                        places[index].notified().await;
                        places[(index + 1) % places.len()].notify_one();
                    }
                },
                runtime.handle(),
            );
        }
        places[0].notify_one();
        let joined = runtime.block_on(async {
            let mut joined = 0;
            while let Some(task) = tasks.join_next().await {
                task.expect("it ends well");
                joined += 1;
            }
            joined
        });
        assert_eq!(joined, places.len());
    });
}

#[test]
fn shuttle_wakes_from_several_threads_at_once_are_seen() {
    check(|| {
        let (runtime, place) = (workers(2), Arc::new(Notify::new()));
        let (sender, mut receiver) = mpsc::channel(1);
        let waits = runtime.spawn({
            let place = Arc::clone(&place);
            async move {
                let mut sum = 0;
                // Both are waited for by one task, so that its wakes meet.
                for _ in 0..2 {
                    whippet::select! {
                        number = receiver.recv() => sum += number.expect("it is sent"),
                        () = place.notified() => sum += 10,
                    }
                }
                sum
            }
        });
        let notifies = thread::spawn(move || place.notify_one());
        let sends = thread::spawn(move || sender.blocking_send(1).map(|()| sender));
        notifies.join().expect("it ends well");
        let _sender = sends.join().expect("it ends well");
        assert_eq!(runtime.block_on(waits).expect("it ends well"), 11);
    });
}

#[test]
fn shuttle_two_threads_share_a_current_thread_runtime() {
    check(|| {
        let runtime = Arc::new(current_thread());
        let (sender, receiver) = oneshot::channel();
        let (back, answer) = oneshot::channel();
        let other = thread::spawn({
            let runtime = Arc::clone(&runtime);
            move || {
                let task = runtime.spawn(async move {
                    yield_now().await;
                    sender.send(6).expect("the receiver is alive");
                });
                let answer: Result<u8, _> = runtime.block_on(answer);
                runtime.block_on(task).expect("it ends well");
                answer.expect("it is sent")
            }
        });
        let number: u8 = runtime.block_on(receiver).expect("it is sent");
        // This thread drives nothing any more: the other comes to the task, or none does.
        runtime.spawn(async move {
            yield_now().await;
            back.send(number + 1).expect("the receiver is alive");
        });
        assert_eq!(other.join().expect("it ends well"), 7);
        assert!(Arc::into_inner(runtime).is_some(), "there is no other reference");
    });
}

#[test]
fn shuttle_a_seed_decides_a_whole_run() {
    check_seed(|| {
        let runtime = workers(2);
        let (sender, mut receiver) = mpsc::channel(2);
        for number in 0..3 {
            let sender = sender.clone();
            runtime.spawn(async move {
                whippet::select! {
                    () = whippet::time::sleep(std::time::Duration::from_millis(number)) => {}
                    () = yield_now() => {}
                }
                let answer = whippet::task::spawn_blocking(move || number).await;
                sender.send(answer.expect("it ends well")).await.expect("the receiver is alive");
            });
        }
        drop(sender);
        let sum = runtime.block_on(async move {
            let mut sum = 0;
            while let Some(number) = receiver.recv().await {
                sum += number;
            }
            sum
        });
        assert_eq!(sum, 3);
    });
}

#[test]
fn shuttle_several_threads_wait_beside_workers() {
    check(|| {
        let runtime = Arc::new(workers(2));
        let (sender, mut receiver) = mpsc::channel(1);
        let threads: Vec<_> = (0..2)
            .map(|number| {
                let (runtime, sender) = (Arc::clone(&runtime), sender.clone());
                thread::spawn(move || {
                    runtime.block_on(async move {
                        let task = whippet::spawn(async move { sender.send(number).await });
                        task.await.expect("it ends well").expect("the receiver is alive");
                    });
                })
            })
            .collect();
        drop(sender);
        let sum = runtime.block_on(async {
            let mut sum = 0;
            while let Some(number) = receiver.recv().await {
                sum += number;
            }
            sum
        });
        for thread in threads {
            thread.join().expect("it ends well");
        }
        assert_eq!(sum, 1);
        assert!(Arc::into_inner(runtime).is_some(), "there is no other reference");
    });
}
