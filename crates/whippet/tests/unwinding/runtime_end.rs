//! What panics while a runtime ends.

use super::support::{Bomb, DEADLINE, Task, current, multi, panics, panics_when_woken};
use std::future::{pending, ready};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;
use whippet::net::UnixStream;
use whippet::runtime::{Builder, LocalOptions, Runtime};
use whippet::task::LocalSet;
use whippet::time::sleep;

fn both() -> [Runtime; 2] {
    [multi(2), current()]
}

/// Waits with a waker that panics, for a timer or a socket, and with those behind it that do not.
fn end_beside_a_waker_that_panics(runtime: Runtime, of_timer: bool) {
    let entered = runtime.enter();
    let (near, _far) = UnixStream::pair().expect("no error");
    let (panicking, hour) = (panics_when_woken(), Duration::from_secs(3_600));
    let _first = match of_timer {
        true => Task::new(sleep(hour)).pend_with(&panicking),
        false => Task::new(async { drop(near.readable().await) }).pend_with(&panicking),
    };
    let timers: Vec<_> = (0..600).map(|_| Task::new(sleep(hour)).pend()).collect();
    let sockets: Vec<_> = (0..3).map(|_| Task::new(near.readable()).pend()).collect();
    drop(entered);
    assert!(!panics(|| runtime.shutdown_timeout(DEADLINE)), "the end is no place for that panic");
    assert!(timers.iter().all(|timer| timer.wakes() == 1), "a timer is left");
    assert!(sockets.iter().all(|socket| socket.wakes() == 1), "the reactor is not closed");
}

#[test]
fn a_waker_of_a_timer_that_panics_keeps_nothing_open() {
    both().into_iter().for_each(|runtime| end_beside_a_waker_that_panics(runtime, true));
}

#[test]
fn a_waker_of_a_socket_that_panics_keeps_nothing_open() {
    both().into_iter().for_each(|runtime| end_beside_a_waker_that_panics(runtime, false));
}

#[test]
fn a_runtime_that_is_dropped_by_a_panic_ends_too() {
    for runtime in both() {
        let entered = runtime.enter();
        let _first = Task::new(sleep(Duration::from_secs(3_600))).pend_with(&panics_when_woken());
        let (near, _far) = UnixStream::pair().unwrap();
        let socket = Task::new(near.readable()).pend();
        drop(entered);
        assert!(panics(move || {
            let _runtime = runtime;
            panic!("on purpose");
        }));
        assert_eq!(socket.wakes(), 1);
    }
}

#[test]
fn futures_that_panic_when_they_are_dropped_are_all_dropped() {
    for runtime in both() {
        let (bombs, dropped) = Bomb::some(20);
        let tasks: Vec<_> = bombs
            .into_iter()
            .map(|bomb| {
                runtime.spawn(async move {
                    let _bomb = bomb;
                    pending::<()>().await;
                })
            })
            .collect();
        runtime.block_on(async { whippet::task::yield_now().await });
        runtime.shutdown_timeout(DEADLINE);
        assert_eq!(dropped.load(SeqCst), 20);
        for task in tasks {
            assert!(current().block_on(task).unwrap_err().is_panic());
        }
    }
}

#[test]
fn blocking_calls_that_panic_when_they_are_dropped_are_all_dropped() {
    let (bombs, dropped) = Bomb::some(20);
    let mut builder = Builder::new_current_thread();
    let runtime = builder.max_blocking_threads(1).build().unwrap();
    let jobs: Vec<_> =
        bombs.into_iter().map(|bomb| runtime.spawn_blocking(move || drop(bomb))).collect();
    runtime.shutdown_timeout(DEADLINE);
    assert_eq!(dropped.load(SeqCst), 20, "run or cancelled");
    for job in jobs {
        assert!(current().block_on(job).unwrap_err().is_panic());
    }
}

#[test]
fn local_futures_that_panic_when_they_are_dropped_are_all_dropped() {
    let (mut bombs, dropped) = Bomb::some(20);
    let holds = |bomb: Bomb| async move {
        let _bomb = bomb;
        pending::<()>().await;
    };
    let local = Builder::new_current_thread().build_local(LocalOptions::default()).unwrap();
    bombs.drain(..10).for_each(|bomb| drop(local.spawn_local(holds(bomb))));
    local.block_on(whippet::task::yield_now());
    drop(local);
    let (set, runtime) = (LocalSet::new(), current());
    bombs.into_iter().for_each(|bomb| drop(set.spawn_local(holds(bomb))));
    runtime.block_on(set.run_until(whippet::task::yield_now()));
    drop(set);
    assert_eq!(dropped.load(SeqCst), 20);
}

#[test]
fn what_hooks_hold_may_panic_when_it_is_dropped() {
    // The task is the last that holds its runtime: its completion drops what the hooks hold.
    let (mut bombs, dropped) = Bomb::some(1);
    let bomb = bombs.pop().unwrap();
    let mut builder = Builder::new_current_thread();
    builder.on_thread_start(move || drop(Arc::clone(&bomb.0)));
    let runtime = builder.build().unwrap();
    drop(builder);
    let task = runtime.spawn(ready(7));
    assert_eq!(runtime.block_on(task).unwrap(), 7);
    let _ = panics(move || drop(runtime));
    assert_eq!(dropped.load(SeqCst), 1);
}
