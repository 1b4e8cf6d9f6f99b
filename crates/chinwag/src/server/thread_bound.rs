//! The most threads that a server makes, whatever happens: what a service manager must allow.
//!
//! Who makes them: the program itself, its runtime with a fixed number of workers and a bounded pool for calls that block, and
//! the writers of stdout and stderr (`os/output.rs`). Nothing in the server blocks in place, and names are looked up before there is
//! a runtime, so whippet's own pools stay empty. A test of the whole program counts them.

use crate::limits::{MAX_BLOCKING_THREADS, MAX_WORKERS};

/// The thread of `main`, which waits for the server.
const MAIN: usize = 1;
/// The writers of stdout and stderr.
const WRITERS: usize = 2;

/// The most threads of a server with so many workers.
pub(crate) const fn max_threads(workers: usize) -> usize {
    MAIN + WRITERS + MAX_BLOCKING_THREADS + workers
}

/// The most threads of any server.
pub(crate) const MAX_THREADS: usize = max_threads(MAX_WORKERS);

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_service_allows_as_many_as_are_made() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let unit = std::fs::read_to_string(root.join("contrib/systemd/chinwag.service"));
        let unit = unit.expect("the unit is there");
        let (_, rest) = unit.split_once("\nTasksMax=").expect("a limit");
        let limit: usize = rest.lines().next().expect("a line").parse().expect("a number");
        assert!(
            (MAX_THREADS..MAX_THREADS + MAX_THREADS / 10).contains(&limit),
            "{limit} allowed, {MAX_THREADS} are made"
        );
    }
}
