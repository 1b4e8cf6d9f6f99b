//! Reading into a buffer that grows.

use bytes::BytesMut;
use futures_io::AsyncRead;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Bytes that are read at once, at the most, for a buffer without space. They lie on the stack until it is known how many
/// came.
pub(super) const STACK_BUFFER: usize = 4096;

/// Bytes that are read at once, at the most. The space is zeroed before each read, because a reader may look at what it
/// is to fill; a bound keeps that from costing more than the read, however large the buffer's capacity is.
pub(super) const MAX_READ: usize = 16 * 1024;

/// A buffer that [`read_buf`](super::AsyncReadExt::read_buf) appends to: `Vec<u8>` or `bytes::BytesMut`.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::AsyncReadExt;
/// let mut buffer = Vec::with_capacity(4);
/// // No more than there is space for at each time, and then the buffer grows.
/// assert_eq!((&b"hello"[..]).read_buf(&mut buffer).await?, 4);
/// assert_eq!((&b", world"[..]).read_buf(&mut buffer).await?, 7);
/// assert_eq!(buffer, b"hell, world");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub trait AppendBuffer {
    /// Shows `fill` space after the content, no more than `max` bytes, and keeps as many of them as it returns that it
    /// filled. The space is the capacity that is left; if there is none, it is elsewhere, and the buffer grows by what was
    /// filled.
    ///
    /// # Errors
    /// That of `fill`; the content is as it was.
    ///
    /// # Examples
    /// ```
    /// use std::task::Poll;
    /// use whippet::io::AppendBuffer;
    /// let mut buffer = bytes::BytesMut::from("I say ");
    /// let filled = buffer.append(16, |space| {
    ///     space[..5].copy_from_slice(b"hello");
    ///     Poll::Ready(Ok(5))
    /// });
    /// assert!(matches!(filled, Poll::Ready(Ok(5))));
    /// assert_eq!(buffer, "I say hello");
    /// ```
    fn append(
        &mut self,
        max: usize,
        fill: impl FnOnce(&mut [u8]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>>;
}

macro_rules! impl_append_buffer {
    ($($type:ty),*) => {$(
        impl AppendBuffer for $type {
            fn append(
                &mut self,
                max: usize,
                fill: impl FnOnce(&mut [u8]) -> Poll<io::Result<usize>>,
            ) -> Poll<io::Result<usize>> {
                /// The buffer while it is read into; what was not read is cut off, after a panic too.
                struct Read<'a> {
                    buffer: &'a mut $type,
                    end: usize,
                }
                impl Drop for Read<'_> {
                    fn drop(&mut self) {
                        self.buffer.truncate(self.end);
                    }
                }
                let before = self.len();
                let space = self.capacity() - before;
                if space == 0 {
                    // A reader that waits, or is at its end, costs no space that nothing comes into.
                    let mut arrived = [0; STACK_BUFFER];
                    let filled = fill(&mut arrived[..max.min(STACK_BUFFER)]);
                    if let Poll::Ready(Ok(count)) = &filled {
                        self.extend_from_slice(&arrived[..*count]);
                    }
                    return filled;
                }
                self.resize(before + space.min(max), 0);
                let mut read = Read { buffer: self, end: before };
                let filled = fill(&mut read.buffer[before..]);
                if let Poll::Ready(Ok(count)) = &filled {
                    read.end += count;
                }
                filled
            }
        }
    )*};
}
impl_append_buffer!(Vec<u8>, BytesMut);

impl<B: AppendBuffer> AppendBuffer for &mut B {
    fn append(
        &mut self,
        max: usize,
        fill: impl FnOnce(&mut [u8]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        (**self).append(max, fill)
    }
}

/// Appends what `fill` has at this moment.
///
/// # Errors
/// That of `fill`; the content is as it was.
pub(crate) fn append_now(
    buffer: &mut impl AppendBuffer,
    fill: impl FnOnce(&mut [u8]) -> io::Result<usize>,
) -> io::Result<usize> {
    match buffer.append(MAX_READ, |space| Poll::Ready(fill(space))) {
        Poll::Ready(result) => result,
        Poll::Pending => unreachable!("`fill` does not wait"),
    }
}

/// Reads once to the end of a buffer, at most so many bytes.
pub(super) fn poll_append(
    reader: Pin<&mut (impl AsyncRead + ?Sized)>,
    cx: &mut Context<'_>,
    buffer: &mut impl AppendBuffer,
    max: usize,
) -> Poll<io::Result<usize>> {
    buffer.append(max, |space| reader.poll_read(cx, space))
}
