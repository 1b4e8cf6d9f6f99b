//! Structured spawning: tasks that do not outlive the place where they were spawned.

use super::abort_on_drop::AbortOnDropHandle;
use super::join_set::JoinSet;
use super::{AbortHandle, Id, JoinError};
use crate::large::boxed_if_large;
use crate::runtime::Handle;
use crate::sync::{mpsc, oneshot};
use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

/// Runs `body`, and waits for all tasks that are spawned by its [`Scope`].
///
/// When `scope` returns no task of it is left: all have ended, those too that were spawned by other tasks of the scope. So
/// no task is forgotten, and none fails unheard:
///
/// - when a task panics or is aborted, the body is dropped at the place where it waits, all other tasks are aborted, and
///   `scope` gives the first error once they have ended;
/// - a future of `scope` that is dropped aborts all tasks. They end at the place where they wait, soon after: a drop cannot
///   wait for them.
///
/// That is also why tasks must be `'static` and cannot borrow from the caller, as the threads of [`std::thread::scope`] do.
/// A thread that waits cannot be taken away, but a future that waits can be dropped, or forgotten without a drop, while
/// its tasks run on other threads; what they had borrowed would be gone. What tasks share goes in an
/// [`Arc`](std::sync::Arc). The body itself runs in the calling task, and borrows as it likes.
///
/// # Errors
/// Of the first task that panicked or was aborted; [`JoinError::into_panic`] has the panic's payload.
///
/// # Cancel safety
/// Dropped, it drops the body and aborts all tasks.
///
/// # Panics
/// When the body does: all tasks are aborted, but not waited for.
///
/// # Examples
/// ```
/// use whippet::task::scope;
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let words = ["one", "two", "three"];
/// let lengths = scope(|s| async move {
///     let children: Vec<_> = words.map(|word| s.spawn(async move { word.len() })).into();
///     let mut lengths = Vec::new();
///     for child in children {
///         lengths.extend(child.await);
///     }
///     lengths
/// })
/// .await
/// .unwrap();
/// assert_eq!(lengths, [3, 3, 5]);
/// # });
/// ```
///
/// The first that fails ends all:
///
/// ```
/// use whippet::task::scope;
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let failed = scope(|s| async move {
///     s.spawn(async { std::future::pending::<()>().await });
///     s.spawn(async { panic!("the second") });
///     std::future::pending::<()>().await;
/// })
/// .await
/// .unwrap_err();
/// assert_eq!(failed.into_panic().downcast_ref(), Some(&"the second"));
/// # });
/// ```
pub async fn scope<T, F: Future<Output = T>>(
    body: impl FnOnce(Scope) -> F,
) -> Result<T, JoinError> {
    let (children, mut coming) = mpsc::unbounded_channel();
    let mut living = JoinSet::new();
    let result = {
        let body = pin!(body(Scope { children }));
        run(body, &mut coming, &mut living).await
    };
    // After a failure the body is gone here. Calls of `spawn` from now on find the scope closed.
    coming.close();
    living.abort_all();
    while let Ok(child) = coming.try_recv() {
        child.abort();
        living.insert(child.detach());
    }
    while living.join_next().await.is_some() {}
    result
}

/// Polls the body and takes the tasks up that come, until all have ended or one has failed.
async fn run<T>(
    mut body: Pin<&mut impl Future<Output = T>>,
    coming: &mut mpsc::UnboundedReceiver<AbortOnDropHandle<()>>,
    living: &mut JoinSet<()>,
) -> Result<T, JoinError> {
    let mut output = None;
    loop {
        crate::select! {
            biased;
            Some(child) = coming.recv() => drop(living.insert(child.detach())),
            Some(ended) = living.join_next() => ended?,
            value = &mut body, if output.is_none() => output = Some(value),
            // No task is left, and none has come: a task brings those that it spawns before it ends.
            else => {}
        }
        if living.is_empty()
            && coming.is_empty()
            && let Some(output) = output.take()
        {
            return Ok(output);
        }
    }
}

/// Spawns the tasks of a [`scope`]. A clone may go to the tasks themselves.
///
/// ```
/// use whippet::task::scope;
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (sender, mut receiver) = whippet::sync::mpsc::unbounded_channel();
/// let body = |s: whippet::task::Scope| async move {
///     let inner = s.clone();
///     s.spawn(async move {
///         inner.spawn(async move { sender.send("the grandchild").unwrap() });
///     });
/// };
/// scope(body).await.unwrap();
/// // Waited for, as all tasks of the scope.
/// assert_eq!(receiver.try_recv(), Ok("the grandchild"));
/// # });
/// ```
#[derive(Clone)]
pub struct Scope {
    /// Brings tasks to the scope. A task that lies in it when the scope is dropped is aborted.
    children: mpsc::UnboundedSender<AbortOnDropHandle<()>>,
}

impl Scope {
    /// Spawns a task that the scope waits for. When the scope has ended or failed, the task is aborted at once.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    ///
    /// ```
    /// use whippet::task::scope;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let sum = scope(|s| async move {
    ///     let (one, two) = (s.spawn(async { 1 }), s.spawn(async { 2 }));
    ///     one.await.unwrap_or(0) + two.await.unwrap_or(0)
    /// });
    /// assert_eq!(sum.await.unwrap(), 3);
    /// # });
    /// ```
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> ScopedHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (sender, output) = oneshot::channel();
        let child = AbortOnDropHandle::new(
            boxed_if_large!(Box::pin(future: F) => Handle::of_call("Scope::spawn").spawn(async move {
                // Nobody needs to want the output.
                let _ = sender.send(future.await);
            })),
        );
        let task = child.abort_handle();
        // A scope that is over gives it back, and dropping it aborts it.
        drop(self.children.send(child));
        ScopedHandle { task, output }
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("over", &self.children.is_closed()).finish_non_exhaustive()
    }
}

/// A task of a [`scope`]: a future of its output, `None` if it panicked or was aborted (which ends the scope). Dropped, it
/// lets the task go on, and the scope waits for it all the same.
///
/// # Cancel safety
/// Awaiting `&mut handle` may be dropped and repeated at will.
///
/// ```
/// use whippet::task::{ScopedHandle, scope};
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let sum = scope(|s| async move {
///     let handles: Vec<ScopedHandle<u32>> = (1..=3).map(|number| s.spawn(async move { number })).collect();
///     let mut sum = 0;
///     for handle in handles {
///         sum += handle.await.unwrap();
///     }
///     sum
/// });
/// assert_eq!(sum.await.unwrap(), 6);
/// # });
/// ```
#[derive(Debug)]
pub struct ScopedHandle<T> {
    /// The task.
    task: AbortHandle,
    /// What it gives.
    output: oneshot::Receiver<T>,
}

/// As of a [`JoinHandle`](super::JoinHandle): it does not touch the output before it hands it out.
impl<T> UnwindSafe for ScopedHandle<T> {}
impl<T> RefUnwindSafe for ScopedHandle<T> {}

impl<T> ScopedHandle<T> {
    /// Aborts the task. The scope takes that for a failure, and ends.
    ///
    /// ```
    /// use whippet::task::scope;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let ended = scope(|s| async move {
    ///     s.spawn(std::future::pending::<()>()).abort();
    /// });
    /// assert!(ended.await.unwrap_err().is_cancelled());
    /// # });
    /// ```
    pub fn abort(&self) {
        self.task.abort();
    }

    /// Whether the task has ended.
    ///
    /// ```
    /// use whippet::task::{scope, yield_now};
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let finished = scope(|s| async move {
    ///     let task = s.spawn(async {});
    ///     while !task.is_finished() {
    ///         yield_now().await;
    ///     }
    ///     task.await
    /// });
    /// assert_eq!(finished.await.unwrap(), Some(()));
    /// # });
    /// ```
    pub fn is_finished(&self) -> bool {
        self.task.is_finished()
    }

    /// Which task it is.
    ///
    /// ```
    /// use whippet::task::{id, scope};
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let ids = scope(|s| async move {
    ///     let task = s.spawn(async { id() });
    ///     (task.id(), task.await.unwrap())
    /// });
    /// let (outside, inside) = ids.await.unwrap();
    /// assert_eq!(outside, inside);
    /// # });
    /// ```
    pub fn id(&self) -> Id {
        self.task.id()
    }
}

impl<T> Future for ScopedHandle<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        Pin::new(&mut self.output).poll(cx).map(Result::ok)
    }
}
