//! The error of a deadline that passed.

use std::{fmt, io};

/// The deadline of a [`timeout`](super::timeout) came before the future was ready.
///
/// It turns into an [`io::Error`] of kind [`TimedOut`](io::ErrorKind::TimedOut) by `?`.
///
/// ```
/// use std::time::Duration;
/// use whippet::time::{error::Elapsed, timeout};
///
/// # let rt = whippet::runtime::Builder::new_current_thread().build()?;
/// # rt.block_on(async {
/// let late: Result<(), Elapsed> = timeout(Duration::ZERO, std::future::pending()).await;
/// assert_eq!(late.unwrap_err().to_string(), "deadline has elapsed");
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Elapsed {}

impl Elapsed {
    /// The error.
    pub(super) const fn new() -> Self {
        Self {}
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deadline has elapsed")
    }
}

impl std::error::Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(elapsed: Elapsed) -> Self {
        Self::new(io::ErrorKind::TimedOut, elapsed)
    }
}
