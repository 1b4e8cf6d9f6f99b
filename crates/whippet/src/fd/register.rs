//! tokio's newer names for [`AsyncFd::try_new`] and its sibling. There they are unsafe, as a raw descriptor may be closed by
//! others; `AsFd` rules that out, so here they are not.

use super::async_fd::{AsyncFd, AsyncFdRegisterError};
use super::interest::Interest;
use std::os::fd::AsFd;

impl<T: AsFd> AsyncFd<T> {
    /// As [`try_new`](Self::try_new).
    ///
    /// # Errors
    /// As [`try_new`](Self::try_new), with the descriptor.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    ///
    /// ```
    /// use whippet::io::unix::AsyncFd;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (near, _far) = std::os::unix::net::UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let near = AsyncFd::register(near)?;
    /// assert!(near.writable().await?.ready().is_writable());
    /// // A file is always ready, and cannot be watched.
    /// let file = std::fs::File::open("/proc/self/comm")?;
    /// let (file, error) = AsyncFd::register(file).unwrap_err().into_parts();
    /// assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
    /// # drop(file);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn register(inner: T) -> Result<Self, AsyncFdRegisterError<T>> {
        Self::new_for_call("AsyncFd::register", inner)
    }

    /// As [`try_with_interest`](Self::try_with_interest).
    ///
    /// # Errors
    /// As [`try_with_interest`](Self::try_with_interest), with the descriptor.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    ///
    /// ```
    /// use whippet::io::{Interest, unix::AsyncFd};
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (near, _far) = std::os::unix::net::UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let near = AsyncFd::register_with_interest(near, Interest::WRITABLE)?;
    /// assert!(near.writable().await?.ready().is_writable());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn register_with_interest(
        inner: T,
        _interest: Interest,
    ) -> Result<Self, AsyncFdRegisterError<T>> {
        Self::new_for_call("AsyncFd::register_with_interest", inner)
    }
}
