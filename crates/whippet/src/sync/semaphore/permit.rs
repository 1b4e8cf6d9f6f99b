//! Permits that give themselves back.

use super::Semaphore;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// Permits of a [`Semaphore`], which they borrow; they go back when this is dropped.
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let semaphore = whippet::sync::Semaphore::new(1);
/// {
///     let _permit = semaphore.acquire().await.unwrap();
///     assert!(semaphore.try_acquire().is_err());
/// }
/// assert!(semaphore.try_acquire().is_ok());
/// # });
/// ```
#[must_use = "permits that are dropped go back"]
pub struct SemaphorePermit<'a>(HeldPermits<&'a Semaphore>);

/// Permits of a [`Semaphore`], which they keep alive; they go back when this is dropped.
///
/// ```
/// use std::sync::Arc;
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let semaphore = Arc::new(whippet::sync::Semaphore::new(1));
/// let permit = Arc::clone(&semaphore).acquire_owned().await.unwrap();
/// // It borrows nothing, and so may go to another task.
/// whippet::spawn(async move { drop(permit) });
/// assert_eq!(semaphore.acquire().await.unwrap().num_permits(), 1);
/// # });
/// ```
#[must_use = "permits that are dropped go back"]
pub struct OwnedSemaphorePermit(HeldPermits<Arc<Semaphore>>);

/// Permits, and where they go back to: what the borrowed and the owned ones have in common.
struct HeldPermits<S: Deref<Target = Semaphore>> {
    /// Whose permits.
    semaphore: S,
    /// How many.
    count: usize,
}

impl<S: Deref<Target = Semaphore> + Clone> HeldPermits<S> {
    /// Takes the permits of `other`, which must be of the same semaphore.
    #[track_caller]
    fn merge(&mut self, call: &str, mut other: Self) {
        assert!(
            std::ptr::eq(&raw const *self.semaphore, &raw const *other.semaphore),
            "`{call}`: the permits are of two semaphores; merge those of one semaphore"
        );
        self.count = self.count.saturating_add(std::mem::take(&mut other.count));
    }

    /// Splits `count` permits off, if there are as many.
    fn split(&mut self, count: usize) -> Option<Self> {
        self.count = self.count.checked_sub(count)?;
        Some(Self { semaphore: self.semaphore.clone(), count })
    }
}

impl<S: Deref<Target = Semaphore>> Drop for HeldPermits<S> {
    fn drop(&mut self) {
        if self.count > 0 {
            self.semaphore.raw.release(self.count);
        }
    }
}

impl<'a> SemaphorePermit<'a> {
    /// `count` permits that were taken from `semaphore`.
    pub(super) fn new(semaphore: &'a Semaphore, count: u32) -> Self {
        Self(HeldPermits { semaphore, count: count as usize })
    }

    /// Does not give the permits back: the semaphore has so many less.
    ///
    /// ```
    /// let semaphore = whippet::sync::Semaphore::new(3);
    /// semaphore.try_acquire().unwrap().forget();
    /// assert_eq!(semaphore.available_permits(), 2);
    /// ```
    pub fn forget(mut self) {
        self.0.count = 0;
    }

    /// Takes the permits of `other` too.
    ///
    /// # Panics
    /// If they are of another semaphore.
    ///
    /// ```
    /// let semaphore = whippet::sync::Semaphore::new(3);
    /// let mut permits = semaphore.try_acquire().unwrap();
    /// permits.merge(semaphore.try_acquire_many(2).unwrap());
    /// assert_eq!(permits.num_permits(), 3);
    /// drop(permits);
    /// assert_eq!(semaphore.available_permits(), 3);
    /// ```
    #[track_caller]
    pub fn merge(&mut self, other: Self) {
        self.0.merge("SemaphorePermit::merge", other.0);
    }

    /// Splits `count` permits off; `None` if there are not as many.
    ///
    /// ```
    /// let semaphore = whippet::sync::Semaphore::new(3);
    /// let mut three = semaphore.try_acquire_many(3).unwrap();
    /// let one = three.split(1).unwrap();
    /// drop(one);
    /// assert_eq!((three.num_permits(), semaphore.available_permits()), (2, 1));
    /// ```
    pub fn split(&mut self, count: usize) -> Option<Self> {
        self.0.split(count).map(Self)
    }

