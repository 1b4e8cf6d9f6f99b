//! Places in a bounded channel, taken before there is a value to put into them.
//!
//! A permit is a promise that a send will neither wait nor fail. It costs no memory in the channel: it is one
//! place less that is available. Dropped unused it goes to the next waiter.

use super::SenderHandle;
use super::error::{SendError, TrySendError};
use super::futures::Acquire;
use super::sender::Sender;
use crate::sync::fair_permits::AcquireFailure;
use std::fmt;
use std::iter::FusedIterator;

impl<T> Sender<T> {
    /// Waits for a place. Who came first gets a place first.
    ///
    /// # Errors
    /// The channel is closed.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, only the place in the queue is lost. A future that is to keep its place across other
    /// branches of a `select!` must be pinned outside of the loop.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, mut receiver) = whippet::sync::mpsc::channel(1);
    /// let permit = sender.reserve().await.unwrap();
    /// permit.send("prepared only once there is a place for it");
    /// assert!(receiver.recv().await.is_some());
    /// # });
    /// ```
    pub async fn reserve(&self) -> Result<Permit<'_, T>, SendError<()>> {
        Acquire::new(&self.handle, 1).await.map_err(|_| SendError(()))?;
        Ok(Permit { handle: &self.handle })
    }

    /// Waits for `count` places, all at once.
    ///
    /// # Errors
    /// The channel is closed, or never has as many places.
    ///
    /// # Cancel safety
    /// As [`reserve`](Self::reserve).
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, mut receiver) = whippet::sync::mpsc::channel(2);
    /// for (permit, value) in sender.reserve_many(2).await.unwrap().zip(["a", "b"]) {
    ///     permit.send(value);
    /// }
    /// assert_eq!(receiver.recv().await, Some("a"));
    /// assert_eq!(receiver.recv().await, Some("b"));
    /// # });
    /// ```
    pub async fn reserve_many(&self, count: usize) -> Result<PermitIterator<'_, T>, SendError<()>> {
        if count > self.handle.max() {
            return Err(SendError(()));
        }
        Acquire::new(&self.handle, count).await.map_err(|_| SendError(()))?;
        Ok(PermitIterator { handle: &self.handle, left: count })
    }

    /// Waits for a place, and keeps this sender with it: the permit can be stored and moved between tasks.
    ///
    /// # Errors
    /// The channel is closed.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, the place in the queue and this sender are lost; clone the sender to keep it.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, mut receiver) = whippet::sync::mpsc::channel(1);
    /// let last_words = sender.reserve_owned().await.unwrap();
    /// // Kept as long as one likes, and then:
    /// last_words.send("goodbye");
    /// assert_eq!(receiver.recv().await, Some("goodbye"));
    /// # });
    /// ```
    pub async fn reserve_owned(self) -> Result<OwnedPermit<T>, SendError<()>> {
        Acquire::new(&self.handle, 1).await.map_err(|_| SendError(()))?;
        Ok(OwnedPermit { handle: Some(self.handle) })
    }

    /// Takes a place, if there is one at this moment and there are no waiters.
    ///
    /// # Errors
    /// [`TrySendError::Full`] or [`TrySendError::Closed`].
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::mpsc::channel(1);
    /// let permit = sender.try_reserve().unwrap();
    /// assert!(sender.try_send("no place").is_err());
    /// permit.send("kept for me");
    /// assert_eq!(receiver.try_recv(), Ok("kept for me"));
    /// ```
    pub fn try_reserve(&self) -> Result<Permit<'_, T>, TrySendError<()>> {
        self.handle.try_acquire(1).map_err(|failure| error_with_value(failure, ()))?;
        Ok(Permit { handle: &self.handle })
    }

    /// Takes `count` places at once, if they are there at this moment and there are no waiters.
    ///
    /// # Errors
    /// [`TrySendError::Full`] or [`TrySendError::Closed`].
    ///
    /// ```
    /// let (sender, _receiver) = whippet::sync::mpsc::channel::<u8>(2);
    /// assert!(sender.try_reserve_many(3).is_err());
    /// assert_eq!(sender.try_reserve_many(2).unwrap().len(), 2);
    /// ```
    pub fn try_reserve_many(
        &self,
        count: usize,
    ) -> Result<PermitIterator<'_, T>, TrySendError<()>> {
        self.handle.try_acquire(count).map_err(|failure| error_with_value(failure, ()))?;
        Ok(PermitIterator { handle: &self.handle, left: count })
    }

    /// Takes a place at once, and keeps this sender with it.
    ///
    /// # Errors
    /// [`TrySendError::Full`] or [`TrySendError::Closed`]: the sender comes back.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::mpsc::channel(1);
    /// let permit = sender.try_reserve_owned().unwrap();
    /// let sender = permit.send(1);
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// # drop(sender);
    /// ```
    pub fn try_reserve_owned(self) -> Result<OwnedPermit<T>, TrySendError<Self>> {
        match self.handle.try_acquire(1) {
            Ok(()) => Ok(OwnedPermit { handle: Some(self.handle) }),
            Err(failure) => Err(error_with_value(failure, self)),
        }
    }
}

