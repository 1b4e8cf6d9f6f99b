//! What a thread knows of its runtime: the one it entered, and the worker it is, if it is one.

use super::entries::Entries;
use super::shared::Shared;
use super::task::Id;
use super::worker::Worker;
use crate::driver::TimerShard;
use crate::loom::thread_local;
use crate::not_send::NotSend;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;

/// The thread's knowledge.
struct Context {
    /// The runtimes that this thread has entered. `spawn`, sockets and timers belong to the innermost.
    entered: Entries<Arc<Shared>>,
    /// The worker that this thread drives.
    worker: RefCell<Option<Rc<Worker>>>,
    /// The runtime of which this thread is a spare worker.
    spare_of: RefCell<Option<Arc<Shared>>>,
}

thread_local! {
    static CONTEXT: Context = const {
        Context {
            entered: Entries::new(),
            worker: RefCell::new(None),
            spare_of: RefCell::new(None),
        }
    };
}

/// A runtime entered; left when dropped.
#[derive(Debug)]
#[must_use = "the runtime is left when this is dropped"]
pub(crate) struct Entered {
    /// The number of the entry, while it is one.
    number: Option<u64>,
    /// It belongs to this thread.
    not_send: NotSend,
}

/// Enters a runtime on this thread.
pub(crate) fn enter(shared: &Arc<Shared>) -> Entered {
    let number = CONTEXT.try_with(|context| context.entered.enter(Arc::clone(shared))).ok();
    Entered { number, not_send: PhantomData }
}

impl Entered {
    /// Leaves the runtime. False: it was not the one entered last.
    pub(crate) fn leave(&mut self) -> bool {
        let Some(number) = self.number.take() else { return true };
        let left = CONTEXT.try_with(|context| context.entered.leave(number)).ok().flatten();
        // What is left is dropped outside of the borrow: it may be the last of its runtime.
        left.is_none_or(|(_shared, is_innermost)| is_innermost)
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Calls `f` with the runtime that this thread has entered.
#[inline]
pub(crate) fn with_current<R>(f: impl FnOnce(&Arc<Shared>) -> R) -> Option<R> {
    CONTEXT.try_with(|context| context.entered.with_innermost(f)).ok().flatten()
}

/// The runtime that this thread has entered.
pub(crate) fn current() -> Option<Arc<Shared>> {
    with_current(Arc::clone)
}

/// Whether the thread ends, and knows nothing any more.
pub(crate) fn is_destroyed() -> bool {
    CONTEXT.try_with(|_| ()).is_err()
}

/// The timers of the runtime that this thread has entered: its worker's own, if it is one of that runtime's.
#[inline]
pub(crate) fn timers() -> Option<Arc<TimerShard>> {
    let look = |context: &Context| {
        context.entered.with_innermost(|shared| {
            let worker = context.worker.borrow();
            let own = worker.as_deref().filter(|worker| Arc::ptr_eq(worker.shared(), shared));
            Arc::clone(shared.driver.shard(own.map_or(0, Worker::index)))
        })
    };
    CONTEXT.try_with(look).ok().flatten()
}

/// The thread is a worker until this is dropped.
#[derive(Debug)]
#[must_use = "the thread stops being a worker when this is dropped"]
pub(crate) struct WorkerGuard {
    /// A worker's thread has entered its runtime.
    _entered: Entered,
}

/// Makes this thread a worker.
pub(crate) fn enter_worker(worker: &Rc<Worker>) -> WorkerGuard {
    worker.begin_busy();
    let entered = enter(worker.shared());
    let _ = CONTEXT.try_with(|context| context.worker.replace(Some(Rc::clone(worker))));
    WorkerGuard { _entered: entered }
}

impl Drop for WorkerGuard {
    fn drop(&mut self) {
        if let Ok(Some(worker)) = CONTEXT.try_with(|context| context.worker.take()) {
            worker.count_busy();
        }
    }
}

/// Calls `f` with the worker that this thread is. None on other threads, and while the thread ends: a waker must
/// work even then.
#[inline]
pub(crate) fn with_worker<R>(f: impl FnOnce(Option<&Worker>) -> R) -> R {
    let mut f = Some(f);
    let done = CONTEXT.try_with(|context| {
        let worker = context.worker.borrow();
        f.take().map(|f| f(worker.as_deref()))
    });
    match (done, f) {
        (Ok(Some(result)), _) => result,
        (_, Some(f)) => f(None),
        (_, None) => unreachable!("the closure is taken only to be called"),
    }
}

/// The thread runs tasks as a spare worker until this is dropped.
#[derive(Debug)]
#[must_use = "the thread stops running tasks when this is dropped"]
pub(crate) struct SpareGuard {
    /// It has entered the runtime.
    _entered: Entered,
}

/// Makes this thread a spare worker.
pub(crate) fn enter_spare(shared: &Arc<Shared>) -> SpareGuard {
    let entered = enter(shared);
    let _ = CONTEXT.try_with(|context| context.spare_of.replace(Some(Arc::clone(shared))));
    SpareGuard { _entered: entered }
}

impl Drop for SpareGuard {
    fn drop(&mut self) {
        drop(CONTEXT.try_with(|context| context.spare_of.take()));
    }
}

/// The runtime whose tasks run on this thread, by a worker or a spare worker.
pub(crate) fn current_scheduler() -> Option<Arc<Shared>> {
    let of_worker = with_worker(|worker| worker.map(|worker| Arc::clone(worker.shared())));
    of_worker
        .or_else(|| CONTEXT.try_with(|context| context.spare_of.borrow().clone()).ok().flatten())
}

/// Whether tasks of some runtime run on this thread.
pub(crate) fn is_worker() -> bool {
    current_scheduler().is_some()
}

/// A thread that runs no tasks until this is dropped, although it did before.
#[derive(Debug)]
#[must_use = "the thread runs tasks again when this is dropped"]
pub(crate) struct BlockInPlaceGuard {
    /// The worker that it is.
    worker: Option<Rc<Worker>>,
    /// What the worker showed that it polls.
    polled: Option<(Option<Id>, &'static Location<'static>)>,
    /// The runtime of which it is a spare worker.
    spare_of: Option<Arc<Shared>>,
}

/// The thread is about to block: until the guard is dropped it runs no tasks.
pub(crate) fn leave_worker() -> BlockInPlaceGuard {
    let taken = CONTEXT.try_with(|context| (context.worker.take(), context.spare_of.take())).ok();
    let (worker, spare_of) = taken.unwrap_or_default();
    let polled = worker.as_ref().and_then(|worker| worker.begin_blocking());
    BlockInPlaceGuard { worker, polled, spare_of }
}

impl Drop for BlockInPlaceGuard {
    fn drop(&mut self) {
        if let Some(worker) = &self.worker {
            worker.end_blocking(self.polled.take());
        }
        let (worker, spare_of) = (self.worker.take(), self.spare_of.take());
        let _ = CONTEXT.try_with(|context| {
            context.worker.replace(worker);
            context.spare_of.replace(spare_of);
        });
    }
}
