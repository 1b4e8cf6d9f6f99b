//! Tokens polled by hand.

use super::CancellationToken;
use crate::sync::test_support::{Task, waker_fn};
use std::sync::Arc;

fn family(token: &CancellationToken) -> usize {
    token.family.lock().len()
}

fn waiting(token: &CancellationToken) -> usize {
    token.shared.waiters.lock().tickets()
}

#[test]
fn cancel_wakes_all_waiters_and_descendants() {
    let token = CancellationToken::new();
    let child = token.child_token();
    let grandchild = child.child_token();
    let mut tasks = [
        Task::new(token.cancelled()).pend(),
        Task::new(child.cancelled()).pend(),
        Task::new(grandchild.cancelled()).pend(),
    ];
    token.clone().cancel();
    token.cancel();
    for task in &mut tasks {
        assert_eq!(task.wakes(), 1);
        task.ready();
    }
    assert!(token.child_token().is_cancelled());
    assert_eq!(family(&token), 0);
}

#[test]
fn a_child_does_not_cancel_its_parent_or_its_siblings() {
    let parent = CancellationToken::new();
    let (one, other) = (parent.child_token(), parent.child_token());
    one.cancel();
    assert!(one.is_cancelled() && !parent.is_cancelled() && !other.is_cancelled());
    assert_eq!(family(&parent), 2);
    drop(one);
    assert_eq!(family(&parent), 2);
    parent.cancel();
    assert!(other.is_cancelled());
}

#[test]
fn a_dropped_token_cancels_nothing_and_keeps_its_children() {
    let root = CancellationToken::new();
    let middle = root.child_token();
    let leaves = [middle.child_token(), middle.child_token()];
    drop(middle);
    assert!(!leaves[0].is_cancelled());
    root.cancel();
    assert!(leaves.iter().all(CancellationToken::is_cancelled));
}

#[test]
fn dropped_children_are_forgotten() {
    let root = CancellationToken::new();
    for _ in 0..100 {
        let children: Vec<_> = (0..10).map(|_| root.child_token()).collect();
        let grandchildren: Vec<_> = children.iter().map(CancellationToken::child_token).collect();
        drop(children);
        assert_eq!(family(&root), 11);
        drop(grandchildren);
    }
    assert_eq!(family(&root), 1);
}

#[test]
fn a_chain_that_only_keeps_its_end_keeps_two_tokens() {
    let root = CancellationToken::new();
    let mut token = root.child_token();
    for _ in 0..10_000 {
        token = token.child_token();
        assert_eq!(family(&root), 2);
    }
    root.cancel();
    assert!(token.is_cancelled());
}

#[test]
fn an_orphaned_family_lives_on() {
    let root = CancellationToken::new();
    let (one, other) = (root.child_token(), root.child_token());
    drop(root);
    assert_eq!(family(&one), 3);
    drop(other);
    assert_eq!(family(&one), 1);
    one.cancel();
    assert_eq!(family(&one), 0);
}

#[test]
fn a_long_chain_neither_cancels_nor_drops_by_recursion() {
    let mut chain = vec![CancellationToken::new()];
    for depth in 0..200_000 {
        chain.push(chain[depth].child_token());
    }
    chain[0].cancel();
    assert!(chain.iter().all(CancellationToken::is_cancelled));

    let mut chain = vec![CancellationToken::new()];
    for depth in 0..200_000 {
        chain.push(chain[depth].child_token());
    }
    drop(chain);
}

#[test]
fn waits_that_end_early_are_forgotten() {
    let token = CancellationToken::new();
    drop(Task::new(token.cancelled()).pend());
    drop(Task::new(token.clone().cancelled_owned()).pend());
    assert_eq!(waiting(&token), 0);
    let task = Task::new(token.cancelled()).pend();
    token.cancel();
    drop(task);
    assert_eq!(waiting(&token), 0);
}

#[test]
fn run_until_cancelled_drops_the_future() {
    let token = CancellationToken::new();
    let held = Arc::new(());
    let work = {
        let held = Arc::clone(&held);
        async move {
            std::future::pending::<()>().await;
            drop(held);
        }
    };
    let mut run = Task::new(token.run_until_cancelled(work)).pend();
    token.cancel();
    assert_eq!((run.wakes(), run.ready()), (1, None));
    drop(run);
    assert_eq!(Arc::strong_count(&held), 1);
}

#[test]
fn a_guard_cancels_unless_disarmed() {
    let token = CancellationToken::new();
    let guard = token.child_token().drop_guard();
    let child = guard.disarm();
    assert!(!child.is_cancelled());
    drop(token.clone().drop_guard());
    assert!(child.is_cancelled());
}

#[test]
fn regression_07_a_waker_may_use_the_token() {
    let token = CancellationToken::new();
    let waker = {
        let token = token.clone();
        waker_fn(move || {
            token.cancel();
            assert!(token.child_token().is_cancelled());
            Task::new(token.cancelled()).ready();
        })
    };
    let mut task = Task::new(token.cancelled());
    assert!(task.poll_with(&waker).is_pending());
    token.cancel();
    task.ready();
}

#[test]
#[expect(
    clippy::mutable_key_type,
    reason = "a token is hashed by where it is, which nothing changes"
)]
fn clones_are_equal_and_hash_alike_and_no_others_are() {
    let token = CancellationToken::new();
    let (clone, child) = (token.clone(), token.child_token());
    assert!(token == clone && token != child && token != CancellationToken::new());
    let mut names =
        std::collections::HashMap::from([(token.clone(), "token"), (child.clone(), "child")]);
    assert_eq!(
        (names.len(), names.insert(clone, "clone"), names.remove(&child)),
        (2, Some("token"), Some("child"))
    );
    // As before once it is cancelled.
    token.cancel();
    assert_eq!(names.remove(&token), Some("clone"));
}
