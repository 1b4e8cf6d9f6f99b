//! The end of a task that no queue takes any more.

use super::task::Runnable;
use crate::loom::thread_local;
use std::cell::RefCell;

thread_local! {
    /// Tasks to be cancelled by the outermost `cancel_unscheduled` of this thread.
    static UNSCHEDULED: RefCell<Option<Vec<Runnable>>> = const { RefCell::new(None) };
}

/// Cancels a task that no queue takes any more. Its drop may wake others that no queue takes either: those are
/// cancelled one after the other and not one inside the other, as a chain of them could be longer than the stack.
pub(crate) fn cancel_unscheduled(task: Runnable) {
    let mut task = Some(task);
    let nested = UNSCHEDULED.try_with(|unscheduled| {
        let mut unscheduled = unscheduled.borrow_mut();
        let nested = unscheduled.is_some();
        if nested {
            unscheduled.as_mut().into_iter().for_each(|list| list.extend(task.take()));
        } else {
            *unscheduled = Some(Vec::new());
        }
        nested
    });
    if nested == Ok(true) {
        return;
    }
    drop(task);
    while let Some(next) = UNSCHEDULED
        .try_with(|unscheduled| unscheduled.borrow_mut().as_mut().and_then(Vec::pop))
        .ok()
        .flatten()
    {
        drop(next);
    }
    let _ = UNSCHEDULED.try_with(|unscheduled| unscheduled.borrow_mut().take());
}
