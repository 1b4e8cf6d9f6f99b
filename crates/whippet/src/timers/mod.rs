//! The timers: deadline to waker, and nothing else.
//!
//! [`Timers`] keeps what waits for a moment, and is turned by the driver with the moment as an argument. It knows
//! no clock, no task and no thread, so a test or a simulation moves its time by hand.
//!
//! ```text
//!  insert(deadline, waker) ──► wheel ──── expire(now) ────► wakers out, the timer is fired
//!          │                                                    │
//!          └── key ──► poll (another waker), remove (cancel) ◄──┘ the owner of the key collects it
//! ```
//!
//! - `wheel`: the order of deadlines: eight levels of 64 lists.
//! - The timers themselves live in a [`PagedSlab`](crate::paged_slab::PagedSlab), which gives memory back after a storm.

#[cfg(test)]
mod tests;
mod wheel;

pub(crate) use self::wheel::{Polled, TimerKey, Timers};
