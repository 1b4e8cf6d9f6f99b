//! Blocking on a worker's own thread: the worker steps aside, and a stand-in takes turns of tasks meanwhile.

use super::blocking::PoolSchedule;
use super::context;
use super::local;
use super::shared::Shared;
use super::stand_in::StandIn;
use super::task::{Id, Spawned};
use crate::coop;
use std::panic::Location;
use std::sync::Arc;

/// Runs `f`, which may block, on this thread. On a thread that takes turns of tasks, another one does so meanwhile.
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
    let Some(shared) = context::turning() else { return coop::outside(f) };
    assert!(
        shared.config.multi_thread,
        "`task::block_in_place`: this runtime has no worker threads, so nothing else could go on; use `spawn_blocking`"
    );
    // In this order: once somebody stands in the thread may step aside, and it is back before it counts as back.
    let blocked = Blocked::begin(&shared, at);
    let aside = context::step_aside();
    let result = coop::outside(f);
    drop(aside);
    drop(blocked);
    result
}

/// A thread that blocks; it ends when this is dropped, by a panic too.
struct Blocked<'a>(&'a Shared);

impl<'a> Blocked<'a> {
    fn begin(shared: &'a Arc<Shared>, at: &'static Location<'static>) -> Self {
        let starts = shared.standing.begin_blocking();
        // From here on, whatever comes of the stand-in: what is counted is counted out.
        let blocked = Self(shared);
        if starts {
            let stand_in = StandIn::new(Arc::clone(shared));
            let job = async move { stand_in.work() };
            let pool = &shared.pools.stand_ins;
            let schedule = PoolSchedule(Arc::clone(pool));
            let Spawned { runnable, live, handle } = Spawned::new(job, schedule, Id::next(), at);
            live.leave_to_completer();
            drop(handle);
            pool.push(runnable);
        }
        blocked
    }
}

impl Drop for Blocked<'_> {
    fn drop(&mut self) {
        self.0.standing.end_blocking();
    }
}
