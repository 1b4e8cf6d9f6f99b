//! Every future of `sync` spends the budget of the task that polls it, so that a busy task lets others run.

use super::test_support::Task;
use super::{Barrier, CancellationToken, Mutex, Notify, RwLock, Semaphore, SetOnce};
use super::{broadcast, mpsc, oneshot, watch};
use crate::coop::with_budget;

/// How often `poll` is ready within one poll of a task.
fn ready_times(mut poll: impl FnMut() -> bool) -> usize {
    with_budget(|| (0..1_000).take_while(|_| poll()).count())
}

/// The budget of one poll, by the simplest future.
fn budget() -> usize {
    let token = CancellationToken::new();
    token.cancel();
    ready_times(|| Task::new(token.cancelled()).poll().is_ready())
}

#[test]
fn every_future_spends_the_budget() {
    assert!((1..1_000).contains(&budget()));
    let (sender, mut receiver) = mpsc::channel(2_000);
    assert_eq!(ready_times(|| Task::new(sender.send(1)).poll().is_ready()), budget());
    assert_eq!(ready_times(|| Task::new(sender.reserve()).poll().is_ready()), budget());
    (0..500).for_each(|number| sender.try_send(number).unwrap());
    assert_eq!(ready_times(|| Task::new(receiver.recv()).poll().is_ready()), budget());
    let mut batch = vec![];
    let recv_many = || Task::new(receiver.recv_many(&mut batch, 1)).poll().is_ready();
    assert_eq!(ready_times(recv_many), budget());
    receiver.close();
    assert_eq!(ready_times(|| Task::new(sender.closed()).poll().is_ready()), budget());

    let answered = || {
        let (sender, receiver) = oneshot::channel();
        sender.send(1).unwrap();
        Task::new(receiver).poll().is_ready()
    };
    assert_eq!(ready_times(answered), budget());

    let notify = Notify::new();
    let notified = || {
        notify.notify_one();
        Task::new(notify.notified()).poll().is_ready()
    };
    assert_eq!(ready_times(notified), budget());

    let semaphore = Semaphore::new(1);
    assert_eq!(ready_times(|| Task::new(semaphore.acquire()).poll().is_ready()), budget());
    let mutex = Mutex::new(());
    assert_eq!(ready_times(|| Task::new(mutex.lock()).poll().is_ready()), budget());
    let lock = RwLock::new(());
    assert_eq!(ready_times(|| Task::new(lock.read()).poll().is_ready()), budget());
    assert_eq!(ready_times(|| Task::new(lock.write()).poll().is_ready()), budget());

    let (sender, mut receiver) = watch::channel(());
    let changed = || {
        receiver.mark_changed();
        Task::new(receiver.changed()).poll().is_ready()
    };
    assert_eq!(ready_times(changed), budget());
    let found = || Task::new(receiver.wait_for(|()| true)).poll().is_ready();
    assert_eq!(ready_times(found), budget());
    drop(receiver);
    assert_eq!(ready_times(|| Task::new(sender.closed()).poll().is_ready()), budget());

    let (sender, mut receiver) = broadcast::channel(1);
    let received = || {
        sender.send(()).unwrap();
        Task::new(receiver.recv()).poll().is_ready()
    };
    assert_eq!(ready_times(received), budget());
    drop(receiver);
    assert_eq!(ready_times(|| Task::new(sender.closed()).poll().is_ready()), budget());

    let barrier = Barrier::new(1);
    assert_eq!(ready_times(|| Task::new(barrier.wait()).poll().is_ready()), budget());
    let once = SetOnce::new_with(Some(1));
    assert_eq!(ready_times(|| Task::new(once.wait()).poll().is_ready()), budget());
}

#[test]
fn a_future_that_is_not_ready_spends_nothing() {
    let notify = Notify::new();
    assert_eq!(ready_times(|| Task::new(notify.notified()).poll().is_pending()), 1_000);
}
