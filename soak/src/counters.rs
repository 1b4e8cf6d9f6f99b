//! What is alive: tasks, timers, waiters for a descriptor, descriptors, allocations.

use std::alloc::System;
use std::fmt::Write as _;

use stats_alloc::StatsAlloc;
use whippet::runtime::RuntimeMetrics;

/// Where the counts come from.
#[derive(Debug)]
pub(crate) struct Counters {
    /// Allocations of the whole process.
    allocator: &'static StatsAlloc<System>,
    /// The server's runtime.
    server: RuntimeMetrics,
    /// That of the clients.
    clients: RuntimeMetrics,
}

/// What is alive at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Snapshot {
    /// The counts, in the order of [`NAMES`].
    counts: [i64; NAMES.len()],
    /// The bytes of the allocations. Not exact: a list that stays has sometimes more spare capacity and sometimes less.
    bytes: i64,
}

/// The names of the counts.
const NAMES: [&str; 7] = [
    "server-tasks",
    "server-timers",
    "server-waiters",
    "server-descriptors",
    "server-blocking-threads",
    "client-tasks",
    "allocations",
];

/// The index of the count of allocations.
const ALLOCATIONS: usize = NAMES.len() - 1;

impl Counters {
    pub(crate) fn new(
        allocator: &'static StatsAlloc<System>,
        server: RuntimeMetrics,
        clients: RuntimeMetrics,
    ) -> Self {
        Self { allocator, server, clients }
    }

    /// What is alive now.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let Self { allocator, server, clients } = self;
        let stats = allocator.stats();
        let counts = [
            server.num_alive_tasks() as i64,
            server.num_pending_timers() as i64,
            server.num_descriptor_waiters() as i64,
            server.num_registered_descriptors() as i64,
            server.num_blocking_threads() as i64,
            clients.num_alive_tasks() as i64,
            stats.allocations as i64 - stats.deallocations as i64,
        ];
        let bytes = stats.bytes_allocated as i64 - stats.bytes_deallocated as i64;
        Snapshot { counts, bytes }
    }
}

impl Snapshot {
    /// Whether all counts are the same.
    pub(crate) fn has_same_counts(&self, other: Self) -> bool {
        self.counts == other.counts
    }

    /// Whether there are no more allocations than in `base`, and of everything else as many.
    pub(crate) fn is_within(&self, base: Self) -> bool {
        let (allocations, others) = (self.counts[ALLOCATIONS], &self.counts[..ALLOCATIONS]);
        others == &base.counts[..ALLOCATIONS] && allocations <= base.counts[ALLOCATIONS]
    }

    /// The one of both with more allocations.
    pub(crate) fn max_allocations(self, other: Self) -> Self {
        if other.counts[ALLOCATIONS] > self.counts[ALLOCATIONS] { other } else { self }
    }

    /// A line for each count: its name, what it was in `base`, what it is.
    pub(crate) fn compared_with(&self, base: Self) -> String {
        let mut text = String::new();
        for ((name, base), now) in NAMES.iter().zip(base.counts).zip(self.counts) {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{name} {base} {now}");
        }
        let _ = writeln!(text, "allocated-bytes {} {}", base.bytes, self.bytes);
        text
    }
}
