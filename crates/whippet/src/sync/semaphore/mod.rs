//! A number of permits that tasks share: to bound how many do a thing at once.

pub(crate) mod raw;

mod acquire;
mod error;
mod permit;

pub use self::error::{AcquireError, TryAcquireError};
pub use self::permit::{OwnedSemaphorePermit, SemaphorePermit};

use self::acquire::Acquire;
use self::raw::RawSemaphore;
use super::blocking;
use super::fair_permits::MAX_PERMITS;
use crate::loom::const_fn;
use std::sync::Arc;

/// Permits that tasks take, wait for, and give back.
///
/// It is fair: permits go to waiting tasks in the order of their arrival, and a task that wants many is not passed by
/// those that want one.
///
/// ```
/// use std::sync::Arc;
/// use whippet::{sync::Semaphore, task::JoinSet};
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let two_at_a_time = Arc::new(Semaphore::new(2));
/// let mut jobs = JoinSet::new();
/// for job in 0..5 {
///     let permit = Arc::clone(&two_at_a_time).acquire_owned().await.unwrap();
///     jobs.spawn(async move {
///         println!("job {job}");
///         drop(permit);
///     });
/// }
/// assert_eq!(jobs.join_all().await.len(), 5);
/// # });
/// ```
#[derive(Debug)]
pub struct Semaphore {
    /// The permits and their waiters.
    raw: RawSemaphore,
}

impl Semaphore {
    /// The most permits that a semaphore can have.
    pub const MAX_PERMITS: usize = MAX_PERMITS;

