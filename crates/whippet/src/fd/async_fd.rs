//! A descriptor of the program's own, waited for by readiness.

use super::interest::Interest;
use crate::reactor::{Registration, Remaining};
use crate::runtime::Handle;
use std::error::Error;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

/// A descriptor of the program's own (a pipe, a device, another library's socket), watched by the reactor.
///
/// The descriptor must be in non-blocking mode. It is waited for by [`readable`](Self::readable) and its like, which give
/// a guard; the call is made inside of the guard's [`try_io`](super::AsyncFdReadyGuard::try_io), so that a call that says
/// `WouldBlock` uses the readiness up and the next wait is one. [`async_io`](Self::async_io) is both in one.
///
/// Several tasks may wait at once, and a task may wait while it holds a guard: a guard shows what was announced, and takes
/// nothing away until a call under it returns `WouldBlock` or the program calls `clear_ready`.
///
/// `WouldBlock` of a call means that nothing could be done. A call that gets something done and then returns it all the same, because it
/// went on until nothing was left, looks as if the readiness was of no use: after 64 such calls in a row the descriptor is looked
/// at after 5 to 80 ms only ([`io_backoff_count`](crate::runtime::RuntimeMetrics::io_backoff_count)). Return what was done.
///
/// Dropping it stops the watch, then drops what is inside.
///
/// # Examples
/// ```
/// use std::io::{Read, Write};
/// use whippet::io::unix::AsyncFd;
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (near, mut far) = std::os::unix::net::UnixStream::pair()?;
/// near.set_nonblocking(true)?;
/// let near = AsyncFd::new(near)?;
/// far.write_all(b"hello")?;
/// let mut word = [0; 8];
/// let count = loop {
///     let mut guard = near.readable().await?;
///     match guard.try_io(|near| near.get_ref().read(&mut word)) {
///         Ok(count) => break count?,
///         Err(_would_block) => continue,
///     }
/// };
/// assert_eq!(&word[..count], b"hello");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub struct AsyncFd<T: AsFd>(Registration<T>);

/// The kernel does not watch the descriptor; it is given back.
///
/// ```
/// use whippet::io::unix::AsyncFd;
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let file = std::fs::File::open("/proc/self/exe")?;
/// let error = AsyncFd::try_new(file).unwrap_err();
/// assert!(error.to_string().starts_with("the descriptor cannot be watched"));
/// let (_file, cause) = error.into_parts();
/// assert_eq!(cause.kind(), std::io::ErrorKind::PermissionDenied);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub struct AsyncFdRegisterError<T> {
    /// What was to be watched.
    inner: T,
    /// Why it is not.
    cause: io::Error,
}

impl<T> AsyncFdRegisterError<T> {
    /// What was to be watched, and why it is not.
    ///
    /// ```
    /// use whippet::io::unix::AsyncFd;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// // A file on a disk cannot be watched: it comes back, with the reason.
    /// let error = AsyncFd::try_new(std::fs::File::open("/proc/self/exe")?).unwrap_err();
    /// let (file, cause) = error.into_parts();
    /// assert!(file.metadata()?.is_file());
    /// assert_eq!(cause.kind(), std::io::ErrorKind::PermissionDenied);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn into_parts(self) -> (T, io::Error) {
        (self.inner, self.cause)
    }
}

impl<T> fmt::Debug for AsyncFdRegisterError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFdRegisterError").field("cause", &self.cause).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for AsyncFdRegisterError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the descriptor cannot be watched: {}", self.cause)?;
        if self.cause.kind() == io::ErrorKind::PermissionDenied {
            f.write_str(
                "; files and directories of a disk never wait: use `spawn_blocking` for them",
            )?;
        }
        Ok(())
    }
}

impl<T> Error for AsyncFdRegisterError<T> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}

impl<T> From<AsyncFdRegisterError<T>> for io::Error {
    fn from(error: AsyncFdRegisterError<T>) -> Self {
        error.cause
    }
}

