//! Any stream in two halves, for two tasks.
//!
//! Reading and writing both take an exclusive reference of the stream. So a poll of a half takes the stream out of what
//! both halves share, polls it *without the lock*, and puts it back. A half that finds it gone stores its waker
//! there, and is woken when the stream is back.

use crate::loom::{Arc, Mutex};
use crate::unwind::drop_waker;
use crate::wake_list::wake_catching;
use futures_io::{AsyncRead, AsyncWrite};
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

/// The reading half of a stream: see [`split`].
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::{AsyncReadExt, AsyncWriteExt, duplex, split};
/// let (near, mut far) = duplex(64);
/// let (mut reader, _writer) = split(near);
/// let reads = whippet::spawn(async move { reader.read_u16().await });
/// far.write_u16(7).await?;
/// assert_eq!(reads.await??, 7);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub struct ReadHalf<T>(Arc<Mutex<Shared<T>>>);

/// The writing half of a stream: see [`split`]. Dropping it does not end the writing direction: call
/// [`shutdown`](super::AsyncWriteExt::shutdown).
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::{AsyncReadExt, AsyncWriteExt, duplex, split};
/// let (near, mut far) = duplex(64);
/// let (_reader, mut writer) = split(near);
/// writer.write_all(b"last words").await?;
/// writer.shutdown().await?;
/// let mut words = String::new();
/// far.read_to_string(&mut words).await?;
/// assert_eq!(words, "last words");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub struct WriteHalf<T>(Arc<Mutex<Shared<T>>>);

/// What both halves share: the stream, while no half is polled.
struct Shared<T> {
    /// The stream; none while one half has it.
    stream: Option<Pin<Box<T>>>,
    /// The other half's task, if it came meanwhile.
    waiter: Option<Waker>,
}

/// Splits a stream into two halves, which may go to two tasks. [`ReadHalf::unsplit`] puts them together again.
///
/// It works for every stream. Sockets have a `split` of their own, and `into_split`, which cost less.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::{AsyncReadExt, AsyncWriteExt};
/// let (near, mut far) = whippet::io::duplex(64);
/// let (mut reader, mut writer) = whippet::io::split(near);
/// writer.write_all(b"hello").await?;
/// let mut word = [0; 5];
/// far.read_exact(&mut word).await?;
/// far.write_all(&word).await?;
/// reader.read_exact(&mut word).await?;
/// assert_eq!(&word, b"hello");
/// let near: whippet::io::DuplexStream = reader.unsplit(writer);
/// # drop(near);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub fn split<T: AsyncRead + AsyncWrite>(stream: T) -> (ReadHalf<T>, WriteHalf<T>) {
    let shared = Shared { stream: Some(Box::pin(stream)), waiter: None };
    let shared = Arc::new(Mutex::new(shared));
    (ReadHalf(Arc::clone(&shared)), WriteHalf(shared))
}

impl<T> ReadHalf<T> {
    /// Whether both are halves of one stream.
    ///
    /// # Examples
    /// ```
    /// use whippet::io::{duplex, split};
    /// let (near, far) = duplex(64);
    /// let (near_reader, near_writer) = split(near);
    /// let (_far_reader, far_writer) = split(far);
    /// assert!(near_reader.is_pair_of(&near_writer));
    /// assert!(!near_reader.is_pair_of(&far_writer));
    /// ```
    pub fn is_pair_of(&self, other: &WriteHalf<T>) -> bool {
        other.is_pair_of(self)
    }

    /// Puts the stream together again.
    ///
    /// # Panics
    /// When they are halves of two streams.
    ///
    /// # Examples
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use whippet::io::{AsyncReadExt, AsyncWriteExt, duplex, split};
    /// let (near, mut far) = duplex(64);
    /// let (reader, mut writer) = split(near);
    /// writer.write_all(b"hel").await?;
    /// let mut near = reader.unsplit(writer);
    /// near.write_all(b"lo").await?;
    /// let mut word = [0; 5];
    /// far.read_exact(&mut word).await?;
    /// assert_eq!(&word, b"hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn unsplit(self, other: WriteHalf<T>) -> T
    where
        T: Unpin,
    {
        assert!(
            self.is_pair_of(&other),
            "`ReadHalf::unsplit`: the halves are of two streams; ask `is_pair_of` first"
        );
        let stream = self.0.lock().stream.take();
        *Pin::into_inner(stream.expect("no half is polled: both are here"))
    }
}

impl<T> WriteHalf<T> {
    /// Whether both are halves of one stream.
    ///
    /// # Examples
    /// ```
    /// use whippet::io::{duplex, split};
    /// let (near, far) = duplex(64);
    /// let (near_reader, near_writer) = split(near);
    /// let (far_reader, _far_writer) = split(far);
    /// assert!(near_writer.is_pair_of(&near_reader));
    /// assert!(!near_writer.is_pair_of(&far_reader));
    /// ```
    pub fn is_pair_of(&self, other: &ReadHalf<T>) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// The stream on loan; dropped, by a panic too, it goes back.
struct StreamLease<'a, T> {
    /// Where it goes back to.
    shared: &'a Mutex<Shared<T>>,
    /// The stream, until it is given back.
    stream: Option<Pin<Box<T>>>,
}

impl<'a, T> StreamLease<'a, T> {
    /// Takes the stream, or has the task woken when it is back.
    fn poll_acquire(shared: &'a Mutex<Shared<T>>, cx: &mut Context<'_>) -> Poll<Self> {
        let mut waker = None;
        loop {
            let mut state = shared.lock();
            if let Some(stream) = state.stream.take() {
                // No waiter: the half that put the stream back took the waker out.
                drop(state);
                drop_waker(waker);
                return Poll::Ready(Self { shared, stream: Some(stream) });
            }
            if waker.is_some() {
                mem::swap(&mut state.waiter, &mut waker);
                drop(state);
                drop_waker(waker);
                return Poll::Pending;
            }
            drop(state);
            // A clone is user code, which does not run under the lock.
            waker = Some(cx.waker().clone());
        }
    }

    /// The stream.
    fn stream(&mut self) -> Pin<&mut T> {
        self.stream.as_mut().expect("the lease has the stream").as_mut()
    }
}

impl<T> Drop for StreamLease<'_, T> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.stream = self.stream.take();
        let waiter = state.waiter.take();
        drop(state);
        // The result of the poll must not be lost by a panic of the waker of the other half.
        wake_catching(waiter);
    }
}

impl<T: AsyncRead> AsyncRead for ReadHalf<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        ready!(StreamLease::poll_acquire(&self.0, cx)).stream().poll_read(cx, buffer)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(StreamLease::poll_acquire(&self.0, cx)).stream().poll_read_vectored(cx, buffers)
    }
}

impl<T: AsyncWrite> AsyncWrite for WriteHalf<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(StreamLease::poll_acquire(&self.0, cx)).stream().poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(StreamLease::poll_acquire(&self.0, cx)).stream().poll_write_vectored(cx, slices)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(StreamLease::poll_acquire(&self.0, cx)).stream().poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(StreamLease::poll_acquire(&self.0, cx)).stream().poll_close(cx)
    }
}

impl<T> fmt::Debug for ReadHalf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadHalf").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for WriteHalf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteHalf").finish_non_exhaustive()
    }
}
