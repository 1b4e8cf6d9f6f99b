//! A slot for one value that is set once and shared from then on.
//!
//! `is_set` is set after the value was written, and never cleared through a shared reference. So a thread that finds it set
//! may read the value at any time, for it is not written again; and a thread that finds it clear with `lock` held may
//! write, for there are no readers yet and no other writer.

use crate::loom::atomic::AtomicBool;
use crate::loom::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::loom::{Mutex, UnsafeCell, const_fn};

/// A slot for one value (see the module docs).
#[derive(Debug)]
pub(super) struct OnceSlot<T> {
    /// Whether the value is set. Written with `lock` held, read without it.
    is_set: AtomicBool,
    /// The right to write the value.
    lock: Mutex<()>,
    /// The value.
    value: UnsafeCell<Option<T>>,
}

// SAFETY: through a shared reference a value is written by one thread and read by others, hence `Send` and `Sync`;
// the module docs say why never both at once.
unsafe impl<T: Send + Sync> Sync for OnceSlot<T> {}

impl<T> OnceSlot<T> {
    const_fn! {
        /// A slot with a value, or an empty one.
        pub(super) fn new(value: Option<T>) -> Self {
            Self {
                is_set: AtomicBool::new(value.is_some()),
                lock: Mutex::new(()),
                value: UnsafeCell::new(value),
            }
        }
    }

    /// The value, if it is there.
    #[inline]
    pub(super) fn get(&self) -> Option<&T> {
        // Acquire: pairs with the store in `set`.
        if !self.is_set.load(Acquire) {
            return None;
        }
        // SAFETY: `is_set` is set, so the value is not written as long as the slot is shared.
        self.value.with(|value| unsafe { (*value).as_ref() })
    }

    /// Whether the value is set.
    #[inline]
    pub(super) fn is_set(&self) -> bool {
        self.is_set.load(Acquire)
    }

    /// The value, through an exclusive reference.
    pub(super) fn get_mut(&mut self) -> Option<&mut T> {
        // SAFETY: an exclusive reference of the slot: there are no other readers and no writers.
        self.value.with_mut(|value| unsafe { (*value).as_mut() })
    }

    /// The value, if it is there.
    pub(super) fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    /// Sets the value; it comes back if there is one already.
    pub(super) fn set(&self, value: T) -> Result<(), T> {
        let _alone = self.lock.lock();
        // Relaxed: it is set under this lock alone.
        if self.is_set.load(Relaxed) {
            return Err(value);
        }
        // SAFETY: `is_set` is clear and the lock is held: there are no readers and no other writers. What is overwritten is `None`.
        self.value.with_mut(|slot| unsafe { *slot = Some(value) });
        // Release: a reader that finds it set finds the whole value.
        self.is_set.store(true, Release);
        Ok(())
    }
}
