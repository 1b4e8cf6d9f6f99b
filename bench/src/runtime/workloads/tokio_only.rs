//! What smol has no crate for: many at once from a channel, a value that is watched, a notification that is kept.

use super::rt;
use super::support::{Countdown, Work, all_timed, timed};
use crate::runtime::size::Size;
use std::sync::Arc;
use std::time::Instant;

pub(crate) const ALL: &[(&str, Work)] =
    &[("mpsc_recv_many", recv_many), ("watch_100", watch), ("notify_one", notify_one)];

fn recv_many(runtime: &rt::Runtime, size: Size) -> f64 {
    const SENDERS: usize = 5;
    let each = size.of(10_000);
    all_timed(runtime, size, each * SENDERS, move || async move {
        let (sender, mut receiver) = rt::mpsc::channel(1_000_000);
        for _ in 0..SENDERS {
            let sender = sender.clone();
            rt::spawn(async move {
                for number in 0..each {
                    sender.send(number).await.expect("there is a receiver");
                }
            });
        }
        drop(sender);
        let mut buffer = Vec::with_capacity(SENDERS * each);
        while buffer.len() < SENDERS * each {
            assert_ne!(receiver.recv_many(&mut buffer, SENDERS * each).await, 0);
        }
    })
}

/// Each value is set when all have seen the one before.
fn watch(runtime: &rt::Runtime, size: Size) -> f64 {
    const RECEIVERS: usize = 100;
    let values = size.of(500);
    timed(runtime, size, values * RECEIVERS, move || async move {
        let (sender, receiver) = rt::watch::channel(0);
        let (countdown, mut all) = Countdown::new(RECEIVERS);
        let (gone, mut all_gone) = Countdown::new(RECEIVERS);
        for _ in 0..RECEIVERS {
            let mut receiver = receiver.clone();
            let (countdown, gone) = (Arc::clone(&countdown), Arc::clone(&gone));
            rt::spawn(async move {
                while receiver.changed().await.is_ok() {
                    let _seen = *receiver.borrow_and_update();
                    countdown.count_again(RECEIVERS);
                }
                gone.count();
            });
        }
        drop(receiver);
        let began = Instant::now();
        for value in 0..values {
            sender.send(value).expect("there is a watcher");
            all.recv().await;
        }
        let time = began.elapsed();
        drop(sender);
        all_gone.recv().await;
        time
    })
}

/// Two tasks that notify each other in turn.
fn notify_one(runtime: &rt::Runtime, size: Size) -> f64 {
    let rounds = size.of(20_000);
    all_timed(runtime, size, rounds, move || async move {
        let pair = Arc::new((rt::Notify::new(), rt::Notify::new()));
        let other = Arc::clone(&pair);
        rt::spawn(async move {
            for _ in 0..rounds {
                other.0.notified().await;
                other.1.notify_one();
            }
        });
        for _ in 0..rounds {
            pair.0.notify_one();
            pair.1.notified().await;
        }
    })
}
