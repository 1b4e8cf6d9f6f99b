//! The guards of [`Mutex`].

use super::delegate::delegate_deref_mut;
use super::lock_inner::{Mutex, WriteAccess};
use crate::sync::semaphore::raw::RawSemaphore;
use std::sync::Arc;

/// The value of a [`Mutex`], which it borrows; the lock is free when this is dropped.
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let mutex = whippet::sync::Mutex::new(vec![1]);
/// let mut guard = mutex.lock().await;
/// guard.push(2);
/// assert!(mutex.try_lock().is_err());
/// drop(guard);
/// assert_eq!(*mutex.lock().await, [1, 2]);
/// # });
/// ```
#[must_use = "a guard that is dropped frees the lock"]
#[clippy::has_significant_drop]
pub struct MutexGuard<'a, T: ?Sized>(pub(super) WriteAccess<&'a Mutex<T>, T>);

/// The value of a [`Mutex`], which it keeps alive; the lock is free when this is dropped.
///
/// ```
/// use std::sync::Arc;
/// use whippet::sync::Mutex;
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let mutex = Arc::new(Mutex::new(1));
/// let mut guard = Arc::clone(&mutex).lock_owned().await;
/// // It borrows nothing, and so may go to another task.
/// whippet::spawn(async move { *guard += 1 }).await.unwrap();
/// assert_eq!(*mutex.lock().await, 2);
/// # });
/// ```
#[must_use = "a guard that is dropped frees the lock"]
#[clippy::has_significant_drop]
pub struct OwnedMutexGuard<T: ?Sized>(pub(super) WriteAccess<Arc<Mutex<T>>, T>);

/// A part of the value of a [`Mutex`]. Made by [`MutexGuard::map`].
///
/// ```
/// use whippet::sync::{MappedMutexGuard, Mutex, MutexGuard};
///
/// fn number<'a>(pair: &'a Mutex<(u32, &str)>) -> MappedMutexGuard<'a, u32> {
///     MutexGuard::map(pair.try_lock().unwrap(), |pair| &mut pair.0)
/// }
///
/// let pair = Mutex::new((1, "one"));
/// *number(&pair) += 1;
/// assert_eq!(pair.into_inner(), (2, "one"));
/// ```
#[must_use = "a guard that is dropped frees the lock"]
#[clippy::has_significant_drop]
pub struct MappedMutexGuard<'a, T: ?Sized>(WriteAccess<&'a RawSemaphore, T>);

/// A part `U` of the value `T` of a [`Mutex`], which it keeps alive. Made by [`OwnedMutexGuard::map`].
///
/// ```
/// use std::sync::Arc;
/// use whippet::sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard};
///
/// type Pair = (u32, &'static str);
///
/// fn number(pair: &Arc<Mutex<Pair>>) -> OwnedMappedMutexGuard<Pair, u32> {
///     OwnedMutexGuard::map(Arc::clone(pair).try_lock_owned().unwrap(), |pair| &mut pair.0)
/// }
///
/// let pair = Arc::new(Mutex::new((1, "one")));
/// *number(&pair) += 1;
/// assert_eq!(*pair.try_lock().unwrap(), (2, "one"));
/// ```
#[must_use = "a guard that is dropped frees the lock"]
#[clippy::has_significant_drop]
pub struct OwnedMappedMutexGuard<T: ?Sized, U: ?Sized = T>(WriteAccess<Arc<Mutex<T>>, U>);

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// Narrows the guard to a part of the value.
    ///
    /// ```
    /// use whippet::sync::{Mutex, MutexGuard};
    ///
    /// let pair = Mutex::new((1, "one"));
    /// let mut number = MutexGuard::map(pair.try_lock().unwrap(), |pair| &mut pair.0);
    /// *number = 2;
    /// drop(number);
    /// assert_eq!(pair.into_inner(), (2, "one"));
    /// ```
    pub fn map<U, F>(this: Self, f: F) -> MappedMutexGuard<'a, U>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> &mut U,
    {
        MappedMutexGuard(this.0.erase_lock().map(f))
    }

    /// Narrows the guard to a part of the value, if `f` finds it.
    ///
    /// # Errors
    /// The guard as it was.
    ///
    /// ```
    /// use whippet::sync::{Mutex, MutexGuard};
    ///
    /// let words = Mutex::new(vec!["one"]);
    /// let guard = words.try_lock().unwrap();
    /// let guard = MutexGuard::try_map(guard, |words| words.get_mut(7)).unwrap_err();
    /// assert_eq!(guard.len(), 1);
    /// ```
    pub fn try_map<U, F>(this: Self, f: F) -> Result<MappedMutexGuard<'a, U>, Self>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        match this.0.try_map(f) {
            Ok(part) => Ok(MappedMutexGuard(part.erase_lock())),
            Err(whole) => Err(Self(whole)),
        }
    }

    /// Whose guard it is.
    ///
    /// ```
    /// use whippet::sync::{Mutex, MutexGuard};
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// async fn let_others<T>(guard: MutexGuard<'_, T>) -> MutexGuard<'_, T> {
    ///     let mutex = MutexGuard::mutex(&guard);
    ///     drop(guard);
    ///     mutex.lock().await
    /// }
    ///
    /// let mutex = Mutex::new(1);
    /// let guard = let_others(mutex.lock().await).await;
    /// assert_eq!(*guard, 1);
    /// # });
    /// ```
    pub fn mutex(this: &Self) -> &'a Mutex<T> {
        this.0.source()
    }
}

