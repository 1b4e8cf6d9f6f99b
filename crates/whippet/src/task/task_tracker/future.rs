//! What a tracker hands out: tokens, futures with a token, and the wait for the last one.

use super::TaskTracker;
use crate::sync::Notified;
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Counts as a task of a [`TaskTracker`] until it is dropped: see [`TaskTracker::token`].
///
/// ```
/// let tasks = whippet::task::TaskTracker::new();
/// let token = tasks.token();
/// let other = token.clone();
/// assert_eq!(tasks.len(), 2);
/// drop((token, other));
/// assert!(tasks.is_empty());
/// ```
#[must_use = "a token that is dropped counts no more"]
pub struct TaskTrackerToken {
    /// The tracker.
    tracker: TaskTracker,
}

impl TaskTrackerToken {
    /// Counts from here.
    pub(super) fn new(tracker: TaskTracker) -> Self {
        tracker.shared.add();
        Self { tracker }
    }

    /// The tracker that it counts in.
    ///
    /// ```
    /// use whippet::task::TaskTracker;
    ///
    /// let tasks = TaskTracker::new();
    /// let token = tasks.token();
    /// assert!(TaskTracker::ptr_eq(token.task_tracker(), &tasks));
    /// ```
    #[must_use]
    pub fn task_tracker(&self) -> &TaskTracker {
        &self.tracker
    }
}

impl Clone for TaskTrackerToken {
    /// Another token, which counts as another task.
    fn clone(&self) -> Self {
        self.tracker.token()
    }
}

impl Drop for TaskTrackerToken {
    fn drop(&mut self) {
        self.tracker.shared.remove();
    }
}

impl fmt::Debug for TaskTrackerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskTrackerToken").finish_non_exhaustive()
    }
}

pin_project! {
    /// A future that counts as a task until it is dropped: see [`TaskTracker::track_future`].
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let tasks = whippet::task::TaskTracker::new();
    /// let future = tasks.track_future(async { 7 });
    /// assert_eq!(tasks.len(), 1);
    /// assert_eq!(future.await, 7);
    /// assert!(tasks.is_empty());
    /// # });
    /// ```
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    #[derive(Debug)]
    pub struct TrackedFuture<F> {
        // The future; dropped before the token.
        #[pin]
        future: F,
        // Counts.
        token: TaskTrackerToken,
    }
}

impl<F> TrackedFuture<F> {
    pub(super) fn new(future: F, token: TaskTrackerToken) -> Self {
        Self { future, token }
    }

    /// The tracker that it counts in.
    ///
    /// ```
    /// use whippet::task::TaskTracker;
    ///
    /// let tasks = TaskTracker::new();
    /// let future = tasks.track_future(async {});
    /// assert!(TaskTracker::ptr_eq(future.task_tracker(), &tasks));
    /// ```
    #[must_use]
    pub fn task_tracker(&self) -> &TaskTracker {
        self.token.task_tracker()
    }
}

impl<F: Future> Future for TrackedFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().future.poll(cx)
    }
}

pin_project! {
    /// Waits until a tracker is closed and empty: see [`TaskTracker::wait`].
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let tasks = whippet::task::TaskTracker::new();
    /// tasks.close();
    /// let ended = tasks.wait();
    /// // It was over when the wait began.
    /// tasks.reopen();
    /// ended.await;
    /// assert!(!tasks.is_closed());
    /// # });
    /// ```
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct TaskTrackerWaitFuture<'a> {
        // Told at the end; none when the end was seen.
        #[pin]
        ended: Option<Notified<'a>>,
    }
}

impl<'a> TaskTrackerWaitFuture<'a> {
    pub(super) fn new(tracker: &'a TaskTracker) -> Self {
        // Before the look: it gets every notification from here on.
        let ended = tracker.shared.ended.notified();
        Self { ended: (!tracker.shared.is_over()).then_some(ended) }
    }
}

impl Future for TaskTrackerWaitFuture<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut ended = self.project().ended;
        if let Some(waits) = ended.as_mut().as_pin_mut() {
            ready!(waits.poll(cx));
            ended.set(None);
        }
        Poll::Ready(())
    }
}

impl fmt::Debug for TaskTrackerWaitFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskTrackerWaitFuture").field("is_over", &self.ended.is_none()).finish()
    }
}
