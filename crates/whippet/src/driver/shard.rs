//! A shard of timers: those that were made on one worker.
//!
//! Each operation is one hold of the shard's own lock, which others take only to fire what is due, or for a timer that
//! moved to another worker with its task. A task that asks after a timer that cannot have fired yet
//! ([`TimerShard::may_have_fired`]) takes no lock at all.

use super::alarm::{DriverShared, NEVER};
use crate::loom::atomic::AtomicU64;
use crate::loom::atomic::Ordering::{Acquire, Release};
use crate::loom::{Mutex, MutexGuard};
use crate::timers::{Polled, TimerKey, Timers};
use crate::unwind::drop_waker;
use crate::wake_list::{KeptWaker, WakeList};
use crossbeam_utils::CachePadded;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

/// Timers fired or moved under one hold of the lock: some 10 µs, for which an insertion may have to wait.
pub(super) const STEPS_PER_LOCK: usize = 256;

/// Holds of the lock in one turn, so that moving many timers down a level does not keep a worker from its tasks.
/// The alarm is then set to "at once", and the next turn goes on.
const LOCKS_PER_TURN: usize = 16;

/// What [`TimerShard::poll_timer`] answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimerState {
    /// The deadline has come; the key is void.
    Fired,
    /// It has not; the waker will be woken, as before.
    Waiting,
    /// It has not; the waker will be woken in place of another one. This names the clone that is kept.
    Moved(KeptWaker),
    /// The runtime has ended, and with it all its timers.
    Closed,
}

/// A shard of timers (see the module docs).
#[derive(Debug)]
pub(crate) struct TimerShard {
    /// Clock and alarm.
    shared: Arc<DriverShared>,
    /// Up to which moment timers were fired, or are being fired: no later one was. [`NEVER`] at the end of the runtime.
    /// Written under the lock, before the first timer is fired; read without.
    fired_until: CachePadded<AtomicU64>,
    /// The timers.
    wheel: CachePadded<Mutex<Wheel>>,
}

/// What the lock guards.
#[derive(Debug)]
struct Wheel {
    /// The timers.
    timers: Timers,
    /// Whether the runtime has ended.
    closed: bool,
}

impl TimerShard {
    /// A shard without a timer.
    pub(super) fn new(shared: Arc<DriverShared>) -> Self {
        Self {
            shared,
            fired_until: CachePadded::new(AtomicU64::new(0)),
            wheel: CachePadded::new(Mutex::new(Wheel { timers: Timers::new(), closed: false })),
        }
    }

    /// Clock and alarm.
    pub(super) const fn shared(&self) -> &Arc<DriverShared> {
        &self.shared
    }

