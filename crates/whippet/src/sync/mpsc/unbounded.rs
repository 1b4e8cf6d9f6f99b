//! A channel without a bound: a send never waits. It is the bounded one with more places than there is memory.

use super::error::{SendError, TryRecvError};
use super::futures::Closed;
use super::receiver::Receiver;
use super::{SenderHandle, WeakSenderHandle};
use crate::sync::blocking;
use std::fmt;
use std::task::{Context, Poll};

/// The sending side of an unbounded channel; clone it for more producers. Made by
/// [`unbounded_channel`](super::unbounded_channel).
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (sender, mut receiver) = whippet::sync::mpsc::unbounded_channel();
/// for (sender, word) in [sender.clone(), sender].into_iter().zip(["one", "two"]) {
///     sender.send(word).unwrap();
/// }
/// assert_eq!(receiver.recv().await, Some("one"));
/// assert_eq!(receiver.recv().await, Some("two"));
/// assert_eq!(receiver.recv().await, None);
/// # });
/// ```
pub struct UnboundedSender<T> {
    /// The channel, counted.
    pub(super) handle: SenderHandle<T>,
}

impl<T> UnboundedSender<T> {
    /// Sends a value. It never waits: nothing slows a producer down but its own code, so bound it elsewhere.
    ///
    /// # Errors
    /// The receiver is closed or gone: the value comes back.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::mpsc::unbounded_channel();
    /// sender.send(1).unwrap();
    /// sender.send(2).unwrap();
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// drop(receiver);
    /// assert_eq!(sender.send(3).unwrap_err().0, 3);
    /// ```
    #[inline]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        self.handle.try_send(value).map_err(|(value, _)| SendError(value))
    }

    /// Waits until the receiver is closed or gone: a producer can stop then.
    ///
    /// # Cancel safety
    /// May be dropped and called again at will.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, receiver) = whippet::sync::mpsc::unbounded_channel::<u8>();
    /// drop(receiver);
    /// sender.closed().await;
    /// assert!(sender.send(1).is_err());
    /// # });
    /// ```
    pub async fn closed(&self) {
        Closed::new(&self.handle).await;
    }

    /// Whether the receiver is closed or gone.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::mpsc::unbounded_channel::<u8>();
    /// assert!(!sender.is_closed());
    /// drop(receiver);
    /// assert!(sender.is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        self.handle.is_closed()
    }

    /// Whether both send into the same channel.
    ///
    /// ```
    /// use whippet::sync::mpsc::unbounded_channel;
    ///
    /// let (sender, _receiver) = unbounded_channel::<u8>();
    /// assert!(sender.same_channel(&sender.clone()));
    /// assert!(!sender.same_channel(&unbounded_channel().0));
    /// ```
    pub fn same_channel(&self, other: &Self) -> bool {
        self.handle.is_same(&other.handle)
    }

    /// A reference that does not keep the channel open.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::mpsc::unbounded_channel::<u8>();
    /// let _weak = sender.downgrade();
    /// drop(sender);
    /// // The weak one does not keep the receiver waiting.
    /// assert_eq!(receiver.blocking_recv(), None);
    /// ```
    pub fn downgrade(&self) -> WeakUnboundedSender<T> {
        WeakUnboundedSender { handle: self.handle.downgrade() }
    }

    /// How many senders there are.
    ///
    /// ```
    /// let (sender, _receiver) = whippet::sync::mpsc::unbounded_channel::<u8>();
    /// let _other = sender.clone();
    /// assert_eq!(sender.strong_count(), 2);
    /// ```
    pub fn strong_count(&self) -> usize {
        self.handle.strong()
    }

    /// How many weak senders there are.
    ///
    /// ```
    /// let (sender, _receiver) = whippet::sync::mpsc::unbounded_channel::<u8>();
    /// let _weak = sender.downgrade();
    /// assert_eq!((sender.strong_count(), sender.weak_count()), (1, 1));
    /// ```
    pub fn weak_count(&self) -> usize {
        self.handle.weak()
    }
}

impl<T> Clone for UnboundedSender<T> {
    fn clone(&self) -> Self {
        Self { handle: self.handle.clone() }
    }
}

impl<T> fmt::Debug for UnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnboundedSender").finish_non_exhaustive()
    }
}

/// A reference to the sending side that does not keep the channel open.
///
/// ```
/// let (sender, receiver) = whippet::sync::mpsc::unbounded_channel::<u8>();
/// let weak = sender.downgrade();
/// assert!(weak.upgrade().is_some());
/// drop(sender);
/// assert!(receiver.is_closed() && weak.upgrade().is_none());
/// ```
pub struct WeakUnboundedSender<T> {
    /// The channel, not counted.
    handle: WeakSenderHandle<T>,
}

