//! Streams by hand: they give and take in chunks, with a `Pending` before each.

use futures_io::{AsyncRead, AsyncWrite};
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

/// A reader that gives its chunks one a call, with a `Pending` before each.
pub(crate) struct Chunks {
    chunks: VecDeque<Vec<u8>>,
    pending: bool,
}

impl Chunks {
    pub(crate) fn new(bytes: &[u8], sizes: &[usize]) -> Self {
        let mut rest = bytes;
        let mut chunks = VecDeque::new();
        for &size in sizes.iter().cycle().take(bytes.len() + 1) {
            let (chunk, left) = rest.split_at(size.min(rest.len()));
            chunks.push_back(chunk.to_vec());
            rest = left;
        }
        chunks.retain(|chunk| !chunk.is_empty());
        Self { chunks, pending: false }
    }

    /// What was not read yet.
    pub(crate) fn rest(&self) -> Vec<u8> {
        self.chunks.iter().flatten().copied().collect()
    }
}

impl AsyncRead for Chunks {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.pending = !self.pending;
        if self.pending {
            return Poll::Pending;
        }
        let Some(chunk) = self.chunks.front_mut() else { return Poll::Ready(Ok(0)) };
        let count = chunk.len().min(buffer.len());
        buffer[..count].copy_from_slice(&chunk[..count]);
        chunk.drain(..count);
        if chunk.is_empty() {
            self.chunks.pop_front();
        }
        Poll::Ready(Ok(count))
    }
}

/// A writer that takes so many bytes a call, with a `Pending` before each call of whatever kind.
#[derive(Default)]
pub(crate) struct Slow {
    /// What it took.
    pub(crate) taken: Vec<u8>,
    /// How much of it was flushed.
    pub(crate) flushed: usize,
    /// Whether it was closed.
    pub(crate) closed: bool,
    sizes: VecDeque<usize>,
    pending: bool,
}

impl Slow {
    pub(crate) fn new(sizes: &[usize]) -> Self {
        Self { sizes: sizes.iter().copied().collect(), ..Self::default() }
    }

    /// Every second call is pending.
    fn is_pending(&mut self) -> bool {
        self.pending = !self.pending;
        self.pending
    }
}

impl AsyncWrite for Slow {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        assert!(!self.closed, "written to after the end");
        if self.is_pending() {
            return Poll::Pending;
        }
        self.sizes.rotate_left(1);
        let count = bytes.len().min(*self.sizes.back().expect("there are sizes"));
        self.taken.extend_from_slice(&bytes[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_pending() {
            return Poll::Pending;
        }
        self.flushed = self.taken.len();
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_pending() {
            return Poll::Pending;
        }
        self.closed = true;
        Poll::Ready(Ok(()))
    }
}

/// Polls a future so many times, then drops it; gives its output if it was ready.
pub(crate) fn poll_times<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    (0..times).find_map(|_| match future.as_mut().poll(&mut cx) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    })
}

/// Polls a future until it is ready.
pub(crate) fn finish<F: Future>(future: F) -> F::Output {
    poll_times(future, 10_000).expect("the future ends")
}

/// A waker that counts how often it was woken.
#[derive(Default)]
pub(crate) struct Count(AtomicUsize);

impl Count {
    pub(crate) fn get(&self) -> usize {
        self.0.load(SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}
