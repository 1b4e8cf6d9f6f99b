//! `Notify` polled by hand.

use super::Notify;
use crate::sync::test_support::{Task, waker_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;

fn tickets(notify: &Notify) -> usize {
    notify.queue.lock().waiters.tickets()
}

#[test]
fn one_notification_is_kept_and_no_more() {
    let notify = Notify::new();
    notify.notify_one();
    notify.notify_one();
    Task::new(notify.notified()).ready();
    let _second = Task::new(notify.notified()).pend();
}

#[test]
fn waiters_are_woken_in_order_one_by_one() {
    let notify = Notify::new();
    let mut waiting: Vec<_> = (0..3).map(|_| Task::new(notify.notified()).pend()).collect();
    for chosen in 0..3 {
        notify.notify_one();
        let wakes: Vec<_> = waiting.iter().map(Task::wakes).collect();
        let expected: Vec<_> = (0..3).map(|index| usize::from(index <= chosen)).collect();
        assert_eq!(wakes, expected);
        waiting[chosen].ready();
    }
}

#[test]
fn notify_last_takes_the_newest() {
    let notify = Notify::new();
    let mut first = Task::new(notify.notified()).pend();
    let mut last = Task::new(notify.notified()).pend();
    notify.notify_last();
    assert_eq!((first.wakes(), last.wakes()), (0, 1));
    drop(std::mem::replace(&mut last, Task::new(notify.notified())));
    // Handed on by the one that went away.
    first.ready();
}

#[test]
fn notify_waiters_reaches_unpolled_futures_and_stores_nothing() {
    let notify = Notify::new();
    let mut unpolled = Task::new(notify.notified());
    let mut waiting = Task::new(notify.notified()).pend();
    notify.notify_waiters();
    unpolled.ready();
    waiting.ready();
    let _later = Task::new(notify.notified()).pend();
}

#[test]
fn an_enabled_future_is_in_line_without_a_poll() {
    let notify = Arc::new(Notify::new());
    let mut enabled = pin!(notify.notified());
    assert!(!enabled.as_mut().enable());
    let mut owned = Box::pin(Arc::clone(&notify).notified_owned());
    assert!(!owned.as_mut().enable());
    notify.notify_one();
    assert!(enabled.as_mut().enable());
    assert!(!owned.as_mut().enable());
    let mut owned = Task::new(owned).pend();
    notify.notify_one();
    assert_eq!(owned.wakes(), 1);
    owned.ready();
}

#[test]
fn regression_12_a_dropped_chosen_waiter_passes_it_on() {
    let notify = Notify::new();
    let chosen = Task::new(notify.notified()).pend();
    let mut next = Task::new(notify.notified()).pend();
    notify.notify_one();
    drop(chosen);
    assert_eq!(next.wakes(), 1);
    next.ready();
    // Nobody is left: it is kept as the permit.
    let chosen = Task::new(notify.notified()).pend();
    notify.notify_one();
    drop(chosen);
    Task::new(notify.notified()).ready();
    drop(next);
    assert_eq!(tickets(&notify), 0);
}

#[test]
fn regression_12_nothing_is_passed_on_from_a_call_to_all() {
    let notify = Notify::new();
    let chosen = Task::new(notify.notified()).pend();
    notify.notify_waiters();
    drop(chosen);
    let _next = Task::new(notify.notified()).pend();
}

#[test]
fn regression_12_it_passes_it_on_after_notify_waiters_too() {
    let notify = Notify::new();
    let chosen = Task::new(notify.notified()).pend();
    let other = Task::new(notify.notified()).pend();
    notify.notify_one();
    notify.notify_waiters();
    let mut next = Task::new(notify.notified()).pend();
    drop((other, chosen));
    assert_eq!(next.wakes(), 1);
    next.ready();
    assert_eq!(tickets(&notify), 0);
}

#[test]
fn a_waiter_woken_with_all_leaves_the_queue_to_later_ones() {
    let notify = Notify::new();
    let mut waiting: Vec<_> = (0..3).map(|_| Task::new(notify.notified()).pend()).collect();
    notify.notify_waiters();
    let mut since: Vec<_> = (0..3).map(|_| Task::new(notify.notified()).pend()).collect();
    assert_eq!(tickets(&notify), 3);
    waiting[0].ready();
    drop(waiting);
    assert_eq!(tickets(&notify), 3);
    notify.notify_one();
    assert_eq!(since[0].wakes(), 1);
    since[0].ready();
    drop(since);
    assert_eq!(tickets(&notify), 0);
}

#[test]
fn regression_07_a_waker_may_notify_or_panic() {
    let notify = Arc::new(Notify::new());
    let again = {
        let notify = Arc::clone(&notify);
        waker_fn(move || notify.notify_one())
    };
    let mut first = Task::new(notify.notified());
    assert!(first.poll_with(&again).is_pending());
    let mut second = Task::new(notify.notified()).pend();
    notify.notify_one();
    assert_eq!(second.wakes(), 1);
    first.ready();
    second.ready();

    let mut bad = Task::new(notify.notified());
    assert!(bad.poll_with(&waker_fn(|| panic!("a waker panics"))).is_pending());
    let mut good = Task::new(notify.notified()).pend();
    assert!(catch_unwind(AssertUnwindSafe(|| notify.notify_waiters())).is_err());
    assert_eq!(good.wakes(), 1);
    good.ready();
    bad.ready();
}

#[test]
fn regression_16_waking_many_costs_each_one_wake() {
    let notify = Notify::new();
    let waiting: Vec<_> = (0..1_000).map(|_| Task::new(notify.notified()).pend()).collect();
    notify.notify_waiters();
    assert!(waiting.iter().all(|task| task.wakes() == 1));
    drop(waiting);
    assert_eq!(tickets(&notify), 0);
}

#[test]
fn the_word_is_empty_after_the_last_waiter() {
    let phase =
        |notify: &Notify| notify.word.load(std::sync::atomic::Ordering::SeqCst) & super::STATE_MASK;
    let notify = Notify::new();
    let mut first = Task::new(notify.notified()).pend();
    let second = Task::new(notify.notified()).pend();
    notify.notify_one();
    first.ready();
    assert_eq!(phase(&notify), super::WAITING);
    drop(second);
    assert_eq!(phase(&notify), super::EMPTY);
    let _third = Task::new(notify.notified()).pend();
    notify.notify_one();
    assert_eq!(phase(&notify), super::EMPTY);
    let _fourth = Task::new(notify.notified()).pend();
    notify.notify_waiters();
    assert_eq!(phase(&notify), super::EMPTY);
}
