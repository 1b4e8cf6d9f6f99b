//! Two readers, one after the other.

use futures_io::{AsyncBufRead, AsyncRead};
use pin_project_lite::pin_project;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// Reads one reader to its end, then another.
    ///
    /// Made by [`AsyncReadExt::chain`](super::AsyncReadExt::chain).
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::AsyncReadExt;
    /// let mut text = String::new();
    /// (&b"one, "[..]).chain(&b"two"[..]).read_to_string(&mut text).await?;
    /// assert_eq!(text, "one, two");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[derive(Debug)]
    pub struct Chain<A, B> {
        #[pin]
        first: A,
        #[pin]
        second: B,
        // Whether the first has said its end: it is not asked again.
        first_ended: bool,
    }
}

impl<A, B> Chain<A, B> {
    pub(super) fn new(first: A, second: B) -> Self {
        Self { first, second, first_ended: false }
    }

    /// Both readers.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::AsyncReadExt;
    /// let mut reader = (&b"one"[..]).chain(&b"two"[..]);
    /// reader.read_exact(&mut [0; 4]).await?;
    /// let (first, second) = reader.get_ref();
    /// assert_eq!((*first, *second), (&b""[..], &b"wo"[..]));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_ref(&self) -> (&A, &B) {
        (&self.first, &self.second)
    }

    /// Both readers.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::AsyncReadExt;
    /// let mut reader = (&b"one"[..]).chain(&b"two"[..]);
    /// let (_first, second) = reader.get_mut();
    /// *second = b"three";
    /// let mut words = String::new();
    /// reader.read_to_string(&mut words).await?;
    /// assert_eq!(words, "onethree");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_mut(&mut self) -> (&mut A, &mut B) {
        (&mut self.first, &mut self.second)
    }

    /// Both readers, pinned.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::pin::Pin;
    /// use whippet::io::AsyncReadExt;
    /// let mut reader = (&b"one"[..]).chain(&b"two"[..]);
    /// let (_first, mut second) = Pin::new(&mut reader).get_pin_mut();
    /// assert_eq!(second.read_u8().await?, b't');
    /// let mut words = String::new();
    /// reader.read_to_string(&mut words).await?;
    /// assert_eq!(words, "onewo");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_pin_mut(self: Pin<&mut Self>) -> (Pin<&mut A>, Pin<&mut B>) {
        let this = self.project();
        (this.first, this.second)
    }

    /// Both readers.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::AsyncReadExt;
    /// let mut reader = (&b"one"[..]).chain(&b"two"[..]);
    /// assert_eq!(reader.read_u8().await?, b'o');
    /// assert_eq!(reader.into_inner(), (&b"ne"[..], &b"two"[..]));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn into_inner(self) -> (A, B) {
        (self.first, self.second)
    }
}

impl<A: AsyncRead, B: AsyncRead> AsyncRead for Chain<A, B> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.project();
        if !*this.first_ended {
            let count = ready!(this.first.poll_read(cx, buffer))?;
            if count > 0 || buffer.is_empty() {
                return Poll::Ready(Ok(count));
            }
            *this.first_ended = true;
        }
        this.second.poll_read(cx, buffer)
    }
}

impl<A: AsyncBufRead, B: AsyncBufRead> AsyncBufRead for Chain<A, B> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.project();
        if !*this.first_ended {
            let found = ready!(this.first.poll_fill_buf(cx))?;
            if !found.is_empty() {
                return Poll::Ready(Ok(found));
            }
            *this.first_ended = true;
        }
        this.second.poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        let this = self.project();
        match *this.first_ended {
            false => this.first.consume(amount),
            true => this.second.consume(amount),
        }
    }
}
