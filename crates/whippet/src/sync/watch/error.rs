//! Why a watch channel did not do what was asked.

use std::error::Error;
use std::fmt;

/// There is no receiver: the value comes back.
///
/// ```
/// let (sender, receiver) = whippet::sync::watch::channel("old");
/// drop(receiver);
/// assert_eq!(sender.send("new").unwrap_err().0, "new");
/// assert_eq!(*sender.borrow(), "old");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(pub T);

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendError").finish_non_exhaustive()
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no receiver watches the channel")
    }
}

impl<T> Error for SendError<T> {}

/// All senders are gone: no other value will come.
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (sender, mut receiver) = whippet::sync::watch::channel(1);
/// drop(sender);
/// assert_eq!(receiver.changed().await.unwrap_err().to_string(), "all senders are gone");
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecvError(pub(super) ());

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("all senders are gone")
    }
}

impl Error for RecvError {}
