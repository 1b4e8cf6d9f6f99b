//! The guards of the writers of a [`RwLock`].

use super::delegate::delegate_deref_mut;
use super::lock_inner::{DowngradableAccess, RwLock};
use super::read_guard::{OwnedRwLockReadGuard, RwLockReadGuard};
use crate::sync::semaphore::raw::RawSemaphore;
use std::sync::Arc;

/// The value of a [`RwLock`] that it borrows, to be changed.
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let lock = whippet::sync::RwLock::new(vec![1]);
/// let mut guard = lock.write().await;
/// guard.push(2);
/// assert!(lock.try_read().is_err());
/// drop(guard);
/// assert_eq!(*lock.read().await, [1, 2]);
/// # });
/// ```
#[must_use = "a guard that is dropped frees the lock"]
#[clippy::has_significant_drop]
pub struct RwLockWriteGuard<'a, T: ?Sized>(pub(super) DowngradableAccess<&'a RawSemaphore, T>);

/// A part of the value of a [`RwLock`]. Made by [`RwLockWriteGuard::map`].
///
/// ```
/// use whippet::sync::{RwLock, RwLockMappedWriteGuard, RwLockWriteGuard};
///
/// fn number<'a>(pair: &'a RwLock<(u32, &str)>) -> RwLockMappedWriteGuard<'a, u32> {
///     RwLockWriteGuard::map(pair.try_write().unwrap(), |pair| &mut pair.0)
/// }
///
/// let pair = RwLock::new((1, "one"));
/// *number(&pair) += 1;
/// assert_eq!(pair.into_inner(), (2, "one"));
/// ```
#[must_use = "a guard that is dropped frees the lock"]
#[clippy::has_significant_drop]
pub struct RwLockMappedWriteGuard<'a, T: ?Sized>(DowngradableAccess<&'a RawSemaphore, T>);

/// The value of a [`RwLock`] that it keeps alive, to be changed.
///
/// ```
/// use std::sync::Arc;
/// use whippet::sync::RwLock;
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let lock = Arc::new(RwLock::new(1));
/// let mut guard = Arc::clone(&lock).write_owned().await;
/// // It borrows nothing, and so may go to another task.
/// whippet::spawn(async move { *guard += 1 }).await.unwrap();
/// assert_eq!(*lock.read().await, 2);
/// # });
/// ```
#[must_use = "a guard that is dropped frees the lock"]
#[clippy::has_significant_drop]
pub struct OwnedRwLockWriteGuard<T: ?Sized>(pub(super) DowngradableAccess<Arc<RwLock<T>>, T>);

