//! The receiving side of a bounded channel.

use super::SenderCount;
use super::chan::TryPopError;
use super::error::TryRecvError;
use super::queue::Queue;
use crate::loom::Arc;
use crate::sync::blocking;
use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll};

/// The receiving side of a bounded channel. Made by [`channel`](super::channel).
///
/// Dropping it closes the channel and drops what is still in it.
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (sender, mut receiver) = whippet::sync::mpsc::channel(4);
/// sender.send("hello").await.unwrap();
/// assert_eq!(receiver.recv().await, Some("hello"));
/// drop(receiver);
/// assert!(sender.send("lost").await.is_err());
/// # });
/// ```
pub struct Receiver<T> {
    /// The channel.
    pub(super) chan: Arc<SenderCount<T>>,
    /// Messages that it took out of the channel and has not handed out; older than all that are in it.
    batch: Queue<T>,
}

impl<T> Receiver<T> {
    /// The receiver of a channel.
    pub(super) const fn new(chan: Arc<SenderCount<T>>) -> Self {
        Self { chan, batch: Queue::new() }
    }

    /// The next value; `None` when nothing can come any more: the queue is empty, and all senders are gone, or the
    /// channel was closed and no permit is out.
    ///
    /// # Cancel safety
    /// May be dropped and called again at will: a value is taken only in the very poll that returns it.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, mut receiver) = whippet::sync::mpsc::channel(1);
    /// sender.send("hello").await.unwrap();
    /// drop(sender);
    /// assert_eq!(receiver.recv().await, Some("hello"));
    /// assert_eq!(receiver.recv().await, None);
    /// # });
    /// ```
    pub async fn recv(&mut self) -> Option<T> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Waits for values and moves up to `limit` of them to the end of `buffer`, all in one step. Says how many:
    /// 0 when nothing can come any more, or when `limit` is 0.
    ///
    /// # Cancel safety
    /// May be dropped and called again at will: values are taken only in the very poll that returns.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, mut receiver) = whippet::sync::mpsc::channel(8);
    /// for number in 0..3 {
    ///     sender.send(number).await.unwrap();
    /// }
    /// let mut batch = Vec::new();
    /// assert_eq!(receiver.recv_many(&mut batch, 2).await, 2);
    /// assert_eq!(batch, [0, 1]);
    /// # });
    /// ```
    pub async fn recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
        poll_fn(|cx| self.poll_recv_many(cx, buffer, limit)).await
    }

    /// The next value, if one is there at this moment.
    ///
    /// # Errors
    /// [`TryRecvError::Empty`] or [`TryRecvError::Disconnected`].
    ///
    /// ```
    /// use whippet::sync::mpsc::{self, error::TryRecvError};
    ///
    /// let (sender, mut receiver) = mpsc::channel::<u8>(1);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// drop(sender);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    /// ```
    #[inline]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.chan.try_recv(&mut self.batch).map_err(|pop_error| match pop_error {
            TryPopError::Empty => TryRecvError::Empty,
            TryPopError::Disconnected => TryRecvError::Disconnected,
        })
    }

    /// The next value, blocking the thread while there is none: for threads that run no tasks.
    ///
    /// # Panics
    /// Inside of a task or a `block_on`.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::mpsc::channel(1);
    /// let producer = std::thread::spawn(move || sender.blocking_send("hello"));
    /// assert_eq!(receiver.blocking_recv(), Some("hello"));
    /// assert_eq!(receiver.blocking_recv(), None);
    /// producer.join().unwrap().unwrap();
    /// ```
    #[track_caller]
    pub fn blocking_recv(&mut self) -> Option<T> {
        blocking::wait("mpsc::Receiver::blocking_recv", self.recv())
    }

    /// As [`recv_many`](Self::recv_many), blocking the thread while there is nothing.
    ///
    /// # Panics
    /// Inside of a task or a `block_on`.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::mpsc::channel(8);
    /// let producer = std::thread::spawn(move || {
    ///     (0..3).for_each(|number| sender.blocking_send(number).unwrap());
    /// });
    /// let mut numbers = Vec::new();
    /// while receiver.blocking_recv_many(&mut numbers, 8) > 0 {}
    /// assert_eq!(numbers, [0, 1, 2]);
    /// producer.join().unwrap();
    /// ```
    #[track_caller]
    pub fn blocking_recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
        blocking::wait("mpsc::Receiver::blocking_recv_many", self.recv_many(buffer, limit))
    }

    /// Polls for the next value; see [`recv`](Self::recv). Pending, it leaves the waker of `cx`, and only the one
    /// of the latest poll is woken.
    ///
    /// ```
    /// use std::future::poll_fn;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, mut receiver) = whippet::sync::mpsc::channel(1);
    /// whippet::spawn(async move { sender.send("hello").await });
    /// assert_eq!(poll_fn(|cx| receiver.poll_recv(cx)).await, Some("hello"));
    /// assert_eq!(poll_fn(|cx| receiver.poll_recv(cx)).await, None);
    /// # });
    /// ```
    #[inline]
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.chan.poll_recv(cx, &mut self.batch)
    }

    /// Polls for a batch; see [`recv_many`](Self::recv_many) and [`poll_recv`](Self::poll_recv).
    ///
    /// ```
    /// use std::future::poll_fn;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, mut receiver) = whippet::sync::mpsc::channel(4);
    /// for number in 0..3 {
    ///     sender.send(number).await.unwrap();
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
        if limit == 0 {
            return Poll::Ready(0);
        }
        self.chan.poll_recv_many(cx, &mut self.batch, buffer, limit)
    }

    /// Closes the channel: sends fail from now on, and those that wait are woken. What is in the queue
    /// stays, and permits that are out may still send: go on with [`recv`](Self::recv) until it gives `None`.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::mpsc::channel(2);
    /// sender.try_send(1).unwrap();
    /// receiver.close();
    /// assert!(sender.try_send(2).is_err());
    /// assert_eq!(receiver.blocking_recv(), Some(1));
    /// assert_eq!(receiver.blocking_recv(), None);
    /// ```
    pub fn close(&mut self) {
        self.chan.close();
    }

    /// Whether the channel was closed, or all senders are gone.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::mpsc::channel::<u8>(1);
    /// assert!(!receiver.is_closed());
    /// drop(sender);
    /// assert!(receiver.is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        self.chan.is_ended()
    }

    /// Whether no value is there.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::mpsc::channel(2);
    /// assert!(receiver.is_empty());
    /// sender.try_send(1).unwrap();
    /// assert_eq!((receiver.len(), receiver.capacity()), (1, 1));
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many values are there.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::mpsc::channel(4);
    /// sender.try_send(1).unwrap();
    /// sender.try_send(2).unwrap();
    /// assert_eq!(receiver.len(), 2);
    /// receiver.try_recv().unwrap();
    /// assert_eq!(receiver.len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.batch.len() + self.chan.len()
    }

    /// How many values could be sent at once: the free places, or none while senders wait.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::mpsc::channel(4);
    /// sender.try_send(1).unwrap();
    /// let _permit = sender.try_reserve().unwrap();
    /// assert_eq!(receiver.capacity(), 2);
    /// ```
    pub fn capacity(&self) -> usize {
        self.chan.available()
    }

    /// How many values the channel holds at the most.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::mpsc::channel(4);
    /// sender.try_send(1).unwrap();
    /// assert_eq!((receiver.capacity(), receiver.max_capacity()), (3, 4));
    /// ```
    pub fn max_capacity(&self) -> usize {
        self.chan.max()
    }

    /// How many senders there are, owned permits included.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::mpsc::channel::<u8>(1);
    /// let other = sender.clone();
    /// assert_eq!(receiver.sender_strong_count(), 2);
    /// drop((sender, other));
    /// assert_eq!(receiver.sender_strong_count(), 0);
    /// ```
    pub fn sender_strong_count(&self) -> usize {
        self.chan.strong()
    }

    /// How many weak senders there are.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::mpsc::channel::<u8>(1);
    /// let _weak = sender.downgrade();
    /// assert_eq!((receiver.sender_strong_count(), receiver.sender_weak_count()), (1, 1));
    /// ```
    pub fn sender_weak_count(&self) -> usize {
        self.chan.weak()
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.chan.drop_receiver(std::mem::replace(&mut self.batch, Queue::new()));
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("len", &self.len()).finish_non_exhaustive()
    }
}
