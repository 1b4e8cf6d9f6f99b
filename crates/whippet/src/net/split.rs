//! A stream in two halves: borrowed, for one task, or owned together, for two.

use super::macros::{impl_async_read, impl_async_write};
use super::stream::{Stream, StreamKind};
use crate::fd::{Interest, Ready};
use crate::io::AppendBuffer;
use std::error::Error;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::sync::Arc;
use std::task::{Context, Poll};

/// A connection that has two directions.
pub trait SplitStream: StreamKind + fmt::Debug {
    /// How its ends are named.
    type Address;

    /// Its descriptor.
    fn stream(&self) -> &Stream<Self>;

    /// This end's name.
    fn local(&self) -> io::Result<Self::Address>;

    /// The peer's name.
    fn peer(&self) -> io::Result<Self::Address>;
}

/// The reading half of a stream that is borrowed.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::AsyncReadExt;
/// let (peer, mut stream) = whippet::net::UnixStream::pair()?;
/// peer.try_write(b"hello")?;
/// let (mut reader, _writer) = stream.split();
/// let mut word = [0; 5];
/// reader.read_exact(&mut word).await?;
/// assert_eq!(&word, b"hello");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct ReadHalf<'a, S>(&'a S);

/// The writing half of a stream that is borrowed.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::{AsyncReadExt, AsyncWriteExt};
/// let (mut peer, mut stream) = whippet::net::UnixStream::pair()?;
/// let (_reader, mut writer) = stream.split();
/// writer.write_all(b"hello").await?;
/// let mut word = [0; 5];
/// peer.read_exact(&mut word).await?;
/// assert_eq!(&word, b"hello");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct WriteHalf<'a, S>(&'a S);

/// The reading half of a stream, to be moved to a task of its own.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::AsyncReadExt;
/// let (peer, stream) = whippet::net::UnixStream::pair()?;
/// let (mut reader, _writer) = stream.into_split();
/// let reads = whippet::spawn(async move { reader.read_u8().await });
/// peer.try_write(b"!")?;
/// assert_eq!(reads.await??, b'!');
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct OwnedReadHalf<S>(Arc<S>);

/// The writing half of a stream, to be moved to a task of its own. Dropping it shuts the writing direction down: the
/// peer reads the end.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::AsyncReadExt;
/// let (mut peer, stream) = whippet::net::UnixStream::pair()?;
/// let (_reader, writer) = stream.into_split();
/// writer.writable().await?;
/// writer.try_write(b"last words")?;
/// drop(writer);
/// let mut words = String::new();
/// peer.read_to_string(&mut words).await?;
/// assert_eq!(words, "last words");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct OwnedWriteHalf<S: SplitStream> {
    /// The stream.
    stream: Arc<S>,
    /// Whether dropping it shuts the direction down.
    shuts_down: bool,
}

/// The two halves are not of one stream; they are given back.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (one, _peer) = whippet::net::UnixStream::pair()?;
/// let (other, _peer) = whippet::net::UnixStream::pair()?;
/// let (one_reader, one_writer) = one.into_split();
/// let (_other_reader, other_writer) = other.into_split();
/// let error = one_reader.reunite(other_writer).unwrap_err();
/// assert_eq!(error.to_string(), "the two halves are of two streams; put each together with its own");
/// // The halves are in it.
/// assert!(error.0.reunite(one_writer).is_ok());
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct ReuniteError<S: SplitStream>(pub OwnedReadHalf<S>, pub OwnedWriteHalf<S>);

impl<S: SplitStream> fmt::Display for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the two halves are of two streams; put each together with its own")
    }
}

impl<S: SplitStream> Error for ReuniteError<S> {}

pub(super) fn split<S>(stream: &mut S) -> (ReadHalf<'_, S>, WriteHalf<'_, S>) {
    (ReadHalf(stream), WriteHalf(stream))
}

pub(super) fn into_split<S: SplitStream>(stream: S) -> (OwnedReadHalf<S>, OwnedWriteHalf<S>) {
    let stream = Arc::new(stream);
    (OwnedReadHalf(Arc::clone(&stream)), OwnedWriteHalf { stream, shuts_down: true })
}

impl<S: SplitStream> OwnedReadHalf<S> {
    /// Puts the stream together again.
    ///
    /// # Errors
    /// The halves, when they are not of one stream.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (one, _peer) = whippet::net::UnixStream::pair()?;
    /// let (other, _peer) = whippet::net::UnixStream::pair()?;
    /// let (one_reader, one_writer) = one.into_split();
    /// let (_other_reader, other_writer) = other.into_split();
    /// let error = one_reader.reunite(other_writer).unwrap_err();
    /// let one_reader = error.0;
    /// assert!(one_reader.reunite(one_writer).is_ok());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn reunite(self, mut other: OwnedWriteHalf<S>) -> Result<S, ReuniteError<S>> {
        if !Arc::ptr_eq(&self.0, &other.stream) {
            return Err(ReuniteError(self, other));
        }
        other.shuts_down = false;
        drop(other);
        let Some(stream) = Arc::into_inner(self.0) else {
            unreachable!("there are two halves to a stream")
        };
        Ok(stream)
    }
}

