//! The server over real sockets: clients of our own, real `nc` and `telnet`, and the program itself.
#![forbid(unsafe_code)]

#[path = "../support/odd_values.rs"]
mod odd_values;
#[path = "../support/mod.rs"]
mod support;

mod admin;
mod backpressure;
mod basic_chat;
mod budgets;
mod cli;
mod confinement;
mod disconnect;
mod editing;
mod extremes;
mod files;
mod folder;
mod hanging;
mod hangup;
mod keys;
mod limits;
mod malformed_input;
mod messages;
mod metrics;
mod moderation;
mod network;
mod other_protocols;
mod pastes;
mod preflight;
mod printing;
mod private;
mod program;
mod proxies;
mod pty;
mod real_clients;
mod records;
mod rooms;
mod settings;
mod shutdown;
mod standstill;
mod storm;
mod systemd;
mod telnet;
