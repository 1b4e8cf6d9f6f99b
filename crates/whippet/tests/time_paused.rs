//! A paused clock: it moves by itself when there is nothing else to do, to the nanosecond, and by hand.

use std::future::pending;
use std::panic::catch_unwind;
use std::pin::pin;
use std::sync::mpsc;
use std::task::Poll;
use std::time::Duration;
use whippet::io::{AsyncReadExt, AsyncWriteExt};
use whippet::runtime::{Builder, Runtime};
use whippet::sync::oneshot;
use whippet::task::{JoinSet, spawn_blocking, yield_now};
use whippet::time::{self, Instant, MissedTickBehavior, sleep, timeout};

const HOUR: Duration = Duration::from_secs(3_600);
const MILLISECOND: Duration = Duration::from_millis(1);

/// How long an event may take before its test fails.
const DEADLINE: Duration = Duration::from_secs(20);

fn paused() -> Runtime {
    Builder::new_current_thread().start_paused(true).build().expect("a runtime")
}

#[test]
fn it_moves_by_itself_to_each_deadline_and_no_further() {
    paused().block_on(async {
        let start = Instant::now();
        let mut set = JoinSet::new();
        // Some share a tick of the wheel, some a moment; one is far away.
        let durations = [5, 1, 3, 3, 1_000, 70_001, 70_000, u64::from(u32::MAX) << 20];
        for nanoseconds in durations {
            let duration = Duration::from_nanos(nanoseconds);
            set.spawn(async move {
                sleep(duration).await;
                assert_eq!(start.elapsed(), duration);
                nanoseconds
            });
        }
        let mut sorted = durations;
        sorted.sort_unstable();
        assert_eq!(set.join_all().await, sorted);
    });
}

#[test]
fn it_stands_while_there_is_something_to_do() {
    paused().block_on(async {
        let start = Instant::now();
        let mut late = pin!(sleep(MILLISECOND));
        for _ in 0..1_000 {
            let poll = std::future::poll_fn(|cx| Poll::Ready(late.as_mut().poll(cx).is_pending()));
            assert!(poll.await);
            yield_now().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
    });
}

#[test]
fn it_stands_while_a_blocking_call_goes_on() {
    paused().block_on(async {
        let start = Instant::now();
        let (release, released) = mpsc::channel();
        let call = spawn_blocking(move || released.recv_timeout(DEADLINE).is_ok());
        // Another thread lets the call end, after the runtime had every occasion to move its clock.
        let watcher = spawn_blocking(move || release.send(()).is_ok());
        let call = timeout(HOUR, async { call.await.unwrap() && watcher.await.unwrap() });
        assert_eq!(call.await, Ok(true));
        assert_eq!(start.elapsed(), Duration::ZERO);
        // A call that nobody awaits holds the clock up as long, and no longer.
        let (release, released) = mpsc::channel::<()>();
        drop(spawn_blocking(move || released.recv_timeout(DEADLINE)));
        drop(release);
        sleep(HOUR).await;
        assert_eq!(start.elapsed(), HOUR);
    });
}

#[test]
fn a_timer_of_another_thread_moves_it() {
    let threads = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let runtime = paused();
    let handle = runtime.handle().clone();
    let (stop, stopped) = oneshot::channel::<()>();
    let driving = threads.spawn_blocking(move || runtime.block_on(stopped));
    let (tell, told) = mpsc::channel();
    let other = threads.spawn_blocking(move || {
        // Without a timer the runtime sleeps until somebody brings one.
        while handle.metrics().num_sleeping_workers() == 0 {
            std::thread::yield_now();
        }
        let _entered = handle.enter();
        let start = Instant::now();
        handle.block_on(sleep(HOUR));
        tell.send(start.elapsed())
    });
    assert_eq!(told.recv_timeout(DEADLINE), Ok(HOUR));
    stop.send(()).unwrap();
    threads.block_on(async { (driving.await.unwrap().unwrap(), other.await.unwrap().unwrap()) });
}

#[test]
fn it_is_moved_by_hand_and_goes_on_from_there() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let real = Instant::now();
        time::pause();
        let start = Instant::now();
        let mut ticks = time::interval(HOUR);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        assert_eq!(ticks.tick().await, start);
        time::advance(HOUR * 3 / 2).await;
        assert_eq!(start.elapsed(), HOUR * 3 / 2);
        assert_eq!(ticks.tick().await, start + HOUR);
        assert_eq!(ticks.tick().await, start + HOUR * 2);
        time::resume();
        let resumed = Instant::now();
        assert!(resumed - real >= HOUR * 2);
        sleep(MILLISECOND).await;
        assert!(resumed.elapsed() >= MILLISECOND);
        time::pause();
        let again = Instant::now();
        sleep(HOUR).await;
        assert_eq!(again.elapsed(), HOUR);
    });
}

#[test]
fn advancing_fires_what_is_due_before_it_returns() {
    paused().block_on(async {
        let mut tasks = JoinSet::new();
        for seconds in 1..=50 {
            tasks.spawn(async move { sleep(Duration::from_secs(seconds)).await });
        }
        yield_now().await;
        for seconds in 1..=50 {
            assert!(tasks.try_join_next().is_none());
            time::advance(Duration::from_secs(1)).await;
            assert!(tasks.try_join_next().is_some(), "second {seconds}");
        }
    });
}

