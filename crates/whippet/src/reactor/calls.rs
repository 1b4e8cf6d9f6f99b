//! Calls that may block, made by the protocol of the slot: what is wanted is announced, the announcement is cleared,
//! the call is made, and what it leaves behind is announced again.

use super::readiness::{Announced, Cleared, Readiness, Want};
use super::slot::Slot;
use super::unused::Later;
use crate::coop::{self, Yield};
use crate::shutdown_error::shutdown_error;
use crate::wakers::Wakers;
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
pub(crate) enum Rest {
    /// There may be more.
    MayBe,
    /// There is none: the kernel announces the next.
    None,
}

/// Announcements that may prove false in one poll: more than the races of a busy socket bring, and an end to the loop
/// should others take away without end what is announced.
const FALSE_ANNOUNCEMENTS: usize = 16;

/// What a call may have left behind: announced again when dropped, after a panic of the call too.
struct Left<'a> {
    /// Whose.
    slot: &'a Slot,
    /// What the call was to use up.
    cleared: Cleared,
}

impl Left<'_> {
    /// The call left nothing behind.
    fn nothing(self) {
        let _ = ManuallyDrop::new(self);
    }
}

impl Drop for Left<'_> {
    fn drop(&mut self) {
        self.slot.put_back(self.cleared);
    }
}

impl Slot {
    /// Makes the call. None: it would have blocked.
    #[inline]
    pub(super) fn attempt<R>(
        &self,
        want: Want,
        later: &impl Later,
        call: impl FnOnce() -> io::Result<(R, Rest)>,
    ) -> Option<io::Result<R>> {
        let edges = self.edges();
        // Before the call: an edge that comes during it sets the bit anew (slot.rs).
        let left = Left { slot: self, cleared: self.clear(want) };
        let result = match call() {
            Ok((result, Rest::None)) if !left.cleared.is_urgent() => {
                left.nothing();
                Ok(result)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                left.nothing();
                self.blocked(want, edges, later);
                return None;
            }
            Ok((result, _)) => Ok(result),
            Err(error) => Err(error),
        };
        self.used(want);
        Some(result)
    }

    /// Makes the call once what it wants is announced, and again after each false announcement.
    #[inline]
    pub(super) fn poll_io<R>(
        &self,
        cx: &mut Context<'_>,
        want: Want,
        later: &impl Later,
        mut call: impl FnMut() -> io::Result<(R, Rest)>,
    ) -> Poll<io::Result<R>> {
        let unit = ready!(coop::poll_proceed(cx));
        for _ in 0..FALSE_ANNOUNCEMENTS {
            if self.poll_wait(want, cx.waker(), later).is_ok() {
                return Poll::Pending;
            }
            if let Some(result) = self.attempt(want, later, &mut call) {
                unit.spend();
                return Poll::Ready(result);
            }
            if self.readiness().is_gone() {
                return Poll::Ready(Err(shutdown_error()));
            }
        }
        coop::yield_turn(cx.waker(), Yield::Asked);
        Poll::Pending
    }

    /// Waits until something of `want` is announced, as one of those who poll for it.
    pub(super) fn poll_ready(
        &self,
        cx: &mut Context<'_>,
        want: Want,
        later: &impl Later,
    ) -> Poll<io::Result<Announced>> {
        let unit = ready!(coop::poll_proceed(cx));
        match self.poll_wait(want, cx.waker(), later) {
            Ok(()) => Poll::Pending,
            Err(announced) => {
                unit.spend();
                Poll::Ready(unless_gone(announced))
            }
        }
    }

    /// Takes `want` for announced.
    pub(super) fn assume(&self, want: Want) {
        self.put_back(self.clear(want));
    }

    /// What was cleared is announced again, as nothing used it up.
    pub(super) fn put_back(&self, cleared: Cleared) {
        let mut wakers = Wakers::new();
        self.refill(cleared, &mut wakers);
        wakers.wake_all();
    }

    /// Takes back what a look found, as a call has found it to be none.
    pub(super) fn clear_announced(&self, announced: Announced, taken: Readiness) {
        self.clear_since(announced.edges, announced.readiness.and(taken));
    }

    /// The same after a call that blocked, as [`Slot::attempt`] has it.
    pub(super) fn announced_in_vain(&self, announced: Announced, want: Want, later: &impl Later) {
        self.clear_announced(announced, announced.readiness.of(want).without_ends());
        self.blocked(want, announced.edges, later);
    }
}

/// What a descriptor is ready for, unless its runtime has ended: then nothing is announced any more.
pub(super) fn unless_gone(announced: Announced) -> io::Result<Announced> {
    if announced.readiness.is_gone() { Err(shutdown_error()) } else { Ok(announced) }
}
