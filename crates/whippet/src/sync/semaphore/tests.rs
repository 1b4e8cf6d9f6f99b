//! The semaphore polled by hand.

use super::{Semaphore, TryAcquireError};
use crate::sync::test_support::{Task, waker_fn};
use std::sync::Arc;

#[test]
fn permits_are_taken_and_given_back() {
    let semaphore = Semaphore::new(3);
    let two = semaphore.try_acquire_many(2).unwrap();
    let mut one = Task::new(semaphore.acquire()).ready().unwrap();
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
    one.merge(two);
    assert_eq!((one.num_permits(), semaphore.available_permits()), (3, 0));
    assert!(one.split(4).is_none());
    one.split(1).unwrap().forget();
    drop(one);
    assert_eq!((semaphore.available_permits(), semaphore.forget_permits(5)), (2, 2));
    semaphore.add_permits(1);
    assert!(semaphore.try_acquire().is_ok());
}

#[test]
fn a_wait_takes_four_words() {
    let semaphore = Semaphore::new(1);
    let words = |bytes: usize| bytes / size_of::<usize>();
    assert_eq!(words(size_of_val(&semaphore.acquire())), 4);
    assert_eq!(words(size_of_val(&semaphore.acquire_many(2))), 4);
}

#[test]
fn waiters_are_served_in_order_and_a_large_request_is_not_passed() {
    let semaphore = Arc::new(Semaphore::new(1));
    let held = Arc::clone(&semaphore).try_acquire_owned().unwrap();
    let mut large = Task::new(Arc::clone(&semaphore).acquire_many_owned(3)).pend();
    let mut small = Task::new(semaphore.acquire()).pend();
    drop(held);
    semaphore.add_permits(1);
    assert_eq!((large.wakes(), small.wakes(), semaphore.available_permits()), (0, 0, 0));
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
    semaphore.add_permits(2);
    assert_eq!((large.wakes(), small.wakes()), (1, 1));
    assert_eq!(large.ready().unwrap().num_permits(), 3);
    small.ready().unwrap().forget();
}

#[test]
fn close_fails_waiters_and_later_calls() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.try_acquire().unwrap();
    let mut waiting = Task::new(semaphore.acquire()).pend();
    semaphore.close();
    assert_eq!(waiting.wakes(), 1);
    assert!(waiting.ready().is_err());
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::Closed);
    assert!(semaphore.is_closed());
    drop((held, waiting));
    assert_eq!((semaphore.available_permits(), semaphore.raw.waiting()), (1, 0));
}

#[test]
fn regression_12_a_dropped_acquire_passes_its_permits_on() {
    let semaphore = Semaphore::new(0);
    let chosen = Task::new(semaphore.acquire_many(2)).pend();
    let mut next = Task::new(semaphore.acquire()).pend();
    semaphore.add_permits(2);
    assert_eq!((chosen.wakes(), next.wakes()), (1, 0));
    drop(chosen);
    assert_eq!(next.wakes(), 1);
    assert!(next.ready().is_ok());
    drop(next);
    assert_eq!((semaphore.available_permits(), semaphore.raw.waiting()), (2, 0));
}

#[test]
fn regression_07_a_waker_may_use_the_semaphore() {
    let semaphore = Arc::new(Semaphore::new(0));
    let waker = {
        let semaphore = Arc::clone(&semaphore);
        waker_fn(move || assert!(semaphore.try_acquire().is_ok()))
    };
    let mut waiting = Task::new(semaphore.acquire());
    assert!(waiting.poll_with(&waker).is_pending());
    semaphore.add_permits(2);
    assert!(waiting.ready().is_ok());
}

#[test]
fn permits_tell_whose_they_are_and_a_static_has_some() {
    static SEMAPHORE: Semaphore = Semaphore::const_new(2);
    let permit = SEMAPHORE.try_acquire().unwrap();
    assert!(std::ptr::eq(permit.semaphore(), &SEMAPHORE));
    let owned = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
    assert_eq!(owned.semaphore().available_permits(), 0);
    assert_eq!(SEMAPHORE.available_permits(), 1);
}

#[test]
fn permits_that_come_back_do_not_pass_the_most() {
    let semaphore = Semaphore::new(Semaphore::MAX_PERMITS);
    let permit = semaphore.try_acquire().unwrap();
    semaphore.add_permits(1);
    drop(permit);
    assert_eq!(semaphore.available_permits(), Semaphore::MAX_PERMITS);
    semaphore.add_permits(0);
}

#[test]
#[should_panic(
    expected = "`Semaphore::add_permits`: too many permits; keep to `Semaphore::MAX_PERMITS`"
)]
fn more_permits_than_the_most_are_refused() {
    let semaphore = Semaphore::new(Semaphore::MAX_PERMITS);
    let _permit = semaphore.try_acquire().unwrap();
    semaphore.add_permits(1);
    semaphore.add_permits(1);
}

#[test]
#[should_panic(
    expected = "`Semaphore::add_permits`: too many permits; keep to `Semaphore::MAX_PERMITS`"
)]
fn a_count_beyond_all_numbers_is_refused() {
    Semaphore::new(1).add_permits(usize::MAX);
}

#[test]
fn merged_permits_may_be_more_than_a_u32_holds() {
    let semaphore = Semaphore::new(Semaphore::MAX_PERMITS);
    let all = || semaphore.try_acquire_many(u32::MAX).unwrap();
    let mut merged = all();
    merged.merge(all());
    assert_eq!(merged.num_permits(), 2 * u32::MAX as usize);
    assert_eq!(merged.split(u32::MAX as usize + 1).unwrap().num_permits(), u32::MAX as usize + 1);
    drop(merged);
    assert_eq!(semaphore.available_permits(), Semaphore::MAX_PERMITS);
}
