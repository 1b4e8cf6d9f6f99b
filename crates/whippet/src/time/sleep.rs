//! Waiting for a moment.

use super::Instant;
use crate::coop;
use crate::driver::{Driver, TimerState};
use crate::executor::context;
use crate::runtime::Handle;
use crate::timers::TimerKey;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

/// Waits until `duration` has passed.
///
/// The time counts from this call, not from the first poll. [`Duration::ZERO`] is over at once;
/// [`Duration::MAX`] never.
///
/// # Cancel safety
/// Dropping the future takes its timer away; nothing else is lost.
///
/// # Panics
/// Outside of a runtime's context.
///
/// ```
/// use std::time::Duration;
/// use whippet::time::{Instant, sleep};
///
/// # let rt = whippet::runtime::Builder::new_current_thread().build()?;
/// # rt.block_on(async {
/// let start = Instant::now();
/// sleep(Duration::from_millis(2)).await;
/// assert!(start.elapsed() >= Duration::from_millis(2));
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[doc(alias = "delay_for")]
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    Sleep::after(current_driver(), duration)
}

/// Waits until `deadline`; a deadline that has passed is over at once.
///
/// # Cancel safety
/// Dropping the future takes its timer away; nothing else is lost.
///
/// # Panics
/// Outside of a runtime's context.
///
/// ```
/// use std::time::Duration;
/// use whippet::time::{Instant, sleep_until};
///
/// # let rt = whippet::runtime::Builder::new_current_thread().build()?;
/// # rt.block_on(async {
/// let deadline = Instant::now() + Duration::from_millis(2);
/// sleep_until(deadline).await;
/// assert!(Instant::now() >= deadline);
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[doc(alias = "delay_until")]
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep::until(current_driver(), deadline)
}

/// The driver of the runtime that this thread is in.
#[track_caller]
pub(super) fn current_driver() -> Arc<Driver> {
    Arc::clone(Handle::current().driver())
}

/// The future of [`sleep`] and [`sleep_until`].
///
/// It is `Unpin`, so `(&mut sleep).await` works without pinning. It enters the runtime's timers when first polled,
/// and leaves them when dropped. Once over it stays over, until it is [`reset`](Sleep::reset).
///
/// ```
/// use std::time::Duration;
/// use whippet::time::{Instant, sleep};
///
/// # let rt = whippet::runtime::Builder::new_current_thread().build()?;
/// # rt.block_on(async {
/// let mut idle = std::pin::pin!(sleep(Duration::from_secs(300)));
/// // Something was heard: wait anew, for a shorter time.
/// idle.as_mut().reset(Instant::now() + Duration::from_millis(1));
/// idle.await;
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Sleep {
    /// The runtime that this timer belongs to, whoever polls it.
    driver: Arc<Driver>,
    /// When it is over.
    deadline: Instant,
    /// How far it has got.
    state: State,
}

/// How far a [`Sleep`] has got.
#[derive(Debug)]
enum State {
    /// Not polled since the deadline was set.
    Fresh,
    /// Among the driver's timers.
    Waiting(TimerKey),
    /// The deadline has come.
    Elapsed,
}

/// A sleep is part of many futures and stays small: what a word for the driver, a moment and a key take.
const _: () = assert!(size_of::<Sleep>() <= 40);

impl Sleep {
    /// A sleep until `deadline` on the timers of `driver`.
    pub(crate) const fn until(driver: Arc<Driver>, deadline: Instant) -> Self {
        Self { driver, deadline, state: State::Fresh }
    }

    /// A sleep of `duration` from now on the timers of `driver`.
    pub(crate) fn after(driver: Arc<Driver>, duration: Duration) -> Self {
        let deadline = Instant::from_std(driver.instant()).saturating_add(duration);
        Self::until(driver, deadline)
    }

    /// The moment at which it is over. One that lies too far ahead to be counted is the last that can be.
    #[must_use]
    pub const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether the deadline has come.
    #[must_use]
    pub fn is_elapsed(&self) -> bool {
        matches!(self.state, State::Elapsed) || self.is_due()
    }

    /// Sets another deadline, earlier or later, whether or not the former one has come.
    ///
    /// A task that has polled this sleep and waits for it is woken at the new deadline; it need not poll again.
    pub fn reset(self: Pin<&mut Self>, deadline: Instant) {
        let this = self.get_mut();
        this.deadline = deadline;
        let State::Waiting(key) = &this.state else {
            this.state = State::Fresh;
            return;
        };
        if this.is_due() {
            // As if it had fired; the next poll sees for itself.
            if let Some(waker) = this.leave() {
                waker.wake();
            }
        } else if !this.driver.reset_timer(key, this.place()) {
            this.leave();
        }
    }

    /// Sets another deadline without a word to the timers, for one that is over.
    pub(super) fn restart(&mut self, deadline: Instant) {
        self.leave();
        self.deadline = deadline;
    }

    /// The runtime that it belongs to.
    pub(super) const fn driver(&self) -> &Arc<Driver> {
        &self.driver
    }

    /// The deadline as the timers count it.
    fn place(&self) -> u64 {
        self.driver.deadline(self.deadline.into_std()).unwrap_or(NEVER)
    }

    /// Whether the clock has got to the deadline.
    fn is_due(&self) -> bool {
        let deadline = self.driver.deadline(self.deadline.into_std());
        deadline.is_some_and(|deadline| deadline <= self.driver.now())
    }

    /// Enters the timers, unless the deadline has come. One that never comes waits there, too: for a reset, or
    /// for the end of the runtime.
    fn enter(&mut self, cx: &Context<'_>) -> Poll<()> {
        if self.is_due() {
            self.state = State::Elapsed;
            return Poll::Ready(());
        }
        match self.driver.insert_timer(self.place(), cx.waker().clone()) {
            Ok(key) => {
                self.state = State::Waiting(key);
                Poll::Pending
            }
            Err(_waker) => self.closed(),
        }
    }

    /// The answer when the runtime has ended. A task of that runtime is in its last poll, and is dropped after it
    /// without another word. Anybody else would wait for ever, and is told.
    fn closed(&self) -> Poll<()> {
        let own = |runtime: Handle| Arc::ptr_eq(runtime.driver(), &self.driver);
        let last_poll = context::is_worker() && Handle::try_current().is_ok_and(own);
        assert!(last_poll, "the whippet runtime that this timer belongs to has been shut down");
        Poll::Pending
    }

    /// Leaves the timers, if it is among them; the waker that was to be woken.
    fn leave(&mut self) -> Option<Waker> {
        match std::mem::replace(&mut self.state, State::Fresh) {
            State::Waiting(key) => self.driver.remove_timer(&key),
            State::Fresh | State::Elapsed => None,
        }
    }
}

/// Where a deadline waits that lies beyond what timers count: at the end of the count, which sets no alarm.
const NEVER: u64 = u64::MAX;

impl Future for Sleep {
    type Output = ();

    /// # Panics
    /// Outside of its runtime's tasks, when that runtime has been shut down before the deadline came.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let unit = ready!(coop::poll_proceed(cx));
        let this = self.get_mut();
        match &this.state {
            State::Elapsed => {}
            State::Fresh => ready!(this.enter(cx)),
            State::Waiting(key) => match this.driver.poll_timer(key, cx.waker()) {
                TimerState::Fired => this.state = State::Elapsed,
                TimerState::Waiting => return Poll::Pending,
                TimerState::Closed => return this.closed(),
            },
        }
        unit.spend();
        Poll::Ready(())
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.leave();
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep")
            .field("deadline", &self.deadline)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
