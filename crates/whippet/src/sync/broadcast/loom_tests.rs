//! The broadcast channel under every interleaving. A value that is missed shows as a deadlock of the model.

use super::channel;
use super::error::{RecvError, TryRecvError};
use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

#[test]
fn loom_two_receivers_get_the_value_and_the_end() {
    loom::model(|| {
        let (sender, mut receiver) = channel(2);
        let mut other = sender.subscribe();
        let thread = thread::spawn(move || {
            assert_eq!(block_on(other.recv()), Ok(1));
            assert_eq!(block_on(other.recv()), Err(RecvError::Closed));
        });
        let sending = thread::spawn(move || {
            sender.send(1).unwrap();
        });
        assert_eq!(block_on(receiver.recv()), Ok(1));
        sending.join().unwrap();
        assert_eq!(block_on(receiver.recv()), Err(RecvError::Closed));
        thread.join().unwrap();
    });
}

#[test]
fn loom_a_lagging_receiver_misses_as_many_as_it_reports() {
    loom::model(|| {
        let (sender, mut receiver) = channel(1);
        let thread = thread::spawn(move || {
            for number in 1..=3 {
                sender.send(number).unwrap();
            }
        });
        let mut next = 1;
        loop {
            match block_on(receiver.recv()) {
                Ok(number) => {
                    assert_eq!(number, next);
                    next += 1;
                }
                Err(RecvError::Lagged(missed)) => {
                    assert!(missed > 0);
                    next += missed;
                }
                Err(RecvError::Closed) => break,
            }
        }
        assert_eq!(next, 4);
        thread.join().unwrap();
    });
}

#[test]
fn loom_values_are_dropped_though_receivers_leave_and_give_up() {
    loom::model(|| {
        let (sender, mut receiver) = channel(2);
        let mut other = sender.subscribe();
        let value = Arc::new(());
        let leaving = thread::spawn(move || {
            let mut waiting = pin!(other.recv());
            block_on(poll_fn(|cx| Poll::Ready(waiting.as_mut().poll(cx).is_ready())));
        });
        assert!(sender.send(Arc::clone(&value)).is_ok());
        assert!(sender.send(Arc::clone(&value)).is_ok());
        drop(block_on(receiver.recv()));
        leaving.join().unwrap();
        assert_eq!((sender.len(), Arc::strong_count(&value)), (1, 2));
        drop(receiver);
        assert_eq!(Arc::strong_count(&value), 1);
    });
}

#[test]
fn loom_both_receivers_see_two_senders_in_one_order() {
    loom::model(|| {
        let (sender, mut receiver) = channel(2);
        let mut other = sender.subscribe();
        let second = sender.clone();
        let thread = thread::spawn(move || drop(second.send(2)));
        drop(sender.send(1));
        drop(sender);
        thread.join().unwrap();
        let order = [receiver.try_recv(), receiver.try_recv()];
        assert_eq!(order, [other.try_recv(), other.try_recv()]);
        assert!(order == [Ok(1), Ok(2)] || order == [Ok(2), Ok(1)]);
        assert_eq!(other.try_recv(), Err(TryRecvError::Closed));
    });
}
