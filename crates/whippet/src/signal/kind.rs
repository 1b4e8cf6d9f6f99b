//! Which signal.

use crate::sys::signal::{
    SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGIO, SIGPIPE, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH,
};

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
