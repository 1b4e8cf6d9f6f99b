//! Blocking calls within a task.

use crate::executor::block_in_place;

/// Runs `f`, which may block, on this thread, and lets another thread run tasks meanwhile.
///
/// Unlike [`spawn_blocking`](super::spawn_blocking), `f` may borrow, and runs where the task is: what else the same task
/// awaits (by [`join!`](crate::join) or [`select!`](crate::select)) waits for it. Inside of `f` the thread is none of
/// the runtime's: blocking calls and [`Handle::block_on`](crate::runtime::Handle::block_on) are allowed.
///
/// The thread that takes over does not count among those that
/// [`max_blocking_threads`](crate::runtime::Builder::max_blocking_threads) bounds, so that `f` may wait for a call of `spawn_blocking`. It
/// stays for up to a second after `f` has returned, so that calls that follow each other do not start one each. Polls on it are not seen by the
/// [stall report](crate::runtime::Builder::stall_threshold).
///
/// Outside of a task, and inside of `spawn_blocking`, it just calls `f`.
///
/// # Panics
/// In a current-thread runtime, where nobody else could go on; inside of a [`LocalSet`](super::LocalSet), in
/// [`run_until`](super::LocalSet::run_until) as in its tasks, whose other tasks could not; and when `f` does.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap().block_on(async {
/// whippet::spawn(async {
///     let (sender, receiver) = std::sync::mpsc::channel();
///     let other = whippet::spawn(async move { sender.send("from another task") });
///     let word = whippet::task::block_in_place(|| receiver.recv()).unwrap();
///     assert_eq!(word, "from another task");
///     other.await.unwrap().unwrap();
/// })
/// .await
/// .unwrap();
/// # });
/// ```
#[track_caller]
pub fn block_in_place<F: FnOnce() -> R, R>(f: F) -> R {
    block_in_place::block_in_place(f)
}
