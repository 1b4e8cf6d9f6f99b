//! What a descriptor is waited for, and what it is ready for.

use crate::reactor::{self, IoInterest, Readiness};
use std::fmt;
use std::io;
use std::ops::{BitAnd, BitOr, BitOrAssign, Sub};
use std::pin::Pin;
use std::task::{Context, Poll};

/// What to wait for in `ready`: combined with `|`.
///
/// ```
/// use whippet::io::Interest;
/// use whippet::net::UnixStream;
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (left, right) = UnixStream::pair()?;
/// right.try_write(b"hello")?;
/// let ready = left.ready(Interest::READABLE | Interest::WRITABLE).await?;
/// assert!(ready.is_readable() || ready.is_writable());
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Interest(pub(crate) IoInterest);

impl Interest {
    /// Something to read, a connection to accept, or the end of what the peer sends.
    pub const READABLE: Self = Self(IoInterest::READ);
    /// Room to write, or the end of the connection.
    pub const WRITABLE: Self = Self(IoInterest::WRITE);
    /// An error, or the end of the connection in both directions (a reset is both): seen without reading.
    pub const ERROR: Self = Self(IoInterest::ERROR);
    /// Urgent data or another exceptional condition (`EPOLLPRI`), or the end of what the peer sends.
    pub const PRIORITY: Self = Self(IoInterest::PRIORITY);

    /// Either of both.
    ///
    /// ```
    /// use whippet::io::Interest;
    ///
    /// const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
    /// assert_eq!(BOTH, Interest::READABLE | Interest::WRITABLE);
    /// ```
    #[must_use]
    pub const fn add(self, other: Self) -> Self {
        Self(self.0.or(other.0))
    }

    /// The interest without another; `None` when nothing is left.
    ///
    /// ```
    /// use whippet::io::Interest;
    ///
    /// let both = Interest::READABLE | Interest::WRITABLE;
    /// assert_eq!(both.remove(Interest::READABLE), Some(Interest::WRITABLE));
    /// assert_eq!(both.remove(both), None);
    /// ```
    #[must_use]
    pub fn remove(self, other: Self) -> Option<Self> {
        self.0.without(other.0).map(Self)
    }

    /// Whether something to read is waited for.
    ///
    /// ```
    /// use whippet::io::Interest;
    ///
    /// assert!((Interest::READABLE | Interest::ERROR).is_readable());
    /// assert!(!Interest::WRITABLE.is_readable());
    /// ```
    #[must_use]
    pub const fn is_readable(self) -> bool {
        self.0.includes(IoInterest::READ)
    }

    /// Whether space to write is waited for.
    ///
    /// ```
    /// use whippet::io::Interest;
    ///
    /// assert!((Interest::READABLE | Interest::WRITABLE).is_writable());
    /// assert!(!Interest::READABLE.is_writable());
    /// ```
    #[must_use]
    pub const fn is_writable(self) -> bool {
        self.0.includes(IoInterest::WRITE)
    }

    /// Whether an error is waited for.
    ///
    /// ```
    /// use whippet::io::Interest;
    ///
    /// assert!((Interest::READABLE | Interest::ERROR).is_error());
    /// assert!(!Interest::READABLE.is_error());
    /// ```
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.0.includes(IoInterest::ERROR)
    }

    /// Whether an exceptional condition is waited for.
    ///
    /// ```
    /// use whippet::io::Interest;
    ///
    /// assert!((Interest::READABLE | Interest::PRIORITY).is_priority());
    /// assert!(!Interest::READABLE.is_priority());
    /// ```
    #[must_use]
    pub const fn is_priority(self) -> bool {
        self.0.includes(IoInterest::PRIORITY)
    }
}

impl BitOr for Interest {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.add(other)
    }
}

impl BitOrAssign for Interest {
    fn bitor_assign(&mut self, other: Self) {
        *self = self.add(other);
    }
}

impl fmt::Debug for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            ("READABLE", self.is_readable()),
            ("WRITABLE", self.is_writable()),
            ("ERROR", self.is_error()),
            ("PRIORITY", self.is_priority()),
        ];
        write_names(f, names)
    }
}

/// What a descriptor is ready for: an operation of that kind may succeed, though it can still block.
///
/// ```
/// use whippet::io::Ready;
///
/// let ready = Ready::READABLE | Ready::READ_CLOSED;
/// assert!(ready.is_readable() && ready.is_read_closed() && !ready.is_writable());
/// assert_eq!(ready - Ready::READABLE, Ready::READ_CLOSED);
/// assert!((ready & Ready::WRITABLE).is_empty());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ready(pub(crate) Readiness);

impl Ready {
    /// Ready for nothing.
    pub const EMPTY: Self = Self(Readiness::NONE);
    /// A read may succeed.
    pub const READABLE: Self = Self(Readiness::READ);
    /// A write may succeed.
    pub const WRITABLE: Self = Self(Readiness::WRITE);
    /// The peer sends no more.
    pub const READ_CLOSED: Self = Self(Readiness::READ_CLOSED);
    /// The connection is gone in both directions.
    pub const WRITE_CLOSED: Self = Self(Readiness::WRITE_CLOSED);
    /// An error is pending.
    pub const ERROR: Self = Self(Readiness::ERROR);
    /// Urgent data or another exceptional condition is pending.
    pub const PRIORITY: Self = Self(Readiness::PRIORITY);
    /// All of them.
    pub const ALL: Self = Self(Readiness::ALL);

