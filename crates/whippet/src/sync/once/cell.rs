//! A value that is made by the first task that needs it.

use super::error::SetError;
use super::once_slot::OnceSlot;
use crate::loom::const_fn;
use crate::sync::fair_permits::AcquireFailure;
use crate::sync::semaphore::raw::RawSemaphore;
use std::convert::Infallible;
use std::fmt;

/// A value that is made once, by a future of the first task that needs it; the others wait for it meanwhile.
///
/// If that task gives up, panics or fails, the next waiter makes it.
///
/// ```
/// use whippet::sync::OnceCell;
///
/// static MOTD: OnceCell<String> = OnceCell::const_new();
///
/// async fn motd() -> &'static str {
///     MOTD.get_or_init(async || "welcome".to_owned()).await
/// }
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// assert_eq!((motd().await, motd().await), ("welcome", "welcome"));
/// # });
/// ```
pub struct OnceCell<T> {
    /// The value.
    slot: OnceSlot<T>,
    /// The one permit to make it; closed once it is there.
    init_permit: RawSemaphore,
}

impl<T> OnceCell<T> {
    const_fn! {
        /// An empty cell.
        ///
        /// ```
        /// let cell = whippet::sync::OnceCell::new();
        /// assert!(!cell.initialized());
        /// cell.set(1).unwrap();
        /// assert_eq!(cell.get(), Some(&1));
        /// ```
        #[must_use]
        pub fn new() -> Self {
            Self { slot: OnceSlot::new(None), init_permit: RawSemaphore::new(1) }
        }

        /// As [`new`](Self::new), by the name that it has in tokio where a constant is asked for.
        ///
        /// ```
        /// use whippet::sync::OnceCell;
        ///
        /// static NUMBER: OnceCell<u32> = OnceCell::const_new();
        ///
        /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
        /// assert_eq!(NUMBER.get_or_init(async || 7).await, &7);
        /// assert_eq!(NUMBER.get(), Some(&7));
        /// # });
        /// ```
        #[must_use]
        pub fn const_new() -> Self {
            Self::new()
        }

        /// A cell with a value, or an empty one.
        ///
        /// ```
        /// use whippet::sync::OnceCell;
        ///
        /// assert_eq!(OnceCell::new_with(Some(1)).get(), Some(&1));
        /// ```
        #[must_use]
        pub fn new_with(value: Option<T>) -> Self {
            Self { slot: OnceSlot::new(value), init_permit: RawSemaphore::new(1) }
        }

        /// A cell with a value, by the name that it has in tokio where a constant is asked for.
        ///
        /// ```
        /// use whippet::sync::OnceCell;
        ///
        /// static NUMBER: OnceCell<u32> = OnceCell::const_new_with(7);
        /// assert_eq!(NUMBER.get(), Some(&7));
        /// ```
        #[must_use]
        pub fn const_new_with(value: T) -> Self {
            Self::new_with(Some(value))
        }
    }

    /// Whether the value is there.
    ///
    /// ```
    /// let cell = whippet::sync::OnceCell::new();
    /// assert!(!cell.initialized());
    /// cell.set(1).unwrap();
    /// assert!(cell.initialized());
    /// ```
    pub fn initialized(&self) -> bool {
        self.slot.is_set()
    }

    /// The value, if it is there.
    ///
    /// ```
    /// let cell = whippet::sync::OnceCell::new();
    /// assert_eq!(cell.get(), None);
    /// cell.set(1).unwrap();
    /// assert_eq!(cell.get(), Some(&1));
    /// ```
    pub fn get(&self) -> Option<&T> {
        self.slot.get()
    }

