//! A chat server for `nc` and `telnet`, on the whippet runtime.
//!
//! ```text
//! TCP ─► accept loop ─spawn─► connection task (one a client) ── Event ──► broker task (one)
//!                             select { read line, receive }               owns all users
//!                                          ▲                               │
//!                                          └── send queue: try_push only ──┘
//! ```
//!
//! [`serve()`] is the server; the program around it reads arguments and watches for signals.
#![forbid(unsafe_code)]
// What is printed goes through `printing` and `output`.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod limits;
mod os;

mod protocol;

mod outbound;
mod settings;
mod terminal;

mod chat;

mod server;

mod ops;

pub mod cli;

pub mod program;

#[cfg(any(test, fuzzing))]
pub mod fuzzing;

pub use self::outbound::backpressure::QueueLimits;
pub use self::server::config::Config;
pub use self::server::handle::ServerHandle;
pub use self::server::listen::{ListenError, listen};
pub use self::server::rate_limit::RateLimit;
pub use self::server::socket_options::SocketOptions;
pub use self::server::{Server, serve};
