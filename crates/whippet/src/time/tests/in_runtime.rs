//! The API in whole runtimes, and between them.

use crate::runtime::{Builder, Runtime};
use crate::sys::thread::Parker;
use crate::time::{self, Instant, Sleep};
use std::future::{Future, pending};
use std::panic::catch_unwind;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);
const MILLISECOND: Duration = Duration::from_millis(1);

fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).build().expect("a runtime")
}

/// Makes something in the context of a runtime.
fn inside<T>(runtime: &Runtime, make: impl FnOnce() -> T) -> T {
    let _guard = runtime.enter();
    make()
}

/// Polls a future on a plain thread, outside of any runtime.
fn block_on<F: Future>(future: F) -> F::Output {
    let parker = Arc::new(Parker::default());
    let waker = parker.waker();
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        assert!(parker.park_timeout(Duration::from_secs(20)), "the timer was lost");
    }
}

#[test]
fn a_thousand_tasks_sleep_and_wake_in_both_flavours() {
    for runtime in [multi_thread(), Builder::new_current_thread().build().unwrap()] {
        runtime.block_on(async {
            let start = Instant::now();
            let tasks: Vec<_> = (0..1_000)
                .map(|number| {
                    let duration = Duration::from_micros(number * 5);
                    crate::task::spawn(async move {
                        time::sleep(duration).await;
                        start.elapsed() >= duration
                    })
                })
                .collect();
            for task in tasks {
                assert!(task.await.unwrap(), "early");
            }
        });
        assert_eq!(runtime.metrics().num_pending_timers(), 0);
    }
}

#[test]
fn a_timer_made_in_a_runtime_may_be_polled_outside_of_it() {
    let runtime = multi_thread();
    let sleep = inside(&runtime, || time::sleep(MILLISECOND));
    block_on(sleep);
    let bounded = inside(&runtime, || time::timeout(MILLISECOND, pending::<()>()));
    assert!(block_on(bounded).is_err());
    let mut interval = inside(&runtime, || time::interval(MILLISECOND));
    block_on(async {
        let first = interval.tick().await;
        assert_eq!(interval.tick().await - first, MILLISECOND);
    });
}

#[test]
fn a_timer_belongs_to_the_runtime_it_was_made_in() {
    let (home, abroad) = (multi_thread(), multi_thread());
    let mut sleep: Sleep = inside(&home, || time::sleep(HOUR));
    abroad.block_on(async {
        assert!(time::timeout(MILLISECOND, &mut sleep).await.is_err());
    });
    assert_eq!(home.metrics().num_pending_timers(), 1);
    assert_eq!(abroad.metrics().num_pending_timers(), 0);
    drop(sleep);
    assert_eq!(home.metrics().num_pending_timers(), 0);
}

#[test]
fn outside_of_a_runtime_each_call_panics_with_a_clear_message() {
    let calls: [fn(); 6] = [
        || drop(time::sleep(HOUR)),
        || drop(time::sleep_until(Instant::now())),
        || drop(time::timeout(HOUR, pending::<()>())),
        || drop(time::timeout_at(Instant::now(), pending::<()>())),
        || drop(time::interval(HOUR)),
        || drop(time::interval_at(Instant::now(), HOUR)),
    ];
    for call in calls {
        let panic = catch_unwind(call).unwrap_err();
        let message = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        assert!(message.is_some_and(|message| message.contains("runtime")), "{message:?}");
    }
}

#[test]
fn a_period_of_zero_panics() {
    for call in [
        || drop(time::interval(Duration::ZERO)),
        || drop(time::interval_at(Instant::now(), Duration::ZERO)),
    ] {
        let panic = catch_unwind(call).unwrap_err();
        assert!(panic.downcast_ref::<String>().unwrap().contains("the period is zero"));
    }
}

#[test]
fn a_runtime_that_ends_drops_its_sleepers_and_tells_those_outside() {
    let runtime = multi_thread();
    let outside = inside(&runtime, || time::sleep(HOUR));
    let tasks: Vec<_> =
        (0..100).map(|_| runtime.spawn(async { time::sleep(HOUR).await })).collect();
    let never = runtime.spawn(async { time::sleep(Duration::MAX).await });
    let metrics = runtime.metrics();
    drop(runtime);
    assert_eq!(metrics.num_pending_timers(), 0);
    for task in tasks.into_iter().chain([never]) {
        assert!(block_on(task).unwrap_err().is_cancelled(), "cancelled, and no panic");
    }
    assert!(catch_unwind(std::panic::AssertUnwindSafe(|| block_on(outside))).is_err());
}

#[test]
fn many_tasks_reset_and_drop_their_timers_as_they_fire() {
    let runtime = multi_thread();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..50u64)
            .map(|seed| {
                crate::task::spawn(async move {
                    let mut random = fastrand::Rng::with_seed(seed);
                    let mut sleep = pin!(time::sleep(MILLISECOND));
                    for _ in 0..100 {
                        let bound = Duration::from_micros(random.u64(0..300));
                        let until = Duration::from_micros(random.u64(0..300));
                        sleep.as_mut().reset(Instant::now() + until);
                        let ended = time::timeout(bound, sleep.as_mut()).await.is_ok();
                        assert!(!ended || sleep.is_elapsed());
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(runtime.metrics().num_pending_timers(), 0);
}
