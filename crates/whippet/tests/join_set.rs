//! `task::JoinSet`: what is joined, in which order, and what becomes of the rest.

use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::task::Poll;
use whippet::runtime::{Builder, Runtime};
use whippet::sync::{mpsc, oneshot};
use whippet::task::{JoinSet, yield_now};

fn both() -> [Runtime; 2] {
    let builders = [Builder::new_multi_thread(), Builder::new_current_thread()];
    builders.map(|mut builder| builder.worker_threads(2).build().expect("a runtime"))
}

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// A set of tasks that wait for ever; what counts their ends, and what shows that all have begun.
async fn waiting(count: usize) -> (JoinSet<()>, Arc<AtomicUsize>) {
    let drops = Arc::new(AtomicUsize::new(0));
    let (begun, mut begins) = mpsc::channel(count);
    let mut set = JoinSet::new();
    for _ in 0..count {
        let (counted, begun) = (Counted(Arc::clone(&drops)), begun.clone());
        set.spawn(async move {
            let _counted = counted;
            begun.send(()).await.expect("somebody counts");
            pending().await
        });
    }
    for _ in 0..count {
        begins.recv().await.expect("all begin");
    }
    (set, drops)
}

#[test]
fn outputs_come_in_the_order_of_completion() {
    for runtime in both() {
        runtime.block_on(async {
            let mut set = JoinSet::new();
            let mut senders = Vec::new();
            for number in 0..5 {
                let (open, opened) = oneshot::channel::<()>();
                senders.push(Some(open));
                set.spawn(async move {
                    opened.await.unwrap();
                    number
                });
            }
            for number in [3, 0, 4, 1, 2] {
                assert!(set.try_join_next().is_none());
                senders[number].take().unwrap().send(()).unwrap();
                assert_eq!(set.join_next().await.unwrap().unwrap(), number);
            }
            assert!(set.join_next().await.is_none());
        });
    }
}

#[test]
fn many_are_joined_once_each_with_their_names() {
    for runtime in both() {
        runtime.block_on(async {
            let mut set = JoinSet::new();
            let mut names = std::collections::HashMap::new();
            for number in 0..1_000 {
                let task = set.spawn(async move {
                    for _ in 0..number % 5 {
                        yield_now().await;
                    }
                    number
                });
                names.insert(task.id(), number);
            }
            assert_eq!(set.len(), 1_000);
            while let Some(joined) = set.join_next_with_id().await {
                let (id, number) = joined.unwrap();
                assert_eq!(names.remove(&id), Some(number));
            }
            assert!(names.is_empty() && set.is_empty());
        });
    }
}

#[test]
fn a_failed_task_is_reported_and_the_others_go_on() {
    for runtime in both() {
        runtime.block_on(async {
            let mut set = JoinSet::new();
            let panics = set.spawn(async { panic!("on purpose") });
            let error = set.join_next().await.unwrap().unwrap_err();
            assert!(error.is_panic());
            assert_eq!(error.id(), panics.id());
            let aborted = set.spawn(pending());
            aborted.abort();
            assert!(set.join_next_with_id().await.unwrap().unwrap_err().is_cancelled());
            set.spawn(async { 7 });
            assert_eq!(set.join_next().await.unwrap().unwrap(), 7);
        });
    }
}

#[test]
fn dropping_the_set_aborts_and_detaching_does_not() {
    for runtime in both() {
        let (mut detached, drops_of_detached) = runtime.block_on(waiting(10));
        let (dropped, drops_of_dropped) = runtime.block_on(waiting(10));
        detached.detach_all();
        assert!(detached.is_empty());
        drop((detached, dropped));
        // A task drops its future before it leaves the list of the living.
        let metrics = runtime.metrics();
        runtime.block_on(async {
            while drops_of_dropped.load(SeqCst) < 10 || metrics.num_alive_tasks() > 10 {
                yield_now().await;
            }
        });
        assert_eq!(drops_of_detached.load(SeqCst), 0);
        assert_eq!(metrics.num_alive_tasks(), 10);
    }
}

#[test]
fn shutdown_waits_until_all_are_gone() {
    for runtime in both() {
        runtime.block_on(async {
            let (mut set, drops) = waiting(10).await;
            set.shutdown().await;
            assert_eq!(drops.load(SeqCst), 10);
            assert!(set.is_empty());
        });
    }
}

#[test]
fn join_all_passes_a_panic_on_and_aborts_the_others() {
    for runtime in both() {
        let (mut set, drops) = runtime.block_on(waiting(3));
        set.spawn_on(async { panic!("on purpose") }, runtime.handle());
        let joined = catch_unwind(AssertUnwindSafe(|| runtime.block_on(set.join_all())));
        assert_eq!(joined.unwrap_err().downcast_ref(), Some(&"on purpose"));
        runtime.block_on(async {
            while drops.load(SeqCst) < 3 {
                yield_now().await;
            }
        });
    }
}

#[test]
fn one_poll_joins_no_more_than_its_budget() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut set: JoinSet<()> = (0..1_000).map(|_| async {}).collect();
        while runtime.metrics().num_alive_tasks() > 0 {
            yield_now().await;
        }
        let task = async move {
            let mut most = 0;
            let mut joined = 0;
            poll_fn(|cx| {
                let before = joined;
                while let Poll::Ready(Some(_)) = set.poll_join_next(cx) {
                    joined += 1;
                }
                most = most.max(joined - before);
                if set.is_empty() { Poll::Ready((joined, most)) } else { Poll::Pending }
            })
            .await
        };
        let (joined, most) = whippet::spawn(task).await.unwrap();
        assert_eq!(joined, 1_000);
        assert!(most <= 128, "{most} in one poll");
    });
}

#[test]
fn a_join_that_is_given_up_loses_nothing() {
    for runtime in both() {
        runtime.block_on(async {
            let mut set = JoinSet::new();
            let (open, opened) = oneshot::channel::<()>();
            set.spawn(async move { opened.await.is_ok() });
            {
                let mut join = pin!(set.join_next());
                let pending = poll_fn(|cx| Poll::Ready(join.as_mut().poll(cx).is_pending()));
                assert!(pending.await);
            }
            open.send(()).unwrap();
            assert!(set.join_next().await.unwrap().unwrap());
        });
    }
}
