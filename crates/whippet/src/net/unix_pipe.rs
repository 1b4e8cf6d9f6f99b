//! Pipes between processes, with and without a name.

use crate::fd::{AsyncFd, Interest, Ready, WaitReady};
use crate::io::{AppendBuffer, append_now};
use crate::reactor::Remaining;
use crate::sys::pipe as kernel;
use crate::sys::pipe::Access;
use futures_io::{AsyncRead, AsyncWrite};
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Pieces of one vectored call: Linux takes no more (`UIO_MAXIOV`).
const MAX_SLICES: usize = 1024;

/// The writing end of a pipe: see [`pipe`] and [`OpenOptions`](super::unix::pipe::OpenOptions). When there is no reader any
/// more, writing fails with `BrokenPipe`.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::AsyncWriteExt;
/// let (mut sender, receiver) = whippet::net::unix::pipe::pipe()?;
/// sender.write_all(b"hello").await?;
/// drop(receiver);
/// let nobody_reads = sender.write_all(b"hello").await.unwrap_err();
/// assert_eq!(nobody_reads.kind(), std::io::ErrorKind::BrokenPipe);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct Sender(AsyncFd<OwnedFd>);

/// The reading end of a pipe: see [`pipe`] and [`OpenOptions`](super::unix::pipe::OpenOptions). It comes to its end when
/// there is no writer any more.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::{AsyncReadExt, AsyncWriteExt};
/// let (mut sender, mut receiver) = whippet::net::unix::pipe::pipe()?;
/// sender.write_all(b"last words").await?;
/// drop(sender);
/// let mut words = String::new();
/// receiver.read_to_string(&mut words).await?;
/// assert_eq!(words, "last words");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
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
    const CALL: &str = "pipe::pipe";
    let (read, written) = kernel::pipe()?;
    Ok((
        Sender(AsyncFd::new_for_call(CALL, written)?),
        Receiver(AsyncFd::new_for_call(CALL, read)?),
    ))
}

/// Whether it is an end of a pipe, for this direction.
pub(super) fn check(end: &OwnedFd, access: Access) -> io::Result<()> {
    let wrong = |why| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    match (kernel::is_pipe(end)?, kernel::allows(end, access)?) {
        (false, _) => wrong(
            "the descriptor is no pipe; use `from_file_unchecked` or `from_owned_fd_unchecked` if it behaves as one",
        ),
        (true, false) => wrong(
            "the descriptor is the other end of a pipe; make a `Receiver` of the end to read from, a `Sender` of the end to write to",
        ),
        (true, true) => Ok(()),
    }
}

