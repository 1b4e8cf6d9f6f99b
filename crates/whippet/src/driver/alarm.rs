//! What the shards of timers share: reactor, clock, and the one alarm.
//!
//! The alarm is a moment at or before the earliest deadline of all shards, or a thread is in a turn (or an insertion)
//! that will set it. It is lazy in one direction: a removed timer leaves it as it is, and the turn that it
//! wakes for nothing sets it to the true next.
//!
//! *The race*: one thread answers the alarm, another adds a timer to some shard and looks whether the alarm is set to
//! an earlier moment. The first clears the alarm and then looks at each shard under its lock; the second adds its timer under
//! that lock and then looks at the alarm. If the first held the lock first, the second sees the alarm cleared, or set
//! anew since; an alarm that was set anew goes off at that moment, and all shards are looked at then. If the second
//! held it first, the first finds the timer (`loom_tests`). So a look without a lock is enough, and only who has an earlier moment
//! takes the alarm's lock.

use super::clock::Clock;
use crate::loom::Mutex;
use crate::loom::atomic::AtomicU64;
use crate::loom::atomic::Ordering::Relaxed;
use crate::reactor::Reactor;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The moment that never comes: no alarm is set for it. A timer there is kept for a reset alone.
pub(super) const NEVER: u64 = u64::MAX;

/// Reactor, clock and alarm of one runtime.
#[derive(Debug)]
pub(super) struct DriverShared {
    /// Registered descriptors, the alarm's timerfd, and the place where workers wait.
    reactor: Arc<Reactor>,
    /// Nanosecond 0.
    origin: Instant,
    /// The system's clock, unless it is paused.
    clock: Clock,
    /// The moment that the alarm is set to; [`NEVER`] when it is not set, or its going off was noticed. Written under
    /// `setting` alone, read without by threads that add a timer: see the module docs.
    alarm: AtomicU64,
    /// Held by who sets or clears the alarm, so that what the kernel has is what the word says.
    setting: Mutex<()>,
}

impl DriverShared {
    /// A clock that begins now.
    pub(super) fn new() -> io::Result<Self> {
        let clock = Clock::new();
        Ok(Self {
            reactor: Arc::new(Reactor::new()?),
            origin: clock.now(),
            clock,
            alarm: AtomicU64::new(NEVER),
            setting: Mutex::new(()),
        })
    }

    /// The reactor.
    #[inline]
    pub(super) const fn reactor(&self) -> &Arc<Reactor> {
        &self.reactor
    }

    /// The clock.
    #[inline]
    pub(super) const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The present moment, as timers count it.
    #[inline]
    pub(super) fn now(&self) -> u64 {
        // 584 years after the origin the clock stands still.
        self.deadline(self.instant()).unwrap_or(u64::MAX)
    }

    /// The present moment of this runtime's clock.
    #[inline]
    pub(super) fn instant(&self) -> Instant {
        self.clock.now()
    }

    /// A moment as timers count it. One before the origin is 0; one that lies beyond the count, 584 years
    /// ahead, never comes and is `None`.
    #[inline]
    pub(super) fn deadline(&self, instant: Instant) -> Option<u64> {
        u64::try_from(instant.saturating_duration_since(self.origin).as_nanos()).ok()
    }

    /// Nanosecond 0.
    #[cfg(test)]
    #[cfg(not(loom))]
    pub(super) const fn origin(&self) -> Instant {
        self.origin
    }

    /// The moment that the alarm is set to.
    #[cfg(all(test, loom))]
    pub(super) fn alarm(&self) -> u64 {
        self.alarm.load(Relaxed)
    }

    /// Whether the clock is paused.
    #[inline]
    pub(super) fn is_paused(&self) -> bool {
        self.clock.is_paused()
    }

    /// Whether it looks as if a timer were due: costs a look at the clock, and no lock. The answer is a hint:
    /// the caller looks again under the locks, and the alarm tells of a timer that the hint does not show yet.
    #[inline]
    pub(super) fn is_alarm_due(&self) -> bool {
        let alarm = self.alarm.load(Relaxed);
        alarm != NEVER && alarm <= self.now()
    }

    /// The alarm has gone off, or is void. Who calls this looks at all shards next, and sets the alarm.
    pub(super) fn clear_alarm(&self) {
        self.clear_alarm_if(|_| true);
    }

    /// The same, if `is_void` says so of the moment that it is set to.
    pub(super) fn clear_alarm_if(&self, is_void: impl FnOnce(u64) -> bool) {
        let setting = self.setting.lock();
        if is_void(self.alarm.load(Relaxed)) {
            self.alarm.store(NEVER, Relaxed);
        }
        drop(setting);
    }

    /// Sets the alarm to `next`, unless it is set to that or an earlier moment. While the clock is paused the alarm
    /// goes off at once: a worker that waits looks whether to move the clock.
    #[inline]
    pub(super) fn advance_alarm(&self, next: u64) {
        // Relaxed, without the lock: the module docs say why this look is enough.
        if next < self.alarm.load(Relaxed) {
            self.set_alarm(next);
        }
    }

    /// The same, with the lock.
    #[cold]
    fn set_alarm(&self, next: u64) {
        let setting = self.setting.lock();
        if next < self.alarm.load(Relaxed) {
            let after = if self.is_paused() { 0 } else { next.saturating_sub(self.now()) };
            self.reactor.arm(Some(Duration::from_nanos(after)));
            self.alarm.store(next, Relaxed);
        }
        drop(setting);
    }

    /// Lets the alarm go off at once, to no timer's account.
    pub(super) fn fire_now(&self) {
        let setting = self.setting.lock();
        self.reactor.arm(Some(Duration::ZERO));
        drop(setting);
    }

    /// While the clock is paused: takes `next` for the moment that is waited for, though the kernel tells of none; the
    /// moment as the clock shows it. `next` is asked between the clearing and the setting, as in every answer to an alarm.
    pub(super) fn arm_paused(&self, next: impl FnOnce() -> u64) -> Option<Instant> {
        self.clear_alarm();
        let next = next();
        let setting = self.setting.lock();
        // A timer that came in between has set the alarm off: then the wait that follows does not last.
        if next < self.alarm.load(Relaxed) {
            self.alarm.store(next, Relaxed);
        }
        drop(setting);
        if next == NEVER { None } else { self.origin.checked_add(Duration::from_nanos(next)) }
    }
}
