//! The methods of [`RwLock`].

use super::error::TryLockError;
use super::lock_inner::{DowngradableAccess, LockInner, ReadAccess, RwLock};
use super::read_guard::{OwnedRwLockReadGuard, RwLockReadGuard};
use super::write_guard::{OwnedRwLockWriteGuard, RwLockWriteGuard};
use crate::loom::const_fn;
use crate::sync::blocking;
use std::fmt;
use std::sync::Arc;

/// The most readers at once: tokio's limit.
const MAX_READS: u32 = u32::MAX >> 3;

impl<T> RwLock<T> {
    const_fn! {
        /// A lock around `value`, not held.
        ///
        /// ```
        /// use whippet::sync::RwLock;
        ///
        /// let lock = RwLock::new(vec![1]);
        /// lock.try_write().unwrap().push(2);
        /// assert_eq!(*lock.try_read().unwrap(), [1, 2]);
        /// ```
        #[must_use]
        pub fn new(value: T) -> Self {
            Self { inner: LockInner::new(value, MAX_READS) }
        }

        /// A lock around `value` that at most `max_reads` readers hold at once; more wait as for a writer.
        ///
        /// # Panics
        /// If `max_reads` is 0 or more than `u32::MAX >> 3`.
        ///
        /// ```
        /// let lock = whippet::sync::RwLock::with_max_readers(5, 2);
        /// let readers = (lock.try_read().unwrap(), lock.try_read().unwrap());
        /// assert!(lock.try_read().is_err());
        /// drop(readers);
        /// ```
        #[must_use]
        #[track_caller]
        pub fn with_max_readers(value: T, max_reads: u32) -> Self {
            assert!(
                max_reads <= MAX_READS,
                "`RwLock::with_max_readers`: too many readers; give `u32::MAX >> 3` at most"
            );
            Self { inner: LockInner::new(value, max_reads) }
        }

        /// As [`new`](Self::new), by the name that it has in tokio where a constant is asked for.
        ///
        /// ```
        /// use whippet::sync::RwLock;
        ///
        /// static MOTD: RwLock<&str> = RwLock::const_new("hello");
        /// assert_eq!(*MOTD.blocking_read(), "hello");
        /// ```
        #[must_use]
        pub fn const_new(value: T) -> Self {
            Self::new(value)
        }

        /// As [`with_max_readers`](Self::with_max_readers), by the name that it has in tokio where a constant is asked for.
        ///
        /// # Panics
        /// As [`with_max_readers`](Self::with_max_readers).
        ///
        /// ```
        /// use whippet::sync::RwLock;
        ///
        /// static MOTD: RwLock<&str> = RwLock::const_with_max_readers("hello", 1);
        /// let reader = MOTD.try_read().unwrap();
        /// assert_eq!(*reader, "hello");
        /// assert!(MOTD.try_read().is_err());
        /// ```
        #[must_use]
        #[track_caller]
        pub fn const_with_max_readers(value: T, max_reads: u32) -> Self {
            Self::with_max_readers(value, max_reads)
        }
    }

    /// The value.
    ///
    /// ```
    /// assert_eq!(whippet::sync::RwLock::new(3).into_inner(), 3);
    /// ```
    pub fn into_inner(self) -> T {
        self.inner.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until the value may be looked at: no writer holds it, and none came before this call.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, only the place in the queue is lost.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let lock = whippet::sync::RwLock::new(1);
    /// let one = lock.read().await;
    /// let other = lock.read().await;
    /// assert_eq!(*one, *other);
    /// # });
    /// ```
    pub async fn read(&self) -> RwLockReadGuard<'_, T> {
        RwLockReadGuard(ReadAccess::acquire(self).await.erase_lock())
    }

    /// As [`read`](Self::read), for a guard that keeps the lock alive.
    ///
    /// # Cancel safety
    /// As [`read`](Self::read).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use whippet::sync::RwLock;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let lock = Arc::new(RwLock::new(1));
    /// let guard = Arc::clone(&lock).read_owned().await;
    /// whippet::spawn(async move { assert_eq!(*guard, 1) }).await.unwrap();
    /// # });
    /// ```
    pub async fn read_owned(self: Arc<Self>) -> OwnedRwLockReadGuard<T> {
        OwnedRwLockReadGuard(ReadAccess::acquire(self).await)
    }

