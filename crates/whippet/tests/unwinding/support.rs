//! Wakers and values that panic, and futures that are polled by hand.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};
use std::time::Duration;
use whippet::runtime::{Builder, Runtime};

/// How long an event may take before its test fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) fn multi(workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).build().expect("no error")
}

pub(crate) fn current() -> Runtime {
    Builder::new_current_thread().build().expect("no error")
}

/// Calls `f`. True: it panicked.
pub(crate) fn panics<R>(f: impl FnOnce() -> R) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

/// A waker that counts how often it was woken.
#[derive(Default)]
pub(crate) struct Count(AtomicUsize);

impl Count {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// A waker that panics when it is woken.
pub(crate) fn panics_when_woken() -> Waker {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("woken, on purpose");
        }
    }
    Waker::from(Arc::new(Panics))
}

/// A waker that panics when it is cloned.
pub(crate) fn panics_when_cloned() -> Waker {
    const TABLE: RawWakerVTable =
        RawWakerVTable::new(|_| panic!("cloned, on purpose"), |_| (), |_| (), |_| ());
    // SAFETY: the waker holds nothing, so that its functions may be called from anywhere.
    unsafe { Waker::from_raw(RawWaker::new(std::ptr::null(), &TABLE)) }
}

/// A waker each clone of which panics when it is dropped, and which does nothing when it is woken.
pub(crate) fn panics_when_dropped() -> Waker {
    const FIRST: RawWakerVTable =
        RawWakerVTable::new(|data| RawWaker::new(data, &CLONE), |_| (), |_| (), |_| ());
    const CLONE: RawWakerVTable = RawWakerVTable::new(
        |data| RawWaker::new(data, &CLONE),
        |_| (),
        |_| (),
        |_| panic!("a waker is dropped, on purpose"),
    );
    // SAFETY: the waker holds nothing, so that its functions may be called from anywhere.
    unsafe { Waker::from_raw(RawWaker::new(std::ptr::null(), &FIRST)) }
}

/// A value that panics when it is dropped, and counts that.
#[derive(Clone)]
pub(crate) struct Bomb(pub(crate) Arc<AtomicUsize>);

impl Bomb {
    /// So many of them, and the count of those that were dropped.
    pub(crate) fn some(count: usize) -> (Vec<Self>, Arc<AtomicUsize>) {
        let dropped = Arc::new(AtomicUsize::new(0));
        ((0..count).map(|_| Self(Arc::clone(&dropped))).collect(), dropped)
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
        panic!("dropped, on purpose");
    }
}

/// A future on the heap, polled by hand.
pub(crate) struct Task<'a, R> {
    future: Pin<Box<dyn Future<Output = R> + Send + 'a>>,
    count: Arc<Count>,
}

impl<'a, R> Task<'a, R> {
    pub(crate) fn new(future: impl Future<Output = R> + Send + 'a) -> Self {
        Self { future: Box::pin(future), count: Count::new() }
    }

    pub(crate) fn poll(&mut self) -> Poll<R> {
        let waker = Waker::from(Arc::clone(&self.count));
        self.poll_with(&waker)
    }

    pub(crate) fn poll_with(&mut self, waker: &Waker) -> Poll<R> {
        self.future.as_mut().poll(&mut Context::from_waker(waker))
    }

    /// One poll that must be pending.
    pub(crate) fn pend(mut self) -> Self {
        assert!(self.poll().is_pending(), "the future was ready");
        self
    }

    /// One poll with another waker that must be pending.
    pub(crate) fn pend_with(mut self, waker: &Waker) -> Self {
        assert!(self.poll_with(waker).is_pending(), "the future was ready");
        self
    }

    /// One poll that must be ready.
    pub(crate) fn ready(&mut self) -> R {
        match self.poll() {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("the future was pending"),
        }
    }

    pub(crate) fn wakes(&self) -> usize {
        self.count.get()
    }
}

/// What a waker calls when it is cloned.
type Closure = Box<dyn Fn() + Send + Sync>;

/// Calls `f` with a waker that calls `act` when it is cloned, and whose clones panic when they are dropped. No clone may be kept.
pub(crate) fn with_waker_that_acts_when_cloned<R>(
    act: impl Fn() + Send + Sync + 'static,
    f: impl FnOnce(&Waker) -> R,
) -> R {
    const FIRST: RawWakerVTable = RawWakerVTable::new(
        |data| {
            // SAFETY: `data` is the closure below, which lives as long as the waker.
            let act = unsafe { &*data.cast::<Closure>() };
            act();
            RawWaker::new(data, &CLONE)
        },
        |_| (),
        |_| (),
        |_| (),
    );
    const CLONE: RawWakerVTable = RawWakerVTable::new(
        |data| RawWaker::new(data, &CLONE),
        |_| (),
        |_| (),
        |_| panic!("a waker is dropped, on purpose"),
    );
    let act: Closure = Box::new(act);
    // SAFETY: the closure is `Send` and `Sync`, and clones, which do not use it, are dropped before it.
    let waker = unsafe { Waker::from_raw(RawWaker::new(std::ptr::from_ref(&act).cast(), &FIRST)) };
    f(&waker)
}
