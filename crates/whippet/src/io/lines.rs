//! Reading up to a byte, and line by line.

use futures_io::AsyncBufRead;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Methods on everything that implements [`AsyncBufRead`].
pub trait AsyncBufReadExt: AsyncBufRead {
    /// Reads up to and with `delimiter`, or to the end, after what `buffer` holds; gives the count. What the peer
    /// sends before a delimiter is not bounded: bound it before, where the peer is not trusted.
    ///
    /// # Errors
    /// The reader's.
    ///
    /// # Cancel safety
    /// Dropped, what was read stands in `buffer`, and a new call with that buffer goes on: nothing is lost.
    fn read_until<'a>(
        &'a mut self,
        delimiter: u8,
        buffer: &'a mut Vec<u8>,
    ) -> impl Future<Output = io::Result<usize>> + 'a
    where
        Self: Unpin,
    {
        let before = buffer.len();
        poll_fn(move |cx| {
            ready!(poll_until(Pin::new(&mut *self), cx, delimiter, buffer))?;
            Poll::Ready(Ok(buffer.len() - before))
        })
    }

    /// Reads a line with its end, after what `line` holds; gives the count of bytes, 0 at the end.
    ///
    /// # Errors
    /// `InvalidData` when it is not UTF-8; else the reader's.
    ///
    /// # Cancel safety
    /// Not cancel safe: dropped, a part of the line may be lost. Use [`lines`](Self::lines), which keeps it.
    fn read_line<'a>(
        &'a mut self,
        line: &'a mut String,
    ) -> impl Future<Output = io::Result<usize>> + 'a
    where
        Self: Unpin,
    {
        async move {
            let mut bytes = Vec::new();
            let count = self.read_until(b'\n', &mut bytes).await?;
            line.push_str(&text(bytes)?);
            Ok(count)
        }
    }

    /// Lines, one after the other, without their ends.
    fn lines(self) -> Lines<Self>
    where
        Self: Sized,
    {
        Lines { reader: self, partial: Vec::new() }
    }
}

impl<R: AsyncBufRead + ?Sized> AsyncBufReadExt for R {}

/// Lines of a reader: see [`AsyncBufReadExt::lines`].
#[derive(Debug)]
pub struct Lines<R> {
    /// The reader.
    reader: R,
    /// A line whose end was not read yet: it stays when a call is dropped.
    partial: Vec<u8>,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    /// The next line without its LF or CR LF; none at the end. A last line needs no end.
    ///
    /// # Errors
    /// `InvalidData` for a line that is not UTF-8, which is dropped; else the reader's.
    ///
    /// # Cancel safety
    /// Cancel safe: a line that was read in part stays for the next call.
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

/// Reads up to and with `delimiter`, or to the end. What was read before a `Pending` stands in `buffer`.
fn poll_until(
    mut reader: Pin<&mut (impl AsyncBufRead + ?Sized)>,
    cx: &mut Context<'_>,
    delimiter: u8,
    buffer: &mut Vec<u8>,
) -> Poll<io::Result<()>> {
    loop {
        let found = ready!(reader.as_mut().poll_fill_buf(cx))?;
        let end = memchr::memchr(delimiter, found);
        let count = end.map_or(found.len(), |place| place + 1);
        buffer.extend_from_slice(&found[..count]);
        reader.as_mut().consume(count);
        if end.is_some() || count == 0 {
            return Poll::Ready(Ok(()));
        }
    }
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}
