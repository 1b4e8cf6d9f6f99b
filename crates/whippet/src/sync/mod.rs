//! Channels, locks and signals between tasks.
//!
//! | to | take |
//! |---|---|
//! | hand many values to one task | [`mpsc`] |
//! | hand one value to one task | [`oneshot`] |
//! | tell a task that something happened | [`Notify`] |
//! | tell many tasks to stop | [`CancellationToken`] |

pub mod mpsc;
pub mod oneshot;

mod cancellation;
mod notify;

mod blocking;
mod caller;
mod permits;
mod wait_list;

pub use self::cancellation::{
    CancellationToken, DropGuard, WaitForCancellationFuture, WaitForCancellationFutureOwned,
};
pub use self::notify::{Notified, Notify, OwnedNotified};

#[cfg(all(test, not(loom)))]
mod stress;
#[cfg(all(test, not(loom)))]
mod test_support;
