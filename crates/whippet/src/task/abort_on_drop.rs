//! A join handle that does not outlive the interest in its task.

use super::{AbortHandle, Id, JoinError, JoinHandle};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A [`JoinHandle`] that aborts its task when it is dropped, where the plain one would detach it.
///
/// # Errors
/// As a future it gives what the join handle gives.
///
/// # Cancel safety
/// Awaiting `&mut handle` may be dropped and repeated at will.
///
/// # Examples
/// ```
/// use whippet::task::AbortOnDropHandle;
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (sender, receiver) = whippet::sync::oneshot::channel::<()>();
/// let task = AbortOnDropHandle::new(whippet::spawn(async move {
///     let _held = sender;
///     std::future::pending::<()>().await;
/// }));
/// drop(task);
/// assert!(receiver.await.is_err());
/// # });
/// ```
#[derive(Debug)]
#[must_use = "a handle that is dropped aborts its task"]
pub struct AbortOnDropHandle<T>(Option<JoinHandle<T>>);

impl<T> AbortOnDropHandle<T> {
    /// Ties the task to this handle.
    ///
    /// ```
    /// use whippet::task::AbortOnDropHandle;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let task = AbortOnDropHandle::new(whippet::spawn(async { 6 * 7 }));
    /// assert_eq!(task.await.unwrap(), 42);
    /// # });
    /// ```
    pub fn new(handle: JoinHandle<T>) -> Self {
        Self(Some(handle))
    }

    /// Aborts the task: see [`JoinHandle::abort`].
    ///
    /// ```
    /// use whippet::task::AbortOnDropHandle;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let task = AbortOnDropHandle::new(whippet::spawn(std::future::pending::<()>()));
    /// task.abort();
    /// assert!(task.await.unwrap_err().is_cancelled());
    /// # });
    /// ```
    pub fn abort(&self) {
        self.handle().abort();
    }

    /// Whether the task has ended.
    ///
    /// ```
    /// use whippet::task::AbortOnDropHandle;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let task = AbortOnDropHandle::new(whippet::spawn(async {}));
    /// assert!(!task.is_finished());
    /// whippet::task::yield_now().await;
    /// assert!(task.is_finished());
    /// # });
    /// ```
    pub fn is_finished(&self) -> bool {
        self.handle().is_finished()
    }

    /// Which task it is.
    ///
    /// ```
    /// use whippet::task::AbortOnDropHandle;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let task = AbortOnDropHandle::new(whippet::spawn(async { whippet::task::id() }));
    /// let id = task.id();
    /// assert_eq!(task.await.unwrap(), id);
    /// # });
    /// ```
    pub fn id(&self) -> Id {
        self.handle().id()
    }

    /// A further handle, to abort the task alone.
    ///
    /// ```
    /// use whippet::task::AbortOnDropHandle;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let task = AbortOnDropHandle::new(whippet::spawn(std::future::pending::<()>()));
    /// let limit = task.abort_handle();
    /// whippet::spawn(async move { limit.abort() });
    /// assert!(task.await.unwrap_err().is_cancelled());
    /// # });
    /// ```
    pub fn abort_handle(&self) -> AbortHandle {
        self.handle().abort_handle()
    }

    /// Unties the task: it goes on, whatever becomes of the handle.
    ///
    /// ```
    /// use whippet::task::AbortOnDropHandle;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let task = AbortOnDropHandle::new(whippet::spawn(async { 1 }));
    /// assert_eq!(task.detach().await.unwrap(), 1);
    /// # });
    /// ```
    pub fn detach(mut self) -> JoinHandle<T> {
        self.0.take().expect("a handle keeps its task until it is detached")
    }

    fn handle(&self) -> &JoinHandle<T> {
        self.0.as_ref().expect("a handle keeps its task until it is detached")
    }
}

impl<T> Drop for AbortOnDropHandle<T> {
    fn drop(&mut self) {
        if let Some(handle) = &self.0 {
            handle.abort();
        }
    }
}

impl<T> From<JoinHandle<T>> for AbortOnDropHandle<T> {
    fn from(handle: JoinHandle<T>) -> Self {
        Self::new(handle)
    }
}

impl<T> AsRef<JoinHandle<T>> for AbortOnDropHandle<T> {
    fn as_ref(&self) -> &JoinHandle<T> {
        self.handle()
    }
}

impl<T> Future for AbortOnDropHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let handle = self.0.as_mut().expect("a handle keeps its task until it is detached");
        Pin::new(handle).poll(cx)
    }
}