    /// Ready for nothing.
    ///
    /// ```
    /// use whippet::io::Ready;
    ///
    /// let ready = Ready::READABLE | Ready::WRITABLE;
    /// assert!((ready - Ready::WRITABLE - Ready::READABLE).is_empty());
    /// assert!(!ready.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::EMPTY
    }

    /// A read may succeed.
    ///
    /// ```
    /// use whippet::io::Interest;
    /// use whippet::net::UnixStream;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (left, right) = UnixStream::pair()?;
    /// right.try_write(b"hello")?;
    /// assert!(left.ready(Interest::READABLE).await?.is_readable());
    /// assert_eq!(left.try_read(&mut [0; 8])?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub const fn is_readable(self) -> bool {
        self.0.intersects(IoInterest::READ)
    }

    /// A write may succeed.
    ///
    /// ```
    /// use whippet::io::Interest;
    /// use whippet::net::UnixStream;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (left, _right) = UnixStream::pair()?;
    /// let ready = left.ready(Interest::READABLE | Interest::WRITABLE).await?;
    /// // There is space, and nothing has come.
    /// assert!(ready.is_writable() && !ready.is_readable());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub const fn is_writable(self) -> bool {
        self.0.intersects(IoInterest::WRITE)
    }

    /// The peer sends no more.
    ///
    /// ```
    /// use whippet::io::Interest;
    /// use whippet::net::UnixStream;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (left, right) = UnixStream::pair()?;
    /// right.shutdown_now(std::net::Shutdown::Write)?;
    /// let ready = left.ready(Interest::READABLE).await?;
    /// // Nothing comes any more; what is written arrives as before.
    /// assert!(ready.is_read_closed() && !ready.is_write_closed());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub const fn is_read_closed(self) -> bool {
        self.0.is_read_closed()
    }

    /// The connection is gone in both directions.
    ///
    /// ```
    /// use whippet::io::Interest;
    /// use whippet::net::UnixStream;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (left, right) = UnixStream::pair()?;
    /// drop(right);
    /// assert!(left.ready(Interest::ERROR).await?.is_write_closed());
    /// let error = left.try_write(b"hello").unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub const fn is_write_closed(self) -> bool {
        self.0.is_write_closed()
    }

    /// An error is pending, or the connection is gone.
    ///
    /// ```
    /// use whippet::io::Interest;
    /// use whippet::net::UnixStream;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (left, right) = UnixStream::pair()?;
    /// left.try_write(b"never read")?;
    /// // Who closes with something unread resets the connection.
    /// drop(right);
    /// assert!(left.ready(Interest::ERROR).await?.is_error());
    /// assert_eq!(left.take_error()?.unwrap().kind(), std::io::ErrorKind::ConnectionReset);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.0.intersects(IoInterest::ERROR)
    }

    /// Urgent data or another exceptional condition is pending.
    ///
    /// ```
    /// use rustix::net::{SendFlags, send};
    /// use whippet::io::Interest;
    /// use whippet::net::{TcpListener, TcpStream};
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (server, _) = listener.accept().await?;
    /// send(&client, b"!", SendFlags::OOB)?;
    /// assert!(server.ready(Interest::PRIORITY).await?.is_priority());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub const fn is_priority(self) -> bool {
        self.0.is_priority()
    }
}

impl BitOr for Ready {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0.or(other.0))
    }
}

impl BitOrAssign for Ready {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

impl BitAnd for Ready {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        self - (self - other)
    }
}

impl Sub for Ready {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.without(other.0))
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has = |one: Self| !(*self & one).is_empty();
        let names = [
            ("READABLE", has(Self::READABLE)),
            ("WRITABLE", has(Self::WRITABLE)),
            ("READ_CLOSED", has(Self::READ_CLOSED)),
            ("WRITE_CLOSED", has(Self::WRITE_CLOSED)),
            ("ERROR", has(Self::ERROR)),
            ("PRIORITY", has(Self::PRIORITY)),
        ];
        write_names(f, names)
    }
}

/// The names that hold, with `|` between them.
fn write_names<const COUNT: usize>(
    f: &mut fmt::Formatter<'_>,
    names: [(&str, bool); COUNT],
) -> fmt::Result {
    let mut first = true;
    for (name, _) in names.into_iter().filter(|(_, holds)| *holds) {
        f.write_str(if std::mem::take(&mut first) { "" } else { " | " })?;
        f.write_str(name)?;
    }
    if first { f.write_str("EMPTY") } else { Ok(()) }
}

/// Waits until a descriptor is ready, and returns it in the public types. Written out, for an `async fn` keeps what it was
/// called with twice.
#[derive(Debug)]
pub(crate) struct WaitReady<'a>(pub(crate) reactor::Ready<'a>);

impl Future for WaitReady<'_> {
    type Output = io::Result<Ready>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map_ok(|announced| Ready(announced.readiness))
    }
}
