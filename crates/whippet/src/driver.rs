//! The driver: the reactor, the timers, the signals and the clock of one runtime, turned as one.
//!
//! A worker with nothing to run calls [`Driver::turn`] and sleeps in the kernel there. Timers end that sleep
//! through the reactor's *alarm* ([`alarm`]): it is set to the earliest deadline, and a worker that waits in the reactor,
//! or looks into it next, is told when it goes off.
//!
//! The timers are in shards, one a worker ([`shard`]), so that workers that set timers and take them out do not meet.
//! A timer belongs to the shard of the worker on which it was made, whichever worker asks after it later.
//!
//! ```text
//!   worker 0 ─► shard 0: lock, wheel ──┐  earlier than the alarm is set to
//!   worker 1 ─► shard 1: lock, wheel ──┼───────────────────────────────────► alarm ─► reactor (timerfd)
//!   …                                  │  ◄─────────────── the alarm: clear it, look at all shards, set it again
//! ```
//!
//! Time is nanoseconds since the driver's origin. This is the one place that brings the clock and the timers
//! together; the wheel itself gets its time as an argument. While the clock is paused ([`clock`]) the alarm is not
//! set to deadlines, as nobody waits for them: a worker with nothing to run moves the clock ([`Driver::turn_paused`]).

mod alarm;
mod clock;
mod shard;
mod signals;

pub(crate) use self::clock::ClockModeError;
pub(crate) use self::shard::{TimerShard, TimerState};
pub(crate) use self::signals::{SignalListener, Signals};

pub(crate) use crate::reactor::Turn;

use self::alarm::DriverShared;
use crate::reactor::Reactor;
use crate::wake_list::WakeList;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Reactor, timers and clock of one runtime (see the module docs).
#[derive(Debug)]
pub(crate) struct Driver {
    /// Reactor, clock and alarm.
    shared: Arc<DriverShared>,
    /// The timers.
    shards: Box<[Arc<TimerShard>]>,
    /// The signals.
    signals: Arc<Signals>,
}

impl Driver {
    /// A driver with so many shards of timers, whose time begins now.
    ///
    /// # Errors
    /// Those of [`Reactor::new`]: no descriptor left.
    pub(crate) fn new(shards: usize) -> io::Result<Self> {
        let shared = Arc::new(DriverShared::new()?);
        let shard = |_| Arc::new(TimerShard::new(Arc::clone(&shared)));
        let shards = (0..shards.max(1)).map(shard).collect();
        let signals = Arc::new(Signals::new(Arc::clone(shared.reactor())));
        Ok(Self { shared, shards, signals })
    }

    /// The reactor.
    #[inline]
    pub(crate) fn reactor(&self) -> &Arc<Reactor> {
        self.shared.reactor()
    }

    /// The signals.
    pub(crate) fn signals(&self) -> &Arc<Signals> {
        &self.signals
    }

    /// The timers of worker `index`.
    #[inline]
    pub(crate) fn shard(&self, index: usize) -> &Arc<TimerShard> {
        &self.shards[index % self.shards.len()]
    }

    /// Whether a shard is one of this driver's.
    pub(crate) fn owns(&self, shard: &TimerShard) -> bool {
        Arc::ptr_eq(&self.shared, shard.shared())
    }

    /// The present moment of this runtime's clock.
    #[inline]
    pub(crate) fn instant(&self) -> Instant {
        self.shared.instant()
    }

    /// How many timers wait.
    pub(crate) fn timers_len(&self) -> usize {
        self.shards.iter().map(|shard| shard.len()).sum()
    }

    /// Waits for descriptors, signals, a notification or the next deadline, for at most `timeout` (`None`: without end);
    /// collects the wakers of what is ready and due. Several workers may be in here at once.
    ///
    /// # Errors
    /// Those of the reactor's wait; no event is lost then.
    pub(crate) fn turn(
        &self,
        timeout: Option<Duration>,
        wakers: &mut WakeList,
    ) -> io::Result<Turn> {
        let turn = self.shared.reactor().turn(timeout, wakers)?;
        if turn.alarm || self.shared.is_alarm_due() {
            self.expire(turn.alarm, wakers);
        }
        if turn.signals {
            self.signals.announce_pending(wakers);
        }
        Ok(turn)
    }

