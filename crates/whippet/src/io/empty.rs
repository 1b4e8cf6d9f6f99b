//! A stream of nothing.

use super::sink::impl_discarding_writer;
use crate::coop;
use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek};
use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A reader that is at its end, and a writer that takes everything: see [`empty`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Empty(());

/// A reader that is at its end; written to, it takes everything and keeps nothing.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::AsyncReadExt;
/// assert_eq!(whippet::io::empty().read(&mut [0; 8]).await?, 0);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[must_use]
pub const fn empty() -> Empty {
    Empty(())
}

impl AsyncRead for Empty {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        _: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        ready!(coop::poll_proceed(cx)).spend();
        Poll::Ready(Ok(0))
    }
}

impl AsyncBufRead for Empty {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        ready!(coop::poll_proceed(cx)).spend();
        Poll::Ready(Ok(&[]))
    }

    fn consume(self: Pin<&mut Self>, _: usize) {}
}

impl AsyncSeek for Empty {
    /// Everywhere is the begin and the end.
    fn poll_seek(self: Pin<&mut Self>, cx: &mut Context<'_>, _: SeekFrom) -> Poll<io::Result<u64>> {
        ready!(coop::poll_proceed(cx)).spend();
        Poll::Ready(Ok(0))
    }
}

impl_discarding_writer!(Empty);
