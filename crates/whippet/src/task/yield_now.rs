//! Letting the others go first.

use std::future::poll_fn;
use std::task::Poll;

/// Lets the task go to the end of its queue: the others there have their turns first.
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
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
