//! Timers that do not fire, that do, and that are moved: the shapes of tokio's `time_timeout`.

use super::rt;
use super::support::{Countdown, Work, all_timed, timed};
use crate::runtime::size::Size;
use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;
use std::time::{Duration, Instant};

pub(crate) const ALL: &[(&str, Work)] = &[
    ("timeout_ready", timeout_ready),
    ("timeout_pending", timeout_pending),
    ("sleep_rearm", sleep_rearm),
    ("sleep_fire_10000", sleep_fire),
    ("timer_beside_hog", timer_beside_hog),
];

/// Longer than any workload takes.
const FAR: Duration = Duration::from_secs(600);
/// Tasks among which the timers are shared.
const TASKS: usize = 10;

/// A timeout around what is ready at once.
fn timeout_ready(runtime: &rt::Runtime, size: Size) -> f64 {
    timeouts(runtime, size, async || {})
}

/// A timeout around what takes one more poll.
fn timeout_pending(runtime: &rt::Runtime, size: Size) -> f64 {
    timeouts(runtime, size, rt::yield_now)
}

fn timeouts<F>(
    runtime: &rt::Runtime,
    size: Size,
    inner: impl Fn() -> F + Copy + Send + Sync + 'static,
) -> f64
where
    F: Future<Output = ()> + Send,
{
    let each = size.of(100_000) / TASKS;
    all_timed(runtime, size, TASKS * each, move || async move {
        let (countdown, mut done) = Countdown::new(TASKS);
        for _ in 0..TASKS {
            let countdown = Arc::clone(&countdown);
            rt::spawn(async move {
                for _ in 0..each {
                    assert!(rt::timeout(FAR, inner()).await.is_ok(), "it comes in time");
                }
                countdown.count();
            });
        }
        done.recv().await;
    })
}

/// Timers that wait are given another deadline and polled, again and again.
fn sleep_rearm(runtime: &rt::Runtime, size: Size) -> f64 {
    let each = size.of(100_000) / TASKS;
    all_timed(runtime, size, TASKS * each, move || async move {
        let (countdown, mut done) = Countdown::new(TASKS);
        for _ in 0..TASKS {
            let countdown = Arc::clone(&countdown);
            rt::spawn(async move {
                let mut timer = pin!(rt::sleep(FAR));
                for round in 0..each {
                    rt::reset_timer(timer.as_mut(), FAR + Duration::from_millis(round as u64));
                    let poll = poll_fn(|cx| Poll::Ready(timer.as_mut().poll(cx).is_ready()));
                    assert!(!poll.await, "it is far");
                }
                countdown.count();
            });
        }
        done.recv().await;
    })
}

/// Tasks that sleep for ten milliseconds, all at once: what it takes beyond that.
fn sleep_fire(runtime: &rt::Runtime, size: Size) -> f64 {
    let many = size.of(10_000);
    all_timed(runtime, size, 1, move || async move {
        let (countdown, mut done) = Countdown::new(many);
        for _ in 0..many {
            let countdown = Arc::clone(&countdown);
            rt::spawn(async move {
                rt::sleep(Duration::from_millis(10)).await;
                countdown.count();
            });
        }
        done.recv().await;
    })
}

/// The 99th percentile of how long sleeps of a millisecond take, next to a task that takes 50 µs of a worker at a time.
fn timer_beside_hog(runtime: &rt::Runtime, size: Size) -> f64 {
    let sleeps = size.of(100);
    timed(runtime, size, 1, move || async move {
        let busy = Arc::new(AtomicBool::new(true));
        let hog = rt::spawn_joined({
            let busy = Arc::clone(&busy);
            async move {
                while busy.load(Relaxed) {
                    let began = Instant::now();
                    while began.elapsed() < Duration::from_micros(50) {
                        std::hint::spin_loop();
                    }
                    rt::yield_now().await;
                }
            }
        });
        let mut times = Vec::new();
        for _ in 0..sleeps {
            let began = Instant::now();
            rt::sleep(Duration::from_millis(1)).await;
            times.push(began.elapsed());
        }
        busy.store(false, Relaxed);
        rt::join(hog).await;
        times.sort();
        times[(sleeps - 1) * 99 / 100]
    })
}
