//! Polling by hand: wakers that count, futures that are polled one step at a time.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};

/// A waker that counts how often it was woken.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicUsize);

impl Count {
    /// A counter at zero.
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// How often it was woken.
    pub(crate) fn get(&self) -> usize {
        self.0.load(SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// A waker that runs a closure: user code at its worst.
pub(crate) struct WakerFn<F>(pub(crate) F);

impl<F: Fn() + Send + Sync + 'static> Wake for WakerFn<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

/// A waker of a closure.
pub(crate) fn waker_fn(f: impl Fn() + Send + Sync + 'static) -> Waker {
    Waker::from(Arc::new(WakerFn(f)))
}

/// A waker that runs a closure when it is cloned and when it is dropped, but not when it is woken.
pub(crate) fn clone_drop_waker_fn(f: impl Fn() + Send + Sync + 'static) -> Waker {
    type Closure = Box<dyn Fn() + Send + Sync>;
    const TABLE: RawWakerVTable = RawWakerVTable::new(
        |data| {
            // SAFETY: `data` came from `Arc::into_raw`, and this waker holds one count.
            let f = unsafe { &*data.cast::<Closure>() };
            f();
            // SAFETY: as above; the count is the clone's.
            unsafe { Arc::increment_strong_count(data.cast::<Closure>()) };
            RawWaker::new(data, &TABLE)
        },
        drop_waker_fn,
        |_| (),
        drop_waker_fn,
    );
    fn drop_waker_fn(data: *const ()) {
        // SAFETY: `data` came from `Arc::into_raw`, and the waker gives its count up.
        let f = unsafe { Arc::from_raw(data.cast::<Closure>()) };
        f();
    }
    let f: Arc<Closure> = Arc::new(Box::new(f));
    // SAFETY: the functions of the table keep the contract: a count a waker, and the closure is `Send + Sync`.
    unsafe { Waker::from_raw(RawWaker::new(Arc::into_raw(f).cast(), &TABLE)) }
}

/// A future on the heap with a counter of its own: a task that is polled by hand.
pub(crate) struct Task<'a, R> {
    future: Pin<Box<dyn Future<Output = R> + 'a>>,
    count: Arc<Count>,
}

impl<'a, R> Task<'a, R> {
    /// A task of `future`, not polled yet.
    pub(crate) fn new(future: impl Future<Output = R> + 'a) -> Self {
        Self { future: Box::pin(future), count: Count::new() }
    }

    /// One poll with the task's own waker.
    pub(crate) fn poll(&mut self) -> Poll<R> {
        let waker = Waker::from(Arc::clone(&self.count));
        self.poll_with(&waker)
    }

    /// One poll with another waker.
    pub(crate) fn poll_with(&mut self, waker: &Waker) -> Poll<R> {
        self.future.as_mut().poll(&mut Context::from_waker(waker))
    }

    /// One poll that must be pending.
    pub(crate) fn pend(mut self) -> Self {
        assert!(self.poll().is_pending(), "the future was ready");
        self
    }

    /// One poll that must be ready.
    pub(crate) fn ready(&mut self) -> R {
        match self.poll() {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("the future was pending"),
        }
    }

    /// How often the task was woken.
    pub(crate) fn wakes(&self) -> usize {
        self.count.get()
    }
}
