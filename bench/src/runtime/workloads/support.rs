//! What all workloads share: the timed task, and a countdown.

use super::rt;
use crate::numbers::median;
use crate::runtime::size::Size;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::AcqRel;
use std::time::{Duration, Instant};

/// A workload: returns its number in the unit of its case.
pub(crate) type Work = fn(&rt::Runtime, Size) -> f64;

/// Nanoseconds an operation of `work`, a task that does `operations` each time and returns how long they took.
pub(crate) fn timed<W, F>(runtime: &rt::Runtime, size: Size, operations: usize, work: W) -> f64
where
    W: Fn() -> F + Send + Sync + 'static,
    F: Future<Output = Duration> + Send + 'static,
{
    let task = async move {
        work().await;
        let mut times = Vec::new();
        for _ in 0..size.repeats() {
            times.push(work().await.as_nanos() as f64 / operations as f64);
        }
        median(times).unwrap_or_default()
    };
    runtime.block_on(async { rt::join(rt::spawn_joined(task)).await })
}

/// The same for work that is timed from end to end.
pub(crate) fn all_timed<W, F>(runtime: &rt::Runtime, size: Size, operations: usize, work: W) -> f64
where
    W: Fn() -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    timed(runtime, size, operations, move || {
        let work = work();
        async move {
            let began = Instant::now();
            work.await;
            began.elapsed()
        }
    })
}

/// Counts down, and notifies the waiter at zero.
#[derive(Debug)]
pub(crate) struct Countdown {
    left: AtomicUsize,
    done: rt::Sender<()>,
}

impl Countdown {
    /// A count, and the receiver that waits for its end.
    pub(crate) fn new(count: usize) -> (Arc<Self>, rt::Receiver<()>) {
        let (done, receiver) = rt::mpsc::channel(1);
        (Arc::new(Self { left: AtomicUsize::new(count), done }), receiver)
    }

    /// One less.
    #[inline]
    pub(crate) fn count(&self) {
        self.count_again(0);
    }

    /// One less; the last one sets the count to `next`, for another round.
    #[inline]
    pub(crate) fn count_again(&self, next: usize) {
        if self.left.fetch_sub(1, AcqRel) == 1 {
            self.left.fetch_add(next, AcqRel);
            // The channel is empty, and the waiter is there.
            let _ = self.done.try_send(());
        }
    }
}
