//! Futures that a program writes itself, within the budget of a poll.

use std::future::{poll_fn, ready};
use std::pin::pin;
use std::task::{Poll, ready};
use whippet::runtime::{Builder, Runtime};
use whippet::task::coop::{
    RestoreOnPending, cooperative, has_budget_remaining, poll_proceed, unconstrained,
};
use whippet::task::yield_now;

/// How many polls a task takes for a thousand futures that are ready at once.
async fn turns(takes_part: bool) -> usize {
    let counted = async move {
        let mut turns = 0;
        let mut work = pin!(async {
            for _ in 0..1_000 {
                match takes_part {
                    true => cooperative(ready(())).await,
                    false => ready(()).await,
                }
            }
        });
        poll_fn(|cx| {
            turns += 1;
            work.as_mut().poll(cx)
        })
        .await;
        turns
    };
    whippet::spawn(counted).await.expect("it ends well")
}

#[whippet::test]
async fn a_future_that_is_always_ready_lets_others_go_first_if_it_takes_part() {
    assert_eq!(turns(true).await, 1 + 1_000 / 128);
    assert_eq!(turns(false).await, 1);
}

#[whippet::test]
async fn a_unit_goes_back_unless_progress_was_made() {
    whippet::spawn(async {
        poll_fn(|cx| {
            for _ in 0..1_000 {
                drop(ready!(poll_proceed(cx)));
            }
            assert!(has_budget_remaining());
            for _ in 0..128 {
                ready!(poll_proceed(cx)).made_progress();
            }
            assert!(!has_budget_remaining());
            assert!(poll_proceed(cx).is_pending());
            Poll::Ready(())
        })
        .await;
    })
    .await
    .expect("it ends well");
}

/// The unit of a poll, kept beyond it.
fn unit_of_a_poll(runtime: &Runtime) -> RestoreOnPending {
    runtime.block_on(poll_fn(poll_proceed))
}

#[test]
fn a_unit_dropped_after_its_poll_leaves_the_thread_alone() {
    let runtime = Builder::new_current_thread().build().unwrap();
    drop(unit_of_a_poll(&runtime));
    // Refused on a thread that polls.
    runtime.block_on(async {});
    let (sender, mut receiver) = whippet::sync::mpsc::channel(1);
    sender.blocking_send(7).unwrap();
    assert_eq!(receiver.blocking_recv(), Some(7));
}

/// Uses up what is left of the budget, and counts it.
async fn use_up() -> u32 {
    let mut units = 0;
    poll_fn(|cx| {
        while has_budget_remaining() {
            ready!(poll_proceed(cx)).made_progress();
            units += 1;
        }
        Poll::Ready(())
    })
    .await;
    units
}

#[test]
fn a_unit_dropped_in_another_poll_gives_it_nothing() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let unit = unit_of_a_poll(&runtime);
    runtime.block_on(async {
        assert_eq!(use_up().await, 128);
        drop(unit);
        assert!(!has_budget_remaining(), "a spent budget came back");
    });
}

#[test]
fn a_unit_dropped_in_a_later_poll_of_its_task_gives_nothing() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let unit = poll_fn(poll_proceed).await;
        yield_now().await;
        assert_eq!(use_up().await, 128);
        drop(unit);
        assert!(!has_budget_remaining(), "a spent budget came back");
    });
}

#[test]
fn a_unit_dropped_in_a_block_on_within_its_poll_gives_nothing() {
    let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let handle = runtime.handle().clone();
    let task = runtime.spawn(async move {
        let unit = poll_fn(poll_proceed).await;
        whippet::task::block_in_place(|| {
            handle.block_on(async {
                assert_eq!(use_up().await, 128);
                drop(unit);
                assert!(!has_budget_remaining(), "a spent budget came back");
            });
        });
        use_up().await
    });
    assert_eq!(runtime.block_on(task).unwrap(), 127);
}

#[test]
fn a_unit_dropped_in_an_unconstrained_part_gives_nothing() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let unit = poll_fn(poll_proceed).await;
        unconstrained(async { drop(unit) }).await;
        assert_eq!(use_up().await, 127);
    });
}
