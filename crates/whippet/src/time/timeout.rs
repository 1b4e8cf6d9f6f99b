//! A bound on the wait for another future.

use super::Instant;
use super::error::Elapsed;
use super::sleep::{Sleep, current_timers};
use crate::coop;
use pin_project_lite::pin_project;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// Waits for `future`, but for `duration` at the longest.
///
/// The future is polled first: one that is ready at once is never late, whatever the duration.
///
/// # Errors
/// [`Elapsed`] when the time is over. The future is dropped with the [`Timeout`]; to keep it, hand over `&mut` of
/// a pinned one.
///
/// # Cancel safety
/// Dropping the timeout drops the future in it; it is as cancel safe as that.
///
/// # Panics
/// Outside of a runtime's context.
///
/// ```
/// use std::time::Duration;
/// use whippet::time::timeout;
///
/// # let rt = whippet::runtime::Builder::new_current_thread().build()?;
/// # rt.block_on(async {
/// assert_eq!(timeout(Duration::from_secs(1), async { 7 }).await, Ok(7));
/// assert!(timeout(Duration::from_millis(1), std::future::pending::<()>()).await.is_err());
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    timeout_in("time::timeout", duration, future)
}

/// As [`timeout`], in a call of this name.
#[track_caller]
pub(super) fn timeout_in<F: IntoFuture>(
    call: &str,
    duration: Duration,
    future: F,
) -> Timeout<F::IntoFuture> {
    Timeout { value: future.into_future(), delay: Sleep::after(current_timers(call), duration) }
}

/// Waits for `future`, but until `deadline` at the latest.
///
/// The future is polled first: one that is ready at once is never late.
///
/// # Errors
/// [`Elapsed`] when the deadline has come.
///
/// # Cancel safety
/// Dropping the timeout drops the future in it; it is as cancel safe as that.
///
/// # Panics
/// Outside of a runtime's context.
///
/// ```
/// use std::time::Duration;
/// use whippet::time::{Instant, timeout_at};
///
/// # let rt = whippet::runtime::Builder::new_current_thread().build()?;
/// # rt.block_on(async {
/// let deadline = Instant::now() + Duration::from_millis(1);
/// // One deadline for several waits.
/// assert_eq!(timeout_at(deadline, async { 7 }).await, Ok(7));
/// assert!(timeout_at(deadline, std::future::pending::<()>()).await.is_err());
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn timeout_at<F: IntoFuture>(deadline: Instant, future: F) -> Timeout<F::IntoFuture> {
    Timeout {
        value: future.into_future(),
        delay: Sleep::until(current_timers("time::timeout_at"), deadline),
    }
}

pin_project! {
    /// The future of [`timeout`] and [`timeout_at`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use whippet::time::{Instant, timeout};
    ///
    /// # let rt = whippet::runtime::Builder::new_current_thread().start_paused(true).build()?;
    /// # rt.block_on(async {
    /// let start = Instant::now();
    /// let answer = timeout(Duration::from_secs(5), std::future::pending::<()>());
    /// assert_eq!(answer.await.unwrap_err().to_string(), "deadline has elapsed");
    /// assert_eq!(start.elapsed(), Duration::from_secs(5));
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    #[derive(Debug)]
    pub struct Timeout<T> {
        // What is waited for.
        #[pin]
        value: T,
        // For how long.
        delay: Sleep,
    }
}

impl<T> Timeout<T> {
    /// The future inside.
    ///
    /// ```
    /// use std::time::Duration;
    /// use whippet::time::timeout;
    ///
    /// # let rt = whippet::runtime::Builder::new_current_thread().build()?;
    /// # rt.block_on(async {
    /// let task = whippet::spawn(async { 7 });
    /// let id = task.id();
    /// let bounded = timeout(Duration::from_secs(1), task);
    /// assert_eq!(bounded.get_ref().id(), id);
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub const fn get_ref(&self) -> &T {
        &self.value
    }

    /// The future inside.
    ///
    /// ```
    /// use std::time::Duration;
    /// use whippet::sync::oneshot;
    /// use whippet::time::timeout;
    ///
    /// # let rt = whippet::runtime::Builder::new_current_thread().build()?;
    /// # rt.block_on(async {
    /// let (sender, receiver) = oneshot::channel();
    /// let mut answer = timeout(Duration::from_secs(1), receiver);
    /// answer.get_mut().close();
    /// assert_eq!(sender.send("late"), Err("late"));
    /// assert!(answer.await.unwrap().is_err());
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub const fn get_mut(&mut self) -> &mut T {
        &mut self.value
    }

    /// Takes the future out and drops the bound.
    ///
    /// ```
    /// use std::time::Duration;
    /// use whippet::time::timeout;
    ///
    /// # let rt = whippet::runtime::Builder::new_current_thread().build()?;
    /// # rt.block_on(async {
    /// let task = whippet::spawn(async { 7 });
    /// let unbounded = timeout(Duration::ZERO, task).into_inner();
    /// assert_eq!(unbounded.await.unwrap(), 7);
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn into_inner(self) -> T {
        self.value
    }

    /// A bound on `value` by a sleep of one's own making.
    #[cfg(test)]
    #[cfg(not(loom))]
    pub(super) const fn new(value: T, delay: Sleep) -> Self {
        Self { value, delay }
    }
}

impl<T: Future> Future for Timeout<T> {
    type Output = Result<T::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let had_budget = coop::has_budget_left();
        if let Poll::Ready(output) = this.value.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        let delay = Pin::new(this.delay);
        // A future that uses up the budget in each poll must not keep its own bound from being looked at.
        let delay = if had_budget && !coop::has_budget_left() {
            coop::without_budget(|| delay.poll(cx))
        } else {
            delay.poll(cx)
        };
        delay.map(|()| Err(Elapsed::new()))
    }
}
