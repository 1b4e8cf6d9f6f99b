//! The futures of a wait, pinned together, and the wait for them.
//!
//! They are the fields of one struct, which lies in the future that is awaited: beside them there is only what the wait itself
//! remembers. With a variable and a pin for each future, the caller would keep two pointers more for each of them.

use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Declares [`Futures`] from the list of branches.
#[doc(hidden)]
#[macro_export]
macro_rules! __declare_futures {
    ([$(($future:ident $variant:ident $index:tt))*]) => {
        /// The futures of a `select!` or `join!`. Where there is none the field is `()`, which takes no space. They are
        /// dropped in the order of the list.
        #[derive(Debug)]
        pub struct Futures<$($variant = ()),*> {
            $(
                #[doc = concat!("Future ", $index, ".")]
                pub $future: $variant,
            )*
        }

        impl<$($variant),*> Futures<$($variant),*> {
            $(
                #[doc = concat!("Future ", $index, ", pinned with the others.")]
                #[inline]
                pub fn $future(self: Pin<&mut Self>) -> Pin<&mut $variant> {
                    // SAFETY: the fields are pinned with the struct: it has no `Drop`, it is `Unpin` only if all of them
                    // are, and a field of a pinned one is reached by these functions alone.
                    unsafe { self.map_unchecked_mut(|all| &mut all.$future) }
                }
            )*
        }
    };
}
crate::__with_branches! { __declare_futures }

pin_project! {
    /// A wait for several futures: see [`wait`].
    pub struct Wait<T, S, P> {
        // The futures.
        #[pin]
        futures: T,
        // What is kept from one poll to the next.
        state: S,
        // Polls them.
        poll: P,
    }
}

/// Keeps `futures`, and lets `poll` poll them, with what it wants to remember.
pub fn wait<T, S, P, R>(futures: T, state: S, poll: P) -> Wait<T, S, P>
where
    P: FnMut(Pin<&mut T>, &mut S, &mut Context<'_>) -> Poll<R>,
{
    Wait { futures, state, poll }
}

impl<T, S, P, R> Future for Wait<T, S, P>
where
    P: FnMut(Pin<&mut T>, &mut S, &mut Context<'_>) -> Poll<R>,
{
    type Output = R;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R> {
        let this = self.project();
        (this.poll)(this.futures, this.state, cx)
    }
}

impl<T, S, P> fmt::Debug for Wait<T, S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").finish_non_exhaustive()
    }
}
