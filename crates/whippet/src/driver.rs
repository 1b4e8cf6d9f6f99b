//! The driver: the reactor, the timers and the clock of one runtime, turned as one.
//!
//! A worker with nothing to run calls [`Driver::turn`] and sleeps in the kernel there. Timers end that sleep
//! through the reactor's *alarm*: it is set to the earliest deadline, and somebody who waits in the reactor, or
//! looks into it next, is told when it goes off.
//!
//! One lock guards the wheel together with the moment the alarm is set to, so nobody sees the one without the
//! other. That closes the race of an earlier timer that is added while a worker waits: whoever adds it sets the
//! alarm forward in the same critical section, and the kernel wakes the waiter. The alarm is lazy in the other
//! direction: a removed timer leaves it as it is, and the turn that it wakes for nothing sets it to the true next.
//!
//! Time is nanoseconds since the driver's origin. This is the one place that brings the clock and the timers
//! together; the wheel itself gets its time as an argument. While the clock is paused ([`clock`]) the alarm is not
//! set to deadlines, as nobody waits for them: a worker with nothing to run moves the clock ([`Driver::turn_paused`]).

mod clock;

pub(crate) use self::clock::WrongMode;

pub(crate) use crate::reactor::Turn;

use self::clock::Clock;
use crate::loom::{Mutex, MutexGuard, atomic::AtomicU64, atomic::Ordering::Relaxed};
use crate::reactor::Reactor;
use crate::timers::{Polled, TimerKey, Timers};
use crate::wakers::Wakers;
use std::io;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

/// Timers fired or moved under one hold of the lock: some 10 µs, for which an insertion may have to wait.
const STEPS_A_LOCK: usize = 256;

/// Holds of the lock in one turn, so that moving many timers down a level does not keep a worker from its tasks.
/// The alarm is then set to "at once", and the next turn goes on.
const LOCKS_A_TURN: usize = 16;

/// What [`Driver::poll_timer`] answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimerState {
    /// The deadline has come; the key is void.
    Fired,
    /// It has not; the waker will be woken.
    Waiting,
    /// The runtime has ended, and with it all its timers.
    Closed,
}

/// Reactor, timers and clock of one runtime (see the module's words).
#[derive(Debug)]
pub(crate) struct Driver {
    /// Registered descriptors, the alarm, and the place where workers wait.
    reactor: Arc<Reactor>,
    /// The timers and what the alarm is set to.
    timers: Mutex<Clockwork>,
    /// Nanosecond 0.
    origin: Instant,
    /// The system's clock, unless it is paused.
    clock: Clock,
    /// What the alarm is set to, `u64::MAX` for nothing, for a look without the lock. Written under the lock of
    /// `timers` alone.
    alarm_hint: AtomicU64,
}

/// What one lock guards: never look at one field by the knowledge of another from before.
#[derive(Debug)]
struct Clockwork {
    /// The timers.
    timers: Timers,
    /// The moment that the alarm is set to; `None` when it is not set or its going off was noticed. While a timer
    /// waits it is at or before the earliest deadline, or somebody holds a turn in his hands that will set it.
    alarm: Option<u64>,
    /// Whether the runtime has ended.
    closed: bool,
}

impl Driver {
    /// A driver whose time begins now.
    ///
    /// # Errors
    /// Those of [`Reactor::new`]: no descriptor left.
    pub(crate) fn new() -> io::Result<Self> {
        let clock = Clock::new();
        Ok(Self {
            reactor: Arc::new(Reactor::new()?),
            timers: Mutex::new(Clockwork { timers: Timers::new(), alarm: None, closed: false }),
            origin: clock.now(),
            clock,
            alarm_hint: AtomicU64::new(u64::MAX),
        })
    }

    /// The reactor.
    #[inline]
    pub(crate) const fn reactor(&self) -> &Arc<Reactor> {
        &self.reactor
    }

