//! Rate limits of lines: a burst at once, then a steady rate; of one connection, and of all connections of an address.
//!
//! A line costs one token, an expensive command some more (`protocol/command/cost.rs`), and so do bytes that are in no line. It is taken
//! while one is left, and the rest is a debt: so each command can be typed, whatever the burst is set to, and the rate holds in the long run.
//!
//! Lines past the limit stay where they are, which slows the sender by the ordinary means of TCP.
//!
//! The budgets are [elsewhere](crate::server::address_budgets).

use std::num::NonZeroU32;
use std::time::Duration;

/// How fast a client may send lines. Commands are lines too, and expensive ones several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Lines at once.
    pub burst: u32,
    /// The time that earns a further line.
    pub interval: Duration,
}

/// The rate limits of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LineRateLimit {
    /// Of one connection.
    pub(crate) connection: RateLimit,
    /// The multiple of it for all connections of an address; `None` for no limit.
    pub(crate) address_multiplier: Option<NonZeroU32>,
}
