//! Waiting for a moment.

use super::Instant;
use crate::coop;
use crate::driver::{TimerShard, TimerState};
use crate::executor::context;
use crate::runtime::Handle;
use crate::timers::TimerKey;
use crate::unwind::drop_waker;
use crate::wake_list::{KeptWaker, wake};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

/// Waits until `duration` has passed.
///
/// The time counts from this call, not from the first poll. [`Duration::ZERO`] is over at once. A duration whose end no
/// clock can count, like [`Duration::MAX`], is taken for 30 years.
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
    Sleep::after(current_timers("time::sleep"), duration)
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
    Sleep::until(current_timers("time::sleep_until"), deadline)
}

/// The timers of this worker, or of the runtime that this thread is in, for a call of this name.
#[track_caller]
pub(super) fn current_timers(call: &str) -> Arc<TimerShard> {
    match context::timers() {
        Some(timers) => timers,
        // Says why there are none.
        None => Arc::clone(Handle::of_call(call).driver().shard(0)),
    }
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
/// let deadline = Instant::now() + Duration::from_millis(1);
/// idle.as_mut().reset(deadline);
/// idle.await;
/// assert!(Instant::now() >= deadline);
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Sleep {
    /// The timers that this one belongs to, whichever task polls it.
    timers: Arc<TimerShard>,
    /// When it is over.
    deadline: Instant,
    /// How far it has got.
    state: State,
}

/// How far a [`Sleep`] has got.
#[derive(Debug)]
enum State {
    /// Neither polled nor given another deadline yet.
    Fresh,
    /// Not polled since it was given another deadline.
    Reset,
    /// Among the timers.
    Waiting(Wait),
    /// The deadline has come.
    Elapsed,
}

/// A timer that waits.
#[derive(Debug)]
struct Wait {
    /// Its name.
    key: TimerKey,
    /// The moment at which it fires: the deadline, or an earlier one. A deadline that is moved to later leaves the timer
    /// where it is, at no cost; should it fire, the next poll sets it again.
    armed: u64,
    /// The waker that it keeps until it fires.
    waker: KeptWaker,
}

impl Wait {
    /// Whether it waits, without a lock, with this waker: see [`TimerShard::may_have_fired`].
    #[inline]
    fn is_known_to_wait(&self, timers: &TimerShard, waker: &Waker) -> bool {
        !timers.may_have_fired(self.armed) && self.waker.will_wake(waker)
    }
}

/// A sleep is part of many futures and stays small: a cache line.
const _: () = assert!(size_of::<Sleep>() <= 64);

impl Sleep {
    /// A sleep until `deadline` among `timers`.
    pub(crate) const fn until(timers: Arc<TimerShard>, deadline: Instant) -> Self {
        Self { timers, deadline, state: State::Fresh }
    }

    /// A sleep of `duration` from now among `timers`.
    pub(crate) fn after(timers: Arc<TimerShard>, duration: Duration) -> Self {
        let deadline = Instant::from_std(timers.instant()).add_or_far(duration);
        Self::until(timers, deadline)
    }

    /// The moment at which it is over. One that lies too far ahead to be counted is the last that can be.
    ///
    /// ```
    /// use std::time::Duration;
    /// use whippet::time::{Instant, sleep_until};
    ///
    /// # let rt = whippet::runtime::Builder::new_current_thread().build()?;
    /// # rt.block_on(async {
    /// let deadline = Instant::now() + Duration::from_secs(1);
    /// assert_eq!(sleep_until(deadline).deadline(), deadline);
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether it is over: a poll has found that the deadline has come, or the timer that a poll has set has fired. Before
    /// the first poll it is not, whatever the deadline is; after a [`reset`](Sleep::reset) it is once the new deadline has come.
    ///
    /// ```
    /// use std::future::poll_fn;
    /// use std::pin::Pin;
    /// use std::task::Poll;
    /// use std::time::Duration;
    /// use whippet::time::{advance, sleep};
    ///
    /// # let rt = whippet::runtime::Builder::new_current_thread().start_paused(true).build()?;
    /// # rt.block_on(async {
    /// let mut pause = sleep(Duration::from_secs(1));
    /// let begun = poll_fn(|cx| Poll::Ready(Pin::new(&mut pause).poll(cx).is_pending())).await;
    /// assert!(begun && !pause.is_elapsed());
    /// advance(Duration::from_secs(1)).await;
    /// assert!(pause.is_elapsed());
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn is_elapsed(&self) -> bool {
        match &self.state {
            State::Fresh => false,
            State::Reset => self.is_due(),
            // Due by the clock is not fired: its tick may last on, and until then a poll waits.
            State::Waiting(wait) => {
                self.is_due()
                    && self.timers.may_have_fired(wait.armed)
                    && self.timers.has_fired(&wait.key)
            }
            State::Elapsed => true,
        }
    }

    /// Sets another deadline, earlier or later, whether or not the former one has come.
    ///
    /// A task that has polled this sleep and waits for it is woken at the new deadline; it need not poll before that. When
    /// the new deadline is later than the former one, the task may be woken at the former one, too, and has to poll this
    /// sleep then, as a task that awaits it does.
    ///
    /// ```
    /// use std::pin::Pin;
    /// use std::time::Duration;
    /// use whippet::time::{Instant, sleep};
    ///
    /// # let rt = whippet::runtime::Builder::new_current_thread().start_paused(true).build()?;
    /// # rt.block_on(async {
    /// let start = Instant::now();
    /// let mut idle = sleep(Duration::from_secs(60));
    /// // Something was heard: the silence begins anew.
    /// Pin::new(&mut idle).reset(start + Duration::from_secs(90));
    /// idle.await;
    /// assert_eq!(start.elapsed(), Duration::from_secs(90));
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn reset(self: Pin<&mut Self>, deadline: Instant) {
        let this = self.get_mut();
        this.deadline = deadline;
        let place = this.place();
        let State::Waiting(wait) = &mut this.state else {
            this.state = State::Reset;
            return;
        };
        // While the clock is paused it stops at each timer: there a timer is where it says it is.
        if place >= wait.armed && !this.timers.is_paused() {
            return;
        }
        if place <= this.timers.now() {
            // As if it had fired; the next poll sees for itself.
            wake(this.leave());
        } else if this.timers.reset_timer(&wait.key, place) {
            wait.armed = place;
        } else {
            drop_waker(this.leave());
        }
    }

    /// Sets another deadline without a word to the timers, for one that is over.
    pub(super) fn restart(&mut self, deadline: Instant) {
        drop_waker(self.leave());
        self.deadline = deadline;
    }

    /// The timers that it belongs to.
    pub(super) const fn timers(&self) -> &Arc<TimerShard> {
        &self.timers
    }

    /// The deadline as the timers count it.
    fn place(&self) -> u64 {
        self.timers.deadline(self.deadline.into_std()).unwrap_or(LAST)
    }

    /// Whether the clock has got to the deadline.
    fn is_due(&self) -> bool {
        self.place() <= self.timers.now()
    }

    /// Enters the timers, unless the deadline has come.
    fn enter(&mut self, cx: &Context<'_>) -> Poll<()> {
        if self.is_due() {
            self.state = State::Elapsed;
            return Poll::Ready(());
        }
        self.enter_early(cx)
    }

    /// Enters the timers with a deadline that has not come.
    pub(super) fn enter_early(&mut self, cx: &Context<'_>) -> Poll<()> {
        let place = self.place();
        let (waker, kept) = KeptWaker::clone_of(cx.waker());
        match self.timers.insert_timer(place, waker) {
            Ok(key) => {
                self.state = State::Waiting(Wait { key, armed: place, waker: kept });
                Poll::Pending
            }
            Err(waker) => {
                drop_waker(Some(waker));
                self.closed()
            }
        }
    }

    /// The timer has fired: the deadline has come, unless it was moved to later meanwhile.
    fn fired(&mut self, armed: u64, cx: &Context<'_>) -> Poll<()> {
        if armed < self.place() {
            self.state = State::Reset;
            return self.enter(cx);
        }
        self.state = State::Elapsed;
        Poll::Ready(())
    }

    /// The answer when the runtime has ended. A task of that runtime is in its last poll, and is dropped after it
    /// without another word. Anybody else would wait for ever, and is told.
    fn closed(&self) -> Poll<()> {
        let own = |runtime: Handle| runtime.driver().owns(&self.timers);
        let last_poll = context::is_worker() && Handle::try_current().is_ok_and(own);
        assert!(
            last_poll,
            "`Sleep::poll`: the whippet runtime of this timer has ended; keep the `Runtime` for as long as it is waited for"
        );
        Poll::Pending
    }

    /// Leaves the timers, if it is among them; the waker that was to be woken.
    fn leave(&mut self) -> Option<Waker> {
        match std::mem::replace(&mut self.state, State::Reset) {
            State::Waiting(wait) => self.timers.remove_timer(&wait.key),
            State::Fresh | State::Reset | State::Elapsed => None,
        }
    }
}

/// Where a deadline waits that lies beyond what timers count: at the last moment that comes, 584 years ahead.
const LAST: u64 = u64::MAX - 1;

impl Future for Sleep {
    type Output = ();

    /// # Panics
    /// Outside of its runtime's tasks, when that runtime has been shut down before the deadline came.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let unit = ready!(coop::poll_proceed(cx));
        let this = self.get_mut();
        match &mut this.state {
            State::Elapsed => {}
            State::Fresh | State::Reset => ready!(this.enter(cx)),
            State::Waiting(wait) if wait.is_known_to_wait(&this.timers, cx.waker()) => {
                return Poll::Pending;
            }
            State::Waiting(wait) => match this.timers.poll_timer(&wait.key, cx.waker()) {
                TimerState::Fired => {
                    let armed = wait.armed;
                    ready!(this.fired(armed, cx));
                }
                TimerState::Waiting => return Poll::Pending,
                TimerState::Moved(kept) => {
                    wait.waker = kept;
                    return Poll::Pending;
                }
                TimerState::Closed => return this.closed(),
            },
        }
        unit.spend();
        Poll::Ready(())
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        drop_waker(self.leave());
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
