//! The send queue of one client: its two ends, and the counts of what went in and what came out.
//!
//! ```text
//!   broker ── Sender::push ──► [frames] ──► Receiver::recv_many ── client ──► socket
//!                │                                                           │
//!             queued                  pending = queued − written          written
//! ```
//!
//! A frame is charged its bytes and [`FRAME_OVERHEAD`]; it counts as written when the kernel has taken its bytes. The
//! broker never waits here: a push goes in at once or fails.

use crate::limits::{FRAME_OVERHEAD, MAX_EVENTS_PER_CLIENT};
use crate::outbound::backpressure::Backpressure;
use crate::outbound::disconnect_reason::DisconnectReason;
use crate::outbound::frame::Frame;
use crate::outbound::side_message::{Probe, Prompt, SideMessage};
use std::fmt;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use whippet::sync::mpsc::{self, error::TrySendError};

/// A queue for one client.
pub(crate) fn channel(backpressure: &Arc<Backpressure>) -> (Sender, Receiver) {
    let capacity = backpressure.limits().hard / FRAME_OVERHEAD as u64;
    channel_with_capacity(backpressure, usize::try_from(capacity).unwrap_or(usize::MAX).max(1))
}

/// A queue with capacity for so many frames.
pub(crate) fn channel_with_capacity(
    backpressure: &Arc<Backpressure>,
    capacity: usize,
) -> (Sender, Receiver) {
    let (sender, receiver) = mpsc::channel(capacity);
    let state = Arc::new(QueueState {
        queued: AtomicU64::new(0),
        written: AtomicU64::new(0),
        unhandled_events: AtomicU32::new(0),
        signals: AtomicU8::new(0),
        close: Mutex::new(CloseState {
            reason: None,
            message: None,
            side_message: None,
            waker: None,
        }),
        backpressure: Arc::clone(backpressure),
    });
    let sender = Sender { sender, queued: 0, state: Arc::clone(&state) };
    (sender, Receiver { receiver, state })
}

/// The value of `written` once a client's task is gone: more than can ever be queued.
const CLOSED: u64 = u64::MAX / 2;

/// Signal: the broker has disconnected the client.
const DISCONNECTED: u8 = 1;
/// Signal: the broker has a side message for the task.
const SIDE_MESSAGE: u8 = 2;

/// The task waits for the broker to handle more of its events.
const READER_PARKED: u32 = 1 << 31;
/// The broker wants nothing more of this client for now.
const READING_PAUSED: u32 = 1 << 30;
/// The bits of the count of events.
const COUNT_MASK: u32 = READING_PAUSED - 1;

/// Whether a task with this word of events must not read.
const fn blocks_reading(word: u32) -> bool {
    word & READING_PAUSED != 0 || word & COUNT_MASK >= MAX_EVENTS_PER_CLIENT
}

/// The state that both ends of a queue share.
pub(crate) struct QueueState {
    /// All that was ever charged to the client. Only the broker writes; the task reads it for what is pending.
    queued: AtomicU64,
    /// How much of it was written. Only the task writes; the broker reads. Relaxed for both: they are counts, the
    /// frames themselves travel through the channel's lock.
    written: AtomicU64,
    /// Events of this client that the broker has not handled, in the bits of [`COUNT_MASK`], with [`READER_PARKED`] and
    /// [`READING_PAUSED`]. The task adds and parks, the broker subtracts, pauses and unparks; every change is one step on
    /// this word, and a wake follows an unpark.
    unhandled_events: AtomicU32,
    /// What `close` holds, in the bits of [`DISCONNECTED`] and [`SIDE_MESSAGE`]: set before the task is woken, so that a check takes no lock.
    signals: AtomicU8,
    /// Whether the broker has ended the connection, and its side message.
    close: Mutex<CloseState>,
    /// What counts the drains.
    backpressure: Arc<Backpressure>,
}

/// What the lock of a [`QueueState`] guards.
struct CloseState {
    /// Why the client is disconnected, once it is.
    reason: Option<DisconnectReason>,
    /// A message for the client that replaces [`DisconnectReason::client_message`].
    message: Option<Box<str>>,
    /// The side message; rare.
    side_message: Option<Box<SideMessage>>,
    /// The task, waiting for either.
    waker: Option<Waker>,
}

