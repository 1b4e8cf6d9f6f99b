//! The channel polled by hand.

use super::error::{SendError, TryRecvError, TrySendError};
use super::{channel, unbounded_channel};
use crate::sync::test_support::{Task, waker_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::Poll;

#[test]
fn values_arrive_in_order() {
    let (sender, mut receiver) = channel(3);
    for number in 0..3 {
        sender.try_send(number).unwrap();
    }
    assert_eq!(sender.try_send(3), Err(TrySendError::Full(3)));
    for number in 0..3 {
        assert_eq!(receiver.try_recv(), Ok(number));
    }
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn a_send_wakes_the_receiver_once() {
    let (sender, mut receiver) = channel(3);
    let mut recv = Task::new(receiver.recv()).pend();
    sender.try_send(1).unwrap();
    sender.try_send(2).unwrap();
    assert_eq!(recv.wakes(), 1);
    assert_eq!(recv.ready(), Some(1));
}

#[test]
fn waiting_senders_are_served_in_order() {
    let (sender, mut receiver) = channel(1);
    sender.try_send(0).unwrap();
    let mut first = Task::new(sender.send(1)).pend();
    let mut second = Task::new(sender.send(2)).pend();
    assert_eq!(receiver.try_recv(), Ok(0));
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    // The place belongs to the first one, whichever comes next.
    assert_eq!(sender.try_send(9), Err(TrySendError::Full(9)));
    assert!(second.poll().is_pending());
    assert_eq!(first.ready(), Ok(()));
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(second.ready(), Ok(()));
    assert_eq!(receiver.try_recv(), Ok(2));
}

#[test]
fn a_batch_serves_as_many_senders_as_it_took_values() {
    let (sender, mut receiver) = channel(3);
    (0..3).for_each(|number| sender.try_send(number).unwrap());
    let waiting: Vec<_> = (3..7).map(|number| Task::new(sender.send(number)).pend()).collect();
    let mut batch = vec![];
    assert_eq!(Task::new(receiver.recv_many(&mut batch, 10)).ready(), 3);
    assert_eq!(batch, [0, 1, 2]);
    let wakes: Vec<_> = waiting.iter().map(Task::wakes).collect();
    assert_eq!(wakes, [1, 1, 1, 0]);
    assert_eq!(Task::new(receiver.recv_many(&mut batch, 0)).ready(), 0);
}

#[test]
fn the_end_comes_after_the_last_value() {
    let (sender, mut receiver) = channel(2);
    let other = sender.clone();
    sender.try_send(1).unwrap();
    drop(sender);
    assert_eq!(Task::new(receiver.recv()).ready(), Some(1));
    let mut recv = Task::new(receiver.recv()).pend();
    drop(other);
    assert_eq!(recv.wakes(), 1);
    assert_eq!(recv.ready(), None);
    drop(recv);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    assert!(receiver.is_closed());
    assert_eq!(Task::new(receiver.recv_many(&mut vec![], 1)).ready(), 0);
}

#[test]
fn close_refuses_new_values_and_keeps_old_ones_and_permits() {
    let (sender, mut receiver) = channel(3);
    sender.try_send(1).unwrap();
    let permit = sender.try_reserve().unwrap();
    let unused = sender.try_reserve().unwrap();
    let mut waiting = Task::new(sender.send(4)).pend();
    let mut closed = Task::new(sender.closed()).pend();
    receiver.close();
    assert_eq!((waiting.wakes(), closed.wakes()), (1, 1));
    assert_eq!(waiting.ready(), Err(SendError(4)));
    closed.ready();
    assert!(sender.is_closed() && receiver.is_closed());
    assert_eq!(sender.try_send(5), Err(TrySendError::Closed(5)));
    assert_eq!(receiver.try_recv(), Ok(1));
    let mut recv = Task::new(receiver.recv()).pend();
    permit.send(2);
    assert_eq!(recv.ready(), Some(2));
    drop(recv);
    let mut recv = Task::new(receiver.recv()).pend();
    drop(unused);
    assert_eq!(recv.wakes(), 1);
    assert_eq!(recv.ready(), None);
}

#[test]
fn a_permit_dropped_after_close_ends_the_channel() {
    let (sender, mut receiver) = channel(1);
    sender.try_send(1).unwrap();
    let granted = Task::new(sender.send(2)).pend();
    assert_eq!(receiver.try_recv(), Ok(1));
    receiver.close();
    let mut recv = Task::new(receiver.recv()).pend();
    drop(granted);
    assert_eq!(recv.wakes(), 1);
    assert_eq!(recv.ready(), None);
}

#[test]
fn the_receivers_drop_refuses_and_drops_all() {
    let value = Arc::new(());
    let (sender, receiver) = channel(2);
    sender.try_send(Arc::clone(&value)).unwrap();
    let permit = sender.try_reserve().unwrap();
    let mut waiting = Task::new(sender.send(Arc::clone(&value))).pend();
    drop(receiver);
    assert_eq!(waiting.wakes(), 1);
    assert!(waiting.ready().is_err());
    permit.send(Arc::clone(&value));
    drop(waiting);
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn owned_permits_count_as_senders() {
    let (sender, mut receiver) = channel(2);
    let first = sender.clone().try_reserve_owned().unwrap();
    let second = Task::new(sender.reserve_owned()).ready().unwrap();
    assert!(first.same_channel(&second));
    assert_eq!((receiver.capacity(), receiver.sender_strong_count()), (0, 2));
    assert!(first.release().try_reserve_owned().is_ok());
    assert_eq!(receiver.capacity(), 1);
    let sender = second.send(7);
    assert_eq!(receiver.try_recv(), Ok(7));
    drop(sender);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
}

#[test]
fn many_permits_come_at_once_and_are_not_overtaken() {
    let (sender, mut receiver) = channel(3);
    sender.try_send(0).unwrap();
    let mut many = Task::new(sender.reserve_many(3)).pend();
    // Two places are free, but a waiter wants three.
    assert_eq!(sender.capacity(), 0);
    assert_eq!(sender.try_send(9), Err(TrySendError::Full(9)));
    assert_eq!(receiver.try_recv(), Ok(0));
    let mut permits = many.ready().unwrap();
    permits.next().unwrap().send(1);
    drop(permits);
    assert_eq!(sender.capacity(), 2);
    assert!(matches!(Task::new(sender.reserve_many(4)).ready(), Err(SendError(()))));
}

#[test]
fn weak_senders_do_not_keep_a_channel_open() {
    let (sender, mut receiver) = channel::<u8>(1);
    let weak = sender.downgrade();
    assert_eq!((weak.strong_count(), weak.weak_count()), (1, 1));
    assert!(weak.upgrade().unwrap().same_channel(&sender));
    drop(sender);
    assert!(weak.upgrade().is_none());
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
}

#[test]
fn the_largest_capacity_costs_nothing() {
    let (sender, receiver) = channel::<[u64; 32]>(usize::MAX >> 3);
    assert_eq!((sender.capacity(), receiver.max_capacity()), (usize::MAX >> 3, usize::MAX >> 3));
}

#[test]
fn an_unbounded_channel_never_waits() {
    let (sender, mut receiver) = unbounded_channel();
    (0..10_000).for_each(|number| sender.send(number).unwrap());
    let mut all = vec![];
    assert_eq!(Task::new(receiver.recv_many(&mut all, usize::MAX)).ready(), 10_000);
    assert!(all.into_iter().eq(0..10_000));
    receiver.close();
    assert_eq!(sender.send(1), Err(SendError(1)));
    assert_eq!(Task::new(receiver.recv()).ready(), None);
}

#[test]
fn regression_07_a_waker_may_use_the_same_channel() {
    let (sender, receiver) = channel(2);
    let receiver = Arc::new(Mutex::new(receiver));
    let seen = Arc::new(Mutex::new(vec![]));
    let waker = {
        let (receiver, sender, seen) = (Arc::clone(&receiver), sender.clone(), Arc::clone(&seen));
        waker_fn(move || {
            seen.lock().unwrap().push((sender.capacity(), receiver.lock().unwrap().try_recv()));
        })
    };
    let poll =
        |waker| receiver.lock().unwrap().poll_recv(&mut std::task::Context::from_waker(waker));
    assert!(poll(&waker).is_pending());
    sender.try_send(1).unwrap();
    assert_eq!(*seen.lock().unwrap(), [(1, Ok(1))]);

    // The same for a sender that waits, woken by a receive, by a batch and by close.
    let acts = Arc::new(AtomicUsize::new(0));
    let waker = {
        let (sender, acts) = (sender.clone(), Arc::clone(&acts));
        waker_fn(move || {
            let _ = sender.try_send(9);
            acts.fetch_add(1, SeqCst);
        })
    };
    sender.try_send(2).unwrap();
    sender.try_send(3).unwrap();
    let mut waiting: Vec<_> = (0..3).map(|_| Task::new(sender.reserve())).collect();
    assert!(waiting.iter_mut().all(|task| task.poll_with(&waker).is_pending()));
    let mut receiver = receiver.lock().unwrap();
    receiver.try_recv().unwrap();
    assert_eq!(Task::new(receiver.recv_many(&mut vec![], 9)).ready(), 1);
    receiver.close();
    assert_eq!(acts.load(SeqCst), 3);
}

#[test]
fn regression_07_a_panicking_waker_leaves_the_channel_whole() {
    let (sender, mut receiver) = channel(1);
    let bad = waker_fn(|| panic!("a waker panics"));
    let cx = &mut std::task::Context::from_waker(&bad);
    assert!(receiver.poll_recv(cx).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| sender.try_send(1))).is_err());
    assert_eq!(receiver.try_recv(), Ok(1));

    sender.try_send(2).unwrap();
    let mut first = Task::new(sender.reserve());
    assert!(first.poll_with(&bad).is_pending());
    let mut second = Task::new(sender.reserve()).pend();
    // Closing wakes the second in spite of the first one's panic.
    assert!(catch_unwind(AssertUnwindSafe(|| receiver.close())).is_err());
    assert_eq!(second.wakes(), 1);
    assert!(second.ready().is_err());
    drop((first, second));
    assert_eq!(receiver.try_recv(), Ok(2));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
}

#[test]
fn regression_12_a_cancelled_send_passes_its_place_on() {
    let (sender, mut receiver) = channel(1);
    sender.try_send(0).unwrap();
    let chosen = Task::new(sender.send(1)).pend();
    let left = Task::new(sender.send(2)).pend();
    let mut last = Task::new(sender.send(3)).pend();
    drop(left);
    assert_eq!(receiver.try_recv(), Ok(0));
    assert_eq!((chosen.wakes(), last.wakes()), (1, 0));
    // Chosen, never polled again, dropped: the place goes on.
    drop(chosen);
    assert_eq!(last.wakes(), 1);
    assert_eq!(last.ready(), Ok(()));
    assert_eq!(receiver.try_recv(), Ok(3));
    drop(last);
    assert_eq!((receiver.chan.waiting(), sender.capacity()), (0, 1));
}

#[test]
fn regression_12_a_large_request_that_leaves_lets_others_in() {
    let (sender, _receiver) = channel::<u8>(2);
    let _held = sender.try_reserve().unwrap();
    let large = Task::new(sender.reserve_many(2)).pend();
    let mut small = Task::new(sender.reserve()).pend();
    drop(large);
    assert_eq!(small.wakes(), 1);
    assert!(matches!(small.poll(), Poll::Ready(Ok(_))));
}

#[test]
fn an_idle_channel_is_small() {
    // The counts of the `Arc` come on top.
    let size = size_of::<super::SenderCount<[u64; 64]>>() + 2 * size_of::<usize>();
    assert!(size <= 208, "{size}");
}

#[test]
fn regression_07_dropped_values_may_use_their_own_channel() {
    struct Value(super::Sender<Value>);
    impl Drop for Value {
        fn drop(&mut self) {
            assert!(self.0.capacity() <= self.0.max_capacity());
        }
    }
    let (sender, receiver) = channel(3);
    sender.try_send(Value(sender.clone())).unwrap();
    let permit = sender.try_reserve().unwrap();
    drop(receiver);
    permit.send(Value(sender.clone()));
    drop(Task::new(sender.send(Value(sender.clone()))).ready());
}
