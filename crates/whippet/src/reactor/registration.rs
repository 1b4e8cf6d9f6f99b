//! A registered descriptor: what sockets are made of.

use super::io_call::{Remaining, shutdown_as_error};
use super::readiness::{IoInterest, Readiness, ReadyEvent};
use super::registry::{Page, SlotHandle};
use super::slot::Slot;
use super::unused_edges::{BackOff, Deferral};
use super::waiters::WaiterKey;
use super::{Reactor, Token};
use crate::coop;
use crate::unwind::catch_panic;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

/// A descriptor that the reactor watches. Deregistered and closed when dropped.
pub(crate) struct Registration<T: AsFd> {
    /// What has the descriptor; taken out by `into_inner` alone.
    io: Option<T>,
    /// Which slot of the page is its own.
    slot: u8,
    /// The page of its slot.
    page: Arc<Page>,
    /// Who watches it.
    reactor: Arc<Reactor>,
}

impl<T: AsFd> Registration<T> {
    /// Has `reactor` watch a descriptor that does not block.
    ///
    /// # Errors
    /// The kernel's: no memory, the limit of watches, a kind of descriptor that cannot be watched.
    pub(crate) fn new(io: T, reactor: &Arc<Reactor>) -> io::Result<Self> {
        Self::try_new(io, reactor).map_err(|(_, error)| error)
    }

    /// The same, giving the descriptor back when it cannot be watched.
    ///
    /// # Errors
    /// As [`Registration::new`], with the descriptor.
    pub(crate) fn try_new(io: T, reactor: &Arc<Reactor>) -> Result<Self, (T, io::Error)> {
        match reactor.register(io.as_fd()) {
            Ok(SlotHandle { page, slot }) => {
                Ok(Self { io: Some(io), slot, page, reactor: Arc::clone(reactor) })
            }
            Err(error) => Err((io, error)),
        }
    }

    /// Takes it for ready before the kernel has announced it: a connection that was accepted has room to write, and
    /// need not wait for a turn of the reactor to use it. Should it not be so, the call says `WouldBlock`.
    pub(crate) fn assume_ready(self, interest: IoInterest) -> Self {
        self.slot().assume_ready(interest);
        self
    }

    /// Takes its ends for ends, though calls block at them: those of datagram sockets come from their own shutdown alone.
    pub(crate) fn keep_ends(self) -> Self {
        self.slot().keep_ends();
        self
    }

    /// What has the descriptor.
    #[inline]
    pub(crate) fn get_ref(&self) -> &T {
        let Some(io) = &self.io else {
            unreachable!("taken out by `into_inner`, which ends the registration")
        };
        io
    }

    /// What has the descriptor, and keeps it: another in its place is not watched.
    pub(crate) fn get_mut(&mut self) -> &mut T {
        let Some(io) = &mut self.io else {
            unreachable!("taken out by `into_inner`, which ends the registration")
        };
        io
    }

    /// The descriptor, which nobody watches any more.
    pub(crate) fn into_inner(mut self) -> T {
        self.deregister();
        let Some(io) = self.io.take() else { unreachable!("it is taken out here alone") };
        io
    }

    /// Makes a call that may block, once what it wants is announced, and again after each false announcement.
    /// Pending: the task will be woken. Several tasks may poll at once, and each is told.
    #[inline]
    pub(crate) fn poll_io<R>(
        &self,
        cx: &mut Context<'_>,
        interest: IoInterest,
        mut call: impl FnMut(&T) -> io::Result<(R, Remaining)>,
    ) -> Poll<io::Result<R>> {
        self.slot().poll_io(cx, interest, &self.deferral(), || call(self.get_ref()))
    }

    /// The same as a future of its own, which several tasks may await at once.
    ///
    /// # Cancel safety
    /// Cancel safe: the call is made in the poll that returns its result.
    pub(crate) async fn async_io<R>(
        &self,
        interest: IoInterest,
        mut call: impl FnMut(&T) -> io::Result<(R, Remaining)>,
    ) -> io::Result<R> {
        loop {
            if self.readiness().intersects(interest) {
                let unit = poll_fn(coop::poll_proceed).await;
                if let Some(result) = self.try_call(interest, &mut call) {
                    unit.spend();
                    return result;
                }
            }
            self.ready(interest).await?;
        }
    }

    /// Makes a call if what it wants is announced.
    ///
    /// # Errors
    /// The call's; `WouldBlock` when nothing is announced or the announcement was false.
    #[inline]
    pub(crate) fn try_io<R>(
        &self,
        interest: IoInterest,
        call: impl FnOnce(&T) -> io::Result<(R, Remaining)>,
    ) -> io::Result<R> {
        let result = if self.readiness().intersects(interest) {
            self.try_call(interest, call)
        } else {
            None
        };
        result.unwrap_or_else(|| Err(io::ErrorKind::WouldBlock.into()))
    }

    /// Makes a call. None: it would have blocked.
    #[inline]
    fn try_call<R>(
        &self,
        interest: IoInterest,
        call: impl FnOnce(&T) -> io::Result<(R, Remaining)>,
    ) -> Option<io::Result<R>> {
        self.slot().try_call(interest, &self.deferral(), || call(self.get_ref()))
    }

