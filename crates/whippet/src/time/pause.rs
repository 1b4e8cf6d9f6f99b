//! A clock that is moved by hand.

use crate::driver::{ClockModeError, Driver};
use crate::runtime::{Handle, RuntimeFlavor};
use crate::task::yield_now;
use crate::wake_list::WakeList;
use std::sync::Arc;
use std::time::Duration;

/// Stops the clock of the current runtime, which has to be a current-thread one. From here on its time does not pass,
/// but is moved: by [`advance`], and *by itself* whenever there is nothing to do but to wait for a timer. So a test that
/// sleeps for an hour takes no time, and what it measures with [`Instant`](super::Instant) is exact to the nanosecond.
///
/// While a call of [`spawn_blocking`](crate::task::spawn_blocking) goes on, the clock does not move by itself. It does
/// while something is under way that only the kernel or another program knows of: a test that sends bytes over a
/// socket and waits for them under a timeout may see the timeout first.
///
/// [`std::time::Instant`] and the clocks of other runtimes are not concerned.
/// [`Builder::start_paused`](crate::runtime::Builder::start_paused) and `#[whippet::test(start_paused = true)]` have
/// the clock paused from the beginning.
///
/// # Panics
/// If the clock is paused already, if the runtime has worker threads, and if this thread has entered no runtime.
///
/// ```
/// use std::time::Duration;
/// use whippet::time::{self, Instant};
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// time::pause();
/// let start = Instant::now();
/// time::sleep(Duration::from_secs(3_600)).await;
/// assert_eq!(start.elapsed(), Duration::from_secs(3_600));
/// # });
/// ```
#[track_caller]
pub fn pause() {
    let driver = pausable("pause");
    assert!(driver.pause().is_ok(), "`time::pause`: the clock is paused already; pause it once");
}

/// Lets a paused clock go on, from the moment that it shows.
///
/// # Panics
/// If the clock is not paused, if the runtime has worker threads, and if this thread has entered no runtime.
///
/// ```
/// use std::time::Duration;
/// use whippet::time::{self, Instant};
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let start = Instant::now();
/// time::pause();
/// time::advance(Duration::from_secs(60)).await;
/// time::resume();
/// assert!(start.elapsed() >= Duration::from_secs(60));
/// # });
/// ```
#[track_caller]
pub fn resume() {
    expect_paused("resume", pausable("resume").resume());
}

/// Moves a paused clock forward by `duration`, in one step, and lets those have a turn whose timers are due then.
///
/// What they do next may take them several turns, and a timer that they set counts from the new time: to have a task go
/// through several sleeps one after the other, advance in several steps, or let the clock move by itself (see [`pause`]).
/// A sum beyond what the clock can count moves it nowhere.
///
/// # Cancel safety
/// The clock is moved by the first poll; what is left is a turn for the others.
///
/// # Panics
/// If the clock is not paused, if the runtime has worker threads, and if this thread has entered no runtime.
///
/// ```
/// use std::time::Duration;
/// use whippet::time::{self, Instant};
///
/// # let rt = whippet::runtime::Builder::new_current_thread().start_paused(true).build()?;
/// # rt.block_on(async {
/// let start = Instant::now();
/// time::advance(Duration::from_millis(250)).await;
/// assert_eq!(start.elapsed(), Duration::from_millis(250));
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
pub async fn advance(duration: Duration) {
    let mut wakers = WakeList::new();
    expect_paused("advance", pausable("advance").advance(duration, &mut wakers));
    wakers.wake_all();
    yield_now().await;
}

/// The driver of the current runtime, whose clock may be paused.
#[track_caller]
fn pausable(call: &str) -> Arc<Driver> {
    let handle = Handle::of_call(&format!("time::{call}"));
    assert!(
        handle.runtime_flavor() == RuntimeFlavor::CurrentThread,
        "`time::{call}`: the runtime has worker threads, so there is no moment at which nothing is to do; use \
         `Builder::new_current_thread`"
    );
    Arc::clone(handle.driver())
}

/// Panics when the clock goes on.
#[track_caller]
fn expect_paused(call: &str, done: Result<(), ClockModeError>) {
    assert!(done.is_ok(), "`time::{call}`: the clock is not paused; call `time::pause` first");
}
