//! How tasks come to a runtime's queues: spawned, or woken, on a worker's thread or elsewhere.

use super::cancel::cancel_unscheduled;
use super::context;
use super::shared::Shared;
use super::task::{Id, JoinHandle, OwnedRef, Runnable, Schedule, Spawned};
use crate::wake_list::{Deferred, defer_to_batch_end};
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
    let (shard, destination) = context::with_worker(|worker| match worker {
        Some(worker) if Arc::ptr_eq(worker.shared(), shared) => {
            (worker.index(), Destination::Local)
        }
        _ => (0, Destination::Injector(Arc::clone(shared))),
    });
    let scheduler = Arc::clone(shared);
    let spawned = Spawned::new(future, scheduler, id, at);
    let (runnable, handle, open) = shared.owned.insert(shard, spawned);
    if open {
        Arc::<Shared>::schedule(destination, runnable);
    } else {
        cancel_unscheduled(runnable);
    }
    handle
}

/// After a batch of wakers: wakes a worker that sleeps, for what this one has queued.
fn wake_sleepers() {
    context::with_worker(|worker| {
        if let Some(worker) = worker {
            worker.shared().wake_one();
        }
    });
}

/// The way of a task to its runtime's queues.
pub(crate) enum Destination {
    /// This thread is a worker of the runtime: into its own.
    Local,
    /// It is not: into the one that all workers share.
    Injector(Arc<Shared>),
}

impl Schedule for Arc<Shared> {
    type Destination = Destination;

    #[inline]
    fn destination(&self) -> Destination {
        context::with_worker(|worker| match worker {
            Some(worker) if Arc::ptr_eq(worker.shared(), self) => Destination::Local,
            _ => Destination::Injector(Self::clone(self)),
        })
    }

    #[inline]
    fn schedule(destination: Destination, task: Runnable) {
        match destination {
            Destination::Local => context::with_worker(|worker| match worker {
                // The first of a batch brings a thief, the end of it another look: one fence for all in between.
                Some(worker) => {
                    if worker.push_woken(task)
                        && defer_to_batch_end(wake_sleepers) != Deferred::Again
                    {
                        worker.shared().wake_one();
                    }
                }
                None => unreachable!("a thread stays a worker while it hands a task on"),
            }),
            Destination::Injector(shared) => shared.push_remote(task),
        }
    }

    fn release(&self, task: &OwnedRef) -> Option<OwnedRef> {
        self.owned.remove(task)
    }
}
