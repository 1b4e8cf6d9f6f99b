//! The sending side of a bounded channel.

use super::error::{SendError, TrySendError};
use super::futures::{Closed, Sending};
use super::{SenderHandle, WeakSenderHandle};
use crate::sync::blocking;
use crate::sync::fair_permits::AcquireFailure;
use std::fmt;

/// The sending side of a bounded channel; clone it for more producers. Made by [`channel`](super::channel).
///
/// When the last sender is gone the receiver takes what is left, and then gets `None`.
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (sender, mut receiver) = whippet::sync::mpsc::channel(1);
/// for number in [1, 2, 3] {
///     let sender = sender.clone();
///     whippet::spawn(async move { sender.send(number).await });
/// }
/// drop(sender);
/// let mut sum = 0;
/// while let Some(number) = receiver.recv().await {
///     sum += number;
/// }
/// assert_eq!(sum, 6);
/// # });
/// ```
pub struct Sender<T> {
    /// The channel, counted.
    pub(super) handle: SenderHandle<T>,
}

impl<T> Sender<T> {
    /// Sends a value, waiting for a place if the channel is full. Who came first gets a place first.
    ///
    /// `Ok` means that the value was queued, not that it will be received: the receiver may close before.
    ///
    /// # Errors
    /// The channel is closed: the value comes back.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, nothing was sent and the place in the queue is lost; the value is dropped with the
    /// future. To keep the value, wait for a place with [`reserve`](Self::reserve).
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, mut receiver) = whippet::sync::mpsc::channel(1);
    /// let producer = whippet::spawn(async move {
    ///     for number in 0..3 {
    ///         sender.send(number).await.unwrap();
    ///     }
    /// });
    /// let mut numbers = Vec::new();
    /// while let Some(number) = receiver.recv().await {
    ///     numbers.push(number);
    /// }
    /// assert_eq!(numbers, [0, 1, 2]);
    /// # producer.await.unwrap();
    /// # });
    /// ```
    pub async fn send(&self, value: T) -> Result<(), SendError<T>> {
        match Sending::new(&self.handle, value).await {
            Err(Some(value)) => Err(SendError(value)),
            _ => Ok(()),
        }
    }

    /// Sends a value if there is a place at this moment and there are no waiters.
    ///
    /// # Errors
    /// [`TrySendError::Full`] or [`TrySendError::Closed`]: the value comes back.
    ///
    /// ```
    /// use whippet::sync::mpsc::{self, error::TrySendError};
    ///
    /// let (sender, mut receiver) = mpsc::channel(1);
    /// assert_eq!(sender.try_send("a"), Ok(()));
    /// assert_eq!(sender.try_send("b"), Err(TrySendError::Full("b")));
    /// assert_eq!(receiver.try_recv(), Ok("a"));
    /// ```
    #[inline]
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        self.handle.try_send(value).map_err(|(value, failure)| match failure {
            AcquireFailure::NoPermits => TrySendError::Full(value),
            AcquireFailure::Closed => TrySendError::Closed(value),
        })
    }

    /// Sends a value, blocking the thread while the channel is full: for threads that run no tasks.
    ///
    /// # Errors
    /// The channel is closed: the value comes back.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::mpsc::channel(1);
    /// let producer = std::thread::spawn(move || {
    ///     for number in 0..3 {
    ///         sender.blocking_send(number).unwrap();
    ///     }
    /// });
    /// assert_eq!(receiver.blocking_recv(), Some(0));
    /// assert_eq!(receiver.blocking_recv(), Some(1));
    /// assert_eq!(receiver.blocking_recv(), Some(2));
    /// assert_eq!(receiver.blocking_recv(), None);
    /// producer.join().unwrap();
    /// ```
    ///
    /// # Panics
    /// Inside of a task or a `block_on`.
    #[track_caller]
    pub fn blocking_send(&self, value: T) -> Result<(), SendError<T>> {
        blocking::wait("mpsc::Sender::blocking_send", self.send(value))
    }

    /// Waits until the receiver is closed or gone: a producer can stop then.
    ///
    /// # Cancel safety
    /// May be dropped and called again at will.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, receiver) = whippet::sync::mpsc::channel::<u8>(1);
    /// drop(receiver);
    /// sender.closed().await;
    /// assert!(sender.try_send(1).is_err());
    /// # });
    /// ```
    pub async fn closed(&self) {
        Closed::new(&self.handle).await;
    }

    /// Whether the receiver is closed or gone.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::mpsc::channel::<u8>(1);
    /// assert!(!sender.is_closed());
    /// drop(receiver);
    /// assert!(sender.is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        self.handle.is_closed()
    }

    /// How many values could be sent at once: the free places, or none while senders wait.
    ///
    /// ```
    /// let (sender, _receiver) = whippet::sync::mpsc::channel(2);
    /// sender.try_send(1).unwrap();
    /// assert_eq!((sender.capacity(), sender.max_capacity()), (1, 2));
    /// ```
    pub fn capacity(&self) -> usize {
        self.handle.available()
    }

    /// How many values the channel holds at the most.
    ///
    /// ```
    /// let (sender, _receiver) = whippet::sync::mpsc::channel(4);
    /// sender.try_send(1).unwrap();
    /// assert_eq!((sender.capacity(), sender.max_capacity()), (3, 4));
    /// ```
    pub fn max_capacity(&self) -> usize {
        self.handle.max()
    }

    /// Whether both send into the same channel.
    ///
    /// ```
    /// let (sender, _receiver) = whippet::sync::mpsc::channel::<u8>(1);
    /// let (other, _receiver) = whippet::sync::mpsc::channel::<u8>(1);
    /// assert!(sender.same_channel(&sender.clone()));
    /// assert!(!sender.same_channel(&other));
    /// ```
    pub fn same_channel(&self, other: &Self) -> bool {
        self.handle.is_same(&other.handle)
    }

    /// A reference that does not keep the channel open.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::mpsc::channel::<u8>(1);
    /// let _weak = sender.downgrade();
    /// drop(sender);
    /// // The weak one does not keep the receiver waiting.
    /// assert_eq!(receiver.blocking_recv(), None);
    /// ```
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender { handle: self.handle.downgrade() }
    }

    /// How many senders there are, owned permits included.
    ///
    /// ```
    /// let (sender, _receiver) = whippet::sync::mpsc::channel::<u8>(1);
    /// let _permit = sender.clone().try_reserve_owned().unwrap();
    /// assert_eq!(sender.strong_count(), 2);
    /// ```
    pub fn strong_count(&self) -> usize {
        self.handle.strong()
    }

    /// How many weak senders there are.
    ///
    /// ```
    /// let (sender, _receiver) = whippet::sync::mpsc::channel::<u8>(1);
    /// let _weak = sender.downgrade();
    /// assert_eq!((sender.strong_count(), sender.weak_count()), (1, 1));
    /// ```
    pub fn weak_count(&self) -> usize {
        self.handle.weak()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self { handle: self.handle.clone() }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("capacity", &self.capacity()).finish_non_exhaustive()
    }
}

