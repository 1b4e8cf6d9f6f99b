//! What others want of a person's task: the broker that he goes, or something beside frames, or the server that he comes to
//! an end.
//!
//! All are flags that are raised and then wake the task. They are polled with every frame that a person gets, so
//! the task says once whom to wake, and looks at the flags alone after that. A task has one waker all its life.

use crate::outbound::queue::{Account, Cut};
use crate::outbound::side_message::Aside;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use whippet::sync::CancellationToken;
use whippet::sync::WaitForCancellationFuture;

/// What others want of a person's task.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Called {
    /// The broker cut him.
    Off(Cut),
    /// The broker has something beside frames.
    Aside(Box<Aside>),
    /// The server stops.
    ToDrain,
}

/// Waits for a call.
pub(crate) struct Call<'a> {
    /// Where the broker's cut is seen.
    account: Arc<Account>,
    /// Where the server's stop is seen.
    token: &'a CancellationToken,
    /// The wait for that; over once it was answered.
    stopping: WaitForCancellationFuture<'a>,
    /// Whether both know whom to wake.
    is_known: bool,
    /// Whether the server's stop was answered.
    is_draining: bool,
}

impl<'a> Call<'a> {
    /// Of neither yet.
    pub(crate) fn new(account: Arc<Account>, token: &'a CancellationToken) -> Self {
        Self { account, token, stopping: token.cancelled(), is_known: false, is_draining: false }
    }

    /// Polls for the next call. To be polled by one task alone.
    #[inline]
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Called> {
        let stops = !self.is_draining && self.token.is_cancelled();
        if self.is_known && !stops && !self.account.is_called() {
            return Poll::Pending;
        }
        self.poll_both(cx)
    }

    /// Asks both, and tells them whom to wake.
    fn poll_both(&mut self, cx: &mut Context<'_>) -> Poll<Called> {
        self.is_known = true;
        if let Poll::Ready(cut) = self.account.poll_cut(cx) {
            return Poll::Ready(Called::Off(cut));
        }
        if self.account.is_called()
            && let Some(aside) = self.account.take_aside()
        {
            return Poll::Ready(Called::Aside(aside));
        }
        if !self.is_draining && Pin::new(&mut self.stopping).poll(cx).is_ready() {
            self.is_draining = true;
            return Poll::Ready(Called::ToDrain);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::backpressure::{Bounds, Intake};
    use crate::outbound::client_id::ClientId;
    use crate::outbound::frame::{Frame, Gauge};
    use crate::outbound::queue;
    use crate::outbound::side_message::Probe;
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering::Relaxed;
    use std::task::{Wake, Waker};

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    #[test]
    fn the_stop_is_answered_once_and_a_cut_is_seen_after_it() {
        let intake = Arc::new(Intake::new(Bounds { hard: 100, ..Bounds::default() }));
        let (mut outlet, inbox) = queue::inbox(&intake);
        let token = CancellationToken::new();
        let mut call = Call::new(Arc::clone(inbox.account()), &token);
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(Arc::clone(&wakes));
        let mut cx = Context::from_waker(&waker);
        assert_eq!(call.poll(&mut cx), Poll::Pending);
        assert_eq!(call.poll(&mut cx), Poll::Pending);
        token.cancel();
        assert_eq!(wakes.0.load(Relaxed), 1);
        assert_eq!(call.poll(&mut cx), Poll::Ready(Called::ToDrain));
        assert_eq!(call.poll(&mut cx), Poll::Pending);
        assert!(outlet.push(Frame::new(&[0; 200], &Gauge::new())).is_err());
        let probe = |number| Probe { by: ClientId::new(number), ends: number == 2 };
        (1..4).for_each(|number| outlet.probe(probe(number)));
        assert_eq!(wakes.0.load(Relaxed), 4);
        let aside = Aside { probe: Some(probe(2)), place: None };
        assert_eq!(
            call.poll(&mut cx),
            Poll::Ready(Called::Aside(Box::new(aside))),
            "an operator's"
        );
        assert_eq!(call.poll(&mut cx), Poll::Pending);
        outlet.cut(Cut::TooSlow);
        assert_eq!(wakes.0.load(Relaxed), 5);
        assert_eq!(call.poll(&mut cx), Poll::Ready(Called::Off(Cut::TooSlow)));
    }
}
