//! The budget of a poll, as a program sees it: `unconstrained`, `consume_budget`.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use whippet::sync::mpsc;
use whippet::task::{consume_budget, has_budget_remaining, unconstrained, yield_now};

/// How many polls a future takes, in a task of its own.
async fn polls<F: Future<Output: Send> + Send + 'static>(future: F) -> usize {
    let counted = async {
        let mut polls = 0;
        let mut future = pin!(future);
        poll_fn(|cx| {
            polls += 1;
            future.as_mut().poll(cx).map(drop)
        })
        .await;
        polls
    };
    whippet::spawn(counted).await.expect("the task ends well")
}

/// A channel with so many values in it, and closed.
fn filled(count: usize) -> mpsc::Receiver<usize> {
    let (sender, receiver) = mpsc::channel(count);
    (0..count).for_each(|number| sender.try_send(number).expect("room"));
    receiver
}

#[whippet::test]
async fn a_busy_task_lets_the_others_go_first_and_an_unconstrained_one_does_not() {
    let busy = |mut receiver: mpsc::Receiver<usize>| async move {
        while receiver.recv().await.is_some() {}
    };
    assert_eq!(polls(busy(filled(1_000))).await, 1 + 1_000 / 128);
    assert_eq!(polls(unconstrained(busy(filled(1_000)))).await, 1);
}

#[whippet::test]
async fn a_unit_is_used_up_by_each_call() {
    let work = async {
        for _ in 0..1_000 {
            consume_budget().await;
        }
    };
    assert_eq!(polls(work).await, 1 + 1_000 / 128);
}

#[whippet::test]
async fn remaining_guards_are_reported() {
    assert!(has_budget_remaining());
    let task = async {
        for _ in 0..128 {
            assert!(has_budget_remaining());
            consume_budget().await;
        }
        let within =
            (has_budget_remaining(), unconstrained(async { has_budget_remaining() }).await);
        yield_now().await;
        (within, has_budget_remaining())
    };
    assert_eq!(whippet::spawn(task).await.unwrap(), ((false, true), true));
}

#[whippet::test]
async fn a_budget_that_is_spent_by_others_ends_the_turn_of_none() {
    // A unit that was taken for nothing goes back.
    let (_sender, mut receiver) = mpsc::channel::<()>(1);
    let task = async move {
        let mut waits = pin!(receiver.recv());
        for _ in 0..1_000 {
            poll_fn(|cx| Poll::Ready(waits.as_mut().poll(cx).is_pending())).await;
        }
        has_budget_remaining()
    };
    assert!(whippet::spawn(task).await.unwrap());
}
