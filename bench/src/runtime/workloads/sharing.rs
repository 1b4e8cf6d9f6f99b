//! Broadcast, notify, semaphore, mutex: the shapes of tokio's `sync_*`.

use super::rt;
use super::support::{Countdown, Work, all_timed, timed};
use crate::runtime::size::Size;
use std::sync::Arc;
use std::time::Instant;

pub(crate) const ALL: &[(&str, Work)] = &[
    ("broadcast_10", |runtime, size| broadcast(runtime, size, 10)),
    ("broadcast_100", |runtime, size| broadcast(runtime, size, 100)),
    ("broadcast_1000", |runtime, size| broadcast(runtime, size, 1_000)),
    ("notify_waiters_100", notify_waiters),
    ("semaphore_contended", semaphore),
    ("mutex_contended", mutex),
];

/// Deliveries of a workload.
const DELIVERIES: usize = 50_000;

/// Each value is sent when all have received the one before.
fn broadcast(runtime: &rt::Runtime, size: Size, receivers: usize) -> f64 {
    let values = size.of(DELIVERIES / receivers).max(5);
    timed(runtime, size, values * receivers, move || async move {
        let (sender, first) = rt::broadcast::channel::<usize>(16);
        let mut listening = vec![first];
        listening.extend((1..receivers).map(|_| sender.subscribe()));
        let (countdown, mut all) = Countdown::new(receivers);
        let (gone, mut all_gone) = Countdown::new(receivers);
        for mut receiver in listening {
            let (countdown, gone) = (Arc::clone(&countdown), Arc::clone(&gone));
            rt::spawn(async move {
                while rt::recv_broadcast(&mut receiver).await.is_some() {
                    countdown.count_again(receivers);
                }
                gone.count();
            });
        }
        let began = Instant::now();
        for value in 0..values {
            rt::send_broadcast(&sender, value).await;
            all.recv().await;
        }
        let time = began.elapsed();
        drop(sender);
        all_gone.recv().await;
        time
    })
}

/// All waiters are woken when all wait again.
fn notify_waiters(runtime: &rt::Runtime, size: Size) -> f64 {
    const WAITERS: usize = 100;
    let rounds = size.of(DELIVERIES / WAITERS);
    all_timed(runtime, size, WAITERS * rounds, move || async move {
        let notify = Arc::new(rt::Notify::new());
        let (countdown, mut all) = Countdown::new(WAITERS);
        for _ in 0..WAITERS {
            let (notify, countdown) = (Arc::clone(&notify), Arc::clone(&countdown));
            rt::spawn(async move {
                for _ in 0..rounds {
                    let woken = notify.notified();
                    countdown.count_again(WAITERS);
                    woken.await;
                }
                countdown.count_again(WAITERS);
            });
        }
        for _ in 0..rounds {
            all.recv().await;
            notify.notify_waiters();
        }
        all.recv().await;
    })
}

/// Six tasks take one of five permits, and hold it across a yield.
fn semaphore(runtime: &rt::Runtime, size: Size) -> f64 {
    const TASKS: usize = 6;
    let each = size.of(30_000) / TASKS;
    all_timed(runtime, size, TASKS * each, move || async move {
        let semaphore = Arc::new(rt::Semaphore::new(TASKS - 1));
        let (countdown, mut done) = Countdown::new(TASKS);
        for _ in 0..TASKS {
            let (semaphore, countdown) = (Arc::clone(&semaphore), Arc::clone(&countdown));
            rt::spawn(async move {
                for _ in 0..each {
                    let permit = rt::acquire(&semaphore).await;
                    rt::yield_now().await;
                    drop(permit);
                }
                countdown.count();
            });
        }
        done.recv().await;
    })
}

/// Six tasks add to one number, and hold it across a yield each tenth time.
fn mutex(runtime: &rt::Runtime, size: Size) -> f64 {
    const TASKS: usize = 6;
    let each = size.of(60_000) / TASKS;
    all_timed(runtime, size, TASKS * each, move || async move {
        let number = Arc::new(rt::Mutex::new(0));
        let (countdown, mut done) = Countdown::new(TASKS);
        for _ in 0..TASKS {
            let (number, countdown) = (Arc::clone(&number), Arc::clone(&countdown));
            rt::spawn(async move {
                for round in 0..each {
                    let mut number = number.lock().await;
                    *number += 1;
                    if round % 10 == 9 {
                        rt::yield_now().await;
                    }
                }
                countdown.count();
            });
        }
        done.recv().await;
        assert_eq!(*number.lock().await, TASKS * each);
    })
}