impl<S: SplitStream> OwnedWriteHalf<S> {
    /// Puts the stream together again.
    ///
    /// # Errors
    /// The halves, when they are not of one stream.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (stream, peer) = whippet::net::UnixStream::pair()?;
    /// let (reader, writer) = stream.into_split();
    /// let stream = writer.reunite(reader).unwrap();
    /// // Nothing was shut down.
    /// stream.writable().await?;
    /// stream.try_write(b"hello")?;
    /// peer.readable().await?;
    /// assert_eq!(peer.try_read(&mut [0; 16])?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn reunite(self, other: OwnedReadHalf<S>) -> Result<S, ReuniteError<S>> {
        other.reunite(self)
    }

    /// Drops the half without shutting the writing direction down.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (stream, _peer) = whippet::net::UnixStream::pair()?;
    /// let (reader, writer) = stream.into_split();
    /// writer.forget();
    /// // Had it been dropped, this would be a `BrokenPipe`.
    /// let stream: &whippet::net::UnixStream = reader.as_ref();
    /// stream.writable().await?;
    /// assert_eq!(stream.try_write(b"hello")?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn forget(mut self) {
        self.shuts_down = false;
    }
}

impl<S: SplitStream> Drop for OwnedWriteHalf<S> {
    fn drop(&mut self) {
        if self.shuts_down {
            // An error says that the connection is gone: there is nothing to shut down.
            let _ = self.stream.stream().shutdown(Shutdown::Write);
        }
    }
}

impl<S> AsRef<S> for ReadHalf<'_, S> {
    fn as_ref(&self) -> &S {
        self.0
    }
}

impl<S> AsRef<S> for WriteHalf<'_, S> {
    fn as_ref(&self) -> &S {
        self.0
    }
}

impl<S> AsRef<S> for OwnedReadHalf<S> {
    fn as_ref(&self) -> &S {
        &self.0
    }
}

impl<S: SplitStream> AsRef<S> for OwnedWriteHalf<S> {
    fn as_ref(&self) -> &S {
        &self.stream
    }
}

/// What all four halves have. `$pair` is code for the examples: it makes a `half` of a stream and the stream's `peer`.
macro_rules! impl_half_methods {
    ($type:ty, $pair:literal) => {
        impl<S: SplitStream> $type {
            #[inline]
            fn socket(&self) -> &Stream<S> {
                self.as_ref().stream()
            }

            /// Waits until the socket is ready for something of `interest`: see
            /// [`TcpStream::ready`](crate::net::TcpStream::ready).
            ///
            /// # Errors
            /// The runtime has ended.
            ///
            /// # Cancel safety
            /// Cancel safe.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// use whippet::net::Interest;
            #[doc = $pair]
            /// let ready = half.ready(Interest::READABLE | Interest::WRITABLE).await?;
            /// assert!(ready.is_readable() || ready.is_writable());
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn ready(&self, interest: Interest) -> impl Future<Output = io::Result<Ready>> {
                self.socket().ready(interest)
            }

            /// This end's address.
            ///
            /// # Errors
            /// Any error of the system call.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// assert_eq!(half.local_addr()?, peer.peer_addr()?);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn local_addr(&self) -> io::Result<S::Address> {
                self.as_ref().local()
            }

            /// The peer's address.
            ///
            /// # Errors
            /// Any error of the system call, such as for a connection that is gone.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// assert_eq!(half.peer_addr()?, peer.local_addr()?);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn peer_addr(&self) -> io::Result<S::Address> {
                self.as_ref().peer()
            }
        }
    };
}

