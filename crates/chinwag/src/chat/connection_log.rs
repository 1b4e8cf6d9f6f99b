//! Who comes, who leaves and who takes which nick: a line of the log for each, by the target of this module, if the operator
//! wants that (`log-connections`).
//!
//! Off, there is none at whatever level; on, they stand at `info`, and the filter of the log lets them through. Nothing that
//! a user says is part of them: of a `/quit` with words only that it was one. Knows no rooms; the broker calls it, and who
//! rejects a client.

use crate::protocol::message::LeaveReason;
use crate::protocol::nick::Nick;
use std::net::IpAddr;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

/// The target of the lines, by which a filter lets them through.
pub(crate) const TARGET: &str = "chinwag::connections";

/// The log of connections of one server (see the module docs).
#[derive(Debug, Default)]
pub(crate) struct ConnectionLog {
    /// Whether it is kept. It stands alone, so Relaxed will do.
    is_enabled: AtomicBool,
}

impl ConnectionLog {
    /// Kept or not.
    pub(crate) fn new(is_enabled: bool) -> Self {
        Self { is_enabled: AtomicBool::new(is_enabled) }
    }

    /// Keeps it from now on, or does not.
    pub(crate) fn set_enabled(&self, is_enabled: bool) {
        self.is_enabled.store(is_enabled, Relaxed);
    }

    /// Whether it is kept.
    pub(crate) fn is_enabled(&self) -> bool {
        self.is_enabled.load(Relaxed)
    }

    /// A user came in.
    pub(crate) fn joined(&self, nick: Nick, address: IpAddr) {
        if self.is_enabled() {
            tracing::info!(target: TARGET, nick = nick.as_str(), %address, "came");
        }
    }

    /// A user is called differently from now on.
    pub(crate) fn renamed(&self, old: Nick, new: Nick, address: IpAddr) {
        if self.is_enabled() {
            tracing::info!(target: TARGET, nick = new.as_str(), before = old.as_str(), %address, "took a nick");
        }
    }

    /// A user is gone.
    pub(crate) fn left(&self, nick: Nick, address: IpAddr, departure: &LeaveReason) {
        self.left_because(nick, address, reason(departure));
    }

    /// A user is gone, for this reason of the server's.
    pub(crate) fn left_because(&self, nick: Nick, address: IpAddr, reason: &str) {
        if self.is_enabled() {
            tracing::info!(target: TARGET, nick = nick.as_str(), %address, reason, "left");
        }
    }

    /// A user was not let in, for this reason of the server's.
    pub(crate) fn rejected(&self, address: IpAddr, reason: &str) {
        if self.is_enabled() {
            tracing::info!(target: TARGET, %address, reason, "turned away");
        }
    }
}

/// Why a user left, without their words.
fn reason(departure: &LeaveReason) -> &'static str {
    match departure {
        LeaveReason::Quit(_) => "quit",
        LeaveReason::Eof => "closed",
        LeaveReason::ConnectionLost => "connection lost",
        LeaveReason::TooSlow => "too slow",
        // They leave a room, and are in the server still.
        LeaveReason::Parted(_) | LeaveReason::Kicked { .. } => "parted",
        LeaveReason::KickedByAdmin { .. } => "kicked",
        LeaveReason::ServerClosed(reason) => reason,
    }
}