impl QueueState {
    /// Pending bytes, frames' overhead included.
    #[inline]
    pub(crate) fn pending(&self) -> u64 {
        // `written` may be newer than `queued` was: then nothing is pending.
        let pushed = self.queued.load(Relaxed);
        pushed.saturating_sub(self.written.load(Relaxed))
    }

    /// Whether so much is pending that nothing more is read from the client.
    #[inline]
    pub(crate) fn is_over_soft_limit(&self) -> bool {
        self.pending() > self.backpressure.limits().soft
    }

    /// Whether anything has been written.
    #[inline]
    pub(crate) fn has_written(&self) -> bool {
        self.written.load(Relaxed) > 0
    }

    /// The task sends an event with lines.
    #[inline]
    pub(crate) fn event_sent(&self) {
        self.unhandled_events.fetch_add(1, Relaxed);
    }

    /// Whether the task must not read: too many of its events wait to be handled, or the broker wants no more for now. If
    /// so, the task is woken when that is over.
    #[inline]
    pub(crate) fn is_reading_blocked(&self) -> bool {
        // Most of the time one load is enough. Only the task itself adds, so the second step sees all that it added.
        blocks_reading(self.unhandled_events.load(Relaxed))
            && blocks_reading(self.unhandled_events.fetch_or(READER_PARKED, AcqRel))
    }

    /// Pauses or resumes reading.
    fn set_reading_paused(&self, stops: bool) {
        if stops {
            self.unhandled_events.fetch_or(READING_PAUSED, AcqRel);
        } else {
            let left = self.unhandled_events.fetch_and(!READING_PAUSED, AcqRel) & !READING_PAUSED;
            self.unpark_reader(left);
        }
    }

