//! Pumping one stream into another.

use super::{AsyncReadExt, AsyncWriteExt};
use futures_io::{AsyncRead, AsyncWrite};
use std::io;

/// Bytes of the buffer: two pages, as std's and tokio's.
const BUFFER: usize = 8192;

/// Reads `reader` to its end and writes it all to `writer`, which is flushed then; gives the count of bytes.
///
/// # Errors
/// Those of the reader and of the writer.
///
/// # Cancel safety
/// Not cancel safe: dropped, what was read and not written yet is lost.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let mut copied = Vec::new();
/// assert_eq!(whippet::io::copy(&mut &b"hello"[..], &mut copied).await?, 5);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn copy<R, W>(reader: &mut R, writer: &mut W) -> io::Result<u64>
where
    R: AsyncRead + Unpin + ?Sized,
    W: AsyncWrite + Unpin + ?Sized,
{
    let mut buffer = vec![0; BUFFER];
    let mut copied = 0;
    loop {
        let count = reader.read(&mut buffer).await?;
        if count == 0 {
            writer.flush().await?;
            return Ok(copied);
        }
        writer.write_all(&buffer[..count]).await?;
        copied += count as u64;
    }
}
