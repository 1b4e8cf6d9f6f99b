//! Values that are set once: [`OnceCell`] by the task that comes first, [`SetOnce`] by a task that others wait for.

mod cell;
mod error;
mod once_slot;
mod set_once;

#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(test)]
#[cfg(not(loom))]
mod tests;

pub use self::cell::OnceCell;
pub use self::error::{SetError, SetOnceError};
pub use self::set_once::SetOnce;
