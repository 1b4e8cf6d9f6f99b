//! Shutdown: of tasks by an abort, of sets, of whole runtimes, while other threads spawn and wake.

use crate::support::{Lives, assert_empty, check, current_thread, workers};
use shuttle::thread;
use std::future::pending;
use std::sync::Arc;
use whippet::sync::{CancellationToken, Notify, mpsc, oneshot};
use whippet::task::{JoinSet, LocalSet, yield_now};

#[test]
fn shuttle_a_spawn_meets_the_end() {
    check(|| {
        let (runtime, lives) = (workers(2), Lives::default());
        let handle = runtime.handle().clone();
        let spawner = thread::spawn({
            let lives = lives.clone();
            move || {
                let spawn = |_| {
                    let life = lives.one();
                    handle.spawn(async move {
                        let _life = life;
                        yield_now().await;
                        pending::<()>().await;
                    })
                };
                (0..3).map(spawn).collect::<Vec<_>>()
            }
        });
        let metrics = runtime.end();
        for task in spawner.join().expect("it ends well") {
            assert!(task.is_finished(), "a task was let in behind the end");
        }
        assert_empty(&metrics);
        assert_eq!(lives.count(), 0);
    });
}

#[test]
fn shuttle_tasks_in_every_state_meet_the_end() {
    check(|| {
        let (runtime, lives) = (workers(2), Lives::default());
        let (sender, mut receiver) = mpsc::channel::<crate::support::Life>(1);
        let (life, lives_on) = (lives.one(), lives.clone());
        // Waits for what a thread outside sends; spawns; is woken by others of the runtime.
        let parent = runtime.spawn(async move {
            let _life = life;
            while let Some(message) = receiver.recv().await {
                let life = lives_on.one();
                whippet::spawn(async move {
                    let _both = (message, life);
                    yield_now().await;
                });
            }
        });
        let sends = thread::spawn({
            let lives = lives.clone();
            move || (0..4).take_while(|_| sender.blocking_send(lives.one()).is_ok()).count()
        });
        let metrics = runtime.end();
        let _sent = sends.join().expect("it ends well");
        assert!(parent.is_finished());
        assert_empty(&metrics);
        assert_eq!(lives.count(), 0);
    });
}

#[test]
fn shuttle_a_runtime_in_the_background_ends_by_itself() {
    check(|| {
        let lives = Lives::default();
        let runtime = whippet::runtime::Builder::new_multi_thread().worker_threads(2).build();
        let runtime = runtime.expect("a runtime");
        let tasks: Vec<_> = (0..2)
            .map(|_| {
                let life = lives.one();
                runtime.spawn(async move {
                    let _life = life;
                    yield_now().await;
                    pending::<()>().await;
                })
            })
            .collect();
        runtime.shutdown_background();
        // Beside a runtime of its own, as the one that they were in may have ended.
        let waits = current_thread();
        for task in tasks {
            assert!(waits.block_on(task).is_err_and(|error| error.is_cancelled()));
        }
        assert_eq!(lives.count(), 0);
    });
}

#[test]
fn shuttle_an_abort_meets_a_wake() {
    check(|| {
        let (runtime, lives, place) = (workers(2), Lives::default(), Arc::new(Notify::new()));
        let task = runtime.spawn({
            let (life, place) = (lives.one(), Arc::clone(&place));
            async move {
                let _life = life;
                place.notified().await;
                yield_now().await;
                7
            }
        });
        let aborts = thread::spawn({
            let abort = task.abort_handle();
            move || abort.abort()
        });
        place.notify_one();
        let joined = runtime.block_on(task);
        assert!(joined.map_or_else(|error| error.is_cancelled(), |output| output == 7));
        // The future is gone once the handle says so.
        assert_eq!(lives.count(), 0);
        aborts.join().expect("it ends well");
    });
}

#[test]
fn shuttle_a_set_is_dropped_with_tasks_in_every_state() {
    check(|| {
        let (runtime, lives) = (workers(2), Lives::default());
        let fill = |set: &mut JoinSet<()>| {
            for turns in 0..3 {
                let life = lives.one();
                let task = async move {
                    let _life = life;
                    for _ in 0..turns {
                        yield_now().await;
                    }
                    if turns == 2 {
                        pending::<()>().await;
                    }
                };
                set.spawn_on(task, runtime.handle());
            }
        };
        let (mut dropped, mut ended) = (JoinSet::new(), JoinSet::new());
        fill(&mut dropped);
        fill(&mut ended);
        drop(dropped);
        runtime.block_on(ended.shutdown());
        drop(runtime);
        assert_eq!(lives.count(), 0);
    });
}

#[test]
fn shuttle_a_token_stops_a_tree_of_tasks() {
    check(|| {
        let (runtime, token) = (workers(2), CancellationToken::new());
        let mut tasks = JoinSet::new();
        for _ in 0..2 {
            let child = token.child_token();
            let task = async move {
                let leaf = child.child_token();
                whippet::spawn(leaf.cancelled_owned()).await.expect("it ends well");
                assert!(child.is_cancelled());
            };
            tasks.spawn_on(task, runtime.handle());
        }
        token.cancel();
        runtime.block_on(tasks.join_all());
    });
}

#[test]
fn shuttle_local_tasks_woken_from_elsewhere_end_with_their_set() {
    check(|| {
        let (runtime, lives) = (current_thread(), Lives::default());
        let (sender, receiver) = oneshot::channel::<u8>();
        let (late, never) = oneshot::channel::<u8>();
        let sends = thread::spawn(move || {
            let _gone = (sender.send(7), late.send(8));
        });
        let set = LocalSet::new();
        let number = set.block_on(&runtime, async {
            let life = lives.one();
            whippet::task::spawn_local(async move {
                let _life = life;
                let _ = never.await;
                pending::<()>().await;
            });
            let task = whippet::task::spawn_local(receiver);
            task.await.expect("it ends well").expect("it is sent")
        });
        drop(set);
        assert_eq!((number, lives.count()), (7, 0));
        sends.join().expect("it ends well");
    });
}
