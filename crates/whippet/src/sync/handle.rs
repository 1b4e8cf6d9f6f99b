//! Who still holds the sending side of a channel: a counted reference, and one that does not count.
//!
//! When the last [`Handle`] goes, the channel is told that nothing will come any more. A [`WeakHandle`] keeps the
//! memory of the channel alive, but not the channel: it can become a [`Handle`] only as long as there is another.
//!
//! The counts do not come round: each handle has a reference to the channel too, and the count of those ends the process first
//! (`Arc`).

use crate::loom::Arc;
use crate::loom::atomic::AtomicUsize;
use crate::loom::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::ops::Deref;

/// A channel that is told when its last sender goes.
pub(crate) trait Senders {
    /// The last sender is gone.
    fn end_senders(&self);
}

/// A channel, with the number of its senders.
#[derive(Debug)]
pub(crate) struct Counted<C> {
    /// Handles alive. Never rises from zero again. Handles write it; the last one ends the channel.
    strong: AtomicUsize,
    /// Weak handles alive. Only ever shown.
    weak: AtomicUsize,
    /// The channel itself.
    channel: C,
}

impl<C: Senders> Counted<C> {
    /// The first handle of the senders of `channel`, and the channel.
    pub(crate) fn new(channel: C) -> (Handle<C>, Arc<Self>) {
        let counted = Self { strong: AtomicUsize::new(1), weak: AtomicUsize::new(0), channel };
        let counted = Arc::new(counted);
        (Handle(Arc::clone(&counted)), counted)
    }

    /// Handles alive.
    pub(crate) fn strong(&self) -> usize {
        // Acquire: whoever sees a handle gone sees what was sent through it.
        self.strong.load(Acquire)
    }

    /// Weak handles alive.
    pub(crate) fn weak(&self) -> usize {
        self.weak.load(Relaxed)
    }
}

impl<C> Deref for Counted<C> {
    type Target = C;

    #[inline]
    fn deref(&self) -> &C {
        &self.channel
    }
}

/// A counted reference of the sending side.
#[derive(Debug)]
pub(crate) struct Handle<C: Senders>(Arc<Counted<C>>);

impl<C: Senders> Handle<C> {
    /// Whether both belong to one channel.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The channel, for one who is no sender.
    pub(crate) fn counted(&self) -> &Arc<Counted<C>> {
        &self.0
    }

    /// A reference that does not keep the channel open.
    pub(crate) fn downgrade(&self) -> WeakHandle<C> {
        self.0.weak.fetch_add(1, Relaxed);
        WeakHandle(Arc::clone(&self.0))
    }
}

impl<C: Senders> Deref for Handle<C> {
    type Target = Counted<C>;

    #[inline]
    fn deref(&self) -> &Counted<C> {
        &self.0
    }
}

impl<C: Senders> Clone for Handle<C> {
    fn clone(&self) -> Self {
        // Relaxed: the handle at hand keeps the count above zero.
        self.0.strong.fetch_add(1, Relaxed);
        Self(Arc::clone(&self.0))
    }
}

impl<C: Senders> Drop for Handle<C> {
    fn drop(&mut self) {
        // AcqRel: everything done through the other handles happens before the end (pairs with their decrements).
        if self.0.strong.fetch_sub(1, AcqRel) == 1 {
            self.0.channel.end_senders();
        }
    }
}

/// A reference of the sending side that does not count.
#[derive(Debug)]
pub(crate) struct WeakHandle<C: Senders>(Arc<Counted<C>>);

impl<C: Senders> WeakHandle<C> {
    /// A counted reference, if one is still alive.
    pub(crate) fn upgrade(&self) -> Option<Handle<C>> {
        // Relaxed: the count guards no data; the lock of the channel does. That it never leaves zero is held by
        // the compare-exchange alone.
        let raised = self.0.strong.fetch_update(Relaxed, Relaxed, |strong| {
            if strong == 0 { None } else { Some(strong + 1) }
        });
        raised.ok().map(|_| Handle(Arc::clone(&self.0)))
    }

    /// The counts of the channel.
    pub(crate) fn counted(&self) -> &Counted<C> {
        &self.0
    }
}

impl<C: Senders> Clone for WeakHandle<C> {
    fn clone(&self) -> Self {
        self.0.weak.fetch_add(1, Relaxed);
        Self(Arc::clone(&self.0))
    }
}

impl<C: Senders> Drop for WeakHandle<C> {
    fn drop(&mut self) {
        self.0.weak.fetch_sub(1, Relaxed);
    }
}
