//! Spawning, yielding, waking: the shapes of tokio's `rt_multi_threaded`.

use super::rt;
use super::support::{Countdown, Work, all_timed, timed};
use crate::numbers::median;
use crate::runtime::size::Size;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

pub(crate) const ALL: &[(&str, Work)] = &[
    ("spawn_many", spawn_many),
    ("spawn_many_remote_idle", spawn_many_remote_idle),
    ("spawn_many_remote_busy", spawn_many_remote_busy),
    ("spawn_join", spawn_join),
    ("yield_many", yield_many),
    ("ping_pong", ping_pong),
    ("chained_spawn", chained_spawn),
    ("fairness_hog", fairness_hog),
    ("wake_idle", wake_idle),
];

/// Tasks that are spawned in one go.
const MANY: usize = 10_000;

fn spawn_many(runtime: &rt::Runtime, size: Size) -> f64 {
    let many = size.of(MANY);
    all_timed(runtime, size, many, move || async move {
        let (countdown, mut done) = Countdown::new(many);
        for _ in 0..many {
            let countdown = Arc::clone(&countdown);
            rt::spawn(async move { countdown.count() });
        }
        done.recv().await;
    })
}

/// Spawns from a thread outside of the runtime, again and again.
fn spawn_from_outside(runtime: &rt::Runtime, size: Size) -> f64 {
    let many = size.of(MANY);
    let once = || {
        let (countdown, mut done) = Countdown::new(many);
        let began = Instant::now();
        for _ in 0..many {
            let countdown = Arc::clone(&countdown);
            rt::spawn_on(runtime, async move { countdown.count() });
        }
        runtime.block_on(done.recv());
        began.elapsed().as_nanos() as f64 / many as f64
    };
    once();
    median((0..size.repeats()).map(|_| once()).collect()).unwrap_or_default()
}

fn spawn_many_remote_idle(runtime: &rt::Runtime, size: Size) -> f64 {
    spawn_from_outside(runtime, size)
}

fn spawn_many_remote_busy(runtime: &rt::Runtime, size: Size) -> f64 {
    let busy = Arc::new(AtomicBool::new(true));
    let (countdown, mut done) = Countdown::new(4);
    for _ in 0..4 {
        let (busy, countdown) = (Arc::clone(&busy), Arc::clone(&countdown));
        rt::spawn_on(runtime, async move {
            while busy.load(Relaxed) {
                spin(Duration::from_micros(1));
                rt::yield_now().await;
            }
            countdown.count();
        });
    }
    let nanos = spawn_from_outside(runtime, size);
    busy.store(false, Relaxed);
    runtime.block_on(done.recv());
    nanos
}

fn spawn_join(runtime: &rt::Runtime, size: Size) -> f64 {
    let many = size.of(MANY);
    all_timed(runtime, size, many, move || async move {
        for number in 0..many {
            assert_eq!(rt::join(rt::spawn_joined(async move { number })).await, number);
        }
    })
}

fn yield_many(runtime: &rt::Runtime, size: Size) -> f64 {
    const TASKS: usize = 200;
    let yields = size.of(1_000);
    all_timed(runtime, size, TASKS * yields, move || async move {
        let (countdown, mut done) = Countdown::new(TASKS);
        for _ in 0..TASKS {
            let countdown = Arc::clone(&countdown);
            rt::spawn(async move {
                for _ in 0..yields {
                    rt::yield_now().await;
                }
                countdown.count();
            });
        }
        done.recv().await;
    })
}

fn ping_pong(runtime: &rt::Runtime, size: Size) -> f64 {
    let pairs = size.of(1_000);
    all_timed(runtime, size, pairs, move || async move {
        let (countdown, mut done) = Countdown::new(pairs);
        for _ in 0..pairs {
            let countdown = Arc::clone(&countdown);
            rt::spawn(async move {
                let (ping, pinged) = rt::oneshot::channel();
                let (pong, ponged) = rt::oneshot::channel();
                rt::spawn(async move {
                    rt::receive(pinged).await;
                    assert!(pong.send(()).is_ok(), "the receiver waits");
                });
                assert!(ping.send(()).is_ok(), "the receiver waits");
                rt::receive(ponged).await;
                countdown.count();
            });
        }
        done.recv().await;
    })
}

fn chained_spawn(runtime: &rt::Runtime, size: Size) -> f64 {
    fn next(left: usize, countdown: Arc<Countdown>) {
        match left {
            0 => countdown.count(),
            _ => rt::spawn(async move { next(left - 1, countdown) }),
        }
    }
    let links = size.of(1_000);
    all_timed(runtime, size, links, move || async move {
        let (countdown, mut done) = Countdown::new(1);
        next(links, countdown);
        done.recv().await;
    })
}

/// Two tasks that answer each other, next to one that takes 20 µs of a worker at a time.
fn fairness_hog(runtime: &rt::Runtime, size: Size) -> f64 {
    let rounds = size.of(10_000);
    timed(runtime, size, rounds, move || async move {
        let busy = Arc::new(AtomicBool::new(true));
        let hog = rt::spawn_joined({
            let busy = Arc::clone(&busy);
            async move {
                while busy.load(Relaxed) {
                    spin(Duration::from_micros(20));
                    rt::yield_now().await;
                }
            }
        });
        let (ping, mut pinged) = rt::mpsc::channel(1);
        let (pong, mut ponged) = rt::mpsc::channel(1);
        rt::spawn(async move {
            while let Some(number) = pinged.recv().await {
                if pong.send(number).await.is_err() {
                    break;
                }
            }
        });
        let began = Instant::now();
        for number in 0..rounds {
            ping.send(number).await.expect("there is a receiver");
            assert_eq!(ponged.recv().await, Some(number));
        }
        let time = began.elapsed();
        busy.store(false, Relaxed);
        rt::join(hog).await;
        time
    })
}

/// From a send outside of a runtime that sleeps to the poll of the task.
fn wake_idle(runtime: &rt::Runtime, size: Size) -> f64 {
    let (sender, mut receiver) = rt::mpsc::channel::<Instant>(1);
    let (answer, mut answers) = rt::mpsc::channel::<Duration>(1);
    rt::spawn_on(runtime, async move {
        while let Some(sent) = receiver.recv().await {
            answer.send(sent.elapsed()).await.expect("there is a receiver");
        }
    });
    let once = || {
        // Long enough that all have gone to sleep.
        std::thread::sleep(Duration::from_micros(300));
        assert!(sender.try_send(Instant::now()).is_ok(), "the channel is empty");
        let answer = runtime.block_on(answers.recv());
        answer.expect("it is answered").as_nanos() as f64
    };
    let mut once = once;
    median((0..size.of(200)).map(|_| once()).collect()).unwrap_or_default()
}

/// Keeps the processor busy.
fn spin(duration: Duration) {
    let began = Instant::now();
    while began.elapsed() < duration {
        std::hint::spin_loop();
    }
}