/// The public face of a refusal.
fn error_with_value<V>(failure: AcquireFailure, value: V) -> TrySendError<V> {
    match failure {
        AcquireFailure::NoPermits => TrySendError::Full(value),
        AcquireFailure::Closed => TrySendError::Closed(value),
    }
}

/// One place in a channel. Made by [`Sender::reserve`] and [`Sender::try_reserve`].
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (sender, mut receiver) = whippet::sync::mpsc::channel(1);
/// // Given back:
/// drop(sender.reserve().await.unwrap());
/// // Used:
/// sender.reserve().await.unwrap().send("hello");
/// assert_eq!(receiver.recv().await, Some("hello"));
/// # });
/// ```
#[must_use = "a permit that is dropped gives its place back"]
pub struct Permit<'a, T> {
    /// The channel.
    handle: &'a SenderHandle<T>,
}

impl<T> Permit<'_, T> {
    /// Sends a value into the place. It neither waits nor fails; if the receiver is gone the value is dropped.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::mpsc::channel(1);
    /// let permit = sender.try_reserve().unwrap();
    /// permit.send("hello");
    /// assert_eq!(receiver.try_recv(), Ok("hello"));
    /// ```
    #[inline]
    pub fn send(self, value: T) {
        let handle = self.handle;
        // The permit goes into the queue with the value.
        #[expect(
            clippy::mem_forget,
            reason = "its drop would give the permit back; it owns nothing else"
        )]
        std::mem::forget(self);
        handle.send_permitted(value);
    }
}

impl<T> Drop for Permit<'_, T> {
    fn drop(&mut self) {
        self.handle.release(1);
    }
}

impl<T> fmt::Debug for Permit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}

/// Several places in a channel, handed out one by one. Made by [`Sender::reserve_many`] and
/// [`Sender::try_reserve_many`]; what is left when it is dropped goes back.
///
/// ```
/// let (sender, receiver) = whippet::sync::mpsc::channel(3);
/// let mut permits = sender.try_reserve_many(3).unwrap();
/// permits.next().unwrap().send("hello");
/// drop(permits);
/// assert_eq!((receiver.len(), receiver.capacity()), (1, 2));
/// ```
#[must_use = "permits that are dropped give their places back"]
pub struct PermitIterator<'a, T> {
    /// The channel.
    handle: &'a SenderHandle<T>,
    /// Places not handed out.
    left: usize,
}

impl<'a, T> Iterator for PermitIterator<'a, T> {
    type Item = Permit<'a, T>;

    fn next(&mut self) -> Option<Permit<'a, T>> {
        self.left = self.left.checked_sub(1)?;
        Some(Permit { handle: self.handle })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> ExactSizeIterator for PermitIterator<'_, T> {}

impl<T> FusedIterator for PermitIterator<'_, T> {}

impl<T> Drop for PermitIterator<'_, T> {
    fn drop(&mut self) {
        if self.left > 0 {
            self.handle.release(self.left);
        }
    }
}

