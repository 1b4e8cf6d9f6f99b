//! A chat server for `nc` and `telnet`, on the whippet runtime.
#![forbid(unsafe_code)]

pub mod command;
pub mod name;
pub mod text;
