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

pub mod limits;

pub mod os;
pub mod protocol;

pub mod outbound;
pub mod settings;
pub mod terminal;

pub mod chat;
pub mod server;

pub mod ops;

pub mod cli;

pub use self::ops::metrics::{Hosts, serve_metrics};
pub use self::ops::reload::{Reloader, Reloads, reload_on_signal};
pub use self::server::config::Config;
pub use self::server::fd_limit::connections as possible_connections;
pub use self::server::handle::Office;
pub use self::server::listen::{ListenError, announce, announce_metrics, listen};
pub use self::server::rate_limit::Allowance;
pub use self::server::signals::{FirstSignal, stop_on_signals};
pub use self::server::socket_options::SocketOptions;
pub use self::server::{Server, serve};
