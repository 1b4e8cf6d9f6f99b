//! Blocking on a worker's own thread: a spare worker runs tasks meanwhile.

use super::blocking::PoolSchedule;
use super::context;
use super::local;
use super::shared::Shared;
use super::spare_worker::SpareWorker;
use super::task::{Id, Spawned};
use crate::coop;
use std::panic::Location;
use std::sync::Arc;

/// Runs `f`, which may block, on this thread. On a thread that runs tasks, another one does so meanwhile.
///
/// # Panics
/// In a runtime without worker threads: its only thread would block. In a set of local tasks: the others could not go on.
#[track_caller]
pub(crate) fn block_in_place<R>(f: impl FnOnce() -> R) -> R {
    let at = Location::caller();
    assert!(
        !local::polls_set(),
        "`task::block_in_place`: this is a task of a `LocalSet`, whose other tasks stay on this thread and could not go on; \
         use `spawn_blocking`"
    );
    let Some(shared) = context::current_scheduler() else { return coop::exit_poll(f) };
    assert!(
        shared.config.multi_thread,
        "`task::block_in_place`: this runtime has no worker threads, so nothing else could go on; use `spawn_blocking`"
    );
    // In this order: once there is a spare worker the thread may block, and it is back before it counts as back.
    let blocked = Blocked::begin(&shared, at);
    let aside = context::leave_worker();
    let result = coop::exit_poll(f);
    drop(aside);
    drop(blocked);
    result
}

/// A thread that blocks; it ends when this is dropped, by a panic too.
struct Blocked<'a>(&'a Shared);

impl<'a> Blocked<'a> {
    fn begin(shared: &'a Arc<Shared>, at: &'static Location<'static>) -> Self {
        let starts = shared.blocking_counts.begin_blocking();
        // From here on, whatever comes of the spare worker: what is counted is counted out.
        let blocked = Self(shared);
        if starts {
            let spare = SpareWorker::new(Arc::clone(shared));
            let job = async move { spare.run() };
            let pool = &shared.pools.spares;
            let schedule = PoolSchedule(Arc::clone(pool));
            let Spawned { runnable, owned_ref, handle } =
                Spawned::new(job, schedule, Id::next(), at);
            owned_ref.release_on_complete();
            drop(handle);
            pool.push(runnable);
        }
        blocked
    }
}

impl Drop for Blocked<'_> {
    fn drop(&mut self) {
        self.0.blocking_counts.end_blocking();
    }
}
