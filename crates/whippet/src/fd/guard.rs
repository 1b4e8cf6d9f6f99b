//! Readiness in a program's hand.
//!
//! A guard shows what a look at the descriptor found, and takes nothing away: others see the same meanwhile, and a guard that is
//! dropped or forgotten changes nothing. What a program declares to be used up ([`clear_ready`](AsyncFdReadyGuard::clear_ready)) is
//! taken away only if no edge was announced since that look, so an edge that comes between the program's call and
//! the clear stays (the reactor's slot explains the race).

use super::async_fd::AsyncFd;
use super::interest::Ready;
use crate::reactor::{IoInterest, Readiness, ReadyEvent};
use std::error::Error;
use std::fmt;
use std::io;
use std::os::fd::AsFd;

/// A call said `WouldBlock`: the descriptor was not ready after all, and is to be waited for again.
///
/// ```
/// use std::io::{Read, Write};
/// use whippet::io::unix::AsyncFd;
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (near, mut far) = std::os::unix::net::UnixStream::pair()?;
/// near.set_nonblocking(true)?;
/// let near = AsyncFd::new(near)?;
/// far.write_all(b"hello")?;
/// // Both find it ready, and there is but one word.
/// let mut one = near.readable().await?;
/// assert_eq!(one.try_io(|near| near.get_ref().read(&mut [0; 8])).unwrap()?, 5);
/// drop(one);
/// let mut other = near.readable().await?;
/// let error = other.try_io(|near| near.get_ref().read(&mut [0; 8])).unwrap_err();
/// assert_eq!(error.to_string(), "the call would have blocked");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct TryIoError(());

impl fmt::Display for TryIoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the call would have blocked")
    }
}

impl Error for TryIoError {}

/// A descriptor that is ready: see [`AsyncFd::readable`].
///
/// ```
/// use std::io::{Read, Write};
/// use whippet::io::unix::AsyncFd;
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (near, mut far) = std::os::unix::net::UnixStream::pair()?;
/// near.set_nonblocking(true)?;
/// let near = AsyncFd::new(near)?;
/// far.write_all(b"hello")?;
/// let mut guard = near.readable().await?;
/// assert!(guard.ready().is_readable());
/// assert_eq!(guard.try_io(|near| near.get_ref().read(&mut [0; 8])).unwrap()?, 5);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[must_use = "make the call inside of the guard's try_io, so that readiness that is used up is waited for again"]
pub struct AsyncFdReadyGuard<'a, T: AsFd> {
    /// The descriptor.
    descriptor: &'a AsyncFd<T>,
    /// What the look found of it, less what was cleared since.
    event: ReadyEvent,
    /// What was waited for.
    interest: IoInterest,
}

/// A descriptor that is ready, for calls that change what is inside: see [`AsyncFd::readable_mut`].
///
/// ```
/// use std::io::{Read, Write};
/// use whippet::io::unix::AsyncFd;
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (near, mut far) = std::os::unix::net::UnixStream::pair()?;
/// near.set_nonblocking(true)?;
/// let mut near = AsyncFd::new(near)?;
/// far.write_all(b"hello")?;
/// let mut guard = near.readable_mut().await?;
/// assert!(guard.ready().is_readable());
/// assert_eq!(guard.try_io(|near| near.get_mut().read(&mut [0; 8])).unwrap()?, 5);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[must_use = "make the call inside of the guard's try_io, so that readiness that is used up is waited for again"]
pub struct AsyncFdReadyMutGuard<'a, T: AsFd> {
    /// The descriptor.
    descriptor: &'a mut AsyncFd<T>,
    /// What the look found of it, less what was cleared since.
    event: ReadyEvent,
    /// What was waited for.
    interest: IoInterest,
}

