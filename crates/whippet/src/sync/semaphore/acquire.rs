//! What waits for permits, written out: an `async fn` keeps what it was called with twice, and thousands may wait.

use super::raw;
use super::{AcquireError, Semaphore, SemaphorePermit};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Waits for permits; see [`Semaphore::acquire_many`].
#[derive(Debug)]
pub(super) struct Acquire<'a> {
    /// Whose permits.
    semaphore: &'a Semaphore,
    /// The wait for them.
    raw: raw::Acquire<'a>,
}

impl<'a> Acquire<'a> {
    /// For so many.
    pub(super) fn new(semaphore: &'a Semaphore, count: u32) -> Self {
        Self { semaphore, raw: semaphore.raw.acquire(count as usize) }
    }
}

impl<'a> Future for Acquire<'a> {
    type Output = Result<SemaphorePermit<'a>, AcquireError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(Pin::new(&mut self.raw).poll(cx))?;
        // As many as were asked for, which were counted in 32 bits.
        let count = self.raw.wanted() as u32;
        Poll::Ready(Ok(SemaphorePermit::new(self.semaphore, count)))
    }
}
