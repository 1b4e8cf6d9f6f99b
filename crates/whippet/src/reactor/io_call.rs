//! Calls that may block, made by the protocol of the slot: what is wanted is announced, the announcement is cleared,
//! the call is made, and what it leaves behind is announced again.

use super::readiness::{ClearedReadiness, IoInterest, Readiness, ReadyEvent};
use super::slot::Slot;
use super::unused_edges::Deferral;
use crate::coop::{self, Yield};
use crate::shutdown_error::shutdown_error;
use crate::wake_list::WakeList;
use std::io;
use std::mem::ManuallyDrop;
use std::task::{Context, Poll, ready};

/// Whether a call that succeeded may have left something behind, so that the next one may succeed at once.
///
/// A call that took less than it could have, a short read or write, leaves nothing behind only on some kinds of descriptors:
///
/// - *TCP*: a read goes on until the receive queue is empty, save at the mark of urgent data (URGENT) and at the end of the stream,
///   which is announced by an edge of its own and stays. A write goes on until the send buffer is full, and then the kernel
///   has noted that it owes an edge. Both conclusions are drawn.
/// - *Unix streams*: a read stops behind bytes that carry descriptors or credentials, at urgent data, and, with credentials asked
///   for, between two writers; any peer can make it so. A write may stop at a message that could not be
///   allocated. Neither is drawn.
/// - *Pipes*: in packet mode a read stops behind each packet, and the mode is set by the program that made the pipe; a write may stop at a page that
///   could not be allocated, of which no edge tells. Neither is drawn.
/// - *Datagrams and listeners* give one thing of many in each call. Nothing is drawn.
/// - *Descriptors of a program's own* are of any kind, and the call is the program's. Nothing is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remaining {
    /// There may be more.
    Maybe,
    /// There is none: the kernel announces the next.
    None,
}

/// Announcements that may prove false in one poll: more than the races of a busy socket bring, and an end to the loop
/// should others take away without end what is announced.
const MAX_SPURIOUS_READY: usize = 16;

/// What a call may have left behind: announced again when dropped, after a panic of the call too.
struct RestoreOnDrop<'a> {
    /// Whose.
    slot: &'a Slot,
    /// What the call was to use up.
    cleared: ClearedReadiness,
}

impl RestoreOnDrop<'_> {
    /// The call left nothing behind.
    fn nothing(self) {
        let _ = ManuallyDrop::new(self);
    }
}

impl Drop for RestoreOnDrop<'_> {
    fn drop(&mut self) {
        self.slot.restore_and_wake(self.cleared);
    }
}

impl Slot {
    /// Makes the call. None: it would have blocked.
    #[inline]
    pub(super) fn try_call<R>(
        &self,
        interest: IoInterest,
        deferral: &impl Deferral,
        call: impl FnOnce() -> io::Result<(R, Remaining)>,
    ) -> Option<io::Result<R>> {
        let edges = self.edges();
        // Before the call: an edge that comes during it sets the bit anew (slot.rs).
        let restore = RestoreOnDrop { slot: self, cleared: self.clear(interest) };
        let result = match call() {
            Ok((result, Remaining::None)) if !restore.cleared.is_urgent() => {
                restore.nothing();
                Ok(result)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                restore.nothing();
                self.count_would_block(interest, edges, deferral);
                return None;
            }
            Ok((result, _)) => Ok(result),
            Err(error) => Err(error),
        };
        self.used(interest);
        Some(result)
    }

    /// Makes the call once what it wants is announced, and again after each false announcement.
    #[inline]
    pub(super) fn poll_io<R>(
        &self,
        cx: &mut Context<'_>,
        interest: IoInterest,
        deferral: &impl Deferral,
        mut call: impl FnMut() -> io::Result<(R, Remaining)>,
    ) -> Poll<io::Result<R>> {
        let unit = ready!(coop::poll_proceed(cx));
        for _ in 0..MAX_SPURIOUS_READY {
            if self.poll_wait(interest, cx.waker(), deferral).is_ok() {
                return Poll::Pending;
            }
            if let Some(result) = self.try_call(interest, deferral, &mut call) {
                unit.spend();
                return Poll::Ready(result);
            }
            if self.readiness().is_shutdown() {
                return Poll::Ready(Err(shutdown_error()));
            }
        }
        coop::yield_task(cx.waker(), Yield::Asked);
        Poll::Pending
    }

    /// Waits until something of `interest` is announced, as one of those who poll for it.
    pub(super) fn poll_ready(
        &self,
        cx: &mut Context<'_>,
        interest: IoInterest,
        deferral: &impl Deferral,
    ) -> Poll<io::Result<ReadyEvent>> {
        let unit = ready!(coop::poll_proceed(cx));
        match self.poll_wait(interest, cx.waker(), deferral) {
            Ok(()) => Poll::Pending,
            Err(event) => {
                unit.spend();
                Poll::Ready(shutdown_as_error(event))
            }
        }
    }

    /// Takes `interest` for announced.
    pub(super) fn assume_ready(&self, interest: IoInterest) {
        self.restore_and_wake(self.clear(interest));
    }

    /// What was cleared is announced again, as nothing used it up.
    pub(super) fn restore_and_wake(&self, cleared: ClearedReadiness) {
        let mut wakers = WakeList::new();
        self.restore(cleared, &mut wakers);
        wakers.wake_all();
    }

    /// Takes back what a look found, as a call has found it to be none.
    pub(super) fn clear_event(&self, event: ReadyEvent, taken: Readiness) {
        self.clear_since(event.edges, event.readiness.and(taken));
    }

    /// The same after a call that blocked, as [`Slot::try_call`] has it.
    pub(super) fn handle_would_block(
        &self,
        event: ReadyEvent,
        interest: IoInterest,
        deferral: &impl Deferral,
    ) {
        self.clear_event(event, event.readiness.of(interest).without_ends());
        self.count_would_block(interest, event.edges, deferral);
    }
}

/// What a descriptor is ready for, unless its runtime has ended: then nothing is announced any more.
pub(super) fn shutdown_as_error(event: ReadyEvent) -> io::Result<ReadyEvent> {
    if event.readiness.is_shutdown() { Err(shutdown_error()) } else { Ok(event) }
}
