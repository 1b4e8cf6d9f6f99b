//! A value that one task sets and others wait for.

use super::error::SetOnceError;
use super::once_slot::OnceSlot;
use crate::loom::const_fn;
use crate::sync::Notify;
use crate::sync::wait::wait_until;
use std::fmt;

/// A value that is set once, and that any number of tasks wait for.
///
/// ```
/// use std::sync::Arc;
/// use whippet::sync::SetOnce;
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let address = Arc::new(SetOnce::new());
/// let waiter = whippet::spawn({
///     let address = Arc::clone(&address);
///     async move { *address.wait().await }
/// });
/// address.set(4242).unwrap();
/// assert_eq!(waiter.await.unwrap(), 4242);
/// # });
/// ```
pub struct SetOnce<T> {
    /// The value.
    slot: OnceSlot<T>,
    /// Where others wait for it.
    notify: Notify,
}

impl<T> SetOnce<T> {
    const_fn! {
        /// Not set yet.
        ///
        /// ```
        /// let once = whippet::sync::SetOnce::new();
        /// assert!(!once.initialized());
        /// once.set(1).unwrap();
        /// assert_eq!(once.get(), Some(&1));
        /// ```
        #[must_use]
        pub fn new() -> Self {
            Self { slot: OnceSlot::new(None), notify: Notify::new() }
        }

        /// As [`new`](Self::new), by the name that it has in tokio where a constant is asked for.
        ///
        /// ```
        /// use whippet::sync::SetOnce;
        ///
        /// static PORT: SetOnce<u16> = SetOnce::const_new();
        ///
        /// PORT.set(4242).unwrap();
        /// assert_eq!(PORT.get(), Some(&4242));
        /// ```
        #[must_use]
        pub fn const_new() -> Self {
            Self::new()
        }

        /// Set to a value, or not set yet.
        ///
        /// ```
        /// use whippet::sync::SetOnce;
        ///
        /// assert_eq!(SetOnce::new_with(Some(1)).get(), Some(&1));
        /// assert_eq!(SetOnce::<u32>::new_with(None).get(), None);
        /// ```
        #[must_use]
        pub fn new_with(value: Option<T>) -> Self {
            Self { slot: OnceSlot::new(value), notify: Notify::new() }
        }

        /// Set to a value, by the name that it has in tokio where a constant is asked for.
        ///
        /// ```
        /// use whippet::sync::SetOnce;
        ///
        /// static PORT: SetOnce<u16> = SetOnce::const_new_with(4242);
        /// assert_eq!(PORT.get(), Some(&4242));
        /// ```
        #[must_use]
        pub fn const_new_with(value: T) -> Self {
            Self::new_with(Some(value))
        }
    }

    /// Whether it is set.
    ///
    /// ```
    /// let once = whippet::sync::SetOnce::new();
    /// assert!(!once.initialized());
    /// once.set(1).unwrap();
    /// assert!(once.initialized());
    /// ```
    pub fn initialized(&self) -> bool {
        self.slot.is_set()
    }

    /// The value, if it is set.
    ///
    /// ```
    /// let once = whippet::sync::SetOnce::new();
    /// assert_eq!(once.get(), None);
    /// once.set(1).unwrap();
    /// assert_eq!(once.get(), Some(&1));
    /// assert_eq!(once.into_inner(), Some(1));
    /// ```
    pub fn get(&self) -> Option<&T> {
        self.slot.get()
    }

    /// Sets the value, and wakes all tasks that wait for it.
    ///
    /// # Errors
    /// It is set already: the new value comes back.
    ///
    /// ```
    /// let once = whippet::sync::SetOnce::new();
    /// once.set(1).unwrap();
    /// assert_eq!(once.set(2).unwrap_err().0, 2);
    /// ```
    pub fn set(&self, value: T) -> Result<(), SetOnceError<T>> {
        self.slot.set(value).map_err(SetOnceError)?;
        self.notify.notify_waiters();
        Ok(())
    }

    /// Waits until it is set.
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped early.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let once = whippet::sync::SetOnce::new();
    /// let (value, ()) = whippet::join!(once.wait(), async { once.set(1).unwrap() });
    /// assert_eq!(value, &1);
    /// # });
    /// ```
    pub async fn wait(&self) -> &T {
        wait_until(&self.notify, || self.slot.get()).await
    }

    /// The value, if it is set.
    ///
    /// ```
    /// use whippet::sync::SetOnce;
    ///
    /// assert_eq!(SetOnce::from(1).into_inner(), Some(1));
    /// assert_eq!(SetOnce::<u32>::new().into_inner(), None);
    /// ```
    pub fn into_inner(self) -> Option<T> {
        self.slot.into_inner()
    }
}

impl<T> Default for SetOnce<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for SetOnce<T> {
    fn from(value: T) -> Self {
        Self::new_with(Some(value))
    }
}

impl<T: Clone> Clone for SetOnce<T> {
    fn clone(&self) -> Self {
        Self::new_with(self.get().cloned())
    }
}

impl<T: PartialEq> PartialEq for SetOnce<T> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for SetOnce<T> {}

impl<T: fmt::Debug> fmt::Debug for SetOnce<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetOnce").field("value", &self.get()).finish()
    }
}
