//! The reactor: where workers wait, until they are notified or the alarm goes off.
//!
//! For now it knows no descriptors, and waits on a condition variable.

use crate::sys::clock;
use crate::wakers::Wakers;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What one turn brought.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Turn {
    /// How many events came, of all kinds.
    pub(crate) events: usize,
    /// Whether a notification ended the wait.
    pub(crate) notified: bool,
    /// Whether the alarm went off.
    pub(crate) alarm: bool,
}

/// What is pending.
#[derive(Debug, Default)]
struct Pending {
    /// When the alarm goes off, if it is set.
    alarm: Option<Instant>,
    /// Whether a notification waits for its waiter.
    notified: bool,
}

/// The place where workers wait.
#[derive(Debug, Default)]
pub(crate) struct Reactor {
    /// What the next turn finds.
    pending: Mutex<Pending>,
    /// Signalled when something was added.
    changed: Condvar,
}

impl Reactor {
    /// A reactor.
    ///
    /// # Errors
    /// None for now; a reactor with descriptors may find none left.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self::default())
    }

    /// Ends the wait of one who waits, or the next one's.
    pub(crate) fn notify(&self) {
        self.lock().notified = true;
        self.changed.notify_one();
    }

    /// Sets the alarm to go off after so long (at once when zero), or unsets it.
    pub(crate) fn arm(&self, after: Option<Duration>) {
        self.lock().alarm = after.and_then(|after| clock::now().checked_add(after));
        self.changed.notify_one();
    }

    /// Waits for a notification or the alarm, for `timeout` at the longest.
    ///
    /// # Errors
    /// None for now.
    pub(crate) fn turn(&self, timeout: Option<Duration>, _: &mut Wakers) -> io::Result<Turn> {
        let until = timeout.and_then(|timeout| clock::now().checked_add(timeout));
        let mut pending = self.lock();
        loop {
            let now = clock::now();
            let alarm = pending.alarm.take_if(|alarm| *alarm <= now).is_some();
            let notified = std::mem::take(&mut pending.notified);
            if alarm || notified || until.is_some_and(|until| until <= now) {
                let events = usize::from(alarm) + usize::from(notified);
                return Ok(Turn { events, notified, alarm });
            }
            let next = pending.alarm.into_iter().chain(until).min();
            let wait = next.map_or(Duration::MAX, |next| next - now);
            let waited = self.changed.wait_timeout(pending, wait);
            pending = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
