//! Numbers as bytes: `read_u16`, `write_f64_le` and their like.

use super::read_exact::poll_read_exact;
use super::write_all::poll_write_all;
use futures_io::{AsyncRead, AsyncWrite};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Poll, ready};

/// The methods that read a number of each type, in one order of bytes: `$decode` makes it of them, and `$encode`, for the
/// examples, makes them of it.
macro_rules! read_numbers {
    ($order:literal $decode:ident $encode:ident: $($name:ident $type:ident,)*) => {$(
        #[doc = concat!("Reads one `", stringify!($type), "`", $order, ".")]
        ///
        /// # Errors
        /// `UnexpectedEof` when the end comes before its last byte; else the reader's.
        ///
        /// # Cancel safety
        /// Not cancel safe if it has several bytes: dropped, those that were read are lost.
        ///
        /// # Examples
        /// ```
        /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
        /// use whippet::io::AsyncReadExt;
        #[doc = concat!("let bytes = 7_", stringify!($type), ".", stringify!($encode), "();")]
        #[doc = concat!("assert_eq!((&bytes[..]).", stringify!($name), "().await?, 7_", stringify!($type), ");")]
        /// # std::io::Result::Ok(())
        /// # }).unwrap();
        /// ```
        fn $name(&mut self) -> impl Future<Output = ::std::io::Result<$type>> + '_
        where
            Self: Unpin,
        {
            super::numbers::read_number(self, $type::$decode)
        }
    )*};
}
pub(super) use read_numbers;

/// The methods that write a number of each type, in one order of bytes.
macro_rules! write_numbers {
    ($order:literal $encode:ident: $($name:ident $type:ident,)*) => {$(
        #[doc = concat!("Writes one `", stringify!($type), "`", $order, ".")]
        ///
        /// # Errors
        /// `WriteZero` when the writer takes no more; else the writer's.
        ///
        /// # Cancel safety
        /// Not cancel safe if it has several bytes: dropped, some may have been written, and it is unknown how many.
        ///
        /// # Examples
        /// ```
        /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
        /// use whippet::io::AsyncWriteExt;
        /// let mut bytes = Vec::new();
        #[doc = concat!("bytes.", stringify!($name), "(7_", stringify!($type), ").await?;")]
        #[doc = concat!("assert_eq!(bytes, 7_", stringify!($type), ".", stringify!($encode), "());")]
        /// # std::io::Result::Ok(())
        /// # }).unwrap();
        /// ```
        fn $name(&mut self, number: $type) -> impl Future<Output = ::std::io::Result<()>> + '_
        where
            Self: Unpin,
        {
            super::numbers::write_number(self, number.$encode())
        }
    )*};
}
pub(super) use write_numbers;

/// Reads the bytes of a number.
pub(super) fn read_number<R: AsyncRead + Unpin + ?Sized, N, const SIZE: usize>(
    reader: &mut R,
    decode: fn([u8; SIZE]) -> N,
) -> impl Future<Output = io::Result<N>> {
    let mut bytes = [0; SIZE];
    let mut filled = 0;
    poll_fn(move |cx| {
        ready!(poll_read_exact(Pin::new(&mut *reader), cx, &mut bytes, &mut filled))?;
        Poll::Ready(Ok(decode(bytes)))
    })
}

/// Writes the bytes of a number.
pub(super) fn write_number<W: AsyncWrite + Unpin + ?Sized, const SIZE: usize>(
    writer: &mut W,
    bytes: [u8; SIZE],
) -> impl Future<Output = io::Result<()>> {
    let mut written = 0;
    poll_fn(move |cx| poll_write_all(Pin::new(&mut *writer), cx, &bytes, &mut written))
}
