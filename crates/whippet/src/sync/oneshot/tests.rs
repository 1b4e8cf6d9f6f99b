//! The oneshot polled by hand.

use super::channel;
use super::error::{RecvError, TryRecvError};
use crate::sync::test_support::{Task, waker_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

#[test]
fn a_value_that_waits_and_one_that_is_waited_for() {
    let (sender, receiver) = channel();
    sender.send(1).unwrap();
    assert_eq!(Task::new(receiver).ready(), Ok(1));

    let (sender, receiver) = channel();
    let mut receiver = Task::new(receiver).pend();
    sender.send(2).unwrap();
    assert_eq!((receiver.wakes(), receiver.ready()), (1, Ok(2)));
}

#[test]
fn a_sender_that_goes_away_is_noticed() {
    let (sender, receiver) = channel::<u8>();
    let mut receiver = Task::new(receiver).pend();
    drop(sender);
    assert_eq!((receiver.wakes(), receiver.ready()), (1, Err(RecvError(()))));
}

#[test]
fn only_the_latest_waker_is_woken() {
    let (sender, mut receiver) = channel();
    let mut first = Task::new(&mut receiver).pend();
    assert!(first.poll().is_pending());
    let first_wakes = {
        assert!(first.poll().is_pending());
        first.wakes()
    };
    drop(first);
    let mut second = Task::new(&mut receiver).pend();
    sender.send(1).unwrap();
    assert_eq!((first_wakes, second.wakes(), second.ready()), (0, 1, Ok(1)));
}

#[test]
fn close_refuses_but_keeps_what_was_sent() {
    let (sender, mut receiver) = channel();
    sender.send(1).unwrap();
    receiver.close();
    assert_eq!(receiver.try_recv(), Ok(1));
    assert!(receiver.is_terminated());

    let (mut sender, mut receiver) = channel();
    let mut closed = Task::new(sender.closed()).pend();
    receiver.close();
    assert_eq!(closed.wakes(), 1);
    closed.ready();
    drop(closed);
    assert!(sender.is_closed());
    assert_eq!(sender.send(1), Err(1));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn values_and_wakers_are_dropped_once() {
    let value = Arc::new(());
    let (sender, receiver) = channel();
    sender.send(Arc::clone(&value)).unwrap();
    drop(receiver);
    assert_eq!(Arc::strong_count(&value), 1);

    let (mut sender, receiver) = channel();
    let mut receiver = Task::new(receiver).pend();
    assert!(receiver.poll().is_pending());
    let closed = Task::new(sender.closed()).pend();
    drop(receiver);
    assert_eq!(closed.wakes(), 1);
    drop(closed);
    assert_eq!(sender.send(Arc::clone(&value)), Err(Arc::clone(&value)));
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn a_waker_is_let_go_with_its_own_side() {
    let held = Arc::new(());
    let waker = || {
        let held = Arc::clone(&held);
        waker_fn(move || drop(Arc::clone(&held)))
    };
    let (mut sender, mut receiver) = channel::<u8>();
    assert!(Task::new(&mut receiver).poll_with(&waker()).is_pending());
    assert!(Task::new(sender.closed()).poll_with(&waker()).is_pending());
    assert_eq!(Arc::strong_count(&held), 3);
    drop(receiver);
    // The sender's own stays until the sender goes.
    assert_eq!(Arc::strong_count(&held), 2);
    drop(sender);
    assert_eq!(Arc::strong_count(&held), 1);
}

#[test]
fn regression_07_wakers_may_use_the_channel_and_may_panic() {
    let (sender, receiver) = channel();
    let receiver = Arc::new(Mutex::new(receiver));
    let seen = Arc::new(Mutex::new(None));
    let waker = {
        let (receiver, seen) = (Arc::clone(&receiver), Arc::clone(&seen));
        waker_fn(move || *seen.lock().unwrap() = Some(receiver.lock().unwrap().try_recv()))
    };
    assert!(Task::new(&mut *receiver.lock().unwrap()).poll_with(&waker).is_pending());
    sender.send(1).unwrap();
    assert_eq!(*seen.lock().unwrap(), Some(Ok(1)));

    let (sender, mut receiver) = channel();
    let bad = waker_fn(|| panic!("a waker panics"));
    assert!(Task::new(&mut receiver).poll_with(&bad).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| sender.send(1))).is_err());
    assert_eq!(receiver.try_recv(), Ok(1));
}

#[test]
fn it_is_empty_until_a_value_lies_there_and_after_it_was_taken() {
    let (sender, mut receiver) = channel();
    assert!(receiver.is_empty());
    sender.send(1).unwrap();
    receiver.close();
    assert!(!receiver.is_empty());
    assert_eq!(receiver.try_recv(), Ok(1));
    assert!(receiver.is_empty());
    let (sender, receiver) = channel::<u8>();
    drop(sender);
    assert!(receiver.is_empty(), "an end is no value");
}
