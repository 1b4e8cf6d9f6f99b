//! What is alive: tasks, timers, those who wait for a descriptor, descriptors, allocations.

use std::alloc::System;
use std::fmt::Write as _;

use stats_alloc::StatsAlloc;
use whippet::runtime::RuntimeMetrics;

/// Where the figures come from.
#[derive(Debug)]
pub(crate) struct Figures {
    /// Allocations of the whole process.
    allocator: &'static StatsAlloc<System>,
    /// The server's runtime.
    servers: RuntimeMetrics,
    /// That of the people.
    people: RuntimeMetrics,
}

/// What is alive at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    /// The figures, in the order of [`NAMES`].
    figures: [i64; NAMES.len()],
    /// The bytes of the allocations. Not exact: a list that stays has now more and now less room to grow.
    bytes: i64,
}

/// What the figures are called.
const NAMES: [&str; 7] = [
    "server-tasks",
    "server-timers",
    "server-waiters",
    "server-descriptors",
    "server-blocking-threads",
    "people-tasks",
    "allocations",
];

/// Which of them counts allocations.
const ALLOCATIONS: usize = NAMES.len() - 1;

impl Figures {
    pub(crate) fn new(
        allocator: &'static StatsAlloc<System>,
        servers: RuntimeMetrics,
        people: RuntimeMetrics,
    ) -> Self {
        Self { allocator, servers, people }
    }

    /// What is alive now.
    pub(crate) fn held(&self) -> Held {
        let Self { allocator, servers, people } = self;
        let stats = allocator.stats();
        let figures = [
            servers.num_alive_tasks() as i64,
            servers.num_pending_timers() as i64,
            servers.num_descriptor_waiters() as i64,
            servers.num_registered_descriptors() as i64,
            servers.num_blocking_threads() as i64,
            people.num_alive_tasks() as i64,
            stats.allocations as i64 - stats.deallocations as i64,
        ];
        let bytes = stats.bytes_allocated as i64 - stats.bytes_deallocated as i64;
        Held { figures, bytes }
    }
}

impl Held {
    /// Whether as many of everything are alive.
    pub(crate) fn is_as(&self, base: Self) -> bool {
        self.figures == base.figures
    }

    /// Whether no more allocations are alive, and of everything else as many.
    pub(crate) fn is_within(&self, base: Self) -> bool {
        let (allocations, others) = (self.figures[ALLOCATIONS], &self.figures[..ALLOCATIONS]);
        others == &base.figures[..ALLOCATIONS] && allocations <= base.figures[ALLOCATIONS]
    }

    /// The one of both with more allocations.
    pub(crate) fn or_more(self, other: Self) -> Self {
        if other.figures[ALLOCATIONS] > self.figures[ALLOCATIONS] { other } else { self }
    }

    /// A line for each figure: its name, what it was, what it is.
    pub(crate) fn beside(&self, base: Self) -> String {
        let mut text = String::new();
        for ((name, base), now) in NAMES.iter().zip(base.figures).zip(self.figures) {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{name} {base} {now}");
        }
        let _ = writeln!(text, "allocated-bytes {} {}", base.bytes, self.bytes);
        text
    }
}
