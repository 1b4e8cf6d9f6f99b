//! The only layer that calls the kernel: sockets, readiness, clock, entropy, threads, the heap.
//!
//! Nothing outside of this module opens a socket, waits, reads a clock, draws entropy or starts a thread
//! (clippy.toml guards it). It is the seam at which a simulated machine can replace the real one.

pub(crate) mod clock;
pub(crate) mod entropy;
pub(crate) mod malloc;
pub(crate) mod options;
pub(crate) mod pipe;
pub(crate) mod poller;
mod raw;
pub(crate) mod signal;
pub(crate) mod socket;
pub(crate) mod thread;
