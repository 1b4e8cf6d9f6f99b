//! What a program wants done on the runtime's threads, and when a worker has nothing to do.

use crate::executor::worker::{Step, Worker};
use crate::unwind::catch_panic;
use std::fmt;
use std::sync::Arc;

/// What is done at one of these moments, if anything.
pub(super) type Hook = Option<Arc<dyn Fn() + Send + Sync>>;

/// Calls a hook. A hook that panics ends there, and its thread goes on: workers and counts must not be lost for it.
pub(super) fn call(hook: &Hook) {
    if let Some(hook) = hook {
        let _ = catch_panic(|| hook());
    }
}

/// What is done before and after a worker's sleep.
#[derive(Clone, Default)]
pub(super) struct ParkHooks {
    /// Called before.
    pub(super) before: Hook,
    /// Called after.
    pub(super) after: Hook,
}

impl ParkHooks {
    /// A worker that has nothing to do sleeps, unless the hook gives it something: what that spawns lies in the LIFO slot,
    /// which a worker's last look before its sleep leaves alone.
    pub(super) fn park(&self, worker: &Worker, has_more: impl Fn() -> bool) {
        call(&self.before);
        let given = self.before.is_some() && worker.step() == Step::Ran;
        if !given {
            worker.park(has_more);
        }
        call(&self.after);
    }
}

impl fmt::Debug for ParkHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParkHooks")
            .field("before", &self.before.is_some())
            .field("after", &self.after.is_some())
            .finish()
    }
}
