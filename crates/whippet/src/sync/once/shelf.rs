//! A place for one value, which once it is there stays and is shared.
//!
//! `filled` is set after the value was written, and never cleared through a shared reference. So whoever finds it set may
//! look at the value at any time, for nobody writes it again; and whoever finds it clear under the lock `filling` may
//! write, for nobody looks yet and nobody else writes.

use crate::loom::atomic::AtomicBool;
use crate::loom::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::loom::{Mutex, UnsafeCell, const_fn};

/// A place for one value (see the module's words).
#[derive(Debug)]
pub(super) struct Shelf<T> {
    /// Whether the value is there.
    filled: AtomicBool,
    /// The right to write the value.
    filling: Mutex<()>,
    /// The value.
    value: UnsafeCell<Option<T>>,
}

// SAFETY: through a shared reference a value is written by one thread and looked at by others, hence `Send` and `Sync`;
// the module's words say why never both at once.
unsafe impl<T: Send + Sync> Sync for Shelf<T> {}

impl<T> Shelf<T> {
    const_fn! {
        /// A shelf with a value on it, or an empty one.
        pub(super) fn new(value: Option<T>) -> Self {
            Self {
                filled: AtomicBool::new(value.is_some()),
                filling: Mutex::new(()),
                value: UnsafeCell::new(value),
            }
        }
    }

    /// The value, if it is there.
    #[inline]
    pub(super) fn get(&self) -> Option<&T> {
        // Acquire: pairs with the store in `fill`.
        if !self.filled.load(Acquire) {
            return None;
        }
        // SAFETY: `filled` is set, so nobody writes the value as long as the shelf is shared.
        self.value.with(|value| unsafe { (*value).as_ref() })
    }

    /// Whether the value is there.
    #[inline]
    pub(super) fn is_filled(&self) -> bool {
        self.filled.load(Acquire)
    }

    /// The value, for the one who has the shelf to itself.
    pub(super) fn get_mut(&mut self) -> Option<&mut T> {
        // SAFETY: an exclusive reference of the shelf: nobody looks, nobody writes.
        self.value.with_mut(|value| unsafe { (*value).as_mut() })
    }

    /// The value, if it is there.
    pub(super) fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    /// Puts the value there; it comes back if there is one.
    pub(super) fn fill(&self, value: T) -> Result<(), T> {
        let _alone = self.filling.lock();
        // Relaxed: it is set under this lock alone.
        if self.filled.load(Relaxed) {
            return Err(value);
        }
        // SAFETY: `filled` is clear and the lock is held: nobody looks, nobody else writes. What is overwritten is `None`.
        self.value.with_mut(|place| unsafe { *place = Some(value) });
        // Release: whoever finds it set finds the value whole.
        self.filled.store(true, Release);
        Ok(())
    }
}
