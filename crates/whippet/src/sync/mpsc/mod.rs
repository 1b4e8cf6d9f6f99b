//! A queue from many producers to one consumer, bounded ([`channel`]) or not ([`unbounded_channel`]).
//!
//! The bound is a number of permits: each value in the queue has one, each [`Permit`] and [`OwnedPermit`] is one,
//! and a sender waits for one, first come, first served. A sender that stops waiting passes on what
//! it was given.
//!
//! A channel that is idle is small (some 200 bytes, whatever its capacity): nothing is allocated in advance, and
//! the memory of a burst is given back when it has been taken out.
//!
//! ```
//! use whippet::sync::mpsc;
//!
//! let (sender, mut receiver) = mpsc::channel(16);
//! for word in ["one", "queue", "many", "producers"] {
//!     let sender = sender.clone();
//!     std::thread::spawn(move || sender.blocking_send(word));
//! }
//! drop(sender);
//! let mut words = Vec::new();
//! while let Some(word) = receiver.blocking_recv() {
//!     words.push(word);
//! }
//! assert_eq!(words.len(), 4);
//! ```

pub mod error;

mod chan;
mod futures;
mod permit;
mod queue;
mod receiver;
mod sender;
mod unbounded;

#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(test)]
#[cfg(not(loom))]
mod model;
#[cfg(test)]
#[cfg(not(loom))]
mod tests;

pub use self::permit::{OwnedPermit, Permit, PermitIterator};
pub use self::receiver::Receiver;
pub use self::sender::{Sender, WeakSender};
pub use self::unbounded::{UnboundedReceiver, UnboundedSender, WeakUnboundedSender};

use self::chan::Chan;
use super::fair_permits::MAX_PERMITS;
use super::sender_handle;

/// The channel, with the number of its senders.
type SenderCount<T> = sender_handle::SenderCount<Chan<T>>;
/// A sender's counted reference.
type SenderHandle<T> = sender_handle::SenderHandle<Chan<T>>;
/// A sender's reference that does not count.
type WeakSenderHandle<T> = sender_handle::WeakSenderHandle<Chan<T>>;

/// A channel for at most `capacity` values.
///
/// Nothing is allocated for them in advance.
///
/// # Panics
/// If `capacity` is 0 or more than `usize::MAX >> 3`.
///
/// ```
/// use whippet::sync::mpsc;
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (sender, mut receiver) = mpsc::channel(1);
/// let producer = whippet::spawn(async move {
///     for number in 1..=3 {
///         // Waits for a place.
///         sender.send(number).await.unwrap();
///     }
/// });
/// let mut sum = 0;
/// while let Some(number) = receiver.recv().await {
///     sum += number;
/// }
/// assert_eq!(sum, 6);
/// # producer.await.unwrap();
/// # });
/// ```
#[track_caller]
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(capacity > 0, "`mpsc::channel`: a capacity of zero; give at least 1");
    assert!(
        capacity <= MAX_PERMITS,
        "`mpsc::channel`: a capacity of more than `usize::MAX >> 3`; give less, or use `mpsc::unbounded_channel`"
    );
    let (handle, chan) = SenderCount::new(Chan::new(capacity));
    (Sender { handle }, Receiver::new(chan))
}

/// A channel whose senders never wait.
///
/// ```
/// use whippet::sync::mpsc;
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (sender, mut receiver) = mpsc::unbounded_channel();
/// for number in 0..100 {
///     sender.send(number).unwrap();
/// }
/// assert_eq!(receiver.recv().await, Some(0));
/// assert_eq!(receiver.len(), 99);
/// # });
/// ```
pub fn unbounded_channel<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    let (handle, chan) = SenderCount::new(Chan::new(MAX_PERMITS));
    (UnboundedSender { handle }, UnboundedReceiver { receiver: Receiver::new(chan) })
}
