//! The receiving side.

use super::error::{RecvError, TryRecvError};
use super::shared::Shared;
use crate::loom::Arc;
use crate::sync::blocking;
use crate::sync::sender_handle::SenderCount;
use std::fmt;

/// Receives every value that is sent to a broadcast channel after it was made.
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (sender, mut receiver) = whippet::sync::broadcast::channel(4);
/// sender.send("before").unwrap();
/// let mut late = sender.subscribe();
/// sender.send("after").unwrap();
/// assert_eq!(receiver.recv().await, Ok("before"));
/// assert_eq!(late.recv().await, Ok("after"));
/// # });
/// ```
pub struct Receiver<T> {
    /// The channel.
    shared: Arc<SenderCount<Shared<T>>>,
    /// The position of the next value.
    next: u64,
}

impl<T> Receiver<T> {
    /// A receiver of what is sent from now on.
    pub(super) fn new(shared: &Arc<SenderCount<Shared<T>>>) -> Self {
        Self { next: shared.add_receiver(), shared: Arc::clone(shared) }
    }

    /// How many values were sent that this receiver has not had. With more than the channel keeps, it lags.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::broadcast::channel(4);
    /// sender.send(1).unwrap();
    /// assert_eq!((receiver.len(), receiver.is_empty()), (1, false));
    /// ```
    pub fn len(&self) -> usize {
        let (tail, _) = self.shared.tail();
        usize::try_from(tail - self.next).unwrap_or(usize::MAX)
    }

    /// Whether it has had all values so far.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::broadcast::channel(4);
    /// assert!(receiver.is_empty());
    /// sender.send(1).unwrap();
    /// assert!(!receiver.is_empty());
    /// receiver.try_recv().unwrap();
    /// assert!(receiver.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether all senders are gone. There may be values left.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::broadcast::channel::<()>(4);
    /// drop(sender);
    /// assert!(receiver.is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        let (_, closed) = self.shared.tail();
        closed
    }

    /// Whether both belong to one channel.
    ///
    /// ```
    /// use whippet::sync::broadcast::channel;
    ///
    /// let (sender, receiver) = channel::<u8>(4);
    /// assert!(receiver.same_channel(&sender.subscribe()));
    /// assert!(!receiver.same_channel(&channel(4).1));
    /// ```
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Senders alive.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::broadcast::channel::<u8>(4);
    /// let other = sender.clone();
    /// assert_eq!(receiver.sender_strong_count(), 2);
    /// drop((sender, other));
    /// assert_eq!(receiver.sender_strong_count(), 0);
    /// ```
    pub fn sender_strong_count(&self) -> usize {
        self.shared.strong()
    }

    /// Weak senders alive.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::broadcast::channel::<u8>(4);
    /// assert_eq!(receiver.sender_weak_count(), 0);
    /// let _weak = sender.downgrade();
    /// assert_eq!(receiver.sender_weak_count(), 1);
    /// ```
    pub fn sender_weak_count(&self) -> usize {
        self.shared.weak()
    }
}

impl<T: Clone> Receiver<T> {
    /// Waits for the next value.
    ///
    /// # Errors
    /// [`RecvError::Lagged`]: values were overwritten before this receiver had them; the next call gets the oldest that
    /// is there. [`RecvError::Closed`]: all senders are gone, and it has had all values.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, no value is lost.
    ///
    /// ```
    /// use whippet::sync::broadcast::{self, error::RecvError};
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, mut receiver) = broadcast::channel(2);
    /// for number in 0..3 {
    ///     sender.send(number).unwrap();
    /// }
    /// drop(sender);
    /// assert_eq!(receiver.recv().await, Err(RecvError::Lagged(1)));
    /// assert_eq!(receiver.recv().await, Ok(1));
    /// assert_eq!(receiver.recv().await, Ok(2));
    /// assert_eq!(receiver.recv().await, Err(RecvError::Closed));
    /// # });
    /// ```
    pub async fn recv(&mut self) -> Result<T, RecvError> {
        let Self { shared, next } = self;
        let shared: &Shared<T> = shared;
        let look = || match shared.take(next, T::clone, |value| value) {
            Ok(value) => Some(Ok(value)),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Closed) => Some(Err(RecvError::Closed)),
            Err(TryRecvError::Lagged(missed)) => Some(Err(RecvError::Lagged(missed))),
        };
        shared.wait_for_value(look).await
    }

    /// The next value, if there is one.
    ///
    /// # Errors
    /// As [`recv`](Self::recv), or [`TryRecvError::Empty`]: there is none yet.
    ///
    /// ```
    /// use whippet::sync::broadcast::{self, error::TryRecvError};
    ///
    /// let (sender, mut receiver) = broadcast::channel(2);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// sender.send("hello").unwrap();
    /// assert_eq!(receiver.try_recv(), Ok("hello"));
    /// ```
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.shared.take(&mut self.next, T::clone, |value| value)
    }

    /// As [`recv`](Self::recv), blocking the thread: for threads that run no tasks.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::broadcast::channel(2);
    /// let thread = std::thread::spawn(move || receiver.blocking_recv());
    /// sender.send("hello").unwrap();
    /// assert_eq!(thread.join().unwrap(), Ok("hello"));
    /// ```
    ///
    /// # Panics
    /// Inside of a task or a `block_on`.
    #[track_caller]
    pub fn blocking_recv(&mut self) -> Result<T, RecvError> {
        blocking::wait("broadcast::Receiver::blocking_recv", self.recv())
    }

    /// Another receiver, of the values that are sent from now on: not of those that wait for this one.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::broadcast::channel(2);
    /// sender.send(1).unwrap();
    /// let mut other = receiver.resubscribe();
    /// sender.send(2).unwrap();
    /// assert_eq!((receiver.try_recv(), other.try_recv()), (Ok(1), Ok(2)));
    /// ```
    #[must_use]
    pub fn resubscribe(&self) -> Self {
        Self::new(&self.shared)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.remove_receiver(self.next);
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
