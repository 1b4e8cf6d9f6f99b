//! Calls that may block, made by the protocol of the slot: what is wanted is announced, the announcement is cleared,
//! the call is made, and what it leaves behind is announced again.

use super::slot::{Cleared, Readiness, Slot, WaiterKey, Want};
use crate::coop;
use crate::shutdown_error::shutdown_error;
use crate::wakers::Wakers;
use std::io;
use std::mem::ManuallyDrop;
use std::task::{Context, Poll, ready};

/// Whether a call that succeeded may have left something behind, so that the next one may succeed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// There may be more: the call used all that it was given, or takes one thing of many (accept).
    MayBe,
    /// There is none: the call took less than it could have; the kernel announces the next.
    None,
}

/// Announcements that may prove false in one poll: more than the races of a busy socket bring, and an end to the loop
/// should the kernel announce without end what it then refuses.
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
        call: impl FnOnce() -> io::Result<(R, Rest)>,
    ) -> Option<io::Result<R>> {
        // Before the call: an edge that comes during it sets the bit anew (slot.rs).
        let left = Left { slot: self, cleared: self.clear(want) };
        match call() {
            Ok((result, Rest::None)) if !left.cleared.is_urgent() => {
                left.nothing();
                Some(Ok(result))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                left.nothing();
                None
            }
            Ok((result, _)) => Some(Ok(result)),
            Err(error) => Some(Err(error)),
        }
    }

    /// Makes the call once what it wants is announced, and again after each false announcement.
    #[inline]
    pub(super) fn poll_io<R>(
        &self,
        cx: &mut Context<'_>,
        want: Want,
        mut call: impl FnMut() -> io::Result<(R, Rest)>,
    ) -> Poll<io::Result<R>> {
        let unit = ready!(coop::poll_proceed(cx));
        for _ in 0..FALSE_ANNOUNCEMENTS {
            if self.must_wait(cx, want) {
                return Poll::Pending;
            }
            if let Some(result) = self.attempt(want, &mut call) {
                unit.spend();
                return Poll::Ready(result);
            }
            if self.readiness().is_gone() {
                return Poll::Ready(Err(shutdown_error()));
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Waits until something of `want` is announced, as one of those who poll for it.
    pub(super) fn poll_ready(
        &self,
        cx: &mut Context<'_>,
        want: Want,
    ) -> Poll<io::Result<Readiness>> {
        let unit = ready!(coop::poll_proceed(cx));
        if self.must_wait(cx, want) {
            return Poll::Pending;
        }
        unit.spend();
        Poll::Ready(unless_gone(self.readiness()))
    }

    /// Whether nothing is announced; then the task will be woken. Those who poll for reading share a name, and so do
    /// those who poll for writing.
    #[inline]
    fn must_wait(&self, cx: &mut Context<'_>, want: Want) -> bool {
        let key = if want == Want::READ { WaiterKey::POLL_READ } else { WaiterKey::POLL_WRITE };
        !self.readiness().meets(want) && self.wait(Some(key), want, cx.waker()).is_some()
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
}

/// What a descriptor is ready for, unless its runtime has ended: then nothing is announced any more.
pub(super) fn unless_gone(readiness: Readiness) -> io::Result<Readiness> {
    if readiness.is_gone() { Err(shutdown_error()) } else { Ok(readiness) }
}
