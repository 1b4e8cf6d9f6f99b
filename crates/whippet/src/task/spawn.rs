//! Starting tasks on the current runtime.

use crate::large::boxed_if_large;
use crate::runtime::Handle;
use crate::shutdown_error::shutdown_error;
use crate::task::{JoinError, JoinHandle};
use std::future::Future;
use std::io;

/// Spawns a task on the current runtime: `future` takes its turns beside the caller, whether or not the handle is
/// awaited. When the runtime ends, the future is dropped at the place where it waits.
///
/// A future of more than 16 KiB (in a debug build 2 KiB) is put into a box of its own, beside the one allocation of a task, so that
/// the caller's stack holds it once. So do all functions that spawn a future or block on one.
///
/// # Panics
/// If this thread has entered no runtime.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let task = whippet::task::spawn(async { "done" });
/// assert_eq!(task.await.unwrap(), "done");
/// # });
/// ```
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let handle = Handle::of_call("task::spawn");
    boxed_if_large!(Box::pin(future: F) => handle.spawn(future))
}

/// Runs `work` on a thread where it may block: file access, name look-ups, long computations.
///
/// A thread is started when none is free, up to the runtime's limit (512 unless set); past it the work waits.
/// [`JoinHandle::abort`] prevents work that has not begun, and does nothing to work that has.
///
/// # Panics
/// If this thread has entered no runtime.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let sum = whippet::task::spawn_blocking(|| (1..=1_000).sum::<u32>()).await.unwrap();
/// assert_eq!(sum, 500_500);
/// # });
/// ```
#[track_caller]
pub fn spawn_blocking<F, R>(work: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let handle = Handle::of_call("task::spawn_blocking");
    boxed_if_large!(Box::new(work: F) => handle.spawn_blocking(work))
}

/// The error of I/O whose blocking call came to nothing. The call is not to be aborted by anybody, so if it was cancelled its
/// runtime has ended.
pub(crate) fn blocking_error(error: JoinError) -> io::Error {
    if error.is_cancelled() { shutdown_error() } else { error.into() }
}
