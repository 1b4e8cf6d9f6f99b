//! The sending side.

use super::error::SendError;
use super::receiver::Receiver;
use super::shared::Shared;
use crate::sync::sender_handle::{SenderCount, SenderHandle, WeakSenderHandle};
use std::fmt;

/// Sends values to all receivers of a broadcast channel; clone it for more producers. When the last one is dropped,
/// receivers take what is left, and then learn of the end.
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (sender, mut receiver) = whippet::sync::broadcast::channel(4);
/// for (sender, word) in [sender.clone(), sender].into_iter().zip(["one", "two"]) {
///     sender.send(word).unwrap();
/// }
/// assert_eq!(receiver.recv().await, Ok("one"));
/// assert_eq!(receiver.recv().await, Ok("two"));
/// assert!(receiver.recv().await.is_err());
/// # });
/// ```
pub struct Sender<T> {
    /// The channel, counted.
    handle: SenderHandle<Shared<T>>,
}

impl<T> Sender<T> {
    /// A channel without a receiver: [`subscribe`](Self::subscribe) makes some. For the rest as
    /// [`channel`](super::channel).
    ///
    /// # Panics
    /// If `capacity` is 0 or more than `usize::MAX / 2`.
    ///
    /// ```
    /// let sender = whippet::sync::broadcast::Sender::new(4);
    /// // Nobody listens yet.
    /// assert!(sender.send("lost").is_err());
    /// let mut receiver = sender.subscribe();
    /// sender.send("hello").unwrap();
    /// assert_eq!(receiver.try_recv(), Ok("hello"));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new(capacity: usize) -> Self {
        Self::with_call_name("broadcast::Sender::new", capacity)
    }

    /// As [`new`](Self::new), in a call of this name.
    #[track_caller]
    pub(super) fn with_call_name(call: &str, capacity: usize) -> Self {
        assert!(capacity > 0, "`{call}`: a capacity of zero; give at least 1");
        assert!(
            capacity <= usize::MAX / 2,
            "`{call}`: a capacity of {capacity}; give `usize::MAX / 2` at most"
        );
        Self { handle: SenderCount::new(Shared::new(capacity)).0 }
    }

    /// Sends a value to all receivers there are, and returns how many. Never waits.
    ///
    /// `Ok` means that the value was queued, not that it will be received: it may be overwritten, and receivers may go.
    ///
    /// # Errors
    /// There is no receiver: the value comes back.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::broadcast::channel(4);
    /// assert_eq!(sender.send("one").unwrap(), 1);
    /// drop(receiver);
    /// assert_eq!(sender.send("two").unwrap_err().0, "two");
    /// ```
    pub fn send(&self, value: T) -> Result<usize, SendError<T>> {
        self.handle.send(value)
    }

    /// A receiver of the values that are sent from now on.
    ///
    /// ```
    /// let sender = whippet::sync::broadcast::Sender::new(4);
    /// let mut receiver = sender.subscribe();
    /// sender.send("hello").unwrap();
    /// assert_eq!(receiver.try_recv(), Ok("hello"));
    /// ```
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::new(self.handle.shared())
    }

    /// A reference that does not keep the channel open.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::broadcast::channel(4);
    /// let weak = sender.downgrade();
    /// weak.upgrade().unwrap().send(1).unwrap();
    /// drop(sender);
    /// assert!(weak.upgrade().is_none());
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// ```
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender { handle: self.handle.downgrade() }
    }

    /// How many values are kept because some receiver is still to have them.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::broadcast::channel(4);
    /// sender.send(1).unwrap();
    /// sender.send(2).unwrap();
    /// receiver.try_recv().unwrap();
    /// assert_eq!((sender.len(), sender.is_empty()), (1, false));
    /// ```
    pub fn len(&self) -> usize {
        self.handle.len()
    }

    /// Whether all receivers have had all values.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::broadcast::channel(4);
    /// sender.send(1).unwrap();
    /// assert!(!sender.is_empty());
    /// receiver.try_recv().unwrap();
    /// assert!(sender.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Receivers alive.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::broadcast::channel::<u8>(4);
    /// let other = sender.subscribe();
    /// assert_eq!(sender.receiver_count(), 2);
    /// drop((receiver, other));
    /// assert_eq!(sender.receiver_count(), 0);
    /// ```
    pub fn receiver_count(&self) -> usize {
        self.handle.receivers()
    }

    /// Waits until there is no receiver. There may be one again later, by [`subscribe`](Self::subscribe).
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped early.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, receiver) = whippet::sync::broadcast::channel::<()>(4);
    /// whippet::spawn(async move { drop(receiver) });
    /// sender.closed().await;
    /// assert_eq!(sender.receiver_count(), 0);
    /// # });
    /// ```
    pub async fn closed(&self) {
        self.handle.wait_for_no_receivers().await;
    }

    /// Whether both belong to one channel.
    ///
    /// ```
    /// use whippet::sync::broadcast::Sender;
    ///
    /// let sender = Sender::<u8>::new(4);
    /// assert!(sender.same_channel(&sender.clone()));
    /// assert!(!sender.same_channel(&Sender::new(4)));
    /// ```
    pub fn same_channel(&self, other: &Self) -> bool {
        self.handle.is_same(&other.handle)
    }

    /// Senders alive.
    ///
    /// ```
    /// let sender = whippet::sync::broadcast::Sender::<u8>::new(4);
    /// let _other = sender.clone();
    /// assert_eq!(sender.strong_count(), 2);
    /// ```
    pub fn strong_count(&self) -> usize {
        self.handle.strong()
    }

    /// Weak senders alive.
    ///
    /// ```
    /// let sender = whippet::sync::broadcast::Sender::<u8>::new(4);
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
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

/// A reference of the sending side that does not keep the channel open. Made by [`Sender::downgrade`].
///
/// ```
/// let (sender, receiver) = whippet::sync::broadcast::channel::<u8>(4);
/// let weak = sender.downgrade();
/// assert!(weak.upgrade().is_some());
/// drop(sender);
/// assert!(receiver.is_closed() && weak.upgrade().is_none());
/// ```
pub struct WeakSender<T> {
    /// The channel, not counted.
    handle: WeakSenderHandle<Shared<T>>,
}

impl<T> WeakSender<T> {
    /// A sender, if there is still another.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::broadcast::channel(4);
    /// let weak = sender.downgrade();
    /// weak.upgrade().unwrap().send("hello").unwrap();
    /// assert_eq!(receiver.try_recv(), Ok("hello"));
    /// drop(sender);
    /// assert!(weak.upgrade().is_none());
    /// ```
    pub fn upgrade(&self) -> Option<Sender<T>> {
        self.handle.upgrade().map(|handle| Sender { handle })
    }

    /// Senders alive.
    ///
    /// ```
    /// let sender = whippet::sync::broadcast::Sender::<u8>::new(4);
    /// let weak = sender.downgrade();
    /// assert_eq!(weak.strong_count(), 1);
    /// drop(sender);
    /// assert_eq!(weak.strong_count(), 0);
    /// ```
    pub fn strong_count(&self) -> usize {
        self.handle.shared().strong()
    }

    /// Weak senders alive.
    ///
    /// ```
    /// let sender = whippet::sync::broadcast::Sender::<u8>::new(4);
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
