//! What TCP and Unix streams share: a registered descriptor, read and written.

use super::interest::{Interest, Ready};
use crate::reactor::{Registration, Rest, Want};
use crate::runtime::Handle;
use crate::sys::socket;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::task::{Context, Poll, ready};

/// A connected stream socket.
#[derive(Debug)]
pub(super) struct Stream(Registration<OwnedFd>);

impl Stream {
    /// A stream of this thread's runtime, which may be on its way to be connected.
    #[track_caller]
    fn new(descriptor: OwnedFd) -> io::Result<Self> {
        Ok(Self(Registration::new(descriptor, Handle::current().driver().reactor())?))
    }

    /// A connected stream of this thread's runtime.
    #[track_caller]
    pub(super) fn of_connected(descriptor: OwnedFd) -> io::Result<Self> {
        Ok(Self(Self::new(descriptor)?.0.assume(Want::WRITE)))
    }

    /// A stream whose connection was begun: waits until it is there, or failed.
    pub(super) async fn of_connecting(descriptor: OwnedFd) -> io::Result<Self> {
        Self::new(descriptor)?.connected().await
    }

    pub(super) fn into_inner(self) -> OwnedFd {
        self.0.into_inner()
    }

    async fn connected(self) -> io::Result<Self> {
        self.0.ready(Want::WRITE).await;
        match socket::take_error(&self)? {
            None => Ok(self),
            Some(error) => Err(error),
        }
    }

    pub(super) async fn ready(&self, interest: Interest) -> Ready {
        Ready(self.0.ready(interest.0).await)
    }

    pub(super) fn poll_ready(
        &self,
        cx: &mut Context<'_>,
        interest: Interest,
    ) -> Poll<io::Result<()>> {
        ready!(self.0.poll_ready(cx, interest.0));
        Poll::Ready(Ok(()))
    }

    #[inline]
    pub(super) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_io(Want::READ, |fd| read(fd, buffer))
    }

    pub(super) fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.0.try_io(Want::READ, |fd| read_vectored(fd, buffers))
    }

    #[inline]
    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_io(Want::WRITE, |fd| write(fd, bytes))
    }

    #[inline]
    pub(super) fn try_write_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_io(Want::WRITE, |fd| write_vectored(fd, pieces))
    }

    pub(super) fn try_io<R>(
        &self,
        interest: Interest,
        mut call: impl FnMut() -> io::Result<R>,
    ) -> io::Result<R> {
        self.0.try_io(interest.0, |_| Ok((call()?, Rest::MayBe)))
    }

    pub(super) async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        // The bytes stay, so the next call finds them too.
        self.0.async_io(Want::READ, |fd| Ok((socket::peek(fd, buffer)?, Rest::MayBe))).await
    }

    pub(super) fn poll_peek(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_io(cx, Want::READ, |fd| Ok((socket::peek(fd, buffer)?, Rest::MayBe)))
    }

    #[inline]
    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_io(cx, Want::READ, |fd| read(fd, buffer))
    }

    pub(super) fn poll_read_vectored(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_io(cx, Want::READ, |fd| read_vectored(fd, buffers))
    }

    #[inline]
    pub(super) fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.poll_io(cx, Want::WRITE, |fd| write(fd, bytes))
    }

    pub(super) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_io(cx, Want::WRITE, |fd| write_vectored(fd, pieces))
    }

    pub(super) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match socket::shutdown(self, how) {
            // The peer was quicker: the connection is as closed as was asked for.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            result => result,
        }
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_ref().as_fd()
    }
}

/// What is left after a call that took `count` of `room` bytes. A stream that gave or took less than it could
/// have has no more, and announces it when that changes; its end is announced apart, and stays.
#[inline]
fn rest(count: usize, room: usize) -> Rest {
    if count == room { Rest::MayBe } else { Rest::None }
}

#[inline]
fn read(fd: &OwnedFd, buffer: &mut [u8]) -> io::Result<(usize, Rest)> {
    let count = socket::receive(fd, buffer)?;
    // The end of the stream stays to be read.
    Ok((count, if count == 0 { Rest::MayBe } else { rest(count, buffer.len()) }))
}

