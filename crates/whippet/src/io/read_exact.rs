//! Fills a whole buffer, over as many polls as it takes.

use futures_io::AsyncRead;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Reads until `buffer` is full; `filled` is how much of it is, from poll to poll.
pub(super) fn poll_read_exact(
    mut reader: Pin<&mut (impl AsyncRead + ?Sized)>,
    cx: &mut Context<'_>,
    buffer: &mut [u8],
    filled: &mut usize,
) -> Poll<io::Result<()>> {
    while *filled < buffer.len() {
        match ready!(reader.as_mut().poll_read(cx, &mut buffer[*filled..]))? {
            0 => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            count => *filled += count,
        }
    }
    Poll::Ready(Ok(()))
}
