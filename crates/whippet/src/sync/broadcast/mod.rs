//! A queue from many producers to many consumers, each of which gets every value.
//!
//! The channel keeps the last values, as many as its capacity says. A sender never waits: a receiver that is so slow
//! that a value is overwritten before it had it learns how many it missed, and goes on with the oldest that is there.
//! A value is dropped as soon as all receivers have had it.
//!
//! ```
//! use whippet::sync::broadcast;
//!
//! # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let (sender, mut receiver) = broadcast::channel(16);
//! let mut other = sender.subscribe();
//! let task = whippet::spawn(async move {
//!     assert_eq!(other.recv().await, Ok("hello"));
//! });
//! assert_eq!(sender.send("hello").unwrap(), 2);
//! assert_eq!(receiver.recv().await, Ok("hello"));
//! task.await.unwrap();
//! # });
//! ```

pub mod error;

mod receiver;
mod ring;
mod sender;
mod shared;

#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(test)]
#[cfg(not(loom))]
mod tests;

pub use self::receiver::Receiver;
pub use self::sender::{Sender, WeakSender};

/// A channel that keeps the last `capacity` values, rounded up to a power of two, and its first receiver. The memory
/// for them is allocated here.
///
/// # Panics
/// If `capacity` is 0 or more than `usize::MAX / 2`.
///
/// ```
/// use whippet::sync::broadcast::{self, error::TryRecvError};
///
/// let (sender, mut receiver) = broadcast::channel(2);
/// for number in 0..5 {
///     sender.send(number).unwrap();
/// }
/// assert_eq!(receiver.try_recv(), Err(TryRecvError::Lagged(3)));
/// assert_eq!(receiver.try_recv(), Ok(3));
/// assert_eq!(receiver.try_recv(), Ok(4));
/// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
/// ```
#[track_caller]
pub fn channel<T: Clone>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let sender = Sender::with_call_name("broadcast::channel", capacity);
    let receiver = sender.subscribe();
    (sender, receiver)
}
