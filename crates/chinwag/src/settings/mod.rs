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

pub mod address;
pub mod file;
pub mod host_pattern;
pub mod log_filter;
pub mod print;
pub mod sources;
mod suggestion;
pub mod table;
pub mod value;

pub use self::address::HostPort;
pub use self::host_pattern::HostPattern;
pub use self::sources::{Complaint, Effective, Origin, Refused, Sources};
pub use self::table::{Reload, Setting, Settings, TABLE};