    /// A semaphore with `permits` permits.
    ///
    /// # Panics
    /// With more than [`MAX_PERMITS`](Self::MAX_PERMITS).
    ///
    /// ```
    /// let semaphore = whippet::sync::Semaphore::new(2);
    /// let _permits = (semaphore.try_acquire().unwrap(), semaphore.try_acquire().unwrap());
    /// assert!(semaphore.try_acquire().is_err());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new(permits: usize) -> Self {
        assert!(
            permits <= MAX_PERMITS,
            "`Semaphore::new`: too many permits; keep to `Semaphore::MAX_PERMITS` in all"
        );
        Self { raw: RawSemaphore::new(permits) }
    }

    const_fn! {
        /// As [`new`](Self::new), for a `static`.
        ///
        /// ```
        /// use whippet::sync::Semaphore;
        ///
        /// static AT_ONCE: Semaphore = Semaphore::const_new(2);
        /// assert_eq!(AT_ONCE.available_permits(), 2);
        /// ```
        ///
        /// # Panics
        /// With more than [`MAX_PERMITS`](Self::MAX_PERMITS).
        #[must_use]
        #[track_caller]
        pub fn const_new(permits: usize) -> Self {
            assert!(permits <= MAX_PERMITS, "`Semaphore::const_new`: too many permits; keep to `Semaphore::MAX_PERMITS` in all");
            Self { raw: RawSemaphore::new(permits) }
        }
    }

    /// Permits that could be had at once: none while there are waiters.
    ///
    /// ```
    /// let semaphore = whippet::sync::Semaphore::new(3);
    /// let permit = semaphore.try_acquire().unwrap();
    /// assert_eq!(semaphore.available_permits(), 2);
    /// drop(permit);
    /// assert_eq!(semaphore.available_permits(), 3);
    /// ```
    pub fn available_permits(&self) -> usize {
        self.raw.available()
    }

    /// Adds permits; waiters are served first.
    ///
    /// ```
    /// let semaphore = whippet::sync::Semaphore::new(0);
    /// semaphore.add_permits(2);
    /// assert_eq!(semaphore.available_permits(), 2);
    /// ```
    ///
    /// # Panics
    /// If there would be more than [`MAX_PERMITS`](Self::MAX_PERMITS).
    #[track_caller]
    pub fn add_permits(&self, count: usize) {
        assert!(
            self.raw.try_add(count),
            "`Semaphore::add_permits`: too many permits; keep to `Semaphore::MAX_PERMITS` in all"
        );
    }

    /// Takes up to `count` available permits away for good. Says how many.
    ///
    /// ```
    /// let semaphore = whippet::sync::Semaphore::new(3);
    /// assert_eq!(semaphore.forget_permits(2), 2);
    /// assert_eq!(semaphore.forget_permits(2), 1);
    /// assert_eq!(semaphore.available_permits(), 0);
    /// ```
    pub fn forget_permits(&self, count: usize) -> usize {
        self.raw.forget(count)
    }

    /// Waits for a permit.
    ///
    /// # Errors
    /// The semaphore is closed.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, only the place in the queue is lost.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let semaphore = whippet::sync::Semaphore::new(1);
    /// let permit = semaphore.acquire().await.unwrap();
    /// assert_eq!(semaphore.available_permits(), 0);
    /// drop(permit);
    /// assert_eq!(semaphore.available_permits(), 1);
    /// semaphore.close();
    /// assert!(semaphore.acquire().await.is_err());
    /// # });
    /// ```
    pub fn acquire(&self) -> impl Future<Output = Result<SemaphorePermit<'_>, AcquireError>> {
        self.acquire_many(1)
    }

    /// Waits for `count` permits, all at once.
    ///
    /// # Errors
    /// The semaphore is closed.
    ///
    /// # Cancel safety
    /// As [`acquire`](Self::acquire).
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let semaphore = whippet::sync::Semaphore::new(5);
    /// let permits = semaphore.acquire_many(3).await.unwrap();
    /// assert_eq!((permits.num_permits(), semaphore.available_permits()), (3, 2));
    /// # });
    /// ```
    pub fn acquire_many(
        &self,
        count: u32,
    ) -> impl Future<Output = Result<SemaphorePermit<'_>, AcquireError>> {
        Acquire::new(self, count)
    }

    /// Takes a permit, if there is one at this moment and there are no waiters.
    ///
    /// # Errors
    /// [`TryAcquireError::NoPermits`] or [`TryAcquireError::Closed`].
    ///
    /// ```
    /// use whippet::sync::{Semaphore, TryAcquireError};
    ///
    /// let semaphore = Semaphore::new(1);
    /// let permit = semaphore.try_acquire().unwrap();
    /// assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
    /// drop(permit);
    /// assert!(semaphore.try_acquire().is_ok());
    /// ```
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// Takes `count` permits, if they are there at this moment and there are no waiters.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire).
    ///
    /// ```
    /// let semaphore = whippet::sync::Semaphore::new(5);
    /// let permits = semaphore.try_acquire_many(3).unwrap();
    /// assert_eq!(permits.num_permits(), 3);
    /// assert!(semaphore.try_acquire_many(3).is_err());
    /// ```
    pub fn try_acquire_many(&self, count: u32) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.raw.try_acquire(count as usize)?;
        Ok(SemaphorePermit::new(self, count))
    }

    /// As [`acquire`](Self::acquire), blocking the thread: for threads that run no tasks.
    ///
    /// # Errors
    /// The semaphore is closed.
    ///
    /// ```
    /// let semaphore = whippet::sync::Semaphore::new(1);
    /// let permit = semaphore.blocking_acquire().unwrap();
    /// assert_eq!((permit.num_permits(), semaphore.available_permits()), (1, 0));
    /// ```
    ///
    /// # Panics
    /// Inside of a task or a `block_on`.
    #[track_caller]
    pub fn blocking_acquire(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        blocking::wait("Semaphore::blocking_acquire", self.acquire())
    }

    /// As [`acquire_many`](Self::acquire_many), blocking the thread: for threads that run no tasks.
    ///
    /// # Errors
    /// The semaphore is closed.
    ///
    /// # Panics
    /// Inside of a task or a `block_on`.
    ///
    /// ```
    /// let semaphore = whippet::sync::Semaphore::new(5);
    /// let permits = semaphore.blocking_acquire_many(3).unwrap();
    /// assert_eq!((permits.num_permits(), semaphore.available_permits()), (3, 2));
    /// ```
    #[track_caller]
    pub fn blocking_acquire_many(&self, count: u32) -> Result<SemaphorePermit<'_>, AcquireError> {
        blocking::wait("Semaphore::blocking_acquire_many", self.acquire_many(count))
    }

    /// Waits for a permit that keeps the semaphore alive.
    ///
    /// # Errors
    /// The semaphore is closed.
    ///
    /// # Cancel safety
    /// As [`acquire`](Self::acquire).
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(whippet::sync::Semaphore::new(1));
    /// let permit = Arc::clone(&semaphore).acquire_owned().await.unwrap();
    /// assert_eq!(semaphore.available_permits(), 0);
    /// whippet::spawn(async move { drop(permit) }).await.unwrap();
    /// assert_eq!(semaphore.available_permits(), 1);
    /// # });
    /// ```
    pub async fn acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, AcquireError> {
        self.acquire_many_owned(1).await
    }

    /// Waits for `count` permits that keep the semaphore alive.
    ///
    /// # Errors
    /// The semaphore is closed.
    ///
    /// # Cancel safety
    /// As [`acquire`](Self::acquire).
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(whippet::sync::Semaphore::new(5));
    /// let permits = Arc::clone(&semaphore).acquire_many_owned(3).await.unwrap();
    /// assert_eq!((permits.num_permits(), semaphore.available_permits()), (3, 2));
    /// # });
    /// ```
    pub async fn acquire_many_owned(
        self: Arc<Self>,
        count: u32,
    ) -> Result<OwnedSemaphorePermit, AcquireError> {
        self.raw.acquire(count as usize).await?;
        Ok(OwnedSemaphorePermit::new(self, count))
    }

    /// As [`acquire_owned`](Self::acquire_owned), blocking the thread: for threads that run no tasks.
    ///
    /// # Errors
    /// The semaphore is closed.
    ///
    /// # Panics
    /// Inside of a task or a `block_on`.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(whippet::sync::Semaphore::new(1));
    /// let permit = Arc::clone(&semaphore).blocking_acquire_owned().unwrap();
    /// let gives_back = std::thread::spawn(move || drop(permit));
    /// assert!(Arc::clone(&semaphore).blocking_acquire_owned().is_ok());
    /// gives_back.join().unwrap();
    /// ```
    #[track_caller]
    pub fn blocking_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, AcquireError> {
        blocking::wait("Semaphore::blocking_acquire_owned", self.acquire_owned())
    }

    /// As [`acquire_many_owned`](Self::acquire_many_owned), blocking the thread: for threads that run no tasks.
    ///
    /// # Errors
    /// The semaphore is closed.
    ///
    /// # Panics
    /// Inside of a task or a `block_on`.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(whippet::sync::Semaphore::new(5));
    /// let permits = Arc::clone(&semaphore).blocking_acquire_many_owned(3).unwrap();
    /// let gives_back = std::thread::spawn(move || drop(permits));
    /// // Waits for the others.
    /// assert_eq!(semaphore.blocking_acquire_many_owned(5).unwrap().num_permits(), 5);
    /// gives_back.join().unwrap();
    /// ```
    #[track_caller]
    pub fn blocking_acquire_many_owned(
        self: Arc<Self>,
        count: u32,
    ) -> Result<OwnedSemaphorePermit, AcquireError> {
        blocking::wait("Semaphore::blocking_acquire_many_owned", self.acquire_many_owned(count))
    }

    /// As [`try_acquire`](Self::try_acquire), for a permit that keeps the semaphore alive.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire).
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(whippet::sync::Semaphore::new(1));
    /// let permit = Arc::clone(&semaphore).try_acquire_owned().unwrap();
    /// assert!(Arc::clone(&semaphore).try_acquire_owned().is_err());
    /// std::thread::spawn(move || drop(permit)).join().unwrap();
    /// assert!(semaphore.try_acquire_owned().is_ok());
    /// ```
    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// As [`try_acquire_many`](Self::try_acquire_many), for permits that keep the semaphore alive.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire).
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(whippet::sync::Semaphore::new(5));
    /// let permits = Arc::clone(&semaphore).try_acquire_many_owned(3).unwrap();
    /// assert_eq!(permits.num_permits(), 3);
    /// assert!(semaphore.try_acquire_many_owned(3).is_err());
    /// ```
    pub fn try_acquire_many_owned(
        self: Arc<Self>,
        count: u32,
    ) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.raw.try_acquire(count as usize)?;
        Ok(OwnedSemaphorePermit::new(self, count))
    }

    /// Gives no more permits. Waiters get an error; permits that are out stay valid.
    ///
    /// ```
    /// let semaphore = whippet::sync::Semaphore::new(1);
    /// semaphore.close();
    /// assert!(semaphore.try_acquire().is_err());
    /// ```
    pub fn close(&self) {
        self.raw.close();
    }

    /// Whether [`close`](Self::close) was called.
    ///
    /// ```
    /// let semaphore = whippet::sync::Semaphore::new(1);
    /// assert!(!semaphore.is_closed());
    /// semaphore.close();
    /// assert!(semaphore.is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        self.raw.is_closed()
    }
}

#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(test)]
#[cfg(not(loom))]
mod tests;
