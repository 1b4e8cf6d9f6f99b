//! The process's standard streams.
//!
//! They may be files or terminals, which no reactor can wait for, and other processes have them too, so that they cannot
//! be set to non-blocking mode. So each call is made on a thread that may block, one at a time for each stream.

use crate::runtime::Handle;
use crate::task::{JoinHandle, blocking_error};
use futures_io::{AsyncRead, AsyncWrite};
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Bytes of one call, at the most: enough that the way to another thread (some 10 µs) is no matter.
const MAX_CHUNK: usize = 16 * 1024;

/// The process's standard input: see [`stdin`].
#[derive(Debug)]
pub struct Stdin(BlockingReader<io::Stdin>);

/// The process's standard output: see [`stdout`].
#[derive(Debug)]
pub struct Stdout(BlockingWriter<io::Stdout>);

/// The process's standard error: see [`stderr`].
#[derive(Debug)]
pub struct Stderr(BlockingWriter<io::Stderr>);

/// The process's standard input, read on a thread that may block.
///
/// A read that has begun cannot be taken back: a runtime that is dropped meanwhile waits for it, up to its limit of 10 s. A
/// program that talks with users at a terminal does better with a thread of its own and a channel.
///
/// # Cancel safety
/// A `read` that is dropped goes on, and the next `read` of the same [`Stdin`] has what came; with another one, it is lost.
///
/// ```
/// # // What a user types.
/// # use std::{io::Write, os::fd::AsRawFd};
/// # let (keys, mut types) = std::io::pipe().unwrap();
/// # types.write_all(b"one\ntwo\n").unwrap();
/// # drop(types);
/// # assert_eq!(unsafe { libc::dup2(keys.as_raw_fd(), 0) }, 0);
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::{AsyncBufReadExt, BufReader};
/// let mut lines = BufReader::new(whippet::io::stdin()).lines();
/// let mut words = Vec::new();
/// while let Some(line) = lines.next_line().await? {
///     words.push(line);
/// }
/// assert_eq!(words, ["one", "two"]);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[must_use]
pub fn stdin() -> Stdin {
    Stdin(BlockingReader::new(io::stdin()))
}

/// The process's standard output, written on a thread that may block.
///
/// A write is done when its bytes are on their way to that thread; an error comes with the next write or flush. What was
/// written before the runtime ends goes out nevertheless: a drop of the runtime waits for it, 10 s at the most
/// ([`Runtime::shutdown_timeout`](crate::runtime::Runtime::shutdown_timeout) sets another time). Flush before
/// [`shutdown_background`](crate::runtime::Runtime::shutdown_background), which waits for nothing, and before
/// [`std::process::exit`]: what the process's end overtakes is lost.
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::AsyncWriteExt;
/// let mut out = whippet::io::stdout();
/// assert_eq!(out.write(b"hello\n").await?, 6);
/// out.flush().await?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[must_use]
#[expect(clippy::disallowed_methods, reason = "its callers get the errors")]
pub fn stdout() -> Stdout {
    Stdout(BlockingWriter::new(io::stdout()))
}

/// The process's standard error, written on a thread that may block: see [`stdout`].
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::AsyncWriteExt;
/// let mut err = whippet::io::stderr();
/// assert_eq!(err.write(b"something is wrong\n").await?, 19);
/// err.flush().await?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[must_use]
pub fn stderr() -> Stderr {
    Stderr(BlockingWriter::new(io::stderr()))
}

/// A call on another thread: gives back what it was made with, and its result.
type BlockingCall<S, R> = JoinHandle<(S, io::Result<R>)>;

/// Polls a call until it is over.
fn poll_call<S, R>(
    call: &mut BlockingCall<S, R>,
    cx: &mut Context<'_>,
) -> Poll<io::Result<(S, io::Result<R>)>> {
    // A call that was cancelled, as its runtime has ended, is an error of the stream, and so is a panic.
    Pin::new(call).poll(cx).map_err(blocking_error)
}

/// A reader that blocks, read on other threads.
#[derive(Debug)]
struct BlockingReader<S> {
    /// The reader, while no call is under way.
    idle: Option<S>,
    /// The call that is under way.
    call: Option<BlockingCall<S, Vec<u8>>>,
    /// What was read and not given out yet.
    bytes: Vec<u8>,
    /// How much of it was given out.
    consumed: usize,
}

