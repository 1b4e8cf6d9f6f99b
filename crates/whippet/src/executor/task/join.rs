//! The handles that a program holds: [`JoinHandle`] for the output, [`AbortHandle`] to end the task.

use super::error::Output;
use super::header::{Header, drop_reference};
use super::id::Id;
use super::waker;
use crate::unwind::drop_waker;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker, ready};

/// The output of a task, to be awaited. Dropping it detaches the task, which goes on alone.
///
/// Awaiting gives the output, or a [`JoinError`](crate::task::JoinError) when the task panicked or was cancelled.
///
/// # Cancel safety
/// Awaiting `&mut handle` is cancel safe: the output stays until it is taken.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let handle = whippet::spawn(async { 6 * 7 });
/// assert_eq!(handle.await.unwrap(), 42);
/// # });
/// ```
pub struct JoinHandle<T> {
    /// The task; this handle has a reference, and the right to the output.
    header: NonNull<Header>,
    /// The output's type.
    output: PhantomData<T>,
}

// SAFETY: the handle moves a `T` to its thread; everything else is ordered by the state word.
unsafe impl<T: Send> Send for JoinHandle<T> {}
// SAFETY: through a shared reference one can only look at and cancel the task.
unsafe impl<T: Send> Sync for JoinHandle<T> {}
impl<T> Unpin for JoinHandle<T> {}
impl<T> UnwindSafe for JoinHandle<T> {}
impl<T> RefUnwindSafe for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    /// The join handle of the task behind `header`.
    ///
    /// # Safety
    /// The caller gives up a reference and the right to the output, which is a `T`.
    pub(super) unsafe fn from_header(header: NonNull<Header>) -> Self {
        Self { header, output: PhantomData }
    }

    /// Cancels the task: its future is dropped at its next turn, and awaiting gives a cancelled [`JoinError`](crate::task::JoinError),
    /// unless it completes first. A task of [`spawn_blocking`](crate::task::spawn_blocking) that has begun goes on.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let task = whippet::spawn(std::future::pending::<()>());
    /// task.abort();
    /// assert!(task.await.unwrap_err().is_cancelled());
    /// # });
    /// ```
    pub fn abort(&self) {
        waker::abort(self.header);
    }

    /// Whether the task is complete.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let mut task = whippet::spawn(async { 1 });
    /// assert!(!task.is_finished());
    /// assert_eq!((&mut task).await.unwrap(), 1);
    /// assert!(task.is_finished());
    /// # });
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task().state.is_complete()
    }

    /// A handle that can end the task while another place awaits it.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let task = whippet::spawn(std::future::pending::<()>());
    /// let ends = task.abort_handle();
    /// let waits = whippet::spawn(task);
    /// ends.abort();
    /// assert!(waits.await.unwrap().unwrap_err().is_cancelled());
    /// # });
    /// ```
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        self.task().state.add_reference();
        AbortHandle { header: self.header }
    }

    /// The task's name.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let task = whippet::spawn(async { whippet::task::id() });
    /// let id = task.id();
    /// assert_eq!(task.await.unwrap(), id);
    /// # });
    /// ```
    #[must_use]
    pub fn id(&self) -> Id {
        self.task().id
    }

    fn task(&self) -> &Header {
        // SAFETY: this handle's reference keeps the task.
        unsafe { self.header.as_ref() }
    }

    /// The slot of the waker; its bit says who may touch it.
    fn slot(&self) -> &crate::loom::UnsafeCell<Option<Waker>> {
        // SAFETY: this handle's reference keeps the task ...
        let slot = unsafe { (self.task().vtable.join_waker)(self.header) };
        // SAFETY: ... and so the slot.
        unsafe { slot.as_ref() }
    }

    /// Leaves `waker` for the completer. Ready: the task is complete.
    pub(crate) fn poll_complete(&self, waker: &Waker) -> Poll<()> {
        let state = &self.task().state;
        if state.is_complete() {
            return Poll::Ready(());
        }
        if state.has_join_waker() {
            // SAFETY: JOIN_WAKER: the slot is read-only, and only this handle would take the bit away.
            let alike = self
                .slot()
                .with(|slot| unsafe { &*slot }.as_ref().is_some_and(|w| w.will_wake(waker)));
            if alike {
                return Poll::Pending;
            }
            if state.unset_join_waker().is_err() {
                return Poll::Ready(());
            }
        }
        // SAFETY: no JOIN_WAKER: the slot is this handle's.
        let former = self.slot().with_mut(|slot| unsafe { (*slot).replace(waker.clone()) });
        drop_waker(former);
        match state.set_join_waker() {
            Ok(()) => Poll::Pending,
            Err(_) => {
                // SAFETY: the bit was not set, so the slot is still this handle's.
                drop_waker(self.slot().with_mut(|slot| unsafe { (*slot).take() }));
                Poll::Ready(())
            }
        }
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Output<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let unit = ready!(crate::coop::poll_proceed(cx));
        ready!(self.poll_complete(cx.waker()));
        unit.spend();
        let mut output: Poll<Output<T>> = Poll::Pending;
        // SAFETY: complete, and this handle has the right to the output, which is a `T`.
        unsafe { (self.task().vtable.take_output)(self.header, (&raw mut output).cast()) };
        output
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        let actions = self.task().state.transition_to_unjoined();
        if actions.drop_output {
            // SAFETY: complete, and the right to the output was this handle's.
            unsafe { (self.task().vtable.drop_output)(self.header) };
        }
        if actions.drop_waker {
            // SAFETY: no JOIN_WAKER: the slot is this handle's.
            drop_waker(self.slot().with_mut(|slot| unsafe { (*slot).take() }));
        }
        drop_reference(self.header);
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").field("id", &self.id()).finish()
    }
}

