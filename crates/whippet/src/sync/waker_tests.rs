//! Row 7 of docs/KNOWN_FAILURES.md for every future of `sync` with a lock: wakers are cloned and dropped outside of it.

use super::test_support::{Task, clone_drop_waker_fn};
use super::{CancellationToken, Notify, Semaphore, mpsc};
use std::sync::Arc;

/// Polls a pending future of `make` with wakers that call `look` when they are cloned or dropped: one is registered, another
/// displaces it, and the future is dropped with that.
fn displace<F: Future>(make: impl FnOnce() -> F, look: impl Fn() + Clone + Send + Sync + 'static) {
    let mut task = Task::new(make());
    assert!(task.poll_with(&clone_drop_waker_fn(look.clone())).is_pending());
    assert!(task.poll_with(&clone_drop_waker_fn(look)).is_pending());
}

#[test]
fn regression_07_wakers_of_a_channel_use_it_in_clone_and_drop() {
    let (sender, mut receiver) = mpsc::channel(1);
    let other = sender.clone();
    let look = move || assert!(other.capacity() <= 1);
    displace(|| receiver.recv(), look.clone());
    displace(|| sender.closed(), look.clone());
    sender.try_send(1).unwrap();
    displace(|| sender.send(2), look.clone());
    displace(|| sender.reserve(), look.clone());
    let mut waiting = Task::new(sender.send(3));
    assert!(waiting.poll_with(&clone_drop_waker_fn(look)).is_pending());
    drop(receiver);
}

#[test]
fn regression_07_wakers_of_a_notify_use_it_in_clone_and_drop() {
    let notify = Arc::new(Notify::new());
    let other = Arc::clone(&notify);
    // Lining up takes the lock.
    let look = move || assert!(!Box::pin(other.notified()).as_mut().enable());
    displace(|| notify.notified(), look);
}

#[test]
fn regression_07_wakers_of_a_semaphore_use_it_in_clone_and_drop() {
    let semaphore = Arc::new(Semaphore::new(0));
    let other = Arc::clone(&semaphore);
    displace(|| semaphore.acquire(), move || assert_eq!(other.available_permits(), 0));
}

#[test]
fn regression_07_wakers_of_a_token_use_it_in_clone_and_drop() {
    let token = CancellationToken::new();
    let other = token.clone();
    // Waiting takes the lock.
    displace(|| token.cancelled(), move || drop(Task::new(other.cancelled()).pend()));
}
