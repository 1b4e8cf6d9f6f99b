//! Channels, locks and signals between tasks.
//!
//! | to | take |
//! |---|---|
//! | hand many values to one task | [`mpsc`] |
//! | hand one value to one task | [`oneshot`] |
//! | bound how many do a thing at once | [`Semaphore`] |
//! | hold a value across awaits, one at a time | [`Mutex`] |
//! | hold a value across awaits, many to look or one to change | [`RwLock`] |
//! | hand every value to many tasks | [`broadcast`] |
//! | let many tasks watch a value that changes | [`watch`] |
//! | make a value once, in the task that comes first | [`OnceCell`] |
//! | wait for a value that is set once | [`SetOnce`] |
//! | let tasks wait for each other | [`Barrier`] |
//! | wake a task when something happened | [`Notify`] |
//! | tell many tasks to stop | [`CancellationToken`] |

pub mod broadcast;
pub mod mpsc;
pub mod oneshot;
pub mod watch;

/// Futures of this module by tokio's path.
pub mod futures {
    pub use super::notify::{Notified, OwnedNotified};
}

mod barrier;
mod cancellation;
mod lock;
mod notify;
mod once;
mod semaphore;

mod blocking;
mod fair_permits;
pub(crate) mod poll_waker;
mod sender_handle;
mod sharded_notify;
mod wait;
mod wait_list;

pub use self::barrier::{Barrier, BarrierWaitResult};
pub use self::cancellation::{
    CancellationToken, DropGuard, DropGuardRef, WaitForCancellationFuture,
    WaitForCancellationFutureOwned,
};
pub use self::lock::{
    MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard,
    OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock,
    RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard, TryLockError,
};
pub use self::notify::{Notified, Notify, OwnedNotified};
pub use self::once::{OnceCell, SetError, SetOnce, SetOnceError};
pub use self::semaphore::{
    AcquireError, OwnedSemaphorePermit, Semaphore, SemaphorePermit, TryAcquireError,
};

#[cfg(test)]
#[cfg(not(loom))]
mod budget_tests;
#[cfg(test)]
#[cfg(not(loom))]
mod stress;
#[cfg(test)]
#[cfg(not(loom))]
pub(crate) mod test_support;
#[cfg(test)]
#[cfg(not(loom))]
mod waker_tests;
