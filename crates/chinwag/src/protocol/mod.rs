//! Bytes and text: what clients send becomes commands, and what the server has to say becomes bytes. Pure: no socket, no task,
//! no clock but as an argument.

pub(crate) mod address_key;
pub(crate) mod command;
pub(crate) mod completion;
pub(crate) mod decoder;
pub(crate) mod duration;
pub(crate) mod encode;
pub(crate) mod ip_range;
pub(crate) mod message;
pub(crate) mod nick;
pub(crate) mod proxy_header;
pub(crate) mod room_name;
pub(crate) mod sanitize;
pub(crate) mod sniff;
pub(crate) mod telnet;
pub(crate) mod time_of_day;
pub(crate) mod view;
pub(crate) mod work_steps;