/// A reference to the sending side that does not keep the channel open.
///
/// ```
/// let (sender, mut receiver) = whippet::sync::mpsc::channel::<u8>(1);
/// let weak = sender.downgrade();
/// assert!(weak.upgrade().is_some());
/// drop(sender);
/// assert!(weak.upgrade().is_none());
/// ```
pub struct WeakSender<T> {
    /// The channel, not counted.
    handle: WeakSenderHandle<T>,
}

impl<T> WeakSender<T> {
    /// A sender, if there is still another one.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::mpsc::channel(1);
    /// let weak = sender.downgrade();
    /// weak.upgrade().unwrap().try_send("hello").unwrap();
    /// assert_eq!(receiver.try_recv(), Ok("hello"));
    /// drop(sender);
    /// assert!(weak.upgrade().is_none());
    /// ```
    pub fn upgrade(&self) -> Option<Sender<T>> {
        self.handle.upgrade().map(|handle| Sender { handle })
    }

    /// How many senders there are, owned permits included.
    ///
    /// ```
    /// let (sender, _receiver) = whippet::sync::mpsc::channel::<u8>(1);
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
    /// let (sender, _receiver) = whippet::sync::mpsc::channel::<u8>(1);
    /// let weak = sender.downgrade();
    /// let _other = weak.clone();
    /// assert_eq!(weak.weak_count(), 2);
    /// ```
    pub fn weak_count(&self) -> usize {
        self.handle.shared().weak()
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> Self {
        Self { handle: self.handle.clone() }
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSender").finish_non_exhaustive()
    }
}
