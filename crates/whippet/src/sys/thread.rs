//! Threads: started here and nowhere else, and put to sleep by a [`Parker`].

use crate::loom::thread::{self, JoinHandle};
use crate::loom::{Condvar, Mutex};
use std::io;
use std::sync::Arc;
use std::task::{Wake, Waker};
#[cfg(not(shuttle))]
use std::time::Duration;

/// Starts a thread that runs `body`. `stack_size` in bytes; `None` for std's default.
///
/// # Errors
/// Those of the operating system, when it has no thread to give.
#[expect(clippy::disallowed_methods, reason = "this is the one place that starts threads")]
pub(crate) fn start(
    mut name: String,
    stack_size: Option<usize>,
    body: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    name.retain(|character| character != '\0');
    let mut builder = thread::Builder::new().name(name);
    if let Some(bytes) = stack_size {
        builder = builder.stack_size(bytes);
    }
    builder.spawn(body)
}

/// Has this thread do nothing for so long: where what it waits for cannot be waited for.
#[cfg(not(shuttle))]
#[expect(clippy::disallowed_methods, reason = "there is no event to wait for")]
pub(crate) fn pause(time: Duration) {
    thread::sleep(time);
}

/// A sleeping place for one thread: a permit that [`Parker::unpark`] sets and [`Parker::park`] takes.
///
/// An `unpark` before the `park` is not lost, and several are one.
#[derive(Debug, Default)]
pub(crate) struct Parker {
    /// Whether a permit is there.
    permit: Mutex<bool>,
    /// Signalled when the permit is set.
    set: Condvar,
}

impl Parker {
    /// Sleeps until a permit is there, and takes it.
    pub(crate) fn park(&self) {
        let mut permit = self.permit.lock();
        while !std::mem::take(&mut *permit) {
            permit = self.set.wait(permit);
        }
    }

    /// Sleeps until a permit is there, and takes it; gives up after `timeout`. Says whether it got one.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn park_timeout(&self, timeout: Duration) -> bool {
        let waits = |permit: &mut bool| !*permit;
        let permit = self.permit.lock();
        let mut permit = self.set.wait_timeout_while(&self.permit, permit, timeout, waits);
        std::mem::take(&mut *permit)
    }

    /// Sets the permit and wakes the sleeper, if there is one.
    pub(crate) fn unpark(&self) {
        *self.permit.lock() = true;
        self.set.notify_one();
    }

    /// A waker that unparks.
    pub(crate) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.unpark();
    }
}
