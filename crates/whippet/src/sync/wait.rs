//! Waiting for a state that lies elsewhere, and whose changes are told by a [`Notify`].

use super::Notify;
use crate::coop;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Poll, ready};

/// Waits until `look` finds something: it looks now, and each time that all who wait at `place` are woken.
///
/// Whoever changes the state does so first and calls `notify_waiters` second; here the place is taken first, and the
/// look comes second. So a change that comes after the look wakes.
pub(crate) async fn wait_until<R>(place: &Notify, mut look: impl FnMut() -> Option<R>) -> R {
    let mut woken = place.notified();
    poll_fn(|cx| {
        loop {
            let unit = ready!(coop::poll_proceed(cx));
            if let Some(found) = look() {
                unit.spend();
                return Poll::Ready(found);
            }
            drop(unit);
            ready!(Pin::new(&mut woken).poll(cx));
            woken = place.notified();
        }
    })
    .await
}