    /// How many permits these are.
    ///
    /// ```
    /// let semaphore = whippet::sync::Semaphore::new(3);
    /// assert_eq!(semaphore.try_acquire_many(2).unwrap().num_permits(), 2);
    /// ```
    pub fn num_permits(&self) -> usize {
        self.0.count
    }

    /// Whose permits these are.
    ///
    /// ```
    /// use whippet::sync::{Semaphore, SemaphorePermit};
    ///
    /// /// As many permits again.
    /// fn doubled(mut permits: SemaphorePermit<'_>) -> SemaphorePermit<'_> {
    ///     let more = permits.semaphore().try_acquire_many(permits.num_permits() as u32);
    ///     permits.merge(more.unwrap());
    ///     permits
    /// }
    ///
    /// let semaphore = Semaphore::new(5);
    /// assert_eq!(doubled(semaphore.try_acquire_many(2).unwrap()).num_permits(), 4);
    /// ```
    pub fn semaphore(&self) -> &'a Semaphore {
        self.0.semaphore
    }
}

impl OwnedSemaphorePermit {
    /// `count` permits that were taken from `semaphore`.
    pub(super) fn new(semaphore: Arc<Semaphore>, count: u32) -> Self {
        Self(HeldPermits { semaphore, count: count as usize })
    }

    /// Does not give the permits back: the semaphore has so many less.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(whippet::sync::Semaphore::new(3));
    /// Arc::clone(&semaphore).try_acquire_owned().unwrap().forget();
    /// assert_eq!(semaphore.available_permits(), 2);
    /// ```
    pub fn forget(mut self) {
        self.0.count = 0;
    }

    /// Takes the permits of `other` too.
    ///
    /// # Panics
    /// If they are of another semaphore.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(whippet::sync::Semaphore::new(3));
    /// let mut permits = Arc::clone(&semaphore).try_acquire_owned().unwrap();
    /// permits.merge(Arc::clone(&semaphore).try_acquire_many_owned(2).unwrap());
    /// assert_eq!(permits.num_permits(), 3);
    /// drop(permits);
    /// assert_eq!(semaphore.available_permits(), 3);
    /// ```
    #[track_caller]
    pub fn merge(&mut self, other: Self) {
        self.0.merge("OwnedSemaphorePermit::merge", other.0);
    }

    /// Splits `count` permits off; `None` if there are not as many.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(whippet::sync::Semaphore::new(3));
    /// let mut three = Arc::clone(&semaphore).try_acquire_many_owned(3).unwrap();
    /// let one = three.split(1).unwrap();
    /// drop(one);
    /// assert_eq!((three.num_permits(), semaphore.available_permits()), (2, 1));
    /// assert!(three.split(3).is_none());
    /// ```
    pub fn split(&mut self, count: usize) -> Option<Self> {
        self.0.split(count).map(Self)
    }

    /// How many permits these are.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(whippet::sync::Semaphore::new(3));
    /// assert_eq!(semaphore.try_acquire_many_owned(2).unwrap().num_permits(), 2);
    /// ```
    pub fn num_permits(&self) -> usize {
        self.0.count
    }

    /// Whose permits these are.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(whippet::sync::Semaphore::new(3));
    /// let permit = Arc::clone(&semaphore).try_acquire_owned().unwrap();
    /// assert!(Arc::ptr_eq(permit.semaphore(), &semaphore));
    /// ```
    pub fn semaphore(&self) -> &Arc<Semaphore> {
        &self.0.semaphore
    }
}

impl fmt::Debug for SemaphorePermit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SemaphorePermit").field("permits", &self.0.count).finish_non_exhaustive()
    }
}

impl fmt::Debug for OwnedSemaphorePermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = &self.0.count;
        f.debug_struct("OwnedSemaphorePermit").field("permits", count).finish_non_exhaustive()
    }
}
