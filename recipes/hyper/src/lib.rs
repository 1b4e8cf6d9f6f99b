//! hyper 1.x on whippet, through hyper's own `rt` traits. Copy this file; it needs `hyper` and `whippet` alone.
//!
//! - [`WhippetIo`] gives hyper a stream of whippet's (or any of `futures-io`), and gives whippet what hyper upgraded;
//! - [`WhippetExecutor`] spawns the tasks of HTTP/2;
//! - [`WhippetTimer`] is for the timeouts of both versions.
//!
//! `examples/server.rs` and `examples/client.rs` put them together.
#![forbid(unsafe_code)]

use hyper::rt::{Executor, Read, ReadBuf, ReadBufCursor, Sleep, Timer, Write};
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use whippet::io::{AsyncRead, AsyncWrite};
use whippet::time::{self, sleep_until};

/// Bytes of one read. hyper's buffer can be filled without unsafe code by a copy alone, so they are read here first.
const READ: usize = 8 * 1024;

/// A stream of whippet's as hyper wants it, and the other way round. The buffers are those of the stream: it has none.
#[derive(Debug)]
pub struct WhippetIo<T>(T);

impl<T> WhippetIo<T> {
    /// Wraps a stream.
    pub const fn new(stream: T) -> Self {
        Self(stream)
    }

    /// The stream.
    pub const fn get_ref(&self) -> &T {
        &self.0
    }

    /// The stream, taken out.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: AsyncRead + Unpin> Read for WhippetIo<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut bytes = [0; READ];
        let most = buffer.remaining().min(READ);
        let count = ready!(Pin::new(&mut self.0).poll_read(cx, &mut bytes[..most]))?;
        buffer.put_slice(&bytes[..count]);
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> Write for WhippetIo<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(cx)
    }

    fn is_write_vectored(&self) -> bool {
        // whippet's sockets write all pieces in one call. A stream that takes the first piece alone is right, too.
        true
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, pieces)
    }
}

/// For `hyper::upgrade::Upgraded`, with all of `whippet::io`'s methods.
impl<T: Read + Unpin> AsyncRead for WhippetIo<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        ready!(Pin::new(&mut self.0).poll_read(cx, buffer.unfilled()))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }
}

/// For `hyper::upgrade::Upgraded`, with all of `whippet::io`'s methods.
impl<T: Write + Unpin> AsyncWrite for WhippetIo<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, pieces)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Spawns hyper's tasks on the runtime of the thread that calls.
#[derive(Debug, Clone, Copy, Default)]
pub struct WhippetExecutor;

impl<F> Executor<F> for WhippetExecutor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        drop(whippet::spawn(future));
    }
}

/// whippet's clock and sleeps. A paused clock counts for hyper, too.
#[derive(Debug, Clone, Copy, Default)]
pub struct WhippetTimer;

/// A sleep of whippet's as hyper wants it.
struct WhippetSleep(Pin<Box<time::Sleep>>);

impl Timer for WhippetTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(WhippetSleep(Box::pin(time::sleep(duration))))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(WhippetSleep(Box::pin(sleep_until(deadline.into()))))
    }

    fn now(&self) -> Instant {
        time::Instant::now().into_std()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn Sleep>>, deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<WhippetSleep>() {
            // Moved, where a new one would be an allocation for each request.
            Some(sleep) => sleep.get_mut().0.as_mut().reset(deadline.into()),
            None => *sleep = self.sleep_until(deadline),
        }
    }
}

impl Future for WhippetSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl Sleep for WhippetSleep {}
