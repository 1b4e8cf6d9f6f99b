//! One value that changes, and any number of receivers: only the latest counts.
//!
//! A receiver remembers which version it has seen. [`Receiver::changed`] waits for one that it has not, so that of many
//! changes in a row a slow receiver sees the last.
//!
//! ```
//! use whippet::sync::watch;
//!
//! # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let (sender, mut receiver) = watch::channel("starting");
//! let watcher = whippet::spawn(async move {
//!     while receiver.changed().await.is_ok() {
//!         println!("now {}", *receiver.borrow_and_update());
//!     }
//!     *receiver.borrow()
//! });
//! sender.send("running").unwrap();
//! sender.send("stopping").unwrap();
//! drop(sender);
//! assert_eq!(watcher.await.unwrap(), "stopping");
//! # });
//! ```

pub mod error;

mod receiver;
mod reference;
mod sender;
mod shared;

#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(test)]
#[cfg(not(loom))]
mod tests;

pub use self::receiver::Receiver;
pub use self::reference::Ref;
pub use self::sender::Sender;

/// A channel whose value is `init` at first; its receiver has seen that.
///
/// ```
/// let (sender, receiver) = whippet::sync::watch::channel(1);
/// assert!(!receiver.has_changed().unwrap());
/// sender.send(2).unwrap();
/// assert!(receiver.has_changed().unwrap());
/// assert_eq!(*receiver.borrow(), 2);
/// ```
pub fn channel<T>(init: T) -> (Sender<T>, Receiver<T>) {
    let sender = Sender::new(init);
    let receiver = sender.subscribe();
    (sender, receiver)
}
