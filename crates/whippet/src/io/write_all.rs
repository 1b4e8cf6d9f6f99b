//! Writes a whole buffer, over as many polls as it takes.

use futures_io::AsyncWrite;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Writes until all of `bytes` is written; `written` is how much of it is, from poll to poll.
pub(super) fn poll_write_all(
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
