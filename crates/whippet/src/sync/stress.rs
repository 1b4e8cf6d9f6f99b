//! The channels on real threads: nothing is lost, doubled or out of order, and no task sleeps for ever.

use super::{Notify, mpsc, oneshot};
use crate::runtime::{Builder, Runtime};
use crate::task::spawn;
use std::sync::Arc;

/// Messages of one producer: enough to meet every race a few times.
const EACH: u64 = 5_000;

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).build().expect("a runtime")
}

#[test]
fn five_producers_of_a_small_channel_keep_their_order() {
    runtime().block_on(async {
        let (sender, mut receiver) = mpsc::channel(3);
        for producer in 0..5_usize {
            let sender = sender.clone();
            spawn(async move {
                for number in 0..EACH {
                    match number % 3 {
                        0 => sender.send((producer, number)).await.unwrap(),
                        1 => sender.reserve().await.unwrap().send((producer, number)),
                        _ => drop(
                            sender.clone().reserve_owned().await.unwrap().send((producer, number)),
                        ),
                    }
                }
            });
        }
        drop(sender);
        let mut heard = [0; 5];
        let mut batch = vec![];
        loop {
            let Some(first) = receiver.recv().await else { break };
            batch.push(first);
            receiver.recv_many(&mut batch, 4).await;
            for (producer, number) in batch.drain(..) {
                assert_eq!(heard[producer], number);
                heard[producer] += 1;
            }
        }
        assert_eq!(heard, [EACH; 5]);
    });
}

#[test]
fn a_ring_of_channels_with_capacity_one() {
    runtime().block_on(async {
        let (first, mut last) = mpsc::channel(1);
        for _ in 0..50 {
            let (sender, receiver) = mpsc::channel(1);
            let mut source = std::mem::replace(&mut last, receiver);
            spawn(async move {
                while let Some(value) = source.recv().await {
                    sender.send(value).await.unwrap();
                }
            });
        }
        spawn(async move {
            for number in 0..EACH / 10 {
                first.send(number).await.unwrap();
            }
        });
        for number in 0..EACH / 10 {
            assert_eq!(last.recv().await, Some(number));
        }
        assert_eq!(last.recv().await, None);
    });
}

#[test]
fn requests_are_answered() {
    runtime().block_on(async {
        let (sender, mut requests) = mpsc::channel::<(u64, oneshot::Sender<u64>)>(4);
        spawn(async move {
            while let Some((number, answer)) = requests.recv().await {
                answer.send(number + 1).unwrap();
            }
        });
        let clients = [(); 4].map(|()| {
            let sender = sender.clone();
            spawn(async move {
                for number in 0..EACH / 5 {
                    let (answer, answered) = oneshot::channel();
                    sender.send((number, answer)).await.unwrap();
                    assert_eq!(answered.await, Ok(number + 1));
                }
            })
        });
        for client in clients {
            client.await.unwrap();
        }
    });
}

#[test]
fn a_token_of_notify_is_passed_round() {
    runtime().block_on(async {
        let notify = Arc::new(Notify::new());
        let tasks = [(); 4].map(|()| {
            let notify = Arc::clone(&notify);
            spawn(async move {
                for _ in 0..EACH {
                    notify.notified().await;
                    notify.notify_one();
                }
            })
        });
        notify.notify_one();
        for task in tasks {
            task.await.unwrap();
        }
    });
}
