//! Time: sleeping, deadlines on other futures, and ticks.
//!
//! - [`sleep`] and [`sleep_until`] wait for a moment.
//! - [`timeout`] and [`timeout_at`] bound the wait for another future.
//! - [`interval`] and [`interval_at`] tick at a fixed period.
//! - [`since_1970`] is what the wall clock says.
//! - [`pause`], [`advance`] and [`resume`] move the clock by hand, so that tests wait for nothing.
//!
//! Timers are kept in nanoseconds and fire within 65.5 µs after their deadline, plus the time until a worker is
//! free; never before it. A pending timer costs some 40 bytes beside the future itself, and setting or dropping
//! one takes a fixed number of steps, whatever the number of others.
//!
//!
//! A timer belongs to the runtime in whose context it was created, and may be polled anywhere: in a task of
//! another runtime, or on a plain thread. Deadlines that lie in the past are due at once. A
//! duration whose end no clock can count ([`Duration::MAX`], say) is taken for 30 years.
//!
//! ```
//! use std::time::Duration;
//! use whippet::time;
//!
//! # let rt = whippet::runtime::Builder::new_current_thread().build()?;
//! # rt.block_on(async {
//! time::sleep(Duration::from_millis(1)).await;
//!
//! let silence = time::timeout(Duration::from_millis(1), std::future::pending::<()>());
//! assert!(silence.await.is_err());
//! # });
//! # Ok::<(), std::io::Error>(())
//! ```

pub mod error;
mod instant;
mod interval;
mod pause;
mod send_timeout;
mod sleep;
mod timeout;
mod wall;

#[cfg(test)]
#[cfg(not(loom))]
mod tests;

pub use self::instant::Instant;
pub use self::interval::{Interval, MissedTickBehavior, interval, interval_at};
pub use self::pause::{advance, pause, resume};
pub use self::sleep::{Sleep, sleep, sleep_until};
pub use self::timeout::{Timeout, timeout, timeout_at};
pub use self::wall::since_1970;
#[doc(no_inline)]
pub use std::time::Duration;
