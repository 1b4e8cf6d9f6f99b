//! Pipes between processes, with and without a name.

use crate::fd::{AsyncFd, Interest, Ready};
use crate::io::{AppendBuffer, append_now};
use crate::reactor::Rest;
use crate::sys::pipe as kernel;
use crate::sys::pipe::Access;
use futures_io::{AsyncRead, AsyncWrite};
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Pieces of one vectored call: Linux takes no more (`UIO_MAXIOV`).
const MAX_PIECES: usize = 1024;

/// The writing end of a pipe: see [`pipe`] and [`OpenOptions`]. When nobody reads any more, writing fails with
/// `BrokenPipe`.
#[derive(Debug)]
pub struct Sender(AsyncFd<OwnedFd>);

/// The reading end of a pipe: see [`pipe`] and [`OpenOptions`]. It comes to its end when nobody can write any more.
#[derive(Debug)]
pub struct Receiver(AsyncFd<OwnedFd>);

/// A pipe without a name. An end that a child process is to have goes to it by
/// [`into_blocking_fd`](Sender::into_blocking_fd).
///
/// # Errors
/// No descriptor or memory left.
///
/// # Panics
/// If this thread has entered no runtime.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::AsyncReadExt;
/// use whippet::net::unix::pipe;
/// let (sender, mut receiver) = pipe::pipe()?;
/// let mut child = std::process::Command::new("echo")
///     .arg("hello")
///     .stdout(sender.into_blocking_fd()?)
///     .spawn()?;
/// let mut words = String::new();
/// receiver.read_to_string(&mut words).await?;
/// assert_eq!(words, "hello\n");
/// assert!(whippet::task::spawn_blocking(move || child.wait()).await??.success());
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn pipe() -> io::Result<(Sender, Receiver)> {
    let (read, written) = kernel::pipe()?;
    Ok((Sender(AsyncFd::new(written)?), Receiver(AsyncFd::new(read)?)))
}

/// How a pipe with a name (a FIFO) is opened.
///
/// # Examples
/// ```no_run
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::net::unix::pipe;
/// let receiver = pipe::OpenOptions::new().open_receiver("/run/commands")?;
/// # drop(receiver);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// Whether either end is opened for both directions.
    read_write: bool,
    /// Whether what is opened is taken for a pipe unseen.
    unchecked: bool,
}

impl OpenOptions {
    /// One direction, and a look whether it is a pipe.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens an end for both directions, as Linux allows: a sender then needs no reader to be opened, and a receiver comes to
    /// no end when the last sender is gone.
    pub fn read_write(&mut self, value: bool) -> &mut Self {
        self.read_write = value;
        self
    }

    /// Spares the look whether it is a pipe.
    pub fn unchecked(&mut self, value: bool) -> &mut Self {
        self.unchecked = value;
        self
    }

    /// Opens the reading end. It does not wait for a sender.
    ///
    /// # Errors
    /// The kernel's; `InvalidInput` for what is no pipe.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    #[track_caller]
    pub fn open_receiver(&self, path: impl AsRef<Path>) -> io::Result<Receiver> {
        Ok(Receiver(AsyncFd::new(self.open(path.as_ref(), Access::Read)?)?))
    }

