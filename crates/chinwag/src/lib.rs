//! A chat server for `nc` and `telnet`, on the whippet runtime.
#![forbid(unsafe_code)]

pub mod account;
pub mod broker;
pub mod codec;
pub mod command;
pub mod crowd;
pub mod door;
pub mod event;
pub mod foreign;
pub mod frame;
pub mod intake;
pub mod limits;
pub mod line;
pub mod load;
pub mod name;
pub mod pace;
pub mod roster;
pub mod round;
pub mod telnet;
pub mod text;
pub mod who;
