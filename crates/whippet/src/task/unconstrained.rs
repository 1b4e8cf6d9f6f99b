//! The cooperative budget, as a program sees it: every call that may wait uses up a unit of the task's budget, and lets the
//! others go first when none is left.

use crate::coop;
use pin_project_lite::pin_project;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project! {
    /// A future without a budget: see [`unconstrained`].
    ///
    /// ```
    /// use std::future::Ready;
    /// use whippet::task::{Unconstrained, unconstrained};
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let seven: Unconstrained<Ready<u32>> = unconstrained(std::future::ready(7));
    /// assert_eq!(seven.await, 7);
    /// # });
    /// ```
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    #[derive(Debug)]
    pub struct Unconstrained<F> {
        // What is polled.
        #[pin]
        future: F,
    }
}

/// Lets `future` go on for as long as something is ready: the budget of 128 units a turn, which every channel, socket
/// and timer uses up, is not counted in it. A future that always finds something to do then keeps its worker from all
/// other tasks.
///
/// # Cancel safety
/// As cancel safe as `future`.
///
/// # Examples
/// ```
/// use whippet::{sync::mpsc, task::unconstrained};
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (sender, mut receiver) = mpsc::channel(1_000);
/// for number in 0..1_000 {
///     sender.try_send(number).unwrap();
/// }
/// drop(sender);
/// // All in one turn.
/// unconstrained(async { while receiver.recv().await.is_some() {} }).await;
/// let metrics = whippet::runtime::Handle::current().metrics();
/// assert_eq!(metrics.budget_forced_yield_count(), 0);
/// # });
/// ```
pub fn unconstrained<F>(future: F) -> Unconstrained<F> {
    Unconstrained { future }
}

impl<F: Future> Future for Unconstrained<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        coop::without_budget(|| self.project().future.poll(cx))
    }
}

/// Uses up a unit of the task's budget, and lets the others go first when none is left: for a loop that computes for
/// long and waits for nothing. Unlike [`yield_now`](super::yield_now) it costs next to nothing while there is budget.
///
/// # Cancel safety
/// Cancel safe: there is nothing to lose.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let mut sum = 0_u64;
/// for number in 0..10_000 {
///     sum += number;
///     whippet::task::consume_budget().await;
/// }
/// assert_eq!(sum, 49_995_000);
/// # });
/// ```
pub async fn consume_budget() {
    poll_fn(|cx| coop::poll_proceed(cx).map(coop::BudgetUnit::spend)).await;
}

/// Whether the running task has budget left. True outside of a task.
///
/// # Examples
/// ```
/// assert!(whippet::task::has_budget_remaining());
/// ```
#[must_use]
pub fn has_budget_remaining() -> bool {
    coop::has_budget_left()
}
