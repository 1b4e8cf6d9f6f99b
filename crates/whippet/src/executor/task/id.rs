//! The name of a task.

use crate::loom::thread_local;
use std::cell::Cell;
use std::fmt;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

/// The name of a task, unique among all tasks of the process, of whatever runtime.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (one, other) = (whippet::spawn(async {}), whippet::spawn(async {}));
/// assert_ne!(one.id(), other.id());
/// println!("task {} goes before task {}", one.id(), other.id());
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(NonZeroU64);

thread_local! {
    /// The task that this thread polls or drops.
    static CURRENT: Cell<Option<Id>> = const { Cell::new(None) };
}

impl Id {
    /// The name as a number, which is not 0.
    pub(super) fn number(self) -> u64 {
        self.0.get()
    }

    /// The name with this number, unless that is 0.
    pub(super) fn from_number(number: u64) -> Option<Self> {
        NonZeroU64::new(number).map(Self)
    }

    /// The task that this thread polls or drops.
    pub(crate) fn current() -> Option<Self> {
        CURRENT.try_with(Cell::get).ok().flatten()
    }

    /// Calls `f`, which does not panic, as this task.
    #[inline]
    pub(super) fn enter<R>(self, f: impl FnOnce() -> R) -> R {
        let former = CURRENT.try_with(|current| current.replace(Some(self))).ok().flatten();
        let result = f();
        let _ = CURRENT.try_with(|current| current.set(former));
        result
    }

    /// A name that no task has had. There are 2⁶⁴, taken by the block of 1,024: a thread that starts and spawns a single task each
    /// microsecond would need 570 years for them.
    pub(crate) fn next() -> Self {
        /// How many names a thread takes from the common counter at a time, so that spawning on several
        /// threads does not meet on one cache line.
        const BLOCK: u64 = 1024;
        static NEXT_BLOCK: AtomicU64 = AtomicU64::new(1);
        thread_local! {
            static NAMES: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
        }
        // Relaxed: only uniqueness is asked for.
        let block = || NEXT_BLOCK.fetch_add(BLOCK, Ordering::Relaxed);
        let number = NAMES
            .try_with(|names| {
                let (mut next, mut end) = names.get();
                if next == end {
                    next = block();
                    end = next + BLOCK;
                }
                names.set((next + 1, end));
                next
            })
            .unwrap_or_else(|_| block());
        Self(NonZeroU64::new(number).unwrap_or(NonZeroU64::MAX))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
