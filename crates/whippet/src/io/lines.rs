//! The lines of a reader.

use super::until::{poll_until, text};
use futures_io::AsyncBufRead;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Lines of a reader: see [`AsyncBufReadExt::lines`](super::AsyncBufReadExt::lines).
#[derive(Debug)]
pub struct Lines<R> {
    /// The reader.
    reader: R,
    /// A line whose end was not read yet: it stays when a call is dropped.
    partial: Vec<u8>,
}

impl<R: AsyncBufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, partial: Vec::new() }
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
        poll_fn(|cx| self.poll_next_line(cx)).await
    }

    /// Polls for the next line: see [`Lines::next_line`].
    ///
    /// # Errors
    /// As [`Lines::next_line`].
    pub fn poll_next_line(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<String>>> {
        ready!(poll_until(Pin::new(&mut self.reader), cx, b'\n', &mut self.partial))?;
        let mut line = std::mem::take(&mut self.partial);
        if line.is_empty() {
            return Poll::Ready(Ok(None));
        }
        if line.last() == Some(&b'\n') {
            line.pop();
            if line.last() == Some(&b'\r') {
                line.pop();
            }
        }
        Poll::Ready(text(line).map(Some))
    }

    /// The reader.
    pub fn get_ref(&self) -> &R {
        &self.reader
    }

    /// The reader. Reading from it takes lines away.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.reader
    }

    /// The reader. A line that was read in part is lost.
    pub fn into_inner(self) -> R {
        self.reader
    }
}
