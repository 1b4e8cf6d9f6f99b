//! Why a semaphore gave no permit.

use crate::sync::fair_permits::AcquireFailure;
use std::error::Error;
use std::fmt;

/// The semaphore is closed.
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let semaphore = whippet::sync::Semaphore::new(1);
/// semaphore.close();
/// assert_eq!(semaphore.acquire().await.unwrap_err().to_string(), "semaphore closed");
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcquireError(());

impl From<AcquireFailure> for AcquireError {
    /// A wait fails only because of a close.
    fn from(_: AcquireFailure) -> Self {
        Self(())
    }
}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("semaphore closed")
    }
}

impl Error for AcquireError {}

/// No permits were given at once.
///
/// ```
/// use whippet::sync::{Semaphore, TryAcquireError};
///
/// let semaphore = Semaphore::new(0);
/// assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
/// semaphore.close();
/// assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::Closed);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TryAcquireError {
    /// The semaphore is closed.
    Closed,
    /// Not enough are there now, or others wait for them.
    NoPermits,
}

impl From<AcquireFailure> for TryAcquireError {
    fn from(failure: AcquireFailure) -> Self {
        match failure {
            AcquireFailure::Closed => Self::Closed,
            AcquireFailure::NoPermits => Self::NoPermits,
        }
    }
}

impl fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "semaphore closed",
            Self::NoPermits => "no permits available",
        })
    }
}

impl Error for TryAcquireError {}
