//! A stream with a buffer each way.

use super::{BufReader, BufWriter};
use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};
use pin_project_lite::pin_project;
use std::io::{self, IoSlice, IoSliceMut, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project! {
    /// A stream with a buffer each way: a [`BufReader`] around a [`BufWriter`]. Seeking writes what was written, and throws
    /// away what was read ahead.
    ///
    /// # Cancel safety
    /// As of those two.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
    /// let (near, mut far) = whippet::io::duplex(64);
    /// far.write_all(b"a line\n").await?;
    /// let mut near = BufStream::new(near);
    /// let mut line = String::new();
    /// near.read_line(&mut line).await?;
    /// near.write_all(line.as_bytes()).await?;
    /// near.flush().await?;
    /// assert_eq!(line, "a line\n");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[derive(Debug)]
    pub struct BufStream<S> {
        #[pin]
        inner: BufReader<BufWriter<S>>,
    }
}

impl<S: AsyncRead + AsyncWrite> BufStream<S> {
    /// A stream with a buffer of 8 KiB each way.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, AsyncWriteExt, BufStream};
    /// let (near, mut far) = whippet::io::duplex(64);
    /// let mut near = BufStream::new(near);
    /// near.write_u16(7).await?;
    /// near.write_u16(8).await?;
    /// near.flush().await?;
    /// assert_eq!(far.read_u32().await?, 0x0007_0008);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn new(stream: S) -> Self {
        Self { inner: BufReader::new(BufWriter::new(stream)) }
    }

    /// A stream with buffers of so many bytes.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
    /// let (near, mut far) = whippet::io::duplex(64);
    /// far.write_all(b"hello").await?;
    /// let mut near = BufStream::with_capacity(4, 1024, near);
    /// assert_eq!(near.fill_buf().await?, b"hell");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn with_capacity(reader_capacity: usize, writer_capacity: usize, stream: S) -> Self {
        let writer = BufWriter::with_capacity(writer_capacity, stream);
        Self { inner: BufReader::with_capacity(reader_capacity, writer) }
    }

    /// What is inside.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncWriteExt, BufStream, join};
    /// let mut stream = BufStream::new(join(whippet::io::empty(), Vec::new()));
    /// stream.write_all(b"hello").await?;
    /// // It is in the buffer.
    /// assert!(stream.get_ref().writer().is_empty());
    /// stream.flush().await?;
    /// assert_eq!(stream.get_ref().writer(), b"hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_ref(&self) -> &S {
        self.inner.get_ref().get_ref()
    }

    /// What is inside. Reading or writing it directly passes the buffers by.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, AsyncWriteExt, BufStream};
    /// let (near, mut far) = whippet::io::duplex(64);
    /// let mut near = BufStream::new(near);
    /// near.write_all(b"late").await?;
    /// near.get_mut().write_all(b"early, ").await?;
    /// near.shutdown().await?;
    /// let mut words = String::new();
    /// far.read_to_string(&mut words).await?;
    /// assert_eq!(words, "early, late");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_mut(&mut self) -> &mut S {
        self.inner.get_mut().get_mut()
    }

    /// What is inside, pinned. Reading or writing it directly passes the buffers by.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::pin::Pin;
    /// use whippet::io::{AsyncReadExt, AsyncWriteExt, BufStream};
    /// let (near, mut far) = whippet::io::duplex(64);
    /// let mut near = BufStream::new(near);
    /// Pin::new(&mut near).get_pin_mut().write_all(b"ping").await?;
    /// let mut question = [0; 4];
    /// far.read_exact(&mut question).await?;
    /// assert_eq!(&question, b"ping");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut S> {
        self.project().inner.get_pin_mut().get_pin_mut()
    }

    /// What was inside. What the buffers hold is lost.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncWriteExt, BufStream, join};
    /// let mut stream = BufStream::new(join(whippet::io::empty(), Vec::new()));
    /// stream.write_all(b"kept").await?;
    /// stream.flush().await?;
    /// stream.write_all(b"lost").await?;
    /// let (_reader, written) = stream.into_inner().into_inner();
    /// assert_eq!(written, b"kept");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn into_inner(self) -> S {
        self.inner.into_inner().into_inner()
    }
}

impl<S: AsyncRead + AsyncWrite> AsyncRead for BufStream<S> {
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

impl<S: AsyncRead + AsyncWrite> AsyncBufRead for BufStream<S> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.project().inner.poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.project().inner.consume(amount);
    }
}

impl<S: AsyncRead + AsyncWrite> AsyncWrite for BufStream<S> {
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

impl<S> From<BufReader<BufWriter<S>>> for BufStream<S> {
    fn from(inner: BufReader<BufWriter<S>>) -> Self {
        Self { inner }
    }
}

impl<S> From<BufWriter<BufReader<S>>> for BufStream<S> {
    /// The same stream with both buffers and what is in them.
    fn from(inner: BufWriter<BufReader<S>>) -> Self {
        let (writer, reader) = inner.replace_inner(());
        let (reader, stream) = reader.replace_inner(());
        let (writer, ()) = writer.replace_inner(stream);
        let (inner, ()) = reader.replace_inner(writer);
        Self { inner }
    }
}

impl<S: AsyncRead + AsyncWrite + AsyncSeek> AsyncSeek for BufStream<S> {
    fn poll_seek(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        position: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        self.project().inner.poll_seek(cx, position)
    }
}
