//! The runtime: the one module that knows all others, starts the threads and ends them.
//!
//! A [`Builder`] makes a [`Runtime`]; a [`Handle`] is what tasks and other threads hold of it. Dropping the
//! runtime ends it: no task is polled again, every task's future is dropped, and the threads are waited for,
//! 10 s at most.
//!
//! ```
//! use whippet::runtime::Builder;
//!
//! let runtime = Builder::new_multi_thread().worker_threads(2).build()?;
//! let handle = runtime.handle().clone();
//! let answer = runtime.block_on(async move {
//!     let task = handle.spawn(async { 6 * 7 });
//!     task.await.unwrap()
//! });
//! assert_eq!(answer, 42);
//! # std::io::Result::Ok(())
//! ```

mod block_on;
mod builder;
mod dump;
mod handle;
mod hooks;
mod local;
mod metrics;
mod queries;
#[expect(clippy::module_inception, reason = "the file is named for its one public type")]
mod runtime;
mod stall;
mod threads;

#[cfg(test)]
#[cfg(not(loom))]
mod lease_tests;
#[cfg(test)]
#[cfg(not(loom))]
mod regression_tests;
#[cfg(test)]
#[cfg(not(loom))]
mod tests;

pub use self::builder::Builder;
pub use self::dump::{Dump, TaskDump, TaskState};
pub use self::handle::{EnterGuard, Handle, RuntimeFlavor, TryCurrentError};
pub use self::local::{LocalOptions, LocalRuntime};
pub use self::metrics::RuntimeMetrics;
pub use self::queries::{is_rt_shutdown_err, worker_index};
pub use self::runtime::Runtime;
pub use self::stall::Stall;
pub use crate::executor::runtime_id::Id;
