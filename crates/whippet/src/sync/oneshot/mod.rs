//! One value from one task to another: the answer to a request.
//!
//! ```
//! use whippet::sync::oneshot;
//!
//! let (sender, receiver) = oneshot::channel();
//! std::thread::spawn(move || sender.send("an answer"));
//! assert_eq!(receiver.blocking_recv(), Ok("an answer"));
//! ```

pub mod error;

mod inner;

use self::error::{RecvError, TryRecvError};
use self::inner::{Rx, Tx};
use super::blocking;
use crate::coop;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A channel for one value. One allocation, no lock.
///
/// ```
/// use whippet::sync::oneshot;
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (sender, receiver) = oneshot::channel();
/// whippet::spawn(async move { sender.send("an answer") });
/// assert_eq!(receiver.await, Ok("an answer"));
/// # });
/// ```
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (tx, rx) = inner::pair();
    (Sender { tx: Some(tx) }, Receiver { rx: Some(rx) })
}

/// The end that sends the value. Dropped without having sent, the receiver learns that none will come.
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (sender, receiver) = whippet::sync::oneshot::channel();
/// sender.send("an answer").unwrap();
/// assert_eq!(receiver.await, Ok("an answer"));
///
/// let (sender, receiver) = whippet::sync::oneshot::channel::<u8>();
/// drop(sender);
/// assert!(receiver.await.is_err());
/// # });
/// ```
pub struct Sender<T> {
    /// The sender's side of the cell, until it is done.
    tx: Option<Tx<T>>,
}

impl<T> Sender<T> {
    /// Sends the value. It never waits. `Ok` means that the receiver can take it, not that it will.
    ///
    /// # Errors
    /// The receiver is closed or gone: the value comes back.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::oneshot::channel();
    /// receiver.close();
    /// assert_eq!(sender.send("late"), Err("late"));
    /// ```
    pub fn send(mut self, value: T) -> Result<(), T> {
        let Some(tx) = self.tx.take() else {
            return Err(value);
        };
        match tx.complete(Some(value)) {
            Err(Some(value)) => Err(value),
            _ => Ok(()),
        }
    }

    /// Waits until the receiver is closed or gone: the value is not wanted any more.
    ///
    /// # Cancel safety
    /// May be dropped and called again at will.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (mut sender, receiver) = whippet::sync::oneshot::channel::<u8>();
    /// drop(receiver);
    /// sender.closed().await;
    /// assert_eq!(sender.send(1), Err(1));
    /// # });
    /// ```
    pub async fn closed(&mut self) {
        poll_fn(|cx| self.poll_closed(cx)).await;
    }

    /// Whether the receiver is closed or gone.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::oneshot::channel::<u8>();
    /// assert!(!sender.is_closed());
    /// drop(receiver);
    /// assert!(sender.is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        self.tx.as_ref().is_none_or(Tx::is_closed)
    }

    /// Polls for the receiver's end; see [`closed`](Self::closed). Only the waker of the latest poll is woken.
    ///
    /// ```
    /// use std::future::poll_fn;
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (mut sender, receiver) = whippet::sync::oneshot::channel();
    /// whippet::spawn(async move { drop(receiver) });
    /// poll_fn(|cx| sender.poll_closed(cx)).await;
    /// assert_eq!(sender.send("unwanted"), Err("unwanted"));
    /// # });
    /// ```
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let unit = ready!(coop::poll_proceed(cx));
        if let Some(tx) = &mut self.tx {
            ready!(tx.poll_closed(cx));
        }
        unit.spend();
        Poll::Ready(())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if let Some(tx) = self.tx.take() {
            // Without a value nothing can come back.
            let _ = tx.complete(None);
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

/// The end that receives the value: a future of it.
///
/// # Errors
/// As a future it gives [`RecvError`] when the sender is gone without having sent.
///
/// # Panics
/// As a future, when it is polled again after it was ready.
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (sender, receiver) = whippet::sync::oneshot::channel();
/// whippet::spawn(async move { sender.send("an answer") });
/// assert_eq!(receiver.await, Ok("an answer"));
/// # });
/// ```
///
/// # Cancel safety
/// Awaiting `&mut receiver` may be dropped and repeated at will: the value is taken only in the poll that returns it.
#[must_use = "a receiver that is dropped refuses the value"]
pub struct Receiver<T> {
    /// The receiver's side of the cell, until the value was taken or the end was seen.
    rx: Option<Rx<T>>,
}

impl<T> Receiver<T> {
    /// Refuses a value that was not sent by now. One that was can still be received.
    ///
    /// ```
    /// use whippet::sync::oneshot;
    ///
    /// let (sender, mut receiver) = oneshot::channel();
    /// sender.send("in time").unwrap();
    /// receiver.close();
    /// assert_eq!(receiver.try_recv(), Ok("in time"));
    /// ```
    pub fn close(&mut self) {
        if let Some(rx) = &mut self.rx {
            rx.close();
        }
    }

    /// The value, if it is there at this moment.
    ///
    /// # Errors
    /// [`TryRecvError::Empty`] or [`TryRecvError::Closed`].
    ///
    /// ```
    /// use whippet::sync::oneshot::{self, error::TryRecvError};
    ///
    /// let (sender, mut receiver) = oneshot::channel();
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// sender.send(1).unwrap();
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    /// ```
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let Some(rx) = &mut self.rx else {
            return Err(TryRecvError::Closed);
        };
        if !rx.is_ended() {
            return Err(TryRecvError::Empty);
        }
        let value = rx.take_value();
        self.rx = None;
        value.ok_or(TryRecvError::Closed)
    }

    /// Waits for the value, blocking the thread: for threads that run no tasks.
    ///
    /// # Errors
    /// The sender is gone without having sent.
    ///
    /// # Panics
    /// Inside of a task or a `block_on`.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::oneshot::channel::<u8>();
    /// let worker = std::thread::spawn(move || drop(sender));
    /// assert!(receiver.blocking_recv().is_err());
    /// worker.join().unwrap();
    /// ```
    #[track_caller]
    pub fn blocking_recv(self) -> Result<T, RecvError> {
        blocking::wait("oneshot::Receiver::blocking_recv", self)
    }

    /// Whether nothing is to be received at this moment: the value was not sent yet, was taken, or will never come.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::oneshot::channel();
    /// assert!(receiver.is_empty());
    /// sender.send(1).unwrap();
    /// assert!(!receiver.is_empty());
    /// receiver.try_recv().unwrap();
    /// assert!(receiver.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.rx.as_ref().is_none_or(Rx::is_empty)
    }

    /// Whether the value was taken, or its end was seen: a further poll would panic.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, mut receiver) = whippet::sync::oneshot::channel();
    /// sender.send(1).unwrap();
    /// assert!(!receiver.is_terminated());
    /// assert_eq!((&mut receiver).await, Ok(1));
    /// assert!(receiver.is_terminated());
    /// # });
    /// ```
    pub fn is_terminated(&self) -> bool {
        self.rx.is_none()
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let unit = ready!(coop::poll_proceed(cx));
        let rx = self.rx.as_mut().expect(
            "`oneshot::Receiver::poll`: it was polled after it was ready; await a receiver once",
        );
        let value = ready!(rx.poll_recv(cx));
        self.rx = None;
        unit.spend();
        Poll::Ready(value.ok_or(RecvError(())))
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if let Some(mut rx) = self.rx.take() {
            rx.close();
            drop(rx.take_value());
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(test)]
#[cfg(not(loom))]
mod tests;