impl<S: Read + Send + 'static> BlockingReader<S> {
    fn new(reader: S) -> Self {
        Self { idle: Some(reader), call: None, bytes: Vec::new(), consumed: 0 }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, out: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.consumed == self.bytes.len() && !out.is_empty() {
            self.bytes = ready!(self.poll_chunk(cx, out.len()))?;
            self.consumed = 0;
        }
        let left = &self.bytes[self.consumed..];
        let count = left.len().min(out.len());
        out[..count].copy_from_slice(&left[..count]);
        self.consumed += count;
        Poll::Ready(Ok(count))
    }

    /// The next chunk; an empty one is the end.
    fn poll_chunk(&mut self, cx: &mut Context<'_>, wanted: usize) -> Poll<io::Result<Vec<u8>>> {
        if self.idle.is_some() {
            // First, as the reader stays where it is if this panics.
            let runtime = Handle::of_call("AsyncRead::poll_read");
            let size = wanted.min(MAX_CHUNK);
            let Some(mut reader) = self.idle.take() else { return Poll::Ready(Err(stream_lost())) };
            self.call = Some(runtime.spawn_own_blocking(move || {
                let mut bytes = vec![0; size];
                let read = read_once(&mut reader, &mut bytes);
                let read = read.map(|count| {
                    bytes.truncate(count);
                    bytes
                });
                (reader, read)
            }));
        }
        let Some(call) = &mut self.call else { return Poll::Ready(Err(stream_lost())) };
        let over = ready!(poll_call(call, cx));
        self.call = None;
        let (reader, result) = over?;
        self.idle = Some(reader);
        Poll::Ready(result)
    }
}

/// Reads once; an interrupted call is made again.
fn read_once(reader: &mut impl Read, bytes: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// The error of a stream that a call has taken with it: it panicked, or its runtime has ended.
fn stream_lost() -> io::Error {
    io::Error::other("the stream is lost: a call on it panicked, or its runtime has ended")
}

/// A writer that blocks, written to on other threads.
#[derive(Debug)]
struct BlockingWriter<S> {
    /// The writer, while no call is under way.
    idle: Option<S>,
    /// The call that is under way.
    call: Option<BlockingCall<S, ()>>,
}

impl<S: Write + Send + 'static> BlockingWriter<S> {
    fn new(writer: S) -> Self {
        Self { idle: Some(writer), call: None }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_idle(cx))?;
        let chunk = bytes[..bytes.len().min(MAX_CHUNK)].to_vec();
        let count = chunk.len();
        if count > 0 {
            let runtime = Handle::of_call("AsyncWrite::poll_write");
            let Some(mut writer) = self.idle.take() else { return Poll::Ready(Err(stream_lost())) };
            // The caller learns that it is done: it is, although the runtime ends before a thread has come to it.
            self.call = Some(runtime.spawn_mandatory_blocking(move || {
                let written = writer.write_all(&chunk).and_then(|()| writer.flush());
                (writer, written)
            }));
        }
        Poll::Ready(Ok(count))
    }

    /// Waits until no call is under way. The error is that of the call that was.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(call) = &mut self.call else { return Poll::Ready(Ok(())) };
        let over = ready!(poll_call(call, cx));
        self.call = None;
        let (writer, result) = over?;
        self.idle = Some(writer);
        Poll::Ready(result)
    }
}

impl AsyncRead for Stdin {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_read(cx, buffer)
    }
}

