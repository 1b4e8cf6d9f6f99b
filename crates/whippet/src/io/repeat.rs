//! A stream of one byte.

use crate::coop;
use futures_io::AsyncRead;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A reader that gives one byte for ever: see [`repeat`].
#[derive(Debug, Clone, Copy)]
pub struct Repeat(u8);

/// A reader that gives `byte` for ever.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::AsyncReadExt;
/// let mut buffer = [0; 3];
/// whippet::io::repeat(b'x').read_exact(&mut buffer).await?;
/// assert_eq!(&buffer, b"xxx");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[must_use]
pub const fn repeat(byte: u8) -> Repeat {
    Repeat(byte)
}

impl AsyncRead for Repeat {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        ready!(coop::poll_proceed(cx)).spend();
        buffer.fill(self.0);
        Poll::Ready(Ok(buffer.len()))
    }
}
