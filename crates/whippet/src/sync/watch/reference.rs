//! A look at the value.

use crate::loom::RwLockReadGuard;
use std::fmt;
use std::ops::Deref;

/// The value of a watch channel, which does not change as long as this lives: senders block meanwhile. Keep it for a
/// short time, and not across an await; a task that holds one and takes another may block for ever if a sender comes between.
///
/// ```
/// let (sender, receiver) = whippet::sync::watch::channel(vec![1]);
/// let length = receiver.borrow().len();
/// sender.send_modify(|list| list.push(2));
/// assert_eq!((length, receiver.borrow().len()), (1, 2));
/// ```
#[must_use = "the value is unlocked when this is dropped"]
#[clippy::has_significant_drop]
pub struct Ref<'a, T> {
    /// The value.
    pub(super) value: RwLockReadGuard<'a, T>,
    /// Whether the receiver had not seen it.
    pub(super) has_changed: bool,
}

impl<T> Ref<'_, T> {
    /// Whether the receiver had not seen this value before. Never so for one that a sender borrows.
    ///
    /// ```
    /// let (sender, mut receiver) = whippet::sync::watch::channel(1);
    /// assert!(!receiver.borrow_and_update().has_changed());
    /// sender.send(1).unwrap();
    /// assert!(receiver.borrow_and_update().has_changed());
    /// ```
    pub fn has_changed(&self) -> bool {
        self.has_changed
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Ref");
        shown.field("value", &**self).field("has_changed", &self.has_changed).finish()
    }
}
