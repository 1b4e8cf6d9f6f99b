//! A buffer filled whole, or written whole, over as many polls as it takes.

use futures_io::{AsyncRead, AsyncWrite};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Reads until `buffer` is full; `filled` says how much of it is, from poll to poll.
pub(super) fn poll_read_whole(
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

/// Writes until all of `bytes` is written; `written` says how much of it is, from poll to poll.
pub(super) fn poll_write_whole(
    mut writer: Pin<&mut (impl AsyncWrite + ?Sized)>,
    cx: &mut Context<'_>,
    bytes: &[u8],
    written: &mut usize,
) -> Poll<io::Result<()>> {
    while *written < bytes.len() {
        match ready!(writer.as_mut().poll_write(cx, &bytes[*written..]))? {
            0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            count => *written += count,
        }
    }
    Poll::Ready(Ok(()))
}
