//! What is done through the admin socket, on record as the acts of operators in the chat are (`chat/audit.rs`).

use super::protocol::Request;
use crate::chat::audit::AuditRecord;
use whippet::net::UnixStream;

/// An act under way.
#[derive(Debug)]
pub(super) struct AuditEntry {
    /// The user of the machine.
    operator: String,
    /// What, as it is typed.
    act: String,
    /// Whom it is about.
    whom: String,
    /// What was typed behind that.
    reason: String,
    /// Whether it is on record.
    is_recorded: bool,
}

impl AuditEntry {
    /// Of a request that was read from there; `None` for one that only asks.
    pub(super) fn new(request: &Request, stream: &UnixStream) -> Option<Self> {
        let is_question = matches!(
            request,
            Request::Ping
                | Request::Who
                | Request::Rooms
                | Request::Mutes
                | Request::Bans
                | Request::Stats
                | Request::Tasks
        );
        if is_question {
            return None;
        }
        let (act, about) = request.parts();
        // The text of a notice is a message, and messages are not logged.
        let about = if matches!(request, Request::Say(_)) { "" } else { about.trim() };
        let (whom, reason) = about.split_once(char::is_whitespace).unwrap_or((about, ""));
        let uid = stream.peer_cred().map_or_else(|_| "?".to_owned(), |peer| peer.uid().to_string());
        Some(Self {
            operator: format!("uid {uid}"),
            act: format!("admin {act}"),
            whom: whom.to_owned(),
            reason: reason.trim_start().to_owned(),
            is_recorded: false,
        })
    }

    /// It is over.
    pub(super) fn record(&mut self, outcome: Result<&str, &str>) {
        self.is_recorded = true;
        let Self { operator, act, whom, reason, .. } = &*self;
        let (outcome, from) = (outcome.map(str::trim_end), "the admin socket");
        AuditRecord { operator, from, action: act, target: whom, reason, outcome }.record();
    }
}

/// Whoever asked is not waited for longer than they may ask; what they ordered may be done all the same.
impl Drop for AuditEntry {
    fn drop(&mut self) {
        if !self.is_recorded {
            self.record(Err("no answer in time: it may be done"));
        }
    }
}
