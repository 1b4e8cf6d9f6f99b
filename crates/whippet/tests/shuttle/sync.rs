//! Channels, permits and notifications between tasks on several workers.

use crate::support::{Lives, check, workers};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use whippet::sync::{Notify, Semaphore, broadcast, mpsc, oneshot, watch};
use whippet::task::{JoinSet, yield_now};

#[test]
fn shuttle_a_narrow_channel_loses_and_doubles_nothing() {
    check(|| {
        let (runtime, lives) = (workers(3), Lives::default());
        let (sender, mut receiver) = mpsc::channel(1);
        for author in 0..3 {
            let (sender, lives) = (sender.clone(), lives.clone());
            runtime.spawn(async move {
                for number in 0..3 {
                    let message = (author, number, lives.one());
                    assert!(sender.send(message).await.is_ok(), "the receiver is alive");
                }
            });
        }
        drop(sender);
        let received = runtime.block_on(runtime.spawn(async move {
            let mut received = [0; 3];
            while let Some((author, number, _life)) = receiver.recv().await {
                assert_eq!(received[author], number, "in the order of its author");
                received[author] += 1;
            }
            received
        }));
        assert_eq!((received.expect("it ends well"), lives.count()), ([3; 3], 0));
    });
}

#[test]
fn shuttle_each_question_gets_its_answer() {
    check(|| {
        let runtime = workers(2);
        let (ask, mut questions) = mpsc::channel::<(u32, oneshot::Sender<u32>)>(2);
        runtime.spawn(async move {
            while let Some((number, answer)) = questions.recv().await {
                // Some have gone in between.
                let _ = answer.send(number * 2);
            }
        });
        let mut people = JoinSet::new();
        for number in 0..3 {
            let ask = ask.clone();
            let person = async move {
                let (answer, answered) = oneshot::channel();
                ask.send((number, answer)).await.expect("the receiver is alive");
                answered.await.expect("it is answered")
            };
            people.spawn_on(person, runtime.handle());
        }
        drop(ask);
        let mut answers = runtime.block_on(people.join_all());
        answers.sort_unstable();
        assert_eq!(answers, [0, 2, 4]);
    });
}

#[test]
fn shuttle_permits_are_never_too_many_and_all_come_back() {
    check(|| {
        let (runtime, permits) = (workers(2), Arc::new(Semaphore::new(2)));
        let held = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        for count in [1, 2, 1, 2] {
            let (permits, held) = (Arc::clone(&permits), Arc::clone(&held));
            let task = async move {
                let _permit = permits.acquire_many(count).await.expect("it is open");
                let before = held.fetch_add(count as usize, SeqCst);
                assert!(before + count as usize <= 2, "more than there are");
                yield_now().await;
                held.fetch_sub(count as usize, SeqCst);
            };
            tasks.spawn_on(task, runtime.handle());
        }
        // One is cancelled, perhaps in the queue, perhaps with permits.
        tasks.spawn_on(async { yield_now().await }, runtime.handle());
        let gives_up = runtime.spawn({
            let permits = Arc::clone(&permits);
            async move { permits.acquire_many_owned(2).await.map(drop) }
        });
        gives_up.abort();
        runtime.block_on(tasks.join_all());
        let _ = runtime.block_on(gives_up);
        assert_eq!((permits.available_permits(), held.load(SeqCst)), (2, 0));
    });
}

#[test]
fn shuttle_all_waiters_are_notified() {
    check(|| {
        let (runtime, place) = (workers(2), Arc::new(Notify::new()));
        let (ready, mut readies) = mpsc::channel(3);
        let mut tasks = JoinSet::new();
        for _ in 0..3 {
            let (place, ready) = (Arc::clone(&place), ready.clone());
            let task = async move {
                let notified = place.notified();
                let mut notified = std::pin::pin!(notified);
                notified.as_mut().enable();
                ready.send(()).await.expect("the receiver is alive");
                notified.await;
            };
            tasks.spawn_on(task, runtime.handle());
        }
        runtime.block_on(async {
            for _ in 0..3 {
                readies.recv().await.expect("all are ready");
            }
            place.notify_waiters();
            tasks.join_all().await;
        });
    });
}

#[test]
fn shuttle_watchers_see_the_last_value_and_listeners_all() {
    check(|| {
        let runtime = workers(2);
        let (shown, mut seen) = watch::channel(0);
        let (sender, mut receiver) = broadcast::channel(4);
        let watcher = runtime.spawn(async move {
            while *seen.borrow_and_update() < 3 {
                seen.changed().await.expect("more is to come");
            }
        });
        let listener = runtime.spawn(async move {
            let mut all = Vec::new();
            while let Ok(number) = receiver.recv().await {
                all.push(number);
            }
            all
        });
        let speaker = runtime.spawn(async move {
            for number in 1..=3 {
                shown.send_replace(number);
                sender.send(number).expect("the receiver is alive");
                yield_now().await;
            }
            shown
        });
        let _shown = runtime.block_on(speaker).expect("it ends well");
        runtime.block_on(watcher).expect("it ends well");
        assert_eq!(runtime.block_on(listener).expect("it ends well"), [1, 2, 3]);
    });
}
