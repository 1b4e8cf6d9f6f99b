//! Why a lock was not taken at once.

use crate::sync::fair_permits::AcquireFailure;
use std::error::Error;
use std::fmt;

/// The lock is held, or others wait for it. Returned by the `try_` functions of [`Mutex`](super::Mutex) and
/// [`RwLock`](super::RwLock).
///
/// ```
/// let mutex = whippet::sync::Mutex::new(1);
/// let guard = mutex.try_lock().unwrap();
/// assert_eq!(mutex.try_lock().unwrap_err().to_string(), "the lock is held already; wait for it with the call without `try_`");
/// drop(guard);
/// ```
#[derive(Debug)]
pub struct TryLockError(());

impl From<AcquireFailure> for TryLockError {
    /// The permits of a lock are never closed: there were not enough.
    fn from(_: AcquireFailure) -> Self {
        Self(())
    }
}

impl fmt::Display for TryLockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the lock is held already; wait for it with the call without `try_`")
    }
}

impl Error for TryLockError {}
