//! How tasks come to a runtime's queues: spawned, or woken, on a worker's thread or elsewhere.

use super::context;
use super::reject::reject;
use super::shared::Shared;
use super::task::{Id, JoinHandle, Live, Runnable, Schedule, Spawned};
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
    let shard = context::with_worker(|worker| worker.map_or(0, |worker| worker.index()));
    let scheduler = Arc::clone(shared);
    let make = |key| Spawned::new(future, scheduler, key, id, at);
    let (runnable, handle, open) = shared.owned.insert(shard, make);
    if open {
        shared.schedule(runnable);
    } else {
        reject(runnable);
    }
    handle
}

impl Schedule for Arc<Shared> {
    #[inline]
    fn schedule(&self, task: Runnable) {
        let left = context::with_worker(|worker| match worker {
            Some(worker) if Arc::ptr_eq(worker.shared(), self) => {
                worker.push_woken(task);
                None
            }
            _ => Some(task),
        });
        if let Some(task) = left {
            // Once pushed the task may be gone, and this reference with it.
            let shared = Arc::clone(self);
            shared.push_remote(task);
        }
    }

    fn release(&self, task: &Live) -> Option<Live> {
        self.owned.remove(task)
    }
}
