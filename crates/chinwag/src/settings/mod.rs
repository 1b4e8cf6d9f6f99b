//! What can be set about a server, from where, and how it is shown.
//!
//! ```text
//!   flag ─┐
//!   CHINWAG_… ─┤ stronger first ─► gather ─► Effective { settings, where each comes from } ─► print, Config
//!   file ─┤                           ▲
//!   default ─┘                     table: key, type, default, words, whether it is taken while running
//! ```
//!
//! [`table`] is the one place that names a setting; the flags, their help, the file, `chinwag config` and the manual
//! come from it. Nothing here knows of sockets or of a running server, and nothing but [`mod@file`] asks the operating system anything.

pub(crate) mod address;
#[cfg(test)]
mod extremes;
pub(crate) mod file;
pub(crate) mod host_pattern;
pub(crate) mod log_filter;
pub(crate) mod print;
pub(crate) mod sources;
mod suggestion;
pub(crate) mod table;
pub(crate) mod value;

pub(crate) use self::address::HostPort;
pub(crate) use self::host_pattern::HostPattern;
pub(crate) use self::sources::{Effective, SettingsError, Sources};
pub(crate) use self::table::{Reload, Setting, Settings, TABLE};