/// What both guards have. For the examples: `$near` is code that makes the descriptor of a stream, to which `far` has
/// written, and `$readable` and `$ready` are what gives the guard.
macro_rules! impl_ready_guard {
    ($type:ident, $call:ty, $near:literal, $readable:ident, $ready:ident) => {
        impl<'a, T: AsFd> $type<'a, T> {
            /// Makes a call. One that returns `WouldBlock` uses the readiness up.
            ///
            /// # Errors
            /// [`TryIoError`] when the call returns `WouldBlock`; every other result of the call is `Ok`.
            ///
            /// ```
            /// use std::io::{Read, Write};
            /// use whippet::io::unix::AsyncFd;
            ///
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $near]
            #[doc = concat!("let mut guard = near.", stringify!($readable), "().await?;")]
            /// let mut word = [0; 8];
            /// assert_eq!(guard.try_io(|near| near.get_ref().read(&mut word)).unwrap()?, 5);
            /// // Nothing is left: the next wait is one.
            /// assert!(guard.try_io(|near| near.get_ref().read(&mut word)).is_err());
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn try_io<R>(
                &mut self,
                call: impl FnOnce($call) -> io::Result<R>,
            ) -> Result<io::Result<R>, TryIoError> {
                let result = call(self.descriptor);
                let registration = self.descriptor.registration();
                match result {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        registration.handle_would_block(self.event, self.interest);
                        self.event.readiness = Readiness::NONE;
                        Err(TryIoError(()))
                    }
                    result => {
                        registration.used(self.interest);
                        Ok(result)
                    }
                }
            }

            /// A call found the readiness used up: it is to be waited for again, unless it was announced again since the guard
            /// was made. An end ([`Ready::READ_CLOSED`], [`Ready::WRITE_CLOSED`]) stays; [`try_io`](Self::try_io) takes it
            /// away as well, should a call block in spite of it.
            ///
            /// ```
            /// use std::io::{ErrorKind, Read, Write};
            /// use whippet::io::{Interest, unix::AsyncFd};
            ///
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $near]
            #[doc = concat!("let mut guard = near.", stringify!($readable), "().await?;")]
            /// // A call that is not made by `try_io`, and leaves nothing.
            /// assert_eq!(guard.get_inner().read(&mut [0; 8])?, 5);
            /// guard.clear_ready();
            /// drop(guard);
            /// let waits = near.try_io(Interest::READABLE, |_| Ok(())).unwrap_err();
            /// assert_eq!(waits.kind(), ErrorKind::WouldBlock);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn clear_ready(&mut self) {
                self.clear_ready_matching(Ready::ALL);
            }

            /// As [`clear_ready`](Self::clear_ready), for a part of what it was ready for.
            ///
            /// ```
            /// use std::io::{ErrorKind, Read, Write};
            /// use whippet::io::{Interest, Ready, unix::AsyncFd};
            ///
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $near]
            /// let both = Interest::READABLE | Interest::WRITABLE;
            #[doc = concat!("let mut guard = near.", stringify!($ready), "(both).await?;")]
            /// assert_eq!(guard.get_inner().read(&mut [0; 8])?, 5);
            /// guard.clear_ready_matching(Ready::READABLE);
            /// drop(guard);
            /// let waits = near.try_io(Interest::READABLE, |_| Ok(())).unwrap_err();
            /// assert_eq!(waits.kind(), ErrorKind::WouldBlock);
            /// // There is space as before.
            /// near.try_io(Interest::WRITABLE, |_| Ok(()))?;
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn clear_ready_matching(&mut self, ready: Ready) {
                self.descriptor.registration().clear(self.event, ready.0);
                self.event.readiness = self.event.readiness.without(ready.0);
            }

            /// The readiness stays, as it does unless [`clear_ready`](Self::clear_ready) is called.
            ///
            /// ```
            /// use std::io::Write;
            /// use whippet::io::{Interest, unix::AsyncFd};
            ///
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $near]
            #[doc = concat!("near.", stringify!($readable), "().await?.retain_ready();")]
            /// assert!(near.try_io(Interest::READABLE, |_| Ok(())).is_ok());
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn retain_ready(&mut self) {}

            /// What the descriptor was ready for, less what was cleared through this guard.
            ///
            /// ```
            /// use std::io::Write;
            /// use whippet::io::{Interest, unix::AsyncFd};
            ///
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $near]
            /// let both = Interest::READABLE | Interest::WRITABLE;
            #[doc = concat!("let ready = near.", stringify!($ready), "(both).await?.ready();")]
            /// assert!(ready.is_readable() && ready.is_writable() && !ready.is_read_closed());
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn ready(&self) -> Ready {
                Ready(self.event.readiness)
            }
        }

        impl<T: AsFd + fmt::Debug> fmt::Debug for $type<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($type))
                    .field("descriptor", &self.descriptor)
                    .field("ready", &self.ready())
                    .finish_non_exhaustive()
            }
        }
    };
}

