//! The methods of [`Mutex`].

use super::error::TryLockError;
use super::lock_inner::{LockInner, Mutex, WriteAccess};
use super::mutex_guard::{MutexGuard, OwnedMutexGuard};
use crate::loom::const_fn;
use crate::sync::blocking;
use std::fmt;
use std::sync::Arc;

impl<T> Mutex<T> {
    const_fn! {
        /// A lock around `value`, not held.
        ///
        /// ```
        /// use whippet::sync::Mutex;
        ///
        /// let mutex = Mutex::new(vec![1]);
        /// mutex.try_lock().unwrap().push(2);
        /// assert_eq!(mutex.into_inner(), [1, 2]);
        /// ```
        #[must_use]
        pub fn new(value: T) -> Self {
            Self { inner: LockInner::new(value, 1) }
        }

        /// As [`new`](Self::new), by the name that it has in tokio where a constant is asked for.
        ///
        /// ```
        /// use whippet::sync::Mutex;
        ///
        /// static NAMES: Mutex<Vec<String>> = Mutex::const_new(Vec::new());
        /// NAMES.blocking_lock().push("ann".to_owned());
        /// assert_eq!(*NAMES.blocking_lock(), ["ann"]);
        /// ```
        #[must_use]
        pub fn const_new(value: T) -> Self {
            Self::new(value)
        }
    }

    /// The value.
    ///
    /// ```
    /// assert_eq!(whippet::sync::Mutex::new(3).into_inner(), 3);
    /// ```
    pub fn into_inner(self) -> T {
        self.inner.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits for the lock.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, only the place in the queue is lost; a lock that was given already goes to the next.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let count = whippet::sync::Mutex::new(1);
    /// *count.lock().await += 1;
    /// assert_eq!(*count.lock().await, 2);
    /// # });
    /// ```
    pub async fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard(WriteAccess::acquire(self).await)
    }

    /// As [`lock`](Self::lock), for a guard that keeps the lock alive.
    ///
    /// # Cancel safety
    /// As [`lock`](Self::lock).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use whippet::sync::Mutex;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let count = Arc::new(Mutex::new(1));
    /// let mut guard = Arc::clone(&count).lock_owned().await;
    /// whippet::spawn(async move { *guard += 1 }).await.unwrap();
    /// assert_eq!(*count.lock().await, 2);
    /// # });
    /// ```
    pub async fn lock_owned(self: Arc<Self>) -> OwnedMutexGuard<T> {
        OwnedMutexGuard(WriteAccess::acquire(self).await)
    }

    /// Waits for the lock, blocking the thread: for threads that run no tasks.
    ///
    /// ```
    /// let count = whippet::sync::Mutex::new(1);
    /// *count.blocking_lock() += 1;
    /// assert_eq!(count.into_inner(), 2);
    /// ```
    ///
    /// # Panics
    /// Inside of a task or a `block_on`.
    #[track_caller]
    pub fn blocking_lock(&self) -> MutexGuard<'_, T> {
        blocking::wait("Mutex::blocking_lock", self.lock())
    }

    /// As [`blocking_lock`](Self::blocking_lock), for a guard that keeps the lock alive.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use whippet::sync::Mutex;
    ///
    /// let guard = Arc::new(Mutex::new("kept")).blocking_lock_owned();
    /// assert_eq!(*guard, "kept");
    /// ```
    ///
    /// # Panics
    /// Inside of a task or a `block_on`.
    #[track_caller]
    pub fn blocking_lock_owned(self: Arc<Self>) -> OwnedMutexGuard<T> {
        blocking::wait("Mutex::blocking_lock_owned", self.lock_owned())
    }

    /// Takes the lock if it is free and has no waiters.
    ///
    /// # Errors
    /// [`TryLockError`]: it is held, or has waiters.
    ///
    /// ```
    /// let mutex = whippet::sync::Mutex::new((1, "one"));
    /// let mut guard = mutex.try_lock().unwrap();
    /// assert!(mutex.try_lock().is_err());
    /// guard.0 += 1;
    /// drop(guard);
    /// assert_eq!(mutex.try_lock().unwrap().0, 2);
    /// ```
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError> {
        Ok(MutexGuard(WriteAccess::try_acquire(self)?))
    }

    /// As [`try_lock`](Self::try_lock), for a guard that keeps the lock alive.
    ///
    /// # Errors
    /// As [`try_lock`](Self::try_lock).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use whippet::sync::Mutex;
    ///
    /// let mutex = Arc::new(Mutex::new(1));
    /// let guard = Arc::clone(&mutex).try_lock_owned().unwrap();
    /// assert!(mutex.try_lock_owned().is_err());
    /// drop(guard);
    /// ```
    pub fn try_lock_owned(self: Arc<Self>) -> Result<OwnedMutexGuard<T>, TryLockError> {
        Ok(OwnedMutexGuard(WriteAccess::try_acquire(self)?))
    }

    /// The value, without locking: the exclusive reference shows that there is no guard.
    ///
    /// ```
    /// let mut mutex = whippet::sync::Mutex::new(1);
    /// *mutex.get_mut() = 5;
    /// assert_eq!(mutex.into_inner(), 5);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Mutex");
        match self.try_lock() {
            Ok(guard) => shown.field("data", &&*guard),
            Err(_) => shown.field("data", &format_args!("<locked>")),
        };
        shown.finish()
    }
}
