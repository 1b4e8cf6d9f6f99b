//! What the macros' output names: no part of the public interface.

use crate::coop::{self, Yield};
use crate::loom::thread_local;
use crate::runtime::{Builder, LocalOptions, LocalRuntime, Runtime};
use crate::sys::entropy;
use std::cell::RefCell;
use std::convert::Infallible;
use std::task::Context;

pub use super::futures::{Futures, wait};
pub use super::maybe_done::MaybeDone;
pub use std::future::{Future, IntoFuture, ready};
pub use std::pin::{Pin, pin};
pub use std::task::Poll;

thread_local! {
    /// Where this thread's choices come from.
    static RANDOM: RefCell<fastrand::Rng> = RefCell::new(fastrand::Rng::with_seed(entropy::seed()));
}

/// A number below `count`, at random: the branch to poll first.
#[must_use]
pub fn random_below(count: u32) -> u32 {
    RANDOM.try_with(|random| random.borrow_mut().u32(..count)).unwrap_or(0)
}

/// The branch that is looked at in the given step, when `start` is looked at first.
#[inline]
#[must_use]
pub fn rotated(start: u32, step: u32, count: u32) -> u32 {
    (start + step) % count
}

/// Disables the branch with the given index; the mask has a bit for each.
#[inline]
pub fn disable(mask: &mut [u8], index: usize) {
    mask[index / 8] |= 1 << (index % 8);
}

/// Whether the branch with the given index is disabled.
#[inline]
#[must_use]
pub fn is_disabled(mask: &[u8], index: usize) -> bool {
    mask[index / 8] & 1 << (index % 8) != 0
}

/// The future that the next poll of a `join!` begins with: one further than this one did.
#[inline]
#[must_use]
pub fn next_start(start: u8, count: u32) -> u8 {
    // There are 64 at the most.
    rotated(u32::from(start), 1, count) as u8
}

/// Ready while the running task has budget left; otherwise wakes it for its next turn. With none left all APIs
/// would be pending, and other futures should not be polled in a loop for ever either.
#[inline]
pub fn poll_budget(cx: &mut Context<'_>) -> Poll<()> {
    if coop::has_budget_left() {
        return Poll::Ready(());
    }
    coop::yield_task(cx.waker(), Yield::Forced);
    Poll::Pending
}

/// The runtime of a `#[whippet::main]` or `#[whippet::test]`.
///
/// # Panics
/// When the operating system gives none.
#[must_use]
#[track_caller]
pub fn built(builder: &mut Builder) -> Runtime {
    builder.build().unwrap_or_else(|error| {
        panic!("`Builder::build`: {error}; raise the limits of descriptors or threads")
    })
}

/// The same for the flavor whose tasks may stay on its thread.
///
/// # Panics
/// When the operating system gives none.
#[must_use]
#[track_caller]
pub fn built_local(builder: &mut Builder) -> LocalRuntime {
    let built = builder.build_local(LocalOptions::default());
    built.unwrap_or_else(|error| {
        panic!("`Builder::build`: {error}; raise the limits of descriptors or threads")
    })
}

/// Declares [`Outcome`] from the list of branches.
#[doc(hidden)]
#[macro_export]
macro_rules! __declare_outcome {
    ([$(($future:ident $variant:ident $index:tt))*]) => {
        /// How a `select!` ended: the value of the branch that completed.
        ///
        /// It has a variant for each branch that there can be. Those of branches that are not there hold
        /// [`Infallible`], so they take no space and no arm.
        #[derive(Debug)]
        pub enum Outcome<$($variant = Infallible),*> {
            /// No branch is left.
            Disabled,
            $(
                #[doc = concat!("Branch ", $index, " completed.")]
                $variant($variant),
            )*
        }
    };
}
crate::__with_branches! { __declare_outcome }
