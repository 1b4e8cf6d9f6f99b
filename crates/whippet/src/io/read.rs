//! Methods on everything that can be read.

use futures_io::AsyncRead;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Bytes that a vector grows by, at the least, when something is read into it to its end.
const GROWTH: usize = 4096;

/// Methods on everything that implements [`AsyncRead`].
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::AsyncReadExt;
/// let mut bytes: &[u8] = b"hello world";
/// let mut word = [0; 5];
/// assert_eq!(bytes.read_exact(&mut word).await?, 5);
/// assert_eq!(&word, b"hello");
/// let mut rest = String::new();
/// bytes.read_to_string(&mut rest).await?;
/// assert_eq!(rest, " world");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub trait AsyncReadExt: AsyncRead {
    /// Reads what is there into `buffer`, as soon as there is something. 0 is the end (or an empty buffer).
    ///
    /// # Errors
    /// The reader's.
    ///
    /// # Cancel safety
    /// Cancel safe: dropped, it has read nothing.
    fn read<'a>(&'a mut self, buffer: &'a mut [u8]) -> impl Future<Output = io::Result<usize>> + 'a
    where
        Self: Unpin,
    {
        poll_fn(move |cx| Pin::new(&mut *self).poll_read(cx, buffer))
    }

    /// Reads what is there to the end of `buffer`, which grows if it has no room. 0 is the end.
    ///
    /// # Errors
    /// The reader's.
    ///
    /// # Cancel safety
    /// Cancel safe: dropped, it has read nothing.
    fn read_buf<'a>(
        &'a mut self,
        buffer: &'a mut Vec<u8>,
    ) -> impl Future<Output = io::Result<usize>> + 'a
    where
        Self: Unpin,
    {
        poll_fn(move |cx| poll_append(Pin::new(&mut *self), cx, buffer))
    }

    /// Fills `buffer`, and gives its length.
    ///
    /// # Errors
    /// `UnexpectedEof` when the end comes first; else the reader's. The buffer holds what was read until then.
    ///
    /// # Cancel safety
    /// Not cancel safe: dropped, some of the bytes may stand in `buffer`, and nobody says how many.
    fn read_exact<'a>(
        &'a mut self,
        buffer: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + 'a
    where
        Self: Unpin,
    {
        let mut filled = 0;
        poll_fn(move |cx| {
            while filled < buffer.len() {
                match ready!(Pin::new(&mut *self).poll_read(cx, &mut buffer[filled..]))? {
                    0 => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                    count => filled += count,
                }
            }
            Poll::Ready(Ok(filled))
        })
    }

    /// Reads to the end, after what `buffer` holds; gives the count. What the peer sends is not bounded: bound it
    /// before, where the peer is not trusted.
    ///
    /// # Errors
    /// The reader's. The buffer holds what was read until then.
    ///
    /// # Cancel safety
    /// Not cancel safe by itself: dropped, the buffer holds what was read until then, and a new call goes on.
    fn read_to_end<'a>(
        &'a mut self,
        buffer: &'a mut Vec<u8>,
    ) -> impl Future<Output = io::Result<usize>> + 'a
    where
        Self: Unpin,
    {
        let before = buffer.len();
        poll_fn(move |cx| {
            while ready!(poll_append(Pin::new(&mut *self), cx, buffer))? > 0 {}
            Poll::Ready(Ok(buffer.len() - before))
        })
    }

    /// Reads text to the end, after what `text` holds; gives the count of bytes.
    ///
    /// # Errors
    /// `InvalidData` when it is not UTF-8: `text` is as it was; else the reader's.
    ///
    /// # Cancel safety
    /// Not cancel safe: dropped, what was read is lost.
    fn read_to_string<'a>(
        &'a mut self,
        text: &'a mut String,
    ) -> impl Future<Output = io::Result<usize>> + 'a
    where
        Self: Unpin,
    {
        async move {
            let mut bytes = Vec::new();
            let count = self.read_to_end(&mut bytes).await?;
            let read = String::from_utf8(bytes);
            text.push_str(
                &read.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?,
            );
            Ok(count)
        }
    }

    /// Reads one byte.
    ///
    /// # Errors
    /// `UnexpectedEof` at the end; else the reader's.
    ///
    /// # Cancel safety
    /// Cancel safe: dropped, it has read nothing.
    fn read_u8(&mut self) -> impl Future<Output = io::Result<u8>> + '_
    where
        Self: Unpin,
    {
        async move {
            let mut byte = [0];
            self.read_exact(&mut byte).await?;
            Ok(byte[0])
        }
    }
}

impl<R: AsyncRead + ?Sized> AsyncReadExt for R {}

/// Reads once to the end of a vector.
fn poll_append(
    reader: Pin<&mut (impl AsyncRead + ?Sized)>,
    cx: &mut Context<'_>,
    buffer: &mut Vec<u8>,
) -> Poll<io::Result<usize>> {
    let before = buffer.len();
    let room =
        (buffer.capacity() - before).max(if buffer.capacity() == before { GROWTH } else { 0 });
    buffer.resize(before + room, 0);
    let polled = reader.poll_read(cx, &mut buffer[before..]);
    let count = if let Poll::Ready(Ok(count)) = &polled { *count } else { 0 };
    buffer.truncate(before + count);
    polled
}
