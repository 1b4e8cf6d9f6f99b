//! Methods on everything that can be written.

use futures_io::AsyncWrite;
use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Poll, ready};

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
    /// Writes what there is room for, as soon as there is some, and gives its length.
    ///
    /// # Errors
    /// The writer's.
    ///
    /// # Cancel safety
    /// Cancel safe: dropped, it has written nothing.
    fn write<'a>(&'a mut self, bytes: &'a [u8]) -> impl Future<Output = io::Result<usize>> + 'a
    where
        Self: Unpin,
    {
        poll_fn(move |cx| Pin::new(&mut *self).poll_write(cx, bytes))
    }

    /// Writes several pieces in one call, as far as there is room, and gives the count of bytes.
    ///
    /// # Errors
    /// The writer's.
    ///
    /// # Cancel safety
    /// Cancel safe: dropped, it has written nothing.
    fn write_vectored<'a, 'b: 'a>(
        &'a mut self,
        pieces: &'a [IoSlice<'b>],
    ) -> impl Future<Output = io::Result<usize>> + 'a
    where
        Self: Unpin,
    {
        poll_fn(move |cx| Pin::new(&mut *self).poll_write_vectored(cx, pieces))
    }

    /// Writes all.
    ///
    /// # Errors
    /// `WriteZero` when the writer takes no more; else the writer's. A part may have been written.
    ///
    /// # Cancel safety
    /// Not cancel safe: dropped, a part may have been written, and nobody says which.
    fn write_all<'a>(&'a mut self, bytes: &'a [u8]) -> impl Future<Output = io::Result<()>> + 'a
    where
        Self: Unpin,
    {
        let mut rest = bytes;
        poll_fn(move |cx| {
            while !rest.is_empty() {
                match ready!(Pin::new(&mut *self).poll_write(cx, rest))? {
                    0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    count => rest = &rest[count..],
                }
            }
            Poll::Ready(Ok(()))
        })
    }

    /// Writes what the writer has buffered.
    ///
    /// # Errors
    /// The writer's.
    ///
    /// # Cancel safety
    /// Cancel safe: a new call goes on.
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
    fn shutdown(&mut self) -> impl Future<Output = io::Result<()>> + '_
    where
        Self: Unpin,
    {
        poll_fn(move |cx| Pin::new(&mut *self).poll_close(cx))
    }
}

impl<W: AsyncWrite + ?Sized> AsyncWriteExt for W {}