    /// The present moment, as timers count it.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        self.shared.now()
    }

    /// The present moment of the runtime's clock.
    #[inline]
    pub(crate) fn instant(&self) -> Instant {
        self.shared.instant()
    }

    /// A moment as timers count it; `None`: it lies beyond the count, 584 years ahead.
    #[inline]
    pub(crate) fn deadline(&self, instant: Instant) -> Option<u64> {
        self.shared.deadline(instant)
    }

    /// Whether the clock is paused.
    #[inline]
    pub(crate) fn is_paused(&self) -> bool {
        self.shared.is_paused()
    }

    /// Whether a timer with this deadline may have fired, or the runtime has ended. False: a waker that was left with
    /// it is woken after this call, if at all.
    #[inline]
    pub(crate) fn may_have_fired(&self, deadline: u64) -> bool {
        // Acquire: pairs with the release before timers are fired; a task that was woken by one sees the moment.
        deadline <= self.fired_until.load(Acquire)
    }

    /// Adds a timer that wakes `waker` once `deadline` has come, and sees to it that a worker turns the driver then.
    ///
    /// # Errors
    /// The waker, when the runtime has ended: nobody would turn.
    pub(crate) fn insert_timer(&self, deadline: u64, waker: Waker) -> Result<TimerKey, Waker> {
        let mut wheel = self.wheel.lock();
        if wheel.closed {
            return Err(waker);
        }
        let key = wheel.timers.insert(deadline, waker);
        self.unlock_and_set_alarm(wheel);
        Ok(key)
    }

    /// Gives a timer another deadline. Answers `false` when it has fired: its key then waits to be removed.
    pub(crate) fn reset_timer(&self, key: &TimerKey, deadline: u64) -> bool {
        let mut wheel = self.wheel.lock();
        let waits = wheel.timers.reset(key, deadline);
        if waits {
            self.unlock_and_set_alarm(wheel);
        }
        waits
    }

    /// Lets the alarm go off at the next deadline at the latest.
    fn unlock_and_set_alarm(&self, wheel: MutexGuard<'_, Wheel>) {
        let next = match self.is_paused() {
            true => wheel.timers.next_exact_deadline(),
            false => wheel.timers.next_deadline(),
        };
        // The look at the alarm follows the change under the lock: `alarm.rs` says why.
        drop(wheel);
        self.shared.advance_alarm(next.unwrap_or(NEVER));
    }

    /// Asks after a timer; while it waits, `waker` is the one that it will wake.
    pub(crate) fn poll_timer(&self, key: &TimerKey, waker: &Waker) -> TimerState {
        if let Ok(state) = self.poll_locked(key, waker) {
            return state;
        }
        // A waker's clone and drop are the user's code, hence outside of the lock.
        let (waker, kept) = KeptWaker::clone_of(waker);
        let replaced = self.wheel.lock().timers.replace_waker(key, waker);
        match replaced {
            Ok(former) => {
                drop_waker(Some(former));
                TimerState::Moved(kept)
            }
            // It fired in between, and without this poll nobody would be told.
            Err(waker) => {
                let state = self.poll_locked(key, &waker).unwrap_or(TimerState::Waiting);
                drop_waker(Some(waker));
                state
            }
        }
    }

    /// Whether a timer has fired. Its key stays what it is.
    pub(crate) fn has_fired(&self, key: &TimerKey) -> bool {
        self.wheel.lock().timers.has_fired(key)
    }

    /// One look at a timer under the lock.
    fn poll_locked(&self, key: &TimerKey, waker: &Waker) -> Result<TimerState, OtherWaker> {
        let mut wheel = self.wheel.lock();
        if wheel.closed {
            return Ok(TimerState::Closed);
        }
        match wheel.timers.poll(key, waker) {
            Polled::Fired => Ok(TimerState::Fired),
            Polled::Waiting => Ok(TimerState::Waiting),
            Polled::OtherWaker => Err(OtherWaker),
        }
    }

    /// Takes a timer out, whether it waits or has fired; the waker that was to be woken.
    pub(crate) fn remove_timer(&self, key: &TimerKey) -> Option<Waker> {
        self.wheel.lock().timers.remove(key)
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.wheel.lock().timers.len()
    }

    /// The next deadline, exact to the tick.
    pub(super) fn next_deadline(&self) -> u64 {
        self.wheel.lock().timers.next_deadline().unwrap_or(NEVER)
    }

    /// The next deadline, exact to the nanosecond.
    pub(super) fn next_exact_deadline(&self) -> u64 {
        self.wheel.lock().timers.next_exact_deadline().unwrap_or(NEVER)
    }

    /// Fires what is due at `now`, as far as one turn goes; the next deadline.
    pub(super) fn expire(&self, now: u64, wakers: &mut WakeList) -> u64 {
        let enough = wakers.len() + STEPS_PER_LOCK;
        for _ in 1..LOCKS_PER_TURN {
            let (more, next) = self.expire_some(now, wakers);
            if !more || wakers.len() >= enough {
                return next;
            }
        }
        self.expire_some(now, wakers).1
    }

    /// One hold of the lock: whether more is due, and the next deadline.
    fn expire_some(&self, now: u64, wakers: &mut WakeList) -> (bool, u64) {
        let mut wheel = self.wheel.lock();
        self.fire_until(now, &wheel);
        let more = wheel.timers.expire(now, wakers, STEPS_PER_LOCK);
        (more, wheel.timers.next_deadline().unwrap_or(NEVER))
    }

    /// Fires all that is due, to the nanosecond, while the clock is paused.
    pub(super) fn expire_exact(&self, now: u64, wakers: &mut WakeList) {
        let mut more = true;
        while more {
            let mut wheel = self.wheel.lock();
            self.fire_until(now, &wheel);
            more = wheel.timers.expire_exact(now, wakers, STEPS_PER_LOCK);
        }
    }

    /// Says that timers up to `now` are about to be fired.
    fn fire_until(&self, now: u64, _wheel: &MutexGuard<'_, Wheel>) {
        if now > self.fired_until.load(Acquire) {
            // Release: pairs with `may_have_fired`.
            self.fired_until.store(now, Release);
        }
    }

    /// Ends all timers: see [`Driver::close_timers`](super::Driver::close_timers).
    pub(super) fn close(&self) {
        let mut more = true;
        while more {
            let mut wakers = WakeList::new();
            let mut wheel = self.wheel.lock();
            wheel.closed = true;
            self.fire_until(NEVER, &wheel);
            more = wheel.timers.expire(NEVER, &mut wakers, STEPS_PER_LOCK);
            drop(wheel);
            // At the end of a runtime a waker that panics concerns nobody.
            wakers.wake_all_catching();
        }
    }
}

/// The timer waits with the waker of another task.
struct OtherWaker;
