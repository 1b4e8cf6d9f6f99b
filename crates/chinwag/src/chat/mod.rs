//! Who is in which room, and what each of them gets: events in, messages out. Everything but the loop around the broker is
//! pure, with the time as an argument.

pub(crate) mod admin_command;
pub(crate) mod audit;
pub(crate) mod ban_store;
pub(crate) mod bans;
pub(crate) mod bell;
pub(crate) mod broker;
pub(crate) mod connection_log;
pub(crate) mod deferred;
pub(crate) mod event;
pub(crate) mod greeting;
pub(crate) mod moderation_error;
pub(crate) mod mutes;
pub(crate) mod pending_by_room;
pub(crate) mod room;
pub(crate) mod room_creators;
pub(crate) mod scan_steps;
pub(crate) mod stats;
pub(crate) mod user;
pub(crate) mod user_slot;
pub(crate) mod users;