/// A part `U` of the value `T` of a [`RwLock`] that it keeps alive. Made by [`OwnedRwLockWriteGuard::map`].
///
/// ```
/// use std::sync::Arc;
/// use whippet::sync::{OwnedRwLockMappedWriteGuard, OwnedRwLockWriteGuard, RwLock};
///
/// type Pair = (u32, &'static str);
///
/// fn number(pair: &Arc<RwLock<Pair>>) -> OwnedRwLockMappedWriteGuard<Pair, u32> {
///     OwnedRwLockWriteGuard::map(Arc::clone(pair).try_write_owned().unwrap(), |pair| &mut pair.0)
/// }
///
/// let pair = Arc::new(RwLock::new((1, "one")));
/// *number(&pair) += 1;
/// assert_eq!(*pair.try_read().unwrap(), (2, "one"));
/// ```
#[must_use = "a guard that is dropped frees the lock"]
#[clippy::has_significant_drop]
pub struct OwnedRwLockMappedWriteGuard<T: ?Sized, U: ?Sized = T>(
    DowngradableAccess<Arc<RwLock<T>>, U>,
);

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// Narrows the guard to a part of the value.
    ///
    /// ```
    /// use whippet::sync::{RwLock, RwLockWriteGuard};
    ///
    /// let pair = RwLock::new((1, "one"));
    /// *RwLockWriteGuard::map(pair.try_write().unwrap(), |pair| &mut pair.0) = 2;
    /// assert_eq!(pair.into_inner(), (2, "one"));
    /// ```
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> RwLockMappedWriteGuard<'a, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        RwLockMappedWriteGuard(this.0.map(f))
    }

    /// Narrows the guard to a part of the value, if `f` finds it.
    ///
    /// # Errors
    /// The guard as it was.
    ///
    /// ```
    /// use whippet::sync::{RwLock, RwLockWriteGuard};
    ///
    /// let words = RwLock::new(vec!["one"]);
    /// let guard = words.try_write().unwrap();
    /// let guard = RwLockWriteGuard::try_map(guard, |words| words.get_mut(7)).unwrap_err();
    /// assert_eq!(guard.len(), 1);
    /// ```
    pub fn try_map<F, U: ?Sized>(this: Self, f: F) -> Result<RwLockMappedWriteGuard<'a, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        this.0.try_map(f).map(RwLockMappedWriteGuard).map_err(Self)
    }

    /// The same guard, by the type of one of a part.
    ///
    /// ```
    /// use whippet::sync::{RwLock, RwLockMappedWriteGuard, RwLockWriteGuard};
    ///
    /// fn add(mut number: RwLockMappedWriteGuard<'_, u32>) {
    ///     *number += 1;
    /// }
    ///
    /// let lock = RwLock::new(1);
    /// add(RwLockWriteGuard::into_mapped(lock.try_write().unwrap()));
    /// assert_eq!(lock.into_inner(), 2);
    /// ```
    pub fn into_mapped(this: Self) -> RwLockMappedWriteGuard<'a, T> {
        RwLockMappedWriteGuard(this.0)
    }

    /// Becomes a reader; no writer comes between. Readers that wait next waiter are let in.
    ///
    /// ```
    /// let lock = whippet::sync::RwLock::new(1);
    /// let mut writer = lock.try_write().unwrap();
    /// *writer += 1;
    /// let reader = writer.downgrade();
    /// assert_eq!((*reader, *lock.try_read().unwrap()), (2, 2));
    /// ```
    pub fn downgrade(self) -> RwLockReadGuard<'a, T> {
        RwLockReadGuard(self.0.downgrade())
    }

    /// Becomes a reader of a part; no writer comes between. Readers are let in after `f` returned.
    ///
    /// If `f` panics, the lock is free.
    ///
    /// ```
    /// use whippet::sync::{RwLock, RwLockWriteGuard};
    ///
    /// let pair = RwLock::new((1, "one"));
    /// let number = RwLockWriteGuard::downgrade_map(pair.try_write().unwrap(), |pair| &pair.0);
    /// assert_eq!((*number, pair.try_read().unwrap().1), (1, "one"));
    /// ```
    pub fn downgrade_map<F, U: ?Sized>(this: Self, f: F) -> RwLockReadGuard<'a, U>
    where
        F: FnOnce(&T) -> &U,
    {
        RwLockReadGuard(this.0.downgrade_map(f))
    }

    /// Becomes a reader of a part, if `f` finds it; no writer comes between.
    ///
    /// # Errors
    /// The guard as it was.
    ///
    /// ```
    /// use whippet::sync::{RwLock, RwLockWriteGuard};
    ///
    /// let words = RwLock::new(vec!["one"]);
    /// let writer = words.try_write().unwrap();
    /// let writer = RwLockWriteGuard::try_downgrade_map(writer, |words| words.get(7)).unwrap_err();
    /// let first = RwLockWriteGuard::try_downgrade_map(writer, |words| words.first()).unwrap();
    /// assert_eq!((*first, words.try_read().unwrap().len()), ("one", 1));
    /// ```
    pub fn try_downgrade_map<F, U: ?Sized>(this: Self, f: F) -> Result<RwLockReadGuard<'a, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        this.0.try_downgrade_map(f).map(RwLockReadGuard).map_err(Self)
    }
}

impl<'a, T: ?Sized> RwLockMappedWriteGuard<'a, T> {
    /// Narrows the guard further.
    ///
    /// ```
    /// use whippet::sync::{RwLock, RwLockMappedWriteGuard, RwLockWriteGuard};
    ///
    /// let nested = RwLock::new(((1, 2), 3));
    /// let pair = RwLockWriteGuard::map(nested.try_write().unwrap(), |nested| &mut nested.0);
    /// *RwLockMappedWriteGuard::map(pair, |pair| &mut pair.1) = 7;
    /// assert_eq!(nested.into_inner(), ((1, 7), 3));
    /// ```
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> RwLockMappedWriteGuard<'a, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        RwLockMappedWriteGuard(this.0.map(f))
    }

    /// Narrows the guard further, if `f` finds a part.
    ///
    /// # Errors
    /// The guard as it was.
    ///
    /// ```
    /// use whippet::sync::{RwLock, RwLockMappedWriteGuard, RwLockWriteGuard};
    ///
    /// let named = RwLock::new(("words", vec!["one"]));
    /// let words = RwLockWriteGuard::map(named.try_write().unwrap(), |named| &mut named.1);
    /// let words = RwLockMappedWriteGuard::try_map(words, |words| words.get_mut(7)).unwrap_err();
    /// *RwLockMappedWriteGuard::try_map(words, |words| words.first_mut()).unwrap() = "two";
    /// assert_eq!(named.into_inner().1, ["two"]);
    /// ```
    pub fn try_map<F, U: ?Sized>(this: Self, f: F) -> Result<RwLockMappedWriteGuard<'a, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        this.0.try_map(f).map(RwLockMappedWriteGuard).map_err(Self)
    }
}

