//! The cooperative budget for programs that write leaf futures of their own: a leaf future that may be ready for ever takes a
//! unit of the task's budget first, so that a loop over it lets the other tasks have their turns.
//!
//! ```
//! use whippet::task::coop::{cooperative, has_budget_remaining};
//!
//! # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let mut units = 0;
//! while has_budget_remaining() {
//!     cooperative(std::future::ready(())).await;
//!     units += 1;
//! }
//! assert!(units > 1);
//! # });
//! ```

use crate::coop;
use pin_project_lite::pin_project;
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pub use super::unconstrained::{
    Unconstrained, consume_budget, has_budget_remaining, unconstrained,
};

/// A unit of the task's budget that was taken, which belongs to its thread. It goes back when this is dropped, unless
/// [`made_progress`](Self::made_progress) says that something was done with it.
///
/// It goes back only in the poll that it was taken in. Dropped in another one, or where nobody polls, it does nothing. It
/// stays on its thread:
///
/// ```compile_fail
/// fn is_send<T: Send>() {}
/// is_send::<whippet::task::coop::RestoreOnPending>();
/// ```
///
/// ```
/// use std::future::poll_fn;
/// use std::task::Poll;
/// use whippet::task::coop::{has_budget_remaining, poll_proceed};
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(poll_fn(|cx| {
/// for _ in 0..1_000 {
///     // Nothing was done: the unit goes back.
///     drop(poll_proceed(cx));
/// }
/// assert!(has_budget_remaining());
/// # Poll::Ready(())
/// # }));
/// ```
#[derive(Debug)]
#[must_use = "a unit that is dropped goes back"]
pub struct RestoreOnPending(RefCell<Option<coop::BudgetUnit>>);

impl RestoreOnPending {
    /// The future is ready: the unit is used up.
    ///
    /// ```
    /// use std::future::poll_fn;
    /// use std::task::Poll;
    /// use whippet::task::coop::{has_budget_remaining, poll_proceed};
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let mut units = 0;
    /// poll_fn(|cx| {
    ///     while let Poll::Ready(unit) = poll_proceed(cx) {
    ///         unit.made_progress();
    ///         units += 1;
    ///     }
    ///     Poll::Ready(())
    /// })
    /// .await;
    /// assert!(units > 0 && !has_budget_remaining());
    /// # });
    /// ```
    pub fn made_progress(&self) {
        if let Some(unit) = self.0.take() {
            unit.spend();
        }
    }
}

/// Takes a unit of the running task's budget. Pending: none is left, and the task was woken for its next turn. Outside
/// of a task it is always ready.
///
/// ```
/// use std::pin::Pin;
/// use std::task::{Context, Poll, ready};
/// use whippet::task::coop::poll_proceed;
///
/// /// Ready at each poll: without a budget a loop over it would never let another task run.
/// struct Always;
///
/// impl Future for Always {
///     type Output = ();
///
///     fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
///         let unit = ready!(poll_proceed(cx));
///         unit.made_progress();
///         Poll::Ready(())
///     }
/// }
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let busy = whippet::spawn(async { loop { Always.await } });
/// // Comes to its turn although the other task never waits.
/// assert!(whippet::spawn(async move { busy.abort() }).await.is_ok());
/// # });
/// ```
pub fn poll_proceed(cx: &mut Context<'_>) -> Poll<RestoreOnPending> {
    coop::poll_proceed(cx).map(|unit| RestoreOnPending(RefCell::new(Some(unit))))
}

pin_project! {
    /// A future that uses up a unit of the budget when it is ready: see [`cooperative`].
    ///
    /// ```
    /// use std::future::Ready;
    /// use whippet::task::coop::{Coop, cooperative};
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let seven: Coop<Ready<u32>> = cooperative(std::future::ready(7));
    /// assert_eq!(seven.await, 7);
    /// # });
    /// ```
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    #[derive(Debug)]
    pub struct Coop<F> {
        // What is polled.
        #[pin]
        future: F,
    }
}

/// Lets `future` take part in the budget: it is polled while the task has budget left, and uses up a unit when it is
/// ready.
///
/// # Cancel safety
/// As cancel safe as `future`.
///
/// ```
/// use whippet::task::coop::cooperative;
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let busy = whippet::spawn(async { loop { cooperative(std::future::ready(())).await } });
/// assert!(whippet::spawn(async move { busy.abort() }).await.is_ok());
/// # });
/// ```
pub fn cooperative<F: Future>(future: F) -> Coop<F> {
    Coop { future }
}

impl<F: Future> Future for Coop<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let unit = ready!(coop::poll_proceed(cx));
        let output = ready!(self.project().future.poll(cx));
        unit.spend();
        Poll::Ready(output)
    }
}