    /// Opens the writing end. It does not wait for a receiver: without one it fails, unless it is opened for
    /// [both directions](Self::read_write).
    ///
    /// # Errors
    /// The kernel's (`ENXIO` when nobody reads); `InvalidInput` for what is no pipe.
    ///
    /// # Panics
    /// If this thread has entered no runtime.
    #[track_caller]
    pub fn open_sender(&self, path: impl AsRef<Path>) -> io::Result<Sender> {
        Ok(Sender(AsyncFd::new(self.open(path.as_ref(), Access::Write)?)?))
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<OwnedFd> {
        let end = kernel::open(path, if self.read_write { Access::Both } else { access })?;
        if !self.unchecked {
            check(&end, access)?;
        }
        Ok(end)
    }
}

/// Whether it is an end of a pipe, for this direction.
fn check(end: &OwnedFd, access: Access) -> io::Result<()> {
    let wrong = |why| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    match (kernel::is_pipe(end)?, kernel::allows(end, access)?) {
        (false, _) => wrong("not a pipe"),
        (true, false) => wrong("not this end of the pipe"),
        (true, true) => Ok(()),
    }
}

/// What both ends have.
macro_rules! end {
    ($type:ident, $access:expr, $interest:expr) => {
        impl $type {
            /// Takes a file over that is an end of a pipe.
            ///
            /// # Errors
            /// The kernel's; `InvalidInput` for what is no pipe, or not this end of one.
            ///
            /// # Panics
            /// If this thread has entered no runtime.
            #[track_caller]
            pub fn from_file(file: File) -> io::Result<Self> {
                Self::from_owned_fd(file.into())
            }

            /// Takes a descriptor over that is an end of a pipe.
            ///
            /// # Errors
            /// As [`from_file`](Self::from_file).
            ///
            /// # Panics
            /// If this thread has entered no runtime.
            #[track_caller]
            pub fn from_owned_fd(end: OwnedFd) -> io::Result<Self> {
                check(&end, $access)?;
                kernel::set_nonblocking(&end, true)?;
                Self::from_owned_fd_unchecked(end)
            }

            /// As [`from_file`](Self::from_file) without a look: it must be a pipe in non-blocking mode.
            ///
            /// # Errors
            /// The kernel's, of watching it.
            ///
            /// # Panics
            /// If this thread has entered no runtime.
            #[track_caller]
            pub fn from_file_unchecked(file: File) -> io::Result<Self> {
                Self::from_owned_fd_unchecked(file.into())
            }

            /// As [`from_owned_fd`](Self::from_owned_fd) without a look: it must be a pipe in non-blocking mode.
            ///
            /// # Errors
            /// The kernel's, of watching it.
            ///
            /// # Panics
            /// If this thread has entered no runtime.
            #[track_caller]
            pub fn from_owned_fd_unchecked(end: OwnedFd) -> io::Result<Self> {
                Ok(Self(AsyncFd::new(end)?))
            }

            /// Waits until it is ready for something of `interest`, and says what it is ready for.
            ///
            /// # Errors
            /// The runtime has ended.
            ///
            /// # Cancel safety
            /// Cancel safe: readiness stays until a call finds it used up.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// use whippet::net::Interest;
            /// let (sender, receiver) = whippet::net::unix::pipe::pipe()?;
            /// assert!(sender.ready(Interest::WRITABLE).await?.is_writable());
            /// sender.try_write(b"hello")?;
            /// assert!(receiver.ready(Interest::READABLE).await?.is_readable());
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
                Ok(Ready(self.0.registration().ready(interest.0).await?))
            }

            /// Makes a call of one's own, if the end is announced ready.
            ///
            /// # Errors
            /// The call's; `WouldBlock` when it is not ready. A call that says `WouldBlock` itself uses the readiness up.
            pub fn try_io<R>(&self, call: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
                self.0.try_io($interest, |_| call())
            }

            /// The descriptor in blocking mode, as a child process wants it.
            ///
            /// # Errors
            /// The kernel's.
            pub fn into_blocking_fd(self) -> io::Result<OwnedFd> {
                let end = self.0.into_inner();
                kernel::set_nonblocking(&end, false)?;
                Ok(end)
            }

            /// The descriptor in non-blocking mode.
            ///
            /// # Errors
            /// None at present.
            pub fn into_nonblocking_fd(self) -> io::Result<OwnedFd> {
                Ok(self.0.into_inner())
            }
        }

        impl AsFd for $type {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.0.as_fd()
            }
        }

        impl AsRawFd for $type {
            fn as_raw_fd(&self) -> RawFd {
                self.0.as_raw_fd()
            }
        }
    };
}
end!(Sender, Access::Write, Interest::WRITABLE);
end!(Receiver, Access::Read, Interest::READABLE);

/// After each call there may be more: a pipe holds messages of several writers, and a read stops between them.
fn more<R>(result: io::Result<R>) -> io::Result<(R, Rest)> {
    Ok((result?, Rest::MayBe))
}

