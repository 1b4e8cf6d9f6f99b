//! Tasks that do not outlive the place where they were spawned.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use whippet::sync::{Barrier, oneshot};
use whippet::task::{Scope, scope, yield_now};
use whippet::time::{Instant, sleep, timeout};

const HOUR: Duration = Duration::from_secs(3_600);

/// How long an event may take before its test fails.
const DEADLINE: Duration = Duration::from_secs(20);

/// A task that waits for ever, and a future that is ready when it was dropped.
fn forever(s: &Scope) -> oneshot::Receiver<()> {
    let (held, dropped) = oneshot::channel();
    s.spawn(async move {
        let _held: oneshot::Sender<()> = held;
        pending::<()>().await;
    });
    dropped
}

#[whippet::test(start_paused = true)]
async fn it_waits_for_all_tasks_and_for_those_that_they_spawn() {
    let start = Instant::now();
    let depth = scope(|s| async move {
        let inner = s.clone();
        s.spawn(async move {
            sleep(HOUR).await;
            let innermost = inner.clone();
            inner.spawn(async move {
                sleep(HOUR).await;
                innermost.spawn(sleep(HOUR));
            });
        });
        3
    })
    .await
    .expect("nobody fails");
    assert_eq!((depth, start.elapsed()), (3, 3 * HOUR));
}

#[whippet::test]
async fn the_first_panic_ends_body_and_tasks_and_is_reported() {
    let mut ends = None;
    let (body_holds, body_dropped) = oneshot::channel::<()>();
    let all = scope(|s| {
        ends = Some(forever(&s));
        async move {
            let _held = body_holds;
            let other = s.clone();
            let child = s.spawn(async move {
                other.spawn(async { panic!("on purpose") });
                pending::<()>().await;
            });
            child.await
        }
    });
    let failed = timeout(DEADLINE, all).await.expect("it ends").expect_err("a task panicked");
    assert_eq!(failed.into_panic().downcast_ref(), Some(&"on purpose"));
    // All have ended by now, not soon.
    assert!(
        ends.expect("it was spawned")
            .try_recv()
            .is_err_and(|error| error == oneshot::error::TryRecvError::Closed)
    );
    assert!(body_dropped.await.is_err());
}

#[whippet::test]
async fn an_abort_is_a_failure_and_an_unwanted_output_is_none() {
    let failed = scope(|s| async move {
        drop(s.spawn(async { 7 }));
        let task = s.spawn(pending::<()>());
        assert!(!task.is_finished());
        task.abort();
        assert_eq!(task.await, None);
        pending::<()>().await;
    })
    .await
    .expect_err("a task was aborted");
    assert!(failed.is_cancelled());
}

#[whippet::test]
async fn a_scope_that_is_dropped_aborts_its_tasks_those_too_that_it_has_not_seen() {
    let mut seen = None;
    let mut unseen = None;
    let mut kept = None;
    {
        let mut all = pin!(scope(|s| {
            let (seen, unseen, kept) = (&mut seen, &mut unseen, &mut kept);
            async move {
                *seen = Some(forever(&s));
                yield_now().await;
                *unseen = Some(forever(&s));
                *kept = Some(s.clone());
                pending::<()>().await;
            }
        }));
        for _ in 0..3 {
            std::future::poll_fn(|cx| Poll::Ready(all.as_mut().poll(cx).is_pending())).await;
            yield_now().await;
        }
    }
    let ended = timeout(DEADLINE, seen.expect("it was spawned")).await;
    assert!(ended.expect("it is aborted").is_err());
    let ended = timeout(DEADLINE, unseen.expect("it was spawned")).await;
    assert!(ended.expect("it is aborted").is_err());
    // Whoever kept a clone spawns nothing any more.
    let late = forever(&kept.expect("it was cloned"));
    assert!(timeout(DEADLINE, late).await.expect("it is aborted").is_err());
}

#[whippet::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_of_many_threads() {
    const TASKS: usize = 100;
    let together = Arc::new(Barrier::new(TASKS));
    let sum = scope(|s| async move {
        let tasks: Vec<_> = (0..TASKS)
            .map(|number| {
                let together = Arc::clone(&together);
                s.spawn(async move {
                    together.wait().await;
                    number
                })
            })
            .collect();
        let mut sum = 0;
        for task in tasks {
            sum += task.await.expect("it ends well");
        }
        sum
    })
    .await
    .expect("nobody fails");
    assert_eq!(sum, TASKS * (TASKS - 1) / 2);
}
