//! Letting the others go first.

use crate::coop::{self, Yield};
use std::future::poll_fn;
use std::task::Poll;

/// Lets the task go to the end of its queue: the others there have their turns first, and its worker looks at sockets and
/// timers before the task comes again (unless another worker waits for these). A task whose budget is used up is put there in the same
/// way.
///
/// Outside of a runtime's tasks, and of the future of a `block_on` that drives one, the waker is woken at once.
///
/// # Cancel safety
/// Cancel safe: there is nothing to lose.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let other = whippet::spawn(async {});
/// assert!(!other.is_finished());
/// whippet::task::yield_now().await;
/// assert!(other.is_finished());
/// # });
/// ```
pub async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        coop::yield_task(cx.waker(), Yield::Asked);
        Poll::Pending
    })
    .await;
}
