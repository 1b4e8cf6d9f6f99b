//! What a swarm counts while it attacks, for those who watch it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};

/// What a swarm and its watchers share. The swarm's thread writes the counts, the watchers read them; `stop` is the other way round.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Whether it is to stop. Written by the watcher.
    pub(super) stop: AtomicBool,
    /// How many have sent their opening. Written by the swarm.
    pub(super) opened: AtomicUsize,
    /// How many were welcomed. Written by the swarm.
    pub(super) welcomes: AtomicU64,
    /// How often a secret was compared. Written by the swarm.
    pub(super) secrets: AtomicU64,
    /// How many connections were made. Written by the swarm.
    pub(super) connects: AtomicU64,
    /// Bytes that were sent. Written by the swarm.
    pub(super) sent: AtomicU64,
    /// How many were let go who had harmed nobody. Written by the swarm.
    pub(super) innocents_cut: AtomicU64,
}
