//! How fast lines may come: a burst at once, then a steady pace; from one connection, and from all of an address. //!
//! A line costs one token, a dear command some more (`protocol/command/cost.rs`), and so do bytes that are in no line. It is taken while one
//! is left, and the rest is owed: so each command can be typed, whatever the burst is set to, and the pace holds in the long run.
//!
//! Nobody is punished for being fast: lines past the allowance stay where they are, which slows the sender by the
//! ordinary means of TCP.
//!
//! How much of it is spent is [kept elsewhere](crate::server::address_limits).

use std::num::NonZeroU32;
use std::time::Duration;

/// What a person may say, in lines. Commands are lines too, and dear ones several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Lines at once.
    pub burst: u32,
    /// The time that earns a further line.
    pub interval: Duration,
}

/// How fast lines may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LineRate {
    /// From one connection.
    pub(crate) connection: Allowance,
    /// How many times as many from all of an address; `None` for any number.
    pub(crate) address: Option<NonZeroU32>,
}