impl<T> fmt::Debug for PermitIterator<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PermitIterator").field("left", &self.left).finish_non_exhaustive()
    }
}

/// One place in a channel, with the sender that took it. Made by [`Sender::reserve_owned`] and
/// [`Sender::try_reserve_owned`]. As long as it is there the channel counts it as a sender.
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (sender, mut receiver) = whippet::sync::mpsc::channel(1);
/// let permit = sender.reserve_owned().await.unwrap();
/// // It borrows nothing, and so may go to another task.
/// whippet::spawn(async move { drop(permit.send("hello")) });
/// assert_eq!(receiver.recv().await, Some("hello"));
/// assert_eq!(receiver.recv().await, None);
/// # });
/// ```
#[must_use = "a permit that is dropped gives its place back"]
pub struct OwnedPermit<T> {
    /// The channel; taken when the permit is used.
    handle: Option<SenderHandle<T>>,
}

impl<T> OwnedPermit<T> {
    /// Sends a value into the place and gives the sender back. It neither waits nor fails; if the receiver is gone
    /// the value is dropped.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::mpsc::channel(2);
    /// let sender = sender.try_reserve_owned().unwrap().send("one");
    /// sender.try_reserve_owned().unwrap().send("two");
    /// assert_eq!(receiver.try_recv(), Ok("one"));
    /// assert_eq!(receiver.try_recv(), Ok("two"));
    /// ```
    pub fn send(mut self, value: T) -> Sender<T> {
        let handle = self.take();
        handle.send_permitted(value);
        Sender { handle }
    }

    /// Gives the place back, and the sender.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::mpsc::channel::<u8>(1);
    /// let permit = sender.try_reserve_owned().unwrap();
    /// assert_eq!(receiver.capacity(), 0);
    /// let sender = permit.release();
    /// assert_eq!(sender.capacity(), 1);
    /// ```
    pub fn release(mut self) -> Sender<T> {
        let handle = self.take();
        handle.release(1);
        Sender { handle }
    }

    /// Whether both are places in the same channel.
    ///
    /// ```
    /// use whippet::sync::mpsc::channel;
    ///
    /// let (sender, _receiver) = channel::<u8>(2);
    /// let one = sender.clone().try_reserve_owned().unwrap();
    /// let other = sender.try_reserve_owned().unwrap();
    /// assert!(one.same_channel(&other));
    /// let (stranger, _receiver) = channel(2);
    /// assert!(!one.same_channel(&stranger.try_reserve_owned().unwrap()));
    /// ```
    pub fn same_channel(&self, other: &Self) -> bool {
        match (&self.handle, &other.handle) {
            (Some(handle), Some(other)) => handle.is_same(other),
            _ => false,
        }
    }

    /// Whether `sender` sends into the channel of this place.
    ///
    /// ```
    /// use whippet::sync::mpsc::channel;
    ///
    /// let (sender, _receiver) = channel::<u8>(1);
    /// let permit = sender.clone().try_reserve_owned().unwrap();
    /// assert!(permit.same_channel_as_sender(&sender));
    /// assert!(!permit.same_channel_as_sender(&channel(1).0));
    /// ```
    pub fn same_channel_as_sender(&self, sender: &Sender<T>) -> bool {
        self.handle.as_ref().is_some_and(|handle| handle.is_same(&sender.handle))
    }

    /// The handle; the permit goes with the caller.
    fn take(&mut self) -> SenderHandle<T> {
        self.handle.take().expect("a permit keeps its sender until it is consumed")
    }
}

impl<T> Drop for OwnedPermit<T> {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            handle.release(1);
        }
    }
}

impl<T> fmt::Debug for OwnedPermit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedPermit").finish_non_exhaustive()
    }
}
