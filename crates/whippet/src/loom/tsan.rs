//! std's locks for the thread sanitizer: what a lock orders, it sees by an atomic beside the lock.
//!
//! std is compiled without the sanitizer, so where a lock is contended its part in std hands the lock over unseen, and what
//! the next holder touches looks like a race. Here each holder ends by a release of the atomic and begins by an acquire:
//! exactly the order that the lock gives. A place that forgets its lock is still found.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{self, LockResult, PoisonError, WaitTimeoutResult};
use std::time::Duration;

/// What orders the holders of one lock, for the sanitizer's eyes.
#[derive(Debug, Default)]
struct Order(AtomicU32);

/// Ends a hold when dropped; stands before the guard, to be dropped before it.
#[derive(Debug)]
struct Hold<'a>(&'a Order);

impl Order {
    const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// A hold begins. The lock is held.
    fn begin(&self) -> Hold<'_> {
        self.0.load(Acquire);
        Hold(self)
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Release);
    }
}

/// The shape of a guard: a guard of std's, and what is seen of it.
macro_rules! guard {
    ($guard:ident, $($mutable:ident)?) => {
        /// As std's.
        #[derive(Debug)]
        pub(crate) struct $guard<'a, T> {
            #[allow(dead_code, reason = "it is held, and not looked at")]
            hold: Hold<'a>,
            guard: sync::$guard<'a, T>,
        }

        impl<'a, T> $guard<'a, T> {
            /// The guard of a lock that was taken.
            fn of(order: &'a Order, taken: LockResult<sync::$guard<'a, T>>) -> LockResult<Self> {
                let guard = taken.unwrap_or_else(PoisonError::into_inner);
                Ok(Self { hold: order.begin(), guard })
            }
        }

        impl<T> Deref for $guard<'_, T> {
            type Target = T;

            fn deref(&self) -> &T {
                &self.guard
            }
        }

        $(impl<T> DerefMut for $guard<'_, T> {
            fn deref_mut(&$mutable self) -> &$mutable T {
                &$mutable self.guard
            }
        })?
    };
}

guard!(MutexGuard, mut);
guard!(RwLockReadGuard,);
guard!(RwLockWriteGuard, mut);

/// As std's.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T> {
    order: Order,
    lock: sync::Mutex<T>,
}

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { order: Order::new(), lock: sync::Mutex::new(value) }
    }

    pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        MutexGuard::of(&self.order, self.lock.lock())
    }
}

/// As std's.
#[derive(Debug, Default)]
pub(crate) struct RwLock<T> {
    order: Order,
    lock: sync::RwLock<T>,
}

impl<T> RwLock<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { order: Order::new(), lock: sync::RwLock::new(value) }
    }

    pub(crate) fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        RwLockReadGuard::of(&self.order, self.lock.read())
    }

    pub(crate) fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        RwLockWriteGuard::of(&self.order, self.lock.write())
    }
}

/// As std's.
#[derive(Debug, Default)]
pub(crate) struct Condvar(sync::Condvar);

impl Condvar {
    pub(crate) const fn new() -> Self {
        Self(sync::Condvar::new())
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }

    pub(crate) fn wait<'a, T>(
        &self,
        MutexGuard { hold, guard }: MutexGuard<'a, T>,
    ) -> LockResult<MutexGuard<'a, T>> {
        let order = hold.0;
        drop(hold);
        MutexGuard::of(order, self.0.wait(guard))
    }

    /// A wait that ends for no reason begins its time anew.
    pub(crate) fn wait_timeout_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        timeout: Duration,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<(MutexGuard<'a, T>, Option<WaitTimeoutResult>)> {
        let mut timed_out = None;
        while condition(&mut guard)
            && !timed_out.is_some_and(|result: WaitTimeoutResult| result.timed_out())
        {
            let MutexGuard { hold, guard: held } = guard;
            let order = hold.0;
            drop(hold);
            let waited = self.0.wait_timeout(held, timeout);
            let (held, result) = waited.unwrap_or_else(PoisonError::into_inner);
            timed_out = Some(result);
            guard = MutexGuard { hold: order.begin(), guard: held };
        }
        Ok((guard, timed_out))
    }
}
