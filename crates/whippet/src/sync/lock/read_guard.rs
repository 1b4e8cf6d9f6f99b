//! The guards of the readers of a [`RwLock`].

use super::delegate::delegate_deref;
use super::lock_inner::{ReadAccess, RwLock};
use crate::sync::semaphore::raw::RawSemaphore;
use std::sync::Arc;

/// The value of a [`RwLock`] that it borrows, or a part of it, to be looked at.
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let lock = whippet::sync::RwLock::new("hello");
/// let (one, other) = (lock.read().await, lock.read().await);
/// assert_eq!((*one, other.len()), ("hello", 5));
/// assert!(lock.try_write().is_err());
/// # });
/// ```
#[must_use = "a guard that is dropped frees the lock"]
#[clippy::has_significant_drop]
pub struct RwLockReadGuard<'a, T: ?Sized>(pub(super) ReadAccess<&'a RawSemaphore, T>);

/// The value `T` of a [`RwLock`] that it keeps alive, or a part `U` of it, to be looked at.
///
/// ```
/// use std::sync::Arc;
/// use whippet::sync::RwLock;
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let lock = Arc::new(RwLock::new("hello"));
/// let guard = Arc::clone(&lock).read_owned().await;
/// // It borrows nothing, and so may go to another task.
/// let length = whippet::spawn(async move { guard.len() });
/// assert_eq!(length.await.unwrap(), 5);
/// # });
/// ```
#[must_use = "a guard that is dropped frees the lock"]
#[clippy::has_significant_drop]
pub struct OwnedRwLockReadGuard<T: ?Sized, U: ?Sized = T>(pub(super) ReadAccess<Arc<RwLock<T>>, U>);

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    /// Narrows the guard to a part of the value.
    ///
    /// ```
    /// use whippet::sync::{RwLock, RwLockReadGuard};
    ///
    /// let pair = RwLock::new((1, "one"));
    /// let word = RwLockReadGuard::map(pair.try_read().unwrap(), |pair| pair.1);
    /// assert_eq!(&*word, "one");
    /// ```
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> RwLockReadGuard<'a, U>
    where
        F: FnOnce(&T) -> &U,
    {
        RwLockReadGuard(this.0.map(f))
    }

    /// Narrows the guard to a part of the value, if `f` finds it.
    ///
    /// # Errors
    /// The guard as it was.
    ///
    /// ```
    /// use whippet::sync::{RwLock, RwLockReadGuard};
    ///
    /// let words = RwLock::new(vec!["one"]);
    /// let guard = words.try_read().unwrap();
    /// assert!(RwLockReadGuard::try_map(guard, |words| words.first()).is_ok());
    /// ```
    pub fn try_map<F, U: ?Sized>(this: Self, f: F) -> Result<RwLockReadGuard<'a, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        this.0.try_map(f).map(RwLockReadGuard).map_err(Self)
    }
}

impl<T: ?Sized, U: ?Sized> OwnedRwLockReadGuard<T, U> {
    /// Narrows the guard to a part of the value.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use whippet::sync::{OwnedRwLockReadGuard, RwLock};
    ///
    /// let pair = Arc::new(RwLock::new((1, "one")));
    /// let guard = pair.try_read_owned().unwrap();
    /// let word = OwnedRwLockReadGuard::map(guard, |pair| pair.1);
    /// assert_eq!(&*word, "one");
    /// ```
    pub fn map<F, V: ?Sized>(this: Self, f: F) -> OwnedRwLockReadGuard<T, V>
    where
        F: FnOnce(&U) -> &V,
    {
        OwnedRwLockReadGuard(this.0.map(f))
    }

    /// Narrows the guard to a part of the value, if `f` finds it.
    ///
    /// # Errors
    /// The guard as it was.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use whippet::sync::{OwnedRwLockReadGuard, RwLock};
    ///
    /// let words = Arc::new(RwLock::new(vec!["one"]));
    /// let guard = words.try_read_owned().unwrap();
    /// let guard = OwnedRwLockReadGuard::try_map(guard, |words| words.get(7)).unwrap_err();
    /// let first = OwnedRwLockReadGuard::try_map(guard, |words| words.first()).unwrap();
    /// assert_eq!(*first, "one");
    /// ```
    pub fn try_map<F, V: ?Sized>(this: Self, f: F) -> Result<OwnedRwLockReadGuard<T, V>, Self>
    where
        F: FnOnce(&U) -> Option<&V>,
    {
        this.0.try_map(f).map(OwnedRwLockReadGuard).map_err(Self)
    }

    /// Whose guard it is.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use whippet::sync::{OwnedRwLockReadGuard, RwLock};
    ///
    /// let lock = Arc::new(RwLock::new(1));
    /// let guard = Arc::clone(&lock).try_read_owned().unwrap();
    /// assert!(Arc::ptr_eq(&lock, OwnedRwLockReadGuard::rwlock(&guard)));
    /// ```
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        this.0.source()
    }
}

delegate_deref!(['a, T: ?Sized] RwLockReadGuard<'a, T> => T);
delegate_deref!([T: ?Sized, U: ?Sized] OwnedRwLockReadGuard<T, U> => U);
