//! A writer with a buffer.

use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};
use pin_project_lite::pin_project;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Bytes of the buffer unless set otherwise: two pages, as std's and tokio's.
const CAPACITY: usize = 8192;

pin_project! {
    /// Gathers small writes, and writes them in large chunks.
    ///
    /// What is in the buffer is written when it is full, by `flush`, by `shutdown` and before a `seek`; dropping it writes
    /// nothing.
    /// Reading goes straight through to what is inside, so that `BufReader<BufWriter<TcpStream>>` buffers both ways.
    ///
    /// # Cancel safety
    /// A `write` that is dropped has taken nothing of what it was to write. A `flush` or a `seek` that is dropped has lost
    /// nothing.
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
    pub struct BufWriter<W> {
        #[pin]
        inner: W,
        // What was taken, up to `capacity` bytes.
        buffer: Vec<u8>,
        // How much of it is written; it is cleared when all is.
        written: usize,
        // Bytes that it takes at most.
        capacity: usize,
    }
}

impl<W> BufWriter<W> {
    /// The buffer around something else, and what was inside.
    pub(super) fn replace_inner<T>(self, inner: T) -> (BufWriter<T>, W) {
        let Self { inner: former, buffer, written, capacity } = self;
        (BufWriter { inner, buffer, written, capacity }, former)
    }
}

impl<W: AsyncWrite> BufWriter<W> {
    /// A writer with a buffer of 8 KiB.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncWriteExt, BufWriter};
    /// let mut writer = BufWriter::new(Vec::new());
    /// for number in 0..3 {
    ///     writer.write_u8(number).await?;
    /// }
    /// writer.flush().await?;
    /// assert_eq!(writer.into_inner(), [0, 1, 2]);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn new(inner: W) -> Self {
        Self::with_capacity(CAPACITY, inner)
    }

    /// A writer with a buffer of so many bytes.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncWriteExt, BufWriter};
    /// let mut writer = BufWriter::with_capacity(4, Vec::new());
    /// writer.write_all(b"abc").await?;
    /// assert!(writer.get_ref().is_empty());
    /// // No space for both: the first goes on its way.
    /// writer.write_all(b"def").await?;
    /// assert_eq!(writer.get_ref(), b"abc");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn with_capacity(capacity: usize, inner: W) -> Self {
        Self { inner, buffer: Vec::with_capacity(capacity), written: 0, capacity }
    }

    /// What is inside.
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
    pub fn get_ref(&self) -> &W {
        &self.inner
    }

    /// What is inside. Writing to it directly overtakes the buffer.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncWriteExt, BufWriter};
    /// let mut writer = BufWriter::new(Vec::new());
    /// writer.write_all(b"late").await?;
    /// writer.get_mut().write_all(b"early, ").await?;
    /// writer.flush().await?;
    /// assert_eq!(writer.get_ref(), b"early, late");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_mut(&mut self) -> &mut W {
        &mut self.inner
    }

    /// What is inside, pinned. Writing to it directly overtakes the buffer.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::pin::Pin;
    /// use whippet::io::{AsyncReadExt, AsyncWriteExt, BufWriter};
    /// let (near, mut far) = whippet::io::duplex(64);
    /// far.write_all(b"hello").await?;
    /// let mut near = BufWriter::new(near);
    /// let mut word = [0; 5];
    /// Pin::new(&mut near).get_pin_mut().read_exact(&mut word).await?;
    /// assert_eq!(&word, b"hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut W> {
        self.project().inner
    }

    /// What was inside. What the buffer holds is lost: flush it before.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncWriteExt, BufWriter};
    /// let mut writer = BufWriter::new(Vec::new());
    /// writer.write_all(b"kept").await?;
    /// writer.flush().await?;
    /// writer.write_all(b"lost").await?;
    /// assert_eq!(writer.into_inner(), b"kept");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn into_inner(self) -> W {
        self.inner
    }

    /// What was taken and not written yet.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncWriteExt, BufWriter};
    /// let mut writer = BufWriter::new(Vec::new());
    /// writer.write_all(b"hello").await?;
    /// assert_eq!(writer.buffer(), b"hello");
    /// writer.flush().await?;
    /// assert!(writer.buffer().is_empty());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn buffer(&self) -> &[u8] {
        &self.buffer[self.written..]
    }

    /// Writes the buffer out. A poll that is pending, or fails, keeps what was not written.
    fn poll_flush_buffer(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut this = self.project();
        while *this.written < this.buffer.len() {
            let rest = &this.buffer[*this.written..];
            match ready!(this.inner.as_mut().poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => *this.written += count,
            }
        }
        this.buffer.clear();
        *this.written = 0;
        Poll::Ready(Ok(()))
    }

    /// Whether so many more bytes exceed the buffer.
    fn would_overflow(&self, length: usize) -> bool {
        self.buffer.len().saturating_add(length) > self.capacity
    }
}

impl<W: AsyncWrite> AsyncWrite for BufWriter<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.would_overflow(bytes.len()) {
            ready!(self.as_mut().poll_flush_buffer(cx))?;
        }
        let this = self.project();
        if bytes.len() >= *this.capacity {
            // As much as the buffer would hold: the copy is spared.
            return this.inner.poll_write(cx, bytes);
        }
        this.buffer.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let total = slices.iter().fold(0_usize, |sum, slice| sum.saturating_add(slice.len()));
        if self.would_overflow(total) {
            ready!(self.as_mut().poll_flush_buffer(cx))?;
        }
        let this = self.project();
        if total >= *this.capacity {
            return this.inner.poll_write_vectored(cx, slices);
        }
        for slice in slices {
            this.buffer.extend_from_slice(slice);
        }
        Poll::Ready(Ok(total))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush_buffer(cx))?;
        self.project().inner.poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush_buffer(cx))?;
        self.project().inner.poll_close(cx)
    }
}

impl<W: AsyncWrite + AsyncSeek> AsyncSeek for BufWriter<W> {
    fn poll_seek(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        position: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        // What was taken belongs to the position before.
        ready!(self.as_mut().poll_flush_buffer(cx))?;
        self.project().inner.poll_seek(cx, position)
    }
}

impl<W: AsyncWrite + AsyncRead> AsyncRead for BufWriter<W> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_read(cx, buffer)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_read_vectored(cx, buffers)
    }
}

impl<W: AsyncWrite + AsyncBufRead> AsyncBufRead for BufWriter<W> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.project().inner.poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.project().inner.consume(amount);
    }
}

impl<W: fmt::Debug> fmt::Debug for BufWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BufWriter")
            .field("inner", &self.inner)
            .field("buffered", &(self.buffer.len() - self.written))
            .finish_non_exhaustive()
    }
}
