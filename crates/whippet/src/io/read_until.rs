//! Reading up to a byte.

use futures_io::AsyncBufRead;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Reads up to and with `delimiter`, or to the end. What was read before a `Pending` stands in `buffer`.
pub(super) fn poll_read_until(
    mut reader: Pin<&mut (impl AsyncBufRead + ?Sized)>,
    cx: &mut Context<'_>,
    delimiter: u8,
    buffer: &mut Vec<u8>,
) -> Poll<io::Result<()>> {
    loop {
        let found = ready!(reader.as_mut().poll_fill_buf(cx))?;
        let end = memchr::memchr(delimiter, found);
        let count = end.map_or(found.len(), |position| position + 1);
        buffer.extend_from_slice(&found[..count]);
        reader.as_mut().consume(count);
        if end.is_some() || count == 0 {
            return Poll::Ready(Ok(()));
        }
    }
}

/// Bytes as text.
pub(super) fn into_string(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}
