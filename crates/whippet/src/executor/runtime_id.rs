//! What tells one runtime from another.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What tells one runtime from all others of the process, those that have ended included. A
/// [`LocalSet`](crate::task::LocalSet) has one, too.
///
/// The numbers say nothing about the order in which runtimes were made.
///
/// # Examples
/// ```
/// use whippet::runtime::Builder;
///
/// let runtimes = [Builder::new_current_thread().build()?, Builder::new_current_thread().build()?];
/// let [one, other] = runtimes.each_ref().map(|runtime| runtime.handle().id());
/// assert_ne!(one, other);
/// println!("runtime {one} is not runtime {other}");
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Id(NonZeroU64);

impl Id {
    /// One that nothing has had. There are 2⁶⁴: they do not come to an end.
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // Relaxed: only uniqueness is asked for.
        let number = NEXT.fetch_add(1, Relaxed);
        Self(NonZeroU64::new(number).unwrap_or(NonZeroU64::MAX))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
