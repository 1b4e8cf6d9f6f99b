//! Waiting for a door from a thread that runs no tasks.

use crate::sys::thread::Parker;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Runs `future` on this thread, which sleeps while it waits.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
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
