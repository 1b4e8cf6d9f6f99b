//! Channels from many to one, and for one value: the shapes of tokio's `sync_mpsc`, and async-executor's ring.

use super::rt;
use super::support::{Work, all_timed};
use crate::runtime::size::Size;

pub(crate) const ALL: &[(&str, Work)] = &[
    ("mpsc_one_task", mpsc_one_task),
    ("mpsc_1_to_1", |runtime, size| contended(runtime, size, 1, 1_000)),
    ("mpsc_5_to_1", |runtime, size| contended(runtime, size, 5, 1_000_000)),
    ("mpsc_5_to_1_full", |runtime, size| contended(runtime, size, 5, 100)),
    ("mpsc_unbounded_5_to_1", unbounded),
    ("mpsc_ring_300", ring),
    ("request_reply", request_reply),
    ("oneshot", oneshot),
];

/// Messages of a workload.
const MESSAGES: usize = 50_000;

fn mpsc_one_task(runtime: &rt::Runtime, size: Size) -> f64 {
    let messages = size.of(MESSAGES);
    all_timed(runtime, size, messages, move || async move {
        let (sender, mut receiver) = rt::mpsc::channel(MESSAGES);
        for number in 0..messages {
            sender.send(number).await.expect("there is a receiver");
        }
        for number in 0..messages {
            assert_eq!(receiver.recv().await, Some(number));
        }
    })
}

fn contended(runtime: &rt::Runtime, size: Size, senders: usize, capacity: usize) -> f64 {
    let each = size.of(MESSAGES) / senders;
    all_timed(runtime, size, each * senders, move || async move {
        let (sender, mut receiver) = rt::mpsc::channel(capacity);
        for _ in 0..senders {
            let sender = sender.clone();
            rt::spawn(async move {
                for number in 0..each {
                    sender.send(number).await.expect("there is a receiver");
                }
            });
        }
        for _ in 0..each * senders {
            receiver.recv().await.expect("so many are sent");
        }
    })
}

fn unbounded(runtime: &rt::Runtime, size: Size) -> f64 {
    const SENDERS: usize = 5;
    let each = size.of(MESSAGES) / SENDERS;
    all_timed(runtime, size, each * SENDERS, move || async move {
        let (sender, mut receiver) = rt::mpsc::unbounded_channel();
        for _ in 0..SENDERS {
            let sender = sender.clone();
            rt::spawn(async move {
                for number in 0..each {
                    sender.send(number).expect("there is a receiver");
                    // tokio's shape has no wait here; without one a sender would never yield.
                    if number % 100 == 99 {
                        rt::yield_now().await;
                    }
                }
            });
        }
        for _ in 0..each * SENDERS {
            receiver.recv().await.expect("so many are sent");
        }
    })
}

/// Values go round a ring of tasks, each with a channel of capacity 1.
fn ring(runtime: &rt::Runtime, size: Size) -> f64 {
    const STAGES: usize = 300;
    let values = size.of(100);
    all_timed(runtime, size, STAGES * values, move || async move {
        let (first, mut last) = rt::mpsc::channel(1);
        for _ in 0..STAGES {
            let (sender, receiver) = rt::mpsc::channel(1);
            let mut before = std::mem::replace(&mut last, receiver);
            rt::spawn(async move {
                while let Some(value) = before.recv().await {
                    if sender.send(value).await.is_err() {
                        break;
                    }
                }
            });
        }
        rt::spawn(async move {
            for value in 0..values {
                first.send(value).await.expect("the ring is whole");
            }
        });
        for value in 0..values {
            assert_eq!(last.recv().await, Some(value));
        }
    })
}

fn request_reply(runtime: &rt::Runtime, size: Size) -> f64 {
    let requests = size.of(10_000);
    all_timed(runtime, size, requests, move || async move {
        let (sender, mut receiver) = rt::mpsc::channel::<(usize, rt::oneshot::Sender<usize>)>(64);
        rt::spawn(async move {
            while let Some((number, reply)) = receiver.recv().await {
                assert!(reply.send(number + 1).is_ok(), "the receiver waits");
            }
        });
        for number in 0..requests {
            let (reply, answer) = rt::oneshot::channel();
            assert!(sender.send((number, reply)).await.is_ok(), "there is a receiver");
            assert_eq!(rt::receive(answer).await, number + 1);
        }
    })
}

fn oneshot(runtime: &rt::Runtime, size: Size) -> f64 {
    let many = size.of(MESSAGES);
    all_timed(runtime, size, many, move || async move {
        for number in 0..many {
            let (sender, receiver) = rt::oneshot::channel();
            assert!(sender.send(number).is_ok(), "the receiver waits");
            assert_eq!(rt::receive(receiver).await, number);
        }
    })
}