    /// The value, if it is there, to be changed.
    ///
    /// ```
    /// let mut cell = whippet::sync::OnceCell::from(1);
    /// *cell.get_mut().unwrap() += 1;
    /// assert_eq!(cell.into_inner(), Some(2));
    /// ```
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.slot.get_mut()
    }

    /// Sets the value, if there is none and no task is making one.
    ///
    /// # Errors
    /// [`SetError`], with the value.
    ///
    /// ```
    /// let cell = whippet::sync::OnceCell::new();
    /// cell.set(1).unwrap();
    /// assert!(cell.set(2).unwrap_err().is_already_init_err());
    /// ```
    pub fn set(&self, value: T) -> Result<(), SetError<T>> {
        let guard = match self.init_permit.try_acquire(1) {
            Ok(()) => InitGuard(self),
            Err(AcquireFailure::NoPermits) if !self.initialized() => {
                return Err(SetError::InitializingError(value));
            }
            Err(_) => return Err(SetError::AlreadyInitializedError(value)),
        };
        guard.finish(value).map(drop).map_err(SetError::AlreadyInitializedError)
    }

    /// The value; if it is not there, the future of `f` makes it. Of several tasks that ask one makes it, and the others
    /// wait.
    ///
    /// A cell that is asked for from inside of its own `f` waits for ever.
    ///
    /// # Cancel safety
    /// Dropped before it is ready it leaves the cell as it was; a future that was under way is dropped with it, and the
    /// next waiter makes the value.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let cell = whippet::sync::OnceCell::new();
    /// assert_eq!(*cell.get_or_init(|| async { 1 }).await, 1);
    /// assert_eq!(*cell.get_or_init(|| async { 2 }).await, 1);
    /// # });
    /// ```
    pub async fn get_or_init<F, Fut>(&self, f: F) -> &T
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = T>,
    {
        let made = self.get_or_try_init(async || Ok::<T, Infallible>(f().await)).await;
        match made {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// As [`get_or_init`](Self::get_or_init), with a future that may fail: then the cell stays empty, and the next waiter
    /// tries.
    ///
    /// # Errors
    /// That of `f`.
    ///
    /// # Cancel safety
    /// As [`get_or_init`](Self::get_or_init).
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let cell = whippet::sync::OnceCell::new();
    /// assert_eq!(cell.get_or_try_init(|| async { Err("no") }).await, Err("no"));
    /// assert_eq!(cell.get_or_try_init(|| async { Ok::<_, &str>(1) }).await, Ok(&1));
    /// # });
    /// ```
    pub async fn get_or_try_init<E, F, Fut>(&self, f: F) -> Result<&T, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        loop {
            if let Some(value) = self.slot.get() {
                return Ok(value);
            }
            // An error: the value is there, and the permit was closed.
            if self.init_permit.acquire(1).await.is_ok() {
                break;
            }
        }
        let guard = InitGuard(self);
        if let Some(value) = self.slot.get() {
            return Ok(value);
        }
        let value = f().await?;
        match guard.finish(value) {
            Ok(value) => Ok(value),
            Err(_) => unreachable!("one task at a time makes the value"),
        }
    }

    /// The value, if it is there.
    ///
    /// ```
    /// use whippet::sync::OnceCell;
    ///
    /// assert_eq!(OnceCell::from(1).into_inner(), Some(1));
    /// assert_eq!(OnceCell::<u32>::new().into_inner(), None);
    /// ```
    pub fn into_inner(self) -> Option<T> {
        self.slot.into_inner()
    }

    /// Takes the value out, if it is there: the cell is empty then.
    ///
    /// ```
    /// let mut cell = whippet::sync::OnceCell::from(1);
    /// assert_eq!((cell.take(), cell.get()), (Some(1), None));
    /// ```
    pub fn take(&mut self) -> Option<T> {
        std::mem::take(self).into_inner()
    }
}

/// The permit to make the value; it goes back if nothing came of it.
struct InitGuard<'a, T>(&'a OnceCell<T>);

impl<'a, T> InitGuard<'a, T> {
    /// Sets the value, and wakes the waiters.
    fn finish(self, value: T) -> Result<&'a T, T> {
        let cell = self.0;
        cell.slot.set(value)?;
        cell.init_permit.close();
        Ok(cell.slot.get().expect("the value was put there"))
    }
}

impl<T> Drop for InitGuard<'_, T> {
    fn drop(&mut self) {
        self.0.init_permit.release(1);
    }
}

impl<T> Default for OnceCell<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for OnceCell<T> {
    fn from(value: T) -> Self {
        Self::new_with(Some(value))
    }
}

impl<T: Clone> Clone for OnceCell<T> {
    fn clone(&self) -> Self {
        Self::new_with(self.get().cloned())
    }
}

impl<T: PartialEq> PartialEq for OnceCell<T> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceCell<T> {}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceCell").field("value", &self.get()).finish()
    }
}
