//! The broadcast channel polled by hand.

use super::error::{RecvError, TryRecvError};
use super::{Receiver, Sender, channel};
use crate::sync::test_support::{Task, waker_fn};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

#[test]
fn each_receiver_gets_each_value_in_order() {
    let (sender, mut receiver) = channel(4);
    let mut other = sender.subscribe();
    let mut waiting = Task::new(other.recv()).pend();
    assert_eq!(sender.send(1).unwrap(), 2);
    assert_eq!(sender.clone().send(2).unwrap(), 2);
    assert_eq!((waiting.wakes(), waiting.ready()), (1, Ok(1)));
    drop(waiting);
    assert_eq!((other.try_recv(), other.try_recv()), (Ok(2), Err(TryRecvError::Empty)));
    assert_eq!((receiver.len(), sender.len()), (2, 2));
    assert_eq!(Task::new(receiver.recv()).ready(), Ok(1));
    assert_eq!((receiver.len(), sender.len(), other.is_empty()), (1, 1, true));
    // Cancelled, nothing is lost.
    drop(Task::new(receiver.recv()));
    assert_eq!(receiver.try_recv(), Ok(2));
    assert!(sender.is_empty());
}

#[test]
fn a_value_before_the_first_poll_is_not_missed() {
    let (sender, mut receiver) = channel(4);
    let mut waiting = Task::new(receiver.recv());
    sender.send(1).unwrap();
    assert_eq!(waiting.ready(), Ok(1));
}

#[test]
fn a_lagging_receiver_learns_how_many_it_missed() {
    // Three are rounded up to four.
    let (sender, mut receiver) = channel(3);
    (0..4).for_each(|number| assert_eq!(sender.send(number).unwrap(), 1));
    assert_eq!((receiver.len(), receiver.try_recv()), (4, Ok(0)));
    (4..10).for_each(|number| assert_eq!(sender.send(number).unwrap(), 1));
    assert_eq!((receiver.len(), sender.len()), (9, 4));
    assert_eq!(Task::new(receiver.recv()).ready(), Err(RecvError::Lagged(5)));
    drop(sender);
    let rest: Vec<_> = std::iter::from_fn(|| receiver.try_recv().ok()).collect();
    assert_eq!(rest, [6, 7, 8, 9]);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn the_end_comes_after_the_values_and_wakes() {
    let (sender, mut receiver) = channel(4);
    let weak = sender.downgrade();
    let mut other = receiver.resubscribe();
    let mut waiting = Task::new(other.recv()).pend();
    sender.send(1).unwrap();
    drop(sender);
    assert!(weak.upgrade().is_none() && receiver.is_closed());
    assert_eq!((waiting.ready(), receiver.try_recv()), (Ok(1), Ok(1)));
    drop(waiting);
    assert_eq!(Task::new(other.recv()).ready(), Err(RecvError::Closed));
    let (sender, mut receiver) = channel::<()>(4);
    let mut waiting = Task::new(receiver.recv()).pend();
    let other = sender.clone();
    drop(sender);
    assert_eq!(waiting.wakes(), 0);
    drop(other);
    assert_eq!((waiting.wakes(), waiting.ready()), (1, Err(RecvError::Closed)));
}

#[test]
fn counts_of_senders_and_receivers() {
    let sender = Sender::new(1);
    assert_eq!(sender.send(1).unwrap_err().0, 1);
    let receiver = sender.subscribe();
    let other = receiver.resubscribe();
    let weak = sender.downgrade();
    assert_eq!((sender.receiver_count(), sender.strong_count(), weak.weak_count()), (2, 1, 1));
    let mut closed = Task::new(sender.closed()).pend();
    assert!(receiver.same_channel(&other) && sender.same_channel(&weak.upgrade().unwrap()));
    drop(receiver);
    assert!(closed.poll().is_pending());
    drop(other);
    assert_eq!(closed.wakes(), 1);
    closed.ready();
}

#[test]
fn values_are_dropped_when_the_last_receiver_had_them_or_left() {
    let (sender, mut receiver) = channel(4);
    let (mut other, leaving) = (sender.subscribe(), sender.subscribe());
    let value = Arc::new(());
    (0..3).for_each(|_| assert_eq!(sender.send(Arc::clone(&value)).unwrap(), 3));
    receiver.try_recv().unwrap();
    other.try_recv().unwrap();
    assert_eq!((Arc::strong_count(&value), sender.len()), (4, 3));
    drop(leaving);
    assert_eq!((Arc::strong_count(&value), sender.len()), (3, 2));
    drop(other);
    assert_eq!(Arc::strong_count(&value), 3);
    drop(receiver.try_recv().unwrap());
    assert_eq!(Arc::strong_count(&value), 2);
    drop(receiver);
    assert_eq!((Arc::strong_count(&value), sender.len()), (1, 0));
}

#[test]
fn the_last_receiver_gets_the_value_itself() {
    /// Counts its clones.
    #[derive(Debug)]
    struct Cloned(Arc<AtomicUsize>);
    impl Clone for Cloned {
        fn clone(&self) -> Self {
            self.0.fetch_add(1, Relaxed);
            Self(Arc::clone(&self.0))
        }
    }
    let clones = Arc::new(AtomicUsize::new(0));
    let (sender, mut receiver) = channel(4);
    let mut other = sender.subscribe();
    sender.send(Cloned(Arc::clone(&clones))).unwrap();
    drop((receiver.try_recv().unwrap(), other.try_recv().unwrap()));
    assert_eq!(clones.load(Relaxed), 1);
}

#[test]
fn a_clone_that_panics_costs_its_receiver_that_value_alone() {
    /// Panics when it is cloned.
    #[derive(Debug)]
    struct Fragile(u8);
    impl Clone for Fragile {
        fn clone(&self) -> Self {
            assert!(self.0 > 0, "it broke");
            Self(self.0)
        }
    }
    let (sender, mut receiver) = channel(4);
    let mut other = sender.subscribe();
    sender.send(Fragile(0)).unwrap();
    sender.send(Fragile(1)).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| receiver.try_recv())).is_err());
    assert_eq!(receiver.try_recv().unwrap().0, 1);
    assert_eq!((other.try_recv().unwrap().0, other.try_recv().unwrap().0), (0, 1));
    assert!(sender.is_empty());
}

