//! `task::TaskTracker`: what counts, and when the wait is over.

use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::mpsc;
use std::task::Poll;
use std::time::Duration;
use whippet::runtime::{Builder, Runtime};
use whippet::sync::oneshot;
use whippet::task::{TaskTracker, yield_now};

/// How long an event may take before its test fails.
const DEADLINE: Duration = Duration::from_secs(20);

fn both() -> [Runtime; 2] {
    let builders = [Builder::new_multi_thread(), Builder::new_current_thread()];
    builders.map(|mut builder| builder.worker_threads(2).build().expect("a runtime"))
}

/// Whether a future is ready at its next poll.
async fn is_ready<F: Future>(mut future: Pin<&mut F>) -> bool {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await
}

#[test]
fn the_wait_is_over_when_it_is_closed_and_empty() {
    for runtime in both() {
        runtime.block_on(async {
            let tasks = TaskTracker::new();
            let (open, opened) = oneshot::channel::<()>();
            let task = tasks.spawn(opened);
            let mut wait = pin!(tasks.wait());
            assert!(!is_ready(wait.as_mut()).await);
            assert!(tasks.close());
            assert!(!is_ready(wait.as_mut()).await && tasks.len() == 1);
            open.send(()).unwrap();
            wait.await;
            assert!(tasks.is_empty());
            task.await.unwrap().unwrap();
        });
    }
}

#[whippet::test]
async fn an_open_tracker_is_not_over_although_it_is_empty() {
    let tasks = TaskTracker::new();
    tasks.spawn(async {}).await.unwrap();
    let mut wait = pin!(tasks.wait());
    assert!(!is_ready(wait.as_mut()).await);
    tasks.close();
    assert!(is_ready(wait).await);
    tasks.wait().await;
    assert!(tasks.reopen() && !tasks.reopen());
    assert!(!is_ready(pin!(tasks.wait())).await);
}

#[whippet::test]
async fn one_moment_at_which_it_was_over_is_enough() {
    let tasks = TaskTracker::new();
    let (mut polled, fresh) = (pin!(tasks.wait()), pin!(tasks.wait()));
    assert!(!is_ready(polled.as_mut()).await);
    tasks.close();
    tasks.reopen();
    let _token = tasks.token();
    assert!(is_ready(polled).await && is_ready(fresh).await);
    assert!(!is_ready(pin!(tasks.wait())).await);
}

#[test]
fn tasks_count_until_they_are_dropped_whatever_their_end() {
    for runtime in both() {
        let tasks = TaskTracker::new();
        let handle = runtime.handle();
        tasks.spawn_on(pending::<()>(), handle).abort();
        drop(tasks.spawn_on(async { panic!("on purpose") }, handle));
        let (release, released) = mpsc::channel::<()>();
        let call = tasks.spawn_blocking_on(move || released.recv_timeout(DEADLINE).is_ok(), handle);
        drop(tasks.spawn_blocking_on(|| panic!("on purpose"), handle));
        let token = tasks.token();
        assert!(TaskTracker::ptr_eq(token.task_tracker(), &tasks));
        let tokens = [token.clone(), token];
        runtime.block_on(async {
            while tasks.len() > 3 {
                yield_now().await;
            }
            tasks.close();
            let mut wait = pin!(tasks.wait());
            assert!(!is_ready(wait.as_mut()).await);
            drop(tokens);
            release.send(()).unwrap();
            wait.await;
            assert!(call.await.unwrap());
        });
        assert!(tasks.is_empty());
    }
}

#[test]
fn a_runtime_that_ends_ends_what_was_tracked() {
    for runtime in both() {
        let tasks = TaskTracker::new();
        for _ in 0..10 {
            drop(tasks.spawn_on(pending::<()>(), runtime.handle()));
        }
        assert_eq!(tasks.len(), 10);
        drop(runtime);
        assert!(tasks.is_empty());
        assert_eq!(format!("{tasks:?}"), "TaskTracker { len: 0, is_closed: false, .. }");
    }
}
