//! Methods on everything that can be written.

use super::numbers::write_numbers;
use super::write_all::poll_write_all;
use bytes::Buf;
use futures_io::AsyncWrite;
use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Methods on everything that implements [`AsyncWrite`].
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::AsyncWriteExt;
/// let mut bytes = Vec::new();
/// bytes.write_all(b"hello").await?;
/// bytes.flush().await?;
/// assert_eq!(bytes, b"hello");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub trait AsyncWriteExt: AsyncWrite {
    /// Writes what there is space for, as soon as there is some, and gives its length.
    ///
    /// # Errors
    /// The writer's.
    ///
    /// # Cancel safety
    /// Cancel safe: dropped, it has written nothing.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::AsyncWriteExt;
    /// let (mut near, _far) = whippet::io::duplex(4);
    /// // There is space for so much.
    /// assert_eq!(near.write(b"hello").await?, 4);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn write<'a>(&'a mut self, bytes: &'a [u8]) -> impl Future<Output = io::Result<usize>> + 'a
    where
        Self: Unpin,
    {
        poll_fn(move |cx| Pin::new(&mut *self).poll_write(cx, bytes))
    }

    /// Writes several buffers in one call, as far as there is space, and gives the count of bytes.
    ///
    /// # Errors
    /// The writer's.
    ///
    /// # Cancel safety
    /// Cancel safe: dropped, it has written nothing.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::io::IoSlice;
    /// use whippet::io::AsyncWriteExt;
    /// let mut written = Vec::new();
    /// let buffers = [IoSlice::new(b"one, "), IoSlice::new(b"two")];
    /// assert_eq!(written.write_vectored(&buffers).await?, 8);
    /// assert_eq!(written, b"one, two");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn write_vectored<'a, 'b: 'a>(
        &'a mut self,
        slices: &'a [IoSlice<'b>],
    ) -> impl Future<Output = io::Result<usize>> + 'a
    where
        Self: Unpin,
    {
        poll_fn(move |cx| Pin::new(&mut *self).poll_write_vectored(cx, slices))
    }

    /// Writes all.
    ///
    /// # Errors
    /// `WriteZero` when the writer takes no more; else the writer's. A part may have been written.
    ///
    /// # Cancel safety
    /// Not cancel safe: dropped, a part may have been written, and it is unknown which.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncWriteExt, Cursor, ErrorKind};
    /// let mut cursor = Cursor::new([0; 6]);
    /// cursor.write_all(b"hello").await?;
    /// assert_eq!(cursor.get_ref(), b"hello\0");
    /// let full = cursor.write_all(b"hello").await.unwrap_err();
    /// assert_eq!(full.kind(), ErrorKind::WriteZero);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn write_all<'a>(&'a mut self, bytes: &'a [u8]) -> impl Future<Output = io::Result<()>> + 'a
    where
        Self: Unpin,
    {
        let mut written = 0;
        poll_fn(move |cx| poll_write_all(Pin::new(&mut *self), cx, bytes, &mut written))
    }

    /// Writes all of several buffers, in as few calls as the writer allows.
    ///
    /// # Errors
    /// `WriteZero` when the writer takes no more; else the writer's. A part may have been written; `slices` then
    /// begins after it.
    ///
    /// # Cancel safety
    /// Not cancel safe: dropped, a part may have been written, and it is unknown which.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::io::IoSlice;
    /// use whippet::io::AsyncWriteExt;
    /// let mut written = Vec::new();
    /// written.write_all_vectored(&mut [IoSlice::new(b"one, "), IoSlice::new(b"two")]).await?;
    /// assert_eq!(written, b"one, two");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn write_all_vectored<'a, 'b: 'a>(
        &'a mut self,
        slices: &'a mut [IoSlice<'b>],
    ) -> impl Future<Output = io::Result<()>> + 'a
    where
        Self: Unpin,
    {
        let mut rest = slices;
        // Pieces that are empty at the front would make a write of nothing look like a writer that takes no more.
        IoSlice::advance_slices(&mut rest, 0);
        poll_fn(move |cx| {
            while !rest.is_empty() {
                match ready!(Pin::new(&mut *self).poll_write_vectored(cx, rest))? {
                    0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    count => IoSlice::advance_slices(&mut rest, count),
                }
            }
            Poll::Ready(Ok(()))
        })
    }

    /// Writes what there is space for of `buffer`, and takes it out there; gives its length.
    ///
    /// # Errors
    /// The writer's.
    ///
    /// # Cancel safety
    /// Cancel safe: dropped, it has written nothing.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::AsyncWriteExt;
    /// let (mut near, _far) = whippet::io::duplex(4);
    /// let mut bytes = bytes::Bytes::from_static(b"hello");
    /// assert_eq!(near.write_buf(&mut bytes).await?, 4);
    /// assert_eq!(bytes, "o");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn write_buf<'a, B: Buf>(
        &'a mut self,
        buffer: &'a mut B,
    ) -> impl Future<Output = io::Result<usize>> + 'a
    where
        Self: Unpin,
    {
        poll_fn(move |cx| poll_write_buf(Pin::new(&mut *self), cx, buffer))
    }

    /// Writes all of `buffer`, and takes out there what is written.
    ///
    /// # Errors
    /// `WriteZero` when the writer takes no more; else the writer's. What was not written stands in `buffer`.
    ///
    /// # Cancel safety
    /// Dropped, what was not written stands in `buffer`, and a new call with that buffer goes on: nothing is lost or
    /// doubled.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::AsyncWriteExt;
    /// let mut written = Vec::new();
    /// let mut bytes = bytes::Bytes::from_static(b"hello");
    /// written.write_all_buf(&mut bytes).await?;
    /// assert_eq!(written, b"hello");
    /// assert!(bytes.is_empty());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn write_all_buf<'a, B: Buf>(
        &'a mut self,
        buffer: &'a mut B,
    ) -> impl Future<Output = io::Result<()>> + 'a
    where
        Self: Unpin,
    {
        poll_fn(move |cx| {
            while buffer.has_remaining() {
                if ready!(poll_write_buf(Pin::new(&mut *self), cx, buffer))? == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
            }
            Poll::Ready(Ok(()))
        })
    }

    write_numbers! { "" to_be_bytes: write_u8 u8, write_i8 i8, }
    write_numbers! {
        ", the highest byte first" to_be_bytes:
        write_u16 u16, write_i16 i16, write_u32 u32, write_i32 i32, write_u64 u64, write_i64 i64,
        write_u128 u128, write_i128 i128, write_f32 f32, write_f64 f64,
    }
    write_numbers! {
        ", the lowest byte first" to_le_bytes:
        write_u16_le u16, write_i16_le i16, write_u32_le u32, write_i32_le i32, write_u64_le u64,
        write_i64_le i64, write_u128_le u128, write_i128_le i128, write_f32_le f32, write_f64_le f64,
    }

    /// Writes what the writer has buffered.
    ///
    /// # Errors
    /// The writer's.
    ///
    /// # Cancel safety
    /// Cancel safe: a new call goes on.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncWriteExt, BufWriter};
    /// let mut writer = BufWriter::new(Vec::new());
    /// writer.write_all(b"hello").await?;
    /// assert!(writer.get_ref().is_empty());
    /// writer.flush().await?;
    /// assert_eq!(writer.get_ref(), b"hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn flush(&mut self) -> impl Future<Output = io::Result<()>> + '_
    where
        Self: Unpin,
    {
        poll_fn(move |cx| Pin::new(&mut *self).poll_flush(cx))
    }

    /// Writes what is buffered and ends the writing direction: the peer reads the end.
    ///
    /// # Errors
    /// The writer's.
    ///
    /// # Cancel safety
    /// Cancel safe: a new call goes on.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, AsyncWriteExt};
    /// let (mut near, mut far) = whippet::io::duplex(64);
    /// near.write_all(b"last words").await?;
    /// near.shutdown().await?;
    /// let mut words = String::new();
    /// far.read_to_string(&mut words).await?;
    /// assert_eq!(words, "last words");
    /// // The other direction goes on.
    /// far.write_all(b"bye").await?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn shutdown(&mut self) -> impl Future<Output = io::Result<()>> + '_
    where
        Self: Unpin,
    {
        poll_fn(move |cx| Pin::new(&mut *self).poll_close(cx))
    }
}

impl<W: AsyncWrite + ?Sized> AsyncWriteExt for W {}

/// Pieces of a buffer that are written in one call, at the most: enough for a head and a few bodies.
const MAX_CHUNKS: usize = 16;

/// Writes once, and takes out what was written.
fn poll_write_buf(
    writer: Pin<&mut (impl AsyncWrite + ?Sized)>,
    cx: &mut Context<'_>,
    buffer: &mut impl Buf,
) -> Poll<io::Result<usize>> {
    let count = if buffer.chunk().len() == buffer.remaining() {
        if !buffer.has_remaining() {
            return Poll::Ready(Ok(0));
        }
        ready!(writer.poll_write(cx, buffer.chunk()))?
    } else {
        let mut slices = [IoSlice::new(&[]); MAX_CHUNKS];
        let count = buffer.chunks_vectored(&mut slices);
        ready!(writer.poll_write_vectored(cx, &slices[..count]))?
    };
    buffer.advance(count);
    Poll::Ready(Ok(count))
}