impl<T: ?Sized> OwnedMutexGuard<T> {
    /// Narrows the guard to a part of the value.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use whippet::sync::{Mutex, OwnedMutexGuard};
    ///
    /// let pair = Arc::new(Mutex::new((1, "one")));
    /// let guard = Arc::clone(&pair).try_lock_owned().unwrap();
    /// *OwnedMutexGuard::map(guard, |pair| &mut pair.0) = 2;
    /// assert_eq!(*pair.try_lock().unwrap(), (2, "one"));
    /// ```
    pub fn map<U, F>(this: Self, f: F) -> OwnedMappedMutexGuard<T, U>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> &mut U,
    {
        OwnedMappedMutexGuard(this.0.map(f))
    }

    /// Narrows the guard to a part of the value, if `f` finds it.
    ///
    /// # Errors
    /// The guard as it was.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use whippet::sync::{Mutex, OwnedMutexGuard};
    ///
    /// let words = Arc::new(Mutex::new(vec!["one"]));
    /// let guard = words.try_lock_owned().unwrap();
    /// assert!(OwnedMutexGuard::try_map(guard, |words| words.first_mut()).is_ok());
    /// ```
    pub fn try_map<U, F>(this: Self, f: F) -> Result<OwnedMappedMutexGuard<T, U>, Self>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        this.0.try_map(f).map(OwnedMappedMutexGuard).map_err(Self)
    }

    /// Whose guard it is.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use whippet::sync::{Mutex, OwnedMutexGuard};
    ///
    /// let mutex = Arc::new(Mutex::new(1));
    /// let guard = Arc::clone(&mutex).try_lock_owned().unwrap();
    /// assert!(Arc::ptr_eq(&mutex, OwnedMutexGuard::mutex(&guard)));
    /// ```
    pub fn mutex(this: &Self) -> &Arc<Mutex<T>> {
        this.0.source()
    }
}

impl<'a, T: ?Sized> MappedMutexGuard<'a, T> {
    /// Narrows the guard further.
    ///
    /// ```
    /// use whippet::sync::{MappedMutexGuard, Mutex, MutexGuard};
    ///
    /// let nested = Mutex::new(((1, 2), 3));
    /// let pair = MutexGuard::map(nested.try_lock().unwrap(), |nested| &mut nested.0);
    /// *MappedMutexGuard::map(pair, |pair| &mut pair.1) = 7;
    /// assert_eq!(nested.into_inner(), ((1, 7), 3));
    /// ```
    pub fn map<U, F>(this: Self, f: F) -> MappedMutexGuard<'a, U>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> &mut U,
    {
        MappedMutexGuard(this.0.map(f))
    }

    /// Narrows the guard further, if `f` finds a part.
    ///
    /// # Errors
    /// The guard as it was.
    ///
    /// ```
    /// use whippet::sync::{MappedMutexGuard, Mutex, MutexGuard};
    ///
    /// let named = Mutex::new(("words", vec!["one"]));
    /// let words = MutexGuard::map(named.try_lock().unwrap(), |named| &mut named.1);
    /// let words = MappedMutexGuard::try_map(words, |words| words.get_mut(7)).unwrap_err();
    /// let first = MappedMutexGuard::try_map(words, |words| words.first_mut()).unwrap();
    /// assert_eq!(*first, "one");
    /// ```
    pub fn try_map<U, F>(this: Self, f: F) -> Result<MappedMutexGuard<'a, U>, Self>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        this.0.try_map(f).map(MappedMutexGuard).map_err(Self)
    }
}

impl<T: ?Sized, U: ?Sized> OwnedMappedMutexGuard<T, U> {
    /// Narrows the guard further.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use whippet::sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard};
    ///
    /// let nested = Arc::new(Mutex::new(((1, 2), 3)));
    /// let guard = Arc::clone(&nested).try_lock_owned().unwrap();
    /// let pair = OwnedMutexGuard::map(guard, |nested| &mut nested.0);
    /// *OwnedMappedMutexGuard::map(pair, |pair| &mut pair.1) = 7;
    /// assert_eq!(*nested.try_lock().unwrap(), ((1, 7), 3));
    /// ```
    pub fn map<S, F>(this: Self, f: F) -> OwnedMappedMutexGuard<T, S>
    where
        S: ?Sized,
        F: FnOnce(&mut U) -> &mut S,
    {
        OwnedMappedMutexGuard(this.0.map(f))
    }

    /// Narrows the guard further, if `f` finds a part.
    ///
    /// # Errors
    /// The guard as it was.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use whippet::sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard};
    ///
    /// let named = Arc::new(Mutex::new(("words", vec!["one"])));
    /// let words = OwnedMutexGuard::map(named.try_lock_owned().unwrap(), |named| &mut named.1);
    /// let words = OwnedMappedMutexGuard::try_map(words, |words| words.get_mut(7)).unwrap_err();
    /// let first = OwnedMappedMutexGuard::try_map(words, |words| words.first_mut()).unwrap();
    /// assert_eq!(*first, "one");
    /// ```
    pub fn try_map<S, F>(this: Self, f: F) -> Result<OwnedMappedMutexGuard<T, S>, Self>
    where
        S: ?Sized,
        F: FnOnce(&mut U) -> Option<&mut S>,
    {
        this.0.try_map(f).map(OwnedMappedMutexGuard).map_err(Self)
    }
}

delegate_deref_mut!(['a, T: ?Sized] MutexGuard<'a, T> => T);
delegate_deref_mut!([T: ?Sized] OwnedMutexGuard<T> => T);
delegate_deref_mut!(['a, T: ?Sized] MappedMutexGuard<'a, T> => T);
delegate_deref_mut!([T: ?Sized, U: ?Sized] OwnedMappedMutexGuard<T, U> => U);
