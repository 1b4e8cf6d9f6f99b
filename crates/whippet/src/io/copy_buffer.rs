//! Copies from a reader to a writer: the buffer between the two, and how far each has come.

use super::write_all::poll_write_all;
use crate::coop::{self, Yield};
use futures_io::{AsyncRead, AsyncWrite};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Bytes of the buffer unless set otherwise: two pages, as std's and tokio's.
pub(super) const DEFAULT_BUFFER_SIZE: usize = 8192;

/// Chunks that one poll copies at the most. Other futures that are polled in the same task (the other direction, another
/// branch of a `join!`) run after them, although reader and writer are always ready. The budget does not ensure that: it is
/// one for the whole task, and outside of a task there is none. Two directions between sockets, which use three units a
/// chunk, fit into one budget.
pub(super) const MAX_CHUNKS: usize = 16;

/// Ends a poll that has copied [`MAX_CHUNKS`]; the task is scheduled again.
pub(super) fn yield_to_others<T>(cx: &Context<'_>) -> Poll<T> {
    coop::yield_task(cx.waker(), Yield::Asked);
    Poll::Pending
}

/// A copy under way. It is to be polled with the same reader and writer each time.
#[derive(Debug)]
pub(super) struct CopyBuffer {
    /// What was read is in the first `filled` bytes.
    buffer: Box<[u8]>,
    /// How much was read.
    filled: usize,
    /// How much of that is written.
    written: usize,
    /// Bytes written in all.
    copied: u64,
    /// Whether something was written and not flushed.
    unflushed: bool,
    /// Whether the reader is at its end.
    ended: bool,
}

impl CopyBuffer {
    /// A copy with a buffer of so many bytes, at least one.
    pub(super) fn new(size: usize) -> Self {
        let buffer = vec![0; size.max(1)].into_boxed_slice();
        Self { buffer, filled: 0, written: 0, copied: 0, unflushed: false, ended: false }
    }

    /// Copies to the end, and flushes the writer then; gives the count of bytes. One poll copies [`MAX_CHUNKS`] at the most.
    pub(super) fn poll_copy(
        &mut self,
        cx: &mut Context<'_>,
        mut reader: Pin<&mut (impl AsyncRead + ?Sized)>,
        mut writer: Pin<&mut (impl AsyncWrite + ?Sized)>,
    ) -> Poll<io::Result<u64>> {
        for _ in 0..MAX_CHUNKS {
            // Reader and writer may both always be ready, and know nothing of the budget.
            let unit = ready!(coop::poll_proceed(cx));
            if self.filled == 0 && !self.ended {
                match reader.as_mut().poll_read(cx, &mut self.buffer)? {
                    Poll::Ready(count) => {
                        self.ended = count == 0;
                        self.filled = count;
                    }
                    Poll::Pending => {
                        // Nothing comes: what came before must not wait in the writer's buffer for it.
                        if self.unflushed {
                            ready!(writer.as_mut().poll_flush(cx))?;
                            self.unflushed = false;
                        }
                        return Poll::Pending;
                    }
                }
            }
            let before = self.written;
            let filled = &self.buffer[..self.filled];
            let written = poll_write_all(writer.as_mut(), cx, filled, &mut self.written);
            self.copied += (self.written - before) as u64;
            self.unflushed |= self.written > before;
            ready!(written)?;
            (self.filled, self.written) = (0, 0);
            if self.ended {
                ready!(writer.as_mut().poll_flush(cx))?;
                return Poll::Ready(Ok(self.copied));
            }
            unit.spend();
        }
        yield_to_others(cx)
    }
}
