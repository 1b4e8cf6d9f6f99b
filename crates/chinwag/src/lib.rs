//! A chat server for `nc` and `telnet`, on the whippet runtime.
#![forbid(unsafe_code)]

pub mod codec;
pub mod command;
pub mod foreign;
pub mod limits;
pub mod load;
pub mod name;
pub mod telnet;
pub mod text;
