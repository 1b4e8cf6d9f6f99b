//! A reader cut off after a number of bytes.

use futures_io::{AsyncBufRead, AsyncRead};
use pin_project_lite::pin_project;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// Gives at most so many bytes of a reader, then the end: what bounds a `read_to_end` or a line.
    ///
    /// Made by [`AsyncReadExt::take`](super::AsyncReadExt::take).
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::AsyncReadExt;
    /// let mut head = String::new();
    /// (&b"a long story"[..]).take(6).read_to_string(&mut head).await?;
    /// assert_eq!(head, "a long");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[derive(Debug)]
    pub struct Take<R> {
        #[pin]
        inner: R,
        // Bytes that may still be given.
        limit: u64,
    }
}

impl<R> Take<R> {
    pub(super) fn new(inner: R, limit: u64) -> Self {
        Self { inner, limit }
    }

    /// How many bytes may still be read; the end may come before.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::AsyncReadExt;
    /// let mut reader = (&b"a long story"[..]).take(6);
    /// reader.read_exact(&mut [0; 2]).await?;
    /// assert_eq!(reader.limit(), 4);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Sets how many bytes may still be read, whatever was read so far.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::AsyncReadExt;
    /// let mut reader = (&b"a long story"[..]).take(2);
    /// let mut words = String::new();
    /// reader.read_to_string(&mut words).await?;
    /// reader.set_limit(4);
    /// reader.read_to_string(&mut words).await?;
    /// assert_eq!(words, "a long");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn set_limit(&mut self, limit: u64) {
        self.limit = limit;
    }

    /// What is inside.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::AsyncReadExt;
    /// let mut reader = (&b"hello"[..]).take(2);
    /// reader.read_to_end(&mut Vec::new()).await?;
    /// assert_eq!(reader.get_ref(), b"llo");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_ref(&self) -> &R {
        &self.inner
    }

    /// What is inside. Bytes read from it directly are not counted.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::AsyncReadExt;
    /// let mut reader = (&b"hello"[..]).take(2);
    /// assert_eq!(reader.get_mut().read_u8().await?, b'h');
    /// assert_eq!(reader.limit(), 2);
    /// let mut rest = String::new();
    /// reader.read_to_string(&mut rest).await?;
    /// assert_eq!(rest, "el");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.inner
    }

    /// What is inside, pinned. Bytes read from it directly are not counted.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::pin::Pin;
    /// use whippet::io::AsyncReadExt;
    /// let mut reader = (&b"hello"[..]).take(2);
    /// assert_eq!(Pin::new(&mut reader).get_pin_mut().read_u8().await?, b'h');
    /// assert_eq!(reader.limit(), 2);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut R> {
        self.project().inner
    }

    /// What was inside.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::AsyncReadExt;
    /// let mut reader = (&b"a head and a body"[..]).take(6);
    /// let mut head = String::new();
    /// reader.read_to_string(&mut head).await?;
    /// let mut rest = String::new();
    /// reader.into_inner().read_to_string(&mut rest).await?;
    /// assert_eq!((head.as_str(), rest.as_str()), ("a head", " and a body"));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn into_inner(self) -> R {
        self.inner
    }
}

/// The smaller of a length and a limit.
fn min_len(length: usize, limit: u64) -> usize {
    usize::try_from(limit).map_or(length, |limit| length.min(limit))
}

impl<R: AsyncRead> AsyncRead for Take<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.project();
        if *this.limit == 0 {
            // The end is said without asking: the reader might have nothing for a long time.
            return Poll::Ready(Ok(0));
        }
        let max = min_len(buffer.len(), *this.limit);
        let count = ready!(this.inner.poll_read(cx, &mut buffer[..max]))?.min(max);
        *this.limit -= count as u64;
        Poll::Ready(Ok(count))
    }
}

impl<R: AsyncBufRead> AsyncBufRead for Take<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.project();
        if *this.limit == 0 {
            return Poll::Ready(Ok(&[]));
        }
        let found = ready!(this.inner.poll_fill_buf(cx))?;
        Poll::Ready(Ok(&found[..min_len(found.len(), *this.limit)]))
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        let this = self.project();
        let amount = min_len(amount, *this.limit);
        *this.limit -= amount as u64;
        this.inner.consume(amount);
    }
}