    /// As [`read`](Self::read), blocking the thread: for threads that run no tasks.
    ///
    /// ```
    /// assert_eq!(*whippet::sync::RwLock::new(1).blocking_read(), 1);
    /// ```
    ///
    /// # Panics
    /// Inside of a task or a `block_on`.
    #[track_caller]
    pub fn blocking_read(&self) -> RwLockReadGuard<'_, T> {
        blocking::wait("RwLock::blocking_read", self.read())
    }

    /// Takes a read guard if the value may be looked at now, and there are no waiters.
    ///
    /// # Errors
    /// [`TryLockError`]: it may not.
    ///
    /// ```
    /// let lock = whippet::sync::RwLock::new(1);
    /// let guard = lock.try_read().unwrap();
    /// assert!(lock.try_read().is_ok());
    /// assert!(lock.try_write().is_err());
    /// drop(guard);
    /// ```
    pub fn try_read(&self) -> Result<RwLockReadGuard<'_, T>, TryLockError> {
        Ok(RwLockReadGuard(ReadAccess::try_acquire(self)?.erase_lock()))
    }

    /// As [`try_read`](Self::try_read), for a guard that keeps the lock alive.
    ///
    /// # Errors
    /// As [`try_read`](Self::try_read).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use whippet::sync::RwLock;
    ///
    /// let lock = Arc::new(RwLock::new(1));
    /// let guard = Arc::clone(&lock).try_read_owned().unwrap();
    /// assert!(lock.try_write().is_err());
    /// drop(guard);
    /// ```
    pub fn try_read_owned(self: Arc<Self>) -> Result<OwnedRwLockReadGuard<T>, TryLockError> {
        Ok(OwnedRwLockReadGuard(ReadAccess::try_acquire(self)?))
    }

    /// Waits until the value may be changed: no other task holds the lock.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, only the place in the queue is lost.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let lock = whippet::sync::RwLock::new(1);
    /// *lock.write().await = 2;
    /// assert_eq!(lock.into_inner(), 2);
    /// # });
    /// ```
    pub async fn write(&self) -> RwLockWriteGuard<'_, T> {
        RwLockWriteGuard(DowngradableAccess::acquire(self).await.erase_lock())
    }

    /// As [`write`](Self::write), for a guard that keeps the lock alive.
    ///
    /// # Cancel safety
    /// As [`write`](Self::write).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use whippet::sync::RwLock;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let lock = Arc::new(RwLock::new(1));
    /// let mut guard = Arc::clone(&lock).write_owned().await;
    /// whippet::spawn(async move { *guard += 1 }).await.unwrap();
    /// assert_eq!(*lock.read().await, 2);
    /// # });
    /// ```
    pub async fn write_owned(self: Arc<Self>) -> OwnedRwLockWriteGuard<T> {
        OwnedRwLockWriteGuard(DowngradableAccess::acquire(self).await)
    }

    /// As [`write`](Self::write), blocking the thread: for threads that run no tasks.
    ///
    /// ```
    /// let lock = whippet::sync::RwLock::new(1);
    /// *lock.blocking_write() += 1;
    /// assert_eq!(lock.into_inner(), 2);
    /// ```
    ///
    /// # Panics
    /// Inside of a task or a `block_on`.
    #[track_caller]
    pub fn blocking_write(&self) -> RwLockWriteGuard<'_, T> {
        blocking::wait("RwLock::blocking_write", self.write())
    }

    /// Takes the write guard if the lock is free and has no waiters.
    ///
    /// # Errors
    /// [`TryLockError`]: it is held, or has waiters.
    ///
    /// ```
    /// let lock = whippet::sync::RwLock::new(1);
    /// *lock.try_write().unwrap() += 1;
    /// let guard = lock.try_read().unwrap();
    /// assert!(lock.try_write().is_err());
    /// drop(guard);
    /// ```
    pub fn try_write(&self) -> Result<RwLockWriteGuard<'_, T>, TryLockError> {
        Ok(RwLockWriteGuard(DowngradableAccess::try_acquire(self)?.erase_lock()))
    }

    /// As [`try_write`](Self::try_write), for a guard that keeps the lock alive.
    ///
    /// # Errors
    /// As [`try_write`](Self::try_write).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use whippet::sync::RwLock;
    ///
    /// let lock = Arc::new(RwLock::new(1));
    /// *Arc::clone(&lock).try_write_owned().unwrap() += 1;
    /// assert_eq!(*lock.try_read().unwrap(), 2);
    /// ```
    pub fn try_write_owned(self: Arc<Self>) -> Result<OwnedRwLockWriteGuard<T>, TryLockError> {
        Ok(OwnedRwLockWriteGuard(DowngradableAccess::try_acquire(self)?))
    }

    /// The value, without locking: the exclusive reference shows that there is no guard.
    ///
    /// ```
    /// let mut lock = whippet::sync::RwLock::new(1);
    /// *lock.get_mut() = 5;
    /// assert_eq!(lock.into_inner(), 5);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RwLock");
        match self.try_read() {
            Ok(guard) => shown.field("data", &&*guard),
            Err(_) => shown.field("data", &format_args!("<locked>")),
        };
        shown.finish()
    }
}