impl<T: ?Sized> OwnedRwLockWriteGuard<T> {
    /// Narrows the guard to a part of the value.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use whippet::sync::{OwnedRwLockWriteGuard, RwLock};
    ///
    /// let pair = Arc::new(RwLock::new((1, "one")));
    /// let guard = Arc::clone(&pair).try_write_owned().unwrap();
    /// *OwnedRwLockWriteGuard::map(guard, |pair| &mut pair.0) = 2;
    /// assert_eq!(*pair.try_read().unwrap(), (2, "one"));
    /// ```
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> OwnedRwLockMappedWriteGuard<T, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        OwnedRwLockMappedWriteGuard(this.0.map(f))
    }

    /// Narrows the guard to a part of the value, if `f` finds it.
    ///
    /// # Errors
    /// The guard as it was.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use whippet::sync::{OwnedRwLockWriteGuard, RwLock};
    ///
    /// let words = Arc::new(RwLock::new(vec!["one"]));
    /// let guard = Arc::clone(&words).try_write_owned().unwrap();
    /// let guard = OwnedRwLockWriteGuard::try_map(guard, |words| words.get_mut(7)).unwrap_err();
    /// *OwnedRwLockWriteGuard::try_map(guard, |words| words.first_mut()).unwrap() = "two";
    /// assert_eq!(*words.try_read().unwrap(), ["two"]);
    /// ```
    pub fn try_map<F, U: ?Sized>(
        this: Self,
        f: F,
    ) -> Result<OwnedRwLockMappedWriteGuard<T, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        this.0.try_map(f).map(OwnedRwLockMappedWriteGuard).map_err(Self)
    }

    /// The same guard, by the type of one of a part.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use whippet::sync::{OwnedRwLockMappedWriteGuard, OwnedRwLockWriteGuard, RwLock};
    ///
    /// fn add(mut number: OwnedRwLockMappedWriteGuard<u32>) {
    ///     *number += 1;
    /// }
    ///
    /// let lock = Arc::new(RwLock::new(1));
    /// add(OwnedRwLockWriteGuard::into_mapped(Arc::clone(&lock).try_write_owned().unwrap()));
    /// assert_eq!(*lock.try_read().unwrap(), 2);
    /// ```
    pub fn into_mapped(this: Self) -> OwnedRwLockMappedWriteGuard<T> {
        OwnedRwLockMappedWriteGuard(this.0)
    }

    /// Becomes a reader; no writer comes between. Readers that wait next waiter are let in.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use whippet::sync::RwLock;
    ///
    /// let lock = Arc::new(RwLock::new(1));
    /// let reader = Arc::clone(&lock).try_write_owned().unwrap().downgrade();
    /// assert_eq!((*reader, *lock.try_read().unwrap()), (1, 1));
    /// ```
    pub fn downgrade(self) -> OwnedRwLockReadGuard<T> {
        OwnedRwLockReadGuard(self.0.downgrade())
    }

    /// Becomes a reader of a part; no writer comes between. Readers are let in after `f` returned.
    ///
    /// If `f` panics, the lock is free.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use whippet::sync::{OwnedRwLockWriteGuard, RwLock};
    ///
    /// let pair = Arc::new(RwLock::new((1, "one")));
    /// let writer = Arc::clone(&pair).try_write_owned().unwrap();
    /// let number = OwnedRwLockWriteGuard::downgrade_map(writer, |pair| &pair.0);
    /// assert_eq!((*number, pair.try_read().unwrap().1), (1, "one"));
    /// ```
    pub fn downgrade_map<F, U: ?Sized>(this: Self, f: F) -> OwnedRwLockReadGuard<T, U>
    where
        F: FnOnce(&T) -> &U,
    {
        OwnedRwLockReadGuard(this.0.downgrade_map(f))
    }

    /// Becomes a reader of a part, if `f` finds it; no writer comes between.
    ///
    /// # Errors
    /// The guard as it was.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use whippet::sync::{OwnedRwLockWriteGuard, RwLock};
    ///
    /// let words = Arc::new(RwLock::new(vec!["one"]));
    /// let writer = Arc::clone(&words).try_write_owned().unwrap();
    /// let writer = OwnedRwLockWriteGuard::try_downgrade_map(writer, |words| words.get(7)).unwrap_err();
    /// let first = OwnedRwLockWriteGuard::try_downgrade_map(writer, |words| words.first()).unwrap();
    /// assert_eq!((*first, words.try_read().unwrap().len()), ("one", 1));
    /// ```
    pub fn try_downgrade_map<F, U: ?Sized>(
        this: Self,
        f: F,
    ) -> Result<OwnedRwLockReadGuard<T, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        this.0.try_downgrade_map(f).map(OwnedRwLockReadGuard).map_err(Self)
    }

    /// Whose guard it is.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use whippet::sync::{OwnedRwLockWriteGuard, RwLock};
    ///
    /// let lock = Arc::new(RwLock::new(1));
    /// let guard = Arc::clone(&lock).try_write_owned().unwrap();
    /// assert!(Arc::ptr_eq(&lock, OwnedRwLockWriteGuard::rwlock(&guard)));
    /// ```
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        this.0.source()
    }
}

