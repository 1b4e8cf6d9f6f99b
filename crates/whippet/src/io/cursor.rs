//! Bytes in memory with a position to read and write at.

use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};
use std::io::{self, BufRead, IoSlice, IoSliceMut, Read, Seek, SeekFrom, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Bytes in memory, read, written and sought as a stream.
///
/// It is [`std::io::Cursor`] with `futures-io`'s traits, which that type itself does not have. What std's can write to
/// (a `Vec<u8>` grows, a slice or an array does not), it can write to.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::{AsyncReadExt, AsyncWriteExt, Cursor};
/// let mut cursor = Cursor::new(Vec::new());
/// cursor.write_u16(7).await?;
/// cursor.set_position(0);
/// assert_eq!(cursor.read_u16().await?, 7);
/// assert_eq!(cursor.into_inner(), [0, 7]);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cursor<T>(io::Cursor<T>);

impl<T> Cursor<T> {
    /// A cursor at the begin of `inner`.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, Cursor};
    /// let mut cursor = Cursor::new([0, 7]);
    /// assert_eq!(cursor.position(), 0);
    /// assert_eq!(cursor.read_u16().await?, 7);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub const fn new(inner: T) -> Self {
        Self(io::Cursor::new(inner))
    }

    /// What is inside.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncWriteExt, Cursor};
    /// let mut cursor = Cursor::new(Vec::new());
    /// cursor.write_all(b"hello").await?;
    /// assert_eq!(cursor.get_ref(), b"hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub const fn get_ref(&self) -> &T {
        self.0.get_ref()
    }

    /// What is inside. The position stays, beyond the end too.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, Cursor};
    /// let mut cursor = Cursor::new(b"hello".to_vec());
    /// cursor.read_exact(&mut [0; 5]).await?;
    /// cursor.get_mut().extend(b", world");
    /// let mut rest = String::new();
    /// cursor.read_to_string(&mut rest).await?;
    /// assert_eq!(rest, ", world");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub const fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }

    /// What was inside.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncWriteExt, Cursor};
    /// let mut cursor = Cursor::new([0; 4]);
    /// cursor.write_u16(0x0102).await?;
    /// assert_eq!(cursor.into_inner(), [1, 2, 0, 0]);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }

    /// The position, counted in bytes from the start.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, Cursor};
    /// let mut cursor = Cursor::new(b"hello");
    /// cursor.read_exact(&mut [0; 3]).await?;
    /// assert_eq!(cursor.position(), 3);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub const fn position(&self) -> u64 {
        self.0.position()
    }

    /// Moves to a position, which may be beyond the end.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, Cursor};
    /// let mut cursor = Cursor::new(b"hello");
    /// cursor.set_position(4);
    /// assert_eq!(cursor.read_u8().await?, b'o');
    /// // Beyond the end there is nothing.
    /// cursor.set_position(10);
    /// assert_eq!(cursor.read(&mut [0; 8]).await?, 0);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub const fn set_position(&mut self, position: u64) {
        self.0.set_position(position);
    }
}

impl<T: AsRef<[u8]> + Unpin> AsyncRead for Cursor<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.get_mut().0.read(buffer))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.get_mut().0.read_vectored(buffers))
    }
}

impl<T: AsRef<[u8]> + Unpin> AsyncBufRead for Cursor<T> {
    fn poll_fill_buf(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        Poll::Ready(self.get_mut().0.fill_buf())
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.get_mut().0.consume(amount);
    }
}

impl<T: AsRef<[u8]> + Unpin> AsyncSeek for Cursor<T> {
    fn poll_seek(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        position: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        Poll::Ready(self.get_mut().0.seek(position))
    }
}

impl<T: Unpin> AsyncWrite for Cursor<T>
where
    io::Cursor<T>: Write,
{
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.get_mut().0.write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.get_mut().0.write_vectored(slices))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
