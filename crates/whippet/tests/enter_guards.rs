//! Guards that are dropped out of order: it is told, and the thread is in the right place all the same.

use std::panic::{AssertUnwindSafe, catch_unwind};
use whippet::runtime::{Builder, Handle, LocalRuntime, Runtime};
use whippet::task::{LocalSet, spawn_local};

fn runtimes<const N: usize>() -> [Runtime; N] {
    std::array::from_fn(|_| Builder::new_current_thread().build().expect("a runtime"))
}

/// The panic message of a drop.
fn panic_of_drop<T>(value: T) -> String {
    let payload = catch_unwind(AssertUnwindSafe(|| drop(value))).expect_err("it panics");
    payload.downcast::<&str>().expect("a plain message").to_string()
}

/// Which of the runtimes this thread is in: the one in which a task is spawned.
fn current(runtimes: &[Runtime]) -> Option<usize> {
    let handle = Handle::try_current().ok()?;
    let lives =
        || Vec::from_iter(runtimes.iter().map(|runtime| runtime.metrics().num_alive_tasks()));
    let before = lives();
    drop(handle.spawn(std::future::pending::<()>()));
    lives().iter().zip(&before).position(|(after, before)| after > before)
}

#[test]
fn enter_guards_dropped_out_of_order_are_reported() {
    let runtimes = runtimes::<3>();
    let [first, second, third] = runtimes.each_ref().map(Runtime::enter);
    assert_eq!(current(&runtimes), Some(2));
    let message = panic_of_drop(second);
    assert!(message.starts_with("`EnterGuard::drop`: another runtime"), "{message}");
    assert_eq!(current(&runtimes), Some(2), "it is still the last one entered");
    drop(panic_of_drop(first));
    assert_eq!(current(&runtimes), Some(2));
    drop(third);
    assert_eq!(current(&runtimes), None, "all are left");
}

#[test]
fn enter_guards_of_one_runtime_out_of_order_are_reported() {
    let runtimes = runtimes::<1>();
    let [first, second] = [runtimes[0].enter(), runtimes[0].enter()];
    drop(panic_of_drop(first));
    assert_eq!(current(&runtimes), Some(0));
    drop(second);
    assert_eq!(current(&runtimes), None);
}

#[test]
fn a_thread_that_panics_is_not_ended_by_a_guard() {
    let runtimes = runtimes::<2>();
    let unwinds = catch_unwind(AssertUnwindSafe(|| {
        let first = runtimes[0].enter();
        let _second = runtimes[1].enter();
        // Moved here, so it is dropped before the second.
        let _moved = first;
        panic!("on purpose");
    }));
    assert!(unwinds.is_err());
    assert_eq!(current(&runtimes), None, "all are left");
}

#[test]
fn a_guard_that_outlives_its_block_on_is_reported_once() {
    let runtimes = runtimes::<2>();
    let guard = runtimes[0].block_on(async { runtimes[1].enter() });
    assert_eq!(current(&runtimes), Some(1));
    drop(guard);
    assert_eq!(current(&runtimes), None);
}

#[test]
fn local_enter_guards_out_of_order_are_reported() {
    let sets = [LocalSet::new(), LocalSet::new()];
    let holds = || sets.each_ref().map(|set| format!("{set:?}").contains("len: 1"));
    let [first, second] = sets.each_ref().map(LocalSet::enter);
    let message = panic_of_drop(first);
    assert!(message.starts_with("`LocalEnterGuard::drop`: another set"), "{message}");
    drop(spawn_local(std::future::pending::<()>()));
    assert_eq!(holds(), [false, true], "it is still the last one entered");
    drop(second);
    assert!(catch_unwind(|| drop(spawn_local(async {}))).is_err(), "both are left");
}

#[test]
fn guards_of_local_runtimes_out_of_order_are_reported() {
    let [one, other] = [(); 2].map(|()| LocalRuntime::new().expect("a runtime"));
    let (first, second) = (one.enter(), other.handle().enter());
    drop(panic_of_drop(first));
    let task = spawn_local(async { 7 });
    drop(second);
    assert_eq!(other.block_on(task).expect("it is the other's"), 7);
    assert!(catch_unwind(|| drop(spawn_local(async {}))).is_err(), "both are left");
    assert!(Handle::try_current().is_err());
}
