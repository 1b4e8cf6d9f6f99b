//! Locks that are held across awaits: [`Mutex`] and [`RwLock`].

mod delegate;
mod error;
mod lock_inner;
mod mutex;
mod mutex_guard;
mod read_guard;
mod rwlock;
mod write_guard;

#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(test)]
#[cfg(not(loom))]
mod tests;

pub use self::error::TryLockError;
pub use self::lock_inner::{Mutex, RwLock};
pub use self::mutex_guard::{MappedMutexGuard, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard};
pub use self::read_guard::{OwnedRwLockReadGuard, RwLockReadGuard};
pub use self::write_guard::{
    OwnedRwLockMappedWriteGuard, OwnedRwLockWriteGuard, RwLockMappedWriteGuard, RwLockWriteGuard,
};
