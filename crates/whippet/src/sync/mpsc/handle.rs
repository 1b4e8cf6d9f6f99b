//! Who still holds the sending side: a counted reference to the channel, and one that does not count.
//!
//! When the last [`Handle`] goes, the receiver learns that nothing will come any more. A [`WeakHandle`] keeps the
//! memory of the channel alive, but not the channel: it can become a [`Handle`] only as long as there is another.

use super::chan::Chan;
use crate::loom::Arc;
use crate::loom::atomic::AtomicUsize;
use crate::loom::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::ops::Deref;

/// A channel, with the number of its senders.
#[derive(Debug)]
pub(super) struct Counted<T> {
    /// Handles alive. Never rises from zero again. Handles write it; the last one ends the channel.
    strong: AtomicUsize,
    /// Weak handles alive. Only ever shown.
    weak: AtomicUsize,
    /// The channel itself.
    chan: Chan<T>,
}

impl<T> Counted<T> {
    /// A channel for at most `max` messages, with the first handle of its senders.
    pub(super) fn channel(max: usize) -> (Handle<T>, Arc<Self>) {
        let counted =
            Self { strong: AtomicUsize::new(1), weak: AtomicUsize::new(0), chan: Chan::new(max) };
        let counted = Arc::new(counted);
        (Handle(Arc::clone(&counted)), counted)
    }

    /// Handles alive.
    pub(super) fn strong(&self) -> usize {
        // Acquire: whoever sees a handle gone sees what was sent through it.
        self.strong.load(Acquire)
    }

    /// Weak handles alive.
    pub(super) fn weak(&self) -> usize {
        self.weak.load(Relaxed)
    }
}

impl<T> Deref for Counted<T> {
    type Target = Chan<T>;

    #[inline]
    fn deref(&self) -> &Chan<T> {
        &self.chan
    }
}

/// A counted reference of the sending side.
#[derive(Debug)]
pub(super) struct Handle<T>(Arc<Counted<T>>);

impl<T> Handle<T> {
    /// Whether both belong to one channel.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// A reference that does not keep the channel open.
    pub(super) fn downgrade(&self) -> WeakHandle<T> {
        self.0.weak.fetch_add(1, Relaxed);
        WeakHandle(Arc::clone(&self.0))
    }
}

impl<T> Deref for Handle<T> {
    type Target = Counted<T>;

    #[inline]
    fn deref(&self) -> &Counted<T> {
        &self.0
    }
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        // Relaxed: the handle at hand keeps the count above zero.
        self.0.strong.fetch_add(1, Relaxed);
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for Handle<T> {
    fn drop(&mut self) {
        // AcqRel: everything done through the other handles happens before the end (pairs with their decrements).
        if self.0.strong.fetch_sub(1, AcqRel) == 1 {
            self.0.chan.end_senders();
        }
    }
}

/// A reference of the sending side that does not count.
#[derive(Debug)]
pub(super) struct WeakHandle<T>(Arc<Counted<T>>);

impl<T> WeakHandle<T> {
    /// A counted reference, if one is still alive.
    pub(super) fn upgrade(&self) -> Option<Handle<T>> {
        // Relaxed: the count guards no data; the lock of the channel does. That it never leaves zero is held by
        // the compare-exchange alone.
        let raised = self.0.strong.fetch_update(Relaxed, Relaxed, |strong| {
            if strong == 0 { None } else { Some(strong + 1) }
        });
        raised.ok().map(|_| Handle(Arc::clone(&self.0)))
    }

    /// The counts of the channel.
    pub(super) fn counted(&self) -> &Counted<T> {
        &self.0
    }
}

impl<T> Clone for WeakHandle<T> {
    fn clone(&self) -> Self {
        self.0.weak.fetch_add(1, Relaxed);
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for WeakHandle<T> {
    fn drop(&mut self) {
        self.0.weak.fetch_sub(1, Relaxed);
    }
}
