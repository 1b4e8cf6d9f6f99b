//! Copies whose reader always has something and whose writer always takes it.

use crate::support::{Count, finish};
use std::cell::Cell;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use whippet::io::{
    AsyncBufRead, AsyncRead, AsyncReadExt, AsyncWrite, BufReader, copy, copy_bidirectional,
    copy_buf, duplex, join, repeat, sink,
};
use whippet::task::yield_now;

/// Both ends of a copy: always ready, and with no part in the budget. It counts what goes through, and panics when one poll
/// does not end.
#[derive(Default)]
struct Endless {
    read: Cell<usize>,
    written: Cell<usize>,
}

const PIECE: &[u8] = &[7; 100];

impl Endless {
    fn count(counter: &Cell<usize>) {
        counter.set(counter.get() + 1);
        assert!(counter.get() < 10_000, "the poll goes on for ever");
    }
}

impl AsyncRead for &Endless {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Endless::count(&self.read);
        let count = buffer.len().min(PIECE.len());
        buffer[..count].fill(7);
        Poll::Ready(Ok(count))
    }
}

impl AsyncBufRead for &Endless {
    fn poll_fill_buf(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        Endless::count(&self.read);
        Poll::Ready(Ok(PIECE))
    }

    fn consume(self: Pin<&mut Self>, _: usize) {}
}

impl AsyncWrite for &Endless {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Endless::count(&self.written);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Polls once; how often it was woken meanwhile.
fn poll_once<F: Future>(future: Pin<&mut F>) -> usize {
    let count = Arc::<Count>::default();
    let waker = Waker::from(Arc::clone(&count));
    assert!(future.poll(&mut Context::from_waker(&waker)).is_pending());
    count.get()
}

#[test]
fn one_poll_copies_a_bounded_part_in_each_direction() {
    let (a, b) = (Endless::default(), Endless::default());
    let (mut near, mut far) = (&a, &b);
    let mut copying = pin!(copy_bidirectional(&mut near, &mut far));
    assert_ne!(poll_once(copying.as_mut()), 0, "it goes on by itself");
    let (there, back) = (b.written.get(), a.written.get());
    assert!(there > 0 && there == back, "{there} there, {back} back");
    poll_once(copying);
    assert_eq!((a.written.get(), b.written.get()), (2 * back, 2 * there));
}

#[test]
fn a_joined_copy_lets_the_other_run() {
    let (a, b, c) = (Endless::default(), Endless::default(), Endless::default());
    let mut copies = pin!(async {
        let (mut readers, mut writers) = ((&a, &b, &c), (&a, &b, &c));
        let _ = whippet::join! {
            biased;
            copy(&mut readers.0, &mut writers.0),
            copy_buf(&mut readers.1, &mut writers.1),
            copy(&mut readers.2, &mut writers.2),
        };
    });
    assert_ne!(poll_once(copies.as_mut()), 0, "it goes on by itself");
    let written = [&a, &b, &c].map(|endless| endless.written.get());
    assert!(written[0] > 0 && written == [written[0]; 3], "{written:?}");
}

/// A copy whose first direction never ends, and uses up the budget of its task in each poll. The second has one message to
/// carry to `client`.
async fn carries_the_answer_back<R, W>(reader: R, writer: W)
where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let (mut client, near) = duplex(64);
    let copying = whippet::spawn(async move {
        let mut left = join(reader, near);
        let mut right = join(&b"answer"[..], writer);
        copy_bidirectional(&mut left, &mut right).await
    });
    for _ in 0..20 {
        yield_now().await;
    }
    let mut answer = [0; 6];
    let mut read = pin!(client.read_exact(&mut answer));
    let polled = read.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_ready(), "the other direction was not polled");
    copying.abort();
}

/// A reader of zeros with no part in the budget.
struct Zeros;

impl AsyncRead for Zeros {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buffer.len()))
    }
}

/// A writer that takes so many bytes at a time.
struct Narrow<W>(usize, W);

impl<W: AsyncWrite + Unpin> AsyncWrite for Narrow<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let count = bytes.len().min(self.0);
        Pin::new(&mut self.1).poll_write(cx, &bytes[..count])
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.1).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.1).poll_close(cx)
    }
}

#[test]
fn a_saturated_direction_lets_the_other_run() {
    let runtime = whippet::runtime::Builder::new_current_thread().build().unwrap();
    // A piece costs two units, or three.
    runtime.block_on(carries_the_answer_back(Zeros, sink()));
    runtime.block_on(carries_the_answer_back(repeat(0), sink()));
    // The whole budget goes into one piece, or into the pieces of one poll: seven writes each, and a unit of the copy's own.
    runtime.block_on(carries_the_answer_back(repeat(0), Narrow(1, sink())));
    runtime.block_on(carries_the_answer_back(Zeros, Narrow(8_192_usize.div_ceil(7), sink())));
}

/// A reader that must not be asked after its end, and a writer whose flush waits once.
#[derive(Default)]
struct Ended {
    ended: bool,
    flushed: bool,
}

impl AsyncRead for Ended {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        assert!(!std::mem::replace(&mut self.ended, true), "asked after its end");
        Poll::Ready(Ok(0))
    }
}

impl AsyncBufRead for Ended {
    fn poll_fill_buf(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        assert!(!std::mem::replace(&mut self.ended, true), "asked after its end");
        Poll::Ready(Ok(b""))
    }

    fn consume(self: Pin<&mut Self>, _: usize) {}
}

impl AsyncWrite for Ended {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match std::mem::replace(&mut self.flushed, true) {
            false => Poll::Pending,
            true => Poll::Ready(Ok(())),
        }
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

#[test]
fn a_copy_asks_no_reader_after_its_end() {
    let new = Ended::default;
    assert_eq!(finish(copy(&mut new(), &mut new())).unwrap(), 0);
    assert_eq!(finish(copy_buf(&mut new(), &mut new())).unwrap(), 0);
    assert_eq!(finish(copy_buf(&mut BufReader::new(new()), &mut new())).unwrap(), 0);
    assert_eq!(finish(copy_bidirectional(&mut new(), &mut new())).unwrap(), (0, 0));
}
