//! A chat server for `nc` and `telnet`, on the whippet runtime.
//!
//! ```text
//! TCP ─► accept loop ─spawn─► client task (one a person) ── Event ──► broker task (one)
//!                             select { read line, inbox }             owns the client map
//!                                          ▲                               │
//!                                          └──── inbox: try_push only ─────┘
//! ```
//!
//! [`serve()`] is the server; the program around it reads arguments and watches for signals.
#![forbid(unsafe_code)]
// What is printed goes by `printing` and `output`.
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

pub use self::outbound::backpressure::Bounds;
pub use self::server::config::Config;
pub use self::server::handle::Office;
pub use self::server::listen::{ListenError, listen};
pub use self::server::rate_limit::Allowance;
pub use self::server::socket_options::SocketOptions;
pub use self::server::{Server, serve};
