//! Methods on everything that has a buffer to be read.

use super::fill_buf::FillBuf;
use super::lines::Lines;
use super::read_until::poll_read_until;
use super::split_delimited::Split;
use super::utf8_guard::Utf8Guard;
use futures_io::AsyncBufRead;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::{Poll, ready};

/// Methods on everything that implements [`AsyncBufRead`].
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::{AsyncBufReadExt, BufReader};
/// let mut reader = BufReader::new(&b"key: value\na second line\n"[..]);
/// let mut key = Vec::new();
/// reader.read_until(b':', &mut key).await?;
/// assert_eq!(key, b"key:");
/// let mut rest = String::new();
/// reader.read_line(&mut rest).await?;
/// assert_eq!(rest, " value\n");
/// assert_eq!(reader.lines().next_line().await?.as_deref(), Some("a second line"));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub trait AsyncBufReadExt: AsyncBufRead {
    /// Reads up to and with `delimiter`, or to the end, after what `buffer` holds; gives the count. What the peer
    /// sends before a delimiter is not bounded: bound it before, where the peer is not trusted.
    ///
    /// # Errors
    /// The reader's; `buffer` holds what was read until then.
    ///
    /// # Cancel safety
    /// Dropped, what was read stands in `buffer`, and a new call with that buffer goes on: nothing is lost.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncBufReadExt, BufReader};
    /// let mut reader = BufReader::new(&b"one,two"[..]);
    /// let mut word = Vec::new();
    /// assert_eq!(reader.read_until(b',', &mut word).await?, 4);
    /// assert_eq!(reader.read_until(b',', &mut word).await?, 3);
    /// assert_eq!(word, b"one,two");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn read_until<'a>(
        &'a mut self,
        delimiter: u8,
        buffer: &'a mut Vec<u8>,
    ) -> impl Future<Output = io::Result<usize>> + 'a
    where
        Self: Unpin,
    {
        let original_len = buffer.len();
        poll_fn(move |cx| {
            ready!(poll_read_until(Pin::new(&mut *self), cx, delimiter, buffer))?;
            Poll::Ready(Ok(buffer.len() - original_len))
        })
    }

    /// Reads a line with its end, after what `line` holds; gives the count of bytes, 0 at the end.
    ///
    /// # Errors
    /// `InvalidData` when it is not UTF-8: `line` is as it was. Else the reader's: `line` holds what was read until then, if
    /// that is UTF-8 and not, say, half of a character; if it is not, `line` is as it was.
    ///
    /// # Cancel safety
    /// Not cancel safe: dropped, it leaves `line` as after an error of the reader. What ends in half of a character is lost.
    /// Use [`lines`](Self::lines), which keeps it.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncBufReadExt, BufReader};
    /// let mut reader = BufReader::new(&b"one\r\ntwo"[..]);
    /// let mut line = String::new();
    /// assert_eq!(reader.read_line(&mut line).await?, 5);
    /// assert_eq!(line, "one\r\n");
    /// assert_eq!(reader.read_line(&mut line).await?, 3);
    /// assert_eq!(reader.read_line(&mut line).await?, 0);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn read_line<'a>(
        &'a mut self,
        line: &'a mut String,
    ) -> impl Future<Output = io::Result<usize>> + 'a
    where
        Self: Unpin,
    {
        async move {
            let mut line = Utf8Guard::keeping_partial(line);
            self.read_until(b'\n', line.bytes()).await?;
            line.finish()
        }
    }

    /// What is in the buffer, filled first if it is empty. An empty result is the end. [`consume`](Self::consume) says
    /// how much of it was used; the rest is shown again.
    ///
    /// # Errors
    /// The reader's.
    ///
    /// # Cancel safety
    /// Cancel safe: dropped, nothing was consumed.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncBufReadExt, BufReader};
    /// let mut reader = BufReader::new(&b"hello"[..]);
    /// assert_eq!(reader.fill_buf().await?, b"hello");
    /// reader.consume(4);
    /// assert_eq!(reader.fill_buf().await?, b"o");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn fill_buf<'a>(&'a mut self) -> impl Future<Output = io::Result<&'a [u8]>> + 'a
    where
        Self: Unpin,
    {
        FillBuf::new(self)
    }

    /// Says that so many bytes of [`fill_buf`](Self::fill_buf)'s were used.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncBufReadExt, BufReader};
    /// let mut reader = BufReader::new(&b"  indented"[..]);
    /// let found = reader.fill_buf().await?;
    /// let blanks = found.iter().take_while(|byte| **byte == b' ').count();
    /// reader.consume(blanks);
    /// assert_eq!(reader.fill_buf().await?, b"indented");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn consume(&mut self, amount: usize)
    where
        Self: Unpin,
    {
        AsyncBufRead::consume(Pin::new(self), amount);
    }

    /// What lies between the occurrences of a byte, one by one. A segment is not bounded: bound what is read, where
    /// the peer is not trusted.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncBufReadExt, BufReader};
    /// let mut segments = BufReader::new(&b"a,b"[..]).split(b',');
    /// assert_eq!(segments.next_segment().await?.as_deref(), Some(&b"a"[..]));
    /// assert_eq!(segments.next_segment().await?.as_deref(), Some(&b"b"[..]));
    /// assert_eq!(segments.next_segment().await?, None);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn split(self, delimiter: u8) -> Split<Self>
    where
        Self: Sized,
    {
        Split::new(self, delimiter)
    }

    /// Lines, one after the other, without their ends (LF or CR LF). A line is not bounded: bound what is read, where
    /// the peer is not trusted.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncBufReadExt, BufReader};
    /// let mut lines = BufReader::new(&b"one\r\ntwo"[..]).lines();
    /// let mut words = Vec::new();
    /// while let Some(line) = lines.next_line().await? {
    ///     words.push(line);
    /// }
    /// assert_eq!(words, ["one", "two"]);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn lines(self) -> Lines<Self>
    where
        Self: Sized,
    {
        Lines::new(self)
    }
}

impl<R: AsyncBufRead + ?Sized> AsyncBufReadExt for R {}