#[test]
fn values_are_dropped_outside_of_the_locks() {
    /// Looks at the channel when it is dropped.
    #[derive(Clone)]
    struct DropProbe(Sender<DropProbe>);
    impl Drop for DropProbe {
        fn drop(&mut self) {
            assert!(self.0.len() <= 2 && self.0.receiver_count() <= 2);
        }
    }
    let (sender, mut receiver) = channel(2);
    let other = sender.subscribe();
    (0..3).for_each(|_| drop(sender.send(DropProbe(sender.clone()))));
    assert!(matches!(receiver.try_recv(), Err(TryRecvError::Lagged(1))));
    drop(receiver.try_recv());
    drop((receiver, other));
    assert_eq!(sender.strong_count(), 1);
}

#[test]
fn regression_16_a_thousand_receivers_are_woken_once_each() {
    let (sender, receiver) = channel(4);
    let woken = Arc::new(AtomicUsize::new(0));
    let waker = {
        let (sender, woken) = (sender.clone(), Arc::clone(&woken));
        waker_fn(move || {
            woken.fetch_add(sender.len(), Relaxed);
            // Waits among the tasks that are being woken, and leaves.
            drop(Task::new(sender.subscribe().recv()).pend());
        })
    };
    let mut receivers: Vec<_> = (0..1_000).map(|_| receiver.resubscribe()).collect();
    let mut waiting: Vec<_> = receivers.iter_mut().map(|one| Task::new(one.recv())).collect();
    assert!(waiting.iter_mut().all(|task| task.poll_with(&waker).is_pending()));
    sender.send(1).unwrap();
    assert_eq!(woken.load(Relaxed), 1_000);
    assert!(waiting.iter_mut().all(|task| task.ready() == Ok(1)));
}

/// What a receiver should get: the values since it came, of which the channel keeps the last.
struct Model {
    receiver: Receiver<u64>,
    line: VecDeque<u64>,
}

impl Model {
    /// Receives once, and compares.
    fn receive(&mut self, capacity: usize) {
        let expected = match self.line.len().checked_sub(capacity) {
            Some(missed) if missed > 0 => {
                self.line.drain(..missed);
                Err(TryRecvError::Lagged(missed as u64))
            }
            _ => self.line.pop_front().ok_or(TryRecvError::Empty),
        };
        assert_eq!(self.receiver.try_recv(), expected);
    }
}

#[test]
fn a_random_run_goes_as_plain_queues_do() {
    let mut random = fastrand::Rng::with_seed(11);
    for capacity in [1, 2, 4, 8] {
        let sender = Sender::new(capacity);
        let mut models: Vec<Model> = vec![];
        for number in 0..5_000 {
            match random.u8(..20) {
                0 => models.push(Model { receiver: sender.subscribe(), line: VecDeque::new() }),
                1 if !models.is_empty() => drop(models.swap_remove(random.usize(..models.len()))),
                2..10 => {
                    assert_eq!(sender.send(number).is_ok(), !models.is_empty());
                    models.iter_mut().for_each(|model| model.line.push_back(number));
                }
                _ if !models.is_empty() => {
                    let one = random.usize(..models.len());
                    models[one].receive(capacity);
                }
                _ => {}
            }
            let longest = models.iter().map(|model| model.line.len()).max().unwrap_or(0);
            assert_eq!(sender.len(), longest.min(capacity));
        }
    }
}
