//! Waiting for what a buffer of a reader holds.

use futures_io::AsyncBufRead;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The future of [`fill_buf`](super::AsyncBufReadExt::fill_buf): asks its reader once a poll.
pub(super) struct FillBuf<'a, R: ?Sized> {
    /// The reader, until it has answered.
    reader: Option<&'a mut R>,
}

impl<'a, R: AsyncBufRead + Unpin + ?Sized> FillBuf<'a, R> {
    pub(super) fn new(reader: &'a mut R) -> Self {
        Self { reader: Some(reader) }
    }
}

impl<'a, R: AsyncBufRead + Unpin + ?Sized> Future for FillBuf<'a, R> {
    type Output = io::Result<&'a [u8]>;

    /// # Panics
    /// After it has completed.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(reader) = self.reader.take() else {
            panic!(
                "`AsyncBufReadExt::fill_buf`: its future was polled after it was ready; call it again for what comes next"
            );
        };
        match Pin::new(&mut *reader).poll_fill_buf(cx) {
            Poll::Ready(Ok(found)) => {
                // SAFETY: `found` borrows from `*reader`, which is borrowed for `'a`. On this path the reader does not
                // go back into the future, so it is not used for as long as `found` lives: it may be lent for all of
                // `'a`. The compiler sees one borrow for all paths, and the reader does go back on the last.
                Poll::Ready(Ok(unsafe { &*std::ptr::from_ref(found) }))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                self.reader = Some(reader);
                Poll::Pending
            }
        }
    }
}

impl<R: ?Sized> fmt::Debug for FillBuf<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FillBuf").finish_non_exhaustive()
    }
}
