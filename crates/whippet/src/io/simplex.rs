//! A pipe within the program: what is written at the one end is read at the other.

use super::pipe::Pipe;
use super::split::{ReadHalf, WriteHalf, split};
use futures_io::{AsyncRead, AsyncWrite};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A bounded queue of bytes, which is written to and read from: see [`simplex`].
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, SimplexStream, WriteHalf, simplex};
/// let (mut reader, mut writer): (ReadHalf<SimplexStream>, WriteHalf<SimplexStream>) = simplex(4);
/// // There is space for so much.
/// assert_eq!(writer.write(b"hello").await?, 4);
/// assert_eq!(reader.read(&mut [0; 16]).await?, 4);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct SimplexStream(Pipe);

impl SimplexStream {
    /// Both ends in one.
    ///
    /// # Panics
    /// When `max_buffer_size` is 0: nothing could ever be written.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, AsyncWriteExt, SimplexStream};
    /// let mut pipe = SimplexStream::new_unsplit(64);
    /// pipe.write_all(b"hello").await?;
    /// pipe.shutdown().await?;
    /// let mut words = String::new();
    /// pipe.read_to_string(&mut words).await?;
    /// assert_eq!(words, "hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new_unsplit(max_buffer_size: usize) -> Self {
        assert!(max_buffer_size > 0, "`io::simplex`: a buffer of zero bytes; give at least 1");
        Self(Pipe::new(max_buffer_size))
    }
}

/// The two ends of a pipe within the program. At most `max_buffer_size` bytes are under way: then the writer waits for
/// the reader.
///
/// The reader comes to the end when the writer calls [`shutdown`](super::AsyncWriteExt::shutdown); dropping the writing
/// half does not end it.
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
/// let (mut reader, mut writer) = whippet::io::simplex(64);
/// writer.write_all(b"one way").await?;
/// writer.shutdown().await?;
/// let mut words = String::new();
/// reader.read_to_string(&mut words).await?;
/// assert_eq!(words, "one way");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[must_use]
#[track_caller]
pub fn simplex(max_buffer_size: usize) -> (ReadHalf<SimplexStream>, WriteHalf<SimplexStream>) {
    split(SimplexStream::new_unsplit(max_buffer_size))
}

impl AsyncRead for SimplexStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_read(cx, buffer)
    }
}

impl AsyncWrite for SimplexStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_write(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_write(cx, slices)
    }

    /// Nothing is kept back: what was written can be read.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Ends the writing: the reader reads what is under way, then the end.
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.close_write();
        Poll::Ready(Ok(()))
    }
}
