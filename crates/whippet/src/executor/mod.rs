//! The executor: who runs which task, and when.
//!
//! It keeps the queues of tasks that can go on: a ring and a LIFO slot a worker ([`queue`]; a plain queue where there is one
//! worker alone, [`run_queue`]), one queue for all
//! ([`injector`]); who sleeps and who searches ([`idle`]); the list of live tasks ([`owned`]). A [`worker`] takes
//! turns of tasks and sleeps in the driver; threads for blocking calls stand apart
//! ([`blocking`]), and one of them takes over while a worker blocks in place ([`stand_in`]). It is turned by
//! whoever calls [`worker::Worker::step`] and [`worker::Worker::park`]: the threads of a runtime, or a `block_on`.
//! It knows no doors: neither sockets nor channels nor timers, only wakers.
//!
//! ```text
//!    spawn, wake on a worker                      spawn, wake elsewhere
//!            │                                             │
//!       LIFO slot ──displaced──► ring ──overflow──►   injector
//!            │                     │  ◄──────────share──────┤
//!            └────────► turn ◄─────┘ ──steal half──► other workers
//! ```

pub(crate) mod blocking;
mod busy;
pub(crate) mod context;
mod entries;
pub(crate) mod idle;
pub(crate) mod in_place;
pub(crate) mod injector;
pub(crate) mod local;
pub(crate) mod owned;
pub(crate) mod pools;
pub(crate) mod queue;
mod reject;
mod run_queue;
pub(crate) mod runtime_id;
pub(crate) mod schedule;
pub(crate) mod shared;
pub(crate) mod stand_in;
pub(crate) mod standing;
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
