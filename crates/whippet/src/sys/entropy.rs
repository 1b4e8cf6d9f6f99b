//! Entropy: the seeds of whippet's random choices (whom to steal from, which branch to look at first).

use std::hash::{BuildHasher, Hasher};

/// A seed from the operating system's entropy.
#[expect(clippy::disallowed_types, reason = "this is the one place that draws entropy")]
pub(crate) fn seed() -> u64 {
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}
