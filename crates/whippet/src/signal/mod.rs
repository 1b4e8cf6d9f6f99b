//! Signals of the operating system, awaited.
//!
//! ```
//! # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use whippet::signal::{SignalKind, signal};
//!
//! let (mut stops, mut reloads) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
//! # rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::HUP)?;
//! let heard = whippet::select! {
//!     _ = stops.recv() => "stop",
//!     _ = reloads.recv() => "reload",
//! };
//! assert_eq!(heard, "reload");
//! # std::io::Result::Ok(())
//! # }).unwrap();
//! ```
//!
//! # Which signals are heard
//!
//! A listener hears a signal that comes after it was made, by [`signal`] or by the first poll of [`ctrl_c`]. Signals that come
//! before it is asked again are one, as in the kernel: what it hears says "at least once since the last time". So **one
//! [`Signal`] that is kept across the turns of a loop loses nothing**. With a new `ctrl_c()` in each turn, a signal that
//! comes between the end of one call and the first poll of the next may be lost, as with tokio:
//!
//! ```
//! # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! # use rustix::process::{Signal, getpid, kill_process};
//! use whippet::signal::{SignalKind, signal};
//! use whippet::task::yield_now;
//!
//! let mut kept = signal(SignalKind::interrupt())?;
//! # kill_process(getpid(), Signal::INT)?;
//! // Ctrl-C is pressed:
//! assert_eq!(kept.recv().await, Some(()));
//! # kill_process(getpid(), Signal::INT)?;
//! // It is pressed again while the loop is at other work:
//! yield_now().await;
//! // The next turn hears it. A call of `ctrl_c()` that begins here might not.
//! assert_eq!(kept.recv().await, Some(()));
//! # std::io::Result::Ok(())
//! # }).unwrap();
//! ```
//!
//! Each listener hears each signal, also those of several runtimes. The end of a runtime ends its listeners: see [`Signal::recv`].
//!
//! # The default action does not come back
//!
//! The first listener for a signal installs a handler, **for the rest of the process's life**, as tokio does. When all
//! listeners are dropped, and when the runtime has ended, the handler is still there and does nothing: a SIGINT or SIGTERM
//! that comes then does not end the process:
//!
//! ```
//! # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use whippet::signal::{SignalKind, signal};
//!
//! drop(signal(SignalKind::terminate())?);
//! # rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM)?;
//! // The process got a SIGTERM, and nothing happened. A listener that begins here hears the next one.
//! let mut stops = signal(SignalKind::terminate())?;
//! # rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM)?;
//! assert_eq!(stops.recv().await, Some(()));
//! # std::io::Result::Ok(())
//! # }).unwrap();
//! ```
//!
//! So a program that is to end by a second Ctrl-C keeps its listener, and calls [`std::process::exit`] when that hears it. Beside
//! this:
//!
//! - *A handler that was there before* is called first, each time.
//! - *A program that this one executes* has the default action: `exec` puts it back. (A signal that was ignored stays ignored.)
//! - *A process that was forked and executes nothing* has the handler and no runtime: its signals do nothing, and its parent
//!   does not hear them.
//! - *SIGPIPE*: Rust's start-up ignores it, so that writes fail with `BrokenPipe`. With a listener they still do, and the listener
//!   hears it. whippet's own sockets send none.
//! - *SIGKILL and SIGSTOP* cannot be caught; SIGILL, SIGFPE and SIGSEGV must not be, as the handler would return to the
//!   instruction that failed. [`signal`] refuses them with an error.

mod kind;

pub use self::kind::SignalKind;

use crate::coop;
use crate::driver::SignalListener;
use crate::runtime::Handle;
use crate::shutdown_error::shutdown_error;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

/// What this module has, by tokio's path.
pub mod unix {
    pub use super::{Signal, SignalKind, signal};
}

/// A listener for one signal, made by [`signal`].
///
/// It is to be kept across the turns of a loop: then no signal is lost. See the [module](self) for what becomes of signals
/// when it is dropped: the default action does not come back.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::signal::{SignalKind, signal};
/// let mut stops = signal(SignalKind::terminate())?;
/// # rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM)?;
/// // In the loop of a server, beside what it accepts:
/// let stopped = whippet::select! {
///     _ = stops.recv() => true,
///     _ = std::future::pending::<()>() => false,
/// };
/// assert!(stopped);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
#[must_use = "a listener that is dropped hears nothing, and the signal's default action is gone"]
pub struct Signal {
    /// Its place in the runtime.
    listener: SignalListener,
}

