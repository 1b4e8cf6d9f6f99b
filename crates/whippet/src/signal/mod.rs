//! Signals of the operating system, awaited.
//!
//! Each listener has a pair of connected sockets: the signal's handler writes a byte into the one, the reactor watches
//! the other. Once a signal was listened for, its default action is gone for the rest of the process, also when
//! nobody listens any more.
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

use crate::reactor::{Registration, Rest, Want};
use crate::runtime::Handle;
use crate::sys::signal::{
    self as kernel, SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGIO, SIGPIPE, SIGQUIT, SIGTERM, SIGUSR1,
    SIGUSR2, SIGWINCH,
};
use crate::sys::socket;
use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll};

/// Bytes taken out of a listener's socket at a time: each is a signal, and several are one.
const DRAIN: usize = 64;

/// Which signal.
///
/// # Examples
/// ```
/// use whippet::signal::SignalKind;
///
/// assert_eq!(SignalKind::from(15), SignalKind::terminate());
/// assert_eq!(i32::from(SignalKind::interrupt()), 2);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SignalKind(i32);

impl SignalKind {
    /// A signal by its number.
    ///
    /// # Examples
    /// ```
    /// use whippet::signal::SignalKind;
    ///
    /// assert_eq!(SignalKind::from_raw(15), SignalKind::terminate());
    /// ```
    #[must_use]
    pub const fn from_raw(number: i32) -> Self {
        Self(number)
    }

    /// The signal's number.
    ///
    /// # Examples
    /// ```
    /// use whippet::signal::SignalKind;
    ///
    /// assert_eq!(SignalKind::interrupt().as_raw_value(), 2);
    /// ```
    #[must_use]
    pub const fn as_raw_value(self) -> i32 {
        self.0
    }

    /// SIGINT: somebody pressed Ctrl-C.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::signal::{SignalKind, signal};
    /// let mut interrupts = signal(SignalKind::interrupt())?;
    /// # rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::INT)?;
    /// // Somebody presses Ctrl-C:
    /// assert_eq!(interrupts.recv().await, Some(()));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub const fn interrupt() -> Self {
        Self(SIGINT)
    }

    /// SIGTERM: the process is asked to end.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::signal::{SignalKind, signal};
    /// let mut stops = signal(SignalKind::terminate())?;
    /// # rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM)?;
    /// // Somebody calls `kill`:
    /// assert_eq!(stops.recv().await, Some(()));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub const fn terminate() -> Self {
        Self(SIGTERM)
    }

    /// SIGHUP: the terminal is gone, or settings are to be read again.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::signal::{SignalKind, signal};
    /// let mut hangups = signal(SignalKind::hangup())?;
    /// # rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::HUP)?;
    /// // Somebody calls `kill -HUP`:
    /// assert_eq!(hangups.recv().await, Some(()));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub const fn hangup() -> Self {
        Self(SIGHUP)
    }

    /// SIGQUIT: somebody pressed Ctrl-\.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::signal::{SignalKind, signal};
    /// let mut quits = signal(SignalKind::quit())?;
    /// # rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::QUIT)?;
    /// // Somebody presses Ctrl-\:
    /// assert_eq!(quits.recv().await, Some(()));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub const fn quit() -> Self {
        Self(SIGQUIT)
    }

    /// SIGUSR1: the program's own meaning.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::signal::{SignalKind, signal};
    /// let mut reloads = signal(SignalKind::user_defined1())?;
    /// # rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::USR1)?;
    /// // Somebody calls `kill -USR1`:
    /// assert_eq!(reloads.recv().await, Some(()));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub const fn user_defined1() -> Self {
        Self(SIGUSR1)
    }

    /// SIGUSR2: the program's own meaning.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::signal::{SignalKind, signal};
    /// let mut reopens = signal(SignalKind::user_defined2())?;
    /// # rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::USR2)?;
    /// // Somebody calls `kill -USR2`:
    /// assert_eq!(reopens.recv().await, Some(()));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub const fn user_defined2() -> Self {
        Self(SIGUSR2)
    }

    /// SIGALRM: a timer of the process went off.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::signal::{SignalKind, signal};
    /// let mut alarms = signal(SignalKind::alarm())?;
    /// # rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::ALARM)?;
    /// assert_eq!(alarms.recv().await, Some(()));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub const fn alarm() -> Self {
        Self(SIGALRM)
    }

    /// SIGCHLD: a child process ended, stopped or went on.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::signal::{SignalKind, signal};
    /// let mut children = signal(SignalKind::child())?;
    /// let mut child = std::process::Command::new("true").spawn()?;
    /// assert_eq!(children.recv().await, Some(()));
    /// assert!(child.wait()?.success());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub const fn child() -> Self {
        Self(SIGCHLD)
    }

    /// SIGIO: a descriptor that was asked to tell is ready.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::signal::{SignalKind, signal};
    /// let mut ready = signal(SignalKind::io())?;
    /// # rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::IO)?;
    /// assert_eq!(ready.recv().await, Some(()));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub const fn io() -> Self {
        Self(SIGIO)
    }

    /// SIGPIPE: something was written that nobody will read.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::signal::{SignalKind, signal};
    /// use std::io::{ErrorKind, Write, pipe};
    ///
    /// let mut unread = signal(SignalKind::pipe())?;
    /// let (reader, mut writer) = pipe()?;
    /// drop(reader);
    /// assert_eq!(writer.write(b"hello").unwrap_err().kind(), ErrorKind::BrokenPipe);
    /// assert_eq!(unread.recv().await, Some(()));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub const fn pipe() -> Self {
        Self(SIGPIPE)
    }

    /// SIGWINCH: the terminal has another size.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::signal::{SignalKind, signal};
    /// let mut resizes = signal(SignalKind::window_change())?;
    /// # rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::WINCH)?;
    /// assert_eq!(resizes.recv().await, Some(()));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub const fn window_change() -> Self {
        Self(SIGWINCH)
    }
}

