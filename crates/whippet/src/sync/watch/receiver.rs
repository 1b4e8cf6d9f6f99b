//! The receiving side.

use super::error::RecvError;
use super::reference::Ref;
use super::shared::{Shared, Version};
use std::fmt;
use std::sync::Arc;

/// Watches the value of a watch channel. A clone has seen what this one has.
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (sender, mut receiver) = whippet::sync::watch::channel(1);
/// let mut other = receiver.clone();
/// sender.send(2).unwrap();
/// receiver.changed().await.unwrap();
/// assert_eq!((*receiver.borrow(), *other.borrow_and_update()), (2, 2));
/// # });
/// ```
pub struct Receiver<T> {
    /// The channel.
    shared: Arc<Shared<T>>,
    /// What was seen of it.
    seen: Version,
}

impl<T> Receiver<T> {
    /// A receiver of `shared` that has seen `seen`.
    pub(super) fn new(shared: Arc<Shared<T>>, seen: Version) -> Self {
        shared.add_receiver();
        Self { shared, seen }
    }

    /// Looks at the value, which does not count as seen by that.
    ///
    /// ```
    /// let (_sender, receiver) = whippet::sync::watch::channel("hello");
    /// assert_eq!(*receiver.borrow(), "hello");
    /// ```
    pub fn borrow(&self) -> Ref<'_, T> {
        let (value, version) = self.shared.read();
        Ref { value, has_changed: version != self.seen }
    }

    /// Looks at the value, and has seen it.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::watch::channel("hello");
    /// sender.send("bye").unwrap();
    /// assert_eq!(*receiver.borrow_and_update(), "bye");
    /// assert!(!receiver.has_changed().unwrap());
    /// ```
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        let (value, version) = self.shared.read();
        let seen = std::mem::replace(&mut self.seen, version);
        Ref { value, has_changed: version != seen }
    }

    /// Whether there is a value that was not seen.
    ///
    /// # Errors
    /// All senders are gone, whatever was seen.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::watch::channel(1);
    /// sender.send(2).unwrap();
    /// assert!(receiver.has_changed().unwrap());
    /// drop(sender);
    /// assert!(receiver.has_changed().is_err());
    /// ```
    pub fn has_changed(&self) -> Result<bool, RecvError> {
        match self.shared.version_and_closed() {
            (_, true) => Err(RecvError(())),
            (version, false) => Ok(version != self.seen),
        }
    }

    /// Whether all senders are gone.
    ///
    /// ```
    /// let (sender, receiver) = whippet::sync::watch::channel(1);
    /// drop(sender);
    /// assert!(receiver.is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        let (_, closed) = self.shared.version_and_closed();
        closed
    }

    /// Takes the present value for one that was not seen.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (_sender, mut receiver) = whippet::sync::watch::channel(1);
    /// receiver.mark_changed();
    /// assert!(receiver.has_changed().unwrap());
    /// receiver.changed().await.unwrap(); // at once
    /// # });
    /// ```
    pub fn mark_changed(&mut self) {
        let (version, _) = self.shared.version_and_closed();
        self.seen = version.previous();
    }

    /// Takes the present value for one that was seen.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::watch::channel(1);
    /// sender.send(2).unwrap();
    /// receiver.mark_unchanged();
    /// assert!(!receiver.has_changed().unwrap());
    /// ```
    pub fn mark_unchanged(&mut self) {
        (self.seen, _) = self.shared.version_and_closed();
    }

    /// Waits for a value that was not seen; it counts as seen then.
    ///
    /// # Errors
    /// All senders are gone, and their last value was seen.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, nothing counts as seen.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, mut receiver) = whippet::sync::watch::channel(1);
    /// whippet::spawn(async move { sender.send(2).unwrap() });
    /// receiver.changed().await.unwrap();
    /// assert_eq!(*receiver.borrow(), 2);
    /// assert!(receiver.changed().await.is_err());
    /// # });
    /// ```
    pub async fn changed(&mut self) -> Result<(), RecvError> {
        let Self { shared, seen } = self;
        *seen = shared.wait_for_change(|| shared.changed_since(*seen)).await?;
        Ok(())
    }

    /// Waits for a value that `f` is content with: the present one, seen or not, or a later one. It counts as seen then.
    /// Values that were exchanged before `f` could look at them are passed over.
    ///
    /// # Errors
    /// All senders are gone, and `f` was not content with their last value.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, what counts as seen is something that `f` was not content with.
    ///
    /// # Panics
    /// If `f` does. `f` must not use the channel: the value is locked.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (sender, mut receiver) = whippet::sync::watch::channel(1);
    /// whippet::spawn(async move {
    ///     for value in 2..5 {
    ///         sender.send(value).unwrap();
    ///         whippet::task::yield_now().await;
    ///     }
    /// });
    /// assert!(*receiver.wait_for(|value| *value > 2).await.unwrap() > 2);
    /// assert!(receiver.wait_for(|value| *value > 9).await.is_err());
    /// # });
    /// ```
    pub async fn wait_for(
        &mut self,
        mut f: impl FnMut(&T) -> bool,
    ) -> Result<Ref<'_, T>, RecvError> {
        let Self { shared, seen } = self;
        let shared: &Shared<T> = shared;
        let mut rejected = None;
        let look = || {
            // Closed before the look: then it is a look at the last value.
            let (_, closed) = shared.version_and_closed();
            let (value, version) = shared.read();
            if rejected != Some(version) {
                let has_changed = std::mem::replace(seen, version) != version;
                if f(&value) {
                    return Some(Ok(Ref { value, has_changed }));
                }
                rejected = Some(version);
            }
            closed.then_some(Err(RecvError(())))
        };
        shared.wait_for_change(look).await
    }

    /// Whether both belong to one channel.
    ///
    /// ```
    /// let (_sender, receiver) = whippet::sync::watch::channel(1);
    /// assert!(receiver.same_channel(&receiver.clone()));
    /// ```
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.shared), self.seen)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.remove_receiver();
    }
}

impl<T: fmt::Debug> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("shared", &self.shared).finish_non_exhaustive()
    }
}