/// What both ends have. For the examples: `$made` is code that makes a pipe of std's, whose end of this kind is `ours`,
/// `$ready` waits for it, `$try` uses it, and `$call` is that call on the descriptor.
macro_rules! impl_pipe_end {
    (
        $type:ident, $access:expr, $interest:expr,
        $made:literal, $ready:ident, $try:literal, $call:literal
    ) => {
        impl $type {
            /// Takes a file over that is an end of a pipe.
            ///
            /// # Errors
            /// Any error of the system call; `InvalidInput` for what is no pipe, or not this end of one.
            ///
            /// # Panics
            /// If this thread has entered no runtime.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// use std::{fs::File, os::fd::OwnedFd};
            #[doc = concat!("use whippet::net::unix::pipe::", stringify!($type), ";")]
            #[doc = $made]
            /// let file = File::from(OwnedFd::from(ours));
            #[doc = concat!("let end = ", stringify!($type), "::from_file(file)?;")]
            #[doc = concat!("end.", stringify!($ready), "().await?;")]
            #[doc = concat!("assert_eq!(end.", $try, "?, 5);")]
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
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
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = concat!("use whippet::net::unix::pipe::", stringify!($type), ";")]
            #[doc = $made]
            #[doc = concat!("let end = ", stringify!($type), "::from_owned_fd(ours.into())?;")]
            #[doc = concat!("end.", stringify!($ready), "().await?;")]
            #[doc = concat!("assert_eq!(end.", $try, "?, 5);")]
            /// // The other end is none of this kind.
            #[doc = concat!("let error = ", stringify!($type), "::from_owned_fd(theirs.into()).unwrap_err();")]
            /// assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            #[track_caller]
            pub fn from_owned_fd(end: OwnedFd) -> io::Result<Self> {
                check(&end, $access)?;
                kernel::set_nonblocking(&end, true)?;
                Self::from_owned_fd_unchecked(end)
            }

            /// As [`from_file`](Self::from_file) without a look: it must be a pipe in non-blocking mode.
            ///
            /// # Errors
            /// Any error of registering it with the reactor.
            ///
            /// # Panics
            /// If this thread has entered no runtime.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// use std::{fs::File, os::fd::OwnedFd};
            #[doc = concat!("use whippet::net::unix::pipe::", stringify!($type), ";")]
            #[doc = $made]
            /// rustix::io::ioctl_fionbio(&ours, true)?;
            /// let file = File::from(OwnedFd::from(ours));
            #[doc = concat!("let end = ", stringify!($type), "::from_file_unchecked(file)?;")]
            #[doc = concat!("end.", stringify!($ready), "().await?;")]
            #[doc = concat!("assert_eq!(end.", $try, "?, 5);")]
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            #[track_caller]
            pub fn from_file_unchecked(file: File) -> io::Result<Self> {
                Self::from_owned_fd_unchecked(file.into())
            }

            /// As [`from_owned_fd`](Self::from_owned_fd) without a look: it must be a pipe in non-blocking mode.
            ///
            /// # Errors
            /// Any error of registering it with the reactor.
            ///
            /// # Panics
            /// If this thread has entered no runtime.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = concat!("use whippet::net::unix::pipe::", stringify!($type), ";")]
            #[doc = $made]
            /// rustix::io::ioctl_fionbio(&ours, true)?;
            #[doc = concat!("let end = ", stringify!($type), "::from_owned_fd_unchecked(ours.into())?;")]
            #[doc = concat!("end.", stringify!($ready), "().await?;")]
            #[doc = concat!("assert_eq!(end.", $try, "?, 5);")]
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            #[track_caller]
            pub fn from_owned_fd_unchecked(end: OwnedFd) -> io::Result<Self> {
                Ok(Self(AsyncFd::new_for_call(concat!("pipe::", stringify!($type), "::from_owned_fd_unchecked"), end)?))
            }

            /// Waits until it is ready for something of `interest`, and returns what it is ready for.
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
            pub fn ready(&self, interest: Interest) -> impl Future<Output = io::Result<Ready>> {
                WaitReady(self.0.registration().ready(interest.0))
            }

            /// Makes a call of one's own, if the end is announced ready.
            ///
            /// # Errors
            /// The call's; `WouldBlock` when it is not ready. A call that returns `WouldBlock` itself uses the readiness up.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = concat!("use whippet::net::unix::pipe::", stringify!($type), ";")]
            #[doc = $made]
            #[doc = concat!("let end = ", stringify!($type), "::from_owned_fd(ours.into())?;")]
            #[doc = concat!("end.", stringify!($ready), "().await?;")]
            #[doc = concat!("assert_eq!(end.try_io(|| Ok(", $call, "?))?, 5);")]
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn try_io<R>(&self, call: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
                self.0.try_io($interest, |_| call())
            }

            /// The descriptor in blocking mode, as a child process wants it.
            ///
            /// # Errors
            /// Any error of the system call.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = concat!("use whippet::net::unix::pipe::", stringify!($type), ";")]
            #[doc = $made]
            #[doc = concat!("let end = ", stringify!($type), "::from_owned_fd(ours.into())?;")]
            /// let flags = rustix::fs::fcntl_getfl(end.into_blocking_fd()?)?;
            /// assert!(!flags.contains(rustix::fs::OFlags::NONBLOCK));
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn into_blocking_fd(self) -> io::Result<OwnedFd> {
                let end = self.0.into_inner();
                kernel::set_nonblocking(&end, false)?;
                Ok(end)
            }

            /// The descriptor in non-blocking mode.
            ///
            /// # Errors
            /// None at present.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = concat!("use whippet::net::unix::pipe::", stringify!($type), ";")]
            #[doc = $made]
            #[doc = concat!("let end = ", stringify!($type), "::from_owned_fd(ours.into())?;")]
            /// let flags = rustix::fs::fcntl_getfl(end.into_nonblocking_fd()?)?;
            /// assert!(flags.contains(rustix::fs::OFlags::NONBLOCK));
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
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
impl_pipe_end!(
    Sender,
    Access::Write,
    Interest::WRITABLE,
    "let (theirs, ours) = std::io::pipe()?;",
    writable,
    "try_write(b\"hello\")",
    "rustix::io::write(&end, b\"hello\")"
);
impl_pipe_end!(
    Receiver,
    Access::Read,
    Interest::READABLE,
    "let (ours, mut theirs) = std::io::pipe()?;\n\
     std::io::Write::write_all(&mut theirs, b\"hello\")?;",
    readable,
    "try_read(&mut [0; 16])",
    "rustix::io::read(&end, &mut [0; 16])"
);

/// After each call there may be more: a pipe holds messages of several writers, and a read stops between them.
fn maybe_more<R>(result: io::Result<R>) -> io::Result<(R, Remaining)> {
    Ok((result?, Remaining::Maybe))
}

impl Sender {
    /// Waits until a write may succeed, or there is no reader any more.
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
    /// let (sender, _receiver) = whippet::net::unix::pipe::pipe()?;
    /// sender.writable().await?;
    /// assert_eq!(sender.try_write(b"hello")?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn writable(&self) -> io::Result<()> {
        self.ready(Interest::WRITABLE).await.map(drop)
    }

    /// Polls for [`writable`](Self::writable). Several tasks may poll at once, and each is woken.
    ///
    /// # Errors
    /// The runtime has ended.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, _receiver) = whippet::net::unix::pipe::pipe()?;
    /// std::future::poll_fn(|cx| sender.poll_write_ready(cx)).await?;
    /// assert_eq!(sender.try_write(b"hello")?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.registration().poll_ready(cx, Interest::WRITABLE.0).map_ok(drop)
    }

    /// Writes what there is space for, and returns how much that was.
    ///
    /// # Errors
    /// `WouldBlock` when there is no space: await [`writable`](Self::writable); else any error of the system call.
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

    /// Writes several buffers, as far as there is space, in one call (1,024 of them at most).
    ///
    /// # Errors
    /// As [`try_write`](Self::try_write).
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::io::IoSlice;
    /// let (sender, receiver) = whippet::net::unix::pipe::pipe()?;
    /// sender.writable().await?;
    /// assert_eq!(sender.try_write_vectored(&[IoSlice::new(b"hel"), IoSlice::new(b"lo")])?, 5);
    /// receiver.readable().await?;
    /// assert_eq!(receiver.try_read(&mut [0; 16])?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let slices = &slices[..slices.len().min(MAX_SLICES)];
        self.0.try_io(Interest::WRITABLE, |end| kernel::write_vectored(end, slices))
    }
}

