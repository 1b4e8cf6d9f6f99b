//! The sending side of a channel: a handle that is counted, and one that is not.
//!
//! When the last [`SenderHandle`] is dropped, the channel gets [`OnLastSender::on_last_sender_dropped`]. A [`WeakSenderHandle`]
//! keeps the memory of the channel alive, but not the channel: it can become a [`SenderHandle`] only while there is another.
//!
//! The counts do not overflow: each handle has a reference to the channel too, and the count of those aborts the process first
//! (`Arc`).

use crate::loom::Arc;
use crate::loom::atomic::AtomicUsize;
use crate::loom::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::ops::Deref;

/// A channel that acts when its last sender is dropped.
pub(crate) trait OnLastSender {
    /// The last sender is gone.
    fn on_last_sender_dropped(&self);
}

/// A channel, with the number of its senders.
#[derive(Debug)]
pub(crate) struct SenderCount<C> {
    /// Handles alive. Never rises from zero again. Handles write it; the last one ends the channel.
    strong: AtomicUsize,
    /// Weak handles alive. Only ever shown.
    weak: AtomicUsize,
    /// The channel itself.
    channel: C,
}

impl<C: OnLastSender> SenderCount<C> {
    /// The first handle of the senders of `channel`, and the channel.
    pub(crate) fn new(channel: C) -> (SenderHandle<C>, Arc<Self>) {
        let shared = Self { strong: AtomicUsize::new(1), weak: AtomicUsize::new(0), channel };
        let shared = Arc::new(shared);
        (SenderHandle(Arc::clone(&shared)), shared)
    }

    /// Handles alive.
    pub(crate) fn strong(&self) -> usize {
        // Acquire: a thread that sees a handle gone sees what was sent through it.
        self.strong.load(Acquire)
    }

    /// Weak handles alive.
    pub(crate) fn weak(&self) -> usize {
        self.weak.load(Relaxed)
    }
}

impl<C> Deref for SenderCount<C> {
    type Target = C;

    #[inline]
    fn deref(&self) -> &C {
        &self.channel
    }
}

/// A counted reference of the sending side.
#[derive(Debug)]
pub(crate) struct SenderHandle<C: OnLastSender>(Arc<SenderCount<C>>);

impl<C: OnLastSender> SenderHandle<C> {
    /// Whether both belong to one channel.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The channel and its counts.
    pub(crate) fn shared(&self) -> &Arc<SenderCount<C>> {
        &self.0
    }

    /// A reference that does not keep the channel open.
    pub(crate) fn downgrade(&self) -> WeakSenderHandle<C> {
        self.0.weak.fetch_add(1, Relaxed);
        WeakSenderHandle(Arc::clone(&self.0))
    }
}

impl<C: OnLastSender> Deref for SenderHandle<C> {
    type Target = SenderCount<C>;

    #[inline]
    fn deref(&self) -> &SenderCount<C> {
        &self.0
    }
}

impl<C: OnLastSender> Clone for SenderHandle<C> {
    fn clone(&self) -> Self {
        // Relaxed: the handle at hand keeps the count above zero.
        self.0.strong.fetch_add(1, Relaxed);
        Self(Arc::clone(&self.0))
    }
}

impl<C: OnLastSender> Drop for SenderHandle<C> {
    fn drop(&mut self) {
        // AcqRel: everything done through the other handles happens before the end (pairs with their decrements).
        if self.0.strong.fetch_sub(1, AcqRel) == 1 {
            self.0.channel.on_last_sender_dropped();
        }
    }
}

/// A reference of the sending side that does not count.
#[derive(Debug)]
pub(crate) struct WeakSenderHandle<C: OnLastSender>(Arc<SenderCount<C>>);

impl<C: OnLastSender> WeakSenderHandle<C> {
    /// A counted reference, if one is still alive.
    pub(crate) fn upgrade(&self) -> Option<SenderHandle<C>> {
        // Relaxed: the count guards no data; the lock of the channel does. That it never leaves zero is held by
        // the compare-exchange alone.
        let raised = self.0.strong.fetch_update(Relaxed, Relaxed, |strong| {
            if strong == 0 { None } else { Some(strong + 1) }
        });
        raised.ok().map(|_| SenderHandle(Arc::clone(&self.0)))
    }

    /// The counts of the channel.
    pub(crate) fn shared(&self) -> &SenderCount<C> {
        &self.0
    }
}

impl<C: OnLastSender> Clone for WeakSenderHandle<C> {
    fn clone(&self) -> Self {
        self.0.weak.fetch_add(1, Relaxed);
        Self(Arc::clone(&self.0))
    }
}

impl<C: OnLastSender> Drop for WeakSenderHandle<C> {
    fn drop(&mut self) {
        self.0.weak.fetch_sub(1, Relaxed);
    }
}
