//! Why a value was not set.

use std::error::Error;
use std::fmt;

/// A [`OnceCell`](super::OnceCell) did not take the value, which comes back.
///
/// ```
/// use whippet::sync::{OnceCell, SetError};
///
/// let cell = OnceCell::from(1);
/// assert_eq!(cell.set(2), Err(SetError::AlreadyInitializedError(2)));
/// ```
#[derive(Debug, PartialEq, Eq)]
pub enum SetError<T> {
    /// It has one.
    AlreadyInitializedError(T),
    /// Somebody is making one.
    InitializingError(T),
}

impl<T> SetError<T> {
    /// Whether the cell has a value.
    ///
    /// ```
    /// use whippet::sync::OnceCell;
    ///
    /// assert!(OnceCell::from(1).set(2).unwrap_err().is_already_init_err());
    /// ```
    pub fn is_already_init_err(&self) -> bool {
        matches!(self, Self::AlreadyInitializedError(_))
    }

    /// Whether a task is making a value.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let cell = whippet::sync::OnceCell::new();
    /// let made = cell.get_or_init(async || {
    ///     // Too late: the value is being made.
    ///     assert!(cell.set(1).unwrap_err().is_initializing_err());
    ///     2
    /// });
    /// assert_eq!(made.await, &2);
    /// # });
    /// ```
    pub fn is_initializing_err(&self) -> bool {
        matches!(self, Self::InitializingError(_))
    }
}

impl<T> fmt::Display for SetError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlreadyInitializedError(_) => "the cell has a value already",
            Self::InitializingError(_) => {
                "the cell's value is being made; wait for it with `OnceCell::get_or_init`"
            }
        })
    }
}

impl<T: fmt::Debug> Error for SetError<T> {}

/// A [`SetOnce`](super::SetOnce) has a value already; the new one comes back.
///
/// ```
/// use whippet::sync::{SetOnce, SetOnceError};
///
/// let once = SetOnce::from(1);
/// assert_eq!(once.set(2), Err(SetOnceError(2)));
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct SetOnceError<T>(pub T);

impl<T> fmt::Display for SetOnceError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value was set already")
    }
}

impl<T: fmt::Debug> Error for SetOnceError<T> {}
