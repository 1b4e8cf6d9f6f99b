//! A reader and a writer as one stream.

use futures_io::{AsyncBufRead, AsyncRead, AsyncWrite};
use pin_project_lite::pin_project;
use std::io::{self, IoSlice, IoSliceMut};
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project! {
    /// A reader and a writer as one stream: see [`join`].
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, AsyncWriteExt, BufReader, Join, join};
    /// use whippet::net::unix::pipe::{Receiver, Sender, pipe};
    /// // A stream of two pipes.
    /// let ((sender, theirs), (mut ours, receiver)) = (pipe()?, pipe()?);
    /// let mut stream: Join<Receiver, Sender> = join(receiver, sender);
    /// ours.write_u16(7).await?;
    /// assert_eq!(stream.read_u16().await?, 7);
    /// stream.write_u16(8).await?;
    /// assert_eq!(BufReader::new(theirs).read_u16().await?, 8);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[derive(Debug)]
    pub struct Join<R, W> {
        #[pin]
        reader: R,
        #[pin]
        writer: W,
    }
}

/// A stream that is read from `reader` and written to `writer`: the opposite of [`split`](super::split()).
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::{AsyncReadExt, AsyncWriteExt, join};
/// let mut stream = join(&b"what was said"[..], Vec::new());
/// let mut text = String::new();
/// stream.read_to_string(&mut text).await?;
/// stream.write_all(b"an answer").await?;
/// assert_eq!(text, "what was said");
/// assert_eq!(stream.into_inner().1, b"an answer");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub fn join<R: AsyncRead, W: AsyncWrite>(reader: R, writer: W) -> Join<R, W> {
    Join { reader, writer }
}

impl<R, W> Join<R, W> {
    /// The reader and the writer.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, AsyncWriteExt, join};
    /// let mut stream = join(&b"what was said"[..], Vec::new());
    /// stream.read_exact(&mut [0; 9]).await?;
    /// stream.write_all(b"an answer").await?;
    /// assert_eq!(stream.into_inner(), (&b"said"[..], b"an answer".to_vec()));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn into_inner(self) -> (R, W) {
        (self.reader, self.writer)
    }

    /// The reader.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, join};
    /// let mut stream = join(&b"hello"[..], Vec::new());
    /// assert_eq!(stream.read_u8().await?, b'h');
    /// assert_eq!(stream.reader(), b"ello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn reader(&self) -> &R {
        &self.reader
    }

    /// The writer.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncWriteExt, join};
    /// let mut stream = join(whippet::io::empty(), Vec::new());
    /// stream.write_all(b"hello").await?;
    /// assert_eq!(stream.writer(), b"hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn writer(&self) -> &W {
        &self.writer
    }

    /// The reader.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, join};
    /// let mut stream = join((&b"a long story"[..]).take(6), whippet::io::sink());
    /// let mut words = String::new();
    /// stream.read_to_string(&mut words).await?;
    /// stream.reader_mut().set_limit(4);
    /// stream.read_to_string(&mut words).await?;
    /// assert_eq!(words, "a long sto");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn reader_mut(&mut self) -> &mut R {
        &mut self.reader
    }

    /// The writer.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncWriteExt, join};
    /// let mut stream = join(whippet::io::empty(), Vec::new());
    /// stream.write_all(b"one").await?;
    /// assert_eq!(std::mem::take(stream.writer_mut()), b"one");
    /// stream.write_all(b"two").await?;
    /// assert_eq!(stream.writer(), b"two");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn writer_mut(&mut self) -> &mut W {
        &mut self.writer
    }

    /// The reader, pinned.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::pin::Pin;
    /// use whippet::io::{AsyncReadExt, join};
    /// let mut stream = join(&b"hello"[..], Vec::new());
    /// let mut reader = Pin::new(&mut stream).reader_pin_mut();
    /// assert_eq!(reader.read_u8().await?, b'h');
    /// assert_eq!(stream.read_u8().await?, b'e');
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn reader_pin_mut(self: Pin<&mut Self>) -> Pin<&mut R> {
        self.project().reader
    }

    /// The writer, pinned.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::pin::Pin;
    /// use whippet::io::{AsyncWriteExt, join};
    /// let mut stream = join(whippet::io::empty(), Vec::new());
    /// Pin::new(&mut stream).writer_pin_mut().write_all(b"hello").await?;
    /// assert_eq!(stream.writer(), b"hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn writer_pin_mut(self: Pin<&mut Self>) -> Pin<&mut W> {
        self.project().writer
    }
}

impl<R: AsyncRead, W> AsyncRead for Join<R, W> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.project().reader.poll_read(cx, buffer)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().reader.poll_read_vectored(cx, buffers)
    }
}

impl<R: AsyncBufRead, W> AsyncBufRead for Join<R, W> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.project().reader.poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.project().reader.consume(amount);
    }
}

impl<R, W: AsyncWrite> AsyncWrite for Join<R, W> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().writer.poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().writer.poll_write_vectored(cx, slices)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().writer.poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().writer.poll_close(cx)
    }
}
