//! A task: one allocation that holds a future, later its output, and the word that says who may do what.
//!
//! The module knows only how to ask for a poll: a [`Schedule`] is told "this runnable is to be queued" and "this
//! task is complete". It knows no queue, no thread and no reactor.
//!
//! ```text
//!            spawn
//!              │ Runnable, JoinHandle
//!              ▼
//!   ┌──────► queued ───────(1)──────► running ──────(4)──────► complete ──(5)──► freed
//!   │          ▲                       │  │
//!   │          └────────(2)────────────┘  │(3)
//!   │                                     ▼
//!   └───────────────(6)──────────────── idle
//! ```
//! 1. [`Runnable::run`] → `State::transition_to_running`: polls, or drops the future of a cancelled task.
//! 2. `State::transition_to_idle` → false: woken during the poll; `run` gives the runnable back.
//! 3. `State::transition_to_idle` → true: nobody woke it; wakers alone know the task now (and the list of live tasks).
//! 4. `State::transition_to_complete`: the future was dropped, the output stored, the join handle is woken.
//! 5. `State::drop_reference` → true: by the completer, the join handle or a waker, whichever comes last.
//! 6. `State::transition_to_woken_*`: the waker that finds it idle gets the runnable and schedules it.
//!
//! A [`Runnable`] is the only right to poll: it is queued, run, or dropped, which cancels the task. So a task is
//! in one queue at most, and its future is polled and dropped by one thread at a time.

mod cell;
mod current_poll;
mod error;
mod header;
mod id;
mod join;
mod runnable;
mod spawned;
mod state;
mod waker;

#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(test)]
#[cfg(not(loom))]
mod tests;

pub(crate) use self::current_poll::CurrentPoll;
pub use self::error::JoinError;
pub use self::id::Id;
pub use self::join::{AbortHandle, JoinHandle};
pub(crate) use self::runnable::{OwnedRef, RunResult, Runnable, TaskInfo};
pub(crate) use self::spawned::Spawned;

/// What a task asks of the executor that runs it. Each task owns one; it is dropped when the task completes.
pub(crate) trait Schedule: Send + Sync + 'static {
    /// What leads a runnable to its queue.
    type Destination;

    /// The way to the queue, from this thread.
    fn destination(&self) -> Self::Destination;

    /// Queues a runnable of a task that was woken. Called on any thread, from within any waker; runs no user code.
    ///
    /// The task may complete elsewhere before this returns, and drop its `Schedule`: so this has a destination, and no `self`.
    fn schedule(destination: Self::Destination, task: Runnable);

    /// The task is complete: forget it. Gives back the entry in the list of live tasks, where it stood in one. An
    /// entry leaves the list here and nowhere else, so that the reference of a future's life outlives its polls.
    fn release(&self, task: &OwnedRef) -> Option<OwnedRef>;
}
