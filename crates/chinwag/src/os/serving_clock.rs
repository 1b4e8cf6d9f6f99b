//! Time in which the server could serve its clients: deadlines of clients are measured in it.
//!
//! A process that was stopped (SIGSTOP, a debugger) or ran on a machine that stalled finds on its return that every deadline is
//! over, while input of clients lies unread in their sockets. So such a time is measured in steps, and the clock is read at
//! the end of each. A step that took more than twice as long as it should have was not a time in which clients were served, and
//! counts once.
//!
//! ```text
//!   real   ├────┼────┼──────── stopped ────────┼────┼──►
//!   served ├────┼────┼────┼────┼──►
//! ```
//!
//! So a standstill costs a client two steps at most, and a server that runs measures exactly. The clock must be read once in
//! a step: the broker does so while bytes are pending for a client ([`SCAN_INTERVAL`](crate::limits::SCAN_INTERVAL)), and so do
//! `timeout` and all other users of a `ServedTime`.
//!
//! Pure but for `timeout`; the real time is an argument. What only ever ends a restriction (a rate limit, a mute, a ban) goes by
//! the real time. ARCHITECTURE.md lists all that waits, with the clock that it goes by.

use crate::limits::SERVING_CLOCK_STEPS;
use crate::os::clock::now;
use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant};
use whippet::time;
use whippet::time::error::Elapsed;

/// What counts of the time since the last look, which should have come after a `step`.
fn served(since: Duration, step: Duration) -> Duration {
    if since > 2 * step { step } else { since }
}

/// A clock that stands still while the server does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServingClock {
    /// The last look.
    looked: Instant,
    /// The time then.
    now: Instant,
}

impl ServingClock {
    /// Begins with the real time.
    pub(crate) fn new(now: Instant) -> Self {
        Self { looked: now, now }
    }

    /// Looks at the real time. Without a `step` no deadline of a client was running since the last look, and all of it counts.
    #[inline]
    pub(crate) fn look(&mut self, now: Instant, step: Option<Duration>) {
        let since = now.saturating_duration_since(self.looked);
        self.looked = self.looked.max(now);
        self.now += step.map_or(since, |step| served(since, step));
    }

    /// The time at the last look.
    #[inline]
    pub(crate) fn now(&self) -> Instant {
        self.now
    }
}

/// How much of a deadline has been served.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServedTime {
    /// The last look.
    looked: Instant,
    /// What counted until then.
    passed: Duration,
}

impl ServedTime {
    /// Begins.
    pub(crate) fn new(now: Instant) -> Self {
        Self { looked: now, passed: Duration::ZERO }
    }

    /// Looks at the real time; whether so much has been served.
    pub(crate) fn is_over(&mut self, within: Duration, now: Instant) -> bool {
        self.passed += served(now.saturating_duration_since(self.looked), step_of(within));
        self.looked = self.looked.max(now);
        self.passed >= within
    }

    /// When to look next.
    pub(crate) fn next_look(&self, within: Duration) -> Instant {
        self.looked + step_of(within).min(within.saturating_sub(self.passed))
    }
}

/// The time between two looks at such a deadline.
fn step_of(within: Duration) -> Duration {
    within / SERVING_CLOCK_STEPS
}

/// Waits for a future, so much served time at most.
///
/// # Errors
/// That time is over.
pub(crate) async fn timeout<F: Future>(within: Duration, future: F) -> Result<F::Output, Elapsed> {
    let mut future = pin!(future);
    let mut served = ServedTime::new(now());
    loop {
        let next_look = time::Instant::from_std(served.next_look(within));
        match time::timeout_at(next_look, future.as_mut()).await {
            Err(_) if !served.is_over(within, now()) => {}
            ended => return ended,
        }
    }
}

#[cfg(test)]
mod tests;
