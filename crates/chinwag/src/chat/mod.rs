//! Who is in which room, and what each of them gets: events in, messages out. Everything but the loop around the broker is
//! pure, with the time as an argument.

pub mod admin_command;
pub(crate) mod audit;
pub mod ban_store;
pub mod bans;
pub mod bell;
pub mod broker;
pub mod connection_log;
pub mod debts;
pub mod deferred;
pub mod event;
pub mod greeting;
pub(crate) mod mutes;
pub mod room;
pub mod room_creators;
pub(crate) mod scan_steps;
pub mod stats;
pub mod user;
pub mod users;
