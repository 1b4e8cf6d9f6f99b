//! The types that loom can model, under one roof: std's in a normal build, loom's under `--cfg loom`; under `--cfg shuttle`
//! those whose every step shuttle's scheduler decides (`loom/shuttle.rs`), and under `--cfg tsan` locks that the thread
//! sanitizer can see (`loom/tsan.rs`).
//!
//! Everything that is shared between threads and whose races are modelled takes its atomics, cells, locks and
//! `Arc` from here. Locks do not poison: whippet never runs a user's code under a lock but the clone of a broadcast's value,
//! which is under that value's alone, so a panic cannot leave one of its own structures half changed.

#[cfg(shuttle)]
pub(crate) mod shuttle;
#[cfg(tsan)]
mod tsan;

#[cfg(shuttle)]
pub(crate) use self::shuttle as types;
#[cfg(not(any(loom, shuttle)))]
pub(crate) use self::std_types as types;
#[cfg(loom)]
pub(crate) use ::loom as types;

#[cfg(loom)]
pub(crate) use ::loom::hint;
#[cfg(shuttle)]
pub(crate) use ::shuttle::hint;
#[cfg(not(any(loom, shuttle)))]
pub(crate) use std::hint;

/// Threads, as they are started and waited for. A model of loom's starts its own.
#[cfg(shuttle)]
pub(crate) use ::shuttle::{thread, thread_local};
#[cfg(not(shuttle))]
pub(crate) use std::{thread, thread_local};

#[cfg(not(loom))]
pub(crate) use self::thread::yield_now;
#[cfg(loom)]
pub(crate) use ::loom::thread::yield_now;

pub(crate) use self::types::cell::UnsafeCell;
pub(crate) use self::types::sync::{Arc, atomic};

/// A mutual exclusion lock without poisoning (see the module docs).
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(types::sync::Mutex<T>);

/// Looks at a lock that is taken before a thread sleeps for it: 63 pauses in all, 1 to 2 µs. More of them won nothing.
#[cfg(not(any(loom, shuttle, tsan)))]
const LOCK_LOOKS: u32 = 6;

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
}

/// How a lock is taken where it is watched: models look once, and what the sanitizer sees lies around std's own way.
#[cfg(any(loom, shuttle, tsan))]
impl<T> Mutex<T> {
    /// Waits for the lock. A holder that panicked does not matter: no state is left half changed.
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// How a lock is taken where threads are real.
#[cfg(not(any(loom, shuttle, tsan)))]
impl<T> Mutex<T> {
    /// Waits for the lock, as above.
    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.try_lock().unwrap_or_else(|| self.lock_taken())
    }

    /// Takes the lock if nobody has it.
    #[inline]
    fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(std::sync::TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(std::sync::TryLockError::WouldBlock) => None,
        }
    }

    /// Waits for a lock that another thread holds. It is held for some ten instructions, so this looks a few times more, each time
    /// after twice the pause, before the kernel takes the thread off: to be woken takes a hundred times as long. (std looks
    /// without a pause, which keeps the cache line of the lock from its holder.)
    #[cold]
    fn lock_taken(&self) -> MutexGuard<'_, T> {
        for looks in 0..LOCK_LOOKS {
            (0..1 << looks).for_each(|_| hint::spin_loop());
            if let Some(guard) = self.try_lock() {
                return guard;
            }
        }
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// What threads wait for under a [`Mutex`], without poisoning.
#[derive(Debug, Default)]
pub(crate) struct Condvar(types::sync::Condvar);

impl Condvar {
    const_fn! {
        /// Nobody waits.
        pub(crate) fn new() -> Self {
            Self(types::sync::Condvar::new())
        }
    }

    /// Ends the wait of one thread.
    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Ends the wait of all threads.
    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }

    /// Waits until it is notified, or for no reason.
    pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        self.0.wait(guard).unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Waits while `condition` holds, for `timeout` at most; the caller looks which of both it was. `lock` is what `guard`
    /// holds.
    #[cfg(not(any(loom, shuttle)))]
    pub(crate) fn wait_timeout_while<'a, T>(
        &self,
        _lock: &'a Mutex<T>,
        guard: MutexGuard<'a, T>,
        timeout: std::time::Duration,
        condition: impl FnMut(&mut T) -> bool,
    ) -> MutexGuard<'a, T> {
        let waited = self.0.wait_timeout_while(guard, timeout, condition);
        waited.unwrap_or_else(std::sync::PoisonError::into_inner).0
    }

    /// As above. loom and shuttle have no clock: a timeout of zero is one that comes at some time, and any other never comes.
    #[cfg(any(loom, shuttle))]
    pub(crate) fn wait_timeout_while<'a, T>(
        &self,
        lock: &'a Mutex<T>,
        mut guard: MutexGuard<'a, T>,
        timeout: std::time::Duration,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> MutexGuard<'a, T> {
        while condition(&mut guard) {
            if timeout.is_zero() {
                // Whatever happens before the lock is back happens before the time is up.
                drop(guard);
                return lock.lock();
            }
            guard = self.wait(guard);
        }
        guard
    }
}

/// A lock for many who look or one who changes, without poisoning: for values that users reach under it, whose code may
/// panic there and leave what it likes.
#[derive(Debug, Default)]
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
    #[cfg(not(shuttle))]
    pub(crate) mod sync {
        #[cfg(tsan)]
        pub(crate) use crate::loom::tsan::{
            Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
        };
        pub(crate) use std::sync::{Arc, atomic};
        #[cfg(not(tsan))]
        pub(crate) use std::sync::{
            Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
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
