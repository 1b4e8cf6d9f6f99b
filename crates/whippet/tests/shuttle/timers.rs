//! Timers beside wakes, resets and ends. Time passes where a task waits for it, sooner or later.

use crate::support::{Lives, check, current_thread, workers};
use std::pin::pin;
use std::time::Duration;
use whippet::sync::oneshot;
use whippet::task::{JoinSet, yield_now};
use whippet::time::{Instant, interval, sleep, timeout};

#[test]
fn shuttle_timers_of_several_workers_all_fire() {
    check(|| {
        let runtime = workers(2);
        let mut tasks = JoinSet::new();
        for millis in [5, 1, 3, 5] {
            let task = async move {
                let began = Instant::now();
                sleep(Duration::from_millis(millis)).await;
                assert!(began.elapsed() >= Duration::from_millis(millis), "too early");
                // An earlier one while others wait for a later.
                sleep(Duration::from_micros(100)).await;
            };
            tasks.spawn_on(task, runtime.handle());
        }
        runtime.block_on(tasks.join_all());
    });
}

#[test]
fn shuttle_an_earlier_timer_comes_first() {
    check(|| {
        const HOUR: Duration = Duration::from_secs(3_600);
        // One worker: no time passes during a poll.
        let runtime = workers(1);
        let far = runtime.spawn(async { sleep(HOUR).await });
        let near = runtime.spawn(async {
            let began = Instant::now();
            sleep(Duration::from_millis(1)).await;
            began.elapsed()
        });
        assert!(runtime.block_on(near).expect("it ends well") < HOUR, "it came with the later one");
        runtime.block_on(far).expect("it ends well");
    });
}

#[test]
fn shuttle_a_timeout_meets_what_it_waits_for() {
    check(|| {
        let (runtime, lives) = (workers(2), Lives::default());
        let (sender, receiver) = oneshot::channel();
        let waits = runtime.spawn({
            let life = lives.one();
            async move {
                let _life = life;
                timeout(Duration::from_millis(1), receiver).await
            }
        });
        let sends = runtime.spawn(async move {
            sleep(Duration::from_millis(1)).await;
            sender.send(7).is_ok()
        });
        let waited = runtime.block_on(waits).expect("it ends well");
        let sent = runtime.block_on(sends).expect("it ends well");
        match waited {
            Ok(received) => assert_eq!((received, sent), (Ok(7), true)),
            Err(_) => assert_eq!(lives.count(), 0),
        }
        assert_eq!(runtime.metrics().num_pending_timers(), 0);
    });
}

#[test]
fn shuttle_a_timer_that_is_moved_fires_at_its_new_moment() {
    check(|| {
        let runtime = workers(2);
        let moved = runtime.spawn(async {
            let began = Instant::now();
            let mut sleep = pin!(sleep(Duration::from_millis(1)));
            whippet::select! {
                biased;
                () = &mut sleep => {}
                () = yield_now() => {}
            }
            sleep.as_mut().reset(began + Duration::from_millis(7));
            sleep.await;
            began.elapsed() >= Duration::from_millis(7)
        });
        let ticks = runtime.spawn(async {
            let mut interval = interval(Duration::from_millis(2));
            for _ in 0..3 {
                interval.tick().await;
            }
        });
        assert!(runtime.block_on(moved).expect("it ends well"));
        runtime.block_on(ticks).expect("it ends well");
    });
}

#[test]
fn shuttle_timers_meet_the_end() {
    check(|| {
        let (runtime, lives) = (workers(2), Lives::default());
        for millis in [0, 1, 1_000] {
            let life = lives.one();
            runtime.spawn(async move {
                let _life = life;
                sleep(Duration::from_millis(millis)).await;
                sleep(Duration::from_millis(1)).await;
            });
        }
        drop(runtime);
        assert_eq!(lives.count(), 0);
    });
}

#[test]
fn shuttle_the_seat_turns_timers_and_tasks_from_outside() {
    check(|| {
        let runtime = current_thread();
        let (sender, receiver) = oneshot::channel();
        let handle = runtime.handle().clone();
        let outside = shuttle::thread::spawn(move || {
            handle.spawn(async move {
                sleep(Duration::from_millis(1)).await;
                sender.send(7).expect("the receiver is alive");
            })
        });
        let number: u8 = runtime.block_on(receiver).expect("it is sent");
        assert_eq!(number, 7);
        let task = outside.join().expect("it ends well");
        runtime.block_on(task).expect("it ends well");
    });
}