fn read_vectored(fd: &OwnedFd, buffers: &mut [IoSliceMut<'_>]) -> io::Result<(usize, Rest)> {
    let room = buffers.iter().map(|buffer| buffer.len()).sum();
    let count = socket::receive_vectored(fd, buffers)?;
    Ok((count, if count == 0 { Rest::MayBe } else { rest(count, room) }))
}

#[inline]
fn write(fd: &OwnedFd, bytes: &[u8]) -> io::Result<(usize, Rest)> {
    let count = socket::send(fd, bytes)?;
    Ok((count, rest(count, bytes.len())))
}

#[inline]
fn write_vectored(fd: &OwnedFd, pieces: &[IoSlice<'_>]) -> io::Result<(usize, Rest)> {
    let room = pieces.iter().map(|piece| piece.len()).sum();
    let count = socket::send_vectored(fd, pieces)?;
    Ok((count, rest(count, room)))
}

/// The traits and methods that every stream type has, by way of its `stream()`.
macro_rules! stream_doors {
    ($type:ident) => {
        impl $type {
            /// Waits until a read may succeed, or the peer has sent its last.
            ///
            /// # Errors
            /// None at present.
            ///
            /// # Cancel safety
            /// Cancel safe.
            pub async fn readable(&self) -> io::Result<()> {
                self.stream().ready(Interest::READABLE).await;
                Ok(())
            }

            /// Waits until a write may succeed, or the connection is gone.
            ///
            /// # Errors
            /// None at present.
            ///
            /// # Cancel safety
            /// Cancel safe.
            pub async fn writable(&self) -> io::Result<()> {
                self.stream().ready(Interest::WRITABLE).await;
                Ok(())
            }

            /// Waits until the socket is ready for something of `interest`, and says what it is ready for. With
            /// [`Interest::ERROR`] a reset is seen without reading.
            ///
            /// # Errors
            /// None at present.
            ///
            /// # Cancel safety
            /// Cancel safe.
            pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
                Ok(self.stream().ready(interest).await)
            }

            /// Polls for a read that may succeed. The latest waker counts.
            ///
            /// # Errors
            /// None at present.
            pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.stream().poll_ready(cx, Interest::READABLE)
            }

            /// Polls for a write that may succeed. The latest waker counts.
            ///
            /// # Errors
            /// None at present.
            pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.stream().poll_ready(cx, Interest::WRITABLE)
            }

            /// Reads what is there; 0 is the end of the stream (or an empty buffer).
            ///
            /// # Errors
            /// `WouldBlock` when there is nothing: await [`readable`](Self::readable); else the kernel's.
            #[inline]
            pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
                self.stream().try_read(buffer)
            }

            /// Reads what is there into several buffers, one after the other.
            ///
            /// # Errors
            /// As [`try_read`](Self::try_read).
            pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                self.stream().try_read_vectored(buffers)
            }

            /// Writes what there is room for, and says how much that was.
            ///
            /// # Errors
            /// `WouldBlock` when there is no room: await [`writable`](Self::writable); else the kernel's.
            #[inline]
            pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
                self.stream().try_write(bytes)
            }

            /// Writes several pieces, as far as there is room, in one call.
            ///
            /// # Errors
            /// As [`try_write`](Self::try_write).
            #[inline]
            pub fn try_write_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
                self.stream().try_write_vectored(pieces)
            }

            /// Makes a call of one's own on the socket, once it is announced ready for `interest`.
            ///
            /// # Errors
            /// The call's; `WouldBlock` when the socket is not ready.
            pub fn try_io<R>(
                &self,
                interest: Interest,
                call: impl FnMut() -> io::Result<R>,
            ) -> io::Result<R> {
                self.stream().try_io(interest, call)
            }

            /// The error that is pending on the socket, taken off it.
            ///
            /// # Errors
            /// The kernel's, of asking.
            pub fn take_error(&self) -> io::Result<Option<io::Error>> {
                socket::take_error(self.stream())
            }
        }

        impl AsyncRead for $type {
            #[inline]
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                self.stream().poll_read(cx, buffer)
            }

            fn poll_read_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffers: &mut [IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                self.stream().poll_read_vectored(cx, buffers)
            }
        }

        impl AsyncWrite for $type {
            #[inline]
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.stream().poll_write(cx, bytes)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                pieces: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.stream().poll_write_vectored(cx, pieces)
            }

            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            /// Shuts the writing direction down: the peer reads the end.
            fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(self.stream().shutdown(Shutdown::Write))
            }
        }

        impl AsyncRead for &$type {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                self.stream().poll_read(cx, buffer)
            }
        }

        impl AsyncWrite for &$type {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.stream().poll_write(cx, bytes)
            }

            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(self.stream().shutdown(Shutdown::Write))
            }
        }

        impl AsFd for $type {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.stream().as_fd()
            }
        }

        impl AsRawFd for $type {
            fn as_raw_fd(&self) -> RawFd {
                self.stream().as_fd().as_raw_fd()
            }
        }
    };
}
pub(super) use stream_doors;
