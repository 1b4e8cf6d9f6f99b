//! Tasks: futures that take their turns on a runtime, beside each other.
//!
//! [`spawn`] starts one and gives a [`JoinHandle`] for its output; dropping the handle detaches the task. A task that
//! panics ends alone: awaiting its handle gives a [`JoinError`] that says so.
//!
//! ```
//! # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let sum = whippet::spawn(async { 1 + 2 });
//! let fails = whippet::spawn(async { assert_eq!(1 + 2, 4) });
//! assert_eq!(sum.await.unwrap(), 3);
//! assert!(fails.await.unwrap_err().is_panic());
//! # });
//! ```

pub mod coop;

mod abort_on_drop;
mod block_in_place;
mod id;
mod join_set;
mod local_set;
mod scope;
mod spawn;
mod task_local;
mod task_tracker;
mod unconstrained;
mod yield_now;

/// Futures of this module by tokio's path.
pub mod futures {
    pub use super::task_local::TaskLocalFuture;
}

pub use self::abort_on_drop::AbortOnDropHandle;
pub use self::block_in_place::block_in_place;
pub use self::id::{id, try_id};
pub use self::join_set::JoinSet;
pub use self::local_set::{LocalEnterGuard, LocalSet, spawn_local};
pub use self::scope::{Scope, ScopedHandle, scope};
pub(crate) use self::spawn::blocking_error;
pub use self::spawn::{spawn, spawn_blocking};
pub use self::task_local::{AccessError, LocalKey, TaskLocalFuture};
pub use self::task_tracker::{TaskTracker, TaskTrackerToken, TaskTrackerWaitFuture, TrackedFuture};
pub use self::unconstrained::{Unconstrained, consume_budget, has_budget_remaining, unconstrained};
pub use self::yield_now::yield_now;
pub use crate::executor::task::{AbortHandle, Id, JoinError, JoinHandle};
pub use crate::sync::CancellationToken;
