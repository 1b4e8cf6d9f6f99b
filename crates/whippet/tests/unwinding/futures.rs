//! Futures that panic when they are polled or dropped.

use super::support::{Bomb, DEADLINE, Task, current, multi, panics};
use std::future::{pending, poll_fn, ready};
use std::pin::Pin;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context, Poll};
use whippet::sync::{CancellationToken, Notify, oneshot};
use whippet::task::{
    JoinSet, LocalSet, TaskTracker, has_budget_remaining, scope, spawn_local, unconstrained,
    yield_now,
};
use whippet::time::timeout;

/// A future that panics when it is polled.
fn panics_when_polled() -> impl Future<Output = ()> + Send + 'static {
    poll_fn(|_| panic!("polled, on purpose"))
}

/// A future that is ready, and panics when it is dropped.
fn panics_when_dropped() -> impl Future<Output = ()> + Send + 'static {
    struct Dropped(Bomb);
    impl Future for Dropped {
        type Output = ();

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            assert_eq!(self.0.0.load(SeqCst), 0);
            Poll::Ready(())
        }
    }
    Dropped(Bomb::some(1).0.remove(0))
}

/// What a thread knows of a poll is as it was: there is no budget, no task, and no runtime.
fn nothing_is_left() {
    assert!(has_budget_remaining());
    assert!(whippet::task::try_id().is_none());
    assert!(whippet::runtime::Handle::try_current().is_err());
    // A poll that was left behind would refuse this.
    assert_eq!(current().block_on(ready(7)), 7);
}

#[test]
fn tasks_that_panic_end_alone() {
    for runtime in [multi(1), current()] {
        runtime.block_on(async {
            for _ in 0..10 {
                let (polled, dropped) =
                    (whippet::spawn(panics_when_polled()), whippet::spawn(panics_when_dropped()));
                assert!(polled.await.unwrap_err().is_panic());
                assert!(dropped.await.unwrap_err().is_panic());
            }
            assert_eq!(whippet::spawn(ready(7)).await.unwrap(), 7);
        });
        assert_eq!(runtime.metrics().num_alive_tasks(), 0);
    }
}

#[test]
fn a_task_that_is_aborted_with_a_future_that_panics_ends() {
    let runtime = multi(1);
    runtime.block_on(async {
        let (bombs, dropped) = Bomb::some(1);
        let task = whippet::spawn(async move {
            let _bombs = bombs;
            pending::<()>().await;
        });
        yield_now().await;
        task.abort();
        assert!(timeout(DEADLINE, task).await.unwrap().is_err());
        assert_eq!(dropped.load(SeqCst), 1);
    });
}

#[test]
fn a_block_on_that_panics_leaves_its_runtime_whole() {
    for runtime in [multi(1), current()] {
        for _ in 0..3 {
            assert!(panics(|| runtime.block_on(panics_when_polled())));
            assert!(panics(|| runtime.block_on(panics_when_dropped())));
            assert!(panics(|| runtime.handle().block_on(panics_when_polled())));
            nothing_is_left();
        }
        let task = runtime.spawn(ready(7));
        assert_eq!(runtime.block_on(task).unwrap(), 7);
    }
}

#[test]
fn macros_drop_all_their_futures_and_leave_no_budget() {
    let (notify, token) = (Notify::new(), CancellationToken::new());
    let body = async || {
        whippet::select! {
            biased;
            () = notify.notified() => (),
            () = token.cancelled() => (),
            () = panics_when_polled() => (),
        }
    };
    assert!(panics(|| Task::new(body()).poll()));
    let joins = async || {
        let _ = whippet::join!(biased; notify.notified(), panics_when_polled());
    };
    assert!(panics(|| Task::new(joins()).poll()));
    let tries = async || {
        let waits = async {
            notify.notified().await;
            Ok::<(), ()>(())
        };
        let panics = async {
            panics_when_polled().await;
            Err::<(), ()>(())
        };
        let _ = whippet::try_join!(biased; waits, panics);
    };
    assert!(panics(|| Task::new(tries()).poll()));
    nothing_is_left();
    // They left the line.
    notify.notify_one();
    assert!(Task::new(notify.notified()).poll().is_ready(), "it was kept for the next");
}

