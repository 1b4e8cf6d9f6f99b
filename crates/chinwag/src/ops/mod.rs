//! What operators touch: the admin socket, metrics, the log, the service manager, reloads, the sandbox.

pub mod admin;
pub(crate) mod bounded_accept;
pub mod logging;
pub(crate) mod metrics;
pub mod preflight;
pub(crate) mod reload;
pub mod sandbox;
pub mod systemd;
