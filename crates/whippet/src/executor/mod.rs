//! The executor: who runs which task, and when.
//!
//! It keeps the queues of tasks that can go on: a ring and a LIFO slot a worker ([`queue`]; a plain queue where there is one
//! worker alone, [`run_queue`]), one queue for all
//! ([`injector`]); who sleeps and who searches ([`idle`]); the list of live tasks ([`owned_tasks`]). A [`worker`] runs
//! tasks and sleeps in the driver; threads for blocking calls stand apart
//! ([`blocking`]), and one of them takes over while a worker blocks in place ([`spare_worker`]). It is turned by
//! the threads that call [`worker::Worker::step`] and [`worker::Worker::park`]: the threads of a runtime, or a `block_on`.
//! It knows no public API: neither sockets nor channels nor timers, only wakers.
//!
//! ```text
//!    spawn, wake on a worker                      spawn, wake elsewhere
//!            │                                             │
//!       LIFO slot ──displaced──► ring ──overflow──►   injector
//!            │                     │  ◄──────────share──────┤
//!            └────────► run ◄──────┘ ──steal half──► other workers
//! ```

pub(crate) mod block_in_place;
pub(crate) mod blocking;
pub(crate) mod blocking_counts;
mod busy;
mod cancel;
pub(crate) mod context;
mod entries;
pub(crate) mod idle;
pub(crate) mod injector;
pub(crate) mod local;
pub(crate) mod owned_tasks;
pub(crate) mod pools;
pub(crate) mod queue;
mod run_queue;
pub(crate) mod runtime_id;
pub(crate) mod schedule;
pub(crate) mod shared;
pub(crate) mod spare_worker;
pub(crate) mod task;
pub(crate) mod worker;
pub(crate) mod works_for;

#[cfg(all(test, loom))]
mod blocking_loom;
#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(all(test, loom))]
mod shutdown_loom;
#[cfg(test)]
#[cfg(not(loom))]
mod worker_tests;