    /// The present moment, as timers count it.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        // 584 years after the origin the clock stands still.
        self.deadline(self.instant()).unwrap_or(u64::MAX)
    }

    /// The present moment of this runtime's clock.
    #[inline]
    pub(crate) fn instant(&self) -> Instant {
        self.clock.now()
    }

    /// A moment as timers count it. One before the origin is 0; one that lies beyond the count, 584 years
    /// ahead, never comes and is `None`.
    #[inline]
    pub(crate) fn deadline(&self, instant: Instant) -> Option<u64> {
        u64::try_from(instant.saturating_duration_since(self.origin).as_nanos()).ok()
    }

    /// How many timers wait.
    pub(crate) fn timers_len(&self) -> usize {
        self.timers.lock().timers.len()
    }

    /// Adds a timer that wakes `waker` once `deadline` has come, and sees to it that somebody turns then.
    ///
    /// # Errors
    /// The waker, when the runtime has ended: nobody would turn.
    pub(crate) fn insert_timer(&self, deadline: u64, waker: Waker) -> Result<TimerKey, Waker> {
        let mut clockwork = self.timers.lock();
        if clockwork.closed {
            return Err(waker);
        }
        let key = clockwork.timers.insert(deadline, waker);
        self.set_alarm_forward(&mut clockwork);
        Ok(key)
    }

    /// Gives a timer another deadline. Answers `false` when it has fired: its key then waits to be removed.
    pub(crate) fn reset_timer(&self, key: &TimerKey, deadline: u64) -> bool {
        let mut clockwork = self.timers.lock();
        let waits = clockwork.timers.reset(key, deadline);
        if waits {
            self.set_alarm_forward(&mut clockwork);
        }
        waits
    }

    /// Asks after a timer; while it waits, `waker` is the one that it will wake.
    pub(crate) fn poll_timer(&self, key: &TimerKey, waker: &Waker) -> TimerState {
        if let Ok(state) = self.look(key, waker) {
            return state;
        }
        // A waker's clone and drop are the user's code, hence outside of the lock.
        let waker = waker.clone();
        let replaced = self.timers.lock().timers.replace_waker(key, waker);
        match replaced {
            Ok(_former) => TimerState::Waiting,
            // It fired in between, and without this poll nobody would be told.
            Err(waker) => self.look(key, &waker).unwrap_or(TimerState::Waiting),
        }
    }

    /// One look at a timer under the lock.
    fn look(&self, key: &TimerKey, waker: &Waker) -> Result<TimerState, OtherWaker> {
        let mut clockwork = self.timers.lock();
        if clockwork.closed {
            return Ok(TimerState::Closed);
        }
        match clockwork.timers.poll(key, waker) {
            Polled::Fired => Ok(TimerState::Fired),
            Polled::Waiting => Ok(TimerState::Waiting),
            Polled::OtherWaker => Err(OtherWaker),
        }
    }

    /// Takes a timer out, whether it waits or has fired; the waker that was to be woken.
    pub(crate) fn remove_timer(&self, key: &TimerKey) -> Option<Waker> {
        self.timers.lock().timers.remove(key)
    }

    /// Waits for descriptors, a notification or the next deadline, for at most `timeout` (`None`: without end);
    /// collects the wakers of what is ready and due. Several workers may be in here at once.
    ///
    /// # Errors
    /// Those of the reactor's wait; no event is lost then.
    pub(crate) fn turn(&self, timeout: Option<Duration>, wakers: &mut Wakers) -> io::Result<Turn> {
        let turn = self.reactor.turn(timeout, wakers)?;
        if turn.alarm || self.has_due_timers() {
            self.expire(turn.alarm, wakers);
        }
        Ok(turn)
    }

    /// A turn of a worker with nothing to do while the clock is paused: takes what is there; if that is nothing, moves
    /// the clock to the next deadline; if there is none, waits for what comes from outside.
    ///
    /// # Errors
    /// Those of the reactor's wait; no event is lost then.
    pub(crate) fn turn_paused(&self, wakers: &mut Wakers) -> io::Result<Turn> {
        let turn = self.turn(Some(Duration::ZERO), wakers)?;
        if turn.notified || turn.alarm || !wakers.is_empty() || self.advance_to_next(wakers) {
            return Ok(turn);
        }
        self.turn(None, wakers)
    }

    /// Moves the paused clock to the next deadline and fires it. False: there is none, or the clock goes on.
    fn advance_to_next(&self, wakers: &mut Wakers) -> bool {
        let mut clockwork = self.timers.lock();
        let next = clockwork.timers.next_exact_deadline().filter(|next| *next < u64::MAX);
        // From here on whoever adds an earlier timer than these ends the wait.
        clockwork.alarm = next;
        self.alarm_hint.store(next.unwrap_or(u64::MAX), Relaxed);
        drop(clockwork);
        let Some(moment) =
            next.and_then(|next| self.origin.checked_add(Duration::from_nanos(next)))
        else {
            return false;
        };
        let moved = self.clock.advance_to(moment).is_ok();
        self.expire(false, wakers);
        moved
    }

    /// Whether the clock is paused.
    #[inline]
    pub(crate) fn is_paused(&self) -> bool {
        self.clock.is_paused()
    }

    /// Stops the clock.
    ///
    /// # Errors
    /// When it is paused already.
    pub(crate) fn pause(&self) -> Result<(), WrongMode> {
        let clockwork = self.timers.lock();
        self.clock.pause()?;
        // Whoever waits looks whether to move the clock.
        self.reactor.arm(Some(Duration::ZERO));
        drop(clockwork);
        Ok(())
    }

    /// Lets the clock go on.
    ///
    /// # Errors
    /// When it is not paused.
    pub(crate) fn resume(&self) -> Result<(), WrongMode> {
        let mut clockwork = self.timers.lock();
        self.clock.resume()?;
        clockwork.alarm = None;
        self.set_alarm_forward(&mut clockwork);
        Ok(())
    }

    /// Moves the paused clock forward, and fires what is due then; the wakers are the caller's to wake.
    ///
    /// # Errors
    /// When it is not paused.
    pub(crate) fn advance(&self, duration: Duration, wakers: &mut Wakers) -> Result<(), WrongMode> {
        self.clock.advance(duration)?;
        self.expire(false, wakers);
        Ok(())
    }

    /// Ends the wait of a worker that waits while the clock is paused, so that it looks again whether to move it.
    pub(crate) fn nudge(&self) {
        if self.is_paused() {
            self.reactor.arm(Some(Duration::ZERO));
        }
    }

    /// Whether it looks as if a timer were due: costs a look at the clock, and no lock. The answer is a hint:
    /// [`Driver::turn`] looks again under the lock, and the alarm tells of a timer that the hint does not show yet.
    #[inline]
    pub(crate) fn has_due_timers(&self) -> bool {
        let alarm = self.alarm_hint.load(Relaxed);
        alarm != u64::MAX && alarm <= self.now()
    }

    /// Fires what is due and sets the alarm to what is next. `went_off` says that this call answers an alarm.
    fn expire(&self, went_off: bool, wakers: &mut Wakers) {
        if self.is_paused() {
            return self.expire_paused(wakers);
        }
        let now = self.now();
        let enough = wakers.len() + STEPS_A_LOCK;
        for round in 1..=LOCKS_A_TURN {
            let mut clockwork = self.timers.lock();
            if went_off {
                clockwork.alarm = None;
            }
            let more = clockwork.timers.expire(now, wakers, STEPS_A_LOCK);
            if !more || wakers.len() >= enough || round == LOCKS_A_TURN {
                if clockwork.alarm.is_some_and(|alarm| alarm <= now) {
                    // It is about to go off in another worker's turn, which will set it again, too.
                    clockwork.alarm = None;
                }
                self.set_alarm_forward(&mut clockwork);
                break;
            }
        }
    }

    /// Fires all that is due, to the nanosecond, while the clock is paused.
    fn expire_paused(&self, wakers: &mut Wakers) {
        let now = self.now();
        let mut more = true;
        while more {
            let mut clockwork = self.timers.lock();
            more = clockwork.timers.expire_exactly(now, wakers, STEPS_A_LOCK);
            clockwork.alarm = clockwork.timers.next_exact_deadline();
            self.alarm_hint.store(clockwork.alarm.unwrap_or(u64::MAX), Relaxed);
        }
    }

    /// Sets the alarm to the next deadline, unless it is set to that or an earlier one. While the clock is paused the
    /// alarm goes off at once: whoever waits looks whether to move the clock.
    fn set_alarm_forward(&self, clockwork: &mut MutexGuard<'_, Clockwork>) {
        // A timer at the end of the count is one that never comes, and is kept for a reset alone.
        let paused = self.is_paused();
        let next = match paused {
            true => clockwork.timers.next_exact_deadline(),
            false => clockwork.timers.next_deadline(),
        };
        if let Some(next) = next.filter(|next| *next < u64::MAX)
            && clockwork.alarm.is_none_or(|alarm| next < alarm)
        {
            let after = if paused { 0 } else { next.saturating_sub(self.now()) };
            self.reactor.arm(Some(Duration::from_nanos(after)));
            clockwork.alarm = Some(next);
        }
        self.alarm_hint.store(clockwork.alarm.unwrap_or(u64::MAX), Relaxed);
    }

    /// Ends all timers: those who still wait (outside of the runtime's own tasks, which are gone by then) are
    /// woken and find [`TimerState::Closed`], instead of waiting for a turn that never comes.
    pub(crate) fn close_timers(&self) {
        let mut more = true;
        while more {
            let mut wakers = Wakers::new();
            let mut clockwork = self.timers.lock();
            clockwork.closed = true;
            more = clockwork.timers.expire(u64::MAX, &mut wakers, STEPS_A_LOCK);
            drop(clockwork);
            wakers.wake_all();
        }
    }
}

/// The timer waits with the waker of another task.
struct OtherWaker;

#[cfg(test)]
#[cfg(not(loom))]
mod tests;
