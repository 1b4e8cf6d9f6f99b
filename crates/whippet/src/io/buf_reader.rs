//! A reader with a buffer.

use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};
use pin_project_lite::pin_project;
use std::fmt;
use std::io::{self, IoSlice, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Bytes of the buffer unless set otherwise: two pages, as std's and tokio's.
const CAPACITY: usize = 8192;

pin_project! {
    /// Reads a reader in large chunks, and returns them in small ones.
    ///
    /// Writing goes straight through to what is inside. Seeking counts from what was given out, and throws the buffer away, so
    /// that what is inside is at the position that it returns.
    ///
    /// # Cancel safety
    /// A `read` or a `fill_buf` that is dropped loses nothing. After a `seek` that is dropped the buffer may be of another
    /// position: seek again before reading.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncBufReadExt, BufReader};
    /// let mut lines = BufReader::new(&b"one\ntwo\n"[..]).lines();
    /// assert_eq!(lines.next_line().await?.as_deref(), Some("one"));
    /// assert_eq!(lines.next_line().await?.as_deref(), Some("two"));
    /// assert_eq!(lines.next_line().await?, None);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub struct BufReader<R> {
        #[pin]
        inner: R,
        // What was read, in the bytes from `start` to `end`.
        buffer: Box<[u8]>,
        start: usize,
        end: usize,
    }
}

impl<R> BufReader<R> {
    /// The buffer around something else, and what was inside.
    pub(super) fn replace_inner<T>(self, inner: T) -> (BufReader<T>, R) {
        let Self { inner: former, buffer, start, end } = self;
        (BufReader { inner, buffer, start, end }, former)
    }
}

impl<R: AsyncRead> BufReader<R> {
    /// A reader with a buffer of 8 KiB.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncBufReadExt, BufReader};
    /// let mut reader = BufReader::new(&b"a line\nand more"[..]);
    /// let mut line = String::new();
    /// assert_eq!(reader.read_line(&mut line).await?, 7);
    /// assert_eq!(line, "a line\n");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn new(inner: R) -> Self {
        Self::with_capacity(CAPACITY, inner)
    }

    /// A reader with a buffer of so many bytes.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncBufReadExt, BufReader};
    /// let mut reader = BufReader::with_capacity(4, &b"hello"[..]);
    /// assert_eq!(reader.fill_buf().await?, b"hell");
    /// reader.consume(4);
    /// assert_eq!(reader.fill_buf().await?, b"o");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn with_capacity(capacity: usize, inner: R) -> Self {
        Self { inner, buffer: vec![0; capacity].into_boxed_slice(), start: 0, end: 0 }
    }

    /// What is inside.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, BufReader};
    /// let mut reader = BufReader::with_capacity(4, &b"hello"[..]);
    /// assert_eq!(reader.read_u8().await?, b'h');
    /// // What is in the buffer was taken out of it.
    /// assert_eq!(reader.get_ref(), b"o");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_ref(&self) -> &R {
        &self.inner
    }

    /// What is inside. Reading from it directly passes the buffer by.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, AsyncWriteExt, BufReader};
    /// let (near, mut far) = whippet::io::duplex(64);
    /// let mut near = BufReader::new(near);
    /// near.get_mut().write_all(b"ping").await?;
    /// let mut question = [0; 4];
    /// far.read_exact(&mut question).await?;
    /// assert_eq!(&question, b"ping");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.inner
    }

    /// What is inside, pinned. Reading from it directly passes the buffer by.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::pin::Pin;
    /// use whippet::io::{AsyncReadExt, BufReader};
    /// let mut reader = BufReader::with_capacity(4, &b"hello"[..]);
    /// assert_eq!(reader.read_u8().await?, b'h');
    /// let mut inner = Pin::new(&mut reader).get_pin_mut();
    /// // It passes the buffer by.
    /// assert_eq!(inner.read_u8().await?, b'o');
    /// assert_eq!(reader.read_u8().await?, b'e');
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut R> {
        self.project().inner
    }

    /// What was inside. What the buffer holds is lost: see [`BufReader::buffer`].
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, BufReader};
    /// let mut reader = BufReader::with_capacity(4, &b"hello"[..]);
    /// assert_eq!(reader.read_u8().await?, b'h');
    /// assert_eq!(reader.buffer(), b"ell");
    /// assert_eq!(reader.into_inner(), b"o");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn into_inner(self) -> R {
        self.inner
    }

    /// What was read and not given out yet.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, BufReader};
    /// let mut reader = BufReader::new(&b"hello"[..]);
    /// assert_eq!(reader.buffer(), b"");
    /// assert_eq!(reader.read_u8().await?, b'h');
    /// assert_eq!(reader.buffer(), b"ello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn buffer(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }
}

impl<R: AsyncRead> AsyncBufRead for BufReader<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.project();
        if *this.start == *this.end {
            let count = ready!(this.inner.poll_read(cx, this.buffer))?;
            (*this.start, *this.end) = (0, count);
        }
        Poll::Ready(Ok(&this.buffer[*this.start..*this.end]))
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        let this = self.project();
        *this.start = (*this.start + amount).min(*this.end);
    }
}

impl<R: AsyncRead> AsyncRead for BufReader<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if self.start == self.end && out.len() >= self.buffer.len() {
            // As much as the buffer would hold: the copy is spared.
            return self.project().inner.poll_read(cx, out);
        }
        let found = ready!(self.as_mut().poll_fill_buf(cx))?;
        let count = found.len().min(out.len());
        out[..count].copy_from_slice(&found[..count]);
        self.consume(count);
        Poll::Ready(Ok(count))
    }
}

impl<R: AsyncRead + AsyncSeek> AsyncSeek for BufReader<R> {
    fn poll_seek(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        position: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        let mut this = self.project();
        let mut position = position;
        if let SeekFrom::Current(offset) = position {
            // The reader inside is ahead by what is in the buffer.
            let ahead = i64::try_from(*this.end - *this.start).unwrap_or(i64::MAX);
            if let Some(offset) = offset.checked_sub(ahead) {
                position = SeekFrom::Current(offset);
            } else {
                // Too far back for one step: first to where its owner is. A poll that comes after it finds no buffer, and
                // goes on with the second.
                ready!(this.inner.as_mut().poll_seek(cx, SeekFrom::Current(-ahead)))?;
                (*this.start, *this.end) = (0, 0);
            }
        }
        let position = ready!(this.inner.poll_seek(cx, position))?;
        (*this.start, *this.end) = (0, 0);
        Poll::Ready(Ok(position))
    }
}

impl<R: AsyncRead + AsyncWrite> AsyncWrite for BufReader<R> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write_vectored(cx, slices)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_close(cx)
    }
}

impl<R: fmt::Debug> fmt::Debug for BufReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BufReader")
            .field("inner", &self.inner)
            .field("buffered", &(self.end - self.start))
            .finish_non_exhaustive()
    }
}
