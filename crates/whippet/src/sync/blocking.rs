//! Waits for a future from a thread that runs no tasks.

use crate::coop;
use crate::sys::thread::Parker;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Runs `future` on this thread, which sleeps while it waits.
///
/// # Panics
/// Inside of a poll: all other tasks of the thread would wait too, the one that is waited for among them.
#[track_caller]
pub(crate) fn wait<F: Future>(call: &str, future: F) -> F::Output {
    assert!(
        !coop::is_polling(),
        "`{call}`: this thread polls a task or a `block_on`, and must not block; await instead, or call this inside of \
         `spawn_blocking` or `block_in_place`"
    );
    let parker = Arc::new(Parker::default());
    let waker = parker.waker();
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        parker.park();
    }
}