impl<T: AsFd> AsyncFd<T> {
    /// Has the reactor watch a descriptor, which must be in non-blocking mode.
    ///
    /// # Errors
    /// Errors of the system call: no memory, or a kind of descriptor that cannot be watched (a file on a disk).
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    ///
    /// ```
    /// use std::io::Write;
    /// use whippet::io::unix::AsyncFd;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (near, mut far) = std::os::unix::net::UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let near = AsyncFd::new(near)?;
    /// far.write_all(b"hello")?;
    /// assert!(near.readable().await?.ready().is_readable());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn new(inner: T) -> io::Result<Self> {
        Ok(Self::new_for_call("AsyncFd::new", inner)?)
    }

    /// As [`new`](Self::new). A descriptor is watched for everything, whatever `interest` is: it is taken for programs
    /// that come from tokio.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    ///
    /// # Panics
    /// As [`new`](Self::new).
    ///
    /// ```
    /// use whippet::io::{Interest, unix::AsyncFd};
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (near, _far) = std::os::unix::net::UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let near = AsyncFd::with_interest(near, Interest::READABLE)?;
    /// // It is watched for everything.
    /// assert!(near.writable().await?.ready().is_writable());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn with_interest(inner: T, _interest: Interest) -> io::Result<Self> {
        Ok(Self::new_for_call("AsyncFd::with_interest", inner)?)
    }

    /// As [`new`](Self::new), giving the descriptor back when it cannot be watched.
    ///
    /// # Errors
    /// As [`new`](Self::new), with the descriptor.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    ///
    /// ```
    /// use whippet::io::unix::AsyncFd;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let file = std::fs::File::open("/proc/self/exe")?;
    /// let (_file, cause) = AsyncFd::try_new(file).unwrap_err().into_parts();
    /// assert_eq!(cause.kind(), std::io::ErrorKind::PermissionDenied);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn try_new(inner: T) -> Result<Self, AsyncFdRegisterError<T>> {
        Self::new_for_call("AsyncFd::try_new", inner)
    }

    /// As [`try_new`](Self::try_new), in a call of this name.
    #[track_caller]
    pub(crate) fn new_for_call(call: &str, inner: T) -> Result<Self, AsyncFdRegisterError<T>> {
        let handle = Handle::of_call(call);
        match Registration::try_new(inner, handle.driver().reactor()) {
            Ok(registration) => Ok(Self(registration)),
            Err((inner, cause)) => Err(AsyncFdRegisterError { inner, cause }),
        }
    }

    /// As [`try_new`](Self::try_new); see [`with_interest`](Self::with_interest).
    ///
    /// # Errors
    /// As [`try_new`](Self::try_new).
    ///
    /// # Panics
    /// As [`new`](Self::new).
    ///
    /// ```
    /// use whippet::io::{Interest, unix::AsyncFd};
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let file = std::fs::File::open("/proc/self/exe")?;
    /// let error = AsyncFd::try_with_interest(file, Interest::READABLE).unwrap_err();
    /// let (file, _cause) = error.into_parts();
    /// assert!(file.metadata()?.is_file());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn try_with_interest(
        inner: T,
        _interest: Interest,
    ) -> Result<Self, AsyncFdRegisterError<T>> {
        Self::new_for_call("AsyncFd::try_with_interest", inner)
    }

    /// What is inside.
    ///
    /// ```
    /// use std::io::Write;
    /// use whippet::io::unix::AsyncFd;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (near, _far) = std::os::unix::net::UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let near = AsyncFd::new(near)?;
    /// assert!(near.get_ref().peer_addr()?.is_unnamed());
    /// // A call of its own, which does not wait: a socket that is new has space.
    /// assert_eq!(near.get_ref().write(b"hello")?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_ref(&self) -> &T {
        self.0.get_ref()
    }

    /// What is inside. It must keep its descriptor: another that replaces it is not watched.
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use whippet::io::unix::AsyncFd;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (near, mut far) = std::os::unix::net::UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// near.get_mut().write_all(b"hello")?;
    /// let mut word = [0; 5];
    /// far.read_exact(&mut word)?;
    /// assert_eq!(&word, b"hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }

    /// What was inside, which is not watched any more.
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use whippet::io::unix::AsyncFd;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (near, mut far) = std::os::unix::net::UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?.into_inner();
    /// near.set_nonblocking(false)?;
    /// far.write_all(b"hello")?;
    /// assert_eq!(near.read(&mut [0; 8])?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }

    /// Makes a call once the descriptor is ready, and again after each one that returns `WouldBlock`.
    ///
    /// # Errors
    /// The call's; the runtime has ended.
    ///
    /// # Cancel safety
    /// Cancel safe: the call is made in the poll that returns its result.
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use whippet::io::{Interest, unix::AsyncFd};
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (near, mut far) = std::os::unix::net::UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let near = AsyncFd::new(near)?;
    /// far.write_all(b"hello")?;
    /// let mut word = [0; 8];
    /// let count = near.async_io(Interest::READABLE, |mut near| near.read(&mut word)).await?;
    /// assert_eq!(&word[..count], b"hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn async_io<R>(
        &self,
        interest: Interest,
        mut call: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.0.async_io(interest.0, |inner| Ok((call(inner)?, Remaining::Maybe))).await
    }

    /// Makes a call if the descriptor is announced ready for `interest`.
    ///
    /// # Errors
    /// The call's; `WouldBlock` when it is not ready. A call that returns `WouldBlock` itself uses the readiness up.
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use whippet::io::{Interest, unix::AsyncFd};
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (near, mut far) = std::os::unix::net::UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let near = AsyncFd::new(near)?;
    /// far.write_all(b"hello")?;
    /// near.readable().await?.retain_ready();
    /// let count = near.try_io(Interest::READABLE, |mut near| near.read(&mut [0; 8]))?;
    /// assert_eq!(count, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn try_io<R>(
        &self,
        interest: Interest,
        call: impl FnOnce(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.0.try_io(interest.0, |inner| Ok((call(inner)?, Remaining::Maybe)))
    }

    /// The descriptor as the reactor knows it.
    pub(crate) fn registration(&self) -> &Registration<T> {
        &self.0
    }
}

impl<T: AsFd> AsFd for AsyncFd<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.get_ref().as_fd()
    }
}

impl<T: AsFd> AsRawFd for AsyncFd<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl<T: AsFd + fmt::Debug> fmt::Debug for AsyncFd<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFd").field("inner", self.get_ref()).finish()
    }
}
