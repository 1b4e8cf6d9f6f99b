//! What all guards have in common: they dereference to the value that they guard, and are shown as it.

/// Lets a guard, a newtype of an access, stand for the part it gives access to.
macro_rules! delegate_deref {
    ([$($generics:tt)*] $guard:ty => $part:ident) => {
        impl<$($generics)*> std::ops::Deref for $guard {
            type Target = $part;

            #[inline]
            fn deref(&self) -> &$part {
                self.0.get()
            }
        }

        impl<$($generics)*> std::fmt::Debug for $guard
        where
            $part: std::fmt::Debug,
        {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.get().fmt(f)
            }
        }

        impl<$($generics)*> std::fmt::Display for $guard
        where
            $part: std::fmt::Display,
        {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.get().fmt(f)
            }
        }
    };
}

/// As [`delegate_deref`], for a guard that may change the part too.
macro_rules! delegate_deref_mut {
    ([$($generics:tt)*] $guard:ty => $part:ident) => {
        $crate::sync::lock::delegate::delegate_deref!([$($generics)*] $guard => $part);

        impl<$($generics)*> std::ops::DerefMut for $guard {
            #[inline]
            fn deref_mut(&mut self) -> &mut $part {
                self.0.get_mut()
            }
        }
    };
}

pub(super) use {delegate_deref, delegate_deref_mut};