/// Writing by way of [`BlockingWriter`].
macro_rules! impl_async_write {
    ($($type:ty),*) => {$(
        impl AsyncWrite for $type {
            fn poll_write(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.0.poll_write(cx, bytes)
            }

            /// Waits until all that was written has gone out.
            fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.0.poll_idle(cx)
            }

            /// As a flush: the process keeps its stream.
            fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.0.poll_idle(cx)
            }
        }
    )*};
}
impl_async_write!(Stdout, Stderr);

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::*;
    use crate::runtime::Builder;
    use std::future::poll_fn;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    /// How long an event may take before its test fails.
    const DEADLINE: Duration = Duration::from_secs(60);

    /// Reads what comes through a channel, and blocks until it does.
    struct ChannelReader(Receiver<io::Result<&'static [u8]>>);

    impl Read for ChannelReader {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let keys = self.0.recv().unwrap_or(Ok(b""))?;
            out[..keys.len()].copy_from_slice(keys);
            Ok(keys.len())
        }
    }

    /// Sends what is written through a channel; fails at some.
    struct ChannelWriter(Sender<Vec<u8>>);

    impl Write for ChannelWriter {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match bytes {
                b"fail" => Err(io::ErrorKind::StorageFull.into()),
                b"panic" => panic!("on purpose"),
                _ => {
                    self.0.send(bytes.to_vec()).unwrap();
                    Ok(bytes.len())
                }
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn a_read_that_is_given_up_leaves_what_comes_for_the_next() {
        block_on(async {
            let (keys, typed) = channel();
            let mut reading = BlockingReader::new(ChannelReader(typed));
            let mut out = [0; 8];
            let polled = poll_fn(|cx| Poll::Ready(reading.poll_read(cx, &mut out))).await;
            assert!(polled.is_pending(), "nothing was typed");
            keys.send(Ok(b"abc")).unwrap();
            keys.send(Err(io::ErrorKind::ConnectionReset.into())).unwrap();
            drop(keys);
            let mut two = [0; 2];
            assert_eq!(poll_fn(|cx| reading.poll_read(cx, &mut two)).await.unwrap(), 2);
            assert_eq!(&two, b"ab");
            assert_eq!(poll_fn(|cx| reading.poll_read(cx, &mut two)).await.unwrap(), 1);
            assert_eq!(two[0], b'c');
            assert!(poll_fn(|cx| reading.poll_read(cx, &mut two)).await.is_err());
            // An error of the reader is no end of the stream.
            assert_eq!(poll_fn(|cx| reading.poll_read(cx, &mut two)).await.unwrap(), 0);
        });
    }

    #[test]
    fn writes_arrive_in_order_and_an_error_comes_with_the_next_call() {
        block_on(async {
            let (pixels, seen) = channel();
            let mut writing = BlockingWriter::new(ChannelWriter(pixels));
            for bytes in [&b"one"[..], b"two"] {
                assert_eq!(poll_fn(|cx| writing.poll_write(cx, bytes)).await.unwrap(), 3);
            }
            poll_fn(|cx| writing.poll_idle(cx)).await.unwrap();
            assert_eq!(seen.try_iter().collect::<Vec<_>>(), [b"one", b"two"]);
            let large = vec![b'x'; MAX_CHUNK + 1];
            assert_eq!(poll_fn(|cx| writing.poll_write(cx, &large)).await.unwrap(), MAX_CHUNK);
            poll_fn(|cx| writing.poll_write(cx, b"fail")).await.unwrap();
            let failed = poll_fn(|cx| writing.poll_idle(cx)).await.unwrap_err();
            assert_eq!(failed.kind(), io::ErrorKind::StorageFull);
            poll_fn(|cx| writing.poll_write(cx, b"again")).await.unwrap();
            poll_fn(|cx| writing.poll_write(cx, b"panic")).await.unwrap();
            assert!(poll_fn(|cx| writing.poll_idle(cx)).await.is_err());
            assert!(poll_fn(|cx| writing.poll_write(cx, b"lost")).await.is_err());
        });
    }

    #[test]
    fn what_was_written_before_the_end_goes_out_after_it() {
        let (release, released) = channel::<()>();
        let released = std::sync::Mutex::new(released);
        // The thread does not come to the write before the end.
        let runtime = Builder::new_current_thread()
            .on_thread_start(move || drop(released.lock().map(|released| released.recv())))
            .build()
            .unwrap();
        let (pixels, seen) = channel();
        let mut writing = BlockingWriter::new(ChannelWriter(pixels));
        let written = runtime.block_on(poll_fn(|cx| writing.poll_write(cx, b"last words")));
        assert_eq!(written.unwrap(), 10);
        runtime.shutdown_background();
        release.send(()).unwrap();
        assert_eq!(seen.recv_timeout(DEADLINE).expect("the write is lost"), b"last words");
    }
}