impl<T> WeakUnboundedSender<T> {
    /// A sender, if there is still another one.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::mpsc::unbounded_channel();
    /// let weak = sender.downgrade();
    /// weak.upgrade().unwrap().send("hello").unwrap();
    /// assert_eq!(receiver.try_recv(), Ok("hello"));
    /// drop(sender);
    /// assert!(weak.upgrade().is_none());
    /// ```
    pub fn upgrade(&self) -> Option<UnboundedSender<T>> {
        self.handle.upgrade().map(|handle| UnboundedSender { handle })
    }

    /// How many senders there are.
    ///
    /// ```
    /// let (sender, _receiver) = whippet::sync::mpsc::unbounded_channel::<u8>();
    /// let weak = sender.downgrade();
    /// assert_eq!(weak.strong_count(), 1);
    /// drop(sender);
    /// assert_eq!(weak.strong_count(), 0);
    /// ```
    pub fn strong_count(&self) -> usize {
        self.handle.shared().strong()
    }

    /// How many weak senders there are.
    ///
    /// ```
    /// let (sender, _receiver) = whippet::sync::mpsc::unbounded_channel::<u8>();
    /// let weak = sender.downgrade();
    /// let _other = weak.clone();
    /// assert_eq!(weak.weak_count(), 2);
    /// ```
    pub fn weak_count(&self) -> usize {
        self.handle.shared().weak()
    }
}

impl<T> Clone for WeakUnboundedSender<T> {
    fn clone(&self) -> Self {
        Self { handle: self.handle.clone() }
    }
}

impl<T> fmt::Debug for WeakUnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakUnboundedSender").finish_non_exhaustive()
    }
}

/// The receiving side of an unbounded channel. Made by [`unbounded_channel`](super::unbounded_channel).
///
/// Dropping it closes the channel and drops what is still in it.
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (sender, mut receiver) = whippet::sync::mpsc::unbounded_channel();
/// sender.send("hello").unwrap();
/// assert_eq!(receiver.recv().await, Some("hello"));
/// drop(receiver);
/// assert!(sender.send("lost").is_err());
/// # });
/// ```
pub struct UnboundedReceiver<T> {
    /// The receiver of the channel beneath.
    pub(super) receiver: Receiver<T>,
}

impl<T> UnboundedReceiver<T> {
    /// The next value; `None` when nothing can come any more: the queue is empty, and all senders are gone or the
    /// channel was closed.
    ///
    /// # Cancel safety
    /// May be dropped and called again at will: a value is taken only in the very poll that returns it.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, mut receiver) = whippet::sync::mpsc::unbounded_channel();
    /// sender.send("hello").unwrap();
    /// drop(sender);
    /// assert_eq!(receiver.recv().await, Some("hello"));
    /// assert_eq!(receiver.recv().await, None);
    /// # });
    /// ```
    pub async fn recv(&mut self) -> Option<T> {
        self.receiver.recv().await
    }

