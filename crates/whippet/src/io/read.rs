//! Methods on everything that can be read.

use super::append_buffer::{AppendBuffer, MAX_READ, STACK_BUFFER, poll_append};
use super::chain::Chain;
use super::numbers::read_numbers;
use super::read_exact::poll_read_exact;
use super::take::Take;
use super::utf8_guard::Utf8Guard;
use futures_io::AsyncRead;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::{Poll, ready};

/// Bytes that are read at once, at the most, when reading to the end: the space is zeroed before.
const MAX_READ_TO_END: usize = 256 * 1024;

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
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, AsyncWriteExt};
    /// let (mut near, mut far) = whippet::io::duplex(64);
    /// far.write_all(b"hello").await?;
    /// drop(far);
    /// let mut word = [0; 16];
    /// assert_eq!(near.read(&mut word).await?, 5);
    /// assert_eq!(&word[..5], b"hello");
    /// assert_eq!(near.read(&mut word).await?, 0);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn read<'a>(&'a mut self, buffer: &'a mut [u8]) -> impl Future<Output = io::Result<usize>> + 'a
    where
        Self: Unpin,
    {
        poll_fn(move |cx| Pin::new(&mut *self).poll_read(cx, buffer))
    }

    /// Reads what is there to the end of `buffer`. 0 is the end.
    ///
    /// `buffer` is a `Vec<u8>` or a `bytes::BytesMut`. At most 16 KiB are read, and no more than its capacity has space
    /// for. If it has none, at most 4 KiB are read, and it grows by what came: not before something does.
    ///
    /// # Errors
    /// The reader's.
    ///
    /// # Cancel safety
    /// Cancel safe: dropped, it has read nothing.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::AsyncReadExt;
    /// let mut reader: &[u8] = b"hello";
    /// let mut buffer = bytes::BytesMut::with_capacity(4);
    /// assert_eq!(reader.read_buf(&mut buffer).await?, 4);
    /// assert_eq!(reader.read_buf(&mut buffer).await?, 1);
    /// assert_eq!(&buffer[..], b"hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn read_buf<'a, B: AppendBuffer>(
        &'a mut self,
        buffer: &'a mut B,
    ) -> impl Future<Output = io::Result<usize>> + 'a
    where
        Self: Unpin,
    {
        poll_fn(move |cx| poll_append(Pin::new(&mut *self), cx, buffer, MAX_READ))
    }

    /// Fills `buffer`, and gives its length.
    ///
    /// # Errors
    /// `UnexpectedEof` when the end comes first; else the reader's. The buffer holds what was read until then.
    ///
    /// # Cancel safety
    /// Not cancel safe: dropped, some of the bytes may stand in `buffer`, and it is unknown how many.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, ErrorKind};
    /// let mut bytes: &[u8] = b"hello";
    /// let mut word = [0; 4];
    /// assert_eq!(bytes.read_exact(&mut word).await?, 4);
    /// assert_eq!(&word, b"hell");
    /// let short = bytes.read_exact(&mut word).await.unwrap_err();
    /// assert_eq!(short.kind(), ErrorKind::UnexpectedEof);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn read_exact<'a>(
        &'a mut self,
        buffer: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + 'a
    where
        Self: Unpin,
    {
        let mut filled = 0;
        poll_fn(move |cx| {
            ready!(poll_read_exact(Pin::new(&mut *self), cx, buffer, &mut filled))?;
            Poll::Ready(Ok(filled))
        })
    }

    /// Reads to the end, after what `buffer` holds; gives the count. A buffer that has space for all of it does not grow. What
    /// the peer sends is not bounded: bound it before, where the peer is not trusted.
    ///
    /// # Errors
    /// The reader's. The buffer holds what was read until then.
    ///
    /// # Cancel safety
    /// Dropped, what was read stands in `buffer`, and a new call with that buffer goes on: nothing is lost but the count.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::AsyncReadExt;
    /// let mut bytes = b"I say ".to_vec();
    /// assert_eq!((&b"hello"[..]).read_to_end(&mut bytes).await?, 5);
    /// assert_eq!(bytes, b"I say hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn read_to_end<'a>(
        &'a mut self,
        buffer: &'a mut Vec<u8>,
    ) -> impl Future<Output = io::Result<usize>> + 'a
    where
        Self: Unpin,
    {
        let original_len = buffer.len();
        // A reader with much to read gets larger reads.
        let mut max = STACK_BUFFER;
        poll_fn(move |cx| {
            loop {
                match ready!(poll_append(Pin::new(&mut *self), cx, buffer, max))? {
                    0 => return Poll::Ready(Ok(buffer.len() - original_len)),
                    count if count == max => max = (2 * max).min(MAX_READ_TO_END),
                    _ => {}
                }
            }
        })
    }

    /// Reads text to the end, after what `text` holds; gives the count of bytes.
    ///
    /// # Errors
    /// `InvalidData` when it is not UTF-8; else the reader's. `text` is as it was.
    ///
    /// # Cancel safety
    /// Not cancel safe: dropped, it leaves `text` as it was, and what was read is lost.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, ErrorKind};
    /// let mut text = String::from("I say ");
    /// assert_eq!((&b"hello"[..]).read_to_string(&mut text).await?, 5);
    /// let invalid = (&b"\xff"[..]).read_to_string(&mut text).await.unwrap_err();
    /// assert_eq!(invalid.kind(), ErrorKind::InvalidData);
    /// assert_eq!(text, "I say hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn read_to_string<'a>(
        &'a mut self,
        text: &'a mut String,
    ) -> impl Future<Output = io::Result<usize>> + 'a
    where
        Self: Unpin,
    {
        async move {
            let mut text = Utf8Guard::all_or_nothing(text);
            self.read_to_end(text.bytes()).await?;
            text.finish()
        }
    }

    /// This reader, and when it has ended, another.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::AsyncReadExt;
    /// // What was read ahead, and then the rest.
    /// let mut whole = (&b"hel"[..]).chain(&b"lo"[..]);
    /// let mut word = [0; 5];
    /// whole.read_exact(&mut word).await?;
    /// assert_eq!(&word, b"hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn chain<R: AsyncRead>(self, next: R) -> Chain<Self, R>
    where
        Self: Sized,
    {
        Chain::new(self, next)
    }

    /// This reader, cut off after `limit` bytes.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::AsyncReadExt;
    /// let mut reader: &[u8] = b"a head and a body";
    /// let mut head = String::new();
    /// // A reader that is borrowed is at hand again afterwards.
    /// (&mut reader).take(6).read_to_string(&mut head).await?;
    /// assert_eq!(head, "a head");
    /// assert_eq!(reader, b" and a body");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn take(self, limit: u64) -> Take<Self>
    where
        Self: Sized,
    {
        Take::new(self, limit)
    }

    read_numbers! { "" from_be_bytes to_be_bytes: read_u8 u8, read_i8 i8, }
    read_numbers! {
        ", the highest byte first" from_be_bytes to_be_bytes:
        read_u16 u16, read_i16 i16, read_u32 u32, read_i32 i32, read_u64 u64, read_i64 i64,
        read_u128 u128, read_i128 i128, read_f32 f32, read_f64 f64,
    }
    read_numbers! {
        ", the lowest byte first" from_le_bytes to_le_bytes:
        read_u16_le u16, read_i16_le i16, read_u32_le u32, read_i32_le i32, read_u64_le u64,
        read_i64_le i64, read_u128_le u128, read_i128_le i128, read_f32_le f32, read_f64_le f64,
    }
}

impl<R: AsyncRead + ?Sized> AsyncReadExt for R {}
