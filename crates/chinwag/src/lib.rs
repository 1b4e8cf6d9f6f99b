//! A chat server for `nc` and `telnet`, on the whippet runtime.
#![forbid(unsafe_code)]

pub mod account;
pub mod codec;
pub mod command;
pub mod door;
pub mod event;
pub mod foreign;
pub mod frame;
pub mod intake;
pub mod limits;
pub mod line;
pub mod load;
pub mod name;
pub mod telnet;
pub mod text;
