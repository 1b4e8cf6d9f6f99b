//! What operators touch: the admin socket, metrics, the log, the service manager, reloads, the sandbox.

pub(crate) mod admin;
pub(crate) mod bounded_accept;
pub(crate) mod logging;
pub(crate) mod metrics;
pub(crate) mod preflight;
pub(crate) mod reload;
pub(crate) mod sandbox;
pub(crate) mod systemd;
