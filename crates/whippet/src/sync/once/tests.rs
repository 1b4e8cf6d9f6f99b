//! Cells polled by hand.

use super::{OnceCell, SetOnce};
use crate::sync::test_support::Task;
use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

#[test]
fn one_makes_the_value_and_the_others_wait() {
    let cell = OnceCell::new();
    let go = SetOnce::new();
    let mut first = Task::new(cell.get_or_init(async || *go.wait().await)).pend();
    let mut second = Task::new(cell.get_or_init(|| ready(2))).pend();
    let mut third = Task::new(cell.get_or_init(|| ready(3))).pend();
    assert!(cell.set(4).unwrap_err().is_initializing_err());
    go.set(1).unwrap();
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    assert_eq!(*first.ready(), 1);
    assert_eq!((second.wakes(), third.wakes()), (1, 1));
    assert_eq!((*second.ready(), *third.ready()), (1, 1));
    assert!(cell.set(4).unwrap_err().is_already_init_err());
    assert_eq!(*Task::new(cell.get_or_init(pending)).ready(), 1);
}

#[test]
fn a_failed_init_leaves_it_to_the_next_waiter() {
    let cell = OnceCell::new();
    let given_up = Task::new(cell.get_or_init(pending)).pend();
    let mut failing = Task::new(cell.get_or_try_init(|| ready(Err("no")))).pend();
    let mut panicking = Task::new(cell.get_or_init(async || panic!("no"))).pend();
    let mut last = Task::new(cell.get_or_init(|| ready(1))).pend();
    drop(given_up);
    assert_eq!((failing.wakes(), failing.ready(), panicking.wakes()), (1, Err("no"), 1));
    assert!(catch_unwind(AssertUnwindSafe(|| panicking.poll().is_ready())).is_err());
    assert_eq!((last.wakes(), *last.ready()), (1, 1));
}

#[test]
fn an_unused_init_permit_goes_to_the_next_waiter() {
    let cell = OnceCell::new();
    let first = Task::new(cell.get_or_init(pending)).pend();
    let chosen = Task::new(cell.get_or_init(pending)).pend();
    let mut next = Task::new(cell.get_or_init(|| ready(1))).pend();
    drop(first);
    drop(chosen);
    assert_eq!((next.wakes(), *next.ready()), (1, 1));
}

#[test]
fn values_are_taken_compared_cloned_and_dropped_once() {
    let value = Arc::new(());
    let mut cell = OnceCell::new_with(Some(Arc::clone(&value)));
    assert_eq!((cell.clone(), cell.initialized()), (OnceCell::from(Arc::clone(&value)), true));
    assert_eq!(format!("{cell:?}"), "OnceCell { value: Some(()) }");
    assert!(cell.set(Arc::clone(&value)).is_err());
    drop(cell.take());
    assert!(cell.get_mut().is_none() && cell == OnceCell::default());
    cell.set(Arc::clone(&value)).unwrap();
    assert_eq!(Arc::strong_count(&value), 2);
    drop(cell);
    let once = SetOnce::const_new_with(Arc::clone(&value));
    assert!(once.set(Arc::clone(&value)).is_err());
    assert_eq!(Arc::strong_count(&value), 2);
    assert_eq!(once.clone(), SetOnce::from(Arc::clone(&value)));
}

#[test]
fn all_waiters_get_the_value() {
    let once = SetOnce::new();
    let mut waiting = [(); 3].map(|()| Task::new(once.wait()).pend());
    once.set(1).unwrap();
    assert_eq!(waiting.each_mut().map(|task| (task.wakes(), *task.ready())), [(1, 1); 3]);
    assert_eq!(*Task::new(once.wait()).ready(), 1);
}
