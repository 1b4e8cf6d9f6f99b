//! What a thread knows of its runtime: the one it entered, and the worker it is, if it is one.

use super::shared::Shared;
use super::worker::Worker;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;

/// The thread's knowledge.
struct Context {
    /// The runtime that `spawn`, sockets and timers on this thread belong to.
    entered: RefCell<Option<Arc<Shared>>>,
    /// The worker that this thread drives.
    worker: RefCell<Option<Rc<Worker>>>,
}

thread_local! {
    static CONTEXT: Context =
        const { Context { entered: RefCell::new(None), worker: RefCell::new(None) } };
}

/// A runtime entered; left when dropped. Several are left in the reverse order.
#[derive(Debug)]
#[must_use = "the runtime is left when this is dropped"]
pub(crate) struct Entered {
    /// What was entered before.
    former: Option<Arc<Shared>>,
    /// It belongs to this thread.
    not_send: PhantomData<*const ()>,
}

/// Enters a runtime on this thread.
pub(crate) fn enter(shared: &Arc<Shared>) -> Entered {
    let former = CONTEXT
        .try_with(|context| context.entered.replace(Some(Arc::clone(shared))))
        .ok()
        .flatten();
    Entered { former, not_send: PhantomData }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let former = self.former.take();
        // The one that is left is dropped outside of the borrow: it may be the last of its runtime.
        let left = CONTEXT.try_with(|context| context.entered.replace(former));
        drop(left);
    }
}

/// Calls `f` with the runtime that this thread has entered.
#[inline]
pub(crate) fn with_current<R>(f: impl FnOnce(&Arc<Shared>) -> R) -> Option<R> {
    CONTEXT.try_with(|context| context.entered.borrow().as_ref().map(f)).ok().flatten()
}

/// The runtime that this thread has entered.
pub(crate) fn current() -> Option<Arc<Shared>> {
    CONTEXT.try_with(|context| context.entered.borrow().clone()).ok().flatten()
}

/// The thread is a worker until this is dropped.
#[derive(Debug)]
#[must_use = "the thread stops being a worker when this is dropped"]
pub(crate) struct Working {
    /// A worker's thread has entered its runtime.
    _entered: Entered,
}

/// Makes this thread a worker.
pub(crate) fn work_as(worker: &Rc<Worker>) -> Working {
    let entered = enter(worker.shared());
    let _ = CONTEXT.try_with(|context| context.worker.replace(Some(Rc::clone(worker))));
    Working { _entered: entered }
}

impl Drop for Working {
    fn drop(&mut self) {
        let worker = CONTEXT.try_with(|context| context.worker.take());
        drop(worker);
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

/// Whether this thread is a worker, of whatever runtime.
pub(crate) fn is_worker() -> bool {
    with_worker(|worker| worker.is_some())
}
