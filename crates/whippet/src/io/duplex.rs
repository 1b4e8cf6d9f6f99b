//! A connection within the program: two ends, and a bounded pipe each way between them.

use super::pipe::Pipe;
use crate::loom::Arc;
use futures_io::{AsyncRead, AsyncWrite};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

/// One end of a connection within the program: see [`duplex`].
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
/// // What a server does with a connection, tried without one.
/// async fn echo(mut stream: DuplexStream) -> std::io::Result<()> {
///     let byte = stream.read_u8().await?;
///     stream.write_u8(byte).await
/// }
/// let (mut client, server) = whippet::io::duplex(64);
/// client.write_u8(7).await?;
/// echo(server).await?;
/// assert_eq!(client.read_u8().await?, 7);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct DuplexStream {
    /// What the other end writes.
    incoming: Arc<Pipe>,
    /// What this end writes.
    outgoing: Arc<Pipe>,
}

/// Two ends of a connection within the program: what is written to one is read from the other. It behaves as a pair
/// of connected sockets does, without a kernel: a test's stand-in for a network.
///
/// Each way at most `max_buffer_size` bytes are under way: then the writer waits for the reader. When an end is dropped
/// the other reads what is under way, then the end; writing to it fails with `BrokenPipe`. `shutdown` ends the writing
/// direction alone.
///
/// # Cancel safety
/// A `read` or `write` that is dropped has read or written nothing.
///
/// # Panics
/// When `max_buffer_size` is 0: nothing could ever be written.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::{AsyncReadExt, AsyncWriteExt};
/// let (mut client, mut server) = whippet::io::duplex(64);
/// client.write_all(b"ping").await?;
/// let mut question = [0; 4];
/// server.read_exact(&mut question).await?;
/// assert_eq!(&question, b"ping");
/// server.write_all(b"pong").await?;
/// drop(server);
/// let mut answer = String::new();
/// client.read_to_string(&mut answer).await?;
/// assert_eq!(answer, "pong");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[must_use]
#[track_caller]
pub fn duplex(max_buffer_size: usize) -> (DuplexStream, DuplexStream) {
    assert!(max_buffer_size > 0, "`io::duplex`: a buffer of zero bytes; give at least 1");
    let there = Arc::new(Pipe::new(max_buffer_size));
    let back = Arc::new(Pipe::new(max_buffer_size));
    (
        DuplexStream { incoming: Arc::clone(&back), outgoing: Arc::clone(&there) },
        DuplexStream { incoming: there, outgoing: back },
    )
}

impl AsyncRead for DuplexStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.incoming.poll_read(cx, buffer)
    }
}

impl AsyncWrite for DuplexStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.outgoing.poll_write(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.outgoing.poll_write(cx, slices)
    }

    /// Nothing is kept back: what was written can be read.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Ends the writing direction: the other end reads what is under way, then the end.
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outgoing.close_write();
        Poll::Ready(Ok(()))
    }
}

impl Drop for DuplexStream {
    fn drop(&mut self) {
        self.outgoing.close_write();
        self.incoming.close_read();
    }
}
