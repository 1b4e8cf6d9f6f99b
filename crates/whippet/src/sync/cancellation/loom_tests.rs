//! Tokens under every interleaving. A cancellation that is missed shows as a deadlock of the model.

use super::CancellationToken;
use loom::future::block_on;
use loom::thread;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

#[test]
fn loom_cancel_beside_a_waiter_and_a_child_that_waits() {
    loom::model(|| {
        let token = CancellationToken::new();
        let (own, parent) = (token.clone(), token.clone());
        let waiters = [
            thread::spawn(move || block_on(own.cancelled())),
            thread::spawn(move || block_on(parent.child_token().cancelled())),
        ];
        token.cancel();
        for waiter in waiters {
            waiter.join().unwrap();
        }
    });
}

#[test]
fn loom_cancel_beside_the_drop_of_a_token_in_the_middle() {
    loom::model(|| {
        let root = CancellationToken::new();
        let middle = root.child_token();
        let leaf = middle.child_token();
        let dropping = thread::spawn(move || drop(middle));
        let waiting = thread::spawn(move || block_on(leaf.cancelled()));
        root.cancel();
        dropping.join().unwrap();
        waiting.join().unwrap();
    });
}

#[test]
fn loom_two_cancels_beside_a_waiter_that_gives_up() {
    loom::model(|| {
        let token = CancellationToken::new();
        let child = token.child_token();
        let waiting = thread::spawn({
            let child = child.clone();
            move || {
                let mut cancelled = pin!(child.cancelled());
                block_on(poll_fn(|cx| Poll::Ready(cancelled.as_mut().poll(cx).is_ready())));
            }
        });
        let cancelling = thread::spawn(move || child.cancel());
        token.cancel();
        waiting.join().unwrap();
        cancelling.join().unwrap();
    });
}
