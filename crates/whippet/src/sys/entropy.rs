//! Entropy: the seeds of whippet's random choices (whom to steal from, which branch to look at first).

/// A seed from the operating system's entropy.
#[cfg(not(shuttle))]
#[expect(clippy::disallowed_types, reason = "this is the one place that draws entropy")]
pub(crate) fn seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}

/// A seed that the seed of shuttle's run decides.
#[cfg(shuttle)]
pub(crate) fn seed() -> u64 {
    shuttle::rand::RngCore::next_u64(&mut shuttle::rand::thread_rng())
}