    /// Waits for values and moves up to `limit` of them to the end of `buffer`, all in one step. Says how many:
    /// 0 when nothing can come any more, or when `limit` is 0.
    ///
    /// # Cancel safety
    /// May be dropped and called again at will: values are taken only in the very poll that returns.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, mut receiver) = whippet::sync::mpsc::unbounded_channel();
    /// for number in 0..3 {
    ///     sender.send(number).unwrap();
    /// }
    /// let mut batch = Vec::new();
    /// assert_eq!(receiver.recv_many(&mut batch, 2).await, 2);
    /// assert_eq!(batch, [0, 1]);
    /// # });
    /// ```
    pub async fn recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
        self.receiver.recv_many(buffer, limit).await
    }

    /// The next value, if one is there at this moment.
    ///
    /// # Errors
    /// [`TryRecvError::Empty`] or [`TryRecvError::Disconnected`].
    ///
    /// ```
    /// use whippet::sync::mpsc::{self, error::TryRecvError};
    ///
    /// let (sender, mut receiver) = mpsc::unbounded_channel::<u8>();
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// drop(sender);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    /// ```
    #[inline]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.receiver.try_recv()
    }

    /// The next value, blocking the thread while there is none: for threads that run no tasks.
    ///
    /// # Panics
    /// Inside of a task or a `block_on`.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::mpsc::unbounded_channel();
    /// let producer = std::thread::spawn(move || sender.send("hello"));
    /// assert_eq!(receiver.blocking_recv(), Some("hello"));
    /// assert_eq!(receiver.blocking_recv(), None);
    /// producer.join().unwrap().unwrap();
    /// ```
    #[track_caller]
    pub fn blocking_recv(&mut self) -> Option<T> {
        blocking::wait("mpsc::UnboundedReceiver::blocking_recv", self.recv())
    }

    /// As [`recv_many`](Self::recv_many), blocking the thread while there is nothing.
    ///
    /// # Panics
    /// Inside of a task or a `block_on`.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::mpsc::unbounded_channel();
    /// let producer = std::thread::spawn(move || {
    ///     (0..3).for_each(|number| sender.send(number).unwrap());
    /// });
    /// let mut numbers = Vec::new();
    /// while receiver.blocking_recv_many(&mut numbers, 8) > 0 {}
    /// assert_eq!(numbers, [0, 1, 2]);
    /// producer.join().unwrap();
    /// ```
    #[track_caller]
    pub fn blocking_recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
        blocking::wait("mpsc::UnboundedReceiver::blocking_recv_many", self.recv_many(buffer, limit))
    }

    /// Polls for the next value; see [`recv`](Self::recv).
    ///
    /// ```
    /// use std::future::poll_fn;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, mut receiver) = whippet::sync::mpsc::unbounded_channel();
    /// whippet::spawn(async move { sender.send("hello") });
    /// assert_eq!(poll_fn(|cx| receiver.poll_recv(cx)).await, Some("hello"));
    /// assert_eq!(poll_fn(|cx| receiver.poll_recv(cx)).await, None);
    /// # });
    /// ```
    #[inline]
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.receiver.poll_recv(cx)
    }

    /// Polls for a batch; see [`recv_many`](Self::recv_many).
    ///
    /// ```
    /// use std::future::poll_fn;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, mut receiver) = whippet::sync::mpsc::unbounded_channel();
    /// for number in 0..3 {
    ///     sender.send(number).unwrap();
    /// }
    /// let mut batch = Vec::new();
    /// assert_eq!(poll_fn(|cx| receiver.poll_recv_many(cx, &mut batch, 8)).await, 3);
    /// assert_eq!(batch, [0, 1, 2]);
    /// # });
    /// ```
    pub fn poll_recv_many(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<T>,
        limit: usize,
    ) -> Poll<usize> {
        self.receiver.poll_recv_many(cx, buffer, limit)
    }

    /// Closes the channel: sends fail from now on; what is in the queue stays.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::mpsc::unbounded_channel();
    /// sender.send(1).unwrap();
    /// receiver.close();
    /// assert!(sender.send(2).is_err());
    /// assert_eq!(receiver.blocking_recv(), Some(1));
    /// assert_eq!(receiver.blocking_recv(), None);
    /// ```
    pub fn close(&mut self) {
        self.receiver.close();
    }

    /// Whether the channel was closed, or all senders are gone.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::mpsc::unbounded_channel::<u8>();
    /// assert!(!receiver.is_closed());
    /// receiver.close();
    /// assert!(receiver.is_closed() && sender.is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        self.receiver.is_closed()
    }

    /// Whether no value is there.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::mpsc::unbounded_channel();
    /// assert!(receiver.is_empty());
    /// sender.send(1).unwrap();
    /// assert!(!receiver.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.receiver.is_empty()
    }

    /// How many values are there.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::mpsc::unbounded_channel();
    /// sender.send(1).unwrap();
    /// sender.send(2).unwrap();
    /// assert_eq!(receiver.len(), 2);
    /// receiver.try_recv().unwrap();
    /// assert_eq!(receiver.len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.receiver.len()
    }

    /// How many senders there are.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::mpsc::unbounded_channel::<u8>();
    /// let other = sender.clone();
    /// assert_eq!(receiver.sender_strong_count(), 2);
    /// drop((sender, other));
    /// assert_eq!(receiver.sender_strong_count(), 0);
    /// ```
    pub fn sender_strong_count(&self) -> usize {
        self.receiver.sender_strong_count()
    }

    /// How many weak senders there are.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::mpsc::unbounded_channel::<u8>();
    /// let _weak = sender.downgrade();
    /// assert_eq!((receiver.sender_strong_count(), receiver.sender_weak_count()), (1, 1));
    /// ```
    pub fn sender_weak_count(&self) -> usize {
        self.receiver.sender_weak_count()
    }
}

impl<T> fmt::Debug for UnboundedReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnboundedReceiver").field("len", &self.len()).finish_non_exhaustive()
    }
}
