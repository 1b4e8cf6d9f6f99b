//! The report by hand, and in whole runtimes whose polls end when they were reported.

use super::Stall;
use super::detector::{PollSample, StallDetector};
use crate::executor::task::Id;
use crate::runtime::{Builder, Runtime};
use crate::task::{spawn, yield_now};
use std::panic::Location;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

/// How long an event may take before its test fails.
const DEADLINE: Duration = Duration::from_secs(20);

const MILLISECOND: Duration = Duration::from_millis(1);

#[test]
fn a_poll_is_reported_once_while_it_lasts_and_once_when_it_is_over() {
    let begin = crate::sys::clock::now();
    let mut detector = StallDetector::new(7, 100 * MILLISECOND);
    let (task, place) = (Some(Id::next()), Location::caller());
    let mut look = |after, poll: Option<u64>| {
        let sample = |poll| PollSample { poll, task, place };
        detector.observe(begin + after * MILLISECOND, poll.map(sample))
    };
    let stall = |duration, is_over| {
        Some(Stall { worker: 7, task, place, duration: duration * MILLISECOND, is_over })
    };
    // Many short polls, a long one that is not too long, nothing at all.
    assert_eq!(
        [(0, Some(1)), (99, Some(2)), (198, Some(2)), (199, None)].map(|(t, n)| look(t, n)),
        [const { None }; 4]
    );
    assert_eq!(look(1_000, None), None);
    // Too long.
    assert_eq!(look(1_010, Some(3)), None);
    assert_eq!(look(1_109, Some(3)), None);
    assert_eq!(look(1_110, Some(3)), stall(100, false));
    assert_eq!(look(1_500, Some(3)), None);
    assert_eq!(look(1_600, Some(4)), stall(590, true));
    assert_eq!(look(1_601, None), None);
    // Too long, and nothing after it.
    assert_eq!(look(2_000, Some(5)), None);
    assert_eq!(look(2_200, Some(5)), stall(200, false));
    assert_eq!(look(2_300, None), stall(300, true));
}

/// A runtime whose stalls come out of the channel.
fn reporting(mut builder: Builder) -> (Runtime, mpsc::Receiver<Stall>) {
    let (sender, receiver) = mpsc::channel();
    builder.worker_threads(2).stall_threshold(5 * MILLISECOND);
    builder.on_stall(move |stall| drop(sender.send(stall.clone())));
    (builder.build().unwrap(), receiver)
}

#[test]
fn a_task_that_blocks_is_named_with_its_place() {
    for builder in [Builder::new_multi_thread(), Builder::new_current_thread()] {
        let (runtime, stalls) = reporting(builder);
        let stalls = Mutex::new(stalls);
        let spawned_on = line!() + 1;
        let task = runtime.spawn(async move {
            // Blocks until it is reported.
            let stalls = stalls.into_inner().unwrap();
            (stalls.recv_timeout(DEADLINE).unwrap(), stalls)
        });
        let id = task.id();
        let (stall, stalls) = runtime.block_on(task).unwrap();
        assert_eq!((stall.task(), stall.is_over()), (Some(id), false));
        assert!(stall.duration() >= 5 * MILLISECOND);
        assert_eq!((stall.spawned_at().file(), stall.spawned_at().line()), (file!(), spawned_on));
        let over = stalls.recv_timeout(DEADLINE).unwrap();
        assert_eq!((over.task(), over.is_over(), over.worker()), (Some(id), true, stall.worker()));
        assert!(over.duration() >= stall.duration());
        let words = over.to_string();
        assert!(words.contains("was in one poll") && words.contains(file!()), "{words}");
    }
}

#[test]
fn a_block_on_that_blocks_its_worker_is_named_with_its_place() {
    let (runtime, stalls) = reporting(Builder::new_current_thread());
    let called_on = line!() + 1;
    let stall = runtime.block_on(async { stalls.recv_timeout(DEADLINE).unwrap() });
    assert_eq!((stall.task(), stall.spawned_at().line()), (None, called_on));
    assert!(stall.to_string().contains("block_on"), "{stall}");
}

#[test]
fn a_report_that_panics_or_ends_the_runtime_does_no_harm() {
    let kept = Arc::new(Mutex::new(None::<Runtime>));
    let (tell, told) = mpsc::channel();
    let on_stall = {
        let kept = Arc::clone(&kept);
        move |stall: &Stall| {
            tell.send(stall.is_over()).unwrap();
            if !stall.is_over() {
                panic!("on purpose");
            }
            drop(kept.lock().unwrap().take());
        }
    };
    let mut builder = Builder::new_multi_thread();
    let runtime =
        builder.worker_threads(1).stall_threshold(MILLISECOND).on_stall(on_stall).build().unwrap();
    let (release, released) = mpsc::channel::<()>();
    let task = runtime.spawn(async move { released.recv() });
    drop(builder);
    *kept.lock().unwrap() = Some(runtime);
    assert_eq!(told.recv_timeout(DEADLINE), Ok(false));
    release.send(()).unwrap();
    assert_eq!(told.recv_timeout(DEADLINE), Ok(true));
    drop(task);
    // The monitor ends with the runtime, and drops what it has of it: also its end of the channel.
    assert_eq!(told.recv_timeout(DEADLINE), Err(mpsc::RecvTimeoutError::Disconnected));
}

#[test]
fn nobody_looks_unless_asked_to() {
    let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    assert!(format!("{runtime:?}").contains("monitor: None"));
    let runtime = Builder::new_current_thread().enable_stall_report().build().unwrap();
    assert!(!format!("{runtime:?}").contains("monitor: None"));
    runtime.block_on(async { spawn(yield_now()).await.unwrap() });
}
