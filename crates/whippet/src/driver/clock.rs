//! The clock of one runtime: the system's, unless the program stops it.
//!
//! ```text
//!            pause                      resume
//!   real ────────────► paused ────────────────────► shifted ──┐
//!                      │    ▲ ▲                               │ pause
//!                      └────┘ └───────────────────────────────┘
//!                     advance
//! ```
//! Real shows what the system's clock shows. Paused shows one moment, until it is moved. Shifted goes at the system's
//! pace from the moment at which it was resumed. What it shows never goes back.

use crate::loom::Mutex;
use crate::loom::atomic::AtomicU8;
use crate::loom::atomic::Ordering::{Acquire, Release};
use crate::sys;
use std::time::{Duration, Instant};

/// As the system's clock.
const REAL: u8 = 0;
/// At the system's pace, but showing another time.
const SHIFTED: u8 = 1;
/// Paused: shows one moment.
const PAUSED: u8 = 2;

/// The clock of one runtime.
#[derive(Debug)]
pub(crate) struct Clock {
    /// [`REAL`], [`SHIFTED`] or [`PAUSED`], for a look without the lock. Written under the lock.
    mode: AtomicU8,
    /// What it shows when it does not show the system's time.
    state: Mutex<ClockState>,
}

/// What a clock showed at a moment of the system's clock.
#[derive(Debug, Clone, Copy)]
struct ClockState {
    /// What it showed then, or shows for good while it is paused.
    at: Instant,
    /// That moment.
    since: Instant,
}

/// The clock is not in the state that was asked for: it is paused already, or it is not paused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ClockModeError;

impl Clock {
    /// The system's clock.
    pub(super) fn new() -> Self {
        let now = sys::clock::now();
        Self { mode: AtomicU8::new(REAL), state: Mutex::new(ClockState { at: now, since: now }) }
    }

    /// What it shows.
    #[inline]
    pub(super) fn now(&self) -> Instant {
        // Acquire: pairs with the releases below, so that the lock's content is not older than the mode.
        match self.mode.load(Acquire) {
            REAL => sys::clock::now(),
            _ => self.now_from_state(),
        }
    }

    /// What it shows when it does not show the system's time.
    #[cold]
    fn now_from_state(&self) -> Instant {
        let state = *self.state.lock();
        if self.is_paused() {
            return state.at;
        }
        state.at + sys::clock::now().saturating_duration_since(state.since)
    }

    /// Whether it stands still.
    #[inline]
    pub(super) fn is_paused(&self) -> bool {
        // Acquire: as in `now`.
        self.mode.load(Acquire) == PAUSED
    }

    /// Stops it.
    pub(super) fn pause(&self) -> Result<(), ClockModeError> {
        let now = self.now();
        let mut state = self.state.lock();
        if self.is_paused() {
            return Err(ClockModeError);
        }
        state.at = now;
        self.mode.store(PAUSED, Release);
        Ok(())
    }

    /// Lets it go on from what it shows.
    pub(super) fn resume(&self) -> Result<(), ClockModeError> {
        let mut state = self.state.lock();
        if !self.is_paused() {
            return Err(ClockModeError);
        }
        state.since = sys::clock::now();
        self.mode.store(SHIFTED, Release);
        Ok(())
    }

    /// Moves it forward by hand. A moment that cannot be counted is not reached: it stays where it is.
    pub(super) fn advance(&self, duration: Duration) -> Result<(), ClockModeError> {
        let mut state = self.state.lock();
        if !self.is_paused() {
            return Err(ClockModeError);
        }
        state.at = state.at.checked_add(duration).unwrap_or(state.at);
        Ok(())
    }

    /// Moves it forward to a moment, if that is ahead.
    pub(super) fn advance_to(&self, moment: Instant) -> Result<(), ClockModeError> {
        let now = self.now();
        self.advance(moment.saturating_duration_since(now))
    }
}
