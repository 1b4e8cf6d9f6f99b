//! The watch channel polled by hand.

use super::{Sender, channel};
use crate::sync::test_support::{Task, waker_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

#[test]
fn a_receiver_is_woken_once_and_sees_the_latest() {
    let (sender, mut receiver) = channel(0);
    {
        let mut changed = Task::new(receiver.changed()).pend();
        sender.send(1).unwrap();
        sender.send(2).unwrap();
        assert_eq!(changed.wakes(), 1);
        changed.ready().unwrap();
    }
    let seen = receiver.borrow_and_update();
    assert_eq!((*seen, seen.has_changed()), (2, false));
    drop(seen);
    assert!(Task::new(receiver.changed()).poll().is_pending());
}

#[test]
fn a_change_before_the_first_poll_is_not_missed() {
    let (sender, mut receiver) = channel(0);
    let mut changed = Task::new(receiver.changed());
    sender.send(1).unwrap();
    changed.ready().unwrap();
}

#[test]
fn to_look_is_not_to_have_seen() {
    let (sender, mut receiver) = channel(0);
    sender.send(1).unwrap();
    assert!(receiver.borrow().has_changed());
    assert!(receiver.has_changed().unwrap());
    assert!(receiver.borrow_and_update().has_changed());
    assert!(!receiver.has_changed().unwrap());
    // Cancelled, it saw nothing.
    sender.send(2).unwrap();
    drop(Task::new(receiver.changed()));
    assert!(receiver.has_changed().unwrap());
    receiver.mark_unchanged();
    assert!(!receiver.has_changed().unwrap());
    receiver.mark_changed();
    receiver.mark_changed();
    assert!(receiver.has_changed().unwrap() && receiver.clone().has_changed().unwrap());
    Task::new(receiver.changed()).ready().unwrap();
    assert!(!receiver.has_changed().unwrap());
}

#[test]
fn the_last_value_comes_before_the_end() {
    let (sender, mut receiver) = channel(0);
    let other = sender.clone();
    drop(sender);
    other.send(1).unwrap();
    drop(other);
    assert!(receiver.is_closed() && receiver.has_changed().is_err());
    Task::new(receiver.changed()).ready().unwrap();
    assert!(Task::new(receiver.changed()).ready().is_err());
    assert!(Task::new(receiver.wait_for(|value| *value == 1)).ready().is_ok());
    assert!(Task::new(receiver.wait_for(|value| *value == 0)).ready().is_err());
}

#[test]
fn the_end_wakes_waiters() {
    let (sender, mut receiver) = channel(0);
    let mut other = receiver.clone();
    let mut changed = Task::new(receiver.changed()).pend();
    let mut found = Task::new(other.wait_for(|value| *value == 1)).pend();
    drop(sender);
    assert_eq!((changed.wakes(), found.wakes()), (1, 1));
    assert!(changed.ready().is_err() && found.ready().is_err());
}

#[test]
fn wait_for_looks_at_each_value_it_can() {
    let (sender, mut receiver) = channel(5);
    assert!(!Task::new(receiver.wait_for(|value| *value == 5)).ready().unwrap().has_changed());
    let looks = AtomicUsize::new(0);
    let mut found = Task::new(receiver.wait_for(|value| {
        looks.fetch_add(1, Relaxed);
        *value == 9
    }))
    .pend();
    sender.send(7).unwrap();
    assert!(found.poll().is_pending());
    sender.send(8).unwrap();
    sender.send(9).unwrap();
    let value = found.ready().unwrap();
    assert_eq!((*value, value.has_changed(), looks.load(Relaxed)), (9, true, 3));
    drop(value);
    drop(found);
    assert!(!receiver.has_changed().unwrap());
    // What it was not content with counts as seen.
    sender.send(1).unwrap();
    drop(Task::new(receiver.wait_for(|value| *value == 2)).pend());
    assert!(!receiver.has_changed().unwrap());
}

#[test]
fn values_are_changed_where_they_lie() {
    let (sender, receiver) = channel(vec![1]);
    assert!(!sender.send_if_modified(|list| list.is_empty()));
    assert!(!receiver.has_changed().unwrap());
    sender.send_modify(|list| list.push(2));
    assert!(receiver.has_changed().unwrap());
    assert_eq!((sender.send_replace(vec![]), sender.borrow().len()), (vec![1, 2], 0));
}

#[test]
fn a_panic_in_a_change_or_a_look_poisons_nothing() {
    let (sender, mut receiver) = channel(0);
    let modify = |value: &mut i32| {
        *value = 1;
        panic!("half way");
    };
    assert!(catch_unwind(AssertUnwindSafe(|| sender.send_modify(modify))).is_err());
    assert!(!receiver.has_changed().unwrap());
    assert_eq!(*receiver.borrow(), 1);
    let look = || Task::new(receiver.wait_for(|_| panic!("no look"))).poll().is_ready();
    assert!(catch_unwind(AssertUnwindSafe(look)).is_err());
    sender.send(2).unwrap();
    assert_eq!(*receiver.borrow_and_update(), 2);
}

#[test]
fn senders_know_whether_there_are_receivers() {
    let sender = Sender::<u8>::default();
    assert!(sender.is_closed() && sender.send(1).is_err());
    let receiver = sender.subscribe();
    let other = receiver.clone();
    assert_eq!((sender.receiver_count(), *receiver.borrow()), (2, 0));
    let mut closed = Task::new(sender.closed()).pend();
    drop(receiver);
    assert_eq!(closed.wakes(), 0);
    drop(other);
    assert_eq!(closed.wakes(), 1);
    closed.ready();
    let again = sender.subscribe();
    assert!(Task::new(sender.closed()).poll().is_pending());
    drop(again);
}

#[test]
fn values_are_dropped_outside_of_the_lock() {
    /// Looks at the channel when it is dropped.
    struct DropProbe(Option<Sender<DropProbe>>);
    impl Drop for DropProbe {
        fn drop(&mut self) {
            if let Some(sender) = self.0.take() {
                sender.send_modify(|_| ());
            }
        }
    }
    let (sender, receiver) = channel(DropProbe(None));
    sender.send(DropProbe(Some(sender.clone()))).unwrap();
    sender.send(DropProbe(None)).unwrap();
    assert_eq!((sender.sender_count(), receiver.borrow().0.is_none()), (1, true));
}

#[test]
fn regression_16_a_thousand_watchers_are_woken_once_each() {
    let (sender, receiver) = channel(0);
    let woken = Arc::new(AtomicUsize::new(0));
    let waker = {
        let (receiver, woken) = (receiver.clone(), Arc::clone(&woken));
        waker_fn(move || {
            woken.fetch_add(*receiver.borrow(), Relaxed);
            // Waits among the tasks that are being woken, and leaves.
            let mut another = receiver.clone();
            another.mark_unchanged();
            drop(Task::new(another.changed()).pend());
        })
    };
    let mut receivers: Vec<_> = (0..1_000).map(|_| receiver.clone()).collect();
    let mut waiting: Vec<_> = receivers.iter_mut().map(|one| Task::new(one.changed())).collect();
    assert!(waiting.iter_mut().all(|task| task.poll_with(&waker).is_pending()));
    sender.send(1).unwrap();
    assert_eq!(woken.load(Relaxed), 1_000);
    assert!(waiting.iter_mut().all(|task| task.ready().is_ok()));
}