/// What the reading halves have.
macro_rules! impl_read_half {
    ($type:ty, $pair:literal) => {
        impl_half_methods!($type, $pair);
        impl_async_read!($type, [S: SplitStream]);

        impl<S: SplitStream> $type {
            /// Waits until a read may succeed: see [`TcpStream::readable`](crate::net::TcpStream::readable).
            ///
            /// # Errors
            /// The runtime has ended.
            ///
            /// # Cancel safety
            /// Cancel safe.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// peer.writable().await?;
            /// peer.try_write(b"hello")?;
            /// half.readable().await?;
            /// assert_eq!(half.try_read(&mut [0; 16])?, 5);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub async fn readable(&self) -> io::Result<()> {
                self.ready(Interest::READABLE).await.map(drop)
            }

            /// Reads what is there: see [`TcpStream::try_read`](crate::net::TcpStream::try_read).
            ///
            /// # Errors
            /// `WouldBlock` when there is nothing; else any error of the system call.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// peer.writable().await?;
            /// peer.try_write(b"hello")?;
            /// half.readable().await?;
            /// let mut word = [0; 16];
            /// assert_eq!(half.try_read(&mut word)?, 5);
            /// let nothing = half.try_read(&mut word).unwrap_err();
            /// assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
                self.socket().try_read(buffer)
            }

            /// Reads what is there into several buffers, one after the other.
            ///
            /// # Errors
            /// `WouldBlock` when there is nothing; else any error of the system call.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// use std::io::IoSliceMut;
            #[doc = $pair]
            /// peer.writable().await?;
            /// peer.try_write(b"hello")?;
            /// half.readable().await?;
            /// let (mut one, mut two) = ([0; 2], [0; 8]);
            /// let mut buffers = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
            /// assert_eq!(half.try_read_vectored(&mut buffers)?, 5);
            /// assert_eq!((&one, &two[..3]), (b"he", &b"llo"[..]));
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                self.socket().try_read_vectored(buffers)
            }

            /// Reads what is there to the end of a buffer that grows.
            ///
            /// # Errors
            /// `WouldBlock` when there is nothing; else any error of the system call.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// peer.writable().await?;
            /// peer.try_write(b"hello")?;
            /// half.readable().await?;
            /// let mut words = b"I say ".to_vec();
            /// assert_eq!(half.try_read_buf(&mut words)?, 5);
            /// assert_eq!(words, b"I say hello");
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn try_read_buf<B: AppendBuffer>(&self, buffer: &mut B) -> io::Result<usize> {
                self.socket().try_read_buf(buffer)
            }

            /// Reads and leaves the bytes where they are: see [`TcpStream::peek`](crate::net::TcpStream::peek).
            ///
            /// # Errors
            /// Any error of the system call.
            ///
            /// # Cancel safety
            /// Cancel safe.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// peer.writable().await?;
            /// peer.try_write(b"hello")?;
            /// let mut word = [0; 16];
            /// assert_eq!(half.peek(&mut word).await?, 5);
            /// // They are still there.
            /// assert_eq!(half.try_read(&mut word)?, 5);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub async fn peek(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.socket().peek(buffer).await
            }

            /// Polls for [`peek`](Self::peek). Several tasks may poll at once, and each is woken.
            ///
            /// # Errors
            /// Any error of the system call.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// use std::future::poll_fn;
            #[doc = $pair]
            /// peer.writable().await?;
            /// peer.try_write(b"hello")?;
            /// let mut word = [0; 16];
            /// assert_eq!(poll_fn(|cx| half.poll_peek(cx, &mut word)).await?, 5);
            /// // They are still there.
            /// assert_eq!(half.try_read(&mut word)?, 5);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn poll_peek(
                &mut self,
                cx: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                self.socket().poll_peek(cx, buffer)
            }
        }
    };
}

/// What the writing halves have.
macro_rules! impl_write_half {
    ($type:ty, $pair:literal) => {
        impl_half_methods!($type, $pair);
        impl_async_write!($type, [S: SplitStream]);

        impl<S: SplitStream> $type {
            /// Waits until a write may succeed: see [`TcpStream::writable`](crate::net::TcpStream::writable).
            ///
            /// # Errors
            /// The runtime has ended.
            ///
            /// # Cancel safety
            /// Cancel safe.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// half.writable().await?;
            /// assert_eq!(half.try_write(b"hello")?, 5);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub async fn writable(&self) -> io::Result<()> {
                self.ready(Interest::WRITABLE).await.map(drop)
            }

            /// Writes what there is space for: see [`TcpStream::try_write`](crate::net::TcpStream::try_write).
            ///
            /// # Errors
            /// `WouldBlock` when there is no space; else any error of the system call.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// half.writable().await?;
            /// assert_eq!(half.try_write(b"hello")?, 5);
            /// peer.readable().await?;
            /// assert_eq!(peer.try_read(&mut [0; 16])?, 5);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
                self.socket().try_write(bytes)
            }

            /// Writes several buffers, as far as there is space, in one call.
            ///
            /// # Errors
            /// `WouldBlock` when there is no space; else any error of the system call.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// use std::io::IoSlice;
            #[doc = $pair]
            /// half.writable().await?;
            /// assert_eq!(half.try_write_vectored(&[IoSlice::new(b"hel"), IoSlice::new(b"lo")])?, 5);
            /// peer.readable().await?;
            /// assert_eq!(peer.try_read(&mut [0; 16])?, 5);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
                self.socket().try_write_vectored(slices)
            }
        }
    };
}

impl_read_half!(
    ReadHalf<'_, S>,
    "let (peer, mut stream) = whippet::net::UnixStream::pair()?;\n\
     let (mut half, _writer) = stream.split();"
);
impl_read_half!(
    OwnedReadHalf<S>,
    "let (peer, stream) = whippet::net::UnixStream::pair()?;\n\
     let (mut half, _writer) = stream.into_split();"
);
impl_write_half!(
    WriteHalf<'_, S>,
    "let (peer, mut stream) = whippet::net::UnixStream::pair()?;\n\
     let (_reader, half) = stream.split();"
);
impl_write_half!(
    OwnedWriteHalf<S>,
    "let (peer, stream) = whippet::net::UnixStream::pair()?;\n\
     let (_reader, half) = stream.into_split();"
);