    /// Wakes the task if it is parked and need not be any more.
    fn unpark_reader(&self, word: u32) {
        if word & READER_PARKED != 0 && !blocks_reading(word) {
            self.unhandled_events.fetch_and(!READER_PARKED, AcqRel);
            // The task registers its waker once, for a disconnect; this is the same waker. A clone of it is a count.
            let waker = self.lock().waker.clone();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    /// The broker has handled one event of this client.
    fn event_handled(&self) {
        if self.unhandled_events.load(Relaxed) & COUNT_MASK == 0 {
            return;
        }
        let left = self.unhandled_events.fetch_sub(1, AcqRel) - 1;
        self.unpark_reader(left);
    }

    /// The kernel took `bytes` more, and with them the last of `frames` frames.
    #[inline]
    pub(crate) fn record_written(&self, bytes: usize, frames: usize) {
        let charge = (bytes + frames * FRAME_OVERHEAD) as u64;
        let pushed = self.queued.load(Relaxed);
        let before = self.written.load(Relaxed);
        // Only the task writes here, so load and store are one step.
        self.written.store(before + charge, Relaxed);
        self.backpressure
            .record_drain(pushed.saturating_sub(before), pushed.saturating_sub(before + charge));
    }

    /// Why the client was disconnected, if it was.
    #[cfg(test)]
    pub(crate) fn disconnect_reason(&self) -> Option<DisconnectReason> {
        self.lock().reason
    }

    /// The message that replaces [`DisconnectReason::client_message`], once.
    pub(crate) fn take_disconnect_message(&self) -> Option<Box<str>> {
        self.lock().message.take()
    }

    /// Whether the client was disconnected; takes no lock.
    #[inline]
    pub(crate) fn is_disconnected(&self) -> bool {
        // Acquire: what the broker did before is seen. The signal is set before the task is woken.
        self.signals.load(Acquire) & DISCONNECTED != 0
    }

    /// Whether the client was disconnected or has a side message; takes no lock.
    #[inline]
    pub(crate) fn is_signalled(&self) -> bool {
        // Acquire, as above.
        self.signals.load(Acquire) != 0
    }

    /// The side message, if there is one. To be called when [`is_signalled`](Self::is_signalled).
    pub(crate) fn take_side_message(&self) -> Option<Box<SideMessage>> {
        let mut close = self.lock();
        // Under the lock, as it is set: a later message sets it again. Relaxed: the lock orders the data.
        self.signals.fetch_and(!SIDE_MESSAGE, Relaxed);
        close.side_message.take()
    }

    /// Polls for the disconnect. Only the latest waiter is woken.
    pub(crate) fn poll_disconnected(&self, cx: &mut Context<'_>) -> Poll<DisconnectReason> {
        let mut close = self.lock();
        if let Some(reason) = close.reason {
            return Poll::Ready(reason);
        }
        let known = close.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
        if !known {
            drop(close);
            // A waker is user code: cloned and dropped outside of the lock.
            let waker = cx.waker().clone();
            close = self.lock();
            let old = close.waker.replace(waker);
            let reason = close.reason;
            drop(close);
            drop(old);
            return reason.map_or(Poll::Pending, Poll::Ready);
        }
        Poll::Pending
    }

    /// Counts everything as written, now and later.
    fn close(&self) {
        let owed = self.pending();
        self.written.store(CLOSED, Relaxed);
        self.backpressure.record_drain(owed, 0);
    }

    /// Disconnects the client.
    fn disconnect(&self, reason: DisconnectReason, message: Option<Box<str>>) {
        let mut close = self.lock();
        close.reason = Some(reason);
        close.message = message;
        self.signals.fetch_or(DISCONNECTED, Release);
        let waker = close.waker.take();
        drop(close);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Leaves a side message for the task.
    fn post_side_message(&self, put: impl FnOnce(&mut SideMessage)) {
        let mut close = self.lock();
        put(close.side_message.get_or_insert_default());
        self.signals.fetch_or(SIDE_MESSAGE, Release);
        // The task registers its waker once, for a disconnect; this is the same waker.
        let waker = close.waker.clone();
        drop(close);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The lock. Nothing is left half changed by a panic, so poison does not matter.
    fn lock(&self) -> MutexGuard<'_, CloseState> {
        self.close.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for QueueState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (queued, written) = (self.queued.load(Relaxed), self.written.load(Relaxed));
        f.debug_struct("QueueState").field("queued", &queued).field("written", &written).finish()
    }
}

/// The broker's end. Dropped, it lets the task write what is in the queue, and end.
#[derive(Debug)]
pub(crate) struct Sender {
    /// The channel of frames.
    sender: mpsc::Sender<Frame>,
    /// A copy of the shared count, which only this end changes.
    queued: u64,
    /// The shared counts.
    state: Arc<QueueState>,
}

/// Why a frame could not be pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PushError {
    /// More than the hard limit would be pending, in bytes or in frames.
    LimitExceeded,
    /// The client's task is gone; its leave is under way.
    Closed,
}

impl Sender {
    /// Queues a frame at once and returns how many bytes are pending then.
    ///
    /// # Errors
    /// The client lags too far, or is gone: the frame is dropped.
    #[inline]
    pub(crate) fn push(&mut self, frame: Frame) -> Result<u64, PushError> {
        let pushed = self.queued + (frame.len() + FRAME_OVERHEAD) as u64;
        let owed = pushed.saturating_sub(self.state.written.load(Relaxed));
        if owed > self.state.backpressure.limits().hard {
            return Err(PushError::LimitExceeded);
        }
        // Before the frame: the client must not have written more than it sees queued.
        self.queued = pushed;
        self.state.queued.store(pushed, Relaxed);
        match self.sender.try_send(frame) {
            Ok(()) => Ok(owed),
            Err(TrySendError::Full(_)) => Err(PushError::LimitExceeded),
            Err(TrySendError::Closed(_)) => Err(PushError::Closed),
        }
    }

    /// All that was ever charged to the client.
    #[inline]
    pub(crate) fn queued(&self) -> u64 {
        self.queued
    }

    /// How much of it was written.
    #[inline]
    pub(crate) fn written(&self) -> u64 {
        self.state.written.load(Relaxed)
    }

    /// How many frames are in the queue. It takes the queue's lock.
    pub(crate) fn queued_frames(&self) -> usize {
        self.sender.max_capacity() - self.sender.capacity()
    }

    /// Whether the client's task is gone. Its leave is under way.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.written() == CLOSED
    }

    /// One event of this client has been handled.
    #[inline]
    pub(crate) fn event_handled(&self) {
        self.state.event_handled();
    }

    /// Pauses or resumes reading from the client.
    #[inline]
    pub(crate) fn set_reading_paused(&self, stops: bool) {
        self.state.set_reading_paused(stops);
    }

    /// Whether the client was disconnected.
    #[inline]
    pub(crate) fn is_disconnected(&self) -> bool {
        self.state.is_disconnected()
    }

    /// Asks whether the connection answers. If it does not, the task sends an event.
    pub(crate) fn request_probe(&self, probe: Probe) {
        self.state.post_side_message(|message| message.add_probe(probe));
    }

    /// Sets the prompt before the line that is being edited.
    pub(crate) fn show_prompt(&self, place: Prompt) {
        self.state.post_side_message(|message| message.prompt = Some(place));
    }

    /// Ends the connection without waiting for what is pending.
    #[cfg(test)]
    pub(crate) fn disconnect(&self, reason: DisconnectReason) {
        self.state.disconnect(reason, None);
    }

    /// The same, with a message that replaces [`DisconnectReason::client_message`].
    pub(crate) fn disconnect_with_message(
        &self,
        reason: DisconnectReason,
        message: Option<Box<str>>,
    ) {
        self.state.disconnect(reason, message);
    }
}

/// The client's end. Dropped, it drops the frames in it.
#[derive(Debug)]
pub(crate) struct Receiver {
    /// The channel of frames.
    receiver: mpsc::Receiver<Frame>,
    /// The shared counts.
    state: Arc<QueueState>,
}

impl Receiver {
    /// The shared state; for whatever watches it besides the receiver.
    pub(crate) fn state(&self) -> &Arc<QueueState> {
        &self.state
    }

