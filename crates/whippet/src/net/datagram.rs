//! What UDP and Unix datagram sockets share: a registered descriptor, whose messages go whole or not at all.

use crate::fd::{Interest, WaitReady};
use crate::reactor::{IoInterest, Registration, Remaining};
use crate::runtime::Handle;
use crate::sys::socket;
use rustix::net::SocketAddrAny;
use rustix::net::addr::SocketAddrArg;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::task::{Context, Poll};

/// A socket for datagrams. After each there may be another, or space for another: only a call finds out.
#[derive(Debug)]
pub(super) struct Datagram(Registration<OwnedFd>);

impl Datagram {
    #[track_caller]
    pub(super) fn new(call: &str, descriptor: OwnedFd) -> io::Result<Self> {
        let registration = Registration::new(descriptor, Handle::of_call(call).driver().reactor())?;
        Ok(Self(registration.assume_ready(IoInterest::WRITE).keep_ends()))
    }

    pub(super) fn into_inner(self) -> OwnedFd {
        self.0.into_inner()
    }

    pub(super) fn ready(&self, interest: Interest) -> WaitReady<'_> {
        WaitReady(self.0.ready(interest.0))
    }

    pub(super) fn poll_ready(
        &self,
        cx: &mut Context<'_>,
        interest: Interest,
    ) -> Poll<io::Result<()>> {
        self.0.poll_ready(cx, interest.0).map_ok(drop)
    }

    pub(super) fn try_io<R>(
        &self,
        interest: Interest,
        call: impl FnOnce() -> io::Result<R>,
    ) -> io::Result<R> {
        self.0.try_io(interest.0, |_| Ok((call()?, Remaining::Maybe)))
    }

    pub(super) async fn async_io<R>(
        &self,
        interest: Interest,
        mut call: impl FnMut() -> io::Result<R>,
    ) -> io::Result<R> {
        self.0.async_io(interest.0, |_| Ok((call()?, Remaining::Maybe))).await
    }

    pub(super) fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.0.clear_error();
        socket::take_error(self)
    }

    pub(super) async fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.0.async_io(IoInterest::WRITE, |fd| maybe_more(socket::send(fd, bytes))).await
    }

    pub(super) fn poll_send(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.poll_io(cx, IoInterest::WRITE, |fd| maybe_more(socket::send(fd, bytes)))
    }

    pub(super) fn try_send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_io(IoInterest::WRITE, |fd| maybe_more(socket::send(fd, bytes)))
    }

    pub(super) async fn send_to(&self, bytes: &[u8], to: &impl SocketAddrArg) -> io::Result<usize> {
        self.0.async_io(IoInterest::WRITE, |fd| maybe_more(socket::send_to(fd, bytes, to))).await
    }

    pub(super) fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        to: &impl SocketAddrArg,
    ) -> Poll<io::Result<usize>> {
        self.0.poll_io(cx, IoInterest::WRITE, |fd| maybe_more(socket::send_to(fd, bytes, to)))
    }

    pub(super) fn try_send_to(&self, bytes: &[u8], to: &impl SocketAddrArg) -> io::Result<usize> {
        self.0.try_io(IoInterest::WRITE, |fd| maybe_more(socket::send_to(fd, bytes, to)))
    }

    /// Receives by a call of the caller's.
    pub(super) async fn receive_with(
        &self,
        mut call: impl FnMut() -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.0.async_io(IoInterest::READ, |_| self.or_eof(call(), 0)).await
    }

    /// A socket that was shut down for reading gives what is in its queue and then the end, as a blocking one does: the kernel
    /// would return `EAGAIN` for ever to one that does not block. Only the socket's own shutdown makes this end.
    fn or_eof<R>(&self, result: io::Result<R>, end: R) -> io::Result<(R, Remaining)> {
        match result {
            Err(error)
                if error.kind() == io::ErrorKind::WouldBlock
                    && self.0.readiness().is_read_closed() =>
            {
                Ok((end, Remaining::Maybe))
            }
            result => maybe_more(result),
        }
    }

    pub(super) async fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.async_io(IoInterest::READ, |fd| self.or_eof(socket::receive(fd, buffer), 0)).await
    }

    pub(super) fn poll_receive(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_io(cx, IoInterest::READ, |fd| self.or_eof(socket::receive(fd, buffer), 0))
    }

    pub(super) fn try_receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_io(IoInterest::READ, |fd| self.or_eof(socket::receive(fd, buffer), 0))
    }

    pub(super) async fn receive_from(&self, buffer: &mut [u8]) -> io::Result<Received> {
        self.0
            .async_io(IoInterest::READ, |fd| {
                self.or_eof(socket::receive_from(fd, buffer), (0, None))
            })
            .await
    }

    pub(super) fn poll_receive_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<Received>> {
        self.0.poll_io(cx, IoInterest::READ, |fd| {
            self.or_eof(socket::receive_from(fd, buffer), (0, None))
        })
    }

    pub(super) fn try_receive_from(&self, buffer: &mut [u8]) -> io::Result<Received> {
        self.0
            .try_io(IoInterest::READ, |fd| self.or_eof(socket::receive_from(fd, buffer), (0, None)))
    }
}

impl Datagram {
    pub(super) async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.async_io(IoInterest::READ, |fd| self.or_eof(socket::peek(fd, buffer), 0)).await
    }

    pub(super) fn poll_peek(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_io(cx, IoInterest::READ, |fd| self.or_eof(socket::peek(fd, buffer), 0))
    }

    pub(super) fn try_peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_io(IoInterest::READ, |fd| self.or_eof(socket::peek(fd, buffer), 0))
    }

    pub(super) async fn peek_from(&self, buffer: &mut [u8]) -> io::Result<Received> {
        self.0
            .async_io(IoInterest::READ, |fd| self.or_eof(socket::peek_from(fd, buffer), (0, None)))
            .await
    }

    pub(super) fn poll_peek_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<Received>> {
        self.0.poll_io(cx, IoInterest::READ, |fd| {
            self.or_eof(socket::peek_from(fd, buffer), (0, None))
        })
    }

    pub(super) fn try_peek_from(&self, buffer: &mut [u8]) -> io::Result<Received> {
        self.0.try_io(IoInterest::READ, |fd| self.or_eof(socket::peek_from(fd, buffer), (0, None)))
    }
}

/// How many bytes came, and the sender.
pub(super) type Received = (usize, Option<SocketAddrAny>);

/// There may be more after each datagram.
fn maybe_more<R>(result: io::Result<R>) -> io::Result<(R, Remaining)> {
    Ok((result?, Remaining::Maybe))
}

impl AsFd for Datagram {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_ref().as_fd()
    }
}
