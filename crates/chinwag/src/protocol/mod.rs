//! Bytes and text: what clients send becomes commands, and what the server has to say becomes bytes. Pure: no socket, no task,
//! no clock but as an argument.

pub(crate) mod address_key;
pub mod command;
pub mod completion;
pub mod decoder;
pub mod duration;
pub mod encode;
pub mod ip_range;
pub mod message;
pub mod nick;
pub mod proxy_header;
pub mod room_name;
pub mod sanitize;
pub mod sniff;
pub mod telnet;
pub mod time_of_day;
pub mod view;
pub(crate) mod work_steps;
