//! Where threads wait under `--cfg shuttle`: for notifications and the alarm, as there is no kernel and no descriptor.
//!
//! *Time* passes where a thread waits for it: it lets others go first, if shuttle's scheduler likes, and if nothing
//! ended its wait meanwhile the clock shows the moment that it waited for. So a timer is early or late beside anything that
//! happens, and never lost. Threads that wait for no moment wait for each other, and if all do, shuttle says so.

use super::{Event, WaitOutcome};
use crate::loom::{Condvar, Mutex, thread};
use crate::sys::clock::{now, pass_until};
use shuttle::rand::RngCore;
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// Lets others go before this thread. A scheduler by priorities does not ask whether they want to; now and then it is told
/// to, or a thread that waits for moments again and again would be all that runs.
fn let_others_go_first() {
    if shuttle::rand::thread_rng().next_u32().is_multiple_of(2) {
        thread::yield_now();
    } else {
        thread::sleep(Duration::ZERO);
    }
}

/// The place where threads wait.
#[derive(Debug, Default)]
pub(crate) struct Poller {
    /// What there is to take.
    state: Mutex<State>,
    /// Signalled when that changes.
    changed: Condvar,
}

/// What one of those who wait takes.
#[derive(Debug, Default)]
struct State {
    /// A notification, or several, that nobody took.
    notified: bool,
    /// When the alarm goes off.
    alarm: Option<Instant>,
}

impl State {
    /// Takes what is there.
    fn take(&mut self) -> WaitOutcome {
        let alarm = self.alarm.take_if(|alarm| *alarm <= now()).is_some();
        let notified = std::mem::take(&mut self.notified);
        WaitOutcome { notified, alarm, ..WaitOutcome::default() }
    }
}

impl Poller {
    /// A poller.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self::default())
    }

    /// There is nothing to watch.
    pub(crate) fn add(&self, _descriptor: impl AsFd, _token: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// There are no signals.
    pub(crate) fn add_signals(&self, _descriptor: impl AsFd) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Nothing is watched.
    pub(crate) fn delete(&self, _descriptor: impl AsFd) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Ends the wait of one thread, or, when none waits, the next wait.
    pub(crate) fn notify(&self) {
        self.state.lock().notified = true;
        // All look, and one finds it.
        self.changed.notify_all();
    }

    /// Sets the alarm to go off after so long, at once when zero; `None` unsets it.
    pub(crate) fn arm(&self, after: Option<Duration>) {
        self.state.lock().alarm = after.and_then(|after| now().checked_add(after));
        self.changed.notify_all();
    }

    /// Nothing is watched, so nothing is tried again.
    pub(crate) fn arm_retry(&self, _after: Duration) {}

    /// Waits for a notification or the alarm, for `timeout` at most.
    pub(crate) fn wait(
        &self,
        timeout: Option<Duration>,
        _on_event: impl FnMut(Event),
    ) -> io::Result<WaitOutcome> {
        let deadline = timeout.and_then(|timeout| now().checked_add(timeout));
        let mut state = self.state.lock();
        loop {
            let waited = state.take();
            if waited != WaitOutcome::default()
                || deadline.is_some_and(|deadline| deadline <= now())
            {
                return Ok(waited);
            }
            let Some(moment) = deadline.into_iter().chain(state.alarm).min() else {
                state = self.changed.wait(state);
                continue;
            };
            drop(state);
            let_others_go_first();
            state = self.state.lock();
            // Unless the wait is at its end, or for another moment now.
            if !state.notified && deadline.into_iter().chain(state.alarm).min() == Some(moment) {
                pass_until(moment);
            }
        }
    }
}
