//! Futures and calls that are too large to be handed on by value.
//!
//! A program hands a future over by value, and it goes through several functions before it lies in its task or in the frame that
//! polls it. Each of them may have it on its stack once more: without optimization as a rule, and then 256 KiB overflow the 2 MiB
//! of a worker. So each public function that takes one asks [`boxed_if_large!`] first. What is small stays where it is, and
//! costs no allocation.

/// Past so many bytes a future or a call is put into a box: tokio's figures. With optimization few copies are made.
const LIMIT: usize = if cfg!(debug_assertions) { 2 * 1024 } else { 16 * 1024 };

/// Whether a value of this type is to be put into a box.
pub(crate) const fn is_large<T>() -> bool {
    size_of::<T>() > LIMIT
}

/// Makes a call with a future (`Box::pin`) or another call (`Box::new`) of the given type, in a box if it is large.
macro_rules! boxed_if_large {
    (Box::$new:ident($value:ident: $type:ty) => $call:expr) => {
        if const { $crate::large::is_large::<$type>() } {
            let $value = Box::$new($value);
            $call
        } else {
            $call
        }
    };
}
pub(crate) use boxed_if_large;