/// Ends a task from elsewhere than its [`JoinHandle`]. Dropping it does nothing to the task.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let task = whippet::spawn(std::future::pending::<()>());
/// let limit = task.abort_handle();
/// drop(limit.clone());
/// assert!(!task.is_finished());
/// limit.abort();
/// assert!(task.await.unwrap_err().is_cancelled());
/// # });
/// ```
pub struct AbortHandle {
    /// The task; this handle has a reference.
    header: NonNull<Header>,
}

// SAFETY: it only counts references and cancels, which any thread may do.
unsafe impl Send for AbortHandle {}
// SAFETY: as above.
unsafe impl Sync for AbortHandle {}
impl UnwindSafe for AbortHandle {}
impl RefUnwindSafe for AbortHandle {}

impl AbortHandle {
    /// Cancels the task: see [`JoinHandle::abort`].
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let task = whippet::spawn(std::future::pending::<()>());
    /// let limit = task.abort_handle();
    /// // Who awaits the task need not be who ends it.
    /// whippet::spawn(async move { limit.abort() });
    /// assert!(task.await.unwrap_err().is_cancelled());
    /// # });
    /// ```
    pub fn abort(&self) {
        waker::abort(self.header);
    }

    /// Whether the task is complete.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let task = whippet::spawn(async { 1 });
    /// let handle = task.abort_handle();
    /// assert!(!handle.is_finished());
    /// assert_eq!(task.await.unwrap(), 1);
    /// assert!(handle.is_finished());
    /// # });
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task().state.is_complete()
    }

    /// The task's name.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let task = whippet::spawn(async {});
    /// assert_eq!(task.abort_handle().id(), task.id());
    /// # });
    /// ```
    #[must_use]
    pub fn id(&self) -> Id {
        self.task().id
    }

    fn task(&self) -> &Header {
        // SAFETY: this handle's reference keeps the task.
        unsafe { self.header.as_ref() }
    }
}

#[cfg(test)]
#[cfg(not(loom))]
impl AbortHandle {
    /// The state word of the task.
    pub(super) fn state(&self) -> &super::state::State {
        &self.task().state
    }
}

impl Clone for AbortHandle {
    fn clone(&self) -> Self {
        self.task().state.add_reference();
        Self { header: self.header }
    }
}

impl Drop for AbortHandle {
    fn drop(&mut self) {
        drop_reference(self.header);
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortHandle").field("id", &self.id()).finish()
    }
}
