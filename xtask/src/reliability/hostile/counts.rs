//! The counts of the attackers, shared with the round.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};

/// What the attackers and the round share. The attackers' thread writes the counts, the round reads them; `stop` is the other way
/// round.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Whether the attackers are to stop. Written by the round.
    pub(super) stop: AtomicBool,
    /// How many have sent their opening. Written by the attackers.
    pub(super) opened: AtomicUsize,
    /// How many were welcomed. Written by the attackers.
    pub(super) welcomes: AtomicU64,
    /// How often a secret was compared. Written by the attackers.
    pub(super) secrets: AtomicU64,
    /// How many connections were made. Written by the attackers.
    pub(super) connects: AtomicU64,
    /// Bytes that were sent. Written by the attackers.
    pub(super) sent: AtomicU64,
    /// How many innocent clients were disconnected. Written by the attackers.
    pub(super) innocents_disconnected: AtomicU64,
}