    /// What is announced, for a call of a program's own: see [`Registration::clear`].
    pub(crate) fn ready_event(&self) -> ReadyEvent {
        self.slot().ready_event()
    }

    /// Takes back what of `announced` a program says to be none, unless it was announced again since. Ends stay.
    pub(crate) fn clear(&self, event: ReadyEvent, taken: Readiness) {
        self.slot().clear_event(event, taken.without_ends());
    }

    /// A program's own call succeeded, or failed by an error.
    pub(crate) fn used(&self, interest: IoInterest) {
        self.slot().used(interest);
    }

    /// A program's own call blocked though it was announced that it would not.
    pub(crate) fn handle_would_block(&self, event: ReadyEvent, interest: IoInterest) {
        self.slot().handle_would_block(event, interest, &self.deferral());
    }

    /// Forgets an error that was announced, as the caller is about to take it off the socket.
    pub(crate) fn clear_error(&self) {
        let _taken = self.slot().clear(IoInterest::ERROR);
    }

    /// Waits until something of `interest` is announced. Pending: the task will be woken. Several tasks may poll at once, and each
    /// is told.
    ///
    /// # Errors
    /// The runtime has ended.
    pub(crate) fn poll_ready(
        &self,
        cx: &mut Context<'_>,
        interest: IoInterest,
    ) -> Poll<io::Result<ReadyEvent>> {
        self.slot().poll_ready(cx, interest, &self.deferral())
    }

    /// Waits until something of `interest` is announced, as a future of its own, which several tasks may await at once.
    /// It fails when the runtime has ended.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub(crate) fn ready(&self, interest: IoInterest) -> Ready<'_> {
        Ready { slot: self.slot(), interest, key: None }
    }

    /// What is announced now.
    #[inline]
    pub(crate) fn readiness(&self) -> Readiness {
        self.slot().readiness()
    }

    #[inline]
    fn slot(&self) -> &Slot {
        self.page.slot(self.slot)
    }

    /// What its slot has done after some time.
    #[inline]
    fn deferral(&self) -> ReactorDeferral<'_> {
        ReactorDeferral { reactor: &self.reactor, page: &self.page, slot: self.slot }
    }

    /// Which slot it has.
    #[cfg(all(test, not(loom)))]
    pub(super) fn slot_index(&self) -> u32 {
        self.page.index(self.slot)
    }

    /// Takes it for readable, as another task's edge may.
    #[cfg(all(test, not(loom)))]
    pub(super) fn assume_read(&self) {
        self.slot().assume_ready(IoInterest::READ);
    }

    /// How many wait.
    #[cfg(all(test, not(loom)))]
    pub(super) fn waiting(&self) -> usize {
        self.slot().waiters()
    }

    fn deregister(&self) {
        if let Some(io) = &self.io {
            // A descriptor of the program's own may panic when it is asked for; then it stays watched until it is closed.
            let descriptor = catch_panic(|| io.as_fd());
            self.reactor.deregister(descriptor, &self.page, self.slot);
        }
    }
}

impl<T: AsFd> Drop for Registration<T> {
    fn drop(&mut self) {
        // Before the descriptor is closed: a living duplicate would keep it watched.
        self.deregister();
    }
}

impl<T: AsFd + fmt::Debug> fmt::Debug for Registration<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get_ref().fmt(f)
    }
}

/// Waits until a descriptor is ready; see [`Registration::ready`]. What has the descriptor is not shared for that: the
/// future of a program that holds it alone is `Send` where that is.
#[derive(Debug)]
#[must_use = "a future does nothing unless it is awaited"]
pub(crate) struct Ready<'a> {
    /// The slot of the descriptor.
    slot: &'a Slot,
    /// What is waited for.
    interest: IoInterest,
    /// The name under which it waits, once it does.
    key: Option<WaiterKey>,
}

impl Future for Ready<'_> {
    type Output = io::Result<ReadyEvent>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let unit = ready!(coop::poll_proceed(cx));
        let Self { slot, interest, key } = &mut *self;
        match slot.wait(*key, *interest, cx.waker()) {
            Ok(waits) => {
                *key = Some(waits);
                Poll::Pending
            }
            Err(event) => {
                unit.spend();
                Poll::Ready(shutdown_as_error(event).map(|event| event.of(*interest)))
            }
        }
    }
}

impl Drop for Ready<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.slot.forget(key);
        }
    }
}

/// Where a slot has things done after some time: by the reactor's ticks.
struct ReactorDeferral<'a> {
    /// The reactor.
    reactor: &'a Reactor,
    /// The page of the slot.
    page: &'a Page,
    /// Which of its slots.
    slot: u8,
}

impl Deferral for ReactorDeferral<'_> {
    #[cold]
    fn end_backoff(&self, generation: u32, back_off: BackOff) {
        let token = Token { index: self.page.index(self.slot), generation };
        self.reactor.end_backoff_later(token, back_off);
    }

    #[cold]
    fn wake(&self, waker: Waker) {
        self.reactor.wake_later(waker);
    }
}
