//! A reader cut at each occurrence of a byte.

use super::read_until::poll_read_until;
use futures_io::AsyncBufRead;
use pin_project_lite::pin_project;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// Segments of a reader: see [`AsyncBufReadExt::split`](super::AsyncBufReadExt::split).
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncBufReadExt, BufReader};
    /// let mut fields = BufReader::new(&b"root:x:0"[..]).split(b':');
    /// let mut found = Vec::new();
    /// while let Some(field) = fields.next_segment().await? {
    ///     found.push(field);
    /// }
    /// assert_eq!(found, [&b"root"[..], b"x", b"0"]);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[derive(Debug)]
    pub struct Split<R> {
        // The reader.
        #[pin]
        reader: R,
        // The byte that ends a segment.
        delimiter: u8,
        // A segment whose end was not read yet: it stays when a call is dropped.
        partial: Vec<u8>,
    }
}

impl<R: AsyncBufRead> Split<R> {
    pub(super) fn new(reader: R, delimiter: u8) -> Self {
        Self { reader, delimiter, partial: Vec::new() }
    }

    /// Polls for the next segment: see [`Split::next_segment`]. The reader need not be `Unpin`, so this is what a stream of
    /// segments is made of.
    ///
    /// # Errors
    /// As [`Split::next_segment`].
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::{future::poll_fn, pin::Pin, task::Poll};
    /// use whippet::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, duplex};
    /// let (near, mut far) = duplex(64);
    /// let mut words = BufReader::new(near).split(b' ');
    /// far.write_all(b"he").await?;
    /// assert!(poll_fn(|cx| Poll::Ready(Pin::new(&mut words).poll_next_segment(cx).is_pending())).await);
    /// far.write_all(b"llo ").await?;
    /// let word = poll_fn(|cx| Pin::new(&mut words).poll_next_segment(cx)).await?;
    /// assert_eq!(word.as_deref(), Some(&b"hello"[..]));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn poll_next_segment(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Option<Vec<u8>>>> {
        let this = self.project();
        ready!(poll_read_until(this.reader, cx, *this.delimiter, this.partial))?;
        let mut segment = std::mem::take(this.partial);
        if segment.is_empty() {
            return Poll::Ready(Ok(None));
        }
        if segment.last() == Some(this.delimiter) {
            segment.pop();
        }
        Poll::Ready(Ok(Some(segment)))
    }
}

impl<R: AsyncBufRead + Unpin> Split<R> {
    /// The next segment without its delimiter; none at the end. A last segment needs no delimiter.
    ///
    /// # Errors
    /// The reader's.
    ///
    /// # Cancel safety
    /// Cancel safe: a segment that was read in part stays for the next call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncBufReadExt, BufReader};
    /// let mut words = BufReader::new(&b"one  two"[..]).split(b' ');
    /// assert_eq!(words.next_segment().await?.as_deref(), Some(&b"one"[..]));
    /// assert_eq!(words.next_segment().await?.as_deref(), Some(&b""[..]));
    /// assert_eq!(words.next_segment().await?.as_deref(), Some(&b"two"[..]));
    /// assert_eq!(words.next_segment().await?, None);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn next_segment(&mut self) -> io::Result<Option<Vec<u8>>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next_segment(cx)).await
    }
}