/// Listens for a signal. Signals that come before the next [`Signal::recv`] are not lost; several are one.
///
/// The signal's default action is gone from here on, **for the rest of the process's life**, also when the listener is
/// dropped: see the [module](self).
///
/// # Errors
/// A signal that cannot be caught (SIGKILL, SIGSTOP), must not be (SIGILL, SIGFPE, SIGSEGV), or does not exist; no descriptor
/// left; the runtime has ended.
///
/// # Panics
/// If this thread has entered no runtime.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::signal::{SignalKind, signal};
/// let mut hangups = signal(SignalKind::hangup())?;
/// # let process = rustix::process::getpid();
/// # rustix::process::kill_process(process, rustix::process::Signal::HUP)?;
/// assert_eq!(hangups.recv().await, Some(()));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn signal(kind: SignalKind) -> io::Result<Signal> {
    let handle = Handle::of_call("signal::unix::signal");
    let listener = handle.driver().signals().listen(kind.as_raw_value())?;
    Ok(Signal { listener })
}

/// Waits for Ctrl-C (SIGINT), once. It listens from its first poll on, as tokio's does.
///
/// The signal's default action is gone from then on, **for the rest of the process's life**, also when the future is
/// dropped: Ctrl-C does not end the process any more. See the [module](self).
///
/// # Errors
/// No descriptor left; the runtime has ended.
///
/// # Panics
/// If this thread has entered no runtime.
///
/// # Cancel safety
/// Cancel safe, but a signal that comes while nobody listens is lost. A loop that calls it again in each turn may lose one
/// between two calls: keep a [`Signal`] of [`SignalKind::interrupt`] there, which loses none.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # // Listens before the signal is sent, so that it does not end the example.
/// # let _listens = whippet::signal::signal(whippet::signal::SignalKind::interrupt())?;
/// let pressed = whippet::spawn(whippet::signal::ctrl_c());
/// # whippet::task::yield_now().await;
/// # let process = rustix::process::getpid();
/// # rustix::process::kill_process(process, rustix::process::Signal::INT)?;
/// // Work goes on here until Ctrl-C is pressed.
/// assert!(pressed.await?.is_ok());
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn ctrl_c() -> io::Result<()> {
    let heard = signal(SignalKind::interrupt())?.recv().await;
    heard.ok_or_else(shutdown_error)
}

impl Signal {
    /// Waits for the signal. None: the runtime has ended, and listening with it (tokio's waits for ever then).
    ///
    /// # Cancel safety
    /// Cancel safe: a signal stays until a call returns it.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::signal::{SignalKind, signal};
    /// let mut reloads = signal(SignalKind::user_defined1())?;
    /// # let process = rustix::process::getpid();
    /// # rustix::process::kill_process(process, rustix::process::Signal::USR1)?;
    /// assert_eq!(reloads.recv().await, Some(()));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn recv(&mut self) -> Option<()> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Polls for [`recv`](Self::recv). The latest waker counts.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::future::poll_fn;
    /// use whippet::signal::{SignalKind, signal};
    /// let mut reloads = signal(SignalKind::user_defined1())?;
    /// # rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::USR1)?;
    /// assert_eq!(poll_fn(|cx| reloads.poll_recv(cx)).await, Some(()));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<()>> {
        let unit = ready!(coop::poll_proceed(cx));
        let heard = ready!(self.listener.poll(cx));
        unit.spend();
        Poll::Ready(heard)
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::*;
    use crate::runtime::Builder;
    use crate::time::timeout;
    use std::time::Duration;

    /// How long an event may take before its test fails.
    const DEADLINE: Duration = Duration::from_secs(20);

    fn send(kind: SignalKind) {
        signal_hook::low_level::raise(kind.as_raw_value()).unwrap();
    }

    #[test]
    fn every_listener_hears_a_signal_and_several_are_one() {
        let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
        runtime.block_on(async {
            let mut listeners = [0; 3].map(|_| signal(SignalKind::user_defined1()).unwrap());
            send(SignalKind::user_defined1());
            send(SignalKind::user_defined1());
            for listener in &mut listeners {
                assert_eq!(timeout(DEADLINE, listener.recv()).await, Ok(Some(())));
            }
            // More than the socket of the handler holds.
            (0..1_000).for_each(|_| send(SignalKind::user_defined1()));
            for listener in &mut listeners {
                assert_eq!(timeout(DEADLINE, listener.recv()).await, Ok(Some(())));
            }
        });
        assert_eq!(runtime.metrics().num_registered_descriptors(), 0);
    }

    #[test]
    fn ctrl_c_is_heard() {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            // Listening from here on, so that the signal does not end the test.
            let _listens = signal(SignalKind::interrupt()).unwrap();
            let waits = crate::spawn(ctrl_c());
            crate::task::yield_now().await;
            send(SignalKind::interrupt());
            timeout(DEADLINE, waits).await.unwrap().unwrap().unwrap();
        });
    }

    #[test]
    fn a_runtime_that_ends_is_no_signal() {
        let runtime = Builder::new_current_thread().build().unwrap();
        let mut listener = runtime.block_on(async { signal(SignalKind::hangup()).unwrap() });
        drop(runtime);
        let other = Builder::new_current_thread().build().unwrap();
        other.block_on(async {
            assert_eq!(timeout(DEADLINE, listener.recv()).await, Ok(None));
        });
    }
}
