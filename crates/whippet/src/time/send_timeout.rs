//! A send that waits for a place no longer than so long: a channel knows no clock, so this is part of `time`.

use super::timeout::timeout_in;
use crate::sync::mpsc::Sender;
use crate::sync::mpsc::error::SendTimeoutError;
use std::time::Duration;

impl<T> Sender<T> {
    /// Sends a value, waiting for a place for `duration` at the longest.
    ///
    /// # Errors
    /// The value, when there was no place in time or the channel is closed.
    ///
    /// # Cancel safety
    /// As [`send`](Self::send): dropped before it is ready, nothing was sent, and the value is dropped with the future.
    ///
    /// # Panics
    /// Outside of a runtime's context.
    ///
    /// ```
    /// use std::time::Duration;
    /// use whippet::sync::mpsc::{channel, error::SendTimeoutError};
    ///
    /// # whippet::runtime::Builder::new_current_thread().start_paused(true).build().unwrap().block_on(async {
    /// let (sender, receiver) = channel(1);
    /// let second = Duration::from_secs(1);
    /// sender.send_timeout(1, second).await.unwrap();
    /// assert_eq!(sender.send_timeout(2, second).await, Err(SendTimeoutError::Timeout(2)));
    /// drop(receiver);
    /// assert_eq!(sender.send_timeout(3, second).await, Err(SendTimeoutError::Closed(3)));
    /// # });
    /// ```
    pub async fn send_timeout(
        &self,
        value: T,
        duration: Duration,
    ) -> Result<(), SendTimeoutError<T>> {
        match timeout_in("mpsc::Sender::send_timeout", duration, self.reserve()).await {
            Ok(Ok(permit)) => {
                permit.send(value);
                Ok(())
            }
            Ok(Err(_)) => Err(SendTimeoutError::Closed(value)),
            Err(_) => Err(SendTimeoutError::Timeout(value)),
        }
    }
}
