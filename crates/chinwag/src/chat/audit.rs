//! What operators do, on record: a line of the log for each act, at `info`, by the target of this module.
//!
//! Wherever the act comes from, the line says the same: who, from where, what, whom, why, and what came of it. What
//! is said to users is no part of it, not by an operator either. Knows no rooms and no users; who acts calls it.

/// An act of an operator that is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AuditRecord<'a> {
    /// Who did it: a nick, or a user of the machine.
    pub(crate) operator: &'a str,
    /// Where they came from: an address, or the admin socket.
    pub(crate) from: &'a str,
    /// What they did, as it is typed.
    pub(crate) action: &'a str,
    /// Whom or what it is about, as it was typed; empty for the server.
    pub(crate) target: &'a str,
    /// What stands behind that: a time, a reason.
    pub(crate) reason: &'a str,
    /// What came of it, or why nothing did.
    pub(crate) outcome: Result<&'a str, &'a str>,
}

impl AuditRecord<'_> {
    /// Writes it down.
    pub(crate) fn record(self) {
        let Self { operator, from, action, target, reason, outcome } = self;
        let (done, outcome) = match outcome {
            Ok(words) => (true, words),
            Err(words) => (false, words),
        };
        tracing::info!(target: "chinwag::audit", operator, from, act = action, whom = target, reason, done, outcome, "an operator's act");
    }
}
