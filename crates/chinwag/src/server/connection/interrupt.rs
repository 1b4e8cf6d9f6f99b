//! What interrupts a connection's task: a disconnect or a side message of the broker, or the shutdown of the server.
//!
//! All are flags that are set and then wake the task. They are polled with every frame, so the task registers its waker once,
//! and checks the flags alone after that. A task has one waker all its life.

use crate::outbound::disconnect_reason::DisconnectReason;
use crate::outbound::queue::QueueState;
use crate::outbound::side_message::SideMessage;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use whippet::sync::CancellationToken;
use whippet::sync::WaitForCancellationFuture;

/// What interrupts a connection's task.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Interrupt {
    /// The broker disconnected the client.
    Disconnect(DisconnectReason),
    /// The broker has a side message.
    SideMessage(Box<SideMessage>),
    /// The server stops.
    Drain,
}

/// Waits for an interrupt.
pub(crate) struct InterruptListener<'a> {
    /// Where the broker's signals are seen.
    queue: Arc<QueueState>,
    /// Where the shutdown is seen.
    token: &'a CancellationToken,
    /// The wait for that; over once it was returned.
    stopping: WaitForCancellationFuture<'a>,
    /// Whether the waker is registered with both.
    is_registered: bool,
    /// Whether the shutdown was returned.
    is_draining: bool,
}

impl<'a> InterruptListener<'a> {
    /// Registered with neither yet.
    pub(crate) fn new(queue: Arc<QueueState>, token: &'a CancellationToken) -> Self {
        Self { queue, token, stopping: token.cancelled(), is_registered: false, is_draining: false }
    }

    /// Polls for the next interrupt. To be polled by one task alone.
    #[inline]
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Interrupt> {
        let stops = !self.is_draining && self.token.is_cancelled();
        if self.is_registered && !stops && !self.queue.is_signalled() {
            return Poll::Pending;
        }
        self.poll_sources(cx)
    }

    /// Polls both, and registers the waker.
    fn poll_sources(&mut self, cx: &mut Context<'_>) -> Poll<Interrupt> {
        self.is_registered = true;
        if let Poll::Ready(cut) = self.queue.poll_disconnected(cx) {
            return Poll::Ready(Interrupt::Disconnect(cut));
        }
        if self.queue.is_signalled()
            && let Some(message) = self.queue.take_side_message()
        {
            return Poll::Ready(Interrupt::SideMessage(message));
        }
        if !self.is_draining && Pin::new(&mut self.stopping).poll(cx).is_ready() {
            self.is_draining = true;
            return Poll::Ready(Interrupt::Drain);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::backpressure::{Backpressure, QueueLimits};
    use crate::outbound::client_id::ClientId;
    use crate::outbound::frame::{ByteCounter, Frame};
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
    fn drain_comes_once_and_a_disconnect_after_it() {
        let backpressure =
            Arc::new(Backpressure::new(QueueLimits { hard: 100, ..QueueLimits::default() }));
        let (mut sender, receiver) = queue::channel(&backpressure);
        let token = CancellationToken::new();
        let mut interrupts = InterruptListener::new(Arc::clone(receiver.state()), &token);
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(Arc::clone(&wakes));
        let mut cx = Context::from_waker(&waker);
        assert_eq!(interrupts.poll(&mut cx), Poll::Pending);
        assert_eq!(interrupts.poll(&mut cx), Poll::Pending);
        token.cancel();
        assert_eq!(wakes.0.load(Relaxed), 1);
        assert_eq!(interrupts.poll(&mut cx), Poll::Ready(Interrupt::Drain));
        assert_eq!(interrupts.poll(&mut cx), Poll::Pending);
        assert!(sender.push(Frame::new(&[0; 200], &ByteCounter::new())).is_err());
        let probe = |number| Probe { requester: ClientId::new(number), disconnects: number == 2 };
        (1..4).for_each(|number| sender.request_probe(probe(number)));
        assert_eq!(wakes.0.load(Relaxed), 4);
        let message = SideMessage { probe: Some(probe(2)), prompt: None };
        assert_eq!(
            interrupts.poll(&mut cx),
            Poll::Ready(Interrupt::SideMessage(Box::new(message))),
            "an operator's"
        );
        assert_eq!(interrupts.poll(&mut cx), Poll::Pending);
        sender.disconnect(DisconnectReason::TooSlow);
        assert_eq!(wakes.0.load(Relaxed), 5);
        assert_eq!(
            interrupts.poll(&mut cx),
            Poll::Ready(Interrupt::Disconnect(DisconnectReason::TooSlow))
        );
    }
}
