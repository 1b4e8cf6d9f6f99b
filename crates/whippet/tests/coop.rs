//! Doors that a program writes itself, within the budget of a turn.

use std::future::{poll_fn, ready};
use std::pin::pin;
use std::task::{Poll, ready};
use whippet::task::coop::{cooperative, has_budget_remaining, poll_proceed};

/// How many turns a task takes for a thousand futures that are ready at once.
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