impl_ready_guard!(
    AsyncFdReadyGuard,
    &'a AsyncFd<T>,
    "let (near, mut far) = std::os::unix::net::UnixStream::pair()?;\n\
     near.set_nonblocking(true)?;\n\
     let near = AsyncFd::new(near)?;\n\
     far.write_all(b\"hello\")?;",
    readable,
    ready
);
impl_ready_guard!(
    AsyncFdReadyMutGuard,
    &mut AsyncFd<T>,
    "let (near, mut far) = std::os::unix::net::UnixStream::pair()?;\n\
     near.set_nonblocking(true)?;\n\
     let mut near = AsyncFd::new(near)?;\n\
     far.write_all(b\"hello\")?;",
    readable_mut,
    ready_mut
);

impl<'a, T: AsFd> AsyncFdReadyGuard<'a, T> {
    pub(super) fn new(descriptor: &'a AsyncFd<T>, interest: IoInterest, event: ReadyEvent) -> Self {
        Self { descriptor, event: event.of(interest), interest }
    }

    /// The descriptor.
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
    /// let mut guard = near.readable().await?;
    /// guard.clear_ready();
    /// // What it gives outlives the guard.
    /// let same = guard.get_ref();
    /// drop(guard);
    /// assert!(std::ptr::eq(same, &near));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_ref(&self) -> &'a AsyncFd<T> {
        self.descriptor
    }

    /// What is inside.
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use whippet::io::unix::AsyncFd;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (near, mut far) = std::os::unix::net::UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let near = AsyncFd::new(near)?;
    /// far.write_all(b"hello")?;
    /// let guard = near.readable().await?;
    /// let mut stream = guard.get_inner();
    /// assert_eq!(stream.read(&mut [0; 8])?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_inner(&self) -> &'a T {
        self.descriptor.get_ref()
    }
}

impl<'a, T: AsFd> AsyncFdReadyMutGuard<'a, T> {
    pub(super) fn new(
        descriptor: &'a mut AsyncFd<T>,
        interest: IoInterest,
        event: ReadyEvent,
    ) -> Self {
        Self { descriptor, event: event.of(interest), interest }
    }

    /// The descriptor.
    ///
    /// ```
    /// use std::io::Write;
    /// use whippet::io::{Interest, unix::AsyncFd};
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (near, mut far) = std::os::unix::net::UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// far.write_all(b"hello")?;
    /// let guard = near.readable_mut().await?;
    /// // A guard takes no readiness away: others see the same.
    /// assert!(guard.get_ref().try_io(Interest::READABLE, |_| Ok(())).is_ok());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_ref(&self) -> &AsyncFd<T> {
        self.descriptor
    }

    /// The descriptor.
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use whippet::io::unix::AsyncFd;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (near, mut far) = std::os::unix::net::UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// far.write_all(b"hello")?;
    /// let mut guard = near.readable_mut().await?;
    /// assert_eq!(guard.get_mut().get_mut().read(&mut [0; 8])?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_mut(&mut self) -> &mut AsyncFd<T> {
        self.descriptor
    }

    /// What is inside.
    ///
    /// ```
    /// use std::io::Write;
    /// use whippet::io::unix::AsyncFd;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (near, mut far) = std::os::unix::net::UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// far.write_all(b"hello")?;
    /// let guard = near.readable_mut().await?;
    /// assert!(guard.get_inner().peer_addr()?.is_unnamed());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_inner(&self) -> &T {
        self.descriptor.get_ref()
    }

    /// What is inside.
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use whippet::io::unix::AsyncFd;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (near, mut far) = std::os::unix::net::UnixStream::pair()?;
    /// near.set_nonblocking(true)?;
    /// let mut near = AsyncFd::new(near)?;
    /// far.write_all(b"hello")?;
    /// let mut guard = near.readable_mut().await?;
    /// let mut word = [0; 5];
    /// guard.get_inner_mut().read_exact(&mut word)?;
    /// assert_eq!(&word, b"hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_inner_mut(&mut self) -> &mut T {
        self.descriptor.get_mut()
    }
}
