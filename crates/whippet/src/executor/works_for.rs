//! Which runtimes this thread works for: those that started it (their workers, their threads for blocking calls, with all hooks), or that
//! call a function of the program on it to start another.
//!
//! A thread that ends a runtime waits for its threads. On a thread that works for it that would be a wait for itself, whatever
//! is between: a poll, a call that blocks in place, a hook, a drop, a waker.

use super::runtime_id::Id;
use crate::loom::thread_local;
use std::cell::RefCell;
use std::marker::PhantomData;

thread_local! {
    /// The runtimes, each as often as it was said.
    static RUNTIMES: RefCell<Vec<Id>> = const { RefCell::new(Vec::new()) };
}

/// This thread works for a runtime until this is dropped.
#[derive(Debug)]
#[must_use = "the thread works for the runtime until this is dropped"]
pub(crate) struct WorksFor {
    /// It belongs to this thread.
    not_send: PhantomData<*const ()>,
}

/// From now on this thread works for a runtime. Several are left in the reverse order.
pub(crate) fn work_for(runtime: Id) -> WorksFor {
    let _ = RUNTIMES.try_with(|runtimes| runtimes.borrow_mut().push(runtime));
    WorksFor { not_send: PhantomData }
}

impl Drop for WorksFor {
    fn drop(&mut self) {
        let _ = RUNTIMES.try_with(|runtimes| runtimes.borrow_mut().pop());
    }
}

/// Whether this thread works for a runtime.
pub(crate) fn works_for(runtime: Id) -> bool {
    RUNTIMES.try_with(|runtimes| runtimes.borrow().contains(&runtime)).unwrap_or(false)
}
