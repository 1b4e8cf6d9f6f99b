//! The lines of a reader.

use super::read_until::{into_string, poll_read_until};
use futures_io::AsyncBufRead;
use pin_project_lite::pin_project;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// Lines of a reader: see [`AsyncBufReadExt::lines`](super::AsyncBufReadExt::lines).
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncBufReadExt, BufReader};
    /// let mut lines = BufReader::new(&b"one\ntwo\r\nthree"[..]).lines();
    /// let mut words = Vec::new();
    /// while let Some(line) = lines.next_line().await? {
    ///     words.push(line);
    /// }
    /// assert_eq!(words, ["one", "two", "three"]);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[derive(Debug)]
    pub struct Lines<R> {
        // The reader.
        #[pin]
        reader: R,
        // A line whose end was not read yet: it stays when a call is dropped.
        partial: Vec<u8>,
    }
}

impl<R: AsyncBufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, partial: Vec::new() }
    }

    /// Polls for the next line: see [`Lines::next_line`]. The reader need not be `Unpin`, so this is what a stream of lines is
    /// made of.
    ///
    /// # Errors
    /// As [`Lines::next_line`].
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::{future::poll_fn, pin::Pin, task::Poll};
    /// use whippet::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, duplex};
    /// let (near, mut far) = duplex(64);
    /// let mut lines = BufReader::new(near).lines();
    /// far.write_all(b"half").await?;
    /// assert!(poll_fn(|cx| Poll::Ready(Pin::new(&mut lines).poll_next_line(cx).is_pending())).await);
    /// far.write_all(b" and half\n").await?;
    /// let line = poll_fn(|cx| Pin::new(&mut lines).poll_next_line(cx)).await?;
    /// assert_eq!(line.as_deref(), Some("half and half"));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn poll_next_line(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Option<String>>> {
        let this = self.project();
        ready!(poll_read_until(this.reader, cx, b'\n', this.partial))?;
        let mut line = std::mem::take(this.partial);
        if line.is_empty() {
            return Poll::Ready(Ok(None));
        }
        if line.last() == Some(&b'\n') {
            line.pop();
            if line.last() == Some(&b'\r') {
                line.pop();
            }
        }
        Poll::Ready(into_string(line).map(Some))
    }
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    /// The next line without its LF or CR LF; none at the end. A last line needs no end.
    ///
    /// # Errors
    /// `InvalidData` for a line that is not UTF-8, which is dropped; else the reader's.
    ///
    /// # Cancel safety
    /// Cancel safe: a line that was read in part stays for the next call.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncBufReadExt, BufReader};
    /// let mut lines = BufReader::new(&b"one\r\ntwo"[..]).lines();
    /// assert_eq!(lines.next_line().await?.as_deref(), Some("one"));
    /// assert_eq!(lines.next_line().await?.as_deref(), Some("two"));
    /// assert_eq!(lines.next_line().await?, None);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn next_line(&mut self) -> io::Result<Option<String>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next_line(cx)).await
    }

    /// The reader.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncBufReadExt, BufReader};
    /// let mut lines = BufReader::new(&b"one\ntwo\n"[..]).lines();
    /// lines.next_line().await?;
    /// assert_eq!(lines.get_ref().buffer(), b"two\n");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_ref(&self) -> &R {
        &self.reader
    }

    /// The reader. Reading from it takes lines away.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncBufReadExt, AsyncReadExt};
    /// // A line of 8 bytes at the most.
    /// let mut lines = (&b"short\na line without an end"[..]).take(8).lines();
    /// assert_eq!(lines.next_line().await?.as_deref(), Some("short"));
    /// lines.get_mut().set_limit(8);
    /// assert_eq!(lines.next_line().await?.as_deref(), Some("a line w"));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.reader
    }

    /// The reader. A line that was read in part is lost.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
    /// let mut lines = BufReader::new(&b"a header\nthen bytes"[..]).lines();
    /// assert_eq!(lines.next_line().await?.as_deref(), Some("a header"));
    /// let mut rest = Vec::new();
    /// lines.into_inner().read_to_end(&mut rest).await?;
    /// assert_eq!(rest, b"then bytes");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn into_inner(self) -> R {
        self.reader
    }
}
