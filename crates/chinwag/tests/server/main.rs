//! The server over real sockets: our own people, real `nc` and `telnet`, and the program itself.
#![forbid(unsafe_code)]

#[path = "../support/odd_values.rs"]
mod odd_values;
#[path = "../support/mod.rs"]
mod support;

mod admin;
mod bad_input;
mod budgets;
mod confinement;
mod course;
mod door;
mod editing;
mod extremes;
mod files;
mod folder;
mod foreign;
mod hanging;
mod hangup;
mod keys;
mod limits;
mod moderation;
mod network;
mod pace;
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
mod service;
mod settings;
mod standstill;
mod stopping;
mod storm;
mod talk;
mod watched;
mod ways_out;