#[test]
fn a_joined_future_that_panics_when_dropped_has_given_its_output() {
    let (release, released) = oneshot::channel();
    let mut joined = Task::new(async {
        let ((), number) = whippet::join!(panics_when_dropped(), async { released.await.unwrap() });
        number
    });
    assert!(panics(|| joined.poll()));
    nothing_is_left();
    drop((joined, release.send(7)));
}

#[test]
fn wrappers_leave_nothing_on_the_thread() {
    let runtime = current();
    let entered = runtime.enter();
    let mut bounded = Task::new(timeout(DEADLINE, panics_when_polled()));
    assert!(panics(|| bounded.poll()));
    drop(bounded);
    drop(entered);
    assert_eq!(runtime.metrics().num_pending_timers(), 0);
    assert!(panics(|| Task::new(unconstrained(panics_when_polled())).poll()));
    assert!(panics(|| Task::new(whippet::task::coop::cooperative(panics_when_polled())).poll()));
    nothing_is_left();
    let token = CancellationToken::new();
    assert!(panics(|| Task::new(token.run_until_cancelled(panics_when_polled())).poll()));
    token.cancel();
    assert!(Task::new(token.cancelled()).poll().is_ready());
}

whippet::task_local! {
    static NUMBER: u32;
}

#[test]
fn a_scope_of_a_task_local_ends_with_its_future() {
    let waits = async {
        assert_eq!(NUMBER.get(), 1);
        panics_when_polled().await;
    };
    assert!(panics(|| Task::new(NUMBER.scope(1, waits)).poll()));
    assert!(NUMBER.try_get().is_err());
    assert!(panics(|| Task::new(NUMBER.scope(1, panics_when_dropped())).poll()), "once ready");
    assert!(panics(|| drop(NUMBER.scope(1, panics_when_dropped()))), "without a poll");
    assert!(NUMBER.try_get().is_err());
}

#[test]
fn a_set_of_local_tasks_goes_on_after_panics() {
    let runtime = current();
    let set = LocalSet::new();
    for _ in 0..3 {
        assert!(panics(|| set.block_on(&runtime, panics_when_polled())));
        nothing_is_left();
    }
    set.block_on(&runtime, async {
        assert!(spawn_local(panics_when_polled()).await.unwrap_err().is_panic());
        assert!(spawn_local(panics_when_dropped()).await.unwrap_err().is_panic());
        assert_eq!(spawn_local(ready(7)).await.unwrap(), 7);
    });
    assert!(panics(|| spawn_local(ready(7))), "the set was left");
}

#[test]
fn a_scope_whose_body_panics_aborts_its_tasks() {
    let runtime = multi(1);
    let (sender, receiver) = oneshot::channel::<()>();
    runtime.block_on(async {
        let body = whippet::spawn(async {
            scope(|scope| async move {
                drop(scope.spawn(async move {
                    let _sender = sender;
                    pending::<()>().await;
                }));
                yield_now().await;
                panics_when_polled().await;
            })
            .await
        });
        assert!(body.await.unwrap_err().is_panic());
        assert!(timeout(DEADLINE, receiver).await.unwrap().is_err(), "its task lives on");
    });
}

#[test]
fn trackers_and_sets_count_those_that_panic_out() {
    let runtime = multi(1);
    runtime.block_on(async {
        let (tracker, mut set) = (TaskTracker::new(), JoinSet::new());
        drop(tracker.spawn(panics_when_polled()));
        drop(tracker.spawn(panics_when_dropped()));
        drop(tracker.spawn_blocking(|| panic!("on purpose")));
        assert!(panics(|| Task::new(tracker.track_future(panics_when_polled())).poll()));
        tracker.close();
        timeout(DEADLINE, tracker.wait()).await.unwrap();
        set.spawn(panics_when_polled());
        set.spawn(panics_when_dropped());
        for _ in 0..2 {
            let joined = timeout(DEADLINE, set.join_next()).await.unwrap();
            assert!(joined.unwrap().unwrap_err().is_panic());
        }
        assert!(set.is_empty());
    });
}
