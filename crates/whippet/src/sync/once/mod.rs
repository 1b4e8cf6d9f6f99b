//! Values that are set once: [`OnceCell`] by whoever comes first, [`SetOnce`] by somebody whom others wait for.

mod cell;
mod error;
mod set_once;
mod shelf;

#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(test)]
#[cfg(not(loom))]
mod tests;

pub use self::cell::OnceCell;
pub use self::error::{SetError, SetOnceError};
pub use self::set_once::SetOnce;
