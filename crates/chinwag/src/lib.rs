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

// What a line is and says.
pub mod command;
pub mod complete;
pub mod limits;
pub mod name;
pub mod paint;
pub mod room_name;
pub mod span;
mod step_count;
pub mod text;
pub mod time_of_day;
pub mod unsaid;

// Bytes to lines.
pub mod codec;
pub mod foreign;
pub mod proxy;
pub mod telnet;

// Keys to lines, for those who ask for it.
pub mod editor;

// What travels between people's tasks and the broker.
pub mod account;
pub mod aside;
mod audit;
pub mod bans;
pub mod bell;
mod client_id;
pub mod connections;
pub mod door;
pub mod event;
pub mod frame;
pub mod intake;
pub mod latency;
pub mod line;
pub mod notices;
pub mod order;
pub mod view;

// The house and its rooms.
pub mod broker;
pub mod crowd;
pub mod debts;
pub mod deferred;
pub mod history;
pub mod makers;
pub mod member;
mod mutes;
pub mod name_index;
pub mod pace;
pub mod published;
pub mod ranks;
pub mod rooms;
pub mod roster;
pub mod round;
mod steps;
pub mod who;

// One person.
mod budgets;
mod call;
mod client;
mod goodbye;
mod house;
mod incoming;
mod key_budget;
mod outgoing;
mod places;
mod proxies;
mod seat;
mod seldom;
pub mod served_time;
mod sockets;
mod speech;
mod terminal;

#[cfg(test)]
mod costs;

// The doors and the whole.
mod accept;
pub mod admin;
mod bounded_accept;
pub mod cli;
mod config;
pub mod controlling_terminal;
mod descriptors;
mod dials;
pub mod doors;
mod ebb;
mod files;
mod listen;
pub mod logging;
pub mod memory_bound;
mod metrics;
mod new_folder;
pub mod notify;
mod office;
pub mod output;
pub mod preflight;
pub mod printing;
pub mod process_figures;
mod reload;
pub mod sandbox;
pub mod secret;
mod serve;
pub mod settings;
mod signals;
pub mod state_dir;
pub mod thread_bound;

pub use self::config::Config;
pub use self::descriptors::connections as possible_connections;
pub use self::listen::{ListenError, announce, announce_metrics, listen};
pub use self::metrics::{Hosts, serve_metrics};
pub use self::office::Office;
pub use self::reload::{Reloader, Reloads, reload_on_signal};
pub use self::serve::{Server, serve};
pub use self::signals::{FirstSignal, stop_on_signals};
pub use self::sockets::SocketOptions;
pub use self::speech::Allowance;