impl From<i32> for SignalKind {
    fn from(number: i32) -> Self {
        Self(number)
    }
}

impl From<SignalKind> for i32 {
    fn from(kind: SignalKind) -> Self {
        kind.0
    }
}

/// What this module has, by tokio's path.
pub mod unix {
    pub use super::{Signal, SignalKind, signal};
}

/// A listener for one signal: see [`signal`].
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
pub struct Signal {
    /// Writes into the other end.
    _handler: kernel::Handler,
    /// The end that the reactor watches.
    socket: Registration<OwnedFd>,
}

/// Listens for a signal. Signals that come before the next [`Signal::recv`] are not lost; several are one.
///
/// # Errors
/// A signal that cannot be caught; no descriptor left.
///
/// # Panics
/// If this thread has entered no runtime, or for one of the signals that no program may catch (SIGKILL, SIGSTOP,
/// SIGILL, SIGFPE, SIGSEGV).
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
    let handle = Handle::current();
    let (handler, watched) = kernel::handle(kind.0)?;
    Ok(Signal { _handler: handler, socket: Registration::new(watched, handle.driver().reactor())? })
}

/// Waits for Ctrl-C (SIGINT), once.
///
/// # Errors
/// No descriptor left; the runtime has ended.
///
/// # Panics
/// If this thread has entered no runtime.
///
/// # Cancel safety
/// Cancel safe, but a signal that comes while nobody listens is lost: to miss none, keep a [`Signal`].
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
/// // Work goes on here until somebody presses Ctrl-C.
/// assert!(pressed.await?.is_ok());
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn ctrl_c() -> io::Result<()> {
    signal(SignalKind::interrupt())?.next().await
}

impl Signal {
    /// Waits for the signal. None: the runtime has ended, and listening with it.
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
        self.next().await.ok()
    }

    async fn next(&mut self) -> io::Result<()> {
        self.socket.async_io(Want::READ, drain).await
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
        self.socket.poll_io(cx, Want::READ, drain).map(Result::ok)
    }
}

/// Takes all that is there.
fn drain(socket: &OwnedFd) -> io::Result<((), Rest)> {
    let mut bytes = [0; DRAIN];
    let mut heard = false;
    loop {
        match socket::receive(socket, &mut bytes) {
            Ok(DRAIN) => heard = true,
            Ok(_) => return Ok(((), Rest::None)),
            Err(error) if heard && error.kind() == io::ErrorKind::WouldBlock => {
                return Ok(((), Rest::None));
            }
            Err(error) => return Err(error),
        }
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
            // As many as are taken out at a time, to the byte.
            (0..DRAIN).for_each(|_| send(SignalKind::user_defined1()));
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
