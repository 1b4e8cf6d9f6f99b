//! The thread that looks for stalls.

use super::detector::{PollSample, StallDetector};
use super::{OnStall, StallOptions};
use crate::executor::shared::{Remote, Shared};
use crate::executor::works_for::work_for;
use crate::loom::thread::JoinHandle;
use crate::loom::{Condvar, Mutex};
use crate::sys;
use crate::unwind::catch_panic;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// Samples in a threshold: a stall may be reported late by this part of it.
const SAMPLES_PER_THRESHOLD: u32 = 4;
/// The time between two samples at least: below it the monitor itself would be felt.
const MIN_PERIOD: Duration = Duration::from_millis(1);
/// The name of the thread.
const THREAD_NAME: &str = "whippet-stalls";

/// The monitor of one runtime.
#[derive(Debug)]
pub(crate) struct Monitor {
    /// What is shared with its thread.
    lifecycle: Arc<Lifecycle>,
    /// Its thread.
    thread: Option<JoinHandle<()>>,
}

/// How far the monitor's thread is.
#[derive(Debug, Default)]
struct Lifecycle {
    /// Its state.
    state: Mutex<State>,
    /// Signalled when that changes.
    changed: Condvar,
}

/// The state of the monitor's thread.
#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    /// It looks.
    #[default]
    Running,
    /// It is to end.
    Ending,
    /// Its thread ends.
    Ended,
}

/// Says that the thread ends.
struct ExitGuard(Arc<Lifecycle>);

impl Drop for ExitGuard {
    fn drop(&mut self) {
        self.0.set(State::Ended);
    }
}

impl Lifecycle {
    fn set(&self, state: State) {
        *self.state.lock() = state;
        self.changed.notify_all();
    }

    /// Waits while it is in such a `state`, `timeout` at most. True: it has left it.
    fn wait_while(&self, state: fn(&State) -> bool, timeout: Duration) -> bool {
        let guard = self.state.lock();
        let waits = |now: &mut State| state(now);
        !state(&self.changed.wait_timeout_while(&self.state, guard, timeout, waits))
    }
}

impl Monitor {
    /// Starts to look, if the options say so.
    ///
    /// # Errors
    /// The system's, when it has no thread to give.
    pub(crate) fn start(options: &StallOptions, shared: &Arc<Shared>) -> io::Result<Option<Self>> {
        let Some(threshold) = options.threshold else { return Ok(None) };
        let lifecycle = Arc::new(Lifecycle::default());
        let exit_guard = ExitGuard(Arc::clone(&lifecycle));
        let (shared, on_stall) = (Arc::clone(shared), Arc::clone(&options.on_stall));
        let thread = sys::thread::start(THREAD_NAME.to_owned(), None, move || {
            let _works = work_for(shared.id);
            run_monitor(&exit_guard.0, &shared, threshold, &on_stall);
        })?;
        Ok(Some(Self { lifecycle, thread: Some(thread) }))
    }

    /// Ends it. Waits until `deadline` at most.
    pub(crate) fn end(mut self, deadline: Instant) {
        self.lifecycle.set(State::Ending);
        let Some(thread) = self.thread.take() else { return };
        let left = deadline.saturating_duration_since(sys::clock::now());
        if self.lifecycle.wait_while(|state| *state != State::Ended, left) {
            // What is left of the thread is its end.
            drop(thread.join());
        }
    }
}

/// Samples all workers until the end.
fn run_monitor(lifecycle: &Lifecycle, shared: &Shared, threshold: Duration, on_stall: &OnStall) {
    let period = (threshold / SAMPLES_PER_THRESHOLD).max(MIN_PERIOD);
    let mut detectors: Vec<StallDetector> =
        (0..shared.remotes.len()).map(|worker| StallDetector::new(worker, threshold)).collect();
    while !lifecycle.wait_while(|state| *state == State::Running, period) {
        let now = sys::clock::now();
        for (detector, remote) in detectors.iter_mut().zip(&shared.remotes) {
            if let Some(stall) = detector.observe(now, sample(remote)) {
                // A report that panics was told by the panic's own message; the next one may do better.
                let _ = catch_panic(|| on_stall(&stall));
            }
        }
    }
}

/// Which poll a worker is in. None: none, or it goes from one to another.
fn sample(remote: &Remote) -> Option<PollSample> {
    // Relaxed: a poll that is reported was seen in several samples, and the name is that of the last one, a threshold after
    // the worker wrote it.
    let poll = remote.polls.load(Relaxed);
    let (task, place) = remote.polling.read()?;
    (remote.polls.load(Relaxed) == poll).then_some(PollSample { poll, task, place })
}
