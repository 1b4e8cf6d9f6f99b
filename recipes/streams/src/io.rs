//! Bytes as streams, and streams as bytes.

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, stream};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use whippet::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use whippet::runtime::Handle;

/// Bytes of one read of a [`reader_stream`].
const CHUNK: usize = 8 * 1024;

/// As `io::ReaderStream` of tokio-util: what is read, piece by piece. It ends after an error.
pub fn reader_stream<R>(reader: R) -> impl Stream<Item = io::Result<Bytes>>
where
    R: AsyncRead + Unpin,
{
    stream::unfold(Some(reader), |reader| async {
        let mut reader = reader?;
        let mut bytes = BytesMut::with_capacity(CHUNK);
        match reader.read_buf(&mut bytes).await {
            Ok(0) => None,
            Ok(_) => Some((Ok(bytes.freeze()), Some(reader))),
            Err(error) => Some((Err(error), None)),
        }
    })
}

/// As `io::write_all_vectored` of tokio-util: writes all pieces, in as few calls as the writer allows.
///
/// # Errors
/// The writer's; `WriteZero` when it takes nothing.
pub async fn write_all_vectored<W>(writer: &mut W, mut pieces: &mut [IoSlice<'_>]) -> io::Result<()>
where
    W: AsyncWrite + Unpin,
{
    IoSlice::advance_slices(&mut pieces, 0);
    while !pieces.is_empty() {
        match writer.write_vectored(pieces).await? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            count => IoSlice::advance_slices(&mut pieces, count),
        }
    }
    Ok(())
}

/// As `io::InspectReader` of tokio-util: shows what is read to a function. A writer is done likewise.
#[derive(Debug)]
pub struct InspectReader<R, F> {
    reader: R,
    inspect: F,
}

impl<R, F: FnMut(&[u8])> InspectReader<R, F> {
    /// A reader around a reader.
    pub const fn new(reader: R, inspect: F) -> Self {
        Self { reader, inspect }
    }
}

impl<R: AsyncRead + Unpin, F: FnMut(&[u8]) + Unpin> AsyncRead for InspectReader<R, F> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let count = ready!(Pin::new(&mut this.reader).poll_read(cx, buffer))?;
        (this.inspect)(&buffer[..count]);
        Poll::Ready(Ok(count))
    }
}

/// As `io::SyncIoBridge` of tokio-util: std's traits for code that blocks, inside of `spawn_blocking`. It waits there.
#[derive(Debug)]
pub struct SyncIoBridge<T> {
    stream: T,
    runtime: Handle,
}

impl<T> SyncIoBridge<T> {
    /// A bridge to a stream of the runtime that this thread has entered.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    pub fn new(stream: T) -> Self {
        Self { stream, runtime: Handle::current() }
    }
}

impl<T: AsyncRead + Unpin> io::Read for SyncIoBridge<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.runtime.block_on(self.stream.read(buffer))
    }
}

impl<T: AsyncWrite + Unpin> io::Write for SyncIoBridge<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.runtime.block_on(self.stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.runtime.block_on(self.stream.flush())
    }
}
