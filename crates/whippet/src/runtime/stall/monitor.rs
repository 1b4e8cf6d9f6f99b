//! The thread that looks for stalls.

use super::watch::{Sight, Watch};
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

/// Looks in a threshold: so many parts of it a stall may be reported late.
const LOOKS: u32 = 4;
/// The time between two looks at least: below it the monitor itself would be felt.
const MIN_PERIOD: Duration = Duration::from_millis(1);
/// The name of the thread.
const THREAD_NAME: &str = "whippet-stalls";

/// The monitor of one runtime.
#[derive(Debug)]
pub(crate) struct Monitor {
    /// What is shared with its thread.
    life: Arc<Life>,
    /// Its thread.
    thread: Option<JoinHandle<()>>,
}

/// The beginning of the monitor's end.
#[derive(Debug, Default)]
struct Life {
    /// Where it stands.
    state: Mutex<State>,
    /// Signalled when that changes.
    changed: Condvar,
}

/// Where the monitor stands.
#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    /// It looks.
    #[default]
    Looking,
    /// It is to end.
    Ending,
    /// Its thread ends.
    Ended,
}

/// Says that the thread ends.
struct Ends(Arc<Life>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.set(State::Ended);
    }
}

impl Life {
    fn set(&self, state: State) {
        *self.state.lock() = state;
        self.changed.notify_all();
    }

    /// Waits while it stands at `state`, `timeout` at most. True: it does not stand there any more.
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
        let life = Arc::new(Life::default());
        let ends = Ends(Arc::clone(&life));
        let (shared, on_stall) = (Arc::clone(shared), Arc::clone(&options.on_stall));
        let thread = sys::thread::start(THREAD_NAME.to_owned(), None, move || {
            let _works = work_for(shared.id);
            look_on(&ends.0, &shared, threshold, &on_stall);
        })?;
        Ok(Some(Self { life, thread: Some(thread) }))
    }

    /// Ends it. Waits until `deadline` at most.
    pub(crate) fn end(mut self, deadline: Instant) {
        self.life.set(State::Ending);
        let Some(thread) = self.thread.take() else { return };
        let left = deadline.saturating_duration_since(sys::clock::now());
        if self.life.wait_while(|state| *state != State::Ended, left) {
            // What is left of the thread is its end.
            drop(thread.join());
        }
    }
}

/// Looks at all workers until the end.
fn look_on(life: &Life, shared: &Shared, threshold: Duration, on_stall: &OnStall) {
    let period = (threshold / LOOKS).max(MIN_PERIOD);
    let mut watches: Vec<Watch> =
        (0..shared.remotes.len()).map(|worker| Watch::new(worker, threshold)).collect();
    while !life.wait_while(|state| *state == State::Looking, period) {
        let now = sys::clock::now();
        for (watch, remote) in watches.iter_mut().zip(&shared.remotes) {
            if let Some(stall) = watch.look(now, sight(remote)) {
                // A report that panics was told by the panic's own message; the next one may do better.
                let _ = catch_panic(|| on_stall(&stall));
            }
        }
    }
}

/// What a worker is at. None: nothing, or it turns from one thing to another.
fn sight(remote: &Remote) -> Option<Sight> {
    // Relaxed: a poll that is reported was seen at several looks, and the name is that of the last one, a threshold after
    // the worker wrote it.
    let turn = remote.polls.load(Relaxed);
    let (task, place) = remote.polling.read()?;
    (remote.polls.load(Relaxed) == turn).then_some(Sight { turn, task, place })
}
