//! The end of a task that no queue takes any more.

use super::task::Runnable;
use crate::loom::thread_local;
use std::cell::RefCell;

thread_local! {
    /// Tasks to be cancelled by the outermost `reject` of this thread.
    static REJECTED: RefCell<Option<Vec<Runnable>>> = const { RefCell::new(None) };
}

/// Cancels a task that no queue takes any more. Its drop may wake others that no queue takes either: those are
/// cancelled one after the other and not one inside the other, as a chain of them could be longer than the stack.
pub(crate) fn reject(task: Runnable) {
    let mut task = Some(task);
    let nested = REJECTED.try_with(|rejected| {
        let mut rejected = rejected.borrow_mut();
        let nested = rejected.is_some();
        if nested {
            rejected.as_mut().into_iter().for_each(|list| list.extend(task.take()));
        } else {
            *rejected = Some(Vec::new());
        }
        nested
    });
    if nested == Ok(true) {
        return;
    }
    drop(task);
    while let Some(next) = REJECTED
        .try_with(|rejected| rejected.borrow_mut().as_mut().and_then(Vec::pop))
        .ok()
        .flatten()
    {
        drop(next);
    }
    let _ = REJECTED.try_with(|rejected| rejected.borrow_mut().take());
}