impl Receiver {
    /// Waits until a read may succeed, or there is no writer any more.
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

    /// Polls for [`readable`](Self::readable). Several tasks may poll at once, and each is woken.
    ///
    /// # Errors
    /// The runtime has ended.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, receiver) = whippet::net::unix::pipe::pipe()?;
    /// sender.writable().await?;
    /// sender.try_write(b"hello")?;
    /// std::future::poll_fn(|cx| receiver.poll_read_ready(cx)).await?;
    /// assert_eq!(receiver.try_read(&mut [0; 16])?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.registration().poll_ready(cx, Interest::READABLE.0).map_ok(drop)
    }

    /// Reads what is there; 0 is the end (or an empty buffer).
    ///
    /// # Errors
    /// `WouldBlock` when there is nothing: await [`readable`](Self::readable); else any error of the system call.
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
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::io::IoSliceMut;
    /// let (sender, receiver) = whippet::net::unix::pipe::pipe()?;
    /// sender.writable().await?;
    /// sender.try_write(b"hello")?;
    /// receiver.readable().await?;
    /// let (mut one, mut two) = ([0; 2], [0; 8]);
    /// let mut buffers = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
    /// assert_eq!(receiver.try_read_vectored(&mut buffers)?, 5);
    /// assert_eq!((&one, &two[..3]), (b"he", &b"llo"[..]));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let taken = buffers.len().min(MAX_SLICES);
        self.0.try_io(Interest::READABLE, |end| kernel::read_vectored(end, &mut buffers[..taken]))
    }

    /// Reads what is there to the end of a buffer that grows.
    ///
    /// # Errors
    /// As [`try_read`](Self::try_read).
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, receiver) = whippet::net::unix::pipe::pipe()?;
    /// sender.writable().await?;
    /// sender.try_write(b"hello")?;
    /// receiver.readable().await?;
    /// let mut words = b"I say ".to_vec();
    /// assert_eq!(receiver.try_read_buf(&mut words)?, 5);
    /// assert_eq!(words, b"I say hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn try_read_buf<B: AppendBuffer>(&self, buffer: &mut B) -> io::Result<usize> {
        append_now(buffer, |space| self.try_read(space))
    }
}

impl AsyncRead for Receiver {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let registration = self.0.registration();
        registration.poll_io(cx, Interest::READABLE.0, |end| maybe_more(kernel::read(end, buffer)))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let taken = buffers.len().min(MAX_SLICES);
        self.0.registration().poll_io(cx, Interest::READABLE.0, |end| {
            maybe_more(kernel::read_vectored(end, &mut buffers[..taken]))
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
        registration.poll_io(cx, Interest::WRITABLE.0, |end| maybe_more(kernel::write(end, bytes)))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let slices = &slices[..slices.len().min(MAX_SLICES)];
        self.0.registration().poll_io(cx, Interest::WRITABLE.0, |end| {
            maybe_more(kernel::write_vectored(end, slices))
        })
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
