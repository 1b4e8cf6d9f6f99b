//! The name of the running task.

use super::Id;

/// The name of the task that is running.
///
/// It is there in a task's polls, in the drop of its future, and in the drop of its output if nobody takes that; on a thread of
/// [`spawn_blocking`](super::spawn_blocking) too. The future of a `block_on` is no task, and has none.
///
/// # Panics
/// Outside of a task; see [`try_id`].
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
#[track_caller]
pub fn id() -> Id {
    match try_id() {
        Some(id) => id,
        None => panic!("`task::id`: no task runs here; call it from a task, or use `task::try_id`"),
    }
}

/// The name of the task that is running; `None` outside of a task.
///
/// # Examples
/// ```
/// assert_eq!(whippet::task::try_id(), None);
/// ```
#[must_use]
pub fn try_id() -> Option<Id> {
    Id::current()
}
