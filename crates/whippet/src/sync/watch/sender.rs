//! The sending side.

use super::error::SendError;
use super::receiver::Receiver;
use super::reference::Ref;
use super::shared::Shared;
use std::fmt;
use std::mem::needs_drop;
use std::sync::Arc;

/// Changes the value of a watch channel. It may be cloned; when the last one is dropped, receivers learn that nothing
/// will change any more.
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (sender, mut receiver) = whippet::sync::watch::channel("starting");
/// sender.send("running").unwrap();
/// drop(sender);
/// assert!(receiver.changed().await.is_ok());
/// assert_eq!(*receiver.borrow(), "running");
/// assert!(receiver.changed().await.is_err());
/// # });
/// ```
pub struct Sender<T> {
    /// The channel.
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    /// A channel without a receiver: [`subscribe`](Self::subscribe) makes some.
    ///
    /// ```
    /// let sender = whippet::sync::watch::Sender::new(1);
    /// assert!(sender.is_closed());
    /// let receiver = sender.subscribe();
    /// assert_eq!((*receiver.borrow(), sender.receiver_count()), (1, 1));
    /// ```
    #[must_use]
    pub fn new(init: T) -> Self {
        Self { shared: Arc::new(Shared::new(init)) }
    }

    /// Exchanges the value and wakes all receivers. The former value is dropped.
    ///
    /// # Errors
    /// There is no receiver: nothing is changed, and the value comes back. [`send_replace`](Self::send_replace) changes it
    /// nevertheless.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::watch::channel(1);
    /// sender.send(2).unwrap();
    /// drop(receiver);
    /// assert_eq!(sender.send(3).unwrap_err().0, 3);
    /// assert_eq!(*sender.borrow(), 2);
    /// ```
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.is_closed() {
            return Err(SendError(value));
        }
        let former = self.shared.replace(value);
        let mut panicked = self.shared.wake_receivers();
        if needs_drop::<T>() {
            let _ = panicked.call(|| drop(former));
        }
        panicked.pass_on();
        Ok(())
    }

    /// Changes the value where it lies, and wakes all receivers. `modify` must not use the channel: the value is locked.
    ///
    /// # Panics
    /// If `modify` does. What it changed until then stays; receivers are not woken.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::watch::channel(1);
    /// sender.send_modify(|value| *value += 1);
    /// assert_eq!(*receiver.borrow(), 2);
    /// ```
    #[track_caller]
    pub fn send_modify<F>(&self, modify: F)
    where
        F: FnOnce(&mut T),
    {
        self.send_if_modified(|value| {
            modify(value);
            true
        });
    }

    /// Changes the value where it lies, and wakes all receivers if `modify` returns true. Returns whether it did. `modify`
    /// must not use the channel: the value is locked.
    ///
    /// # Panics
    /// If `modify` does. What it changed until then stays; receivers are not woken.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::watch::channel(3);
    /// let raise_to = |least: i32| {
    ///     move |value: &mut i32| std::mem::replace(value, least.max(*value)) < least
    /// };
    /// assert!(!sender.send_if_modified(raise_to(2)));
    /// assert!(!receiver.has_changed().unwrap());
    /// assert!(sender.send_if_modified(raise_to(5)));
    /// assert!(receiver.has_changed().unwrap());
    /// ```
    #[track_caller]
    pub fn send_if_modified<F>(&self, modify: F) -> bool
    where
        F: FnOnce(&mut T) -> bool,
    {
        let is_changed = self.shared.change(modify);
        if is_changed {
            self.shared.wake_receivers().pass_on();
        }
        is_changed
    }

    /// Exchanges the value, wakes all receivers, if there are some, and returns the former value.
    ///
    /// ```
    /// let sender = whippet::sync::watch::Sender::new(1);
    /// assert_eq!(sender.send_replace(2), 1);
    /// assert_eq!(*sender.borrow(), 2);
    /// ```
    pub fn send_replace(&self, value: T) -> T {
        let former = self.shared.replace(value);
        // The former value must not be lost by a panic of a receiver's waker.
        self.shared.wake_receivers().end();
        former
    }

    /// Looks at the value.
    ///
    /// ```
    /// let (sender, _receiver) = whippet::sync::watch::channel("hello");
    /// assert_eq!(*sender.borrow(), "hello");
    /// ```
    pub fn borrow(&self) -> Ref<'_, T> {
        let (value, _) = self.shared.read();
        Ref { value, has_changed: false }
    }

    /// A receiver that has seen the present value.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let sender = whippet::sync::watch::Sender::new(1);
    /// let mut receiver = sender.subscribe();
    /// assert!(!receiver.has_changed().unwrap());
    /// sender.send(2).unwrap();
    /// receiver.changed().await.unwrap();
    /// # });
    /// ```
    pub fn subscribe(&self) -> Receiver<T> {
        let (seen, _) = self.shared.version_and_closed();
        Receiver::new(Arc::clone(&self.shared), seen)
    }

    /// Waits until there is no receiver. There may be one again later, by [`subscribe`](Self::subscribe).
    ///
    /// # Cancel safety
    /// Nothing is lost when it is dropped early.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, receiver) = whippet::sync::watch::channel(1);
    /// whippet::spawn(async move { drop(receiver) });
    /// sender.closed().await;
    /// assert!(sender.is_closed());
    /// # });
    /// ```
    pub async fn closed(&self) {
        self.shared.wait_for_no_receivers().await;
    }

    /// Whether there is no receiver.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::watch::channel(1);
    /// assert!(!sender.is_closed());
    /// drop(receiver);
    /// assert!(sender.is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        self.shared.receivers() == 0
    }

    /// Receivers alive.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::watch::channel(1);
    /// let other = sender.subscribe();
    /// assert_eq!(sender.receiver_count(), 2);
    /// drop((receiver, other));
    /// assert_eq!(sender.receiver_count(), 0);
    /// ```
    pub fn receiver_count(&self) -> usize {
        self.shared.receivers()
    }

    /// Senders alive.
    ///
    /// ```
    /// let (sender, _receiver) = whippet::sync::watch::channel(1);
    /// let other = sender.clone();
    /// assert_eq!((sender.sender_count(), sender.same_channel(&other)), (2, true));
    /// ```
    pub fn sender_count(&self) -> usize {
        self.shared.senders()
    }

    /// Whether both belong to one channel.
    ///
    /// ```
    /// use whippet::sync::watch::Sender;
    ///
    /// let sender = Sender::new(1);
    /// assert!(sender.same_channel(&sender.clone()));
    /// assert!(!sender.same_channel(&Sender::new(1)));
    /// ```
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.add_sender();
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.shared.remove_sender();
    }
}

impl<T: Default> Default for Sender<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: fmt::Debug> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("shared", &self.shared).finish()
    }
}
