//! Why a broadcast channel did not do what was asked.

use std::error::Error;
use std::fmt;

/// There is no receiver: the value comes back.
///
/// ```
/// let sender = whippet::sync::broadcast::Sender::new(4);
/// let error = sender.send("lost").unwrap_err();
/// assert_eq!(error.to_string(), "no receiver listens to the channel");
/// assert_eq!(error.0, "lost");
/// ```
#[derive(Debug)]
pub struct SendError<T>(pub T);

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no receiver listens to the channel")
    }
}

impl<T: fmt::Debug> Error for SendError<T> {}

/// Why [`Receiver::recv`](super::Receiver::recv) has no value.
///
/// ```
/// use whippet::sync::broadcast::{self, error::RecvError};
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (sender, mut receiver) = broadcast::channel(1);
/// sender.send("old").unwrap();
/// sender.send("new").unwrap();
/// drop(sender);
/// assert_eq!(receiver.recv().await, Err(RecvError::Lagged(1)));
/// assert_eq!(receiver.recv().await, Ok("new"));
/// assert_eq!(receiver.recv().await, Err(RecvError::Closed));
/// # });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecvError {
    /// All senders are gone, and all values were received.
    Closed,
    /// The receiver was too slow: so many values were overwritten before it had them. The next one it gets is the oldest
    /// that is still there.
    Lagged(u64),
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("all senders are gone"),
            Self::Lagged(missed) => write_lagged(f, *missed),
        }
    }
}

impl Error for RecvError {}

/// Why [`Receiver::try_recv`](super::Receiver::try_recv) has no value.
///
/// ```
/// use whippet::sync::broadcast::{self, error::TryRecvError};
///
/// let (sender, mut receiver) = broadcast::channel::<u8>(1);
/// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
/// drop(sender);
/// assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// All values so far were received.
    Empty,
    /// All senders are gone, and all values were received.
    Closed,
    /// The receiver was too slow: so many values were overwritten before it had them. The next one it gets is the oldest
    /// that is still there.
    Lagged(u64),
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no value is there yet"),
            Self::Closed => f.write_str("all senders are gone"),
            Self::Lagged(missed) => write_lagged(f, *missed),
        }
    }
}

impl Error for TryRecvError {}

/// The message of a receiver that was too slow.
fn write_lagged(f: &mut fmt::Formatter<'_>, missed: u64) -> fmt::Result {
    write!(f, "the receiver was too slow and missed {missed} values")
}