impl Sender {
    /// Waits until a write may succeed, or nobody reads any more.
    ///
    /// # Errors
    /// The runtime has ended.
    ///
    /// # Cancel safety
    /// Cancel safe: nothing is written.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, receiver) = whippet::net::unix::pipe::pipe()?;
    /// sender.writable().await?;
    /// assert_eq!(sender.try_write(b"hello")?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn writable(&self) -> io::Result<()> {
        self.ready(Interest::WRITABLE).await.map(drop)
    }

    /// Polls for [`writable`](Self::writable). The latest waker counts.
    ///
    /// # Errors
    /// The runtime has ended.
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.registration().poll_ready(cx, Interest::WRITABLE.0).map_ok(drop)
    }

    /// Writes what there is room for, and says how much that was.
    ///
    /// # Errors
    /// `WouldBlock` when there is no room: await [`writable`](Self::writable); else the kernel's.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, receiver) = whippet::net::unix::pipe::pipe()?;
    /// drop(receiver);
    /// sender.writable().await?;
    /// let error = sender.try_write(b"hello").unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_io(Interest::WRITABLE, |end| kernel::write(end, bytes))
    }

    /// Writes several pieces, as far as there is room, in one call (1,024 of them at most).
    ///
    /// # Errors
    /// As [`try_write`](Self::try_write).
    pub fn try_write_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let pieces = &pieces[..pieces.len().min(MAX_PIECES)];
        self.0.try_io(Interest::WRITABLE, |end| kernel::write_vectored(end, pieces))
    }
}

impl Receiver {
    /// Waits until a read may succeed, or nobody can write any more.
    ///
    /// # Errors
    /// The runtime has ended.
    ///
    /// # Cancel safety
    /// Cancel safe: nothing is read.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, receiver) = whippet::net::unix::pipe::pipe()?;
    /// sender.writable().await?;
    /// sender.try_write(b"hello")?;
    /// receiver.readable().await?;
    /// assert_eq!(receiver.try_read(&mut [0; 16])?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn readable(&self) -> io::Result<()> {
        self.ready(Interest::READABLE).await.map(drop)
    }

    /// Polls for [`readable`](Self::readable). The latest waker counts.
    ///
    /// # Errors
    /// The runtime has ended.
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.registration().poll_ready(cx, Interest::READABLE.0).map_ok(drop)
    }

    /// Reads what is there; 0 is the end (or an empty buffer).
    ///
    /// # Errors
    /// `WouldBlock` when there is nothing: await [`readable`](Self::readable); else the kernel's.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, receiver) = whippet::net::unix::pipe::pipe()?;
    /// drop(sender);
    /// receiver.readable().await?;
    /// // Nobody can write any more.
    /// assert_eq!(receiver.try_read(&mut [0; 16])?, 0);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_io(Interest::READABLE, |end| kernel::read(end, buffer))
    }

    /// Reads what is there into several buffers, one after the other.
    ///
    /// # Errors
    /// As [`try_read`](Self::try_read).
    pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let taken = buffers.len().min(MAX_PIECES);
        self.0.try_io(Interest::READABLE, |end| kernel::read_vectored(end, &mut buffers[..taken]))
    }

    /// Reads what is there to the end of a buffer that grows.
    ///
    /// # Errors
    /// As [`try_read`](Self::try_read).
    pub fn try_read_buf<B: AppendBuffer>(&self, buffer: &mut B) -> io::Result<usize> {
        append_now(buffer, |room| self.try_read(room))
    }
}

impl AsyncRead for Receiver {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let registration = self.0.registration();
        registration.poll_io(cx, Interest::READABLE.0, |end| more(kernel::read(end, buffer)))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let taken = buffers.len().min(MAX_PIECES);
        self.0.registration().poll_io(cx, Interest::READABLE.0, |end| {
            more(kernel::read_vectored(end, &mut buffers[..taken]))
        })
    }
}

impl AsyncWrite for Sender {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let registration = self.0.registration();
        registration.poll_io(cx, Interest::WRITABLE.0, |end| more(kernel::write(end, bytes)))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let pieces = &pieces[..pieces.len().min(MAX_PIECES)];
        self.0
            .registration()
            .poll_io(cx, Interest::WRITABLE.0, |end| more(kernel::write_vectored(end, pieces)))
    }

    /// Nothing is kept back: what was written is the kernel's.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Nothing to do: a pipe ends when its last sender is dropped.
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