impl<T: ?Sized, U: ?Sized> OwnedRwLockMappedWriteGuard<T, U> {
    /// Narrows the guard further.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use whippet::sync::{OwnedRwLockMappedWriteGuard, OwnedRwLockWriteGuard, RwLock};
    ///
    /// let nested = Arc::new(RwLock::new(((1, 2), 3)));
    /// let guard = Arc::clone(&nested).try_write_owned().unwrap();
    /// let pair = OwnedRwLockWriteGuard::map(guard, |nested| &mut nested.0);
    /// *OwnedRwLockMappedWriteGuard::map(pair, |pair| &mut pair.1) = 7;
    /// assert_eq!(*nested.try_read().unwrap(), ((1, 7), 3));
    /// ```
    pub fn map<F, V: ?Sized>(this: Self, f: F) -> OwnedRwLockMappedWriteGuard<T, V>
    where
        F: FnOnce(&mut U) -> &mut V,
    {
        OwnedRwLockMappedWriteGuard(this.0.map(f))
    }

    /// Narrows the guard further, if `f` finds a part.
    ///
    /// # Errors
    /// The guard as it was.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use whippet::sync::{OwnedRwLockMappedWriteGuard, OwnedRwLockWriteGuard, RwLock};
    ///
    /// let named = Arc::new(RwLock::new(("words", vec!["one"])));
    /// let guard = Arc::clone(&named).try_write_owned().unwrap();
    /// let words = OwnedRwLockWriteGuard::map(guard, |named| &mut named.1);
    /// let words = OwnedRwLockMappedWriteGuard::try_map(words, |words| words.get_mut(7)).unwrap_err();
    /// *OwnedRwLockMappedWriteGuard::try_map(words, |words| words.first_mut()).unwrap() = "two";
    /// assert_eq!(named.try_read().unwrap().1, ["two"]);
    /// ```
    pub fn try_map<F, V: ?Sized>(
        this: Self,
        f: F,
    ) -> Result<OwnedRwLockMappedWriteGuard<T, V>, Self>
    where
        F: FnOnce(&mut U) -> Option<&mut V>,
    {
        this.0.try_map(f).map(OwnedRwLockMappedWriteGuard).map_err(Self)
    }

    /// Whose guard it is.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use whippet::sync::{OwnedRwLockMappedWriteGuard, OwnedRwLockWriteGuard, RwLock};
    ///
    /// let lock = Arc::new(RwLock::new((1, 2)));
    /// let guard = Arc::clone(&lock).try_write_owned().unwrap();
    /// let number = OwnedRwLockWriteGuard::map(guard, |pair| &mut pair.0);
    /// assert!(Arc::ptr_eq(&lock, OwnedRwLockMappedWriteGuard::rwlock(&number)));
    /// ```
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        this.0.source()
    }
}

delegate_deref_mut!(['a, T: ?Sized] RwLockWriteGuard<'a, T> => T);
delegate_deref_mut!(['a, T: ?Sized] RwLockMappedWriteGuard<'a, T> => T);
delegate_deref_mut!([T: ?Sized] OwnedRwLockWriteGuard<T> => T);
delegate_deref_mut!([T: ?Sized, U: ?Sized] OwnedRwLockMappedWriteGuard<T, U> => U);