    /// A turn of a worker with nothing to do while the clock is paused: takes what is there; if that is nothing, moves
    /// the clock to the next deadline; if there is none, waits for what comes from outside.
    ///
    /// # Errors
    /// Those of the reactor's wait; no event is lost then.
    pub(crate) fn turn_paused(&self, wakers: &mut WakeList) -> io::Result<Turn> {
        let turn = self.turn(Some(Duration::ZERO), wakers)?;
        if turn.notified || turn.alarm || !wakers.is_empty() || self.advance_to_next(wakers) {
            return Ok(turn);
        }
        self.turn(None, wakers)
    }

    /// Moves the paused clock to the next deadline and fires it. False: there is none, or the clock goes on.
    fn advance_to_next(&self, wakers: &mut WakeList) -> bool {
        // From here on a thread that adds an earlier timer than these ends the wait.
        let Some(moment) = self.shared.arm_paused(|| self.next_exact_deadline()) else {
            return false;
        };
        let moved = self.shared.clock().advance_to(moment).is_ok();
        self.expire(false, wakers);
        moved
    }

    /// Whether the clock is paused.
    #[inline]
    pub(crate) fn is_paused(&self) -> bool {
        self.shared.is_paused()
    }

    /// Stops the clock.
    ///
    /// # Errors
    /// When it is paused already.
    pub(crate) fn pause(&self) -> Result<(), ClockModeError> {
        self.shared.clock().pause()?;
        // A worker that waits looks whether to move the clock.
        self.shared.fire_now();
        Ok(())
    }

    /// Lets the clock go on.
    ///
    /// # Errors
    /// When it is not paused.
    pub(crate) fn resume(&self) -> Result<(), ClockModeError> {
        self.shared.clock().resume()?;
        self.shared.clear_alarm();
        self.shared.advance_alarm(self.next_deadline());
        Ok(())
    }

    /// Moves the paused clock forward, and fires what is due then; the wakers are the caller's to wake.
    ///
    /// # Errors
    /// When it is not paused.
    pub(crate) fn advance(
        &self,
        duration: Duration,
        wakers: &mut WakeList,
    ) -> Result<(), ClockModeError> {
        self.shared.clock().advance(duration)?;
        self.expire(false, wakers);
        Ok(())
    }

    /// Ends the wait of a worker that waits while the clock is paused, so that it looks again whether to move it.
    pub(crate) fn wake_paused_waiter(&self) {
        if self.is_paused() {
            self.shared.fire_now();
        }
    }

    /// Fires what is due and sets the alarm to what is next. `went_off` says that this call answers an alarm.
    fn expire(&self, went_off: bool, wakers: &mut WakeList) {
        let now = self.shared.now();
        if self.is_paused() {
            self.shards.iter().for_each(|shard| shard.expire_exact(now, wakers));
            let _moment = self.shared.arm_paused(|| self.next_exact_deadline());
            return;
        }
        // Cleared before the first look: a thread that adds a timer after this look sets it itself.
        self.shared.clear_alarm_if(|alarm| went_off || alarm <= now);
        let nexts = self.shards.iter().map(|shard| shard.expire(now, wakers));
        let next = nexts.min().unwrap_or(alarm::NEVER);
        self.shared.advance_alarm(next);
    }

    /// The next deadline of all shards, exact to the tick.
    fn next_deadline(&self) -> u64 {
        self.shards.iter().map(|shard| shard.next_deadline()).min().unwrap_or(alarm::NEVER)
    }

    /// The next deadline of all shards, exact to the nanosecond.
    fn next_exact_deadline(&self) -> u64 {
        self.shards.iter().map(|shard| shard.next_exact_deadline()).min().unwrap_or(alarm::NEVER)
    }

    /// Ends all timers: those who still wait (outside of the runtime's own tasks, which are gone by then) are
    /// woken and find [`TimerState::Closed`], instead of waiting for a turn that never comes.
    pub(crate) fn close_timers(&self) {
        self.shards.iter().for_each(|shard| shard.close());
    }
}

#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(all(test, loom))]
mod signals_loom;
#[cfg(test)]
#[cfg(not(loom))]
mod tests;
