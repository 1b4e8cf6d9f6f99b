//! Waits for a state that is kept elsewhere, and whose changes wake a [`Notify`].

use super::Notify;
use crate::coop;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Poll, ready};

/// Waits until `check` returns a value: it is called now, and each time that all waiters of `notify` are woken.
///
/// The writer changes the state first and calls `notify_waiters` second; here the future is made first, and the check
/// comes second. So a change that comes after the check wakes.
pub(crate) async fn wait_until<R>(notify: &Notify, mut check: impl FnMut() -> Option<R>) -> R {
    let mut woken = notify.notified();
    poll_fn(|cx| {
        loop {
            let unit = ready!(coop::poll_proceed(cx));
            if let Some(found) = check() {
                unit.spend();
                return Poll::Ready(found);
            }
            drop(unit);
            ready!(Pin::new(&mut woken).poll(cx));
            woken = notify.notified();
        }
    })
    .await
}
