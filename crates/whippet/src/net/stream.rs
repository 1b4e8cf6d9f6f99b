//! What TCP and Unix streams share: a registered descriptor, read and written.

use crate::fd::{Interest, WaitReady};
use crate::io::{AppendBuffer, append_now};
use crate::reactor::{IoInterest, Registration, Remaining};
use crate::runtime::Handle;
use crate::sys::socket;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::marker::PhantomData;
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::task::{Context, Poll};

/// Slices of one vectored call: Linux takes no more (`UIO_MAXIOV`). A call that was given more leaves the rest to the next call.
const MAX_SLICES: usize = 1024;

/// What is known of a kind of stream.
pub trait StreamKind: Sized {
    /// Whether a read or write that took less than it could have means that there is no more, until the kernel announces it:
    /// [`Remaining`] has the reason for each kind.
    const SHORT_IS_LAST: bool;
}

/// A connected stream socket.
pub struct Stream<S>(Registration<OwnedFd>, PhantomData<fn() -> S>);

impl<S: StreamKind> Stream<S> {
    /// A stream of this thread's runtime, which may be on its way to be connected; made by a call of this name.
    #[track_caller]
    pub(super) fn new(call: &str, descriptor: OwnedFd) -> io::Result<Self> {
        let registration = Registration::new(descriptor, Handle::of_call(call).driver().reactor())?;
        Ok(Self(registration, PhantomData))
    }

    /// A connected stream of this thread's runtime; made by a call of this name.
    #[track_caller]
    pub(super) fn from_connected(call: &str, descriptor: OwnedFd) -> io::Result<Self> {
        Ok(Self(Self::new(call, descriptor)?.0.assume_ready(IoInterest::WRITE), PhantomData))
    }

    /// Waits until a connection that was begun is there, or failed.
    pub(super) async fn wait_connected(self) -> io::Result<Self> {
        self.ready(Interest::WRITABLE).await?;
        match self.take_error()? {
            None => Ok(self),
            Some(error) => Err(error),
        }
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

    #[inline]
    pub(super) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_io(IoInterest::READ, |fd| read::<S>(fd, buffer))
    }

    pub(super) fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.0.try_io(IoInterest::READ, |fd| read_vectored::<S>(fd, buffers))
    }

    pub(super) fn try_read_buf(&self, buffer: &mut impl AppendBuffer) -> io::Result<usize> {
        self.0.try_io(IoInterest::READ, |fd| {
            let mut remaining = Remaining::Maybe;
            let count = append_now(buffer, |space| {
                let (count, left) = read::<S>(fd, space)?;
                remaining = left;
                Ok(count)
            })?;
            Ok((count, remaining))
        })
    }

    #[inline]
    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_io(IoInterest::WRITE, |fd| write::<S>(fd, bytes))
    }

    #[inline]
    pub(super) fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_io(IoInterest::WRITE, |fd| write_vectored::<S>(fd, slices))
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

    pub(super) async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        // The bytes stay, so the next call finds them too.
        self.0
            .async_io(IoInterest::READ, |fd| Ok((socket::peek(fd, buffer)?, Remaining::Maybe)))
            .await
    }

    pub(super) fn poll_peek(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_io(cx, IoInterest::READ, |fd| Ok((socket::peek(fd, buffer)?, Remaining::Maybe)))
    }

    #[inline]
    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_io(cx, IoInterest::READ, |fd| read::<S>(fd, buffer))
    }

    pub(super) fn poll_read_vectored(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_io(cx, IoInterest::READ, |fd| read_vectored::<S>(fd, buffers))
    }

    #[inline]
    pub(super) fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.poll_io(cx, IoInterest::WRITE, |fd| write::<S>(fd, bytes))
    }

    pub(super) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_io(cx, IoInterest::WRITE, |fd| write_vectored::<S>(fd, slices))
    }

    pub(super) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match socket::shutdown(self, how) {
            // The peer was quicker: the connection is as closed as was asked for.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            result => result,
        }
    }

    pub(super) fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.0.clear_error();
        socket::take_error(self)
    }
}

impl<S> fmt::Debug for Stream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stream").field(&self.0).finish()
    }
}

impl<S> AsFd for Stream<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_ref().as_fd()
    }
}

/// What is left after a call that took `count` of `space`.
#[inline]
fn remaining<S: StreamKind>(count: usize, space: usize) -> Remaining {
    if S::SHORT_IS_LAST && count < space { Remaining::None } else { Remaining::Maybe }
}

#[inline]
fn read<S: StreamKind>(fd: &OwnedFd, buffer: &mut [u8]) -> io::Result<(usize, Remaining)> {
    let count = socket::receive(fd, buffer)?;
    // The end of the stream stays to be read.
    Ok((count, if count == 0 { Remaining::Maybe } else { remaining::<S>(count, buffer.len()) }))
}

fn read_vectored<S: StreamKind>(
    fd: &OwnedFd,
    buffers: &mut [IoSliceMut<'_>],
) -> io::Result<(usize, Remaining)> {
    let taken = buffers.len().min(MAX_SLICES);
    let buffers = &mut buffers[..taken];
    let space = buffers.iter().map(|buffer| buffer.len()).sum();
    let count = socket::receive_vectored(fd, buffers)?;
    Ok((count, if count == 0 { Remaining::Maybe } else { remaining::<S>(count, space) }))
}

#[inline]
fn write<S: StreamKind>(fd: &OwnedFd, bytes: &[u8]) -> io::Result<(usize, Remaining)> {
    let count = socket::send(fd, bytes)?;
    Ok((count, remaining::<S>(count, bytes.len())))
}

#[inline]
fn write_vectored<S: StreamKind>(
    fd: &OwnedFd,
    slices: &[IoSlice<'_>],
) -> io::Result<(usize, Remaining)> {
    let slices = &slices[..slices.len().min(MAX_SLICES)];
    let space = slices.iter().map(|slice| slice.len()).sum();
    let count = socket::send_vectored(fd, slices)?;
    Ok((count, remaining::<S>(count, space)))
}