    /// Waits for frames and moves up to `limit` of them to the end of `buffer`. 0 when none will come any more.
    ///
    /// # Cancel safety
    /// May be dropped and called again at will.
    #[cfg(test)]
    pub(crate) async fn recv_many(&mut self, buffer: &mut Vec<Frame>, limit: usize) -> usize {
        self.receiver.recv_many(buffer, limit).await
    }

    /// Polls for frames; see [`recv_many`](Self::recv_many).
    pub(crate) fn poll_recv_many(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<Frame>,
        limit: usize,
    ) -> Poll<usize> {
        self.receiver.poll_recv_many(cx, buffer, limit)
    }

    /// The next frame, if one is there at this moment.
    ///
    /// # Errors
    /// None is there now, or none will come any more.
    #[cfg(test)]
    pub(crate) fn try_recv(&mut self) -> Result<Frame, mpsc::error::TryRecvError> {
        self.receiver.try_recv()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // A task that is gone writes nothing any more: everything counts as written, so that nobody waits for it.
        self.state.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::BUFFER_OVERHEAD;
    use crate::outbound::backpressure::QueueLimits;
    use crate::outbound::frame::ByteCounter;
    use std::time::Duration;

    #[derive(Default)]
    struct Wakes(AtomicU64);

    impl std::task::Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    fn bounds(soft: u64, hard: u64) -> Arc<Backpressure> {
        Arc::new(Backpressure::new(QueueLimits {
            soft,
            hard,
            stall_timeout: Duration::from_secs(10),
        }))
    }

    #[test]
    fn queued_bytes_are_pending_until_written() {
        let backpressure = bounds(200, 1000);
        let (mut sender, mut receiver) = channel(&backpressure);
        let frame = Frame::new(&[0; 100], &ByteCounter::new());
        assert_eq!(sender.push(frame.clone()), Ok(164));
        assert_eq!(sender.push(frame), Ok(328));
        assert!(receiver.state().is_over_soft_limit());
        receiver.try_recv().unwrap();
        assert_eq!(receiver.state().pending(), 328, "what lies with the client is owed still");
        receiver.state().record_written(60, 0);
        receiver.state().record_written(40, 1);
        assert_eq!((receiver.state().pending(), sender.written()), (164, 164));
        assert!(!receiver.state().is_over_soft_limit());
    }

    #[test]
    fn nothing_exceeds_the_hard_limit_in_bytes_or_frames() {
        let gauge = ByteCounter::new();
        let backpressure = bounds(100, 4 * FRAME_OVERHEAD as u64);
        let (mut sender, _receiver) = channel(&backpressure);
        let empty = Frame::new(&[], &gauge);
        for _ in 0..4 {
            assert!(sender.push(empty.clone()).is_ok());
        }
        assert_eq!(sender.push(empty), Err(PushError::LimitExceeded));
        let (mut sender, _receiver) = channel_with_capacity(&backpressure, 1);
        assert!(sender.push(Frame::new(&[], &gauge)).is_ok());
        assert_eq!(sender.push(Frame::new(&[], &gauge)), Err(PushError::LimitExceeded));
        assert_eq!(gauge.bytes(), 2 * BUFFER_OVERHEAD, "what was refused is gone");
    }

    #[test]
    fn nothing_is_pending_for_a_closed_queue() {
        let (mut sender, receiver) = channel(&bounds(100, 1000));
        sender.push(Frame::new(&[0; 10], &ByteCounter::new())).unwrap();
        drop(receiver);
        assert!(sender.is_closed());
        assert_eq!(sender.push(Frame::new(&[], &ByteCounter::new())), Err(PushError::Closed));
    }

    #[test]
    fn a_disconnect_is_seen_before_and_after_the_wait() {
        let (sender, receiver) = channel(&bounds(100, 1000));
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(receiver.state().poll_disconnected(&mut cx), Poll::Pending);
        assert_eq!(receiver.state().poll_disconnected(&mut cx), Poll::Pending);
        sender.disconnect(DisconnectReason::TooSlow);
        assert_eq!(
            receiver.state().poll_disconnected(&mut cx),
            Poll::Ready(DisconnectReason::TooSlow)
        );
        assert_eq!(receiver.state().disconnect_reason(), Some(DisconnectReason::TooSlow));
    }

    #[test]
    fn a_full_event_window_parks_the_reader_until_handled() {
        let (sender, receiver) = channel(&bounds(100, 1000));
        let state = receiver.state();
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(Arc::clone(&wakes));
        assert!(state.poll_disconnected(&mut Context::from_waker(&waker)).is_pending());
        (0..MAX_EVENTS_PER_CLIENT).for_each(|_| state.event_sent());
        sender.event_handled();
        assert_eq!(wakes.0.load(Relaxed), 0, "it was not parked");
        state.event_sent();
        assert!(state.is_reading_blocked());
        sender.event_handled();
        assert_eq!(wakes.0.load(Relaxed), 1);
        assert!(!state.is_reading_blocked());
        (0..2 * MAX_EVENTS_PER_CLIENT).for_each(|_| sender.event_handled());
        assert_eq!(wakes.0.load(Relaxed), 1, "and what was never handed over is not counted");
    }

    #[test]
    fn a_paused_reader_is_woken_when_the_pause_ends() {
        let (sender, receiver) = channel(&bounds(100, 1000));
        let state = receiver.state();
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(Arc::clone(&wakes));
        assert!(state.poll_disconnected(&mut Context::from_waker(&waker)).is_pending());
        sender.set_reading_paused(true);
        sender.set_reading_paused(false);
        assert_eq!(wakes.0.load(Relaxed), 0, "the task did not notice");
        state.event_sent();
        sender.set_reading_paused(true);
        assert!(state.is_reading_blocked());
        sender.event_handled();
        assert_eq!(wakes.0.load(Relaxed), 0, "stopped still");
        (0..MAX_EVENTS_PER_CLIENT).for_each(|_| state.event_sent());
        sender.set_reading_paused(false);
        assert!(state.is_reading_blocked(), "there is too much of theirs now");
        assert_eq!(wakes.0.load(Relaxed), 0);
        sender.event_handled();
        assert_eq!(wakes.0.load(Relaxed), 1);
        assert!(!state.is_reading_blocked());
        sender.set_reading_paused(true);
        assert!(state.is_reading_blocked());
        sender.set_reading_paused(false);
        assert_eq!(wakes.0.load(Relaxed), 2);
    }

    #[test]
    fn a_pause_ends_after_as_many_drains_as_were_asked_for() {
        let backpressure = bounds(100, 10_000);
        let (mut sender, receiver) = channel(&backpressure);
        let frame = Frame::new(&[0; 136], &ByteCounter::new());
        let mut drain = || {
            sender.push(frame.clone()).unwrap();
            receiver.state().record_written(136, 1);
        };
        let count = backpressure.drain_count();
        assert!(!backpressure.wake_after(count, 2));
        drain();
        assert!(!backpressure.wake_after(count, 2));
        drain();
        assert!(backpressure.wake_after(count, 2));
    }
}
