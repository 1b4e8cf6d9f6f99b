//! The futures of a [`Notify`].

use super::{Notify, State};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Waits for a notification. Made by [`Notify::notified`].
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let notify = whippet::sync::Notify::new();
/// let notified = notify.notified();
/// notify.notify_one();
/// let timely = whippet::time::timeout(std::time::Duration::ZERO, notified);
/// assert!(timely.await.is_ok());
/// # });
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct Notified<'a> {
    /// What it waits for.
    notify: &'a Notify,
    /// Its state.
    state: State,
}

impl<'a> Notified<'a> {
    /// Waits for `notify`.
    pub(super) fn new(notify: &'a Notify) -> Self {
        Self { notify, state: notify.initial_state() }
    }

    /// Enqueues without being polled; returns whether it was notified already (a later poll is ready at once then).
    ///
    /// So a task can enqueue, check the state it waits for, and then wait, without missing a notification.
    ///
    /// ```
    /// use std::pin::pin;
    ///
    /// let notify = whippet::sync::Notify::new();
    /// let mut notified = pin!(notify.notified());
    /// assert!(!notified.as_mut().enable());
    /// notify.notify_one();
    /// assert!(notified.as_mut().enable());
    /// ```
    pub fn enable(mut self: Pin<&mut Self>) -> bool {
        let Self { notify, state } = &mut *self;
        notify.enable(state)
    }
}

impl Future for Notified<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { notify, state } = &mut *self;
        notify.poll_notified(state, cx)
    }
}

impl Drop for Notified<'_> {
    fn drop(&mut self) {
        self.notify.abandon(&mut self.state);
    }
}

impl fmt::Debug for Notified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notified").finish_non_exhaustive()
    }
}

/// Waits for a notification and keeps the [`Notify`] alive. Made by [`Notify::notified_owned`].
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let notify = std::sync::Arc::new(whippet::sync::Notify::new());
/// let waits = whippet::spawn(notify.clone().notified_owned());
/// notify.notify_waiters();
/// assert!(waits.await.is_ok());
/// # });
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct OwnedNotified {
    /// What it waits for.
    notify: Arc<Notify>,
    /// Its state.
    state: State,
}

impl OwnedNotified {
    /// Waits for `notify`.
    pub(super) fn new(notify: Arc<Notify>) -> Self {
        let state = notify.initial_state();
        Self { notify, state }
    }

    /// As [`Notified::enable`].
    ///
    /// ```
    /// use std::{pin::pin, sync::Arc};
    ///
    /// let notify = Arc::new(whippet::sync::Notify::new());
    /// let mut notified = pin!(Arc::clone(&notify).notified_owned());
    /// assert!(!notified.as_mut().enable());
    /// notify.notify_one();
    /// assert!(notified.as_mut().enable());
    /// ```
    pub fn enable(mut self: Pin<&mut Self>) -> bool {
        let Self { notify, state } = &mut *self;
        notify.enable(state)
    }
}

impl Future for OwnedNotified {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { notify, state } = &mut *self;
        notify.poll_notified(state, cx)
    }
}

impl Drop for OwnedNotified {
    fn drop(&mut self) {
        self.notify.abandon(&mut self.state);
    }
}

impl fmt::Debug for OwnedNotified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedNotified").finish_non_exhaustive()
    }
}
