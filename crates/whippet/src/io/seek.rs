//! Methods on everything that has a place to read or write at.

use futures_io::AsyncSeek;
use std::future::poll_fn;
use std::io::{self, SeekFrom};
use std::pin::Pin;

/// Methods on everything that implements [`AsyncSeek`].
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::{AsyncReadExt, AsyncSeekExt, Cursor, SeekFrom};
/// let mut cursor = Cursor::new(b"0123456789");
/// assert_eq!(cursor.seek(SeekFrom::End(-2)).await?, 8);
/// assert_eq!(cursor.read_u8().await?, b'8');
/// assert_eq!(cursor.stream_position().await?, 9);
/// cursor.rewind().await?;
/// assert_eq!(cursor.read_u8().await?, b'0');
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub trait AsyncSeekExt: AsyncSeek {
    /// Goes to a place, and gives it, counted in bytes from the begin.
    ///
    /// # Errors
    /// `InvalidInput` for a place before the begin; else the stream's.
    ///
    /// # Cancel safety
    /// Dropped, the place is the old one or the new one.
    fn seek(&mut self, place: SeekFrom) -> impl Future<Output = io::Result<u64>> + '_
    where
        Self: Unpin,
    {
        poll_fn(move |cx| Pin::new(&mut *self).poll_seek(cx, place))
    }

    /// Goes to the begin.
    ///
    /// # Errors
    /// The stream's.
    ///
    /// # Cancel safety
    /// As [`seek`](Self::seek).
    fn rewind(&mut self) -> impl Future<Output = io::Result<()>> + '_
    where
        Self: Unpin,
    {
        poll_fn(move |cx| Pin::new(&mut *self).poll_seek(cx, SeekFrom::Start(0)).map_ok(drop))
    }

    /// The place, counted in bytes from the begin.
    ///
    /// # Errors
    /// The stream's.
    ///
    /// # Cancel safety
    /// Cancel safe.
    fn stream_position(&mut self) -> impl Future<Output = io::Result<u64>> + '_
    where
        Self: Unpin,
    {
        self.seek(SeekFrom::Current(0))
    }
}

impl<S: AsyncSeek + ?Sized> AsyncSeekExt for S {}
