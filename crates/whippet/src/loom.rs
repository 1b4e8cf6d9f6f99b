//! The types that loom can model, under one roof: std's in a normal build, loom's under `--cfg loom`.
//!
//! Everything that is shared between threads and whose races are modelled takes its atomics, cells, locks and
//! `Arc` from here. Locks do not poison: whippet never runs a user's code under a lock, so a panic cannot leave
//! one of its own structures half changed.

#[cfg(not(loom))]
pub(crate) use self::std_types as types;
#[cfg(loom)]
pub(crate) use ::loom as types;

#[cfg(loom)]
pub(crate) use ::loom::hint;
#[cfg(not(loom))]
pub(crate) use std::hint;

#[cfg(loom)]
pub(crate) use ::loom::thread::yield_now;
#[cfg(not(loom))]
pub(crate) use std::thread::yield_now;

pub(crate) use self::types::cell::UnsafeCell;
pub(crate) use self::types::sync::{Arc, atomic};

/// A mutual exclusion lock without poisoning (see the module's words).
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(types::sync::Mutex<T>);

/// The guard of a [`Mutex`].
pub(crate) type MutexGuard<'a, T> = types::sync::MutexGuard<'a, T>;

/// Defines functions that are `const` in a normal build: loom's types are made at run time alone.
macro_rules! const_fn {
    ($($(#[$attribute:meta])* $seen:vis fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty $body:block)+) => {
        $(
            $(#[$attribute])*
            #[cfg(not(loom))]
            $seen const fn $name($($argument: $type),*) -> $result $body

            $(#[$attribute])*
            #[cfg(loom)]
            $seen fn $name($($argument: $type),*) -> $result $body
        )+
    };
}
pub(crate) use const_fn;

impl<T> Mutex<T> {
    const_fn! {
        /// A lock around `value`.
        pub(crate) fn new(value: T) -> Self {
            Self(types::sync::Mutex::new(value))
        }
    }

    /// Waits for the lock. A holder that panicked does not matter: no state is left half changed.
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A lock for many who look or one who changes, without poisoning: for values that users reach under it, whose code may
/// panic there and leave what it likes.
#[derive(Debug)]
pub(crate) struct RwLock<T>(types::sync::RwLock<T>);

/// The guard of those who look.
pub(crate) type RwLockReadGuard<'a, T> = types::sync::RwLockReadGuard<'a, T>;

/// The guard of the one who changes.
pub(crate) type RwLockWriteGuard<'a, T> = types::sync::RwLockWriteGuard<'a, T>;

impl<T> RwLock<T> {
    /// A lock around `value`.
    pub(crate) fn new(value: T) -> Self {
        Self(types::sync::RwLock::new(value))
    }

    /// Waits until the value may be looked at.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, T> {
        self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Waits until the value may be changed.
    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// std's types in the shape of loom's.
#[cfg(not(loom))]
pub(crate) mod std_types {
    pub(crate) mod sync {
        pub(crate) use std::sync::{
            Arc, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic,
        };
    }

    pub(crate) mod cell {
        /// `std::cell::UnsafeCell` with loom's way of access: a closure that gets the raw pointer.
        #[derive(Debug, Default)]
        #[repr(transparent)]
        pub(crate) struct UnsafeCell<T: ?Sized>(std::cell::UnsafeCell<T>);

        impl<T> UnsafeCell<T> {
            /// A cell around `value`.
            pub(crate) const fn new(value: T) -> Self {
                Self(std::cell::UnsafeCell::new(value))
            }

            /// The value.
            pub(crate) fn into_inner(self) -> T {
                self.0.into_inner()
            }
        }

        impl<T: ?Sized> UnsafeCell<T> {
            /// Shared access: the caller promises that nobody changes the value meanwhile.
            #[inline(always)]
            pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
                f(self.0.get())
            }

            /// Exclusive access: the caller promises that nobody else looks meanwhile.
            #[inline(always)]
            pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
                f(self.0.get())
            }
        }
    }
}
