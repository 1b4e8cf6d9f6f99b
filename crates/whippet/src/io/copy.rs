//! Copies one stream into another.

use super::copy_buffer::{CopyBuffer, DEFAULT_BUFFER_SIZE, MAX_CHUNKS, yield_to_others};
use crate::coop;
use futures_io::{AsyncBufRead, AsyncRead, AsyncWrite};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Poll, ready};

/// Reads `reader` to its end and writes it all to `writer`, which is flushed then; gives the count of bytes.
///
/// The writer is flushed too whenever the reader has nothing, so that nothing waits in its buffer. Its writing
/// direction is not ended: call [`shutdown`](super::AsyncWriteExt::shutdown).
///
/// # Errors
/// Those of the reader and of the writer; `WriteZero` when the writer takes no more.
///
/// # Cancel safety
/// Not cancel safe: dropped, what was read and not written yet is lost.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let mut copied = Vec::new();
/// assert_eq!(whippet::io::copy(&mut &b"hello"[..], &mut copied).await?, 5);
/// assert_eq!(copied, b"hello");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn copy<R, W>(reader: &mut R, writer: &mut W) -> io::Result<u64>
where
    R: AsyncRead + Unpin + ?Sized,
    W: AsyncWrite + Unpin + ?Sized,
{
    let mut copy_buffer = CopyBuffer::new(DEFAULT_BUFFER_SIZE);
    poll_fn(|cx| copy_buffer.poll_copy(cx, Pin::new(&mut *reader), Pin::new(&mut *writer))).await
}

/// As [`copy`], for a reader that has a buffer: nothing is copied in between.
///
/// # Errors
/// As [`copy`].
///
/// # Cancel safety
/// Dropped, what was not written yet stands in the reader's buffer, and a new call goes on: nothing is lost but the
/// count.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::BufReader;
/// let mut copied = Vec::new();
/// assert_eq!(whippet::io::copy_buf(&mut BufReader::new(&b"hello"[..]), &mut copied).await?, 5);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn copy_buf<R, W>(reader: &mut R, writer: &mut W) -> io::Result<u64>
where
    R: AsyncBufRead + Unpin + ?Sized,
    W: AsyncWrite + Unpin + ?Sized,
{
    let mut copied = 0;
    let mut unflushed = false;
    let mut ended = false;
    poll_fn(|cx| {
        let (mut reader, mut writer) = (Pin::new(&mut *reader), Pin::new(&mut *writer));
        for _ in 0..MAX_CHUNKS {
            // Reader and writer may both always be ready, and know nothing of the budget.
            let unit = ready!(coop::poll_proceed(cx));
            if ended {
                ready!(writer.as_mut().poll_flush(cx))?;
                return Poll::Ready(Ok(copied));
            }
            let Poll::Ready(found) = reader.as_mut().poll_fill_buf(cx)? else {
                if unflushed {
                    ready!(writer.as_mut().poll_flush(cx))?;
                    unflushed = false;
                }
                return Poll::Pending;
            };
            if found.is_empty() {
                // It is not asked again, however long the flush takes.
                ended = true;
                continue;
            }
            let count = ready!(writer.as_mut().poll_write(cx, found))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            reader.as_mut().consume(count);
            copied += count as u64;
            unflushed = true;
            unit.spend();
        }
        yield_to_others(cx)
    })
    .await
}
