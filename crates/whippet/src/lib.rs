//! whippet: an async runtime from scratch.
//!
//! A work-stealing executor, a reactor on epoll, a timer wheel, channels, `select!`, sockets and signals. Names and
//! semantics are those that programs know from tokio; the I/O traits are those of `futures-io`. What has which name here, and
//! what is different, is on a page of its own: [`_from_tokio`].
//!
//! ```
//! #[whippet::main]
//! async fn main() {
//!     let task = whippet::spawn(async { 6 * 7 });
//!     assert_eq!(task.await.unwrap(), 42);
//! }
//! ```
//!
//! Internal layers keep state and are driven by workers: executor, reactor, timers. The public API is what a program awaits: [`task`],
//! [`sync`], [`time`], [`net`], [`io`], [`signal`], [`memory`] and the macros. The API calls one layer; a layer never calls the API. Only
//! `sys` calls the kernel.

mod bit_set;
mod coop;
mod large;
mod loom;
mod not_send;
mod paged_slab;
mod shutdown_error;
mod sys;
mod unwind;
mod wake_list;

mod executor;
mod reactor;
mod timers;

mod driver;

mod fd;

pub mod io;
pub mod memory;
pub mod net;
pub mod runtime;
pub mod signal;
pub mod sync;
pub mod task;
pub mod time;

#[macro_use]
#[doc(hidden)]
pub mod macros;

pub use self::task::spawn;
pub use whippet_macros::{main, test};

#[cfg(doc)]
#[doc = include_str!("../../../docs/FROM-TOKIO.md")]
pub mod _from_tokio {}

/// Holds the example in the README to what the crate can do.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
#[derive(Debug)]
pub struct Readme;
