//! Methods on everything that has a position to read or write at.

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
    /// Moves to a position, and returns it, counted in bytes from the start.
    ///
    /// # Errors
    /// `InvalidInput` for a position before the start; else the stream's.
    ///
    /// # Cancel safety
    /// Dropped, the position is the old one or the new one.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, AsyncSeekExt, Cursor, SeekFrom};
    /// let mut cursor = Cursor::new(b"0123456789");
    /// assert_eq!(cursor.seek(SeekFrom::Start(4)).await?, 4);
    /// assert_eq!(cursor.read_u8().await?, b'4');
    /// assert_eq!(cursor.seek(SeekFrom::Current(-1)).await?, 4);
    /// let before = cursor.seek(SeekFrom::End(-11)).await.unwrap_err();
    /// assert_eq!(before.kind(), std::io::ErrorKind::InvalidInput);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn seek(&mut self, position: SeekFrom) -> impl Future<Output = io::Result<u64>> + '_
    where
        Self: Unpin,
    {
        poll_fn(move |cx| Pin::new(&mut *self).poll_seek(cx, position))
    }

    /// Goes to the begin.
    ///
    /// # Errors
    /// The stream's.
    ///
    /// # Cancel safety
    /// As [`seek`](Self::seek).
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, AsyncSeekExt, Cursor};
    /// let mut cursor = Cursor::new(b"hello");
    /// cursor.read_to_end(&mut Vec::new()).await?;
    /// cursor.rewind().await?;
    /// assert_eq!(cursor.read_u8().await?, b'h');
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn rewind(&mut self) -> impl Future<Output = io::Result<()>> + '_
    where
        Self: Unpin,
    {
        poll_fn(move |cx| Pin::new(&mut *self).poll_seek(cx, SeekFrom::Start(0)).map_ok(drop))
    }

    /// The position, counted in bytes from the start.
    ///
    /// # Errors
    /// The stream's.
    ///
    /// # Cancel safety
    /// Cancel safe.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, AsyncSeekExt, Cursor};
    /// let mut cursor = Cursor::new(b"hello");
    /// cursor.read_exact(&mut [0; 3]).await?;
    /// assert_eq!(cursor.stream_position().await?, 3);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn stream_position(&mut self) -> impl Future<Output = io::Result<u64>> + '_
    where
        Self: Unpin,
    {
        self.seek(SeekFrom::Current(0))
    }
}

impl<S: AsyncSeek + ?Sized> AsyncSeekExt for S {}
