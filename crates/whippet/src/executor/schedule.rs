//! How tasks come to a runtime's queues: spawned, or woken, on a worker's thread or elsewhere.

use super::context;
use super::reject::reject;
use super::shared::Shared;
use super::task::{Id, JoinHandle, Live, Runnable, Schedule, Spawned};
use crate::wakers::{PutOff, at_end_of_batch};
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

/// Makes a task of `future` and queues it. When the runtime has ended, the task is cancelled at once.
pub(crate) fn spawn<F>(
    shared: &Arc<Shared>,
    future: F,
    at: &'static Location<'static>,
) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let id = Id::next();
    let (shard, way) = context::with_worker(|worker| match worker {
        Some(worker) if Arc::ptr_eq(worker.shared(), shared) => (worker.index(), Way::Worker),
        _ => (0, Way::Injector(Arc::clone(shared))),
    });
    let scheduler = Arc::clone(shared);
    let spawned = Spawned::new(future, scheduler, id, at);
    let (runnable, handle, open) = shared.owned.insert(shard, spawned);
    if open {
        Arc::<Shared>::schedule(way, runnable);
    } else {
        reject(runnable);
    }
    handle
}

/// After a batch of wakers: wakes a worker that sleeps, for what this one has queued.
fn look_for_sleepers() {
    context::with_worker(|worker| {
        if let Some(worker) = worker {
            worker.shared().wake_one();
        }
    });
}

/// The way of a task to its runtime's queues.
pub(crate) enum Way {
    /// This thread is a worker of the runtime: into its own.
    Worker,
    /// It is not: into the one that all workers share.
    Injector(Arc<Shared>),
}

impl Schedule for Arc<Shared> {
    type Way = Way;

    #[inline]
    fn way(&self) -> Way {
        context::with_worker(|worker| match worker {
            Some(worker) if Arc::ptr_eq(worker.shared(), self) => Way::Worker,
            _ => Way::Injector(Self::clone(self)),
        })
    }

    #[inline]
    fn schedule(way: Way, task: Runnable) {
        match way {
            Way::Worker => context::with_worker(|worker| match worker {
                // The first of a batch brings a thief, the end of it another look: one fence for all in between.
                Some(worker) => {
                    if worker.push_woken(task)
                        && at_end_of_batch(look_for_sleepers) != PutOff::Again
                    {
                        worker.shared().wake_one();
                    }
                }
                None => unreachable!("a thread stays a worker while it hands a task on"),
            }),
            Way::Injector(shared) => shared.push_remote(task),
        }
    }

    fn release(&self, task: &Live) -> Option<Live> {
        self.owned.remove(task)
    }
}
