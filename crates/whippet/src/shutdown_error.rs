//! The error of what would wait for a runtime that has ended.

use std::{fmt, io};

/// Marks the error, so that it is told from others by its type, not by its words.
#[derive(Debug)]
struct ShutdownError;

impl fmt::Display for ShutdownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the whippet runtime that this belongs to has ended: keep the `Runtime` until all of its I/O is done",
        )
    }
}

impl std::error::Error for ShutdownError {}

/// The error, of kind `Other`.
#[cold]
pub(crate) fn shutdown_error() -> io::Error {
    io::Error::other(ShutdownError)
}

/// Whether it is that error.
pub(crate) fn is_shutdown_error(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<ShutdownError>())
}