#[test]
fn timeouts_and_resets_go_by_it() {
    paused().block_on(async {
        let start = Instant::now();
        assert!(timeout(HOUR, pending::<()>()).await.is_err());
        assert_eq!(start.elapsed(), HOUR);
        let mut late = pin!(sleep(HOUR));
        assert!(timeout(MILLISECOND, late.as_mut()).await.is_err());
        late.as_mut().reset(Instant::now() + MILLISECOND);
        late.await;
        assert_eq!(start.elapsed(), HOUR + 2 * MILLISECOND);
        // One that never comes moves nothing.
        let never = timeout(Duration::MAX, sleep(HOUR)).await;
        assert_eq!((never, start.elapsed()), (Ok(()), 2 * HOUR + 2 * MILLISECOND));
    });
}

#[test]
fn what_is_ready_comes_before_the_clock_moves() {
    paused().block_on(async {
        let start = Instant::now();
        let (mut one, mut other) = whippet::net::UnixStream::pair().unwrap();
        let sends = whippet::spawn(async move { one.write_all(b"x").await });
        let mut byte = [0];
        assert!(timeout(HOUR, other.read_exact(&mut byte)).await.is_ok());
        sends.await.unwrap().unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO);
    });
}

#[test]
fn the_clocks_of_others_go_on() {
    let runtime = paused();
    let outside = Instant::now();
    let within = runtime.block_on(async {
        sleep(100 * HOUR).await;
        Instant::now()
    });
    assert!(Instant::now() - outside < HOUR);
    assert!(within - outside >= 99 * HOUR);
    let other = Builder::new_current_thread().build().unwrap();
    assert!(other.block_on(async { Instant::now() }) < within);
}

#[test]
fn wrong_use_panics_with_a_clear_sentence() {
    let panic_message = |runtime: &Runtime, call: fn()| {
        let panic = catch_unwind(std::panic::AssertUnwindSafe(|| {
            runtime.block_on(async { call() });
        }));
        let payload = panic.expect_err("a panic");
        payload
            .downcast::<&str>()
            .map(|text| text.to_string())
            .unwrap_or_else(|payload| *payload.downcast::<String>().expect("a message"))
    };
    let real = Builder::new_current_thread().build().unwrap();
    assert!(panic_message(&paused(), time::pause).contains("paused already"));
    assert!(panic_message(&real, time::resume).contains("not paused"));
    real.block_on(async {
        let error = whippet::spawn(time::advance(HOUR)).await.unwrap_err();
        assert!(error.to_string().contains("not paused"), "{error}");
    });
    let workers = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    assert!(panic_message(&workers, time::pause).contains("new_current_thread"));
    let panic = catch_unwind(|| Builder::new_multi_thread().start_paused(true).build());
    assert!(panic.is_err());
    assert!(catch_unwind(time::pause).is_err());
}

#[test]
fn a_send_that_is_given_so_long_leaves_the_line_when_it_is_over() {
    paused().block_on(async {
        let (sender, mut receiver) = whippet::sync::mpsc::channel(1);
        let start = Instant::now();
        sender.send_timeout(1, HOUR).await.expect("there is a place");
        assert_eq!(start.elapsed(), Duration::ZERO);
        let late = sender.send_timeout(2, HOUR).await.expect_err("there is none");
        assert_eq!((late.into_inner(), start.elapsed()), (2, HOUR));
        // Whoever gave up stands in nobody's way, and nothing of his was sent.
        let (sent, first) = whippet::join!(sender.send_timeout(3, HOUR), receiver.recv());
        assert_eq!((sent, first), (Ok(()), Some(1)));
        assert_eq!((receiver.recv().await, receiver.is_empty()), (Some(3), true));
    });
}

#[test]
fn what_cannot_be_counted_comes_in_thirty_years() {
    let thirty_years = 30 * 365 * 24 * HOUR;
    paused().block_on(async {
        let start = Instant::now();
        let far = sleep(Duration::MAX);
        assert_eq!(far.deadline(), start + thirty_years);
        far.await;
        assert_eq!(start.elapsed(), thirty_years);
        assert!(timeout(Duration::MAX, std::future::pending::<()>()).await.is_err());
        assert_eq!(start.elapsed(), 2 * thirty_years);
        let mut ticks = time::interval(Duration::MAX);
        for years in [2, 3] {
            ticks.tick().await;
            assert_eq!(start.elapsed(), years * thirty_years);
        }
        ticks.reset_after(Duration::MAX);
        ticks.tick().await;
        assert_eq!(start.elapsed(), 4 * thirty_years);
    });
}

#[test]
fn what_std_counts_and_timers_do_not_comes_last() {
    paused().block_on(async {
        let start = Instant::now();
        let mut far = std::pin::pin!(sleep(Duration::from_secs(1 << 60)));
        whippet::select! {
            biased;
            () = &mut far => panic!("the nearer one is over first"),
            () = sleep(500 * 365 * 24 * HOUR) => {}
        }
        far.await;
        assert!(start.elapsed() > 584 * 365 * 24 * HOUR);
        // The clock stands at the end of its count, and the runtime goes on.
        sleep(HOUR).await;
        whippet::spawn(sleep(Duration::MAX)).await.unwrap();
    });
}
